"""Statistics of deliveries, each counted at a bounded cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Row,
    Select,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.address import PRIVATE
from bot.domain.dropped import Dropped
from bot.domain.reason import MOOT, QUIET, TOO_LATE
from bot.store.belonging import members_of
from bot.tables import deliveries

MOST_TALLIED = 200_000
"""Deliveries that a tally looks at, the latest ones: about half a second on a small machine."""

MOST_WAITING = 10_000
"""Deliveries with something still to be done that are looked at, the most urgent ones: about 10 ms."""

MOST_OF_A_GROUP = 20_000
"""Deliveries that a leader's question looks at: it waits for the answer, and on SQLite every writer with it."""

UNDELIVERED = ("queued", "sending")
LOST = ("failed", "expired", "doubtful")


@dataclass(frozen=True, slots=True)
class Lateness:
    """How long after its moment what was due was handed to its platform: seconds, to a tenth."""

    count: int = 0
    median: float = 0
    p99: float = 0
    worst: float = 0

    @classmethod
    def of(cls, counted: Mapping[float, int]) -> Lateness:
        """From how often each number of seconds occurred."""
        total, seen = sum(counted.values()), 0
        if not total:
            return cls()
        found: dict[str, float] = {}
        for seconds in sorted(counted):
            seen += counted[seconds]
            for name, share in (("median", 0.5), ("p99", 0.99), ("worst", 1)):
                if name not in found and seen >= share * total:
                    found[name] = seconds
        return cls(total, **found)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why deliveries did not arrive: `private` ones to a member, the others to a home."""

    state: str
    reason: str
    private: bool
    count: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of what was due in a span of time.

    `whole` is False where there were more than MOST_TALLIED: then these are the latest of them. `states` counts by kind
    and state, with what had become moot apart from what expired, under MOOT. `doubted` counts, by their state now,
    those of which nobody knew for a while whether they had arrived.
    """

    states: Mapping[tuple[str, str], int]
    lateness: Lateness
    faults: tuple[Fault, ...]
    doubted: Mapping[str, int]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that has not arrived yet. Moments are UTC; `next_at` is when it is tried again."""

    id: int
    kind: str
    platform: str
    private: bool
    state: str
    due_at: datetime
    next_at: datetime
    attempts: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is still to be done. Undelivered are queued and sending; `overdue` those of them that could leave now,
    `oldest` the moment at which the longest undelivered one was due. `whole` is False for MOST_WAITING and more."""

    queued: int = 0
    sending: int = 0
    edits: int = 0
    overdue: int = 0
    oldest: datetime | None = None
    whole: bool = True

    def late(self, now: datetime) -> float:
        """For how many seconds the longest undelivered one has been due; 0 when none is."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


async def not_delivered(db: AsyncConnection, group: int, since: date) -> tuple[Dropped, ...]:
    """What a group was not told from a local date on, the latest first: for its leaders.

    Its own posts by every reason. Of its members' reminders only how many came too late, for that is our fault and
    says nothing of anybody; who blocked us or closed their private messages is nobody's business. In a group of
    thousands these are counted among MOST_OF_A_GROUP only.
    """
    columns = [deliveries.c[name] for name in ("kind", "local_date", "state", "reason")]
    day = deliveries.c.local_date >= since
    # Bounded before anything is left out, and each by its index.
    posts = select(*columns, literal(False).label("private")).where(deliveries.c.group == group, day)
    reminders = select(*columns, literal(True).label("private")).where(
        deliveries.c.member.in_(members_of(group)), deliveries.c.group.is_(None), day
    )
    found = union_all(*(_part(query.limit(MOST_OF_A_GROUP)) for query in (posts, reminders))).subquery().c
    said = func.coalesce(found.reason, "")
    post, late = found.private == literal(False), and_(found.state == "expired", said.not_like(f"%{QUIET}"))
    reason = case((post, said), else_=TOO_LATE).label("why")
    keys = (found.local_date, found.kind, found.state, reason, found.private)
    rows = await db.execute(
        select(*keys, func.count().label("many"))
        .where(found.state.in_(LOST), said != MOOT, or_(post, late))
        .group_by(*keys)
        .order_by(found.local_date.desc(), *keys[1:])
    )
    return tuple(Dropped(row.kind, row.local_date, row.state, row.why, row.many, bool(row.private)) for row in rows)


def _part(query: Select[*tuple[object, ...]]) -> Select[*tuple[object, ...]]:
    """A limited question as a part of another: SQLite takes no LIMIT inside a union."""
    return select(query.subquery())


async def tally(db: AsyncConnection, *spans: datetime) -> tuple[Tally, ...]:
    """What became of what was due since each of these moments; they must be given from the latest to the earliest.

    Follows the primary key backwards: what is due later was queued later, or nearly so.
    """
    wanted = ("id", "kind", "state", "reason", "chat", "doubts", "due_at", "handed_at")
    columns = [deliveries.c[name] for name in wanted]
    row = select(*columns).order_by(deliveries.c.id.desc()).limit(MOST_TALLIED).subquery().c
    if db.dialect.name == "sqlite":
        seconds: ColumnElement[float] | ColumnElement[Decimal] = (
            func.julianday(row.handed_at) - func.julianday(row.due_at)
        ) * 86400
    else:
        seconds = cast(extract("epoch", row.handed_at - row.due_at), Numeric)
    span = case(*((row.due_at >= since, number) for number, since in enumerate(spans)), else_=None).label("span")
    lost = row.state.in_(LOST)
    keys = (
        span,
        row.kind,
        row.state,
        case((lost, row.reason), else_=None).label("reason"),
        case((lost, row.chat.startswith(PRIVATE)), else_=None).label("private"),
        (row.doubts > 0).label("doubted"),
        func.round(seconds, 1).label("late"),
    )
    many, first = func.count().label("many"), func.min(row.due_at).label("first")
    rows = (await db.execute(select(*keys, many, first).group_by(*keys))).all()
    looked_at = sum(each.many for each in rows)
    earliest = min((each.first for each in rows), default=None)
    return tuple(
        _tallied(
            (each for each in rows if each.span is not None and each.span <= number),
            whole=looked_at < MOST_TALLIED or earliest is None or earliest < since,
        )
        for number, since in enumerate(spans)
    )


def _tallied(rows: Iterable[Row[*tuple[object, ...]]], *, whole: bool) -> Tally:
    states: Counter[tuple[str, str]] = Counter()
    late: Counter[float] = Counter()
    faults: Counter[tuple[str, str, bool]] = Counter()
    doubted: Counter[str] = Counter()
    for row in rows:
        states[row.kind, MOOT if row.reason == MOOT else row.state] += row.many
        if row.late is not None:
            late[float(row.late)] += row.many
        if row.state in LOST and row.reason != MOOT:
            faults[row.state, row.reason or "", bool(row.private)] += row.many
        if row.doubted:
            doubted[row.state] += row.many
    worst = sorted(faults.items(), key=lambda item: (-item[1], item[0]))
    return Tally(states, Lateness.of(late), tuple(Fault(*key, n) for key, n in worst), doubted, whole)


async def backlog(db: AsyncConnection, now: datetime) -> Backlog:
    """What is still to be done."""
    row = _waiting().subquery().c
    overdue = func.coalesce(func.sum(case((row.next_at <= now, 1), else_=0)), 0)
    result = await db.execute(select(row.state, func.count(), overdue, func.min(row.due_at)).group_by(row.state))
    found = {state: (count, late, oldest) for state, count, late, oldest in result}
    undelivered = [found[state] for state in UNDELIVERED if state in found]
    return Backlog(
        queued=found.get("queued", (0,))[0],
        sending=found.get("sending", (0,))[0],
        edits=sum(values[0] for state, values in found.items() if state not in UNDELIVERED),
        overdue=int(sum(late for _, late, _ in undelivered)),
        oldest=min((oldest for _, _, oldest in undelivered), default=None),
        whole=sum(values[0] for values in found.values()) < MOST_WAITING,
    )


async def oldest(db: AsyncConnection) -> Waiting | None:
    """The delivery that was due first of those that have not arrived, however it stands with it."""
    row = _waiting().subquery()
    query = select(row).where(row.c.state.in_(UNDELIVERED)).order_by(row.c.due_at, row.c.id).limit(1)
    found = (await db.execute(query)).one_or_none()
    if found is None:
        return None
    return Waiting(
        id=found.id,
        kind=found.kind,
        platform=found.platform,
        private=found.chat.startswith(PRIVATE),
        state=found.state,
        due_at=found.due_at,
        next_at=found.next_at,
        attempts=found.attempts,
        reason=found.reason,
    )


def _waiting() -> Select[*tuple[object, ...]]:
    return (
        select(deliveries)
        .where(deliveries.c.next_at.is_not(None))
        .order_by(deliveries.c.next_at, deliveries.c.id)
        .limit(MOST_WAITING)
    )
