"""One lease and many misfortunes, one after another at random: it is always somebody's, and never two processes'."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

import pytest

from tests.fakes.leaseholder import Crowd, check, prepare, read, token_of
from tests.fakes.patience import passed
from tests.fakes.postgres import Postgres

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
SEED = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))
SECONDS, POLL = 1.5, 0.2

log = logging.getLogger(__name__)


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS + 120)
async def test_a_lease_through_kills_stops_and_restarts(postgres: Postgres, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    url = postgres.url("postgres")
    await prepare(url)
    crowd = Crowd(url, tmp_path / "world", SECONDS, POLL)
    started = 0
    try:
        began = time.monotonic()
        while not passed(SOAK_SECONDS, began, time.monotonic()):
            while len(crowd.processes) < 4:
                started += 1
                await crowd.start(f"p{started}")
            await crowd.goes_on()
            await asyncio.sleep(dice.uniform(0, SECONDS))
            # Mostly the one that works: what befalls the others changes nothing.
            working = crowd.working()
            one = working if working in crowd.processes and dice.random() < 0.8 else None
            one = one or dice.choice(sorted(crowd.processes))
            what = dice.choice(["kill", "stop", "end", "restart", "crash"])
            log.info("seed %d: %s %s", SEED, what, one)
            if what == "kill":
                await crowd.signal(one, SIGKILL)
            elif what == "end":
                await crowd.signal(one, SIGTERM)
            elif what == "stop":
                await crowd.signal(one, SIGSTOP)
                await asyncio.sleep(dice.uniform(0, 3 * SECONDS))
                await crowd.signal(one, SIGCONT)
            else:
                await asyncio.to_thread(postgres.stop, crash=what == "crash")
                await asyncio.sleep(dice.uniform(0, 2 * SECONDS))
                await asyncio.to_thread(postgres.start)
        await crowd.goes_on()
        story = read(crowd.world)
        check(story)
        # A process killed right after it took the lease has said nothing under its token.
        assert await token_of(url) <= story[-1].token
        assert len({line.token for line in story}) > SOAK_SECONDS / 15, f"seed {SEED}: too little befell it"
    except AssertionError as fault:
        raise AssertionError(f"seed {SEED}: {fault}") from fault
    finally:
        await crowd.end()
