"""A database that cannot be reached for a while: its file is somewhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.store import Store


@asynccontextmanager
async def away(store: Store) -> AsyncIterator[None]:
    """Within, nothing of an SQLite store can be read or written; after it, everything is as it was."""
    assert store.engine.url.database is not None
    file = Path(store.engine.url.database)
    elsewhere = file.with_suffix(".elsewhere")
    # The last connection takes the log beside the file with it.
    await store.close()
    _take_away(file, elsewhere)
    try:
        yield
    finally:
        await store.close()
        _bring_back(file, elsewhere)


def _take_away(file: Path, elsewhere: Path) -> None:
    file.rename(elsewhere)
    file.mkdir()


def _bring_back(file: Path, elsewhere: Path) -> None:
    file.rmdir()
    elsewhere.rename(file)
