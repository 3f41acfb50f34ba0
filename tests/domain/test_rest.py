"""Days off: stretches that touch are one, and a pause is a stretch that may have no end."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.occurrence import ONE_DAY, Range, within
from bot.domain.rest import Rest, joined_ranges, paused_range

TODAY = date(2026, 11, 20)
offsets = st.tuples(st.integers(0, 60), st.integers(0, 12))
days = offsets.map(lambda pair: (TODAY + pair[0] * ONE_DAY, TODAY + (pair[0] + pair[1]) * ONE_DAY))


def rests(stretches: list[Range]) -> list[Rest]:
    """Days off with their rows' ids."""
    return [Rest(id, first, last) for id, (first, last) in enumerate(stretches, start=1)]


def dates(stretches: list[Rest]) -> set[date]:
    """Every date of some days off."""
    return {
        first + n * ONE_DAY for first, last in (rest.days for rest in stretches) for n in range((last - first).days + 1)
    }


@given(st.lists(days, max_size=8))
def test_joined_days_off_are_the_same_dates_in_stretches_apart(stretches: list[Range]) -> None:
    found = joined_ranges(rests(stretches))
    assert dates(found) == dates(rests(stretches))
    assert all(one.last + ONE_DAY < other.first for one, other in pairwise(found))
    assert joined_ranges(found) == found
    assert {rest.id for rest in found} <= {rest.id for rest in rests(stretches)}


@given(days, days)
def test_what_touches_would_be_one(one: Range, other: Range) -> None:
    first, second = rests([one, other])
    assert first.touches(other) == second.touches(one) == (len(joined_ranges([first, second])) == 1)
    assert first.covers(other) == (dates([second]) <= dates([first]))


@given(st.integers(0, 400))
def test_a_pause_ends_before_its_date_or_never(length: int) -> None:
    until = TODAY + timedelta(days=length)
    stretch = paused_range(TODAY, until)
    assert within(TODAY, [stretch]) == (length > 0)
    assert not within(until, [stretch])
    assert within(until, [paused_range(TODAY, None)])
