"""Discord, as the house sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import TYPE_CHECKING

from bot.opening import Opened, Package, Ports
from bot.platforms.discord.settings import DiscordSettings
from bot.settings import root

if TYPE_CHECKING:
    from bot.examining import ExaminedHome, Finding


def _open(settings: DiscordSettings, ports: Ports) -> Opened:
    from bot.platforms.discord.client import DiscordPlatform

    assert settings.discord_token is not None, "only what has a token is opened"
    discord = DiscordPlatform(
        settings.discord_token.get_secret_value(),
        ports.hearing,
        ports.memory(DISCORD.name),
        api_url=root(settings.discord_api_url),
        gateway_url=root(settings.discord_gateway_url),
        shards=settings.discord_shards,
        leases=ports.leases,
    )
    if ports.metrics is not None:
        ports.metrics.pacing(discord.name, discord.limits.pace.waits)
        what = "Refused in ten minutes."
        ports.metrics.reading("discord_invalid_responses", what, lambda: discord.invalid_responses)
    return Opened(discord)


def _examine(
    settings: DiscordSettings, places: Sequence[ExaminedHome], held: Collection[str]
) -> AsyncIterator[Finding]:
    from bot.platforms.discord import doctor

    return doctor.examine(settings, places)


DISCORD = Package(
    "discord",
    "discord.com/developers/applications → your application → Bot",
    DiscordSettings,
    _open,
    _examine,
)
