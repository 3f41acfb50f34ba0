"""A platform that exists only in memory: it records what it was given and answers as the test tells it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from bot.cards import Card, Paragraph, ProgressBar, plain
from bot.delivery import Address, Capabilities, Doubtful, Gone, Outcome, Sent, Status

Answer = Outcome | BaseException


@dataclass(frozen=True, slots=True)
class Message:
    """A card that reached somebody, and the words on it."""

    address: Address
    card: Card
    id: str

    @property
    def text(self) -> str:
        """Title and parts, a line each."""
        return words(self.card)


@dataclass
class MemoryPlatform:
    """Delivers into `messages`, the state of every chat, and records each attempt.

    `answers` are given in their order, instead of delivering; an exception there is raised. `closed` accounts take no
    private messages. With `remembers_key` a key that was delivered before is not delivered again. `hears_back` False
    loses the answer to what was delivered: the send never returns, as when a process dies in it.
    """

    name: str = "memory"
    remembers_key: bool = True
    messages: dict[str, Message] = field(default_factory=dict)
    sends: list[tuple[Address, str]] = field(default_factory=list)
    edits: list[tuple[Address, str]] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    closed: dict[str, Outcome] = field(default_factory=dict)
    resumed: int = 0
    delays: dict[str, float] = field(default_factory=dict)
    hears_back: bool = True
    sent: asyncio.Event = field(default_factory=asyncio.Event)
    edited: Callable[[], None] = lambda: None
    _keys: dict[str, str] = field(default_factory=dict)
    _ids: count[int] = field(default_factory=lambda: count(1))

    @property
    def capabilities(self) -> Capabilities:
        """As a platform with whispers that may write first."""
        return Capabilities(whispers=True, remembers_for=timedelta(minutes=2 if self.remembers_key else 0))

    def resume(self) -> None:
        """Count that it was told."""
        self.resumed += 1

    def delay(self, address: Address) -> float:
        """As long as the test says, in that chat."""
        return self.delays.get(address.chat, 0.0)

    async def find(self, address: Address, card: Card, key: str, since: datetime) -> Outcome | None:
        """Whether a message with this key is there; a platform that knows no keys cannot tell."""
        if not self.remembers_key:
            return Doubtful("it cannot be told")
        return Sent(self._keys[key]) if key in self._keys else None

    @property
    def lease(self) -> str:
        """There is one token."""
        return self.name

    def status(self) -> Status:
        """It is always there."""
        return Status(connected=True, seconds=0)

    async def run(self) -> None:
        """Wait until cancelled: nothing comes in by itself."""
        await asyncio.Event().wait()

    async def send(self, address: Address, card: Card, key: str) -> Outcome:
        """Deliver, or answer as told."""
        self.sends.append((address, key))
        answer = self._answer() or self.closed.get(address.account or "")
        if answer is not None:
            return answer
        if self.remembers_key and key in self._keys:
            return Sent(self._keys[key])
        message = Message(address, card, f"m{next(self._ids)}")
        self.messages[message.id] = message
        self._keys[key] = message.id
        self.sent.set()
        if not self.hears_back:
            await asyncio.Event().wait()
        return Sent(message.id)

    async def edit(self, address: Address, message: str, card: Card) -> Outcome:
        """Replace a message, or answer as told."""
        self.edits.append((address, message))
        answer = self._answer()
        if answer is not None:
            return answer
        if message not in self.messages:
            return Gone("there is no such message")
        self.messages[message] = Message(address, card, message)
        self.edited()
        return Sent(message)

    def at(self, address: Address) -> list[str]:
        """What can be read in a chat now."""
        return [message.text for message in self.messages.values() if message.address == address]

    @property
    def texts(self) -> list[str]:
        """What can be read anywhere now, in the order in which it was sent."""
        return [message.text for message in self.messages.values()]

    def _answer(self) -> Outcome | None:
        answer = self.answers.popleft() if self.answers else None
        if isinstance(answer, BaseException):
            raise answer
        return answer


def words(card: Card) -> str:
    """A card's words, a line for its title and each of its parts."""
    spans = [card.title, *(part.spans for part in card.parts if isinstance(part, Paragraph | ProgressBar))]
    return "\n".join(plain(part) for part in spans if part)
