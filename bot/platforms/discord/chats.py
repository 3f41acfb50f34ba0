"""By which channel each account is reached in private."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

from bot.memory import Memory, Unavailable

log = logging.getLogger(__name__)

KEPT_CHANNELS = 100_000
"""How many channels are kept in memory, at about 200 bytes; to look one up again costs 0.4 ms."""

GATHERED = 1.0
"""Seconds for which channels are gathered before they are noted in one transaction: no message waits for it, and what a
process that is killed has not noted is opened once more."""


class Chats:
    """The channels of private chats: in memory, and behind that in the database."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        # By account, those used last at the end; None: unknown to Discord, whatever the row still says.
        self._known: OrderedDict[str, int | None] = OrderedDict()
        self._unwritten: dict[str, str | None] = {}
        self._writing: asyncio.Task[None] | None = None

    async def channel(self, account: str) -> int | None:
        """The channel of an account; None where it is to be opened."""
        if account not in self._known:
            try:
                kept = await self._memory.channel(account)
            except Unavailable:
                return None
            if kept is None:
                return None
            self._known.setdefault(account, int(kept))
            self._make_room()
        self._known.move_to_end(account)
        return self._known[account]

    def opened(self, account: str, channel: int) -> None:
        """Note the channel of an account."""
        self._note(account, channel)

    def forget(self, account: str | None) -> bool:
        """Discord does not know the channel of an account; whether there was one, so that it is to be opened anew."""
        if account is None or self._known.get(account) is None:
            return False
        self._note(account, None)
        return True

    async def close(self) -> None:
        """Note what has been gathered."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait({self._writing})
        if self._unwritten:
            await self._write()

    def _note(self, account: str, channel: int | None) -> None:
        self._known[account] = channel
        self._known.move_to_end(account)
        self._make_room()
        self._unwritten[account] = None if channel is None else str(channel)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_on(), name="private chats")

    def _make_room(self) -> None:
        while len(self._known) > KEPT_CHANNELS:
            self._known.popitem(last=False)

    async def _write_on(self) -> None:
        while self._unwritten:
            await asyncio.sleep(GATHERED)
            await self._write()

    async def _write(self) -> None:
        notes = dict(self._unwritten)
        try:
            await self._memory.note_channels(notes)
        except Unavailable:
            # Tried again, with what is opened meanwhile.
            return
        except Exception:
            log.exception("the channels of %s private chats could not be noted", len(notes))
        self._unwritten = dict(self._unwritten.items() - notes.items())
