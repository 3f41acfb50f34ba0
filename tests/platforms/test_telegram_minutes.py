"""A group's last minute is known to whoever serves the bot next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import Address
from bot.memory import Memory
from bot.pacing import Pace
from bot.platforms.telegram.minutes import GROUP_MINUTE, Minutes
from bot.store import Store, outbox
from bot.store import commits as commits_module
from bot.store.commits import Commits
from bot.store.memory import StoredMemory
from tests.fakes.away import away
from tests.fakes.migrated import migrate
from tests.fakes.remembering import Remembering
from tests.fakes.transactions import counted


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty database with its tables."""
    opened = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture(params=["stored", "remembered"])
def memory(request: pytest.FixtureRequest, store: Store) -> Memory:
    """The house's memory, and one without a database: a platform tells no difference."""
    if request.param == "remembered":
        return Remembering()
    return StoredMemory(store, "telegram", Clock(), Commits(store))


async def test_what_a_group_got_before_a_kill_counts_after_it(memory: Memory) -> None:
    clock = Clock()
    before = Minutes("7", memory, clock)
    for _ in range(GROUP_MINUTE):
        before.note("-100")
        clock.now += timedelta(seconds=1)
    before.note("-200")
    await before.close()
    pace = Pace(30, per_chat=1, per_group_minute=GROUP_MINUTE)
    clock.now += timedelta(seconds=9)
    for chat, ago in await Minutes("7", memory, clock).last():
        pace.seed(chat, ago)
    # Its twenty are used up until the first is a minute old.
    assert 20 < pace.delay("-100", group=True) <= 32
    assert pace.delay("-200", group=True) < 1
    assert dict(await Minutes("8", memory, clock).last()) == {}


async def test_a_minute_later_nothing_is_left_of_it(memory: Memory) -> None:
    clock = Clock()
    minutes = Minutes("7", memory, clock)
    minutes.note("-100")
    await minutes.close()
    clock.now += timedelta(seconds=61)
    assert dict(await minutes.last()) == {}
    clock.now -= timedelta(seconds=61)
    assert dict(await minutes.last()) == {}, "forgotten for good"


async def test_a_clock_that_was_set_back_makes_a_group_wait_no_longer_than_a_minute(memory: Memory) -> None:
    clock = Clock()
    minutes = Minutes("7", memory, clock)
    minutes.note("-100")
    await minutes.close()
    clock.now -= timedelta(hours=1)
    assert dict(await minutes.last()) == {"-100": [0.0]}


async def test_a_post_on_its_way_at_a_kill_counts_by_its_delivery(store: Store) -> None:
    """What it noted is lost with the process; that it was handed over is not."""
    clock = Clock()
    for number, (chat, state) in enumerate([("-100", "sending"), ("-200", "sent"), ("@7", "sending")]):
        at = clock.now
        draft = outbox.Draft(
            key=f"k{number}",
            kind="recap",
            address=Address("telegram", chat),
            local_date=at.date(),
            due_at=at,
            expires_at=at + timedelta(hours=1),
        )
        async with store.writing() as db:
            await outbox.queue(db, draft)
            (due,) = await outbox.due(db, at, 1, "telegram")
            handed = await outbox.hand_over(db, (due,), at, at + timedelta(minutes=2), 0)
            assert handed is not None
            if state == "sent":
                await outbox.settle(db, handed, "sent", at, message="1")
    clock.now += timedelta(seconds=5)
    memory = StoredMemory(store, "telegram", clock, Commits(store))
    assert dict(await Minutes("7", memory, clock).last()) == {"-100": [5.0]}


async def test_notes_go_along_with_who_writes_next(store: Store) -> None:
    commits = Commits(store)
    minutes = Minutes("7", StoredMemory(store, "telegram", Clock(), commits), Clock())

    async def nothing(_db: AsyncConnection) -> None:
        return

    with counted(store) as transactions:
        minutes.note("-100")
        minutes.note("-200")
        await commits.write(nothing)
        assert transactions.writing == 1
        await minutes.close()
        assert transactions.writing == 1
    assert sorted(chat for chat, _ in await minutes.last()) == ["-100", "-200"]


async def test_notes_that_nobody_takes_along_are_written_by_themselves(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits_module, "ALONE_SECONDS", 0.01)
    minutes = Minutes("7", StoredMemory(store, "telegram", Clock(), Commits(store)), Clock())
    minutes.note("-100")
    async with asyncio.timeout(5):
        while not dict(await minutes.last()):  # noqa: ASYNC110 -- nobody tells of it
            await asyncio.sleep(0.01)


async def test_what_could_not_be_written_goes_along_later(store: Store) -> None:
    minutes = Minutes("7", StoredMemory(store, "telegram", Clock(), Commits(store)), Clock())
    async with away(store):
        minutes.note("-100")
        await minutes.close()
        assert list(await minutes.last()) == []
    minutes.note("-200")
    await minutes.close()
    assert sorted(chat for chat, _ in await minutes.last()) == ["-100", "-200"]
