"""Asks for what a command still needs: a menu where there are answers to choose from, else a question in free text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import (
    Button,
    Card,
    Choice,
    Input,
    LineTooLong,
    Option,
    Paragraph,
    Question,
    Spans,
    Text,
    base36,
    check_line,
    owner_that_fits,
    plain,
    sign,
)
from bot.command.call import Ask, Audience, Response
from bot.command.grammar import ASK, Arguments, Given, quote
from bot.command.parameters import File, GroupKind, LanguageKind, OneOf, RoadmapKind, Suggestion
from bot.command.registry import Command
from bot.command.scene import Scene
from bot.domain.refusal import Refusal
from bot.store import drafts
from bot.words import has, say, shortened, word

DRAFT = "draft"
"""The name under which a button refers to arguments that are too long for it."""

COMPLETE = (GroupKind, LanguageKind, OneOf, RoadmapKind)
"""Kinds whose answers are all there to choose from: nothing else can be typed."""

CHOICES = 25
"""What one select menu holds on Discord."""


async def begun(db: AsyncConnection, rest: str, member: int) -> tuple[dict[str, Given], str]:
    """The arguments of a command begun earlier, where a line refers to them, and the words after that.

    Raises Refusal for a draft that is not there any more, or was another member's.
    """
    first, _, tail = rest.partition(" ")
    if not first.startswith(DRAFT + ":"):
        return {}, rest
    code = first.removeprefix(DRAFT + ":")
    known = re.fullmatch(r"[0-9a-z]{1,10}", code) is not None
    kept = await drafts.kept(db, int(code, 36), member) if known else None
    if kept is None:
        raise Refusal("refuse-outdated")
    return {name: File(**value) if isinstance(value, dict) else value for name, value in kept.items()}, tail


async def question(
    db: AsyncConnection,
    scene: Scene,
    command: Command,
    arguments: Arguments,
    ask: Ask,
) -> Response:
    """What is missing, as a menu where there are answers to choose from, else as free text."""
    options = _options(command, arguments, ask, scene)
    given = {name: text for name, text in arguments.texts.items() if name not in ask.parameters}
    line = await _line(db, command, given, ask.parameters, options, scene)
    # What leaders set is set where it is asked: in the chat it is about, never in a private one.
    audience, language = Audience.MEMBER, scene.language
    if command.leaders:
        audience, language = Audience.GROUP, scene.public_language
    if not options:
        return Response(question=_free_text(scene, language, command, line, ask), audience=audience)
    parameter = ask.parameters[0]
    answers = tuple(
        [
            Option(
                shortened(s.label, 100),
                await _answer_line(db, scene, command, line, parameter, s.value, given),
                shortened(s.description, 100),
            )
            for s in options[:CHOICES]
        ]
    )
    longest = max((answer.line for answer in answers), key=lambda text: len(text.encode()))
    choice = Choice(word(language, "choose"), answers, only=owner_that_fits(longest, scene.member.id))
    card = Card(parts=(Paragraph(_asked(language, command, ask)),), choice=choice)
    found = command.parameter(parameter)
    if len(options) > CHOICES or not (found and isinstance(found.kind, COMPLETE)):
        other = Button(word(language, "other"), f"{line} {parameter}:{ASK}", only=scene.member.id)
        card = card.with_rows((other,))
    return Response(card, audience=audience)


def _options(command: Command, arguments: Arguments, ask: Ask, scene: Scene) -> Sequence[Suggestion]:
    if len(ask.parameters) > 1 or ask.parameters[0] in arguments.asked:
        return ()
    if ask.options is not None:
        return ask.options
    parameter = command.parameter(ask.parameters[0])
    assert parameter is not None, f"/{command.name} has no {ask.parameters[0]}"
    return parameter.kind.suggest("", scene)


async def _line(
    db: AsyncConnection,
    command: Command,
    given: Mapping[str, Given],
    asked: Sequence[str],
    options: Sequence[Suggestion],
    scene: Scene,
) -> str:
    """The command so far, short enough that every answer still fits on a button."""
    texts = [f"{name}:{quote(text)}" for name, text in given.items() if isinstance(text, str)]
    line = " ".join((command.name, *texts))
    if not given:
        return line
    longest = max((f" {asked[0]}:{quote(s.value)}" for s in options[:CHOICES]), key=len, default=f" {asked[0]}:{ASK}")
    if len(texts) == len(given) and _fits(sign(line + longest, scene.member.id)):
        return line
    return await _draft(db, scene, command, given)


async def _answer_line(
    db: AsyncConnection,
    scene: Scene,
    command: Command,
    line: str,
    parameter: str,
    value: str,
    given: Mapping[str, Given],
) -> str:
    """The command with one answer; the longest names of all are kept as a draft of their own."""
    name = "" if line == command.name and parameter == command.parameters[0].name else f"{parameter}:"
    answer = f"{line} {name}{quote(value)}"
    return answer if _fits(answer) else await _draft(db, scene, command, {**given, parameter: value})


async def _draft(db: AsyncConnection, scene: Scene, command: Command, given: Mapping[str, Given]) -> str:
    kept = {name: asdict(value) if isinstance(value, File) else value for name, value in given.items()}
    return f"{command.name} {DRAFT}:{base36(await drafts.keep(db, scene.member.id, kept, scene.now))}"


def _free_text(scene: Scene, language: str, command: Command, line: str, ask: Ask) -> Question:
    inputs = []
    for position, name in enumerate(ask.parameters):
        parameter = command.parameter(name)
        assert parameter is not None
        hint = f"hint-{command.name}-{name}"
        inputs.append(
            Input(
                name,
                shortened(command.describe_parameter(language, name), 45),
                word(language, hint) if has(hint) else "",
                limit=min(parameter.kind.limit, 4000),
                required=position == 0,
                long=parameter.kind.text,
            )
        )
    title = plain(_asked(language, command, ask))
    return Question(line, title, tuple(inputs), only=scene.member.id)


def _fits(press: str) -> bool:
    """Whether every platform can carry a pressed line."""
    try:
        check_line(press)
    except LineTooLong:
        return False
    return True


def _asked(language: str, command: Command, ask: Ask) -> Spans:
    """The question's words: the command's own, else those of the parameter, else what the parameter means."""
    name = ask.parameters[0]
    if ask.id is not None:
        return say(language, ask.id, **ask.vars)
    id = next((id for id in (f"ask-{command.name}-{name}", f"ask-{name}") if has(id)), None)
    return (Text(command.describe_parameter(language, name)),) if id is None else say(language, id)
