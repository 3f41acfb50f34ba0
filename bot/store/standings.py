"""What a group has to show: the scores of a board, and the facts of a week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.board import Measure, Score, Standings, Window, rank, window_end, window_start
from bot.domain.consistency import streak
from bot.domain.group import Group
from bot.domain.member import local_day
from bot.domain.occurrence import EVERY_DAY, Range
from bot.domain.progress import StepEvent
from bot.domain.recap import Finisher, Week
from bot.domain.rest import pause
from bot.store import people, rests, studies
from bot.tables import enrolments, members, reminders, step_events

STREAK_SEEN = timedelta(days=400)
"""How far back a streak is counted: longer ones say so as they are, a little more than a year."""


async def standings(db: AsyncConnection, group: Group, window: Window, measure: Measure, now: datetime) -> Standings:
    """A group's ranking at a moment, over local dates of the window that the group's zone is in.

    Streaks are the current ones, whatever the window; hours and steps of the group are always the window's.
    """
    today = group.local_day(now)
    who = people.members_of(group.id)
    work = await studies.work_of(db, who, window_start(window, today), window_end(window, today))
    names = await _names(db, group.id)
    if measure == "streak":
        streaks = await _streaks_at(db, group.id, now)
        scores = [Score(member, names[member], streak=days) for member, days in streaks.items() if member in names]
    else:
        # Somebody may have come between one question and the next: they have a name the next time.
        scores = [Score(w.member, names[w.member], w.steps, w.minutes) for w in work.values() if w.member in names]
    return Standings(
        window=window,
        measure=measure,
        places=rank(scores, measure),
        members=len(names),
        minutes=sum(w.minutes for w in work.values()),
        steps=sum(w.steps for w in work.values()),
    )


async def week(db: AsyncConnection, group: Group, first: date, last: date) -> Week:
    """What a group did from one local date to another, both included."""
    who = people.members_of(group.id)
    work = await studies.work_of(db, who, first, last)
    names = await _names(db, group.id)
    streaks = {m: days for m, days in (await _streaks_on(db, group.id, last)).items() if m in names}
    longest = max(streaks.values(), default=0)
    return Week(
        group=group,
        first=first,
        last=last,
        members=len(names),
        studied=sum(bool(w.days) for w in work.values()),
        minutes=sum(w.minutes for w in work.values()),
        steps=sum(w.steps for w in work.values()),
        streak=longest,
        streak_names=tuple(sorted(names[m] for m, days in streaks.items() if days == longest)) if longest else (),
        finishers=await _finishers(db, group.id, work, names, first, last),
    )


async def _names(db: AsyncConnection, group: int) -> dict[int, str]:
    rows = await db.execute(select(members.c.id, members.c.name).where(members.c.id.in_(people.members_of(group))))
    return dict(rows.all())


async def _streaks_at(db: AsyncConnection, group: int, now: datetime) -> dict[int, int]:
    """Current streaks at a moment: each member's today is their own."""
    who = select(members.c.id, members.c.zone, members.c.day_start).where(members.c.id.in_(people.members_of(group)))
    today = {id: local_day(now, zone, start) for id, zone, start in await db.execute(who)}
    days = await studies.study_days(db, people.members_of(group), min(today.values(), default=now.date()) - STREAK_SEEN)
    usual, off = await _days_of_the_week(db, group), await _days_off(db, group)
    return {id: streak(days[id], on, usual.get(id, EVERY_DAY), off[id]) for id, on in today.items() if id in days}


async def _streaks_on(db: AsyncConnection, group: int, last: date) -> dict[int, int]:
    """The streaks as they stood on a local date."""
    days = await studies.study_days(db, people.members_of(group), last - STREAK_SEEN)
    usual, off = await _days_of_the_week(db, group), await _days_off(db, group)
    until = {id: {day for day in studied if day <= last} for id, studied in days.items()}
    return {id: streak(studied, last, usual.get(id, EVERY_DAY), off[id]) for id, studied in until.items()}


async def _days_off(db: AsyncConnection, group: int) -> defaultdict[int, tuple[Range, ...]]:
    """The rests and pauses of members: they break no streak."""
    who = people.members_of(group)
    found = defaultdict(tuple[Range, ...], await rests.off_all(db, who))
    pauses = select(members.c.id, members.c.paused_from, members.c.paused_until)
    for id, first, until in await db.execute(pauses.where(members.c.id.in_(who), members.c.paused_from.is_not(None))):
        found[id] += (pause(first, until),)
    return found


async def _days_of_the_week(db: AsyncConnection, group: int) -> dict[int, int]:
    """The days on which members are asked whether they studied: on others a streak needs nothing."""
    rows = await db.execute(
        select(reminders.c.member, reminders.c.days).where(
            reminders.c.kind == "study", reminders.c.member.in_(people.members_of(group))
        )
    )
    return dict(rows.all())


async def _finishers(
    db: AsyncConnection, group: int, work: Mapping[int, studies.Work], names: Mapping[int, str], first: date, last: date
) -> tuple[Finisher, ...]:
    """Who finished steps between two local dates, by name, with the ledger that shows what became complete by them."""
    found = sorted((names[m].casefold(), m, roadmap) for m in work if m in names for roadmap in work[m].roadmaps)
    if not found:
        return ()
    who = people.members_of(group)
    shown = (
        select(enrolments.c.member, enrolments.c.roadmap)
        .join(step_events, step_events.c.enrolment == enrolments.c.id)
        .where(enrolments.c.member.in_(who), step_events.c.local_date.between(first, last))
    )
    rows = await db.execute(
        select(step_events, enrolments.c.member, enrolments.c.roadmap)
        .join(enrolments, enrolments.c.id == step_events.c.enrolment)
        .where(tuple_(enrolments.c.member, enrolments.c.roadmap).in_(shown), step_events.c.local_date <= last)
        .order_by(step_events.c.id)
    )
    ledgers: dict[tuple[int, str], list[StepEvent]] = defaultdict(list)
    for row in rows:
        event = StepEvent(row.id, row.step, row.kind, row.at, row.local_date, row.reverts)
        ledgers[row.member, row.roadmap].append(event)
    return tuple(Finisher(names[m], roadmap, tuple(ledgers[m, roadmap])) for _, m, roadmap in found)
