"""When a local rule is next due, in UTC, whatever the clocks do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = 0b1111111
"""Days of the week as bits, Monday the lowest."""

SEARCH_DAYS = 16
"""A weekly rule is due within seven days; a date that the zone skipped costs another week, the first days two more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A time of day on days of the week in a zone: a wish about local time, never a moment.

    `minute` is minutes after local midnight; `days` are bits, Monday the lowest; `start` is the first local date it
    may be due on.
    """

    minute: int
    zone: str
    days: int = EVERY_DAY
    start: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.minute < 24 * 60:
            raise ValueError(f"a day has no minute {self.minute}")
        if not 0 < self.days <= EVERY_DAY:
            raise ValueError(f"{self.days} names no day of the week")

    def due_on(self, day: date) -> bool:
        """Whether the rule is due on a local date."""
        return bool(self.days >> day.weekday() & 1) and (self.start is None or day >= self.start)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One due moment of a rule, for one local date."""

    at: datetime
    day: date


def moment_of(day: date, minute: int, zone: str) -> datetime:
    """The UTC moment of a local date and time.

    A time that comes twice, when clocks go back, is its first coming. A time that does not exist, when they go
    forward, is the end of the gap: the first minute that does (PEP 495 gives the offsets before and after).
    """
    tz = ZoneInfo(zone)
    wall = datetime.combine(day, time(minute // 60, minute % 60))
    at = wall.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if at.astimezone(tz).replace(tzinfo=None) == wall:
        return at
    return _end_of_gap(wall, tz)


def _end_of_gap(wall: datetime, tz: ZoneInfo) -> datetime:
    """The first moment whose wall clock is past a time that was skipped, to the second."""
    # fold=1 reads the wall time with the offset after the gap, which lands before it; fold=0 lands after it.
    before = wall.replace(tzinfo=tz, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=tz, fold=0).astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(tz).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _has_date(tz: ZoneInfo, day: date) -> bool:
    """Whether a zone knew a local date at all: Samoa went from 29 to 31 December 2011."""
    return moment_of(day, 0, tz.key).astimezone(tz).date() == day


def next_occurrence(rule: Rule, after: datetime, last: date | None = None) -> Occurrence:
    """The first occurrence later than a moment, on a local date later than `last` (the last date it was due on).

    A local date that a zone skipped altogether (Samoa had no 30 December 2011) has no occurrence: its moment would
    fall on the next date, which has its own. A date that only lost its last hour (Nuuk, 30 March 2024) has one, at
    the midnight that ended it.
    """
    tz = ZoneInfo(rule.zone)
    first = after.astimezone(tz).date() - timedelta(days=1)
    if last is not None and last >= first:
        first = last + timedelta(days=1)
    if rule.start is not None and rule.start > first:
        first = rule.start
    for offset in range(SEARCH_DAYS):
        day = first + timedelta(days=offset)
        if not rule.due_on(day):
            continue
        at = moment_of(day, rule.minute, rule.zone)
        if at > after and (at.astimezone(tz).date() == day or _has_date(tz, day)):
            return Occurrence(at, day)
    raise AssertionError(f"{rule} has no occurrence after {after}")
