"""Named questions of the database, each inside a transaction."""

from bot.store.engine import Store, hold

__all__ = ["Store", "hold"]
