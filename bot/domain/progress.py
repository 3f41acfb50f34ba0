"""The ledger of step events, with what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bot.domain.roadmap import Level, Roadmap, Step

EventKind = Literal["done", "skipped", "reverted"]

GRADE = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class StepEvent:
    """One line of the ledger. A `reverted` event takes back the one it names; nothing is ever removed."""

    id: int
    step: str
    kind: EventKind
    at: datetime
    local_date: date
    reverts: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a member stands on a roadmap. Counts are of required steps; a choice of several counts once."""

    roadmap: Roadmap
    done: frozenset[str]
    skipped: frozenset[str]

    @property
    def total_count(self) -> int:
        """Required steps that are not skipped."""
        return sum(not self._unit_skipped(unit) for unit in self.roadmap.requirements)

    @property
    def done_count(self) -> int:
        """Required steps that are done."""
        return sum(self._unit_done(unit) for unit in self.roadmap.requirements)

    @property
    def percent(self) -> int:
        """Required steps done of those not skipped, rounded down: 100 means all of them."""
        return 100 * self.done_count // self.total_count if self.total_count else 0

    @property
    def finished(self) -> bool:
        """Whether every required step that was not skipped is done, and at least one is."""
        if len(self.done) + len(self.skipped) < len(self.roadmap.requirements):
            return False
        return 0 < self.total_count == self.done_count

    @property
    def hours_left(self) -> float:
        """Estimated hours of the required steps still to do; of a choice, its shortest alternative."""
        return sum(
            min(step.hours for step in unit)
            for unit in self.roadmap.requirements
            if not self._unit_done(unit) and not self._unit_skipped(unit)
        )

    def settled(self, step: Step) -> bool:
        """Whether nothing more is to be done about a step: done, skipped, or its alternative done."""
        return step.slug in self.skipped or self._alternative_done(step)

    def of_level(self, level: Level) -> tuple[int, int]:
        """Required steps done and to do in a level."""
        slugs = {step.slug for step in level.steps}
        units = [unit for unit in self.roadmap.requirements if unit[0].slug in slugs]
        return sum(map(self._unit_done, units)), sum(not self._unit_skipped(unit) for unit in units)

    def unlocks(self, step: Step) -> int:
        """How many steps still to do name this one among what they need."""
        return sum(step.slug in other.needs and not self.settled(other) for other in self.roadmap.live_steps)

    def missing(self, step: Step) -> tuple[Step, ...]:
        """What a step needs and is not settled yet. Needs advise, they never block."""
        needed = (self.roadmap.step(slug) for slug in step.needs)
        return tuple(other for other in needed if other is not None and not other.retired and not self.settled(other))

    @property
    def next_step(self) -> Step | None:
        """The step to take now: the first in the file's order that is free, required ones before optional ones.

        Where the file leaves a choice, all its alternatives stand in one place: there signals decide, importance
        first, then demand, then low automation risk.
        """
        free = [step for step in self.roadmap.live_steps if self._free(step)]
        first = min(free, key=lambda step: step.optional, default=None)
        if first is None:
            return None
        return min((step for step in self.roadmap.met_by(first) if step in free), key=_by_signals)

    def _free(self, step: Step) -> bool:
        return not step.retired and not self.settled(step) and not self.missing(step)

    def _unit_done(self, unit: tuple[Step, ...]) -> bool:
        return self._alternative_done(unit[0])

    def _unit_skipped(self, unit: tuple[Step, ...]) -> bool:
        return not self._unit_done(unit) and all(step.slug in self.skipped for step in unit)

    def _alternative_done(self, step: Step) -> bool:
        return any(other.slug in self.done for other in self.roadmap.met_by(step))


def _by_signals(step: Step) -> tuple[int, int, int]:
    signals = step.signals
    return GRADE[signals.importance], GRADE[signals.demand], -GRADE[signals.automation_risk]


def fold(roadmap: Roadmap, events: Iterable[StepEvent]) -> Progress:
    """What a ledger amounts to: the last event of each step that was not taken back.

    Steps are looked up by today's file, so a renamed step keeps what was done under its old name, and one that left
    the roadmap stands outside without harm.
    """
    ledger = sorted(events, key=lambda event: event.id)
    reverted = {event.reverts for event in ledger if event.kind == "reverted"}
    state: dict[str, EventKind] = {}
    for event in ledger:
        step = roadmap.step(event.step)
        if step is not None and event.kind != "reverted" and event.id not in reverted:
            state[step.slug] = event.kind
    return Progress(
        roadmap,
        done=frozenset(slug for slug, kind in state.items() if kind == "done"),
        skipped=frozenset(slug for slug, kind in state.items() if kind == "skipped"),
    )
