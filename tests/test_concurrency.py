"""Everybody types everything at once: nothing that was counted is lost, and nobody hears of the trouble it is."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.store import Store
from tests.fakes.clockwork import settled
from tests.fakes.crowd import COUNTED, Calendar, Told, crowded, differences
from tests.fakes.migrated import migrate
from tests.fakes.postgres import UNTRIED, NoPostgres, Postgres, serving

ROOT = Path(__file__).parents[1]
SEED = int(os.environ.get("SEED", "1"))
HOUR = 0.5

MEMBERS = 20

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server of our own."""
    try:
        with serving() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(f"{UNTRIED}: {reason}")


async def prepared(url: str) -> Store:
    """A database with a group in it."""
    store = Store.open(url)
    await migrate(store)
    await settled(store)
    return store


async def several(url: str, members: int, lines: int, *, processes: int, hour: float) -> Told:
    """What crowds in several processes were told, all of them together."""
    calendar = asdict(Calendar(time.monotonic(), hour))

    async def one(number: int) -> Told:
        crowd = {"name": f"p{number}-", "members": members, "lines": lines // processes, "seed": SEED}
        given = {"url": url, "calendar": calendar, **crowd}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fakes.crowd", json.dumps(given)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await process.communicate()
        assert process.returncode == 0, wrong.decode()[-3000:]
        return Told.read(said.decode())

    found = await asyncio.gather(*(one(number) for number in range(processes)))
    return sum(found, Told())


async def check(store: Store, told: Told, lines: int) -> None:
    """Nothing lost, nothing doubled, no apology, no error; and enough was going on for that to mean something."""
    log.info("seed %d: %s", SEED, told.figures)
    assert told.errors == []
    assert told.failed == []
    assert await differences(store, told) == []
    assert told.answers.total() >= lines
    # A crowd that talks for long has done all its steps: then most that it says of them is refused.
    assert all(told.answers[name] - told.refused[name] > lines / 1000 for name in COUNTED)
    assert len(told.changes) > lines / 5
    assert told.sent


OURS = "SELECT member FROM accounts WHERE account LIKE 'm%'"
LOST = (
    f"UPDATE checkins SET minutes = minutes - 1 WHERE id = (SELECT max(id) FROM checkins WHERE member IN ({OURS}))",
    "UPDATE changes SET command = 'done' WHERE id = (SELECT max(id) FROM changes WHERE command = 'remind'"
    f" AND member IN ({OURS}))",
    "UPDATE members SET day_start = 90 WHERE id = (SELECT member FROM changes WHERE command = 'daystart'"
    f" AND member IN ({OURS}) AND member NOT IN (SELECT linked_to FROM members WHERE linked_to IS NOT NULL) LIMIT 1)",
)
"""What would stand there had updates been lost: less of a check-in, a change nobody heard of, an unknown setting."""


async def test_a_crowd_in_one_process_loses_nothing(tmp_path: Path) -> None:
    store = await prepared(f"sqlite+aiosqlite:///{tmp_path / 'crowd.db'}")
    try:
        told = await crowded(store, Calendar(time.monotonic(), HOUR), "a", MEMBERS, 300, SEED)
        await check(store, told, 300)
        for number, lost in enumerate(LOST, 1):
            async with store.writing() as db:
                await db.execute(text(lost))
            assert len(await differences(store, told)) >= number, lost
    finally:
        await store.close()


async def test_a_crowd_in_two_processes_loses_nothing(postgres: Postgres) -> None:
    url = postgres.url("postgres")
    store = await prepared(url)
    try:
        await check(store, await several(url, MEMBERS, 200, processes=2, hour=HOUR), 200)
    finally:
        await store.close()
