"""The verbs, a module per concern; importing this package fills the registry in the order help shows them."""

from bot.commands import join, progress, checkin  # noqa: I001 - the order is the one in which help shows them

__all__ = ["checkin", "join", "progress"]
