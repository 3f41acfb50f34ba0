"""The clock that a member lives by."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from bot.cards import Card, Paragraph, Spans
from bot.command import Ask, Call, Response, command
from bot.command.parameters import MORNING, NIGHT, QUIET_HOURS, ZONE
from bot.commands.me.pause import with_ways
from bot.commands.me.start import onward
from bot.domain.member import Quiet
from bot.domain.refusal import Refusal
from bot.store import wishes
from bot.views import times
from bot.words import lines, minute_words, time_words, weekday_words

LATEST_DAYSTART = 6 * 60
"""A day that began later would take the morning's study for the evening before; yesterday stays open until noon."""


@command("timezone")
async def timezone(call: Call, zone: Annotated[str | None, ZONE]) -> Response:
    """The zone of my days and reminders. The past keeps the zone it had."""
    if zone is None:
        raise Ask("zone", id="ask-zone-now", time=time_words(call.member.local(call.now)), zone=call.member.zone)
    await wishes.set_zone(call.change, zone)
    await call.refresh()
    call.summarise("change-zone", zone=zone)
    member = call.change.present
    set_to = call.say("zone-set", zone=zone, time=time_words(member.local(call.now)))
    said = set_to
    if zone != call.member.zone:
        said = lines(set_to, times.next_question(call.language, await call.mine.reminders(), call.now))
    if member.onboarding:
        return Response(await onward(call, Card(parts=(Paragraph(said),))))
    return Response(await onward(call, await with_ways(call, said, settings=True)))


@command("daystart")
async def daystart(call: Call, time: Annotated[int | None, NIGHT]) -> Response:
    """When a new day begins for me: until then, what I do counts for the evening before."""
    if time is None:
        raise Ask("time", id="ask-daystart-now", time=minute_words(call.member.day_start))
    if time > LATEST_DAYSTART:
        latest = minute_words(LATEST_DAYSTART)
        raise Refusal("refuse-daystart", time=minute_words(time), latest=latest, ways=[(latest, f"daystart {latest}")])
    await wishes.set_day_start(call.change, time)
    await call.refresh()
    call.summarise("change-daystart", time=minute_words(time))
    return Response(await with_ways(call, _day_begins(call), settings=True))


def _day_begins(call: Call) -> Spans:
    """What it means tonight, or now where the date has become another."""
    member = call.change.present
    if not member.day_start:
        said = call.say("daystart-midnight")
    else:
        # The evening that runs into the small hours is this one, or the one before while they last.
        local = member.local(call.now)
        early = local.hour * 60 + local.minute < member.day_start
        evening = local.date() - timedelta(days=1) if early else local.date()
        day = weekday_words(call.language, evening.weekday())
        said = call.say("daystart-set", time=minute_words(member.day_start), zone=member.zone, day=day)
    today = member.local_day(call.now)
    if today <= call.today:
        return said
    return lines(said, call.say("daystart-now", day=weekday_words(call.language, today.weekday())))


@command("quiet")
async def quiet(
    call: Call, from_: Annotated[tuple[int, int] | int | str | None, QUIET_HOURS], to: Annotated[int | None, MORNING]
) -> Response:
    """The hours in which I write nothing to a member; `from` alone may hold both ends, or "off"."""
    start = from_
    if start == "off":
        if call.member.quiet is None:
            raise Refusal("refuse-quiet-off", ways=[("/quiet", "quiet")])
        return await _set_quiet(call, None)
    if isinstance(start, tuple):
        start, end = start
        to = end if to is None else to
    if start is None and to is not None and call.member.quiet is not None:
        start = call.member.quiet.start
    if not isinstance(start, int):
        raise _ask_from(call)
    if to is None:
        raise Ask("to", id="ask-quiet-end", start=minute_words(start))
    if start == to:
        raise Refusal("refuse-quiet-same", time=minute_words(start), ways=[("/pause", "pause")])
    return await _set_quiet(call, Quiet(start, to))


def _ask_from(call: Call) -> Ask:
    now = call.member.quiet
    if now is not None:
        return Ask("from", id="ask-quiet-now", start=minute_words(now.start), end=minute_words(now.end))
    nights = [offer for offer in QUIET_HOURS.suggest("", call.scene) if offer.value != "off"]
    return Ask("from", options=nights)


async def _set_quiet(call: Call, hours: Quiet | None) -> Response:
    await wishes.set_quiet(call.change, hours)
    await call.refresh()
    hours_said = "off" if hours is None else times.day_hours_words(hours.start, hours.end)
    call.summarise("change-quiet", quiet=hours_said)
    said = times.quiet_set(call.change.present, await call.mine.reminders())
    return Response(await with_ways(call, said, settings=True))
