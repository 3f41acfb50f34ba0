"""How Discord is, as it tells those who watch over the process: connected, lost since when, or another process's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import pytest

from bot.delivery import Status
from bot.leases import LeasedWork, Leases
from bot.platforms.discord import shards
from bot.platforms.discord.client import DiscordPlatform
from tests.fakes.patience import PATIENCE
from tests.platforms.discord_driver import DiscordDriver


def now() -> datetime:
    return datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.fixture
async def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordDriver]:
    """A server with a process that tries again at once."""
    monkeypatch.setattr(shards, "BACKOFF", (0.01,))
    monkeypatch.setattr(shards, "IDENTIFY_SECONDS", 0.05)
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _backoff: 0.1)
    async with DiscordDriver(tmp_path, now) as driver:
        yield driver


async def until(platform: DiscordPlatform, is_so: Callable[[Status], bool]) -> Status:
    """Wait until the status is such."""
    async with asyncio.timeout(PATIENCE):
        while not is_so(status := platform.status()):  # noqa: ASYNC110 - the platform tells nobody
            await asyncio.sleep(0.01)
    return status


def another(driver: DiscordDriver, count: int = 1, leases: Leases | None = None) -> DiscordPlatform:
    """The platform of another process with the same token."""
    server = driver.server
    urls = {"api_url": server.api_url, "gateway_url": server.gateway_url}
    return DiscordPlatform(server.token, driver.hearing, driver.memory, shards=count, leases=leases, **urls)


async def test_a_gateway_is_connected_and_has_a_latency(driver: DiscordDriver) -> None:
    status = await until(driver.platform, lambda status: status.connected)
    assert (status.how, status.standby) == ("gateway", False)
    assert status.seconds >= 0
    status = await until(driver.platform, lambda status: isfinite(status.latency or 0.0))
    later = await until(driver.platform, lambda later: later.seconds > status.seconds)
    assert later.connected


async def test_a_gateway_that_was_lost_is_connected_since_it_came_back(driver: DiscordDriver) -> None:
    before = await until(driver.platform, lambda status: status.connected and status.seconds > 0.5)
    driver.server.gateway.drop()
    await driver.server.resumed()
    await until(driver.platform, lambda status: status.connected and status.seconds < before.seconds)


async def test_what_is_said_twice_is_so_since_the_first_time(driver: DiscordDriver) -> None:
    await until(driver.platform, lambda status: status.connected)
    for _ in range(3):
        driver.platform._shards.turned(0, False)
        await asyncio.sleep(0.05)
    lost = driver.platform.status()
    assert not lost.connected
    assert lost.seconds >= 0.15


async def test_one_that_was_never_reached_counts_from_its_start_through_every_try(driver: DiscordDriver) -> None:
    await driver.stop()
    driver.server.gateway_url, up = "ws://127.0.0.1:9/", driver.server.gateway_url
    platform = another(driver)
    assert platform.status() == Status(False, 0, how="gateway")
    serving = asyncio.create_task(platform.run())
    status = await until(platform, lambda status: status.seconds > 0.5)
    assert not status.connected
    assert not status.standby
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    driver.server.gateway_url = up
    await driver.start()


async def test_one_that_is_stopped_in_the_moment_a_try_fails_has_ended(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.stop()

    async def refused(*_: object, **__: object) -> None:
        serving.cancel()
        raise ConnectionRefusedError

    with monkeypatch.context() as failing:
        failing.setattr("discord.gateway.DiscordWebSocket.from_client", refused)
        serving = asyncio.create_task(another(driver).run())
        await asyncio.wait({serving}, timeout=PATIENCE)
        assert serving.cancelled()
    await driver.start()


async def test_one_lost_shard_of_several_is_a_loss(driver: DiscordDriver) -> None:
    await driver.stop()
    platform = another(driver, 2)
    serving = asyncio.create_task(platform.run())
    await until(platform, lambda status: status.connected)
    platform._shards.turned(1, False)
    assert not platform.status().connected
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    await driver.start()


async def test_a_process_without_a_shard_is_on_standby(driver: DiscordDriver) -> None:
    class Elsewhere(Leases):
        """All leases are another process's."""

        async def keep(self, name: str, work: LeasedWork) -> None:
            await asyncio.Event().wait()

    await driver.stop()
    platform = another(driver, leases=Elsewhere(driver.store, "two"))
    serving = asyncio.create_task(platform.run())
    status = await until(platform, lambda status: status.standby)
    assert not status.connected
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    assert not platform.status().standby
    await driver.start()
