"""Brings a database's tables to the version that this program needs."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from bot.store.engine import Store, hold

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[2] / "migrations"


class NewerDatabase(Exception):
    """The database was written by a newer Roadmate; this one would misread it."""


def newest() -> str:
    """The newest revision, told by the files' names (`0001_first.py`) so that a start need not import Alembic."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


async def revision(store: Store) -> str | None:
    """The revision a database is at; None for an empty one."""
    async with store.reading() as db:
        if not await db.run_sync(lambda connection: inspect(connection).has_table("alembic_version")):
            return None
        found = (await db.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return None if found is None else str(found)


async def current(store: Store) -> bool:
    """Whether a database is up to date. Raises NewerDatabase."""
    found = await revision(store)
    if found is not None and found > newest():
        raise NewerDatabase(f"the database is at {found}, this Roadmate knows {newest()}")
    return found == newest()


async def upgrade_tables(store: Store) -> bool:
    """Bring a database up to date; False when it was. Raises NewerDatabase."""
    if await current(store):
        return False
    # Of several processes one migrates at a time; those that waited find nothing left to do.
    async with store.rebuilding() as db:
        await hold(db, "schema")
        await db.run_sync(_upgrade)
    return True


async def upgrade_apart(store: Store) -> bool:
    """The same in a process of its own, for one that goes on serving: Alembic would stay in its memory (9 MB).

    Raises RuntimeError when the migration failed; that process has told why.
    """
    if await current(store):
        return False
    url = store.engine.url.render_as_string(hide_password=False)
    process = multiprocessing.get_context("spawn").Process(target=_upgrade_url, args=(url,), name="migration")
    process.start()
    await asyncio.to_thread(process.join)
    if process.exitcode != 0:
        raise RuntimeError(f"the migration ended with exit code {process.exitcode}")
    return True


def _upgrade_url(url: str) -> None:
    async def alone() -> None:
        store = Store.open(url)
        try:
            await upgrade_tables(store)
        finally:
            await store.close()

    asyncio.run(alone())


def _upgrade(connection: Connection) -> None:
    from alembic import command

    command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
