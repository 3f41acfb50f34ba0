"""How its member stands, some days before a deadline."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card, as_one
from bot.domain.dates import BeforeDeadlines
from bot.domain.kind import Kind, Owner
from bot.domain.plan import Fit
from bot.domain.progress import fold
from bot.messages.message import Message, Occasion
from bot.store import studies
from bot.store.outbox import Delivery
from bot.views import answers

DATES = BeforeDeadlines((30, 14, 7, 3, 1))

KIND = Kind(
    "deadline",
    Owner.MEMBER,
    grace=timedelta(hours=12),
    minute=18 * 60,
    dates=DATES,
    private=True,
    comes_along=True,
    position=4,
)


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    """Of each roadmap whose deadline is so many days away; moot where all of them are finished, left or moved."""
    member, day = await at.member(delivery), delivery.local_date
    warned = []
    for enrolment in await studies.enrolments_of(at.db, member.id):
        roadmap, deadline = at.roadmaps.get(enrolment.roadmap), enrolment.deadline
        if roadmap is None or deadline is None or (deadline - day).days not in DATES.before:
            continue
        progress = fold(roadmap, await studies.events_of(at.db, member.id, roadmap.slug))
        if not progress.finished:
            fit = Fit(progress.hours_left, enrolment.minutes_a_day, day, deadline)
            warned.append((roadmap, progress, fit))
    several = len(warned) > 1
    return as_one([answers.warning(member.language, member, *each, several=several) for each in warned])


MESSAGE = Message(KIND, _card, words=("warning", "warning-left"))
