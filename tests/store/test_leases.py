"""Leases in the database: had by one at a time, numbered, and proof of what was written under them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from bot.store import Store, Unavailable, engine, leases
from bot.store.leases import FOR_EVER, Lease
from bot.tables import facts
from tests.fakes.patience import PATIENCE
from tests.fakes.waiting import somebody_waits

NAME = "telegram:42"

on_postgres = pytest.mark.parametrize("url", ["postgres"], indirect=True)
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


async def look(store: Store, name: str = NAME) -> Lease | None:
    async with store.reading() as db:
        return next((lease for lease in await leases.held(db, name) if lease.name == name), None)


async def take(store: Store, holder: str, seen: Lease | None = None, *, name: str = NAME, seconds: float = 15) -> int:
    """Acquire; 0 when it was not had."""
    async with store.writing() as db:
        return await leases.acquire(db, name, holder, seconds, seen) or 0


async def renew(store: Store, token: int, seconds: float = 15) -> bool:
    async with store.writing() as db:
        return await leases.renew(db, NAME, token, seconds)


async def release(store: Store, token: int) -> None:
    async with store.writing() as db:
        await leases.release(db, NAME, token)


async def write(store: Store, token: int, value: str) -> bool:
    """A write that only the lease's holder may make; whether it was made."""
    async with store.writing() as db:
        fenced = update(facts).where(facts.c.name == "work", leases.fence(NAME, token)).values(value=value)
        return bool((await db.execute(fenced)).rowcount == 1)


async def written(store: Store) -> str | None:
    async with store.reading() as db:
        return await db.scalar(select(facts.c.value))


@pytest.fixture
async def fact(store: Store) -> None:
    """A row that stands for what is written under a lease."""
    async with store.writing() as db:
        await db.execute(insert(facts).values(name="work", value=""))


async def test_the_first_has_number_one_and_is_known(store: Store) -> None:
    assert await take(store, "a") == 1
    lease = await look(store)
    assert lease is not None
    assert (lease.holder, lease.token, lease.over, lease.released) == ("a", 1, False, False)


@on_sqlite
async def test_on_sqlite_each_start_has_it_under_a_higher_number(store: Store) -> None:
    assert [await take(store, holder) for holder in "aba"] == [1, 2, 3]
    lease = await look(store)
    assert lease is not None
    assert (lease.holder, lease.until, lease.over) == ("a", FOR_EVER, False)


@on_postgres
async def test_a_lease_that_was_unknown_to_us_is_not_had(store: Store) -> None:
    await take(store, "a")
    assert await take(store, "b") == 0


@on_postgres
async def test_what_was_found_free_is_had_while_nothing_has_changed(store: Store) -> None:
    await take(store, "a")
    seen = await look(store)
    assert await take(store, "b", seen) == 2
    # Neither the one who lost it nor one who saw the same can have it by what they saw.
    assert [await take(store, holder, seen) for holder in "ac"] == [0, 0]


@on_postgres
async def test_what_was_renewed_since_is_not_had(store: Store) -> None:
    token = await take(store, "a")
    seen = await look(store)
    assert await renew(store, token)
    assert await take(store, "b", seen) == 0


@on_postgres
async def test_of_many_who_race_one_has_it(store: Store, open_another: Callable[[], Store]) -> None:
    others = [open_another() for _ in range(4)]
    seen = None
    for turn in range(1, 6):
        tries = (take(other, f"{number}-{turn}", seen) for number, other in enumerate(others * 3))
        assert sorted(await asyncio.gather(*tries)) == [0] * 11 + [turn]
        seen = await look(store)


async def test_a_renewal_is_refused_once_another_has_it(store: Store) -> None:
    first = await take(store, "a")
    assert await renew(store, first)
    second = await take(store, "b", await look(store))
    assert not await renew(store, first)
    assert await renew(store, second)


async def test_a_renewal_that_comes_late_counts_while_nobody_else_had_it(store: Store) -> None:
    token = await take(store, "a", seconds=-1)
    assert await renew(store, token)
    lease = await look(store)
    assert lease is not None and not lease.over


@on_postgres
async def test_the_databases_clock_says_when_it_is_over(store: Store) -> None:
    """Its time of day, not its transaction's beginning: a transaction may wait long for its row."""
    async with store.writing() as db:
        await asyncio.sleep(1.6)
        await leases.acquire(db, NAME, "a", 1.5, None)
    lease = await look(store)
    assert lease is not None and not lease.over
    assert timedelta(seconds=1.5) <= lease.until - lease.since < timedelta(seconds=1.6)
    await asyncio.sleep(1.6)
    lease = await look(store)
    assert lease is not None and lease.over and not lease.released


async def test_what_was_given_back_is_free_at_once(store: Store) -> None:
    await release(store, await take(store, "a"))
    lease = await look(store)
    assert lease is not None and lease.released and lease.over
    assert await take(store, "b", lease) == 2


async def test_what_another_has_by_now_cannot_be_given_back(store: Store) -> None:
    first = await take(store, "a")
    await take(store, "b", await look(store))
    await release(store, first)
    lease = await look(store)
    assert lease is not None and (lease.holder, lease.released) == ("b", False)


async def test_leases_are_found_by_how_their_names_begin(store: Store) -> None:
    for name in ("discord:7:0", "discord:7:1", "discord:77", "disc%rd:7", "telegram:7"):
        await take(store, "a", name=name)
    async with store.reading() as db:
        assert [lease.name for lease in await leases.held(db, "discord:7:")] == ["discord:7:0", "discord:7:1"]
        assert [lease.name for lease in await leases.held(db, "disc%")] == ["disc%rd:7"]
        assert len(await leases.held(db, "")) == 5


async def test_a_lease_is_forgotten_unless_it_was_renewed_since(store: Store) -> None:
    token = await take(store, "a")
    before = await look(store)
    assert before is not None
    if not store.sqlite:
        await renew(store, token)
        async with store.writing() as db:
            await leases.forget(db, before)
        before = await look(store)
        assert before is not None
    async with store.writing() as db:
        await leases.forget(db, before)
    assert await look(store) is None


@pytest.mark.usefixtures("fact")
async def test_what_an_old_holder_writes_is_refused(store: Store) -> None:
    first = await take(store, "a")
    assert await write(store, first, "a")
    second = await take(store, "b", await look(store))
    assert not await write(store, first, "late")
    assert await written(store) == "a"
    assert await write(store, second, "b")
    # Given back and taken by nobody, it still tells the order of what was written.
    await release(store, second)
    assert await write(store, second, "last")


@on_postgres
@pytest.mark.usefixtures("fact")
async def test_who_takes_a_lease_waits_for_what_is_being_written_under_it(
    store: Store, open_another: Callable[[], Store]
) -> None:
    first = await take(store, "a")
    seen = await look(store)
    async with store.writing() as db:
        await db.execute(update(facts).where(leases.fence(NAME, first)).values(value="under way"))
        taking = asyncio.create_task(take(open_another(), "b", seen))
        await somebody_waits(store)
        assert not taking.done()
    assert await taking == 2
    assert await written(store) == "under way"
    assert not await write(store, first, "late")


@on_postgres
@pytest.mark.usefixtures("fact")
async def test_who_stops_in_the_middle_of_a_write_does_not_keep_the_lease(
    store: Store, open_another: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "IDLE_SECONDS", 1)
    stopped = open_another()
    first = await take(store, "a")
    seen = await look(store)
    with pytest.raises(Unavailable):
        async with stopped.writing() as db:
            await db.execute(update(facts).where(leases.fence(NAME, first)).values(value="never"))
            async with asyncio.timeout(PATIENCE):
                assert await take(store, "b", seen) == 2
    assert await written(store) == ""
    # The connection is made anew.
    assert not await write(stopped, first, "late")


@on_postgres
@pytest.mark.usefixtures("fact")
async def test_a_write_that_waits_for_a_takeover_is_refused(store: Store, open_another: Callable[[], Store]) -> None:
    first = await take(store, "a")
    seen = await look(store)
    async with store.writing() as db:
        assert await leases.acquire(db, NAME, "b", 15, seen) == 2
        writing = asyncio.create_task(write(open_another(), first, "late"))
        await somebody_waits(store)
        assert not writing.done()
    assert not await writing
    assert await written(store) == ""


@on_postgres
@pytest.mark.usefixtures("fact")
async def test_writes_under_a_lease_do_not_wait_for_each_other(store: Store, open_another: Callable[[], Store]) -> None:
    token = await take(store, "a")
    async with store.writing() as db:
        assert await db.scalar(select(leases.fence(NAME, token)))
        async with asyncio.timeout(PATIENCE):
            assert await write(open_another(), token, "beside")
