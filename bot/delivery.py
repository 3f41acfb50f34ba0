"""The protocol by which every platform delivers messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.cards import Card
from bot.domain.address import PRIVATE, Address

__all__ = [
    "PRIVATE",
    "Address",
    "BadToken",
    "Capabilities",
    "Closed",
    "Doubtful",
    "Forbidden",
    "Gone",
    "Hushed",
    "Later",
    "Moved",
    "Outcome",
    "Platform",
    "Rejected",
    "Sent",
    "Status",
]


@dataclass(frozen=True, slots=True)
class Sent:
    """Delivered; `message` is the platform's id of it, for edits."""

    message: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The person takes no private messages from us, or has blocked us."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The chat or message is not there any more, or we are not in it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The chat lives at another address now (a Telegram group that became a supergroup)."""

    address: Address


@dataclass(frozen=True, slots=True)
class Forbidden:
    """We are there but lack a permission; `reason` names it for the leader."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """The platform asks for patience: try again after so many seconds. Nothing was delivered."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The connection broke after we sent and before we heard: it may or may not have been delivered."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The platform will not take this message, however often we try."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hushed:
    """A card is ready, but its member hears nothing from us until this moment in UTC: their quiet hours end then."""

    until: datetime


Outcome = Sent | Closed | Gone | Moved | Forbidden | Later | Doubtful | Rejected


class BadToken(Exception):
    """A platform refuses the token it was given; the message says so to whoever starts the bot."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can and cannot do; the rest of the house asks these instead of its name."""

    whispers: bool
    """An answer in a group can be shown to one member alone."""

    remembers_for: timedelta = timedelta(0)
    """For how long sending twice with the same key delivers once."""

    shared: bool = False
    """Several processes may be connected with one token, each for a part of what comes in."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a platform is, for those who watch over the process; spans of time are in seconds of the event loop.

    `seconds` is for how long it has been connected, or has not. `how` names the way in: gateway, polling, webhook.
    """

    connected: bool
    seconds: float
    how: str = ""
    heard: float | None = None
    """Since anything was last heard from it."""
    latency: float | None = None
    """From a sign of life of ours to its answer."""
    standby: bool = False
    """Another process serves it, and this one takes over when that one dies."""


class Platform(Protocol):
    """Discord, Telegram, the console: brings messages in, carries cards out."""

    @property
    def name(self) -> str:
        """The word in addresses and accounts."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this platform can do."""
        ...

    @property
    def lease(self) -> str:
        """The name of the lease under which one process sends with this platform's token."""
        ...

    async def run(self) -> None:
        """Serve until cancelled. Raises when the platform refuses our token."""
        ...

    async def send(self, address: Address, card: Card, key: str) -> Outcome:
        """Deliver a card, once for a key where the platform remembers keys. Never raises for the platform's answers."""
        ...

    async def edit(self, address: Address, message: str, card: Card) -> Outcome:
        """Replace a message of ours. A card that reads the same already counts as Sent."""
        ...

    def resume(self) -> None:
        """Somebody else, or this process before a restart, may have sent with this token a moment ago: limits hold."""
        ...

    def delay(self, address: Address) -> float:
        """Seconds until a message to this address may leave, by the platform's limits and halts; 0 when now.

        Some while it is not connected: nothing is handed over then.
        """
        ...

    async def find(self, address: Address, card: Card, key: str, since: datetime) -> Outcome | None:
        """Whether a send in doubt arrived: Sent where its message is there, None where it certainly is not.

        Doubtful where the platform cannot tell; Later when it cannot tell now. `since` is the moment in UTC at which
        it was first handed over.
        """
        ...

    def status(self) -> Status:
        """How it is at the moment; asks nobody."""
        ...
