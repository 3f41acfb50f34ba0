"""What groups got in the last minute, kept in the database: Telegram's limit for them holds across a restart."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.pacing import MINUTE_SECONDS
from bot.store import Store, Unavailable, pending

log = logging.getLogger(__name__)

GROUP_MINUTE = 20
"""Messages to one group in a minute (Telegram, Bots FAQ, "My bot is hitting limits, how do I avoid this?")."""

GROUPS = 1000
"""How many groups are remembered in memory: at 30 messages a second no more can have got 20 in a minute."""

PREFIX = "telegram-minute:"


class Minutes:
    """The moments at which groups were written to, of one bot, by the chat's number."""

    def __init__(self, bot: str, store: Store, clock: Callable[[], datetime]) -> None:
        self._prefix = f"{PREFIX}{bot}:"
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
                await pending.remember(db, self._prefix + chat, json.dumps([round(at, 3) for at in known]))
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
                kept = await pending.facts_of(db, self._prefix)
                # After a step of the clock the future is as good as now.
                ago = {name: [max(0.0, now - at) for at in json.loads(value)] for name, value in kept.items()}
                recent = {name: [s for s in seconds if s < MINUTE_SECONDS] for name, seconds in ago.items()}
                await pending.forget_facts(db, [name for name, seconds in recent.items() if not seconds])
        except Unavailable:
            log.warning("what groups got in the last minute cannot be read")
            return ()
        return [(name.removeprefix(self._prefix), seconds) for name, seconds in recent.items() if seconds]
