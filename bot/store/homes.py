"""Homes: the chats in which groups live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import Address
from bot.store.belonging import members_of
from bot.store.changes import Change
from bot.store.engine import upsert
from bot.tables import UtcDateTime, groups, homes, members, memberships


@dataclass(frozen=True, slots=True)
class HomeRow:
    """A chat or topic by its row, and the group it is or was a home of."""

    id: int
    group: int


async def home_at(db: AsyncConnection, address: Address) -> HomeRow | None:
    """The home that exactly this address is, or was before we left it or it was taken back."""
    row = (
        await db.execute(
            select(homes).where(
                homes.c.platform == address.platform, homes.c.chat == address.chat, homes.c.thread == address.thread
            )
        )
    ).one_or_none()
    return None if row is None else HomeRow(row.id, row.group)


async def any_in(db: AsyncConnection, platform: str, chats: Collection[str]) -> bool:
    """Whether a group lives in one of these chats, be it in a thread of it."""
    here = select(homes.c.id).where(homes.c.platform == platform, homes.c.chat.in_(chats), homes.c.gone_at.is_(None))
    return await db.scalar(here.limit(1)) is not None


async def open_home(change: Change, group: int, address: Address, name: str) -> None:
    """An address becomes a group's home; taken back, we have left it."""
    where = {"platform": address.platform, "chat": address.chat, "thread": address.thread}
    await change.create(homes, end="gone_at", group=group, name=name[:120], **where)


async def return_home(change: Change, home: int, group: int) -> None:
    """A home that was left, or was another group's, is this group's."""
    await change.set(homes, {"id": home}, group=group, gone_at=None)


async def set_wishes(
    change: Change,
    group: int,
    *,
    zone: str | None = None,
    checkin_minute: int | None = None,
    recap_day: int | None = None,
    recap_minute: int | None = None,
    roadmap: str | None = None,
    deadline: date | None = None,
    language: str | None = None,
) -> None:
    """What a group wishes for; what is None stays as it is. Minutes are after local midnight, Monday is day 0."""
    wishes = {
        "zone": zone,
        "checkin_minute": checkin_minute,
        "recap_day": recap_day,
        "recap_minute": recap_minute,
        "roadmap": roadmap,
        "deadline": deadline,
        "language": language,
    }
    named = {name: value for name, value in wishes.items() if value is not None}
    if named:
        await change.set(groups, {"id": group}, **named)


GROUP_TIMES = ("checkin_minute", "recap_minute", "recap_day")
"""What a group wishes for about its posts, by the names that kinds of messages use for it."""


async def set_times(change: Change, group: int, wished: Mapping[str, int]) -> None:
    """When a group's posts come, each of GROUP_TIMES that is given. Raises ValueError for anything else."""
    if other := set(wished) - set(GROUP_TIMES):
        raise ValueError(f"a group's posts have no {', '.join(sorted(other))}")
    if wished:
        await change.set(groups, {"id": group}, **wished)


async def led_by(db: AsyncConnection, group: int, leader: int) -> None:
    """Note who set a group up last: they are told when its posts do not get through. It is no wish, nothing to undo."""
    await db.execute(update(groups).where(groups.c.id == group).values(leader=leader))


async def led(db: AsyncConnection, leader: int) -> set[int]:
    """The groups that a member set up last, by their ids; they may have left them since."""
    return set((await db.execute(select(groups.c.id).where(groups.c.leader == leader))).scalars())


async def leader_at(db: AsyncConnection, address: Address) -> tuple[int, int] | None:
    """The group whose home an address is, and who set it up last; None where nobody did."""
    here = and_(homes.c.platform == address.platform, homes.c.chat == address.chat, homes.c.thread == address.thread)
    found = select(groups.c.id, groups.c.leader).join(homes, homes.c.group == groups.c.id)
    row = (await db.execute(found.where(here, homes.c.gone_at.is_(None), groups.c.leader.is_not(None)))).one_or_none()
    return None if row is None else (row.id, row.leader)


async def move_members(db: AsyncConnection, old: int, new: int, now: datetime) -> None:
    """Everybody in a group that has lost its last home is in the other group from now on."""
    known = select(memberships.c.member).where(memberships.c.group == new)
    coming = select(literal(new), memberships.c.member, literal(now, UtcDateTime)).where(
        memberships.c.group == old, memberships.c.left_at.is_(None), memberships.c.member.not_in(known)
    )
    back = memberships.c.member.in_(members_of(old))
    await db.execute(update(memberships).where(memberships.c.group == new, back).values(left_at=None))
    # Somebody may be coming by themselves at this moment.
    adding = upsert(db, memberships).from_select(["group", "member", "joined_at"], coming)
    await db.execute(adding.on_conflict_do_nothing(index_elements=["group", "member"]))
    await db.execute(update(members).where(members.c.main_group == old).values(main_group=new))
    mine = (memberships.c.group == old) & memberships.c.left_at.is_(None)
    await db.execute(update(memberships).where(mine).values(left_at=now))


@dataclass(frozen=True, slots=True)
class Home:
    """Where a group lives; `name` is the chat's."""

    group: str
    name: str
    address: Address


async def homes_of(db: AsyncConnection, group: int) -> tuple[Address, ...]:
    """Where a group lives."""
    rows = await db.execute(
        select(homes.c.platform, homes.c.chat, homes.c.thread)
        .where(homes.c.group == group, homes.c.gone_at.is_(None))
        .order_by(homes.c.id)
    )
    return tuple(Address(*row) for row in rows)


async def homes_of_all(db: AsyncConnection, groups: Collection[int]) -> dict[int, list[Address]]:
    """Where some groups live, without those that nobody is in any more."""
    peopled = select(memberships.c.group).where(memberships.c.group.in_(groups), memberships.c.left_at.is_(None))
    rows = await db.execute(
        select(homes.c.group, homes.c.platform, homes.c.chat, homes.c.thread)
        .where(homes.c.group.in_(peopled), homes.c.gone_at.is_(None))
        .order_by(homes.c.id)
    )
    found: dict[int, list[Address]] = defaultdict(list)
    for group, *address in rows:
        found[group].append(Address(*address))
    return dict(found)


async def main_homes(db: AsyncConnection, wanted: Collection[int]) -> dict[int, Address]:
    """Where each of some members is spoken to in a group: the first home of their main group, else of their first."""
    rows = await db.execute(
        select(memberships.c.member, homes.c.platform, homes.c.chat, homes.c.thread)
        .join(members, members.c.id == memberships.c.member)
        .join(homes, homes.c.group == memberships.c.group)
        .where(memberships.c.member.in_(wanted), memberships.c.left_at.is_(None), homes.c.gone_at.is_(None))
        .order_by((homes.c.group == members.c.main_group).desc(), memberships.c.joined_at, homes.c.group, homes.c.id)
    )
    found: dict[int, Address] = {}
    for member, *address in rows:
        found.setdefault(member, Address(*address))
    return found


async def every_home(db: AsyncConnection) -> tuple[Home, ...]:
    """Where every group lives."""
    rows = await db.execute(
        select(groups.c.name, homes.c.name, homes.c.platform, homes.c.chat, homes.c.thread)
        .join(homes, homes.c.group == groups.c.id)
        .where(homes.c.gone_at.is_(None))
        .order_by(homes.c.id)
    )
    return tuple(Home(group, name, Address(*address)) for group, name, *address in rows)


async def settle_in(db: AsyncConnection, group: int, address: Address, name: str) -> None:
    """Give a group a home; one that it had left becomes its home again."""
    here = and_(homes.c.platform == address.platform, homes.c.chat == address.chat, homes.c.thread == address.thread)
    if (await db.execute(select(homes.c.id).where(here))).one_or_none() is None:
        row = {"platform": address.platform, "chat": address.chat, "thread": address.thread}
        await db.execute(insert(homes).values(group=group, name=name[:120], **row))
    else:
        await db.execute(update(homes).where(here).values(group=group, name=name[:120], gone_at=None))


async def groups_in(db: AsyncConnection, platform: str, chat: str) -> tuple[int, ...]:
    """The groups that live in a chat, be it in a thread of it."""
    here = and_(homes.c.platform == platform, homes.c.chat == chat, homes.c.gone_at.is_(None))
    return tuple((await db.execute(select(homes.c.group).where(here).distinct())).scalars())


async def home_gone(db: AsyncConnection, address: Address, now: datetime) -> None:
    """Note that we are not in a chat any more; without a thread, in none of its threads."""
    here = and_(homes.c.platform == address.platform, homes.c.chat == address.chat, homes.c.gone_at.is_(None))
    if address.thread:
        here = and_(here, homes.c.thread == address.thread)
    await db.execute(update(homes).where(here).values(gone_at=now))


async def home_moved(db: AsyncConnection, platform: str, old: str, new: str) -> None:
    """A chat has another id now: its homes go with it. Where the new chat was set up already, that stands."""
    there = and_(homes.c.platform == platform, homes.c.chat == old)
    here = and_(homes.c.platform == platform, homes.c.chat == new)
    threads = select(homes.c.thread)
    moving = (await db.execute(threads.where(there))).scalars().all()
    await db.execute(delete(homes).where(here, homes.c.gone_at.is_not(None), homes.c.thread.in_(moving)))
    taken = (await db.execute(threads.where(here))).scalars().all()
    await db.execute(delete(homes).where(there, homes.c.thread.in_(taken)))
    await db.execute(update(homes).where(there).values(chat=new))
