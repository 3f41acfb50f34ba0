"""What is said unasked: each kind in a module of its own, its occurrences claimed, its cards composed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from importlib import import_module
from pkgutil import iter_modules

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card
from bot.delivery import Hushed
from bot.domain.kind import KINDS
from bot.domain.roadmap import Roadmap
from bot.messages import trouble
from bot.messages.claiming import claim_due
from bot.messages.composing import Composing
from bot.messages.message import Message
from bot.store import Store, claims
from bot.store.outbox import Delivery

__all__ = ["MESSAGES", "Message", "Messages", "learn"]

MESSAGES: dict[str, Message] = {}
"""Every kind of message by its name."""


def learn(message: Message) -> None:
    """Know a kind of message. Raises ValueError where another bears its name."""
    name = message.kind.name
    if MESSAGES.setdefault(name, message) is not message:
        raise ValueError(f"there is a kind of message called {name} already")
    KINDS[name] = message.kind


# A module of this room that has a MESSAGE is a kind: there is no list to be forgotten.
for _module in iter_modules(__path__):
    if (_found := getattr(import_module(f"{__name__}.{_module.name}"), "MESSAGE", None)) is not None:
        learn(_found)


class Messages:
    """Turns due rules into deliveries, and deliveries into cards."""

    def __init__(self, store: Store, roadmaps: Callable[[], Mapping[str, Roadmap]]) -> None:
        self.store = store
        self._composing = Composing(store, MESSAGES, roadmaps)

    async def claim(self, now: datetime) -> int:
        """Queue some of the occurrences that are due and advance their rules, in one transaction; how many.

        Who calls it until there are none left has claimed all; between two batches others get to write.
        """
        async with self.store.reading() as db:
            if not await claims.any_due(db, now):
                return 0
        return await self.store.write(partial(claim_due, now=now))

    async def compose(self, delivery: Delivery, now: datetime) -> Card | Hushed | None:
        """The card of a delivery as things stand now; None when it has become moot."""
        return await self._composing.card(delivery, now)

    async def report(self, db: AsyncConnection, lost: Delivery, now: datetime) -> bool:
        """A group's post did not get through: tell who set the group up. False where nobody is told."""
        return await trouble.report(db, lost, now)
