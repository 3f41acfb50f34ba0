"""What a claim and a start cost SQLite: as much with 20,000 members as with 200, counted and not timed.

A million, timed beside raw `sqlite3`, are in `tests/soak`; this is their small version.
"""

from __future__ import annotations

import asyncio
import shutil
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from benchmarks.claim import EVENING, ZONES, by_hand, check, opened, ours, prepare, rearm
from bot.app import Roadmate
from bot.domain.occurrence import clock
from bot.messages import Messages
from bot.messages.claiming import BATCH
from bot.store import Store

FEW, MANY, DUE = 200, 20_000, 50
MINUTE = timedelta(minutes=1)

CLAIMED = """
SELECT d.member, d.kind, d.chat, d.local_date, d.due_at, d.expires_at, d.state, r.next_due_at, r.next_date, r.last_date
FROM deliveries d JOIN reminders r ON r.id = d.reminder ORDER BY d.member
"""


@dataclass(slots=True)
class Cost:
    """What SQLite had to do: statements it ran, one for each row of many, and the rounds it went for them."""

    statements: int = 0
    rounds: int = 0

    def ran(self, _statement: str) -> None:
        """A statement begins."""
        self.statements += 1

    def went_round(self) -> None:
        """Its virtual machine jumped: on to another row, say."""
        self.rounds += 1


@asynccontextmanager
async def counting(path: Path) -> AsyncIterator[tuple[Store, Cost]]:
    """A file, open, and what it has cost SQLite so far."""
    store, cost = Store.open(f"sqlite+aiosqlite:///{path}"), Cost()

    def watch(connection: Any, _record: object) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(cost.ran))
        connection.run_async(lambda driver: driver.set_progress_handler(cost.went_round, 1))

    event.listen(store.engine.sync_engine, "connect", watch)
    try:
        yield store, cost
    finally:
        await store.close()


@dataclass(frozen=True, slots=True)
class Costs:
    """Of a claim, of a tick with nothing due, and the bytes of Python's that the claim needed at the most."""

    claim: Cost
    idle: Cost
    memory: int


async def costs(path: Path) -> Costs:
    """Of a process that has claimed before: nothing is loaded for the first time."""
    for zone in ZONES:
        clock(zone)
    async with counting(path) as (store, cost):
        reminders = Messages(store, dict)

        async def spent(now: datetime) -> Cost:
            cost.statements = cost.rounds = 0
            await ours(reminders, now)
            return Cost(cost.statements, cost.rounds)

        for number in range(2):
            now = EVENING + number * MINUTE
            rearm(path, now, number, DUE)
            tracemalloc.start()
            claim = await spent(now)
            _, memory = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert check(path, now) == DUE
        return Costs(claim, await spent(now), memory)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A database for each number of members; all others than fifty are due later."""
    folder = tmp_path_factory.mktemp("claim")
    made = {members: folder / f"{members}.db" for members in (FEW, MANY)}
    for members, path in made.items():
        asyncio.run(prepare(path, members))
    return made


def copied(path: Path, to: Path) -> Path:
    """A file that a test may spoil."""
    return Path(shutil.copy(path, to))


async def test_a_claim_and_an_idle_tick_cost_the_same_for_any_number_of_members(files: dict[int, Path]) -> None:
    few, many = await costs(files[FEW]), await costs(files[MANY])
    assert few.claim.statements == many.claim.statements
    assert few.idle.statements == many.idle.statements
    assert many.claim.rounds <= 1.02 * few.claim.rounds
    assert many.idle.rounds <= few.idle.rounds
    # Six bytes a member would show; a cache of moments grows by leaps of its own.
    assert many.memory < few.memory + 100_000


async def test_without_its_index_it_would_not(files: dict[int, Path], tmp_path: Path) -> None:
    path = copied(files[MANY], tmp_path / "spoilt.db")
    with closing(opened(path)) as db:
        db.execute("DROP INDEX ix_reminders_next_due_at")
    few, many = await costs(files[FEW]), await costs(path)
    assert many.claim.rounds > 10 * few.claim.rounds
    assert many.idle.rounds > MANY > 10 * few.idle.rounds


async def start(path: Path) -> Cost:
    """What a process that begins has cost SQLite when all that is due is claimed."""
    rearm(path, EVENING, 0, DUE)
    async with counting(path) as (store, cost):
        serving = asyncio.create_task(Roadmate(store, clock=lambda: EVENING, zone="UTC").serve())
        with closing(opened(path)) as db:
            while db.execute("SELECT count(*) FROM deliveries").fetchone() != (DUE,):
                assert not serving.done(), serving
                await asyncio.sleep(0.01)
        found = Cost(cost.statements, cost.rounds)
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
    return found


async def test_a_start_costs_the_same_for_any_number_of_members(files: dict[int, Path]) -> None:
    few, many = await start(files[FEW]), await start(files[MANY])
    assert many.rounds <= 1.02 * few.rounds


async def test_the_work_by_hand_is_the_same_work(files: dict[int, Path], tmp_path: Path) -> None:
    """What we are measured against leaves the same rows."""
    found = []
    for name in ("ours", "by hand"):
        path = copied(files[FEW], tmp_path / f"{name}.db")
        rearm(path, EVENING, 7, DUE)
        with closing(opened(path)) as db:
            if name == "ours":
                async with counting(path) as (store, _):
                    await ours(Messages(store, dict), EVENING)
            else:
                by_hand(db, EVENING, BATCH)
            found.append(db.execute(CLAIMED).fetchall())
    assert len(found[0]) == DUE
    assert found[0] == found[1]
