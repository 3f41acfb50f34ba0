"""A kind of message that the house does not have: each morning one page to read, until something was studied."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Button, Card, Paragraph
from bot.domain.answer import STUDY
from bot.domain.kind import Kind, Owner
from bot.messages.message import Message, Occasion
from bot.store import studies
from bot.store.outbox import Delivery
from bot.words import say, word

KIND = Kind(
    "pages",
    Owner.MEMBER,
    grace=timedelta(hours=2),
    minute=8 * 60,
    private=True,
    track=STUDY,
    shows=(STUDY,),
    position=50,
)


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    """Moot once they have studied that day."""
    if await _read(at, delivery):
        return None
    member = await at.member(delivery)
    read = Button(word(member.language, "button-pages"), f"checkin 10 date:{delivery.local_date}", only=member.id)
    return Card(parts=(Paragraph(say(member.language, "pages", name=member.name)),), rows=((read,),))


async def _edit(at: Occasion, delivery: Delivery) -> Card | None:
    member = await at.member(delivery)
    if not await _read(at, delivery):
        return await _card(at, delivery)
    return Card(parts=(Paragraph(say(member.language, "pages-read")),))


async def _read(at: Occasion, delivery: Delivery) -> bool:
    assert delivery.member is not None
    day = delivery.local_date
    given = (await studies.answers_of(at.db, [delivery.member], day, day)).get(delivery.member, [])
    return any(answer.studied for answer in given)


MESSAGE = Message(KIND, _card, _edit, words=("pages", "pages-read", "button-pages"))
