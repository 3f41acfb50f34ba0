"""Takes leases, so that what only one process may do at a time is done by one."""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import os
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bot.store import Store, Unavailable, leases
from bot.store.leases import Lease

log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
"""How long a lease lasts from when it was last renewed. It is renewed three times as often, each 5 s: the database may
restart, or two renewals get lost, and nothing changes hands; what a killed process did is done again after 15 s."""

RENEWALS = 3

MARGIN = 1 / 15
"""The part of a lease (1 s of 15) that its holder leaves unused: a message that has just left must have arrived, and
two machines' clocks may run at different speeds, before another process takes over."""

LEASE_POLL_SECONDS = 1.0
"""How often a lease that another holds is looked at: one that was given back moves within so long."""

RELEASE_SECONDS = 2.0
"""How long a stop waits for the database to take a lease back; if it does not, the lease ends by itself."""

PROCESS = "process:"
"""Begins the names of the leases by which processes that share something know of each other."""

NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
"""What a file system without locks says, a network's mostly."""

LeasedWork = Callable[[int], Awaitable[None]]


class AlreadyServed(Exception):
    """Another process serves this database file; the message says what to do."""


def new_holder() -> str:
    """A name for this process that no other has had: where it runs, its number, and chance. 40 characters at most."""
    return f"{socket.gethostname()[:20]}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(slots=True)
class _Held:
    token: int
    # The loop's time until which it is certainly ours.
    until: float


@dataclass
class Leases:
    """The leases of one process.

    Whether a lease is still ours is measured by the loop's time from the moment before it was asked for, so that no
    step of any clock matters and a process that was stopped knows at once, on waking, that its time is over. Whether
    another's lease is over is measured the same way: it has not been renewed for a whole lease since we first saw it
    as it is. Only a process that has never seen it before believes the database's clock.

    On SQLite one process serves (see `serving`): every lease is had at once and is never renewed.
    """

    store: Store
    holder: str
    seconds: float = LEASE_SECONDS
    poll: float = LEASE_POLL_SECONDS
    _mine: dict[str, _Held] = field(default_factory=dict)
    # What others hold, and the loop's time at which it was first seen as it is.
    _seen: dict[str, tuple[Lease, float]] = field(default_factory=dict)

    # ------------------------------------------------------------ what is ours

    @property
    def alone(self) -> bool:
        """Whether no other process can hold any."""
        return self.store.sqlite

    def holds(self, name: str) -> bool:
        """Whether a lease is certainly ours at this moment."""
        held = self._mine.get(name)
        return held is not None and _time() < held.until

    @property
    def count(self) -> int:
        """How many leases are ours at this moment."""
        return sum(map(self.holds, self._mine))

    def until(self, name: str) -> float | None:
        """The loop's time until which a lease is certainly ours, as things stand; None when it is not."""
        return self._mine[name].until if self.holds(name) else None

    def token(self, name: str) -> int | None:
        """The fencing number under which a lease is ours; None when it is not."""
        return self._mine[name].token if self.holds(name) else None

    # ------------------------------------------------------------ one lease

    async def keep(self, name: str, work: LeasedWork) -> None:
        """Wait for a lease, however long, and do the work while it is ours; wait anew when it was lost.

        `work` is given the fencing number and is cancelled when the lease cannot be renewed in time. What it must not
        do without the lease, it does while `holds`, or before `until`: one that was stopped may go on a little before
        it is cancelled. Ends when the work does, raising what it raised. The lease is given back then, and when this
        is cancelled: another process has it within `LEASE_POLL_SECONDS`.
        """
        while True:
            if not await self._take(name):
                await asyncio.sleep(self.poll)
            elif await self._work(name, work):
                return

    async def _take(self, name: str) -> bool:
        """Try to get a lease."""
        try:
            seen = (await self._look(name)).get(name)
            if not self._free(seen):
                return False
            asked = _time()
            token = await self.store.write(
                partial(leases.acquire, name=name, holder=self.holder, seconds=self.seconds, seen=seen)
            )
        except Unavailable:
            return False
        if token is None:
            return False
        self._mine[name] = _Held(token, self._certain(asked))
        log.info("%s is ours under token %d", name, token)
        return True

    async def _work(self, name: str, work: LeasedWork) -> bool:
        """Work while a lease is held; whether the work came to its own end. Raises what it raises."""
        held = self._mine[name]
        working = asyncio.ensure_future(work(held.token))
        renewing = asyncio.create_task(self._renew(name, held), name=f"lease {name}")
        try:
            while self.holds(name) and not working.done() and not renewing.done():
                left = None if held.until == math.inf else held.until - _time()
                await asyncio.wait({working, renewing}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if lost := not working.done():
                log.warning("%s is not ours any more", name)
        finally:
            # What ends may take its time, and is renewed while it does.
            working.cancel()
            try:
                await asyncio.wait({working})
            finally:
                renewing.cancel()
                await asyncio.wait({renewing})
                del self._mine[name]
                await self._release(name, held.token)
        if not renewing.cancelled():
            renewing.result()
        if not working.cancelled():
            working.result()
        return not lost

    async def _renew(self, name: str, held: _Held) -> None:
        """Renew a lease again and again; ends when it is another's."""
        if self.store.sqlite:
            await asyncio.Event().wait()
        pause = self.seconds / RENEWALS
        while held.until > -math.inf:
            await asyncio.sleep(pause)
            asked = _time()
            try:
                ours = await self.store.write(partial(leases.renew, name=name, token=held.token, seconds=self.seconds))
            except Unavailable:
                pause = min(self.poll, self.seconds / RENEWALS)
            else:
                held.until = self._certain(asked) if ours else -math.inf
                pause = self.seconds / RENEWALS

    async def _release(self, name: str, token: int) -> None:
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                await self.store.write(partial(leases.release, name=name, token=token))

    def _certain(self, asked: float) -> float:
        return math.inf if self.store.sqlite else asked + self.seconds * (1 - MARGIN)

    # ------------------------------------------------------------ the others'

    async def _look(self, prefix: str = "") -> Mapping[str, Lease]:
        async with self.store.reading() as db:
            return {lease.name: lease for lease in await leases.held(db, prefix)}

    def _free(self, lease: Lease | None) -> bool:
        """Whether a lease can be had. One of ours that we do not work under was lost, or given without our hearing."""
        return lease is None or self.store.sqlite or lease.holder == self.holder or not self._alive(lease)

    def _alive(self, lease: Lease) -> bool:
        """Whether a lease's holder is there, by what we have seen of it."""
        if lease.released:
            return False
        now = _time()
        known = self._seen.get(lease.name)
        if known is None:
            self._seen[lease.name] = lease, now - self.seconds if lease.over else now
        elif (known[0].token, known[0].until) != (lease.token, lease.until):
            self._seen[lease.name] = lease, now
        return now < self._seen[lease.name][1] + self.seconds

    # ------------------------------------------------------------ several leases, shared fairly

    async def share(self, names: Sequence[str], work: Callable[[str, int], Awaitable[None]]) -> None:
        """Hold a fair part of these leases and do the work of each, until cancelled; raises what a work raises.

        All processes that share name the same ones in the same order. Who has the fewest takes what is free; who has
        two more than another gives one back, and not a second within a lease's time, so that nothing moves in a hurry.
        """
        if self.store.sqlite:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(self.keep(name, partial(work, name)), name=name)
            return
        mine: dict[str, asyncio.Task[bool]] = {}
        rested = _time()
        presence = f"{PROCESS}{names[0]}:"
        async with asyncio.TaskGroup() as group:
            group.create_task(self.keep(presence + self.holder, _be_there))
            while True:
                mine = {name: task for name, task in mine.items() if not task.done()}
                with suppress(Unavailable):
                    free, fewest = await self._shares(names, presence, mine)
                    if free and len(mine) <= fewest:
                        if await self._take(free[0]):
                            mine[free[0]] = group.create_task(self._work(free[0], partial(work, free[0])), name=free[0])
                            continue
                    elif not free and len(mine) >= fewest + 2 and _time() >= rested + self.seconds:
                        _, given = mine.popitem()
                        given.cancel()
                        await asyncio.wait({given})
                        rested = _time()
                await asyncio.sleep(self.poll)

    async def _shares(self, names: Sequence[str], presence: str, mine: Mapping[str, object]) -> tuple[list[str], int]:
        """Which of these leases are free, and how many the process has that has the fewest."""
        found = await self._look()
        there = [lease for name, lease in found.items() if name.startswith(presence)]
        for gone in [lease for lease in there if not self._alive(lease)]:
            await self.store.write(partial(leases.forget, lease=gone))
            self._seen.pop(gone.name, None)
        free = [name for name in names if name not in mine and self._free(found.get(name))]
        holders = Counter(found[name].holder for name in names if name in found and name not in free)
        living = {lease.holder for lease in there if self._alive(lease)} - {self.holder}
        return free, min([len(mine), *(holders[holder] for holder in living)])


async def _be_there(_token: int) -> None:
    await asyncio.Event().wait()


def _time() -> float:
    return asyncio.get_running_loop().time()


@contextmanager
def serving(store: Store) -> Iterator[None]:
    """Be the only process that serves an SQLite file, inside: it has one writer and one who sends.

    Raises AlreadyServed, and Unavailable where the folder cannot be written to, for then neither can the database. The
    lock is the kernel's, on a file beside the database: it ends with the process, however that ends. What only looks,
    or migrates, needs none. Of a database in memory nobody else knows, and Postgres is shared by leases.
    """
    database = store.engine.url.database
    if not store.sqlite or database in (None, "", ":memory:"):
        yield
        return
    # Where that can be afforded: 40 ms.
    from filelock import FileLock, Timeout

    file = Path(str(database)).resolve()
    lock = FileLock(f"{file}.serving", timeout=0, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise AlreadyServed(
            f"{file} is served by another process already. Stop that one first, or give this one a folder of its own by"
            " ROADMATE_DATA; several processes can share a Postgres database by DATABASE_URL."
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise Unavailable(f"{lock.lock_file}: {error.strerror}") from error
        log.warning("%s lies on a file system without locks: see to it that only one process serves it", file)
    try:
        yield
    finally:
        lock.release()
