"""The verbs, a module per concern; importing this package fills the registry in the order help shows them."""

from bot.commands import start, join, progress, checkin, board, profile, group, help  # noqa: I001 - help's order

__all__ = ["board", "checkin", "group", "help", "join", "profile", "progress", "start"]
