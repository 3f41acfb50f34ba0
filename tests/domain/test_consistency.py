"""Laws of the streak: kind to an open day, fair to a day off, and never longer than what was studied."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.consistency import stands_until, streak
from bot.domain.occurrence import EVERY_DAY

TODAY = date(2026, 11, 20)
"""A Friday."""

DAY = timedelta(days=1)
dates = st.integers(-60, 5).map(lambda n: TODAY + n * DAY)
studied = st.frozensets(dates, max_size=60)
weeks = st.integers(1, EVERY_DAY)


def back(*days: int) -> set[date]:
    return {TODAY - n * DAY for n in days}


@pytest.mark.parametrize(
    ("days", "mask", "length"),
    [
        (back(), EVERY_DAY, 0),
        (back(0), EVERY_DAY, 1),
        (back(1), EVERY_DAY, 1),  # today is still open
        (back(2), EVERY_DAY, 0),
        (back(0, 1, 2), EVERY_DAY, 3),
        (back(1, 2, 4), EVERY_DAY, 2),
        (back(0, -1, -2), EVERY_DAY, 1),  # what lies ahead does not count
        (back(0, 1, 2, 3, 4, 7), 0b0011111, 6),  # the weekend asks for nothing
        (back(0, 1, 4), 0b0011111, 2),  # Wednesday was missed
        (back(0, 7, 14), 0b0010000, 3),  # Fridays only
        (back(0, 3, 7), 0b0010000, 3),  # a Tuesday of one's own accord counts too
        (back(0, 14), 0b0010000, 1),  # a Friday was missed
    ],
)
def test_known_streaks(days: set[date], mask: int, length: int) -> None:
    assert streak(days, TODAY, mask) == length


@given(studied, weeks)
def test_the_days_counted_are_the_last_ones_studied(days: frozenset[date], mask: int) -> None:
    length = streak(days, TODAY, mask)
    past = sorted((day for day in days if day <= TODAY), reverse=True)
    assert 0 <= length <= len(past)
    if length:
        run = set(past[:length])
        gap = (past[length - 1] + n * DAY for n in range((TODAY - past[length - 1]).days))
        assert all(day in run or not mask >> day.weekday() & 1 for day in gap)


@given(studied, weeks)
def test_the_day_before_a_streak_was_missed(days: frozenset[date], mask: int) -> None:
    length = streak(days, TODAY, mask)
    past = sorted((day for day in days if day <= TODAY), reverse=True)
    if length < len(past):
        newest = past[length - 1] if length else TODAY
        between = [past[length] + n * DAY for n in range(1, (newest - past[length]).days)]
        between += [] if length else [TODAY - DAY] if past[length] < TODAY - DAY else []
        assert any(mask >> day.weekday() & 1 for day in between)


@given(studied, weeks, dates)
def test_studying_never_shortens_it(days: frozenset[date], mask: int, more: date) -> None:
    assert streak(days | {more}, TODAY, mask) >= streak(days, TODAY, mask)


@given(studied, weeks)
def test_today_adds_one_and_does_not_break_it(days: frozenset[date], mask: int) -> None:
    before = streak(days - {TODAY}, TODAY, mask)
    assert streak(days | {TODAY}, TODAY, mask) == before + 1


@given(studied, weeks, weeks)
def test_fewer_days_of_duty_never_shorten_it(days: frozenset[date], mask: int, other: int) -> None:
    assert streak(days, TODAY, mask & other or mask) >= streak(days, TODAY, mask)


@given(studied, weeks)
def test_tomorrow_it_is_the_same_unless_today_was_missed(days: frozenset[date], mask: int) -> None:
    days -= {day for day in days if day > TODAY}
    now, tomorrow = streak(days, TODAY, mask), streak(days, TODAY + DAY, mask)
    missed = TODAY not in days and mask >> TODAY.weekday() & 1
    assert tomorrow == (0 if missed else now)


ranges = st.lists(st.tuples(dates, dates).map(lambda pair: (min(pair), max(pair))), max_size=3)


@pytest.mark.parametrize(
    ("days", "off", "length"),
    [
        (back(0, 1, 5, 6), [(2, 4)], 4),  # three days of rest in between
        (back(0, 1, 3, 5, 6), [(2, 4)], 5),  # studied in the rest all the same
        (back(0, 1, 6), [(2, 4)], 2),  # the day before the rest was missed
        (back(3, 4), [(0, 2)], 2),  # resting today
        (back(3, 4), [(1, 2)], 2),
        (back(4, 5), [(1, 2)], 0),  # the day before the rest was missed
        (back(9, 10), [(0, 3), (4, 8)], 2),  # a pause, then a rest
    ],
)
def test_time_off_neither_breaks_a_streak_nor_is_needed_for_it(
    days: set[date], off: list[tuple[int, int]], length: int
) -> None:
    assert streak(days, TODAY, off=[(TODAY - last * DAY, TODAY - first * DAY) for first, last in off]) == length


def test_a_pause_without_an_end_keeps_it() -> None:
    assert streak(back(30, 31), TODAY, off=[(TODAY - 29 * DAY, date.max)]) == 2


@given(studied, weeks, ranges, ranges)
def test_more_time_off_never_shortens_it(
    days: frozenset[date], mask: int, off: list[tuple[date, date]], more: list[tuple[date, date]]
) -> None:
    assert streak(days, TODAY, mask, off + more) >= streak(days, TODAY, mask, off)


@given(studied, st.integers(0, 6), st.integers(1, EVERY_DAY))
def test_a_weekday_off_by_rests_is_as_one_that_is_none_of_theirs(
    days: frozenset[date], weekday: int, mask: int
) -> None:
    rests = [(TODAY + n * DAY,) * 2 for n in range(-70, 10) if (TODAY + n * DAY).weekday() == weekday]
    assert streak(days, TODAY, mask, rests) == streak(days, TODAY, mask & ~(1 << weekday))


@given(studied, weeks, st.integers(0, 40))
def test_a_streak_stands_until_the_next_day_that_needs_another(days: frozenset[date], mask: int, rest: int) -> None:
    """The same as looking at each day after: it goes on being what it was, and on the day after that it is none."""
    if not days:
        return
    last = max(days)
    off = [(last + 2 * DAY, last + rest * DAY)]
    until = stands_until(last, mask, off)
    for day in range((until - last).days + 1):
        assert streak(days, last + day * DAY, mask, off) == streak(days, last, mask, off)
    assert streak(days, until + DAY, mask, off) == 0


def test_in_a_pause_without_an_end_a_streak_stands_for_ever() -> None:
    assert stands_until(TODAY, off=[(TODAY + DAY, date.max)]) == date.max
