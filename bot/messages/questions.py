"""A question that a check-in answers."""

from __future__ import annotations

from bot.cards import Card, Mention, Spans
from bot.domain.answer import Answer
from bot.domain.member import Member
from bot.messages.message import Occasion
from bot.store import belonging, people, studies
from bot.store.outbox import Delivery
from bot.views import answers

WORDS = (
    *(f"checkin-greeting-{part}" for part in ("morning", "day", "evening")),
    *("checkin-mention", "checkin-mention-studied", "checkin-mention-answered"),
    *("checkin-yes", "checkin-no", "checkin-minutes", "checkin-counted"),
)
"""The messages that every such question needs."""


async def ask(at: Occasion, delivery: Delivery, track: str, ahead: Spans = ()) -> Card | None:
    """The question in private, under what is next; None when it was answered before it was asked."""
    if await _answer(at, delivery, track) is not None:
        return None
    member = await at.member(delivery)
    hour, today = member.local(delivery.due_at).hour, member.local_day(at.now)
    return answers.question(member.language, member, delivery.local_date, track, ahead, hour, today)


async def ask_in_group(at: Occasion, delivery: Delivery, track: str) -> Card | None:
    """The question in the group, by name; None when it was answered before it was asked."""
    if await _answer(at, delivery, track) is not None:
        return None
    member = await at.member(delivery)
    accounts = await people.accounts_of(at.db, member.id)
    mention = Mention(member.name, tuple((a.platform, a.account) for a in accounts))
    language = await _language_there(at, delivery, member)
    return answers.public_question(language, delivery.local_date, track, mention, member.local_day(at.now))


async def receipt(at: Occasion, delivery: Delivery, track: str) -> Card | None:
    """What a question becomes that was answered elsewhere; None where no answer stands."""
    answer = await _answer(at, delivery, track)
    if answer is None:
        return None
    member, day = await at.member(delivery), delivery.local_date
    if delivery.address.account is None:
        return answers.public_receipt(await _language_there(at, delivery, member), member.name, day, answer.studied)
    return answers.settled(member.language, day, track, answer.studied, answer.minutes)


async def _language_there(at: Occasion, delivery: Delivery, member: Member) -> str:
    """The language of who reads a member's question where others see it: the group's that lives there."""
    found = await belonging.group_at(at.db, delivery.address)
    return found.language if found else member.language


async def _answer(at: Occasion, delivery: Delivery, track: str) -> Answer | None:
    assert delivery.member is not None, f"delivery {delivery.id} asks nobody"
    day = delivery.local_date
    given = (await studies.answers_of(at.db, [delivery.member], day, day)).get(delivery.member, [])
    return next((answer for answer in given if answer.track == track), None)
