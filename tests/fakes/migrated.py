"""A database as the migrations leave it: they run once a process, and each test gets a copy."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bot.store import Store, schema

_FILE: list[bytes] = []


async def migrate(store: Store) -> None:
    """Give a database its tables, as a start would."""
    if store.sqlite and not _FILE:
        with tempfile.TemporaryDirectory() as folder:
            first = Path(folder) / "first.db"
            made = Store.open(f"sqlite+aiosqlite:///{first}")
            await schema.upgrade_tables(made)
            await made.close()
            _FILE.append(_content(first))
    if store.sqlite:
        _copy(Path(str(store.engine.url.database)))
    await schema.upgrade_tables(store)


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _copy(path: Path) -> None:
    """Only to where none is yet."""
    if not path.exists():
        path.write_bytes(_FILE[0])
