"""`roadmate doctor`: what is wrong with this installation, with a remedy for each fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import chain

from bot.examining import Finding
from bot.opening import Configured
from bot.operate.doctor import database, deliveries, machine
from bot.settings import Settings

__all__ = ["Finding", "deliveries", "examine"]


async def examine(settings: Settings, platforms: Sequence[Configured]) -> list[Finding]:
    """Look at settings, data directory, time zones, roadmaps, database, tokens and permissions, in that order.

    Changes nothing, anywhere, and never raises for what it finds. No finding holds a token or a password.
    """
    stored = await database.examine_database(settings)
    served = [platform for platform in platforms if platform.served]
    asked = await asyncio.gather(*(_collected(one.examine(stored.homes, stored.held)) for one in served))
    return [*machine.examine_machine(settings, platforms), *stored.findings, *chain.from_iterable(asked)]


async def _collected(findings: AsyncIterator[Finding]) -> list[Finding]:
    return [finding async for finding in findings]
