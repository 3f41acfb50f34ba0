"""Typing on a real terminal, while deliveries appear above the line."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout

from bot.command import Command
from bot.command.grammar import quote
from bot.command.heard import Filled
from bot.domain.refusal import Refusal
from bot.words import date_words, time_words

if TYPE_CHECKING:
    from bot.platforms.console.chat import Chat

HISTORY = "chat-history"


async def typed(chat: Chat, folder: Path) -> AsyncIterator[str]:
    """Lines as they are typed, until the input ends (Ctrl-D) or is broken off (Ctrl-C)."""
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(folder / HISTORY)),
        completer=Typing(chat),
        complete_while_typing=True,
        bottom_toolbar=lambda: _toolbar(chat),
    )
    with patch_stdout(raw=True):
        while True:
            try:
                yield await session.prompt_async(chat.prompt)
            except (EOFError, KeyboardInterrupt):
                return


def _toolbar(chat: Chat) -> str:
    local = chat.clock().astimezone(ZoneInfo(chat.zone))
    return f" {date_words(chat.language, local.date(), local.date())} {time_words(local)} · :help  /help"


@dataclass
class Typing(Completer):
    """Completes commands, the chat's own commands, arguments' names and what could stand for them."""

    chat: Chat

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Nothing without waiting; the real work is asynchronous."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """What could come next."""
        line = document.text_before_cursor
        if line.startswith(":"):
            for verb in self.chat.verbs:
                if verb.startswith(line[1:]):
                    yield Completion(verb, start_position=1 - len(line))
        elif line.startswith("/") and " " not in line:
            for command in self.chat.app.hearing.registry.listed:
                if command.name.startswith(line[1:]):
                    yield Completion(
                        command.name, start_position=1 - len(line), display_meta=command.describe(self.chat.language)
                    )
        elif line.startswith("/"):
            async for completion in self._arguments(line):
                yield completion

    async def _arguments(self, line: str) -> AsyncIterator[Completion]:
        name, _, rest = line[1:].partition(" ")
        try:
            command = self.chat.app.hearing.registry.find(name)
        except Refusal:
            return
        word = rest.rpartition(" ")[2]
        parameter, colon, typed = word.partition(":")
        if not colon:
            first = rest == word
            parameter, typed = (command.parameters[0].name if command.parameters and first else ""), word
            for completion in _names(command, word, self.chat.language):
                yield completion
        async for completion in self._values(command, parameter, typed):
            yield completion

    async def _values(self, command: Command, parameter: str, typed: str) -> AsyncIterator[Completion]:
        if command.parameter(parameter) is None:
            return
        chat = self.chat
        typing = Filled(chat.origin(), command.name, {parameter: typed})
        for suggestion in await chat.app.hearing.suggest(typing, parameter):
            yield Completion(
                quote(suggestion.value),
                start_position=-len(typed),
                display=suggestion.label,
                display_meta=suggestion.description,
            )


def _names(command: Command, word: str, language: str) -> Iterable[Completion]:
    for parameter in command.parameters:
        if parameter.name.startswith(word):
            meta = command.describe_parameter(language, parameter.name)
            yield Completion(f"{parameter.name}:", start_position=-len(word), display_meta=meta)
