"""Named questions of the database, each inside a transaction."""

from bot.store.engine import Store, Unavailable, hold, passing

__all__ = ["Store", "Unavailable", "hold", "passing"]
