"""The database, SQLite or Postgres: one way to read it and one way to write to it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import event, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

T = TypeVar("T")

BUSY_MS = 10_000
"""How long SQLite waits for another process's write, in milliseconds, before it gives up."""

MODE = "roadmate_mode"
"""The execution option that says what a transaction is for: `WRITE` locks at once, `READ` cannot write."""

WRITE, READ = "write", "read"

WRITERS = 10
"""How many transactions of one process may write to Postgres at a time: half of its connections are left to readers."""

WRITER: dict[str, Any] = {MODE: WRITE}
SQLITE_READER: dict[str, Any] = {MODE: READ}
POSTGRES_READER: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class Store:
    """An open database. Made by `Store.open`, closed by `close`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        # SQLite has one writer. Waiting here is fair and costs nothing; waiting in SQLite polls.
        self._writers = asyncio.Semaphore(1 if self.sqlite else WRITERS)

    @classmethod
    def open(cls, url: str) -> Store:
        """A database by its SQLAlchemy URL (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`); connects lazily."""
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            return cls(
                create_async_engine(
                    address, pool_size=WRITERS, max_overflow=WRITERS, pool_pre_ping=True, hide_parameters=True
                )
            )
        if address.database and address.database != ":memory:":
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        # An error that is logged must not hold what members wrote.
        engine = create_async_engine(
            address,
            pool_size=5,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"async_creator_fn": partial(_connect_sqlite, address.database or ":memory:")},
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return cls(engine)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: durable when it ends, gone without a trace when it raises.

        On SQLite it is the only one. On Postgres others write too: who reads in order to write takes `hold` first.
        """
        async with self._writers, self._connected(WRITER) as db, db.begin():
            yield db

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database, never waits for writers and cannot write."""
        async with self._connected(SQLITE_READER if self.sqlite else POSTGRES_READER) as db, db.begin():
            yield db

    @asynccontextmanager
    async def _connected(self, options: dict[str, Any]) -> AsyncIterator[AsyncConnection]:
        connection = await self.engine.connect()
        try:
            yield await connection.execution_options(**options)
        finally:
            # SQLAlchemy's own context would leave the closing to a task that nobody waits for.
            await _uninterrupted(connection.close())
            # A cancellation that came meanwhile is heard here, not at whatever comes next.
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


async def hold(db: AsyncConnection, subject: str) -> None:
    """Be the only transaction about a subject, in all processes, until this one ends.

    What is read after it is what the one before has written. On SQLite a writer is alone anyway. Who needs several
    takes them from the narrow to the wide (account, member, setup), so that two never wait for each other.
    """
    if db.dialect.name != "sqlite":
        await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))


async def _uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Do something to its end; a cancellation that comes meanwhile is heard at the next wait for anything else."""
    running = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError as error:
            cancelled = error
    task = asyncio.current_task()
    if cancelled is not None and task is not None:
        # The count of cancellations stays right, for asyncio.timeout.
        task.uncancel()
        task.cancel(*cancelled.args)
    return running.result()


class _Patient(aiosqlite.Connection):
    """A connection whose statements are not interrupted.

    Cancelled in the middle of one, aiosqlite leaves it running in its thread, and SQLAlchemy is left with a connection
    that holds the write lock or is never closed: a shutdown at the wrong moment would hang.
    """

    async def _connect(self) -> aiosqlite.Connection:
        return await _uninterrupted(super()._connect())

    async def _execute(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        work: Coroutine[Any, Any, T] = super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]  # aiosqlite's
        return await _uninterrupted(work)


def _connect_sqlite(database: str, *_arguments: Any, **options: Any) -> _Patient:
    options.pop("iter_chunk_size", None)
    # The driver would open transactions by itself, deferred, and lose updates between reading and writing.
    connection = _Patient(partial(sqlite3.connect, database, isolation_level=None, **options), iter_chunk_size=64)
    # A forgotten connection must not keep the process from ending.
    connection._thread.daemon = True
    return connection


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        # A reply may only follow what survives a power cut: NORMAL would lose the last commits.
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    mode = connection.get_execution_options().get(MODE)
    connection.exec_driver_sql(f"PRAGMA query_only={int(mode == READ)}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if mode == WRITE else "BEGIN")
