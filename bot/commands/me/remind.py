"""What I say unasked: each kind turned on, off, or to another time."""

from __future__ import annotations

from typing import Annotated

from bot.cards import Button, Card, Paragraph, Spans
from bot.command import Call, Led, Response, command
from bot.command.parameters import DAYS, PLACES, TIME, OneOf
from bot.command.scene import Scene
from bot.commands.group.posts import remind_group
from bot.commands.me.pause import with_halts
from bot.commands.me.start import TIMES, onward
from bot.commands.plan.join import change_code
from bot.domain import kind as kinds
from bot.domain.kind import GROUP_KINDS, KINDS, SET_KINDS, Kind, Names, Owner
from bot.domain.refusal import Refusal
from bot.domain.reminder import Reminder
from bot.store import schedule
from bot.views import times
from bot.views.changed import Weekdays
from bot.words import minute_words

EVERY_KIND = OneOf(SET_KINDS, names="settings-reminder-", by_name=Names(lambda kind: kind.name in PLACES))
"""By itself `group` is the place: a leader who turns off their own question there must not end everybody's."""


class _Where(OneOf):
    def read(self, text: str, scene: Scene) -> str | None:
        """A place, or one with a switch: my question there, `off` or `on`."""
        one = OneOf.read(self, text, scene)
        first, _, second = text.strip().partition(" ")
        if one is not None or not second:
            return one
        both = [OneOf.read(self, word, scene) for word in (first, second)]
        if None in both:
            return None
        if "off" in both:
            return "off"
        return next((place for place in both if place != "on"), None) if "on" in both else None


WHERE = _Where(PLACES)


@command("remind", shows_alone=True)
async def remind(
    call: Call,
    time: Annotated[int | None, TIME],
    days: Annotated[int | None, DAYS],
    where: Annotated[str | None, WHERE],
    kind: Annotated[str | None, Led(EVERY_KIND, GROUP_KINDS)],
) -> Response:
    """A kind of reminder: at which local time, on which days, where; or off, or on again. Without any, what is set."""
    of = kinds.main_kind() if kind is None else KINDS[kind]
    if of.owner is Owner.LEADER:
        return await remind_group(call, of, time, days, where)
    return await _remind_member(call, of, time, days, where)


async def _remind_member(call: Call, of: Kind, time: int | None, days: int | None, where: str | None) -> Response:
    kind = of.name
    row = await call.mine.reminder(kind)
    if time is None and days is None and where is None:
        usual = sorted({*TIMES, *of.times, of.minute})
        asked = times.remind_question(call.member, kind, row, usual)
        return Response(times.with_halts(asked, call.member, (row,) if row else (), call.today))
    minute = time if time is not None else row.minute if row else of.minute
    if where is None or where == "on":
        where = row.place if row and row.place != "off" else "dm"
    _check(call, of, minute, days, where)
    was = "on" if row and row.place != "off" else "off"
    also = await _set(call, row, of, minute, days or (row.days if row else of.days), where)
    await call.refresh()
    row = await call.mine.reminder(kind)
    assert row is not None, "it has just been written"
    if where == "off":
        call.summarise(f"change-remind-off-{kind}")
        line = f"remind on{times.of_kind(kind)}"
        said = call.say(
            "remind-off", what=call.word(f"remind-off-{kind}"), was=was, line=line, time=minute_words(minute)
        )
        return Response(await _receipt(call, said, []))
    call.summarise(f"change-remind-{kind}", days=Weekdays(row.days), time=minute_words(minute))
    said = times.reminded(call.member, row, also, call.now)
    return Response(await _receipt(call, said, await _offers(call, of)))


def _check(call: Call, kind: Kind, minute: int, days: int | None, where: str) -> None:
    """Raises Refusal for a place or days that a kind cannot have."""
    time = minute_words(minute)
    if where == "group" and kind.private:
        way = (call.word("button-in-private", time=time), f"remind {time} dm kind:{kind.name}")
        raise Refusal("refuse-remind-private", what=call.word(f"refuse-remind-private-{kind.name}"), ways=[way])
    if days is not None and not kind.dates.wished:
        line = f"remind {time} kind:{kind.name}"
        before = times.before_words(call.language, kind)
        why = call.say(f"refuse-remind-days-{kind.name}", before=before, count=kind.count)
        raise Refusal("refuse-remind-days", why=why, line=line, ways=[(f"/{line}", line)])
    if where == "group" and not call.scene.groups:
        raise Refusal("refuse-remind-group")


async def _set(call: Call, row: Reminder | None, kind: Kind, minute: int, days: int, where: str) -> list[str]:
    """Write the rule; gives the kinds that came on with it."""
    await schedule.set_rule(call.change, row, kind.name, minute=minute, days=days, place=where)
    if not kind.main or where != "dm":
        return []
    known = {reminder.kind for reminder in await call.mine.reminders()}
    also = kinds.chosen(lambda kind: kind.comes_along and kind.name not in known)
    for further in also:
        await schedule.set_rule(call.change, None, further.name, minute=further.minute, days=further.days, place="dm")
    return [further.name for further in also]


async def _offers(call: Call, kind: Kind) -> list[Button]:
    """What those who set their daily question may want besides, where they have not chosen."""
    if not kind.main:
        return []
    known = {reminder.kind for reminder in await call.mine.reminders()}
    offered = kinds.chosen(lambda kind: kind.offered and kind.name not in known)
    return [times.offer(call.member, kind.name) for kind in offered]


async def _receipt(call: Call, said: Spans, offers: list[Button]) -> Card:
    """What was set; for those being shown around the next question alone, for the others the ways on."""
    card = await with_halts(call, Card(parts=(Paragraph(said),)))
    if call.change.present.onboarding:
        return await onward(call, card)
    buttons = [*offers, Button(call.word("button-settings"), "settings", only=call.member.id)]
    if call.change.made:
        undo = Button(call.word("button-undo"), f"undo {await change_code(call)}", only=call.member.id)
        buttons.insert(0, undo)
    return await onward(call, card.with_rows(buttons))
