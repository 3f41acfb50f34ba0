"""What the bot says unasked: which occurrence is due, to whom, and which card it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from bot.cards import Card
from bot.delivery import Hushed
from bot.domain.roadmap import Roadmap
from bot.messages.claiming import claim_due
from bot.messages.composing import Composing
from bot.store import Store, schedule
from bot.store.outbox import Delivery

__all__ = ["Messages"]


class Messages:
    """Turns due rules into deliveries, and deliveries into cards."""

    def __init__(self, store: Store, roadmaps: Callable[[], Mapping[str, Roadmap]]) -> None:
        self.store = store
        self._composing = Composing(store, roadmaps)

    async def claim(self, now: datetime) -> int:
        """Queue some of the occurrences that are due and advance their rules, in one transaction; how many.

        Who calls it until there are none left has claimed all; between two batches others get to write.
        """
        async with self.store.reading() as db:
            if not await schedule.any_due(db, now):
                return 0
        return await self.store.write(partial(claim_due, now=now))

    async def compose(self, delivery: Delivery, now: datetime) -> Card | Hushed | None:
        """The card of a delivery as things stand now; None when it has become moot."""
        return await self._composing.card(delivery, now)
