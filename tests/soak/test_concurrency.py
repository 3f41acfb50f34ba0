"""A hundred thousand lines on the same members at once, on either database: nothing that was counted is lost.

SOAK_LINES is how many: a quarter of an hour for each database where nothing else runs. `--log-cli-level=INFO` shows the
figures.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.fakes.crowd import Calendar, crowded
from tests.fakes.postgres import Postgres
from tests.test_concurrency import SEED, check, prepared, several

LINES = int(os.environ.get("SOAK_LINES", "100000"))
MEMBERS = 200
HOUR = 4.0
"""Seconds an hour takes: some weeks go by, and every evening everybody is asked."""

SLOWEST = 10
"""Lines a second that are expected at the least, on a machine that has other things to do."""


@pytest.mark.soak
@pytest.mark.timeout(120 + LINES / SLOWEST)
async def test_a_crowd_in_one_process_on_sqlite(tmp_path: Path) -> None:
    store = await prepared(f"sqlite+aiosqlite:///{tmp_path / 'crowd.db'}")
    try:
        told = await crowded(store, Calendar(time.monotonic(), HOUR), "a", MEMBERS, LINES, SEED)
        await check(store, told, LINES)
    finally:
        await store.close()


@pytest.mark.soak
@pytest.mark.timeout(120 + LINES / SLOWEST)
async def test_a_crowd_in_two_processes_on_postgres(postgres: Postgres) -> None:
    url = postgres.url("postgres")
    store = await prepared(url)
    try:
        told = await several(url, MEMBERS, LINES, processes=2, hour=HOUR)
        await check(store, told, LINES)
    finally:
        await store.close()
