"""The HTTP front: takes every request down, lets ordered faults have their way, and answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web

from ..discord_spec import DiscordSpecification, discord_specification
from .forms import ApiError
from .gateway import Gateway
from .messages import Attachment
from .posting import Upload
from .rest import ENDPOINTS, Answer, Api, Call
from .traffic import Buckets, Fault, Request, too_many

API_PATH = "/api/v10"
OPEN_PREFIXES = ("/interactions/", "/webhooks/")
"""Paths whose own token is enough; they do not count towards the limit over all either."""


class Fronted(Api, Protocol):
    """What the front needs of the server."""

    token: str
    gateway: Gateway
    files: dict[str, Attachment]


class Front:
    """Listens, and keeps `requests` (all of them), `violations` and the rate limits' `buckets`."""

    def __init__(self, server: Fronted) -> None:
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.specification: DiscordSpecification | None = discord_specification()
        self.buckets = Buckets()
        self._server = server
        self._faults: list[Fault] = []
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> str:
        """Listens on loopback, on a free port if `port` is 0; returns host and port."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/gateway", self._server.gateway.serve)
        app.router.add_get("/gateway/", self._server.gateway.serve)
        app.router.add_get("/attachments/{path:.+}", self._serve_file)
        for method, template in ENDPOINTS:
            app.router.add_route(method, API_PATH + template, self._serve)
        app.router.add_route("*", API_PATH + "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        host, bound = self._runner.addresses[0]
        return f"{host}:{bound}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def fail(
        self,
        method: str,
        path_regex: str,
        *,
        status: int | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
        after_accept: bool = False,
        delay: float = 0.0,
        drop: bool = False,
    ) -> None:
        """Makes the next requests of this method ("*": any) and path (a regex, without the base) go wrong.

        They wait `delay` seconds, then are answered by `status` or cut off (`drop`), before they had any
        effect or, with `after_accept`, after it. With neither status nor drop they are late but succeed.
        """
        pattern = re.compile(path_regex)
        fault = Fault(method, pattern, status, json, headers or {}, times, after_accept, delay, drop)
        self._faults.append(fault)

    def rate_limit(
        self, method: str, path_regex: str, *, retry_after: float, overall: bool = False, times: int = 1
    ) -> None:
        """Answers the next such requests by 429, with Discord's own headers and body."""
        body, headers = too_many(retry_after, overall=overall)
        self.fail(method, path_regex, status=429, json=body, headers=headers, times=times)

    async def _serve_file(self, request: web.Request) -> web.Response:
        attachment = self._server.files.get(request.match_info["path"])
        if attachment is None:
            return web.Response(status=404)
        return web.Response(body=attachment.data, headers={"Content-Type": attachment.content_type})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Records a request, lets a fault have its way, and otherwise answers it."""
        try:
            body, files = await _read_body(request)
        except ValueError:
            wrong = {"message": "The request body contains invalid JSON.", "code": 50109}
            return _json_response(400, wrong, {})
        loop = asyncio.get_running_loop()
        path = request.path.removeprefix(API_PATH)
        names = [upload.filename for upload in files.values()]
        record = Request(request.method, path, body, loop.time(), names)
        self.requests.append(record)
        self._server.pulse.beat()
        fault = next((fault for fault in self._faults if fault.meets(record)), None)
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is None or fault.after_accept or (fault.status is None and not fault.drop):
            response = self._answer(request, record, body, files)
        else:
            response = web.Response()
        if fault is not None and fault.drop:
            assert request.transport is not None
            request.transport.abort()
        elif fault is not None and fault.status is not None:
            response = _json_response(fault.status, fault.json, fault.headers)
        record.status = response.status
        return response

    def _answer(self, request: web.Request, record: Request, body: Any, files: dict[int, Upload]) -> web.Response:
        resource = request.match_info.route.resource
        template = resource.canonical.removeprefix(API_PATH) if resource is not None else ""
        handler = ENDPOINTS.get((request.method, template))
        if self.specification is not None:
            described = _described(template) if handler else record.path
            self.violations += self.specification.violations(request.method, described, body)
        if handler is None:
            return _json_response(404, {"message": "404: Not Found", "code": 0}, {})
        needs_token = not record.path.startswith(OPEN_PREFIXES)
        if needs_token and request.headers.get("Authorization") != f"Bot {self._server.token}":
            return _json_response(401, {"message": "401: Unauthorized", "code": 0}, {})
        verdict = self.buckets.judge(
            f"{request.method} {template}",
            _resource(request.match_info),
            record.moment,
            epoch=self._server.clock().timestamp(),
            counts_overall=needs_token,
        )
        if verdict.retry_after is not None:
            overall = "X-RateLimit-Global" in verdict.headers
            refusal, headers = too_many(verdict.retry_after, overall=overall)
            return _json_response(429, refusal, {**verdict.headers, **headers})
        try:
            answer = handler(Call(self._server, request.match_info, request.query, body, files))
        except ApiError as error:
            record.code = error.json["code"]
            return _json_response(error.status, error.json, verdict.headers)
        self._server.pulse.beat()
        return _json_response(*_status(answer), verdict.headers)


def _status(answer: Answer) -> tuple[int, Any]:
    return (204, None) if answer.json is None else (answer.status, answer.json)


def _described(template: str) -> str:
    """The template under which the description files an endpoint."""
    return template.replace("/guilds/{guild_id}/members/@me", "/guilds/{guild_id}/members/{user_id}")


def _resource(path: Mapping[str, str]) -> str:
    """What a route's rate limit is counted by (Discord, Rate Limits, "top-level resources")."""
    names = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id")
    return "+".join(path[name] for name in names if name in path)


async def _read_body(request: web.Request) -> tuple[Any, dict[int, Upload]]:
    """The JSON of a request and the files beside it, by the index their names carry."""
    if not request.content_type.startswith("multipart/"):
        text = await request.text()
        return (json.loads(text) if text else None), {}
    body: Any = None
    files: dict[int, Upload] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            index = int(re.sub(r"\D", "", name))
            with value.file as opened:
                files[index] = Upload(value.filename, opened.read(), value.content_type)
        elif name == "payload_json":
            body = json.loads(value if isinstance(value, str) else bytes(value))
    return body, files


def _json_response(status: int, body: Any, headers: Mapping[str, str]) -> web.Response:
    """An answer whose content type is exactly Discord's, without a charset: clients compare it."""
    if body is None:
        return web.Response(status=status, headers=headers)
    typed = {**headers, "Content-Type": "application/json"}
    return web.Response(status=status, body=json.dumps(body).encode(), headers=typed)
