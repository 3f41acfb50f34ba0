"""Named questions of the database, each inside a transaction."""

from bot.store.engine import Store

__all__ = ["Store"]
