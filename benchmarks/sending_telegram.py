"""What a message on Telegram costs in CPU time, beside a bare aiohttp POST of the same body to the same server.

Run: python -m benchmarks.sending_telegram [--messages 15000] [--runs 3]

The server is a process of its own on loopback and answers as Telegram does. Ours is the whole way of a delivery from
its card on: rendering, the pace (at a rate that holds nothing back, with every limit in force), the transport, and
reading the answer. Both go to 200 and to 15,000 distinct chats, in turns, so that a drift of the machine's speed meets
all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.cards import Bold, Button, Card, Paragraph, Text
from bot.command import Dispatch, Hearing
from bot.commands import registry
from bot.delivery import Address, Sent
from bot.pacing import Pace, urgent
from bot.platforms.telegram.client import TelegramPlatform
from bot.platforms.telegram.posting import NO_PREVIEW
from bot.platforms.telegram.render import render
from bot.store import Store, schema
from bot.store.commits import Commits
from bot.store.memory import StoredMemory

ROOT = Path(__file__).parents[1]
TOKEN = "7000000001:" + "benchmark".ljust(35, "-")
ME = {"id": 7_000_000_001, "is_bot": True, "first_name": "Roadmate", "username": "roadmate_bot"}
CHATS = (200, 15_000)
AT_ONCE = 8
MOST = 2.5
FLAT = 1.1
CARD = Card(
    title=(Text("Did you study today, Asha?"),),
    parts=(
        Paragraph((Text("Friday 20 November · "), Bold("12 days"), Text(" in a row"))),
        Paragraph((Text("Next: HTTP and REST APIs, about 24 h."),)),
    ),
    rows=(
        (
            Button("Yes, studied", "checkin yes date:2026-11-20"),
            Button("Not today", "checkin no date:2026-11-20"),
            Button("Later", "later date:2026-11-20"),
        ),
    ),
)


Send = Callable[[int], Awaitable[None]]


async def serve() -> None:
    """Answer until killed; the first line printed is the port."""

    async def answer(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        given = json.loads(await request.read() or b"{}")
        if method == "sendMessage":
            chat = {"id": given["chat_id"], "type": "private", "first_name": "Asha"}
            shown = {name: given[name] for name in ("text", "entities", "reply_markup") if name in given}
            result: Any = {"message_id": 7, "from": ME, "chat": chat, "date": 1_795_156_200, **shown}
        elif method == "getUpdates":
            await asyncio.sleep(given.get("timeout", 0))
            result = []
        else:
            result = ME if method == "getMe" else True
        return web.Response(body=json.dumps({"ok": True, "result": result}), content_type="application/json")

    application = web.Application()
    application.router.add_post("/bot{token}/{method}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def cost(send: Send, messages: int, chats: int) -> float:
    """Microseconds of CPU time a message, some being under way at once."""
    numbers = iter(range(messages))

    async def some() -> None:
        for number in numbers:
            await send(1_000_000 + number % chats)

    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return (time.process_time() - began) / messages * 1e6


def body() -> dict[str, Any]:
    """What is posted for the card."""
    (message,) = render(CARD)
    content = {"text": message.text, "entities": message.entities, "link_preview_options": NO_PREVIEW}
    return content | {"reply_markup": message.keyboard}


@contextmanager
def server() -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.sending_telegram", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Send]:
    """`TelegramPlatform.send` to a chat, after those who wait for an answer."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite+aiosqlite:///{Path(folder) / 'benchmark.db'}")
        await schema.upgrade_tables(store)
        dispatch = Dispatch(store, dict, registry, lambda: datetime.now(UTC))
        memory = StoredMemory(store, "telegram", dispatch.clock, Commits(store))
        pace = Pace(1e6, per_chat=0.001, per_group_minute=20)
        platform = TelegramPlatform(TOKEN, Hearing(dispatch), memory, api_url=url, pace=pace)
        serving = asyncio.create_task(platform.run())
        while not platform.status().connected:  # noqa: ASYNC110 -- nothing tells it
            await asyncio.sleep(0.01)
        urgent.set(False)

        async def send(chat: int) -> None:
            assert isinstance(await platform.send(Address.private_to("telegram", str(chat)), CARD, "key"), Sent)

        try:
            yield send
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
            await store.close()


@asynccontextmanager
async def bare(url: str) -> AsyncIterator[Send]:
    """A POST of the same body to the same place, and its answer read."""
    sent = body()
    async with aiohttp.ClientSession() as session:

        async def send(chat: int) -> None:
            async with session.post(f"{url}/bot{TOKEN}/sendMessage", json={**sent, "chat_id": chat}) as response:
                assert response.status == 200
                await response.read()

        yield send


@dataclass(frozen=True, slots=True)
class Found:
    """Microseconds a message, medians, by the number of chats."""

    ours: dict[int, float]
    bare: dict[int, float]

    @property
    def ratios(self) -> list[float]:
        """Ours beside a bare POST."""
        return [self.ours[chats] / self.bare[chats] for chats in CHATS]

    @property
    def grows(self) -> float:
        """Ours to many chats, beside few."""
        return self.ours[CHATS[1]] / self.ours[CHATS[0]]

    @property
    def holds(self) -> bool:
        """Whether the bounds are kept."""
        return max(self.ratios) <= MOST and self.grows <= FLAT


async def measure(url: str, messages: int, runs: int) -> Found:
    """Both in turns, to few chats and to many."""
    taken: dict[str, dict[int, list[float]]] = {name: {chats: [] for chats in CHATS} for name in ("ours", "bare")}
    async with ours(url) as to_ours, bare(url) as to_bare:
        ways = {"ours": to_ours, "bare": to_bare}
        for send in ways.values():
            await cost(send, messages // 10, CHATS[0])
        for _ in range(runs):
            for chats in CHATS:
                for name, send in ways.items():
                    taken[name][chats].append(await cost(send, messages, chats))
    return Found(*({n: statistics.median(values) for n, values in taken[name].items()} for name in ("ours", "bare")))


def show(found: Found, messages: int, runs: int) -> None:
    """A row for each number of chats."""
    for chats, ratio in zip(CHATS, found.ratios, strict=True):
        figures = f"ours {found.ours[chats]:4.0f} µs   bare POST {found.bare[chats]:4.0f} µs"
        print(f"{chats:>6} chats   {figures}   ratio {ratio:.2f} (at most {MOST})   (n={runs} × {messages})")
    print(f"15,000 beside 200 chats: {found.grows:.2f} (at most {FLAT})")


def main() -> int:
    """Measure and print; 1 when a bound is passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=15_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--serve", action="store_true")
    chosen = parser.parse_args()
    if chosen.serve:
        asyncio.run(serve())
        return 0
    with server() as url:
        found = asyncio.run(measure(url, chosen.messages, chosen.runs))
    show(found, chosen.messages, chosen.runs)
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
