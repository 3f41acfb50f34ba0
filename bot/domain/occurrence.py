"""When a local rule is next due, in UTC, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EVERY_DAY = 0b1111111
"""Days of the week as bits, Monday the lowest."""

ONE_DAY = timedelta(days=1)

MOMENTS = 4096
"""How many moments are kept once worked out, about 1 MB: a claim asks for the same zone, minute and date again and
again."""

ZONES = 600
"""How many zones are kept once read: all there are, 2 MB at the most. `ZoneInfo` itself keeps eight, and reads each
other one from disk again for every member."""

Range = tuple[date, date]
"""Local dates from the one to the other, both included; `date.max` for one without an end."""


def within(day: date, ranges: Iterable[Range]) -> bool:
    """Whether a local date is in any of these ranges."""
    return any(first <= day <= last for first, last in ranges)


@dataclass(frozen=True, slots=True)
class Rule:
    """A time of day on days of the week in a zone: a wish about local time, never a moment.

    `minute` is minutes after local midnight; `days` are bits, Monday the lowest; `start` and `until` are the first and
    the last local date it may be due on. It is silent on the dates in `off`: rests, pauses. With `dates` it is due on
    these only. `day_start` is minutes after midnight too: with 240 (04:00), 01:00 for Friday is in Saturday's small
    hours. Raises ValueError for a time or days that cannot be.
    """

    minute: int
    zone: str
    days: int = EVERY_DAY
    start: date | None = None
    until: date | None = None
    day_start: int = 0
    off: tuple[Range, ...] = ()
    dates: tuple[date, ...] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.minute < 24 * 60:
            raise ValueError(f"a day has no minute {self.minute}")
        if not 0 <= self.day_start < 24 * 60:
            raise ValueError(f"a day cannot start at minute {self.day_start}")
        if not 0 < self.days <= EVERY_DAY:
            raise ValueError(f"{self.days} names no day of the week")

    def due_on(self, day: date) -> bool:
        """Whether the rule is due on a local date."""
        return (
            bool(self.days >> day.weekday() & 1)
            and (self.start is None or day >= self.start)
            and (self.until is None or day <= self.until)
            and (self.dates is None or day in self.dates)
            and not (self.off and within(day, self.off))
        )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One due moment of a rule, for one local date."""

    at: datetime
    day: date


@lru_cache(ZONES)
def clock(zone: str) -> ZoneInfo:
    """A zone's clock by its IANA name. Raises ZoneInfoNotFoundError."""
    return ZoneInfo(zone)


def moment_of(day: date, minute: int, zone: str) -> datetime:
    """The UTC moment of a local date and time.

    A time that comes twice, when clocks go back, is its first coming. A time that does not exist, when they go
    forward, is the end of the gap: the first minute that does (PEP 495 gives the offsets before and after).
    """
    return _moment_of(day, minute, zone)


@lru_cache(MOMENTS)
def _moment_of(day: date, minute: int, zone: str) -> datetime:
    tz = clock(zone)
    wall = datetime.combine(day, time(minute // 60, minute % 60), tz)
    at = wall.astimezone(UTC)
    # Of the same zone, two moments are compared by what the clock on the wall shows.
    return at if at.astimezone(tz) == wall else _end_of_gap(wall, tz)


def _end_of_gap(wall: datetime, tz: ZoneInfo) -> datetime:
    """The first moment whose wall clock is past a time that was skipped, to the second."""
    # fold=1 reads the wall time with the offset after the gap, which lands before it; fold=0 lands after it.
    before, after = wall.replace(fold=1).astimezone(UTC), wall.astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(tz) < wall:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


@lru_cache(MOMENTS)
def _has_date(zone: str, day: date) -> bool:
    """Whether a zone knew a local date at all: Samoa went from 29 to 31 December 2011."""
    return moment_of(day, 0, zone).astimezone(clock(zone)).date() == day


def moment(rule: Rule, day: date) -> datetime:
    """The UTC moment of a rule for a local date, whether or not it is due on it."""
    return moment_of(day + ONE_DAY if rule.minute < rule.day_start else day, rule.minute, rule.zone)


def next_occurrence(rule: Rule, after: datetime, last: date | None = None) -> Occurrence | None:
    """The first occurrence later than a moment, on a local date later than `last` (the last date it was due on).

    None: never again. A local date that a zone skipped altogether (Samoa had no 30 December 2011) has no occurrence:
    its moment would fall on the next date, which has its own. A date that only lost its last hour (Nuuk, 30 March 2024)
    has one, at the midnight that ended it.
    """
    # Until it first shows a time, the clock never shows a later date: there is nothing to look for before its own.
    day = after.astimezone(clock(rule.zone)).date()
    if rule.minute < rule.day_start:
        day -= ONE_DAY
    if last is not None and last >= day:
        day = last + ONE_DAY
    while (due := _first_due(rule, day)) is not None:
        at = moment(rule, due)
        if at > after and _has_date(rule.zone, due):
            return Occurrence(at, due)
        day = due + ONE_DAY
    return None


def looks_from(now: datetime, due_at: datetime | None) -> datetime:
    """The moment after which a rule that was changed looks for its next occurrence; it was due at `due_at` before.

    What is due and not yet claimed is looked at again: any other wish changed in the very second of a reminder must not
    lose it.
    """
    return (now if due_at is None else min(now, due_at)) - timedelta.resolution


def _first_due(rule: Rule, day: date) -> date | None:
    """The first date from `day` on that a rule is due on; times off are jumped over, however long they are."""
    if rule.dates is not None:
        return min((d for d in rule.dates if d >= day and rule.due_on(d)), default=None)
    if rule.start is not None and rule.start > day:
        day = rule.start
    while rule.until is None or day <= rule.until:
        resting = next((last for first, last in rule.off if first <= day <= last), None) if rule.off else None
        if resting == date.max:
            return None
        if resting is not None:
            day = resting + ONE_DAY
        elif rule.days >> day.weekday() & 1:
            return day
        else:
            day += ONE_DAY
    return None
