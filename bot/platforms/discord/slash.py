"""The registry as Discord's slash commands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypedDict

from bot.command import Command, Parameter, Registry, Somebody
from bot.command.parameters import ArgumentKind, File, FileKind, MateKind, OneOf, Plain, Words
from bot.platforms.discord.markdown import PLATFORM
from bot.platforms.discord.render import OPTION_LABEL, cut
from bot.words import translated

CommandJson = dict[str, Any]

STRING, USER, ATTACHMENT = 3, 6, 11
"""Types of options (Discord, Application Commands, "Application Command Option Type")."""

GUILD, PRIVATE_CHAT = 0, 1
"""Where a command is offered: in servers and in our private chat ("Interaction Context Types")."""

GUILD_INSTALL = 0
MANAGE_SERVER = 1 << 5
DESCRIPTION_LENGTH = 100

DISCORD_LOCALES = (
    *("id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR"),
    *("ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko"),
)
"""The languages that Discord's apps speak (Discord, Reference, "Locales")."""


def commands(registry: Registry) -> list[CommandJson]:
    """Every command members are shown, as Discord registers them."""
    return [_command(command) for command in registry.listed]


def fingerprint(commands: list[CommandJson]) -> str:
    """The same for equal commands: what tells whether Discord has them already."""
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()


def _command(command: Command) -> CommandJson:
    return {
        "name": command.name,
        "type": 1,
        **_in_each_language("description", command.describe, DESCRIPTION_LENGTH),
        "options": [_option(command, parameter) for parameter in command.parameters],
        # Hides it from others; whoever a server's settings show it to is checked again when it is carried out.
        "default_member_permissions": MANAGE_SERVER if command.leaders else None,
        "contexts": [GUILD, PRIVATE_CHAT],
        "integration_types": [GUILD_INSTALL],
    }


def _option(command: Command, parameter: Parameter) -> CommandJson:
    """An option. None is required: what is missing is asked for. Lengths are left to us, who refuse in words."""
    option: CommandJson = {
        "name": parameter.name,
        **_in_each_language(
            "description", lambda language: command.describe_parameter(language, parameter.name), DESCRIPTION_LENGTH
        ),
        "type": STRING,
    }
    kind = parameter.kind
    if isinstance(kind, FileKind):
        option["type"] = ATTACHMENT
    elif isinstance(kind, MateKind):
        option["type"] = USER
    elif isinstance(kind, OneOf):
        option["choices"] = [
            {**_in_each_language("name", partial(kind.label, value), OPTION_LABEL), "value": value}
            for value in kind.values
        ]
    elif _suggests(kind):
        option["autocomplete"] = True
    return option


def _in_each_language(field: str, told: Callable[[str], str], limit: int) -> CommandJson:
    """A text of a command, and what it is for those whose Discord speaks another language of ours.

    Where Discord has several varieties of a language (es-ES, es-419), ours is for all of them.
    """
    text, others = translated(told)
    found = {
        locale: cut(words, limit)
        for language, words in others.items()
        for locale in DISCORD_LOCALES
        if language.replace("_", "-") in (locale, locale.partition("-")[0])
    }
    return {field: cut(text, limit)} | ({f"{field}_localizations": found} if found else {})


def _suggests(kind: ArgumentKind) -> bool:
    """Whether there is anything to offer while somebody types: plain kinds and words offer nothing, their kin may."""
    return type(kind) not in (Plain, Words)


class FilledOption(TypedDict, total=False):
    """An option that somebody fills in ("Application Command Interaction Data Option")."""

    name: str
    type: int
    value: str
    focused: bool


class User(TypedDict, total=False):
    """Somebody as a server or Discord calls them; what is not set is None."""

    nick: str | None
    global_name: str | None
    username: str


class UploadedFile(TypedDict):
    """A file that is uploaded with a command; its size in bytes."""

    url: str
    filename: str
    size: int


class Resolved(TypedDict, total=False):
    """What the ids among the options stand for."""

    members: Mapping[str, User]
    users: Mapping[str, User]
    attachments: Mapping[str, UploadedFile]


class CommandData(TypedDict, total=False):
    """What somebody filled in, or is filling in ("Application Command Data Structure")."""

    name: str
    options: list[FilledOption]
    resolved: Resolved


def arguments(data: CommandData) -> dict[str, str | File | Somebody]:
    """What was filled in, by the names of the parameters."""
    resolved = data.get("resolved", Resolved())
    return {
        option["name"]: _argument(option, resolved)
        for option in data.get("options", [])
        if option["type"] != ATTACHMENT or option["value"] in resolved.get("attachments", {})
    }


def focused(data: CommandData) -> str | None:
    """The parameter that somebody is typing."""
    return next((option["name"] for option in data.get("options", []) if option.get("focused")), None)


def _argument(option: FilledOption, resolved: Resolved) -> str | File | Somebody:
    if option["type"] == USER:
        return Somebody(str(option["value"]), _called(str(option["value"]), resolved))
    if option["type"] == ATTACHMENT:
        file = resolved["attachments"][option["value"]]
        return File(PLATFORM, file["url"], file["filename"], file["size"])
    return str(option["value"])


def _called(user: str, resolved: Resolved) -> str:
    """What somebody is called: in their server, else on Discord."""
    member, account = resolved.get("members", {}).get(user, User()), resolved.get("users", {}).get(user, User())
    return member.get("nick") or account.get("global_name") or account.get("username") or user
