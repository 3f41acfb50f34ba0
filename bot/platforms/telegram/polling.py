"""Fetches updates and confirms them once they were handled, so that none is lost when we die in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from telegram import Bot, Update
from telegram.error import BadRequest, Conflict, InvalidToken, TelegramError, TimedOut

from bot.platforms.telegram.transport import FloodError

log = logging.getLogger(__name__)

KINDS = (Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)
"""What Telegram shall tell us of. Edited messages are left out on purpose: what was counted stays."""

POLL_SECONDS = 30
"""How long Telegram holds a request while nothing happens."""

PATIENCE_SECONDS = 2.0
"""How long handled updates wait for a slow one before the next are fetched. An effect is durable long before: what
can take so long is Telegram's answer to our answer."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""Between attempts while Telegram cannot be reached or somebody else polls with our token; each pause is twice the
one before."""


class Polling:
    """Long polling for one bot. `handle` carries out a batch of updates; it is given `PATIENCE_SECONDS`."""

    def __init__(self, bot: Bot, handle: Callable[[Sequence[Update]], Awaitable[None]]) -> None:
        self._bot = bot
        self._handle = handle
        self._offset = 0

    async def run(self) -> None:
        """Fetch and hand over until cancelled. Raises InvalidToken when Telegram refuses the token."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                updates = await self._fetch(POLL_SECONDS)
            except TimedOut:
                continue
            except InvalidToken:
                raise
            except TelegramError as error:
                pause = await self._pause(error, pause)
                continue
            pause = FIRST_PAUSE_SECONDS
            if updates:
                # Confirmed by the next request; until then they come again, should we die.
                self._offset = max(self._offset, updates[-1].update_id + 1)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._handle(updates), PATIENCE_SECONDS)

    async def confirm(self) -> None:
        """Tell Telegram what was handled, without asking for more; what it gives nevertheless stays unconfirmed."""
        if self._offset:
            try:
                await self._fetch(0)
            except TelegramError as error:
                log.warning("the last updates could not be confirmed and will come again: %s", error.message)

    async def _fetch(self, seconds: int) -> Sequence[Update]:
        return await self._bot.get_updates(
            offset=self._offset, timeout=timedelta(seconds=seconds), allowed_updates=KINDS
        )

    async def _pause(self, error: TelegramError, pause: float) -> float:
        """Wait before the next attempt; gives the length of the pause after that."""
        if isinstance(error, FloodError):
            pause = max(pause, error.seconds)
        match error:
            case Conflict():
                log.error("somebody else fetches this bot's updates: run one process for a token (%s)", error.message)
            case BadRequest():
                log.error("Telegram refuses to give updates: %s", error.message)
            case _:
                log.warning("Telegram cannot be reached, trying again in %.0f s: %s", pause, error.message)
        await asyncio.sleep(pause)
        return min(2 * pause, LONGEST_PAUSE_SECONDS)
