"""What is wrong with this installation and what to do about it, as `roadmate doctor` tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bot.examining import Finding
from bot.operate.doctor import database, deliveries, machine
from bot.platforms.discord import doctor as discord
from bot.platforms.telegram import doctor as telegram
from bot.settings import Settings

__all__ = ["Finding", "deliveries", "examine"]


async def examine(settings: Settings) -> list[Finding]:
    """Look at settings, data directory, time zones, roadmaps, database, tokens and permissions, in that order.

    Changes nothing, anywhere, and never raises for what it finds. No finding holds a token or a password.
    """
    stored = await database.examine(settings)
    on_discord, on_telegram = await asyncio.gather(
        _collected(discord.examine(settings, stored.homes)),
        _collected(telegram.examine(settings, stored.homes, stored.held)),
    )
    return [*machine.examine(settings), *stored.findings, *on_discord, *on_telegram]


async def _collected(findings: AsyncIterator[Finding]) -> list[Finding]:
    return [finding async for finding in findings]
