"""Who is who: the member behind an account, the group behind a home."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, RowMapping, Select, and_, bindparam, delete, insert, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.account import Account
from bot.domain.address import Address
from bot.domain.group import CHECKIN_MINUTE, RECAP_DAY, RECAP_MINUTE, Group
from bot.domain.member import Member, Quiet
from bot.store.engine import hold, to_write
from bot.tables import accounts, groups, homes, members, memberships

NAME_LENGTH = 80
SEEN_AGAIN = timedelta(minutes=1)
"""Who goes on talking is not noted anew each time: a command that only reads should seldom cost a write."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a group lives; `name` is the chat's."""

    group: str
    name: str
    address: Address


async def account(db: AsyncConnection, platform: str, id: str) -> Account | None:
    """An account we have met."""
    found = await db.execute(select(accounts).where(accounts.c.platform == platform, accounts.c.account == id))
    row = found.mappings().one_or_none()
    return None if row is None else _account(row)


async def accounts_of(db: AsyncConnection, member: int) -> tuple[Account, ...]:
    """A member's accounts, the one used last first."""
    latest = (accounts.c.seen_at.desc(), accounts.c.platform, accounts.c.account)
    rows = await db.execute(select(accounts).where(accounts.c.member == member).order_by(*latest))
    return tuple(map(_account, rows.mappings()))


async def accounts_of_all(db: AsyncConnection, members: Collection[int]) -> dict[int, list[Account]]:
    """The accounts of many members, of each the one used last first."""
    found: dict[int, list[Account]] = defaultdict(list)
    for platform, account, member, name, dm, seen_at, told in await db.execute(_ACCOUNTS, {"who": list(members)}):
        found[member].append(Account(platform, account, member, name, dm, seen_at, told))
    return dict(found)


_ACCOUNTS = (
    select(
        accounts.c.platform,
        accounts.c.account,
        accounts.c.member,
        accounts.c.name,
        accounts.c.dm,
        accounts.c.seen_at,
        accounts.c.told_at.is_not(None),
    )
    .where(accounts.c.member.in_(bindparam("who", expanding=True)))
    .order_by(accounts.c.member, accounts.c.seen_at.desc(), accounts.c.platform, accounts.c.account)
)


async def member(db: AsyncConnection, id: int) -> Member:
    """A member by id."""
    return _member((await db.execute(select(members).where(members.c.id == id))).mappings().one())


async def meet(
    db: AsyncConnection, platform: str, id: str, name: str, zone: str, language: str, now: datetime
) -> tuple[Member, Account]:
    """The member behind an account; a new one, in that zone, when we have not met. They are called as there.

    Until the transaction ends no other command of this member runs, whichever of their accounts it comes from.
    """
    met = await met_again(db, platform, id, name)
    if met is not None:
        return met
    row = {"name": name, "zone": zone, "language": language, "created_at": now}
    result = await db.execute(insert(members).values(**row))
    key = int((result.inserted_primary_key or (0,))[0])
    await db.execute(
        insert(accounts).values(platform=platform, account=id, member=key, name=name, dm="unknown", seen_at=now)
    )
    return Member(key, name, zone, language=language), Account(platform, id, key, name, "unknown", now)


async def met_again(db: AsyncConnection, platform: str, id: str, name: str) -> tuple[Member, Account] | None:
    """The member behind an account, held as in `meet` and called as there; None when we have not met."""
    await hold(db, f"account:{platform}:{id}")
    met = await _held(db, platform, id)
    if met is None or met[1].name == name:
        return met
    return await _rename(db, *met, name), met[1]


async def who(db: AsyncConnection, platform: str, id: str) -> tuple[Member, Account] | None:
    """The member behind an account, and the account, in one question; None when we have not met."""
    found = await db.execute(_WHO, {"platform": platform, "account": id})
    row = found.mappings().one_or_none()
    if row is None:
        return None
    platform, id, member, name, dm, seen_at, told_at = (row[f"account_{name}"] for name in ACCOUNT)
    return _member(row), Account(platform, id, member, name, dm, seen_at, told_at is not None)


ACCOUNT = ("platform", "account", "member", "name", "dm", "seen_at", "told_at")
"""The columns of an account that an Account is made of."""

# Asked by every command, and so made once: SQLAlchemy takes longer to build a question than SQLite to answer it.
_WHO = (
    select(members, *(accounts.c[name].label(f"account_{name}") for name in ACCOUNT))
    .join(accounts, accounts.c.member == members.c.id)
    .where(accounts.c.platform == bindparam("platform"), accounts.c.account == bindparam("account"))
)


async def _held(db: AsyncConnection, platform: str, id: str) -> tuple[Member, Account] | None:
    """An account whose member is held: while we waited, they may have become part of another, or have gone."""
    met = await who(db, platform, id)
    while met is not None:
        await hold(db, f"member:{met[0].id}")
        if db.dialect.name == "sqlite":
            return met
        before, met = met[0].id, await who(db, platform, id)
        if met is not None and met[0].id == before:
            return met
    return None


async def _rename(db: AsyncConnection, found: Member, known: Account, name: str) -> Member:
    mine = and_(accounts.c.platform == known.platform, accounts.c.account == known.account)
    await db.execute(update(accounts).where(mine).values(name=name))
    # A member is called what the account was called that they were met by, until that account is called otherwise.
    if found.name != known.name:
        return found
    await db.execute(update(members).where(members.c.id == found.id).values(name=name))
    return replace(found, name=name)


async def seen(db: AsyncConnection, known: Account, now: datetime, private: bool) -> bool:
    """Note that an account spoke; in private that opens its private chat again. False where that was known."""
    if heard_lately(known, now, private):
        return False
    values: dict[str, object] = {"seen_at": now}
    if private:
        values |= {"dm": "open", "told_at": None}
    mine = and_(accounts.c.platform == known.platform, accounts.c.account == known.account)
    await db.execute(update(accounts).where(mine).values(**values))
    return True


def heard_lately(known: Account, now: datetime, private: bool) -> bool:
    """Whether there is nothing to note about an account that speaks."""
    # A clock that was set back makes the last word one of the future.
    return timedelta(0) <= now - known.seen_at < SEEN_AGAIN and (known.dm == "open" or not private)


async def private_closed(db: AsyncConnection, platform: str, id: str) -> None:
    """Note that a private message did not get through."""
    mine = and_(accounts.c.platform == platform, accounts.c.account == id)
    await db.execute(update(accounts).where(mine).values(dm="closed"))


async def told_closed(db: AsyncConnection, known: Account, now: datetime) -> None:
    """Note that a member was told that private messages do not reach them."""
    to_write(db)
    mine = and_(accounts.c.platform == known.platform, accounts.c.account == known.account)
    await db.execute(update(accounts).where(mine).values(told_at=now))


async def channel(db: AsyncConnection, platform: str, id: str) -> str | None:
    """The private channel by which an account is reached, where it is known."""
    found: str | None = await db.scalar(
        select(accounts.c.channel).where(accounts.c.platform == platform, accounts.c.account == id)
    )
    return found


async def note_channels(db: AsyncConnection, platform: str, channels: Mapping[str, str | None]) -> None:
    """Note by which private channel each of some accounts, one at the least, is reached; None where it is no more."""
    mine = and_(accounts.c.platform == platform, accounts.c.account == bindparam("id"))
    # In their order: two who note at once do not wait for each other.
    rows = [{"id": id, "noted": channel} for id, channel in sorted(channels.items())]
    await db.execute(update(accounts).where(mine).values(channel=bindparam("noted")), rows)


async def group_at(db: AsyncConnection, address: Address) -> Group | None:
    """The group whose home an address is. A home without a thread speaks for every thread of its chat."""
    found = await db.execute(_GROUP_AT, _at(address))
    row = found.mappings().one_or_none()
    return None if row is None else _group(row)


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


async def group(db: AsyncConnection, id: int) -> Group:
    """A group by id."""
    return _group((await db.execute(select(groups).where(groups.c.id == id))).mappings().one())


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


async def zones_in_use(db: AsyncConnection) -> frozenset[str]:
    """The time zones of every member and group."""
    rows = await db.execute(union(select(members.c.zone), select(groups.c.zone)))
    return frozenset(rows.scalars())


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


_MAIN = select(members.c.main_group).where(members.c.id == bindparam("who")).scalar_subquery()
_GROUPS_OF = (
    select(groups)
    .join(memberships, memberships.c.group == groups.c.id)
    .where(memberships.c.member == bindparam("who"), memberships.c.left_at.is_(None))
    .order_by((groups.c.id == _MAIN).desc(), memberships.c.joined_at, groups.c.id)
)
_GROUP_AT = _home_at(*groups.c).join(groups, groups.c.id == homes.c.group)
_AROUND = _GROUPS_OF.add_columns(_home_at(homes.c.group).scalar_subquery().label("here"))


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


async def live_by(db: AsyncConnection, member: int, zone: str) -> None:
    """Give somebody who has not named their own zone that of their group."""
    unnamed = and_(members.c.id == member, members.c.zone_confirmed.is_(False))
    await db.execute(update(members).where(unnamed).values(zone=zone))


async def mates_of(db: AsyncConnection, groups: Iterable[int]) -> tuple[Member, ...]:
    """Everybody in any of the groups, by name."""
    rows = await db.execute(
        select(members)
        .distinct()
        .join(memberships, memberships.c.member == members.c.id)
        .where(memberships.c.group.in_(list(groups)), memberships.c.left_at.is_(None))
        .order_by(members.c.name, members.c.id)
    )
    return tuple(map(_member, rows.mappings()))


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


async def left(db: AsyncConnection, member: int, group: int, now: datetime) -> None:
    """Note that somebody is not in a group any more."""
    mine = and_(memberships.c.group == group, memberships.c.member == member)
    await db.execute(update(memberships).where(mine).values(left_at=now))


def _account(row: RowMapping) -> Account:
    told = row["told_at"] is not None
    return Account(row["platform"], row["account"], row["member"], row["name"], row["dm"], row["seen_at"], told)


def _member(row: RowMapping) -> Member:
    return Member(
        id=row["id"],
        name=row["name"],
        zone=row["zone"],
        zone_confirmed=row["zone_confirmed"],
        day_start=row["day_start"],
        language=row["language"],
        intention=row["intention"],
        onboarding=row["onboarding"],
        quiet=None if row["quiet_from"] is None else Quiet(row["quiet_from"], row["quiet_to"]),
        paused_from=row["paused_from"],
        paused_until=row["paused_until"],
    )


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
