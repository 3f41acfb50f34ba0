"""One story from beginning to end: lived through, judged, and made as short as it can be when it went wrong."""

from __future__ import annotations

import gc
from collections.abc import Callable

from tests.simulation.checker import check
from tests.simulation.database import Disk
from tests.simulation.process import Passing, Prepared, Trace, live
from tests.simulation.shrinking import shrink
from tests.simulation.story import DAY, Story
from tests.simulation.writing import write

YEAR = 365.25 * DAY

SHARD_MEMBERS = 50
SHARD_YEARS = 0.5
"""A story of so many members and years is one shard: short enough to be told anew many times while it shrinks."""


def judge(
    story: Story, disk: Disk, prepare: Prepared | None = None, passing: Passing | None = None
) -> tuple[Trace, list[str]]:
    """Live through a story; what happened, and what went wrong in it."""
    # Nothing that a story makes is garbage before its end, and looking for it takes a tenth of the time.
    gc.disable()
    try:
        trace = live(story, disk, prepare, passing)
        return trace, check(trace)
    finally:
        gc.enable()


def nature(problem: str) -> str:
    """What kind of problem it is: `doubled`, `lost`."""
    return problem.partition(":")[0][:24]


def shortest(
    story: Story,
    disk: Disk,
    problem: str,
    prepare: Prepared | None = None,
    tried: Callable[[Story], None] | None = None,
) -> tuple[Story, list[str]]:
    """The shortest story that goes wrong in the same way, and how."""

    def fails(smaller: Story) -> bool:
        return any(nature(found) == nature(problem) for found in judge(smaller, disk, prepare)[1])

    small = shrink(story, fails, tried or (lambda _story: None))
    return small, judge(small, disk, prepare)[1]


def shards(seed: int, members: int, years: float, faults: float) -> list[Story]:
    """Stories that have so many members and years between them, from one seed."""
    stories: list[Story] = []
    left = members * years
    while left > 0.01:
        people = min(members, SHARD_MEMBERS)
        span = min(SHARD_YEARS, left / people)
        stories.append(write(seed * 1000 + len(stories), people, span * YEAR / DAY, faults))
        left -= people * span
    return stories


def member_years(story: Story) -> float:
    """How many years a story's members live through between them."""
    return round(len(story.people) * story.end / YEAR, 1)
