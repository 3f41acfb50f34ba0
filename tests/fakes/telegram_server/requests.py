"""What reaches the server: the parameters of a request, the record kept of it, and faults to inject."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.telegram_server.refusals import REASONS, ApiError, bad_request


@dataclass(frozen=True)
class Upload:
    """A file part of a multipart body."""

    name: str
    data: bytes
    mime: str


@dataclass(frozen=True)
class Parameters:
    """The parameters of one request, read as the types that a method expects."""

    given: dict[str, Any]
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        value = self.given.get(name)
        return None if value is None else str(value)

    def integer(self, name: str) -> int | None:
        value = self.given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
            raise bad_request(f"invalid {name} specified")
        return int(value)

    def flag(self, name: str) -> bool:
        return str(self.given.get(name, "")).lower() in ("true", "yes", "1")

    def json(self, name: str) -> Any:
        """A structured parameter, which a form carries as a JSON text."""
        value = self.given.get(name)
        if not isinstance(value, str) or not value:
            return value or None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def file(self, name: str) -> Upload | str | None:
        """An upload, or the file_id or address given in its place."""
        return self.uploads.get(name) or self.attached(self.text(name))

    def attached(self, reference: str | None) -> Upload | str | None:
        """What `attach://name` stands for; anything else as it is."""
        if reference and reference.startswith("attach://"):
            return self.uploads.get(reference.removeprefix("attach://"))
        return reference


async def read_parameters(request: web.Request) -> Parameters:
    """The query string and the body, whether JSON, form or multipart."""
    given: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json":
        body = await request.text()
        decoded = json.loads(body) if body else {}
        given |= {name: value for name, value in decoded.items() if value is not None}
    elif request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            if part.filename is None:
                given[part.name or ""] = await part.text()
            else:
                mime = part.headers.get("Content-Type", "application/octet-stream")
                uploads[part.name or ""] = Upload(part.filename, bytes(await part.read()), mime)
    elif request.can_read_body:
        given |= dict((await request.post()).items())
    return Parameters(given, uploads)


@dataclass
class Request:
    """One recorded request; `moment` is the event loop's time in seconds, `error` the refusal it got."""

    method: str
    parameters: Parameters
    moment: float
    result: Any = None
    error: ApiError | None = None
    dropped: bool = False


@dataclass
class Fault:
    """A failure to inject into the next `times` requests (None: into all) whose method matches `pattern`.

    `after_accept`: the method takes effect first, and only its answer suffers. `delay` in seconds. `drop`
    closes the connection without an answer. `until`: nothing happens before a test says so. With neither a status nor
    `drop`, the answer is merely late. A 429 is for one `chat`, or for all of them.
    """

    pattern: re.Pattern[str]
    status: int | None
    description: str | None
    parameters: dict[str, Any] | None
    times: int | None
    after_accept: bool
    delay: float
    drop: bool
    chat: int | None = None
    until: asyncio.Event | None = None
    hits: int = 0

    def strikes(self, method: str) -> bool:
        return (self.times is None or self.hits < self.times) and bool(self.pattern.fullmatch(method))

    @property
    def patience(self) -> float:
        """The seconds that a 429 asks for."""
        return float((self.parameters or {}).get("retry_after", 1))

    def error(self) -> ApiError | None:
        if self.status is None:
            return None
        parameters = self.parameters
        if self.status == 429 and parameters is None:
            parameters = {"retry_after": 1}
        words = REASONS.get(self.status, "Error")
        if parameters and "retry_after" in parameters:
            words += f": retry after {parameters['retry_after']}"
        return ApiError(self.status, self.description or words, parameters)
