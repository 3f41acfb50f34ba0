"""What Discord allows a token, kept over the wire: the pace, halts, the breaker, and buckets that do not pile up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import sleep
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import yarl
from discord.http import HTTPClient
from multidict import CIMultiDict

from bot.cards import Button, Card, Paragraph, Text
from bot.delivery import Address, Doubtful, Later, Outcome, Sent
from bot.pacing import Halted, leave_by, urgent
from bot.platforms.discord import chats, client, limits
from bot.platforms.discord.outgoing import REFUSED_SECONDS
from tests.fakes import virtual
from tests.fakes.discord_server import Channel
from tests.fakes.discord_server.front import OPEN_PREFIXES
from tests.fakes.discord_server.traffic import Buckets
from tests.fakes.patience import PATIENCE, passed, until
from tests.fakes.stalls import Stalls, stalls
from tests.platforms.discord_driver import DiscordDriver

CARD = Card(parts=(Paragraph((Text("Hello"),)),), rows=((Button("Yes", "roadmaps"),),))


def now() -> datetime:
    return datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens after a request was counted, before aiohttp writes its body; given before the driver is made."""
    happening: list[Callable[[], None]] = []
    leaves = limits.Limits._leaves

    async def and_then(self: limits.Limits, session: Any, context: Any, params: Any) -> None:
        await leaves(self, session, context, params)
        while happening:
            happening.pop()()

    monkeypatch.setattr(limits.Limits, "_leaves", and_then)
    return happening


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[DiscordDriver]:
    async with DiscordDriver(tmp_path, now) as driver:
        yield driver


async def deliver(driver: DiscordDriver, to: Channel | Address | None = None, key: str = "key") -> Outcome:
    """Send as the courier does: after those who wait for an answer."""
    address = to if isinstance(to, Address) else Address("discord", str((to or driver.channel).id))
    urgent.set(False)
    return await asyncio.create_task(driver.platform.send(address, CARD, key))


def posted(driver: DiscordDriver) -> int:
    return sum(request.path.endswith("/messages") for request in driver.server.requests)


def leaks(driver: DiscordDriver, stall: Stalls) -> int:
    """How many requests were sent in a halt; what was on its way when it was told may have been read late."""
    told = Buckets.ON_THE_WAY + stall.worst
    counted = [one.moment for one in driver.server.requests if not one.path.startswith(OPEN_PREFIXES)]
    return sum(began + told < moment < ended for began, ended in driver.server.buckets.halts for moment in counted)


# ---------------------------------------------------------------- the pace


async def test_three_hundred_at_once_keep_the_rate_and_the_halt_while_members_are_answered(
    driver: DiscordDriver,
) -> None:
    channels = [driver.guild.add_channel(f"room-{number}") for number in range(300)]
    asha = driver.person("asha")
    answered = 0

    async def until_sent(number: int) -> None:
        for _ in range(10):
            outcome = await deliver(driver, channels[number], f"key {number}")
            if not isinstance(outcome, Later):
                break
            await asyncio.sleep(outcome.seconds)
        assert isinstance(outcome, Sent)

    async def members() -> None:
        nonlocal answered
        while True:
            assert (await driver.server.slash(asha, driver.channel, "roadmaps")).reply is not None
            answered += 1
            await asyncio.sleep(0.1)

    asyncio.get_running_loop().call_later(2.5, driver.server.buckets.halt, 1.5)
    async with stalls() as stall:
        asking = asyncio.create_task(members())
        await asyncio.gather(*(until_sent(number) for number in range(300)))
        asking.cancel()
    # What was written in time may have been read late.
    assert driver.server.worst_second <= 50 + stall.more(50)
    assert leaks(driver, stall) == 0
    assert [len(driver.server.messages(channel)) for channel in channels] == [1] * 300
    # Six seconds' worth stood in line: behind them one answer would have been given, or two.
    assert answered > 5
    assert driver.platform.limits.pace.waits.halts >= 1


async def test_answers_in_private_chats_go_before_deliveries(driver: DiscordDriver) -> None:
    asha = driver.person("asha")
    await driver.say("asha", "/help", private=True)
    channels = [driver.guild.add_channel(f"room-{number}") for number in range(300)]
    sending = [asyncio.create_task(deliver(driver, channel, channel.name)) for channel in channels]
    await until(lambda: posted(driver) > 5, "the first of them")
    driver.server.says(asha, driver.server.dm(asha), "/roadmaps")
    await driver.server.wait_message(asha, lambda message: "backend-ai-era" in message.text)
    assert not all(task.done() for task in sending)
    for task in sending:
        task.cancel()
    outcomes = await asyncio.gather(*sending, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {Sent, Later, asyncio.CancelledError}


async def test_what_leaves_too_late_is_not_sent(driver: DiscordDriver) -> None:
    leave_by.set(asyncio.get_running_loop().time() - 1)
    assert isinstance(await deliver(driver), Later)
    assert posted(driver) == 0


async def test_nor_what_got_its_connection_too_late(driver: DiscordDriver) -> None:
    await deliver(driver)
    loop = asyncio.get_running_loop()
    # The last second is full: the turn comes in time, and the request would be written after it.
    driver.platform.limits._written.extend([loop.time()] * limits.PER_SECOND)
    leave_by.set(loop.time() + 0.2)
    assert isinstance(await deliver(driver, key="2"), Later)
    assert posted(driver) == 1


# ---------------------------------------------------------------- between counting and writing


async def test_a_halt_that_comes_before_the_body_is_written_holds_it(
    between: list[Callable[[], None]], driver: DiscordDriver
) -> None:
    await deliver(driver)
    between.append(lambda: driver.platform.limits.pace.halt(0.5))
    halted = asyncio.get_running_loop().time()
    assert isinstance(await deliver(driver, key="2"), Sent)
    assert passed(0.5, halted, driver.server.requests[-1].moment)
    # A second begins when it was written, not when it was counted.
    assert passed(0.5, halted, driver.platform.limits._written[-1])


async def test_a_halt_too_long_to_wait_for_takes_back_what_was_counted(
    between: list[Callable[[], None]], driver: DiscordDriver
) -> None:
    await deliver(driver)
    between.append(lambda: driver.platform.limits.pace.halt(120))
    # Not in doubt: nothing left.
    assert isinstance(await deliver(driver, key="2"), Later)
    assert driver.platform.delay(driver.home) > 100
    assert posted(driver) == 1


async def test_what_a_busy_event_loop_keeps_until_its_lease_is_over_is_not_written(
    between: list[Callable[[], None]], driver: DiscordDriver
) -> None:
    await deliver(driver)
    leave_by.set(asyncio.get_running_loop().time() + 0.2)
    # Nothing else runs meanwhile, as when the process was stopped.
    between.append(partial(sleep, 0.3))
    assert isinstance(await deliver(driver, key="2"), Later)
    assert posted(driver) == 1


async def test_a_second_counts_from_when_a_request_was_written(
    between: list[Callable[[], None]], driver: DiscordDriver
) -> None:
    await deliver(driver)
    limit, loop = driver.platform.limits, asyncio.get_running_loop()
    # A full second: the first of it is counted now and written late.
    limit._written.extend([loop.time() - limits.SECOND] * limits.PER_SECOND)
    between.append(partial(sleep, 0.4))
    await deliver(driver, key="late")
    late = driver.server.requests[-1].moment
    limit._written.extend([late] * (limits.PER_SECOND - 1))
    assert isinstance(await deliver(driver, key="next"), Sent)
    assert passed(1.0, late, driver.server.requests[-1].moment)


# ---------------------------------------------------------------- halts


async def test_a_global_limit_halts_everything_and_nothing_is_lost(driver: DiscordDriver) -> None:
    driver.server.buckets.halt(1.0)
    async with stalls() as stall:
        outcomes = await asyncio.gather(*(deliver(driver, key=f"key {number}") for number in range(5)))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert leaks(driver, stall) == 0
    assert len(await driver.posts()) == 5


async def test_a_halt_too_long_to_wait_for_is_the_couriers(driver: DiscordDriver) -> None:
    driver.server.buckets.halt(120)
    first = await deliver(driver)
    assert isinstance(first, Later)
    assert first.seconds > 100
    assert driver.platform.delay(driver.home) > 100
    second = await deliver(driver, key="2")
    assert isinstance(second, Later)
    assert second.seconds > 100
    assert posted(driver) == 1


async def test_a_send_cut_off_in_a_halt_leaves_discord_py_no_gate_that_stays_shut(driver: DiscordDriver) -> None:
    driver.server.buckets.halt(0.5)
    cut_off = asyncio.create_task(deliver(driver))
    while posted(driver) == 0:  # noqa: ASYNC110 - only the server tells
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    cut_off.cancel()
    async with asyncio.timeout(PATIENCE):
        assert isinstance(await deliver(driver, key="2"), Sent)


async def test_a_ban_of_the_host_halts_answers_too(driver: DiscordDriver, caplog: pytest.LogCaptureFixture) -> None:
    # What stands before Discord's API refuses without `Via`, and in no JSON.
    driver.server.fail("POST", "/messages", status=429, headers={"Retry-After": "900"})
    assert await deliver(driver) == Later(900, "Discord asks for patience")
    requests = len(driver.server.requests)
    driver.server.interactions.seconds_to_answer = 0.3
    with caplog.at_level(logging.WARNING):
        assert (await driver.server.slash(driver.person("asha"), driver.channel, "roadmaps")).failed
        await driver.idle()
    assert "did not arrive" in caplog.text
    assert len(driver.server.requests) == requests
    assert driver.platform.delay(driver.home) > 800


async def test_a_failure_before_the_wait_stays_in_doubt(driver: DiscordDriver) -> None:
    driver.server.fail("POST", "/messages", status=502, json={"message": "bad gateway"}, after_accept=True)
    sending = asyncio.create_task(deliver(driver))
    while posted(driver) == 0:  # noqa: ASYNC110 - only the server tells
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    driver.platform.limits.pace.halt(60)
    # discord.py's second try does not leave; the first was accepted all the same.
    assert isinstance(await sending, Doubtful)
    assert len(await driver.posts()) == 1


async def test_what_never_left_is_not_in_doubt(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    await deliver(driver)
    monkeypatch.setattr(client, "SEND_WITHIN", 0.1)
    driver.platform.limits.pace.halt(10)
    assert isinstance(await deliver(driver, key="2"), Later)
    assert posted(driver) == 1


# ---------------------------------------------------------------- the breaker


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The breaker for a test's patience."""
    monkeypatch.setattr(limits, "STOP_DELIVERIES", 5)
    monkeypatch.setattr(limits, "GO_ON", 3)
    monkeypatch.setattr(limits, "STOP_ANSWERS", 7)
    monkeypatch.setattr(limits, "INVALID_WINDOW_SECONDS", PATIENCE)


@pytest.mark.usefixtures("small")
async def test_refusals_stop_deliveries_long_before_discord_bans_us(
    driver: DiscordDriver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.person("asha").dms_open = False
    asha = Address.private_to("discord", str(driver.person("asha").id))
    with caplog.at_level(logging.INFO):
        for number in range(9):
            await deliver(driver, asha, f"key {number}")
        assert driver.server.invalid_requests == 5
        assert driver.platform.invalid_responses == 5
        stopped = await deliver(driver)
        assert isinstance(stopped, Later)
        assert 0 < stopped.seconds <= PATIENCE
        assert driver.platform.delay(driver.home) > 0
        # Who waits for an answer gets one.
        assert (await driver.say("asha", "/roadmaps")).text
        # All that was refused is longer ago than counts.
        monkeypatch.setattr(limits, "INVALID_WINDOW_SECONDS", 0)
        assert driver.platform.delay(driver.home) == 0
        assert isinstance(await deliver(driver), Sent)
    assert caplog.text.count("nothing but answers is sent") == 1
    assert caplog.text.count("deliveries go on") == 1


@pytest.mark.usefixtures("small")
async def test_refusals_stop_answers_last(driver: DiscordDriver) -> None:
    driver.server.interactions.seconds_to_answer = 0.2
    driver.server.fail("POST", "/callback", status=403, json={"code": 50013, "message": "no"}, times=100)
    for _ in range(10):
        await driver.server.slash(driver.person("asha"), driver.channel, "roadmaps")
        await driver.idle()
        if driver.platform.invalid_responses >= 7:
            break
    refused = driver.server.invalid_requests
    assert refused <= 9
    await driver.server.slash(driver.person("asha"), driver.channel, "roadmaps")
    assert driver.server.invalid_requests == refused


@pytest.mark.usefixtures("small")
async def test_a_limit_shared_with_others_is_no_fault_of_ours(driver: DiscordDriver) -> None:
    body = {"message": "The resource is being rate limited.", "retry_after": 0.01, "global": False}
    headers = {"Retry-After": "1", "Via": "1.1 google", "X-RateLimit-Scope": "shared"}
    driver.server.fail("POST", "/messages", status=429, json=body, headers=headers)
    assert isinstance(await deliver(driver), Sent)
    assert driver.platform.invalid_responses == 0
    driver.server.rate_limit("POST", "/messages", retry_after=0.01)
    assert isinstance(await deliver(driver, key="2"), Sent)
    assert driver.platform.invalid_responses == 1


async def test_a_page_of_something_before_discord_is_no_word_of_discords(driver: DiscordDriver) -> None:
    for status in (403, 404):
        driver.server.fail("POST", "/messages", status=status, headers={"Content-Type": "text/html"})
        outcome = await deliver(driver)
        assert isinstance(outcome, Later)
        assert outcome.seconds == REFUSED_SECONDS


# ---------------------------------------------------------------- what grows


async def test_buckets_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    http = HTTPClient(asyncio.get_running_loop())
    limits.forget_as_we_go(http)
    busy = http.get_ratelimit("busy")
    async with busy:
        monkeypatch.setattr(limits, "IDLE", -1.0)
        for number in range(2000):
            http.get_ratelimit(f"channel {number}")
        assert len(http._buckets) <= 2
        assert http.get_ratelimit("busy") is busy
    monkeypatch.setattr(limits, "IDLE", 60.0)
    for number in range(300):
        http.get_ratelimit(f"channel {number}")
    # Used a moment ago: none is lost.
    assert len(http._buckets) >= 300


async def test_a_private_chat_is_opened_once(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> int:
        return sum(request.path == "/users/@me/channels" for request in driver.server.requests)

    people = [Address.private_to("discord", str(driver.person(f"p{number}").id)) for number in range(3)]
    for time in range(2):
        for address in people:
            assert isinstance(await deliver(driver, address, f"key {time}"), Sent)
    assert opened() == 3
    monkeypatch.setattr(chats, "KEPT_CHANNELS", 2)
    newcomer = Address.private_to("discord", str(driver.person("p3").id))
    await deliver(driver, newcomer)
    assert len(driver.platform._chats._known) <= 2


async def test_a_private_chat_that_is_not_there_any_more_is_opened_anew(driver: DiscordDriver) -> None:
    asha = Address.private_to("discord", str(driver.person("asha").id))
    assert isinstance(await deliver(driver, asha), Sent)
    driver.server.close_dm(driver.person("asha"))
    assert isinstance(await deliver(driver, asha, "2"), Sent)


# ---------------------------------------------------------------- several processes


@pytest.mark.parametrize("shards", [2, 16, 100])
@pytest.mark.parametrize("processes", [1, 2, 16])
def test_several_processes_keep_to_the_rate_together(shards: int, processes: int) -> None:
    """However the shards are divided, some of them nobody's while they move, and whoever of them sends."""
    held = [len(range(number, shards, processes)) for number in range(processes)]
    for moving in ([], [0], [processes - 1]):
        has = [max(0, number - 1) if place in moving else number for place, number in enumerate(held)]
        for sender in (None, *range(processes)):
            parts = [limits.share(place == sender, number, shards) for place, number in enumerate(has)]
            assert sum(parts) <= limits.PER_SECOND
            assert sender is None or parts[sender] >= limits.SENDER


def test_one_process_that_has_everything_has_the_whole_rate() -> None:
    assert limits.share(sends=True, held=16, shards=16) == limits.PER_SECOND
    assert limits.share(sends=False, held=8, shards=16) == 8 * limits.share(sends=False, held=1, shards=16)
    assert limits.share(sends=False, held=0, shards=16) == 0


def test_the_line_goes_by_the_share_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ANSWER_PATIENCE", 0.05)
    virtual.play(_shares_of_the_moment())


async def _shares_of_the_moment() -> None:
    share = 40.0
    api = "http://127.0.0.1:9/api/v10"
    passing = limits.Limits(api, 2, lambda: share)
    request = aiohttp.TraceRequestStartParams("POST", yarl.URL(f"{api}/channels/1/messages"), CIMultiDict())

    async def ask(count: int) -> float:
        began = virtual.now()
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(passing._starts(session, SimpleNamespace(), request) for _ in range(count)))
        return virtual.now() - began

    assert await ask(5) < 0.5
    # Less while they stand in line: those behind go by it too.
    waiting = asyncio.create_task(ask(5))
    await asyncio.sleep(0)
    share = 4.0
    assert await waiting >= 3 / 4
    # More: nobody waits as long as before for it.
    share = 0.1
    slow = asyncio.create_task(ask(1))
    await asyncio.sleep(0.05)
    share = 40.0
    assert await ask(1) < 0.5
    assert await slow < 0.5
    # Nothing: another's by now.
    share = 0.0
    with pytest.raises(Halted):
        await ask(1)
    # A share may be slow; that alone makes nobody give up a login.
    share = 10.0
    assert await ask(10) > 0.5


async def test_a_halt_is_given_up_for_however_slow_the_share() -> None:
    api = "http://127.0.0.1:9/api/v10"
    passing = limits.Limits(api, 16, lambda: 1.0)
    request = aiohttp.TraceRequestStartParams("GET", yarl.URL(f"{api}/users/@me"), CIMultiDict())
    passing.pace.halt(300)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Halted):
            await passing._starts(session, SimpleNamespace(), request)
