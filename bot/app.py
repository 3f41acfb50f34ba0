"""The composition root: the only file that knows everyone, and the only one that reads the clock."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.command import Dispatch
from bot.commands import registry
from bot.courier import Courier
from bot.delivery import Platform
from bot.domain.roadmap import Roadmap
from bot.library import ROADMAPS, Library
from bot.reminders import Reminders
from bot.settings import Settings
from bot.store import Store, Unavailable, outbox, pending, schedule, schema, studies
from bot.text import LANGUAGE

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

TICK_SECONDS = 1
"""How late a reminder may leave at the most. A tick with nothing due is one look at an index."""

HOUSEKEEPING_MINUTES = 60

FINISHING_SECONDS = 5
"""How long a stop waits for the message that is just being sent."""

WATCH_SECONDS = 5
"""APScheduler waits for moments of the system's clock: set back an hour, it would sleep that hour. Whether it waits for
longer than its interval is looked at by monotonic time."""


def now() -> datetime:
    """The moment it is, in UTC."""
    return datetime.now(UTC)


class Roadmate:
    """The whole bot around one database: opened, then served, then closed."""

    def __init__(
        self, store: Store, *, clock: Callable[[], datetime] = now, zone: str = "UTC", language: str = LANGUAGE
    ) -> None:
        self.store = store
        self.clock = clock
        self.library = Library.load(ROADMAPS)
        self.platforms: dict[str, Platform] = {}
        self.reminders = Reminders(store, self.roadmaps, language)
        self.courier = Courier(store, self.platforms, self.reminders.compose, clock)
        self.dispatch = Dispatch(store, self.roadmaps, registry, clock, self.courier.wake, zone, language)
        self._busy = asyncio.Lock()
        for problem in self.library.problems:
            log.warning("a roadmap is left out: %s", problem)

    def roadmaps(self) -> Mapping[str, Roadmap]:
        """The roadmaps that are served."""
        return self.library.roadmaps

    def add(self, platform: Platform) -> None:
        """Serve a platform."""
        self.platforms[platform.name] = platform

    async def follow_renames(self) -> None:
        """Members stay on a roadmap whose file was renamed."""
        names = {old: roadmap.slug for roadmap in self.roadmaps().values() for old in roadmap.renamed_from}
        if names:
            async with self.store.writing() as db:
                await studies.follow_renames(db, names, self.clock())

    async def tick(self) -> int:
        """Queue what is due by now; how many occurrences there were."""
        count = 0
        while claimed := await self.reminders.claim(self.clock()):
            count += claimed
        if count:
            self.courier.wake()
        return count

    async def catch_up(self) -> None:
        """Queue and deliver everything that is due by now: how the console lets time pass."""
        await self.tick()
        await self.courier.deliver()

    async def next_moment(self) -> datetime | None:
        """When something is due next, in UTC."""
        async with self.store.reading() as db:
            moments = [await schedule.next_moment(db), await outbox.next_moment(db)]
        return min((moment for moment in moments if moment), default=None)

    async def tidy(self) -> None:
        """Housekeeping: forget unanswered questions, write off what came too late."""
        async with self.store.writing() as db:
            await pending.forget_old(db, self.clock())
            await outbox.expire(db, self.clock())

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """The clockwork: ticks, courier and housekeeping run inside."""
        scheduler = _scheduler()
        quick = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        scheduler.add_job(self._guarded(self._beat), "interval", seconds=TICK_SECONDS, id="tick", **quick)
        scheduler.add_job(
            self._guarded(self.tidy), "interval", minutes=HOUSEKEEPING_MINUTES, id="housekeeping", **quick
        )
        courier = asyncio.create_task(self.courier.run(), name="courier")
        watchdog = asyncio.create_task(_watch(scheduler), name="watchdog")
        scheduler.start()
        self.courier.wake()
        try:
            yield
        finally:
            # A tick that is under way comes to its end first: cut off, APScheduler would tell it as an error.
            scheduler.pause()
            await asyncio.sleep(0)
            async with self._busy:
                scheduler.shutdown(wait=False)
            # So does a message that is being sent: cut off, nobody would know whether it arrived.
            await self.courier.finish(FINISHING_SECONDS)
            for task in (watchdog, courier):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def serve(self) -> None:
        """Serve every platform until cancelled; when one fails for good, all stop, and its exception is raised."""
        async with asyncio.TaskGroup() as tasks:
            for platform in self.platforms.values():
                tasks.create_task(platform.run(), name=platform.name)
            # The clockwork stops first: what the courier has in hand still needs its platform.
            async with self.working():
                await asyncio.Event().wait()

    async def _beat(self) -> None:
        """Queue what is due, and have the courier look for what has waited long enough."""
        try:
            await self.tick()
        finally:
            # Called here and not as a job of its own: APScheduler runs plain functions in threads.
            self.courier.wake()

    def _guarded(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """A job whose failure is logged and tried again at the next tick: the rows still say what is due."""

        async def run() -> None:
            try:
                async with self._busy:
                    await job()
            except Unavailable:
                log.debug("a tick waits for the database")
            except Exception:
                log.exception("a tick failed")

        return run


def _scheduler() -> AsyncIOScheduler:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    # APScheduler tells of every run of every job; its warnings are enough.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    return AsyncIOScheduler(timezone=UTC)


async def _watch(scheduler: AsyncIOScheduler) -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        for job in scheduler.get_jobs():
            if job.next_run_time - now() > job.trigger.interval:
                log.info("the clock was set back: %s goes on from now", job.id)
                job.modify(next_run_time=now())


def build(settings: Settings) -> Roadmate:
    """The bot as the settings want it, with every platform there is a token for."""
    app = Roadmate(Store.open(settings.database), language=settings.roadmate_language)
    if settings.discord_token is not None:
        from bot.platforms.discord.client import DiscordPlatform

        app.add(
            DiscordPlatform(
                settings.discord_token.get_secret_value(),
                app.dispatch,
                api_url=_address(settings.discord_api_url),
                gateway_url=_address(settings.discord_gateway_url),
            )
        )
    if settings.telegram_token is not None:
        from bot.platforms.telegram.client import TelegramPlatform

        token = settings.telegram_token.get_secret_value()
        app.add(TelegramPlatform(token, app.dispatch, api_url=_address(settings.telegram_api_url)))
    return app


def _address(url: object) -> str | None:
    return None if url is None else str(url).rstrip("/")


async def run(settings: Settings) -> None:
    """Migrate, serve every platform and answer health checks until SIGINT or SIGTERM."""
    from bot.health import Health

    app = build(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await schema.upgrade_apart(app.store)
        await app.follow_renames()
        async with Health(app.store, app.platforms, app.clock).serving(settings.http_port):
            serving = asyncio.create_task(app.serve(), name="roadmate")
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if not serving.done():
                log.info("stopping")
                serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
    finally:
        await app.store.close()


async def chat(settings: Settings, name: str, group: str) -> bool:
    """The console: a study group in a terminal, with a database and a clock of its own; False for an unusable name."""
    from tzlocal import get_localzone_name

    from bot.platforms.console.chat import Chat
    from bot.platforms.console.client import Console
    from bot.platforms.console.clock import ChatClock

    zone = get_localzone_name() or "UTC"
    store = Store.open(settings.sqlite_file("chat.db"))
    try:
        await schema.upgrade(store)
        clock = await ChatClock.open(store, now)
        app = Roadmate(store, clock=clock, zone=zone, language=settings.roadmate_language)
        await app.follow_renames()
        console = Console(app.dispatch, clock, zone)
        app.add(console)
        return await Chat(app, console, clock, zone).run(name, group, settings.roadmate_data)
    finally:
        await store.close()
