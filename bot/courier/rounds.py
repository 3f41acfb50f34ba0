"""One round of deliveries to a platform: all that is due leaves, each chat's messages in their order."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, assert_never

from bot import pacing
from bot.cards import Card, as_one, joined
from bot.courier.doubt import Arrived, Decision, Doubt, End, Look, SendAgain, Wait, decide, decide_knowing
from bot.courier.outcomes import LONGEST_RETRY, RETRY, Outcomes, as_first_said
from bot.courier.parcels import Parts, parcels
from bot.delivery import Address, Doubtful, Hushed, Later, Outcome, Platform
from bot.domain import reason
from bot.domain.kind import KINDS
from bot.store import Store, Unavailable, outbox
from bot.store.commits import Commits
from bot.store.outbox import Delivery

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
P = ParamSpec("P")

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1
"""How long to wait before a failing database is asked again."""

RECHECK_SECONDS = 1.0
"""How soon what has come due is seen while a message on its way takes longer."""

IN_HAND = 32
"""Messages of a platform that are on their way at once: a second of Telegram's pace. After a crash so many at the most
are in doubt."""

LONGEST_HALT_SECONDS = 2.0
"""What a chat or platform asks us to wait for longer than this goes back into the outbox."""

COMPOSED = 2
"""Cards that are made at once. They share the event loop and the database's connections with commands: after each few
of them a command has its turn, and cards are still made faster than they leave."""

LEAVE_SECONDS = 30.0
"""After being handed over a message leaves within so long or not at all: by then it may be another process's."""

THERE = timedelta(seconds=LEAVE_SECONDS + 10)
"""What is sent again is there by then, pace and way included: for so long its key must still be known."""

IN_DOUBT_AFTER = timedelta(minutes=2)
"""A send that has not been settled by then was cut off: no platform takes longer to answer."""


@dataclass(frozen=True, slots=True)
class Right:
    """The right to send for a platform: its fencing number, the condition that it is still ours, and the loop's time
    until which it certainly is."""

    token: int
    fence: ColumnElement[bool] | None = None
    until: float = inf


@dataclass
class Round:
    """Everything that is due for one platform, some messages at a time, each chat's in their order."""

    store: Store
    platform: Platform
    compose: Callable[[Delivery, datetime], Awaitable[Card | Hushed | None]]
    clock: Callable[[], datetime]
    right: Callable[[], Right | None]
    token: int
    commits: Commits
    outcomes: Outcomes
    finishing: Callable[[], bool]
    composing: asyncio.Semaphore
    _in_hand: set[int] = field(default_factory=set)
    _count: int = 0

    async def _write(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self.commits.write(lambda db: work(db, *args, **kwargs))

    async def run(self) -> int:
        """Deliver until nothing is due any more; how many deliveries there were."""
        lanes: set[asyncio.Task[None]] = set()
        try:
            while True:
                if len(lanes) <= IN_HAND // 2:
                    for messages in await self._lanes(IN_HAND - len(lanes)):
                        lanes.add(asyncio.create_task(self._deliver_in_turn(messages), name="delivery"))
                if not lanes:
                    return self._count
                # A group that is written to twenty times in a row takes as many seconds: others do not wait for it.
                done, lanes = await asyncio.wait(lanes, timeout=RECHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                faults = [fault for task in done if (fault := task.exception()) is not None]
                if faults:
                    # What the others have begun they end: cut off, it would be in doubt.
                    await asyncio.wait(lanes) if lanes else None
                    raise faults[0]
        finally:
            # All of them have ended when this does, also when it was cancelled.
            for task in lanes:
                task.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
            await self.commits.finish()

    async def _lanes(self, room: int) -> Iterable[Sequence[Parts]]:
        """Messages to be sent, those of each chat one after another."""
        halted = self.platform.delay(Address(self.platform.name, "0")) > LONGEST_HALT_SECONDS
        if self.finishing() or halted or self._ours() is None:
            return ()
        limit = 2 * room + len(self._in_hand)
        async with self.store.reading() as db:
            due = await outbox.due(db, self.clock(), limit, self.platform.name)
            fresh = [delivery for delivery in due if delivery.id not in self._in_hand]
            known = {d.bundle for d in fresh if d.bundle is not None}
            bundled = await outbox.bundled(db, sorted(known)) if known else ()
        # The last chat's may go on after what was read.
        last = fresh[-1].address.chat if len(due) == limit and fresh else None
        chats: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in fresh:
            chats[delivery.address.chat].append(delivery)
        if last is not None and len(chats) > 1:
            del chats[last]
        chosen = [list(parcels(chats[chat], bundled)) for chat in list(chats)[:room]]
        self._in_hand |= {part.id for lane in chosen for parcel in lane for part in parcel}
        self._count += sum(len(parcel) for lane in chosen for parcel in lane)
        return chosen

    def _ours(self) -> Right | None:
        """The right to send, as long as it is the one that this round began with."""
        right = self.right()
        return right if right is not None and right.token == self.token else None

    async def _deliver_in_turn(self, lane: Sequence[Parts]) -> None:
        pacing.urgent.set(False)
        for parts in lane:
            try:
                if not self.finishing():
                    await self._deliver(parts)
            finally:
                self._in_hand -= {part.id for part in parts}

    async def _deliver(self, parts: Parts) -> None:
        now, lead = self.clock(), parts[0]
        late = tuple(part for part in parts if now >= part.expires_at and not part.edits and not part.in_doubt)
        if late:
            await self._write(self.outcomes.settle, late, "expired", reason.TOO_LATE)
        parts = tuple(part for part in parts if part not in late)
        if not parts:
            return
        patience = self.platform.delay(lead.address)
        if patience > LONGEST_HALT_SECONDS:
            until = now + timedelta(seconds=patience)
            await self._write(outbox.wait, parts, until, reason.CROWDED, doubtful=lead.in_doubt)
            return
        if lead.in_doubt:
            await self._clear_up(parts, now)
            return
        for together, card in await self._compose(parts, now):
            await self._send(together, card)

    # ------------------------------------------------------------ what is said

    async def _compose(self, parts: Parts, now: datetime) -> list[tuple[Parts, Card]]:
        """The messages that deliveries make: one, where it can hold them all. What has nothing to say is settled."""
        made = [(part, card) for part in parts if (card := await self._card(part, now)) is not None]
        if parts[0].edits:
            one = as_one([card for _, card in made])
            return [] if one is None else [(tuple(part for part, _ in made), one)]
        messages: list[tuple[Parts, Card]] = []
        for part, card in made:
            one = joined([messages[-1][1], card]) if messages else None
            if one is None:
                messages.append(((part,), card))
            else:
                messages[-1] = ((*messages[-1][0], part), one)
        return messages

    async def _card(self, part: Delivery, now: datetime) -> Card | None:
        try:
            async with self.composing:
                card = await self.compose(part, now)
        except Unavailable:
            raise
        except Exception:
            # One card that cannot be made must not keep the others from leaving.
            log.exception("delivery %s could not be composed", part.id)
            if part.edits:
                await self._write(self.outcomes.settle, (part,), "sent", reason.NOT_COMPOSED)
            else:
                until = now + LONGEST_RETRY
                await self._write(outbox.wait, (part,), until, reason.NOT_COMPOSED, doubtful=part.in_doubt)
            return None
        if isinstance(card, Hushed):
            if card.until < part.expires_at:
                await self._write(outbox.wait, (part,), card.until, reason.QUIET, doubtful=part.in_doubt)
            else:
                await self._write(self.outcomes.settle, (part,), "expired", reason.LATE_AND_QUIET)
            return None
        if card is None:
            await self._write(self.outcomes.settle, (part,), "sent" if part.edits else "expired", reason.MOOT)
        return card

    # ------------------------------------------------------------ sending

    async def _clear_up(self, parts: Parts, now: datetime) -> None:
        """What becomes of a message in doubt is decided, if need be after its platform was asked, then done.

        Its parts stay one message under its key, also those with nothing to say any more: under another key the
        platform would not know that it has it.
        """
        lead = parts[0]
        try:
            made = [await self.compose(part, now) for part in parts]
            # As it would read by now if it has arrived.
            there = [await self.compose(replace(part, message=""), now) for part in parts]
        except Unavailable:
            raise
        except Exception:
            log.exception("delivery %s could not be composed", lead.id)
            await self._write(outbox.wait, parts, now + LONGEST_RETRY, reason.NOT_COMPOSED, doubtful=True)
            return
        card = as_one(_cards(made))
        doubt = Doubt(
            now=now,
            handed_at=lead.handed_at or now,
            key_holds=self.platform.capabilities.remembers_for - THERE,
            expires_at=max(part.expires_at for part in parts),
            sayable=card is not None,
            quiet_until=None if card else max((one.until for one in made if isinstance(one, Hushed)), default=None),
            resend=any(KINDS[part.kind].resend for part in parts),
        )
        decision: Decision | Look = decide(doubt)
        if isinstance(decision, Look):
            answer = await self._look(lead, card or as_one(_cards(there)), decision.since)
            decision = decide_knowing(doubt, answer)
        if isinstance(decision, SendAgain):
            assert card is not None, "only what has something to say is sent"
            await self._send(parts, card)
        elif isinstance(decision, Arrived):
            await self._write(self.outcomes.arrived, as_first_said(parts), decision.message, reason.FOUND_AGAIN)
        elif isinstance(decision, Wait):
            await self._write(self.outcomes.wait, parts, decision.until, decision.reason, doubtful=True)
        elif isinstance(decision, End):
            await self._write(self.outcomes.settle, parts, decision.state, decision.reason)
        else:
            assert_never(decision)

    async def _look(self, lead: Delivery, card: Card | None, since: datetime) -> Outcome | None:
        """Whether it arrived; what no card describes can be found by nobody."""
        if card is None:
            return None
        try:
            return await self.platform.find(lead.address, card, lead.key, since)
        except Exception as error:
            log.exception("delivery %s could not be looked for on %s", lead.id, self.platform.name)
            return Later(RETRY.total_seconds(), f"{type(error).__name__} while it was looked for")

    async def _send(self, parts: Parts, card: Card) -> None:
        now, right = self.clock(), self._ours()
        if right is None:
            return
        pacing.leave_by.set(min(asyncio.get_running_loop().time() + LEAVE_SECONDS, right.until))
        handed = await self._write(outbox.hand_over, parts, now, now + IN_DOUBT_AFTER, right.token, right.fence)
        if handed is None:
            return
        doubted = parts[0].in_doubt
        outcome = await self._hand_over(handed[0], card)
        while True:
            try:
                await self._write(self.outcomes.answered, handed, outcome, doubted)
                return
            except Unavailable:
                # It has left: forgotten, it would be said again.
                await asyncio.sleep(PAUSE_SECONDS)

    async def _hand_over(self, lead: Delivery, card: Card) -> Outcome:
        try:
            if lead.message is not None:
                return await self.platform.edit(lead.address, lead.message, card)
            return await self.platform.send(lead.address, card, lead.key)
        except Exception as error:
            # Platforms do not raise for what they were answered; if one does, we do not know how far it came.
            log.exception("delivery %s broke off on %s", lead.id, self.platform.name)
            return Doubtful(f"{type(error).__name__} while it was being sent")


def _cards(made: Iterable[Card | Hushed | None]) -> list[Card]:
    return [one for one in made if isinstance(one, Card)]
