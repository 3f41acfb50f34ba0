"""How fast messages were sent, over any window and in halts, and Telegram's published limits to enforce on request."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

# https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
PER_SECOND = 30
PER_CHAT_SECOND = 1
PER_GROUP_MINUTE = 20

RATED = ("send", "edit", "forward", "copy")
"""How the methods begin that write into a chat: the limits are for these."""


@dataclass(frozen=True)
class Attempt:
    """A request that writes into a chat; `moment` is in seconds of the event loop's time."""

    moment: float
    chat: int
    group: bool
    edit: bool = False


@dataclass(frozen=True)
class Halt:
    """Nothing was to be sent between two moments: to one chat, or to anybody where `chat` is None."""

    start: float
    end: float
    chat: int | None


@dataclass
class Rates:
    """Every attempt to write, refused ones too. Edits count for all but the limit of one message a second to a chat.

    `chat_burst` is how many messages one chat takes within a second when limits are enforced, `per_second` how many all
    of them take.
    """

    chat_burst: int = PER_CHAT_SECOND
    per_second: int = PER_SECOND
    attempts: list[Attempt] = field(default_factory=list)
    halts: list[Halt] = field(default_factory=list)
    _accepted: list[Attempt] = field(default_factory=list)

    def record(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def halt(self, moment: float, seconds: float, chat: int | None) -> None:
        """Patience was asked for."""
        self.halts.append(Halt(moment, moment + seconds, chat))

    def refuse_for(self, attempt: Attempt) -> tuple[int, bool] | None:
        """The seconds to wait when this is over a limit, and whether that is the bot's and not the chat's.

        None where it is over none; then it counts as sent.
        """
        now = attempt.moment
        self._accepted = [sent for sent in self._accepted if sent.moment > now - 60]
        to_chat = [sent for sent in self._accepted if sent.chat == attempt.chat]
        messages = [sent.moment for sent in to_chat if not sent.edit]
        everybody = _wait([sent.moment for sent in self._accepted], now, self.per_second, 1)
        chat = max(
            0 if attempt.edit else _wait(messages, now, self.chat_burst, 1),
            _wait([sent.moment for sent in to_chat], now, PER_GROUP_MINUTE, 60) if attempt.group else 0,
        )
        if everybody > 0 or chat > 0:
            return math.ceil(max(everybody, chat)), everybody > 0
        self._accepted.append(attempt)
        return None

    @property
    def worst_second(self) -> int:
        """The most attempted within any second, to all chats together."""
        return most_within([attempt.moment for attempt in self.attempts], 1)

    @property
    def worst_chat_second(self) -> int:
        """The most messages attempted within any second to one chat."""
        messages = self._by_chat([attempt for attempt in self.attempts if not attempt.edit])
        return max((most_within(moments, 1) for moments in messages), default=0)

    @property
    def worst_group_minute(self) -> int:
        """The most attempted within any minute to one group."""
        groups = self._by_chat([attempt for attempt in self.attempts if attempt.group])
        return max((most_within(moments, 60) for moments in groups), default=0)

    @property
    def sent_in_halts(self) -> int:
        """How many were attempted while nothing was to be sent there."""
        return sum(
            any(halt.start < attempt.moment < halt.end and halt.chat in (None, attempt.chat) for halt in self.halts)
            for attempt in self.attempts
        )

    @staticmethod
    def _by_chat(attempts: list[Attempt]) -> list[list[float]]:
        moments: defaultdict[int, list[float]] = defaultdict(list)
        for attempt in attempts:
            moments[attempt.chat].append(attempt.moment)
        return list(moments.values())


def _wait(moments: list[float], now: float, limit: int, window: float) -> float:
    recent = [moment for moment in moments if moment > now - window]
    return recent[-limit] + window - now if len(recent) >= limit else 0


def most_within(moments: list[float], window: float) -> int:
    """The most of these within any so many seconds."""
    worst = first = 0
    ordered = sorted(moments)
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - window:
            first += 1
        worst = max(worst, last - first + 1)
    return worst
