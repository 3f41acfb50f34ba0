"""The outbox: deliveries from the moment they are queued until they are settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Insert,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import PRIVATE, Address
from bot.domain.reason import TOO_LATE
from bot.store.engine import many, upsert
from bot.tables import UtcDateTime, deliveries


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be sent once, under its key. Moments are UTC; the date is the local one it is about.

    What cannot or need not be sent any more is recorded too: its `state` and `reason` say why.
    """

    key: str
    kind: str
    address: Address
    local_date: date
    due_at: datetime
    expires_at: datetime
    member: int | None = None
    group: int | None = None
    change: int | None = None
    reminder: int | None = None
    state: str = "queued"
    reason: str | None = None

    @property
    def waits(self) -> bool:
        """Whether it is to be sent, rather than only recorded."""
        return self.state == "queued"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way or arrived. `version` counts what it should show, `shown` what it shows.

    `bundle` is the delivery whose message it is a part of. `handed_at` is when it was first handed to the platform.
    """

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
    reminder: int | None
    bundle: int | None
    state: str
    attempts: int
    handed_at: datetime | None
    token: int | None
    message: str | None
    version: int
    shown: int

    @property
    def edits(self) -> bool:
        """Whether it has arrived and is to be changed, rather than sent."""
        return self.message is not None

    @property
    def in_doubt(self) -> bool:
        """Whether it was handed over and nobody knows whether it arrived."""
        return self.state == "sending" and not self.edits


async def queue(db: AsyncConnection, *drafts: Draft) -> None:
    """Put messages into the outbox; one whose key is there already is left out."""
    if drafts:
        await many(db, _queued(db), _columns(drafts))


def _queued(db: AsyncConnection) -> Insert:
    """The statement of `queue`, made once: it is compiled only then."""
    name = db.dialect.name
    if name not in _QUEUED:
        begun = {"attempts": text("0"), "doubts": text("0"), "version": text("1"), "shown": text("0")}
        _QUEUED[name] = upsert(db, deliveries).values(begun).on_conflict_do_nothing(index_elements=["key"])
    return _QUEUED[name]


_QUEUED: dict[str, Insert] = {}


def _columns(drafts: Sequence[Draft]) -> dict[str, Sequence[object]]:
    """Drafts as columns: rows would only be taken apart again."""
    return {
        "key": [draft.key for draft in drafts],
        "kind": [draft.kind for draft in drafts],
        "platform": [draft.address.platform for draft in drafts],
        "chat": [draft.address.chat for draft in drafts],
        "thread": [draft.address.thread for draft in drafts],
        "member": [draft.member for draft in drafts],
        "group": [draft.group for draft in drafts],
        "change": [draft.change for draft in drafts],
        "reminder": [draft.reminder for draft in drafts],
        "local_date": [draft.local_date for draft in drafts],
        "due_at": [draft.due_at for draft in drafts],
        "expires_at": [draft.expires_at for draft in drafts],
        "state": [draft.state for draft in drafts],
        "reason": [draft.reason for draft in drafts],
        "next_at": [draft.due_at if draft.waits else None for draft in drafts],
        "settled_at": [None if draft.waits else draft.expires_at for draft in drafts],
    }


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
        # Of two asked at once the first, which is about study.
        .order_by(deliveries.c.due_at.desc(), deliveries.c.id)
        .limit(1)
    )
    found = row.one_or_none()
    return None if found is None else (found.kind, found.local_date)


async def holds_more(db: AsyncConnection, member: int, message: str, today: date) -> bool:
    """Whether a message to a member, sent in the last week, holds several deliveries and is not to be edited anyway."""
    asked = {"whose": member, "first": today - timedelta(days=7), "pressed": message}
    count, behind = (await db.execute(_PARTS, asked)).one()
    return bool(count > 1 and behind == 0)


# Made once, for most presses ask it: a statement is worked out anew each time it is built.
_PARTS = select(func.count(), func.max(deliveries.c.version - deliveries.c.shown)).where(
    deliveries.c.member == bindparam("whose"),
    deliveries.c.local_date >= bindparam("first"),
    deliveries.c.message == bindparam("pressed"),
    deliveries.c.bundle.is_not(None),
)


async def touch_question(
    db: AsyncConnection, member: int, kinds: Sequence[str], day: date, pressed: str | None, now: datetime
) -> None:
    """What a member was told of these kinds about a local date, and shows their answer, is to be brought up to date.

    Not the message whose button was `pressed`: its answer stands in its place already, unless it stands in the place
    of other questions too.
    """
    asked = (deliveries.c.member == member) & deliveries.c.kind.in_(kinds) & (deliveries.c.local_date == day)
    if pressed is not None:
        elsewhere = deliveries.c.message.is_(None) | (deliveries.c.message != pressed)
        asked &= elsewhere | deliveries.c.bundle.is_not(None)
    await _touch(db, asked, now)


async def touch_group(db: AsyncConnection, group: int, kind: str, day: date, now: datetime) -> None:
    """A group's post of a local date is to be brought up to date."""
    await _touch(
        db,
        (deliveries.c.group == group) & (deliveries.c.kind == kind) & (deliveries.c.local_date == day),
        now,
    )


async def _touch(db: AsyncConnection, which: ColumnElement[bool], now: datetime) -> None:
    # One that is still queued is composed when it is sent, so it needs no edit; one on its way is edited after. One in
    # doubt is left alone: we have no message to edit, and sending it again could say everything twice.
    await db.execute(
        update(deliveries)
        .where(which, deliveries.c.state.in_(("sent", "sending")))
        .values(version=deliveries.c.version + 1, next_at=now)
    )


# ---------------------------------------------------------------- the courier's questions


async def due(db: AsyncConnection, now: datetime, limit: int, platform: str) -> tuple[Delivery, ...]:
    """Deliveries to a platform with something to do by now, the longest due first."""
    rows = await db.execute(
        select(deliveries)
        .where(deliveries.c.platform == platform, deliveries.c.next_at <= now)
        .order_by(deliveries.c.next_at, deliveries.c.id)
        .limit(limit)
    )
    return tuple(map(_delivery, rows.mappings()))


async def bundled(db: AsyncConnection, bundles: Sequence[int]) -> tuple[Delivery, ...]:
    """All parts of some messages, in the order in which they are read."""
    rows = await db.execute(select(deliveries).where(deliveries.c.bundle.in_(bundles)).order_by(deliveries.c.id))
    return tuple(map(_delivery, rows.mappings()))


async def take_over(db: AsyncConnection, platform: str, token: int, now: datetime) -> int:
    """What somebody else was sending when the right to send became ours is in doubt from now on; how many."""
    queued = (deliveries.c.platform == platform) & deliveries.c.next_at.is_not(None)
    others = (deliveries.c.state == "sending") & (deliveries.c.token.is_(None) | (deliveries.c.token != token))
    result = await db.execute(update(deliveries).where(queued & others).values(next_at=now))
    return int(result.rowcount)


async def on_their_way(db: AsyncConnection, platform: str, since: float) -> Sequence[tuple[str, float]]:
    """What was handed over for groups since a moment, in seconds since 1970 UTC, and was not settled: each chat, and
    when."""
    groups = deliveries.c.chat.not_like(f"{PRIVATE}%") & deliveries.c.next_at.is_not(None)
    rows = await db.execute(
        select(deliveries.c.chat, deliveries.c.settled_at).where(
            deliveries.c.platform == platform, deliveries.c.state == "sending", groups
        )
    )
    handed = [(chat, at.timestamp()) for chat, at in rows if at is not None]
    return [(chat, at) for chat, at in handed if at >= since]


async def hand_over(
    db: AsyncConnection,
    parts: Sequence[Delivery],
    now: datetime,
    again_at: datetime,
    token: int,
    fence: ColumnElement[bool] | None = None,
) -> tuple[Delivery, ...] | None:
    """A message is about to leave: if we die now, its parts are in doubt, and looked at again at `again_at`.

    Gives the parts as they are now. None when somebody else has taken on one of them since they were read, or when the
    right to send is not ours any more (`fence`, a condition).
    """
    lead, *_ = parts
    first = now if lead.handed_at is None else lead.handed_at
    bundle = lead.id if len(parts) > 1 else lead.bundle
    unchanged = or_(*map(_as_read, parts))
    if len(parts) > 1:
        # All of them or none: one that was left behind as on its way would be in doubt without having left.
        there = await db.execute(select(deliveries.c.id).where(unchanged).with_for_update())
        if len(there.all()) != len(parts):
            return None
    marked = update(deliveries).where(unchanged if fence is None else unchanged & fence)
    doubted = {"doubts": deliveries.c.doubts + 1} if lead.in_doubt else {}
    result = await db.execute(
        marked.values(
            state="sending",
            attempts=deliveries.c.attempts + 1,
            next_at=again_at,
            settled_at=now,
            handed_at=first,
            token=token,
            bundle=bundle,
            **doubted,
        )
    )
    if result.rowcount != len(parts):
        return None
    return tuple(
        replace(part, state="sending", attempts=part.attempts + 1, token=token, handed_at=first, bundle=bundle)
        for part in parts
    )


def _as_read(part: Delivery) -> ColumnElement[bool]:
    """Whether nobody has taken a delivery on since it was read: what a compare-and-set compares.

    Attempts begin anew once a message has arrived; the token tells one sender from the next.
    """
    return and_(
        deliveries.c.id == part.id,
        deliveries.c.state == part.state,
        deliveries.c.attempts == part.attempts,
        deliveries.c.token.is_not_distinct_from(part.token),
    )


async def settle(
    db: AsyncConnection, parts: Sequence[Delivery], state: str, now: datetime, **values: object
) -> tuple[Delivery, ...]:
    """What became of deliveries; gives those that nobody else has taken on since.

    One that was asked to show something newer meanwhile stays due.
    """
    ours = []
    for part in parts:
        # What arrived has its attempts behind it: the next edit begins anew.
        arrived = {"attempts": 0, "shown": part.version} if state == "sent" else {}
        newer = case((deliveries.c.version > part.version, literal(now, UtcDateTime))) if state == "sent" else None
        settled = update(deliveries).where(_as_read(part)).values(state=state, settled_at=now, next_at=newer)
        if (await db.execute(settled.values(**(values | arrived)))).rowcount == 1:
            ours.append(part)
    return tuple(ours)


async def wait(
    db: AsyncConnection, parts: Sequence[Delivery], until: datetime, reason: str, *, doubtful: bool = False
) -> None:
    """Look at deliveries again at a moment. `doubtful`: nobody knows whether they arrived; else they did not."""
    for part in parts:
        values: dict[str, object] = {"next_at": until, "reason": reason}
        if part.edits:
            values["state"] = "sent"
        elif doubtful:
            values["state"] = "sending"
        else:
            # It certainly did not arrive: the next handing over is the first.
            values |= {"state": "queued", "handed_at": None}
        await db.execute(update(deliveries).where(_as_read(part)).values(**values))


async def redirect(db: AsyncConnection, parts: Sequence[Delivery], address: Address, now: datetime) -> None:
    """Send deliveries that did not arrive to another address, at once."""
    there = {"platform": address.platform, "chat": address.chat, "thread": address.thread}
    for part in parts:
        anew = update(deliveries).where(_as_read(part))
        await db.execute(anew.values(**there, state="queued", next_at=now, handed_at=None, bundle=None))


async def expire(db: AsyncConnection, now: datetime) -> int:
    """What nobody could send in time, because its platform is not served or not there, is too late; how many."""
    result = await db.execute(
        update(deliveries)
        .where(_late(now))
        .values(state="expired", next_at=None, settled_at=now, reason=func.coalesce(deliveries.c.reason, TOO_LATE))
    )
    return int(result.rowcount)


def late(kinds: Sequence[str], now: datetime) -> Select[int | None]:
    """The question for the reminders whose deliveries of these kinds `expire` would find, to be asked inside others."""
    return select(deliveries.c.reminder).where(_late(now), deliveries.c.kind.in_(kinds))


def _late(now: datetime) -> ColumnElement[bool]:
    return and_(deliveries.c.state == "queued", deliveries.c.next_at.is_not(None), deliveries.c.expires_at < now)


async def rewind(db: AsyncConnection, now: datetime) -> None:
    """The clock was set back: what waits for a moment that is far off again is looked at now."""
    # What is in doubt too: by the time that the clock is there again, its key is long forgotten.
    await db.execute(update(deliveries).where(deliveries.c.next_at > now).values(next_at=now))


async def forget_old(db: AsyncConnection, before: date, limit: int) -> int:
    """Housekeeping: remove what was settled long ago, so many rows at the most; how many there were.

    Looks at the first rows only: what is about an earlier date was queued earlier, or nearly so.
    """
    settled = select(deliveries.c.id, deliveries.c.local_date).where(deliveries.c.next_at.is_(None))
    first = settled.order_by(deliveries.c.id).limit(limit).subquery().c
    old = select(first.id).where(first.local_date < before)
    return int((await db.execute(deliveries.delete().where(deliveries.c.id.in_(old)))).rowcount)


async def next_moment(db: AsyncConnection) -> datetime | None:
    """When the next delivery has something to do."""
    query = select(func.min(deliveries.c.next_at)).where(deliveries.c.next_at.is_not(None))
    found: datetime | None = (await db.execute(query)).scalar_one()
    return found


async def moved(db: AsyncConnection, platform: str, old: str, new: str) -> None:
    """A chat has another id now: what is still to be sent goes there. Messages of the old chat stay behind."""
    await db.execute(
        update(deliveries)
        .where(
            deliveries.c.platform == platform,
            # By the queue's index: of what was ever said there may be millions.
            deliveries.c.next_at.is_not(None),
            deliveries.c.chat == old,
            deliveries.c.state == "queued",
        )
        .values(chat=new)
    )


def _delivery(row: RowMapping) -> Delivery:
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
        reminder=row["reminder"],
        bundle=row["bundle"],
        state=row["state"],
        attempts=row["attempts"],
        handed_at=row["handed_at"],
        token=row["token"],
        message=row["message"],
        version=row["version"],
        shown=row["shown"],
    )
