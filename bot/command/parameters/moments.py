"""Whatever is told by clock or calendar, as arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from rapidfuzz import fuzz, process

from bot.command.parameters import places
from bot.command.parameters.kinds import SUGGESTIONS, Plain, Suggestion, Value, quoted
from bot.command.reading import (
    add_months,
    clean,
    is_answer,
    names_clock,
    read_date,
    read_dates,
    read_days,
    read_hours,
    read_hours_a_day,
    read_minute,
    read_minutes,
    without,
)
from bot.command.scene import Scene
from bot.domain.plan import FAR_DAYS, MAX_MINUTES_A_DAY
from bot.domain.refusal import Refusal
from bot.words import date_words, dates_words, list_words, minute_words, word


class _Deadline(Plain[date]):
    """A date to finish by: in the future, and not absurdly far."""

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Three to twelve months from today, or the date that was typed."""
        read = self.read(typed, scene) if typed.strip() else None
        if read is not None:
            return [_date_suggestion(read, scene)]
        return [_date_suggestion(add_months(scene.today, months), scene) for months in (3, 4, 5, 6, 9, 12)]

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Not a date, over already, or too far."""
        day = read_date(text, scene.today, scene.language)
        if day is None:
            return super().refuse(text, scene)
        if day == scene.today:
            return Refusal("refuse-deadline-today")
        id = "refuse-deadline-past" if day < scene.today else "refuse-deadline-far"
        return Refusal(id, date=date_words(scene.language, day, scene.today))


def _date_suggestion(day: date, scene: Scene) -> Suggestion:
    return Suggestion(date_words(scene.language, day, scene.today), day.isoformat())


def _days_suggestion(days: tuple[date, date] | date, scene: Scene) -> Suggestion:
    if isinstance(days, date):
        return _date_suggestion(days, scene)
    first, last = days
    return Suggestion(dates_words(scene.language, days, scene.today), f"{first} to {last}")


def _deadline(text: str, scene: Scene) -> date | None:
    day = read_date(text, scene.today, scene.language)
    return day if day and scene.today < day <= scene.today + timedelta(days=FAR_DAYS) else None


def _hours(text: str, scene: Scene) -> int | None:
    minutes = read_hours_a_day(text, scene.language)
    return minutes if minutes and 5 <= minutes <= MAX_MINUTES_A_DAY else None


def _studied(text: str, scene: Scene) -> int | str | None:
    """Minutes, or `yes` and `no` for an answer without them. Raises Refusal for a number that is no length of time."""
    typed = clean(text)
    if is_answer("no", typed, scene.language):
        return "no"
    if is_answer("yes", typed, scene.language):
        return "yes"
    # Nobody counts minutes by halves: `1.5` and `2:30` are hours.
    minutes = read_minutes(typed, 60 if re.search(r"[.,]", typed) else 1, scene.language)
    if clock := re.fullmatch(r"(\d{1,2}):([0-5]\d)", typed):
        minutes = int(clock[1]) * 60 + int(clock[2])
    if not minutes and re.fullmatch(r"[-+]?\d\S*", typed) and read_date(typed, scene.today, scene.language) is None:
        # Taken for a note, `0` would count as a day of study.
        raise Refusal("refuse-minutes", text=quoted(text))
    return minutes or None


def _day(text: str, scene: Scene) -> date | None:
    day = read_date(text, scene.today, scene.language)
    return day if day and abs((day - scene.today).days) <= FAR_DAYS else None


EVENING = 19 * 60
"""When "this evening" is: minutes after local midnight."""


def _until(text: str, scene: Scene) -> timedelta | str | int | None:
    """A wait, a part of the day, or a time of day in minutes after midnight."""
    language = scene.language
    wait = without(text, ("in", "until"), language)
    typed = without(wait, ("at",), language)
    for part in ("evening", "tomorrow"):
        if is_answer(part, typed, language):
            return part
    # A number alone is a wait.
    clock = typed != wait or names_clock(typed, language)
    if clock and (minute := read_minute(typed, language)) is not None:
        return minute
    minutes = read_minutes(typed, 60, language)
    return timedelta(minutes=minutes) if minutes and minutes <= 24 * 60 else None


class _Until(Plain["timedelta | str | int"]):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """An hour, this evening as long as it has not begun, tomorrow."""
        local = scene.member.local(scene.now)
        # In the small hours of a day that goes on, its evening has been.
        evening = ("evening",) if scene.member.day_start <= local.hour * 60 + local.minute < EVENING else ()
        return [Suggestion(word(scene.language, f"option-{id}"), id) for id in ("1h", *evening, "tomorrow")]


class _Hours(Plain[int]):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The usual lengths of a study day."""
        return [Suggestion(word(scene.language, "hours-a-day", hours=h), f"{h}h") for h in ("1", "1.5", "2", "3", "4")]


@dataclass(frozen=True)
class _TimeOfDay(Plain[Value]):
    usual: tuple[int, ...] = (7 * 60, 18 * 60, 20 * 60, 21 * 60 + 30)

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """What it could be instead. 24:00 is the end of a date, 00:00 the beginning: which was meant is not guessed."""
        if read_minute(text, scene.language, border=True) == 0:
            return Refusal("refuse-midnight", text=quoted(text), offers=[(minute_words(0), minute_words(0))])
        return super().refuse(text, scene)

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The usual times, or what was typed."""
        read = read_minute(typed, scene.language) if typed.strip() else None
        minutes = self.usual if read is None else (read,)
        return [Suggestion(minute_words(minute), minute_words(minute)) for minute in minutes]


def _morning(text: str, scene: Scene) -> int | None:
    return read_minute(text, scene.language, border=True)


def _night(text: str, scene: Scene) -> int | None:
    return read_minute(text, scene.language)


def _days(text: str, scene: Scene) -> int | None:
    """Days of the week as bits, Monday the lowest."""
    return read_days(text, scene.language)


def _time(text: str, scene: Scene) -> int | None:
    """A time of day; "at 20:00" is one too."""
    return read_minute(without(text, ("at",), scene.language), scene.language)


def _switch(text: str, scene: Scene) -> str | None:
    """What turns a group's post on and off, where else its time stands."""
    return next((way for way in ("on", "off") if is_answer(way, text, scene.language)), None)


def _post_time(text: str, scene: Scene) -> int | str | None:
    return _switch(text, scene) or _time(text, scene)


class _PostTime(_TimeOfDay["int | str"]):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The usual times or what was typed, and off."""
        return [*super().suggest(typed, scene), Suggestion(word(scene.language, "option-off"), "off")]


def _quiet(text: str, scene: Scene) -> tuple[int, int] | int | str | None:
    """Quiet hours whole, their beginning alone, or `off`."""
    if is_answer("never", text, scene.language):
        return "off"
    hours = read_hours(text, scene.language)
    return read_minute(text, scene.language, border=True) if hours is None else hours


class _Quiet(Plain["tuple[int, int] | int | str"]):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The usual nights, and none."""
        nights = ((22, 7), (23, 7), (0, 8))
        found = [(f"{minute_words(start * 60)}–{minute_words(end * 60)}") for start, end in nights]
        off = Suggestion(word(scene.language, "option-off"), "off")
        return [s for s in (*(Suggestion(n, n.replace("–", "-")) for n in found), off) if s.value.startswith(typed)]


def _pause(text: str, scene: Scene) -> date | str | None:
    """The first day after a pause, `back` for one without an end, `off` to end it."""
    typed = without(text, ("until", "for"), scene.language)
    if is_answer("never", typed, scene.language) or is_answer("over", typed, scene.language):
        return "off"
    if is_answer("back", typed, scene.language):
        return "back"
    return read_date(typed, scene.today, scene.language)


class _Pause(Plain["date | str"]):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The usual lengths of a pause; or what was typed."""
        read = self.read(typed, scene) if typed.strip() else None
        if isinstance(read, date):
            return [_date_suggestion(read, scene)]
        return [Suggestion(word(scene.language, f"option-{id}"), id) for id in ("3d", "1w", "2w", "back")]


def _off(text: str, scene: Scene) -> tuple[date, date] | date | None:
    """Days off whole, or the first of them."""
    first = without(text, ("from",), scene.language)
    return read_dates(text, scene.today, scene.language) or read_date(first, scene.today, scene.language)


class _Off(Plain["tuple[date, date] | date"]):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Tomorrow and the next weekend, or the days that were typed."""
        read = self.read(typed, scene) if typed.strip() else None
        offered = (self.read("tomorrow", scene), self.read("next weekend", scene)) if read is None else (read,)
        return [_days_suggestion(days, scene) for days in offered if days is not None]


@dataclass(frozen=True)
class ZoneKind:
    """A time zone by its IANA name or a part of it, or by what people call it: a country, a large city."""

    limit: int = 64
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> str | None:
        """The zone, by its whole name in any case, or by a city or a country when only one clock is meant.

        Never by an offset, which says nothing of summer time, nor by an abbreviation of several places' time.
        """
        typed = text.strip().casefold().replace(" ", "_")
        exact = [zone for zone in every_zone() if zone.casefold() == typed]
        city = places.folded(text).replace(" ", "_")
        cities = [zone for zone in inhabited_zones() if zone.rpartition("/")[2].casefold() == city]
        whole = [zone for zone in exact if "/" in zone or zone == "UTC"]
        meant = whole or _only(cities) or _only(places.canonical(cities))
        if meant or places.with_offset(text, scene.now, every_zone()):
            return next(iter(meant), None)
        # `Portugal` and `EST` are names in the database too, kept for old systems: the people's own come first.
        called = places.zones_of(text, scene.now, every_zone(), scene.language)
        return next(iter(_only(called) if called else exact), None)

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The nearest zones, one tap each; for a name of several clocks those."""
        ways = (places.zones_of, places.with_offset)
        called = next(filter(None, (way(text, scene.now, every_zone(), scene.language) for way in ways)), ())[
            :MOST_CLOCKS
        ]
        if called:
            offers = [(zone, zone) for zone in called]
            near = list_words(scene.language, called)
            return Refusal("refuse-zone-several", text=quoted(text), near=near, count=len(called), offers=offers)
        nearest = [s.value for s in self.suggest(text, scene)[:4]]
        if not nearest:
            return Refusal("refuse-zone-unknown", text=quoted(text))
        near = list_words(scene.language, nearest)
        return Refusal("refuse-zone", text=quoted(text), near=near, offers=[(zone, zone) for zone in nearest])

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Zones of that name, those that hold what was typed, then those that sound like it; each with its time now."""
        zones = inhabited_zones()
        wanted = typed.strip().replace(" ", "_").casefold()
        found = [z for z in zones if wanted in z.casefold()] if wanted else list(COMMON_ZONES)
        found.sort(key=lambda z: (not z.rpartition("/")[2].casefold().startswith(wanted), z) if wanted else (False, ""))
        ways = (places.zones_of, places.with_offset, places.beginning)
        called = [zone for way in ways for zone in way(typed, scene.now, every_zone(), scene.language)]
        found = list(dict.fromkeys((*called, *found)))
        if not found:
            found = [match[0] for match in process.extract(typed, zones, scorer=fuzz.WRatio, limit=5, score_cutoff=70)]
        return [self._suggestion(zone, scene.now) for zone in found[:SUGGESTIONS]]

    @staticmethod
    def _suggestion(zone: str, now: datetime) -> Suggestion:
        return Suggestion(f"{zone} ({now.astimezone(ZoneInfo(zone)):%H:%M})", zone)


MOST_CLOCKS = 8
"""So many clocks are offered for a name that can mean several: the United States have as many."""


COMMON_ZONES = (
    "Asia/Kolkata",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Manila",
    "Asia/Jakarta",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "UTC",
)


AREAS = (
    *("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/"),
    *("Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"),
)
"""Where people live, as the IANA names begin: without the aliases that are kept for files and systems."""


NO_ZONES = {"Factory", "localtime", "posixrules"}
"""Names among the zone files that are no zone: another time on each machine, or none."""


@cache
def inhabited_zones() -> tuple[str, ...]:
    """IANA zones people live in, sorted."""
    return tuple(sorted(zone for zone in every_zone() if zone.startswith(AREAS) or zone == "UTC"))


@cache
def every_zone() -> frozenset[str]:
    """All IANA zones: what a machine is set to (`Etc/UTC`) is understood, though nobody is offered it."""
    return frozenset(available_timezones()) - NO_ZONES


def _weekday(text: str, scene: Scene) -> tuple[int, int | None] | str | None:
    """A day of the week and perhaps a time: `sun 18:00`, as (0 to 6, minutes after midnight); or `on`, `off`."""
    if switched := _switch(text, scene):
        return switched
    day, _, clock = text.strip().partition(" ")
    bits = read_days(day, scene.language)
    if bits is None or bits.bit_count() != 1:
        return None
    minute = read_minute(clock, scene.language) if clock.strip() else None
    return None if clock.strip() and minute is None else (bits.bit_length() - 1, minute)


def _only(found: Sequence[str]) -> Sequence[str]:
    return found if len(found) == 1 else ()


DEADLINE = _Deadline(_deadline, "refuse-date")
HOURS = _Hours(_hours, "refuse-hours")
STUDIED = Plain(_studied, "refuse-minutes")
DAY_KIND = Plain(_day, "refuse-date")
UNTIL = _Until(_until, "refuse-until")
TIME = _TimeOfDay(_time, "refuse-time")
POST_TIME = _PostTime(_post_time, "refuse-post-time")
MORNING = _TimeOfDay(_morning, "refuse-morning", usual=(6 * 60, 7 * 60, 8 * 60))
NIGHT = _TimeOfDay(_night, "refuse-night", usual=(0, 2 * 60, 3 * 60, 4 * 60, 5 * 60))
QUIET_HOURS = _Quiet(_quiet, "refuse-quiet")
PAUSE = _Pause(_pause, "refuse-pause")
OFF_DAYS = _Off(_off, "refuse-rest")
DAYS = Plain(_days, "refuse-days")
RECAP = Plain(_weekday, "refuse-recap")
ZONE = ZoneKind()
