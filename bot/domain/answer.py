"""What a member said about one of their days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

STUDY = "study"
DSA = "dsa"
TRACKS = (STUDY, DSA)
"""What a check-in is about; the daily question of a track bears its name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a member said about one local day and track: the answers of that day, added up."""

    day: date
    track: str
    studied: bool
    minutes: int
