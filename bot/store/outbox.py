"""Deliveries: what is to be said, what was said, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import Address
from bot.store.engine import upsert
from bot.tables import deliveries


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be sent once, under its key. Moments are UTC; the date is the local one it is about."""

    key: str
    kind: str
    address: Address
    local_date: date
    due_at: datetime
    expires_at: datetime
    member: int | None = None
    group: int | None = None
    change: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way or arrived. `version` counts what it should show, `shown` what it shows."""

    id: int
    key: str
    kind: str
    address: Address
    local_date: date
    due_at: datetime
    expires_at: datetime
    member: int | None
    group: int | None
    change: int | None
    state: str
    attempts: int
    message: str | None
    version: int
    shown: int

    @property
    def edits(self) -> bool:
        """Whether it has arrived and is to be changed, rather than sent."""
        return self.message is not None


async def queue(db: AsyncConnection, draft: Draft) -> bool:
    """Put a message into the outbox; False when one with its key is there already."""
    result = await db.execute(
        upsert(db, deliveries)
        .values(
            key=draft.key,
            kind=draft.kind,
            platform=draft.address.platform,
            chat=draft.address.chat,
            thread=draft.address.thread,
            member=draft.member,
            group=draft.group,
            change=draft.change,
            local_date=draft.local_date,
            due_at=draft.due_at,
            expires_at=draft.expires_at,
            state="queued",
            next_at=draft.due_at,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    return result.rowcount == 1


async def touch_change(db: AsyncConnection, change: int, now: datetime) -> None:
    """What was announced about a change is to be said anew."""
    await _touch(db, deliveries.c.change == change, now)


async def last_question(db: AsyncConnection, member: int, kinds: Sequence[str], first: date) -> tuple[str, date] | None:
    """The daily question a member was sent last, as its kind and local date, from a local date on."""
    row = await db.execute(
        select(deliveries.c.kind, deliveries.c.local_date)
        .where(
            deliveries.c.member == member,
            deliveries.c.kind.in_(kinds),
            deliveries.c.state == "sent",
            deliveries.c.local_date >= first,
        )
        .order_by(deliveries.c.due_at.desc(), deliveries.c.id.desc())
        .limit(1)
    )
    found = row.one_or_none()
    return None if found is None else (found.kind, found.local_date)


async def touch_question(
    db: AsyncConnection, member: int, kind: str, day: date, pressed: str | None, now: datetime
) -> None:
    """What a member was asked about a local date is to be brought up to date.

    Not the message whose button was `pressed`: its answer stands in its place already.
    """
    asked = (deliveries.c.member == member) & (deliveries.c.kind == kind) & (deliveries.c.local_date == day)
    if pressed is not None:
        asked &= deliveries.c.message.is_(None) | (deliveries.c.message != pressed)
    await _touch(db, asked, now)


async def touch_group(db: AsyncConnection, group: int, kind: str, day: date, now: datetime) -> None:
    """A group's post of a local date is to be brought up to date."""
    await _touch(
        db,
        (deliveries.c.group == group) & (deliveries.c.kind == kind) & (deliveries.c.local_date == day),
        now,
    )


async def _touch(db: AsyncConnection, which: Any, now: datetime) -> None:
    # One that is still queued is composed when it is sent, so it needs no edit; one on its way is edited after. One in
    # doubt is left alone: we have no message to edit, and sending it again could say everything twice.
    await db.execute(
        update(deliveries)
        .where(which, deliveries.c.state.in_(("sent", "sending")))
        .values(version=deliveries.c.version + 1, next_at=now)
    )


async def due(db: AsyncConnection, now: datetime, limit: int, platforms: Sequence[str]) -> tuple[Delivery, ...]:
    """Deliveries to these platforms with something to do by now, the longest due first."""
    rows = await db.execute(
        select(deliveries)
        .where(deliveries.c.next_at <= now, deliveries.c.platform.in_(platforms))
        .order_by(deliveries.c.next_at, deliveries.c.id)
        .limit(limit)
    )
    return tuple(map(_delivery, rows.mappings()))


async def sending(db: AsyncConnection, delivery: Delivery, now: datetime, again_at: datetime) -> bool:
    """A delivery is about to leave: if we die now, it is in doubt, and looked at again at `again_at`.

    False when somebody else has taken it on since it was read.
    """
    result = await db.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery.id,
            deliveries.c.state == delivery.state,
            deliveries.c.attempts == delivery.attempts,
        )
        .values(state="sending", attempts=deliveries.c.attempts + 1, next_at=again_at, settled_at=now)
    )
    return bool(result.rowcount == 1)


async def settle(db: AsyncConnection, delivery: Delivery, state: str, now: datetime, **values: Any) -> None:
    """What became of a delivery. One that was asked to show something newer meanwhile stays due."""
    # What arrived has its attempts behind it: the next edit begins anew.
    shown = {"shown": delivery.version, "attempts": 0} if state == "sent" else {}
    await db.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id)
        .values(state=state, settled_at=now, next_at=None, **(shown | values))
    )
    if state == "sent":
        newer = (deliveries.c.id == delivery.id) & (deliveries.c.version > delivery.version)
        await db.execute(update(deliveries).where(newer).values(next_at=now))


async def wait(db: AsyncConnection, delivery: Delivery, until: datetime, reason: str) -> None:
    """Nothing was delivered: try again at a moment."""
    state = "sent" if delivery.edits else "queued"
    values = {"state": state, "attempts": delivery.attempts + 1, "next_at": until, "reason": reason}
    await db.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(**values))


async def requeue(db: AsyncConnection, id: int, chat: str, now: datetime) -> None:
    """Send a delivery to another chat, at once."""
    await db.execute(update(deliveries).where(deliveries.c.id == id).values(chat=chat, state="queued", next_at=now))


async def expire(db: AsyncConnection, now: datetime) -> int:
    """Housekeeping: what nobody could send in time, because its platform is not served, is too late; how many."""
    result = await db.execute(
        update(deliveries)
        .where(deliveries.c.state == "queued", deliveries.c.next_at <= now, deliveries.c.expires_at < now)
        .values(state="expired", next_at=None, settled_at=now, reason="too late")
    )
    return int(result.rowcount)


async def next_moment(db: AsyncConnection) -> datetime | None:
    """When the next delivery has something to do."""
    query = select(deliveries.c.next_at).where(deliveries.c.next_at.is_not(None))
    row = (await db.execute(query.order_by(deliveries.c.next_at).limit(1))).one_or_none()
    return row.next_at if row else None


async def moved(db: AsyncConnection, platform: str, old: str, new: str) -> None:
    """A chat has another id now: what is still to be sent goes there. Messages of the old chat stay behind."""
    await db.execute(
        update(deliveries)
        .where(deliveries.c.platform == platform, deliveries.c.chat == old, deliveries.c.state == "queued")
        .values(chat=new)
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row["id"],
        key=row["key"],
        kind=row["kind"],
        address=Address(row["platform"], row["chat"], row["thread"]),
        local_date=row["local_date"],
        due_at=row["due_at"],
        expires_at=row["expires_at"],
        member=row["member"],
        group=row["group"],
        change=row["change"],
        state=row["state"],
        attempts=row["attempts"],
        message=row["message"],
        version=row["version"],
        shown=row["shown"],
    )
