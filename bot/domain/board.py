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
    """A page of a group's ranking in a window, and what the group has to show together.

    `shown` members have something to show; `places` are those of the page among them whom a public board names.
    """

    window: Window
    measure: Measure
    places: tuple[Place, ...]
    page: int
    shown: int
    members: int
    minutes: int
    steps: int

    @property
    def pages(self) -> int:
        """How many pages of `PAGE_ROWS` there are; an empty board has one."""
        return pages(self.shown, self.members)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one member stands in a window: `place` is None with nothing to show, `ahead` the nearest better score, None
    at the top."""

    window: Window
    measure: Measure
    members: int
    place: Place | None = None
    ahead: Score | None = None

    @property
    def ahead_is_named(self) -> bool:
        """Whether a public board names the one ahead."""
        return self.place is not None and self.place.rank - 1 <= places_named(self.members)


def counted_minutes(minutes: int) -> int:
    """What counts of the minutes of one day."""
    return min(minutes, COUNTED_MINUTES_A_DAY)


def ranked(scores: Iterable[Score], measure: Measure, position: int = 1, rank: int = 1) -> tuple[Place, ...]:
    """Scores in the order of a board, best first, with their ranks: the first stands at `position` and has `rank`."""
    places: list[Place] = []
    for number, score in enumerate(scores, start=position):
        if places:
            tied = places[-1].score.by(measure) == score.by(measure)
            rank = places[-1].rank if tied else number
        places.append(Place(rank, score))
    return tuple(places)


def places_named(members: int) -> int:
    """How many a public board names at the most: the upper half of the group, at least three; a low rank is nobody
    else's business."""
    return max(3, (members + 1) // 2)


def pages(shown: int, members: int) -> int:
    """How many pages the named of those with something to show fill, at least one."""
    return max(1, ceil(min(shown, places_named(members)) / PAGE_ROWS))


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
