"""The chat's own clock: real time, moved forward by `:forward`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.memory import Memory

FURTHEST = timedelta(days=366)
"""One `:forward` goes at most a year: every check-in and recap on the way is printed."""


class ChatClock:
    """Gives the chat's moment in UTC. `real` is the clock it runs ahead of."""

    def __init__(self, memory: Memory, real: Callable[[], datetime], offset: timedelta) -> None:
        self._memory = memory
        self._real = real
        self._offset = offset

    @classmethod
    async def open(cls, memory: Memory, real: Callable[[], datetime]) -> ChatClock:
        """The clock as the last chat left it."""
        return cls(memory, real, await memory.clock_offset())

    def __call__(self) -> datetime:
        """The moment it is in the chat."""
        return self._real() + self._offset

    async def move_to(self, moment: datetime) -> None:
        """Set the clock, never back."""
        self._offset = max(self._offset, moment - self._real())
        await self._memory.remember_clock_offset(self._offset)
