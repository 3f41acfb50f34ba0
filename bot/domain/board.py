"""The ranking of a group over a window: what is scored, who ties, who is listed."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal, get_args

Window = Literal["week", "month", "all"]
Measure = Literal["points", "steps", "minutes", "streak"]
WINDOWS: tuple[Window, ...] = get_args(Window)
MEASURES: tuple[Measure, ...] = get_args(Measure)

POINTS_A_STEP = 20
"""A step shown is worth as much as three hours and twenty minutes of study: results before presence."""

MINUTES_A_POINT = 10
COUNTED_MINUTES_A_DAY = 360
"""More than six hours on one day earn nothing further: a board must not reward sleepless nights or invented hours."""

PAGE_ROWS = 10


@dataclass(frozen=True, slots=True)
class Score:
    """What one member has to show in a window."""

    member: int
    name: str
    steps: int = 0
    minutes: int = 0
    streak: int = 0

    @property
    def points(self) -> int:
        """Steps and minutes in one number; `minutes` are already capped by day."""
        return self.steps * POINTS_A_STEP + self.minutes // MINUTES_A_POINT

    def by(self, measure: Measure) -> int:
        """The number that a board of this measure ranks."""
        return {"points": self.points, "steps": self.steps, "minutes": self.minutes, "streak": self.streak}[measure]


@dataclass(frozen=True, slots=True)
class Place:
    """A score with its rank; equal scores share a rank, and the next rank leaves room for them (1, 2, 2, 4)."""

    rank: int
    score: Score


@dataclass(frozen=True, slots=True)
class Standings:
    """A group's ranking in a window: everybody with something to show, and what the group has to show together."""

    window: Window
    measure: Measure
    places: tuple[Place, ...]
    members: int
    minutes: int
    steps: int

    @property
    def named(self) -> tuple[Place, ...]:
        """The places that a public board shows."""
        return listed(self.places, self.members)

    @property
    def pages(self) -> int:
        """How many pages of `PAGE_ROWS` they fill; an empty board has one."""
        return max(1, ceil(len(self.named) / PAGE_ROWS))

    def place_of(self, member: int) -> Place | None:
        """A member's place, wherever it is."""
        return next((place for place in self.places if place.score.member == member), None)

    def ahead_of(self, place: Place) -> Place | None:
        """The nearest place with a better score; None at the top."""
        return next((other for other in reversed(self.places) if other.rank < place.rank), None)


def capped(minutes_by_day: Iterable[int]) -> int:
    """Minutes that count, from the sum of each day."""
    return sum(min(minutes, COUNTED_MINUTES_A_DAY) for minutes in minutes_by_day)


def rank(scores: Iterable[Score], measure: Measure) -> tuple[Place, ...]:
    """Everybody who has something to show, best first; ties stand in the order of their names."""
    shown = sorted(
        (s for s in scores if s.by(measure) > 0), key=lambda s: (-s.by(measure), s.name.casefold(), s.member)
    )
    places: list[Place] = []
    for position, score in enumerate(shown, start=1):
        tied = places and places[-1].score.by(measure) == score.by(measure)
        places.append(Place(places[-1].rank if tied else position, score))
    return tuple(places)


def listed(places: tuple[Place, ...], members: int) -> tuple[Place, ...]:
    """Whom a public board names: the upper half of the group, at least three; a low rank is nobody else's business."""
    return places[: max(3, (members + 1) // 2)]


def window_start(window: Window, today: date) -> date | None:
    """The first local date of a window: Monday of this week, the first of this month, or none."""
    if window == "week":
        return today - timedelta(days=today.weekday())
    if window == "month":
        return today.replace(day=1)
    return None


def window_end(window: Window, today: date) -> date:
    """The last local date of a window, which may lie ahead: for members east of the group it is tomorrow already."""
    if window == "week":
        return today + timedelta(days=6 - today.weekday())
    if window == "month":
        return today.replace(day=monthrange(today.year, today.month)[1])
    return today + timedelta(days=1)
