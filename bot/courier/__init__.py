"""The courier, which sends what is queued in the outbox.

Each message leaves once, and what became of it is written down.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card
from bot.courier.outcomes import Outcomes
from bot.courier.rounds import COMPOSED, PAUSE_SECONDS, Right, Round
from bot.delivery import Hushed, Platform
from bot.store import Store, Unavailable, outbox
from bot.store.commits import Commits
from bot.store.outbox import Delivery

__all__ = ["Courier", "Right"]

log = logging.getLogger(__name__)


FIRST = 1
"""The fencing number of who was the first ever to send with a token: nobody did before."""


def _always(_platform: Platform) -> Right:
    return Right(0)


def _unheard(_kind: str, _state: str, _late: float) -> None:
    """Nobody counts."""


async def _unreported(_db: AsyncConnection, _lost: Delivery, _now: datetime) -> bool:
    """Nobody is told."""
    return False


@dataclass
class Courier:
    """Sends what is due. `compose` gives a delivery's card as things stand; None means there is nothing to say.

    `right` says whether this process may send for a platform; `told` hears of each message's kind, state and lateness
    in seconds. `report` queues a word to who leads a group whose post did not get through; True where it did.
    """

    store: Store
    platforms: Mapping[str, Platform]
    compose: Callable[[Delivery, datetime], Awaitable[Card | Hushed | None]]
    clock: Callable[[], datetime]
    right: Callable[[Platform], Right | None] = _always
    told: Callable[[str, str, float], None] = _unheard
    report: Callable[[AsyncConnection, Delivery, datetime], Awaitable[bool]] = _unreported
    commits: Commits = field(init=False)
    _wakes: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    # One round at a time for a platform: two would both find the same rows due.
    _rounds: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _tokens: dict[str, int] = field(default_factory=dict)
    _composing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(COMPOSED))
    _finishing: bool = False

    def __post_init__(self) -> None:
        self.commits = Commits(self.store)

    async def finish(self, seconds: float) -> None:
        """Take nothing more on, and wait so long at the most for what is being sent."""
        self._finishing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for name in self.platforms:
                    async with self._rounds[name]:
                        pass

    def wake(self) -> None:
        """Something was queued: look now."""
        for name in self.platforms:
            self._wakes[name].set()

    async def run(self) -> None:
        """Deliver whenever woken, until cancelled. A fault is logged; the rows keep what is left to do."""
        async with asyncio.TaskGroup() as tasks:
            # A slow platform does not hold up another.
            for platform in self.platforms.values():
                tasks.create_task(self._serve(platform), name=f"courier {platform.name}")

    async def _serve(self, platform: Platform) -> None:
        while True:
            try:
                await self._round(platform)
            except Unavailable:
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:
                log.exception("the courier stumbled")
                await asyncio.sleep(PAUSE_SECONDS)
            await self._wakes[platform.name].wait()
            self._wakes[platform.name].clear()

    async def deliver(self) -> int:
        """Send and edit everything that is due now; how many there were."""
        counts = await asyncio.gather(*map(self._round, self.platforms.values()), return_exceptions=True)
        for count in counts:
            if isinstance(count, BaseException):
                raise count
        return sum(count for count in counts if isinstance(count, int))

    async def _round(self, platform: Platform) -> int:
        async with self._rounds[platform.name]:
            right = self.right(platform)
            if right is None:
                return 0
            if self._tokens.get(platform.name) != right.token:
                await self.commits.write(
                    partial(outbox.take_over, platform=platform.name, token=right.token, now=self.clock())
                )
                self._tokens[platform.name] = right.token
                if right.token > FIRST:
                    platform.resume()
            return await self._now(platform, right).run()

    def _now(self, platform: Platform, right: Right) -> Round:
        return Round(
            store=self.store,
            platform=platform,
            compose=self.compose,
            clock=self.clock,
            right=lambda: self.right(platform),
            token=right.token,
            commits=self.commits,
            outcomes=Outcomes(self.platforms, self.clock, self.told, self.wake, self.report),
            finishing=lambda: self._finishing,
            composing=self._composing,
        )
