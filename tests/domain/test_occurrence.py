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

from bot.domain.occurrence import EVERY_DAY, Occurrence, Rule, clock, looks_from, moment, moment_of, next_occurrence
from tests.domain import almanac

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


def changes(zone: str) -> tuple[datetime, ...]:
    """The moments between 1990 and 2040 at which a zone's clocks were set."""
    return almanac.changes(zone, FIRST.year, LAST.year)


@cache
def reached(zone: str, minute: int, day: date) -> datetime:
    """The moment by the definition alone, without PEP 495's folds: walk the day and look at the wall clock.

    The first moment that shows the time; if none does, the first whose clock is past it.
    """
    tz = ZoneInfo(zone)
    wanted = datetime.combine(day, time(minute // 60, minute % 60))
    for start, end in spans(zone, day):
        offset = start.astimezone(tz).utcoffset()
        assert offset is not None
        if wanted < (end + offset).replace(tzinfo=None):
            return start if wanted <= (start + offset).replace(tzinfo=None) else (wanted - offset).replace(tzinfo=UTC)
    raise AssertionError("every clock gets there")


def lived(zone: str, day: date) -> bool:
    """Whether any clock of a zone ever showed a date."""
    tz = ZoneInfo(zone)
    midnight, next_midnight = datetime.combine(day, time()), datetime.combine(day + timedelta(days=1), time())
    for start, end in spans(zone, day):
        offset = start.astimezone(tz).utcoffset()
        assert offset is not None
        if (start + offset).replace(tzinfo=None) < next_midnight and (end + offset).replace(tzinfo=None) > midnight:
            return True
    return False


def spans(zone: str, day: date) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of time around a date in which a zone's clocks were not set."""
    around, margin = datetime.combine(day, time(12), UTC), timedelta(hours=40)
    marks = [around - margin, *(c for c in changes(zone) if abs(c - around) < margin), around + margin]
    return itertools.pairwise(marks)


def expected(rule: Rule, day: date) -> datetime | None:
    """The moment of a rule on a date by the definition; None for a date that was not."""
    late = rule.minute < rule.day_start
    return reached(rule.zone, rule.minute, day + timedelta(days=late)) if lived(rule.zone, day) else None


def run(
    rule: Rule, after: datetime, until: date, following: Callable[..., Occurrence | None] = next_occurrence
) -> Iterator[Occurrence]:
    """What a tick does: claim each occurrence a little late, then ask for the next."""
    last = None
    while True:
        found = following(rule, after, last)
        if found is None or found.day > until:
            return
        yield found
        after, last = found.at + timedelta(seconds=1), found.day


def wished(rule: Rule, day: date) -> bool:
    """Whether a rule wants a date, said in another way than the rule says it."""
    return (
        f"{rule.days:07b}"[::-1][day.weekday()] == "1"
        and (rule.start or date.min) <= day <= (rule.until or date.max)
        and all(day < first or day > last for first, last in rule.off)
        and (rule.dates is None or day in rule.dates)
    )


def check(rule: Rule, first: date, until: date, found: list[Occurrence]) -> None:
    """Every local date once, in order, at the right moment."""
    days = [first + timedelta(days=n) for n in range((until - first).days + 1)]
    wanted = {d: expected(rule, d) for d in days if wished(rule, d)}
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


def plus_a_day(rule: Rule, after: datetime, last: date | None) -> Occurrence | None:
    """The naive way: 24 hours later in UTC."""
    if last is None:
        return next_occurrence(rule, after, last)
    at = after - timedelta(seconds=1) + timedelta(days=1)
    return Occurrence(at, at.astimezone(ZoneInfo(rule.zone)).date())


def without_memory(rule: Rule, after: datetime, _last: date | None) -> Occurrence | None:
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
    assert moment_of(day, minute, zone) == reached(zone, minute, day) == at


def test_a_date_that_a_zone_skipped_has_no_occurrence() -> None:
    rule = Rule(20 * 60, "Pacific/Apia", start=date(2011, 12, 29))
    found = list(run(rule, midnight("Pacific/Apia", date(2011, 12, 29)), date(2012, 1, 1)))
    assert [o.day.day for o in found] == [29, 31, 1]


def test_a_weekly_rule_on_a_skipped_date_waits_a_week() -> None:
    friday = Rule(20 * 60, "Pacific/Apia", days=0b0010000)
    found = next_occurrence(friday, datetime(2011, 12, 26, tzinfo=UTC))
    assert found is not None
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
    assert found is not None
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
    found = next_occurrence(Rule(minute, zone), after, last)
    assert found is not None
    assert found.day > last


def test_a_rule_must_name_a_time_and_a_day() -> None:
    for minute in (-1, 1440):
        with pytest.raises(ValueError, match="no minute"):
            Rule(minute, "UTC")
    for days in (0, 128, -1):
        with pytest.raises(ValueError, match="no day"):
            Rule(0, "UTC", days)
    with pytest.raises(ValueError, match="cannot start"):
        Rule(0, "UTC", day_start=1440)


# ------------------------------------------------------------ times off, ends, chosen dates, and night owls

ahead = st.integers(0, 40).map(lambda n: timedelta(days=n))


@st.composite
def rules(draw: st.DrawFn, first: date | None = None) -> Rule:
    """Any rule that begins at a date, with all that may silence it in the forty days after."""
    begin = first or draw(dates)
    ranges = st.tuples(ahead, ahead).map(lambda pair: (begin + min(pair), begin + max(pair)))
    open_end = ahead.map(lambda later: (begin + later, date.max))
    return Rule(
        minute=draw(minutes | st.sampled_from((0, 150, 1439))),
        zone=draw(zones),
        days=draw(st.just(EVERY_DAY) | st.integers(1, EVERY_DAY)),
        start=begin,
        until=draw(st.none() | ahead.map(lambda later: begin + later)),
        day_start=draw(st.sampled_from((0, 240)) | st.integers(0, 12 * 60)),
        off=tuple(draw(st.lists(ranges, max_size=3) | st.tuples(ranges, open_end))),
        dates=draw(st.none() | st.frozensets(ahead, max_size=6).map(lambda some: tuple(begin + n for n in some))),
    )


@given(rules())
@settings(max_examples=300)
def test_forty_days_of_any_rule_hold_its_dates_and_no_other(rule: Rule) -> None:
    assert rule.start is not None
    until = rule.start + timedelta(days=42)
    check(rule, rule.start, until, list(run(rule, midnight(rule.zone, rule.start), until)))


@pytest.mark.parametrize("zone", ODD_ZONES)
def test_a_night_owl_misses_nothing_when_the_clocks_change(zone: str) -> None:
    for change in changes(zone):
        first = change.astimezone(ZoneInfo(zone)).date() - timedelta(days=2)
        until = first + timedelta(days=5)
        for minute in (0, 30, 90, 150, 239, 240, 1410):
            rule = Rule(minute, zone, start=first, day_start=240)
            check(rule, first, until, list(run(rule, midnight(zone, first), until)))


@given(rules(), st.lists(st.integers(1, 90), min_size=1, max_size=20), ahead)
@settings(max_examples=100)
def test_it_does_not_matter_how_often_one_asks(rule: Rule, steps: list[int], ahead: timedelta) -> None:
    """Asked at any moments, the answer is always the first that is later: one sequence, whatever the tick does."""
    assert rule.start is not None
    after, last = midnight(rule.zone, rule.start), rule.start + ahead
    left = list(run(rule, after, rule.start + timedelta(days=12)))
    later = [occurrence for occurrence in left if occurrence.day > last]
    for step in itertools.cycle(steps):
        left, later = ([o for o in some if o.at > after] for some in (left, later))
        if not left:
            break
        assert next_occurrence(rule, after) == left[0]
        if later:
            assert next_occurrence(rule, after, last) == later[0]
        after += timedelta(minutes=step)


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        (Rule(1200, "UTC", until=date(2026, 11, 20)), "2026-11-20 20:00"),
        (Rule(1200, "UTC", days=0b1, until=date(2026, 11, 20)), "2026-11-16 20:00"),
        (Rule(1200, "UTC", dates=(date(2026, 11, 20), date(2026, 11, 1))), "2026-11-20 20:00"),
        (Rule(1200, "UTC", dates=()), "2026-11-20 20:00"),
        (Rule(1200, "UTC", off=((date(2026, 11, 20), date.max),)), "2026-11-19 20:00"),
        (
            Rule(1200, "UTC", until=date(2026, 11, 25), off=((date(2026, 11, 20), date(2026, 11, 25)),)),
            "2026-11-19 20:00",
        ),
        (Rule(1200, "UTC", start=date(2026, 12, 1), until=date(2026, 11, 25)), "2026-11-19 20:00"),
    ],
)
def test_a_rule_may_be_over(rule: Rule, after: str) -> None:
    assert next_occurrence(rule, datetime.fromisoformat(after).replace(tzinfo=UTC)) is None


class Counted(tuple[tuple[date, date], ...]):
    """Times off that count how often they were gone through."""

    looks = 0

    def __iter__(self) -> Iterator[tuple[date, date]]:
        Counted.looks += 1
        return super().__iter__()


def test_a_long_time_off_is_jumped_over() -> None:
    off = Counted(((date(2026, 11, 20), date(2999, 12, 31)), (date(2999, 12, 30), date(8999, 12, 31))))
    found = next_occurrence(Rule(1200, "UTC", off=off), datetime(2026, 11, 19, 21, tzinfo=UTC))
    assert found == Occurrence(datetime(9000, 1, 1, 20, tzinfo=UTC), date(9000, 1, 1))
    assert Counted.looks < 10


@pytest.mark.parametrize(
    ("minute", "day_start", "utc"),
    [
        (60, 240, "2026-11-20 19:30"),  # Saturday 01:00 in Kolkata is still Friday
        (60, 0, "2026-11-19 19:30"),
        (239, 240, "2026-11-20 22:29"),
        (240, 240, "2026-11-19 22:30"),
        (1200, 240, "2026-11-20 14:30"),
    ],
)
def test_before_the_day_starts_it_is_still_the_day_before(minute: int, day_start: int, utc: str) -> None:
    friday = date(2026, 11, 20)
    rule = Rule(minute, "Asia/Kolkata", days=0b0010000, day_start=day_start)
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert moment(rule, friday) == at
    assert next_occurrence(rule, datetime(2026, 11, 17, tzinfo=UTC)) == Occurrence(at, friday)


def test_a_night_owls_date_that_was_skipped() -> None:
    """29 December was lived in Samoa, and its small hours came when the 31st began; the 30th was not."""
    rule = Rule(60, "Pacific/Apia", start=date(2011, 12, 28), day_start=240)
    found = list(run(rule, midnight(rule.zone, date(2011, 12, 28)), date(2011, 12, 31)))
    local = [(o.day.day, f"{o.at.astimezone(ZoneInfo(rule.zone)):%d %H:%M}") for o in found]
    assert local == [(28, "29 01:00"), (29, "31 00:00"), (31, "01 01:00")]


# ------------------------------------------------------------ edits, trips and times off planned on the way


Edit = tuple[timedelta | int, Rule]
"""What the rule becomes, a while after the edit before, or so many minutes after the moment it would have fired."""


@st.composite
def stories(draw: st.DrawFn) -> tuple[Rule, list[Edit]]:
    """A rule and its edits, many of them close to the moment it fires: at that second too, and half a second later."""
    first = draw(rules())
    later = st.integers(0, 3 * 24 * 120).map(lambda n: timedelta(seconds=30 * n)) | st.just(timedelta(seconds=0.5))
    when = later | st.sampled_from((-1, 0, 1)) | st.integers(-90, 90)
    return first, draw(st.lists(st.tuples(when, rules(first.start)), max_size=8))


Force = list[tuple[datetime, Rule]]
"""From when on each rule decided; the last moment is the end of the story."""


def live(first: Rule, edits: list[Edit]) -> tuple[list[Occurrence], Force]:
    """Live through a story as the bot does: claim a second late, and look anew at each edit."""
    assert first.start is not None
    last: date | None = None
    rule, since = first, midnight(first.zone, first.start)
    due = next_occurrence(rule, since)
    claimed, force = [], [(since, rule)]
    for when, edited in [*edits, (timedelta(days=30), first)]:
        if isinstance(when, timedelta):
            since += when
        elif due is not None:
            since = max(since, due.at + timedelta(minutes=when))
        while due is not None and due.at + timedelta(seconds=1) <= since:
            claimed.append(due)
            last = due.day
            due = next_occurrence(rule, due.at + timedelta(seconds=1), last)
        rule = edited
        force.append((min(since, due.at) if due else since, rule))
        due = next_occurrence(rule, looks_from(since, due.at if due else None), last)
    return claimed, force


def asked(force: Force) -> list[Occurrence]:
    """What should have been asked, by the definition: a rule's moments while it was in force, each date once."""
    found: list[Occurrence] = []
    for (since, rule), (until, _) in itertools.pairwise(force):
        for n in range(-3, (until - since).days + 4):
            day = since.date() + timedelta(days=n)
            if not wished(rule, day) or (found and day <= found[-1].day):
                continue
            at = expected(rule, day)
            if at is not None and since <= at < until:
                found.append(Occurrence(at, day))
    return found


@given(stories())
@settings(max_examples=300)
def test_through_edits_and_trips_each_date_is_asked_for_once(story: tuple[Rule, list[Edit]]) -> None:
    claimed, force = live(*story)
    assert all(earlier.day < later.day and earlier.at < later.at for earlier, later in itertools.pairwise(claimed))
    assert claimed == asked(force)


EVENING = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
"""20:00 in Kolkata on Friday, 20 November."""

FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)


@pytest.mark.parametrize(
    ("edited", "minute", "local"),
    [
        (-60, 19 * 60, "21 19:00"),  # the new time has passed today: tomorrow
        (-60, 20 * 60 + 15, "20 20:15"),
        (-60, 20 * 60, "20 20:00"),
        (0, 20 * 60, "20 20:00"),  # another wish was changed in that second, before it was claimed
        (0.5, 20 * 60, "20 20:00"),
        (0.5, 21 * 60, "20 21:00"),
        (0.5, 19 * 60, "21 19:00"),
        (60, 21 * 60, "21 21:00"),  # today's has been
        (60, 20 * 60, "21 20:00"),
        (60, 19 * 60, "21 19:00"),
    ],
)
def test_an_edit_a_minute_before_it_fires_or_after(edited: float, minute: int, local: str) -> None:
    now = EVENING + timedelta(seconds=edited)
    due_at, last = (EVENING, FRIDAY - timedelta(days=1)) if edited < 1 else (EVENING + timedelta(days=1), FRIDAY)
    found = next_occurrence(Rule(minute, "Asia/Kolkata"), looks_from(now, due_at), last)
    assert found is not None
    assert f"{found.at.astimezone(ZoneInfo('Asia/Kolkata')):%d %H:%M}" == local


def test_what_is_due_this_second_goes_when_its_date_is_off_now() -> None:
    """A rest from today, told in the second the question was due: it is not asked."""
    rule = Rule(1200, "Asia/Kolkata", off=((FRIDAY, SATURDAY),))
    found = next_occurrence(rule, looks_from(EVENING, EVENING), FRIDAY - timedelta(days=1))
    assert found == Occurrence(EVENING + timedelta(days=2), FRIDAY + timedelta(days=2))


@pytest.mark.parametrize(
    ("now", "there", "last", "local"),
    [
        # Asked for the 20th in Kolkata at 20:00; in California the 20th begins anew and is not asked for again.
        ("2026-11-20 15:00", "America/Los_Angeles", 20, "21 20:00"),
        # Asked for the 19th; the evening of the 20th is still to come there.
        ("2026-11-20 13:00", "America/Los_Angeles", 19, "20 20:00"),
        # 19:00 on the 20th in California is 08:30 on the 21st in Kolkata: the evening of the 20th was nowhere.
        ("2026-11-21 03:00", "Asia/Kolkata", 19, "21 20:00"),
        # Over the date line to the west: from the 20th into the 21st.
        ("2026-11-20 22:00", "Pacific/Auckland", 19, "21 20:00"),
        # Over it to the east: the 21st comes twice, and is asked for once.
        ("2026-11-21 08:00", "Pacific/Honolulu", 21, "22 20:00"),
        ("2026-11-21 06:00", "Pacific/Honolulu", 20, "21 20:00"),
        # As far as one can get: 26 hours.
        ("2026-11-20 10:30", "Pacific/Niue", 21, "22 20:00"),
        ("2026-11-20 10:30", "Pacific/Kiritimati", 18, "21 20:00"),
    ],
)
def test_a_trip_asks_for_no_date_twice_and_for_each_evening_that_comes(
    now: str, there: str, last: int, local: str
) -> None:
    found = next_occurrence(Rule(1200, there), datetime.fromisoformat(now).replace(tzinfo=UTC), date(2026, 11, last))
    assert found is not None
    assert f"{found.at.astimezone(ZoneInfo(there)):%d %H:%M}" == local


def test_every_zone_is_read_from_disk_once() -> None:
    """`ZoneInfo` keeps eight; a claim for members all over the world would read a file for each of them."""
    clock.cache_clear()
    for zone in almanac.all_zones() * 2:
        clock(zone)
    assert clock.cache_info().misses == len(almanac.all_zones())
