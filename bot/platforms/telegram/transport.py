"""Requests to the Bot API over aiohttp: a quarter of the CPU time that python-telegram-bot's own transport takes."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import aiohttp
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

if TYPE_CHECKING:
    from telegram._utils.types import ODVInput

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
WRITE_SECONDS = 20.0
"""Pictures are the largest thing we send; this is python-telegram-bot's default for uploads."""

RETRY_SECONDS = 5.0
CONNECTIONS = 32
"""Open at once. Telegram takes 30 messages a second, so more would only wait there instead of here."""


class UnsentError(NetworkError):
    """No connection came about, so Telegram has not seen the request: it may be made again."""


class FloodError(TelegramError):
    """Telegram asks for patience (429); the request had no effect. The library's own error for it is in transition:
    its seconds become a timedelta, and each one warns of that."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Telegram asks to wait {seconds:g} s")
        self.seconds = seconds


class AiohttpRequest(BaseRequest):
    """One pool of connections to one server. Errors never name the address, which holds the token.

    Raises UnsentError when nothing left us, FloodError when Telegram asks for patience, TimedOut when no answer came in
    time and NetworkError when the connection broke in between: after these two the request may have had its effect.
    """

    def __init__(self, connections: int = CONNECTIONS) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer, where a call names no other."""
        return READ_SECONDS

    async def initialize(self) -> None:
        """Open the pool; connections follow when they are needed."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                headers={"User-Agent": self.USER_AGENT},
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

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
        if self._session is None:
            raise UnsentError("not connected")
        try:
            async with self._session.request(
                method,
                url,
                data=_body(request_data),
                headers=_headers(request_data),
                timeout=_timeout(read_timeout, write_timeout, connect_timeout),
            ) as response:
                status, payload = response.status, await response.read()
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise UnsentError(f"no connection: {type(error).__name__}") from None
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            raise NetworkError(f"the connection broke: {type(error).__name__}") from None
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise FloodError(_patience(payload))
        return status, payload


def _patience(payload: bytes) -> float:
    """Seconds to wait, as Telegram says (Bot API, ResponseParameters), or a few when the words are a proxy's."""
    try:
        return float(json.loads(payload)["parameters"]["retry_after"])
    except (ValueError, TypeError, LookupError):
        return RETRY_SECONDS


def _body(data: RequestData | None) -> bytes | aiohttp.FormData | None:
    """JSON, which Telegram reads fastest; a form only where there is a file to upload."""
    if data is None:
        return None
    if not data.contains_files:
        return json.dumps(data.parameters).encode()
    form = aiohttp.FormData()
    for name, text in data.json_parameters.items():
        form.add_field(name, text)
    for name, (filename, content, mime) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form


def _headers(data: RequestData | None) -> dict[str, str]:
    return {} if data is None or data.contains_files else {"Content-Type": "application/json"}


def _timeout(read: ODVInput[float], write: ODVInput[float], connect: ODVInput[float]) -> aiohttp.ClientTimeout:
    """Seconds as aiohttp counts them: it has no limit of its own for writing, so the whole is limited instead."""
    reading, writing = _given(read, READ_SECONDS), _given(write, WRITE_SECONDS)
    connecting = _given(connect, CONNECT_SECONDS)
    parts = (reading, writing, connecting)
    total = None if None in parts else sum(part for part in parts if part is not None)
    return aiohttp.ClientTimeout(total=total, connect=connecting, sock_connect=connecting, sock_read=reading)


def _given(value: ODVInput[float], default: float) -> float | None:
    return default if value is BaseRequest.DEFAULT_NONE else cast("float | None", value)
