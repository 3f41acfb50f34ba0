"""The commands that Telegram's apps offer beside the input field, by where they are typed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

from bot.command import Command, Registry
from bot.memory import Memory
from bot.words import translated

PRIVATE_COMMANDS = frozenset(
    {"start", "later", "remind", "timezone", "daystart", "quiet", "pause", "rest", "settings", "link", "privacy"}
)
"""What one settles in private: groups are not offered it, though it works there."""

CommandMenu = list[tuple[BotCommandScope, str | None, list[BotCommand]]]


async def offer_commands(bot: Bot, registry: Registry, memory: Memory) -> None:
    """Tell Telegram the commands, when they are others than it was told before. Raises TelegramError."""
    menu = _menu(registry)
    told = [
        [scope.to_dict(), language, [command.to_dict() for command in commands]] for scope, language, commands in menu
    ]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    own = str(bot.id)
    if await memory.commands_offered(own) == digest:
        return
    for scope, language, commands in menu:
        await bot.set_my_commands(commands, scope=scope, language_code=language)
    await memory.remember_commands_offered(own, digest)


def _menu(registry: Registry) -> CommandMenu:
    shared = [command for command in registry.listed if command.name not in PRIVATE_COMMANDS]
    scopes: list[tuple[BotCommandScope, Iterable[Command]]] = [
        (BotCommandScopeAllPrivateChats(), registry.listed),
        (BotCommandScopeAllGroupChats(), [command for command in shared if not command.leaders]),
        (BotCommandScopeAllChatAdministrators(), shared),
    ]
    menus, others = translated(lambda language: [(scope, _described(commands, language)) for scope, commands in scopes])
    # Without a language code it is for everybody whose language has no menu of its own.
    return [
        (scope, language, described)
        for language, found in [(None, menus), *others.items()]
        for scope, described in found
    ]


def _described(commands: Iterable[Command], language: str) -> list[BotCommand]:
    return [BotCommand(command.name, command.describe(language)) for command in commands]
