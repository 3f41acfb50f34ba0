"""The evening's word that a streak ends with an unanswered day."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card
from bot.domain.answer import DSA, STUDY, Answer
from bot.domain.kind import Kind, Owner
from bot.messages.message import Message, Occasion
from bot.store import studies, totals
from bot.store.outbox import Delivery
from bot.views import answers

WORTH_SAVING = 3
"""Days in a row from which on losing them is worth an evening's warning."""

KIND = Kind(
    "risk",
    Owner.MEMBER,
    # An evening's warning is none the next day.
    grace=timedelta(hours=1, minutes=30),
    minute=21 * 60 + 30,
    count=WORTH_SAVING,
    looks=True,
    private=True,
    offered=True,
    track=STUDY,
    shows=(STUDY, DSA),
    position=3,
)


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    """Moot unless this is the day that the streak needs; once anything kept it; where it is short."""
    member, day = await at.member(delivery), delivery.local_date
    streak = await totals.streak_of(at.db, member.id)
    if streak is None or streak.until != day or streak.days < WORTH_SAVING or await _answers(at, delivery):
        return None
    return answers.risk(member.language, member, day, streak.days)


async def _edit(at: Occasion, delivery: Delivery) -> Card | None:
    """Answered elsewhere since, it becomes its receipt: what kept the streak, where something did."""
    given = await _answers(at, delivery)
    if not given:
        return await _card(at, delivery)
    member = await at.member(delivery)
    said = max(given, key=lambda answer: (answer.studied, answer.track == STUDY))
    return answers.settled(member.language, delivery.local_date, said.track, said.studied, said.minutes)


async def _answers(at: Occasion, delivery: Delivery) -> list[Answer]:
    """Answers that end the warning: that they studied, whatever it was, or any about their study."""
    assert delivery.member is not None, f"delivery {delivery.id} warns nobody"
    day = delivery.local_date
    given = (await studies.answers_of(at.db, [delivery.member], day, day)).get(delivery.member, [])
    return [answer for answer in given if answer.studied or answer.track == STUDY]


MESSAGE = Message(KIND, _card, _edit, words=("risk",))
