"""Whether the bot is well, for those who keep it running: /healthz over HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.delivery import Platform
from bot.store import Store, Unavailable, schema

log = logging.getLogger(__name__)

PATIENCE = 3
"""Seconds the database has to answer: less than the checks of Dockerfile and fly.toml wait for us."""


@dataclass(frozen=True)
class Health:
    """Answers whether the database is there and current, and which platforms are served."""

    store: Store
    platforms: Mapping[str, Platform]
    clock: Callable[[], datetime]

    @asynccontextmanager
    async def serving(self, port: int | None) -> AsyncIterator[int | None]:
        """Serve /healthz on a port inside; without a port, serve nothing. Port 0 takes a free one, which is given.

        Raises OSError when the port is taken.
        """
        if port is None:
            yield None
            return
        from aiohttp import web

        async def healthz(_request: web.Request) -> web.Response:
            well, report = await self.report()
            return web.json_response(report, status=200 if well else 503)

        application = web.Application()
        application.router.add_get("/healthz", healthz)
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
        """Whether all is well, and what there is to say about it."""
        try:
            async with asyncio.timeout(PATIENCE):
                database = await self._database()
        except Exception as error:
            # The class says what is wrong; the message could hold the database's address and password.
            cause = error.__cause__ if isinstance(error, Unavailable) else error
            database = type(cause).__name__
        status = "ok" if database == "ok" else "failing"
        report = {"database": database, "platforms": sorted(self.platforms), "time": self.clock().isoformat()}
        return database == "ok", {"status": status, **report}

    async def _database(self) -> str:
        if self.store.sqlite and _lost(self.store.engine.url.database):
            # SQLite would go on writing to a file that nobody can open again.
            return "the file is gone"
        # A connection that answers is not enough: a database put in the place of ours may be empty or older.
        return "ok" if await schema.revision(self.store) == schema.newest() else "not current"


def _lost(file: str | None) -> bool:
    return file not in (None, "", ":memory:") and not Path(str(file)).exists()
