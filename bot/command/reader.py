"""The patterns by which typed times are known, made of one language's words."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta

from bot.command.vocabulary import Vocabulary, either, perhaps

HALF_A_YEAR = timedelta(days=183)
"""A stretch of days that would be longer was typed the wrong way round."""

MONTH_NAME = r"[^\W\d_][^\d\s.,]*"
"""What could be the name of a month: marks of other scripts are no letters to a pattern."""

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}))?")
_YEAR = re.compile(r"\d{4}$")

LONG = ("day", "week", "month", "year")
"""Units in which dates are counted."""

SHORT = ("minute", "hour", "day", "week")
"""Units of which a stretch of time is made that is no date."""


class Reader:
    """One language's reader: each method takes a text in small letters with one blank between words, and gives None
    for what it does not understand."""

    def __init__(self, words: Vocabulary) -> None:
        self.words = words
        self._of_dates()
        self._of_stretches()
        self._of_times()

    def _of_dates(self) -> None:
        around = self.words.around
        day = rf"(\d{{1,2}}){either(around['ordinals'])}?"
        long = either(word for unit in LONG for word in self.words.units[unit])
        number = either(self.words.numbers)
        self._day_month = re.compile(rf"{day}\.?\s+({MONTH_NAME})\.?,?(?:\s+(\d{{4}}))?")
        self._month_day = re.compile(rf"({MONTH_NAME})\.?\s+{day}(?:,?\s+(\d{{4}}))?")
        later = perhaps(around["in_after"], after=True)
        self._ahead = re.compile(rf"{perhaps(around['in'])}(\d{{1,4}}|{number})\s*({long}){later}")
        lasted = perhaps(around["for_after"], after=True)
        self._lasting = re.compile(
            rf"(?:(.+?)\s+)??{perhaps(around['for'])}(\d{{1,4}}|{number}(?=\s))\s*({long}){lasted}"
        )

    def _of_stretches(self) -> None:
        around = self.words.around
        start, to, ordinal = perhaps(around["from"]), either(around["to"]), either(around["ordinals"])
        # Without blanks a hyphen stands between two dates only where neither could hold it: not in 2026-12-24.
        hyphen = r"(?:(?<=[^\W\d_])|(?<=\.)|(?<=\.\d{4}))-"
        self._ends = re.compile(rf"{start}(.+?)(?:\s+(?:{to}|-)\s+|{hyphen}|\s*[–—]\s*)(.+)")
        self._days_of_month = re.compile(
            rf"{start}(\d{{1,2}}){ordinal}?\.?\s*(?:{to}|[-–—])\s*(\d{{1,2}}{ordinal}?(?:\.?\s+|\.)(.+))"
        )
        which = either((*around["the"], *around["this"], *around["next"]))
        self._weekend = re.compile(rf"(?:({which})\s+)?{either(around['weekend'])}")
        self._range = re.compile(rf"\s*[-–]\s*|\s{to}\s")
        self._between = re.compile(rf"[\s,]+(?:{either(around['and'])}\s+)?")
        self._hours = re.compile(rf"{start}(.+?)\s*(?:{to}|[-–—])\s*(.+)")

    def _of_times(self) -> None:
        clock, units = self.words.clock, self.words.units
        hour, minute = either(units["hour"]), either(units["minute"])
        half = either((*clock["am"], *clock["pm"]))
        self._time = re.compile(rf"(\d{{1,2}})(?:[:.h](\d{{2}}))?(?:\s*({half}))?{perhaps(clock['after'], after=True)}")
        self._length = re.compile(
            rf"(?:(?P<hours>\d{{1,3}}(?:[.,]\d{{1,2}})?)\s*{hour})?\s*(?:(?P<minutes>\d{{1,4}})\s*{minute}?)?"
        )
        self._stretch = re.compile(rf"(\d{{1,4}})\s*({either(word for unit in SHORT for word in units[unit])})")
        self._a_day = re.compile(rf"\s*{either(self.words.around['a_day'])}$")

    # ------------------------------------------------------------ times and lengths

    def minute(self, words: str, border: bool) -> int | None:
        """A time of day, in minutes after midnight; with `border` 24:00 is midnight too."""
        clock = self.words.clock
        if words in clock["noon"] or words in clock["midnight"]:
            return 720 if words in clock["noon"] else 0
        match = self._time.fullmatch(words)
        if match is None:
            return None
        hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
        if half and not 1 <= hour <= 12:
            return None
        if half:
            hour = hour % 12 + (12 if half in clock["pm"] else 0)
        if border and (hour, minute) == (24, 0):
            return 0
        return hour * 60 + minute if hour < 24 and minute < 60 else None

    def hours(self, words: str) -> tuple[int, int] | None:
        """Hours of the day, from the one to the other in minutes after midnight."""
        match = self._hours.fullmatch(words)
        if match is None:
            return None
        start, end = self.minute(match[1], True), self.minute(match[2], True)
        return None if start is None or end is None else (start, end)

    def length(self, words: str) -> int | None:
        """A length of time in minutes."""
        match = self._length.fullmatch(words)
        if match is None or not (match["hours"] or match["minutes"]):
            return None
        return round(float((match["hours"] or "0").replace(",", ".")) * 60) + int(match["minutes"] or 0)

    def without_a_day(self, words: str) -> str:
        """A length without "a day" behind it."""
        return self._a_day.sub("", words)

    def stretch(self, words: str) -> timedelta | None:
        """So many minutes, hours, days or weeks."""
        match = self._stretch.fullmatch(words)
        return None if match is None else timedelta(**{f"{self.words.unit(match[2])}s": int(match[1])})

    # ------------------------------------------------------------ dates

    def day(self, words: str, today: date) -> date | None:
        """A date; without its year the next such day, and a day of the week the next one after today."""
        if named := self._named_day(words, today):
            return named
        # Before a day and month: "5 months" looks like one of them.
        if match := self._ahead.fullmatch(words):
            return self._ahead_of(match[1], match[2], today)
        weekday, _, rest = words.partition(" ")
        if rest and weekday.rstrip(".,") in self.words.weekdays:
            words = rest
        if match := _ISO.fullmatch(words):
            return _date(int(match[1]), int(match[2]), int(match[3]))
        if match := _DOTTED.fullmatch(words):
            return _in_year(int(match[2]), int(match[1]), match[3], today)
        if match := self._day_month.fullmatch(words):
            return self._of_month(match[2], int(match[1]), match[3], today)
        if match := self._month_day.fullmatch(words):
            return self._of_month(match[1], int(match[2]), match[3], today)
        return None

    def weekdays(self, words: str) -> int | None:
        """Days of the week as bits, Monday the lowest."""
        if (known := self.words.sets.get(words)) is not None:
            return known
        bits, regular = 0, self.words.regular
        for part in self._between.split(self._range.sub("-", _without(words, self.words.around["every"]))):
            first, dash, last = part.partition("-")
            start, end = regular.get(first), regular.get(last if dash else first)
            if start is None or end is None:
                return None
            for offset in range((end - start) % 7 + 1):
                bits |= 1 << (start + offset) % 7
        return bits or None

    def dates(self, words: str, today: date) -> tuple[date, date] | None:
        """A stretch of days, both included, as it was typed: the last may come before the first."""
        if found := self._this_weekend(words, today) or self._lasting_from(words, today):
            return found
        if match := self._days_of_month.fullmatch(words):
            between = " " if match[3][0].isalpha() else "."
            ends = f"{match[1]}{between}{match[3]}", match[2]
        elif match := self._ends.fullmatch(words):
            ends = match[1], match[2]
        else:
            return None
        first, last = self._first(ends, today), self.day(ends[1], today)
        if first is None or last is None:
            return None
        if last < first:
            # "mon to wed", said on a Tuesday; but "27 dec to 24 dec" is no year.
            following = self.day(ends[1], first)
            last = following if following and following - first < HALF_A_YEAR else last
        return first, last

    def _first(self, ends: tuple[str, str], today: date) -> date | None:
        """The first day of a stretch: "28 dec to 3 jan 2028" begins in the year before."""
        last = self.day(ends[1], today)
        if last is not None and (year := _YEAR.search(ends[1])):
            years = (self.day(f"{ends[0]} {int(year[0]) - back}", today) for back in (0, 1))
            if found := next((day for day in years if day and day <= last), None):
                return found
        return self.day(ends[0], today)

    def _this_weekend(self, words: str, today: date) -> tuple[date, date] | None:
        """The next Saturday and Sunday; on a weekend `this` is what is left of it, `next` the one after."""
        match = self._weekend.fullmatch(words)
        if match is None:
            return None
        around = self.words.around
        saturday = today + timedelta(days=(5 - today.weekday()) % 7)
        if saturday == today and match[1] in around["next"]:
            saturday += timedelta(weeks=1)
        if today.weekday() == 6 and match[1] in around["this"]:
            return today, today
        return saturday, saturday + timedelta(days=1)

    def _lasting_from(self, words: str, today: date) -> tuple[date, date] | None:
        """So many days, weeks or months from today on, or from a day on: `3 days`, `monday for 3 days`."""
        match = self._lasting.fullmatch(words)
        if match is None:
            return None
        start = _without(match[1] or "", self.words.around["from"])
        if (ahead := self._ahead.fullmatch(start)) and self._ahead_of(ahead[1], ahead[2], today):
            # "2 weeks 3 days" is one length or two.
            return None
        first = self.day(start, today) if start else today
        after = first and self._ahead_of(match[2], match[3], first)
        return (first, after - timedelta(days=1)) if first and after and after > first else None

    def _named_day(self, words: str, today: date) -> date | None:
        if (offset := self.words.days.get(words)) is not None:
            return today + timedelta(days=offset)
        weekday = self.words.weekdays.get(_without(words, self.words.around["next"]))
        return None if weekday is None else today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)

    def _of_month(self, name: str, day: int, year: str | None, today: date) -> date | None:
        month = self.words.months.get(name)
        return None if month is None else _in_year(month, day, year, today)

    def _ahead_of(self, count: str, unit: str, today: date) -> date | None:
        number = int(count) if count.isdigit() else self.words.numbers[count]
        if not number:
            # No wait is no day; for today there is a word.
            return None
        unit = self.words.unit(unit)
        try:
            if unit in ("day", "week"):
                return today + timedelta(**{f"{unit}s": number})
            return add_months(today, number * (12 if unit == "year" else 1))
        except (OverflowError, ValueError):
            return None


def add_months(day: date, months: int) -> date:
    """The same day some months on, or that month's last day where it has none such."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _without(words: str, small: Iterable[str]) -> str:
    """Words without a small one before them."""
    return next((words.removeprefix(f"{word} ") for word in small if words.startswith(f"{word} ")), words)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_year(month: int, day: int, year: str | None, today: date) -> date | None:
    """A day of a year; without one, the next such day."""
    if year:
        return _date(int(year), month, day)
    # 29 February waits for the next leap year.
    dates = (_date(today.year + ahead, month, day) for ahead in range(9))
    return next((found for found in dates if found and found >= today), None)
