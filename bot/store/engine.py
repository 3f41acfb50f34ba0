"""The database, SQLite or Postgres: one way to read it and one way to write to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_MS = 10_000
"""How long SQLite waits for another process's write, in milliseconds, before it gives up."""

WRITING = "roadmate_writing"
"""The execution option that asks for a write lock from the first statement on."""


class Store:
    """An open database. Made by `Store.open`, closed by `close`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        # SQLite has one writer. Waiting here is fair and costs nothing; waiting in SQLite polls.
        self._writer: AbstractAsyncContextManager[Any] = asyncio.Lock() if self.sqlite else nullcontext()

    @classmethod
    def open(cls, url: str) -> Store:
        """A database by its SQLAlchemy URL (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`); connects lazily."""
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            return cls(create_async_engine(address, pool_size=10, max_overflow=10, pool_pre_ping=True))
        if address.database and address.database != ":memory:":
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(address, pool_size=5, max_overflow=0)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return cls(engine)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: durable when it ends, gone without a trace when it raises."""
        async with self._writer, self.engine.connect() as raw:
            db = await raw.execution_options(**{WRITING: True})
            async with db.begin():
                yield db

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database and never waits for writers."""
        async with self.engine.connect() as db, db.begin():
            yield db

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver would open transactions by itself, deferred, and lose updates between reading and writing.
    connection.isolation_level = None
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
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
