"""Updates that came by webhook, stored until they are carried out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import upsert
from bot.tables import inbox


async def keep(db: AsyncConnection, platform: str, update: str, payload: str, now: datetime) -> None:
    """Store an update until it was carried out; one that is there already stays as it is."""
    row = upsert(db, inbox).values(platform=platform, update=update, payload=payload, at=now)
    await db.execute(row.on_conflict_do_nothing())


async def waiting(db: AsyncConnection, platform: str, prefix: str, most: int) -> Sequence[tuple[str, str]]:
    """The first updates whose ids begin so, and what each says, in the order of their ids."""
    query = select(inbox.c.update, inbox.c.payload).where(
        inbox.c.platform == platform, inbox.c.update.startswith(prefix, autoescape=True)
    )
    return [(row.update, row.payload) for row in await db.execute(query.order_by(inbox.c.update).limit(most))]


async def forget(db: AsyncConnection, platform: str, update: str) -> None:
    """An update was carried out."""
    await db.execute(delete(inbox).where(inbox.c.platform == platform, inbox.c.update == update))
