"""How long the test's own event loop stood still: what it measured meanwhile is that much off."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

GLANCE = 0.005
HARMLESS = 0.03
"""Seconds for which our pace leaves room."""


@dataclass
class Stalls:
    """The longest standstill and all of them together, in seconds."""

    worst: float = 0.0
    total: float = 0.0

    def more(self, rate: float) -> int:
        """How many more messages than allowed a second may seem to hold, at so many a second."""
        return 0 if self.worst < HARMLESS else math.ceil(self.worst * rate)


@asynccontextmanager
async def stalls() -> AsyncIterator[Stalls]:
    """Measure inside: machines that run tests are busy."""
    found, loop = Stalls(), asyncio.get_running_loop()

    async def look() -> None:
        while True:
            slept = loop.time()
            await asyncio.sleep(GLANCE)
            late = loop.time() - slept - GLANCE
            found.worst, found.total = max(found.worst, late), found.total + late

    looking = asyncio.create_task(look())
    try:
        yield found
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
