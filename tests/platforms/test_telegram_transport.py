"""What leaves for Telegram: in its turn, not in a halt, and told apart from what servers in between say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import BadRequest, NetworkError, TelegramError

from bot.delivery import Address, Doubtful, Later, Outcome, Rejected
from bot.pacing import Pace, leave_by
from bot.platforms.telegram.outcomes import outcome
from bot.platforms.telegram.transport import AiohttpRequest, FloodError, HeldError, UnsentError
from tests.fakes.patience import passed, until
from tests.fakes.stalls import stalls

TOKEN = "7000000001:" + "x" * 35
PAGE = b"<html><body><h1>Error</h1></body></html>"
SENT = {"message_id": 7, "date": 1, "chat": {"id": 1, "type": "private", "first_name": "Asha"}}


@dataclass
class Server:
    """Answers everything with what a test says; keeps the chats and moments of what came."""

    status: int = 200
    body: bytes = json.dumps({"ok": True, "result": SENT}).encode()
    port: int = 0
    came: list[tuple[int | None, float]] = field(default_factory=list)

    def patience(self, seconds: int) -> None:
        self.status = 429
        self.body = json.dumps({"ok": False, "error_code": 429, "parameters": {"retry_after": seconds}}).encode()

    def again(self) -> None:
        self.status, self.body = 200, Server().body

    async def answer(self, request: web.Request) -> web.Response:
        given = json.loads(await request.read() or b"{}")
        self.came.append((given.get("chat_id"), asyncio.get_running_loop().time()))
        return web.Response(status=self.status, body=self.body)


@asynccontextmanager
async def talking(pace: Pace) -> AsyncIterator[tuple[Server, Bot]]:
    server = Server()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    request = AiohttpRequest(pace=pace)
    bot = Bot(TOKEN, f"http://127.0.0.1:{runner.addresses[0][1]}/bot", request=request)
    await request.initialize()
    try:
        yield server, bot
    finally:
        await request.shutdown()
        await runner.cleanup()


async def became(bot: Bot, chat: int) -> Outcome:
    """What is written down when a message fails."""
    with pytest.raises(TelegramError) as raised:
        await bot.send_message(chat, "hello")
    assert TOKEN not in str(raised.value)
    return outcome(raised.value, Address("telegram", str(chat)))


@pytest.mark.parametrize("chat", [1, -100])
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, PAGE, Later),
        (404, PAGE, Later),
        (400, b"", Later),
        (401, b'{"error": "proxy"}', Later),
        (413, PAGE, Rejected),
        (500, PAGE, Doubtful),
        (502, PAGE, Doubtful),
        (503, b"", Doubtful),
        (200, PAGE, Doubtful),
        (429, PAGE, Later),
    ],
)
async def test_a_page_on_the_way_is_no_refusal_of_telegrams(chat: int, status: int, body: bytes, kind: type) -> None:
    async with talking(Pace(1000)) as (server, bot):
        server.status, server.body = status, body
        assert isinstance(await became(bot, chat), kind)


async def test_only_what_writes_into_a_chat_takes_a_turn() -> None:
    pace = Pace(1000)
    async with talking(pace) as (_, bot):
        await bot.answer_callback_query("1")
        await bot.delete_message(1, 7)
        assert pace.waits.turns["answer"] == 0
        await bot.send_message(1, "hello")
        await bot.edit_message_text("hello", 1, 7)
        await bot.forward_message(1, 1, 7)
        await bot.copy_message(1, 1, 7)
        assert pace.waits.turns["answer"] == 4


async def test_an_edit_does_not_wait_for_the_chats_second() -> None:
    async with talking(Pace(1000, per_chat=600)) as (server, bot):
        await bot.send_message(1, "hello")
        await bot.edit_message_text("hello", 1, 7)
        with pytest.raises(HeldError) as held:
            await bot.send_message(1, "hello")
        assert 60 < held.value.seconds < 601
        assert len(server.came) == 2


async def test_patience_asked_of_an_idle_bot_is_the_chats() -> None:
    async with talking(Pace(100)) as (server, bot):
        server.patience(4000)
        with pytest.raises(FloodError):
            await bot.send_message(1, "hello")
        server.again()
        assert isinstance(held := await became(bot, 1), Later)
        assert 350 < held.seconds <= 4000
        await bot.send_message(2, "hello")
        # A second chat that asks for it while the first has not had its own: it is the bot's.
        server.patience(350)
        with pytest.raises(FloodError):
            await bot.send_message(2, "hello")
        server.again()
        assert isinstance(held := await became(bot, 3), Later)
        assert 350 < held.seconds <= 4000
        assert len(server.came) == 3


async def test_patience_asked_of_a_busy_bot_is_for_all() -> None:
    async with talking(Pace(10)) as (server, bot):
        await asyncio.gather(*(bot.send_message(n, "hello") for n in range(20)))
        server.patience(4000)
        with pytest.raises(FloodError):
            await bot.send_message(1, "hello")
        server.again()
        assert isinstance(held := await became(bot, 2), Later)
        assert 0 < held.seconds <= 4000


async def test_who_waits_when_a_halt_comes_waits_for_its_end() -> None:
    async with talking(Pace(50)) as (server, bot), stalls() as stall:
        waiting = [asyncio.create_task(bot.send_message(n, "hello")) for n in range(100)]
        await until(lambda: len(server.came) > 20, "some of them")
        server.patience(1)
        while server.status == 429:
            await asyncio.sleep(0.002)
            if any(task.done() and task.exception() for task in waiting):
                halted = asyncio.get_running_loop().time()
                server.again()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        # One, and what was on its way with it.
        assert 1 <= sum(isinstance(result, FloodError) for result in results) < 10
        assert len(server.came) == 100
        moments = [moment for _, moment in server.came]
        assert all(passed(0, moment, halted + stall.worst) or passed(0.98, halted, moment) for moment in moments)
        assert passed(0.98, halted, max(moments))


async def test_a_connection_that_took_long_costs_another_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise those that waited for their connections would leave together, or into a halt."""
    connect = aiohttp.TCPConnector._create_connection

    async def slowly(self: aiohttp.TCPConnector, *args: Any, **kwargs: Any) -> Any:
        # All are there at the same moment.
        connecting.append(1)
        await opened.wait()
        return await connect(self, *args, **kwargs)

    monkeypatch.setattr(aiohttp.TCPConnector, "_create_connection", slowly)
    pace, connecting, opened = Pace(50), list[int](), asyncio.Event()
    async with talking(pace) as (server, bot):
        sending = [asyncio.create_task(bot.send_message(n, "hello")) for n in range(30)]
        await until(lambda: len(connecting) == 30, "their connections")
        opened.set()
        await asyncio.gather(*sending)
        moments = [moment for _, moment in server.came]
        assert max(moments) - min(moments) >= 25 * pace.spacing
    pace, connecting, opened = Pace(50), list[int](), asyncio.Event()
    async with talking(pace) as (server, bot):
        task = asyncio.create_task(bot.send_message(1, "hello"))
        await until(lambda: connecting, "its connection")
        pace.halt(60)
        opened.set()
        with pytest.raises(HeldError):
            await task
        assert server.came == []


async def test_what_is_not_ours_to_send_any_more_does_not_leave() -> None:
    async with talking(Pace(1000)) as (server, bot):
        leave_by.set(asyncio.get_running_loop().time() - 1)
        assert isinstance(await became(bot, 1), Later)
        leave_by.set(None)
        assert server.came == []


async def test_errors_say_whether_anything_left() -> None:
    request = AiohttpRequest()
    with pytest.raises(UnsentError):
        await request.do_request("http://127.0.0.1:9/bot/sendMessage", "POST")
    await request.initialize()
    with pytest.raises(UnsentError):
        await request.do_request("http://127.0.0.1:9/bot/sendMessage", "POST")
    await request.shutdown()
    assert issubclass(HeldError, UnsentError) and issubclass(UnsentError, NetworkError)
    assert not issubclass(FloodError, NetworkError) and not issubclass(UnsentError, BadRequest)
