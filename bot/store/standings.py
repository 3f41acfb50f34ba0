"""What the members of a group have achieved in a span of dates."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Integer, Select, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.answer import STUDY
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


AT_A_TIME = 25
"""Members whose days are looked at without others being served: a millisecond or two."""


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
        studied=sum(w.studied for w in work.values()),
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
    found = {}
    for number, (id, on) in enumerate(today.items()):
        if id in days:
            found[id] = streak(days[id], on, usual.get(id, EVERY_DAY), off[id])
        if number % AT_A_TIME == 0:
            await asyncio.sleep(0)
    return found


async def _streaks_on(db: AsyncConnection, group: int, last: date) -> dict[int, int]:
    """The streaks as they stood on a local date; who had none is left out.

    For those who study every day the database counts days in a row. Days off, and a week of other days than all seven,
    are looked at by the domain, a few members at a time: others must be served meanwhile.
    """
    usual, off = await _days_of_the_week(db, group), await _days_off(db, group)
    apart = sorted({*usual, *off})
    found = dict((await db.execute(_rows_of_days(db, group, last))).all())
    for id in apart:
        found.pop(id, None)
    for number in range(0, len(apart), AT_A_TIME):
        for id, studied in (
            await studies.study_days(db, apart[number : number + AT_A_TIME], last - STREAK_SEEN)
        ).items():
            until = {day for day in studied if day <= last}
            if length := streak(until, last, usual.get(id, EVERY_DAY), off[id]):
                found[id] = length
        await asyncio.sleep(0)
    return found


def _rows_of_days(db: AsyncConnection, group: int, last: date) -> Select[int, int]:
    """How many days in a row each member had studied by a local date, or by the one before while it is open."""
    days = studies.studied(people.members_of(group), last - STREAK_SEEN, last).subquery().c
    place = func.row_number().over(partition_by=days.member, order_by=days.local_date)
    # Days in a row are as far from the first of all days as from their place in the row.
    day = func.julianday(days.local_date) if db.dialect.name == "sqlite" else days.local_date
    row = select(days.member, days.local_date, day.op("-")(cast(place, Integer)).label("row")).subquery().c
    lasts = func.max(row.local_date) >= last - timedelta(days=1)
    return select(row.member, func.count()).group_by(row.member, row.row).having(lasts)


async def _days_off(db: AsyncConnection, group: int) -> defaultdict[int, tuple[Range, ...]]:
    """The rests and pauses of members: they break no streak."""
    who = people.members_of(group)
    found = defaultdict(tuple[Range, ...], await rests.off_all(db, who))
    pauses = select(members.c.id, members.c.paused_from, members.c.paused_until)
    for id, first, until in await db.execute(pauses.where(members.c.id.in_(who), members.c.paused_from.is_not(None))):
        found[id] += (pause(first, until),)
    return found


async def _days_of_the_week(db: AsyncConnection, group: int) -> dict[int, int]:
    """The days on which members are asked whether they studied, where not on all: on others a streak needs nothing."""
    rows = await db.execute(
        select(reminders.c.member, reminders.c.days).where(
            reminders.c.kind == STUDY,
            reminders.c.days != EVERY_DAY,
            reminders.c.member.in_(people.members_of(group)),
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
