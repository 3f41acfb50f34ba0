"""What a message to Discord costs, from 200 to 15,000 chats: ours, discord.py's own way, and a bare aiohttp POST.

Run: python -m benchmarks.sending_discord [--messages 15000] [--runs 3]

CPU time of the sending process; a server in another process takes the messages. The pace is lifted: at Discord's 50 a
second, each of these runs would take five minutes. The messages go to channels; then a round of private chats that were
written to before says how many requests one message takes there.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import statistics
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import discord
from aiohttp import web
from discord.http import Route

from bot.cards import Button, Card, Paragraph, Text
from bot.command import Dispatch, Hearing
from bot.commands import registry
from bot.delivery import Address, Sent
from bot.platforms.discord.client import DiscordPlatform
from bot.platforms.discord.limits import PER_SECOND
from bot.store import Store, schema
from bot.store.commits import Commits
from bot.store.memory import StoredMemory

FEW, MANY = 200, 15_000
PRIVATE_CHATS = 500
AT_ONCE = 20
LIMITS = {
    "X-RateLimit-Limit": "1000",
    "X-RateLimit-Remaining": "999",
    "X-RateLimit-Reset-After": "1",
    "X-RateLimit-Bucket": "80c17d2f203122d936070c88c8d10f33",
}
WORDS = "Did you study today?"
CARD = Card(parts=(Paragraph((Text(WORDS),)),), rows=((Button("Yes", "checkin yes date:2026-11-20"),),))
BOT = {"id": "1", "username": "roadmate", "discriminator": "0000", "avatar": None, "bot": True}

Send = Callable[[int], Awaitable[object]]


async def _serve(pipe: Connection) -> None:
    """Answer as Discord does, with the least work, until told to stop."""
    requests = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal requests
        await request.read()
        path = request.path
        body: dict[str, Any] = {"id": "1", "name": "roadmate", "description": "", "icon": None, "bot_public": True}
        if path == "/count":
            return web.json_response(requests)
        requests += 1
        if path.endswith("/messages"):
            body = {
                "id": str(10**17 + requests),
                "channel_id": path.split("/")[2],
                "type": 0,
                "author": BOT,
                "content": WORDS,
                "timestamp": "2026-11-20T06:30:00+00:00",
                "edited_timestamp": None,
                "tts": False,
                "mention_everyone": False,
                "mentions": [],
                "mention_roles": [],
                "attachments": [],
                "embeds": [],
                "components": [],
                "pinned": False,
                "flags": 0,
            }
        elif path == "/users/@me/channels":
            account = json.loads(await request.read())["recipient_id"]
            recipient = {**BOT, "id": str(account), "bot": False}
            body = {"id": str(10**15 + int(account)), "type": 1, "recipients": [recipient]}
        elif path == "/users/@me":
            body = BOT
        elif "applications" in path:
            body |= {"bot_require_code_grant": False, "verify_key": "0", "team": None, "flags": 0, "owner": BOT}
        # discord.py wants this type to the letter.
        typed = {**LIMITS, "Content-Type": "application/json"}
        return web.Response(body=json.dumps(body).encode(), headers=typed)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pipe.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await asyncio.to_thread(pipe.recv)
    await runner.cleanup()


def _server(pipe: Connection) -> None:
    asyncio.run(_serve(pipe))


@contextmanager
def server() -> Iterator[str]:
    """The address of a server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    process = context.Process(target=_server, args=(far,), daemon=True)
    process.start()
    far.close()
    try:
        yield pipe.recv()
    finally:
        pipe.send("stop")
        process.join()
        pipe.close()


async def cost(send: Send, messages: int, chats: int) -> float:
    """CPU milliseconds a message, each chat in its turn."""
    numbers = iter(range(messages))

    async def one_after_another() -> None:
        for number in numbers:
            await send(number % chats)

    # What the run before has left is not this one's.
    gc.collect()
    start = time.process_time()
    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    return (time.process_time() - start) / messages * 1000


async def requests_for(url: str, send: Send) -> float:
    """How many requests a message takes to a private chat that has had one before."""
    async with aiohttp.ClientSession() as session:

        async def so_far() -> int:
            async with session.get(f"{url}/count") as response:
                return int(await response.json())

        await cost(send, PRIVATE_CHATS, PRIVATE_CHATS)
        before = await so_far()
        await cost(send, PRIVATE_CHATS, PRIVATE_CHATS)
        return (await so_far() - before) / PRIVATE_CHATS


@dataclass(frozen=True, slots=True)
class Sending:
    """A way to write to a channel, and one to write to a person."""

    to_channel: Send
    to_person: Send


Way = Callable[[str], AbstractAsyncContextManager[Sending]]


@asynccontextmanager
async def bare(url: str) -> AsyncIterator[Sending]:
    """A POST of the same size and its answer read."""
    body = {"content": WORDS, "embeds": [], "components": [], "nonce": "0" * 25, "enforce_nonce": True}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(chat: int) -> object:
            async with session.post(f"{url}/channels/{10**16 + chat}/messages", json=body) as response:
                return await response.json()

        yield Sending(send, send)


@asynccontextmanager
async def theirs(url: str) -> AsyncIterator[Sending]:
    """discord.py as it comes."""
    before, Route.BASE = Route.BASE, url
    async with discord.Client(intents=discord.Intents.none(), max_messages=None) as client:
        await client.login("token")

        async def send(chat: int) -> object:
            view = discord.ui.View(timeout=None)
            view.add_item(discord.ui.Button(label="Yes", custom_id="checkin yes date:2026-11-20"))
            view.stop()
            return await client.get_partial_messageable(10**16 + chat).send(WORDS, view=view, nonce="0" * 25)

        async def send_privately(chat: int) -> object:
            return await (await client.create_dm(discord.Object(10**14 + chat))).send(WORDS)

        yield Sending(send, send_privately)
    Route.BASE = before


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Sending]:
    """DiscordPlatform.send, with a button and a key, through the pace."""
    before = Route.BASE
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite+aiosqlite:///{Path(folder) / 'benchmark.db'}")
        await schema.upgrade_tables(store)
        dispatch = Dispatch(store, dict, registry, lambda: datetime.now(UTC), zone="UTC")
        memory = StoredMemory(store, "discord", dispatch.clock, Commits(store))
        platform = DiscordPlatform("token", Hearing(dispatch), memory, api_url=url)
        platform.limits._share = lambda: 1_000_000
        # A second is never full of so few.
        platform.limits._written = deque(maxlen=PER_SECOND - 1)
        Route.BASE = url
        # All of it but the gateway.
        async with platform._connection(0) as client:
            await client.login("token")
            platform._shards.clients[0] = client
            keys = iter(range(10**9))

            async def send(chat: int) -> object:
                sent = await platform.send(Address("discord", str(10**16 + chat)), CARD, f"daily:{next(keys)}")
                assert isinstance(sent, Sent), sent
                return sent

            async def send_privately(chat: int) -> object:
                address = Address.private_to("discord", str(10**14 + chat))
                return await platform.send(address, CARD, f"daily:{next(keys)}")

            yield Sending(send, send_privately)
        await platform._chats.close()
        await store.close()
    Route.BASE = before


@dataclass(frozen=True, slots=True)
class Found:
    """Milliseconds a message to few chats and to many, how it grows, and requests a message to a known person."""

    few: float
    many: float
    grows: float
    requests: float


async def once(way: Way, url: str, messages: int, chats: int) -> tuple[float, float]:
    """Milliseconds a message, and requests a private one, of a process that begins anew."""
    async with way(url) as sending:
        return await cost(sending.to_channel, messages, chats), await requests_for(url, sending.to_person)


def measure(way: Way, url: str, messages: int, runs: int) -> Found:
    """The medians of several runs."""
    taken = [[asyncio.run(once(way, url, messages, chats)) for chats in (FEW, MANY)] for _ in range(runs)]
    return Found(
        few=statistics.median(few for (few, _), _ in taken),
        many=statistics.median(many for _, (many, _) in taken),
        grows=statistics.median(many / few for (few, _), (many, _) in taken),
        requests=taken[-1][1][1],
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=MANY)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with server() as url:
        floor = 0.0
        for name, way in (("aiohttp POST", bare), ("discord.py", theirs), ("Roadmate", ours)):
            # The peer takes a minute for each.
            found = measure(way, url, arguments.messages, 1 if way is theirs else arguments.runs)
            floor = floor or found.few
            print(
                f"{name:<14} {FEW} chats {found.few:.3f} ms   {MANY:,} chats {found.many:.3f} ms   grows "
                f"{found.grows:.2f}×   of a bare POST {found.few / floor:.1f}×   requests a private message "
                f"{found.requests:.2f}"
            )


if __name__ == "__main__":
    main()
