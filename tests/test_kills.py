"""The real process, killed at random moments while it delivers over the wire: nothing is lost, nothing said twice.

A hundred kills are in `tests/soak`; this is their small version.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.places import User as DiscordUser
from tests.fakes.patience import PATIENCE
from tests.fakes.running import Running, addresses
from tests.fakes.seeding import Seeds
from tests.fakes.telegram_server import TelegramServer
from tests.fakes.telegram_server.chats import User as TelegramUser

SEED = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))

ANSWER_SECONDS = 0.15
"""How long the platforms take to answer what they have taken: long enough that kills meet sends on their way."""

LIFE_SECONDS = 2.5
"""A process that delivers lives no longer than this."""

STARTING = 0.2
"""The part of kills that come while the process still starts."""

STOPS = 6
"""Each so many-th life ends by a clean stop."""

log = logging.getLogger(__name__)


def clock() -> datetime:
    """The stand-ins live in real time, as the process does."""
    return datetime.now(UTC)


@dataclass
class World:
    """Both platforms, a process between them, and which sends its kills met on their way."""

    running: Running
    discord: DiscordServer
    telegram: TelegramServer
    due: dict[str, list[int]]
    met: list[tuple[str, int]] = field(default_factory=list)
    kills: int = 0
    # How often each had been written to when this life began.
    _said: dict[str, Counter[int]] = field(default_factory=dict)

    async def lives(self, dice: random.Random) -> None:
        """Start the process, and let it die somewhere: while it starts, or while it delivers."""
        self._said = self.said()
        await self.running.start()
        if dice.random() < STARTING:
            await asyncio.sleep(dice.uniform(0, 1))
        else:
            await self.delivers()
            await asyncio.sleep(dice.uniform(0, LIFE_SECONDS))
        assert self.running.alive, "it ended by itself"
        await self.running.kill()
        self.kills += 1
        # What had left it arrives.
        await asyncio.sleep(2 * ANSWER_SECONDS)
        met = self.on_their_way()
        log.info("kill %d meets %s", self.kills, Counter(platform for platform, _ in met))
        self.met += met

    async def is_stopped(self, dice: random.Random) -> None:
        """Start the process, and stop it cleanly while it delivers: of what it sent, nothing is in doubt."""
        self._said = self.said()
        await self.running.start()
        await self.delivers()
        await asyncio.sleep(dice.uniform(0, LIFE_SECONDS))
        assert await self.running.stop() == 0
        assert self.on_their_way() == []

    async def delivers(self) -> None:
        """Wait until it sends, or has nothing left to send."""
        async with asyncio.timeout(PATIENCE):
            while self.said() == self._said and self.states() != self.all_sent:
                assert self.running.alive, "it ended by itself"
                await asyncio.sleep(0.02)

    async def finishes(self) -> None:
        """Let it deliver what is left, and stop it: nothing is in doubt any more."""
        identified = self.discord.gateway.identified
        await self.running.start()
        await self.discord.ready(identified=identified + 1, timeout=PATIENCE)
        async with asyncio.timeout(PATIENCE + len(self.due["discord"]) / 5):
            while self.states() != self.all_sent:
                assert self.running.alive, "it ended by itself"
                await asyncio.sleep(0.2)
        assert await self.running.stop() == 0

    @property
    def all_sent(self) -> dict[str, int]:
        """The states at the end."""
        return {"sent": sum(map(len, self.due.values()))}

    def said(self) -> dict[str, Counter[int]]:
        """How often each was written to."""
        discord = {one: len(self.discord.dms(self.discord.users[one])) for one in self.due["discord"]}
        telegram = {one: len(self.telegram.messages(self.telegram.users[one])) for one in self.due["telegram"]}
        return {"discord": Counter(discord), "telegram": Counter(telegram)}

    def on_their_way(self) -> list[tuple[str, int]]:
        """What has arrived in this life, and the database does not know it."""
        query = "SELECT platform, ltrim(chat, '@') FROM deliveries WHERE state = 'sending'"
        said = self.said()
        unsettled = ((platform, int(account)) for platform, account in self.running.read(query))
        return [(platform, one) for platform, one in unsettled if said[platform][one] > self._said[platform][one]]

    def states(self) -> dict[str, int]:
        """How many deliveries are in which state."""
        return dict(self.running.read("SELECT state, count(*) FROM deliveries GROUP BY state"))

    def check(self) -> int:
        """Everything arrived, and no more than may have; how many copies there are beyond the first."""
        rows = {
            (platform, int(account)): (message, doubts)
            for platform, account, message, doubts in self.running.read(
                "SELECT platform, ltrim(chat, '@'), message, doubts FROM deliveries"
            )
        }
        assert len(rows) == sum(map(len, self.due.values())), "one delivery for each who was due"
        said = {
            "discord": {
                account: [str(message.id) for message in self.discord.dms(self.discord.users[account])]
                for account in self.due["discord"]
            },
            "telegram": {
                account: [str(message.id) for message in self.telegram.messages(self.telegram.users[account])]
                for account in self.due["telegram"]
            },
        }
        times = Counter((platform, len(found)) for platform in said for found in said[platform].values())
        met = Counter(platform for platform, _ in self.met)
        log.info("arrived so many times: %s; %d kills met %s", times, self.kills, met)
        lost = [account for platform in said for account, found in said[platform].items() if not found]
        assert lost == []
        assert {len(found) for found in said["discord"].values()} == {1}
        doubled = {account: len(found) - 1 for account, found in said["telegram"].items() if len(found) > 1}
        assert sum(doubled.values()) <= met["telegram"]
        assert [account for account in doubled if not rows["telegram", account][1]] == [], "not recorded"
        for platform, found in said.items():
            for account, messages in found.items():
                assert rows[platform, account][0] in messages
        assert self.discord.violations == []
        assert self.telegram.violations == []
        return sum(doubled.values())


@asynccontextmanager
async def world(folder: Path, due: int) -> AsyncIterator[World]:
    """So many on each platform to be asked now; platforms that take their time to answer; no process left behind."""
    async with (
        DiscordServer(clock=clock) as discord,
        TelegramServer(username="roadmate_bot", clock=clock) as telegram,
    ):
        running = Running(folder, addresses(discord, telegram))
        await running.prepare()
        seeds = Seeds(2 * due, 2 * due, clock().replace(second=0, microsecond=0), roadmap="backend-ai-era")
        on_discord, on_telegram = await running.seed(seeds)
        guild = discord.add_guild("Study", discord.add_user("asha"))
        for account in on_discord:
            discord.users[account] = DiscordUser(account, f"user{account}")
            guild.join(discord.users[account])
        discord.invite_bot(guild)
        for account in on_telegram:
            telegram.users[account] = TelegramUser(telegram, account, f"user{account}", started=True)
        # What comes has its effect, also when who sent it is dead before the answer.
        discord.fail("POST", r"/messages$", delay=ANSWER_SECONDS, times=10**9)
        telegram.fail("sendMessage", delay=ANSWER_SECONDS, after_accept=True, times=None)
        try:
            yield World(running, discord, telegram, {"discord": on_discord, "telegram": on_telegram})
        finally:
            if running.alive:
                await running.kill()


async def prove(folder: Path, kills: int, due: int, seed: int) -> int:
    """Kill the process so often while so many are due on each platform; gives the copies on Telegram."""
    dice = random.Random(seed)
    try:
        async with world(folder, due) as both:
            for life in range(1, kills + 1):
                await both.lives(dice)
                if life % STOPS == 0:
                    await both.is_stopped(dice)
            await both.finishes()
            return both.check()
    except (AssertionError, TimeoutError) as fault:
        raise AssertionError(f"seed {seed}: {fault}") from fault


async def test_kills_lose_nothing_and_double_only_what_was_on_its_way(tmp_path: Path) -> None:
    await prove(tmp_path, kills=3, due=50, seed=SEED)
