"""The group's week in one card."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card
from bot.domain.group import RECAP_DAY, RECAP_MINUTE
from bot.domain.kind import GroupWish, Kind, Owner
from bot.messages.message import Message, Occasion
from bot.store import belonging
from bot.store.outbox import Delivery

KIND = Kind(
    "recap",
    Owner.LEADER,
    grace=timedelta(hours=12),
    minute=RECAP_MINUTE,
    times=(9 * 60, 12 * 60, RECAP_MINUTE, 20 * 60),
    days=1 << RECAP_DAY,
    one_day=True,
    wish=GroupWish("recap", "recap_minute", "recap_day"),
    from_start=True,
    heeds_quiet=False,
    heeds_days_off=False,
    about_group=True,
    position=7,
)


async def _card(at: Occasion, delivery: Delivery) -> Card:
    """Of the week that ends on its date; never moot."""
    from bot.store import weeks
    from bot.views import board

    assert delivery.group is not None, f"delivery {delivery.id} is about no group"
    found = await belonging.group(at.db, delivery.group)
    week = await weeks.week(at.db, found, delivery.local_date - timedelta(days=6), delivery.local_date, at.roadmaps)
    return board.recap(found.language, week, at.roadmaps)


MESSAGE = Message(KIND, _card, words=("recap-title", "recap-facts", "recap-quiet"))
