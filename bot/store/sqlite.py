"""Connections to SQLite whose statements are not interrupted."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import aiosqlite

T = TypeVar("T")
P = ParamSpec("P")


async def uninterrupted(work: Awaitable[T]) -> T:
    """Do something to its end; a cancellation that comes meanwhile is heard at the next wait for anything else."""
    running = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            # A shield is half the work of asyncio.wait; what it raises else is told by the result.
            with suppress(Exception):
                await asyncio.shield(running)
        except asyncio.CancelledError as error:
            cancelled = None if running.cancelled() else error
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
        return await uninterrupted(super()._connect())

    async def _execute(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        # As aiosqlite has it. Its own coroutine would need a task to go on alone: a fifth of what a statement costs.
        if not self._running or self._connection is None:
            raise ValueError("Connection closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((answer, partial(fn, *args, **kwargs)))
        return await uninterrupted(answer)

    def cursor(self) -> Any:
        """A cursor, which nobody has to wait for."""
        return _Cursor(self, self._conn.cursor())


class _Cursor(aiosqlite.Cursor):
    """A cursor that goes to its connection's thread once a statement.

    aiosqlite goes there to make it, for the statement, for its rows and to close it: two fifths of an idle tick.
    """

    _conn: _Patient
    _rows: Sequence[sqlite3.Row] = ()

    async def __aenter__(self) -> _Cursor:
        return self

    async def execute(self, sql: str, parameters: Iterable[object] | None = None) -> _Cursor:
        self._rows = await self._conn._execute(self._carry_out, sql, tuple(parameters or ()))
        return self

    def _carry_out(self, sql: str, parameters: Sequence[object]) -> Sequence[sqlite3.Row]:
        found = self._cursor.execute(sql, parameters)
        return found.fetchall() if found.description else ()

    async def fetchall(self) -> Sequence[sqlite3.Row]:
        return self._rows

    async def close(self) -> None:
        self._cursor.close()


def connect(
    database: str,
    *_arguments: object,
    timeout: float = 5,
    detect_types: int = 0,
    cached_statements: int = 128,
    uri: bool = False,
    **_decided: object,
) -> _Patient:
    """A connection with what a database's URL may ask of the driver; what else it names is decided here."""
    if Path(database).exists() and not os.access(database, os.W_OK):
        # SQLite would open it all the same, and the connection could not write when the file can be written again.
        raise PermissionError(errno.EACCES, "the file is read-only", database)
    opening = partial(
        sqlite3.connect,
        database,
        timeout=timeout,
        detect_types=detect_types,
        cached_statements=cached_statements,
        uri=uri,
        # The driver would open transactions by itself, deferred, and lose updates between reading and writing.
        isolation_level=None,
        # Its cursors are made outside its thread, which does nothing meanwhile.
        check_same_thread=False,
    )
    connection = _Patient(opening, iter_chunk_size=64)
    # A forgotten connection must not keep the process from ending.
    connection._thread.daemon = True
    return connection
