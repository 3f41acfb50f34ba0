"""The daily answer, and when it is asked for."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.cards import Button, Card, Moment, Paragraph
from bot.command import Ask, Call, Response, command
from bot.command.parameters import (
    DAY,
    DAYS,
    EVENING,
    NOTE,
    PLACES,
    STUDIED,
    TIME,
    TRACKS,
    UNTIL,
    ZONE,
    OneOf,
    Suggestion,
)
from bot.commands.join import change_code
from bot.commands.start import onward
from bot.domain.consistency import streak
from bot.domain.group import CHECKIN_MINUTE
from bot.domain.occurrence import EVERY_DAY, moment_of
from bot.domain.refusal import Refusal
from bot.store import outbox, people, schedule, studies
from bot.tables import checkins, members, reminders
from bot.text import days_words, minute_words, time_words
from bot.views import answers
from bot.views.study import pace_words

OPEN_UNTIL = 12 * 60
"""Yesterday stays open until noon (see the voice of the house): minutes after local midnight."""

MOST_MINUTES = 16 * 60
"""More study than that on one day is a typing error; the board counts less still."""


@command("checkin", minutes=STUDIED, note=NOTE, track=OneOf(TRACKS), date=DAY)
async def checkin(
    call: Call, minutes: int | str | None, note: str | None, track: str | None, date: date | None
) -> Response:
    """Answer for a local day: studied or not, how long, and a word about it. A second answer adds."""
    if date is None and track is None and call.scene.private:
        track, date = await _asked(call)
    track = track or TRACKS[0]
    day = _open_day(call, date)
    if minutes is None and note is None:
        raise Ask("minutes", options=_lengths(call), id="ask-checkin", day=call.date(day))
    before = await _answer(call, day, track)
    studied = minutes != "no"
    if not studied and before is not None and before.studied:
        raise Refusal("refuse-checkin-studied", date=call.date(day), ways=[("/undo", "undo")])
    if minutes == "yes" and note is None and before is not None and before.studied:
        # One tap in the group and one in private say the same thing: it is counted once.
        raise Refusal(
            "refuse-checkin-again", date=call.date(day), ways=[(call.word("button-more"), f"checkin date:{day}")]
        )
    added = minutes if isinstance(minutes, int) else 0
    total = added + (before.minutes if before else 0)
    if total > MOST_MINUTES:
        raise Refusal("refuse-checkin-much", total=pace_words(total), limit=pace_words(MOST_MINUTES))
    await call.change.append(
        checkins, member=call.member.id, track=track, studied=studied, minutes=added, note=note, local_date=day
    )
    call.summarise("change-checkin", date=call.date(day), answer=pace_words(added) if added else str(minutes or "yes"))
    await schedule.answered(call.db, call.member.id, track, day, call.incoming.pressed, call.now)
    call.announced = True
    first = day - timedelta(days=400)
    days = (await studies.study_days(call.db, [call.member.id], first)).get(call.member.id, set())
    row = await schedule.of_member(call.db, call.member.id, track)
    receipt = answers.Receipt(
        day=day,
        track=track,
        studied=studied,
        total=total,
        added=added if before and before.studied and added else None,
        streak=streak(days, call.today, row.days if row else EVERY_DAY),
        code=await change_code(call),
    )
    return Response(answers.receipt(call.language, receipt, call.member.id))


async def _asked(call: Call) -> tuple[str | None, date | None]:
    """The track and day of the last daily question that still waits for its answer; nothing when none does."""
    asked = await outbox.last_question(call.db, call.member.id, TRACKS, call.today - timedelta(days=1))
    if asked is None:
        return None, None
    track, day = asked
    closed = day < call.today and call.now >= moment_of(call.today, OPEN_UNTIL, call.member.zone)
    return (None, None) if closed or await _answer(call, day, track) else (track, day)


def _open_day(call: Call, day: date | None) -> date:
    """The day an answer is for: today, or yesterday until noon. Raises Refusal for any other."""
    if day is None or day == call.today:
        return call.today
    if day > call.today:
        raise Refusal("refuse-checkin-future", date=call.date(day))
    noon = moment_of(call.today, OPEN_UNTIL, call.member.zone)
    if call.today - day > timedelta(days=1) or call.now >= noon:
        raise Refusal("refuse-checkin-closed", date=call.date(day), ways=[("/checkin", "checkin")])
    return day


async def _answer(call: Call, day: date, track: str) -> studies.Answer | None:
    found = (await studies.answers_of(call.db, [call.member.id], day, day)).get(call.member.id, [])
    return next((answer for answer in found if answer.track == track), None)


def _lengths(call: Call) -> list[Suggestion]:
    named = [Suggestion(pace_words(m), str(m)) for m in (30, 60, 90, 120, 180)]
    return [*named, Suggestion(call.word("button-not-today"), "no")]


@command("later", until=UNTIL, hidden={"date": DAY, "track": OneOf(TRACKS)})
async def later(call: Call, until: timedelta | str | int | None, date: date | None, track: str | None) -> Response:
    """Ask me again later today, or tomorrow."""
    row = await schedule.of_member(call.db, call.member.id, track or TRACKS[0])
    if row is None or row.place == "off":
        raise Refusal("refuse-later-none", ways=[("/remind", "remind")])
    if date is not None and date != call.today:
        raise Refusal("refuse-later-over", date=call.date(date), ways=[("/checkin", "checkin")])
    if await _answer(call, call.today, row.kind) is not None:
        raise Refusal("refuse-later-answered", ways=[("/checkin", "checkin")])
    if until is None:
        raise Ask("until")
    if until == "tomorrow":
        asked = {**row.after(call.now, call.today), "last_date": call.today}
    else:
        asked = {"next_due_at": _moment(call, until), "next_date": call.today}
    await call.change.set(reminders, {"id": row.id}, **asked)
    at = asked["next_due_at"]
    call.summarise("change-later", time=_spoken(call, at))
    today = call.member.local_day(at) == call.today
    spoken = Moment(at, _spoken(call, at), "time" if today else "full")
    said = Paragraph(call.say("later-set", time=spoken, day="today" if today else "later"))
    if not call.change.made:
        return Response(Card(parts=(said,)))
    undo = Button(call.word("button-undo"), f"undo {await change_code(call)}", only=call.member.id)
    return Response(Card(parts=(said,), rows=((undo,),)))


def _moment(call: Call, until: timedelta | str | int) -> datetime:
    """When to ask again today, in UTC. Raises Refusal when that is over."""
    if isinstance(until, timedelta):
        return call.now + until
    at = moment_of(call.today, EVENING if until == "evening" else int(until), call.member.zone)
    if at <= call.now:
        raise Refusal("refuse-later-past", time=time_words(call.member.local(call.now)))
    return at


def _spoken(call: Call, at: datetime) -> str:
    """A moment by the member's clock, with its day when that is another."""
    local = call.member.local(at)
    return time_words(local) if local.date() == call.today else f"{call.date(local.date())}, {time_words(local)}"


@command("remind", time=TIME, days=DAYS, where=OneOf(PLACES), kind=OneOf(TRACKS))
async def remind(call: Call, time: int | None, days: int | None, where: str | None, kind: str | None) -> Response:
    """My daily check-in: at which local time, on which days, where; or off."""
    track = kind or TRACKS[0]
    row = await schedule.of_member(call.db, call.member.id, track)
    if time is None and days is None and where is None:
        raise Ask("time")
    if where is None:
        where = row.place if row and row.place != "off" else "dm"
    if where == "group" and not call.scene.groups:
        raise Refusal("refuse-remind-group")
    minute = time if time is not None else row.minute if row else CHECKIN_MINUTE
    days = days or (row.days if row else EVERY_DAY)
    if row is None:
        await call.change.create(reminders, kind=track, member=call.member.id, minute=minute, days=days, place=where)
    else:
        await call.change.set(reminders, {"id": row.id}, minute=minute, days=days, place=where)
    await schedule.refresh_member(call.db, call.member.id, call.now)
    if where == "off":
        call.summarise("change-remind-off", kind=track)
        off = Card(parts=(Paragraph(call.say("remind-off", kind=track)),))
        return Response(await onward(call, off) if call.member.onboarding else off)
    spoken = {
        "time": minute_words(minute),
        "days": days_words(call.language, days),
        "where": where,
        "kind": track,
        "zone": call.member.zone,
    }
    call.summarise("change-remind", kind=track, days=spoken["days"], time=spoken["time"])
    card = Card(parts=(Paragraph(call.say("remind-set", **spoken)),))
    return Response(await onward(call, card))


@command("timezone", zone=ZONE)
async def timezone(call: Call, zone: str | None) -> Response:
    """The zone of my days and reminders. The past keeps the zone it had."""
    if zone is None:
        raise Ask("zone", id="ask-zone-now", time=time_words(call.member.local(call.now)), zone=call.member.zone)
    await call.change.set(members, {"id": call.member.id}, zone=zone, zone_confirmed=True)
    await schedule.refresh_member(call.db, call.member.id, call.now)
    call.summarise("change-zone", zone=zone)
    member = await people.member(call.db, call.member.id)
    set_to = Card(parts=(Paragraph(call.say("zone-set", zone=zone, time=time_words(member.local(call.now)))),))
    return Response(await onward(call, set_to))
