"""Makes a chat a group's home, with the settings it shall have."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil
from typing import Annotated, Literal

from bot.cards import base36
from bot.command import Ask, Audience, Call, Response, command
from bot.command.meeting import clean_name
from bot.command.parameters import CODE, DEADLINE, LANGUAGE_KIND, POST_TIME, RECAP, ROADMAP, ZONE
from bot.command.placing import refused
from bot.commands.group import posts
from bot.domain import kind as kinds
from bot.domain.group import Group
from bot.domain.kind import Owner
from bot.domain.refusal import Refusal
from bot.domain.roadmap import Roadmap
from bot.store import belonging, codes, homes, ledger, schedule, wishes
from bot.store.homes import home_at, led_by, move_members, open_home, return_home, set_wishes
from bot.views import group as view

News = Literal["new", "second", "saved", "title"]

LOOK_BACK = timedelta(days=6)
"""With today a week: what did not get through before that is no news to a leader."""


@command("setup", leaders=True, shows_alone=True)
async def setup(
    call: Call,
    *,
    zone: Annotated[str | None, ZONE],
    time: Annotated[int | str | None, POST_TIME],
    recap: Annotated[tuple[int, int | None] | str | None, RECAP],
    roadmap: Annotated[Roadmap | None, ROADMAP],
    deadline: Annotated[date | None, DEADLINE],
    code: Annotated[str | None, CODE],
    language: Annotated[str | None, LANGUAGE_KIND],
) -> Response:
    """Make this chat a group's home, or change the group's settings; without arguments, show them."""
    if call.incoming.private:
        raise Refusal("refuse-setup-private")
    group = call.scene.group
    news: News = "title"
    if code is not None:
        group = await _group_of_code(call, code)
        if group is None:
            # Answered, not raised: a raise would take back the count of wrong tries.
            return Response(refused(Refusal("refuse-code-wrong"), call.language))
        await _move_in(call, group)
        news = "second"
    elif group is None:
        group = await _settle(call, zone)
        news = "new"
    day, recap_minute = recap if isinstance(recap, tuple) else (None, None)
    minute = time if isinstance(time, int) else None
    await set_wishes(
        call.change,
        group.id,
        zone=zone,
        checkin_minute=minute,
        recap_day=day,
        recap_minute=recap_minute,
        roadmap=roadmap.slug if roadmap else None,
        deadline=deadline,
        language=language,
    )
    # On and off stand with the group's reminders.
    said = {"time": time, "recap": recap}
    turned = [(post, said[post.wish.argument]) for post in kinds.of_owner(Owner.LEADER) if post.wish is not None]
    turned = [(post, wish) for post, wish in turned if wish is not None]
    for post, wish in turned:
        await posts.turn(call, group.id, post, on=wish != "off")
    saved = news == "title" and any(wish is not None for wish in (zone, time, recap, roadmap, deadline, language))
    return await _shown(call, group, "saved" if saved else news)


async def _shown(call: Call, before: Group, news: News) -> Response:
    """The group's settings as they are now, for all to see."""
    made, group = call.change.made, before
    if made:
        await led_by(call.db, before.id, call.member.id)
        group = await schedule.refresh_group(call.db, before.id, call.now)
        call.summarise("change-group" if news == "saved" else "change-home", group=before.name)
    facts = view.HomeFacts(
        group=group,
        posts=await schedule.of_group(call.db, group.id),
        news=news,
        now=call.now,
        homes=len(await homes.homes_of(call.db, before.id)),
        roadmaps=[r for r in call.scene.roadmaps.values() if not r.retired or r.slug == before.roadmap],
        missing=call.incoming.missing,
        lost=await ledger.not_delivered(call.db, group.id, group.local_day(call.now) - LOOK_BACK),
        undo=base36(await call.change.id()) if made else None,
    )
    return Response(view.home(group.language, facts, call.member.id), audience=Audience.GROUP)


async def _settle(call: Call, zone: str | None) -> Group:
    """A group for this chat: the one that lived here before, else a new one. Asks for the zone of a new one."""
    here = await home_at(call.db, call.incoming.address)
    if here is not None:
        await return_home(call.change, here.id, here.group)
        group = await belonging.group(call.db, here.group)
    else:
        zone = zone or (call.member.zone if call.member.zone_confirmed else None)
        if zone is None:
            raise Ask("zone")
        name = clean_name(call.incoming.chat_name) if call.incoming.chat_name.strip() else call.word("group-unnamed")
        group = await belonging.found_group(call.db, name, zone, call.now, call.language)
        await _make_home(call, group)
    await _enter(call, group)
    return group


async def _make_home(call: Call, group: Group) -> None:
    name = clean_name(call.incoming.chat_name) if call.incoming.chat_name.strip() else group.name
    await open_home(call.change, group.id, call.incoming.address, name)


async def _enter(call: Call, group: Group) -> None:
    """The leader is a member too; until they name a zone of their own, theirs is the group's."""
    await belonging.enter(call.db, group.id, call.member.id, call.now)
    if not call.member.zone_confirmed and call.member.zone != group.zone:
        await wishes.take_zone(call.change, group.zone)
        await call.refresh()


# ---------------------------------------------------------------- a second home


@command("homecode", leaders=True, listed=False)
async def homecode(call: Call) -> Response:
    """Show a code that makes another chat a second home of this group."""
    if call.incoming.private:
        raise Refusal("refuse-setup-private")
    group = call.scene.group
    if group is None:
        raise Refusal("refuse-no-home", ways=[("/setup", "setup")])
    code = await codes.issue(call.db, "home", call.member.id, group.id, call.now)
    return Response(view.home_code(call.language, group, code))


async def _group_of_code(call: Call, code: str) -> Group | None:
    """The group whose code it is; the code is used up with this command's transaction.

    Whoever was shown it leads the first home, and whoever enters it leads this chat: they may be one person whose
    accounts are not linked. Raises Refusal after too many wrong tries, and where the group lives already.
    """
    try:
        found = await codes.take(call.db, "home", code, call.member.id, call.now)
    except codes.Locked as locked:
        minutes = ceil((locked.until - call.now).total_seconds() / 60)
        raise Refusal("refuse-code-locked", count=minutes) from None
    if found is None or found.group is None:
        return None
    group = await belonging.group(call.db, found.group)
    if call.scene.group is not None and call.scene.group.id == group.id:
        raise Refusal("refuse-code-here", group=group.name)
    return group


async def _move_in(call: Call, group: Group) -> None:
    """Make this chat a home of a group that lives elsewhere already.

    A chat that was set up as a group of its own comes along with its members when it was that group's only home.
    """
    here = await home_at(call.db, call.incoming.address)
    if here is None:
        await _make_home(call, group)
    else:
        await return_home(call.change, here.id, group.id)
        if not await homes.homes_of(call.db, here.group):
            await move_members(call.db, here.group, group.id, call.now)
    await _enter(call, group)
