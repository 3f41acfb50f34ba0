"""What the members of a group have achieved in a span of dates."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.answer import STUDY
from bot.domain.board import (
    MINUTES_A_POINT,
    PAGE_ROWS,
    POINTS_A_STEP,
    Measure,
    Score,
    Standing,
    Standings,
    Window,
    pages,
    places_named,
    ranked,
    window_start,
)
from bot.domain.consistency import streak
from bot.domain.group import Group
from bot.domain.member import local_day
from bot.domain.occurrence import EVERY_DAY, ONE_DAY, Range
from bot.domain.progress import StepEvent
from bot.domain.recap import Finisher, Week
from bot.domain.rest import paused_range
from bot.store import belonging, rests
from bot.store.totals import EVER, STANDING_EVENT
from bot.tables import enrolments, members, memberships, reminders, step_events, streaks, totals

AT_A_TIME = 25
"""Members whose days are looked at without others being served: a millisecond or two."""

STREAK_NAMES = 3
"""How many share the longest streak by name."""


@dataclass(frozen=True, slots=True)
class _Board:
    """The question for a group's scores: each is a row of its members, with the number that the board ranks."""

    rows: Select[int]
    value: ColumnElement[int]
    columns: tuple[ColumnElement[int], ColumnElement[int], ColumnElement[int]]

    def count(self) -> Select[int]:
        """How many have anything to show."""
        return self.rows.with_only_columns(func.count()).where(self.value > 0)

    def scores(self) -> Select[int, str, int, int, int]:
        """Their scores."""
        return self.rows.with_only_columns(members.c.id, members.c.name, *self.columns).where(self.value > 0)


async def standings(
    db: AsyncConnection, group: Group, window: Window, measure: Measure, page: int, now: datetime
) -> Standings:
    """A page of a group's ranking at a moment, over the window that the group's date is in; beyond the last, the last.

    Streaks are the current ones, whatever the window; hours and steps of the group are always the window's.
    """
    first = window_start(window, group.local_day(now)) or EVER
    count, minutes, steps = await _together(db, group.id, window, first)
    board = await _board(db, group.id, window, measure, first, now)
    shown = int(await db.scalar(board.count()) or 0)
    page = min(page, pages(shown, count))
    before = (page - 1) * PAGE_ROWS
    rows = min(PAGE_ROWS, min(shown, places_named(count)) - before)
    best = board.scores().order_by(board.value.desc(), _folded(db), members.c.id)
    scores = [_score(row) for row in await db.execute(best.offset(before).limit(rows))]
    rank = 1
    if before and scores:
        rank += await _better(db, board, scores[0].by(measure))
    places = ranked(scores, measure, before + 1, rank)
    return Standings(window, measure, places, page, shown, count, minutes, steps)


async def own_standing(
    db: AsyncConnection, group: Group, window: Window, measure: Measure, member: int, now: datetime
) -> Standing:
    """A member's own place at a moment, wherever it is."""
    first = window_start(window, group.local_day(now)) or EVER
    count = int(await db.scalar(select(func.count()).select_from(belonging.members_of(group.id).subquery())) or 0)
    board = await _board(db, group.id, window, measure, first, now)
    row = (await db.execute(board.scores().where(members.c.id == member))).one_or_none()
    if row is None:
        return Standing(window, measure, count)
    mine = _score(row)
    better = await _better(db, board, mine.by(measure))
    (place,) = ranked([mine], measure, rank=1 + better)
    worst = board.scores().where(board.value > mine.by(measure))
    nearest = worst.order_by(board.value, _folded(db).desc(), members.c.id.desc()).limit(1)
    ahead = (await db.execute(nearest)).one_or_none()
    return Standing(window, measure, count, place, None if ahead is None else _score(ahead))


async def _together(db: AsyncConnection, group: int, window: Window, first: date) -> tuple[int, int, int]:
    """How many are in a group; their minutes and steps in a window."""
    here = and_(totals.c.member == memberships.c.member, totals.c.span == window, totals.c.first == first)
    row = await db.execute(
        select(func.count(), func.sum(totals.c.minutes), func.sum(totals.c.steps))
        .select_from(memberships.outerjoin(totals, here))
        .where(memberships.c.group == group, memberships.c.left_at.is_(None))
    )
    count, minutes, steps = row.one()
    return int(count), int(minutes or 0), int(steps or 0)


async def _better(db: AsyncConnection, board: _Board, value: int) -> int:
    return int(await db.scalar(board.count().where(board.value > value)) or 0)


async def _board(
    db: AsyncConnection, group: int, window: Window, measure: Measure, first: date, now: datetime
) -> _Board:
    whose = select(members.c.id).join(memberships, memberships.c.member == members.c.id)
    here = whose.where(memberships.c.group == group, memberships.c.left_at.is_(None))
    if measure == "streak":
        current = await _current(db, group, now)
        rows = here.join(streaks, streaks.c.member == members.c.id).where(current)
        return _Board(
            rows,
            streaks.c.days,
            (literal(0).label("steps"), literal(0).label("minutes"), streaks.c.days.label("streak")),
        )
    of_window = and_(totals.c.member == members.c.id, totals.c.span == window, totals.c.first == first)
    points = totals.c.steps * POINTS_A_STEP + totals.c.minutes // MINUTES_A_POINT
    value = {"points": points, "steps": totals.c.steps, "minutes": totals.c.minutes}[measure]
    return _Board(here.join(totals, of_window), value, (totals.c.steps, totals.c.minutes, literal(0).label("streak")))


async def _current(db: AsyncConnection, group: int, now: datetime) -> ColumnElement[bool]:
    """Whether a streak stands at a moment: each member's today is their own, by their zone and the start of their day.

    A streak whose last day is ahead, of somebody who has come from farther east, stands with that day.
    """
    zones = select(members.c.zone, members.c.day_start).where(members.c.id.in_(belonging.members_of(group))).distinct()
    of_day: dict[date, list[tuple[str, int]]] = defaultdict(list)
    for zone, start in await db.execute(zones):
        of_day[local_day(now, zone, start)].append((zone, start))
    if len(of_day) <= 1:
        return streaks.c.until >= next(iter(of_day), now.date())
    mine = tuple_(members.c.zone, members.c.day_start)
    return or_(*(and_(streaks.c.until >= day, mine.in_(where)) for day, where in of_day.items()))


def _folded(db: AsyncConnection) -> ColumnElement[str]:
    """The order of ties: by name, without regard to capitals, and in no language's order."""
    lower = func.lower(members.c.name)
    return lower if db.dialect.name == "sqlite" else lower.collate("C")


def _score(row: Row[int, str, int, int, int]) -> Score:
    return Score(*row)


# ---------------------------------------------------------------- the week


async def week(db: AsyncConnection, group: Group, first: date, last: date) -> Week:
    """What a group did from one local date to another, both included."""
    count = int(await db.scalar(select(func.count()).select_from(belonging.members_of(group.id).subquery())) or 0)
    studied, minutes, steps = await _worked(db, group.id, first, last)
    longest, holders, names = await _longest(db, group.id, last)
    return Week(
        group=group,
        first=first,
        last=last,
        members=count,
        studied=studied,
        minutes=minutes,
        steps=steps,
        streak=longest,
        holders=holders,
        streak_names=names,
        finishers=await _finishers(db, group.id, first, last) if steps else (),
    )


def _in_days(group: int, first: date, last: date) -> ColumnElement[bool]:
    return and_(
        totals.c.member.in_(belonging.members_of(group)), totals.c.span == "day", totals.c.first.between(first, last)
    )


async def _worked(db: AsyncConnection, group: int, first: date, last: date) -> tuple[int, int, int]:
    """How many studied, and what they did, between two local dates."""
    row = await db.execute(
        select(
            func.count(case((totals.c.days > 0, totals.c.member)).distinct()),
            func.sum(totals.c.minutes),
            func.sum(totals.c.steps),
        ).where(_in_days(group, first, last))
    )
    studied, minutes, steps = row.one()
    return int(studied), int(minutes or 0), int(steps or 0)


async def _longest(db: AsyncConnection, group: int, last: date) -> tuple[int, int, tuple[str, ...]]:
    """The longest streak as it stood on a local date, how many had it, and the first of their names.

    Who has studied since, be it only that their date is ahead, had one day less; where that does not tell, their days
    are looked at.
    """
    went_on = and_(streaks.c.last == last + ONE_DAY, streaks.c.days > 1)
    stood = case((went_on, streaks.c.days - 1), (streaks.c.last <= last, streaks.c.days))
    here = streaks.c.member.in_(belonging.members_of(group))
    told = and_(here, or_(went_on, and_(streaks.c.last <= last, streaks.c.until >= last)))
    longest = int(await db.scalar(select(func.max(stood)).where(told)) or 0)
    since = await _streaks_before(db, group, last, and_(here, streaks.c.last > last, ~went_on))
    longest = max([longest, *since.values()])
    if not longest:
        return 0, 0, ()
    holding = and_(told, stood == longest)
    others = [member for member, days in since.items() if days == longest]
    holders = int(await db.scalar(select(func.count()).where(holding)) or 0) + len(others)
    name = members.c.name if db.dialect.name == "sqlite" else members.c.name.collate("C")
    have = or_(members.c.id.in_(select(streaks.c.member).where(holding)), members.c.id.in_(others))
    names = await db.execute(select(members.c.name).where(have).order_by(name).limit(STREAK_NAMES))
    return longest, holders, tuple(names.scalars())


async def _streaks_before(db: AsyncConnection, group: int, last: date, whose: ColumnElement[bool]) -> dict[int, int]:
    """The streaks of some members as they stood on a local date, from their days; a few at a time, for others must be
    served meanwhile."""
    who = list((await db.execute(select(streaks.c.member).where(whose))).scalars())
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


async def _finishers(db: AsyncConnection, group: int, first: date, last: date) -> tuple[Finisher, ...]:
    """Who finished steps between two local dates, by name, with the ledger that shows what became complete by them."""
    who = select(totals.c.member).where(_in_days(group, first, last), totals.c.steps > 0).distinct()
    rows = await db.execute(_finished(who, first, last).join(members, members.c.id == enrolments.c.member))
    found = sorted({(row.name.casefold(), row.member, row.name, row.roadmap) for row in rows})
    ledgers = await _ledgers(db, [(member, roadmap) for _, member, _, roadmap in found], last)
    return tuple(Finisher(name, roadmap, tuple(ledgers[member, roadmap])) for _, member, name, roadmap in found)


def _finished(who: Select[int], first: date, last: date) -> Select[int, str, str]:
    """Roadmaps on which steps were first done in these days: who adds a proof later does not finish the step again."""
    return (
        select(enrolments.c.member, members.c.name, enrolments.c.roadmap)
        .join_from(step_events, enrolments, enrolments.c.id == step_events.c.enrolment)
        .where(enrolments.c.member.in_(who), step_events.c.kind == "done", STANDING_EVENT)
        .group_by(enrolments.c.member, members.c.name, enrolments.c.roadmap, step_events.c.step)
        .having(func.min(step_events.c.local_date).between(first, last))
    )


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
