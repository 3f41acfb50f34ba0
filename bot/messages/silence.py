"""One word after a week of silence."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card
from bot.domain.dates import AfterSilence
from bot.domain.kind import Kind, Owner
from bot.messages.message import Message, Occasion
from bot.messages.plans import planned_step
from bot.store import people
from bot.store.outbox import Delivery
from bot.views import answers

SILENCE = AfterSilence(7)

KIND = Kind(
    "return",
    Owner.MEMBER,
    grace=timedelta(hours=12),
    minute=18 * 60,
    dates=SILENCE,
    count=SILENCE.silence,
    private=True,
    comes_along=True,
    position=5,
)


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    """Moot once they have spoken since it was due."""
    member = await at.member(delivery)
    if any(account.seen_at > delivery.due_at for account in await people.accounts_of(at.db, member.id)):
        return None
    return await _edit(at, delivery)


async def _edit(at: Occasion, delivery: Delivery) -> Card | None:
    member = await at.member(delivery)
    roadmap, ahead = await planned_step(at, member)
    return answers.welcome(member.language, member, roadmap.title if roadmap else None, ahead)


MESSAGE = Message(KIND, _card, _edit, words=("welcome", "welcome-plan", "welcome-no-plan", "welcome-small"))
