"""What shares a transaction is durable once it was waited for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import Store
from bot.store.commits import Commits
from tests.fakes.migrated import migrate
from tests.store.notes import note, noted


async def test_what_is_being_written_is_waited_for_before_the_store_is_closed(tmp_path: Path) -> None:
    """It is no note that waits any more, nor is it written: its connection would be left open."""
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    await migrate(store)
    commits, begun, goes_on = Commits(store), asyncio.Event(), asyncio.Event()

    async def slowly(db: AsyncConnection) -> None:
        begun.set()
        await goes_on.wait()
        await note(db, "1")

    writing = asyncio.create_task(commits.write(slowly))
    await begun.wait()
    flushing = asyncio.create_task(commits.flush())
    await asyncio.sleep(0.01)
    assert not flushing.done()
    goes_on.set()
    await flushing
    await writing
    async with store.reading() as db:
        assert await noted(db) == "1"
    await store.close()
