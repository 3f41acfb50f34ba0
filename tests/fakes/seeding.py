"""A database full of members, quickly: rows by the hundred thousand, written past everything but the tables."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import URL, Table, make_url

from bot.tables import accounts, enrolments, members, reminders

ZONES = (
    *("Asia/Kolkata", "America/New_York", "Europe/Berlin", "Asia/Tokyo", "America/Sao_Paulo", "Africa/Lagos", "UTC"),
    *("Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "America/St_Johns", "Pacific/Kiritimati"),
)
"""Where members live: large zones, and those with odd offsets and odd changes of their clocks."""

FIRST_ACCOUNT = 10**17
"""Accounts are numbered from here, as a platform's ids are: 18 digits."""

APART = timedelta(hours=2)
"""Whoever is not due at the moment is not due for so long after it either."""

SLOTS = 80
"""Quarters of an hour over which the others are spread: 20 hours, so that nobody's turn comes twice a day."""

EVERY_DAY = 0b1111111

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Seeds:
    """What is to be in the database: so many members, so many of them due at one moment (UTC, a whole minute)."""

    members: int
    due: int
    moment: datetime
    platform: str = "discord"
    roadmap: str | None = None
    zones: Sequence[str] = ZONES

    @property
    def due_members(self) -> range:
        """The members whose reminder is due at the moment, spread evenly over all."""
        return range(1, self.members + 1, max(1, self.members // self.due))[: self.due] if self.due else range(0)

    @property
    def due_accounts(self) -> list[int]:
        """Their accounts."""
        return [FIRST_ACCOUNT + member for member in self.due_members]

    def rows(self) -> Iterator[tuple[Table, list[str], Iterator[Row]]]:
        """Each table, its columns, and its rows."""
        began = self.moment - timedelta(days=30)
        everybody = range(1, self.members + 1)
        yield (
            members,
            ["id", "name", "zone", "zone_confirmed", "day_start", "language", "onboarding", "created_at"],
            ((n, f"Member {n}", self._zone(n), True, 0, "en", False, began) for n in everybody),
        )
        yield (
            accounts,
            ["platform", "account", "member", "name", "dm", "seen_at"],
            ((self.platform, str(FIRST_ACCOUNT + n), n, f"Member {n}", "open", began) for n in everybody),
        )
        if self.roadmap is not None:
            yield (
                enrolments,
                ["id", "member", "roadmap", "minutes_a_day", "started_on", "used_at"],
                ((n, n, self.roadmap, 60, began.date(), began) for n in everybody),
            )
        yield (
            reminders,
            ["id", "kind", "member", "minute", "days", "place", "last_date", "next_due_at", "next_date", "ignored"],
            self._reminders(),
        )

    def _zone(self, member: int) -> str:
        return self.zones[member % len(self.zones)]

    def _reminders(self) -> Iterator[Row]:
        due = self.due_members
        for n in range(1, self.members + 1):
            at, minute, day = _local(self._zone(n), self.moment if n in due else self._later(n))
            yield n, "study", n, minute, EVERY_DAY, "dm", day - timedelta(days=1), at, day, 0

    def _later(self, member: int) -> datetime:
        return self.moment + APART + member % SLOTS * timedelta(minutes=15)


@cache
def _local(zone: str, at: datetime) -> tuple[datetime, int, date]:
    """A moment, as minutes after midnight of a local date; an hour later where that time has come before."""
    local = at.astimezone(ZoneInfo(zone))
    return _local(zone, at + timedelta(hours=1)) if local.fold else (at, local.hour * 60 + local.minute, local.date())


async def seed(url: str, seeds: Seeds) -> None:
    """Fill a database whose tables are there and empty; a million members take well under a minute.

    A reminder stands where the house would have left it: its moment is its rule's, its last date the day before.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        await asyncio.to_thread(_seed_sqlite, str(address.database), seeds)
    else:
        await _seed_postgres(address, seeds)


def _seed_sqlite(file: str, seeds: Seeds) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        # A seeded file need not survive a power cut while it is made.
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA foreign_keys=OFF")
        db.execute("BEGIN IMMEDIATE")
        for table, columns, rows in seeds.rows():
            names = ", ".join(f'"{name}"' for name in columns)
            marks = ", ".join("?" * len(columns))
            db.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', _as_text(rows))
        db.execute("COMMIT")
        db.execute("ANALYZE")


def _as_text(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows as SQLite keeps them: moments and dates are text, and moments bear no zone."""
    for row in rows:
        yield tuple(_text(value) if isinstance(value, date) else value for value in row)


@cache
def _text(value: date) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value.isoformat()


async def _seed_postgres(address: URL, seeds: Seeds) -> None:
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        async with connection.transaction():
            # Keys that lead elsewhere are right by the way the rows are made.
            await connection.execute("SET LOCAL session_replication_role = replica")
            for table, columns, rows in seeds.rows():
                await connection.copy_records_to_table(table.name, records=rows, columns=columns)
                if "id" in columns:
                    sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                    await connection.execute(f"SELECT setval({sequence}, (SELECT max(id) FROM {table.name}))")
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
