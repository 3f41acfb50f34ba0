"""Telegram's webhook: posts what awaits the bot to the address it has set, again until that was taken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import aiohttp

from tests.fakes.telegram_server.messages import Update
from tests.fakes.telegram_server.profile import Profile
from tests.fakes.telegram_server.world import World

AGAIN_SECONDS = 0.05
"""Between two attempts; Telegram's own pauses are longer and grow."""

CONNECTIONS = 40  # https://core.telegram.org/bots/api#setwebhook


@dataclass
class Posting:
    """Posts with the secret that was set, on this machine alone.

    `posts` are the attempts: an update's id and the status it was answered with, None where it was not.
    """

    world: World
    profile: Profile
    posts: list[tuple[int, int | None]] = field(default_factory=list)
    _under_way: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Post until cancelled."""
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
                while True:
                    update = await self.world.until(self._next, float("inf"), lambda: "an update to post")
                    task = asyncio.create_task(self._post(session, update))
                    self._under_way[update.id] = task
        finally:
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def _next(self) -> Update | None:
        most = self.profile.connections or CONNECTIONS
        if not self.profile.webhook.startswith("http://127.0.0.1:") or len(self._under_way) >= most:
            return None
        return next((update for update in self.world.updates.pending if update.id not in self._under_way), None)

    async def post(self, session: aiohttp.ClientSession, update: Update) -> int | None:
        """One attempt; the status, None when there was no answer."""
        secret = self.profile.secret
        headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
        try:
            async with session.post(self.profile.webhook, json=update.as_api(), headers=headers) as response:
                status: int | None = response.status
        except (aiohttp.ClientError, TimeoutError):
            status = None
        self.posts.append((update.id, status))
        return status

    async def _post(self, session: aiohttp.ClientSession, update: Update) -> None:
        try:
            status = await self.post(session, update)
            if status is not None and 200 <= status < 300:
                self.world.updates.pending = [other for other in self.world.updates.pending if other is not update]
            else:
                said = "Connection refused" if status is None else f"Wrong response from the webhook: {status}"
                moment = int(self.world.clock().timestamp())
                self.profile.trouble = {"last_error_date": moment, "last_error_message": said}
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._under_way.pop(update.id, None)
            self.world.ring()
