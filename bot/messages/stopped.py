"""That questions stop which nobody answers."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card
from bot.domain.kind import Kind, Owner
from bot.messages.message import Message, Occasion
from bot.store import schedule
from bot.store.outbox import Delivery
from bot.views import answers

STOPPED = Kind(
    "stopped",
    Owner.NOBODY,
    # That questions have stopped is worth knowing the next day too.
    grace=timedelta(days=1),
    private=True,
    heeds_days_off=False,
    position=9,
)


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    """Moot once they spoke in between: it goes on."""
    member = await at.member(delivery)
    stopped = [row for row in await schedule.all_of_member(at.db, member.id) if row.id == delivery.reminder]
    if not stopped or stopped[0].paused_at is None:
        return None
    return answers.stopped(member.language, member, stopped[0])


MESSAGE = Message(STOPPED, _card, words=("questions-stopped",))
