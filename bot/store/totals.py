"""What a member's ledgers amount to, kept up to date by the transactions that write them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from sqlalchemy import Date, Table, bindparam, case, delete, exists, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.answer import STUDY
from bot.domain.board import COUNTED_MINUTES_A_DAY, window_start
from bot.domain.consistency import stands_until, streak
from bot.domain.occurrence import EVERY_DAY, Range
from bot.domain.rest import pause
from bot.store.engine import upsert
from bot.tables import checkins, enrolments, members, reminders, rests, step_events, streaks, totals

Period = Literal["day", "week", "month", "all"]
PERIODS: tuple[Period, ...] = get_args(Period)

EVER = date(1970, 1, 1)
"""The first local date of all time."""

RULES = frozenset({"days", "paused_from", "paused_until"})
"""Columns that say on which days a streak needs nothing: of reminders and of members."""

_later_events = step_events.alias("later_events")
_later_checkins = checkins.alias("later_checkins")

STANDING_EVENT = (step_events.c.kind != "reverted") & ~exists().where(_later_events.c.reverts == step_events.c.id)
"""Lines of the ledger that nobody took back."""

STANDING_CHECKIN = checkins.c.reverts.is_(None) & ~exists().where(_later_checkins.c.reverts == checkins.c.id)


@dataclass(frozen=True, slots=True)
class Total:
    """Counted minutes, steps first done, and study days of a span."""

    minutes: int = 0
    steps: int = 0
    days: int = 0

    def __add__(self, other: Total) -> Total:
        return Total(self.minutes + other.minutes, self.steps + other.steps, self.days + other.days)

    def __sub__(self, other: Total) -> Total:
        return Total(self.minutes - other.minutes, self.steps - other.steps, self.days - other.days)


NOTHING = Total()


@dataclass(slots=True)
class Touched:
    """What a change wrote that totals are made of: local dates, steps by their slugs, and whether a day off or a day of
    the week was among it."""

    days: set[date] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    rules: bool = False

    def line(self, table: Table, row: Mapping[str, object]) -> None:
        """A line of a ledger, or one that takes it back."""
        day, step = row["local_date"], row.get("step")
        if table in (checkins, step_events) and isinstance(day, date):
            self.days.add(day)
            if isinstance(step, str):
                self.steps.add(step)

    def row(self, table: Table, columns: Collection[str] | None = None) -> None:
        """Columns of a row; without them, a row that came or went."""
        if table is rests or (table in (reminders, members) and (columns is None or not RULES.isdisjoint(columns))):
            self.rules = True


def since(span: Period, day: date) -> date:
    """The first local date of the span that a day lies in."""
    if span == "day":
        return day
    return window_start(span, day) or EVER


async def keep_totals(db: AsyncConnection, member: int, touched: Touched) -> None:
    """Bring a member's totals up to what the ledgers say now; the last thing before the commit."""
    news = await _grow_totals(db, member, touched) if touched.days else Counter[date]()
    if touched.rules or news:
        await _keep_streak(db, member, news, touched.rules)


async def recount(db: AsyncConnection, member: int) -> None:
    """Work out a member's totals anew from their ledgers, of which all may have changed."""
    for table in (totals, streaks):
        await db.execute(delete(table).where(table.c.member == member))
    answered = select(checkins.c.local_date).where(checkins.c.member == member)
    shown = select(step_events.c.local_date, step_events.c.step).join(enrolments).where(enrolments.c.member == member)
    touched = Touched(set((await db.execute(answered)).scalars()))
    for day, step in await db.execute(shown):
        touched.days.add(day)
        touched.steps.add(step)
    await keep_totals(db, member, touched)


async def _grow_totals(db: AsyncConnection, member: int, touched: Touched) -> Counter[date]:
    """Days that have become study days, each once, and those that are none any more, each minus once."""
    finished: Counter[date] = Counter()
    if touched.steps:
        finished = await _finished(db, member, touched)
    found, before = await _days(db, member, touched.days)
    grown: dict[tuple[Period, date], Total] = defaultdict(Total)
    news: Counter[date] = Counter()
    for day in touched.days:
        known = before.get(day, NOTHING)
        minutes, studied = found.get(day, (0, 0))
        total = Total(min(minutes, COUNTED_MINUTES_A_DAY), finished[day] if touched.steps else known.steps, studied)
        if total == known:
            continue
        for span in PERIODS:
            grown[span, since(span, day)] += total - known
        if total.days != known.days:
            news[day] = total.days - known.days
    if grown:
        rows = [
            {"member": member, "span": span, "first": first, "minutes": t.minutes, "steps": t.steps, "days": t.days}
            for (span, first), t in grown.items()
        ]
        more = upsert(db, totals)
        sums = {name: totals.c[name] + more.excluded[name] for name in ("minutes", "steps", "days")}
        await db.execute(more.on_conflict_do_update(index_elements=list(totals.primary_key), set_=sums), rows)
    return news


async def _finished(db: AsyncConnection, member: int, touched: Touched) -> Counter[date]:
    """How many steps were first done on each day; who adds a proof later does not finish the step again.

    The days of the steps that were touched are noted: taking back the first proof moves a step to the second's day.
    """
    first: dict[tuple[str, str], date] = {}
    for roadmap, step, day in await db.execute(_DONE, {"member": member}):
        first[roadmap, step] = min(day, first.get((roadmap, step), day))
        if step in touched.steps:
            touched.days.add(day)
    return Counter(first.values())


_DONE = (
    select(enrolments.c.roadmap, step_events.c.step, step_events.c.local_date)
    .join_from(step_events, enrolments, enrolments.c.id == step_events.c.enrolment)
    .where(enrolments.c.member == bindparam("member"), step_events.c.kind == "done", STANDING_EVENT)
)


async def _days(
    db: AsyncConnection, member: int, days: Collection[date]
) -> tuple[dict[date, tuple[int, int]], dict[date, Total]]:
    """Minutes of some days, and 1 for each studied on, by the ledgers; and the totals of these days as they stand."""
    found: dict[date, tuple[int, int]] = {}
    before: dict[date, Total] = {}
    for known, day, minutes, steps, studied in await db.execute(_OF_DAYS, {"member": member, "days": list(days)}):
        if known:
            before[day] = Total(minutes, steps, studied)
        else:
            so_far = found.get(day, (0, 0))
            found[day] = so_far[0] + int(minutes), max(so_far[1], int(studied))
    return found, before


_IN_DAYS = bindparam("days", expanding=True, type_=Date)
_OF_DAYS = union_all(
    select(
        literal(0).label("known"),
        checkins.c.local_date,
        func.sum(checkins.c.minutes),
        literal(0),
        func.max(case((checkins.c.studied, 1), else_=0)),
    )
    .where(checkins.c.member == bindparam("member"), checkins.c.local_date.in_(_IN_DAYS), STANDING_CHECKIN)
    .group_by(checkins.c.local_date),
    select(literal(0), step_events.c.local_date, literal(0), literal(0), literal(1))
    .join_from(enrolments, step_events, enrolments.c.id == step_events.c.enrolment)
    .where(
        enrolments.c.member == bindparam("member"),
        step_events.c.local_date.in_(_IN_DAYS),
        step_events.c.kind == "done",
        STANDING_EVENT,
    )
    .distinct(),
    select(literal(1), totals.c.first, totals.c.minutes, totals.c.steps, totals.c.days).where(
        totals.c.member == bindparam("member"), totals.c.span == "day", totals.c.first.in_(_IN_DAYS)
    ),
)


async def _keep_streak(db: AsyncConnection, member: int, news: Counter[date], rules: bool) -> None:
    """A day studied after all others goes on with the streak or begins one; anything else is looked at anew."""
    rows = (await db.execute(_RULES, {"member": member})).all()
    if not rows:
        return
    row = rows[0]
    usual = EVERY_DAY if row.usual is None else row.usual
    off: list[Range] = [(rest.first, rest.end) for rest in rows if rest.first is not None and rest.first <= rest.end]
    if row.paused_from is not None:
        off.append(pause(row.paused_from, row.paused_until))
    day, sign = next(iter(news.items()), (EVER, 0))
    if not rules and len(news) == 1 and sign == 1 and row.last is not None and day > row.last:
        length = row.days + 1 if day <= row.until else 1
    else:
        studied = set((await db.execute(_STUDIED, {"member": member})).scalars())
        if not studied:
            await db.execute(delete(streaks).where(streaks.c.member == member))
            return
        day = max(studied)
        length = streak(studied, day, usual, off)
    values = {"days": length, "last": day, "until": stands_until(day, usual, off)}
    stands = upsert(db, streaks).values(member=member, **values)
    await db.execute(stands.on_conflict_do_update(index_elements=[streaks.c.member], set_=values))


_RULES = (
    select(
        members.c.paused_from,
        members.c.paused_until,
        reminders.c.days.label("usual"),
        streaks.c.days,
        streaks.c.last,
        streaks.c.until,
        rests.c.first,
        rests.c.last.label("end"),
    )
    .select_from(members)
    .outerjoin(reminders, (reminders.c.member == members.c.id) & (reminders.c.kind == STUDY))
    .outerjoin(streaks, streaks.c.member == members.c.id)
    .outerjoin(rests, rests.c.member == members.c.id)
    .where(members.c.id == bindparam("member"))
)
_STUDIED = select(totals.c.first).where(
    totals.c.member == bindparam("member"), totals.c.span == "day", totals.c.days > 0
)
