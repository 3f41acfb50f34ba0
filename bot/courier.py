"""The outbox at work: each delivery leaves once, and what became of it is written down."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card
from bot.delivery import (
    Address,
    Closed,
    Doubtful,
    Forbidden,
    Gone,
    Later,
    Moved,
    Outcome,
    Platform,
    Rejected,
    Sent,
)
from bot.store import Store, Unavailable, outbox, people
from bot.store.outbox import Delivery

P = ParamSpec("P")

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1
"""How long to wait before a failing database is asked again."""

BATCH = 100
IN_DOUBT_AFTER = timedelta(minutes=2)
"""A send that has not been settled by then was cut off: no platform takes longer to answer."""

RETRY = timedelta(seconds=30)
MOST_ATTEMPTS = 8
"""After that many failures of the platform a message waits no longer; with doubling waits that is over an hour."""


@dataclass
class Courier:
    """Sends what is due. `compose` gives a delivery's card as things stand; None means there is nothing to say."""

    store: Store
    platforms: Mapping[str, Platform]
    compose: Callable[[Delivery], Awaitable[Card | None]]
    clock: Callable[[], datetime]
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    # One round at a time in a process: two would both find the same rows due.
    _round: asyncio.Lock = field(default_factory=asyncio.Lock)
    _finishing: bool = False

    async def finish(self, seconds: float) -> None:
        """Take nothing more on, and wait so long at the most for what is being sent."""
        self._finishing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._round:
                pass

    def wake(self) -> None:
        """Something was queued: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver whenever woken, until cancelled. A fault is logged; the rows keep what is left to do."""
        while True:
            try:
                await self.deliver()
            except Unavailable:
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:
                log.exception("the courier stumbled")
                await asyncio.sleep(PAUSE_SECONDS)
            await self._wake.wait()
            self._wake.clear()

    async def deliver(self) -> int:
        """Send and edit everything that is due now; how many there were."""
        async with self._round:
            return await self._deliver_all()

    async def _deliver_all(self) -> int:
        count = 0
        while True:
            async with self.store.reading() as db:
                due = await outbox.due(db, self.clock(), BATCH, tuple(self.platforms))
            if not due or self._finishing:
                return count
            count += len(due)
            platforms: dict[str, list[Delivery]] = defaultdict(list)
            for delivery in due:
                platforms[delivery.address.platform].append(delivery)
            # A slow platform does not hold up another; all of them have ended when this does, also when cancelled.
            rounds = (self._in_turn(deliveries) for deliveries in platforms.values())
            for fault in await asyncio.gather(*rounds, return_exceptions=True):
                if fault is not None:
                    raise fault

    async def _in_turn(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            if self._finishing:
                return
            await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        now = self.clock()
        platform = self.platforms[delivery.address.platform]
        if delivery.state == "sending" and not platform.capabilities.remembers_key and not delivery.edits:
            return await self._write(self._settle, delivery, "doubtful", "we stopped while it was being sent")
        if now >= delivery.expires_at and not delivery.edits:
            return await self._write(self._settle, delivery, "expired", "too late")
        try:
            card = await self.compose(delivery)
        except Unavailable:
            raise
        except Exception:
            # One card that cannot be made must not keep the others from leaving.
            log.exception("delivery %s could not be composed", delivery.id)
            return await self._write(self._later, delivery, Later(0, "it could not be composed"))
        if card is None:
            return await self._write(self._settle, delivery, "sent" if delivery.edits else "expired", "moot")
        async with self.store.writing() as db:
            mine = await outbox.sending(db, delivery, now, now + IN_DOUBT_AFTER)
        if not mine:
            return None
        outcome = await self._hand_over(platform, delivery, card)
        while True:
            try:
                return await self._write(self._settled, delivery, outcome)
            except Unavailable:
                # It has left: forgotten, it would be said again.
                await asyncio.sleep(PAUSE_SECONDS)

    async def _write(
        self, write: Callable[Concatenate[AsyncConnection, P], Awaitable[None]], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        await self.store.write(lambda db: write(db, *args, **kwargs))

    @staticmethod
    async def _hand_over(platform: Platform, delivery: Delivery, card: Card) -> Outcome:
        try:
            if delivery.message is not None:
                return await platform.edit(delivery.address, delivery.message, card)
            return await platform.send(delivery.address, card, delivery.key)
        except Exception as error:
            # Platforms do not raise for what they were answered; if one does, we do not know how far it came.
            log.exception("delivery %s broke off on %s", delivery.id, platform.name)
            return Doubtful(f"{type(error).__name__} while it was being sent")

    async def _settled(self, db: AsyncConnection, delivery: Delivery, outcome: Outcome) -> None:
        if isinstance(outcome, Sent):
            # An edit leaves the message what it was; a first sending says which it is.
            message = delivery.message or outcome.message
            await outbox.settle(db, delivery, "sent", self.clock(), message=message, reason=None)
        elif isinstance(outcome, Later):
            await self._later(db, delivery, outcome)
        elif isinstance(outcome, Moved):
            await self._moved(db, delivery, outcome.address)
        elif isinstance(outcome, Closed | Gone):
            await self._unreachable(db, delivery, outcome)
        elif isinstance(outcome, Doubtful):
            remembers = self.platforms[delivery.address.platform].capabilities.remembers_key
            if remembers or delivery.edits:
                await self._later(db, delivery, Later(RETRY.total_seconds(), outcome.reason))
            else:
                await self._settle(db, delivery, "doubtful", outcome.reason)
        elif isinstance(outcome, Forbidden | Rejected):
            await self._give_up(db, delivery, outcome.reason)
        else:
            assert_never(outcome)

    async def _moved(self, db: AsyncConnection, delivery: Delivery, new: Address) -> None:
        old = delivery.address
        await people.home_moved(db, old.platform, old.chat, new.chat)
        await outbox.moved(db, old.platform, old.chat, new.chat)
        if delivery.edits or delivery.attempts >= MOST_ATTEMPTS:
            # What was said in the old chat stays there as it was.
            await self._give_up(db, delivery, "the chat moved")
        else:
            await outbox.requeue(db, delivery.id, new.chat, self.clock())

    async def _unreachable(self, db: AsyncConnection, delivery: Delivery, outcome: Closed | Gone) -> None:
        account = delivery.address.account
        if account is not None:
            await people.private_closed(db, delivery.address.platform, account)
        elif not delivery.edits:
            await people.home_gone(db, delivery.address, self.clock())
        await self._give_up(db, delivery, outcome.reason)

    async def _later(self, db: AsyncConnection, delivery: Delivery, outcome: Later) -> None:
        if delivery.attempts + 1 >= MOST_ATTEMPTS and outcome.seconds <= RETRY.total_seconds():
            return await self._give_up(db, delivery, outcome.reason)
        wait = max(outcome.seconds, min(RETRY.total_seconds() * 2**delivery.attempts, 900))
        return await outbox.wait(db, delivery, self.clock() + timedelta(seconds=wait), outcome.reason[:300])

    async def _give_up(self, db: AsyncConnection, delivery: Delivery, reason: str) -> None:
        """A message that cannot be changed stays what it was; one that cannot be sent has failed."""
        await self._settle(db, delivery, "sent" if delivery.edits else "failed", reason)

    async def _settle(self, db: AsyncConnection, delivery: Delivery, state: str, reason: str) -> None:
        log.info("delivery %s: %s (%s)", delivery.id, state, reason)
        await outbox.settle(db, delivery, state, self.clock(), reason=reason[:300])
