"""Updates that Telegram posts: proven, confirmed once they are safe, carried out by one process, in order, once."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError
from sqlalchemy import select

from bot.command import Dispatch, Hearing
from bot.commands import registry
from bot.delivery import Address
from bot.pacing import Pace
from bot.platforms.telegram import webhook
from bot.platforms.telegram.client import TelegramPlatform
from bot.platforms.telegram.settings import TelegramSettings
from bot.platforms.telegram.webhook import MOST_POSTED_BYTES, SECRET
from bot.store import Store
from bot.store import inbox as stored
from bot.store.commits import Commits
from bot.store.memory import StoredMemory
from bot.tables import checkins, inbox
from tests.fakes.migrated import migrate
from tests.fakes.patience import PATIENCE
from tests.fakes.shipped import LIBRARY
from tests.fakes.telegram_server import TelegramServer, Update, User
from tests.platforms.telegram_driver import USERNAME, ZONE

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
HIDDEN = "s3cret-of-this-test"
PATH = "/telegram"


def memory(store: Store) -> StoredMemory:
    """What a process remembers of Telegram."""
    return StoredMemory(store, "telegram", lambda: NOON, Commits(store))


class Process:
    """One of the processes behind a webhook; `leads` says whether it is the one that serves the token."""

    def __init__(self, store: Store, server: TelegramServer, port: int) -> None:
        dispatch = Dispatch(store, lambda: LIBRARY.roadmaps, registry, lambda: NOON, zone=ZONE)
        self.leads = True
        self.platform = TelegramPlatform(
            server.token,
            Hearing(dispatch),
            memory(store),
            api_url=server.url,
            pace=Pace(1000),
            webhook_url=f"http://127.0.0.1:{port}{PATH}",
            webhook_secret=HIDDEN,
            leading=lambda: self.leads,
        )
        self.serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.serving = asyncio.create_task(self.platform.run())

    async def stop(self) -> None:
        if self.serving is not None:
            self.serving.cancel()
            with suppress(asyncio.CancelledError):
                await self.serving


class House:
    """A server, a database, and a front that gives each post to the process `on_duty`."""

    def __init__(self, store: Store, server: TelegramServer, port: int) -> None:
        self.store = store
        self.server = server
        self.url = f"http://127.0.0.1:{port}{PATH}"
        self.one, self.two = Process(store, server, port), Process(store, server, port)
        self.on_duty = self.one
        self.asha = server.add_user("asha", username="asha")

    async def post(self, request: web.Request) -> web.Response:
        return await self.on_duty.platform.webhook(request)

    async def connected(self, process: Process) -> None:
        await self.until(lambda: process.platform.status().connected)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110 -- what is waited for has no event
                await asyncio.sleep(0.01)

    async def says(self, line: str, user: User | None = None) -> Update:
        return await self.server.says(user or self.asha, line)

    async def confirmed(self, update: Update) -> None:
        await self.until(lambda: update not in self.server.updates.pending)

    def answers(self, user: User | None = None) -> list[str]:
        return [message.text for message in self.server.messages(user or self.asha, by=self.server.bot)]

    async def waiting(self) -> list[str]:
        async with self.store.reading() as db:
            return list((await db.execute(select(inbox.c.update).order_by(inbox.c.update))).scalars())

    async def drained(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.waiting():  # noqa: ASYNC110 -- so has this
                await asyncio.sleep(0.01)

    async def minutes(self) -> list[int | None]:
        async with self.store.reading() as db:
            return list((await db.execute(select(checkins.c.minutes).order_by(checkins.c.id))).scalars())


@asynccontextmanager
async def built(folder: Path) -> AsyncIterator[House]:
    store = Store.open(f"sqlite+aiosqlite:///{folder / 'webhook.db'}")
    await migrate(store)
    async with TelegramServer(username=USERNAME, clock=lambda: NOON) as server:
        houses: list[House] = []

        async def post(request: web.Request) -> web.Response:
            return await houses[0].post(request)

        # As bot/health.py mounts it, with aiohttp's own limit for bodies.
        application = web.Application()
        application.router.add_post(PATH, post)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        house = House(store, server, runner.addresses[0][1])
        houses.append(house)
        try:
            yield house
        finally:
            await house.one.stop()
            await house.two.stop()
            await runner.cleanup()
            await store.close()
        assert server.violations == []


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with built(tmp_path) as made:
        yield made


async def begin(house: House) -> None:
    """The first process serves, and asha is on a roadmap."""
    house.one.start()
    await house.connected(house.one)
    await house.confirmed(await house.says("/join roadmap:backend-ai-era deadline:2027-05-20 hours:2"))
    # What came before it was ready was stored.
    await house.drained()


async def test_posted_updates_are_answered_and_nobody_polls(house: House) -> None:
    await begin(house)
    update = await house.says("/checkin 30")
    await house.confirmed(update)
    assert await house.minutes() == [30]
    assert house.answers()[-1].startswith("Friday")
    assert house.server.calls("getUpdates") == []
    (set_up,) = house.server.calls("setWebhook")
    assert set_up.parameters.text("secret_token") == HIDDEN
    assert set_up.parameters.json("allowed_updates") == ["message", "callback_query", "my_chat_member"]
    assert house.one.platform.webhook_path == PATH
    assert await house.waiting() == []
    status = house.one.platform.status()
    assert (status.connected, status.how, status.standby) == (True, "webhook", False)
    assert status.heard is not None and status.heard < 5


@pytest.mark.parametrize("secret", [None, "", "wrong", HIDDEN + "x", HIDDEN[:-1], "sécret"])
async def test_without_the_secret_nothing_is_handled(house: House, secret: str | None) -> None:
    await begin(house)
    forged = {"update_id": 9, "message": {"text": "/leave"}}
    headers = {} if secret is None else {SECRET: secret}
    async with aiohttp.ClientSession() as session:
        async with session.post(house.url, json=forged, headers=headers) as response:
            assert response.status == 403
            assert HIDDEN not in await response.text()
        async with session.get(house.url, headers={SECRET: HIDDEN}) as response:
            assert response.status == 405
    assert await house.waiting() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        ('{"update_id": 1}'.encode("utf-16"), 400),
        (b'{"update_id": "1"}', 400),
        (b"\xff", 400),
        (b"{}" + b" " * MOST_POSTED_BYTES, 413),
    ],
)
async def test_what_is_no_update_is_refused(house: House, body: bytes, status: int) -> None:
    await begin(house)
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.url, data=io.BytesIO(body), headers={SECRET: HIDDEN}) as response,
    ):
        assert response.status == status
    assert await house.waiting() == []


async def test_a_bot_that_polls_takes_no_posts(house: House) -> None:
    dispatch = Dispatch(house.store, lambda: LIBRARY.roadmaps, registry, lambda: NOON)
    polling = TelegramPlatform(house.server.token, Hearing(dispatch), memory(house.store), api_url=house.server.url)
    assert polling.webhook_path is None
    house.on_duty = Process(house.store, house.server, 1)
    house.on_duty.platform = polling
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.url, json={"update_id": 1}, headers={SECRET: ""}) as response,
    ):
        assert response.status == 403


async def test_an_update_posted_again_counts_once(house: House) -> None:
    await begin(house)
    update = await house.says("/checkin 30")
    await house.confirmed(update)
    async with aiohttp.ClientSession() as session:
        statuses = await asyncio.gather(*(house.server.posting.post(session, update) for _ in range(5)))
    assert statuses == [200] * 5
    assert await house.minutes() == [30]


async def test_a_process_that_does_not_serve_the_token_stores_for_the_one_that_does(house: House) -> None:
    """As on Postgres, where the serving process looks for what others have stored."""
    house.one.platform._hook._look = 0.05
    await begin(house)
    house.on_duty, house.two.leads = house.two, False
    assert house.two.platform.status().standby
    for minutes in (10, 20, 30):
        await house.confirmed(await house.says(f"/checkin {minutes}"))
    await house.drained()
    assert await house.minutes() == [10, 20, 30]
    assert len(house.answers()) == 4


async def test_an_update_that_ends_while_we_look_is_not_begun_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What we read of it is older than its end."""
    await begin(house)
    monkeypatch.setattr(webhook, "ACCEPT_SECONDS", 0.05)
    house.server.fail("sendMessage", delay=0.4)
    read, hook = stored.waiting, house.one.platform._hook

    async def slowly(*args: Any) -> Any:
        found = await read(*args)
        await house.drained()
        await house.until(lambda: not hook._running)
        return found

    await house.confirmed(await house.says("/checkin 30"))
    with monkeypatch.context() as patch:
        patch.setattr(stored, "waiting", slowly)
        assert hook._handle is not None
        await hook.drain(hook._handle)
    assert hook._running == {}
    assert len(house.answers()) == 2


async def test_what_came_while_nobody_served_is_carried_out_in_its_order(house: House) -> None:
    await begin(house)
    await house.one.stop()
    house.on_duty = house.two
    ravi = house.server.add_user("ravi", username="ravi")
    updates = [await house.says(f"/checkin {minutes}") for minutes in range(1, 13)]
    updates.append(await house.says("/help", ravi))
    for update in updates:
        await house.confirmed(update)
    assert await house.minutes() == []
    assert len(await house.waiting()) == 13
    house.two.start()
    await house.drained()
    assert await house.minutes() == list(range(1, 13))
    assert len(house.answers(ravi)) == 1


async def test_an_update_cut_off_comes_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither confirmed nor lost: Telegram posts it to whoever serves then."""
    await begin(house)
    monkeypatch.setattr(webhook, "STOP_SECONDS", 0)
    house.server.fail("sendMessage", delay=60)
    update = await house.says("/checkin 30")
    await house.until(lambda: len(house.server.calls("sendMessage")) == 2)
    await house.one.stop()
    assert update in house.server.updates.pending
    house.on_duty = house.two
    house.two.start()
    await house.confirmed(update)
    assert await house.minutes() == [30]


async def test_a_slow_update_is_stored_and_confirmed_and_removed_at_its_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(house)
    monkeypatch.setattr(webhook, "ACCEPT_SECONDS", 0.05)
    answers = asyncio.Event()
    house.server.fail("sendMessage", until=answers)
    update = await house.says("/checkin 30")
    await house.confirmed(update)
    assert len(await house.waiting()) == 1
    assert len(house.answers()) == 1
    answers.set()
    await house.drained()
    assert len(house.answers()) == 2
    assert await house.minutes() == [30]


async def test_a_slow_update_that_dies_with_its_process_is_carried_out_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(house)
    monkeypatch.setattr(webhook, "ACCEPT_SECONDS", 0.05)
    monkeypatch.setattr(webhook, "STOP_SECONDS", 0)
    house.server.fail("sendMessage", delay=60)
    await house.confirmed(await house.says("/checkin 30"))
    await house.one.stop()
    assert len(await house.waiting()) == 1
    house.two.start()
    await house.drained()
    assert await house.minutes() == [30]


async def test_serving_may_end_and_begin_again_in_one_process(house: House) -> None:
    for minutes in (10, 20, 30):
        house.one.start()
        await house.connected(house.one)
        await house.confirmed(await house.says(f"/checkin {minutes}"))
        await house.one.stop()
        assert not house.one.platform.status().connected
    assert [task for task in asyncio.all_tasks() if task.get_name() == "telegram update"] == []
    assert len(house.server.calls("setWebhook")) == 3


async def test_what_is_stored_is_carried_out_by_who_polls_as_well(house: House) -> None:
    house.on_duty = house.two
    house.server.profile.webhook, house.server.profile.secret = house.url, HIDDEN
    await house.confirmed(await house.says("/help"))
    assert len(await house.waiting()) == 1
    house.one.platform = polling(house)
    house.one.start()
    await house.drained()
    await house.until(lambda: len(house.answers()) == 1)
    assert house.server.profile.webhook == ""


def polling(house: House) -> TelegramPlatform:
    """One who polls with the same token."""
    dispatch = Dispatch(house.store, dict, registry, lambda: NOON)
    return TelegramPlatform(
        house.server.token, Hearing(dispatch), memory(house.store), api_url=house.server.url, pace=Pace(1000)
    )


@pytest.mark.parametrize("polls", [False, True])
async def test_reminders_wait_for_what_was_said_while_nobody_served(house: House, polls: bool) -> None:
    house.server.profile.webhook, house.server.profile.secret = house.url, HIDDEN
    await house.confirmed(await house.says("/help"))
    assert len(await house.waiting()) == 1
    if polls:
        house.on_duty, house.one.platform = house.two, polling(house)
    platform, asha = house.one.platform, Address.private_to("telegram", str(house.asha.id))
    first, second = asyncio.Event(), asyncio.Event()
    house.server.fail("sendMessage", until=first)
    house.one.start()
    await house.until(lambda: len(house.server.calls("sendMessage")) == 1)
    assert house.answers() == []
    assert platform.delay(asha) > 0
    assert not platform.status().connected
    first.set()
    await house.connected(house.one)
    assert len(house.answers()) == 1
    # What is said from now on holds up nothing.
    house.server.fail("sendMessage", until=second)
    await house.says("/help")
    await house.until(lambda: len(house.server.calls("sendMessage")) == 2)
    assert platform.status().connected
    second.set()
    await house.until(lambda: len(house.answers()) == 2)


@pytest.mark.parametrize("polls", [False, True])
async def test_but_not_for_long(house: House, polls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "CATCH_UP_SECONDS", 2)
    monkeypatch.setattr(webhook, "STOP_SECONDS", 0)
    house.server.profile.webhook, house.server.profile.secret = house.url, HIDDEN
    await house.confirmed(await house.says("/help"))
    if polls:
        house.on_duty, house.one.platform = house.two, polling(house)
    house.server.fail("sendMessage", delay=60)
    house.one.start()
    await house.until(lambda: len(house.server.calls("sendMessage")) == 1)
    assert not house.one.platform.status().connected
    await house.connected(house.one)
    assert house.answers() == []


def test_a_webhook_needs_a_secret_and_a_port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELEGRAM_WEBHOOK_URL", "https://bot.example.org/telegram")
    with pytest.raises(ValidationError, match="TELEGRAM_WEBHOOK_SECRET and HTTP_PORT"):
        TelegramSettings()
    monkeypatch.setenv("HTTP_PORT", "8080")
    for bad in ("short", "with spaces in it everywhere"):
        monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", bad)
        with pytest.raises(ValidationError, match="16 to 256") as refused:
            TelegramSettings()
        assert bad not in str(refused.value)
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", HIDDEN)
    assert TelegramSettings().telegram_webhook_secret == SecretStr(HIDDEN)
    assert TelegramSettings().telegram_rate == 30
    monkeypatch.setenv("TELEGRAM_RATE", "0")
    with pytest.raises(ValidationError, match="telegram_rate"):
        TelegramSettings()
