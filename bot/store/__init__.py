"""Named questions of the database, each inside a transaction."""

from bot.store.engine import OnlyReads, Store, Unavailable, hold, passing

__all__ = ["OnlyReads", "Store", "Unavailable", "hold", "passing"]
