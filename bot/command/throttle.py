"""How often the same may be said to the same."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

REMEMBERED_PEOPLE = 10_000
"""How many are remembered to whom something was said lately; the one longest ago is dropped for a newer one."""


@dataclass
class Throttle:
    """Lets something through once in `span`, for each subject of its own."""

    span: timedelta
    most: int = REMEMBERED_PEOPLE
    _said: OrderedDict[tuple[str, ...], datetime] = field(default_factory=OrderedDict)

    def passes(self, now: datetime, *subject: str) -> bool:
        """Whether it was not said to this subject within the span; now it is."""
        if subject in self._said and now - self._said[subject] < self.span:
            return False
        self._said[subject] = now
        self._said.move_to_end(subject)
        if len(self._said) > self.most:
            self._said.popitem(last=False)
        return True
