"""What I say unasked: each kind turned on, off, or to another time."""

from __future__ import annotations

from typing import Annotated

from bot.cards import Button, Card, Paragraph, Spans
from bot.command import Call, Led, Response, command
from bot.command.parameters import DAYS, PLACES, TIME, OneOf
from bot.command.scene import Scene
from bot.commands.me.start import TIMES, onward
from bot.commands.pause import with_halts
from bot.commands.plan.join import change_code
from bot.commands.posts import remind_group
from bot.domain.kind import DEADLINE, GROUP_CHECKIN, GROUPS, KINDS, MEMBERS, PRIVATE, RETURN, RISK, SILENCE_DAYS, STUDY
from bot.domain.occurrence import EVERY_DAY
from bot.domain.refusal import Refusal
from bot.domain.reminder import Reminder
from bot.store import schedule
from bot.views import times
from bot.words import days_words, minute_words

HELPERS = (DEADLINE, RETURN)
"""What comes on with the first private study reminder: rare, private, and said in its receipt."""

EVERY_KIND = OneOf((*MEMBERS, *GROUPS), names="settings-reminder-", by_name=(GROUP_CHECKIN,))
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


@command("remind")
async def remind(
    call: Call,
    time: Annotated[int | None, TIME],
    days: Annotated[int | None, DAYS],
    where: Annotated[str | None, WHERE],
    kind: Annotated[str | None, Led(EVERY_KIND, GROUPS)],
) -> Response:
    """A kind of reminder: at which local time, on which days, where; or off, or on again. Without any, what is set."""
    kind = kind or STUDY
    if kind in GROUPS:
        return await remind_group(call, kind, time, days, where)
    row = await call.mine.reminder(kind)
    if time is None and days is None and where is None:
        usual = sorted({*TIMES, KINDS[kind].minute})
        asked = times.remind_question(call.member, kind, row, usual)
        return Response(times.with_halts(asked, call.member, (row,) if row else (), call.today))
    minute = time if time is not None else row.minute if row else KINDS[kind].minute
    if where is None or where == "on":
        where = row.place if row and row.place != "off" else "dm"
    _check(call, kind, minute, days, where)
    was = "on" if row and row.place != "off" else "off"
    also = await _set(call, row, kind, minute, days or (row.days if row else EVERY_DAY), where)
    await call.refresh()
    row = await call.mine.reminder(kind)
    assert row is not None, "it has just been written"
    if where == "off":
        call.summarise("change-remind-off", kind=kind)
        said = call.say("remind-off", kind=kind, was=was, time=minute_words(minute))
        return Response(await _receipt(call, said, []))
    call.summarise("change-remind", kind=kind, days=days_words(call.language, row.days), time=minute_words(minute))
    said = times.reminded(call.member, row, also, call.now)
    return Response(await _receipt(call, said, await _offers(call, kind)))


def _check(call: Call, kind: str, minute: int, days: int | None, where: str) -> None:
    """Raises Refusal for a place or days that a kind cannot have."""
    time = minute_words(minute)
    if where == "group" and kind in PRIVATE:
        way = (call.word("button-in-private", time=time), f"remind {time} dm kind:{kind}")
        raise Refusal("refuse-remind-private", kind=kind, ways=[way])
    if days is not None and kind in times.UNDATED:
        line = f"remind {time} kind:{kind}"
        before = times.before_words(call.language)
        raise Refusal(
            "refuse-remind-days", kind=kind, before=before, count=SILENCE_DAYS, line=line, ways=[(f"/{line}", line)]
        )
    if where == "group" and not call.scene.groups:
        raise Refusal("refuse-remind-group")


async def _set(call: Call, row: Reminder | None, kind: str, minute: int, days: int, where: str) -> list[str]:
    """Write the rule; gives the kinds that came on with it."""
    await schedule.set_rule(call.change, row, kind, minute=minute, days=days, place=where)
    if kind != STUDY or where != "dm":
        return []
    known = {reminder.kind for reminder in await call.mine.reminders()}
    also = [helper for helper in HELPERS if helper not in known]
    for helper in also:
        await schedule.set_rule(call.change, None, helper, minute=KINDS[helper].minute, days=EVERY_DAY, place="dm")
    return also


async def _offers(call: Call, kind: str) -> list[Button]:
    """The warning of a streak at risk, for those who set their daily question and have not chosen."""
    if kind != STUDY or await call.mine.reminder(RISK) is not None:
        return []
    return [times.risk_offer(call.member)]


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
