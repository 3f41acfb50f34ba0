"""What a group is told unasked: on, off, or at another time."""

from __future__ import annotations

from bot.cards import base36
from bot.command import Audience, Call, Response
from bot.domain.group import Group
from bot.domain.kind import Kind
from bot.domain.refusal import Refusal
from bot.domain.reminder import Reminder
from bot.store import hold, schedule
from bot.store.homes import led_by, set_times
from bot.views import group as view
from bot.words import minute_words


async def remind_group(call: Call, kind: Kind, minute: int | None, days: int | None, where: str | None) -> Response:
    """Set a post of the group in whose home this is said; without anything to set, show it.

    Raises Refusal in private, for those who do not lead the group, and for what a post cannot have.
    """
    group = _led(call, kind)
    await hold(call.db, "setup")
    post = await _post(call, group.id, kind)
    if minute is None and days is None and where is None:
        usual = sorted({*kind.times, post.minute})
        return Response(view.post_question(group.language, post, call.member.id, usual), audience=Audience.GROUP)
    _check(call, kind, post.minute if minute is None else minute, days, where)
    # A change of the group's settings, whichever command makes it: /undo takes all of them back alike.
    call.change.command = "setup"
    wishes, rule = _wished(kind, minute, days)
    await set_times(call.change, group.id, wishes)
    await turn(call, group.id, kind, on=where != "off", **rule)
    return await _receipt(call, group, kind)


def _wished(kind: Kind, minute: int | None, days: int | None) -> tuple[dict[str, int], dict[str, int]]:
    """What is wished for: the fields of the group that keep it, and what stands with the post's own rule."""
    wishes: dict[str, int] = {}
    rule: dict[str, int] = {}
    if minute is not None:
        if kind.wish is None:
            rule["minute"] = minute
        else:
            wishes[kind.wish.minute] = minute
    if days is not None:
        if kind.wish is None or kind.wish.day is None:
            rule["days"] = days
        else:
            wishes[kind.wish.day] = days.bit_length() - 1
    return wishes, rule


async def turn(call: Call, group: int, kind: Kind, *, on: bool, **rule: int) -> None:
    """Turn a group's post on or off, and set its own rule; the group's reminders are to be refreshed after."""
    post = await _post(call, group, kind)
    await schedule.set_post(call.change, post, on=on, **rule)


async def _post(call: Call, group: int, kind: Kind) -> Reminder:
    """A group's post; that of a group that has just been founded, or of a kind that is new, is written first."""
    known = await schedule.of_group(call.db, group)
    if kind.name not in known:
        await schedule.refresh_group(call.db, group, call.now)
        known = await schedule.of_group(call.db, group)
    return known[kind.name]


def _led(call: Call, kind: Kind) -> Group:
    """The group whose home this is said in, by one of its leaders."""
    if call.incoming.private:
        raise Refusal("refuse-post-private", kind=kind.name)
    if not call.incoming.leader:
        raise Refusal("refuse-leaders", command=f"remind kind:{kind.name}")
    if call.scene.group is None:
        raise Refusal("refuse-no-home", ways=[("/setup", "setup")])
    return call.scene.group


def _check(call: Call, kind: Kind, minute: int, days: int | None, where: str | None) -> None:
    """Raises Refusal for a place or days that a post cannot have."""
    time = minute_words(minute)
    if where in ("dm", "group"):
        line = f"remind {time} kind:{kind.name}"
        raise Refusal("refuse-post-place", line=line, ways=[(f"/{line}", line)])
    if kind.one_day and days is not None and days.bit_count() != 1:
        line = f"remind {time} sun kind:{kind.name}"
        why = call.word(f"refuse-post-days-{kind.name}")
        raise Refusal("refuse-post-days", why=why, line=line, ways=[(f"/{line}", line)])


async def _receipt(call: Call, group: Group, kind: Kind) -> Response:
    """What a post is set to now, for all in the group to see."""
    undo = None
    if call.change.made:
        await led_by(call.db, group.id, call.member.id)
        call.summarise("change-group", group=group.name)
        undo = base36(await call.change.id())
    await schedule.refresh_group(call.db, group.id, call.now)
    post = await _post(call, group.id, kind)
    return Response(view.post_set(group.language, post, call.now, call.member.id, undo), audience=Audience.GROUP)
