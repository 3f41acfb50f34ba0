"""Every kind of message: it has all its words, and nobody outside its module asks which one it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor

import bot
from bot.domain import kind as kinds
from bot.domain.dates import ON_WISHED_DAYS
from bot.domain.kind import KINDS, Owner
from bot.domain.kind import Kind as MessageKind
from bot.messages import MESSAGES, Message, learn
from bot.messages.message import FAMILIES, words_of
from bot.words import LANGUAGE, LOCALES, languages
from tests.messages import pages

BOT = Path(bot.__file__).parent
MODULES = sorted((BOT / "messages").glob("*.py"))
OTHERS = sorted(path for path in BOT.rglob("*.py") if BOT / "messages" not in path.parents)

STEP_EVENTS = {"domain/progress.py", "store/linking.py", "store/studies.py", "store/totals.py", "store/weeks.py"}
"""Where a `kind` is that of a step's event, of which one is called `done` too."""


def ids(folder: Path) -> set[str]:
    """The messages that a language has."""
    parsed = (FluentParser().parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.ftl")))
    return {entry.id.name for resource in parsed for entry in resource.body if isinstance(entry, ftl.Message)}


def missing(message: Message, known: set[str]) -> list[str]:
    """The words that a kind needs and that are not there."""
    return [id for id in words_of(message) if id not in known]


class Selectors(Visitor):
    """Collects the variables by which messages choose among variants."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_SelectExpression(self, node: ftl.SelectExpression) -> None:  # noqa: N802 - the visitor's own naming
        if isinstance(node.selector, ftl.VariableReference):
            self.names.add(node.selector.id.name)
        self.generic_visit(node)


def selectors(text: str) -> set[str]:
    """The variables by which a text's messages choose."""
    found = Selectors()
    found.visit(FluentParser().parse(text))
    return found.names


def named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Where a kind is compared with the name of one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            about = any(_last_name(side) in ("kind", "kinds") for side in sides)
            texts = [part for side in sides for part in ast.walk(side) if isinstance(part, ast.Constant)]
            yield from ((node.lineno, part.value) for part in texts if about and part.value in KINDS)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("language", languages())
def test_a_kind_has_every_word_it_needs(name: str, language: str) -> None:
    # Another language falls back message by message; what it has in part is told by tests of words.
    if language == LANGUAGE:
        assert missing(MESSAGES[name], ids(LOCALES / language)) == []


def test_a_word_that_is_missing_is_noticed() -> None:
    known = ids(LOCALES / LANGUAGE)
    assert missing(pages.MESSAGE, known) == list(words_of(pages.MESSAGE)), "none of its words are the house's"
    its_own = ids(Path(pages.__file__).parent)
    assert missing(pages.MESSAGE, known | its_own) == []
    assert its_own == set(words_of(pages.MESSAGE)), "and it brings no others"


@pytest.mark.parametrize("path", sorted(LOCALES.rglob("*.ftl")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_message_chooses_by_the_kind(path: Path) -> None:
    """A variant for other kinds would answer in silence for one that was forgotten: each has messages of its own."""
    assert not {"kind", "kinds"} & selectors(path.read_text(encoding="utf-8"))


def test_a_silent_default_is_noticed() -> None:
    silent = "post = { $kind ->\n    [recap] the recap\n   *[other] the daily question\n}\n"
    assert selectors(silent) == {"kind"}
    assert selectors("nested = { $a ->\n   *[x] { $kind ->\n       *[y] z\n    }\n}\n") == {"a", "kind"}


@pytest.mark.parametrize("path", sorted((BOT / "messages").glob("*.py")), ids=lambda path: path.stem)
def test_no_card_of_a_kind_is_dropped_for_not_going_together(path: Path) -> None:
    """`joined` gives None for cards that do not fit, and a kind's None says that its message has become moot."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    taken = [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert "joined" not in taken


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(BOT)))
def test_nobody_else_asks_which_kind_it_is(path: Path) -> None:
    found = list(named(ast.parse(path.read_text(encoding="utf-8"))))
    if path.relative_to(BOT).as_posix() in STEP_EVENTS:
        found = [(line, name) for line, name in found if name != "done"]
    assert found == []


def test_asking_which_kind_it_is_is_noticed() -> None:
    bad = 'if reminder.kind == "return": pass\nx = kind in ("risk", "other")\ny = a.kind != b.kind\nz = x == "study"'
    assert list(named(ast.parse(bad))) == [(1, "return"), (2, "risk")]


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(BOT)))
def test_there_is_no_list_of_kinds_elsewhere(path: Path) -> None:
    """Three names of kinds in one literal are a list of them."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
            parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.Constant)]
            found += [node.lineno] if len({part.value for part in parts} & KINDS.keys()) > 2 else []
    assert found == []


@pytest.mark.parametrize("path", [path for path in MODULES if "MESSAGE = " in path.read_text(encoding="utf-8")])
def test_a_module_of_a_kind_is_found(path: Path) -> None:
    assert f"bot.messages.{path.stem}" in {message.compose.__module__ for message in MESSAGES.values()}


def test_who_sets_what_in_the_order_of_the_menus() -> None:
    assert [*kinds.MEMBERS][:5] == ["study", "dsa", "risk", "deadline", "return"]
    assert [*kinds.GROUP_KINDS][:2] == ["group", "recap"]
    assert [*kinds.SET_KINDS] == [*kinds.MEMBERS, *kinds.GROUP_KINDS]
    assert kinds.SET_KINDS[0] == "study"
    assert kinds.SET_KINDS[1:3] == ("dsa", "risk")
    assert len(kinds.SET_KINDS) == len(kinds.MEMBERS) + len(kinds.GROUP_KINDS)
    assert kinds.main_kind().name == "study"
    assert {kind.name for kind in kinds.of_owner(Owner.NOBODY)} >= {"done", "stopped", "trouble"}


def test_a_name_belongs_to_one_kind() -> None:
    known = MESSAGES["study"]
    learn(known)
    with pytest.raises(ValueError, match="study"):
        learn(replace(known, kind=replace(known.kind, minute=1)))
    assert KINDS["study"] is known.kind


def test_what_a_kind_is_decides_which_words_it_needs() -> None:
    def families(**values: Any) -> set[str]:
        kind = replace(pages.KIND, **values)
        return {family for family, applies in FAMILIES.items() if applies(kind)}

    plain = families(private=False)
    assert families(private=True) - plain == {"refuse-remind-private"}
    assert families(private=False, offered=True) - plain == {"button-offer"}
    assert families(private=False, comes_along=True) - plain == {"remind-also"}
    assert families(private=False, instead=MESSAGES["stopped"].kind) - plain == {"asked-about", "button-ask-again"}
    assert families(private=False, owner=Owner.NOBODY) == set()
    posts = {"settings-reminder", "post-what", "post-set", "post-off"}
    assert families(private=False, owner=Owner.LEADER) == posts
    assert families(private=False, owner=Owner.LEADER, one_day=True, about_group=True) - posts == {
        "refuse-post-days",
        "lost-post",
    }


def test_a_kind_that_is_no_more_goes_by_its_days() -> None:
    assert kinds.known_dates("horoscope") is ON_WISHED_DAYS
    assert isinstance(KINDS["deadline"], MessageKind)
    assert kinds.known_dates("deadline") is KINDS["deadline"].dates
