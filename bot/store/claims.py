"""Reminders whose moment has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Integer, Row, Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import kind as kinds
from bot.domain.occurrence import Occurrence
from bot.domain.reminder import Reminder
from bot.store.engine import many
from bot.store.schedule import ClockColumns, OwnColumns, clock_of, with_clock, write_columns
from bot.tables import accounts, checkins, reminders
from bot.tables import rests as days_off

PARTED = "|"
"""Between platform and account in one value; no platform\'s name has it."""


async def any_due(db: AsyncConnection, now: datetime) -> bool:
    """Whether some reminder's moment has come: what every tick asks, and mostly all that it does.

    Asked for the first in the index's order: looking for any that is due, Postgres reads the whole table where it
    believes that there are many.
    """
    first = await next_due(db)
    return first is not None and first <= now


async def claimable(db: AsyncConnection, now: datetime, limit: int) -> tuple[Reminder, ...]:
    """Reminders whose moment has come, the earliest first, without those that another process is claiming."""
    return tuple(map(_claimable, await db.execute(_DUE, {"now": now, "most": limit})))


def _due() -> Select[*OwnColumns, *ClockColumns, str | None, bool, bool]:
    """Made once: a statement is worked out anew each time it is built."""
    whose = accounts.c.member == reminders.c.member
    reached = (
        select(accounts.c.platform + PARTED + accounts.c.account)
        .where(whose, accounts.c.dm != "closed")
        .order_by(accounts.c.seen_at.desc(), accounts.c.platform, accounts.c.account)
        .limit(1)
        .scalar_subquery()
    )
    since = (checkins.c.member == reminders.c.member) & (checkins.c.local_date >= reminders.c.next_date)
    off = select(days_off.c.id).where(days_off.c.member == reminders.c.member).exists()
    return (
        with_clock()
        .add_columns(reached, off, select(checkins.c.id).where(since).exists())
        .where(reminders.c.next_due_at <= bindparam("now"))
        .order_by(reminders.c.next_due_at, reminders.c.member, reminders.c.group)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=reminders, skip_locked=True)
    )


_DUE = _due()


@dataclass(frozen=True, slots=True)
class Advance:
    """Where a reminder stands after a claim."""

    reminder: int
    due: Occurrence | None
    last_date: date | None
    paused_at: datetime | None = None
    later_at: datetime | None = None
    later_date: date | None = None


async def advance(db: AsyncConnection, advances: Sequence[Advance]) -> None:
    """On to the next occurrences, of all that were claimed at once."""
    if advances:
        columns: dict[str, Sequence[object]] = {
            "claimed": [a.reminder for a in advances],
            "due_at": [a.due and a.due.at for a in advances],
            "due_date": [a.due and a.due.day for a in advances],
            "done": [a.last_date for a in advances],
            "stopped": [a.paused_at for a in advances],
            "again_at": [a.later_at for a in advances],
            "again_date": [a.later_date for a in advances],
        }
        await many(db, _ADVANCE, columns)


_ADVANCE = (
    update(reminders)
    .where(reminders.c.id == bindparam("claimed"))
    .values(
        next_due_at=bindparam("due_at"),
        next_date=bindparam("due_date"),
        last_date=bindparam("done"),
        paused_at=bindparam("stopped"),
        later_at=bindparam("again_at"),
        later_date=bindparam("again_date"),
    )
)


async def set_aside(db: AsyncConnection, reminder: Reminder, at: datetime) -> None:
    """Look at a reminder again at a moment, for the same local date."""
    await write_columns(db, reminder.id, next_due_at=at)


async def due_again(db: AsyncConnection, of: Sequence[int | None] | Select[int | None], now: datetime) -> None:
    """What comes once, by its reminders, and could not be said in time: due again, on the next evening."""
    lost = reminders.c.id.in_(of) & reminders.c.kind.in_(coming_once()) & (reminders.c.place != "off")
    again = {"last_date": None, "next_due_at": now, "next_date": now.date()}
    # Who has spoken since is waited for anyway.
    await db.execute(update(reminders).where(lost, reminders.c.next_due_at.is_(None)).values(**again))


def coming_once() -> tuple[str, ...]:
    """The names of the kinds that come once: what of them is too late is not lost, but due again."""
    return tuple(kind.name for kind in kinds.chosen(lambda kind: kind.dates.once))


async def asked(db: AsyncConnection, ids: Sequence[int]) -> None:
    """Questions of these reminders have arrived: until a word comes they count as ignored.

    Who is speaking at this very moment holds theirs, and ignores nothing: they are not waited for.
    """
    if ids:
        asking = [kind.name for kind in kinds.chosen(lambda kind: kind.is_question)]
        questions = reminders.c.id.in_(ids) & reminders.c.kind.in_(asking)
        free = select(reminders.c.id).where(questions).with_for_update(skip_locked=True)
        await db.execute(update(reminders).where(reminders.c.id.in_(free)).values(ignored=reminders.c.ignored + 1))


async def next_due(db: AsyncConnection) -> datetime | None:
    """When the next reminder is due."""
    found: datetime | None = await db.scalar(_NEXT)
    return found


_NEXT_DUE = reminders.c.next_due_at
_NEXT = select(_NEXT_DUE).where(_NEXT_DUE.is_not(None)).order_by(_NEXT_DUE).limit(1)


def _claimable(row: Row[*OwnColumns, *ClockColumns, str | None, bool, bool]) -> Reminder:
    return Reminder(*row[:14], *clock_of(*row[14:20]), kinds.known_dates(row[1]), *row[20:])
