"""A roadmap as a value: what it derives from its steps, which rules it keeps, and how it may change."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.domain.roadmap import Roadmap, Step

SIGNALS = {"importance": "high", "demand": "medium", "automation_risk": "low"}


def step(slug: str, **changes: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "title": f"Step {slug}",
        "summary": "To learn.",
        "hours": 4,
        "signals": SIGNALS,
        **changes,
    }


def level(slug: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"slug": slug, "title": f"Level {slug}", "steps": list(steps)}


def data(*levels: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "slug": "small",
        "title": "Small",
        "summary": "A small course.",
        "version": 1,
        "updated": "2026-11-20",
        "source": "Made up.",
        "levels": list(levels),
        **changes,
    }


def roadmap(*levels: dict[str, Any], **changes: Any) -> Roadmap:
    return Roadmap.model_validate(data(*levels, **changes))


def slugs(steps: tuple[Step, ...]) -> list[str]:
    return [each.slug for each in steps]


WEB = roadmap(
    level("basics", step("git"), step("old-ftp", retired=True), step("http", renamed_from=["web", "www"])),
    level(
        "framework",
        step("django", one_of="framework", needs=["http"], hours=50),
        step("fastapi", one_of="framework", needs=["http"], hours=45),
        step("flask", one_of="framework", retired=True, hours=10),
        step("project", needs=["django"], hours=60),
        step("ml", optional=True),
    ),
)


def test_steps_are_flat_in_the_files_order_and_retired_ones_are_not_live() -> None:
    assert slugs(WEB.steps) == ["git", "old-ftp", "http", "django", "fastapi", "flask", "project", "ml"]
    assert slugs(WEB.live_steps) == ["git", "http", "django", "fastapi", "project", "ml"]


def test_a_choice_counts_once_among_the_requirements_and_with_its_cheapest_alternative() -> None:
    assert slugs(WEB.required) == ["git", "http", "django", "fastapi", "project"]
    assert [slugs(unit) for unit in WEB.requirements] == [
        ["git"],
        ["http"],
        ["django", "fastapi"],
        ["project"],
    ]
    assert WEB.hours_required == 4 + 4 + 45 + 60


def test_a_step_is_found_by_its_slug_and_by_every_name_it_had() -> None:
    http = WEB.step("http")
    assert http is not None
    assert WEB.step("web") is http
    assert WEB.step("www") is http
    assert WEB.step("old-ftp") is WEB.steps[1]
    assert WEB.step("gopher") is None


def test_numbers_count_live_steps_from_one() -> None:
    assert [WEB.number_of(each) for each in WEB.live_steps] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="not in tuple"):
        WEB.number_of(WEB.steps[1])


def test_a_step_knows_its_level_and_a_foreign_one_has_none() -> None:
    assert WEB.level_of(WEB.steps[6]).slug == "framework"
    with pytest.raises(ValueError, match="cobol is not a step of small"):
        WEB.level_of(Step.model_validate(step("cobol")))


def test_an_alternative_stands_for_its_whole_choice_even_after_it_was_retired() -> None:
    django, project = WEB.steps[3], WEB.steps[6]
    assert slugs(WEB.met_by(django)) == ["django", "fastapi", "flask"]
    assert slugs(WEB.met_by(project)) == ["project"]


def test_a_roadmap_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        WEB.version = 2  # type: ignore[misc]  # the test is that this fails
    assert hash(WEB) == hash(copy.deepcopy(WEB))


def test_a_changed_copy_derives_its_steps_anew() -> None:
    assert len(WEB.steps) == 8
    shorter = WEB.model_copy(update={"levels": WEB.levels[:1]})
    assert slugs(shorter.steps) == ["git", "old-ftp", "http"]
    assert shorter.step("django") is None
    assert len(WEB.steps) == 8


BROKEN_RULES: dict[str, tuple[list[dict[str, Any]], tuple[str | int, ...], str]] = {
    "two steps of one slug": (
        [level("a", step("git")), level("b", step("git", title="Again"))],
        ("levels", 1, "steps", 0, "slug"),
        "the slug `git` is taken already",
    ),
    "a slug that another step once had": (
        [level("a", step("http", renamed_from=["web"]), step("web"))],
        ("levels", 0, "steps", 1, "slug"),
        "the slug `web` is taken already",
    ),
    "a former slug that is in use": (
        [level("a", step("web"), step("http", renamed_from=["www", "web"]))],
        ("levels", 0, "steps", 1, "renamed_from", 1),
        "the slug `web` is taken already",
    ),
    "a slug like a number": (
        [level("a", step("404"))],
        ("levels", 0, "steps", 0, "slug"),
        "would be taken for step number 404",
    ),
    "two levels of one slug": (
        [level("a", step("git")), level("a", step("sql"))],
        ("levels", 1, "slug"),
        "another level has the slug `a`",
    ),
    "two steps of one title": (
        [level("a", step("git", title="Git"), step("git-2", title="GIT"))],
        ("levels", 0, "steps", 1, "title"),
        "another step has the title “git”",
    ),
    "one skill taught twice": (
        [level("a", step("git", skill="git"), step("hub", skill="git"))],
        ("levels", 0, "steps", 1, "skill"),
        "another step teaches the skill `git`",
    ),
    "nothing required": (
        [level("a", step("git", optional=True), step("svn", retired=True))],
        ("levels",),
        "at least one must be required",
    ),
    "a choice of one": (
        [level("a", step("git", one_of="tool"), step("sql"))],
        ("levels", 0, "steps", 0, "one_of"),
        "no other step belongs to the choice `tool`",
    ),
    "an optional alternative": (
        [level("a", step("git", one_of="tool", optional=True), step("svn", one_of="tool"))],
        ("levels", 0, "steps", 0, "one_of"),
        "cannot be optional",
    ),
    "a choice over two levels": (
        [level("a", step("git", one_of="tool")), level("b", step("svn", one_of="tool"))],
        ("levels", 1, "steps", 0, "one_of"),
        "must lie within one level",
    ),
    "an unknown need": (
        [level("a", step("git", needs=["linux"]))],
        ("levels", 0, "steps", 0, "needs", 0),
        "there is no step `linux`",
    ),
    "a need by a former name": (
        [level("a", step("http", renamed_from=["web"]), step("api", needs=["web"]))],
        ("levels", 0, "steps", 1, "needs", 0),
        "`web` is now called `http`: write the new name",
    ),
    "a retired need": (
        [level("a", step("svn", retired=True), step("git", needs=["svn"]))],
        ("levels", 0, "steps", 1, "needs", 0),
        "`svn` is retired",
    ),
    "an optional need of a required step": (
        [level("a", step("svn", optional=True), step("git", needs=["svn"]))],
        ("levels", 0, "steps", 1, "needs", 0),
        "`svn` is optional, but `git` is required",
    ),
    "a need named twice": (
        [level("a", step("git"), step("hub", needs=["git", "git"]))],
        ("levels", 0, "steps", 1, "needs"),
        "`git` is named 2 times",
    ),
    "an alternative that needs the other": (
        [level("a", step("git", one_of="tool"), step("svn", one_of="tool", needs=["git"]))],
        ("levels", 0, "steps", 1, "needs", 0),
        "cannot need a step of its own choice `tool`",
    ),
    "a step that needs itself": (
        [level("a", step("git", needs=["git"]))],
        ("levels", 0, "steps", 0, "needs"),
        "in a circle: git → git",
    ),
    "a dead end for those who choose svn": (
        [
            level(
                "a",
                step("git", one_of="tool"),
                step("svn", one_of="tool", needs=["hub"]),
                step("hub", needs=["git"]),
            )
        ],
        ("levels", 0, "steps", 1, "needs"),
        "in a circle: one of tool → hub → one of tool",
    ),
}


@pytest.mark.parametrize("name", BROKEN_RULES)
def test_a_broken_rule_is_named_with_its_place(name: str) -> None:
    levels, place, reason = BROKEN_RULES[name]
    with pytest.raises(ValidationError) as caught:
        roadmap(*levels)
    errors = [(error["loc"], error["msg"]) for error in caught.value.errors()]
    assert [loc for loc, _ in errors] == [place]
    assert reason in errors[0][1]


def test_all_broken_rules_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        roadmap(level("a", step("git", needs=["linux"]), step("git")))
    assert len(caught.value.errors()) == 3  # slug, title, need


LIMITS: dict[str, dict[str, Any]] = {
    "a step slug over 32": {"slug": "a" * 33},
    "capitals in a slug": {"slug": "Git"},
    "two hyphens in a slug": {"slug": "git--hub"},
    "letters beyond a-z in a slug": {"slug": "gıt"},
    "a title over 80": {"title": "t" * 81},
    "an empty title": {"title": "  "},
    "a title of two lines": {"title": "one\ntwo"},
    "a bell in a title": {"title": "one\atwo"},
    "a summary over 300": {"summary": "s" * 301},
    "no hours": {"hours": 0},
    "too many hours": {"hours": 501},
    "hours without end": {"hours": float("inf")},
    "hours in words": {"hours": "24"},
    "yes for true": {"optional": "yes"},
    "an unknown signal": {"signals": {**SIGNALS, "demand": "huge"}},
    "a fourth signal": {"signals": {**SIGNALS, "fun": "high"}},
    "an unknown key": {"difficulty": 3},
    "a link that is not https": {"links": [{"title": "x", "url": "http://example.org"}]},
    "a link with a blank": {"links": [{"title": "x", "url": "https://example.org/a b"}]},
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_step_within_its_limits(name: str) -> None:
    with pytest.raises(ValidationError):
        Step.model_validate(step("git") | LIMITS[name])


def test_a_step_at_its_limits() -> None:
    most = step("a" * 32, title="t" * 80, summary="s" * 300, hours=500)
    assert Step.model_validate(most).hours == 500


@pytest.mark.parametrize(
    "change",
    [{"slug": "s" * 25}, {"version": 0}, {"levels": []}, {"updated": "soon"}, {"practice": {"minutes": 120}}],
)
def test_a_roadmap_within_its_limits(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Roadmap.model_validate(data(level("a", step("git"))) | change)


# ------------------------------------------------------------------ laws


@st.composite
def roadmaps(draw: st.DrawFn) -> dict[str, Any]:
    """The data of any valid roadmap: choices, optional and retired steps, needs of earlier levels."""
    levels: list[dict[str, Any]] = []
    required: list[str] = []
    optional: list[str] = []
    for i in range(draw(st.integers(1, 4))):
        steps = [draw(_steps(f"s{i}-{j}", required, optional)) for j in range(draw(st.integers(1, 4)))]
        if draw(st.booleans()):
            choice = {"one_of": f"choice-{i}", "optional": False}
            steps += [draw(_steps(f"s{i}-{name}", required, [])) | choice for name in "xy"]
        levels.append(level(f"l{i}", *steps))
        live = [each for each in steps if not each["retired"]]
        required += [each["slug"] for each in live if not each["optional"]]
        optional += [each["slug"] for each in live if each["optional"]]
    if not required:
        levels.append(level("last", step("certain", needs=[], renamed_from=[], retired=False)))
    return data(*levels, version=draw(st.integers(1, 99)))


@st.composite
def _steps(draw: st.DrawFn, slug: str, required: list[str], optional: list[str]) -> dict[str, Any]:
    is_optional = draw(st.booleans()) and draw(st.booleans())
    free = required + optional if is_optional else required
    return step(
        slug,
        hours=draw(st.integers(1, 400)) / 2,
        optional=is_optional,
        retired=draw(st.integers(0, 4)) == 0,
        needs=draw(st.lists(st.sampled_from(free), max_size=3, unique=True)) if free else [],
        renamed_from=[f"was-{slug}"] if draw(st.booleans()) else [],
    )


@given(roadmaps())
def test_law_flattening_loses_nothing(made: dict[str, Any]) -> None:
    built = Roadmap.model_validate(made)
    assert slugs(built.steps) == [each["slug"] for part in made["levels"] for each in part["steps"]]
    assert [each for each in built.steps if each in built.live_steps] == list(built.live_steps)
    assert all(each in built.level_of(each).steps for each in built.steps)


@given(roadmaps())
def test_law_requirements_are_a_partition_of_what_is_required(made: dict[str, Any]) -> None:
    built = Roadmap.model_validate(made)
    members = [each.slug for unit in built.requirements for each in unit]
    assert sorted(members) == sorted(slugs(built.required))
    assert len(members) == len(set(members))
    for unit in built.requirements:
        assert len(unit) == 1 or len({each.one_of for each in unit}) == 1
        assert set(unit) <= set(built.met_by(unit[0]))
    assert built.hours_required == sum(min(each.hours for each in unit) for unit in built.requirements)
    assert built.hours_required <= sum(each.hours for each in built.required)


@given(roadmaps())
def test_law_live_steps_are_numbered_without_gaps(made: dict[str, Any]) -> None:
    built = Roadmap.model_validate(made)
    assert [built.number_of(each) for each in built.live_steps] == list(range(1, len(built.live_steps) + 1))


@given(roadmaps(), st.data())
def test_law_a_renamed_step_is_found_under_every_name(made: dict[str, Any], draw: st.DataObject) -> None:
    before = Roadmap.model_validate(made)
    old = draw.draw(st.sampled_from(before.steps))
    for part in made["levels"]:
        for each in part["steps"]:
            if each["slug"] == old.slug:
                each |= {"slug": "brand-new", "renamed_from": [*each["renamed_from"], old.slug]}
            each["needs"] = ["brand-new" if need == old.slug else need for need in each["needs"]]
    after = Roadmap.model_validate(made)
    for name in ("brand-new", old.slug, *old.renamed_from):
        found = after.step(name)
        assert found is not None
        assert found.title == old.title
    assert len(after.requirements) == len(before.requirements)
    assert all(after.step(each.slug) is not None for each in before.steps)


@given(roadmaps(), st.data())
def test_law_adding_and_retiring_keep_every_lookup(made: dict[str, Any], draw: st.DataObject) -> None:
    before = Roadmap.model_validate(made)
    victim = draw.draw(st.sampled_from(before.steps)).slug
    for part in made["levels"]:
        for each in part["steps"]:
            each["retired"] = each["retired"] or each["slug"] == victim
            each["needs"] = [need for need in each["needs"] if need != victim]
    made["levels"].insert(0, level("added", step("added")))
    after = Roadmap.model_validate(made)
    assert victim not in slugs(after.live_steps)
    for name in [slug for each in before.steps for slug in (each.slug, *each.renamed_from)]:
        was, found = before.step(name), after.step(name)
        assert was is not None
        assert found is not None
        assert found.slug == was.slug


@given(roadmaps())
def test_law_a_roadmap_survives_json(made: dict[str, Any]) -> None:
    built = Roadmap.model_validate(made)
    assert Roadmap.model_validate_json(built.model_dump_json()) == built
    assert built.updated == date(2026, 11, 20)


@given(roadmaps(), st.data())
def test_law_a_need_that_points_back_is_a_circle(made: dict[str, Any], draw: st.DataObject) -> None:
    steps = {each["slug"]: each for part in made["levels"] for each in part["steps"]}
    pairs = [(slug, need) for slug, each in steps.items() for need in each["needs"] if not each["retired"]]
    if pairs:
        slug, need = draw.draw(st.sampled_from(pairs))
        steps[need]["needs"] = [slug]
        with pytest.raises(ValidationError, match="circle"):
            Roadmap.model_validate(made)
