"""What a group was not told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a group was not told on a local date, and why. `state` is failed, expired (too late) or doubtful (nobody
    knows whether it arrived, and it was not said twice). `private`: reminders to members, counted and never named."""

    kind: str
    local_date: date
    state: str
    reason: str
    count: int
    private: bool = False
