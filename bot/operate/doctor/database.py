"""What the doctor checks in the database.

Whether it answers, is sound and current; and which homes the platforms are to be asked about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from bot.examining import ExaminedHome, Finding
from bot.settings import Settings
from bot.store import Store, Unavailable, leases, people, schema
from bot.store.homes import every_home

T = TypeVar("T")

EXAMINATION_TIMEOUT = 15
"""Seconds a database has to answer everything."""

REACH = "see that the database runs, that DATABASE_URL is right, and that this user may write there"


@dataclass(frozen=True)
class Examined:
    """What was found, the homes the platforms are to be asked about, and the leases that running processes have."""

    findings: list[Finding] = field(default_factory=list)
    homes: tuple[ExaminedHome, ...] = ()
    held: frozenset[str] = frozenset()


async def examine_database(settings: Settings) -> Examined:
    """Ask the database, without making one and without changing it."""
    found = await ask_database(settings, _asked)
    return Examined([found]) if isinstance(found, Finding) else found


async def ask_database(settings: Settings, question: Callable[[Store, str], Awaitable[T]]) -> T | Finding:
    """Ask a database that has this version's tables something, without making one and without changing it.

    The question is given the store and the words for where it is. A finding says why it could not be asked.
    """
    try:
        url = make_url(settings.database)
    except ArgumentError:
        return Finding("database: cannot be read as an address", "write DATABASE_URL as in .env.example")
    if _absent(url):
        return Finding(f"database: {url.database} is not there yet; the first start makes it")
    where = f"SQLite, {url.database}" if _sqlite(url) else f"Postgres, {url.host}/{url.database}"
    store = Store.open(settings.database)
    try:
        async with asyncio.timeout(EXAMINATION_TIMEOUT):
            return await _age(store, where) or await question(store, where)
    except TimeoutError:
        return Finding(f"database: {where}: no answer within {EXAMINATION_TIMEOUT} s", REACH)
    except (Unavailable, DBAPIError, ValueError) as error:
        # The driver's own error: SQLAlchemy's adds the statement. A ValueError is an address the driver refuses.
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
        hidden = url.password
        return Finding(f"database: {where}: {reason.replace(hidden, '…') if hidden else reason}", REACH)
    finally:
        await store.close()


def _sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _absent(url: URL) -> bool:
    return _sqlite(url) and url.database is not None and not Path(url.database).exists()


async def _age(store: Store, where: str) -> Finding | None:
    """Whether the tables are another version's."""
    revision, newest = await schema.revision(store), schema.newest()
    if revision is None:
        return Finding(f"database: {where}, still empty; the next start makes the tables")
    if revision > newest:
        remedy = "start the newer Roadmate again, or restore the backup that was made before it"
        return Finding(f"database: {where}, is at revision {revision}, and this Roadmate knows {newest}", remedy)
    if revision < newest:
        return Finding(f"database: {where}, at revision {revision}; the next start brings it to {newest}")
    return None


async def _asked(store: Store, where: str) -> Examined:
    async with store.reading() as db:
        fault = None
        if store.sqlite:
            found = str((await db.execute(text("PRAGMA quick_check(1)"))).scalar_one())
            fault = None if found == "ok" else found
        homes = await every_home(db)
        zones = await people.zones_in_use(db)
        held = await leases.held(db, "")
    if fault is not None:
        remedy = "stop Roadmate and restore the last backup (docs/operating.md)"
        return Examined([Finding(f"database: {where}, is damaged: {fault}", remedy)])
    findings = [Finding(f"database: {where}, current ({schema.newest()}), {_counted(len(homes))}")]
    if unknown := sorted(filter(_unknown, zones)):
        findings.append(Finding(f"time zones: {', '.join(unknown)} in use and not known", "pip install -U tzdata"))
    places = tuple(ExaminedHome(home.group, home.name, home.address) for home in homes)
    return Examined(findings, places, frozenset(lease.name for lease in held if not (lease.released or lease.over)))


def _counted(homes: int) -> str:
    return "no group yet" if not homes else "one home" if homes == 1 else f"{homes} homes"


def _unknown(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return True
    return False
