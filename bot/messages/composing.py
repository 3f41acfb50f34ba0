"""What a delivery says, as things stand when it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.cards import Card
from bot.delivery import Hushed
from bot.domain.member import Member
from bot.domain.occurrence import within
from bot.domain.roadmap import Roadmap
from bot.messages.message import Message, Occasion
from bot.store import Store, rests, schedule
from bot.store.outbox import Delivery

ON_TIME = timedelta(minutes=10)
"""What leaves this soon after its moment was wished for at that moment, whatever a restart or a long line before it
took: quiet hours hold back only what is later."""


@dataclass(frozen=True)
class Composing:
    """Makes cards of deliveries: what a group reads in its language, what a member reads alone in theirs."""

    store: Store
    messages: Mapping[str, Message]
    roadmaps: Callable[[], Mapping[str, Roadmap]]

    async def card(self, delivery: Delivery, now: datetime) -> Card | Hushed | None:
        """The card of a delivery as things stand now; None when it has become moot. Raises KeyError for a kind that
        is no more."""
        message = self.messages[delivery.kind]
        async with self.store.reading() as db:
            at = Occasion(db, self.roadmaps(), now)
            if delivery.edits:
                return await message.card(at, delivery)
            if await schedule.turned_off(db, delivery.reminder, delivery.kind):
                # While it waited for its platform.
                return None
            if not (message.kind.heeds_quiet or message.kind.heeds_days_off):
                return await message.card(at, delivery)
            at = replace(at, addressee=await at.member(delivery))
            return await _unless_held_back(at, delivery, message)


async def _unless_held_back(at: Occasion, delivery: Delivery, message: Message) -> Card | Hushed | None:
    """The card of what is said to a member for the first time, where nothing they wished for keeps it back."""
    member, kind = await at.member(delivery), message.kind
    until = _quiet_until(delivery, member, at.now) if kind.heeds_quiet else None
    if until is not None:
        return Hushed(until)
    if kind.heeds_days_off and within(delivery.local_date, member.off(await rests.off(at.db, member.id))):
        # Taken off while it waited for its platform.
        return None
    return await message.card(at, delivery)


def _quiet_until(delivery: Delivery, member: Member, now: datetime) -> datetime | None:
    """Until when a member is not to be spoken to, for what is late. What /later asked for is wished for."""
    if member.quiet is None or now - delivery.due_at < ON_TIME or ":later:" in delivery.key:
        return None
    until = member.quiet.ends(now, member.zone)
    return until if until > now else None
