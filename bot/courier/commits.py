"""Writes what many tasks have to note in as few transactions as the disk's pace allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import Store, Unavailable

T = TypeVar("T")

MOST = 64
"""Notes in one transaction: a command that wants to write meanwhile waits for no more than these."""


_after: ContextVar[list[Callable[[], None]]] = ContextVar("after")


def afterwards(tell: Callable[[], None]) -> None:
    """Do something once the note that is being written is durable: what was written in vain is not told of."""
    _after.get().append(tell)


@dataclass
class _Note:
    work: Callable[[AsyncConnection], Awaitable[Any]]
    written: asyncio.Future[Any]
    after: list[Callable[[], None]] = field(default_factory=list)


@dataclass
class Commits:
    """A transaction has to reach the disk before it counts; what was asked for meanwhile shares the next one.

    A note is durable when `write` returns. One that fails alone takes no other with it.
    """

    store: Store
    _waiting: list[_Note] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do something in a transaction that others may share. Raises Unavailable, and what `work` raises.

        `work` may be carried out twice: the first time counts for nothing. What tells of it waits: `afterwards`.
        """
        note = _Note(work, asyncio.get_running_loop().create_future())
        # Whoever asked may be gone when it fails.
        note.written.add_done_callback(lambda written: written.cancelled() or written.exception())
        self._waiting.append(note)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="commits")
        # Cancelled, it is written all the same: what became of a message must not be forgotten.
        result: T = await asyncio.shield(note.written)
        return result

    async def finish(self) -> None:
        """Wait for what is being written: a stop leaves no transaction open."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    async def _write_all(self) -> None:
        while self._waiting:
            notes, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                results = await self.store.write(partial(_all, notes=notes))
            except Unavailable as error:
                # None of them alone would fare better, and each would wait as long for the database.
                for note in notes:
                    _fail(note, error)
            except Exception as error:
                await self._one_by_one(notes, error)
            except BaseException:
                for note in notes:
                    note.written.cancel()
                raise
            else:
                for note, result in zip(notes, results, strict=True):
                    _resolve(note, result)

    async def _one_by_one(self, notes: list[_Note], error: Exception) -> None:
        for note in notes:
            try:
                (result,) = await self.store.write(partial(_all, notes=[note])) if len(notes) > 1 else _raise(error)
            except Exception as fault:
                _fail(note, fault)
            else:
                _resolve(note, result)


async def _all(db: AsyncConnection, notes: list[_Note]) -> list[Any]:
    results = []
    for note in notes:
        note.after = []
        _after.set(note.after)
        results.append(await note.work(db))
    return results


def _resolve(note: _Note, result: Any) -> None:
    for tell in note.after:
        tell()
    if not note.written.done():
        note.written.set_result(result)


def _fail(note: _Note, fault: Exception) -> None:
    if not note.written.done():
        note.written.set_exception(fault)


def _raise(error: Exception) -> Any:
    raise error
