"""Reminders as values: when what was wished for is next due, what silences it, and what it waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.dates import ON_WISHED_DAYS, AfterSilence, BeforeDeadlines, Circumstances, Dates
from bot.domain.member import Quiet, local_day
from bot.domain.occurrence import EVERY_DAY, ONE_DAY, Occurrence, within
from bot.domain.reminder import SHIFT, Reminder

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
"""Friday, 12:00 in Kolkata."""
TODAY = date(2026, 11, 20)
EVENING = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
NOTHING = Circumstances()

ASHA = Reminder(
    id=1,
    kind="study",
    member=7,
    group=None,
    minute=20 * 60,
    days=EVERY_DAY,
    place="dm",
    last_date=None,
    later_at=None,
    later_date=None,
    ignored=0,
    paused_at=None,
    next_due_at=None,
    next_date=None,
    zone="Asia/Kolkata",
)
WARNED = replace(ASHA, dates=BeforeDeadlines((7, 1)))
MISSED = replace(ASHA, dates=AfterSilence(7))

zones = st.sampled_from(["Asia/Kolkata", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin", "UTC"])
minutes = st.integers(0, 1439)
dates = st.dates(date(2026, 1, 1), date(2027, 12, 31))
moments = st.integers(-400 * 24 * 60, 400 * 24 * 60).map(lambda minute: NOON + timedelta(minutes=minute))
stretches = st.tuples(dates, st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + timedelta(days=pair[1])))


@st.composite
def reminders(draw: st.DrawFn) -> Reminder:
    """A wish, and where it stands."""
    comes: tuple[Dates, ...] = (ON_WISHED_DAYS, BeforeDeadlines((30, 7, 1)), AfterSilence(7))
    start, end = draw(st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]))
    return replace(
        ASHA,
        minute=draw(minutes),
        days=draw(st.integers(1, EVERY_DAY)),
        zone=draw(zones),
        day_start=draw(st.sampled_from([0, 120, 360])),
        quiet=draw(st.sampled_from([None, Quiet(start, end)])),
        pause=draw(st.none() | stretches),
        dates=draw(st.sampled_from(comes)),
    )


@st.composite
def surroundings(draw: st.DrawFn) -> Circumstances:
    """What else decides about it."""
    return Circumstances(
        days_off={7: tuple(draw(st.lists(stretches, max_size=4)))},
        deadlines={7: tuple(draw(st.lists(dates, max_size=3)))},
        last_heard={7: draw(moments)},
    )


# ---------------------------------------------------------------- laws


@given(reminders(), surroundings(), moments)
def test_a_date_comes_once_and_later_than_the_one_before(
    reminder: Reminder, circumstances: Circumstances, now: datetime
) -> None:
    after, last, seen = now, None, []
    for _ in range(5):
        due = reminder.next(circumstances, after, last)
        if due is None:
            break
        assert due.at > after
        assert last is None or due.day > last
        seen.append(due.day)
        after, last = due.at, due.day
    assert sorted(set(seen)) == seen


@given(reminders(), surroundings(), moments)
def test_nothing_is_said_on_days_off_in_a_pause_or_in_quiet_hours(
    reminder: Reminder, circumstances: Circumstances, now: datetime
) -> None:
    due = reminder.next(circumstances, now, None)
    assume(due is not None)
    assert due is not None
    assert not within(due.day, circumstances.days_off[7])
    assert reminder.pause is None or not within(due.day, [reminder.pause])
    assert reminder.quiet is None or not reminder.quiet.covers(reminder.time)


@given(reminders(), surroundings(), moments)
def test_what_is_off_or_has_stopped_is_never_due(
    reminder: Reminder, circumstances: Circumstances, now: datetime
) -> None:
    assert replace(reminder, place="off").next(circumstances, now, None) is None
    assert replace(reminder, paused_at=now).next(circumstances, now, None) is None


@given(reminders(), surroundings(), moments)
def test_what_was_found_due_is_due_at_that_moment_as_long_as_nothing_changed(
    reminder: Reminder, circumstances: Circumstances, now: datetime
) -> None:
    due = reminder.next(circumstances, now, None)
    assume(due is not None)
    assert due is not None
    found = replace(reminder, next_due_at=due.at, next_date=due.day)
    assert found.found_due(found.rule(circumstances, None), circumstances) == due


@given(reminders(), surroundings(), moments, st.integers(1, int(SHIFT.total_seconds()) - 60))
def test_under_other_rules_for_its_zone_it_is_due_at_its_right_moment(
    reminder: Reminder, circumstances: Circumstances, now: datetime, wrong: int
) -> None:
    due = reminder.next(circumstances, now, None)
    assume(due is not None)
    assert due is not None
    stale = replace(reminder, next_due_at=due.at + timedelta(seconds=wrong), next_date=due.day)
    assert stale.found_due(stale.rule(circumstances, None), circumstances) == due


@given(reminders(), surroundings(), moments)
def test_an_edit_loses_nothing_that_is_due_and_not_claimed(
    reminder: Reminder, circumstances: Circumstances, now: datetime
) -> None:
    due = reminder.next(circumstances, now, None)
    assume(due is not None)
    assert due is not None
    waiting = replace(reminder, next_due_at=due.at, next_date=due.day)
    assert waiting.anew(due.at + timedelta(hours=1), None, circumstances) == due


@given(surroundings(), moments, zones)
def test_before_a_deadline_it_comes_on_those_days_alone(circumstances: Circumstances, now: datetime, zone: str) -> None:
    due = replace(WARNED, zone=zone).next(circumstances, now, None)
    ahead = {deadline - timedelta(days=n) for deadline in circumstances.deadlines[7] for n in (7, 1)}
    assert due is None or due.day in ahead


@given(surroundings(), moments, zones)
def test_after_a_silence_it_comes_no_earlier_than_that_silence_is_long(
    circumstances: Circumstances, now: datetime, zone: str
) -> None:
    reminder = replace(MISSED, zone=zone)
    due = reminder.next(circumstances, now, None)
    assert due is not None
    spoke = local_day(circumstances.last_heard[7], zone)
    assert due.day >= spoke + 7 * ONE_DAY
    # Said once, it is not said again before they have come back.
    told = due.day + 2 * ONE_DAY
    assert spoke < told - ONE_DAY
    assert reminder.next(circumstances, due.at, told) is None


# ---------------------------------------------------------------- cases


def test_today_at_its_time_and_then_tomorrow() -> None:
    assert ASHA.next(NOTHING, NOON, None) == Occurrence(EVENING, TODAY)
    assert ASHA.next(NOTHING, EVENING, TODAY) == Occurrence(EVENING + ONE_DAY, TODAY + ONE_DAY)
    assert ASHA.next(NOTHING, NOON, TODAY) == Occurrence(EVENING + ONE_DAY, TODAY + ONE_DAY), "a date comes once"


def test_days_off_of_a_group_are_nobodys() -> None:
    post = replace(ASHA, member=None, group=3, pause=None)
    away = Circumstances(days_off={7: ((TODAY, TODAY),)})
    assert post.off(away) == ()
    assert post.next(away, NOON, None) == Occurrence(EVENING, TODAY)
    assert ASHA.next(away, NOON, None) == Occurrence(EVENING + ONE_DAY, TODAY + ONE_DAY)


def test_a_pause_without_an_end_has_no_next_moment() -> None:
    assert replace(ASHA, pause=(TODAY, date.max)).next(NOTHING, NOON, None) is None
    over = replace(ASHA, pause=(TODAY, TODAY + 2 * ONE_DAY))
    assert over.next(NOTHING, NOON, None) == Occurrence(EVENING + 3 * ONE_DAY, TODAY + 3 * ONE_DAY)


LATER = replace(ASHA, later_at=EVENING + timedelta(hours=3), later_date=TODAY, last_date=TODAY)
AGAIN = Occurrence(EVENING + timedelta(hours=3), TODAY)


def test_asked_later_it_comes_once_more_for_the_same_date() -> None:
    assert LATER.next(NOTHING, EVENING, TODAY) == AGAIN
    assert LATER.next(NOTHING, AGAIN.at, TODAY + ONE_DAY) == Occurrence(EVENING + 2 * ONE_DAY, TODAY + 2 * ONE_DAY)


def test_asked_later_on_a_day_off_it_moves_to_the_first_day_after() -> None:
    away = Circumstances(days_off={7: ((TODAY, TODAY),)})
    assert LATER.next(away, EVENING, TODAY) == Occurrence(EVENING + ONE_DAY, TODAY + ONE_DAY)


def test_a_later_moment_that_passed_gives_the_date_its_own_time_back() -> None:
    early = replace(LATER, later_at=NOON)
    assert early.next(NOTHING, NOON, TODAY) == Occurrence(EVENING, TODAY)


def test_a_silence_that_was_announced_does_not_count() -> None:
    spoke = Circumstances(last_heard={7: NOON})
    week = Occurrence(EVENING + 7 * ONE_DAY, TODAY + 7 * ONE_DAY)
    assert MISSED.next(spoke, NOON, None) == week
    away = replace(spoke, days_off={7: ((TODAY + 3 * ONE_DAY, TODAY + 10 * ONE_DAY),)})
    assert MISSED.next(away, NOON, None) == Occurrence(EVENING + 17 * ONE_DAY, TODAY + 17 * ONE_DAY)
    after = replace(spoke, days_off={7: ((TODAY + 9 * ONE_DAY, TODAY + 10 * ONE_DAY),)})
    assert MISSED.next(after, NOON, None) == week, "it had been a silence before they were off"
    assert replace(MISSED, pause=(TODAY, date.max)).next(spoke, NOON, None) is None


def test_who_has_never_spoken_is_not_missed() -> None:
    assert MISSED.next(NOTHING, NOON, None) is None


@pytest.mark.parametrize(
    ("quiet", "day_start", "time"),
    [(None, 0, 1200), (Quiet(1260, 420), 0, 1200), (Quiet(1170, 420), 0, 1169), (Quiet(1140, 1230), 0, 1230)],
)
def test_quiet_hours_move_it_to_their_nearer_edge(quiet: Quiet | None, day_start: int, time: int) -> None:
    assert replace(ASHA, quiet=quiet, day_start=day_start).time == time
