"""When a real process wrote its requests, by its own notes: a busy machine lets whoever reads them see them late.

The notes are made by `tests/fakes/probe`, right before the system takes what is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from tests.fakes.discord_server.front import API_PATH, OPEN_PREFIXES
from tests.fakes.telegram_server.rates import RATED, Attempt, Rates


@dataclass(frozen=True, slots=True)
class Request:
    """The moment in monotonic seconds, the path, and the Telegram chat it is for (0 for none)."""

    moment: float
    path: str
    chat: int

    @property
    def counts_on_discord(self) -> bool:
        """Whether it counts to what Discord allows a token in a second."""
        return self.path.startswith(API_PATH) and not self.path.removeprefix(API_PATH).startswith(OPEN_PREFIXES)

    @property
    def method(self) -> str:
        """The method of Telegram's, if it is one."""
        return self.path.rpartition("/")[2] if self.path.startswith("/bot") else ""


@dataclass(slots=True)
class Sent:
    """What was written, in the order of time, and when which platform was read to ask for patience."""

    requests: list[Request] = field(default_factory=list)
    told: dict[str, list[float]] = field(default_factory=lambda: {"discord": [], "telegram": []})

    @classmethod
    def of(cls, folder: Path) -> Sent:
        """What all processes have noted in a folder so far."""
        found = cls()
        lines = chain.from_iterable(file.read_text(encoding="utf-8").splitlines() for file in folder.iterdir())
        for at, what, more in sorted(map(str.split, lines), key=lambda parts: float(parts[0])):
            if what == "429":
                found.told[more].append(float(at))
            else:
                found.requests.append(Request(float(at), what, int(more)))
        return found

    @property
    def rates(self) -> Rates:
        """The requests that count on Telegram, to be judged as those are that a stand-in has seen."""
        writes = (one for one in self.requests if one.method.startswith(RATED))
        attempts = [Attempt(one.moment, one.chat, one.chat < 0, one.method.startswith("edit")) for one in writes]
        return Rates(attempts=attempts)

    def moments(self, platform: str) -> list[float]:
        """When the requests left that count on a platform."""
        if platform == "telegram":
            return [one.moment for one in self.rates.attempts]
        return [one.moment for one in self.requests if one.counts_on_discord]

    def in_halts(self, platform: str, halts: Sequence[tuple[float, float]], *, late: float, busy: int = 0) -> int:
        """How many were written in a halt of the platform's although the process had read of it.

        `late` is what it may take from reading an answer until it is understood, in seconds. A halt concerns everybody
        where at least `busy` were written within the second before.
        """
        written, count = self.moments(platform), 0
        for began, ended in halts:
            heard = min((moment for moment in self.told[platform] if began <= moment < ended), default=ended)
            if sum(heard - 1 < moment <= heard for moment in written) >= busy:
                count += sum(heard + late < moment < ended for moment in written)
        return count
