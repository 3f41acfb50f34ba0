"""The platforms: whatever brings messages in carries cards out."""

from __future__ import annotations

from bot.opening import Offer
from bot.platforms.discord import DISCORD
from bot.platforms.telegram import TELEGRAM

OFFERED: tuple[Offer, ...] = (DISCORD, TELEGRAM)
"""Every platform that is served where there is a token for it; the console needs none, and is opened by the app."""
