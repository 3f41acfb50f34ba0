"""The clockwork as it runs: real ticks on a fake clock, a watchdog for the system's clock, a clean end."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import app as app_module
from bot.app import Roadmate
from bot.command import Incoming
from bot.delivery import Address
from bot.store import Store, Unavailable, belonging, facts, homes, schedule
from tests.fakes.clockwork import EVENING, NOON, ROOM
from tests.fakes.memory import MemoryPlatform
from tests.fakes.migrated import migrate
from tests.fakes.patience import PATIENCE, until


class House:
    """A bot around a fresh database, with a platform in memory and a clock that stands still."""

    def __init__(self, store: Store) -> None:
        self.now = NOON
        self.platform = MemoryPlatform()
        self.app = Roadmate(store, clock=lambda: self.now, zone="Asia/Kolkata")
        self.app.add(self.platform)

    async def say(self, who: str, line: str) -> None:
        """Type a line in the group's home."""
        await self.app.dispatch(Incoming("memory", who, who.capitalize(), ROOM, line, update=line + who))


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house whose ticks come quickly."""
    monkeypatch.setattr(app_module, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(app_module, "WATCH_SECONDS", 0.1)
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    await migrate(store)
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend '27", "Asia/Kolkata", NOON)
        await homes.settle_in(db, group.id, ROOM, "backend")
        await schedule.refresh_group(db, group.id, NOON)
    yield House(store)
    await store.close()


def counting(house: House, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moments of the ticks from now on, by the house's clock."""
    ticks: list[datetime] = []
    tick = house.app.tick

    async def counted() -> int:
        ticks.append(house.now)
        return await tick()

    monkeypatch.setattr(house.app, "tick", counted)
    return ticks


async def some_more(ticks: list[datetime], seconds: float = PATIENCE) -> None:
    """Wait until it has ticked some more times."""
    before = len(ticks)
    async with asyncio.timeout(seconds):
        while len(ticks) <= before + 3:  # noqa: ASYNC110 - the app tells nobody
            await asyncio.sleep(0.01)


async def test_ticks_deliver_a_reminder_when_its_moment_comes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = counting(house, monkeypatch)
    await house.say("asha", "remind 20:00 daily dm")
    async with house.app.working():
        await some_more(ticks)
        assert house.platform.messages == {}
        house.now = EVENING
        await until(lambda: len(house.platform.messages) == 2, "the messages")
        await some_more(ticks)
    assert len(house.platform.sends) == 2
    assert len(house.platform.at(Address.private_to("memory", "asha"))) == 1


async def test_news_leave_at_once_and_what_waits_leaves_on_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.delivery import Later

    await house.say("asha", "join backend-ai-era 2027-05-20")
    house.platform.answers.append(Later(60, "patience"))
    async with house.app.working():
        await house.say("asha", "done sql")
        await until(lambda: len(house.platform.sends) == 1, "the first try")
        # When it is tried again is written down by the clock of that moment.
        async with asyncio.timeout(PATIENCE):
            while await house.app.next_moment() != NOON + timedelta(seconds=60):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.01)
        house.now += timedelta(seconds=60)
        await until(lambda: len(house.platform.messages) == 1, "the messages")


async def test_the_watchdog_goes_on_when_the_clock_is_set_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """APScheduler's own clock and ours show an hour less from one moment to the next."""
    await set_back(house, monkeypatch)


async def set_back(house: House, monkeypatch: pytest.MonkeyPatch, seconds: float = PATIENCE) -> None:
    """Set the clocks back, and wait so long for ticks that come all the same."""
    import apscheduler.schedulers.base as base

    ticks = counting(house, monkeypatch)

    class SetBack(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # always asked with a zone here
            return datetime.now(UTC) - timedelta(hours=1)

    async with house.app.working():
        await some_more(ticks)
        monkeypatch.setattr(base, "datetime", SetBack)
        monkeypatch.setattr(app_module, "now", lambda: SetBack.now(UTC))
        await asyncio.sleep(0.06)
        await some_more(ticks, seconds)


async def test_without_the_watchdog_the_ticks_would_stop(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proof that the test above can fail."""
    monkeypatch.setattr(app_module, "WATCH_SECONDS", 1000)
    with pytest.raises(TimeoutError):
        await set_back(house, monkeypatch, seconds=2)


@pytest.mark.parametrize(("failure", "told"), [(OSError("a fault"), ["a tick failed"]), (Unavailable("full"), [])])
async def test_after_a_tick_that_failed_the_next_one_comes(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception, told: list[str]
) -> None:
    """A fault is logged; the database's trouble is not, for the store has told of it and a second lasts a second."""
    claim = house.app.messages.claim
    failures = [failure]

    async def failing(now: datetime) -> int:
        if failures:
            raise failures.pop()
        return await claim(now)

    await house.say("asha", "remind 20:00 daily dm")
    object.__setattr__(house.app.messages, "claim", failing)
    house.now = EVENING
    async with house.app.working():
        await until(lambda: len(house.platform.messages) == 2, "the messages")
    ours = [record for record in caplog.records if record.name.startswith("bot")]
    assert [record.message for record in ours if record.levelno >= logging.WARNING] == told


async def test_the_rules_of_time_zones_are_followed_again_after_a_fault(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refresh = house.app.refresh_zones
    failures: list[Exception] = [Unavailable("full"), OSError("a fault")]
    followed = asyncio.Event()

    async def failing() -> None:
        if failures:
            raise failures.pop()
        await refresh()
        followed.set()

    monkeypatch.setattr(house.app, "refresh_zones", failing)
    monkeypatch.setattr(app_module, "ZONES_AGAIN_SECONDS", 0.05)
    async with house.app.working(), asyncio.timeout(PATIENCE):
        await followed.wait()
    async with house.app.store.reading() as db:
        assert await facts.zone_rules(db)
    assert [r.message for r in caplog.records if r.levelno >= logging.ERROR] == [
        "the rules of time zones could not be followed"
    ]


async def test_the_next_moment_is_the_earliest_of_all(house: House) -> None:
    assert await house.app.next_moment() == EVENING
    await house.say("asha", "join backend-ai-era 2027-05-20")
    await house.say("asha", "done sql")
    assert await house.app.next_moment() == NOON


async def test_catching_up_delivers_everything_that_is_due(house: House) -> None:
    await house.say("asha", "remind 20:00 daily dm")
    house.now = EVENING
    await house.app.catch_up()
    assert len(house.platform.messages) == 2
    await house.app.catch_up()
    assert len(house.platform.sends) == 2


async def test_housekeeping_writes_off_what_came_too_late(house: House) -> None:
    await house.say("asha", "join backend-ai-era 2027-05-20")
    await house.say("asha", "done sql")
    house.app.platforms.clear()
    house.now += timedelta(days=2)
    await house.app.tidy()
    async with house.app.store.reading() as db:
        from sqlalchemy import select

        from bot.tables import deliveries

        assert (await db.execute(select(deliveries.c.state))).scalars().all() == ["expired"]


async def test_serving_ends_with_the_first_platform_that_fails(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused() -> None:
        raise PermissionError("the token was refused")

    other = MemoryPlatform(name="other")
    house.app.add(other)
    monkeypatch.setattr(other, "run", refused)
    with pytest.raises(ExceptionGroup, match="unhandled errors") as raised:
        async with asyncio.timeout(PATIENCE):
            await house.app.serve()
    assert raised.group_contains(PermissionError)


async def test_stopping_in_the_middle_of_anything_leaves_nothing_behind(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Served and cancelled at twenty moments: no task, no lock and no complaint is left."""
    await house.say("asha", "remind 20:00 daily dm")
    for moment in range(20):
        house.now += timedelta(days=1)
        before = asyncio.all_tasks()
        serving = asyncio.create_task(house.app.serve())
        await asyncio.sleep(moment / 150)
        serving.cancel()
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(asyncio.CancelledError):
                await serving
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before
    gc.collect()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    async with asyncio.timeout(PATIENCE):
        await house.app.catch_up()
