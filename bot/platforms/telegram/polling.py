"""Fetches updates, confirming each only once it was handled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from telegram import Bot, Update
from telegram.error import BadRequest, Conflict, InvalidToken, TelegramError, TimedOut

from bot.platforms.telegram.transport import FloodError

log = logging.getLogger(__name__)

UPDATE_KINDS = (Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)
"""What Telegram shall tell us of. Edited messages are left out on purpose: what was counted stays."""

POLL_SECONDS = 30
"""How long Telegram holds a request while nothing happens."""

LOOK_AGAIN_SECONDS = 0.5
"""How often we look for more while a slow update is unconfirmed."""

MOST_UNCONFIRMED = 100
"""What Telegram gives at the most, always beginning with the first that is unconfirmed (Bot API, getUpdates): with so
many waiting nothing new would come. Then they are confirmed unhandled, so that one who floods us, and whose answers
Telegram slows down, keeps nobody else waiting."""

STOP_SECONDS = 5.0
"""What updates that were begun may take when we stop. Those cut off stay unconfirmed: they come again."""

CATCH_UP_SECONDS = 10.0
"""How long deliveries wait at first for what was said while nobody polled."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""Between attempts while Telegram cannot be reached or somebody else polls with our token; each pause is twice the
one before."""


class Polling:
    """Long polling for one bot. `handle` carries out an update; updates are handled at the same time.

    An update is confirmed when it and all before it were handled: it may come again, and is not lost when we die.
    """

    def __init__(self, bot: Bot, handle: Callable[[Update], Awaitable[None]]) -> None:
        self._bot = bot
        self._handle = handle
        self.catching_up = True
        """Whether what was said while nobody polled is still to be heard; no more once it cannot be heard soon."""
        self.heard: float | None = None
        """The moment of the event loop at which Telegram answered last."""
        self.failing: float | None = None
        """The moment since which it does not; None while it does."""
        self._offset = 0
        # Those not yet confirmed, in the order in which they came, and those not yet handled.
        self._taken: dict[int, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Fetch and hand over until cancelled. Raises InvalidToken when Telegram refuses the token."""
        patience = asyncio.get_running_loop().call_later(CATCH_UP_SECONDS, self._caught_up)
        try:
            await self._poll()
        finally:
            patience.cancel()

    async def _poll(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                updates = await self._fetch(0 if self._running or self.catching_up else POLL_SECONDS)
            except TimedOut:
                self._fail()
                continue
            except InvalidToken:
                raise
            except TelegramError as error:
                self._fail()
                pause = await self._pause(error, pause)
                continue
            self.heard, self.failing = asyncio.get_running_loop().time(), None
            pause = FIRST_PAUSE_SECONDS
            for update in updates:
                self._begin(update)
            if self._running:
                await asyncio.wait(self._running, timeout=LOOK_AGAIN_SECONDS)
            if len(updates) < MOST_UNCONFIRMED and not self._running:
                self._caught_up()

    def _caught_up(self) -> None:
        """Nothing lies there any more from before we came, or too much."""
        self.catching_up = False

    def _fail(self) -> None:
        if self.failing is None:
            self.failing = asyncio.get_running_loop().time()

    async def finish(self) -> None:
        """Wait a little for what was begun, and tell Telegram what was handled, without asking for more."""
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_SECONDS)
            cut_off = list(self._running)
            for task in cut_off:
                task.cancel()
            await asyncio.gather(*cut_off, return_exceptions=True)
        if self._taken or self._offset:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._fetch(0)
            except (TelegramError, TimeoutError) as error:
                log.warning("the last updates could not be confirmed and will come again: %s", error)

    def _begin(self, update: Update) -> None:
        if update.update_id not in self._taken:
            task = asyncio.create_task(self._carry_out(update), name="telegram update")
            self._taken[update.update_id] = task
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _carry_out(self, update: Update) -> None:
        try:
            await self._handle(update)
        except Exception:
            # It would fail again: one update must not keep all that follow from being confirmed.
            log.exception("an update could not be handled")

    async def _fetch(self, seconds: int) -> Sequence[Update]:
        crowded = len(self._taken) >= MOST_UNCONFIRMED
        for id, task in list(self._taken.items()):
            if not crowded and (not task.done() or task.cancelled()):
                self._offset = id
                break
            self._offset = id + 1
            del self._taken[id]
        return await self._bot.get_updates(
            offset=self._offset, timeout=timedelta(seconds=seconds), allowed_updates=UPDATE_KINDS
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
