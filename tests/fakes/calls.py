"""How many calls a piece of work makes: what it costs, told the same by every machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Calls:
    """Calls of functions, Python's and C's; a coroutine that goes on after a wait counts as called."""

    number: int = 0


@contextmanager
def calls() -> Iterator[Calls]:
    """Count those of this thread inside."""
    counted = Calls()

    def count(_frame: object, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            counted.number += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(before)
