"""The daily question whether its member studied."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card
from bot.domain.answer import STUDY
from bot.domain.kind import Kind, Owner
from bot.messages import questions
from bot.messages.message import Message, Occasion
from bot.messages.plans import planned_step
from bot.messages.stopped import STOPPED
from bot.store.outbox import Delivery

KIND = Kind(
    STUDY,
    Owner.MEMBER,
    grace=timedelta(hours=3),
    minute=20 * 60,
    main=True,
    track=STUDY,
    shows=(STUDY,),
    instead=STOPPED,
    position=1,
)


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    if delivery.address.account is None:
        return await questions.ask_in_group(at, delivery, STUDY)
    _, ahead = await planned_step(at, await at.member(delivery))
    return await questions.ask(at, delivery, STUDY, ahead)


async def _edit(at: Occasion, delivery: Delivery) -> Card | None:
    return await questions.receipt(at, delivery, STUDY) or await _card(at, delivery)


MESSAGE = Message(KIND, _card, _edit, words=("checkin-question-study", "checkin-intention", *questions.WORDS))
