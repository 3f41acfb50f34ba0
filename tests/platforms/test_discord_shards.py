"""The gateway's shards over the wire: shared between processes by leases, moving when one dies, and back."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from bot.cards import Card, Paragraph, Text
from bot.delivery import Address, BadToken, Forbidden, Later, Sent
from bot.leases import LeasedWork, Leases
from bot.platforms.discord import client, shards
from bot.platforms.discord.client import DiscordPlatform
from bot.store import Store
from tests.fakes.discord_server import Channel, Permission
from tests.fakes.patience import PATIENCE, passed
from tests.platforms.discord_driver import DiscordDriver

CARD = Card(parts=(Paragraph((Text("Hello"),)),))


def now() -> datetime:
    return datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.fixture
async def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordDriver]:
    """A server on which nobody serves as yet."""
    monkeypatch.setattr(shards, "IDENTIFY_SECONDS", 0.2)
    async with DiscordDriver(tmp_path, now) as driver:
        await driver.stop()
        driver.server.gateway.identified_at.clear()
        yield driver
        await driver.start()


class Shared(Leases):
    """The leases of one process as several have them on Postgres; who holds what stands in a place they all see."""

    def __init__(self, store: Store, holder: str, board: dict[str, str]) -> None:
        super().__init__(store, holder)
        self.board = board
        self.allowed: set[str] | None = None

    @property
    def alone(self) -> bool:
        return False

    def holds(self, name: str) -> bool:
        return self.board.get(name) == self.holder

    async def keep(self, name: str, work: LeasedWork) -> None:
        while True:
            while not self._may(name):  # noqa: ASYNC110 - nobody tells when a lease becomes free
                await asyncio.sleep(0.01)
            self.board[name] = self.holder
            working = asyncio.ensure_future(work(1))
            try:
                while self._may(name) and not working.done():
                    await asyncio.wait({working}, timeout=0.01)
                if working.done():
                    return working.result()
            finally:
                working.cancel()
                await asyncio.wait({working})
                self.board.pop(name, None)

    async def share(self, names: Sequence[str], work: object) -> None:
        async with asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(self.keep(name, lambda token, name=name: work(name, token)))  # type: ignore[misc, operator]

    def _may(self, name: str) -> bool:
        free = self.board.get(name) in (None, self.holder)
        return free and (self.allowed is None or name.endswith(":identify") or name in self.allowed)


class Process:
    """One process of several, as far as Discord sees it."""

    def __init__(self, driver: DiscordDriver, count: int, leases: Leases | None = None) -> None:
        self.platform = DiscordPlatform(
            driver.server.token,
            driver.hearing,
            driver.memory,
            api_url=driver.server.api_url,
            gateway_url=driver.server.gateway_url,
            shards=count,
            leases=leases,
        )
        self.serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Process:
        self.serving = asyncio.create_task(self.platform.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        assert self.serving is not None
        self.serving.cancel()
        with suppress(asyncio.CancelledError):
            await self.serving

    async def has(self, *numbers: int) -> None:
        """Wait until exactly these shards are connected."""
        async with asyncio.timeout(PATIENCE):
            while self.platform.connected != [*numbers]:  # noqa: ASYNC110 - the platform tells nobody
                await asyncio.sleep(0.01)


def homes(driver: DiscordDriver, count: int) -> list[Channel]:
    """A channel for each shard, the shard's number its place, in servers that the bot is in."""
    found: dict[int, Channel] = {}
    while len(found) < count:
        guild = driver.server.add_guild("Another", driver.lena)
        # A snowflake's upper bits are a moment; those of one moment differ below.
        driver.server._last_id += 1 << 22
        shard = (guild.id >> 22) % count
        if shard not in found:
            guild.join(driver.person("asha"))
            found[shard] = guild.add_channel("study")
            driver.server.invite_bot(guild)
    return [found[shard] for shard in range(count)]


async def answered(driver: DiscordDriver, channel: Channel) -> None:
    exchange = await driver.server.slash(driver.person("asha"), channel, "roadmaps")
    assert exchange.reply is not None
    assert "backend-ai-era" in exchange.reply.text


async def test_one_process_serves_every_shard_and_identifies_in_turn(driver: DiscordDriver) -> None:
    channels = homes(driver, 4)
    async with Process(driver, 4) as process:
        await process.has(0, 1, 2, 3)
        for channel in channels:
            await answered(driver, channel)
            address = Address("discord", str(channel.id))
            assert isinstance(await process.platform.send(address, CARD, "key"), Sent)
        # Private chats are the first shard's.
        asha = driver.person("asha")
        driver.server.says(asha, driver.server.dm(asha), "/roadmaps")
        await driver.server.wait_message(asha, lambda message: "backend-ai-era" in message.text)
    moments = driver.server.gateway.identified_at
    assert [session.shard for session in driver.server.gateway.connected] == []
    assert len(moments) == 4
    assert all(passed(0.1, before, after) for before, after in pairwise(moments))


async def test_shards_move_when_a_process_dies_and_come_back(driver: DiscordDriver) -> None:
    channels = homes(driver, 2)
    board: dict[str, str] = {}
    one, two = Shared(driver.store, "one", board), Shared(driver.store, "two", board)
    name = f"discord:{client.owner(driver.server.token)}"
    one.allowed, two.allowed = {f"{name}:0"}, {f"{name}:1"}
    async with Process(driver, 2, one) as first, Process(driver, 2, two) as second:
        await first.has(0)
        await second.has(1)
        for channel in channels:
            await answered(driver, channel)
        await first.stop()
        two.allowed = None
        await second.has(0, 1)
        for channel in channels:
            await answered(driver, channel)
        # The lease moves away from a process that lives, and comes back to it.
        two.allowed = {f"{name}:0"}
        await second.has(0)
        two.allowed = None
        await second.has(0, 1)
        for channel in channels:
            await answered(driver, channel)
    # Never closer than Discord allows, over both processes.
    moments = driver.server.gateway.identified_at
    assert all(passed(0.1, before, after) for before, after in pairwise(moments))


async def test_shares_follow_who_sends_and_who_has_which_shards(driver: DiscordDriver) -> None:
    board: dict[str, str] = {}
    one, two = Shared(driver.store, "one", board), Shared(driver.store, "two", board)
    name = f"discord:{client.owner(driver.server.token)}"
    board[name] = "one"
    one.allowed, two.allowed = {f"{name}:{shard}" for shard in range(3)}, {f"{name}:3"}
    async with Process(driver, 4, one) as first, Process(driver, 4, two) as second:
        await first.has(0, 1, 2)
        await second.has(3)
        assert (first.platform._share(), second.platform._share()) == (48, 0.5)
        await second.stop()
        one.allowed = None
        await first.has(0, 1, 2, 3)
        assert (first.platform._share(), second.platform._share()) == (50, 0)
        board[name] = "two"
        assert (first.platform._share(), second.platform._share()) == (2, 48)
    # Where one process serves, or one shard is all, there is nothing to share.
    for alone in (Process(driver, 4), Process(driver, 4, Leases(driver.store, "one")), Process(driver, 1, one)):
        assert alone.platform._share() == 50


async def test_one_shard_moves_and_comes_back(driver: DiscordDriver) -> None:
    leases = Shared(driver.store, "one", {})
    async with Process(driver, 1, leases) as process:
        for _ in range(3):
            leases.allowed = None
            await process.has(0)
            await answered(driver, driver.channel)
            leases.allowed = set()
            await process.has()
            # Without its shard it still sends.
            assert isinstance(await process.platform.send(driver.home, CARD, "key"), Sent)
            assert process.platform._desk is not None
    assert driver.server.gateway.connected == []
    assert len(await driver.posts()) == 1


async def test_a_process_without_a_shard_sends(driver: DiscordDriver) -> None:
    leases = Shared(driver.store, "one", {"discord:identify": "two"})
    leases.allowed = set()
    async with Process(driver, 2, leases) as process:
        leases.board[process.platform.lease] = "one"
        await asyncio.sleep(0)
        driver.server.fail("GET", "/users/@me$", status=503, json={"message": "down"})
        assert isinstance(await process.platform.send(driver.home, CARD, "key"), Later)
        sent = [await process.platform.send(driver.home, CARD, f"key {number}") for number in range(3)]
        assert all(isinstance(outcome, Sent) for outcome in sent)
        assert driver.server.gateway.identified_at == []
        # A server that it does not see need not have put it out.
        driver.channel.deny(Permission.VIEW_CHANNEL)
        assert await process.platform.send(driver.home, CARD, "another") == Forbidden("View Channel")
    assert isinstance(await process.platform.send(driver.home, CARD, "key"), Later)


async def test_while_its_shard_logs_in_a_process_waits_for_that(driver: DiscordDriver) -> None:
    driver.server.fail("GET", "/users/@me$", delay=0.3)
    async with Process(driver, 1, Leases(driver.store, "one")) as process:
        while not process.platform._shards.serving:  # noqa: ASYNC110 - the platform tells nobody
            await asyncio.sleep(0.01)
        assert isinstance(await process.platform.send(driver.home, CARD, "key"), Later)
        await process.has(0)
        assert isinstance(await process.platform.send(driver.home, CARD, "key"), Sent)
        assert process.platform._desk is None


async def test_a_platform_is_started_and_stopped_again_and_again(driver: DiscordDriver) -> None:
    process = Process(driver, 1)
    before = asyncio.all_tasks()
    for number in range(3):
        async with process:
            await process.has(0)
            assert isinstance(await process.platform.send(driver.home, CARD, f"key {number}"), Sent)
        assert asyncio.all_tasks() <= before
    assert len(await driver.posts()) == 3


@pytest.mark.parametrize("count", [1, 3])
async def test_a_wrong_token_ends_every_shard(driver: DiscordDriver, count: int) -> None:
    for leases in (None, Leases(driver.store, "one")):
        process = Process(driver, count, leases)
        process.platform._shards._token = "not.the.token"
        with pytest.raises(BadToken, match="DISCORD_TOKEN"):
            await process.platform.run()


async def test_on_sqlite_the_leases_are_had_at_once(driver: DiscordDriver) -> None:
    leases = Leases(driver.store, "one")
    async with Process(driver, 2, leases) as process:
        await process.has(0, 1)
        assert leases.holds(f"{process.platform.lease}:1")


def test_a_lease_is_called_by_the_bots_id() -> None:
    def token(id: str) -> str:
        return f"{base64.urlsafe_b64encode(id.encode()).decode().rstrip('=')}.Gh4k2p.c2VjcmV0"

    assert client.owner(token("1438745632107438080")) == "1438745632107438080"
    assert client.owner(token("80351110224678912")) == "80351110224678912"
    # A reset token is another one of the same bot; tokens that are none are told apart.
    others = {client.owner(other) for other in ("stand-in", "stand-in.two", "ä.b.c", "")}
    assert len(others) == 4
    assert all(other.isalnum() for other in others)
