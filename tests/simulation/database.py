"""SQLite in the simulated process: the real engine on connections without threads, which die with their process."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Generator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store import Store
from bot.store.engine import MODE, READ, WRITE
from bot.tables import metadata
from tests.simulation.loop import Crash, VirtualLoop

MEMORY = Path("/dev/shm")  # where there is one, the simulated disk is memory

NEXT = """SELECT '' AS platform, min(next_due_at) FROM reminders UNION ALL
    SELECT platform, min(next_at) FROM deliveries WHERE next_at IS NOT NULL GROUP BY platform"""


class Disk:
    """A database file and the connections that one process at a time has to it.

    `committed` is called after every commit of a transaction that may write.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="roadmate-")
        self._file = Path(self._folder.name) / "simulated.db"
        self._empty = Path(self._folder.name) / "empty.db"
        engine = create_engine(f"sqlite:///{self._empty}")
        metadata.create_all(engine)
        engine.dispose()
        self._open: set[_Connection] = set()
        self._outside: sqlite3.Connection | None = None
        self._out: set[Any] = set()
        self.committed: Callable[[], None] = lambda: None
        # One engine for all lives of all stories: what it has learnt to compile, it knows.
        self._engine = create_async_engine(
            f"sqlite+aiosqlite:///{self._file}",
            pool_size=5,
            max_overflow=0,
            connect_args={"async_creator_fn": self._connect},
        )
        event.listen(self._engine.sync_engine, "begin", _begin)
        event.listen(self._engine.sync_engine, "checkout", self._taken)
        event.listen(self._engine.sync_engine, "checkin", self._given_back)
        self._warm_up()

    def _warm_up(self) -> None:
        """SQLAlchemy looks at the database when it first connects: every story should find that done."""

        async def connect() -> None:
            async with self._engine.connect():
                pass

        self.wipe()
        loop = VirtualLoop()
        loop.run_until_complete(connect())
        self.die()
        loop.abandon()
        self.bury()

    def wipe(self) -> None:
        """Begin anew with an empty database."""
        self.die()
        self.bury()
        for left in self._file.parent.glob(self._file.name + "*"):
            left.unlink()
        shutil.copy(self._empty, self._file)

    def store(self) -> Store:
        """The database as a process that has just started opens it."""
        return Store(self._engine)

    def bury(self) -> None:
        """The dead process is gone for good, and with it its pool of connections."""
        self._let_go()
        self._engine.sync_engine.dispose(close=False)

    def die(self) -> None:
        """The process is no more: what it had not committed is gone, and it reaches the file no longer."""
        self._let_go()
        for connection in list(self._open):
            connection.die()
        self._open.clear()
        if self._outside is not None:
            self._outside.close()
            self._outside = None

    def next_moments(self) -> dict[str, datetime]:
        """When something is due next: of a platform by its name, of the reminders by none; asked from outside the
        process and in no time."""
        if self._outside is None:
            self._outside = sqlite3.connect(self._file, isolation_level=None)
        found = self._outside.execute(NEXT)
        return {name: datetime.fromisoformat(at).replace(tzinfo=UTC) for name, at in found if at is not None}

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What stands in the file, asked from outside the process."""
        connection = sqlite3.connect(self._file)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(query)]
        finally:
            connection.close()

    def close(self) -> None:
        """Throw the disk away."""
        self.die()
        self.bury()
        self._folder.cleanup()

    def _let_go(self) -> None:
        """SQLAlchemy would complain of what a dead process never gave back to its pool."""
        for record in self._out:
            record.fairy_ref = None
        self._out.clear()

    def _taken(self, _connection: Any, record: Any, _proxy: Any) -> None:
        self._out.add(record)

    def _given_back(self, _connection: Any, record: Any) -> None:
        self._out.discard(record)

    def _connect(self, *_arguments: Any, **_options: Any) -> _Connection:
        return _Connection(self)

    def _opened(self, connection: _Connection) -> sqlite3.Connection:
        self._open.add(connection)
        raw = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False, cached_statements=512)
        # Nobody else is there to wait for: whoever finds the file locked has a fault.
        raw.executescript(
            "PRAGMA busy_timeout=0; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
        )
        return raw

    def _closed(self, connection: _Connection) -> None:
        self._open.discard(connection)


class _Connection:
    """What SQLAlchemy's dialect for aiosqlite needs of a connection, executed at once; each statement is one await."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._raw: sqlite3.Connection | None = None
        self._dead = False
        self._mode = ""
        self.isolation_level: str | None = None

    def __await__(self) -> Generator[Any, Any, _Connection]:
        yield from asyncio.sleep(0).__await__()
        if self._dead:
            raise Crash
        self._raw = self._disk._opened(self)
        return self

    @property
    def _connection(self) -> sqlite3.Connection | None:
        return self._raw

    @property
    def raw(self) -> sqlite3.Connection:
        """The connection of the living process."""
        if self._dead or self._raw is None:
            raise Crash
        return self._raw

    def cursor(self) -> _Cursor:
        return _Cursor(self)

    async def execute(self, cursor: sqlite3.Cursor, method: str, operation: str, *parameters: Any) -> None:
        await asyncio.sleep(0)
        if self._dead:
            raise Crash
        getattr(cursor, method)(operation, *parameters)

    def begin(self, mode: str) -> None:
        """As the bot's engine begins a transaction, but at once: a third of all statements are nothing else."""
        if mode != self._mode:
            self.raw.execute(f"PRAGMA query_only={int(mode == READ)}")
            self._mode = mode
        self.raw.execute("BEGIN IMMEDIATE" if mode == WRITE else "BEGIN")

    async def create_function(self, *arguments: Any, **options: Any) -> None:
        self.raw.create_function(*arguments, **options)

    async def commit(self) -> None:
        await asyncio.sleep(0)
        writes = self._mode == WRITE and self.raw.in_transaction
        self.raw.commit()
        if writes:
            self._disk.committed()

    async def rollback(self) -> None:
        if self._dead:
            return
        if self.raw.in_transaction:
            self.raw.rollback()

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        if self._raw is not None and not self._dead:
            self._raw.close()
        self._raw = None
        self._disk._closed(self)

    def die(self) -> None:
        """Gone in the middle of whatever it was: SQLite rolls back what was open."""
        self._dead = True
        if self._raw is not None:
            self._raw.close()


def _begin(connection: Any) -> None:
    connection.connection.driver_connection.begin(connection.get_execution_options().get(MODE, ""))


class _Cursor:
    """A cursor of it."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._raw = connection.raw.cursor()
        self.arraysize = 1

    async def __aenter__(self) -> _Cursor:
        return self

    @property
    def description(self) -> Any:
        return self._raw.description

    @property
    def rowcount(self) -> int:
        return self._raw.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._raw.lastrowid

    async def execute(self, operation: str, parameters: Iterable[Any] = ()) -> _Cursor:
        await self._connection.execute(self._raw, "execute", operation, parameters)
        return self

    async def executemany(self, operation: str, parameters: Iterable[Any]) -> _Cursor:
        await self._connection.execute(self._raw, "executemany", operation, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        return self._raw.fetchall()

    async def close(self) -> None:
        """Nothing is kept: the rows were fetched."""
