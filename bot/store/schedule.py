"""Reminders: the local rules of members and groups, and when each is next due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.occurrence import Rule, next_occurrence
from bot.store import outbox
from bot.store.engine import upsert
from bot.tables import checkins, groups, members, memberships, reminders

GROUP_CHECKIN = "group"
RECAP = "recap"


@dataclass(frozen=True, slots=True)
class Reminder:
    """A rule and where it stands. `next_due_at` is UTC, `next_date` the local date it will be for."""

    id: int
    kind: str
    member: int | None
    group: int | None
    minute: int
    days: int
    place: str
    last_date: date | None
    next_due_at: datetime | None
    next_date: date | None
    zone: str

    def after(self, now: datetime, last: date | None) -> dict[str, Any]:
        """The columns that say when it is next due, after a moment and a local date."""
        if self.place == "off":
            return {"next_due_at": None, "next_date": None}
        due = next_occurrence(Rule(self.minute, self.zone, self.days), now, last)
        return {"next_due_at": due.at, "next_date": due.day}


def _reminders() -> Any:
    """Reminders with the zone they go by: their member's or their group's."""
    return (
        select(reminders, func.coalesce(members.c.zone, groups.c.zone).label("zone"))
        .outerjoin(members, members.c.id == reminders.c.member)
        .outerjoin(groups, groups.c.id == reminders.c.group)
    )


def _held() -> Any:
    """Reminders that nobody claims or changes until this transaction ends: a write follows."""
    return _reminders().with_for_update(of=reminders)


async def of_member(db: AsyncConnection, member: int, kind: str) -> Reminder | None:
    """A member's reminder of a kind, to look at."""
    return next(iter(await _chosen(db, _reminders(), _mine(member, kind))), None)


async def all_of_member(db: AsyncConnection, member: int) -> tuple[Reminder, ...]:
    """All reminders of a member, to look at."""
    return await _chosen(db, _reminders(), reminders.c.member == member)


async def _chosen(db: AsyncConnection, query: Any, which: Any) -> tuple[Reminder, ...]:
    rows = await db.execute(query.where(which).order_by(reminders.c.id))
    return tuple(map(_reminder, rows.mappings()))


def _mine(member: int, kind: str) -> Any:
    return (reminders.c.member == member) & (reminders.c.kind == kind)


async def refresh_member(db: AsyncConnection, member: int, now: datetime) -> None:
    """Work out anew when a member's reminders are due: a time, the days or the zone changed."""
    for reminder in await _chosen(db, _held(), reminders.c.member == member):
        await _advance(db, reminder, now, reminder.last_date)


async def refresh_group(db: AsyncConnection, group: int, now: datetime) -> None:
    """Write a group's own rules from its wishes, and work out when they are due."""
    wishes = (await db.execute(select(groups).where(groups.c.id == group))).mappings().one()
    rules = {
        GROUP_CHECKIN: {"minute": wishes["checkin_minute"], "days": 0b1111111},
        RECAP: {"minute": wishes["recap_minute"], "days": 1 << wishes["recap_day"]},
    }
    for kind, rule in rules.items():
        await db.execute(
            upsert(db, reminders)
            .values(kind=kind, group=group, place="group", **rule)
            .on_conflict_do_update(index_elements=["kind", "group"], set_=rule)
        )
    for reminder in await _chosen(db, _held(), reminders.c.group == group):
        await _advance(db, reminder, now, reminder.last_date)


async def any_due(db: AsyncConnection, now: datetime) -> bool:
    """Whether some reminder's moment has come: what every tick asks, and mostly all that it does."""
    query = select(select(reminders.c.id).where(reminders.c.next_due_at <= now).exists())
    return bool((await db.execute(query)).scalar())


async def due(db: AsyncConnection, now: datetime, limit: int) -> tuple[Reminder, ...]:
    """Reminders whose moment has come, the earliest first, without those that another process is claiming."""
    rows = await db.execute(
        _reminders()
        .where(reminders.c.next_due_at <= now)
        .order_by(reminders.c.next_due_at, reminders.c.id)
        .limit(limit)
        .with_for_update(of=reminders, skip_locked=True)
    )
    return tuple(map(_reminder, rows.mappings()))


async def claimed(db: AsyncConnection, reminder: Reminder, now: datetime) -> None:
    """Its occurrence is queued: on to the next, which is for a later local date."""
    await _advance(db, reminder, now, reminder.next_date, last_date=reminder.next_date)


async def set_aside(db: AsyncConnection, reminder: Reminder, at: datetime) -> None:
    """Look at a reminder again at a moment, for the same local date."""
    await _write(db, reminder.id, next_due_at=at)


async def answered(db: AsyncConnection, member: int, track: str, day: date, pressed: str | None, now: datetime) -> None:
    """A member has answered for a local date: no reminder of it, and the rosters of that day show the answer."""
    for row in await _chosen(db, _held(), _mine(member, track)):
        if row.next_date is not None and row.next_date <= day:
            await _advance(db, row, now, day, last_date=day)
    await outbox.touch_question(db, member, track, day, pressed, now)
    await _touch_groups(db, member, day, now)


async def unanswered(db: AsyncConnection, member: int, change: int, pressed: str | None, now: datetime) -> None:
    """The answers of a change were taken back: the rosters show them no more, and a day still to be asked for is."""
    given = select(checkins.c.track, checkins.c.local_date).where(checkins.c.change == change)
    for track, day in (await db.execute(given)).all():
        for row in await _chosen(db, _held(), _mine(member, track)):
            if row.last_date == day:
                before = day - timedelta(days=1)
                await _advance(db, row, now, before, last_date=before)
        await outbox.touch_question(db, member, track, day, pressed, now)
        await _touch_groups(db, member, day, now)


async def next_moment(db: AsyncConnection) -> datetime | None:
    """When the next reminder is due."""
    query = select(reminders.c.next_due_at).where(reminders.c.next_due_at.is_not(None))
    row = (await db.execute(query.order_by(reminders.c.next_due_at).limit(1))).one_or_none()
    return row.next_due_at if row else None


async def _touch_groups(db: AsyncConnection, member: int, day: date, now: datetime) -> None:
    # In one order for everybody: two who answer at once must not wait for each other's posts.
    mine = select(memberships.c.group).where(memberships.c.member == member, memberships.c.left_at.is_(None))
    for (group,) in (await db.execute(mine.order_by(memberships.c.group))).all():
        await outbox.touch_group(db, group, GROUP_CHECKIN, day, now)


async def _advance(db: AsyncConnection, reminder: Reminder, now: datetime, last: date | None, **more: Any) -> None:
    await _write(db, reminder.id, **reminder.after(now, last), **more)


async def _write(db: AsyncConnection, id: int, **values: Any) -> None:
    await db.execute(update(reminders).where(reminders.c.id == id).values(**values))


def _reminder(row: Any) -> Reminder:
    return Reminder(
        id=row["id"],
        kind=row["kind"],
        member=row["member"],
        group=row["group"],
        minute=row["minute"],
        days=row["days"],
        place=row["place"],
        last_date=row["last_date"],
        next_due_at=row["next_due_at"],
        next_date=row["next_date"],
        zone=row["zone"],
    )
