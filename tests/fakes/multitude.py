"""A database of as many groups, members and events as one likes, filled past everything but the tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import event

from bot.cards import Card
from bot.command import Dispatch, Incoming, Response
from bot.commands import registry
from bot.delivery import Address
from bot.messages import Messages
from bot.store import Store, schema
from bot.store.outbox import Delivery
from tests.fakes.shipped import LIBRARY

NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)
"""A Thursday evening in Kolkata, where all of them live."""

LEDGERS = "0005"
"""The version of the tables in which there were ledgers and no totals: the upgrade from it works them out."""

STAMP = "'Asia/Kolkata', 0"
PLATFORM = "many"


@dataclass(frozen=True)
class Size:
    """How many groups, members in each, and check-ins of each member, one a day.

    The members of the first group are in `groups_each` of the groups, and the first `busy` of them have `events`, the
    others `rest`.
    """

    groups: int
    members: int
    events: int
    busy: int = 0
    rest: int = 0
    groups_each: int = 1


def _rows(size: Size) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Statements, each with the rows it is to write."""
    today = NOW.date()
    at = f"{NOW - timedelta(days=1):%Y-%m-%d %H:%M:%S.%f}"
    groups = range(1, size.groups + 1)
    everybody = range(1, size.groups * size.members + 1)
    yield (
        "INSERT INTO groups (id, name, zone, checkin_minute, recap_day, recap_minute, language, created_at) "
        "VALUES (?, ?, 'Asia/Kolkata', 1200, 6, 1080, 'en', ?)",
        [(group, f"Group {group}", at) for group in groups],
    )
    yield (
        "INSERT INTO homes (\"group\", platform, chat, thread, name) VALUES (?, 'many', ?, '', 'room')",
        [(group, f"room{group}") for group in groups],
    )
    yield (
        "INSERT INTO members (id, name, zone, zone_confirmed, day_start, language, onboarding, main_group, created_at) "
        f"VALUES (?, ?, {STAMP.partition(',')[0]}, 1, 0, 'en', 0, ?, ?)",
        [(n, f"Member {n}", (n - 1) // size.members + 1, at) for n in everybody],
    )
    yield (
        "INSERT INTO accounts (platform, account, member, name, dm, seen_at) VALUES ('many', ?, ?, ?, 'open', ?)",
        [(str(n), n, f"Member {n}", f"{NOW:%Y-%m-%d %H:%M:%S.%f}") for n in everybody],
    )
    memberships = [((n - 1) // size.members + 1, n, at) for n in everybody]
    memberships += [(g, n, at) for n in range(1, size.members + 1) for g in range(2, size.groups_each + 1)]
    yield 'INSERT INTO memberships ("group", member, joined_at) VALUES (?, ?, ?)', memberships
    yield (
        "INSERT INTO enrolments (id, member, roadmap, deadline, minutes_a_day, started_on, used_at) "
        "VALUES (?, ?, 'backend-ai-era', ?, 120, ?, ?)",
        [(n, n, str(today + timedelta(days=200)), str(today - timedelta(days=60)), at) for n in everybody],
    )
    yield (
        "INSERT INTO changes (id, member, at, local_date, zone, day_start, command, summary, effects) "
        f"VALUES (?, ?, ?, ?, {STAMP}, 'checkin', '[\"change-other\", {{}}]', '[]')",
        [(n, n, at, str(today)) for n in everybody],
    )
    yield (
        "INSERT INTO checkins (member, change, track, local_date, studied, minutes, at, zone, day_start) "
        f"VALUES (?, ?, 'study', ?, 1, ?, ?, {STAMP})",
        [
            (n, n, str(today - timedelta(days=back)), 20 + (7 * n + back) % 90, at)
            for n in everybody
            for back in range(1, 1 + (size.events if not size.busy or n <= size.busy else size.rest))
        ],
    )
    yield (
        "INSERT INTO step_events (enrolment, change, step, kind, at, local_date, zone, day_start) "
        f"VALUES (?, ?, 'sql', 'done', ?, ?, {STAMP})",
        [(n, n, at, str(today - timedelta(days=1))) for n in everybody if n % 10 == 0],
    )
    yield (
        "INSERT INTO reminders (kind, member, minute, days, place, ignored, next_due_at, next_date) "
        "VALUES ('study', ?, 1200, 127, 'dm', 0, ?, ?)",
        [(n, f"{NOW + timedelta(days=1):%Y-%m-%d %H:%M:%S.%f}", str(today + timedelta(days=1))) for n in everybody],
    )


async def fill(store: Store, file: Path, size: Size) -> None:
    """Make the tables, write everybody's rows, and let the upgrade work out what they amount to."""
    async with store.rebuilding() as db:
        await db.run_sync(lambda connection: command.upgrade(schema.configuration(connection), LEDGERS))
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("BEGIN")
        for statement, values in _rows(size):
            db.executemany(statement, values)
        db.execute("COMMIT")
    await schema.upgrade_tables(store)
    with closing(sqlite3.connect(file)) as db:
        db.execute("ANALYZE")


@dataclass
class Cost:
    """What was asked of the database: statements, rows that came back, and hundreds of SQLite's own steps."""

    statements: int = 0
    rows: int = 0
    steps: int = 0


@dataclass(frozen=True)
class Asked:
    """A statement as the driver got it."""

    sql: str
    parameters: Any


class Multitude:
    """Such a database with a house around it; everything that is asked of it is counted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cost = Cost()
        self.asked: list[Asked] = []
        self.dispatch = Dispatch(store, lambda: LIBRARY.roadmaps, registry, lambda: NOW, zone="Asia/Kolkata")
        self.messages = Messages(store, lambda: LIBRARY.roadmaps)
        self._said = 0
        event.listen(store.engine.sync_engine, "checkout", self._watch)
        event.listen(store.engine.sync_engine, "after_cursor_execute", self._executed)

    def _watch(self, connection: Any, _record: object, _proxy: object) -> None:
        connection.run_async(lambda driver: driver.set_progress_handler(self._step, 100))

    def _step(self) -> None:
        self.cost.steps += 1

    def _executed(self, _c: object, cursor: Any, statement: str, parameters: Any, _x: object, _m: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA")):
            self.cost.statements += 1
            self.cost.rows += len(getattr(cursor, "_rows", ()))
            self.asked.append(Asked(statement, parameters))

    async def say(self, member: int, line: str, *, private: bool = False, leader: bool = False) -> Response:
        """What a member of the first group is answered, in its home unless in private."""
        self._said += 1
        address = Address.private_to(PLATFORM, str(member)) if private else Address(PLATFORM, "room1")
        incoming = Incoming(
            platform=PLATFORM,
            account=str(member),
            name=f"Member {member}",
            address=address,
            line=line,
            update=f"u{member}-{self._said}",
            private=private,
            leader=leader,
        )
        response = await self.dispatch(incoming)
        assert response is not None
        return response

    async def compose(self, delivery: Delivery) -> Card | None:
        """The card of a delivery, as it would leave now."""
        card = await self.messages.compose(delivery, NOW)
        assert card is None or isinstance(card, Card), card
        return card

    def begin(self) -> None:
        """Count from here on."""
        self.cost = Cost()
        self.asked = []
