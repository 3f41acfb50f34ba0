"""A million members on SQLite: the claim beside raw `sqlite3`, what grows with their number, and the usual ways.

SOAK_MEMBERS is how many there are. It measures time and wants a machine of its own; `-s` shows the figures.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.claim import (
    BATCHES,
    OURS,
    WHOLE,
    fill,
    growth,
    median,
    peers,
    race,
    ratio,
    show_growth,
    show_peers,
    show_race,
)

MEMBERS = int(os.environ.get("SOAK_MEMBERS", "100000"))
ROUNDS, RUNS, JOBS = 15, 11, 10_000

MOST = 2.0
"""Times as long as the same rows by hand."""

MORE_MB = 10
SAME = 1.2
"""What two medians of the same thing may differ by."""


@pytest.mark.soak
@pytest.mark.timeout(600 + MEMBERS / 1000)
async def test_an_evening_of_a_million(tmp_path: Path) -> None:
    paths = await fill(tmp_path, MEMBERS)
    taken = await race(paths[MEMBERS], ROUNDS)
    show_race(MEMBERS, taken)
    sizes = growth(paths, RUNS, tmp_path)
    show_growth(sizes)
    others = peers(JOBS, tmp_path)
    show_peers(JOBS, others)

    for other in (BATCHES, WHOLE):
        beside = ratio(taken, other)
        assert beside.wall <= MOST, other
        assert beside.cpu <= MOST, other
    least, before, most = (sizes[members] for members in sorted(sizes))
    assert most.tick <= SAME * least.tick
    assert most.peak - before.peak < MORE_MB
    # What a start pays for their number is less than what the evening's claim takes.
    assert most.first - least.first <= median(taken[OURS]).wall
    # A job a member costs memory for every member.
    more = (most.peak - before.peak) / (MEMBERS - MEMBERS // 10)
    assert all(one.memory / JOBS > more for one in others.values())
