"""What groups got in the last minute, kept in the database: Telegram's limit for them holds across a restart."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.memory import Memory, Unavailable
from bot.pacing import MINUTE_SECONDS

log = logging.getLogger(__name__)

GROUP_MINUTE = 20
"""Messages to one group in a minute (Telegram, Bots FAQ, "My bot is hitting limits, how do I avoid this?")."""

REMEMBERED_GROUPS = 1000
"""How many groups are remembered in memory: at 30 messages a second no more can have got 20 in a minute."""


class Minutes:
    """The moments at which groups were written to, of one bot, by the chat's number."""

    def __init__(self, bot: str, memory: Memory, clock: Callable[[], datetime]) -> None:
        self._bot = bot
        self._memory = memory
        self._clock = clock
        self._groups: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, chat: str) -> None:
        """A message is about to leave for a group: whoever serves the bot next counts it.

        No message waits for that. Until it is written, what the courier has handed over says the same; of answers a
        kill may cost those of the last moment, and a chat takes one message a second.
        """
        known = self._groups.setdefault(chat, deque(maxlen=GROUP_MINUTE))
        known.append(self._clock().timestamp())
        self._groups.move_to_end(chat)
        if len(self._groups) > REMEMBERED_GROUPS:
            self._groups.popitem(last=False)
        self._memory.note_written_to(self._bot, chat, [round(at, 3) for at in known])

    async def last(self) -> Iterable[tuple[str, list[float]]]:
        """What groups got in the last minute: the chat, and how many seconds ago each message left.

        A database that cannot be used knows of nothing.
        """
        now = self._clock().timestamp()
        try:
            # What is just a minute old is older.
            kept = await self._memory.written_to(self._bot, since=now - MINUTE_SECONDS + 0.001)
        except Unavailable:
            log.warning("what groups got in the last minute cannot be read")
            return ()
        # After a step of the clock the future is as good as now.
        return [(chat, [max(0.0, now - at) for at in moments]) for chat, moments in kept.items()]

    async def close(self) -> None:
        """Wait until what was noted is written."""
        await self._memory.flush()
