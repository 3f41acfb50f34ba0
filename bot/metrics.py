"""Counts what happens in this process, for Prometheus.

Names, counts and seconds, never what was written and never an id.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from bot import __version__

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from bot.delivery import Status
    from bot.pacing import Waits
    from bot.store.ledger import Backlog

PREFIX = "roadmate_"

LATE = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 10800)
"""Seconds from due to handed over: a tick is 1 s, and ten thousand at once take Telegram over five minutes."""

QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)
"""Seconds that a command takes: 0.25 is what we promise, 3 is when Discord gives up on us."""

BLOCKED = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
"""Seconds for which the event loop was late: 0.05 is what we promise."""

LOOK_EVERY = 0.25
"""Seconds between two looks at how late the event loop is."""


class Metrics:
    """The figures of one process. Counters begin at zero with it; what is in the database is read when asked.

    metrics = Metrics()
    courier = Courier(…, told=metrics.delivered)
    dispatch = Dispatch(…, observe=metrics.answered)
    metrics.pacing("telegram", pace.waits)
    async with metrics.watching():
        …
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
        self._registry = CollectorRegistry()
        self._deliveries = self._counter("deliveries", "Deliveries that came to a state.", "kind", "state")
        self._lateness = self._histogram("lateness_seconds", "From due to handed over.", LATE, "kind")
        self._commands = self._histogram("command_seconds", "From heard to answered.", QUICK, "command")
        self._failed = self._counter("commands_failed", "Commands that ended in an apology.", "command")
        self._errors = self._counter("errors", "Errors that were logged.", "logger", "error")
        self._lag = self._histogram("event_loop_lag_seconds", "How late the event loop was.", BLOCKED)
        self._database = self._gauge("database_up", "1 while the database answers.")
        self._waiting = self._gauge("undelivered", "Deliveries that have not arrived yet, up to 10,000.", "state")
        self._overdue = self._gauge("overdue", "Undelivered ones that could leave now, up to 10,000.")
        self._oldest = self._gauge("oldest_undelivered_seconds", "For how long the oldest of them has been due.")
        self._connected = self._gauge("platform_connected", "1 while a platform is connected.", "platform")
        self._heard = self._gauge("platform_silent_seconds", "Since a platform was last heard from.", "platform")
        self._paces: dict[str, Waits] = {}
        self._readings: list[Callable[[], Metric]] = []
        self._registry.register(self)
        self.reading(
            "build_info",
            "What runs here.",
            lambda: 1,
            version=__version__,
            python=sys.version.partition(" ")[0],
        )

    # ------------------------------------------------------------ what happens

    def delivered(self, kind: str, state: str, late: float) -> None:
        """A delivery came to a state; one that was sent was handed over `late` seconds after its moment."""
        self._deliveries.labels(kind, state).inc()
        if state == "sent":
            self._lateness.labels(kind).observe(late)

    def answered(self, command: str, seconds: float, failed: bool) -> None:
        """A command of the registry was answered; `failed` with an apology. Never what somebody typed."""
        self._commands.labels(command).observe(seconds)
        if failed:
            self._failed.labels(command).inc()

    def error(self, logger: str, error: str) -> None:
        """Something went wrong: who told of it, and the class of the exception, if there was one."""
        self._errors.labels(logger, error).inc()

    # ------------------------------------------------------------ what is read when asked

    def pacing(self, platform: str, waits: Waits) -> None:
        """Tell what a platform's pace has cost so far."""
        self._paces[platform] = waits

    def reading(
        self, name: str, what: str, read: Callable[[], float], /, *, counts: bool = False, **labels: str
    ) -> None:
        """Tell a figure that somebody else keeps; with `counts` one that only grows."""
        family = CounterMetricFamily if counts else GaugeMetricFamily

        def sample() -> Metric:
            found = family(PREFIX + name, what, labels=list(labels))
            found.add_metric(list(labels.values()), read())
            return found

        self._readings.append(sample)

    def stored(self, backlog: Backlog | None, late: float = 0.0) -> None:
        """What the database says is still to be delivered, the oldest `late` seconds; None: it does not answer."""
        self._database.set(backlog is not None)
        unknown = float("nan")
        self._waiting.labels("queued").set(unknown if backlog is None else backlog.queued)
        self._waiting.labels("sending").set(unknown if backlog is None else backlog.sending)
        self._overdue.set(unknown if backlog is None else backlog.overdue)
        self._oldest.set(unknown if backlog is None else late)

    def served(self, platforms: Mapping[str, Status]) -> None:
        """How the platforms are."""
        for name, status in platforms.items():
            self._connected.labels(name).set(status.connected)
            if status.heard is not None:
                self._heard.labels(name).set(status.heard)

    def collect(self) -> Iterable[Metric]:
        """What is kept elsewhere, for the registry."""
        yield from (read() for read in self._readings)
        kinds = ("platform", "for")
        turns = CounterMetricFamily(PREFIX + "pacing_turns", "Requests that were paced.", labels=kinds)
        waited = CounterMetricFamily(PREFIX + "pacing_wait_seconds", "What they waited for their turn.", labels=kinds)
        halts = CounterMetricFamily(PREFIX + "pacing_halts", "Halts that a platform asked for.", labels=kinds[:1])
        for name, waits in self._paces.items():
            for whom in waits.turns:
                turns.add_metric([name, whom], waits.turns[whom])
                waited.add_metric([name, whom], waits.seconds[whom])
            halts.add_metric([name], waits.halts)
        yield from (turns, waited, halts)

    def text(self) -> bytes:
        """All of it, in Prometheus's text format 0.0.4."""
        return generate_latest(self._registry)

    # ------------------------------------------------------------ watching

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Inside, errors that are logged are counted, and how late the event loop is is measured."""
        errors = _Errors(self)
        logging.getLogger().addHandler(errors)
        task = asyncio.create_task(self._watch(), name="event loop lag")
        try:
            yield
        finally:
            logging.getLogger().removeHandler(errors)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LOOK_EVERY)
            self._lag.observe(max(0.0, loop.time() - before - LOOK_EVERY))

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, what, labels, registry=self._registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(PREFIX + name, what, labels, registry=self._registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(PREFIX + name, what, labels, registry=self._registry, buckets=buckets)


class _Errors(logging.Handler):
    """Counts what is logged as an error, whoever logs it."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(logging.ERROR)
        self._metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        kind = record.exc_info[0] if record.exc_info else None
        self._metrics.error(record.name, "" if kind is None else kind.__name__)
