"""The commands there are, by name: what help is made from, as are the platforms' menus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from inspect import signature
from keyword import iskeyword
from typing import Annotated, TypeVar, get_args, get_origin, get_type_hints

from rapidfuzz import process

from bot.command.call import Response
from bot.command.parameters import ArgumentKind, OneOf
from bot.domain.refusal import Refusal
from bot.words import languages, word

Run = Callable[..., Awaitable[Response]]
Declared = TypeVar("Declared", bound=Run)


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument: its name on every platform, and what can stand there."""

    name: str
    kind: ArgumentKind

    @property
    def argument(self) -> str:
        """What the command's function calls it: `from` is a word of Python's too, so there it is `from_`."""
        return f"{self.name}_" if iskeyword(self.name) else self.name


@dataclass(frozen=True, slots=True)
class Hidden:
    """Marks a parameter that only buttons give, by its name."""

    kind: ArgumentKind


@dataclass(frozen=True, slots=True)
class Led:
    """Marks a parameter with words that are for leaders, in a command that is not: it refuses the others itself."""

    kind: OneOf
    words: Sequence[str]

    def named_in(self, line: str) -> bool:
        """Whether a line may hold one of the words, by itself or by its name in any language: rather once too often."""
        said = line.casefold()
        return any(
            word in said or any(self.kind.label(word, language).casefold() in said for language in languages())
            for word in self.words
        )


@dataclass(frozen=True, slots=True)
class Command:
    """A verb. `leaders` need to lead the chat it is typed in; an unlisted one is there for buttons; one that `shows`
    changes nothing and is carried out by a reader, and so is one that `shows_alone` where nothing else was typed.

    `hidden` parameters are for buttons too, which name their subject in full: they are only ever given by name. `led`:
    arguments with which any verb is for leaders; it refuses the others itself.
    """

    name: str
    parameters: tuple[Parameter, ...]
    run: Run
    leaders: bool = False
    listed: bool = True
    hidden: tuple[Parameter, ...] = ()
    led: tuple[Led, ...] = ()
    shows: bool = False
    shows_alone: bool = False

    @property
    def every_parameter(self) -> tuple[Parameter, ...]:
        """What members are shown, and what only buttons give."""
        return self.parameters + self.hidden

    def parameter(self, name: str) -> Parameter | None:
        """A parameter by its name, in any case."""
        return next((p for p in self.every_parameter if p.name == name.casefold()), None)

    def asks_who_leads(self, line: str) -> bool:
        """Whether a line of it may be one for leaders: then a platform has to find out if whoever typed it is one."""
        return self.leaders or any(mark.named_in(line) for mark in self.led)

    def only_shows(self, alone: bool) -> bool:
        """Whether it changes nothing, typed without any argument or with some."""
        return self.shows or (self.shows_alone and alone)

    def describe(self, language: str) -> str:
        """What it does, in at most 100 characters: the limit of Discord's descriptions."""
        return word(language, f"command-{self.name}")

    def describe_parameter(self, language: str, name: str) -> str:
        """What an argument means, in at most 100 characters."""
        return word(language, f"parameter-{self.name}-{name}")


async def _as_it_is(_call: object, response: Response) -> Response:
    return response


@dataclass
class Registry:
    """Commands by name, in the order in which help shows them.

    `finish` is what every answer goes through before it is given, whichever command made it.
    """

    _commands: dict[str, Command] = field(default_factory=dict)
    finish: Run = _as_it_is

    def add(self, command: Command) -> None:
        """Add a command. Raises ValueError when its name is taken."""
        if command.name in self._commands:
            raise ValueError(f"there is a command /{command.name} already")
        self._commands[command.name] = command

    def arrange(self, names: Iterable[str]) -> None:
        """Put these commands first, in this order. Raises KeyError for a name that no command has."""
        first = {name: self._commands[name] for name in names}
        self._commands = first | self._commands

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    @property
    def listed(self) -> tuple[Command, ...]:
        """The commands that members are shown."""
        return tuple(command for command in self if command.listed)

    def named(self, line: str) -> Command | None:
        """The command that a line begins with, by its exact name."""
        name = line.split(maxsplit=1)[0].casefold() if line.strip() else ""
        return self._commands.get(name)

    def find(self, name: str) -> Command:
        """A command by what was typed before the first blank. Raises Refusal with the nearest one."""
        typed = name.casefold().removeprefix("/").partition("@")[0]
        if found := self._commands.get(typed):
            return found
        near = process.extractOne(typed, [c.name for c in self.listed], score_cutoff=70)
        if near:
            raise Refusal("refuse-command-near", text=typed[:32], near=near[0], ways=[(f"/{near[0]}", near[0])])
        raise Refusal("refuse-command", text=typed[:32], ways=[("/help", "help")])


registry = Registry()
"""Every command of the house; filled when `bot.commands` is imported."""


def command(
    name: str,
    /,
    *,
    leaders: bool = False,
    listed: bool = True,
    shows: bool = False,
    shows_alone: bool = False,
) -> Callable[[Declared], Declared]:
    """Declare a command: its arguments are those of the function, in the order in which they may be typed unnamed.

    Each is annotated with what it is given and with its kind, `step: Annotated[StepOf | None, STEP]`; Hidden and Led
    stand around the kind where they apply. One that `shows` takes no write transaction, whatever it reads, nor does
    one that `shows_alone` where nothing else was typed. Raises TypeError for an argument without a kind.
    """

    def declare(run: Declared) -> Declared:
        given = _annotated(name, run)
        shown = tuple(parameter for parameter, mark in given if not isinstance(mark, Hidden))
        hidden = tuple(parameter for parameter, mark in given if isinstance(mark, Hidden))
        led = tuple(mark for _, mark in given if isinstance(mark, Led))
        registry.add(Command(name, shown, run, leaders, listed, hidden, led, shows, shows_alone))
        return run

    return declare


def finishing(finish: Run) -> Run:
    """Declare what every command's answer goes through: it is given the call and the response, and gives a response."""
    registry.finish = finish
    return finish


def _annotated(name: str, run: Run) -> list[tuple[Parameter, ArgumentKind | Hidden | Led]]:
    """A function's arguments after the first, which is the call, each with the mark that its annotation carries."""
    hints = get_type_hints(run, include_extras=True)
    found = []
    for argument in list(signature(run).parameters)[1:]:
        hint = hints.get(argument)
        if get_origin(hint) is not Annotated:
            raise TypeError(f"/{name} does not say what kind of argument {argument} is")
        mark = get_args(hint)[1]
        kind = mark.kind if isinstance(mark, Hidden | Led) else mark
        found.append((Parameter(argument.removesuffix("_"), kind), mark))
    return found
