"""A group's week in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.domain.group import Group
from bot.domain.progress import Progress, StepEvent, fold
from bot.domain.roadmap import Level, Roadmap


@dataclass(frozen=True, slots=True)
class Finisher:
    """A member who finished steps of a roadmap (its slug) in a week, and their ledger on it up to the week's end."""

    name: str
    roadmap: str
    events: tuple[StepEvent, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """A group's week from one local date to another: results only, nobody's absence.

    `studied` of `members` had a study day; `minutes` are capped by day; `streak` is the longest current one, in days,
    which `holders` have; `streak_names` are those of the first of them.
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
    finishers: tuple[Finisher, ...] = ()


@dataclass(frozen=True, slots=True)
class Gain:
    """What somebody finished of a roadmap, by titles: steps, levels that became complete by them, perhaps all of it."""

    steps: tuple[str, ...]
    levels: tuple[str, ...]
    finished: bool


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
