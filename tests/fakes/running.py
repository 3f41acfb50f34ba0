"""The real process, `roadmate run`, to be started, killed and stopped, and what its database says meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.settings import Settings
from bot.store import Store
from tests.fakes.discord_server import DiscordServer
from tests.fakes.migrated import migrate
from tests.fakes.patience import PATIENCE
from tests.fakes.seeding import Seeds, seed
from tests.fakes.telegram_server import TelegramServer

ROOT = Path(__file__).parents[2]


def addresses(discord: DiscordServer, telegram: TelegramServer) -> dict[str, str]:
    """How to reach both platforms, as the process's environment says it."""
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "TELEGRAM_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.url,
    }


class Running:
    """One data directory, and the process that serves it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.process: asyncio.subprocess.Process | None = None
        self.url = Settings(_env_file=None, roadmate_data=folder).database
        self.file = self.url.partition("///")[2]

    async def start(self) -> None:
        """Start it; whether it serves yet is seen at the platforms."""
        own = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "ROADMATE_DATA": str(self.folder), "HTTP_PORT": ""}
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"), cwd=self.folder, env={**os.environ, **own, **self.environment}
        )

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.returncode is None

    async def kill(self) -> None:
        """kill -9: nothing is said goodbye to."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    # ------------------------------------------------------------ its database

    async def prepare(self) -> None:
        """Make the tables, as a start would."""
        store = Store.open(self.url)
        await migrate(store)
        await store.close()

    async def seed(self, seeds: Seeds) -> tuple[list[int], list[int]]:
        """Fill the database; of those who are due every second one is on Telegram, the others are on Discord.

        Gives their accounts there: on Discord, on Telegram.
        """
        await seed(self.url, seeds)
        discord, telegram = seeds.due_accounts[::2], seeds.due_accounts[1::2]
        self.write(
            "UPDATE accounts SET platform = 'telegram' WHERE account = ?", [(str(account),) for account in telegram]
        )
        return discord, telegram

    def write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Write past the house."""
        with closing(sqlite3.connect(self.file, isolation_level=None, timeout=PATIENCE)) as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(statement, rows)
            db.execute("COMMIT")

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Read beside it, changing nothing: not even what a crash has left is cleared away."""
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=PATIENCE)) as db:
            return db.execute(query).fetchall()
