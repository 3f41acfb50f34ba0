"""Members, their accounts, groups and homes: who is who, and where they live."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.delivery import Address
from bot.domain.group import Group
from bot.domain.member import Member
from bot.store import Store, belonging, homes, people
from bot.tables import accounts, members, memberships

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOM = Address("test", "room")


async def meet(store: Store, account: str, name: str | None = None, platform: str = "test") -> Member:
    async with store.writing() as db:
        name = name or account.capitalize()
        return (await people.meet(db, platform, account, name, "Asia/Kolkata", "en", NOW))[0]


async def found(store: Store, name: str = "Backend '27", home: Address | None = ROOM) -> Group:
    async with store.writing() as db:
        group = await belonging.found_group(db, name, "Asia/Kolkata", NOW)
        if home is not None:
            await homes.settle_in(db, group.id, home, name)
    return group


async def enter(store: Store, group: Group, *who: Member, now: datetime = NOW) -> None:
    async with store.writing() as db:
        for member in who:
            await belonging.enter(db, group.id, member.id, now)


async def test_who_was_met_is_known_again(store: Store) -> None:
    asha = await meet(store, "asha")
    assert await meet(store, "asha") == asha
    assert asha == Member(asha.id, "Asha", "Asia/Kolkata")
    async with store.reading() as db:
        assert await people.account(db, "test", "nobody") is None
        assert await people.account(db, "other", "asha") is None
        known = await people.account(db, "test", "asha")
    assert known is not None
    assert (known.member, known.dm, known.private) == (asha.id, "unknown", Address("test", "@asha"))


async def test_two_messages_at_once_make_one_member(store: Store) -> None:
    met = await asyncio.gather(*(meet(store, "asha") for _ in range(10)))
    assert {member.id for member in met} == {met[0].id}
    async with store.reading() as db:
        assert (await db.execute(select(func.count()).select_from(members))).scalar_one() == 1


async def test_the_same_id_on_two_platforms_is_two_members(store: Store) -> None:
    assert (await meet(store, "42", platform="one")).id != (await meet(store, "42", platform="two")).id


async def test_a_name_follows_the_platform(store: Store) -> None:
    await meet(store, "asha", "Asha")
    assert (await meet(store, "asha", "Asha 🌙")).name == "Asha 🌙"
    async with store.reading() as db:
        known = await people.account(db, "test", "asha")
    assert known is not None
    assert known.name == "Asha 🌙"


@pytest.mark.parametrize("name", ["Аша", "آشا", "아샤", "A" * 80, "Robert'); DROP TABLE members;--", '"\\%_'])
async def test_any_name_is_kept_as_it_is(store: Store, name: str) -> None:
    assert (await meet(store, "asha", name)).name == name


async def test_speaking_in_private_opens_a_closed_chat(store: Store) -> None:
    await meet(store, "asha")
    async with store.writing() as db:
        await people.private_closed(db, "test", "asha")
    async with store.writing() as db:
        known = await people.account(db, "test", "asha")
        assert known is not None
        assert known.dm == "closed"
        await people.seen(db, known, NOW, private=False)
        still = await people.account(db, "test", "asha")
        assert still is not None
        assert still.dm == "closed"
        await people.seen(db, known, NOW, private=True)
        opened = await people.account(db, "test", "asha")
        assert opened is not None
        assert opened.dm == "open"


async def test_the_channel_of_a_private_chat_is_kept_with_its_account(store: Store) -> None:
    for platform in ("test", "other"):
        await meet(store, "asha", platform=platform)
    async with store.writing() as db:
        await people.note_channels(db, "test", {"asha": "77", "nobody": "78"})
    async with store.reading() as db:
        assert await people.channel(db, "test", "asha") == "77"
        assert await people.channel(db, "other", "asha") is None
        assert await people.channel(db, "test", "nobody") is None
    async with store.writing() as db:
        await people.note_channels(db, "test", {"asha": None})
        assert await people.channel(db, "test", "asha") is None


async def test_the_account_used_last_comes_first(store: Store) -> None:
    asha = await meet(store, "asha")
    async with store.writing() as db:
        row = {"platform": "other", "account": "a", "member": asha.id, "name": "Asha", "dm": "open"}
        await db.execute(accounts.insert().values(**row, seen_at=NOW + timedelta(hours=1)))
        assert [a.platform for a in await people.accounts_of(db, asha.id)] == ["other", "test"]
        known = await people.account(db, "test", "asha")
        assert known is not None
        await people.seen(db, known, NOW + timedelta(hours=2), private=False)
        assert [a.platform for a in await people.accounts_of(db, asha.id)] == ["test", "other"]


async def test_a_home_speaks_for_its_threads_and_a_thread_for_itself(store: Store) -> None:
    whole = await found(store, "whole", Address("test", "room"))
    topic = await found(store, "topic", Address("test", "room", "7"))
    only = await found(store, "only", Address("test", "hall", "1"))
    places = {
        Address("test", "room"): whole,
        Address("test", "room", "8"): whole,
        Address("test", "room", "7"): topic,
        Address("test", "hall", "1"): only,
        Address("test", "hall", "2"): None,
        Address("test", "hall"): None,
        Address("other", "room"): None,
    }
    async with store.reading() as db:
        for address, group in places.items():
            here = await belonging.group_at(db, address)
            assert (here and here.id) == (group and group.id), address


async def test_a_home_that_is_gone_comes_back(store: Store) -> None:
    group = await found(store)
    async with store.writing() as db:
        await homes.home_gone(db, ROOM, NOW)
        assert await belonging.group_at(db, ROOM) is None
        assert await homes.homes_of(db, group.id) == ()
        await homes.settle_in(db, group.id, ROOM, "back")
        assert await homes.homes_of(db, group.id) == (ROOM,)


async def test_a_chat_that_is_gone_takes_its_threads_along_and_a_thread_only_itself(store: Store) -> None:
    one = await found(store, "one", Address("test", "hall", "1"))
    two = await found(store, "two", Address("test", "hall", "2"))
    async with store.writing() as db:
        await homes.home_gone(db, Address("test", "hall", "1"), NOW)
        assert await homes.homes_of(db, one.id) == ()
        assert len(await homes.homes_of(db, two.id)) == 1
        await homes.home_gone(db, Address("test", "hall"), NOW)
        assert await homes.homes_of(db, two.id) == ()


async def test_a_moved_chat_takes_its_homes_along(store: Store) -> None:
    group = await found(store, home=Address("test", "room", "7"))
    async with store.writing() as db:
        await homes.home_moved(db, "test", "room", "super")
        assert await homes.homes_of(db, group.id) == (Address("test", "super", "7"),)
        await homes.home_moved(db, "other", "super", "elsewhere")
        assert await homes.homes_of(db, group.id) == (Address("test", "super", "7"),)


async def test_a_move_told_twice_or_to_where_we_live_already_moves_once(store: Store) -> None:
    """Telegram tells of a migration in both chats, and somebody may have set up the new one before we heard."""
    old, new = await found(store, "old", ROOM), await found(store, "new", Address("test", "super"))
    async with store.writing() as db:
        await homes.home_moved(db, "test", "room", "super")
        await homes.home_moved(db, "test", "room", "super")
        here = await belonging.group_at(db, Address("test", "super"))
        assert here is not None
        assert here.id in (old.id, new.id)
        assert await belonging.group_at(db, ROOM) is None


async def test_leaving_and_coming_back_keeps_the_day_of_joining(store: Store) -> None:
    asha, group = await meet(store, "asha"), await found(store)
    await enter(store, group, asha)
    async with store.writing() as db:
        await belonging.left(db, asha.id, group.id, NOW + timedelta(days=1))
        assert await belonging.groups_of(db, asha.id) == ()
        assert await belonging.mates_of(db, [group.id]) == ()
    await enter(store, group, asha, now=NOW + timedelta(days=2))
    async with store.reading() as db:
        assert [g.id for g in await belonging.groups_of(db, asha.id)] == [group.id]
        joined = (await db.execute(select(memberships.c.joined_at))).scalar_one()
    assert joined == NOW


async def test_the_first_group_is_the_main_one(store: Store) -> None:
    asha, one, two = await meet(store, "asha"), await found(store, "one"), await found(store, "two", None)
    await enter(store, two, asha)
    await enter(store, one, asha, now=NOW - timedelta(days=1))
    async with store.reading() as db:
        assert [g.name for g in await belonging.groups_of(db, asha.id)] == ["two", "one"]


async def test_mates_are_those_of_ones_groups_each_once_by_name(store: Store) -> None:
    asha, ravi, mei = [await meet(store, name) for name in ("asha", "ravi", "mei")]
    one, two, three = await found(store, "one"), await found(store, "two", None), await found(store, "three", None)
    await enter(store, one, asha, ravi)
    await enter(store, two, asha, ravi)
    await enter(store, three, mei)
    async with store.reading() as db:
        assert [m.name for m in await belonging.mates_of(db, [one.id, two.id])] == ["Asha", "Ravi"]
        assert await belonging.mates_of(db, []) == ()
        assert await belonging.names_of(db, one.id, [asha.id, mei.id]) == {asha.id: "Asha"}
        inside = [row.member for row in await db.execute(belonging.members_of(one.id))]
    assert sorted(inside) == sorted([asha.id, ravi.id])
