"""The daily answer, now or put off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated

from bot.cards import Button, Card, Paragraph, Spans, Text
from bot.command import Ask, Call, Hidden, Response, command
from bot.command.parameters import (
    DAY_KIND,
    EVENING,
    NOTE,
    STUDIED,
    TRACKS,
    UNTIL,
    OneOf,
    Suggestion,
)
from bot.commands.plan.join import change_code
from bot.domain.answer import Answer
from bot.domain.dates import Circumstances
from bot.domain.occurrence import moment_of
from bot.domain.refusal import Refusal
from bot.domain.reminder import Reminder
from bot.store import outbox, schedule, studies, totals
from bot.views import answers, times
from bot.words import dates_words, pace_words, time_words

OPEN_UNTIL = 12 * 60
"""Yesterday stays open until noon (see the voice of the house): minutes after local midnight."""

SMALL_HOURS = 4 * 60
"""Until then a night belongs to the evening before: words in private answer what was asked in that evening."""

MOST_MINUTES = 16 * 60
"""More study than that on one day is a typing error; the board counts less still."""

TRACK = OneOf(TRACKS)
FREELY = OneOf(("yes",))


@command("checkin")
async def checkin(
    call: Call,
    minutes: Annotated[int | str | None, STUDIED],
    note: Annotated[str | None, NOTE],
    track: Annotated[str | None, TRACK],
    date: Annotated[date | None, DAY_KIND],
    freely: Annotated[str | None, Hidden(FREELY)],
) -> Response:
    """Answer for a local day: studied or not, how long, and a word about it. A second answer adds.

    Said `freely`, without a command's name, it may answer the question of an evening that is not over.
    """
    if date is None and track is None and call.scene.private:
        track, date = await _asked(call, freely=freely is not None)
    track = track or TRACKS[0]
    day = _open_day(call, date)
    if minutes is None and note is None:
        raise Ask("minutes", options=_lengths(call), id="ask-checkin", day=call.date(day))
    before = await _answer(call, day, track)
    _check(call, day, minutes, note, before)
    added = minutes if isinstance(minutes, int) else 0
    studied = minutes != "no"
    said = timedelta(minutes=added) if added else str(minutes or "yes")
    call.summarise("change-checkin", date=day, answer=said)
    await studies.check_in(call.change, day, track, studied=studied, minutes=added, note=note)
    row = await call.mine.reminder(track)
    await schedule.note_answer(call.change, track, day, call.incoming.pressed, studied=studied)
    call.announced = True
    await call.change.count()
    streak = await totals.streak_of(call.db, call.member.id)
    call.mine.forget()
    receipt = answers.Receipt(
        day=day,
        track=track,
        studied=studied,
        total=added + (before.minutes if before else 0),
        added=added if before and before.studied and added else None,
        streak=0 if streak is None else streak.on(call.today),
        code=await change_code(call),
        again=await _goes_on(call, row),
    )
    return Response(answers.receipt(call.member, receipt, call.today))


def _check(call: Call, day: date, minutes: int | str | None, note: str | None, before: Answer | None) -> None:
    """Raises Refusal for an answer that takes back what was said before, says it again, or makes a day too long."""
    studied = before is not None and before.studied
    if minutes == "no" and studied:
        raise Refusal("refuse-checkin-studied", date=call.date(day), ways=[("/undo", "undo")])
    if minutes == "yes" and note is None and studied:
        # One tap in the group and one in private say the same thing: it is counted once.
        more = (call.word("button-more"), f"checkin date:{day}")
        raise Refusal("refuse-checkin-again", date=call.date(day), ways=[more])
    total = (minutes if isinstance(minutes, int) else 0) + (before.minutes if before else 0)
    if total > MOST_MINUTES:
        counted, limit = (pace_words(call.language, minutes) for minutes in (total, MOST_MINUTES))
        raise Refusal("refuse-checkin-much", total=counted, limit=limit)


async def _goes_on(call: Call, row: Reminder | None) -> Spans:
    """When a question is asked next that had stopped by itself before this answer; nothing where it had not."""
    if row is None or row.place == "off" or row.paused_at is None:
        return ()
    awake = await call.mine.reminder(row.kind)
    if awake is None or awake.next_due_at is None:
        return ()
    return times.asked_next(call.language, call.member, awake.next_due_at, call.now)


async def _asked(call: Call, freely: bool) -> tuple[str | None, date | None]:
    """The track and day of the last daily question that still waits for its answer; nothing when none does.

    Yesterday's only for words in the same night: a command is about today, unless it names a day.
    """
    local = call.member.local(call.now)
    night = freely and local.hour * 60 + local.minute < SMALL_HOURS
    asked = await outbox.last_question(call.db, call.member.id, TRACKS, call.today - timedelta(days=night))
    return asked if asked is not None and await _answer(call, asked[1], asked[0]) is None else (None, None)


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


async def _answer(call: Call, day: date, track: str) -> Answer | None:
    found = (await studies.answers_of(call.db, [call.member.id], day, day)).get(call.member.id, [])
    return next((answer for answer in found if answer.track == track), None)


def _lengths(call: Call) -> list[Suggestion]:
    named = [Suggestion(pace_words(call.language, m), str(m)) for m in (30, 60, 90, 120, 180)]
    return [*named, Suggestion(call.word("button-not-today"), "no")]


@command("later")
async def later(
    call: Call,
    until: Annotated[timedelta | str | int | None, UNTIL],
    date: Annotated[date | None, Hidden(DAY_KIND)],
    track: Annotated[str | None, Hidden(TRACK)],
) -> Response:
    """Ask me again later today, or tomorrow."""
    row = await call.mine.reminder(track or TRACKS[0])
    if row is None or row.place == "off":
        raise Refusal("refuse-later-none", ways=[("/remind", "remind")])
    if call.member.paused_on(call.today):
        now = times.paused(call.member, call.today)
        raise Refusal("refuse-later-paused", paused=now, ways=[(call.word("button-end-pause"), "pause off")])
    if date is not None and date != call.today:
        raise Refusal("refuse-later-over", date=call.date(date), ways=[("/checkin", "checkin")])
    if await _answer(call, call.today, row.kind) is not None:
        raise Refusal("refuse-later-answered", ways=[("/checkin", "checkin")])
    if until is None:
        raise Ask("until")
    awake = replace(row, later_at=None, paused_at=None)
    following = awake.next(await _circumstances(call), call.now, call.today)
    at = None if until == "tomorrow" else _moment(call, until)
    if at is not None and following is not None and at >= following.at:
        # By then the next day's question has come anyway.
        at = None
    await schedule.ask_later(call.change, row, at, call.today)
    await call.refresh()
    moved = await call.mine.reminder(row.kind)
    if moved is None or moved.next_due_at is None:
        raise AssertionError(f"reminder {row.id} runs and has no next moment")
    at = moved.next_due_at
    call.summarise("change-later", time=at)
    said = times.asked_next(call.language, call.member, at, call.now)
    buttons = []
    if call.change.made:
        buttons.append(Button(call.word("button-undo"), f"undo {await change_code(call)}", only=call.member.id))
    planned = await call.mine.planned(call.today)
    if off := next((rest for rest in planned if rest.first <= call.today), None):
        # A day off is silent whatever is wished for on it, which is not what they expect who wish it.
        said = (*call.say("later-off", days=dates_words(call.language, off.days, call.today)), Text(" "), *said)
        buttons.append(Button(call.word("settings-rests"), "rest", only=call.member.id))
    card = Card(parts=(Paragraph(said),))
    return Response(card.with_rows(buttons) if buttons else card)


async def _circumstances(call: Call) -> Circumstances:
    """What else decides when a daily question comes."""
    return Circumstances(days_off={call.member.id: tuple(rest.days for rest in await call.mine.rests())})


def _moment(call: Call, until: timedelta | str | int) -> datetime:
    """When to ask again today, in UTC. Raises Refusal when that is over."""
    if isinstance(until, timedelta):
        return call.now + until
    minute = EVENING if until == "evening" else int(until)
    # In the small hours of a day that goes on, the evening's date is not the day's any more.
    day = call.today + timedelta(days=1) if minute < call.member.day_start else call.today
    at = moment_of(day, minute, call.member.zone)
    if at <= call.now:
        raise Refusal("refuse-later-past", time=time_words(call.member.local(call.now)))
    return at
