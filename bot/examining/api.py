"""Asks a platform's HTTP API a few questions, in words an operator can act on when there is no answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
)

from bot import __version__

HTTP_TIMEOUT = 10
"""Seconds for one answer."""

MOST_HOMES = 50
"""Homes asked about on one platform: enough to see a pattern, few enough to be no burden on its rate limits."""


class Unreachable(Exception):
    """There was no answer to speak of; the message says why, without the address, which may hold a token."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What came back: the HTTP status and the JSON."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Api:
    """An HTTP API below one root address."""

    session: ClientSession
    root: str

    async def get(self, path: str, **query: str) -> ApiResponse:
        """Ask one question. Raises Unreachable when nobody answers, or answers 429, 5xx or no JSON."""
        try:
            async with self.session.get(self.root + path, params=query, allow_redirects=False) as response:
                if response.status == 429 or response.status >= 500:
                    raise Unreachable(f"it answers {response.status}")
                return ApiResponse(response.status, await response.json(content_type=None))
        except TimeoutError:
            raise Unreachable(f"no answer within {HTTP_TIMEOUT} s") from None
        except ClientConnectorDNSError:
            raise Unreachable("its name is not found: no network, or no name server") from None
        except ClientConnectorCertificateError:
            raise Unreachable("its certificate is not trusted here") from None
        except ClientConnectorError as error:
            raise Unreachable(error.os_error.strerror or "no connection") from None
        except JSONDecodeError:
            raise Unreachable("what answers is something else") from None
        except (ClientError, ValueError) as error:
            # Their words may hold the address, and the address the token.
            raise Unreachable(type(error).__name__) from None

    async def body(self, path: str, **query: str) -> Any:
        """What a question is answered with. Raises Unreachable also for any status but 200."""
        answer = await self.get(path, **query)
        if answer.status != 200:
            raise Unreachable(f"it answers {answer.status} to {path}")
        return answer.body


@asynccontextmanager
async def open_api(root: str, headers: dict[str, str] | None = None) -> AsyncIterator[Api]:
    """An API to ask inside."""
    named = {"User-Agent": f"DiscordBot (roadmate, {__version__})", **(headers or {})}
    async with ClientSession(timeout=ClientTimeout(total=HTTP_TIMEOUT), headers=named) as session:
        yield Api(session, root.rstrip("/"))
