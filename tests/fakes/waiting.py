"""Whether somebody waits for a lock of the database: only then does it say something that they are not done."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from bot.store import Store
from tests.fakes.patience import PATIENCE, PAUSE

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
A_WHILE = 0.3
"""SQLite tells nobody who waits for it: for so many seconds whoever could go on would have."""


async def somebody_waits(store: Store) -> None:
    """Wait until somebody waits for a lock."""
    if store.sqlite:
        await asyncio.sleep(A_WHILE)
        return
    async with asyncio.timeout(PATIENCE):
        while True:
            async with store.reading() as db:
                if await db.scalar(text(WAITING)):
                    return
            await asyncio.sleep(PAUSE)
