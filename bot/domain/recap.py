"""A group's week in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.domain.group import Group
from bot.domain.progress import Progress, StepEvent, fold
from bot.domain.roadmap import Level, Roadmap

RECAP_LINES = 12
"""Of how many a recap says what they finished: a card that is read at a glance."""


@dataclass(frozen=True, slots=True)
class Finisher:
    """A member who finished so many `steps` of a roadmap (its slug) in a week.

    `settled` counts what they have done or left out of it by now. `events` is their ledger on it up to the week's end,
    where it has been read.
    """

    member: int
    name: str
    roadmap: str
    steps: int
    settled: int
    events: tuple[StepEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Week:
    """A group's week from one local date to another: results only, nobody's absence.

    `studied` of `members` had a study day; `minutes` are capped by day; `streak` is the longest current one, in days,
    which `holders` have; `streak_names` are those of the first of them. `finished` members finished a step;
    `finishers` are those of whom a recap may tell: a large group's ledgers are not read for a dozen lines.
    """

    group: Group
    first: date
    last: date
    members: int
    studied: int
    minutes: int
    steps: int
    streak: int = 0
    holders: int = 0
    streak_names: tuple[str, ...] = ()
    finished: int = 0
    finishers: tuple[Finisher, ...] = ()


@dataclass(frozen=True, slots=True)
class Gain:
    """What somebody finished of a roadmap, by titles: steps, levels that became complete by them, perhaps all of it."""

    steps: tuple[str, ...]
    levels: tuple[str, ...]
    finished: bool


def smallest_level(roadmap: Roadmap) -> int:
    """How many steps are settled at the least where a level is complete; one in which all is optional never is."""
    return min((count for level in roadmap.levels if (count := roadmap.units_of(level))), default=1)


def gained(roadmap: Roadmap, events: tuple[StepEvent, ...], first: date) -> Gain:
    """What a ledger finished from a local date on: what holds with those events and did not hold without them."""
    before = fold(roadmap, (event for event in events if event.local_date < first))
    after = fold(roadmap, events)
    new = after.done - before.done
    return Gain(
        steps=tuple(step.title for step in roadmap.steps if step.slug in new),
        levels=tuple(
            level.title for level in roadmap.levels if _complete(after, level) and not _complete(before, level)
        ),
        finished=after.finished and not before.finished,
    )


def _complete(progress: Progress, level: Level) -> bool:
    # Most have settled too little for any level: a large group's recap asks this of everybody who finished a step.
    if len(progress.done) + len(progress.skipped) < progress.roadmap.units_of(level):
        return False
    done, total = progress.of_level(level)
    return 0 < done == total
