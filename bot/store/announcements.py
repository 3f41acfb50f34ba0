"""What a group is told of a member's change, once in each of its homes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import BindParameter, ColumnElement, Insert, String, bindparam, cast, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import Address
from bot.store.engine import upsert
from bot.tables import deliveries, homes


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a group is told of a member's change, in each of its homes. Moments are UTC; the date is the member's."""

    kind: str
    change: int
    group: int
    member: int
    local_date: date
    due_at: datetime
    expires_at: datetime


async def announce(db: AsyncConnection, announcement: Announcement) -> bool:
    """Put an announcement into the outbox, once for each of the group's homes; whether there are any."""
    queued = await db.execute(_announced(db), asdict(announcement))
    return queued.rowcount > 0


def _announced(db: AsyncConnection) -> Insert:
    """The statement of `announce`, made once: it is compiled only then."""
    name = db.dialect.name
    if name not in _ANNOUNCED:
        told = select(*_ANNOUNCEMENT.values()).where(homes.c.group == _given("group"), homes.c.gone_at.is_(None))
        into = upsert(db, deliveries).from_select(list(_ANNOUNCEMENT), told.order_by(homes.c.id))
        _ANNOUNCED[name] = into.on_conflict_do_nothing(index_elements=["key"])
    return _ANNOUNCED[name]


_ANNOUNCED: dict[str, Insert] = {}


def _given(name: str) -> BindParameter[object]:
    """A part of an announcement, for the column of that name."""
    return bindparam(name, type_=deliveries.c[name].type)


def _key() -> ColumnElement[str]:
    """The key of an announcement in a home: each is sent once."""
    parts: list[ColumnElement[str]] = [
        cast(_given("kind"), String),
        cast(_given("change"), String),
        homes.c.platform,
        homes.c.chat,
        homes.c.thread,
    ]
    first, *more = parts
    for part in more:
        first = first + literal(":") + part
    return first


_ANNOUNCEMENT: dict[str, ColumnElement[str] | ColumnElement[object]] = {
    "key": _key(),
    "platform": homes.c.platform,
    "chat": homes.c.chat,
    "thread": homes.c.thread,
    **{name: _given(name) for name in ("kind", "change", "group", "member", "local_date", "due_at", "expires_at")},
    "state": literal("queued"),
    "next_at": _given("due_at"),
}


@dataclass(frozen=True, slots=True)
class Post:
    """What a group is told about a change: where, and which group."""

    address: Address
    group: int


async def posts(db: AsyncConnection, changes: Sequence[int]) -> tuple[Post, ...]:
    """What groups are told about some changes: what has arrived, and what is on its way or may have arrived."""
    rows = await db.execute(
        select(deliveries.c.platform, deliveries.c.chat, deliveries.c.thread, deliveries.c.group)
        .where(
            deliveries.c.change.in_(changes),
            deliveries.c.group.is_not(None),
            deliveries.c.state.in_(("queued", "sending", "sent")),
        )
        .order_by(deliveries.c.id)
    )
    return tuple(Post(Address(platform, chat, thread), group) for platform, chat, thread, group in rows)
