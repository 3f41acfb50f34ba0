"""What a platform must remember for its own protocol from one life of the process to the next, as a port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol


class Unavailable(Exception):
    """The database cannot be used at the moment, as the message says in its own words; logged once while it lasts.

    Nothing was written, unless Postgres went away in the very commit.
    """


Numbers = tuple[int, Mapping[int, tuple[str, str, str]]]
"""The console's next number, and by each number what it presses: a press, its message and its chat."""


class Memory(Protocol):
    """One platform's memory, given by the app and kept in the database. Whatever waits raises Unavailable."""

    @property
    def shared(self) -> bool:
        """Whether other processes remember here too: what they add is to be looked for."""
        ...

    # ------------------------------------------------------------ the menu of commands

    async def commands_offered(self, bot: str) -> str | None:
        """The fingerprint of the commands that the platform has from this bot."""
        ...

    async def remember_commands_offered(self, bot: str, fingerprint: str) -> None:
        """The platform took these commands."""
        ...

    # ------------------------------------------------------------ what came and waits

    async def keep_update(self, update: str, payload: str) -> None:
        """Keep what came until it was carried out; what is kept already stays as it is."""
        ...

    async def kept_updates(self, prefix: str, most: int) -> Sequence[tuple[str, str]]:
        """The first of what is kept under ids that begin so, each with its payload, in the order of their ids."""
        ...

    async def forget_update(self, update: str) -> None:
        """It was carried out."""
        ...

    # ------------------------------------------------------------ what left for groups

    def note_written_to(self, bot: str, chat: str, moments: Sequence[float]) -> None:
        """A bot writes to a group, and did so at these moments lately, in seconds since 1970 UTC.

        Nobody waits for it: it is written with what is written next, or by itself after a moment.
        """
        ...

    async def written_to(self, bot: str, since: float) -> Mapping[str, Sequence[float]]:
        """The moments since then at which a bot wrote to groups, by the group's chat; what is older is forgotten.

        What was on its way when a process was killed counts too.
        """
        ...

    async def flush(self) -> None:
        """Wait until everything that was noted is written."""
        ...

    # ------------------------------------------------------------ private chats

    async def channel(self, account: str) -> str | None:
        """The private channel by which an account is reached, where it is known."""
        ...

    async def note_channels(self, channels: Mapping[str, str | None]) -> None:
        """By which private channel each of some accounts, one at the least, is reached; None where it is no more."""
        ...

    # ------------------------------------------------------------ a chat with a clock of its own

    async def clock_offset(self) -> timedelta:
        """How far the chat's clock runs ahead of the real one."""
        ...

    async def remember_clock_offset(self, offset: timedelta) -> None:
        """The chat's clock runs so far ahead."""
        ...

    async def numbers(self) -> Numbers | None:
        """What the numbers of the last chat press."""
        ...

    async def remember_numbers(self, numbers: Numbers) -> None:
        """The chat's next number, and what those before it press."""
        ...
