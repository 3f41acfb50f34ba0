"""Whether the bot is well, for those who keep it running: /healthz over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bot.delivery import Platform
from bot.store import Store


@dataclass(frozen=True)
class Health:
    """Answers whether the database can be read and which platforms are served."""

    store: Store
    platforms: Mapping[str, Platform]
    clock: Callable[[], datetime]

    @asynccontextmanager
    async def serving(self, port: int | None) -> AsyncIterator[int | None]:
        """Serve /healthz on a port inside; without a port, serve nothing. Port 0 takes a free one, which is given."""
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
        site = web.TCPSite(runner, port=port)
        await site.start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    async def report(self) -> tuple[bool, dict[str, object]]:
        """Whether all is well, and what there is to say about it."""
        try:
            async with self.store.reading() as db:
                await db.execute(select(1))
            database = "ok"
        except Exception as error:
            # The class says what is wrong; the message could hold the database's address and password.
            database = type(error).__name__
        report = {"database": database, "platforms": sorted(self.platforms), "time": self.clock().isoformat()}
        return database == "ok", {"status": "ok" if database == "ok" else "failing", **report}
