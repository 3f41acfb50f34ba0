"""Named questions of the database, each inside a transaction."""

from bot.memory import Unavailable
from bot.store.engine import OnlyReads, Store, hold, passing, writes

__all__ = ["OnlyReads", "Store", "Unavailable", "hold", "passing", "writes"]
