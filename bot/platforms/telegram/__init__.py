"""Telegram, as the house sees it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Collection, Sequence
from typing import TYPE_CHECKING

from bot.opening import Opened, Package, Ports
from bot.platforms.telegram.settings import TelegramSettings
from bot.settings import root

if TYPE_CHECKING:
    from bot.examining import ExaminedHome, Finding

# python-telegram-bot imports httpx, which brings its command line along where click, rich and pygments are installed:
# 5 MB and 40 ms for what a bot never runs. Told that there is none, httpx goes without.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # the documented way to say so (import system)


def _open(settings: TelegramSettings, ports: Ports) -> Opened:
    from bot.platforms.telegram.client import TelegramPlatform

    assert settings.telegram_token is not None, "only what has a token is opened"
    secret = settings.telegram_webhook_secret
    telegram = TelegramPlatform(
        settings.telegram_token.get_secret_value(),
        ports.hearing,
        ports.memory(TELEGRAM.name),
        api_url=root(settings.telegram_api_url),
        rate=settings.telegram_rate,
        webhook_url=root(settings.telegram_webhook_url),
        webhook_secret=None if secret is None else secret.get_secret_value(),
        leading=lambda: ports.leases.holds(telegram.lease),
    )
    if ports.metrics is not None:
        ports.metrics.pacing(telegram.name, telegram.pace.waits)
    path = telegram.webhook_path
    return Opened(telegram, {} if path is None else {path: telegram.webhook})


def _examine(
    settings: TelegramSettings, places: Sequence[ExaminedHome], held: Collection[str]
) -> AsyncIterator[Finding]:
    from bot.platforms.telegram import doctor

    return doctor.examine(settings, places, held)


TELEGRAM = Package("telegram", "@BotFather on Telegram → /newbot", TelegramSettings, _open, _examine)
