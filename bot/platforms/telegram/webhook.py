"""Takes updates that Telegram posts to us, answering once each is safe."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from telegram import Bot, Update

from bot.memory import Memory, Unavailable
from bot.platforms.telegram.polling import CATCH_UP_SECONDS, STOP_SECONDS, UPDATE_KINDS

if TYPE_CHECKING:
    from aiohttp import web

log = logging.getLogger(__name__)

SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105
"""The header that proves that it is Telegram who posts (Bot API, setWebhook). The rule takes it for a password."""

MOST_POSTED_BYTES = 1 << 20
"""Of an update. Telegram's are a few thousand; what is larger is somebody else's."""

WEBHOOK_CONNECTIONS = 100
"""How many updates Telegram may post at the same time: as many as it ever does (Bot API, setWebhook)."""

ACCEPT_SECONDS = 1.0
"""An update that takes longer is stored and confirmed: one who floods us holds none of Telegram's connections."""

LOOK_SECONDS = 0.25
"""How often we look for what other processes have stored; they are there on Postgres alone."""

TROUBLE_SECONDS = 1.0
"""How long to wait for a database that cannot be used."""

UPDATES_AT_ONCE = 100
MOST_RUNNING = 1000
"""Stored updates that are begun and not yet handled; the others stay where they are until one of these is done."""

Handle = Callable[[Update], Awaitable[None]]


class Webhook:
    """One bot's webhook and the updates that wait behind it; without `url` only what still waits is carried out.

    `leading` says whether this process carries updates out. One that does not stores them for the one that does.
    """

    def __init__(
        self,
        bot: Bot,
        memory: Memory,
        leading: Callable[[], bool],
        url: str | None,
        secret: str | None,
    ) -> None:
        self.path = None if url is None else urlsplit(url).path or "/"
        self.heard: float | None = None
        self._bot = bot
        self._memory = memory
        self._look = LOOK_SECONDS if memory.shared else None
        self._leading = leading
        self._url = url
        self._secret = (secret or "").encode()
        self._prefix = f"{bot.token.partition(':')[0]}:"
        self._handle: Handle | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        # Those that are stored as well.
        self._kept: set[str] = set()
        self._stored = asyncio.Event()
        # Those that were stored before we served; None while they are not all begun.
        self._early: set[asyncio.Task[None]] | None = None
        self._patience: asyncio.TimerHandle | None = None

    @property
    def catching_up(self) -> bool:
        """Whether what came while nobody served is still to be handled; no more once it cannot be handled soon."""
        return self._early is None or bool(self._early)

    # ---------------------------------------------------------------- taking

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one post: 200 when its update was handled or is stored durably, else Telegram posts it again."""
        from aiohttp import web

        given = request.headers.get(SECRET, "").encode("utf-8", "replace")
        if not self._secret or not hmac.compare_digest(given, self._secret):
            return web.Response(status=403)
        body = await _read(request)
        if body is None:
            return web.Response(status=413)
        self.heard = asyncio.get_running_loop().time()
        try:
            payload = body.decode()
            data = json.loads(payload)
            name = self._name(data["update_id"])
        except (ValueError, TypeError, LookupError):
            return web.Response(status=400)
        try:
            taken = await self._take(name, payload, data)
        except Unavailable:
            taken = False
        return web.Response(status=200 if taken else 503)

    async def _take(self, name: str, payload: str, data: dict[str, object]) -> bool:
        """Handle an update, or store it; whether it may be confirmed. Raises Unavailable."""
        handle = self._handle
        if handle is None or not self._leading():
            await self._memory.keep_update(name, payload)
            self._stored.set()
            return True
        task = self._running.get(name) or self._begin(name, data, handle)
        await asyncio.wait({task}, timeout=ACCEPT_SECONDS)
        if task.done():
            return not task.cancelled()
        self._kept.add(name)
        await self._memory.keep_update(name, payload)
        if task.done() and not task.cancelled():
            # It ended while we were writing, and could not take away what was not there yet.
            await self._forget(name)
        return True

    def _name(self, update: object) -> str:
        if not isinstance(update, int):
            raise TypeError("an update's id is a number")
        # Ordered as text as they are as numbers.
        return f"{self._prefix}{update:012d}"

    # ---------------------------------------------------------------- carrying out

    async def announce(self) -> None:
        """Have Telegram post to us. Raises TelegramError."""
        assert self._url is not None
        await self._bot.set_webhook(
            self._url,
            secret_token=self._secret.decode(),
            allowed_updates=UPDATE_KINDS,
            max_connections=WEBHOOK_CONNECTIONS,
        )

    async def run(self, handle: Handle) -> None:
        """Carry out what is posted and what is stored until cancelled; what one person does in their order."""
        self._expect_early()
        try:
            while True:
                wait = self._look
                self._stored.clear()
                try:
                    await self.drain(handle)
                    # Only now: what is posted comes after what was stored before.
                    self._handle = handle
                    self._begun_early()
                except Unavailable:
                    wait = TROUBLE_SECONDS
                if len(self._running) >= MOST_RUNNING:
                    wait = LOOK_SECONDS
                try:
                    async with asyncio.timeout(wait):
                        await self._stored.wait()
                except TimeoutError:
                    continue
        finally:
            self._handle = None

    async def drain(self, handle: Handle) -> None:
        """Begin what is stored and was not begun. Raises Unavailable."""
        while self._leading() and len(self._running) < MOST_RUNNING:
            # One that ends while we read is taken away behind our back.
            begun = set(self._running)
            rows = await self._memory.kept_updates(self._prefix, len(begun) + UPDATES_AT_ONCE)
            begun |= self._running.keys()
            new = [(name, payload) for name, payload in rows if name not in begun]
            for name, payload in new:
                self._kept.add(name)
                self._begin(name, json.loads(payload), handle)
            if not new:
                return

    async def catch_up(self, handle: Handle) -> None:
        """Begin what is stored though nobody is posted to any more; unread, it waits for the next start."""
        self._expect_early()
        try:
            await self.drain(handle)
        except Unavailable:
            log.warning("what came by webhook before cannot be read, and waits for the next start")
        self._begun_early()

    def _expect_early(self) -> None:
        self._early = None
        self._patience = asyncio.get_running_loop().call_later(CATCH_UP_SECONDS, self._give_up_early)

    def _begun_early(self) -> None:
        if self._early is None and len(self._running) < MOST_RUNNING:
            self._early = set(self._running.values())
            for task in self._early:
                task.add_done_callback(self._early.discard)

    def _give_up_early(self) -> None:
        self._early = set()

    async def finish(self) -> None:
        """Wait a little for what was begun. What is cut off was not confirmed, or is stored: it comes again."""
        if self._patience is not None:
            self._patience.cancel()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=STOP_SECONDS)
            cut_off = list(self._running.values())
            for task in cut_off:
                task.cancel()
            await asyncio.gather(*cut_off, return_exceptions=True)

    def _begin(self, name: str, data: dict[str, object], handle: Handle) -> asyncio.Task[None]:
        task = asyncio.create_task(self._carry_out(name, data, handle), name="telegram update")
        self._running[name] = task
        task.add_done_callback(lambda _: self._running.pop(name, None))
        return task

    async def _carry_out(self, name: str, data: dict[str, object], handle: Handle) -> None:
        try:
            await handle(Update.de_json(data, self._bot))
        except Exception:
            # It would fail again: one update must not keep those behind it from being confirmed.
            log.exception("an update could not be handled")
        if name in self._kept:
            try:
                await self._forget(name)
            except Unavailable:
                log.warning("an update that was handled is still stored; it will be found to be handled")

    async def _forget(self, name: str) -> None:
        self._kept.discard(name)
        await self._memory.forget_update(name)


async def _read(request: web.Request) -> bytes | None:
    """What was posted; None when it is too much, of which no more than that is read."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(MOST_POSTED_BYTES // 16):
        body += chunk
        if len(body) > MOST_POSTED_BYTES:
            return None
    return bytes(body)
