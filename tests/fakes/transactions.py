"""Counts a database's transactions: those that may write, each of which reaches the disk, and those that only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from bot.store import Store
from bot.store.engine import MODE, WRITE


@dataclass
class Transactions:
    """How many there were of each kind."""

    writing: int = 0
    reading: int = 0


@contextmanager
def counted(store: Store) -> Iterator[Transactions]:
    """Count what begins within."""
    transactions = Transactions()

    def begins(connection: Any) -> None:
        if connection.get_execution_options().get(MODE) == WRITE:
            transactions.writing += 1
        else:
            transactions.reading += 1

    engine = store.engine.sync_engine
    event.listen(engine, "begin", begins)
    try:
        yield transactions
    finally:
        event.remove(engine, "begin", begins)
