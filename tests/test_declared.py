"""Commands are declared once, by their functions: each argument has a kind, and is given what that kind reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from bot.command import Call, Command, Hidden, Led, Response, command, registry
from bot.command.parameters import DAY_KIND, NOTE, STEP, ArgumentKind, OneOf, Plain, StepOf
from bot.commands import registry as filled
from bot.words import word

COMMANDS = sorted((Path(__file__).parents[1] / "bot" / "commands").rglob("*.py"))
assert filled is registry


def types_of(hint: Any) -> set[Any]:
    """The types of a union, without None."""
    union = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return {each for each in union if each is not NoneType}


def read_by(kind: ArgumentKind) -> Any:
    """What a kind's reader says that it gives."""
    read = kind.reader if isinstance(kind, Plain) else type(kind).read
    return get_type_hints(read)["return"]


def faults(known: Command) -> Iterator[str]:
    """The arguments that are given something else than their annotations say."""
    hints = get_type_hints(known.run, include_extras=True)
    for parameter in known.every_parameter:
        said, given = types_of(get_args(hints[parameter.argument])[0]), types_of(read_by(parameter.kind))
        if len(said) == 1 and get_origin(words := next(iter(said))) is Literal and isinstance(parameter.kind, OneOf):
            said, given = set(get_args(words)), set(parameter.kind.values)
        if said != given:
            yield f"/{known.name} {parameter.name}"


def asked(tree: ast.AST) -> Iterator[str]:
    """The arguments that a module asks for by their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Ask":
            yield from (str(name.value) for name in node.args if isinstance(name, ast.Constant))


@pytest.mark.parametrize("known", list(filled), ids=lambda known: known.name)
def test_an_argument_is_given_what_its_annotation_says(known: Command) -> None:
    assert list(faults(known)) == []


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_what_is_asked_for_is_an_argument(path: Path) -> None:
    module = ".".join(path.relative_to(path.parents[[p.name for p in path.parents].index("bot") + 1]).parts)
    mine = [known for known in filled if known.run.__module__ == module.removesuffix(".py")]
    arguments = {parameter.name for known in mine for parameter in known.every_parameter}
    assert set(asked(ast.parse(path.read_text(encoding="utf-8")))) <= arguments


async def mistyped(
    call: Call,
    step: Annotated[str | None, STEP],
    day: Annotated[date | None, DAY_KIND],
    word: Annotated[Literal["yes", "maybe"] | None, Hidden(OneOf(("yes", "no")))],
    kind: Annotated[str | None, Led(OneOf(("a", "b")), ("b",))],
) -> Response:
    """Says of a step that it is a text, and of a word that it is another."""
    raise AssertionError((call, step, day, word, kind))


async def kindless(call: Call, step: StepOf | None) -> Response:
    """Says nothing of what can stand there."""
    raise AssertionError((call, step))


def test_the_checks_above_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_commands", {})
    command("mistyped")(mistyped)
    assert list(faults(registry.find("mistyped"))) == ["/mistyped step", "/mistyped word"]
    with pytest.raises(TypeError, match="/kindless does not say what kind of argument step is"):
        command("kindless")(kindless)
    assert list(asked(ast.parse("raise Ask('setp', id='x')"))) == ["setp"]


def test_marks_stand_around_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden arguments are not shown, words for leaders make a platform look who leads, a name of Python's is free."""
    monkeypatch.setattr(registry, "_commands", {})

    @command("marked")
    async def marked(
        call: Call,
        from_: Annotated[str | None, NOTE],
        post: Annotated[str | None, Led(OneOf(("study", "recap"), names="settings-reminder-"), ("recap",))],
        sure: Annotated[str | None, Hidden(OneOf(("yes",)))],
    ) -> Response:
        """Has one of each."""
        raise AssertionError((call, from_, post, sure))

    known = registry.find("marked")
    assert [parameter.name for parameter in known.parameters] == ["from", "post"]
    assert [parameter.name for parameter in known.hidden] == ["sure"]
    assert [parameter.argument for parameter in known.every_parameter] == ["from_", "post", "sure"]
    called = word("en", "settings-reminder-recap")
    for line in ("marked recap", "marked post:recap", f'marked post:"{called.upper()}"', f"marked {called}"):
        assert known.asks_who_leads(line), line
    assert not known.asks_who_leads("marked study")
