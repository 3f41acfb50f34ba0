"""When a local rule is due, in every zone whose clocks have done something strange."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.occurrence import EVERY_DAY, Occurrence, Rule, moment_of, next_occurrence

ODD_ZONES = (
    "Africa/Cairo",  # its clocks go forward at midnight
    "Africa/Casablanca",  # standard time is summer time, and Ramadan the exception
    "Africa/El_Aaiun",
    "Africa/Juba",
    "Africa/Monrovia",  # 44 min 30 s from UTC until 1972
    "America/Asuncion",
    "America/Caracas",  # half an hour, there and back
    "America/Havana",  # back at one to midnight
    "America/Nuuk",  # the last hour of a Saturday is skipped
    "America/Santiago",  # midnight does not exist
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",  # changed at 00:01
    "Antarctica/Casey",
    "Antarctica/Troll",  # two hours at once
    "Asia/Amman",
    "Asia/Beirut",  # midnight does not exist
    "Asia/Gaza",
    "Asia/Hebron",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Lord_Howe",  # half an hour
    "Europe/Dublin",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Europe/Volgograd",
    "Pacific/Apia",  # no 30 December 2011
    "Pacific/Chatham",
    "Pacific/Fakaofo",  # no 30 December 2011
    "Pacific/Kiritimati",  # no 31 December 1994
    "Pacific/Kwajalein",  # no 21 August 1993
    "UTC",
)
FIRST, LAST = date(1990, 1, 1), date(2039, 12, 31)

zones = st.sampled_from(ODD_ZONES)
minutes = st.integers(0, 24 * 60 - 1)
dates = st.dates(FIRST, LAST)
moments = st.integers(0, 49 * 365 * 24 * 60).map(lambda m: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=m))


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The moments between 1990 and 2040 at which a zone's clocks were set, found by comparing the offsets of days."""
    tz = ZoneInfo(zone)
    found = []
    day = timedelta(days=1)
    moment = datetime(FIRST.year, 1, 1, tzinfo=UTC)
    while moment.year <= LAST.year:
        if moment.astimezone(tz).utcoffset() != (moment + day).astimezone(tz).utcoffset():
            low, high = moment, moment + day
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(tz).utcoffset() == low.astimezone(tz).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high.replace(microsecond=0))
        moment += day
    return tuple(found)


def expected(zone: str, minute: int, day: date) -> datetime | None:
    """The moment by the definition alone, without PEP 495's folds: walk the day and look at the wall clock.

    The first moment that shows the time; if none does, the first whose clock is past it; None for a day that was not.
    """
    tz = ZoneInfo(zone)
    wanted = datetime.combine(day, time(minute // 60, minute % 60))
    around = datetime.combine(day, time(minute // 60, minute % 60), UTC)
    margin = timedelta(hours=27)
    marks = [around - margin, *(c for c in changes(zone) if abs(c - around) < margin), around + margin]
    best: datetime | None = None
    lived = False
    for start, end in itertools.pairwise(marks):
        offset = start.astimezone(tz).utcoffset()
        assert offset is not None
        first, last = (start + offset).replace(tzinfo=None), (end + offset).replace(tzinfo=None)
        lived |= first < datetime.combine(day + timedelta(days=1), time()) and last > datetime.combine(day, time())
        if best is None and wanted < last:
            best = start if wanted <= first else (wanted - offset).replace(tzinfo=UTC)
    return best if lived else None


def run(
    rule: Rule, after: datetime, until: date, following: Callable[..., Occurrence] = next_occurrence
) -> Iterator[Occurrence]:
    """What a tick does: claim each occurrence a little late, then ask for the next."""
    last = None
    while True:
        found = following(rule, after, last)
        if found.day > until:
            return
        yield found
        after, last = found.at + timedelta(seconds=1), found.day


def check(rule: Rule, first: date, until: date, found: list[Occurrence]) -> None:
    """Every local date once, in order, at the right moment."""
    days = [first + timedelta(days=n) for n in range((until - first).days + 1)]
    wanted = {d: expected(rule.zone, rule.minute, d) for d in days if rule.days >> d.weekday() & 1}
    assert [o.day for o in found] == [d for d, at in wanted.items() if at is not None]
    assert [o.at for o in found] == [at for at in wanted.values() if at is not None]
    assert all(earlier.at < later.at for earlier, later in itertools.pairwise(found))


def midnight(zone: str, day: date) -> datetime:
    """Before anything of a local date."""
    return datetime.combine(day, time(), UTC) - timedelta(hours=26)


@given(zones, minutes, dates, st.integers(1, EVERY_DAY))
@settings(max_examples=300)
def test_a_fortnight_anywhere_misses_and_doubles_nothing(zone: str, minute: int, first: date, days: int) -> None:
    rule = Rule(minute, zone, days, start=first)
    until = first + timedelta(days=14)
    check(rule, first, until, list(run(rule, midnight(zone, first), until)))


@pytest.mark.parametrize("zone", ODD_ZONES)
def test_around_every_change_of_the_clocks_nothing_is_missed_or_doubled(zone: str) -> None:
    """Four days around each change since 1990, at the minutes near it."""
    for change in changes(zone):
        local = change.astimezone(ZoneInfo(zone))
        before = (change - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
        near = {
            (wall.hour * 60 + wall.minute + shift) % 1440 for wall in (local, before) for shift in (-31, -1, 0, 1, 29)
        }
        first = min(local.date(), before.date()) - timedelta(days=1)
        until = first + timedelta(days=4)
        for minute in near | {0, 1439}:
            rule = Rule(minute, zone, start=first)
            check(rule, first, until, list(run(rule, midnight(zone, first), until)))


def plus_a_day(rule: Rule, after: datetime, last: date | None) -> Occurrence:
    """The naive way: 24 hours later in UTC."""
    if last is None:
        return next_occurrence(rule, after, last)
    at = after - timedelta(seconds=1) + timedelta(days=1)
    return Occurrence(at, at.astimezone(ZoneInfo(rule.zone)).date())


def without_memory(rule: Rule, after: datetime, _last: date | None) -> Occurrence:
    """The other naive way: the next moment whose wall clock shows the time, whichever day it was for."""
    return next_occurrence(rule, after - timedelta(hours=2), None)


@pytest.mark.parametrize(
    ("zone", "day", "naive"),
    [
        ("Europe/Berlin", date(2026, 3, 28), plus_a_day),
        ("Australia/Lord_Howe", date(2026, 4, 3), plus_a_day),
        ("Europe/Berlin", date(2026, 10, 24), without_memory),
        ("Pacific/Apia", date(2011, 12, 28), without_memory),
    ],
)
def test_the_naive_ways_fail_the_same_check(zone: str, day: date, naive: Callable[..., Occurrence]) -> None:
    rule = Rule(150, zone, start=day)
    until = day + timedelta(days=4)
    found = []
    for occurrence in run(rule, midnight(zone, day), until, naive):
        found.append(occurrence)
        if len(found) > 20:
            break
    with pytest.raises(AssertionError):
        check(rule, day, until, found)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "utc"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "02:30", "2026-03-29 01:00"),  # a gap: the first instant after it
        ("Europe/Berlin", date(2026, 10, 25), "02:30", "2026-10-25 00:30"),  # comes twice: the first
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:15", "2026-10-03 15:30"),
        ("Antarctica/Troll", date(2026, 3, 29), "01:30", "2026-03-29 01:00"),
        ("America/Santiago", date(2026, 9, 6), "00:00", "2026-09-06 04:00"),
        ("America/Nuuk", date(2024, 3, 30), "23:30", "2024-03-31 01:00"),
        ("Pacific/Apia", date(2011, 12, 29), "23:59", "2011-12-30 09:59"),
        ("Pacific/Apia", date(2011, 12, 31), "00:00", "2011-12-30 10:00"),
        ("Asia/Kathmandu", date(2026, 11, 20), "20:00", "2026-11-20 14:15"),
    ],
)
def test_moments_known_from_the_almanac(zone: str, day: date, clock: str, utc: str) -> None:
    minute = int(clock[:2]) * 60 + int(clock[3:])
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert moment_of(day, minute, zone) == expected(zone, minute, day) == at


def test_a_date_that_a_zone_skipped_has_no_occurrence() -> None:
    rule = Rule(20 * 60, "Pacific/Apia", start=date(2011, 12, 29))
    found = list(run(rule, midnight("Pacific/Apia", date(2011, 12, 29)), date(2012, 1, 1)))
    assert [o.day.day for o in found] == [29, 31, 1]


def test_a_weekly_rule_on_a_skipped_date_waits_a_week() -> None:
    friday = Rule(20 * 60, "Pacific/Apia", days=0b0010000)
    found = next_occurrence(friday, datetime(2011, 12, 26, tzinfo=UTC))
    assert found.day == date(2012, 1, 6)


@given(
    zones,
    minutes,
    moments,
    st.integers(1, 127),
)
@settings(max_examples=300)
def test_the_next_is_later_on_a_wanted_day_and_not_a_fortnight_away(
    zone: str, minute: int, after: datetime, days: int
) -> None:
    rule = Rule(minute, zone, days)
    found = next_occurrence(rule, after)
    assert found.at > after
    assert rule.due_on(found.day)
    assert found.at - after < timedelta(days=15)
    # Nothing was due in between: asked from just before it, the answer is the same.
    assert next_occurrence(rule, found.at - timedelta(microseconds=1)) == found


@given(zones, minutes, dates)
@settings(max_examples=200)
def test_the_wall_clock_shows_the_time_unless_it_was_skipped(zone: str, minute: int, day: date) -> None:
    local = moment_of(day, minute, zone).astimezone(ZoneInfo(zone))
    wall = datetime.combine(day, time(minute // 60, minute % 60))
    shown = local.replace(tzinfo=None)
    assert shown >= wall
    if shown != wall:
        before = (local.astimezone(UTC) - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
        assert before.replace(tzinfo=None) < wall


@given(zones, minutes, dates, st.integers(0, 40))
@settings(max_examples=100)
def test_a_date_is_never_due_again_once_it_was(zone: str, minute: int, last: date, ahead: int) -> None:
    after = datetime.combine(last, time(), UTC) - timedelta(days=ahead)
    assert next_occurrence(Rule(minute, zone), after, last).day > last


def test_a_rule_must_name_a_time_and_a_day() -> None:
    for minute in (-1, 1440):
        with pytest.raises(ValueError, match="no minute"):
            Rule(minute, "UTC")
    for days in (0, 128, -1):
        with pytest.raises(ValueError, match="no day"):
            Rule(0, "UTC", days)
