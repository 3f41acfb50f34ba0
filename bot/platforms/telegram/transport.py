"""Requests to the Bot API over aiohttp, each in its turn: the only place where a message can leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import aiohttp
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.pacing import Halted, Pace, TooLate

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace
    from telegram._utils.types import ODVInput

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
WRITE_SECONDS = 20.0
"""Pictures are the largest thing we send; this is python-telegram-bot's default for uploads."""

RETRY_SECONDS = 5.0
CONNECTIONS = 1000
"""Open at once: more than the pace ever has in flight, so that nobody waits for a connection after their turn."""

COUNTED = ("send", "edit", "forward", "copy")
"""How the methods begin that write into a chat; Telegram's limits are for these."""

PATIENCE_SECONDS = 30.0
"""What has to wait longer for its turn is handed back: nobody waits for such an answer, and the outbox can."""

PROMPT_SECONDS = 0.01
"""A connection that was there took less. A new one is opened between the turn and the request, which needs another
turn then: it would leave among those behind it."""

HALF = 0.5
"""Of the rate: who uses less cannot have passed the bot's limit."""

JSON = {"Content-Type": "application/json"}

AFTER_LEASE_SECONDS = 1.0
"""When to try again what was not sent because the lease may be another's: then somebody has it."""


class UnsentError(NetworkError):
    """No connection came about, so Telegram has not seen the request: it may be made again."""


class HeldError(UnsentError):
    """The turn would have come too late, in `seconds`: the request was not made."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class FloodError(TelegramError):
    """Telegram asks for patience (429); the request had no effect. The library's own error for it is in transition:
    its seconds become a timedelta, and each one warns of that."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Telegram asks to wait {seconds:g} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a request counts as."""

    chat: str | None
    group: bool
    # An edit is no message: it need not keep its distance from one.
    spaced: bool


_turn: ContextVar[_Turn | None] = ContextVar("turn", default=None)


@dataclass(frozen=True, slots=True)
class _Plain:
    """What the library's RequestData is to us, of parameters that are JSON already."""

    parameters: Mapping[str, object]
    contains_files: bool = False


class _Connector(aiohttp.TCPConnector):
    """Connections for requests that have had their turn; where that took a while, or a halt came, they get another."""

    def __init__(self, pace: Pace, connections: int) -> None:
        super().__init__(limit=connections)
        self._pace = pace

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 -- as the overridden method has it
    ) -> Connection:
        """Get a connection that is there, or open one. Raises Halted and TooLate."""
        turn, began, halts = _turn.get(), self._loop.time(), self._pace.waits.halts
        connection = await super().connect(req, traces, timeout)
        late = self._loop.time() - began > PROMPT_SECONDS or self._pace.waits.halts != halts
        if turn is not None and late:
            try:
                await self._pace.turn(turn.chat, spaced=False, patience=PATIENCE_SECONDS)
            except BaseException:
                connection.release()
                raise
            if turn.spaced and turn.chat is not None:
                self._pace.seed(turn.chat, (0.0,), group=False)
        return connection


class AiohttpRequest(BaseRequest):
    """One pool of connections to one server. Errors never name the address, which holds the token.

    What writes into a chat leaves at the pace that is given. When Telegram asks for patience it does not say whose
    limit was passed. The chat is left in peace, and everybody is where it may have been the bot's: while half of the
    rate or more is used, and when a second chat asks for patience before the first has had its own.

    Raises UnsentError when nothing left us, FloodError when Telegram asks for patience, TimedOut when no answer came in
    time and NetworkError when the connection broke in between or a server failed: after these two the request may have
    had its effect.
    """

    def __init__(self, connections: int = CONNECTIONS, pace: Pace | None = None) -> None:
        self._connections = connections
        self._pace = pace
        self._session: aiohttp.ClientSession | None = None
        self._flooded: tuple[str, float] = ("", 0.0)

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer, where a call names no other."""
        return READ_SECONDS

    async def initialize(self) -> None:
        """Open the pool; connections follow when they are needed."""
        if self._session is None:
            limit = self._connections
            connector = aiohttp.TCPConnector(limit=limit) if self._pace is None else _Connector(self._pace, limit)
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers={"User-Agent": self.USER_AGENT},
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, url: str, parameters: Mapping[str, object]) -> object:
        """Call a method with parameters as the Bot API has them; gives its result. Raises TelegramError."""
        return await self.post(url, cast("RequestData", _Plain(parameters)))

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one request and give its status and body. `pool_timeout` counts as part of connecting."""
        parameters = {} if request_data is None else request_data.parameters
        turn = None if self._pace is None else _turn_of(url, parameters)
        _turn.set(turn)
        limits = _timeout(read_timeout, write_timeout, connect_timeout)
        try:
            if self._pace is not None and turn is not None:
                await self._pace.turn(turn.chat, group=turn.group, spaced=turn.spaced, patience=PATIENCE_SECONDS)
            status, payload = await self._exchange(method, url, _body(request_data, parameters), limits)
        except Halted as halted:
            raise HeldError(str(halted), halted.seconds) from None
        except TooLate:
            raise HeldError("its turn came after its lease", AFTER_LEASE_SECONDS) from None
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = _patience(payload)
            if turn is not None:
                self._halt(turn, seconds)
            raise FloodError(seconds)
        if status >= HTTPStatus.BAD_REQUEST:
            _check(status, payload)
        return status, payload

    async def _exchange(
        self, method: str, url: str, body: bytes | aiohttp.FormData | None, limits: aiohttp.ClientTimeout
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise UnsentError("not connected")
        headers = JSON if isinstance(body, bytes) else {}
        try:
            async with self._session.request(method, url, data=body, headers=headers, timeout=limits) as response:
                return response.status, await response.read()
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise UnsentError(f"no connection: {type(error).__name__}") from None
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            raise NetworkError(f"the connection broke: {type(error).__name__}") from None

    def _halt(self, turn: _Turn, seconds: float) -> None:
        assert self._pace is not None
        now = asyncio.get_running_loop().time()
        earlier, until = self._flooded
        another = until > now and earlier != turn.chat
        if turn.chat is None or another or self._pace.load >= HALF:
            self._pace.halt(max(seconds, until - now if another else 0.0))
        else:
            self._pace.halt(seconds, turn.chat)
        if turn.chat is not None:
            self._flooded = (turn.chat, now + seconds)


def _turn_of(url: str, parameters: Mapping[str, object]) -> _Turn | None:
    method = url[url.rfind("/") + 1 :]
    if not method.startswith(COUNTED):
        return None
    chat = parameters.get("chat_id")
    # Groups have negative numbers (Bot API, Chat).
    group = isinstance(chat, int) and chat < 0
    return _Turn(None if chat is None else str(chat), group, spaced=not method.startswith("edit"))


def _check(status: int, payload: bytes) -> None:
    """Tell a refusal of Telegram's from a page of a server in between, where the same numbers mean other things."""
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise BadRequest("Request Entity Too Large")
    try:
        ours = "ok" in json.loads(payload)
    except (ValueError, TypeError):
        ours = False
    if not ours and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UnsentError(f"refused on the way to Telegram ({status})")
    if not ours:
        raise NetworkError(f"a server failed on the way to Telegram ({status})")


def _patience(payload: bytes) -> float:
    """Seconds to wait, as Telegram says (Bot API, ResponseParameters), or a few when the words are a proxy's."""
    try:
        return float(json.loads(payload)["parameters"]["retry_after"])
    except (ValueError, TypeError, LookupError):
        return RETRY_SECONDS


def _body(data: RequestData | None, parameters: Mapping[str, object]) -> bytes | aiohttp.FormData | None:
    """JSON, which Telegram reads fastest; a form only where there is a file to upload."""
    if data is None:
        return None
    if not data.contains_files:
        return json.dumps(parameters).encode()
    form = aiohttp.FormData()
    for name, text in data.json_parameters.items():
        form.add_field(name, text)
    for name, (filename, content, mime) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form


def _timeout(read: ODVInput[float], write: ODVInput[float], connect: ODVInput[float]) -> aiohttp.ClientTimeout:
    """Seconds as aiohttp counts them: it has no limit of its own for writing, so the whole is limited instead."""
    reading, writing = _given(read, READ_SECONDS), _given(write, WRITE_SECONDS)
    connecting = _given(connect, CONNECT_SECONDS)
    parts = (reading, writing, connecting)
    total = None if None in parts else sum(part for part in parts if part is not None)
    return aiohttp.ClientTimeout(total=total, connect=connecting, sock_connect=connecting, sock_read=reading)


def _given(value: ODVInput[float], default: float) -> float | None:
    return default if value is BaseRequest.DEFAULT_NONE else cast("float | None", value)
