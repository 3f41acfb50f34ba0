"""Whether Telegram can be reached."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from telegram.error import InvalidToken, TelegramError

from bot.delivery import Status
from bot.platforms.telegram.polling import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Polling
from bot.platforms.telegram.webhook import Webhook

log = logging.getLogger(__name__)


class Connection:
    """How one bot is connected. `polling` is what it polls by while it does."""

    def __init__(self, webhook: Webhook, leading: Callable[[], bool]) -> None:
        self.made = False
        self.serving = False
        self.polling: Polling | None = None
        self._webhook = webhook
        self._leading = leading
        self._since: float | None = None

    def change(self, *, serving: bool, made: bool) -> None:
        """We begin or cease to serve; the connection is there, or is not any more."""
        self.serving, self.made = serving, made
        self._since = asyncio.get_running_loop().time()

    @property
    def ready(self) -> bool:
        """Whether deliveries may leave: what was said while nobody served is heard first, for it may answer them."""
        polling = self.polling is not None and self.polling.catching_up
        return self.made and not polling and not self._webhook.catching_up

    def status(self) -> Status:
        """How it is at the moment; a poll that fails is no connection."""
        now = asyncio.get_running_loop().time()
        failing = self.polling.failing if self.polling is not None and self.made else None
        heard = self._webhook.heard if self.polling is None else self.polling.heard
        since = failing or self._since
        return Status(
            connected=self.ready and failing is None,
            seconds=0.0 if since is None else now - since,
            how="polling" if self._webhook.path is None else "webhook",
            heard=None if heard is None else now - heard,
            standby=not self.serving and not self._leading(),
        )


async def reach(call: Callable[[], Awaitable[object]]) -> None:
    """Make a call until Telegram can be reached. Raises InvalidToken."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            await call()
            return
        except InvalidToken:
            raise
        except TelegramError as error:
            log.warning("Telegram cannot be reached, trying again in %.0f s: %s", pause, error.message)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
