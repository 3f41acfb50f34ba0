"""What a member's ledgers amount to, kept up to date by the transactions that write them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.answer import STUDY
from bot.domain.board import counted_minutes, window_start
from bot.domain.consistency import stands_until, streak
from bot.domain.occurrence import EVERY_DAY, Range
from bot.domain.rest import paused_range
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


@dataclass(frozen=True, slots=True)
class Streak:
    """A member's streak: its study days, the last of them, and the last local date on which it stands without another.

    On that date it is at risk; after it, it is over.
    """

    days: int
    last: date
    until: date

    def on(self, today: date) -> int:
        """Its length on a local date; none once it is over."""
        return self.days if today <= self.until else 0


async def streak_of(db: AsyncConnection, member: int) -> Streak | None:
    """The streak that ended or goes on at a member's last study day; None where there was none."""
    row = (await db.execute(_KEPT, {"member": member})).one_or_none()
    return None if row is None else Streak(row.days, row.last, row.until)


async def keep_totals(db: AsyncConnection, member: int, touched: Touched) -> None:
    """Bring a member's totals up to what the ledgers say now; the last thing before the commit."""
    if not touched.days and not touched.rules:
        return
    seen = await _see(db, member, touched)
    news = await _grow_totals(db, member, touched, seen) if touched.days else Counter[date]()
    if touched.rules or news:
        await _keep_streak(db, member, seen, news, touched.rules)


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


@dataclass(slots=True)
class _Seen:
    """What totals are made from, and the totals as they stand."""

    first_done: dict[tuple[str, str], date] = field(default_factory=dict)
    """The day on which each step was first done; who adds a proof later does not finish the step again."""
    minutes: Counter[date] = field(default_factory=Counter)
    studied: set[date] = field(default_factory=set)
    before: dict[date, Total] = field(default_factory=dict)
    off: list[Range] = field(default_factory=list)
    usual: int = EVERY_DAY
    streak: tuple[int, date, date] | None = None
    """Its length, its last day, and the day until which it stands."""

    def day(self, what: str, day: date, numbers: Sequence[int]) -> None:
        """What a day's lines in the ledgers say, or its total as it stands."""
        if what == "total":
            self.before[day] = Total(*numbers)
            return
        if what == "minutes":
            self.minutes[day] += int(numbers[0])
        if what == "shown" or numbers[1]:
            self.studied.add(day)

    def rule(self, what: str, first: date | None, last: date | None, number: int) -> None:
        """What says on which days a streak needs nothing, or the streak as it stands."""
        if what == "usual":
            self.usual = number
        elif what == "pause" and first is not None:
            self.off.append(paused_range(first, last))
        elif what == "rest" and first is not None and last is not None and first <= last:
            self.off.append((first, last))
        elif what == "streak" and first is not None and last is not None:
            self.streak = number, first, last


async def _see(db: AsyncConnection, member: int, touched: Touched) -> _Seen:
    """All of it in one question, or in two.

    The days of the steps that were touched are noted: taking back the first proof moves a step to the second's day.
    """
    asked = set(touched.days)
    seen = await _ask(db, member, touched)
    return seen if touched.days == asked else await _ask(db, member, touched)


async def _ask(db: AsyncConnection, member: int, touched: Touched) -> _Seen:
    seen = _Seen()
    given = {"member": member, "days": list(touched.days), "steps": len(touched.steps)}
    for what, first, last, roadmap, step, *numbers in await db.execute(_EVERYTHING, given):
        if what == "done":
            seen.first_done[roadmap, step] = min(first, seen.first_done.get((roadmap, step), first))
            if step in touched.steps:
                touched.days.add(first)
        elif what in ("minutes", "shown", "total"):
            seen.day(what, first, numbers)
        else:
            seen.rule(what, first, last, numbers[0])
    return seen


async def _grow_totals(db: AsyncConnection, member: int, touched: Touched, seen: _Seen) -> Counter[date]:
    """Days that have become study days, each once, and those that are none any more, each minus once."""
    finished = Counter(seen.first_done.values())
    grown: dict[tuple[Period, date], Total] = defaultdict(Total)
    news: Counter[date] = Counter()
    for day in touched.days:
        known = seen.before.get(day, NOTHING)
        minutes = counted_minutes(seen.minutes[day])
        total = Total(minutes, finished[day] if touched.steps else known.steps, int(day in seen.studied))
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


async def _keep_streak(db: AsyncConnection, member: int, seen: _Seen, news: Counter[date], rules: bool) -> None:
    """A day studied after all others goes on with the streak or begins one; anything else is looked at anew."""
    day, sign = next(iter(news.items()), (EVER, 0))
    before, last, until = seen.streak or (0, None, None)
    # Where no streak is kept there was no study day.
    goes_on = not rules and len(news) == 1 and sign == 1 and (last is None or day > last)
    if goes_on:
        length = before + 1 if until is not None and day <= until else 1
    else:
        studied = set((await db.execute(_STUDIED, {"member": member})).scalars())
        if not studied:
            await db.execute(delete(streaks).where(streaks.c.member == member))
            return
        day = max(studied)
        length = streak(studied, day, seen.usual, seen.off)
    values = {"days": length, "last": day, "until": stands_until(day, seen.usual, seen.off)}
    stands = upsert(db, streaks).values(member=member, **values)
    await db.execute(stands.on_conflict_do_update(index_elements=[streaks.c.member], set_=values))


_MEMBER: BindParameter[int] = bindparam("member")
_IN_DAYS = bindparam("days", expanding=True, type_=Date)
_STEPS: BindParameter[int] = bindparam("steps", type_=Integer)
_NO_DAY, _NO_WORD, _NO_NUMBER = cast(null(), Date), cast(null(), String), cast(null(), Integer)


def _part(
    what: str,
    first: ColumnElement[date],
    last: ColumnElement[date] = _NO_DAY,
    words: tuple[ColumnElement[str], ColumnElement[str]] = (_NO_WORD, _NO_WORD),
    numbers: Sequence[ColumnElement[int]] = (),
) -> Select[str, date, date, str, str, int, int, int]:
    """A part of the one question: all parts have the same columns."""
    given: list[ColumnElement[int]] = [*numbers, *[_NO_NUMBER] * (3 - len(numbers))]
    one, two, three = given
    return select(literal(what).label("what"), first, last, words[0], words[1], one, two, three)


_DONE = (step_events.c.kind == "done") & STANDING_EVENT
_OF_MEMBER = enrolments.c.member == _MEMBER
_ENROLLED = enrolments.c.id == step_events.c.enrolment

_EVERYTHING = union_all(
    _part("done", step_events.c.local_date, words=(enrolments.c.roadmap, step_events.c.step))
    .join_from(enrolments, step_events, _ENROLLED)
    # Where no step was touched, the steps of a day are as many as they were.
    .where(_OF_MEMBER, _DONE, _STEPS > 0),
    _part(
        "minutes",
        checkins.c.local_date,
        numbers=(func.sum(checkins.c.minutes), func.max(case((checkins.c.studied, 1), else_=0))),
    )
    .where(checkins.c.member == _MEMBER, checkins.c.local_date.in_(_IN_DAYS), STANDING_CHECKIN)
    .group_by(checkins.c.local_date),
    _part("shown", step_events.c.local_date)
    .join_from(enrolments, step_events, _ENROLLED)
    .where(_OF_MEMBER, _DONE, step_events.c.local_date.in_(_IN_DAYS))
    .distinct(),
    _part("total", totals.c.first, numbers=(totals.c.minutes, totals.c.steps, totals.c.days)).where(
        totals.c.member == _MEMBER, totals.c.span == "day", totals.c.first.in_(_IN_DAYS)
    ),
    _part("rest", rests.c.first, rests.c.last).where(rests.c.member == _MEMBER),
    _part("pause", members.c.paused_from, members.c.paused_until).where(members.c.id == _MEMBER),
    _part("usual", _NO_DAY, numbers=(reminders.c.days,)).where(
        reminders.c.member == _MEMBER, reminders.c.kind == STUDY
    ),
    _part("streak", streaks.c.last, streaks.c.until, numbers=(streaks.c.days,)).where(streaks.c.member == _MEMBER),
)
_KEPT = select(streaks.c.days, streaks.c.last, streaks.c.until).where(streaks.c.member == _MEMBER)
_STUDIED = select(totals.c.first).where(
    totals.c.member == bindparam("member"), totals.c.span == "day", totals.c.days > 0
)
