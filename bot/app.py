"""The composition root: where the parts of the bot are put together.

The only file that knows all of them; the only one that reads the clock.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.command import Dispatch, Hearing
from bot.commands import registry
from bot.courier import Courier, Right
from bot.delivery import Platform
from bot.domain.roadmap import Roadmap
from bot.leases import Leases, new_holder, serving
from bot.library import ROADMAPS, Library
from bot.messages import Messages
from bot.opening import Configured, Ports
from bot.settings import Settings
from bot.store import Store, Unavailable, claims, drafts, facts, leases, outbox, questions, schema, studies, zones
from bot.store.commits import Commits
from bot.store.memory import StoredMemory
from bot.words import LANGUAGE

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    from bot.metrics import Metrics
    from bot.opening import Hook

log = logging.getLogger(__name__)

TICK_SECONDS = 1
"""How late a reminder may leave at the most. A tick with nothing due is one look at an index."""

HOUSEKEEPING_MINUTES = 5

DELIVERIES_KEPT_FOR = timedelta(days=90)
"""How long what was sent is remembered: a quarter of a year, for those who look after the bot."""

DELETED_AT_ONCE = 1000
"""How many old deliveries are removed in one transaction."""

DELETIONS_A_TICK = 20
"""How many such transactions there are at once, for a tick waits for them: in a day six million rows go that way."""

SET_BACK_SECONDS = 5.0
"""A clock that is so much behind what has passed was set back; less is the usual adjusting of clocks."""

ZONES_PAUSE_SECONDS = 0.05

ZONES_AGAIN_SECONDS = 300.0
"""How soon the rules of time zones are followed again after a fault of ours: it is told each time."""

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
        self,
        store: Store,
        *,
        clock: Callable[[], datetime] = now,
        zone: str = "UTC",
        language: str = LANGUAGE,
        metrics: Metrics | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.library = Library.load(ROADMAPS)
        self.platforms: dict[str, Platform] = {}
        # What is served beside /healthz, by path: webhooks.
        self.hooks: dict[str, Hook] = {}
        self.leases = Leases(store, new_holder())
        self.messages = Messages(store, self.roadmaps)
        self.courier = Courier(
            store, self.platforms, self.messages.compose, clock, self._right, report=self.messages.report
        )
        dispatch = partial(Dispatch, store, self.roadmaps, registry, clock, self.courier.wake, zone, language)
        if metrics is None:
            self.dispatch = dispatch()
        else:
            self.dispatch = dispatch(observe=metrics.answered)
            self.courier.told = metrics.delivered
            metrics.reading("leases_held", "Leases of this process.", lambda: self.leases.count)
        self.hearing = Hearing(self.dispatch)
        self._busy = asyncio.Lock()
        self._serving = False
        # The clock and the loop's time when they were last looked at.
        self._looked: tuple[datetime, float] | None = None
        for problem in self.library.problems:
            log.warning("a roadmap is left out: %s", problem)

    def roadmaps(self) -> Mapping[str, Roadmap]:
        """The roadmaps that are served."""
        return self.library.roadmaps

    def memory(self, platform: str) -> StoredMemory:
        """What a platform remembers for its own protocol."""
        return StoredMemory(self.store, platform, self.clock, self.courier.commits)

    def add(self, platform: Platform) -> None:
        """Serve a platform."""
        self.platforms[platform.name] = platform

    def _right(self, platform: Platform) -> Right | None:
        """The right to send for a platform; outside of `serve`, in the console and in tests, nobody contends for it."""
        if not self._serving:
            return Right(0)
        token, until = self.leases.token(platform.lease), self.leases.until(platform.lease)
        if token is None or until is None:
            return None
        return Right(token, None if self.store.sqlite else leases.fence(platform.lease, token), until)

    async def follow_renames(self) -> None:
        """Members stay on a roadmap whose file was renamed."""
        names = {old: roadmap.slug for roadmap in self.roadmaps().values() for old in roadmap.renamed_from}
        if names:
            async with self.store.writing() as db:
                await studies.follow_renames(db, names, self.clock())

    async def tick(self) -> int:
        """Queue what is due by now; how many occurrences there were."""
        await self._notice_clock()
        count = 0
        while claimed := await self.messages.claim(self.clock()):
            count += claimed
            # The first leave while the others are still being claimed.
            self.courier.wake()
        return count

    async def _notice_clock(self) -> None:
        """When the clock was set back, what waits for a moment that is far off again is looked at now."""
        at, time = self.clock(), asyncio.get_running_loop().time()
        before = self._looked
        if before is not None and (at - before[0]).total_seconds() < time - before[1] - SET_BACK_SECONDS:
            log.info("the clock was set back")
            async with self.store.writing() as db:
                await outbox.rewind(db, at)
        # Not before: where the database was away, it is noticed again.
        self._looked = at, time

    async def refresh_zones(self) -> None:
        """Where the rules of time zones are others than before, work out anew when every reminder is due."""
        rules = zones.rules().version
        async with self.store.reading() as db:
            known = await facts.zone_rules(db)
        if known == rules:
            return
        last: int | None = 0
        while last is not None:
            last = await self.store.write(partial(zones.refresh_some, after=last, now=self.clock()))
            # Members come first.
            await asyncio.sleep(ZONES_PAUSE_SECONDS)
        async with self.store.writing() as db:
            await facts.remember_zone_rules(db, rules)
        log.info("reminders go by the time zones' rules of %s", rules)

    async def _follow_zones(self) -> None:
        """At the start, beside everything else: a claim looks itself whether a moment is still right."""
        while True:
            try:
                return await self.refresh_zones()
            except Unavailable:
                await asyncio.sleep(WATCH_SECONDS)
            except Exception:
                log.exception("the rules of time zones could not be followed")
                await asyncio.sleep(ZONES_AGAIN_SECONDS)

    async def catch_up(self) -> None:
        """Queue and deliver everything that is due by now: how the console lets time pass.

        Where the database is away it waits: the rows still say what is due.
        """
        with suppress(Unavailable):
            await self.tick()
            await self.courier.deliver()

    async def next_moment(self) -> datetime | None:
        """When something is due next, in UTC."""
        async with self.store.reading() as db:
            moments = [await claims.next_due(db), await outbox.next_moment(db)]
        return min((moment for moment in moments if moment), default=None)

    async def tidy(self) -> None:
        """Housekeeping: forget unanswered questions, write off what came too late."""
        now = self.clock()
        async with self.store.writing() as db:
            await questions.forget_old(db, now)
            await drafts.forget_old(db, now)
            # Before they are written off, and those of the same moment.
            await claims.due_again(db, outbox.late(claims.coming_once(), now), now)
            await outbox.expire(db, now)
        before = (now - DELIVERIES_KEPT_FOR).date()
        for _ in range(DELETIONS_A_TICK):
            deletion = partial(outbox.forget_old, before=before, limit=DELETED_AT_ONCE)
            if await self.store.write(deletion) < DELETED_AT_ONCE:
                break

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """The clockwork: ticks, courier and housekeeping run inside."""
        scheduler = _scheduler()
        quick = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        scheduler.add_job(
            self._guarded(self._beat), "interval", seconds=TICK_SECONDS, id="tick", next_run_time=now(), **quick
        )
        scheduler.add_job(
            self._guarded(self.tidy), "interval", minutes=HOUSEKEEPING_MINUTES, id="housekeeping", **quick
        )
        courier = asyncio.create_task(self.courier.run(), name="courier")
        watchdog = asyncio.create_task(_watch(scheduler), name="watchdog")
        zones = asyncio.create_task(self._follow_zones(), name="zone rules")
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
            for task in (watchdog, courier, zones):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def serve(self) -> None:
        """Serve every platform until cancelled; when one fails for good, all stop, and its exception is raised."""
        self._serving = True
        async with asyncio.TaskGroup() as tasks:
            for platform in self.platforms.values():
                tasks.create_task(self._serve(platform), name=platform.name)
            # The clockwork stops first: what the courier has in hand still needs its platform.
            async with self.working():
                await asyncio.Event().wait()

    async def _serve(self, platform: Platform) -> None:
        """Serve a platform as far as this process has the leases to; sending with a token is one of them."""

        async def sending(_token: int) -> None:
            self.courier.wake()
            await (asyncio.Event().wait() if platform.capabilities.shared else platform.run())

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.leases.keep(platform.lease, sending), name=f"{platform.name} sending")
            if platform.capabilities.shared:
                tasks.create_task(platform.run(), name=f"{platform.name} gateway")

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

    # APScheduler tells of every run of every job, and warns of each that begins late: a long tick is no fault.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    return AsyncIOScheduler(timezone=UTC)


async def _watch(scheduler: AsyncIOScheduler) -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        for job in scheduler.get_jobs():
            if job.next_run_time - now() > job.trigger.interval:
                log.info("the clock was set back: %s goes on from now", job.id)
                job.modify(next_run_time=now())


def build(settings: Settings, platforms: Iterable[Configured], metrics: Metrics | None = None) -> Roadmate:
    """The bot as the settings want it, with every platform there is a token for."""
    app = Roadmate(Store.open(settings.database), language=settings.roadmate_language, metrics=metrics)
    ports = Ports(app.hearing, app.memory, app.leases, metrics)
    for platform in platforms:
        if platform.served:
            opened = platform.open(ports)
            app.add(opened.platform)
            app.hooks.update(opened.hooks)
    return app


async def serve(settings: Settings, platforms: Iterable[Configured]) -> None:
    """Migrate, serve every platform and answer health checks until SIGINT or SIGTERM."""
    from bot.health import Health
    from bot.metrics import Metrics

    metrics = Metrics()
    app = build(settings, platforms, metrics)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        with serving(app.store):
            await schema.upgrade_apart(app.store)
            await app.follow_renames()
            health = Health(app.store, app.platforms, app.clock, metrics, app.hooks)
            async with metrics.watching(), health.serving(settings.http_port):
                # What is there by now stays to the end, nearly all of it code: to look through it for garbage each
                # time would hold the event loop up for 80 ms.
                gc.freeze()
                await _until(stop, app)
    finally:
        await app.store.close()


async def _until(stop: asyncio.Event, app: Roadmate) -> None:
    """Serve until told to stop, or until a platform fails for good: its exception is raised."""
    working = asyncio.create_task(app.serve(), name="roadmate")
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not working.done():
        log.info("stopping")
        working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def serve_console(settings: Settings, name: str, group: str) -> bool:
    """The console: a study group in a terminal, with a database and a clock of its own; False for an unusable name.

    Raises AlreadyServed where another terminal has it open.
    """
    from tzlocal import get_localzone_name

    zone = get_localzone_name() or "UTC"
    store = Store.open(settings.sqlite_file("chat.db"))
    try:
        with serving(store):
            await schema.upgrade_tables(store)
            return await _chat(settings, store, zone, name, group)
    finally:
        await store.close()


async def _chat(settings: Settings, store: Store, zone: str, name: str, group: str) -> bool:
    from bot.platforms.console.chat import Chat
    from bot.platforms.console.client import NAME, Console
    from bot.platforms.console.clock import ChatClock

    clock = await ChatClock.open(StoredMemory(store, NAME, now, Commits(store)), now)
    app = Roadmate(store, clock=clock, zone=zone, language=settings.roadmate_language)
    await app.follow_renames()
    console = Console(app.memory(NAME), clock, zone, language=app.hearing.language)
    app.add(console)
    return await Chat(app, console, clock, zone).run(name, group, settings.roadmate_data)
