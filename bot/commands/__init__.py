"""The verbs, a folder per concern: `registry` holds them all, in the order in which a menu shows them."""

from bot.command import registry
from bot.commands.group import board, setup
from bot.commands.me import help, hours, pause, profile, remind, start
from bot.commands.plan import join
from bot.commands.study import checkin, steps

__all__ = [
    "board",
    "checkin",
    "help",
    "hours",
    "join",
    "pause",
    "profile",
    "registry",
    "remind",
    "setup",
    "start",
    "steps",
]

registry.arrange(name for _, entries in help.HELP_GROUPS for entry in entries for name in entry.split())
