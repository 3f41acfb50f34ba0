"""A platform's memory that lasts as long as the test: what `bot.memory.Memory` asks for, without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.memory import Numbers


class Remembering:
    """Remembers for one platform. `shared` is what the test says."""

    def __init__(self, shared: bool = False) -> None:
        self.shared = shared
        self.offered: dict[str, str] = {}
        self.updates: dict[str, str] = {}
        self.left: dict[tuple[str, str], tuple[float, ...]] = {}
        self.channels: dict[str, str | None] = {}
        self.offset = timedelta(0)
        self.pressable: Numbers | None = None

    async def commands_offered(self, bot: str) -> str | None:
        return self.offered.get(bot)

    async def remember_commands_offered(self, bot: str, fingerprint: str) -> None:
        self.offered[bot] = fingerprint

    async def keep_update(self, update: str, payload: str) -> None:
        self.updates.setdefault(update, payload)

    async def kept_updates(self, prefix: str, most: int) -> Sequence[tuple[str, str]]:
        return sorted(kept for kept in self.updates.items() if kept[0].startswith(prefix))[:most]

    async def forget_update(self, update: str) -> None:
        self.updates.pop(update, None)

    def note_written_to(self, bot: str, chat: str, moments: Sequence[float]) -> None:
        self.left[bot, chat] = tuple(moments)

    async def written_to(self, bot: str, since: float) -> Mapping[str, Sequence[float]]:
        recent = {key: tuple(at for at in moments if at >= since) for key, moments in self.left.items()}
        self.left = {key: recent[key] or moments for key, moments in self.left.items() if recent[key] or key[0] != bot}
        return {chat: recent[of, chat] for of, chat in recent if of == bot and recent[of, chat]}

    async def flush(self) -> None:
        """Everything is written at once."""

    async def channel(self, account: str) -> str | None:
        return self.channels.get(account)

    async def note_channels(self, channels: Mapping[str, str | None]) -> None:
        self.channels |= channels

    async def clock_offset(self) -> timedelta:
        return self.offset

    async def remember_clock_offset(self, offset: timedelta) -> None:
        self.offset = offset

    async def numbers(self) -> Numbers | None:
        return self.pressable

    async def remember_numbers(self, numbers: Numbers) -> None:
        self.pressable = numbers
