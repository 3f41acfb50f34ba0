"""Updates of different people at the same time, those of one person in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from telegram import Update


class InOrder:
    """Gives every person their turn, and every chat where nobody in particular did something."""

    def __init__(self, handle: Callable[[Update], Awaitable[None]]) -> None:
        self._handle = handle
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, update: Update) -> None:
        """Handle an update when those before it are done."""
        who = update.effective_user or update.effective_chat
        key = who.id if who else 0
        # Locks are fair, and gone with the last who waits for them.
        turn = self._turns.get(key) or self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            await self._handle(update)
