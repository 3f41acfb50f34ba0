"""Writes what many tasks have to note in as few transactions as the disk's pace allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.memory import Unavailable
from bot.store.engine import Store

T = TypeVar("T")

MOST_NOTES = 64
"""Notes in one transaction: a command that wants to write meanwhile waits for no more than these."""


ALONE_SECONDS = 1.0
"""How long what nobody waits for may wait for a transaction to go along with."""

_after: ContextVar[list[Callable[[], None]]] = ContextVar("after")


def afterwards(tell: Callable[[], None]) -> None:
    """Do something once the note that is being written is durable: what was written in vain is not told of."""
    _after.get().append(tell)


class _Note(Protocol):
    """What one task has to note, whatever it gives."""

    async def carry_out(self, db: AsyncConnection) -> None: ...
    def resolve(self) -> None: ...
    def fail(self, fault: Exception) -> None: ...
    def cancel(self) -> None: ...


@dataclass
class _Noted(Generic[T]):
    """A note by what it gives. Carried out anew, the time before counts for nothing."""

    work: Callable[[AsyncConnection], Awaitable[T]]
    written: asyncio.Future[T]
    after: list[Callable[[], None]] = field(default_factory=list)
    results: list[T] = field(default_factory=list)

    async def carry_out(self, db: AsyncConnection) -> None:
        self.after = []
        _after.set(self.after)
        self.results = [await self.work(db)]

    def resolve(self) -> None:
        """It is durable."""
        for tell in self.after:
            tell()
        if not self.written.done():
            (result,) = self.results
            self.written.set_result(result)

    def fail(self, fault: Exception) -> None:
        """It was written in vain."""
        if not self.written.done():
            self.written.set_exception(fault)

    def cancel(self) -> None:
        """Nobody writes it any more."""
        self.written.cancel()


@dataclass
class Commits:
    """A transaction has to reach the disk before it counts; what was asked for meanwhile shares the next one.

    A note is durable when `write` returns. One that fails alone takes no other with it.
    """

    store: Store
    _waiting: list[_Note] = field(default_factory=list)
    _riding: list[_Note] = field(default_factory=list)
    _alone: asyncio.TimerHandle | None = None
    _writing: asyncio.Task[None] | None = None

    def along(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> asyncio.Future[T]:
        """Do something in the next transaction, whoever begins it; in one of its own where nobody does for a moment.

        What is given is done when it is durable. Nobody needs to wait for it.
        """
        note = self._note(work)
        self._riding.append(note)
        if self._alone is None:
            self._wait_for_company()
        return note.written

    def _wait_for_company(self) -> None:
        self._alone = asyncio.get_running_loop().call_later(ALONE_SECONDS, self._go_alone)

    def _go_alone(self) -> None:
        if self._writing is not None and not self._writing.done():
            self._wait_for_company()
        else:
            self._begin()

    async def flush(self) -> None:
        """Wait until everything that was asked for is written, or has failed."""
        # What is being written at this moment waits no more, and is not written yet.
        await self.finish()
        while self._riding or self._waiting:
            self._begin()
            await self.finish()

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do something in a transaction that others may share. Raises Unavailable, and what `work` raises.

        `work` may be carried out twice: the first time counts for nothing. What tells of it waits: `afterwards`.
        """
        note = self._note(work)
        self._waiting.append(note)
        self._begin()
        # Cancelled, it is written all the same: what became of a message must not be forgotten.
        return await asyncio.shield(note.written)

    async def finish(self) -> None:
        """Wait for what is being written: a stop leaves no transaction open."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    def _note(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> _Noted[T]:
        written: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        note = _Noted(work, written)
        # Whoever asked may be gone when it fails.
        note.written.add_done_callback(lambda written: written.cancelled() or written.exception())
        return note

    def _begin(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="commits")

    def _next(self) -> list[_Note]:
        """What the next transaction is about."""
        if self._alone is not None:
            self._alone.cancel()
            self._alone = None
        notes, self._waiting = self._waiting[:MOST_NOTES] + self._riding, self._waiting[MOST_NOTES:]
        self._riding = []
        return notes

    async def _write_all(self) -> None:
        notes = self._next()
        while notes:
            try:
                await self.store.write(partial(_all, notes=notes))
            except Unavailable as error:
                # None of them alone would fare better, and each would wait as long for the database.
                for note in notes:
                    note.fail(error)
            except Exception as error:
                await self._one_by_one(notes, error)
            except BaseException:
                for note in notes:
                    note.cancel()
                raise
            else:
                for note in notes:
                    note.resolve()
            # What rides along waits for the next who writes, not for this one to look again.
            notes = self._next() if self._waiting else []

    async def _one_by_one(self, notes: list[_Note], error: Exception) -> None:
        if len(notes) == 1:
            notes[0].fail(error)
            return
        for note in notes:
            try:
                await self.store.write(partial(_all, notes=[note]))
            except Exception as fault:
                note.fail(fault)
            else:
                note.resolve()


async def _all(db: AsyncConnection, notes: list[_Note]) -> None:
    for note in notes:
        await note.carry_out(db)
