"""One number in the database, for tests of transactions: read, replaced, nothing else."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import hold
from bot.tables import facts

NUMBER = "number"


async def noted(db: AsyncConnection) -> str | None:
    """What was noted last."""
    found: str | None = await db.scalar(select(facts.c.value).where(facts.c.name == NUMBER))
    return found


async def note(db: AsyncConnection, value: str) -> None:
    """Put it in the place of what was noted before; who adds to that holds `fact:number` before reading it."""
    await hold(db, f"fact:{NUMBER}")
    await db.execute(delete(facts).where(facts.c.name == NUMBER))
    await db.execute(insert(facts).values(name=NUMBER, value=value))
