"""Homes: the chats in which groups live."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import Address
from bot.store.changes import Change
from bot.store.engine import upsert
from bot.store.people import members_of
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
