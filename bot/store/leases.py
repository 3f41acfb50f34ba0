"""Leases, stored: each is one process's right to do something for all until a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, exists, false, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import upsert
from bot.tables import leases

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Until when a lease lasts on SQLite: the one process that serves a file needs no renewals."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it stands. Moments are UTC, by the database's clock; `over` is what that clock says of `until`.

    `token` is the fencing number: it grows by one with each change of hands and never shrinks.
    """

    name: str
    holder: str
    token: int
    since: datetime
    until: datetime
    over: bool

    @property
    def released(self) -> bool:
        """Whether its holder gave it back, rather than went away with it."""
        # Not earlier: so is a lease that is renewed after the database's clock was set back.
        return self.until == self.since


async def held(db: AsyncConnection, prefix: str) -> tuple[Lease, ...]:
    """The leases whose names begin so, by name; those that are over too: whose they were says who was there."""
    rows = await db.execute(
        select(leases, (leases.c.until <= _clock(db)).label("over"))
        .where(leases.c.name.startswith(prefix, autoescape=True))
        .order_by(leases.c.name)
    )
    return tuple(Lease(**row) for row in rows.mappings())


async def acquire(db: AsyncConnection, name: str, holder: str, seconds: float, seen: Lease | None) -> int | None:
    """Take a lease for so many seconds; its new token, or None when somebody else was quicker.

    `seen` is the lease as it was when the caller found it free: if anything has changed since, renewed or taken, it
    is not had. None: there was none of that name. On SQLite it is always had, for as long as the process serves.
    """
    free: ColumnElement[bool] | None = None
    if db.dialect.name != "sqlite":
        free = false() if seen is None else (leases.c.token == seen.token) & (leases.c.until == seen.until)
    mine = {"holder": holder, "since": _clock(db), "until": _end(db, seconds)}
    token: int | None = await db.scalar(
        upsert(db, leases)
        .values(name=name, token=1, **mine)
        .on_conflict_do_update(index_elements=["name"], set_=mine | {"token": leases.c.token + 1}, where=free)
        .returning(leases.c.token)
    )
    return token


async def renew(db: AsyncConnection, name: str, token: int, seconds: float) -> bool:
    """Keep a lease for so many seconds from now; False when it is another's by now.

    Late is not too late: while the token is the same, nobody else has had it.
    """
    result = await db.execute(update(leases).where(_is(name, token)).values(until=_end(db, seconds)))
    return bool(result.rowcount == 1)


async def release(db: AsyncConnection, name: str, token: int) -> None:
    """Give a lease back: another may have it at once. One that is another's by now stays theirs."""
    await db.execute(update(leases).where(_is(name, token)).values(until=leases.c.since))


async def forget(db: AsyncConnection, lease: Lease) -> None:
    """Remove a lease nobody will ask for again, unless it was renewed or taken since it was seen."""
    await db.execute(leases.delete().where(_is(lease.name, lease.token), leases.c.until == lease.until))


def fence(name: str, token: int) -> ColumnElement[bool]:
    """A condition for another statement's WHERE: the lease is still ours.

    Whoever takes the lease waits for the transaction that has asked, and a transaction that asks later is refused: what
    is written under a token is there before anything under the next one. Not for `reading()`, for it locks a row.
    """
    return exists(select(literal(1)).select_from(leases).where(_is(name, token)).with_for_update(read=True))


def _is(name: str, token: int) -> ColumnElement[bool]:
    return (leases.c.name == name) & (leases.c.token == token)


def _clock(db: AsyncConnection) -> ColumnElement[datetime]:
    """The database's own clock, which all processes share; Postgres's now() would be the transaction's beginning."""
    if db.dialect.name == "sqlite":
        return func.current_timestamp(type_=DateTime())
    return func.clock_timestamp(type_=DateTime(timezone=True))


def _end(db: AsyncConnection, seconds: float) -> datetime | ColumnElement[datetime]:
    return FOR_EVER if db.dialect.name == "sqlite" else _clock(db) + timedelta(seconds=seconds)
