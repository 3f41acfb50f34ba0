"""A roadmap as an argument, with its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.command.parameters.kinds import Suggestion, nearest_matches, quoted
from bot.command.scene import Scene
from bot.domain.refusal import Refusal
from bot.domain.roadmap import Roadmap, Step
from bot.words import list_words, word


@dataclass(frozen=True)
class RoadmapKind:
    """A roadmap by slug, title or an unambiguous part; `mine` keeps to those the member is on."""

    mine: bool = False
    limit: int = 100
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> Roadmap | None:
        """The roadmap meant, when only one can be."""
        found = named(text, self._all(scene))
        return found[0] if len(found) == 1 else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The nearest there are."""
        others = named(text, tuple(scene.roadmaps.values())) if self.mine else ()
        if len(others) == 1:
            return not_on(others[0], scene)
        several = named(text, self._all(scene))
        near = [(r.title, r.slug) for r in several] or [(s.label, s.value) for s in self.suggest(text, scene)]
        if several:
            return Refusal("refuse-roadmap-ambiguous", text=quoted(text), offers=near[:5])
        return Refusal("refuse-roadmap", text=quoted(text), offers=near[:3])

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Roadmaps by how well they match."""
        found = nearest_matches(typed, self._all(scene), lambda r: f"{r.slug} {r.title}")
        return [Suggestion(r.title, r.slug, r.summary) for r in found]

    def _all(self, scene: Scene) -> tuple[Roadmap, ...]:
        if self.mine:
            return scene.studied
        return tuple(r for r in scene.roadmaps.values() if not r.retired)


@dataclass(frozen=True, slots=True)
class StepOf:
    """A step and the roadmap it was meant on."""

    roadmap: Roadmap
    step: Step


@dataclass(frozen=True)
class StepKind:
    """A step by slug, number, title or an unambiguous part; `roadmap/step` says of which roadmap."""

    limit: int = 100
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> StepOf | None:
        """The step meant: on the roadmap named, else on the first of the member's roadmaps that has it."""
        found = self._candidates(text, scene)
        return found[0] if len(found) == 1 else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The steps it could have been: several that match, or the nearest that do not."""
        found = self._candidates(text, scene)
        if not found and scene.enrolments and not scene.studied:
            return Refusal("refuse-unserved", roadmap=scene.enrolments[0].roadmap)
        if not found and "/" not in text and not (scene.studied or scene.offered):
            choose = word(scene.language, "button-choose-roadmap")
            return Refusal("refuse-no-roadmap", ways=[(choose, "join")])
        id = "refuse-step-ambiguous" if len(found) > 1 else "refuse-step"
        near = found or self._ranked(text, scene)
        if not near:
            return Refusal("refuse-step-unknown", text=quoted(text), ways=[("/roadmap", "roadmap")])
        return Refusal(
            id,
            text=quoted(text),
            near=list_words(scene.language, (s.step.slug for s in near[:3])),
            offers=[(s.step.slug, f"{s.roadmap.slug}/{s.step.slug}") for s in near[:3]],
        )

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Live steps of the member's roadmaps by how well they match, in the file's order when nothing is typed."""
        several = len(self._roadmaps(scene)) > 1
        return [
            Suggestion(
                f"{s.roadmap.number_of(s.step)}. {s.step.title}" + (f" · {s.roadmap.title}" if several else ""),
                f"{s.roadmap.slug}/{s.step.slug}",
                s.step.summary,
            )
            for s in self._ranked(typed, scene)
        ]

    def _ranked(self, typed: str, scene: Scene) -> list[StepOf]:
        roadmaps, name = self._meant(typed, scene)
        every = [StepOf(roadmap, step) for roadmap in roadmaps for step in roadmap.live_steps]
        return nearest_matches(name, every, lambda s: f"{s.step.slug} {s.step.title}")

    def _candidates(self, text: str, scene: Scene) -> list[StepOf]:
        roadmaps, name = self._meant(text, scene)
        if name.removeprefix("#").isdecimal() and not ("/" in text or scene.enrolments or scene.offered):
            return []  # A number means nothing while there is no roadmap to count on.
        # A slug typed in full is meant, even where a roadmap used later has a step with such a part.
        exact = [StepOf(r, s) for r in roadmaps if (s := r.step(name.casefold())) is not None]
        if exact:
            return exact[:1]
        for roadmap in roadmaps:
            if found := _steps_named(name, roadmap):
                return [StepOf(roadmap, step) for step in found]
        return []

    def _meant(self, text: str, scene: Scene) -> tuple[tuple[Roadmap, ...], str]:
        """The roadmaps a step is looked for on, and what was typed of the step itself."""
        before, slash, name = text.strip().rpartition("/")
        mine = self._roadmaps(scene)
        if not slash:
            return mine, name
        return named(before, mine) or named(before, tuple(scene.roadmaps.values())), name

    @staticmethod
    def _roadmaps(scene: Scene) -> tuple[Roadmap, ...]:
        if scene.enrolments:
            return scene.studied
        return (scene.offered,) if scene.offered else tuple(scene.roadmaps.values())


def _steps_named(text: str, roadmap: Roadmap) -> list[Step]:
    """Live steps that a text names: its slug or number, else its title, else a part of either."""
    typed = " ".join(text.casefold().split())
    if exact := roadmap.step(typed):
        return [exact]
    number = typed.removeprefix("#")
    if number.isdecimal() and len(number) <= 4 and 0 < int(number) <= len(roadmap.live_steps):
        return [roadmap.live_steps[int(number) - 1]]
    if len(typed) < 2:
        return []
    titled = [s for s in roadmap.live_steps if s.title.casefold() == typed]
    return titled or [s for s in roadmap.live_steps if typed in s.slug or typed in s.title.casefold()]


def not_on(roadmap: Roadmap, scene: Scene) -> Refusal:
    """The member is not on this roadmap: it is one tap away."""
    join = word(scene.language, "button-join-group", title=roadmap.title)
    return Refusal("refuse-not-on", title=roadmap.title, ways=[(join, f"join {roadmap.slug}")])


def named(text: str, roadmaps: Sequence[Roadmap]) -> tuple[Roadmap, ...]:
    """Roadmaps that a text names: by slug, by title, or by a part that is longer than a letter."""
    typed = " ".join(text.casefold().split())
    exact = tuple(r for r in roadmaps if typed == r.slug or typed in r.renamed_from)
    titled = exact or tuple(r for r in roadmaps if typed == r.title.casefold())
    if titled or len(typed) < 3:
        return titled
    return tuple(r for r in roadmaps if typed in r.slug or typed in r.title.casefold())


ROADMAP = RoadmapKind()
MY_ROADMAP = RoadmapKind(mine=True)
STEP = StepKind()
