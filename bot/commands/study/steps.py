"""The steps of a roadmap: done, left out, taken back."""

from __future__ import annotations

from typing import Annotated

from bot.cards import Button, Card, Paragraph, Part
from bot.command import Ask, Call, Response, command
from bot.command.parameters import (
    CHANGE,
    FILE_KIND,
    LARGEST_FILE,
    MATE,
    MY_ROADMAP,
    NOTE,
    PROOF,
    ROADMAP,
    STEP,
    File,
    StepOf,
    Suggestion,
)
from bot.commands.me.pause import with_halts
from bot.commands.me.start import onward
from bot.commands.plan.join import change_code, progress_on, the_enrolment, use
from bot.domain.enrolment import Enrolment
from bot.domain.member import Member
from bot.domain.progress import Progress, fold
from bot.domain.refusal import Refusal
from bot.domain.roadmap import Roadmap
from bot.store import announcements, changes, hold, homes, outbox, schedule, studies, wishes
from bot.store.announcements import Post
from bot.store.changes import Stale
from bot.views import study
from bot.views.changed import change_words
from bot.views.news import shows
from bot.views.step import how_to, step_ahead


@command("done")
async def done(
    call: Call,
    step: Annotated[StepOf | None, STEP],
    proof: Annotated[str | None, PROOF],
    file: Annotated[File | None, FILE_KIND],
    note: Annotated[str | None, NOTE],
) -> Response:
    """Mark a step done, with what shows it."""
    if file is not None and file.size > LARGEST_FILE:
        raise Refusal("refuse-file-large", name=file.name, size=_megabytes(file.size), limit=_megabytes(LARGEST_FILE))
    step, enrolment, progress = await _chosen(call, step)
    several = len(call.scene.studied) > 1
    chosen = step.step
    if chosen.slug in progress.done and not (proof or file or note):
        again = study.step_done(call.language, progress, chosen, None, call.member.id, None, several=several)
        return Response(again)
    call.summarise("change-done", title=chosen.title)
    kept = None if file is None else _kept(file)
    event = await studies.mark_done(call.change, enrolment.id, chosen.slug, proof, kept, note)
    await call.mine.add_event(enrolment.roadmap, event)
    await use(call, enrolment)
    posts = await _announced(call, enrolment, chosen.slug, again=chosen.slug in progress.done, file=file)
    progress = await progress_on(call, enrolment)
    seen = None if file is None else _seen(call, file, posts)
    shown = "file" if seen else "link" if proof else "note" if note else None
    code = await change_code(call)
    card = study.step_done(
        call.language, progress, chosen, code, call.member.id, shown, where=seen or "", several=several
    )
    if file is not None and seen is None:
        card = card.with_parts(Paragraph(call.say("done-file-unseen")))
    return Response(card, announced=call.announced)


async def _announced(
    call: Call, enrolment: Enrolment, step: str, *, again: bool, file: File | None
) -> tuple[Post, ...]:
    """Tell the group that a step is done, or, where it was done before, have the posts about it say what is new.

    The posts that stand; where nothing of them is to be said they are not looked for.
    """
    if not again:
        await call.announce("done")
        return () if file is None else await announcements.posts(call.db, (await call.change.id(),))
    earlier = await studies.changes_of_step(call.db, enrolment.id, step)
    for change in earlier:
        await outbox.touch_change(call.db, change, call.now)
    posts = await announcements.posts(call.db, earlier)
    call.announced = bool(posts)
    return posts


def _seen(call: Call, file: File, posts: tuple[Post, ...]) -> str | None:
    """The name of the group that sees a file: in the message it came with, or in a post on its platform."""
    groups = {group.id: group.name for group in call.scene.groups}
    if call.scene.group is not None and file.chat == call.scene.address.chat:
        return call.scene.group.name
    found = (groups.get(post.group) for post in posts if shows(post.address, file.platform))
    return next((name for name in found if name), None)


def _kept(file: File) -> dict[str, str]:
    """What is kept of a file: where it is, never what is in it. The group's own message is what holds it."""
    return {"platform": file.platform, "reference": file.reference, "name": file.name, "chat": file.chat}


def _megabytes(size: int) -> int:
    """Bytes in full megabytes, rounded up: what is over a limit reads so."""
    return -(-size // 1024**2)


@command("undo")
async def undo(call: Call, change: Annotated[int | None, CHANGE]) -> Response:
    """Take back my last change, or that one; what was announced about it is edited."""
    found = await (changes.last(call.db, call.member.id) if change is None else changes.find(call.db, change))
    if found is None or found.member != call.member.id:
        raise Refusal("refuse-undo-nothing" if change is None else "refuse-undo-unknown")
    summary = change_words(call.member, call.now, found.summary)
    if found.undone:
        raise Refusal("refuse-undo-done", change=summary)
    if found.command == "setup":
        await hold(call.db, "setup")
    try:
        await call.change.take_back(found)
    except Stale:
        raise Refusal("refuse-undo-stale", change=summary, command=found.command) from None
    call.summarise("change-undo", command=found.command)
    # Nearly every change decides when somebody is reminded: by its rule, the clock, a deadline, or an answer.
    call.mine.forget()
    await wishes.reread(call.change, call.scene.account.platform, call.scene.account.account)
    await call.refresh()
    if found.command == "setup":
        for group in sorted(await homes.led(call.db, call.member.id) | {group.id for group in call.scene.groups}):
            await schedule.refresh_group(call.db, group, call.now)
    await outbox.touch_change(call.db, found.id, call.now)
    await schedule.withdraw_answer(call.db, call.member.id, found.id, call.incoming.pressed, call.now)
    call.announced = True
    parts: list[Part] = [Paragraph(call.say("undone", change=summary))]
    event = await studies.event_of_change(call.db, found.id)
    if event is not None and event["roadmap"] in call.scene.roadmaps:
        roadmap = call.scene.roadmaps[event["roadmap"]]
        progress = fold(roadmap, await call.mine.events(roadmap.slug))
        parts.append(study.bar(call.language, progress, several=len(call.scene.studied) > 1))
    return Response(Card(parts=tuple(parts)))


@command("skip")
async def skip(call: Call, step: Annotated[StepOf | None, STEP], reason: Annotated[str | None, NOTE]) -> Response:
    """Leave a step out: it no longer counts towards the percent."""
    step, enrolment, progress = await _chosen(call, step)
    chosen = step.step
    if chosen.slug in progress.done:
        raise Refusal("refuse-skip-done", title=chosen.title)
    if chosen.slug in progress.skipped:
        raise Refusal("refuse-skip-again", title=chosen.title)
    call.summarise("change-skipped", title=chosen.title)
    await call.mine.add_event(enrolment.roadmap, await studies.skip(call.change, enrolment.id, chosen.slug, reason))
    await use(call, enrolment)
    progress = await progress_on(call, enrolment)
    code = await change_code(call)
    several = len(call.scene.studied) > 1
    return Response(study.step_skipped(call.language, progress, chosen, code, call.member.id, several=several))


@command("progress", shows=True)
async def progress(
    call: Call, member: Annotated[Member | None, MATE], roadmap: Annotated[Roadmap | None, ROADMAP]
) -> Response:
    """Where I stand, or a member of my group."""
    if member is not None and member.id != call.member.id:
        return await _of_mate(call, member, roadmap)
    enrolment = the_enrolment(call, roadmap)
    standing = await progress_on(call, enrolment)
    card = study.standing(call.language, None, standing, enrolment, call.today, call.member.id)
    return Response(await with_halts(call, card))


async def _of_mate(call: Call, member: Member, roadmap: Roadmap | None) -> Response:
    served = [e for e in await studies.enrolments_of(call.db, member.id) if e.roadmap in call.scene.roadmaps]
    wanted = [e for e in served if roadmap is None or e.roadmap == roadmap.slug]
    if not wanted:
        raise Refusal("refuse-mate-not-on", name=member.name)
    enrolment = wanted[0]
    course = call.scene.roadmaps[enrolment.roadmap]
    standing = fold(course, await studies.events_of(call.db, member.id, course.slug))
    return Response(study.standing(call.language, member.name, standing, enrolment, call.today, call.member.id))


@command("next", shows=True)
async def next_step(call: Call, roadmap: Annotated[Roadmap | None, MY_ROADMAP]) -> Response:
    """The next step and why that one."""
    enrolment = the_enrolment(call, roadmap)
    standing = await progress_on(call, enrolment)
    step = standing.next_step
    if step is None:
        bar = study.bar(call.language, standing)
        id = "roadmap-finished" if standing.finished else "roadmap-left-out"
        finished = call.say(id, title=standing.roadmap.title)
        more = Button(call.word("button-choose-roadmap"), "join", only=call.member.id)
        return Response(await with_halts(call, Card(parts=(Paragraph(finished), bar), rows=((more,),))))
    several = len(call.scene.studied) > 1
    card = step_ahead(call.language, standing, step, call.member.id, several=several)
    if call.member.onboarding:
        # Whoever starts before the last tap is still asked for their daily time.
        card = await onward(call, card)
    return Response(await with_halts(call, card))


@command("howto", listed=False, shows=True)
async def how(call: Call, step: Annotated[StepOf | None, STEP]) -> Response:
    """How to learn a step."""
    if step is None:
        raise Ask("step")
    return Response(how_to(call.language, step.roadmap, step.step, call.scene.roadmaps.values(), call.member.id))


async def _chosen(call: Call, step: StepOf | None) -> tuple[StepOf, Enrolment, Progress]:
    """The step meant, the enrolment it counts for and the progress so far; asks when no step was named.

    Raises Refusal when the member is not on the step's roadmap, with that roadmap in one tap.
    """
    if step is None:
        enrolment = the_enrolment(call, None)
        standing = await progress_on(call, enrolment)
        options = _open_steps(standing)
        if not options:
            more = (call.word("button-choose-roadmap"), "join")
            raise Refusal("refuse-nothing-open", title=standing.roadmap.title, ways=[more])
        of = "ask-step-of" if call.change.command == "done" else "ask-skip-step-of"
        id = of if len(call.scene.studied) > 1 else None
        raise Ask("step", options=options, id=id, title=standing.roadmap.title)
    enrolment = the_enrolment(call, step.roadmap)
    return step, enrolment, await progress_on(call, enrolment)


def _open_steps(standing: Progress) -> list[Suggestion]:
    """Steps still to do, the next one first."""
    following = standing.next_step
    steps = [s for s in standing.roadmap.live_steps if not standing.settled(s)]
    steps.sort(key=lambda s: s is not following)
    slug = standing.roadmap.slug
    return [Suggestion(f"{standing.roadmap.number_of(s)}. {s.title}", f"{slug}/{s.slug}", s.summary) for s in steps]
