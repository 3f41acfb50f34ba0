"""The group's daily post: who studied today, with the roster of those who did."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card
from bot.domain.answer import TRACKS
from bot.domain.group import CHECKIN_MINUTE
from bot.domain.kind import GroupWish, Kind, Owner
from bot.messages.message import Message, Occasion
from bot.store import belonging, studies
from bot.store.outbox import Delivery
from bot.views import answers

KIND = Kind(
    "group",
    Owner.LEADER,
    grace=timedelta(hours=3),
    minute=CHECKIN_MINUTE,
    times=(18 * 60, 19 * 60, CHECKIN_MINUTE, 21 * 60),
    wish=GroupWish("time", "checkin_minute"),
    from_start=True,
    shows=TRACKS,
    heeds_quiet=False,
    heeds_days_off=False,
    about_group=True,
    position=6,
)


async def _card(at: Occasion, delivery: Delivery) -> Card:
    """Never moot: an edit shows who studied by now."""
    assert delivery.group is not None, f"delivery {delivery.id} asks no group"
    found = await belonging.group(at.db, delivery.group)
    day = delivery.local_date
    given = await studies.answers_of(at.db, belonging.members_of(delivery.group), day, day)
    minutes = {
        member: sum(answer.minutes for answer in answered if answer.studied)
        for member, answered in given.items()
        if any(answer.studied for answer in answered)
    }
    names = await belonging.names_of(at.db, delivery.group, list(minutes)[: answers.ROSTER_NAMES + 1])
    roster = [(names[member], time) for member, time in minutes.items() if member in names]
    return answers.group_question(found.language, day, roster, len(minutes))


MESSAGE = Message(KIND, _card, words=("group-question", "roster", "roster-more"))
