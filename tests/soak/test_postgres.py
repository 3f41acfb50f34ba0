"""Four processes share a database: one is killed, one stopped past its lease, the database restarted; all is said once.

SOAK_MEMBERS is how many members there are, SOAK_DUE how many of them are due at one moment: as many as four minutes of
Discord's pace take say 5,000. The proof of the issue is SOAK_MEMBERS=1000000. A small version is in
`tests/test_processes.py`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from tests.fakes.fleet import SLOWEST, Fleet, fleet
from tests.fakes.postgres import Postgres

MEMBERS = int(os.environ.get("SOAK_MEMBERS", "20000"))
DUE = min(MEMBERS, int(os.environ.get("SOAK_DUE", "1000")))
PROCESSES = 4
TIMEOUT = 600 + DUE / SLOWEST + MEMBERS / 10_000

log = logging.getLogger(__name__)


async def claimed(all_of_it: Fleet) -> None:
    """Wait until all that is due was claimed, and tell how long that took from when the members were there."""
    time = asyncio.get_running_loop().time
    began, seeded = time(), 0.0
    async with asyncio.timeout(60 + MEMBERS / 5_000):
        while (found := sum((await all_of_it.states()).values())) < DUE:
            await asyncio.sleep(0.02)
            if not found:
                seeded = time()
    took = time() - seeded
    log.info("%d members, %d of them due, seeded in %.1f s", MEMBERS, DUE, seeded - began)
    log.info("claimed by %d processes within %.2f s, %.0f a second", PROCESSES, took, DUE / took)


@pytest.mark.soak
@pytest.mark.timeout(TIMEOUT)
async def test_nothing_is_lost_or_said_twice(tmp_path: Path, postgres: Postgres) -> None:
    async with fleet(tmp_path, postgres.url("postgres"), MEMBERS, DUE) as all_of_it:
        await all_of_it.serve(PROCESSES)
        seeding = asyncio.create_task(all_of_it.fall_due())
        await claimed(all_of_it)
        await seeding

        await all_of_it.until_said(0.2)
        killed = await all_of_it.another_sender()
        await all_of_it.befalls(killed, SIGKILL)

        stopped = await all_of_it.another_sender(killed)
        await all_of_it.until_said(0.4)
        await all_of_it.befalls(stopped, SIGSTOP)
        third = await all_of_it.another_sender(stopped)
        await all_of_it.until_said(0.55)
        stopped.send_signal(SIGCONT)

        await all_of_it.until_said(0.7)
        assert await all_of_it.sender() is third
        all_of_it.happened("the database crashed")
        await asyncio.to_thread(postgres.stop, crash=True)
        await asyncio.sleep(3)
        await asyncio.to_thread(postgres.start)
        log.info("the database was away for %.1f s", asyncio.get_running_loop().time() - all_of_it.misfortunes[-1][1])

        await all_of_it.until_said(1)
        await all_of_it.until_settled()
        await all_of_it.sender()
        assert len({lease.holder for lease in all_of_it.senders}) >= 3
        assert len(all_of_it.processes) == PROCESSES - 1
        await all_of_it.end()
        all_of_it.check()
