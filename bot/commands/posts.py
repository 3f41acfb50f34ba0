"""What a group is told unasked, its daily question and its recap: on, off, or at another time."""

from __future__ import annotations

from bot.cards import base36
from bot.command import Audience, Call, Response
from bot.domain.group import CHECKIN_MINUTE, RECAP_MINUTE, Group
from bot.domain.kind import GROUP_CHECKIN, RECAP
from bot.domain.refusal import Refusal
from bot.domain.reminder import Reminder
from bot.store import hold, schedule
from bot.store.homes import led_by, set_times
from bot.views import group as view
from bot.words import minute_words

MINUTES = {GROUP_CHECKIN: "checkin_minute", RECAP: "recap_minute"}
"""Where the time of each stands among a group's wishes."""

TIMES = {
    GROUP_CHECKIN: (18 * 60, 19 * 60, CHECKIN_MINUTE, 21 * 60),
    RECAP: (9 * 60, 12 * 60, RECAP_MINUTE, 20 * 60),
}
"""The times that are offered for each, in minutes after local midnight."""


async def remind_group(call: Call, kind: str, minute: int | None, days: int | None, where: str | None) -> Response:
    """Set a post of the group in whose home this is said; without anything to set, show it.

    Raises Refusal in private, for those who do not lead the group, and for what a post cannot have.
    """
    group = _led(call, kind)
    await hold(call.db, "setup")
    post = (await schedule.of_group(call.db, group.id))[kind]
    if minute is None and days is None and where is None:
        usual = sorted({*TIMES[kind], post.minute})
        return Response(view.post_question(group.language, post, call.member.id, usual), audience=Audience.GROUP)
    _check(call, kind, post.minute if minute is None else minute, days, where)
    # A change of the group's settings, whichever command makes it: /undo takes all of them back alike.
    call.change.command = "setup"
    wishes: dict[str, int] = {} if minute is None else {MINUTES[kind]: minute}
    if kind == RECAP and days is not None:
        wishes["recap_day"] = days.bit_length() - 1
    await set_times(call.change, group.id, wishes)
    await turn(call, group.id, kind, on=where != "off", days=days if kind == GROUP_CHECKIN else None)
    return await _receipt(call, group, kind)


async def turn(call: Call, group: int, kind: str, *, on: bool, days: int | None = None) -> None:
    """Turn a group's post on or off; the group's reminders are to be refreshed after."""
    known = await schedule.of_group(call.db, group)
    if kind not in known:
        # Of a group that has just been founded.
        await schedule.refresh_group(call.db, group, call.now)
        known = await schedule.of_group(call.db, group)
    await schedule.set_post(call.change, known[kind], on=on, days=days)


def _led(call: Call, kind: str) -> Group:
    """The group whose home this is said in, by one of its leaders."""
    if call.incoming.private:
        raise Refusal("refuse-post-private", kind=kind)
    if not call.incoming.leader:
        raise Refusal("refuse-leaders", command=f"remind kind:{kind}")
    if call.scene.group is None:
        raise Refusal("refuse-no-home", ways=[("/setup", "setup")])
    return call.scene.group


def _check(call: Call, kind: str, minute: int, days: int | None, where: str | None) -> None:
    """Raises Refusal for a place or days that a post cannot have."""
    time = minute_words(minute)
    if where in ("dm", "group"):
        line = f"remind {time} kind:{kind}"
        raise Refusal("refuse-post-place", line=line, ways=[(f"/{line}", line)])
    if kind == RECAP and days is not None and days.bit_count() != 1:
        line = f"remind {time} sun kind:{kind}"
        raise Refusal("refuse-post-days", line=line, ways=[(f"/{line}", line)])


async def _receipt(call: Call, group: Group, kind: str) -> Response:
    """What a post is set to now, for all in the group to see."""
    undo = None
    if call.change.made:
        await led_by(call.db, group.id, call.member.id)
        call.summarise("change-group", group=group.name)
        undo = base36(await call.change.id())
    await schedule.refresh_group(call.db, group.id, call.now)
    post: Reminder = (await schedule.of_group(call.db, group.id))[kind]
    return Response(view.post_set(group.language, post, call.now, call.member.id, undo), audience=Audience.GROUP)
