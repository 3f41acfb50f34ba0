"""What we know of a member, for them to see or change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from bot.cards import Button, Card, Paragraph, base36
from bot.command import Ask, Call, Hidden, Response, command
from bot.command.meeting import clean_name
from bot.command.parameters import CODE, GROUP, LANGUAGE_KIND, PAGE_NUMBER, OneOf, Words
from bot.command.placing import refused
from bot.domain.group import Group
from bot.domain.refusal import Refusal
from bot.store import codes, linking, people, personal, schedule, studies, wishes
from bot.views import export, profile
from bot.words import language_name, time_words

AS_FILE = "file"
DATA_KINDS = OneOf((AS_FILE, *(table.name for table in personal.PERSONAL)))
SURE = OneOf(("yes",))
CHOSEN_NAME = Words(limit=people.NAME_LENGTH)


@command("settings", shows=True)
async def settings(call: Call) -> Response:
    """All of mine, each changeable from here."""
    titles = {e.roadmap: _title(call, e.roadmap) for e in call.scene.enrolments}
    return Response(
        profile.settings(
            profile.Profile(
                member=call.member,
                now=call.now,
                enrolments=call.scene.enrolments,
                titles=titles,
                reminders=await call.mine.reminders(),
                rests=await call.mine.planned(call.today),
                groups=call.scene.groups,
                accounts=await call.mine.accounts(),
            )
        )
    )


def _title(call: Call, slug: str) -> str:
    roadmap = call.scene.roadmaps.get(slug)
    return roadmap.title if roadmap else slug


@command("name", listed=False)
async def name(call: Call, name: Annotated[str | None, CHOSEN_NAME]) -> Response:
    """What I am called here, whatever the platform calls me."""
    if name is None:
        raise Ask("name")
    called = clean_name(name)
    call.summarise("change-name")
    await wishes.set_name(call.change, called)
    return await _set(call, "name-set", name=called)


@command("language", listed=False)
async def language(call: Call, language: Annotated[str | None, LANGUAGE_KIND]) -> Response:
    """The language in which I speak with them; a group's is another thing, and its leaders'."""
    if language is None:
        raise Ask("language")
    call.summarise("change-language", language=language_name(language))
    await wishes.set_language(call.change, language)
    # From this answer on.
    call.scene = replace(call.scene, member=replace(call.member, language=language))
    return await _set(call, "language-set", language=language_name(language))


@command("main", listed=False)
async def main(call: Call, group: Annotated[Group | None, GROUP]) -> Response:
    """The group that counts where no other is meant: my work is announced there."""
    if not call.scene.groups:
        raise Refusal("refuse-main-none")
    if group is None:
        raise Ask("group", id="ask-main")
    call.summarise("change-main")
    await wishes.set_main_group(call.change, group.id)
    return await _set(call, "main-set", name=group.name)


async def _set(call: Call, id: str, **vars: object) -> Response:
    """The receipt of a setting, with the way back and the way to the others."""
    buttons = [Button(call.word("button-settings"), "settings", only=call.member.id)]
    if call.change.made:
        code = base36(await call.change.id())
        buttons.insert(0, Button(call.word("button-undo"), f"undo {code}", only=call.member.id))
    return Response(Card(parts=(Paragraph(call.say(id, **vars)),), rows=(tuple(buttons),)))


# ---------------------------------------------------------------- accounts


@command("link")
async def link(call: Call, code: Annotated[str | None, CODE], sure: Annotated[str | None, Hidden(SURE)]) -> Response:
    """Show a code for my other account; with a code, show what linking the two would do, then do it."""
    if code is None:
        shown = await codes.issue(call.db, "link", call.member.id, None, call.now)
        return Response(profile.link_code(call.member, shown, call.now + codes.VALID_FOR))
    incoming = call.incoming
    if not (incoming.private or incoming.whispered or incoming.pressed_private):
        return await _seen_by_others(call, code)
    found = await _shower(call, code, use=sure is not None)
    if isinstance(found, Response):
        return found
    return await (_preview(call, code, found) if sure is None else _unite(call, found))


async def _preview(call: Call, code: str, other: int) -> Response:
    here = await linking.brought(call.db, call.member.id)
    there = await linking.brought(call.db, other)
    deadlines = {e.roadmap: e.deadline for e in await studies.enrolments_of(call.db, other)}
    shared = [(_title(call, slug), deadlines[slug]) for slug in here.roadmaps if slug in deadlines]
    return Response(profile.link_preview(call.member, code, here, there, shared))


async def _unite(call: Call, keep: int) -> Response:
    call.summarise("change-linked")
    await linking.unite(call.change, keep, call.member.id, call.scene.roadmaps)
    member = call.change.present = await people.member(call.db, keep)
    call.mine.become(keep)
    return Response(profile.linked(member, await call.mine.accounts()))


async def _shower(call: Call, code: str, use: bool) -> int | Response:
    """The member who was shown a code, or why there is none: answered, not raised, for a wrong try must be kept."""
    find = codes.take if use else codes.peek
    try:
        found = await find(call.db, "link", code, call.member.id, call.now)
    except codes.Locked as locked:
        until = time_words(call.member.local(locked.until + timedelta(minutes=1)))
        return Response(refused(Refusal("refuse-link-locked", time=until), call.language))
    if found is None:
        return Response(refused(Refusal("refuse-link-wrong", ways=[("/link", "link")]), call.language))
    if found.member == call.member.id:
        raise Refusal("refuse-link-self")
    return found.member


async def _seen_by_others(call: Call, code: str) -> Response:
    """A code that others could read is worth nothing any more; the next is entered in private."""
    found = await _shower(call, code, use=True)
    if isinstance(found, Response):
        return found
    return Response(refused(Refusal("refuse-link-public"), call.language))


# ---------------------------------------------------------------- what is kept


@command("privacy", shows=True)
async def privacy(call: Call) -> Response:
    """What is kept, why, how to get it out and have it removed."""
    return Response(profile.privacy(call.member))


@command("mydata", listed=False, shows=True)
async def my_data(
    call: Call, about: Annotated[str | None, DATA_KINDS], page: Annotated[int | None, PAGE_NUMBER]
) -> Response:
    """Everything that is kept about me: how much of each kind, each kind row by row, and all of it as a file."""
    kept = await personal.rows_of(call.db, call.member.id)
    counts = await personal.counts(call.db, call.member.id, kept)
    if about == AS_FILE:
        everything = {name: await personal.rows(call.db, kept, name, 0, count) for name, count in counts.items()}
        return Response(export.export(call.language), build=export.Export(call.language, everything))
    if about is None or about not in counts:
        return Response(profile.data_overview(call.member, counts))
    pages = -(-counts[about] // profile.DATA_ROWS)
    page = min(page or 1, pages)
    first = (page - 1) * profile.DATA_ROWS
    rows = await personal.rows(call.db, kept, about, first, profile.DATA_ROWS)
    return Response(profile.data_page(call.member, about, rows, page, pages))


@command("forgetme", listed=False)
async def forget_me(call: Call, sure: Annotated[str | None, SURE]) -> Response:
    """Remove everything that is kept about me; asks once."""
    if sure is None:
        return Response(profile.forget_question(call.member))
    for group in call.scene.groups:
        # The rosters people see today and may still see change of yesterday no longer count this member.
        for day in (group.local_day(call.now), group.local_day(call.now) - timedelta(days=1)):
            await schedule.touch_rosters(call.db, group.id, day, call.now)
    await personal.forget(call.db, call.member.id)
    # Nobody is there any more whose pause could be shown.
    call.change.present = replace(call.member, paused_from=None, paused_until=None)
    call.announced = bool(call.scene.groups)
    return Response(profile.forgotten(call.language))
