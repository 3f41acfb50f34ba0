"""Drafts: the arguments of commands that were begun, while the rest is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NotRequired, TypedDict

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import to_write
from bot.store.questions import KEPT_FOR
from bot.tables import drafts


class KeptFile(TypedDict):
    """A file that came with a command, as its platform refers to it."""

    platform: str
    reference: str
    name: str
    size: int
    chat: NotRequired[str]


async def keep(db: AsyncConnection, member: int, arguments: Mapping[str, object], now: datetime) -> int:
    """Keep what a member has given so far, by the parameters' names; the number that `kept` asks for.

    Raises OnlyReads.
    """
    to_write(db)
    result = await db.execute(insert(drafts).values(member=member, arguments=dict(arguments), at=now))
    return int((result.inserted_primary_key or (0,))[0])


async def kept(db: AsyncConnection, id: int, member: int) -> dict[str, str | KeptFile] | None:
    """The arguments of a command begun by that member; None for another's, and for one that was forgotten."""
    row = await db.execute(select(drafts.c.arguments).where(drafts.c.id == id, drafts.c.member == member))
    found: dict[str, str | KeptFile] | None = row.scalar_one_or_none()
    return found


async def forget_old(db: AsyncConnection, now: datetime) -> None:
    """Housekeeping: drop what nobody finished in as long as the question waits that asks for the rest."""
    await db.execute(delete(drafts).where(drafts.c.at < now - KEPT_FOR))
