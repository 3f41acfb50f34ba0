"""A process that keeps a lease and, while it holds it, writes to the world and to the database; and who watches it.

The world is a file that everybody appends to: like a chat, it takes whatever comes and shows in which order it came.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path

from sqlalchemy import update

from bot.leases import Leases
from bot.store import Store, Unavailable, engine
from bot.store.leases import fence
from bot.tables import facts, metadata
from tests.fakes.patience import until

ROOT = Path(__file__).parents[2]
NAME = "telegram:42"
FACT = "work"
PAUSE = 0.01


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in the world: who did what under which token."""

    holder: str
    token: int
    what: str


def read(world: Path) -> list[Line]:
    """All that stands in the world, in the order it came."""
    lines = [line.split() for line in world.read_text().splitlines()] if world.exists() else []
    return [Line(holder, int(token), what) for holder, token, what in lines]


def check(lines: Sequence[Line]) -> None:
    """Nobody works beside another: tokens only grow, and each is one holder's, who begins once and may end once."""
    for before, after in pairwise(lines):
        assert before.token <= after.token, f"{after} came after {before}"
    for token, of_token in groupby(lines, lambda line: line.token):
        story = list(of_token)
        assert len({line.holder for line in story}) == 1, f"two had token {token}"
        whats = [line.what for line in story]
        assert whats[0] == "begin" and "begin" not in whats[1:] and "end" not in whats[:-1], whats


@dataclass
class Crowd:
    """Processes that keep one lease, to be killed, stopped and woken."""

    url: str
    world: Path
    seconds: float
    poll: float
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, holder: str) -> None:
        """Start a process of this name."""
        self.processes[holder] = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fakes.leaseholder", self.url, holder),
            *(str(self.world), str(self.seconds), str(self.poll)),
            cwd=ROOT,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )

    async def signal(self, holder: str, number: signal.Signals) -> None:
        """Send a signal; one that ends the process is waited for."""
        process = self.processes[holder]
        process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            del self.processes[holder]
            await process.wait()

    async def end(self) -> None:
        """Kill them all."""
        for holder in list(self.processes):
            await self.signal(holder, signal.SIGKILL)

    def working(self) -> str | None:
        """Who has written last."""
        lines = read(self.world)
        return lines[-1].holder if lines else None

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something."""
        await until(condition, lambda: f"what was waited for: {read(self.world)[-5:]}")

    async def goes_on(self) -> None:
        """Wait until something more was written."""
        known = len(read(self.world))
        await self.until(lambda: len(read(self.world)) > known)


async def prepare(url: str) -> None:
    """An empty database with a fact that only the holder may write."""
    store = Store.open(url)
    async with store.engine.begin() as db:
        await db.run_sync(metadata.drop_all)
        await db.run_sync(metadata.create_all)
        await db.execute(facts.insert().values(name=FACT, value="0"))
    await store.close()


async def token_of(url: str) -> int:
    """Under which token the database was written last."""
    store = Store.open(url)
    async with store.reading() as db:
        found = (await db.execute(facts.select())).one()
    await store.close()
    return int(found.value)


async def _main(url: str, holder: str, world: str, seconds: str, poll: str) -> None:
    # In proportion to the lease, as it is in the house.
    engine.IDLE_SECONDS = float(seconds) * 2 / 3
    store = Store.open(url)
    leases = Leases(store, holder, seconds=float(seconds), poll=float(poll))
    file = os.open(world, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def say(token: int, what: str) -> None:
        os.write(file, f"{holder} {token} {what}\n".encode())

    async def work(token: int) -> None:
        say(token, "begin")
        try:
            while True:
                if leases.holds(NAME):
                    say(token, "send")
                try:
                    async with store.writing() as db:
                        fenced = update(facts).where(facts.c.name == FACT, fence(NAME, token))
                        await db.execute(fenced.values(value=str(token)))
                        # Long enough that a process is often stopped in the middle, with its locks.
                        await asyncio.sleep(PAUSE)
                except Unavailable:
                    pass
                await asyncio.sleep(PAUSE)
        finally:
            if leases.holds(NAME):
                say(token, "end")

    keeping = asyncio.create_task(leases.keep(NAME, work))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, keeping.cancel)
    await asyncio.wait({keeping})
    await store.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
