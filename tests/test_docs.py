"""What exists is documented, and what is documented exists: read from the code, as datasette's test_docs.py does."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from typer.testing import CliRunner

from bot import __version__
from bot.app import build
from bot.cli import app
from bot.commands import registry
from bot.delivery import Status
from bot.domain.roadmap import Level, Practice, ResourceLink, Roadmap, Signals, Step
from bot.metrics import PREFIX, Metrics
from bot.platforms import OFFERED
from bot.platforms.discord import DISCORD
from bot.platforms.discord.settings import DiscordSettings
from bot.platforms.telegram import TELEGRAM
from bot.platforms.telegram.settings import TelegramSettings
from bot.settings import FromEnvironment, Settings

ROOT = Path(__file__).parents[1]
BOT = ROOT / "bot"
PAGES = ("README.md", "CONTRIBUTING.md", "docs/guide.md", "docs/operating.md", "roadmaps/README.md")
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(BOT.rglob("*.py"))}

STANDARD = {"PYTHONTZPATH"}
"""Variables that Python itself reads, and an operator may want to know of."""


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """What stands below a heading, to the next one of the same depth."""
    _, found, rest = page(name).partition(f"\n{heading}\n")
    assert found, f"{name} has no heading {heading!r}"
    depth = heading.partition(" ")[0]
    return re.split(rf"\n{depth} ", rest)[0]


def table(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their headings."""
    lines = text.splitlines()
    rows = [(line, lines[n + 1 : n + 2]) for n, line in enumerate(lines) if line.startswith("|")]
    kept = [line for line, after in rows if not dashes(line) and not (after and dashes(after[0]))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in kept]


def dashes(line: str) -> bool:
    return line.startswith("|") and set(line) <= set("|- ")


def code(text: str) -> list[str]:
    """What stands in backquotes, and the lines of fenced and of indented code."""
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    indented = re.findall(r"^    (\S.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return [*spans, *indented, *(line for block in fenced for line in block.splitlines())]


def differing(there: Iterable[str], documented: Iterable[str]) -> dict[str, list[str]]:
    """What is on one side alone; empty when both are the same."""
    a, b = set(there), set(documented)
    found = {"not documented": sorted(a - b), "does not exist": sorted(b - a)}
    return {name: names for name, names in found.items() if names}


# ------------------------------------------------------------ the pages themselves


def test_a_table_is_read_without_its_heading() -> None:
    assert table("| a | b |\n| --- | --- |\n| 1 | 2 |\n\n| c |\n|---|\n| 3 |") == [["1", "2"], ["3"]]
    assert code("say `x y`, then\n```sh\nmake run\n```") == ["x y", "make run"]
    assert differing("ab", "bc") == {"not documented": ["a"], "does not exist": ["c"]}


@pytest.mark.parametrize("name", [*PAGES, "docs/decisions/README.md"])
def test_links_between_pages_lead_somewhere(name: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page(name)) if "://" not in link]
    missing = [link for link in links if not (ROOT / name).parent.joinpath(link.partition("#")[0]).exists()]
    assert missing == []


# ------------------------------------------------------------ commands


def test_every_command_and_every_argument_is_in_the_guide() -> None:
    there = [
        f"`/{command.name}` {', '.join(f'`{p.name}`' for p in command.parameters)}: {command.describe('en')}"
        for command in registry.listed
    ]
    rows = table(section("docs/guide.md", "## Every command"))
    assert differing(there, [f"{name} {arguments}: {what}" for name, arguments, what in rows]) == {}


OTHERS = {"/healthz", "/metrics", "/data", "/telegram", "/newbot", "/mybots"}
"""What begins with a slash and is a path, or typed to @BotFather."""


@pytest.mark.parametrize("name", [*PAGES, "CHANGELOG.md"])
def test_a_command_that_is_shown_exists_with_its_arguments(name: str) -> None:
    known = {command.name: command for command in registry}
    for line in code(page(name)):
        typed = re.match(r"(?:you@\w+> )?/([a-z]+)(?:@\w+)?(?=\s|$)(.*)", line)
        if typed is None or f"/{typed[1]}" in OTHERS:
            continue
        assert typed[1] in known, f"`{line}` in {name}"
        named = re.findall(r"(?<!\S)([a-z]+):(?!//)", typed[2])
        assert [n for n in named if known[typed[1]].parameter(n) is None] == [], f"`{line}` in {name}"


# ------------------------------------------------------------ settings


def settings() -> dict[str, str]:
    """Every setting's variable, with the name of its field, of whatever reads the environment in the house."""
    return {name.upper(): name for model in MODELS for name in model.model_fields}


MODELS: tuple[type[FromEnvironment], ...] = (Settings, *(offer.settings for offer in OFFERED))


def test_every_setting_is_in_the_operating_guide_with_its_default() -> None:
    rows = table(section("docs/operating.md", "## Settings"))
    assert differing(settings(), [row[0].strip("`") for row in rows]) == {}
    for variable, default, _ in rows:
        field = settings()[variable.strip("`")]
        value = next(model.model_fields[field].default for model in MODELS if field in model.model_fields)
        if isinstance(value, str | int | float) or variable == "`ROADMATE_DATA`":
            assert default.strip("`").partition("`")[0] == str(value), variable


def test_every_setting_is_in_the_example_that_is_copied() -> None:
    assert differing(settings(), re.findall(r"^#?([A-Z_]+)=", page(".env.example"), re.MULTILINE)) == {}


def test_every_setting_is_read_by_code() -> None:
    read = {node.attr for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert set(settings().values()) - read == set()


def test_the_environment_is_read_through_settings_alone() -> None:
    """What nobody has declared nobody would document."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("environ", "getenv"), f"{path.relative_to(ROOT)}:{node.lineno}"


@pytest.mark.parametrize("name", [*PAGES, "CHANGELOG.md", "Dockerfile", "fly.toml"])
def test_a_variable_that_is_shown_is_read(name: str) -> None:
    text = page(name)
    shown = set(re.findall(r"`([A-Z][A-Z]+_[A-Z_]+)", text)) | set(
        re.findall(r"^([A-Z]+_[A-Z_]+) ?=", text, re.MULTILINE)
    )
    made = set(re.findall(r"^(?:ARG|export) ([A-Z_]+)", text, re.MULTILINE)) | STANDARD
    assert shown - set(settings()) - made == set()


# ------------------------------------------------------------ metrics


async def metrics(tmp_path: Path) -> dict[str, str]:
    """Every metric that a process with both platforms tells, with its kind, each having happened once."""
    told = Metrics()
    discord, telegram = SecretStr("MTIz.a.b"), SecretStr("1:a")
    served = (
        DISCORD.configured(DiscordSettings(discord_token=discord)),
        TELEGRAM.configured(TelegramSettings(telegram_token=telegram)),
    )
    build(Settings(roadmate_data=tmp_path), served, told)
    told.delivered("study", "sent", 1)
    told.answered("done", 0.1, True)
    told.error("bot", "OSError")
    told.stored(None)
    told.served({"telegram": Status(connected=True, seconds=1, how="polling", heard=1)})
    found = {}
    for family in text_string_to_metric_families(told.text().decode()):
        assert family.samples, f"{family.name} did not happen"
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        name = family.name.removeprefix(PREFIX) + ("_total" if family.type == "counter" else "")
        found[name + (f"{{{','.join(labels)}}}" if labels else "")] = family.type
    return found


async def test_every_metric_is_in_the_operating_guide_with_its_labels_and_kind(tmp_path: Path) -> None:
    documented = {}
    for names, kind, _ in table(section("docs/operating.md", "## Metrics")):
        for name, labels in re.findall(r"`(\w+)(?:\{([\w,]+)\})?`", names):
            listed = ",".join(sorted(labels.split(","))) if labels else ""
            documented[name + (f"{{{listed}}}" if listed else "")] = kind
    there = await metrics(tmp_path)
    assert differing(there, documented) == {}
    assert documented == there


async def test_metrics_of_the_alerts_exist(tmp_path: Path) -> None:
    there = {name.partition("{")[0] for name in await metrics(tmp_path)}
    shown = re.findall(rf"{PREFIX}(\w+)", section("docs/operating.md", "## Metrics"))
    assert set(filter(None, shown)) - there == set()


# ------------------------------------------------------------ the program


def program() -> dict[str, Any]:
    """Every command of the shell, as it is typed."""

    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield name, command
        for inner, found in getattr(command, "commands", {}).items():
            yield from walk(f"{name} {inner}", found)

    return dict(walk("roadmate", typer.main.get_command(app)))


def documented_lines() -> list[str]:
    return [line.strip() for name in PAGES for line in code(page(name))]


def test_every_command_of_the_shell_and_every_option_is_documented() -> None:
    lines = documented_lines()
    for name, command in program().items():
        shown = [line for line in lines if re.search(rf"{re.escape(name)}(?!\w)", line)]
        assert shown, f"{name} is not documented"
        options = [
            option for parameter in command.params if parameter.param_type_name == "option" for option in parameter.opts
        ]
        assert [option for option in options if not any(option in line for line in shown)] == [], name


TYPED = re.compile(r"(?:^|[\s/\"])roadmate((?: [a-z-][\w./-]*)+)")
"""The program and what is typed after it, also by its full path, and inside another command's quotes."""


def test_what_is_typed_into_a_shell_exists() -> None:
    known = program()
    typed = [
        match[1].split() for line in documented_lines() for match in TYPED.finditer(line.replace("--name roadmate", ""))
    ]
    assert len(typed) > 10
    for words in typed:
        if words[0] == "roadmate":  # docker exec roadmate roadmate …: the container's name comes first
            words.pop(0)
        name = "roadmate"
        while words and f"{name} {words[0]}" in known:
            name = f"{name} {words.pop(0)}"
        options = {option for parameter in known[name].params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= options, f"{name} {words}"
        assert name != "roadmate" or not words or words[0].startswith("-"), f"roadmate {words}"


def test_every_exit_code_is_documented() -> None:
    codes = {"0"}
    for node in ast.walk(TREES[BOT / "cli.py"]):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("typer.Exit", "sys.exit"):
            codes |= {ast.unparse(argument) for argument in node.args}
    assert all(code.isdigit() for code in codes), "an exit code is a number that one can look up"
    assert differing(codes, [row[0] for row in table(section("docs/operating.md", "## Exit codes"))]) == {}


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE)
    (phony,) = re.findall(r"^\.PHONY: (.*)$", page("Makefile"), re.MULTILINE)
    assert differing(targets, phony.split()) == {}
    assert (
        differing(targets, [made for line in documented_lines() for made in re.findall(r"\bmake ([a-z]+)", line)]) == {}
    )


# ------------------------------------------------------------ the doctor

EXAMINERS = [
    path
    for path in TREES
    if "doctor" in path.relative_to(BOT).as_posix() and "deliveries" not in path.name and "finding" not in path.name
]


def said(tree: ast.Module) -> Iterator[ast.expr]:
    """What findings say: what they are made with, or what it was called before."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
            yield node.args[0]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("what", "where"):
            yield node.value


def subjects(tree: ast.Module) -> set[str]:
    """What a module's findings are about: the words before the colon, or the platform that is spoken of."""
    found = set()
    for expression in said(tree):
        first = expression.values[0] if isinstance(expression, ast.JoinedStr) else expression
        words = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        platform = re.match(r"(Discord|Telegram)\b", words)
        words = words if ":" in words or expression is first else f"{words}:"
        subject = platform[0] if platform else words.partition(":")[0].strip() if ":" in words else ""
        found |= {subject} - {""}
    return found


def test_every_subject_of_the_doctor_is_in_the_operating_guide() -> None:
    there = {subject for path in EXAMINERS for subject in subjects(TREES[path])}
    rows = table(section("docs/operating.md", "## The doctor"))
    assert differing(there, [row[0] for row in rows]) == {}


def test_a_new_subject_would_be_noticed() -> None:
    tree = ast.parse(
        "what = f'clock: {x} s off'\nFinding(what)\nFinding('Matrix: well')\nFinding(f'Discord, {x}: gone')"
    )
    assert subjects(tree) == {"clock", "Matrix", "Discord"}


# ------------------------------------------------------------ roadmaps

RECORDS = (Roadmap, Level, Step, Signals, ResourceLink, Practice)


def test_every_field_of_a_roadmap_is_described_in_the_schema_or_shown_to_authors() -> None:
    shown = page("roadmaps/README.md")
    for record in RECORDS:
        for name, info in record.model_fields.items():
            assert info.description or re.search(rf"\b{name}\b", shown), f"{record.__name__}.{name}"


def test_every_field_that_authors_are_shown_exists() -> None:
    fields = {name for record in RECORDS for name in record.model_fields}
    (block,) = re.findall(r"```yaml\n(.*?)```", page("roadmaps/README.md"), re.DOTALL)
    example = re.sub(r"#.*", "", block)
    keys = re.findall(r"(?:^|[{,-]) *([a-z_]+): ", example, re.MULTILINE) + re.findall(
        r"^ *(\w+):$", example, re.MULTILINE
    )
    assert set(keys) - fields == set()
    assert set(re.findall(r"`([a-z]+_[a-z_]+)", page("roadmaps/README.md"))) - fields == set()


# ------------------------------------------------------------ releases


def test_one_version_in_the_program_the_package_and_the_changelog() -> None:
    """It stands in the code; the package takes it from there, and the newest section that is released tells it."""
    declared = tomllib.loads(page("pyproject.toml"))["project"]
    assert ("version" in declared, declared["dynamic"]) == (False, ["version"])
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.stdout) == (0, f"roadmate {__version__}\n")
    headings = re.findall(r"^## (.*)$", page("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    form = re.compile(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)")
    released = [form.fullmatch(heading) for heading in headings[1:]]
    assert all(released), headings
    numbers = [tuple(map(int, found.groups()[:3])) for found in released if found]
    days = [date.fromisoformat(found[4]) for found in released if found]
    assert ".".join(map(str, numbers[0])) == __version__
    assert (numbers, days) == (sorted(set(numbers), reverse=True), sorted(days, reverse=True))


def test_the_changelog_speaks_to_users_under_headings_they_know() -> None:
    """Added, Changed, Deprecated, Removed, Fixed, Security, as keepachangelog.com has them; each says something."""
    for released in re.split(r"^## ", page("CHANGELOG.md"), flags=re.MULTILINE)[2:]:
        parts = re.split(r"^### ", released, flags=re.MULTILINE)[1:]
        kinds = [part.partition("\n")[0] for part in parts]
        assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
        assert len(kinds) == len(set(kinds))
        assert all(re.search(r"^- \S", part, re.MULTILINE) for part in parts)


def test_the_upgrade_that_is_described_is_to_this_version() -> None:
    assert f"git checkout v{__version__} " in section("docs/operating.md", "## Upgrades")
    assert f"`v{__version__}`" in section("CONTRIBUTING.md", "## Releases")


# ------------------------------------------------------------ what may import what


def layers() -> list[set[str]]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    lines = parser["importlinter:contract:layers"]["layers"].split("\n")
    return [set(re.findall(r"\w+", line)) for line in lines if line.strip()]


def test_the_drawing_of_imports_shows_the_contract() -> None:
    drawing = section("CONTRIBUTING.md", "## What may import what").split("```")[1]
    drawn = [set(re.findall(r"\w+", re.split(r" {3,}", line.strip(" └"))[0])) for line in drawing.splitlines()]
    assert [row for row in drawn if row] == [names - {"pictures", "__main__"} for names in layers()][1:]
