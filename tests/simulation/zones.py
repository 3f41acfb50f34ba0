"""Local time worked out by brute force: every zone's clock is looked at hour by hour, and nothing of ours is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.simulation.story import BASE

MARGIN = timedelta(days=5)
SPAN = timedelta(days=366 * 4)
"""How long after BASE local times are known."""

Segment = tuple[datetime, datetime, timedelta]


@cache
def segments(zone: str) -> tuple[Segment, ...]:
    """The stretches of UTC in which a zone's clock runs at one offset."""
    tz = ZoneInfo(zone)

    def offset(at: datetime) -> timedelta:
        return at.astimezone(tz).replace(tzinfo=UTC) - at

    found: list[Segment] = []
    start = at = BASE - MARGIN
    end = BASE + SPAN
    current = offset(at)
    while at < end:
        later = at + timedelta(hours=6)
        if offset(later) != current:
            # No zone changes twice within six hours; the change is on a whole second.
            low, high = at, later
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == current else (low, middle)
            found.append((start, high, current))
            start, current = high, offset(high)
        at = later
    return (*found, (start, end, current))


@cache
def exists(zone: str, day: date) -> bool:
    """Whether a zone ever shows a date."""
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return any(s + o < first + timedelta(days=1) and e + o > first for s, e, o in segments(zone))


@cache
def moment(zone: str, day: date, minute: int) -> datetime | None:
    """The first moment at which a zone's clock shows a date and minute, or is past it; None where it has no such date.

    The date is the member's: minutes of the next day (from 1440 on) are its small hours.
    """
    if not exists(zone, day):
        return None
    target = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    for start, end, offset in segments(zone):
        if start + offset >= target:
            return start
        if target - offset < end:
            return target - offset
    raise AssertionError(f"{day} is after every story")


def wall(zone: str, at: datetime) -> datetime:
    """What a zone's clock shows, without its zone."""
    for start, end, offset in segments(zone):
        if start <= at < end:
            return (at + offset).replace(tzinfo=None)
    raise AssertionError(f"{at} is in no story")


def day_of(zone: str, at: datetime, day_start: int) -> date:
    """The date a moment counts for, where days begin at a minute after midnight."""
    shown = wall(zone, at)
    return shown.date() - timedelta(days=1 if shown.hour * 60 + shown.minute < day_start else 0)


def minute_of(zone: str, at: datetime) -> int:
    """The minute of the day that a zone's clock shows."""
    shown = wall(zone, at)
    return shown.hour * 60 + shown.minute
