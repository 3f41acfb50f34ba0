"""A roadmap, with the rules that its file must keep.

These models are the schema of `roadmaps/*.yaml`: `roadmaps/schema.json` is generated from them, and whatever
breaks a rule raises `pydantic.ValidationError`, each fault with its place (`loc`) in the data.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

Grade = Literal["high", "medium", "low"]
PracticePlace = tuple[str | int, ...]  # the way from the top of the data to a value, as pydantic's `loc`

# A button's line must fit into 64 bytes on Telegram (`done backend-ai-era/http-rest`): hence 24 and 32.
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=32)]
RoadmapSlug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=24)]

# One line of text without control characters. 80 fits a Discord button's label, 300 is a phone's paragraph.
ONE_LINE = r"^[^\x00-\x1F\x7F-\x9F\u2028\u2029]*$"
Title = Annotated[str, StringConstraints(pattern=ONE_LINE, min_length=1, max_length=80)]
Line = Annotated[str, StringConstraints(pattern=ONE_LINE, min_length=1, max_length=300)]
Source = Annotated[str, StringConstraints(pattern=ONE_LINE, min_length=1, max_length=1000)]
Blank = Annotated[str, StringConstraints(pattern=ONE_LINE, max_length=300)]
Url = Annotated[str, StringConstraints(pattern=r"^https://[^\s<>]+$", max_length=300)]
Flag = Annotated[bool, Field(strict=True)]


class _Record(BaseModel):
    """What all parts of a roadmap share: they never change, and a misspelt key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Signals(_Record):
    """Why a step is worth its time; among steps that are both free, signals decide which comes first."""

    importance: Annotated[Grade, Field(description="How much later steps and daily work rest on it.")]
    demand: Annotated[Grade, Field(description="How often employers ask for it.")]
    automation_risk: Annotated[Grade, Field(description="How much of it tools are likely to do instead of you.")]


class ResourceLink(_Record):
    """A page to learn from; prefer official documentation, which stays where it is."""

    title: Annotated[Title, Field(description="What it is called on cards.")]
    url: Annotated[Url, Field(description="Its address, which starts with https://.")]


class Step(_Record):
    """One thing to learn and to show."""

    slug: Annotated[
        Slug,
        Field(description="The name members type and the database keeps. It never changes: see renamed_from."),
    ]
    title: Annotated[Title, Field(description="What it is called on cards and buttons.")]
    summary: Annotated[Line, Field(description="What one can do after it, in one or two sentences.")]
    hours: Annotated[
        float, Field(strict=True, gt=0, le=500, description="Hours of work for a beginner of this roadmap.")
    ]
    hours_from: Annotated[
        Literal["source", "estimate"],
        Field(description="Whether the source states the hours or the author guessed."),
    ] = "estimate"
    signals: Signals
    topics: Annotated[
        tuple[Title, ...],
        Field(max_length=12, description="Its parts in the order of study; daily plans name them."),
    ] = ()
    needs: Annotated[
        tuple[Slug, ...],
        Field(
            max_length=10,
            description="Steps to do before. Any alternative of a needed step's choice will do.",
        ),
    ] = ()
    optional: Annotated[Flag, Field(description="Stands outside the percentage and may be left out.")] = False
    one_of: Annotated[
        Slug | None,
        Field(description="Name of a choice: one step of all that carry the same name is enough."),
    ] = None
    retired: Annotated[Flag, Field(description="No longer taught; kept so that nobody's progress is lost.")] = False
    renamed_from: Annotated[
        tuple[Slug, ...], Field(max_length=20, description="Every slug this step ever had before.")
    ] = ()
    implement: Annotated[Line | None, Field(description="Where to implement it.")] = None
    showcase: Annotated[Line | None, Field(description="How to show it: what makes a good proof.")] = None
    cost: Annotated[Line | None, Field(description="What it costs in money, and how to do it for nothing.")] = None
    skill: Annotated[
        Slug | None,
        Field(description="Shared id of what it teaches: the same skill on another roadmap is credit."),
    ] = None
    links: Annotated[tuple[ResourceLink, ...], Field(max_length=5, description="Where to learn it.")] = ()


class Level(_Record):
    """A stage of a roadmap. Its gate says what passing it means; gates advise, they never block."""

    slug: Slug
    title: Title
    summary: Annotated[Blank, Field(description="What this stage is about.")] = ""
    gate: Annotated[Line | None, Field(description="What one is ready for when all of this level is done.")] = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=60)]


class Practice(_Record):
    """A daily track that runs beside the steps."""

    track: Annotated[Literal["dsa"], Field(description="dsa: data structures and algorithms.")]
    minutes: Annotated[int, Field(strict=True, ge=5, le=480, description="Minutes a day.")]
    summary: Annotated[Line, Field(description="How to use these minutes.")]


class Roadmap(_Record):
    """A course: levels of steps, in the order in which they are best done."""

    slug: Annotated[RoadmapSlug, Field(description="The file's name without .yaml; it never changes.")]
    title: Title
    summary: Annotated[Line, Field(description="Whom it is for and what they can do at its end.")]
    version: Annotated[int, Field(strict=True, ge=1, le=100_000, description="Raised by one whenever steps change.")]
    updated: Annotated[date, Field(description="The day of this version, as 2026-11-20.")]
    source: Annotated[Source, Field(description="Where the facts come from, and which of them are the author's own.")]
    credits: Annotated[tuple[Line, ...], Field(max_length=20, description="To whom it owes thanks.")] = ()
    retired: Annotated[Flag, Field(description="No longer offered; those who are on it go on.")] = False
    renamed_from: Annotated[
        tuple[RoadmapSlug, ...], Field(max_length=20, description="Every slug this roadmap ever had before.")
    ] = ()
    practice: Annotated[Practice | None, Field(description="A daily track beside the steps.")] = None
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=20)]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All steps in the file's order, retired ones too."""
        return tuple(step for level in self.levels for step in level.steps)

    @cached_property
    def live_steps(self) -> tuple[Step, ...]:
        """The steps that are taught today, in the file's order."""
        return tuple(step for step in self.steps if not step.retired)

    @cached_property
    def required(self) -> tuple[Step, ...]:
        """The steps that are neither optional nor retired, every alternative of a choice among them.

        To count what is required, count `requirements`: there a choice is one.
        """
        return tuple(step for step in self.live_steps if not step.optional)

    @cached_property
    def requirements(self) -> tuple[tuple[Step, ...], ...]:
        """The required units in the file's order, each as its alternatives.

        A choice stands where its first step does. Every step of `required` is in exactly one of them.
        """
        units: dict[str, list[Step]] = {}
        for step in self.required:
            units.setdefault(_unit(step), []).append(step)
        return tuple(tuple(unit) for unit in units.values())

    def units_of(self, level: Level) -> int:
        """How many required units stand in a level: so many steps at the least are settled where it is complete."""
        return self._units[level.slug]

    @cached_property
    def _units(self) -> dict[str, int]:
        levels = {step.slug: level.slug for level in self.levels for step in level.steps}
        counted = dict.fromkeys((level.slug for level in self.levels), 0)
        for unit in self.requirements:
            counted[levels[unit[0].slug]] += 1
        return counted

    @cached_property
    def hours_required(self) -> float:
        """The fewest hours that complete the roadmap: a choice counts its cheapest alternative.

        The least, so that a member is never told that a roadmap does not fit while one way through it does.
        """
        return sum(min(step.hours for step in unit) for unit in self.requirements)

    def step(self, slug: str) -> Step | None:
        """The step that has this slug or once had it; None if there never was one."""
        return self._by_slug.get(slug)

    def level_of(self, step: Step) -> Level:
        """The level a step of this roadmap stands in; ValueError for a foreign one."""
        for level in self.levels:
            if step in level.steps:
                return level
        raise ValueError(f"{step.slug} is not a step of {self.slug}")

    def number_of(self, step: Step) -> int:
        """The number members see beside a live step, from 1; ValueError for a retired or foreign one."""
        return self.live_steps.index(step) + 1

    def met_by(self, step: Step) -> tuple[Step, ...]:
        """The steps of which any one, done, stands for this step: itself, and the others of its choice.

        Retired alternatives are among them: who did one before it was retired keeps its credit.
        """
        if step.one_of is None:
            return (step,)
        return tuple(other for other in self.steps if other.one_of == step.one_of)

    @cached_property
    def _by_slug(self) -> dict[str, Step]:
        former = {slug: step for step in self.steps for slug in step.renamed_from}
        return former | {step.slug: step for step in self.steps}

    def __copy__(self) -> Self:
        # model_copy(update=…) would otherwise bring along what was derived from the old levels.
        copy = super().__copy__()
        for name in copy.__dict__.keys() - type(self).model_fields.keys():
            del copy.__dict__[name]
        return copy

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        faults = [fault for rule in _RULES for fault in rule(self)]
        if faults:
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [
                    InitErrorDetails(
                        type=PydanticCustomError("roadmap_rule", "{reason}", {"reason": fault.reason}),
                        loc=fault.place,
                        input=None,
                    )
                    for fault in faults
                ],
            )
        return self


class _Fault(NamedTuple):
    place: PracticePlace
    reason: str


_Rule = Callable[[Roadmap], Iterator[_Fault]]


def _unit(step: Step) -> str:
    """What counts once: a step, or a choice (the space keeps its name apart from any slug)."""
    return f"one of {step.one_of}" if step.one_of else step.slug


def _placed(roadmap: Roadmap) -> Iterator[tuple[PracticePlace, Step]]:
    for i, level in enumerate(roadmap.levels):
        for j, step in enumerate(level.steps):
            yield ("levels", i, "steps", j), step


def _slugs_are_unique(roadmap: Roadmap) -> Iterator[_Fault]:
    """A slug, present or former, means one step; and it cannot be read as a step's number."""
    names: list[tuple[PracticePlace, str]] = []
    for place, step in _placed(roadmap):
        names.append(((*place, "slug"), step.slug))
        names += (((*place, "renamed_from", k), former) for k, former in enumerate(step.renamed_from))
    yield from _repeated(names, "the slug `{}` is taken already")
    for place, name in names:
        if name.isdigit():
            yield _Fault(place, f"the slug `{name}` would be taken for step number {name}: give it a letter")
    levels = [(("levels", i, "slug"), level.slug) for i, level in enumerate(roadmap.levels)]
    yield from _repeated(levels, "another level has the slug `{}`")
    own: list[tuple[PracticePlace, str]] = [(("slug",), roadmap.slug)]
    own += ((("renamed_from", k), former) for k, former in enumerate(roadmap.renamed_from))
    yield from _repeated(own, "the roadmap's slug `{}` is given twice")


def _titles_are_unique(roadmap: Roadmap) -> Iterator[_Fault]:
    """A live step can be named by its title."""
    titles = [((*place, "title"), step.title.casefold()) for place, step in _placed(roadmap) if not step.retired]
    yield from _repeated(titles, "another step has the title “{}”")


def _skills_are_unique(roadmap: Roadmap) -> Iterator[_Fault]:
    """A skill is taught by one live step, so that credit has one place to go; alternatives may share it."""
    teachers: dict[str, str] = {}
    for place, step in _placed(roadmap):
        if step.skill and not step.retired and teachers.setdefault(step.skill, _unit(step)) != _unit(step):
            yield _Fault((*place, "skill"), f"another step teaches the skill `{step.skill}`")


def _something_is_required(roadmap: Roadmap) -> Iterator[_Fault]:
    if not roadmap.requirements:
        yield _Fault(("levels",), "every step is optional or retired: at least one must be required")


def _choices_are_sound(roadmap: Roadmap) -> Iterator[_Fault]:
    """A choice has two steps or more, all required and all in one level."""
    size = Counter(step.one_of for step in roadmap.steps)
    homes: dict[str, int | str] = {}
    for place, step in _placed(roadmap):
        if step.one_of is None:
            continue
        where = (*place, "one_of")
        if size[step.one_of] == 1:
            yield _Fault(where, f"no other step belongs to the choice `{step.one_of}`")
        if step.optional:
            yield _Fault(where, "a step of a choice cannot be optional: one of them is required")
        if homes.setdefault(step.one_of, place[1]) != place[1]:
            yield _Fault(where, f"the choice `{step.one_of}` must lie within one level")


def _needs_are_sound(roadmap: Roadmap) -> Iterator[_Fault]:
    """A step needs steps that exist, are taught, and are not of less obligation than itself."""
    for place, step in _placed(roadmap):
        for k, slug in enumerate(step.needs):
            if reason := _wrong_need(roadmap, step, slug):
                yield _Fault((*place, "needs", k), reason)
        for slug, count in Counter(step.needs).items():
            if count > 1:
                yield _Fault((*place, "needs"), f"`{slug}` is named {count} times")


def _wrong_need(roadmap: Roadmap, step: Step, slug: str) -> str | None:
    needed = roadmap.step(slug)
    if needed is None:
        return f"there is no step `{slug}`"
    if needed.slug != slug:
        return f"`{slug}` is now called `{needed.slug}`: write the new name"
    if step.one_of and needed.one_of == step.one_of:
        return f"`{step.slug}` cannot need a step of its own choice `{step.one_of}`"
    if step.retired:
        return None
    if needed.retired:
        return f"`{slug}` is retired: leave it out, or name what replaced it"
    if needed.optional and not step.optional:
        return f"`{slug}` is optional, but `{step.slug}` is required: make them alike"
    return None


def _needs_form_no_cycle(roadmap: Roadmap) -> Iterator[_Fault]:
    """Choices are taken as one, so that no choice leads into a dead end."""
    graph: dict[str, set[str]] = defaultdict(set)
    places: dict[str, PracticePlace] = {}
    for place, step in _placed(roadmap):
        known = {_unit(needed) for slug in step.needs if (needed := roadmap.step(slug))}
        if known:
            places.setdefault(_unit(step), (*place, "needs"))
        # A choice that needs itself is named by _needs_are_sound, and better.
        graph[_unit(step)] |= known - ({_unit(step)} if step.one_of else set())
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        yield _Fault(places[circle[0]], "these steps need each other in a circle: " + " → ".join(circle))


def _repeated(names: Iterable[tuple[PracticePlace, str]], reason: str) -> Iterator[_Fault]:
    seen: set[str] = set()
    for place, name in names:
        if name in seen:
            yield _Fault(place, reason.format(name))
        seen.add(name)


_RULES: tuple[_Rule, ...] = (
    _slugs_are_unique,
    _titles_are_unique,
    _skills_are_unique,
    _something_is_required,
    _choices_are_sound,
    _needs_are_sound,
    _needs_form_no_cycle,
)
