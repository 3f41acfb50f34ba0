"""What is asked of a database, statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from bot.store import Store

WRITES = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)')
CONTROL = ("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")


@dataclass
class Statements:
    """Statements in the order in which they were carried out, each with its values."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def questions(self) -> list[tuple[str, str]]:
        """Those that ask or change something: transactions begin and end beside them."""
        return [one for one in self.asked if not one[0].startswith(CONTROL)]

    @property
    def twice(self) -> list[tuple[str, str]]:
        """What was asked again with the same values, though nothing had been written to the tables it asks."""
        known: set[tuple[str, str]] = set()
        again = []
        for statement, values in self.questions:
            written = WRITES.match(statement)
            if written is not None:
                known = {one for one in known if not re.search(rf"\b{written[1]}\b", one[0])}
            elif (statement, values) in known:
                again.append((statement, values))
            else:
                known.add((statement, values))
        return again

    @property
    def writers(self) -> int:
        """How many transactions took SQLite's write lock."""
        return sum(statement == "BEGIN IMMEDIATE" for statement, _ in self.asked)

    def __str__(self) -> str:
        return "\n".join(f"{' '.join(statement.split())}  {values}" for statement, values in self.asked)


@contextmanager
def recorded(store: Store) -> Iterator[Statements]:
    """The statements of everything that happens on a store meanwhile."""
    found = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_others: Any) -> None:
        found.asked.append((statement, repr(values)))

    event.listen(store.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(store.engine.sync_engine, "before_cursor_execute", note)
