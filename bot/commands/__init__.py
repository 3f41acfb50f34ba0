"""The verbs, a module per concern: `registry` holds them all, in the order in which a menu shows them."""

from bot.command import registry
from bot.commands import board, checkin, group, help, join, profile, progress, start

__all__ = ["board", "checkin", "group", "help", "join", "profile", "progress", "registry", "start"]
