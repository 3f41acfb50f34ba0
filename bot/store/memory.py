"""What platforms remember, kept in the database: the port `bot.memory.Memory` for one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.memory import Numbers
from bot.store import facts, inbox, outbox, people
from bot.store.commits import Commits, afterwards
from bot.store.engine import Store


@dataclass
class StoredMemory:
    """One platform's memory. `commits` are those of the process: what nobody waits for goes along with them."""

    store: Store
    platform: str
    clock: Callable[[], datetime]
    commits: Commits
    # What was written to groups since it was last written down, by bot and chat.
    _unwritten: dict[tuple[str, str], tuple[float, ...]] = field(default_factory=dict)
    # The note of it that waits for a transaction.
    _riding: asyncio.Future[None] | None = None

    @property
    def shared(self) -> bool:
        """On SQLite nobody else remembers anything."""
        return not self.store.sqlite

    async def commands_offered(self, bot: str) -> str | None:
        """The fingerprint of the commands that the platform has from this bot."""
        async with self.store.reading() as db:
            return await facts.commands_offered(db, self.platform, bot)

    async def remember_commands_offered(self, bot: str, fingerprint: str) -> None:
        """The platform took these commands."""
        async with self.store.writing() as db:
            await facts.remember_commands_offered(db, self.platform, bot, fingerprint)

    async def keep_update(self, update: str, payload: str) -> None:
        """Keep what came until it was carried out."""
        now = self.clock()
        await self.store.write(lambda db: inbox.keep(db, self.platform, update, payload, now))

    async def kept_updates(self, prefix: str, most: int) -> Sequence[tuple[str, str]]:
        """The first of what is kept under ids that begin so, in the order of their ids."""
        async with self.store.reading() as db:
            return await inbox.waiting(db, self.platform, prefix, most)

    async def forget_update(self, update: str) -> None:
        """It was carried out."""
        await self.store.write(lambda db: inbox.forget(db, self.platform, update))

    def note_written_to(self, bot: str, chat: str, moments: Sequence[float]) -> None:
        """A bot writes to a group, and did so at these moments lately."""
        self._unwritten[bot, chat] = tuple(moments)
        if self._riding is None or self._riding.done():
            self._riding = self.commits.along(self._write_down)

    async def _write_down(self, db: AsyncConnection) -> None:
        # What is noted from here on needs another.
        self._riding = None
        noted = dict(self._unwritten)
        for (bot, chat), moments in noted.items():
            await facts.remember_written_to(db, self.platform, bot, chat, moments)
        afterwards(partial(self._written, noted))

    def _written(self, noted: Mapping[tuple[str, str], tuple[float, ...]]) -> None:
        self._unwritten = dict(self._unwritten.items() - noted.items())

    async def written_to(self, bot: str, since: float) -> Mapping[str, Sequence[float]]:
        """The moments since then at which a bot wrote to groups, by the group's chat."""
        async with self.store.writing() as db:
            kept = await facts.written_to(db, self.platform, bot)
            recent = {chat: [at for at in moments if at >= since] for chat, moments in kept.items()}
            await facts.forget_written_to(db, self.platform, bot, [chat for chat in recent if not recent[chat]])
            for chat, handed in await outbox.on_their_way(db, self.platform, since):
                recent.setdefault(chat, []).append(handed)
        return {chat: moments for chat, moments in recent.items() if moments}

    async def flush(self) -> None:
        """Wait until everything that was noted is written."""
        await self.commits.flush()

    async def channel(self, account: str) -> str | None:
        """The private channel by which an account is reached, where it is known."""
        async with self.store.reading() as db:
            return await people.channel(db, self.platform, account)

    async def note_channels(self, channels: Mapping[str, str | None]) -> None:
        """By which private channel each of some accounts is reached; None where it is no more."""
        await self.store.write(partial(people.note_channels, platform=self.platform, channels=channels))

    async def clock_offset(self) -> timedelta:
        """How far the chat's clock runs ahead of the real one."""
        async with self.store.reading() as db:
            return await facts.clock_offset(db)

    async def remember_clock_offset(self, offset: timedelta) -> None:
        """The chat's clock runs so far ahead."""
        async with self.store.writing() as db:
            await facts.remember_clock_offset(db, offset)

    async def numbers(self) -> Numbers | None:
        """What the numbers of the last chat press."""
        async with self.store.reading() as db:
            return await facts.numbers(db)

    async def remember_numbers(self, numbers: Numbers) -> None:
        """The chat's next number, and what those before it press."""
        async with self.store.writing() as db:
            await facts.remember_numbers(db, *numbers)
