"""How fast messages were sent, over any window, and Telegram's published limits to enforce on request."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

# https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
PER_SECOND = 30
PER_CHAT_SECOND = 1
PER_GROUP_MINUTE = 20


@dataclass
class Rates:
    """Every attempt to send, refused ones too; moments are seconds of the event loop's time.

    `chat_burst` is how many messages one chat takes within a second when limits are enforced.
    """

    chat_burst: int = PER_CHAT_SECOND
    attempts: list[tuple[float, int, bool]] = field(default_factory=list)
    _accepted: list[tuple[float, int, bool]] = field(default_factory=list)

    def record(self, moment: float, chat_id: int, *, group: bool) -> None:
        self.attempts.append((moment, chat_id, group))

    def refuse_for(self, moment: float, chat_id: int, *, group: bool) -> int | None:
        """The seconds to wait when this message is over a limit; otherwise None, and it counts as sent."""
        self._accepted = [sent for sent in self._accepted if sent[0] > moment - 60]
        to_chat = [then for then, chat, _ in self._accepted if chat == chat_id]
        waits = [
            _wait([then for then, _, _ in self._accepted], moment, PER_SECOND, 1),
            _wait(to_chat, moment, self.chat_burst, 1),
            _wait(to_chat, moment, PER_GROUP_MINUTE, 60) if group else 0,
        ]
        if max(waits) > 0:
            return math.ceil(max(waits))
        self._accepted.append((moment, chat_id, group))
        return None

    @property
    def worst_second(self) -> int:
        """The most messages attempted within any second, to all chats together."""
        return _worst([moment for moment, _, _ in self.attempts], 1)

    @property
    def worst_chat_second(self) -> int:
        """The most messages attempted within any second to one chat."""
        return max((_worst(moments, 1) for moments in self._by_chat(groups_only=False)), default=0)

    @property
    def worst_group_minute(self) -> int:
        """The most messages attempted within any minute to one group."""
        return max((_worst(moments, 60) for moments in self._by_chat(groups_only=True)), default=0)

    def _by_chat(self, *, groups_only: bool) -> list[list[float]]:
        moments: defaultdict[int, list[float]] = defaultdict(list)
        for moment, chat, group in self.attempts:
            if group or not groups_only:
                moments[chat].append(moment)
        return list(moments.values())


def _wait(moments: list[float], now: float, limit: int, window: float) -> float:
    recent = [moment for moment in moments if moment > now - window]
    return recent[-limit] + window - now if len(recent) >= limit else 0


def _worst(moments: list[float], window: float) -> int:
    worst = first = 0
    ordered = sorted(moments)
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - window:
            first += 1
        worst = max(worst, last - first + 1)
    return worst
