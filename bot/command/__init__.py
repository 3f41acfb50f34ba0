"""A command, declared once: its arguments, its function, its answer."""

from bot.command.call import Ask, Audience, Call, Incoming, Response, Somebody, answered
from bot.command.dispatch import Dispatch
from bot.command.hearing import Hearing
from bot.command.registry import Command, Hidden, Led, Parameter, Registry, command, finishing, registry
from bot.command.scene import Scene

__all__ = [
    "Ask",
    "Audience",
    "Call",
    "Command",
    "Dispatch",
    "Hearing",
    "Hidden",
    "Incoming",
    "Led",
    "Parameter",
    "Registry",
    "Response",
    "Scene",
    "Somebody",
    "answered",
    "command",
    "finishing",
    "registry",
]
