"""A group's week: what its members did from one date to another."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

from sqlalchemy import BindParameter, Date, Row, Select, and_, bindparam, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.answer import STUDY
from bot.domain.board import window_start
from bot.domain.consistency import streak
from bot.domain.group import Group
from bot.domain.occurrence import EVERY_DAY, ONE_DAY, Range
from bot.domain.progress import StepEvent
from bot.domain.recap import RECAP_LINES, Finisher, Week, smallest_level
from bot.domain.rest import paused_range
from bot.domain.roadmap import Roadmap
from bot.store import belonging, rests
from bot.store.standings import members_count
from bot.store.totals import STANDING_EVENT
from bot.tables import enrolments, group_streaks, group_totals, members, reminders, step_events, totals

AT_A_TIME = 25
"""Members whose days are looked at without others being served: a millisecond or two."""

WEEK = timedelta(days=7)

STREAK_NAMES = 3
"""How many share the longest streak by name."""


async def week(db: AsyncConnection, group: Group, first: date, last: date, roadmaps: Mapping[str, Roadmap]) -> Week:
    """What a group did from one local date to another, both included, of at most a week, on the roadmaps there are."""
    later = (await db.execute(_LATER, {"circle": group.id, "last": last})).all()
    studied, minutes, steps = await _worked(db, group.id, first, last, ahead=bool(later))
    longest, holders, names = await _longest(db, group.id, last, later)
    finished, finishers = await _finishers(db, group.id, first, last, roadmaps) if steps else (0, [])
    return Week(
        group=group,
        first=first,
        last=last,
        members=await members_count(db, group.id),
        studied=studied,
        minutes=minutes,
        steps=steps,
        streak=longest,
        holders=holders,
        streak_names=names,
        finished=finished,
        finishers=await _with_ledgers(db, finishers, last),
    )


async def _worked(db: AsyncConnection, group: int, first: date, last: date, *, ahead: bool) -> tuple[int, int, int]:
    """How many studied, and what they did, between two local dates.

    In a week that has begun it is what they did in that week, but for who is ahead. Of those, and of every other span,
    it is what they did on its days.
    """
    if first != window_start("week", first) or window_start("week", last) != first:
        return await _worked_on_days(db, belonging.members_of(group), first, last)
    if not ahead or last - first == WEEK - ONE_DAY:
        return _numbers((await db.execute(_OF_WEEK, {"circle": group, "week": first})).one())
    rows = await db.execute(_OF_OTHERS, {"circle": group, "week": first, "last": last})
    others = _numbers(rows.one())
    theirs = await _worked_on_days(db, _AHEAD.params(circle=group, last=last), first, last)
    return others[0] + theirs[0], others[1] + theirs[1], others[2] + theirs[2]


_STREAK = group_streaks.c
_CIRCLE: BindParameter[int] = bindparam("circle")
_LAST = bindparam("last", type_=Date)
_AHEAD: Select[tuple[int]] = select(_STREAK.member).where(_STREAK.group == _CIRCLE, _STREAK.last > _LAST)

# How many had a study day, and the minutes and steps: in a week each member has one row.
_OF_WEEK = select(
    func.count(case((group_totals.c.days > 0, 1))), func.sum(group_totals.c.minutes), func.sum(group_totals.c.steps)
).where(group_totals.c.group == _CIRCLE, group_totals.c.span == "week", group_totals.c.first == bindparam("week"))
_OF_OTHERS = _OF_WEEK.where(group_totals.c.member.not_in(_AHEAD))


async def _worked_on_days(
    db: AsyncConnection, who: Select[tuple[int]], first: date, last: date
) -> tuple[int, int, int]:
    studied = func.count(case((totals.c.days > 0, totals.c.member)).distinct())
    row = await db.execute(
        select(studied, func.sum(totals.c.minutes), func.sum(totals.c.steps)).where(
            totals.c.member.in_(who), totals.c.span == "day", totals.c.first.between(first, last)
        )
    )
    return _numbers(row.one())


def _numbers(row: Row[int, int, int]) -> tuple[int, int, int]:
    studied, minutes, steps = row
    return int(studied), int(minutes or 0), int(steps or 0)


async def _longest(
    db: AsyncConnection, group: int, last: date, later: Sequence[Row[int, str, int, date]]
) -> tuple[int, int, tuple[str, ...]]:
    """The longest streak as it stood on a local date, how many had it, and the first of their names."""
    asked = {"circle": group, "last": last}
    longest = int(await db.scalar(_LONGEST, asked) or 0)
    since = await _of_who_went_on(db, last, later)
    longest = max([longest, *(days for _, days in since)])
    if not longest:
        return 0, 0, ()
    others = [name for name, days in since if days == longest]
    holders = int(await db.scalar(_HOLDERS, {**asked, "longest": longest}) or 0) + len(others)
    order = _STREAK.name if db.dialect.name == "sqlite" else _STREAK.name.collate("C")
    names = await db.execute(_NAMES.order_by(order), {**asked, "longest": longest})
    return longest, holders, tuple(sorted([*names.scalars(), *others])[:STREAK_NAMES])


_STOOD = and_(_STREAK.group == _CIRCLE, _STREAK.last <= _LAST, _STREAK.until >= _LAST)
_LONGEST = select(func.max(_STREAK.days)).where(_STOOD)
_HELD = and_(_STOOD, _STREAK.days == bindparam("longest"))
_HOLDERS = select(func.count()).where(_HELD)
_NAMES = select(_STREAK.name).where(_HELD).limit(STREAK_NAMES)


async def _of_who_went_on(
    db: AsyncConnection, last: date, later: Sequence[Row[int, str, int, date]]
) -> list[tuple[str, int]]:
    """Names and streaks, as they stood on a local date, of those who have studied since, be it only that their date is
    ahead: then they had one day less. Where that does not tell, their days are looked at."""
    told = {row.member: row.days - 1 for row in later if row.last == last + ONE_DAY and row.days > 1}
    known = told | await _streaks_before(db, last, [row.member for row in later if row.member not in told])
    return [(row.name, known[row.member]) for row in later if row.member in known]


_LATER = _AHEAD.with_only_columns(_STREAK.member, _STREAK.name, _STREAK.days, _STREAK.last)


async def _streaks_before(db: AsyncConnection, last: date, who: Sequence[int]) -> dict[int, int]:
    """The streaks of some members as they stood on a local date, from their days; a few at a time, for others must be
    served meanwhile."""
    found: dict[int, int] = {}
    for number in range(0, len(who), AT_A_TIME):
        some = who[number : number + AT_A_TIME]
        usual, off = await _days_of_the_week(db, some), await _days_off(db, some)
        days: dict[int, set[date]] = defaultdict(set)
        of_some = and_(totals.c.member.in_(some), totals.c.span == "day", totals.c.days > 0, totals.c.first <= last)
        for member, day in await db.execute(select(totals.c.member, totals.c.first).where(of_some)):
            days[member].add(day)
        for member, studied in days.items():
            found[member] = streak(studied, last, usual.get(member, EVERY_DAY), off[member])
        await asyncio.sleep(0)
    return found


async def _days_off(db: AsyncConnection, who: Sequence[int]) -> defaultdict[int, tuple[Range, ...]]:
    """The rests and pauses of members: they break no streak."""
    found = defaultdict(tuple[Range, ...], await rests.off_all(db, who))
    pauses = select(members.c.id, members.c.paused_from, members.c.paused_until)
    for id, first, until in await db.execute(pauses.where(members.c.id.in_(who), members.c.paused_from.is_not(None))):
        found[id] += (paused_range(first, until),)
    return found


async def _days_of_the_week(db: AsyncConnection, who: Sequence[int]) -> dict[int, int]:
    """The days on which members are asked whether they studied: on others a streak needs nothing."""
    mine = select(reminders.c.member, reminders.c.days).where(reminders.c.kind == STUDY, reminders.c.member.in_(who))
    return {row.member: row.days for row in await db.execute(mine)}


async def _finishers(
    db: AsyncConnection, group: int, first: date, last: date, roadmaps: Mapping[str, Roadmap]
) -> tuple[int, list[Finisher]]:
    """How many finished steps of these roadmaps between two local dates, and those of whom a recap may tell, by name.

    Who has settled as many steps as a level needs may have completed one, which comes first; of the others only who
    finished most can be among the lines.
    """
    asked = {
        "circle": group,
        "weeks": [window_start("week", first), window_start("week", last)],
        "first": first,
        "last": last,
    }
    levels = tuple((slug, smallest_level(roadmap)) for slug, roadmap in roadmaps.items())
    rows = (await db.execute(_finished(levels), asked)).all() if levels else []
    found = [Finisher(row.member, row.name, row.roadmap, row.new, row.settled) for row in rows]
    found.sort(key=lambda each: (each.name.casefold(), each.member, each.name, each.roadmap))
    return (rows[0].finishers if rows else 0), found


@lru_cache(4)
def _finished(levels: tuple[tuple[str, int], ...]) -> Select[int, str, str, int, int, int]:
    """How many steps of each roadmap somebody first did in these days, how many they have settled by now, and how many
    such rows there are in all. `levels`: of each roadmap the fewest steps of a level. Made once for those there are.

    Who adds a proof later does not finish the step again.
    """
    of_weeks = and_(group_totals.c.first.in_(bindparam("weeks", expanding=True)), group_totals.c.steps > 0)
    who = select(group_totals.c.member).where(
        group_totals.c.group == bindparam("circle"), group_totals.c.span == "week", of_weeks
    )
    settled = step_events.c.kind.in_(("done", "skipped")) & STANDING_EVENT
    done_on = func.min(case((step_events.c.kind == "done", step_events.c.local_date)))
    steps = (
        select(enrolments.c.member, enrolments.c.roadmap, done_on.label("day"))
        .join_from(step_events, enrolments, enrolments.c.id == step_events.c.enrolment)
        .where(enrolments.c.member.in_(who), enrolments.c.roadmap.in_([slug for slug, _ in levels]), settled)
        .group_by(enrolments.c.member, enrolments.c.roadmap, step_events.c.step)
        .subquery()
    )
    new = func.count(case((steps.c.day.between(bindparam("first", type_=Date), bindparam("last", type_=Date)), 1)))
    finishers = (
        select(steps.c.member, members.c.name, steps.c.roadmap, new.label("new"), func.count().label("settled"))
        .join_from(steps, members, members.c.id == steps.c.member)
        .group_by(steps.c.member, members.c.name, steps.c.roadmap)
        .having(new > 0)
        .subquery()
    )
    far = finishers.c.settled >= case(*((finishers.c.roadmap == slug, least) for slug, least in levels))
    order = (finishers.c.new.desc(), func.lower(finishers.c.name), finishers.c.member)
    ranked = select(
        *finishers.c,
        func.count().over().label("finishers"),
        far.label("far"),
        func.row_number().over(partition_by=far, order_by=order).label("place"),
    ).subquery()
    columns = [ranked.c[name] for name in ("member", "name", "roadmap", "new", "settled", "finishers")]
    return select(*columns).where(or_(ranked.c.far, ranked.c.place <= RECAP_LINES))


async def _with_ledgers(db: AsyncConnection, finishers: Sequence[Finisher], last: date) -> tuple[Finisher, ...]:
    """The same with their ledgers up to a local date, which show what became complete."""
    ledgers = await _ledgers(db, [(each.member, each.roadmap) for each in finishers], last)
    return tuple(replace(each, events=tuple(ledgers[each.member, each.roadmap])) for each in finishers)


async def _ledgers(
    db: AsyncConnection, whose: Sequence[tuple[int, str]], last: date
) -> dict[tuple[int, str], list[StepEvent]]:
    """The ledgers of members on roadmaps up to a local date; a few at a time, for others must be served meanwhile."""
    ledgers: dict[tuple[int, str], list[StepEvent]] = defaultdict(list)
    for number in range(0, len(whose), AT_A_TIME):
        rows = await db.execute(
            select(step_events, enrolments.c.member, enrolments.c.roadmap)
            .join(enrolments, enrolments.c.id == step_events.c.enrolment)
            .where(
                tuple_(enrolments.c.member, enrolments.c.roadmap).in_(whose[number : number + AT_A_TIME]),
                step_events.c.local_date <= last,
            )
            .order_by(step_events.c.id)
        )
        for row in rows:
            event = StepEvent(row.id, row.step, row.kind, row.at, row.local_date, row.reverts)
            ledgers[row.member, row.roadmap].append(event)
    return ledgers
