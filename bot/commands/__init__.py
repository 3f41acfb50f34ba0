"""The verbs, a module per concern: `registry` holds them all, in the order in which a menu shows them."""

from bot.command import registry
from bot.commands import board, checkin, group, help, hours, join, pause, profile, progress, remind, start

__all__ = [
    "board",
    "checkin",
    "group",
    "help",
    "hours",
    "join",
    "pause",
    "profile",
    "progress",
    "registry",
    "remind",
    "start",
]

registry.arrange(name for _, entries in help.GROUPS for entry in entries for name in entry.split())
