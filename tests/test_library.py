"""The library of roadmaps: what it serves, how it refuses a broken file, and that no slug is ever lost."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.roadmap import Roadmap
from bot.library import (
    MAX_PROBLEMS,
    SLUGS_LOCK,
    Library,
    Problem,
    check,
    check_against,
    check_libraries,
    record_slugs,
    schema_json,
    source,
)
from bot.library.source import MAX_BYTES
from tests.fakes.calls import calls

SHIPPED = Path(__file__).parent.parent / "roadmaps"

GOOD = """\
# yaml-language-server: $schema=schema.json
slug: small
title: A small course
summary: >-
  Two steps
  and a choice.
version: 3
updated: 2026-11-20
source: Made up.
levels:
  - slug: basics
    title: Basics
    steps:
      - slug: git
        title: Git
        summary: Keep a history.
        hours: 6.5
        signals: { importance: high, demand: high, automation_risk: low }
      - slug: http
        title: HTTP
        summary: Know the protocol.
        hours: 10
        signals:
          importance: high
          demand: high
          automation_risk: medium
        needs:
          - git
"""


def folder_with(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = folder / f"{name}.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def problems_of(folder: Path, content: str | bytes) -> list[str]:
    return [str(problem) for problem in Library.load(folder_with(folder, small=content)).problems]


# ------------------------------------------------------------------ the shipped roadmaps

AI_ERA = """
    typed-language     24  high    high    low
    http-rest          18  high    high    medium
    sql                26  high    high    low
    auth-security      22  high    high    low
    testing-ci         18  high    medium  high
    caching-queues     20  medium  high    low
    observability      16  high    high    low
    containers-deploy  20  high    high    medium
    system-design      24  high    high    low
    llm-services       22  high    high    low
"""


@pytest.fixture(scope="module")
def shipped() -> Library:
    return Library.load(SHIPPED)


def test_the_shipped_folder_passes_its_check(shipped: Library) -> None:
    assert check(SHIPPED) == []
    assert {"backend-ai-era", "backend-intern", "backend-fresher"} <= shipped.roadmaps.keys()


def test_backend_ai_era_has_the_ten_steps_of_its_source(shipped: Library) -> None:
    roadmap = shipped.roadmaps["backend-ai-era"]
    rows = [
        (s.slug, f"{s.hours:g}", s.signals.importance, s.signals.demand, s.signals.automation_risk)
        for s in roadmap.steps
    ]
    assert rows == [tuple(row.split()) for row in AI_ERA.split("\n") if row.strip()]
    assert roadmap.title == "Backend Engineer (AI era)"
    assert len(roadmap.requirements) == 10
    assert roadmap.hours_required == 210
    assert all(step.hours_from == "estimate" for step in roadmap.steps)


def test_backend_ai_era_says_what_the_sample_dialogues_say(shipped: Library) -> None:
    roadmap = shipped.roadmaps["backend-ai-era"]
    assert [step.title for step in roadmap.steps[:3]] == [
        "A typed language and git",
        "HTTP and REST APIs",
        "Relational databases and SQL",
    ]
    waiting = [step.slug for step in roadmap.steps if "sql" in step.needs]
    assert waiting == ["auth-security", "testing-ci", "caching-queues", "system-design"]
    sql = roadmap.step("sql")
    assert sql is not None
    assert "Indexes and query plans" in sql.topics


def test_the_needs_of_the_shipped_files_lead_along_their_sources_order(shipped: Library) -> None:
    def needs(slug: str, *steps: str) -> list[tuple[str, ...]]:
        return [step.needs for step in shipped.roadmaps[slug].steps if step.slug in steps]

    assert needs("backend-ai-era", "typed-language", "http-rest", "sql") == [(), ("typed-language",), ("http-rest",)]
    assert needs("backend-fresher", "linux-basics", "git-github", "sql") == [(), ("linux-basics",), ("git-github",)]
    for roadmap in shipped.roadmaps.values():
        before: set[str] = set()
        for step in roadmap.steps:
            assert before.issuperset(step.needs), step.slug
            before.add(step.slug)


def test_backend_intern_has_three_gated_levels_and_four_projects(shipped: Library) -> None:
    roadmap = shipped.roadmaps["backend-intern"]
    assert [len(level.steps) for level in roadmap.levels] == [6, 6, 3]
    assert all(level.gate for level in roadmap.levels)
    assert all(step.optional for step in roadmap.levels[2].steps)
    assert not any(step.optional for level in roadmap.levels[:2] for step in level.steps)
    projects = {number for step in roadmap.steps for number in re.findall(r"[Pp]roject (\d)", step.implement or "")}
    assert projects == {"1", "2", "3", "4"}


def test_every_step_of_backend_intern_says_where_how_and_at_what_cost(shipped: Library) -> None:
    for step in shipped.roadmaps["backend-intern"].steps:
        assert step.implement, step.slug
        assert step.showcase, step.slug
        assert step.cost, step.slug


def test_only_deployment_has_its_hours_from_the_source_of_backend_intern(shipped: Library) -> None:
    stated = [s.slug for s in shipped.roadmaps["backend-intern"].steps if s.hours_from == "source"]
    assert stated == ["deployment"]


def test_backend_fresher_lets_one_choose_a_framework(shipped: Library) -> None:
    roadmap = shipped.roadmaps["backend-fresher"]
    assert [[step.slug for step in unit] for unit in roadmap.requirements] == [
        ["linux-basics"],
        ["git-github"],
        ["sql"],
        ["http"],
        ["django", "fastapi"],
        ["first-project"],
        ["second-project"],
        ["deploy-project"],
    ]
    assert roadmap.hours_required == 246
    assert [step.slug for step in roadmap.steps if step.optional] == [
        "machine-learning",
        "systems-programming",
        "networking",
    ]


def test_backend_fresher_practises_two_hours_a_day_beside_five_months_of_study(shipped: Library) -> None:
    roadmap = shipped.roadmaps["backend-fresher"]
    assert roadmap.practice is not None
    assert (roadmap.practice.track, roadmap.practice.minutes) == ("dsa", 120)
    assert roadmap.hours_required / 2 < 150  # days, at two hours a day


def test_every_shipped_file_is_complete_and_opens_with_its_schema(shipped: Library) -> None:
    for slug, roadmap in shipped.roadmaps.items():
        first, *_ = (SHIPPED / f"{slug}.yaml").read_text(encoding="utf-8").splitlines()
        assert first == "# yaml-language-server: $schema=schema.json"
        for step in roadmap.steps:
            assert len(step.summary) > 40, step.slug
            assert step.topics, step.slug
            assert step.implement, step.slug
            assert step.showcase, step.slug


def test_every_shipped_file_fits_the_schema_that_editors_read(shipped: Library) -> None:
    validator = jsonschema.Draft202012Validator(json.loads((SHIPPED / "schema.json").read_text(encoding="utf-8")))
    for slug in shipped.roadmaps:
        data = yaml.load((SHIPPED / f"{slug}.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        assert list(validator.iter_errors(_typed(data))) == []


def _typed(value: Any) -> Any:
    """What YAML 1.2 makes of plain scalars, by another way than the library's."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    try:
        return json.loads(value)
    except ValueError:
        return value


def test_the_generated_schema_is_current() -> None:
    text = (SHIPPED / "schema.json").read_text(encoding="utf-8")
    assert text == schema_json(), "roadmate roadmaps schema roadmaps/schema.json"


def test_the_schema_refuses_what_the_library_refuses() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_json()))
    good = _typed(yaml.load(GOOD, Loader=yaml.BaseLoader))
    assert validator.is_valid(good)
    changes: list[dict[str, Any]] = [
        {"slug": "Small"},
        {"version": "3"},
        {"levels": []},
        {"titel": "A"},
        {"title": "a\nb"},
    ]
    assert not any(validator.is_valid(good | change) for change in changes)


def test_the_small_roadmap_of_the_readme_is_valid_and_its_skills_are_listed(tmp_path: Path, shipped: Library) -> None:
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    example = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(example) == 1
    library = Library.load(folder_with(tmp_path, **{"first-api": example[0]}))
    assert library.problems == ()
    assert len(library.roadmaps["first-api"].requirements) == 3
    for roadmap in shipped.roadmaps.values():
        for step in roadmap.steps:
            assert step.skill is None or f"`{step.skill}`" in text


def test_reading_the_shipped_files_needs_no_cache(shipped: Library) -> None:
    """It is less work than PyYAML makes of the same texts, checks and all."""
    texts = [path.read_text(encoding="utf-8") for path in SHIPPED.glob("*.yaml")]
    with calls() as ours:
        assert Library.load(SHIPPED) == shipped
    with calls() as theirs:
        assert len([yaml.load(text, Loader=source.LOADER) for text in texts]) == len(shipped.roadmaps)
    assert ours.number <= theirs.number, "reconsider a cache"


# ------------------------------------------------------------------ reading


def test_a_good_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    library = Library.load(folder_with(tmp_path, small=GOOD))
    assert library.problems == ()
    roadmap = library.roadmaps["small"]
    assert roadmap.summary == "Two steps and a choice."
    assert (roadmap.version, roadmap.updated) == (3, date(2026, 11, 20))
    assert [step.hours for step in roadmap.steps] == [6.5, 10]
    assert roadmap.steps[1].needs == ("git",)


def test_the_python_parser_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Library) -> None:
    monkeypatch.setattr(source, "LOADER", yaml.SafeLoader)
    assert Library.load(SHIPPED) == shipped
    assert problems_of(tmp_path, GOOD.replace("hours: 10", "hours: ten"))[0].startswith("small.yaml:22:9: ")


@pytest.mark.parametrize("title", ["no", "on", "2026-11-20", "12:30", "1_000", "0x1F", "=", "<<"])
def test_plain_words_that_older_yaml_took_for_something_else_are_text(tmp_path: Path, title: str) -> None:
    library = Library.load(folder_with(tmp_path, small=GOOD.replace("title: Git\n", f"title: {title}\n")))
    assert library.problems == ()
    assert library.roadmaps["small"].steps[0].title == title


def test_line_ends_of_windows_and_its_byte_order_mark_are_welcome(tmp_path: Path) -> None:
    folder_with(tmp_path, small=b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert Library.load(tmp_path).problems == ()


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    folder_with(tmp_path, small=GOOD)
    for name in ("README.md", "schema.json", SLUGS_LOCK, ".small.yaml.swp", ".#small.yaml", "small.yaml~"):
        (tmp_path / name).write_text("[ not yaml")
    assert list(Library.load(tmp_path).roadmaps) == ["small"]
    assert Library.load(tmp_path).problems == ()


def test_a_broken_file_is_refused_and_the_others_serve(tmp_path: Path) -> None:
    folder_with(tmp_path, small=GOOD, broken=GOOD.replace("version: 3", "version: three"), worse="slug: [")
    library = Library.load(tmp_path)
    assert list(library.roadmaps) == ["small"]
    assert {problem.file for problem in library.problems} == {"broken.yaml", "worse.yaml"}


def test_a_former_slug_still_finds_its_roadmap(tmp_path: Path) -> None:
    text = GOOD.replace("slug: small", "slug: small\nrenamed_from: [tiny]")
    library = Library.load(folder_with(tmp_path, small=text))
    assert library.roadmap("tiny") is library.roadmap("small") is library.roadmaps["small"]
    assert library.roadmap("huge") is None


# ------------------------------------------------------------------ broken files


def swap(old: str, new: str, count: int = 1) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, count)


# What is in the file, the line and column to mend (none: the whole file), and a part of the message.
BROKEN: dict[str, tuple[str | bytes, str, str]] = {
    "a missing key": (swap("        hours: 6.5\n", ""), "14:9", "`hours` is missing"),
    "a missing key at the top": (swap("version: 3\n", ""), "1:1", "`version` is missing"),
    "a misspelt key": (
        swap("needs:", "need:"),
        "27:9",
        "`need` is not a known key here: did you mean `needs`?",
    ),
    "a strange key": (
        swap("hours: 10", "hours: 10\n        xyzzy: 1"),
        "23:9",
        "`xyzzy` is not a known key here; known",
    ),
    "a strange key among signals": (
        swap("importance: high,", "importance: high, risk: low,"),
        "18:38",
        "`risk` is not a known key here; known are importance, demand, automation_risk",
    ),
    "a comma in a link": (
        swap("hours: 10", "hours: 10\n        links: [{ title: Pods, services, url: 'https://example.org' }]"),
        "23:32",
        "if it is text, put all of it in quotes",
    ),
    "a wrong signal": (
        swap("demand: high,", "demand: huge,"),
        "18:38",
        "`demand` must be 'high', 'medium' or 'low', not 'huge'",
    ),
    "hours in words": (swap("hours: 10", "hours: ten"), "22:9", "`hours`: input should be a valid number"),
    "hours below zero": (swap("hours: 10", "hours: -1"), "22:9", "`hours`: input should be greater than 0"),
    "hours without end": (
        swap("hours: 10", "hours: 1e999"),
        "22:9",
        "`hours`: input should be less than or equal to 500",
    ),
    "a number of a million digits": (
        swap("hours: 10", "hours: " + "9" * 500_000),
        "22:9",
        "`hours`: input should be a valid",
    ),
    "a title that is a number": (
        swap("title: HTTP", "title: 404"),
        "20:9",
        "`title` must be text: put it in quotes",
    ),
    "a title too long": (
        swap("title: HTTP", f"title: {'x' * 81}"),
        "20:9",
        "`title` is too long: at most 80, and it has 81",
    ),
    "a title of two lines": (
        swap("title: HTTP", 'title: "a\\nb"'),
        "20:9",
        "`title` must be one line of text",
    ),
    "a slug with capitals": (
        swap("slug: http", "slug: HTTP"),
        "19:9",
        "small letters, digits and single hyphens",
    ),
    "a date in words": (swap("2026-11-20", "yesterday"), "8:1", "`updated`: input should be a valid date"),
    "an unknown need": (swap("- git", "- gti"), "28:13", "there is no step `gti`"),
    "a slug given to two steps": (
        swap("hours: 10", "hours: 10\n        renamed_from: [git]"),
        "23:24",
        "the slug `git` is taken already",
    ),
    "a circle": (
        swap("hours: 6.5", "hours: 6.5\n        needs: [http]"),
        "18:9",
        "need each other in a circle",
    ),
    "a slug unlike the file's name": (swap("slug: small", "slug: tiny"), "2:1", "name the file tiny.yaml"),
    "a key given twice": (
        swap("version: 3", "version: 3\ntitle: Again"),
        "8:1",
        "`title` is given twice, first in line 3",
    ),
    "a key given twice, in quotes": (swap("version: 3", 'version: 3\n"title": Again'), "8:1", "given twice"),
    "a list for a key": (swap("version: 3", "[version]: 3"), "7:1", "a key must be a plain word"),
    "a tab": (swap("    title: Basics", "\ttitle: Basics"), "12:1", "a tab: YAML is indented with spaces"),
    "a tab within text": (swap("Keep a history.", "Keep\ta history."), "16:22", "a tab"),
    "a tag": (
        swap("hours: 10", "hours: !!float 10"),
        "22:16",
        "tags are not read: remove `tag:yaml.org,2002:float`",
    ),
    "a Python object": (
        swap("hours: 10", 'hours: !!python/object/apply:os.system ["true"]'),
        "22:16",
        "tags are not read",
    ),
    "a tagged key": (swap("hours: 10", "!!str hours: 10"), "22:9", "a key must be a plain word"),
    "an anchor": (swap("title: Git\n", "title: &git Git\n"), "15:16", "anchors and aliases"),
    "an alias": (swap("title: Git\n", "title: *git\n"), "15:16", "anchors and aliases"),
    "a merge": (swap("        hours: 10", "        <<: *other"), "22:13", "anchors and aliases"),
    "a colon within text": (
        swap("Keep a history.", "Git: keep a history."),
        "16:21",
        "text with a colon needs quotes",
    ),
    "an open quote": (
        swap("Keep a history.", '"Keep a history.'),
        "16:18",
        "a quote that is opened here is never closed",
    ),
    "an open list": (
        swap("version: 3", "version: [3"),
        "7:10",
        "a list that is opened here with [ is never closed",
    ),
    "a shifted line": (
        swap("    title: Basics", "   title: Basics"),
        "12:4",
        "indented unlike its neighbours",
    ),
    "text that lost its indentation": (
        swap("  and a choice", "and a choice"),
        "6:1",
        "a key without its colon",
    ),
    "a forbidden first letter": (swap("title: Git\n", "title: @git\n"), "15:16", "needs quotes"),
    "a control character": (
        swap("Keep a history.", "Keep\x07 a history."),
        "16:22",
        "control character '\\x07'",
    ),
    "Latin-1": (swap("Keep a history.", "Naïve.").encode("latin-1"), "16:20", "is not UTF-8"),
    "UTF-16": (GOOD.encode("utf-16"), "1:1", "is not UTF-8"),
    "nothing": ("", "", "the file is empty"),
    "only a comment": ("# soon\n", "", "the file is empty"),
    "a list": ("- git\n", "1:1", "a roadmap starts with its keys"),
    "a word": ("git\n", "1:1", "a roadmap starts with its keys"),
    "an alias for everything": ("*everything\n", "1:1", "a roadmap starts with its keys"),
    "two documents": (GOOD + "---\nslug: more\n", "29:1", "a second document"),
    "deep nesting": (swap("version: 3", "version: " + "[" * 100_000), "7:21", "nested too deeply"),
    "a level that is text": (GOOD + "  - basics\n", "29:5", "`levels` 2: input should be a valid"),
    "no levels": (re.sub(r"(?s)levels:.*", "levels: []", GOOD), "10:1", "`levels` is empty"),
    "an empty title": (swap("title: HTTP", 'title: " "'), "20:9", "`title` is empty"),
    "a title left out": (swap("title: HTTP", "title:"), "20:9", "`title` is empty"),
    "a title that is a list": (swap("title: HTTP", "title: [HTTP]"), "20:9", "`title` must be text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_its_line_and_what_to_do(tmp_path: Path, name: str) -> None:
    content, place, message = BROKEN[name]
    found = problems_of(tmp_path, content)
    where = f"small.yaml:{place}: " if place else "small.yaml: "
    assert len(found) == 1, found
    assert found[0].startswith(where), found
    assert message in found[0]


def test_several_faults_are_told_in_the_order_of_their_lines(tmp_path: Path) -> None:
    found = problems_of(tmp_path, GOOD.replace("hours: 10", "hours: ten").replace("version: 3", "version: 0"))
    assert [each.split(":")[1] for each in found] == ["7", "22"]


def test_a_mistake_repeated_everywhere_does_not_flood_the_log(tmp_path: Path) -> None:
    assert len(problems_of(tmp_path, GOOD + "".join(f"key-{i}: 1\n" for i in range(1000)))) == MAX_PROBLEMS


BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [" + ", ".join([f"*{chr(97 + i)}"] * 9) + "]\n" for i in range(20)
)


def test_a_bomb_of_aliases_does_not_go_off(tmp_path: Path) -> None:
    assert problems_of(tmp_path, BOMB) == ["small.yaml:1:4: anchors and aliases (& and *) are not read: write it out"]


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    folder_with(tmp_path, small=b"x" * 10_000_000)
    Library.load(tmp_path)  # what is imported on the way is not counted
    tracemalloc.start()
    problems = Library.load(tmp_path).problems
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [str(each) for each in problems] == ["small.yaml: has 10,000,000 bytes; 1,000,000 are the limit"]
    assert peak < 200_000


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    padded = GOOD.encode() + b"# " + b"x" * (MAX_BYTES - len(GOOD) - 2)
    assert Library.load(folder_with(tmp_path, small=padded)).problems == ()


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.yaml"
    outside.write_text(GOOD)
    folder = tmp_path / "roadmaps"
    folder.mkdir()
    (folder / "small.yaml").symlink_to(outside)
    (folder / "gone.yaml").symlink_to(folder / "nowhere")
    (folder / "loop.yaml").symlink_to(folder / "loop.yaml")
    found = {each.file: each.message for each in Library.load(folder).problems}
    assert found.keys() == {"small.yaml", "gone.yaml", "loop.yaml"}
    assert "a link to a file outside this folder" in found["small.yaml"]
    assert "No such file" in found["gone.yaml"]


def test_a_folder_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    folder_with(tmp_path / "real", small=GOOD)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert Library.load(tmp_path / "link").problems == ()


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    found = [str(each) for each in Library.load(tmp_path).problems]
    assert found == ["folder.yaml: is not a file", "pipe.yaml: is not a file"]


def test_another_ending_is_named_not_overlooked(tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text(GOOD)
    assert [str(each) for each in Library.load(tmp_path).problems] == ["small.yml: name it small.yaml"]


def test_a_missing_folder_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (problem,) = Library.load(tmp_path / "nowhere").problems
    assert "cannot be read: No such file" in str(problem)
    assert check(tmp_path / "nowhere") == [problem]


def test_two_files_cannot_have_one_slug(tmp_path: Path) -> None:
    copied = GOOD
    renamed = GOOD.replace("slug: small", "slug: tiny\nrenamed_from: [small]")
    library = Library.load(folder_with(tmp_path, small=GOOD, copied=copied, tiny=renamed))
    assert list(library.roadmaps) == ["small"]
    assert [str(each) for each in library.problems] == [
        "copied.yaml:2:1: the slug `small` and the file's name differ: name the file small.yaml",
        "tiny.yaml: the slug `small` belongs to small.yaml already",
    ]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_law_whatever_a_file_holds_the_library_loads(tmp_path: Path, content: bytes) -> None:
    library = Library.load(folder_with(tmp_path, small=content))
    assert bool(library.problems) != bool(library.roadmaps)


def test_a_file_that_ends_too_early_is_told_by_its_last_line(tmp_path: Path) -> None:
    """A bracket that nothing closes: libyaml looks for its end up to a line that is not there."""
    text = GOOD[:601] + "[" + GOOD[608:]
    (problem,) = Library.load(folder_with(tmp_path, small=text)).problems
    assert 1 <= problem.line <= text.count("\n") + 1


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.integers(0, len(GOOD)),
    length=st.integers(0, 60),
    put=st.sampled_from(
        ["", "\n", ":", "- ", "[", "{", '"', "'", "&a ", "*a", "!!x ", "|", "? ", "#", "%", "  ", "\x00"]
    ),
)
def test_law_a_damaged_file_is_refused_within_its_lines(tmp_path: Path, start: int, length: int, put: str) -> None:
    text = GOOD[:start] + put + GOOD[start + length :]
    library = Library.load(folder_with(tmp_path, small=text))
    assert bool(library.problems) != bool(library.roadmaps)
    for problem in library.problems:
        assert 0 <= problem.line <= text.count("\n") + 1
        assert problem.message


# ------------------------------------------------------------------ no slug is lost


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with one roadmap whose slugs are recorded."""
    folder_with(tmp_path, small=GOOD)
    assert record_slugs(tmp_path) == ("small", "small/git", "small/http")
    assert check(tmp_path) == []
    return tmp_path


RENAMED = GOOD.replace("slug: git", "slug: git-github\n        renamed_from: [git]").replace("- git", "- git-github")
RETIRED = GOOD.replace("title: Git", "title: Git\n        retired: true").replace(
    "        needs:\n          - git\n", ""
)
ADDED = (
    GOOD
    + """\
      - slug: sql
        title: SQL
        summary: Ask.
        hours: 3
        signals: { importance: low, demand: low, automation_risk: low }
"""
)
REMOVED = re.sub(r"      - slug: git\n.*?(?=      - slug: http)", "", GOOD, flags=re.DOTALL).replace(
    "        needs:\n          - git\n", ""
)


def test_a_vanished_step_is_named_with_the_ways_to_mend_it(published: Path) -> None:
    folder_with(published, small=REMOVED)
    (problem,) = check(published)
    assert str(problem) == (
        "small.yaml: the step `git` has vanished, and members' progress with it: bring it back with "
        "`retired: true`, or write `renamed_from: [git]` into the step that replaced it (slugs.lock, line 4)"
    )


def test_a_retired_step_has_not_vanished(published: Path) -> None:
    folder_with(published, small=RETIRED)
    assert check(published) == []


def test_a_renamed_step_has_not_vanished_but_its_new_name_must_be_recorded(published: Path) -> None:
    folder_with(published, small=RENAMED)
    (problem,) = check(published)
    assert str(problem) == ("slugs.lock: not recorded yet: small/git-github; run `roadmate roadmaps check --record`")
    assert record_slugs(published) == ("small/git-github",)
    assert check(published) == []


def test_recording_only_ever_adds(published: Path) -> None:
    before = (published / SLUGS_LOCK).read_text()
    folder_with(published, small=REMOVED, broken="slug: [")
    assert record_slugs(published) == ()
    assert (published / SLUGS_LOCK).read_text() == before
    folder_with(published, small=RENAMED)
    record_slugs(published)
    assert (published / SLUGS_LOCK).read_text() == before + "small/git-github\n"


def test_a_vanished_roadmap_is_told_once(published: Path) -> None:
    (published / "small.yaml").unlink()
    (problem,) = check(published)
    assert problem.file == "small.yaml"
    assert "the roadmap `small` has vanished" in problem.message


def test_a_renamed_roadmap_has_not_vanished(published: Path) -> None:
    (published / "small.yaml").unlink()
    folder_with(published, tiny=GOOD.replace("slug: small", "slug: tiny\nrenamed_from: [small]"))
    record_slugs(published)
    assert check(published) == []


def test_a_broken_file_is_not_called_vanished(published: Path) -> None:
    folder_with(published, small=GOOD.replace("version: 3", "version: three"))
    assert [each.line for each in check(published)] == [7]


def test_a_folder_without_its_record_is_told_how_to_make_one(tmp_path: Path) -> None:
    folder_with(tmp_path, small=GOOD)
    assert [each.message for each in check(tmp_path)] == [
        "not recorded yet: small, small/git, small/http; run `roadmate roadmaps check --record`"
    ]


def read(text: str) -> Roadmap:
    return Roadmap.model_validate(yaml.safe_load(text))


@pytest.mark.parametrize("text", [RENAMED, RETIRED, ADDED])
def test_a_change_that_loses_nothing_needs_only_a_new_version(text: str) -> None:
    (problem,) = check_against(read(GOOD), read(text))
    assert problem.message == "its levels changed: raise the version to 4"
    assert check_against(read(GOOD), read(text.replace("version: 3", "version: 4"))) == []


def test_a_change_that_loses_a_slug_is_refused_whatever_its_version() -> None:
    (problem,) = check_against(read(GOOD), read(REMOVED.replace("version: 3", "version: 4")))
    assert "the step `git` has vanished" in problem.message


def test_a_former_name_must_stay_known_too() -> None:
    again = RENAMED.replace("renamed_from: [git]", "renamed_from: []").replace("version: 3", "version: 4")
    assert len(check_against(read(RENAMED), read(again))) == 1


def test_a_version_never_falls_and_a_better_word_needs_none() -> None:
    (problem,) = check_against(read(GOOD), read(GOOD.replace("version: 3", "version: 2")))
    assert problem == Problem("small.yaml", 0, 0, "version 2 is lower than 3")
    assert check_against(read(GOOD), read(GOOD.replace("Made up.", "Made up by us."))) == []


def test_two_folders_are_held_against_each_other(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    for name in ("small", "gone", "broken"):
        folder_with(before, **{name: GOOD.replace("slug: small", f"slug: {name}")})
    folder_with(after, small=REMOVED, broken="slug: [")
    found = check_libraries(Library.load(before), Library.load(after))
    assert sorted((each.file, each.message.split(",")[0]) for each in found) == [
        ("gone.yaml", "the roadmap `gone` has vanished"),
        ("small.yaml", "its levels changed: raise the version to 4"),
        ("small.yaml", "the step `git` has vanished"),
    ]
