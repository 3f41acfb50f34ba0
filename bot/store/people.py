"""Who is who: the member behind an account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, and_, bindparam, insert, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.account import Account
from bot.domain.member import Member, Quiet
from bot.store.engine import hold, to_write
from bot.tables import accounts, groups, members

NAME_LENGTH = 80
SEEN_AGAIN = timedelta(minutes=1)
"""Who goes on talking is not noted anew each time: a command that only reads should seldom cost a write."""


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
    return member_of((await db.execute(select(members).where(members.c.id == id))).mappings().one())


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
    return member_of(row), Account(platform, id, member, name, dm, seen_at, told_at is not None)


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


async def zones_in_use(db: AsyncConnection) -> frozenset[str]:
    """The time zones of every member and group."""
    rows = await db.execute(union(select(members.c.zone), select(groups.c.zone)))
    return frozenset(rows.scalars())


async def live_by(db: AsyncConnection, member: int, zone: str) -> None:
    """Give somebody who has not named their own zone that of their group."""
    unnamed = and_(members.c.id == member, members.c.zone_confirmed.is_(False))
    await db.execute(update(members).where(unnamed).values(zone=zone))


def _account(row: RowMapping) -> Account:
    told = row["told_at"] is not None
    return Account(row["platform"], row["account"], row["member"], row["name"], row["dm"], row["seen_at"], told)


def member_of(row: RowMapping) -> Member:
    """A member from their row."""
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
