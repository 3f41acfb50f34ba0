"""Where a member stands on the roadmap they used last, as messages speak of it."""

from __future__ import annotations

from bot.cards import Spans
from bot.domain.member import Member
from bot.domain.progress import fold
from bot.domain.roadmap import Roadmap
from bot.messages.message import Occasion
from bot.store import studies
from bot.views import study


async def planned_step(at: Occasion, member: Member) -> tuple[Roadmap | None, Spans]:
    """The roadmap a member used last, and what is next there; None where they are on none that is served."""
    on = [e for e in await studies.enrolments_of(at.db, member.id) if e.roadmap in at.roadmaps]
    if not on:
        return None, ()
    roadmap = at.roadmaps[on[0].roadmap]
    standing = fold(roadmap, await studies.events_of(at.db, member.id, roadmap.slug))
    return roadmap, study.next_line(member.language, standing.next_step)
