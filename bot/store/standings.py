"""Where the members of a group stand among each other in a window."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

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
from bot.domain.group import Group
from bot.domain.member import local_day
from bot.store.totals import EVER
from bot.tables import group_streaks, group_totals, members, memberships


@dataclass(frozen=True, slots=True)
class _Board:
    """The rows of a group that a board ranks: whose each is, the number that is ranked, and what a Score is made of."""

    rows: Select[int]
    member: ColumnElement[int]
    value: ColumnElement[int]
    columns: tuple[ColumnElement[int], ColumnElement[int], ColumnElement[int]]

    def count(self) -> Select[int]:
        """How many have anything to show."""
        return self.rows.with_only_columns(func.count()).where(self.value > 0)

    def scores(self) -> Select[int, str, int, int, int]:
        """Their scores."""
        named = self.rows.with_only_columns(self.member, members.c.name, *self.columns)
        return named.join(members, members.c.id == self.member).where(self.value > 0)

    def best(self, db: AsyncConnection, before: int, rows: int) -> Select[int, str, int, int, int]:
        """So many of the best after so many others; names are looked up of those alone, and of who ties with them."""
        values = self.rows.with_only_columns(self.value).where(self.value > 0).order_by(self.value.desc())
        worst = func.coalesce(values.offset(before + rows - 1).limit(1).scalar_subquery(), 1)
        order = (self.value.desc(), _folded(db), members.c.id)
        return self.scores().where(self.value >= worst).order_by(*order).offset(before).limit(rows)

    def next_better(self, db: AsyncConnection, value: int) -> Select[int, str, int, int, int]:
        """The one right above a value: of those who tie, the last by name."""
        least = self.rows.with_only_columns(func.min(self.value)).where(self.value > value).scalar_subquery()
        order = (_folded(db).desc(), members.c.id.desc())
        return self.scores().where(self.value == least).order_by(*order).limit(1)


async def standings(
    db: AsyncConnection, group: Group, window: Window, measure: Measure, page: int, now: datetime
) -> Standings:
    """A page of a group's ranking at a moment, over the window that the group's date is in; beyond the last, the last.

    Streaks are the current ones, whatever the window; hours and steps of the group are always the window's.
    """
    first = window_start(window, group.local_day(now)) or EVER
    count = await members_count(db, group.id)
    minutes, steps = await _together(db, group.id, window, first)
    board = await _board(db, group.id, window, measure, first, now)
    shown = int(await db.scalar(board.count()) or 0)
    page = min(page, pages(shown, count))
    before = (page - 1) * PAGE_ROWS
    rows = min(PAGE_ROWS, min(shown, places_named(count)) - before)
    scores = [_score(row) for row in await db.execute(board.best(db, before, rows))] if rows > 0 else []
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
    count = await members_count(db, group.id)
    board = await _board(db, group.id, window, measure, first, now)
    row = (await db.execute(board.scores().where(board.member == member))).one_or_none()
    if row is None:
        return Standing(window, measure, count)
    mine = _score(row)
    better = await _better(db, board, mine.by(measure))
    (place,) = ranked([mine], measure, rank=1 + better)
    ahead = (await db.execute(board.next_better(db, mine.by(measure)))).one_or_none() if better else None
    return Standing(window, measure, count, place, None if ahead is None else _score(ahead))


async def members_count(db: AsyncConnection, group: int) -> int:
    """How many are in a group."""
    return int(await db.scalar(_COUNT, {"circle": group}) or 0)


_COUNT = select(func.count()).where(memberships.c.group == bindparam("circle"), memberships.c.left_at.is_(None))


async def _together(db: AsyncConnection, group: int, window: Window, first: date) -> tuple[int, int]:
    """A group's minutes and steps in a window."""
    row = await db.execute(
        select(func.sum(group_totals.c.minutes), func.sum(group_totals.c.steps)).where(_of_window(group, window, first))
    )
    minutes, steps = row.one()
    return int(minutes or 0), int(steps or 0)


def _of_window(group: int, window: Window, first: date) -> ColumnElement[bool]:
    """What a group's members have to show in a window."""
    return and_(group_totals.c.group == group, group_totals.c.span == window, group_totals.c.first == first)


async def _better(db: AsyncConnection, board: _Board, value: int) -> int:
    return int(await db.scalar(board.count().where(board.value > value)) or 0)


async def _board(
    db: AsyncConnection, group: int, window: Window, measure: Measure, first: date, now: datetime
) -> _Board:
    none: ColumnElement[int] = literal(0)
    if measure == "streak":
        here = group_streaks.c
        rows = select(here.member).where(here.group == group, await _current(db, group, now))
        columns = none.label("steps"), none.label("minutes"), here.days.label("streak")
        return _Board(rows, here.member, here.days, columns)
    mine = group_totals.c
    points = mine.steps * POINTS_A_STEP + mine.minutes // MINUTES_A_POINT
    value = {"points": points, "steps": mine.steps, "minutes": mine.minutes}[measure]
    rows = select(mine.member).where(_of_window(group, window, first))
    return _Board(rows, mine.member, value, (mine.steps, mine.minutes, none.label("streak")))


async def _current(db: AsyncConnection, group: int, now: datetime) -> ColumnElement[bool]:
    """Whether a streak stands at a moment: each member's today is their own, by their zone and the start of their day.

    A streak whose last day is ahead, of somebody who has come from farther east, stands with that day.
    """
    here = group_streaks.c
    clocks = select(here.zone, here.day_start).where(here.group == group).distinct()
    of_day: dict[date, list[tuple[str, int]]] = defaultdict(list)
    for zone, start in await db.execute(clocks):
        of_day[local_day(now, zone, start)].append((zone, start))
    if len(of_day) <= 1:
        return here.until >= next(iter(of_day), now.date())
    mine = tuple_(here.zone, here.day_start)
    return or_(*(and_(here.until >= day, mine.in_(where)) for day, where in of_day.items()))


def _folded(db: AsyncConnection) -> ColumnElement[str]:
    """The order of ties: by name, without regard to capitals, and in no language's order."""
    lower = func.lower(members.c.name)
    return lower if db.dialect.name == "sqlite" else lower.collate("C")


def _score(row: Row[int, str, int, int, int]) -> Score:
    return Score(*row)
