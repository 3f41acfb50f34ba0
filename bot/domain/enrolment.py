"""A member on a roadmap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A member on a roadmap until a deadline, with so many minutes a day. Dates are the member's local ones."""

    id: int
    member: int
    roadmap: str
    deadline: date | None
    minutes_a_day: int
    started_on: date
    used_at: datetime
    ended_at: datetime | None = None
