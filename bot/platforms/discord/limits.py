"""What Discord allows one token: every request of ours, discord.py's own repetitions too, passes here on its way."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import yarl
from discord.http import HTTPClient, Ratelimit

from bot.pacing import Halted, Pace, TooLate, leave_by, urgent

log = logging.getLogger(__name__)

PER_SECOND = 50
"""Requests in a second with one token (Discord, Rate Limits, "Global Rate Limit")."""

SENDER = 48.0
"""Of these the one of several processes that has the right to send; PER_SECOND while it has all shards as well."""

OTHERS = PER_SECOND - SENDER
"""What the shards of all other processes share evenly: they log in, greet, and answer what is written in private."""

LOGIN = 3
"""Requests that a shard's login takes, the commands among them."""

ANSWER_PATIENCE = 30.0
"""Seconds an answer stands in line for its turn, and as many more as all logins take with the share of OTHERS."""

SECOND = 1.03
"""Seconds for which a request counts to them, with what its way there may take longer than another's. The pace leaves
as much over, so it costs nothing."""

UNCOUNTED = ("/interactions/", "/webhooks/")
"""Where an interaction's own token is enough; these do not count to PER_SECOND (same page)."""

INVALID_WINDOW_SECONDS = 600.0
"""Seconds in which no more than 10,000 answers may be 401, 403 or 429, else Discord bans the host ("Invalid Request
Limit")."""

STOP_DELIVERIES = 5_000
"""Of those; then only who waits for an answer gets one."""

GO_ON = 2_500
"""The breaker closes again when the window has drained to so many."""

STOP_ANSWERS = 9_000

INVALID = (401, 403, 429)

TURN_SECONDS = 10.0
"""Seconds a delivery stands in line for its turn; what takes longer goes back to the courier."""

IDLE = 60.0
"""Seconds after its last use for which a route's bucket is kept, at the least, once its own window is over."""


@dataclass(slots=True)
class Attempt:
    """What is known of one send, over all of discord.py's tries: whether Discord may have taken it."""

    _doubtful: bool = False
    _under_way: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether something left that got no clear answer."""
        return self._doubtful or self._under_way

    def leaves(self) -> None:
        """A request is written now."""
        self._under_way = True

    def ends(self, *, doubtful: bool) -> None:
        """What became of that request; an earlier one stays as doubtful as it was."""
        self._doubtful = self._doubtful or (doubtful and self._under_way)
        self._under_way = False


_attempt: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


@contextmanager
def attempt() -> Iterator[Attempt]:
    """Watch the requests that this task makes inside, as one."""
    watched = Attempt()
    token = _attempt.set(watched)
    try:
        yield watched
    finally:
        _attempt.reset(token)


def share(sends: bool, held: int, shards: int) -> float:
    """Requests a second of a process that holds so many of the shards; of all processes together PER_SECOND at most.

    What it holds no more is not in it, and what it does not hold yet: while a shard moves, its part is nobody's.
    """
    if sends:
        return PER_SECOND if held == shards else SENDER
    return OTHERS * held / shards


class Limits:
    """One pace and one breaker for all connections of a process with one token."""

    def __init__(self, api_url: str, shards: int = 1, share: Callable[[], float] = lambda: PER_SECOND) -> None:
        """`share` says how many requests a second are this process's at the moment; 0 where none is."""
        self._share = share
        self._patience = ANSWER_PATIENCE + (LOGIN * shards / OTHERS if shards > 1 else 0.0)
        self.pace = Pace(PER_SECOND)
        """What deliveries go by."""
        self._api = str(yarl.URL(api_url))
        self._uncounted = tuple(self._api + path for path in UNCOUNTED)
        # The moments of the last requests, and of the refusals among their answers.
        self._written: deque[float] = deque(maxlen=PER_SECOND)
        self._invalid: deque[float] = deque()
        self._open = False
        self._banned = 0.0

    def trace(self) -> aiohttp.TraceConfig:
        """What a session's requests pass; a session takes one of its own."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._starts)
        trace.on_request_headers_sent.append(self._leaves)
        trace.on_request_chunk_sent.append(self._writes)
        trace.on_request_end.append(self._ends)
        trace.on_request_exception.append(self._breaks)
        return trace

    @property
    def invalid_responses(self) -> int:
        """Answers of 401, 403 and 429 in the last ten minutes; at 10,000 Discord bans the host."""
        now = asyncio.get_running_loop().time()
        while self._invalid and self._invalid[0] <= now - INVALID_WINDOW_SECONDS:
            self._invalid.popleft()
        return len(self._invalid)

    def delay(self) -> float:
        """Seconds until a delivery may leave: a halt, or the breaker; 0 when now."""
        return max(self.pace.delay(), self._until_closed())

    # ---------------------------------------------------------------- a request's way

    async def _starts(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        """Wait for the turn. Raises Halted or TooLate where it does not come in time: nothing was sent."""
        url = str(params.url)
        if not url.startswith(self._api):
            return
        answers = urgent.get()
        if seconds := self._until_answers() if answers else self._until_closed():
            raise Halted(seconds)
        if not url.startswith(self._uncounted):
            self._keep_to_share()
            await self.pace.turn(patience=self._patience if answers else TURN_SECONDS)
            # Those behind in the line may have waited for it since it was another.
            self._keep_to_share()

    def _keep_to_share(self) -> None:
        """Raises Halted where nothing is ours: what was ours is another process's."""
        if not (rate := self._share()):
            raise Halted(SECOND)
        self.pace.change(rate)

    async def _leaves(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        """The last moment before it is written, whatever the hook's name says, with a connection at hand.

        To get one, or a busy event loop, may have taken longer than the pace allows for, and a halt may have come.
        """
        url = str(params.url)
        if not url.startswith(self._api):
            return
        if not url.startswith(self._uncounted):
            time = asyncio.get_running_loop().time
            while seconds := self._not_yet(time()):
                if seconds > TURN_SECONDS:
                    raise Halted(seconds)
                await asyncio.sleep(seconds)
            if (by := leave_by.get()) is not None and time() >= by:
                raise TooLate
            context.written = time()
            self._written.append(context.written)
        if (watched := _attempt.get()) is not None:
            watched.leaves()

    async def _writes(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestChunkSentParams
    ) -> None:
        """Where there is a body, aiohttp writes all of it in a task of its own: on a busy event loop a little later."""
        written, context.written = getattr(context, "written", None), None
        if written is None:
            return
        time, watched = asyncio.get_running_loop().time, _attempt.get()
        while True:
            seconds, by = self.pace.delay(), leave_by.get()
            if seconds > TURN_SECONDS or (by is not None and time() + seconds >= by):
                if watched is not None:
                    watched.ends(doubtful=False)
                raise Halted(seconds) if seconds > TURN_SECONDS else TooLate
            if not seconds:
                break
            await asyncio.sleep(seconds)
        if written in self._written:
            self._written[self._written.index(written)] = time()

    def _not_yet(self, now: float) -> float:
        full = self._written[0] + SECOND - now if len(self._written) == PER_SECOND else 0.0
        return max(full, self.pace.delay(), 0.0)

    async def _ends(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        """Count what was refused; halt everything when Discord says so, before anybody else hears of it."""
        if not str(params.url).startswith(self._api):
            return
        response = params.response
        if (watched := _attempt.get()) is not None:
            watched.ends(doubtful=response.status >= 500)
        if response.status in INVALID and response.headers.get("X-RateLimit-Scope") != "shared":
            self._count()
        if response.status == 429:
            self._too_many(response)

    async def _breaks(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        if (watched := _attempt.get()) is not None and str(params.url).startswith(self._api):
            watched.ends(doubtful=True)

    def _too_many(self, response: aiohttp.ClientResponse) -> None:
        headers = response.headers
        try:
            seconds = float(headers.get("Retry-After", 1))
        except ValueError:
            seconds = 1.0
        if "Via" not in headers:
            # It was not Discord's API that answered but what stands before it: the whole host is shut out.
            self._banned = max(self._banned, asyncio.get_running_loop().time() + seconds)
        elif headers.get("X-RateLimit-Global", "").lower() != "true" and headers.get("X-RateLimit-Scope") != "global":
            return
        log.warning("Discord halts all requests for %.1f s", seconds)
        self.pace.halt(seconds)

    # ---------------------------------------------------------------- the breaker

    def _count(self) -> None:
        self._invalid.append(asyncio.get_running_loop().time())
        if not self._open and self.invalid_responses >= STOP_DELIVERIES:
            self._open = True
            log.error(
                "Discord refused %d requests within ten minutes: nothing but answers is sent for %.0f s",
                len(self._invalid),
                self._until(GO_ON),
            )

    def _until_closed(self) -> float:
        if self._open and self.invalid_responses < GO_ON:
            self._open = False
            log.info("Discord's refusals have become few enough: deliveries go on")
        return max(self._until(GO_ON) if self._open else 0.0, self._ban())

    def _until_answers(self) -> float:
        return max(self._until(STOP_ANSWERS), self._ban())

    def _until(self, fewer: int) -> float:
        """Seconds until there are fewer refusals in the window."""
        count = self.invalid_responses
        if count < fewer:
            return 0.0
        return self._invalid[count - fewer] + INVALID_WINDOW_SECONDS - asyncio.get_running_loop().time()

    def _ban(self) -> float:
        return max(0.0, self._banned - asyncio.get_running_loop().time()) if self._banned else 0.0


def forget_as_we_go(http: HTTPClient) -> None:
    """Keep the buckets of the routes in use, at the same cost for any number of channels.

    discord.py has a bucket for each channel written to and looks through all of them at each new one: 2 ms for every
    message when there are 15,000. Here each new one looks at the two that have been there longest, and drops those
    that nobody uses and that limit nothing any more.
    """
    buckets: OrderedDict[str, Ratelimit] = OrderedDict()
    http._buckets = buckets

    def forget() -> None:
        now = http.loop.time()
        for _ in range(min(2, len(buckets))):
            key, bucket = next(iter(buckets.items()))
            if _over(bucket, now):
                del buckets[key]
            else:
                buckets.move_to_end(key)

    # All that discord.py does beside making a bucket; the bucket itself is still its own.
    http._try_clear_expired_ratelimits = forget  # type: ignore[method-assign]


def _over(bucket: Ratelimit, now: float) -> bool:
    """Whether a bucket says no more than a new one would."""
    used = bucket.outgoing or bucket._pending_requests or now - bucket._last_request < IDLE
    return not used and (bucket.expires is None or bucket.is_expired())


class Open(asyncio.Event):
    """The gate that discord.py shuts on a global 429, kept open: the pace halts, for all connections at once.

    discord.py's own stays shut for ever when the request that shut it is cut off while it waits.
    """

    def __init__(self) -> None:
        super().__init__()
        self.set()

    def clear(self) -> None:
        """Nothing: see above."""
