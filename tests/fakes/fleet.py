"""Several real processes with one token on one database, and Discord before them: what befalls one is the others'."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from sqlalchemy import func, select

from bot.courier.rounds import IN_DOUBT_AFTER
from bot.store import Store, Unavailable, leases, schema
from bot.store.leases import Lease
from bot.tables import deliveries
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.places import User
from tests.fakes.discord_server.traffic import Limit
from tests.fakes.patience import PATIENCE
from tests.fakes.seeding import Seeds, seed
from tests.fakes.sent import Sent
from tests.fakes.telegram_server.rates import most_within

ROOT = Path(__file__).parents[2]
PROBE = Path(__file__).parent / "probe"

SLOWEST = 10
"""Messages a second that are expected at the least, all misfortunes included: two requests each, of 50 a second."""

LONGEST = 25.0
"""Seconds after which all goes on whatever befell one process: a lease, and what a busy machine takes for itself."""

log = logging.getLogger(__name__)


def clock() -> datetime:
    """The stand-in lives in real time, as the processes do."""
    return datetime.now(UTC)


class Fleet:
    """Discord, the database, and the processes between them; so many members, and so many of them due at once."""

    def __init__(self, folder: Path, discord: DiscordServer, url: str, members: int, due: int) -> None:
        self.folder = folder
        self.discord = discord
        self.url = url
        self.store = Store.open(self.url)
        self.due = due
        # On a machine that is slow to start they are late, but well within a reminder's grace.
        self.seeds = Seeds(members, due, clock().replace(second=0, microsecond=0), roadmap="backend-ai-era")
        self.processes: dict[int, asyncio.subprocess.Process] = {}
        self.started = 0
        self.senders: list[Lease] = []
        self.misfortunes: list[tuple[str, float]] = []

    async def start(self) -> None:
        """One more `roadmate run`: all it needs to share is the database's address."""
        self.started += 1
        folder = self.folder / str(self.started)
        folder.mkdir()
        notes = self.folder / "sent"
        notes.mkdir(exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=folder,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join((str(PROBE), str(ROOT))),
                "PYTHONWARNINGS": "ignore",
                "ROADMATE_SENT": str(notes),
                "ROADMATE_DATA": str(folder),
                "DATABASE_URL": self.url,
                "DISCORD_TOKEN": self.discord.token,
                "DISCORD_API_URL": self.discord.api_url,
                "DISCORD_GATEWAY_URL": self.discord.gateway_url,
                "HTTP_PORT": "",
            },
        )
        self.processes[process.pid] = process

    async def serve(self, processes: int) -> None:
        """Start so many on an empty database, and wait until Discord knows one of them."""
        await schema.upgrade_tables(self.store)
        guild = self.discord.add_guild("Study", self.discord.add_user("asha"))
        guild.add_channel("backend")
        for account in self.seeds.due_accounts:
            user = self.discord.users[account] = User(account, f"user{account}")
            guild.join(user)
        self.discord.invite_bot(guild)
        for _ in range(processes):
            await self.start()
        await self.until(lambda: self.discord.gateway.connected, PATIENCE)

    async def fall_due(self) -> None:
        """The members come with one commit: those who are due are so for all processes at once."""
        await seed(self.url, self.seeds)

    # ------------------------------------------------------------ what befalls them

    async def befalls(self, process: asyncio.subprocess.Process, what: Signals) -> None:
        """Stop a process, or kill it."""
        process.send_signal(what)
        self.happened(what.name)
        if what == SIGKILL:
            await process.wait()
            del self.processes[process.pid]

    async def end(self) -> None:
        """End those that are left, as a shutdown does."""
        for process in self.processes.values():
            process.send_signal(SIGTERM)
        assert {await process.wait() for process in self.processes.values()} == {0}

    def happened(self, what: str) -> None:
        """Remember a misfortune, to tell later how long it took until somebody heard of us again."""
        self.misfortunes.append((what, asyncio.get_running_loop().time()))

    async def sender(self) -> asyncio.subprocess.Process | None:
        """The process that may send now, by its lease; None while there is none."""
        try:
            async with self.store.reading() as db:
                found = await leases.held(db, "discord:")
        except Unavailable:
            return None
        lease = next((one for one in found if one.name.count(":") == 1 and not one.over), None)
        if lease is None:
            return None
        if not self.senders or self.senders[-1].token != lease.token:
            self.senders.append(lease)
        # A holder's name is where it runs, its number, and chance.
        return self.processes.get(int(lease.holder.split(":")[-2]))

    async def another_sender(self, than: asyncio.subprocess.Process | None = None) -> asyncio.subprocess.Process:
        """Wait until a process may send, another than this."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.sender()
                if found is not None and found is not than:
                    return found
                await asyncio.sleep(0.2)

    # ------------------------------------------------------------ what is waited for

    async def until(self, condition: Callable[[], object], within: float) -> None:
        """Wait for something; every process that was not ended by us must be running."""
        async with asyncio.timeout(within):
            while not condition():
                dead = [process.returncode for process in self.processes.values() if process.returncode is not None]
                assert not dead, f"a process ended by itself: {dead}"
                await asyncio.sleep(0.05)

    async def until_said(self, part: float) -> None:
        """Wait until so great a part of the messages was said."""
        await self.until(lambda: self.said >= self.due * part, 90 + self.due * part / SLOWEST)

    async def until_settled(self) -> None:
        """Wait until all was sent and nothing is in doubt: that is looked for, and must not be said again."""
        async with asyncio.timeout(IN_DOUBT_AFTER.total_seconds() + 120):
            while await self.states() != {"sent": self.due}:  # noqa: ASYNC110 - nobody tells when rows change
                await asyncio.sleep(0.5)

    # ------------------------------------------------------------ what was seen

    async def states(self) -> dict[str, int]:
        """How many deliveries are in which state."""
        async with self.store.reading() as db:
            counts = await db.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
            return {row.state: row[1] for row in counts}

    @property
    def said(self) -> int:
        """How many messages stand in private chats."""
        return sum(len(self.discord.dm(user).messages) for user in self.discord.users.values() if user.dm is not None)

    @property
    def worst_second(self) -> int:
        """The most requests of any second, as the processes wrote them."""
        return most_within(Sent.of(self.folder / "sent").moments("discord"), 1)

    @property
    def silences(self) -> dict[str, float]:
        """The longest time without a message from each misfortune on, in seconds."""
        heard = [one.moment for one in self.discord.requests if one.status == 200 and one.path.endswith("/messages")]
        pairs = list(pairwise(heard))
        return {
            what: round(
                max((after - before for before, after in pairs if at - 1 < before < at + LONGEST), default=0), 1
            )
            for what, at in self.misfortunes
        }

    @property
    def refused(self) -> Counter[str]:
        """The answers that were not as wished, by status and kind of request."""
        kinds = ((one.status, one.method, re.sub("[0-9]+", "*", one.path)) for one in self.discord.requests)
        return Counter(f"{status} {method} {path}" for status, method, path in kinds if status >= 400)

    def check(self) -> None:
        """Everybody was written to once, by one process at a time, within Discord's limit; tells the figures."""
        times = Counter(len(self.discord.dms(self.discord.users[account])) for account in self.seeds.due_accounts)
        assert times == {1: self.due}
        assert self.said == self.due
        assert all(before.token < after.token for before, after in pairwise(self.senders))
        assert self.discord.violations == []
        log.info("seconds of silence: %s", self.silences)
        log.info("%d requests; refused: %s", len(self.discord.requests), dict(self.refused))
        worst = self.worst_second
        log.info("%d in the worst second, %d as they were seen", worst, self.discord.worst_second)
        assert 0 < worst <= 50


@asynccontextmanager
async def fleet(folder: Path, url: str, members: int, due: int) -> AsyncIterator[Fleet]:
    """A stand-in on loopback, and a database; no process is left behind."""
    async with DiscordServer(clock=clock) as discord:
        discord.buckets.everything = Limit(50, 1.0)
        made = Fleet(folder, discord, url, members, due)
        # What is in memory by now stays there: to look through it again and again takes a tenth of a second each time.
        gc.freeze()
        try:
            yield made
        finally:
            gc.unfreeze()
            for process in made.processes.values():
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            await made.store.close()
