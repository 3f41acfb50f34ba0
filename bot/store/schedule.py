"""Reminders, each stored with the moment at which it is next due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypedDict

from sqlalchemy import ColumnElement, Date, Row, Select, bindparam, case, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import kind as kinds
from bot.domain.dates import Circumstances
from bot.domain.group import Group
from bot.domain.kind import Kind, Owner
from bot.domain.member import Quiet, local_day
from bot.domain.occurrence import Occurrence, Range
from bot.domain.reminder import Reminder
from bot.domain.rest import paused_range
from bot.store import belonging, outbox, rests
from bot.store.changes import Change
from bot.store.engine import upsert
from bot.tables import UtcDateTime, accounts, checkins, enrolments, groups, members, memberships, reminders

OwnColumns = tuple[
    *tuple[int, str, int | None, int | None, int, int, str, date | None, datetime | None, date | None],
    *tuple[int, datetime | None, datetime | None, date | None],
]
OWN = (
    *("id", "kind", "member", "group", "minute", "days", "place", "last_date", "later_at", "later_date"),
    *("ignored", "paused_at", "next_due_at", "next_date"),
)
"""The columns of a reminder that a Reminder begins with, in its order."""

ClockColumns = tuple[str, int | None, int | None, int | None, date | None, date | None]
CLOCK = ("day_start", "quiet_from", "quiet_to", "paused_from", "paused_until")
"""The columns of a member that say, after the zone, by which clock their reminders go."""


def with_clock() -> Select[*OwnColumns, *ClockColumns]:
    """Reminders with the clock they go by: their member's or their group's."""
    zone = func.coalesce(members.c.zone, groups.c.zone)
    return (
        select(*(reminders.c[name] for name in OWN), zone, *(members.c[name] for name in CLOCK))
        .outerjoin(members, members.c.id == reminders.c.member)
        .outerjoin(groups, groups.c.id == reminders.c.group)
    )


def locked() -> Select[*OwnColumns, *ClockColumns]:
    """Reminders that nobody claims or changes until this transaction ends: a write follows."""
    return with_clock().with_for_update(of=reminders)


async def of_member(db: AsyncConnection, member: int, kind: str) -> Reminder | None:
    """A member's reminder of a kind, to look at."""
    return next(iter(await matching(db, with_clock(), _mine(member, kind))), None)


async def all_of_member(db: AsyncConnection, member: int) -> tuple[Reminder, ...]:
    """All reminders of a member, to look at."""
    return tuple(map(_reminder, await db.execute(_OF_MEMBER, {"who": member})))


# Asked by most commands, and so made once.
_OF_MEMBER = with_clock().where(reminders.c.member == bindparam("who")).order_by(reminders.c.id)


async def of_group(db: AsyncConnection, group: int) -> dict[str, Reminder]:
    """A group's own reminders by their kinds, to look at."""
    return {reminder.kind: reminder for reminder in await matching(db, with_clock(), reminders.c.group == group)}


async def turned_off(db: AsyncConnection, id: int | None, kind: str) -> bool:
    """Whether the reminder of that id, if it is still of that kind, has been turned off."""
    mine = (reminders.c.id == id) & (reminders.c.kind == kind) & (reminders.c.place == "off")
    return id is not None and (await db.execute(select(reminders.c.id).where(mine))).first() is not None


async def matching(
    db: AsyncConnection, query: Select[*OwnColumns, *ClockColumns], which: ColumnElement[bool]
) -> tuple[Reminder, ...]:
    """Some reminders of a question, by their ids."""
    rows = await db.execute(query.where(which).order_by(reminders.c.id))
    return tuple(map(_reminder, rows))


def _mine(member: int, kind: str) -> ColumnElement[bool]:
    return (reminders.c.member == member) & (reminders.c.kind == kind)


# ---------------------------------------------------------------- what else decides


async def circumstances(db: AsyncConnection, found: Sequence[Reminder]) -> Circumstances:
    """What else decides when these reminders are due; asks only what they need."""
    resting = {r.member for r in found if r.member is not None and r.resting}
    warned = {r.member for r in found if r.dates.before}
    missed = {r.member for r in found if r.dates.silence}
    return Circumstances(
        days_off=await rests.off_all(db, sorted(resting)) if resting else {},
        deadlines=await _deadlines(db, warned) if warned else {},
        last_heard=await _last_heard(db, missed) if missed else {},
    )


async def _deadlines(db: AsyncConnection, who: Iterable[int | None]) -> dict[int, tuple[date, ...]]:
    current = (enrolments.c.ended_at.is_(None), enrolments.c.deadline.is_not(None))
    rows = await db.execute(
        select(enrolments.c.member, enrolments.c.deadline).where(enrolments.c.member.in_(who), *current)
    )
    found: dict[int, set[date]] = defaultdict(set)
    for member, deadline in rows:
        found[member].add(deadline)
    return {member: tuple(sorted(days)) for member, days in found.items()}


async def _last_heard(db: AsyncConnection, who: Iterable[int | None]) -> dict[int, datetime]:
    latest = select(accounts.c.member, accounts.c.seen_at).where(accounts.c.member.in_(who))
    found: dict[int, datetime] = {}
    for member, at in await db.execute(latest):
        found[member] = max(at, found.get(member, at))
    return found


# ---------------------------------------------------------------- wishes that changed


async def refresh_member(db: AsyncConnection, member: int, now: datetime) -> tuple[Reminder, ...]:
    """Work out anew when a member's reminders are due: a time, the days, the zone, days off or a deadline changed.

    Gives them as they are then.
    """
    found = await matching(db, locked(), reminders.c.member == member)
    decided = await circumstances(db, found)
    refreshed = []
    for reminder in found:
        dated = reminder
        if reminder.later_at is not None and reminder.later_date is None:
            # /later has just been said: it is about the day it is said on.
            dated = replace(reminder, later_date=local_day(now, reminder.zone, reminder.day_start))
        due = _due_columns(dated.anew(now, dated.last_date, decided))
        anew = replace(reminder, **due, later_date=dated.later_at and dated.later_date)
        if anew != reminder:
            await write_columns(db, reminder.id, **due, later_date=anew.later_date)
        refreshed.append(anew)
    return tuple(refreshed)


async def refresh_group(db: AsyncConnection, group: int, now: datetime) -> Group:
    """Write a group's own rules from its wishes, which it gives, and work out when they are due.

    Whether a post is on, and on which days the group is asked, the rule alone knows: that stays as it is.
    """
    wishes = await belonging.group(db, group)
    for kind in kinds.of_owner(Owner.LEADER):
        rule = _wished(kind, wishes)
        usual = {"place": "group" if kind.from_start else "off", "minute": kind.minute, "days": kind.days}
        post = upsert(db, reminders).values({"kind": kind.name, "group": group, **usual, **rule})
        ours = ["kind", "group"]
        await db.execute(
            post.on_conflict_do_update(index_elements=ours, set_=rule)
            if rule
            else post.on_conflict_do_nothing(index_elements=ours)
        )
    for reminder in await matching(db, locked(), reminders.c.group == group):
        await write_columns(db, reminder.id, **_due_columns(reminder.anew(now, reminder.last_date, Circumstances())))
    return wishes


def _wished(kind: Kind, wishes: Group) -> dict[str, int]:
    """What a group's wishes say about a post: nothing where it stands with the post's own rule."""
    if kind.wish is None:
        return {}
    minute = {"minute": int(getattr(wishes, kind.wish.minute))}
    return minute if kind.wish.day is None else {**minute, "days": 1 << int(getattr(wishes, kind.wish.day))}


async def note_activity(db: AsyncConnection, member: int, now: datetime) -> None:
    """A member said something: nothing was ignored, and silence begins anew."""
    waiting = kinds.chosen(lambda kind: kind.dates.silence > 0)
    # The claim looks at their last word and at their clock; until then it is enough not to be late.
    again = now + timedelta(days=min((kind.dates.silence for kind in waiting), default=1) - 1)
    silent = reminders.c.kind.in_([kind.name for kind in waiting]) & (reminders.c.place != "off")
    asleep = silent & reminders.c.next_due_at.is_(None)
    await db.execute(
        update(reminders)
        .where(reminders.c.member == member, or_(reminders.c.ignored > 0, asleep))
        .values(
            ignored=0,
            next_due_at=case((asleep, literal(again, UtcDateTime)), else_=reminders.c.next_due_at),
            next_date=case((asleep, literal(again.date(), Date)), else_=reminders.c.next_date),
        )
    )


# ---------------------------------------------------------------- answers


async def note_answer(change: Change, track: str, day: date, pressed: str | None, *, studied: bool) -> None:
    """A member has answered for a local date: no reminder of it, and the rosters of that day show the answer.

    A reminder that had stopped by itself goes on. Taken back, the answer leaves them as they were. Rosters show who
    `studied` and nobody else: another answer leaves no trace on a group's post, not even "edited".
    """
    db, member, now = change.db, change.member.id, change.now
    found = await matching(db, locked(), _mine(member, track))
    decided = await circumstances(db, found)
    for row in found:
        last = max(row.last_date or day, day)
        awake = replace(row, paused_at=None)
        if row.later_date is not None and row.later_date <= day:
            awake = replace(awake, later_at=None, later_date=None)
        later = {"later_at": awake.later_at, "later_date": awake.later_date}
        # Its member too: SQLite gives the id of a reminder that was taken back to the next one.
        mine = {"id": row.id, "member": member}
        await change.follow(reminders, mine, last_date=last, paused_at=None, **later)
        await write_columns(db, row.id, **_due_columns(awake.anew(now, last, decided)), ignored=0)
    await outbox.touch_question(db, member, kinds.showing(Owner.MEMBER, track), day, pressed, now)
    if studied:
        await _touch_groups(db, member, track, day, now)


async def withdraw_answer(db: AsyncConnection, member: int, change: int, pressed: str | None, now: datetime) -> None:
    """The answers of a change were taken back: what was asked and the rosters show them no more."""
    given = select(checkins.c.track, checkins.c.local_date, checkins.c.studied).where(checkins.c.change == change)
    for track, day, studied in (await db.execute(given)).all():
        await outbox.touch_question(db, member, kinds.showing(Owner.MEMBER, track), day, pressed, now)
        if studied:
            await _touch_groups(db, member, track, day, now)


async def set_rule(change: Change, row: Reminder | None, kind: str, *, minute: int, days: int, place: str) -> None:
    """A kind of the member's comes so many minutes after local midnight, on these days, there, or is off.

    `row` is the reminder as it is, None for a new one; one that had stopped by itself goes on. Their reminders are to
    be refreshed after.
    """
    if row is None:
        member = change.member.id
        await change.create(reminders, kind=kind, member=member, minute=minute, days=days, place=place)
        return
    rule: dict[str, object] = {"minute": minute, "days": days, "place": place}
    if row.paused_at is not None:
        rule["paused_at"] = None
    await change.set(reminders, {"id": row.id}, **rule)


async def set_post(
    change: Change, row: Reminder, *, on: bool, minute: int | None = None, days: int | None = None
) -> None:
    """A group's post is on or off, at that minute and on these days where they are given.

    The group is to be refreshed after.
    """
    wish: dict[str, object] = {"place": "group" if on else "off"}
    if minute is not None:
        wish["minute"] = minute
    if days is not None:
        wish["days"] = days
    await change.set(reminders, {"id": row.id}, **wish)


async def resume(change: Change, row: Reminder) -> None:
    """A reminder that had stopped by itself goes on; its member's are to be refreshed after."""
    await change.set(reminders, {"id": row.id}, paused_at=None)


async def ask_later(change: Change, row: Reminder, at: datetime | None, today: date) -> None:
    """Today's question comes at another moment in UTC, or, without one, not at all; one that had stopped goes on.

    Its own time is not another one. Its member's reminders are to be refreshed after.
    """
    wish: dict[str, object] = {"later_at": at, "later_date": at and today, "last_date": today}
    if row.paused_at is not None:
        wish["paused_at"] = None
    await change.set(reminders, {"id": row.id}, **wish)


async def touch_rosters(db: AsyncConnection, group: int, day: date, now: datetime) -> None:
    """A group's posts of a local date that show who studied are to be brought up to date."""
    for kind in kinds.of_owner(Owner.LEADER):
        if kind.shows:
            await outbox.touch_group(db, group, kind.name, day, now)


async def _touch_groups(db: AsyncConnection, member: int, track: str, day: date, now: datetime) -> None:
    # In one order for everybody: two who answer at once must not wait for each other's posts.
    mine = select(memberships.c.group).where(memberships.c.member == member, memberships.c.left_at.is_(None))
    for (group,) in (await db.execute(mine.order_by(memberships.c.group))).all():
        for kind in kinds.showing(Owner.LEADER, track):
            await outbox.touch_group(db, group, kind, day, now)


class _Due(TypedDict):
    next_due_at: datetime | None
    next_date: date | None


def _due_columns(due: Occurrence | None) -> _Due:
    return {"next_due_at": due.at if due else None, "next_date": due.day if due else None}


async def write_columns(db: AsyncConnection, id: int, **values: object) -> None:
    """Write columns of a reminder that follow from its rule, and that no /undo takes back."""
    await db.execute(update(reminders).where(reminders.c.id == id).values(**values))


# By their places: by the names of the fields it would take as long as the database.
def _reminder(row: Row[*OwnColumns, *ClockColumns]) -> Reminder:
    return Reminder(*row[:14], *clock_of(*row[14:20]), kinds.known_dates(row[1]))


def clock_of(
    zone: str,
    day_start: int | None,
    quiet_from: int | None,
    quiet_to: int | None,
    paused_from: date | None,
    paused_until: date | None,
) -> tuple[str, int, Quiet | None, Range | None]:
    """What of a Reminder says by which clock it goes: zone, start of the day, quiet hours and pause."""
    quiet = None if quiet_from is None or quiet_to is None else Quiet(quiet_from, quiet_to)
    return zone, day_start or 0, quiet, None if paused_from is None else paused_range(paused_from, paused_until)
