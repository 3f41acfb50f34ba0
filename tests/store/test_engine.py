"""The store keeps what it was told: no lost update, no blocked reader, nothing gone after a kill -9."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import Store, Unavailable, engine, hold
from bot.tables import facts
from tests.fakes.patience import PATIENCE
from tests.fakes.postgres import Postgres
from tests.fakes.waiting import somebody_waits
from tests.store.notes import note, noted

ROOT = Path(__file__).parents[2]

Trouble = Callable[[], AbstractAsyncContextManager[None]]


async def add_one(store: Store) -> None:
    """Read a number, think, write the next one: what every command that adds does."""
    async with store.writing() as db:
        await hold(db, "fact:number")
        number = int(await noted(db) or 0)
        await asyncio.sleep(0)
        await note(db, str(number + 1))


async def number_in(store: Store) -> int:
    async with store.reading() as db:
        return int(await noted(db) or 0)


async def test_200_concurrent_increments_lose_nothing(store: Store) -> None:
    await asyncio.gather(*(add_one(store) for _ in range(200)))
    assert await number_in(store) == 200


async def test_increments_of_several_processes_lose_nothing(store: Store, open_another: Callable[[], Store]) -> None:
    stores = [store, open_another(), open_another()]
    await asyncio.gather(*(add_one(one) for one in stores for _ in range(20)))
    assert await number_in(store) == 60


async def test_a_plain_transaction_would_lose_updates(store: Store) -> None:
    """The same increments without `writing()`: proof that the test above can fail."""

    async def naive() -> None:
        async with store.engine.connect() as db:
            number = int(await noted(db) or 0)
            await db.rollback()
            await asyncio.sleep(0.01)
            await db.execute(facts.update().where(facts.c.name == "number").values(value=str(number + 1)))
            await db.commit()

    async with store.writing() as db:
        await note(db, "0")
    await asyncio.gather(*(naive() for _ in range(4)))
    assert await number_in(store) < 4


async def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    async with store.writing() as db:
        await note(db, "7")
        async with asyncio.timeout(PATIENCE):
            assert await number_in(store) == 0
    assert await number_in(store) == 7


async def test_many_waiting_writers_leave_room_for_readers(store: Store) -> None:
    async with store.writing() as db:
        await hold(db, "fact:number")
        waiting = [asyncio.create_task(add_one(store)) for _ in range(50)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(PATIENCE):
            assert await number_in(store) == 0
    await asyncio.gather(*waiting)
    assert await number_in(store) == 50


async def test_a_reader_sees_one_state(store: Store) -> None:
    async with store.reading() as db:
        assert await noted(db) is None
        await add_one(store)
        assert await noted(db) is None
    assert await number_in(store) == 1


async def test_a_failed_transaction_leaves_no_trace(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.writing() as db:
            await note(db, "1")
            raise ZeroDivisionError
    assert await number_in(store) == 0
    await add_one(store)
    assert await number_in(store) == 1


async def test_a_cancelled_writer_leaves_no_trace_and_no_lock(store: Store) -> None:
    started = asyncio.Event()

    async def endless() -> None:
        async with store.writing() as db:
            await note(db, "1")
            started.set()
            await asyncio.Event().wait()

    writer = asyncio.create_task(endless())
    await started.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    async with asyncio.timeout(PATIENCE):
        await add_one(store)
    assert await number_in(store) == 1


async def test_another_process_waits_rather_than_fails(store: Store, open_another: Callable[[], Store]) -> None:
    other = open_another()
    async with store.writing() as db:
        await note(db, "1")
        waiting = asyncio.create_task(add_one(other))
        await somebody_waits(store)
        assert not waiting.done()
    await waiting
    assert await number_in(store) == 2


async def test_who_only_reads_cannot_write(store: Store) -> None:
    """A write in `reading()` would be outside the one writer path."""
    with pytest.raises(DBAPIError, match=r"read-?only"):
        async with store.reading() as db:
            await note(db, "1")
    await add_one(store)
    assert await number_in(store) == 1


async def test_sqlite_is_set_up_to_survive(store: Store) -> None:
    async def pragma(db: AsyncConnection, name: str) -> object:
        return (await db.execute(text(f"PRAGMA {name}"))).scalar_one()

    if not store.sqlite:
        pytest.skip("pragmas are SQLite's")
    async with store.reading() as db:
        found = {
            name: await pragma(db, name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": engine.BUSY_MS}


KILLED = """
import asyncio, os, signal, sys
from bot.store import Store
from tests.store.notes import note

async def main():
    store = Store.open(sys.argv[1])
    for number in range(1, 21):
        async with store.writing() as db:
            await note(db, str(number))
    async with store.writing() as db:
        await note(db, "uncommitted")
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_kill_loses_nothing_committed_and_keeps_nothing_else(store: Store, url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, url, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == -signal.SIGKILL, errors.decode()
    assert await number_in(store) == 20
    async with asyncio.timeout(PATIENCE):
        await add_one(store)
    assert await number_in(store) == 21


async def test_moments_are_stored_in_utc_and_refused_without_a_zone(store: Store) -> None:
    from datetime import UTC, datetime, timedelta, timezone

    from bot.tables import attempts, members

    evening = datetime(2026, 11, 20, 20, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    async with store.writing() as db:
        row = {"name": "Asha", "zone": "UTC", "language": "en", "created_at": evening}
        await db.execute(members.insert().values(**row))
    async with store.reading() as db:
        found = (await db.execute(select(members.c.created_at))).scalar_one()
    assert found == evening
    assert found.tzinfo is UTC
    with pytest.raises(Exception, match="without a zone"):
        async with store.writing() as db:
            await db.execute(attempts.insert().values(member=1, wrong=0, since=datetime(2026, 11, 20)))  # noqa: DTZ001 - the point


async def test_whoever_is_cancelled_wherever_the_store_works_on_and_closes(store: Store) -> None:
    """Readers and writers are cancelled at twenty moments of their work: no lock, no connection and no wait is left."""
    cancelled = 0
    for step in range(20):
        tasks = [asyncio.create_task(add_one(store)) for _ in range(2)]
        tasks += [asyncio.create_task(number_in(store)) for _ in range(2)]  # type: ignore[arg-type]  # the results do not matter
        await asyncio.sleep(step / 1000)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError | int | None) for result in results), results
        cancelled += sum(isinstance(result, asyncio.CancelledError) for result in results)
    assert cancelled
    async with asyncio.timeout(PATIENCE):
        before = await number_in(store)
        await add_one(store)
        assert await number_in(store) == before + 1
        await store.close()


async def test_a_timeout_in_a_transaction_is_a_timeout(store: Store) -> None:
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005):
                while True:
                    await add_one(store)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
    await asyncio.sleep(0)
    await add_one(store)


# ------------------------------------------------------------ trouble


@asynccontextmanager
async def locked(store: Store) -> AsyncIterator[None]:
    """Another program holds SQLite's write lock."""
    other = sqlite3.connect(str(store.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


@asynccontextmanager
async def full(store: Store) -> AsyncIterator[None]:
    """No file of this process may grow beyond what SQLite's log has now: writes fail as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = Path(f"{store.engine.url.database}-wal").stat().st_size  # noqa: ASYNC240 - a moment's look
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@asynccontextmanager
async def away(store: Store, postgres: Postgres) -> AsyncIterator[None]:
    """Postgres ends every connection and takes no new one."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    async with store.engine.connect() as db:
        with pytest.raises(DBAPIError):
            await db.execute(text(end))
    door = postgres.folder / ".s.PGSQL.5432"
    door.rename(door.with_name("closed"))
    try:
        yield
    finally:
        door.with_name("closed").rename(door)


@asynccontextmanager
async def standing_by(store: Store, postgres: Postgres) -> AsyncIterator[None]:
    """Postgres can be read only, as one that stands by for another."""
    name, setting = store.engine.url.database, "default_transaction_read_only"
    await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} SET {setting} = on")
    await store.close()
    try:
        yield
    finally:
        await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} RESET {setting}")
        await store.close()


@pytest.fixture(params=[locked, full, away, standing_by])
def trouble(request: pytest.FixtureRequest, store: Store) -> Trouble:
    """What can happen to the database of the test without any fault of ours."""
    kind = request.param
    if store.sqlite != (kind in (locked, full)):
        pytest.skip("this happens to the other database")
    return partial(kind, store) if store.sqlite else partial(kind, store, request.getfixturevalue("postgres"))


async def test_trouble_is_told_once_changes_nothing_and_is_over_when_it_is_over(
    store: Store, trouble: Trouble, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_MS", 50)
    await store.close()  # connections that are opened from now on wait for less
    await add_one(store)
    async with trouble():
        for _ in range(3):
            with pytest.raises(Unavailable):
                # More than fits into what the log has left.
                async with store.writing() as db, db.begin_nested():
                    await note(db, "9" * 100_000)
    assert await number_in(store) == 1
    await add_one(store)
    assert await number_in(store) == 2
    told = [record.levelname for record in caplog.records if record.name == engine.__name__]
    assert told == ["ERROR", "WARNING"]


async def test_a_database_that_only_takes_no_writes_can_be_read(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """And reading it does not tell that it takes writes again."""
    if not store.sqlite:
        pytest.skip("a full disk is tried on SQLite")
    await add_one(store)
    async with full(store):
        with pytest.raises(Unavailable):
            async with store.writing() as db:
                await note(db, "9" * 100_000)
        assert await number_in(store) == 1
        async with store.writing() as db:
            assert await noted(db) == "1"
    assert [record.levelno for record in caplog.records if record.name == engine.__name__] == [logging.ERROR]


async def test_who_waits_for_each_other_is_carried_out_one_after_the_other(store: Store) -> None:
    """Two transactions that take the same two subjects the other way round: Postgres takes one back, it comes again."""
    tries = 0
    both = asyncio.Barrier(2)

    async def add(db: AsyncConnection, first: str, second: str) -> None:
        nonlocal tries
        tries += 1
        await hold(db, first)
        if not store.sqlite and tries <= 2:
            await both.wait()
        await hold(db, second)
        await note(db, str(int(await noted(db) or 0) + 1))

    await asyncio.gather(store.write(lambda db: add(db, "a", "b")), store.write(lambda db: add(db, "b", "a")))
    assert await number_in(store) == 2
    assert tries == (2 if store.sqlite else 3)
