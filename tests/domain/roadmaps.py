"""Roadmaps made up for tests: small ones by hand, and any valid one by Hypothesis."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from bot.domain.roadmap import Level, Roadmap, Signals, Step

GRADES = ("high", "medium", "low")


def step(slug: str, **values: Any) -> Step:
    """A step of ten hours with middling signals, unless said otherwise."""
    signals = values.pop("signals", Signals(importance="medium", demand="medium", automation_risk="medium"))
    return Step(
        slug=slug, title=slug.title(), summary="What it is.", hours=values.pop("hours", 10.0), signals=signals, **values
    )


def course(*steps: Step, levels: tuple[tuple[Step, ...], ...] = ()) -> Roadmap:
    """A roadmap `backend` of one level, or of several."""
    parts = levels or (steps,)
    return Roadmap(
        slug="backend",
        title="Backend",
        summary="A course for tests.",
        version=1,
        updated=date(2026, 11, 20),
        source="Made up.",
        levels=tuple(Level(slug=f"l{n}", title=f"Level {n}", steps=part) for n, part in enumerate(parts, start=1)),
    )


@st.composite
def roadmaps(draw: st.DrawFn, most: int = 8) -> Roadmap:
    """Any valid roadmap: optional, retired and renamed steps, choices, needs of earlier ones, up to three levels."""
    grade = st.sampled_from(GRADES)
    levels: list[tuple[Step, ...]] = []
    before: list[Step] = []
    number = 0
    for level in range(draw(st.integers(1, 3))):
        steps: list[Step] = []
        for _ in range(draw(st.integers(1, most))):
            number += 1
            choice = draw(st.sampled_from([None, None, None, f"choice-{level}"]))
            # The first step is plain: at least one must be required.
            optional = number > 1 and choice is None and draw(st.booleans())
            retired = number > 1 and draw(st.sampled_from([False, False, False, True]))
            possible = [
                s.slug
                for s in before
                if not s.retired and (optional or not s.optional) and (choice is None or s.one_of != choice)
            ]
            needs = draw(st.lists(st.sampled_from(possible), unique=True, max_size=3)) if possible else []
            made = step(
                f"s{number}",
                hours=draw(st.integers(1, 80)) / 2,
                signals=Signals(importance=draw(grade), demand=draw(grade), automation_risk=draw(grade)),
                optional=optional,
                retired=retired,
                one_of=choice,
                needs=tuple(needs),
                renamed_from=(f"old{number}",) if draw(st.booleans()) else (),
            )
            steps.append(made)
            before.append(made)
        levels.append(_with_whole_choices(steps))
        before[len(before) - len(steps) :] = levels[-1]
    return course(levels=tuple(levels))


def _with_whole_choices(steps: list[Step]) -> tuple[Step, ...]:
    """A choice of one step is none, and what its steps need must not lead back into it."""
    chosen = [s for s in steps if s.one_of]
    if len(chosen) == 1:
        return tuple(s.model_copy(update={"one_of": None}) for s in steps)
    inside = {s.slug for s in steps}
    return tuple(
        s.model_copy(update={"needs": tuple(n for n in s.needs if n not in inside)}) if s.one_of else s for s in steps
    )
