"""Time in tests: how long they wait for what must come, and all that they may say about how long something took.

A busy machine makes everything take longer, and nothing shorter. So a test may say that something did not come too
early, and never that it came soon enough: what that would guard is counted (`tests/fakes/calls.py`), or compared with
the same for less, or measured in `benchmarks/`. `tests/test_house.py` holds us to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import thread_time
from timeit import repeat

PATIENCE = 60.0
"""Seconds to wait for what must come, on the busiest machine; who waits goes on as soon as it comes."""

PAUSE = 0.01
"""Seconds between two looks at what tells nobody that it changes."""

LINEAR = 9.0
"""How many times the CPU time four times as much may take: 4 is exact, a loop in a loop makes it 16."""

TRIES = 5
"""The quickest of so many is taken: what else a machine does makes some slower, and none quicker."""


def passed(seconds: float, since: float, until: float) -> bool:
    """Whether so many seconds at the least lie between two moments: a limit was kept, something was waited for."""
    return until - since >= seconds


def grows(work: Callable[[int], object], size: int) -> float:
    """How many times as much CPU time the work of four times the size takes, both measured here and now."""
    few, many = (
        min(repeat(partial(work, number), timer=thread_time, number=1, repeat=TRIES)) for number in (size, 4 * size)
    )
    return many / few


async def until(condition: Callable[[], object], what: str | Callable[[], object]) -> None:
    """Wait for something that nobody tells of; `what` is missing when it does not come."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        raise TimeoutError(f"{PATIENCE:g} s passed without {what() if callable(what) else what}") from None
