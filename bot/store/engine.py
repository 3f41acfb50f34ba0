"""Transactions of the database, be it SQLite or Postgres."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sqlalchemy import Connection, Dialect, Insert, Table, Update, event, func, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.compiler import SQLCompiler

from bot.memory import Unavailable
from bot.store.sqlite import connect, uninterrupted

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

T = TypeVar("T")
P = ParamSpec("P")

log = logging.getLogger(__name__)

BUSY_MS = 10_000
"""How long SQLite waits for another process's write, and Postgres for a connection, in milliseconds."""

MODE = "roadmate_mode"
"""The execution option that says what a transaction is for: `WRITE` locks at once, `READ` cannot write, `REBUILD` is a
writer that may put a new table in the place of one that others refer to."""

WRITE, READ, REBUILD = "write", "read", "rebuild"

WRITERS = 10
"""How many transactions of one process may write to Postgres at a time: half of its connections are left to readers."""

WRITER: Mapping[str, object] = {MODE: WRITE}
REBUILDER: Mapping[str, object] = {MODE: REBUILD}
SQLITE_READER: Mapping[str, object] = {MODE: READ}
POSTGRES_READER: Mapping[str, object] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

IDLE_SECONDS: float = 10
"""After so long Postgres ends a transaction that asks nothing: its process was stopped or cut off and holds locks that
the others wait for. Less than a lease lasts, or nobody could take it over."""

MOST_ATTEMPTS = 3
"""How often a transaction that gets in another's way is carried out at the most."""

SQLITE_TROUBLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}
"""What no caller can help: https://sqlite.org/rescode.html, the last eight bits of an extended code."""

POSTGRES_TROUBLE = ("08", "28", "3D", "53", "57", "58", "XX")
"""The same of Postgres: away, no entry, no such database, full, shut down, or broken. The first two characters of
https://www.postgresql.org/docs/current/errcodes-appendix.html."""

READ_ONLY = (sqlite3.SQLITE_READONLY, "25006")
"""Trouble for a writer; a fault of ours where something is written in `reading()`."""

CROSSED = ("40001", "40P01")
"""Postgres has taken back one of two transactions that waited for each other, or could not follow one another."""


class OnlyReads(Exception):
    """Something is to be written in a transaction that was begun to read: it is begun anew, to write."""


class _Unreachable(Exception):
    """No connection could be made: the system's own error, told from one that a caller raises in a transaction."""


class Store:
    """An open database. Made by `Store.open`, closed by `close`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        event.listen(engine.sync_engine, "before_cursor_execute", _count_what_writes)
        # SQLite has one writer. Waiting here is fair and costs nothing; waiting in SQLite polls.
        self._writers = asyncio.Semaphore(1 if self.sqlite else WRITERS)
        # None until it was reached: whoever opens a database that cannot be tells so.
        self._trouble: bool | None = None

    @classmethod
    def open(cls, url: str) -> Store:
        """A database by its SQLAlchemy URL (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`); connects lazily."""
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            engine = create_async_engine(
                address,
                pool_size=WRITERS,
                max_overflow=WRITERS,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={"timeout": BUSY_MS / 1000},
            )
            event.listen(engine.sync_engine, "connect", _prepare_postgres)
            return cls(engine)
        if address.database and address.database != ":memory:":
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        # An error that is logged must not hold what members wrote.
        engine = create_async_engine(
            address,
            pool_size=5,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"async_creator_fn": partial(connect, address.database or ":memory:")},
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return cls(engine)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: durable when it ends, gone without a trace when it raises.

        On SQLite it is the only one. On Postgres others write too: who reads in order to write takes `hold` first.
        Raises Unavailable.
        """
        async with self._writing(WRITER) as db:
            yield db

    @asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write and put new tables in the place of old ones; for migrations.

        SQLite cannot change a table's constraints: a new one is filled, and the old one, to which others refer, is
        dropped. It does not watch over references meanwhile, so they are all looked at before it ends
        (https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
        Raises Unavailable, and RuntimeError when a reference would lead nowhere.
        """
        async with self._writing(REBUILDER) as db:
            yield db
            if self.sqlite and (await db.exec_driver_sql("PRAGMA foreign_key_check")).first() is not None:
                raise RuntimeError("a migration would leave rows that refer to rows which are not there")

    @asynccontextmanager
    async def _writing(self, options: Mapping[str, object]) -> AsyncIterator[AsyncConnection]:
        async with self._watched(WRITE), self._writers, self._connected(options) as db:
            async with db.begin():
                before = await self._written(db)
                yield db
                wrote = self._trouble and before != await self._written(db)
            if wrote:
                self._trouble = False
                log.warning("the database takes what is written again")

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do something in a transaction that may write, and anew if it and another waited for each other.

        Raises Unavailable, and what `work` raises.
        """
        for _ in range(MOST_ATTEMPTS - 1):
            try:
                async with self.writing() as db:
                    return await work(db)
            except DBAPIError as error:
                if _code(error) not in CROSSED:
                    raise
                log.info("two transactions waited for each other: one is carried out anew")
        async with self.writing() as db:
            return await work(db)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database, never waits for writers and cannot write.

        Raises Unavailable.
        """
        options = SQLITE_READER if self.sqlite else POSTGRES_READER
        async with self._watched(READ), self._connected(options) as db, db.begin():
            yield db

    @asynccontextmanager
    async def _watched(self, mode: str) -> AsyncIterator[None]:
        """Tell the database's own trouble, once, from faults of ours."""
        try:
            yield
        except (DBAPIError, _Unreachable) as error:
            reason = _trouble(error, mode)
            if reason is None:
                raise
            if self._trouble is False:
                self._trouble = True
                log.error("the database cannot be used: %s", reason)
            raise Unavailable(reason) from (error.__cause__ if isinstance(error, _Unreachable) else error)
        if self._trouble is None:
            self._trouble = False

    async def _written(self, db: AsyncConnection) -> object:
        """What is another when something was written in between; asked in times of trouble only.

        A transaction that only read does not tell that it is over: a full disk can be read.
        """
        if not self._trouble:
            return None
        return await db.scalar(select(func.total_changes() if self.sqlite else func.pg_current_xact_id_if_assigned()))

    @asynccontextmanager
    async def _connected(self, options: Mapping[str, object]) -> AsyncIterator[AsyncConnection]:
        try:
            connection = await self.engine.connect()
        except OSError as error:
            raise _Unreachable(str(error)) from error
        except DBAPIError as error:
            if _code(error) not in READ_ONLY:
                raise
            # Who only reads cannot open a read-only file either: SQLite's log lies beside it.
            raise _Unreachable(str(error.orig)) from error
        try:
            yield await connection.execution_options(**options)
        finally:
            # SQLAlchemy's own context would leave the closing to a task that nobody waits for.
            await uninterrupted(connection.close())
            # A cancellation that came meanwhile is heard here, not at whatever comes next.
            await asyncio.sleep(0)

    @property
    def troubled(self) -> bool:
        """Whether the database could not be used when it last was, or has taken no write since it could not."""
        return self._trouble is True

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def to_write(db: AsyncConnection) -> None:
    """Raises OnlyReads in a transaction that cannot write; verbs begin with it that a command which shows may need."""
    options = db.sync_connection.get_execution_options() if db.sync_connection is not None else {}
    if options.get(MODE) == READ or options.get("postgresql_readonly"):
        raise OnlyReads


WRITES = "writes"
"""Under this name a connection keeps how many statements of it were to write, over all its transactions."""


def writes(db: AsyncConnection) -> int:
    """How many statements were to write; another number later in a transaction says that something was written."""
    count: int = db.sync_connection.info.get(WRITES, 0) if db.sync_connection is not None else 0
    return count


def _count_what_writes(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
    if not statement.startswith("SELECT"):
        connection.info[WRITES] = connection.info.get(WRITES, 0) + 1


def upsert(db: AsyncConnection, table: Table) -> SqliteInsert | PostgresInsert:
    """An insert that can say what to do where the row is there already, in the words of the database at hand."""
    # The other database's dialect is never loaded: on a small machine its 3 MB are missed.
    if db.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


async def many(db: AsyncConnection, statement: Insert | Update, columns: Mapping[str, Sequence[object]]) -> None:
    """Carry out a statement once for each row of these columns, named by its values; no default is filled in.

    SQLAlchemy's own way works out each row's parameters anew, at twice the cost of SQLite's work for it.
    """
    sql, names, processors = _prepared(statement, db.dialect, tuple(columns))
    stored = [
        columns[name] if process is None else _stored(columns[name], process)
        for name, process in zip(names, processors, strict=True)
    ]
    await db.exec_driver_sql(sql, list(zip(*stored, strict=True)))


def _stored(column: Sequence[object], process: Callable[[object], object]) -> list[object]:
    """A column as the database takes it; each value is worked out once, for most rows are about the same day."""
    known = {value: process(value) for value in set(column)}
    return [known[value] for value in column]


@lru_cache(16)
def _prepared(
    statement: Insert | Update, dialect: Dialect, names: tuple[str, ...]
) -> tuple[str, Sequence[str], Sequence[Callable[[object], object] | None]]:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    assert isinstance(compiled, SQLCompiler)
    order = compiled.positiontup
    assert order is not None, "both drivers take parameters by their place"
    return str(compiled), order, [compiled.binds[n].type._cached_bind_processor(dialect) for n in order]


async def hold(db: AsyncConnection, subject: str) -> None:
    """Be the only transaction about a subject, in all processes, until this one ends.

    What is read after it is what the one before has written. On SQLite a writer is alone anyway. Who needs several
    takes them from the narrow to the wide (account, member, setup), so that two never wait for each other.
    """
    if db.dialect.name != "sqlite":
        await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))


def passing(error: Exception) -> bool:
    """Whether an error inside a transaction is the database's and ends it, rather than one that can be gone around."""
    return isinstance(error, DBAPIError) and (_trouble(error, WRITE) is not None or _code(error) in CROSSED)


def _trouble(error: BaseException | None, mode: str) -> str | None:
    """The database's own words for trouble of its own, in an error or what led to it; None for any other error."""
    reason = None
    while error is not None:
        if isinstance(error, _Unreachable):
            return str(error)
        if isinstance(error, DBAPIError):
            code = _code(error)
            known = code in SQLITE_TROUBLE or (isinstance(code, str) and code.startswith(POSTGRES_TROUBLE))
            if known or error.connection_invalidated or (code in READ_ONLY and mode == WRITE):
                reason = str(error.orig).strip()
        # What came first tells most: after a full disk has ended a transaction, its savepoint is missing too.
        error = error.__context__
    return reason


def _code(error: DBAPIError) -> int | str | None:
    """SQLite's primary result code, or Postgres's five characters."""
    number: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return getattr(error.orig, "sqlstate", None) if number is None else number & 0xFF


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
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


def _prepare_postgres(connection: DBAPIConnection, _record: object) -> None:
    # Said here and not when connecting: poolers refuse parameters they do not know.
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
    cursor.close()
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get(MODE)
    if connection.info.get(MODE) != mode:
        connection.exec_driver_sql(f"PRAGMA query_only={int(mode == READ)}")
        if REBUILD in (mode, connection.info.get(MODE)):
            # Said here, for inside a transaction it does nothing.
            connection.exec_driver_sql(f"PRAGMA foreign_keys={int(mode != REBUILD)}")
        connection.info[MODE] = mode
    connection.exec_driver_sql("BEGIN" if mode == READ else "BEGIN IMMEDIATE")
