"""Dates, times of day and lengths of time as people type them."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

NUMBERS = dict(
    zip(
        ["a", "an", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        (1, 1, *range(1, 13)),
        strict=True,
    )
)

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

HALF_A_YEAR = timedelta(days=183)
"""A stretch of days that would be longer was typed the wrong way round."""

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\.?\s+([a-z]{3,9})\.?,?(?:\s+(\d{4}))?")
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}))?")
_AHEAD = re.compile(r"(?:in\s+)?(\d{1,4}|[a-z]+)\s*(d|days?|w|weeks?|months?|mo|y|years?)")
_LASTING = re.compile(r"(?:(.+?)\s+)??(?:for\s+)?(\d{1,4}|[a-z]+(?=\s))\s*(d|days?|w|weeks?|months?|mo|y|years?)")
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?")
_SPAN = re.compile(r"(\d{1,4})\s*(m|min|minutes?|h|hours?|d|days?|w|weeks?)")
# Without blanks a hyphen stands between two dates only where neither could hold it: not in 2026-12-24.
_ENDS = re.compile(r"(?:from\s+)?(.+?)(?:\s+(?:to|until|till|-)\s+|(?:(?<=[a-z.])|(?<=\.\d{4}))-|\s*[–—]\s*)(.+)")
_HOURS = re.compile(r"(?:from\s+)?(.+?)\s*(?:to|until|till|[-–—])\s*(.+)")
_DAYS_OF_MONTH = re.compile(
    r"(?:from\s+)?(\d{1,2})(?:st|nd|rd|th)?\.?\s*(?:to|[-–—])\s*(\d{1,2}(?:st|nd|rd|th)?(?:\.?\s+|\.)(.+))"
)
_LENGTH = re.compile(
    r"(?:(?P<hours>\d{1,3}(?:[.,]\d{1,2})?)\s*(?:h|hrs?|hours?))?\s*(?:(?P<minutes>\d{1,4})\s*(?:m|mins?|minutes?)?)?"
)


def read_date(text: str, today: date) -> date | None:
    """A date: `2027-05-20`, `Thu 20 May 2027`, `May 20`, `20.5.`, `in 5 months`, `tomorrow`, `friday`; None when not.

    A day and month without a year are the next such date; a weekday is the next one after today.
    """
    words = _clean(text)
    if named := _named_day(words, today):
        return named
    # Before a day and month: "5 months" looks like one of them.
    if match := _AHEAD.fullmatch(words):
        return _ahead(match[1], match[2], today)
    weekday, _, rest = words.partition(" ")
    if rest and _weekday(weekday.rstrip(".,")) is not None:
        words = rest
    if match := _ISO.fullmatch(words):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DOTTED.fullmatch(words):
        return _in_year(int(match[2]), int(match[1]), match[3], today)
    if match := _DAY_MONTH.fullmatch(words):
        return _month_date(match[2], int(match[1]), match[3], today)
    if match := _MONTH_DAY.fullmatch(words):
        return _month_date(match[1], int(match[2]), match[3], today)
    return None


def read_minute(text: str, *, border: bool = False) -> int | None:
    """A time of day in minutes after midnight: `20:00`, `8pm`, `8.30 pm`, `7`; None when it is not one.

    Where hours begin or end (`border`), 24:00 is midnight too.
    """
    words = _clean(text)
    if words in ("noon", "midnight"):
        return 720 if words == "noon" else 0
    match = _TIME.fullmatch(words)
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if border and (hour, minute) == (24, 0):
        return 0
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def read_minutes(text: str, bare: int = 1) -> int | None:
    """A length of time in minutes: `90`, `1h30`, `1 h 30`, `1.5h`, `45 min`; None when it is not one.

    A number alone is taken as so many times `bare` minutes: 60 where hours are asked for.
    """
    words = _clean(text)
    if re.fullmatch(r"\d{1,4}(?:[.,]\d{1,2})?", words):
        return round(float(words.replace(",", ".")) * bare)
    match = _LENGTH.fullmatch(words)
    if not words or match is None or not (match["hours"] or match["minutes"]):
        return None
    return round(float((match["hours"] or "0").replace(",", ".")) * 60) + int(match["minutes"] or 0)


def read_hours(text: str) -> tuple[int, int] | None:
    """Hours of the day, from the one to the other in minutes after midnight: `22:00-07:00`, `10pm to 7am`, `22-7`."""
    match = _HOURS.fullmatch(_clean(text))
    if match is None:
        return None
    start, end = read_minute(match[1], border=True), read_minute(match[2], border=True)
    return None if start is None or end is None else (start, end)


def read_dates(text: str, today: date) -> tuple[date, date] | None:
    """A stretch of days, both included: `24 Dec to 27 Dec`, `24-27 Dec`, `24.12.-27.12.`, `weekend`; None when not one.

    A length begins today, or where it says: `3 days`, `24 Dec for a week`. Where only the last day has a year, the
    first is the nearest such day before it. What is typed the wrong way round is given so.
    """
    words = _clean(text)
    if found := _weekend(words, today) or _lasting(words, today):
        return found
    if match := _DAYS_OF_MONTH.fullmatch(words):
        between = " " if match[3][0].isalpha() else "."
        ends = f"{match[1]}{between}{match[3]}", match[2]
    elif match := _ENDS.fullmatch(words):
        ends = match[1], match[2]
    else:
        return None
    last = read_date(ends[1], today)
    first = read_date(ends[0], today)
    if year := re.search(r"\d{4}$", ends[1]):
        # "28 dec to 3 jan 2028" begins in the year before.
        years = (read_date(f"{ends[0]} {int(year[0]) - back}", today) for back in (0, 1))
        first = next((day for day in years if day and last and day <= last), first)
    if first is None or last is None:
        return None
    if last < first:
        # "mon to wed", said on a Tuesday; but "27 dec to 24 dec" is no year.
        following = read_date(ends[1], first)
        last = following if following and following - first < HALF_A_YEAR else last
    return first, last


def _weekend(words: str, today: date) -> tuple[date, date] | None:
    """The next Saturday and Sunday; on a weekend `this weekend` is what is left of it, `next weekend` the one after."""
    which = re.fullmatch(r"(?:(?:the|this|next)\s+)?weekend", words)
    if which is None:
        return None
    saturday = today + timedelta(days=(5 - today.weekday()) % 7)
    if saturday == today and words.startswith("next"):
        saturday += timedelta(weeks=1)
    if today.weekday() == 6 and words.startswith("this"):
        return today, today
    return saturday, saturday + timedelta(days=1)


def _lasting(words: str, today: date) -> tuple[date, date] | None:
    """So many days, weeks or months from today on, or from a day on: `3 days`, `for a week`, `monday for 3 days`."""
    match = _LASTING.fullmatch(words)
    if match is None:
        return None
    start = (match[1] or "").removeprefix("from ")
    if (ahead := _AHEAD.fullmatch(start)) and _ahead(ahead[1], ahead[2], today):
        # "2 weeks 3 days" is one length or two.
        return None
    first = read_date(start, today) if start else today
    after = first and _ahead(match[2], match[3], first)
    return (first, after - timedelta(days=1)) if first and after and after > first else None


def read_days(text: str) -> int | None:
    """Days of the week as bits, Monday the lowest: `daily`, `weekdays`, `mon-fri`, `mon to fri`, `mon wed, fri`,
    `mondays`; None when not."""
    words = _clean(text)
    named = {"daily": 127, "every day": 127, "everyday": 127, "all": 127, "weekdays": 31, "weekends": 96, "weekend": 96}
    if words in named:
        return named[words]
    bits = 0
    words = re.sub(r"(?<=day)s\b", "", words.removeprefix("every "))
    for part in re.split(r"[\s,]+(?:and\s+)?", re.sub(r"\s*[-–]\s*|\s(?:to|till|until|through)\s", "-", words)):
        first, dash, last = part.partition("-")
        start, end = _weekday(first), _weekday(last if dash else first)
        if start is None or end is None:
            return None
        for offset in range((end - start) % 7 + 1):
            bits |= 1 << (start + offset) % 7
    return bits or None


def read_span(text: str) -> timedelta | None:
    """A stretch of time, as `30m`, `2h`, `1d` or `1w`; None when it is not one."""
    match = _SPAN.fullmatch(_clean(text))
    if match is None:
        return None
    unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[match[2][0]]
    return timedelta(**{unit: int(match[1])})


def add_months(day: date, months: int) -> date:
    """The same day some months on, or that month's last day where it has none such."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _clean(text: str) -> str:
    return " ".join(text.casefold().split())


def _named_day(words: str, today: date) -> date | None:
    offsets = {"today": 0, "tomorrow": 1, "yesterday": -1}
    if words in offsets:
        return today + timedelta(days=offsets[words])
    weekday = _weekday(words.removeprefix("next "))
    return None if weekday is None else today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _weekday(word: str) -> int | None:
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    if len(word) < 3:
        return None
    return next((n for n, name in enumerate(full) if name.startswith(word)), None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month_date(name: str, day: int, year: str | None, today: date) -> date | None:
    month = next((n for n, month in enumerate(MONTHS, start=1) if month.startswith(name)), None)
    if month is None and name == "sept":
        month = 9
    return None if month is None else _in_year(month, day, year, today)


def _in_year(month: int, day: int, year: str | None, today: date) -> date | None:
    """A day of a year; without one, the next such day."""
    if year:
        return _date(int(year), month, day)
    # 29 February waits for the next leap year.
    dates = (_date(today.year + ahead, month, day) for ahead in range(9))
    return next((found for found in dates if found and found >= today), None)


def _ahead(count: str, unit: str, today: date) -> date | None:
    number = int(count) if count.isdigit() else NUMBERS.get(count)
    if not number:
        # No wait is no day; for today there is a word.
        return None
    try:
        if unit.startswith("d"):
            return today + timedelta(days=number)
        if unit.startswith("w"):
            return today + timedelta(weeks=number)
        return add_months(today, number * (12 if unit.startswith("y") else 1))
    except (OverflowError, ValueError):
        return None
