"""The HTTP endpoints by which an operator's monitoring sees whether the bot is well: /healthz, /metrics."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from bot.delivery import Platform, Status
from bot.metrics import Metrics
from bot.store import Store, Unavailable, facts, ledger, schema
from bot.store.ledger import Backlog

if TYPE_CHECKING:
    from aiohttp import web

    from bot.opening import Hook

log = logging.getLogger(__name__)

DATABASE_TIMEOUT = 3
"""Seconds the database has to answer: less than the checks of Dockerfile and fly.toml wait for us."""

DISCONNECTED = 300
"""Seconds after which a platform that is not connected is more than a fault that passes by itself. Between two tries to
connect there is a minute at the most."""

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Health:
    """Answers whether database and platforms are well, and in figures what happens here.

    `hooks` are what else is served on the port, by path: a platform's webhook, which is posted to.
    """

    store: Store
    platforms: Mapping[str, Platform]
    clock: Callable[[], datetime]
    metrics: Metrics = field(default_factory=Metrics)
    hooks: Mapping[str, Hook] = field(default_factory=dict)

    @asynccontextmanager
    async def serving(self, port: int | None) -> AsyncIterator[int | None]:
        """Serve on a port inside; without a port, serve nothing. Port 0 takes a free one, which is given.

        Raises OSError when the port is taken.
        """
        if port is None:
            yield None
            return
        from aiohttp import web

        async def healthz(_request: web.Request) -> web.Response:
            well, report = await self.report()
            return web.json_response(report, status=200 if well else 503)

        async def figures(_request: web.Request) -> web.Response:
            return web.Response(body=await self.figures(), headers={"Content-Type": PROMETHEUS})

        application = web.Application()
        application.router.add_get("/healthz", healthz)
        application.router.add_get("/metrics", figures)
        for path, hook in self.hooks.items():
            application.router.add_post(path, hook)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, port=port).start()
            # One socket for IPv4, whose address is a pair, and one for IPv6.
            taken: int = min(runner.addresses, key=len)[1]
            log.info("health checks are answered on port %d", taken)
            yield taken
        finally:
            await runner.cleanup()

    async def report(self) -> tuple[bool, dict[str, object]]:
        """Whether all is well, and what there is to say about it.

        Not well is only what a restart or an operator can help: a late delivery is told, and waits for its platform.
        """
        database, backlog = await self._database()
        platforms = {name: platform.status() for name, platform in sorted(self.platforms.items())}
        well = database == "ok" and not any(map(_failing, platforms.values()))
        now = self.clock()
        return well, {
            "status": "ok" if well else "failing",
            "database": database,
            "platforms": {name: _told(status) for name, status in platforms.items()},
            "oldest_undelivered_seconds": None if backlog is None else round(backlog.late(now), 1),
            "time": now.isoformat(),
        }

    async def figures(self) -> bytes:
        """What Prometheus reads."""
        _, backlog = await self._database()
        self.metrics.stored(backlog, 0 if backlog is None else backlog.late(self.clock()))
        self.metrics.served({name: platform.status() for name, platform in self.platforms.items()})
        return self.metrics.text()

    async def _database(self) -> tuple[str, Backlog | None]:
        """What is to be said of the database, and what is still to be delivered, where it can be asked."""
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT):
                return await self._asked()
        except Exception as error:
            return _named(error), None

    async def _asked(self) -> tuple[str, Backlog | None]:
        if self.store.sqlite and _lost(self.store.engine.url.database):
            # SQLite would go on writing to a file that nobody can open again.
            return "the file is gone", None
        # A connection that answers is not enough: a database put in the place of ours may be empty or older.
        if await schema.revision(self.store) != schema.newest():
            return "not current", None
        refused = await self._refused() if self.store.troubled else None
        async with self.store.reading() as db:
            return refused or "ok", await ledger.backlog(db, self.clock())

    async def _refused(self) -> str | None:
        """Why nothing can be written, tried again now: nobody else may have anything to write for an hour."""
        try:
            async with self.store.writing() as db:
                await facts.probe(db, self.clock())
        except Unavailable as error:
            return f"takes no writes: {_named(error)}"
        return None


def _named(error: Exception) -> str:
    """An error's code, else its class. Its message could hold the database's address and password."""
    cause = error.__cause__ if isinstance(error, Unavailable) else error
    original = getattr(cause, "orig", None)
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return str(code or type(cause).__name__)


def _lost(file: str | None) -> bool:
    return file not in (None, "", ":memory:") and not Path(str(file)).exists()


def _failing(status: Status) -> bool:
    return not status.connected and not status.standby and status.seconds >= DISCONNECTED


def _told(status: Status) -> dict[str, object]:
    state = "connected" if status.connected else "standby" if status.standby else "disconnected"
    told: dict[str, object] = {"state": state, "for_seconds": round(status.seconds, 1)}
    if status.how:
        told["by"] = status.how
    if status.heard is not None:
        told["heard_seconds_ago"] = round(status.heard, 1)
    # Discord's library says nan before the first answer, and inf after a lost one.
    if status.latency is not None and isfinite(status.latency):
        told["latency_ms"] = round(status.latency * 1000)
    return told
