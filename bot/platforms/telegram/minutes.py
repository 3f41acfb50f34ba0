"""What groups got in the last minute, kept in the database: Telegram's limit for them holds across a restart."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.pacing import MINUTE_SECONDS
from bot.platforms.telegram.render import PLATFORM
from bot.store import Store, Unavailable, facts

log = logging.getLogger(__name__)

GROUP_MINUTE = 20
"""Messages to one group in a minute (Telegram, Bots FAQ, "My bot is hitting limits, how do I avoid this?")."""

GROUPS = 1000
"""How many groups are remembered in memory: at 30 messages a second no more can have got 20 in a minute."""


class Minutes:
    """The moments at which groups were written to, of one bot, by the chat's number."""

    def __init__(self, bot: str, store: Store, clock: Callable[[], datetime]) -> None:
        self._bot = bot
        self._store = store
        self._clock = clock
        self._groups: OrderedDict[str, deque[float]] = OrderedDict()

    async def note(self, chat: str) -> None:
        """A message is about to leave for a group: whoever serves the bot next counts it."""
        known = self._groups.setdefault(chat, deque(maxlen=GROUP_MINUTE))
        known.append(self._clock().timestamp())
        self._groups.move_to_end(chat)
        if len(self._groups) > GROUPS:
            self._groups.popitem(last=False)
        try:
            async with self._store.writing() as db:
                await facts.remember_written_to(db, PLATFORM, self._bot, chat, known)
        except Unavailable:
            # The answer goes out all the same; the limit then holds as long as this process lives.
            log.debug("the last minute of a group could not be kept")

    async def last(self) -> Iterable[tuple[str, list[float]]]:
        """What groups got in the last minute: the chat, and how many seconds ago each message left.

        What is older is forgotten. A database that cannot be used knows of nothing.
        """
        now = self._clock().timestamp()
        try:
            async with self._store.writing() as db:
                kept = await facts.written_to(db, PLATFORM, self._bot)
                # After a step of the clock the future is as good as now.
                ago = {chat: [max(0.0, now - at) for at in moments] for chat, moments in kept.items()}
                recent = {chat: [s for s in seconds if s < MINUTE_SECONDS] for chat, seconds in ago.items()}
                old = [chat for chat, seconds in recent.items() if not seconds]
                await facts.forget_written_to(db, PLATFORM, self._bot, old)
        except Unavailable:
            log.warning("what groups got in the last minute cannot be read")
            return ()
        return [(chat, seconds) for chat, seconds in recent.items() if seconds]
