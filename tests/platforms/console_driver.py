"""The console's driver: a chat on a page that only the test reads."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console as Terminal

from bot.app import Roadmate
from bot.platforms.console.chat import Chat
from bot.platforms.console.client import NAME, Console
from bot.platforms.console.clock import ChatClock
from bot.store import Store
from bot.store.commits import Commits
from bot.store.memory import StoredMemory
from bot.words import word
from tests.fakes.migrated import migrate
from tests.platforms.driver import Seen

ZONE = "Asia/Kolkata"
WHISPER = word("en", "console-whisper")
_BUTTON = re.compile(r"\[(\d+)\] (.+?)(?=  \S|$)", re.MULTILINE)
_FILE = re.compile(r"^\[(\S+) · [\d,]+ B\]\n((?:(?!\[\d+\] ).*\n?)*)", re.MULTILINE)
_DELIVERY = re.compile(r"^── (?P<moment>.+?) · (?P<where>.+)$", re.MULTILINE)


class ConsoleDriver:
    """Types into a chat and reads what is printed."""

    def __init__(self, folder: Path, clock: Callable[[], datetime], group: str = "study") -> None:
        self.folder = folder
        self.group = group
        self.real = clock
        self.page = io.StringIO()
        self.printed = ""

    async def __aenter__(self) -> Self:
        self.store = Store.open(f"sqlite+aiosqlite:///{self.folder / 'chat.db'}")
        await migrate(self.store)
        self.clock = await ChatClock.open(StoredMemory(self.store, NAME, self.real, Commits(self.store)), self.real)
        self.app = Roadmate(self.store, clock=self.clock, zone=ZONE)
        terminal = Terminal(file=self.page, highlight=False, soft_wrap=True, width=400)
        self.console = Console(self.app.memory(NAME), self.clock, ZONE, terminal)
        self.app.add(self.console)
        await self.console.load()
        self.chat = Chat(self.app, self.console, self.clock, ZONE)
        await self.chat.hear(":as someone")
        await self.chat.hear(f":group {self.group}")
        self.page.truncate(0)
        self.page.seek(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.store.close()

    async def type(self, line: str) -> str:
        """Type a line as it is, and give what is printed then."""
        before = self.page.tell()
        await self.chat.hear(line)
        self.page.seek(before)
        new = self.page.read()
        self.printed += new
        return new

    async def say(self, who: str, line: str, *, private: bool = False, file: tuple[str, bytes] | None = None) -> Seen:
        """Type as somebody, in the group or in private."""
        assert file is None, "nothing can be attached in a terminal"
        await self._speak_as(who, private)
        return self._seen(await self.type(line))

    async def press(self, who: str, label: str) -> Seen:
        """Type the newest number that has the label."""
        numbers = [number for number, text in _BUTTON.findall(self.printed) if text.partition("  ")[0].strip() == label]
        assert numbers, f"no button {label!r} was printed"
        await self._speak_as(who, self.chat.private)
        return self._seen(await self.type(numbers[-1]))

    async def choose(self, who: str, label: str) -> Seen:
        """An answer of a menu is a number too."""
        return await self.press(who, label)

    async def answer(self, who: str, *texts: str) -> Seen:
        """Type the answer; several inputs are answered in one line."""
        return self._seen(await self.type(" ".join(texts)))

    async def posts(self) -> list[Seen]:
        """What was printed under the group's address."""
        return [seen for where, seen in self._deliveries() if where == self.group]

    async def mail(self, who: str) -> list[Seen]:
        """What was printed under a private address."""
        return [seen for where, seen in self._deliveries() if where == word("en", "console-private", name=who)]

    async def deliver(self) -> None:
        """Let the courier bring what is due, and read what is printed then."""
        before = self.page.tell()
        await self.app.courier.deliver()
        self.page.seek(before)
        self.printed += self.page.read()

    def forward(self, time: timedelta) -> None:
        """There is `:forward` for that."""
        raise AssertionError("a chat's clock is moved by typing")

    async def _speak_as(self, who: str, private: bool) -> None:
        await self.chat.hear(f":as {who}")
        if private:
            await self.chat.hear(":private")

    def _deliveries(self) -> list[tuple[str, Seen]]:
        pieces = list(_DELIVERY.finditer(self.printed))
        ends = [*(piece.start() for piece in pieces), len(self.printed)][1:]
        return [
            (piece["where"].removesuffix(word("en", "console-edited")), self._seen(self.printed[piece.end() : end]))
            for piece, end in zip(pieces, ends, strict=True)
        ]

    @staticmethod
    def _seen(text: str) -> Seen:
        private = text.startswith(WHISPER)
        answer = text.removeprefix(WHISPER).strip("\n").partition("\n\n")[0]
        buttons = tuple(label.partition("  ")[0].strip() for _, label in _BUTTON.findall(answer))
        words = [line for line in answer.splitlines() if not re.match(r"\[\d+\] ", line)]
        files = {name: text.encode() for name, text in _FILE.findall(answer)}
        return Seen("\n".join(words), buttons, private=private, files=files)
