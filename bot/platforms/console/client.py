"""The console as a platform: what is sent appears on the page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from rich.console import Console as Terminal
from rich.text import Text as Styled

from bot.cards import Card
from bot.delivery import Address, Capabilities, Outcome, Sent, Status
from bot.memory import Memory, Unavailable
from bot.platforms.console.render import page, printable
from bot.words import date_words, nearest, time_words, word

NAME = "console"
NUMBERS = 99
"""Numbers that press something; after the last one they begin again, and the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a number presses: a line with its owner, and the message and chat it stands in."""

    press: str
    message: str
    chat: str


@dataclass
class Console:
    """Prints cards. `terminal` decides whether with colours; numbers press what was printed, also after a restart.

    A terminal's lines are broken between words; what a pipe reads is not broken at all.
    """

    memory: Memory
    clock: Callable[[], datetime]
    zone: str
    terminal: Terminal = field(default_factory=lambda: Terminal(highlight=False, soft_wrap=not sys.stdout.isatty()))
    shown: dict[int, Shown] = field(default_factory=dict)
    language: str = field(default_factory=partial(nearest, None))
    _next: int = 1

    name = lease = NAME
    capabilities = Capabilities(whispers=True, remembers_for=timedelta.max)

    async def run(self) -> None:
        """The chat reads; there is nothing to wait for."""

    def status(self) -> Status:
        """A terminal is there as long as the process."""
        return Status(connected=True, seconds=0, how="terminal")

    async def send(self, address: Address, card: Card, key: str) -> Outcome:
        """Print a delivery under its moment and address."""
        self._deliver(address, card, key, "")
        await self.save()
        return Sent(key)

    async def edit(self, address: Address, message: str, card: Card) -> Outcome:
        """Print a delivery again as it reads now."""
        self._deliver(address, card, message, word(self.language, "console-edited"))
        await self.save()
        return Sent(message)

    def resume(self) -> None:
        """A terminal has no limits."""

    def delay(self, address: Address) -> float:
        """A terminal has no limits."""
        return 0.0

    async def find(self, address: Address, card: Card, key: str, since: datetime) -> Outcome | None:
        """What was printed before the chat ended was read: what was being printed is printed again."""
        return None

    def _deliver(self, address: Address, card: Card, message: str, suffix: str) -> None:
        local = self.clock().astimezone(ZoneInfo(self.zone))
        moment = f"{date_words(self.language, local.date(), local.date())} {time_words(local)}"
        account = address.account
        where = (
            printable(address.chat)
            if account is None
            else word(self.language, "console-private", name=printable(account))
        )
        self.terminal.print(Styled(f"── {moment} · {where}{suffix}", style="dim"))
        self.print(card, message, address.chat)

    def print(self, card: Card, message: str, chat: str) -> None:
        """Print a card and remember what its numbers press."""
        count = len(page(card).pressables)
        if self._next + count > NUMBERS + 1:
            self._next = 1
        laid = page(card, self._next, None if self.terminal.soft_wrap else self.terminal.width)
        for line in laid.lines:
            self.terminal.print(line)
        for pressable in laid.pressables:
            self.shown[self._next] = Shown(pressable.press, message, chat)
            self._next += 1
        self.terminal.print()

    async def save(self) -> None:
        """Keep what the numbers press for the next chat; where that cannot be saved, they are good for this one."""
        kept = {number: (one.press, one.message, one.chat) for number, one in self.shown.items()}
        with suppress(Unavailable):
            await self.memory.remember_numbers((self._next, kept))

    async def load(self) -> None:
        """What the numbers of the last chat press."""
        kept = await self.memory.numbers()
        if kept is not None:
            self._next, shown = kept
            self.shown = {number: Shown(*pressed) for number, pressed in shown.items()}
