"""Who belongs to which group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, Select, and_, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.address import Address
from bot.domain.group import CHECKIN_MINUTE, RECAP_DAY, RECAP_MINUTE, Group
from bot.domain.member import Member
from bot.store.engine import to_write
from bot.store.people import member_of
from bot.tables import groups, homes, members, memberships


async def group(db: AsyncConnection, id: int) -> Group:
    """A group by id."""
    return _group((await db.execute(select(groups).where(groups.c.id == id))).mappings().one())


async def group_at(db: AsyncConnection, address: Address) -> Group | None:
    """The group whose home an address is. A home without a thread speaks for every thread of its chat."""
    found = await db.execute(_GROUP_AT, _at(address))
    row = found.mappings().one_or_none()
    return None if row is None else _group(row)


async def groups_of(db: AsyncConnection, member: int) -> tuple[Group, ...]:
    """A member's groups, the main one first."""
    rows = await db.execute(_GROUPS_OF, {"who": member})
    return tuple(map(_group, rows.mappings()))


async def around(db: AsyncConnection, member: int, address: Address) -> tuple[tuple[Group, ...], Group | None]:
    """A member's groups, the main one first, and the group whose home an address is, be it theirs or not."""
    result = await db.execute(_AROUND, {"who": member, **_at(address)})
    rows = result.mappings().all()
    mine = tuple(map(_group, rows))
    if not mine:
        return (), await group_at(db, address)
    if rows[0]["here"] is None:
        return mine, None
    known = next((group for group in mine if group.id == rows[0]["here"]), None)
    return mine, known or await group(db, rows[0]["here"])


async def enter(db: AsyncConnection, group: int, member: int, now: datetime) -> bool:
    """Make somebody a member of a group; coming back restores what was. True for a member who is new there."""
    mine = and_(memberships.c.group == group, memberships.c.member == member)
    row = (await db.execute(select(memberships.c.left_at).where(mine))).one_or_none()
    if row is None:
        await db.execute(insert(memberships).values(group=group, member=member, joined_at=now))
        await db.execute(
            update(members).where(members.c.id == member, members.c.main_group.is_(None)).values(main_group=group)
        )
    elif row.left_at is not None:
        await db.execute(update(memberships).where(mine).values(left_at=None))
    return row is None


async def left(db: AsyncConnection, member: int, group: int, now: datetime) -> None:
    """Note that somebody is not in a group any more."""
    mine = and_(memberships.c.group == group, memberships.c.member == member)
    await db.execute(update(memberships).where(mine).values(left_at=now))


async def mates_of(db: AsyncConnection, groups: Iterable[int]) -> tuple[Member, ...]:
    """Everybody in any of the groups, by name."""
    rows = await db.execute(
        select(members)
        .distinct()
        .join(memberships, memberships.c.member == members.c.id)
        .where(memberships.c.group.in_(list(groups)), memberships.c.left_at.is_(None))
        .order_by(members.c.name, members.c.id)
    )
    return tuple(map(member_of, rows.mappings()))


async def names_of(db: AsyncConnection, group: int, wanted: Sequence[int]) -> dict[int, str]:
    """What some members of a group are called."""
    rows = await db.execute(
        select(members.c.id, members.c.name).where(members.c.id.in_(wanted), members.c.id.in_(members_of(group)))
    )
    return {row.id: row.name for row in rows}


def members_of(group: int) -> Select[tuple[int]]:
    """The question for a group's members, to be asked inside other questions."""
    return select(memberships.c.member).where(memberships.c.group == group, memberships.c.left_at.is_(None))


async def found_group(db: AsyncConnection, name: str, zone: str, now: datetime, language: str = "en") -> Group:
    """A new group with the usual times, which has no home yet. Raises OnlyReads."""
    to_write(db)
    result = await db.execute(
        insert(groups).values(
            name=name[:120],
            zone=zone,
            checkin_minute=CHECKIN_MINUTE,
            recap_day=RECAP_DAY,
            recap_minute=RECAP_MINUTE,
            language=language,
            created_at=now,
        )
    )
    return await group(db, int((result.inserted_primary_key or (0,))[0]))


def _group(row: RowMapping) -> Group:
    return Group(
        id=row["id"],
        name=row["name"],
        zone=row["zone"],
        checkin_minute=row["checkin_minute"],
        recap_day=row["recap_day"],
        recap_minute=row["recap_minute"],
        roadmap=row["roadmap"],
        deadline=row["deadline"],
        language=row["language"],
    )


def _home_at(*columns: ColumnElement[object]) -> Select[*tuple[object, ...]]:
    """The question for something of the one home that an address, `_at`, is."""
    return (
        select(*columns)
        .select_from(homes)
        .where(
            homes.c.platform == bindparam("platform"),
            homes.c.chat == bindparam("chat"),
            or_(homes.c.thread == bindparam("thread"), homes.c.thread == ""),
            homes.c.gone_at.is_(None),
        )
        .order_by(homes.c.thread.desc())
        .limit(1)
    )


def _at(address: Address) -> dict[str, object]:
    return {"platform": address.platform, "chat": address.chat, "thread": address.thread}


_MAIN = select(members.c.main_group).where(members.c.id == bindparam("who")).scalar_subquery()
_GROUPS_OF = (
    select(groups)
    .join(memberships, memberships.c.group == groups.c.id)
    .where(memberships.c.member == bindparam("who"), memberships.c.left_at.is_(None))
    .order_by((groups.c.id == _MAIN).desc(), memberships.c.joined_at, groups.c.id)
)
_GROUP_AT = _home_at(*groups.c).join(groups, groups.c.id == homes.c.group)
_AROUND = _GROUPS_OF.add_columns(_home_at(homes.c.group).scalar_subquery().label("here"))
