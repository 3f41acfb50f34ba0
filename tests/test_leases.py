"""Leases at work in one process: had, renewed, lost in time, given back, shared fairly; and one server to a file."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import DateTime, String, event, select, type_coerce, update
from sqlalchemy.ext.asyncio import create_async_engine

from bot.leases import PROCESS, AlreadyServed, Leases, new_holder, serving
from bot.store import Store, Unavailable
from bot.store import leases as table
from bot.tables import leases, metadata
from tests.fakes.patience import passed, until
from tests.fakes.postgres import UNTRIED, NoPostgres
from tests.fakes.postgres import serving as serving_postgres

NAME = "telegram:42"
SHARDS = [f"discord:7:{shard}" for shard in range(4)]
SECONDS, POLL = 2.0, 0.1
STEADY = 5.0
"""A lease that the busiest machine renews in time, every third of it."""

LONG = 600.0
"""A lease whose end no test waits for: what is had, is had without waiting for it."""

TURNS = 50
"""So many turns the event loop takes at the most for what waits for nothing else."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a Postgres database for the tests of this file."""
    try:
        with serving_postgres() as server:
            yield server.url("postgres")
    except NoPostgres as reason:
        pytest.skip(f"{UNTRIED}: {reason}")


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite+aiosqlite:///{tmp_path / 'roadmate.db'}"


class Worker:
    """Processes at work that tells when it begins and ends, and that no two do at a time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.stores: list[Store] = []
        self.story: list[tuple[str, str, int]] = []
        self.at_work: Counter[str] = Counter()
        self.running: set[asyncio.Task[None]] = set()

    def process(self, holder: str, seconds: float = SECONDS) -> Leases:
        """A process of that name: it has a store and leases of its own, which last for so many seconds."""
        self.stores.append(Store.open(self.url))
        return Leases(self.stores[-1], holder, seconds=seconds, poll=POLL)

    async def work(self, holder: str, name: str, token: int) -> None:
        """Be at work until cancelled."""
        self.story.append((holder, name, token))
        self.at_work[name] += 1
        assert self.at_work[name] == 1, f"{name} is kept twice: {self.story}"
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work[name] -= 1

    def keep(self, process: Leases, name: str = NAME) -> asyncio.Task[None]:
        """A process that keeps a lease and works."""
        return self._run(process.keep(name, partial(self.work, process.holder, name)))

    def share(self, process: Leases) -> asyncio.Task[None]:
        """A process that shares the shards and works."""
        return self._run(process.share(SHARDS, partial(self.work, process.holder)))

    def _run(self, work: object) -> asyncio.Task[None]:
        assert asyncio.iscoroutine(work)
        task = asyncio.create_task(work)
        self.running.add(task)
        return task

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something. A task that failed meanwhile fails here."""

        def look() -> object:
            for task in self.running:
                if task.done() and not task.cancelled():
                    task.result()
            return condition()

        await until(look, lambda: f"what was waited for: {self.story}")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Worker]:
    """A database without leases, and processes at work that end before it is closed."""
    worker = Worker(url)
    async with worker.process("first").store.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(leases.delete())
    try:
        yield worker
    finally:
        for task in worker.running:
            await end(task)
        for store in worker.stores:
            await store.close()


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def change(process: Leases, **values: object) -> None:
    """Write into every lease, past everybody."""
    async with process.store.writing() as db:
        await db.execute(update(leases).values(**values))


# ---------------------------------------------------------------- one lease


def time_now() -> float:
    """The moment, by the clock that leases go by."""
    return asyncio.get_running_loop().time()


async def at_once(condition: Callable[[], object]) -> bool:
    """Whether something comes to be so without anybody waiting for more than their turn."""
    for _ in range(TURNS):
        if condition():
            return True
        await asyncio.sleep(0)
    return False


async def test_one_works_while_it_renews(postgres: str) -> None:
    async with opened(postgres) as worker:
        a, b = worker.process("a", STEADY), worker.process("b", STEADY)
        worker.keep(a)
        await worker.until(lambda: a.holds(NAME))
        worker.keep(b)
        await asyncio.sleep(1.2 * STEADY)
        assert worker.story == [("a", NAME, 1)]
        assert (a.token(NAME), b.token(NAME), b.until(NAME), b.holds(NAME)) == (1, None, None, False)


async def test_another_takes_over_at_once_when_it_stops(postgres: str) -> None:
    async with opened(postgres) as worker:
        a, b = worker.process("a", LONG), worker.process("b", LONG)
        first = worker.keep(a)
        await worker.until(lambda: a.holds(NAME))
        worker.keep(b)
        await asyncio.sleep(3 * POLL)
        assert worker.story == [("a", NAME, 1)]
        await end(first)
        assert not a.holds(NAME)
        await worker.until(lambda: b.holds(NAME))
        assert worker.story == [("a", NAME, 1), ("b", NAME, 2)]


async def test_on_sqlite_a_lease_is_had_at_once_and_idle_costs_nothing(sqlite: str) -> None:
    async with opened(sqlite) as worker:
        for start in (1, 2, 3):
            one = worker.process(f"start {start}")
            running = worker.keep(one)
            await worker.until(partial(one.holds, NAME))
            assert (one.token(NAME), one.until(NAME)) == (start, math.inf)
            statements = spy(one.store)
            await asyncio.sleep(SECONDS / 2)
            assert statements == []
            await end(running)
            assert any("UPDATE leases" in statement for statement in statements)


def spy(store: Store) -> list[str]:
    """What is asked of a database from now on."""
    statements: list[str] = []
    event.listen(store.engine.sync_engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    return statements


async def test_keeping_ends_with_the_work(postgres: str) -> None:
    async def fail(token: int) -> None:
        raise LookupError(token)

    async with opened(postgres) as worker:
        a = worker.process("a")
        await a.keep(NAME, asyncio.sleep)
        with pytest.raises(LookupError, match="2"):
            await a.keep(NAME, fail)
        async with a.store.reading() as db:
            (lease,) = await table.held(db, NAME)
        assert lease.released


async def test_a_lease_that_another_took_is_let_go(postgres: str) -> None:
    async with opened(postgres) as worker:
        a = worker.process("a")
        worker.keep(a)
        await worker.until(lambda: a.holds(NAME))
        await change(a, holder="b", token=leases.c.token + 1)
        await worker.until(lambda: not worker.at_work[NAME])
        assert not a.holds(NAME)
        # b is never renewed: once that was seen for a whole lease, it is had again.
        await worker.until(lambda: a.holds(NAME))
        assert worker.story == [("a", NAME, 1), ("a", NAME, 3)]


async def test_when_the_database_does_not_answer_the_work_ends_in_time(postgres: str) -> None:
    async with opened(postgres) as worker:
        a = worker.process("a")
        worker.keep(a)
        await worker.until(lambda: a.holds(NAME))
        async with worker.process("somebody").store.writing() as db:
            await db.execute(select(leases).with_for_update())
            last = a.until(NAME)
            assert last is not None
            assert not await asyncio.sleep(SECONDS / 2, worker.story[1:])
            assert worker.at_work[NAME]
            # The work may go on to the last moment, and not for a moment more.
            await asyncio.sleep(last - time_now() + 0.01)
            assert await at_once(lambda: not worker.at_work[NAME])
            assert not a.holds(NAME)
        await worker.until(lambda: a.holds(NAME))
        assert worker.story == [("a", NAME, 1), ("a", NAME, 2)]


async def test_who_was_stopped_knows_it_on_waking_before_anything_else(postgres: str) -> None:
    async with opened(postgres) as worker:
        a = worker.process("a")
        worker.keep(a)
        await worker.until(lambda: a.holds(NAME))
        blocked_for(2 * SECONDS)
        assert (a.holds(NAME), a.until(NAME), a.token(NAME)) == (False, None, None)
        assert await at_once(lambda: not worker.at_work[NAME])
        await worker.until(lambda: a.holds(NAME))


def blocked_for(seconds: float) -> None:
    """What a stopped process lives through."""
    time.sleep(seconds)


async def test_a_step_of_the_databases_clock_moves_nothing(postgres: str) -> None:
    """A lease is as long before or after that clock as the clock was set: the rows are moved instead of it."""
    async with opened(postgres) as worker:
        a, b = worker.process("a"), worker.process("b")
        worker.keep(a)
        await worker.until(lambda: a.holds(NAME))
        worker.keep(b)
        await asyncio.sleep(3 * POLL)
        for hours in (-1, 1):
            await change(a, until=type_coerce(leases.c.until, DateTime(timezone=True)) + timedelta(hours=hours))
            await asyncio.sleep(1.5 * SECONDS)
        assert worker.story == [("a", NAME, 1)]


async def test_a_dead_holder_whose_clock_was_ahead_does_not_keep_it(postgres: str) -> None:
    async with opened(postgres) as worker:
        b = worker.process("b")
        async with b.store.writing() as db:
            await table.acquire(db, NAME, "dead", 3600, None)
        worker.keep(b)
        began = time_now()
        await worker.until(lambda: b.holds(NAME))
        assert passed(SECONDS, began, time_now())
        assert worker.story == [("b", NAME, 2)]


async def test_who_starts_after_the_end_of_a_lease_has_it_at_once(postgres: str) -> None:
    async with opened(postgres) as worker:
        b = worker.process("b", LONG)
        async with b.store.writing() as db:
            await table.acquire(db, NAME, "dead", -1, None)
        worker.keep(b)
        await worker.until(lambda: b.holds(NAME))


async def test_what_ends_takes_its_time_and_keeps_its_lease_meanwhile(postgres: str) -> None:
    ended = []

    async def slow(token: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1.2 * STEADY)
            ended.append(a.token(NAME))

    async with opened(postgres) as worker:
        a, b = worker.process("a", STEADY), worker.process("b", STEADY)
        keeping = asyncio.create_task(a.keep(NAME, slow))
        await worker.until(lambda: a.holds(NAME))
        worker.keep(b)
        await end(keeping)
        assert (ended, worker.story) == ([1], [])
        await worker.until(lambda: b.holds(NAME))


# ---------------------------------------------------------------- several leases


def shares(*processes: Leases) -> list[int]:
    """How many shards each process holds."""
    return [sum(map(process.holds, SHARDS)) for process in processes]


async def test_one_process_has_them_all_and_shares_with_those_that_come(postgres: str) -> None:
    async with opened(postgres) as worker:
        a, b, c = map(worker.process, "abc")
        first = worker.share(a)
        await worker.until(lambda: shares(a) == [4])
        second = worker.share(b)
        began = time_now()
        await worker.until(lambda: shares(a, b) == [2, 2])
        # One after the other, with a rest between.
        assert passed(SECONDS, began, time_now())
        worker.share(c)
        await worker.until(lambda: sorted(shares(a, b, c)) == [1, 1, 2])
        # Stopped, they leave all to the one that stays.
        await end(first)
        await end(second)
        await worker.until(lambda: shares(c) == [4])
        tokens = Counter[str]()
        for _, name, token in worker.story:
            assert token == tokens[name] + 1
            tokens[name] = token
        # Of those that went nothing is kept.
        async with a.store.reading() as db:
            assert [lease.holder for lease in await table.held(db, "process:")] == ["c"]


async def test_those_who_start_together_share_at_once(postgres: str) -> None:
    async with opened(postgres) as worker:
        both = worker.process("a"), worker.process("b")
        for one in both:
            worker.share(one)
        await worker.until(lambda: sum(shares(*both)) == 4)
        await worker.until(lambda: shares(*both) == [2, 2])


async def test_what_the_dead_had_is_taken_over(postgres: str) -> None:
    async with opened(postgres) as worker:
        b = worker.process("b")
        async with b.store.writing() as db:
            for name in (f"process:{SHARDS[0]}:dead", *SHARDS[:3]):
                await table.acquire(db, name, "dead", SECONDS, None)
        worker.share(b)
        await worker.until(lambda: shares(b) == [1])
        await worker.until(lambda: shares(b) == [4])


async def test_on_sqlite_one_process_has_them_all(sqlite: str) -> None:
    async with opened(sqlite) as worker:
        a = worker.process("a")
        worker.share(a)
        await worker.until(lambda: shares(a) == [4])


async def test_a_fault_in_the_work_is_heard(postgres: str) -> None:
    async def fail(name: str, _token: int) -> None:
        raise LookupError(name)

    async with opened(postgres) as worker:
        with pytest.raises(ExceptionGroup) as caught:
            await worker.process("a").share(SHARDS, fail)
        assert caught.group_contains(LookupError)


def test_every_start_has_a_name_of_its_own() -> None:
    names = {new_holder() for _ in range(100)}
    assert len(names) == 100
    # With the name of a shard and what it begins with there is room for it in the table.
    kind = leases.c.name.type
    assert isinstance(kind, String) and kind.length is not None
    longest = len(f"{PROCESS}discord:{2**64}:0:") + 40
    assert max(map(len, names)) <= 40
    assert longest <= kind.length


# ---------------------------------------------------------------- one server to an SQLite file


async def test_a_second_server_of_a_file_is_told_what_to_do(sqlite: str, tmp_path: Path) -> None:
    store, second = Store.open(sqlite), Store.open(sqlite)
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    roundabout = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'elsewhere' / 'roadmate.db'}")
    with serving(store):
        for other in (second, roundabout):
            with (
                pytest.raises(AlreadyServed, match=r"roadmate\.db is served by another .* Stop that one first"),
                serving(other),
            ):
                raise AssertionError("served twice")
    with serving(second):
        pass


def test_the_lock_of_a_killed_server_is_gone(sqlite: str, tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom bot.leases import serving\nfrom bot.store import Store\n"
        "with serving(Store.open(sys.argv[1])):\n    print('serving', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, sqlite], stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None and server.stdout.readline() == b"serving\n"
            with pytest.raises(AlreadyServed), serving(Store.open(sqlite)):
                raise AssertionError("served twice")
        finally:
            os.kill(server.pid, signal.SIGKILL)
    with serving(Store.open(sqlite)):
        assert (tmp_path / "roadmate.db.serving").exists()


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///:memory:", "sqlite+aiosqlite://", "postgresql+asyncpg://x/db"])
async def test_what_has_no_file_needs_no_lock(url: str) -> None:
    store = Store(create_async_engine(url))
    with serving(store), serving(store):
        pass


async def test_where_no_file_can_be_made_the_database_cannot_be_used_either(sqlite: str, tmp_path: Path) -> None:
    (tmp_path / "roadmate.db.serving").mkdir()
    with pytest.raises(Unavailable, match=r"roadmate\.db\.serving: Is a directory"), serving(Store.open(sqlite)):
        raise AssertionError("served without a lock")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
async def test_a_file_system_without_locks_is_warned_of(
    sqlite: str, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_file: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with serving(Store.open(sqlite)):
        assert "see to it that only one process serves it" in caplog.text
