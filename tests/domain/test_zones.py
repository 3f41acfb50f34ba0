"""Every zone, every 15 minutes, every transition from 2025 to 2037: no date missed, doubled or at a wrong hour.

The whole with the peers in it: `python -m benchmarks.zones`.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from tests.domain.almanac import (
    FIRST_YEAR,
    LAST_YEAR,
    QUARTERS,
    Schedule,
    Tally,
    Window,
    a_day_later,
    all_zones,
    changes,
    cron,
    rules,
    survey,
    windows,
)

SLICES = 8
"""So that several cores can share the work; each has windows of all years and of all parts of the world."""

BRIEF = 3
"""So many slices are gone through in `make test`; the others in `make soak`."""


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=[pytest.mark.soak] * (part >= BRIEF)) for part in range(SLICES)]
)
def test_a_rule_is_right_around_every_transition_of_every_zone(part: int) -> None:
    where = windows()[part::SLICES]
    tally = survey({"rules": rules}, {"rules"}, where)["rules"]
    assert tally.cases == sum(len(window.zones) * window.days * len(QUARTERS) for window in where)
    assert tally.faults == 0, tally


def test_the_windows_are_all_there_are() -> None:
    """One for each change of each zone, found by the year here and at a stretch there."""
    zones = all_zones()
    assert len(zones) > 590
    seen = Counter(zone for window in windows() for zone in window.zones)
    assert set(seen) == set(zones)
    for zone in zones:
        found = sum(len(changes(zone, year, year)) for year in range(FIRST_YEAR, LAST_YEAR + 1))
        assert seen[zone] == max(found, 1)


@pytest.mark.parametrize("peer", [cron, a_day_later])
def test_the_same_test_fails_with_the_usual_ways_in_our_rules_place(peer: Schedule) -> None:
    """In a sixteenth of the whole, and though it lets them choose for a time that does not exist, or comes twice."""
    tally = survey({"peer": peer}, (), windows()[::16])["peer"]
    assert tally.faults > 0
    assert (tally.missed > 0 and tally.doubled > 0) if peer is cron else tally.wrong > tally.cases // 4, tally


BERLIN = Window("Europe/Berlin", date(2026, 10, 23), ("Europe/Berlin",))


def test_the_walk_finds_what_the_almanac_says() -> None:
    """Berlin, 25 October 2026: 02:30 comes at 00:30 and at 01:30 UTC; on 29 March it does not come."""
    twice = BERLIN.expected()[150][date(2026, 10, 25)]
    assert twice.shown == [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert twice.at == twice.shown[0]
    never = Window("Europe/Berlin", date(2026, 3, 27), ()).expected()[150][date(2026, 3, 29)]
    assert (never.shown, never.at) == ([], datetime(2026, 3, 29, 1, tzinfo=UTC))
    assert [never.allows(datetime(2026, 3, 29, hour, 30, tzinfo=UTC)) for hour in (0, 1, 5)] == [False, True, False]


@pytest.mark.parametrize(
    ("shift", "left_out", "more", "faults"),
    [(0, None, (), (0, 0, 0)), (0, 2, (), (1, 0, 0)), (0, None, (9,), (0, 1, 0)), (1, None, (), (0, 0, 4))],
)
def test_the_judge_knows_each_fault(
    shift: int, left_out: int | None, more: tuple[int, ...], faults: tuple[int, int, int]
) -> None:
    due = BERLIN.expected()[600]
    fired = [one.at.replace(hour=one.at.hour + shift) for n, one in enumerate(due.values()) if n != left_out]
    fired += [fired[0].replace(minute=minute) for minute in more]
    tally = Tally()
    tally.judge(BERLIN, 600, due, fired, strict=True)
    assert (tally.missed, tally.doubled, tally.wrong) == faults
