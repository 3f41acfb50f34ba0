"""What a line gives its command: what was begun before, what was filled in, what is typed."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.command.asking import begun
from bot.command.call import Incoming, Somebody
from bot.command.grammar import Arguments, read
from bot.command.parameters import MateKind, Suggestion, quoted
from bot.command.registry import Command
from bot.command.scene import Scene
from bot.domain.refusal import Refusal
from bot.store import people


def split(line: str) -> tuple[str, str]:
    """A line's command and the words after it."""
    name, *rest = line.split(maxsplit=1) or [""]
    return name, "".join(rest).strip()


def names_somebody(command: Command, incoming: Incoming) -> bool:
    """Whether a line could be about a mate: only then everybody in the member's groups is read."""
    takes = any(isinstance(parameter.kind, MateKind) for parameter in command.parameters)
    return takes and (" " in incoming.line.strip() or bool(incoming.arguments))


async def given(db: AsyncConnection, command: Command, rest: str, incoming: Incoming, scene: Scene) -> Arguments:
    """The arguments of a command, and what it still has to ask for. Raises Refusal for one that nothing is meant by."""
    filled, rest = await begun(db, rest, scene.member.id)
    for name, value in incoming.arguments.items():
        filled[name] = await _mate(db, value, scene) if isinstance(value, Somebody) else value
    return read(command, rest, filled, scene)


def values(command: Command, arguments: Arguments) -> dict[str, object]:
    """What the command's function is called with, by the names of its arguments; None for what was not given."""
    return {p.argument: arguments.values.get(p.name) for p in command.every_parameter}


def suggestions(command: Command, parameter: str, incoming: Incoming, scene: Scene) -> list[Suggestion]:
    """What could stand for a parameter, given what has been typed of it (`incoming.arguments[parameter]`)."""
    found = command.parameter(parameter)
    if found is None:
        return []
    typed = incoming.arguments.get(parameter, "")
    return found.kind.suggest(typed if isinstance(typed, str) else "", scene)


async def _mate(db: AsyncConnection, somebody: Somebody, scene: Scene) -> str:
    """The member behind an account that an argument points at, as MateKind reads it.

    Raises Refusal by the name they are called there: whether they exist elsewhere is not told.
    """
    known = await people.account(db, scene.account.platform, somebody.account)
    if known is None or known.member not in [member.id for member in (scene.member, *scene.mates)]:
        raise Refusal("refuse-member", text=quoted(somebody.name))
    return f"#{known.member}"
