"""/metrics: figures that Prometheus understands, of this process, its platforms and its database."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from bot.metrics import LOOK_EVERY, Metrics
from bot.pacing import Waits
from bot.store.ledger import Backlog
from tests.fakes.calls import calls
from tests.fakes.clockwork import clockwork


def read(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample, as Prometheus would read it."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(metrics: Metrics, name: str, /, **labels: str) -> float:
    return read(metrics)[f"roadmate_{name}", frozenset(labels.items())]


def test_deliveries_are_counted_by_kind_and_state_and_their_lateness_measured() -> None:
    metrics = Metrics()
    for late in (0.4, 0.7, 400.0):
        metrics.delivered("study", "sent", late)
    metrics.delivered("study", "failed", 9000)
    assert value(metrics, "deliveries_total", kind="study", state="sent") == 3
    assert value(metrics, "deliveries_total", kind="study", state="failed") == 1
    assert value(metrics, "lateness_seconds_count", kind="study") == 3
    assert value(metrics, "lateness_seconds_bucket", kind="study", le="0.5") == 1
    assert value(metrics, "lateness_seconds_bucket", kind="study", le="300.0") == 2
    assert value(metrics, "lateness_seconds_bucket", kind="study", le="+Inf") == 3
    assert value(metrics, "lateness_seconds_sum", kind="study") == pytest.approx(401.1)


def test_commands_are_timed_by_name_and_failed_ones_counted() -> None:
    metrics = Metrics()
    metrics.answered("done", 0.02, False)
    metrics.answered("done", 0.3, True)
    assert value(metrics, "command_seconds_bucket", command="done", le="0.25") == 1
    assert value(metrics, "command_seconds_count", command="done") == 2
    assert value(metrics, "commands_failed_total", command="done") == 1


def test_pacing_tells_what_was_waited_by_whom() -> None:
    metrics, waits = Metrics(), Waits()
    metrics.pacing("telegram", waits)
    waits.took(True, 0.5)
    waits.took(False, 2)
    waits.took(False, 4)
    waits.halts += 1
    assert value(metrics, "pacing_turns_total", platform="telegram", **{"for": "delivery"}) == 2
    assert value(metrics, "pacing_wait_seconds_total", platform="telegram", **{"for": "delivery"}) == 6
    assert value(metrics, "pacing_wait_seconds_total", platform="telegram", **{"for": "answer"}) == 0.5
    assert value(metrics, "pacing_halts_total", platform="telegram") == 1


def test_what_somebody_else_counts_is_read_when_asked() -> None:
    metrics, invalid = Metrics(), [3]
    metrics.reading("discord_invalid_responses", "Told by Discord.", lambda: invalid[0], counts=True)
    metrics.reading("leases_held", "Ours.", lambda: 2, name="telegram:1")
    assert value(metrics, "discord_invalid_responses_total") == 3
    invalid[0] = 5
    assert value(metrics, "discord_invalid_responses_total") == 5
    assert value(metrics, "leases_held", name="telegram:1") == 2


def test_the_backlog_is_told_and_unknown_where_the_database_is_silent() -> None:
    metrics = Metrics()
    metrics.stored(Backlog(queued=4, sending=1, overdue=3), 12.5)
    assert value(metrics, "database_up") == 1
    assert value(metrics, "undelivered", state="queued") == 4
    assert value(metrics, "undelivered", state="sending") == 1
    assert value(metrics, "overdue") == 3
    assert value(metrics, "oldest_undelivered_seconds") == 12.5
    metrics.stored(None)
    assert value(metrics, "database_up") == 0
    assert math.isnan(value(metrics, "oldest_undelivered_seconds"))


def test_the_build_is_named() -> None:
    found = [labels for (name, labels), one in read(Metrics()).items() if name == "roadmate_build_info" and one == 1]
    assert [{name for name, _ in labels} for labels in found] == [{"version", "python"}]


def test_two_processes_in_one_keep_their_figures_apart() -> None:
    first, second = Metrics(), Metrics()
    first.delivered("study", "sent", 1)
    assert ("roadmate_deliveries_total", frozenset({("kind", "study"), ("state", "sent")})) not in read(second)


def test_no_series_is_kept_for_moments_of_creation() -> None:
    metrics = Metrics()
    metrics.delivered("study", "sent", 1)
    assert "_created" not in metrics.text().decode()


async def test_logged_errors_are_counted_by_who_told_and_what_it_was() -> None:
    metrics = Metrics()
    log = logging.getLogger("bot.courier")
    async with metrics.watching():
        log.warning("not an error")
        log.error("an error")
        try:
            raise LookupError("what somebody wrote")
        except LookupError:
            log.exception("another")
    log.error("nobody counts any more")
    assert value(metrics, "errors_total", logger="bot.courier", error="") == 1
    assert value(metrics, "errors_total", logger="bot.courier", error="LookupError") == 1
    assert "somebody" not in metrics.text().decode()


async def test_a_blocked_event_loop_shows() -> None:
    metrics = Metrics()
    async with metrics.watching():
        await asyncio.sleep(LOOK_EVERY / 2)
        time.sleep(LOOK_EVERY + 0.2)  # noqa: ASYNC251  # the fault that is to be seen
        await asyncio.sleep(0.01)
        slow = value(metrics, "event_loop_lag_seconds_count") - value(
            metrics, "event_loop_lag_seconds_bucket", le="0.05"
        )
    # A busy machine adds some of its own.
    assert slow >= 1


def test_recording_is_cheap() -> None:
    """A delivery costs a platform's request, of several hundred calls at the least: counting it must not show."""
    metrics = Metrics()
    metrics.delivered("study", "sent", 1.0)
    with calls() as made:
        metrics.delivered("study", "sent", 1.0)
    assert made.number < 40


# ------------------------------------------------------------ commands


async def test_every_command_is_timed_and_never_what_was_typed(tmp_path: Path) -> None:
    metrics = Metrics()
    async with clockwork(tmp_path) as clock:
        clock.dispatch = replace(clock.dispatch, observe=metrics.answered)
        await clock.say("asha", "join backend-ai-era 2027-05-20")
        await clock.say("asha", "done http-rest nobody may read this")
        await clock.say("asha", "nobody may read this")
        async with clock.store.writing() as db:
            await db.execute(text("DROP TABLE step_events"))
        await clock.say("asha", "progress")
    names = ("join", "done", "unknown", "progress")
    assert [value(metrics, "command_seconds_count", command=name) for name in names] == [1, 1, 1, 1]
    assert value(metrics, "commands_failed_total", command="progress") == 1
    assert value(metrics, "command_seconds_sum", command="done") > 0
    assert ("roadmate_commands_failed_total", frozenset({("command", "done")})) not in read(metrics)
    assert "nobody" not in metrics.text().decode()
