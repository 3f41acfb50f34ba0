"""The requests that came in, the rate limits they count against, and the faults a test orders for them."""

# A test says how long it is willing to wait, and a TimeoutError says for what: hence `timeout` parameters.
# ruff: noqa: ASYNC109

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .places import Json

T = TypeVar("T")


class Pulse:
    """Wakes those who wait for something, whenever anything changes."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def beat(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, look: Callable[[], T | None], timeout: float, what: str) -> T:
        """What `look` returns, once it is not None; TimeoutError naming `what` after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while (found := look()) is None:
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.append(future)
                    await future
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {timeout} s") from None
        return found


@dataclass
class Request:
    """A request as it came in; `moment` is the loop's time, `status` the answer's (0 until there is one)."""

    method: str
    path: str
    json: Any
    moment: float
    files: list[str] = field(default_factory=list)
    status: int = 0
    code: int | None = None


@dataclass
class Fault:
    """What a test wants to happen to the next requests of a kind; see `DiscordServer.fail`."""

    method: str
    path: re.Pattern[str]
    status: int | None
    json: Any
    headers: Mapping[str, str]
    times: int
    after_accept: bool
    delay: float
    drop: bool

    def meets(self, request: Request) -> bool:
        if self.times <= 0 or self.method not in ("*", request.method) or not self.path.search(request.path):
            return False
        self.times -= 1
        return True


@dataclass
class Limit:
    """So many requests in so many seconds, in windows that open with a request."""

    count: int
    seconds: float


@dataclass
class Verdict:
    """What a bucket says of one request: its headers, and how long to wait if it is refused."""

    headers: dict[str, str]
    retry_after: float | None = None


class Buckets:
    """The rate limits: one bucket for each route and main resource, and one a second over all.

    `routes` maps "METHOD /template" to its limit; others have `default`. `everything` is the limit over
    all requests that carry the bot's token (Discord: 50 a second); None leaves it out. `halts` are those of everything
    (see `halt`), as moments of the loop; `sent_in_halts` counts what came during them, without what was on its way.
    """

    ON_THE_WAY = 0.05
    """Seconds after a halt was told in which a request may still come that left before."""

    def __init__(self) -> None:
        self.default = Limit(1000, 1.0)
        self.routes: dict[str, Limit] = {}
        self.everything: Limit | None = None
        self._windows: dict[str, tuple[float, int]] = {}
        self._recent: deque[float] = deque()
        self._halting: float | None = None
        self.halts: list[tuple[float, float]] = []
        self.sent_in_halts = 0

    def halt(self, seconds: float) -> None:
        """Refuses everything for some seconds from the next request on, as Discord's global limit does."""
        self._halting = seconds

    def judge(self, route: str, resource: str, now: float, *, epoch: float, counts_overall: bool) -> Verdict:
        """Counts a request at loop time `now`, which is `epoch` on the wall (both in seconds)."""
        limit = self.routes.get(route, self.default)
        key = f"{route} {resource}"
        opened, used = self._windows.get(key, (now, 0))
        if now - opened >= limit.seconds:
            opened, used = now, 0
        wait = opened + limit.seconds - now
        refused = used >= limit.count
        self._windows[key] = (opened, used if refused else used + 1)
        headers = {
            "X-RateLimit-Limit": str(limit.count),
            "X-RateLimit-Remaining": str(max(0, limit.count - used - 1)),
            "X-RateLimit-Reset": f"{epoch + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(route.encode()).hexdigest()[:32],
        }
        if refused:
            return Verdict(headers | {"X-RateLimit-Scope": "user"}, retry_after=wait)
        if counts_overall and (overall := self._over_all(now)) is not None:
            shared = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            return Verdict(shared, retry_after=overall)
        return Verdict(headers)

    def _over_all(self, now: float) -> float | None:
        if self._halting is not None:
            self.halts.append((now, now + self._halting))
            self._halting = None
        began, ends = self.halts[-1] if self.halts else (0.0, 0.0)
        if now < ends:
            self.sent_in_halts += now > began + self.ON_THE_WAY
            return ends - now
        if self.everything is None:
            return None
        while self._recent and now - self._recent[0] >= self.everything.seconds:
            self._recent.popleft()
        if len(self._recent) >= self.everything.count:
            return self._recent[0] + self.everything.seconds - now
        self._recent.append(now)
        return None


def too_many(retry_after: float, *, overall: bool = False) -> tuple[Json, dict[str, str]]:
    """Body and headers of Discord's 429; `Via` is by its proxy: without it a 429 is Cloudflare's ban."""
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": overall}
    headers = {"Retry-After": str(max(1, math.ceil(retry_after))), "Via": "1.1 google"}
    if overall:
        headers |= {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    return body, headers
