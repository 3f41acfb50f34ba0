"""The group's board, as a whole or around one's own place."""

from __future__ import annotations

from typing import Annotated

from bot.cards import Card
from bot.command import Ask, Audience, Call, Response, command
from bot.command.parameters import GROUP, PAGE_NUMBER, OneOf
from bot.commands.me.pause import with_halts
from bot.domain.board import MEASURES, WINDOWS, Measure, Window, window_start
from bot.domain.group import Group
from bot.domain.refusal import Refusal
from bot.store import standings, weeks
from bot.views import board

WINDOW = OneOf(WINDOWS)
MEASURE = OneOf(MEASURES)


@command("leaderboard", shows=True)
async def leaderboard(
    call: Call,
    window: Annotated[Window | None, WINDOW],
    by: Annotated[Measure | None, MEASURE],
    group: Annotated[Group | None, GROUP],
    page: Annotated[int | None, PAGE_NUMBER],
) -> Response:
    """Who did what in the group: this week's points unless another window or measure is named."""
    group = the_group(call, group)
    found = await standings.standings(call.db, group, window or "week", by or "points", page or 1, call.now)
    return _response(call, group, board.board(_language(call, group), group, found, call.member.id))


@command("place", listed=False, shows=True)
async def place(
    call: Call,
    window: Annotated[Window | None, WINDOW],
    by: Annotated[Measure | None, MEASURE],
    group: Annotated[Group | None, GROUP],
) -> Response:
    """My own place, for me alone."""
    group = the_group(call, group)
    found = await standings.own_standing(call.db, group, window or "week", by or "points", call.member.id, call.now)
    return Response(await with_halts(call, board.my_place(call.language, group, found, call.member.id)))


@command("recap", shows=True)
async def recap(call: Call, group: Annotated[Group | None, GROUP]) -> Response:
    """The group's week so far, from Monday to today by the group's clock."""
    group = the_group(call, group)
    today = group.local_day(call.now)
    week = await weeks.week(call.db, group, window_start("week", today) or today, today, call.scene.roadmaps)
    return _response(call, group, board.recap(_language(call, group), week, call.scene.roadmaps))


def the_group(call: Call, named: Group | None) -> Group:
    """The group that is meant: the one named, the one whose home this is, else the only one; asks among several.

    Raises Refusal for somebody who is in no group.
    """
    group = named or call.scene.group
    if group is not None:
        return group
    if len(call.scene.groups) > 1:
        raise Ask("group")
    if not call.scene.groups:
        if call.incoming.private:
            raise Refusal("refuse-no-group")
        raise Refusal("refuse-no-home", ways=[("/setup", "setup")])
    return call.scene.groups[0]


def _response(call: Call, group: Group, card: Card) -> Response:
    """Public in the group's own home; anywhere else its members' names are for the member who asked."""
    return Response(card, audience=Audience.GROUP if _at_home(call, group) else Audience.MEMBER)


def _at_home(call: Call, group: Group) -> bool:
    return call.scene.group is not None and call.scene.group.id == group.id


def _language(call: Call, group: Group) -> str:
    """The group's where the whole group reads it, else that of who asked."""
    return group.language if _at_home(call, group) else call.language
