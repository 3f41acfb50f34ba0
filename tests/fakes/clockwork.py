"""A study group whose clock stands still until the test moves it: reminders, courier and a platform in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

from bot.command import Dispatch, Incoming
from bot.commands import registry
from bot.courier import Courier
from bot.delivery import Address
from bot.messages import Messages
from bot.platforms.console.render import plain_lines
from bot.store import Store, belonging, homes, schedule
from bot.tables import deliveries
from tests.fakes.memory import MemoryPlatform
from tests.fakes.migrated import migrate
from tests.fakes.shipped import LIBRARY

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
"""Friday 20 November 2026, 12:00 in Kolkata, where the group lives."""
EVENING = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
"""20:00 of that day there."""
TODAY = date(2026, 11, 20)
ROOM = Address("memory", "room")


class Clockwork:
    """What works when nobody types. `now` is its clock."""

    def __init__(self, store: Store, platform: MemoryPlatform) -> None:
        self.store = store
        self.platform = platform
        self.now = NOON
        self.library = LIBRARY
        self.messages = Messages(store, lambda: self.library.roadmaps)
        self.courier = self.new_courier()
        self.dispatch = Dispatch(
            store,
            lambda: self.library.roadmaps,
            registry,
            lambda: self.now,
            self._wake,
            "Asia/Kolkata",
        )
        self.group = 0
        self._updates = count(1)

    def _wake(self) -> None:
        # Whichever courier it is by then.
        self.courier.wake()

    def new_courier(self) -> Courier:
        """A courier that knows nothing but the rows: the one of a process that has just started."""
        return Courier(
            self.store,
            {self.platform.name: self.platform},
            self.messages.compose,
            lambda: self.now,
            report=self.messages.report,
        )

    async def forward(self, **time: float) -> None:
        """Let time pass, and with it everything that becomes due: `forward(hours=3)`."""
        self.now += timedelta(**time)
        await self.tick()

    async def tick(self) -> None:
        """Claim what is due and deliver it."""
        while await self.messages.claim(self.now):
            pass
        await self.courier.deliver()

    async def say(
        self, who: str, line: str, private: bool = False, update: str | None = None, leader: bool = False
    ) -> str:
        """Type a line; gives the answer as plain text. Nothing is delivered by it."""
        incoming = Incoming(
            platform=self.platform.name,
            account=who,
            name=who.capitalize(),
            address=Address.private_to(self.platform.name, who) if private else ROOM,
            line=line,
            update=update or f"u{next(self._updates)}",
            private=private,
            leader=leader,
        )
        response = await self.dispatch(incoming)
        assert response is not None
        assert response.card is not None
        return plain_lines(response.card)

    async def rows(self) -> list[dict[str, object]]:
        """The outbox as it stands, the oldest first."""
        async with self.store.reading() as db:
            found = await db.execute(deliveries.select().order_by(deliveries.c.id))
            return [dict(row) for row in found.mappings()]

    async def states(self) -> list[str]:
        """What became of each delivery."""
        return [str(row["state"]) for row in await self.rows()]


async def settled(store: Store, remembers_key: bool = True) -> Clockwork:
    """A group in Kolkata, asked at 20:00, with its recap on Sunday at 18:00, on a store that has its tables."""
    made = Clockwork(store, MemoryPlatform(remembers_key=remembers_key))
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend '27", "Asia/Kolkata", NOON)
        await homes.settle_in(db, group.id, ROOM, "backend")
        await schedule.refresh_group(db, group.id, NOON)
        made.group = group.id
    return made


@asynccontextmanager
async def clockwork(folder: Path, remembers_key: bool = True) -> AsyncIterator[Clockwork]:
    """The same on an SQLite file of its own."""
    store = Store.open(f"sqlite+aiosqlite:///{folder / 'test.db'}")
    await migrate(store)
    yield await settled(store, remembers_key)
    await store.close()
