"""That a group's posts do not get through, for who set it up."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card
from bot.domain.kind import Kind, Owner
from bot.messages.message import Message, Occasion
from bot.store import belonging, homes, ledger, outbox, people
from bot.store.outbox import Delivery, Draft
from bot.views import group

KIND = Kind(
    "trouble",
    Owner.NOBODY,
    grace=timedelta(days=1),
    private=True,
    heeds_days_off=False,
    about_group=True,
    position=10,
)


async def report(db: AsyncConnection, lost: Delivery, now: datetime) -> bool:
    """A group's post did not get through: who set the group up hears of it in private, once a day.

    False where nobody does: it was no group's post, or nobody who leads the group can be reached.
    """
    leader = None if lost.address.account else await homes.leader_at(db, lost.address)
    if leader is None:
        return False
    group, member = leader
    reached = next((a.private for a in await people.accounts_of(db, member) if a.dm != "closed"), None)
    if reached is None:
        return False
    draft = Draft(
        key=f"{KIND.name}:{group}:{lost.local_date}",
        kind=KIND.name,
        address=reached,
        member=member,
        group=group,
        local_date=lost.local_date,
        due_at=now,
        expires_at=now + KIND.grace,
    )
    await outbox.queue(db, draft)
    return True


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    """Moot where all of them have got through after all."""
    assert delivery.group is not None, f"delivery {delivery.id} is about no group"
    member = await at.member(delivery)
    lost = await ledger.not_delivered(at.db, delivery.group, delivery.local_date - timedelta(days=1))
    posts = [drop for drop in lost if not drop.private]
    name = (await belonging.group(at.db, delivery.group)).name
    return group.trouble(member.language, name, posts, delivery.local_date) if posts else None


MESSAGE = Message(KIND, _card, words=("trouble", "trouble-how"))
