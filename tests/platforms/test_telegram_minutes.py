"""A group's last minute is known to whoever serves the bot next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.pacing import Pace
from bot.platforms.telegram.minutes import GROUP_MINUTE, Minutes
from bot.store import Store
from bot.tables import metadata


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
    async with opened.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield opened
    await opened.close()


async def test_what_a_group_got_before_a_kill_counts_after_it(store: Store) -> None:
    clock = Clock()
    before = Minutes("7", store, clock)
    for _ in range(GROUP_MINUTE):
        await before.note("-100")
        clock.now += timedelta(seconds=1)
    await before.note("-200")
    pace = Pace(30, per_chat=1, per_group_minute=GROUP_MINUTE)
    clock.now += timedelta(seconds=9)
    for chat, ago in await Minutes("7", store, clock).last():
        pace.seed(chat, ago)
    # Its twenty are used up until the first is a minute old.
    assert 30 <= pace.delay("-100", group=True) <= 32
    assert pace.delay("-200", group=True) < 1
    assert dict(await Minutes("8", store, clock).last()) == {}


async def test_a_minute_later_nothing_is_left_of_it(store: Store) -> None:
    clock = Clock()
    minutes = Minutes("7", store, clock)
    await minutes.note("-100")
    clock.now += timedelta(seconds=61)
    assert dict(await minutes.last()) == {}
    clock.now -= timedelta(seconds=61)
    assert dict(await minutes.last()) == {}, "forgotten for good"


async def test_a_clock_that_was_set_back_makes_a_group_wait_no_longer_than_a_minute(store: Store) -> None:
    clock = Clock()
    minutes = Minutes("7", store, clock)
    await minutes.note("-100")
    clock.now -= timedelta(hours=1)
    assert dict(await minutes.last()) == {"-100": [0.0]}
