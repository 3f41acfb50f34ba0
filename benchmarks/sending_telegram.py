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
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.cards import Bold, Button, Card, Paragraph, Text
from bot.command import Dispatch
from bot.commands import registry
from bot.delivery import Address, Sent
from bot.pacing import Pace, urgent
from bot.platforms.telegram.client import TelegramPlatform
from bot.platforms.telegram.posting import NO_PREVIEW
from bot.platforms.telegram.render import render
from bot.store import Store, schema

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


async def cost(send: Callable[[int], Awaitable[None]], messages: int, chats: int) -> float:
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


async def measure(port: int, messages: int, runs: int) -> bool:
    """Measure and print; whether the bounds are kept."""
    url = f"http://127.0.0.1:{port}"
    sent = body()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite+aiosqlite:///{Path(folder) / 'benchmark.db'}")
        await schema.upgrade(store)
        dispatch = Dispatch(store, dict, registry, lambda: datetime.now(UTC))
        pace = Pace(1e6, per_chat=0.001, per_group_minute=20)
        platform = TelegramPlatform(TOKEN, dispatch, api_url=url, pace=pace)
        serving = asyncio.create_task(platform.run())
        while not platform.status().connected:  # noqa: ASYNC110 -- nothing tells it
            await asyncio.sleep(0.01)

        async def ours(chat: int) -> None:
            assert isinstance(await platform.send(Address.private_to("telegram", str(chat)), CARD, "key"), Sent)

        async with aiohttp.ClientSession() as session:

            async def bare(chat: int) -> None:
                async with session.post(f"{url}/bot{TOKEN}/sendMessage", json={**sent, "chat_id": chat}) as response:
                    assert response.status == 200
                    await response.read()

            urgent.set(False)
            for send in (ours, bare):
                await cost(send, messages // 10, 200)
            taken: dict[tuple[str, int], list[float]] = {(name, n): [] for name in ("ours", "bare") for n in CHATS}
            for _ in range(runs):
                for chats in CHATS:
                    taken["ours", chats].append(await cost(ours, messages, chats))
                    taken["bare", chats].append(await cost(bare, messages, chats))
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        await store.close()
    median = {key: statistics.median(values) for key, values in taken.items()}
    ratios = [median["ours", chats] / median["bare", chats] for chats in CHATS]
    for chats, ratio in zip(CHATS, ratios, strict=True):
        figures = f"ours {median['ours', chats]:4.0f} µs   bare POST {median['bare', chats]:4.0f} µs"
        print(f"{chats:>6} chats   {figures}   ratio {ratio:.2f} (at most {MOST})   (n={runs} × {messages})")
    flat = median["ours", CHATS[1]] / median["ours", CHATS[0]]
    print(f"15,000 beside 200 chats: {flat:.2f} (at most {FLAT})")
    return max(ratios) <= MOST and flat <= FLAT


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
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sending_telegram", "--serve"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        return 0 if asyncio.run(measure(port, chosen.messages, chosen.runs)) else 1
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
