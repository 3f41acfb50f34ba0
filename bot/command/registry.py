"""The commands there are, by name: what help, Discord's sync and Telegram's menu are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import process

from bot.command.parameters import Kind
from bot.domain.refusal import Refusal
from bot.words import word

Run = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument: its name on every platform, and what can stand there."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Command:
    """A verb. `leaders` need to lead the chat it is typed in; an unlisted one is there for buttons.

    `hidden` parameters are for buttons too, which name their subject in full: they are only ever given by name. `led`:
    arguments with which any verb is for leaders; it refuses the others itself.
    """

    name: str
    parameters: tuple[Parameter, ...]
    run: Run
    leaders: bool = False
    listed: bool = True
    hidden: tuple[Parameter, ...] = ()
    led: tuple[str, ...] = ()

    @property
    def every_parameter(self) -> tuple[Parameter, ...]:
        """What members are shown, and what only buttons give."""
        return self.parameters + self.hidden

    def parameter(self, name: str) -> Parameter | None:
        """A parameter by its name, in any case."""
        return next((p for p in self.every_parameter if p.name == name.casefold()), None)

    def asks_who_leads(self, line: str) -> bool:
        """Whether a line of it may be one for leaders: then a platform has to find out if whoever typed it is one."""
        return self.leaders or any(part.rpartition(":")[2] in self.led for part in line.casefold().split())

    def describe(self, language: str) -> str:
        """What it does, in at most 100 characters: the limit of Discord's descriptions."""
        return word(language, f"command-{self.name}")

    def describe_parameter(self, language: str, name: str) -> str:
        """What an argument means, in at most 100 characters."""
        return word(language, f"parameter-{self.name}-{name}")


async def _as_it_is(_call: Any, response: Any) -> Any:
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
    hidden: Mapping[str, Kind] | None = None,
    led: tuple[str, ...] = (),
    **parameters: Kind,
) -> Callable[[Run], Run]:
    """Declare a command: its name and its arguments in the order in which they may be typed without their names."""

    def declare(run: Run) -> Run:
        registry.add(Command(name, _named(parameters), run, leaders, listed, _named(hidden or {}), led))
        return run

    return declare


def finishing(finish: Run) -> Run:
    """Declare what every command's answer goes through: it is given the call and the response, and gives a response."""
    registry.finish = finish
    return finish


def _named(kinds: Mapping[str, Kind]) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, kind) for name, kind in kinds.items())
