"""News for a group: somebody finished a step."""

from __future__ import annotations

from datetime import timedelta

from bot.cards import Card
from bot.domain.kind import Kind, Owner
from bot.messages.message import Message, Occasion
from bot.store import belonging, changes, people, studies
from bot.store.outbox import Delivery
from bot.views import news

KIND = Kind(
    "done",
    Owner.NOBODY,
    # News of yesterday is none. Said twice it would be noise to a whole group.
    grace=timedelta(days=1),
    resend=False,
    heeds_quiet=False,
    heeds_days_off=False,
    about_group=True,
    position=8,
)


async def _card(at: Occasion, delivery: Delivery) -> Card | None:
    """Moot once the step was taken back."""
    return await _told(at, delivery, taken_back=False)


async def _edit(at: Occasion, delivery: Delivery) -> Card | None:
    """That it was taken back, or a proof that was added since."""
    return await _told(at, delivery, taken_back=True)


async def _told(at: Occasion, delivery: Delivery, *, taken_back: bool) -> Card | None:
    assert delivery.change is not None, f"delivery {delivery.id} tells of nothing"
    change = await changes.find(at.db, delivery.change)
    event = await studies.event_of_change(at.db, delivery.change)
    if change is None or event is None or (change.undone and not taken_back):
        return None
    member = await people.member(at.db, event["member"])
    roadmap = at.roadmaps.get(event["roadmap"])
    step = roadmap.step(event["step"]) if roadmap else None
    title = step.title if step else event["step"]
    language = (await belonging.group(at.db, delivery.group)).language if delivery.group else member.language
    if change.undone:
        return news.taken_back(language, member.name, title)
    # A proof that was added later counts too.
    proof, file = await studies.proof_of(at.db, event["enrolment"], event["step"])
    return news.news_of_step(language, member.name, title, proof, file, delivery.address)


MESSAGE = Message(
    KIND,
    _card,
    _edit,
    words=(
        "news-done",
        "news-done-proof",
        "news-done-file",
        "news-done-both",
        "news-taken-back",
        "news-file-elsewhere",
    ),
)
