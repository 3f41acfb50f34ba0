"""The daily question whether its member practised DSA."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card
from bot.domain.answer import DSA
from bot.domain.kind import Kind, Owner
from bot.messages import questions
from bot.messages.message import Message, Occasion
from bot.messages.stopped import STOPPED
from bot.store.outbox import Delivery

KIND = Kind(
    DSA,
    Owner.MEMBER,
    grace=timedelta(hours=3),
    minute=20 * 60,
    track=DSA,
    shows=(DSA,),
    instead=STOPPED,
    position=2,
)


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    if delivery.address.account is None:
        return await questions.ask_in_group(at, delivery, DSA)
    return await questions.ask(at, delivery, DSA)


async def _edit(at: Occasion, delivery: Delivery) -> Card | None:
    return await questions.receipt(at, delivery, DSA) or await _card(at, delivery)


MESSAGE = Message(KIND, _card, _edit, words=("checkin-question-dsa", "checkin-day-dsa", *questions.WORDS))
