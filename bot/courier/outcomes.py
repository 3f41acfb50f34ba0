"""What became of a message: written down with everything that follows from it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.courier.parcels import Parts
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
from bot.domain.kind import KINDS
from bot.domain.reason import MOOT, MOVED
from bot.store import claims, homes, outbox, people
from bot.store.commits import afterwards
from bot.store.outbox import Delivery

log = logging.getLogger(__name__)

RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=5)
"""Waits between tries while a platform fails: each twice the one before, until the message is too late."""

DOUBT = timedelta(seconds=30)
"""How soon a send in doubt is looked at again: the platform has made up its mind by then."""

MOST_EDITS = 20
"""After so many failures, an hour and a half of them, a message stays as it was."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Writes down what became of messages, inside transactions that others share.

    `told` hears of each message's kind, state and lateness in seconds once that is durable; `redirected` is called
    when something was queued for another chat. `report` queues a word to who leads a group whose post did not get
    through; True where it did.
    """

    platforms: Mapping[str, Platform]
    clock: Callable[[], datetime]
    told: Callable[[str, str, float], None]
    redirected: Callable[[], None]
    report: Callable[[AsyncConnection, Delivery, datetime], Awaitable[bool]]

    async def answered(self, db: AsyncConnection, parts: Parts, outcome: Outcome, doubted: bool) -> None:
        """The platform has answered. `doubted`: it may have arrived before, whatever was answered this time."""
        lead = parts[0]
        if isinstance(outcome, Sent):
            await self.arrived(db, as_first_said(parts) if doubted else parts, outcome.message, None)
        elif isinstance(outcome, Later):
            await self._later(db, parts, outcome, doubtful=doubted)
        elif isinstance(outcome, Moved):
            await self._moved(db, parts, outcome.address)
        elif isinstance(outcome, Closed | Gone):
            await self._unreachable(db, parts, outcome)
        elif isinstance(outcome, Doubtful):
            if lead.edits:
                await self._later(db, parts, Later(DOUBT.total_seconds(), outcome.reason))
            else:
                await self.wait(db, parts, self.clock() + DOUBT, outcome.reason, doubtful=True)
        elif isinstance(outcome, Forbidden | Rejected):
            await self._give_up(db, parts, outcome.reason)
            if isinstance(outcome, Forbidden) and not lead.edits:
                await self._tell_leader(db, lead)
        else:
            assert_never(outcome)

    async def arrived(self, db: AsyncConnection, parts: Parts, message: str, reason: str | None) -> None:
        """It is there. An edit leaves the message what it was; a first sending says which it is."""
        edits = parts[0].edits
        values = {"reason": reason} if edits else {"reason": reason, "message": message}
        ours = await outbox.settle(db, parts, "sent", self.clock(), **values)
        if not edits:
            questions = [part.reminder for part in ours if part.reminder is not None and KINDS[part.kind].is_question]
            await claims.asked(db, questions)
            afterwards(partial(self._tell, ours, "sent"))

    async def settle(self, db: AsyncConnection, parts: Parts, state: str, reason: str) -> None:
        """It has come to an end without having been sent now."""
        ours = await outbox.settle(db, parts, state, self.clock(), reason=reason[:300])
        if state == "expired" and reason != MOOT:
            again = [part.reminder for part in ours if KINDS[part.kind].dates.once]
            await claims.due_again(db, again, self.clock())
        afterwards(partial(self._tell, ours, state, reason))

    async def wait(
        self, db: AsyncConnection, parts: Parts, until: datetime, reason: str, *, doubtful: bool = False
    ) -> None:
        """It is looked at again at a moment. `doubtful`: nobody knows whether it arrived; else it did not."""
        await outbox.wait(db, parts, until, reason[:300], doubtful=doubtful)

    async def _moved(self, db: AsyncConnection, parts: Parts, new: Address) -> None:
        old = parts[0].address
        await homes.home_moved(db, old.platform, old.chat, new.chat)
        await outbox.moved(db, old.platform, old.chat, new.chat)
        if parts[0].edits or parts[0].attempts >= MOST_EDITS:
            # What was said in the old chat stays there as it was.
            await self._give_up(db, parts, MOVED)
        else:
            await outbox.redirect(db, parts, Address(old.platform, new.chat, old.thread), self.clock())

    async def _unreachable(self, db: AsyncConnection, parts: Parts, outcome: Closed | Gone) -> None:
        lead = parts[0]
        account = lead.address.account
        if lead.edits:
            await self._give_up(db, parts, outcome.reason)
            return
        if account is None:
            await self._give_up(db, parts, outcome.reason)
            await self._tell_leader(db, lead)
            await homes.home_gone(db, lead.address, self.clock())
            return
        await people.private_closed(db, lead.address.platform, account)
        known = await people.accounts_of(db, lead.member) if lead.member is not None else ()
        other = next((a.private for a in known if a.dm != "closed" and a.platform in self.platforms), None)
        if other is None:
            await self._give_up(db, parts, outcome.reason)
            return
        await outbox.redirect(db, parts, other, self.clock())
        afterwards(partial(log.info, "delivery %s goes to another account of its member", lead.id))
        afterwards(self.redirected)

    async def _tell_leader(self, db: AsyncConnection, lead: Delivery) -> None:
        """A group's post did not get through."""
        if await self.report(db, lead, self.clock()):
            afterwards(self.redirected)

    async def _later(self, db: AsyncConnection, parts: Parts, outcome: Later, *, doubtful: bool = False) -> None:
        lead = parts[0]
        if lead.edits and lead.attempts >= MOST_EDITS:
            await self._give_up(db, parts, outcome.reason)
            return
        backoff = min(RETRY * 2 ** min(lead.attempts - 1, 10), LONGEST_RETRY) * (1 + _jitter(lead))
        wait = max(timedelta(seconds=outcome.seconds), backoff)
        await self.wait(db, parts, self.clock() + wait, outcome.reason, doubtful=doubtful)

    async def _give_up(self, db: AsyncConnection, parts: Parts, reason: str) -> None:
        """A message that cannot be changed stays what it was; one that cannot be sent has failed."""
        await self.settle(db, parts, "sent" if parts[0].edits else "failed", reason)

    def _tell(self, parts: Parts, state: str, reason: str | None = None) -> None:
        for part in parts:
            if not part.edits:
                late = ((part.handed_at or self.clock()) - part.due_at).total_seconds()
                self.told(part.kind, state, late)
            if reason is not None:
                known = {"delivery": part.id, "kind": part.kind, "state": state, "platform": part.address.platform}
                log.info("delivery %s: %s (%s)", part.id, state, reason, extra=known | {"chat": part.address.chat})


def as_first_said(parts: Parts) -> Parts:
    """Deliveries of a message that may have arrived long ago: what was asked to be shown since, it does not show."""
    return tuple(replace(part, version=1) for part in parts)


def _jitter(delivery: Delivery) -> float:
    """A part of a wait, up to a quarter, that differs from message to message: they do not all come back at once."""
    return (delivery.id * 2654435761 + delivery.attempts * 40503) % 1000 / 4000
