"""Check-ins of a large group beside a member who looks at its recap or board again and again, on SQLite.

Run: python -m benchmarks.showing [members] [line …]

Prints the 99th percentile of the check-ins' durations without and with it, and the ratio, which may be 1.2. Check-ins
come at a share of what this machine carries at that moment, measured anew before each turn: on a busy one, too, it is
the looking that is measured and not a queue.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from alembic import command

from bot.command import Dispatch, Incoming
from bot.commands import registry
from bot.delivery import Address
from bot.library import Library
from bot.store import Store, schema

NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)
"""A Thursday evening in Kolkata."""

ROADMAPS = Path(__file__).parents[1] / "roadmaps"
ROOM = Address("bench", "room")
DAYS = 60
"""How long the group has studied."""

CHECKINS = 25
"""How many check-ins make a turn."""

TURNS = 16
"""Without and with, so often in turn: a busy machine is busy for both, and there are enough for a 99th percentile."""

CAPACITY = 15
"""Check-ins, one after another, that show how many this machine carries at the moment."""

LEDGERS = "0005"
"""The version of the tables in which there were ledgers and no totals: the upgrade from it works out a group's."""

LOAD = 0.3
"""The share of what it carries that comes."""


def rows(members: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A group with members who study on six days of seven, and every tenth of whom finished a step this week."""
    chance = Random(8)
    began = f"{NOW - timedelta(days=DAYS):%Y-%m-%d %H:%M:%S.%f}"
    today = NOW.date()
    yield (
        "INSERT INTO groups (id, name, zone, checkin_minute, recap_day, recap_minute, language, created_at) "
        "VALUES (1, 'Backend', 'Asia/Kolkata', 1200, 6, 1080, 'en', ?)",
        (began,),
    )
    yield "INSERT INTO homes (\"group\", platform, chat, thread, name) VALUES (1, 'bench', 'room', '', 'room')", ()
    for n in range(1, members + 1):
        yield (
            "INSERT INTO members (id, name, zone, zone_confirmed, day_start, language, onboarding, main_group, "
            "created_at) VALUES (?, ?, 'Asia/Kolkata', 1, 0, 'en', 0, 1, ?)",
            (n, f"Member {n}", began),
        )
        yield (
            "INSERT INTO accounts (platform, account, member, name, dm, seen_at) VALUES ('bench', ?, ?, ?, 'open', ?)",
            (str(n), n, f"Member {n}", began),
        )
        yield 'INSERT INTO memberships ("group", member, joined_at) VALUES (1, ?, ?)', (n, began)
        yield (
            "INSERT INTO enrolments (id, member, roadmap, minutes_a_day, started_on, used_at) "
            "VALUES (?, ?, 'backend-ai-era', 120, ?, ?)",
            (n, n, str(today - timedelta(days=DAYS)), began),
        )
        yield (
            "INSERT INTO changes (id, member, at, local_date, zone, day_start, command, summary, effects) "
            "VALUES (?, ?, ?, ?, 'Asia/Kolkata', 0, 'checkin', '[\"change-other\", {}]', '[]')",
            (n, n, began, str(today)),
        )
        for back in range(1, DAYS):
            if chance.random() < 6 / 7:
                yield (
                    "INSERT INTO checkins (member, change, track, local_date, studied, minutes, at, zone, day_start) "
                    "VALUES (?, ?, 'study', ?, 1, ?, ?, 'Asia/Kolkata', 0)",
                    (n, n, str(today - timedelta(days=back)), chance.randrange(15, 240), began),
                )
        if n % 10 == 0:
            yield (
                "INSERT INTO step_events (enrolment, change, step, kind, at, local_date, zone, day_start) "
                "VALUES (?, ?, 'http-rest', 'done', ?, ?, 'Asia/Kolkata', 0)",
                (n, n, began, str(today - timedelta(days=1))),
            )


def fill(file: Path, members: int) -> None:
    """Write a group past everything but the tables."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("BEGIN")
        for statement, values in rows(members):
            db.execute(statement, values)
        db.execute("COMMIT")
        db.execute("ANALYZE")


class Group:
    """The group, spoken for by whoever is asked to speak."""

    def __init__(self, store: Store, members: int) -> None:
        library = Library.load(ROADMAPS)
        self.members = members
        self.dispatch = Dispatch(store, lambda: library.roadmaps, registry, lambda: NOW, zone="Asia/Kolkata")
        self._said = 0
        self._next = 0

    async def say(self, member: int, line: str) -> float:
        """The seconds until a line is answered."""
        self._said += 1
        began = perf_counter()
        response = await self.dispatch(
            Incoming("bench", str(member), f"Member {member}", ROOM, line, update=f"u{self._said}")
        )
        assert response is not None
        assert not response.refused, response
        return perf_counter() - began

    async def check_in(self) -> float:
        """The seconds that a check-in of the next member takes."""
        self._next = self._next % self.members + 1
        return await self.say(self._next, "checkin 30")

    async def pause_between(self) -> float:
        """The seconds between two check-ins that are LOAD of what is carried now."""
        taken = [await self.check_in() for _ in range(CAPACITY)]
        return sum(taken) / len(taken) / LOAD

    async def check_ins(self, pause: float) -> list[float]:
        """The durations of check-ins of different members, each begun at its moment, whatever became of the last."""
        tasks = []
        for _ in range(CHECKINS):
            tasks.append(asyncio.create_task(self.check_in()))
            await asyncio.sleep(pause)
        return list(await asyncio.gather(*tasks))

    async def look(self, line: str, durations: list[float]) -> None:
        """Look at something again and again, until cancelled."""
        while True:
            durations.append(await self.say(self.members, line))
            await asyncio.sleep(0.1)


def percentile(durations: list[float], share: float) -> float:
    """The duration under which that share of all lies, in milliseconds."""
    return sorted(durations)[min(len(durations) - 1, int(share * len(durations)))] * 1000


async def measure(members: int, lines: Sequence[str]) -> None:
    """Measure check-ins alone, and beside each of the commands."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "group.db"
        store = Store.open(f"sqlite+aiosqlite:///{file}")
        try:
            async with store.rebuilding() as db:
                await db.run_sync(lambda connection: command.upgrade(schema.configuration(connection), LEDGERS))
            await asyncio.to_thread(fill, file, members)
            await schema.upgrade_tables(store)
            group = Group(store, members)
            await group.pause_between()
            for line in lines:
                print(await compare(group, line))
        finally:
            await store.close()


async def compare(group: Group, line: str) -> str:
    """What check-ins take alone and beside a command, in turns, in a line to be read."""
    alone: list[float] = []
    beside: list[float] = []
    looks: list[float] = []
    rates: list[float] = []
    for _ in range(TURNS):
        pause = await group.pause_between()
        rates.append(1 / pause)
        alone += await group.check_ins(pause)
        looking = asyncio.create_task(group.look(line, looks))
        beside += await group.check_ins(pause)
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    before, after = percentile(alone, 0.99), percentile(beside, 0.99)
    seen = f"{len(looks)} times, median {percentile(looks, 0.5):.0f} ms" if looks else "never to its end"
    rate = f"{min(rates):.0f} to {max(rates):.0f} a second"
    usual = f"p50 {percentile(alone, 0.5):.1f} ms alone, {percentile(beside, 0.5):.1f} ms beside it"
    worst = f"p99 {before:.1f} ms alone, {after:.1f} ms beside it"
    return f"/{line}: {seen}; {len(alone)} check-ins at {rate}: {usual}; {worst}: ratio {after / before:.2f}"


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5000, sys.argv[2:] or ("recap", "leaderboard")))
