"""One round of deliveries to a platform: what is due is composed, handed over and settled, chat by chat."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from math import inf
from typing import Any, assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import pacing
from bot.cards import Card, as_one, joined
from bot.courier.commits import Commits, afterwards
from bot.courier.parcels import Parts, parcels
from bot.delivery import (
    Address,
    Closed,
    Doubtful,
    Forbidden,
    Gone,
    Hushed,
    Later,
    Moved,
    Outcome,
    Platform,
    Rejected,
    Sent,
)
from bot.domain.kind import ASKED, KINDS, RETURN, TROUBLE
from bot.store import Store, Unavailable, homes, outbox, people, schedule
from bot.store.ledger import MOOT, QUIET
from bot.store.outbox import Delivery

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1
"""How long to wait before a failing database is asked again."""

LOOK_SECONDS = 1.0
"""How soon what has come due is seen while a message on its way takes longer."""

IN_HAND = 32
"""Messages of a platform that are on their way at once: a second of Telegram's pace. After a crash so many at the most
are in doubt."""

PATIENCE_SECONDS = 2.0
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

RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=5)
"""Waits between tries while a platform fails: each twice the one before, until the message is too late."""

DOUBT = timedelta(seconds=30)
"""How soon a send in doubt is looked at again: the platform has made up its mind by then."""

SET_BACK = timedelta(hours=1)
"""How far a clock may have been set back while a send was in doubt."""

MOST_EDITS = 20
"""After so many failures, an hour and a half of them, a message stays as it was."""


@dataclass(frozen=True, slots=True)
class Right:
    """The right to send for a platform: its fencing number, the condition that it is still ours, and the loop's time
    until which it certainly is."""

    token: int
    fence: Any = None
    until: float = inf


@dataclass
class Round:
    """Everything that is due for one platform, some messages at a time, each chat's in their order."""

    store: Store
    platform: Platform
    platforms: Mapping[str, Platform]
    compose: Callable[[Delivery, datetime], Awaitable[Card | Hushed | None]]
    clock: Callable[[], datetime]
    right: Callable[[], Right | None]
    token: int
    commits: Commits
    told: Callable[[str, str, float], None]
    redirected: Callable[[], None]
    finishing: Callable[[], bool]
    composing: asyncio.Semaphore
    _in_hand: set[int] = field(default_factory=set)
    _count: int = 0

    async def _write(self, work: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
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
                done, lanes = await asyncio.wait(lanes, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
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
        halted = self.platform.delay(Address(self.platform.name, "0")) > PATIENCE_SECONDS
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
            await self._write(self._settle, late, "expired", "too late")
        parts = tuple(part for part in parts if part not in late)
        if not parts:
            return
        patience = self.platform.delay(lead.address)
        if patience > PATIENCE_SECONDS:
            until = now + timedelta(seconds=patience)
            await self._write(outbox.wait, parts, until, "the chat has had its share", doubtful=lead.in_doubt)
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
                await self._write(self._settle, (part,), "sent", "it could not be composed")
            else:
                until = now + LONGEST_RETRY
                await self._write(outbox.wait, (part,), until, "it could not be composed", doubtful=part.in_doubt)
            return None
        if isinstance(card, Hushed):
            if card.until < part.expires_at:
                await self._write(outbox.wait, (part,), card.until, QUIET, doubtful=part.in_doubt)
            else:
                await self._write(self._settle, (part,), "expired", f"too late: {QUIET}")
            return None
        if card is None:
            await self._write(self._settle, (part,), "sent" if part.edits else "expired", MOOT)
        return card

    # ------------------------------------------------------------ sending

    async def _clear_up(self, parts: Parts, now: datetime) -> None:
        """A send that was cut off is made again, or what became of it is written down.

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
            await self._write(outbox.wait, parts, now + LONGEST_RETRY, "it could not be composed", doubtful=True)
            return
        card, late = as_one(_cards(made)), now >= max(part.expires_at for part in parts)
        handed, known = lead.handed_at or now, self.platform.capabilities.remembers_for
        if card is not None and not late and timedelta(0) <= now - handed < known - THERE:
            # The platform will still know the key: if it has arrived, it does not arrive again.
            await self._send(parts, card)
            return
        sought = card or as_one(_cards(there))
        # A clock that was set back since says little of when that was.
        since = handed if handed <= now else now - SET_BACK
        found = None if sought is None else await self._ask(lead, sought, since)
        until = max((one.until for one in made if isinstance(one, Hushed)), default=None)
        if isinstance(found, Sent):
            await self._write(self._arrived, _as_first_said(parts), found.message, "found again")
        elif isinstance(found, Later):
            again = now + timedelta(seconds=found.seconds)
            await self._write(outbox.wait, parts, again, found.reason[:300], doubtful=True)
        elif card is None and until is None:
            await self._write(self._settle, parts, "expired", MOOT)
        elif late or (until is not None and until >= lead.expires_at):
            state, reason = ("expired", "too late") if found is None else ("doubtful", "we stopped while sending it")
            await self._write(self._settle, parts, state, reason)
        elif card is None:
            await self._write(outbox.wait, parts, until, QUIET, doubtful=True)
        elif found is None or any(KINDS[part.kind].resend for part in parts):
            await self._send(parts, card)
        else:
            await self._write(self._settle, parts, "doubtful", "held: it may have arrived")

    async def _ask(self, lead: Delivery, card: Card, handed: datetime) -> Outcome | None:
        try:
            return await self.platform.find(lead.address, card, lead.key, handed)
        except Exception as error:
            log.exception("delivery %s could not be looked for on %s", lead.id, self.platform.name)
            return Later(RETRY.total_seconds(), f"{type(error).__name__} while it was looked for")

    async def _send(self, parts: Parts, card: Card) -> None:
        now, right = self.clock(), self._ours()
        if right is None:
            return
        pacing.leave_by.set(min(asyncio.get_running_loop().time() + LEAVE_SECONDS, right.until))
        handed: Parts | None = await self._write(
            outbox.hand_over, parts, now, now + IN_DOUBT_AFTER, right.token, right.fence
        )
        if handed is None:
            return
        doubted = parts[0].in_doubt
        outcome = await self._hand_over(handed[0], card)
        while True:
            try:
                await self._write(self._settled, _as_first_said(handed) if doubted else handed, outcome, doubted)
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

    # ------------------------------------------------------------ what became of it

    async def _settled(self, db: AsyncConnection, parts: Parts, outcome: Outcome, doubted: bool) -> None:
        """`doubted`: it may have arrived before, whatever the platform answered this time."""
        lead = parts[0]
        if isinstance(outcome, Sent):
            await self._arrived(db, parts, outcome.message, None)
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
                await outbox.wait(db, parts, self.clock() + DOUBT, outcome.reason[:300], doubtful=True)
        elif isinstance(outcome, Forbidden | Rejected):
            await self._give_up(db, parts, outcome.reason)
            if isinstance(outcome, Forbidden) and not lead.edits:
                await self._tell_leader(db, lead)
        else:
            assert_never(outcome)

    async def _arrived(self, db: AsyncConnection, parts: Parts, message: str, reason: str | None) -> None:
        """An edit leaves the message what it was; a first sending says which it is."""
        edits = parts[0].edits
        values = {"reason": reason} if edits else {"reason": reason, "message": message}
        ours = await outbox.settle(db, parts, "sent", self.clock(), **values)
        if not edits:
            questions = [part.reminder for part in ours if part.kind in ASKED and part.reminder is not None]
            await schedule.asked(db, questions)
            afterwards(partial(self._tell, ours, "sent"))

    async def _moved(self, db: AsyncConnection, parts: Parts, new: Address) -> None:
        old = parts[0].address
        await people.home_moved(db, old.platform, old.chat, new.chat)
        await outbox.moved(db, old.platform, old.chat, new.chat)
        if parts[0].edits or parts[0].attempts >= MOST_EDITS:
            # What was said in the old chat stays there as it was.
            await self._give_up(db, parts, "the chat moved")
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
            await people.home_gone(db, lead.address, self.clock())
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
        """A group's post did not get through: who set the group up hears of it in private, once a day."""
        leader = None if lead.address.account else await homes.leader_at(db, lead.address)
        if leader is None:
            return
        group, member = leader
        reached = next((a.private for a in await people.accounts_of(db, member) if a.dm != "closed"), None)
        if reached is None:
            return
        now = self.clock()
        draft = outbox.Draft(
            key=f"{TROUBLE}:{group}:{lead.local_date}",
            kind=TROUBLE,
            address=reached,
            member=member,
            group=group,
            local_date=lead.local_date,
            due_at=now,
            expires_at=now + KINDS[TROUBLE].grace,
        )
        await outbox.queue(db, draft)
        afterwards(self.redirected)

    async def _later(self, db: AsyncConnection, parts: Parts, outcome: Later, *, doubtful: bool = False) -> None:
        lead = parts[0]
        if lead.edits and lead.attempts >= MOST_EDITS:
            await self._give_up(db, parts, outcome.reason)
            return
        backoff = min(RETRY * 2 ** min(lead.attempts - 1, 10), LONGEST_RETRY) * (1 + _jitter(lead))
        wait = max(timedelta(seconds=outcome.seconds), backoff)
        await outbox.wait(db, parts, self.clock() + wait, outcome.reason[:300], doubtful=doubtful)

    async def _give_up(self, db: AsyncConnection, parts: Parts, reason: str) -> None:
        """A message that cannot be changed stays what it was; one that cannot be sent has failed."""
        await self._settle(db, parts, "sent" if parts[0].edits else "failed", reason)

    async def _settle(self, db: AsyncConnection, parts: Parts, state: str, reason: str) -> None:
        ours = await outbox.settle(db, parts, state, self.clock(), reason=reason[:300])
        if state == "expired" and reason != MOOT:
            await schedule.due_again(db, [part.reminder for part in ours if part.kind == RETURN], self.clock())
        afterwards(partial(self._tell, ours, state, reason))

    def _tell(self, parts: Parts, state: str, reason: str | None = None) -> None:
        for part in parts:
            if not part.edits:
                late = ((part.handed_at or self.clock()) - part.due_at).total_seconds()
                self.told(part.kind, state, late)
            if reason is not None:
                known = {"delivery": part.id, "kind": part.kind, "state": state, "platform": part.address.platform}
                log.info("delivery %s: %s (%s)", part.id, state, reason, extra=known | {"chat": part.address.chat})


def _cards(made: Iterable[Card | Hushed | None]) -> list[Card]:
    return [one for one in made if isinstance(one, Card)]


def _as_first_said(parts: Parts) -> Parts:
    """Deliveries of a message that may have arrived long ago: what was asked to be shown since, it does not show."""
    return tuple(replace(part, version=1) for part in parts)


def _jitter(delivery: Delivery) -> float:
    """A part of a wait, up to a quarter, that differs from message to message: they do not all come back at once."""
    return (delivery.id * 2654435761 + delivery.attempts * 40503) % 1000 / 4000
