"""What a platform's test driver can do, in a person's terms: the contract suite speaks to all platforms through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Seen:
    """What somebody sees: one message, as its reader reads it, without the platform's marks, and its files by name."""

    text: str
    buttons: tuple[str, ...] = ()
    private: bool = False
    edited: bool = False
    pings: frozenset[str] = field(default_factory=frozenset)
    files: Mapping[str, bytes] = field(default_factory=dict)


class Driver(Protocol):
    """A platform with one study group, its home set up, and people who type and press there."""

    async def say(self, who: str, line: str, *, private: bool = False, file: tuple[str, bytes] | None = None) -> Seen:
        """Type a command in the group, or in private, and wait for what that person then sees."""
        ...

    async def press(self, who: str, label: str) -> Seen:
        """Press the newest button of that label, whoever it was shown to."""
        ...

    async def choose(self, who: str, label: str) -> Seen:
        """Choose an answer of the newest menu."""
        ...

    async def answer(self, who: str, *texts: str) -> Seen:
        """Answer the question asked last with free text: a text for each of its inputs."""
        ...

    async def posts(self) -> list[Seen]:
        """What the group's home shows that is no answer to anybody: the bot's own posts, the oldest first."""
        ...

    async def mail(self, who: str) -> list[Seen]:
        """What the bot sent somebody in private unasked, the oldest first."""
        ...
