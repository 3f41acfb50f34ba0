"""A member's course: the roadmap they choose, by when, or that they leave it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from bot.cards import Bold, Button, Card, Paragraph, Spans, Text, base36
from bot.command import Ask, Call, Response, command
from bot.command.parameters import DEADLINE, HOURS, MY_ROADMAP, ROADMAP, not_on
from bot.commands.me.start import offers, onward
from bot.domain.enrolment import Enrolment
from bot.domain.plan import Fit
from bot.domain.progress import Progress, fold
from bot.domain.refusal import Refusal
from bot.domain.roadmap import Roadmap
from bot.store import studies
from bot.views import course, study
from bot.words import lines, shortened

DEFAULT_MINUTES = 120
"""Two hours a day, what our students have (see the README); changed with one tap."""


@command("join")
async def join(
    call: Call,
    roadmap: Annotated[Roadmap | None, ROADMAP],
    deadline: Annotated[date | None, DEADLINE],
    hours: Annotated[int | None, HOURS],
) -> Response:
    """Enrol on a roadmap until a deadline; again, change the deadline or the hours."""
    if roadmap is None and call.scene.studied and (deadline or hours):
        # Another deadline or other hours are meant for what one is on already; the answer names it.
        roadmap = call.scene.studied[0]
    if roadmap is None:
        raise Ask("roadmap", options=offers(call))
    current = call.scene.enrolment(roadmap.slug)
    deadline = deadline or (current.deadline if current else None) or _offered_deadline(call, roadmap)
    if deadline is None:
        raise Ask("deadline", id="ask-deadline-of", title=roadmap.title)
    minutes = hours or (current.minutes_a_day if current else DEFAULT_MINUTES)
    if current is None:
        await studies.enrol(call.change, roadmap.slug, deadline, minutes)
        call.summarise("change-joined", title=roadmap.title)
    else:
        await studies.set_plan(call.change, current.id, deadline, minutes)
        await use(call, current)
        call.summarise("change-plan", title=roadmap.title)
    await call.refresh()
    progress = fold(roadmap, await call.mine.events(roadmap.slug))
    fit = Fit(progress.hours_left, minutes, call.today, deadline)
    receipt = study.enrolled(call.language, roadmap, fit, progress.next_step, call.member.id)
    return Response(await onward(call, receipt))


def _offered_deadline(call: Call, roadmap: Roadmap) -> date | None:
    """The group's deadline, for those who take the group's roadmap and name no other."""
    group = call.scene.home
    if group is None or group.roadmap != roadmap.slug or group.deadline is None or group.deadline <= call.today:
        return None
    return group.deadline


@command("leave")
async def leave(call: Call, roadmap: Annotated[Roadmap | None, MY_ROADMAP]) -> Response:
    """End an enrolment; what was done stays."""
    enrolment = the_enrolment(call, roadmap)
    await studies.leave(call.change, enrolment.id)
    await call.refresh()
    title = title_of(call, enrolment)
    call.summarise("change-left", title=title)
    undo = Button(call.word("button-undo"), f"undo {await change_code(call)}", only=call.member.id)
    return Response(Card(parts=(Paragraph(call.say("left", title=title)),), rows=((undo,),)))


@command("roadmaps", shows=True)
async def roadmaps(call: Call) -> Response:
    """What there is to choose."""
    offered = [r for r in call.scene.roadmaps.values() if not r.retired]
    parts = []
    for roadmap in offered:
        about = call.say(
            "roadmap-about",
            slug=roadmap.slug,
            count=len(roadmap.requirements),
            hours=study.hours_words(call.language, roadmap.hours_required),
        )
        heading: Spans = (Bold(roadmap.title), Text(" "), *about)
        parts.append(Paragraph(lines(heading, (Text(roadmap.summary),))))
    buttons = [Button(shortened(r.title, 80), f"roadmap {r.slug}") for r in offered[:5]]
    return Response(Card(title=call.say("roadmaps-title"), parts=tuple(parts)).with_rows(*([b] for b in buttons)))


@command("roadmap", shows=True)
async def roadmap(call: Call, roadmap: Annotated[Roadmap | None, ROADMAP]) -> Response:
    """A roadmap's levels and steps, mine ticked."""
    if roadmap is None:
        default = call.scene.studied[:1] or ((call.scene.offered,) if call.scene.offered else ())
        if not default:
            raise Ask("roadmap")
        roadmap = default[0]
    progress = fold(roadmap, await call.mine.events(roadmap.slug))
    mine = call.scene.enrolment(roadmap.slug) is not None
    return Response(course.course(call.language, progress, mine, call.member.id))


@command("sources", listed=False, shows=True)
async def sources(call: Call, roadmap: Annotated[Roadmap | None, ROADMAP]) -> Response:
    """What a roadmap rests on: its sources, its version, the practice beside it."""
    if roadmap is None:
        raise Ask("roadmap")
    return Response(course.sources(call.language, roadmap, call.today))


def the_enrolment(call: Call, roadmap: Roadmap | None) -> Enrolment:
    """The enrolment that is meant: the one named, else the one used last. Raises Refusal when there is none."""
    if roadmap is not None:
        found = call.scene.enrolment(roadmap.slug)
        if found is None:
            raise not_on(roadmap, call.scene)
        return found
    served = [e for e in call.scene.enrolments if e.roadmap in call.scene.roadmaps]
    if not served and call.scene.enrolments:
        raise Refusal("refuse-unserved", roadmap=call.scene.enrolments[0].roadmap)
    if not served:
        raise Refusal("refuse-no-roadmap", ways=_first_steps(call))
    return served[0]


async def progress_on(call: Call, enrolment: Enrolment) -> Progress:
    """The member's progress on an enrolment's roadmap."""
    roadmap = call.scene.roadmaps[enrolment.roadmap]
    return fold(roadmap, await call.mine.events(roadmap.slug))


async def use(call: Call, enrolment: Enrolment) -> None:
    """Note that an enrolment was spoken of; of the one that was spoken of last, that is known."""
    if enrolment.id != call.scene.enrolments[0].id:
        await studies.use(call.db, enrolment.id, call.now)


def title_of(call: Call, enrolment: Enrolment) -> str:
    """What the roadmap of an enrolment is called; its slug, when its file is not served at the moment."""
    roadmap = call.scene.roadmaps.get(enrolment.roadmap)
    return roadmap.title if roadmap else enrolment.roadmap


async def change_code(call: Call) -> str:
    """What /undo calls this change."""
    return base36(await call.change.id())


def _first_steps(call: Call) -> list[tuple[str, str]]:
    """How to begin: with the group's roadmap in one tap where it has one."""
    if call.scene.offered:
        return [(call.word("button-join-group", title=call.scene.offered.title), f"join {call.scene.offered.slug}")]
    return [(call.word("button-choose-roadmap"), "join")]
