"""Several real processes on Postgres: whatever befalls one of them, one works, never two, and all is said once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals

import pytest

from tests.fakes.fleet import fleet
from tests.fakes.leaseholder import Crowd, check, prepare, read, token_of
from tests.fakes.patience import passed
from tests.fakes.postgres import UNTRIED, NoPostgres, Postgres, serving

SECONDS, POLL = 1.5, 0.2
LONG = 600.0
"""A lease whose end no test waits for."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server of our own, for it is restarted."""
    try:
        with serving() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(f"{UNTRIED}: {reason}")


@asynccontextmanager
async def crowd(postgres: Postgres, folder: Path, seconds: float = SECONDS) -> AsyncIterator[Crowd]:
    """Two processes, of which `a` works; what they did is checked at the end. Their leases last for so long."""
    url = postgres.url("postgres")
    await prepare(url)
    made = Crowd(url, folder / "world", seconds, POLL)
    try:
        await made.start("a")
        await made.until(lambda: made.working() == "a")
        await made.start("b")
        yield made
        check(read(made.world))
    finally:
        await made.end()


async def test_one_that_ends_hands_over_at_once(postgres: Postgres, tmp_path: Path) -> None:
    async with crowd(postgres, tmp_path, LONG) as both:
        await both.signal("a", SIGTERM)
        assert read(both.world)[-1].what == "end" or both.working() == "b"
        await both.until(lambda: both.working() == "b")
        assert read(both.world)[-1].token == 2


async def test_one_that_is_killed_is_replaced_when_its_lease_is_over(postgres: Postgres, tmp_path: Path) -> None:
    async with crowd(postgres, tmp_path) as both:
        # The other must have seen it renewed: then it goes by its own time.
        await asyncio.sleep(SECONDS)
        await both.signal("a", SIGKILL)
        killed = time.monotonic()
        await both.until(lambda: both.working() == "b")
        assert passed(SECONDS / 2, killed, time.monotonic())
        await both.goes_on()
        assert read(both.world)[-1].token == 2


async def test_a_process_stopped_past_its_lease_does_nothing_when_it_wakes(postgres: Postgres, tmp_path: Path) -> None:
    async with crowd(postgres, tmp_path) as both:
        await both.signal("a", SIGSTOP)
        await both.until(lambda: both.working() == "b")
        await both.signal("a", SIGCONT)
        await asyncio.sleep(2 * POLL)
        # That nothing came from the one that woke is what `check` sees; the other goes on, and so do its rows.
        await both.goes_on()
        assert both.working() == "b"
        assert await token_of(both.url) == read(both.world)[-1].token


async def test_a_crash_of_the_database_is_survived(postgres: Postgres, tmp_path: Path) -> None:
    async with crowd(postgres, tmp_path) as both:
        await asyncio.to_thread(postgres.stop, crash=True)
        await asyncio.sleep(SECONDS)
        # Nobody can renew: nobody works.
        silence = len(read(both.world))
        await asyncio.sleep(POLL)
        assert len(read(both.world)) == silence
        await asyncio.to_thread(postgres.start)
        await both.goes_on()


DUE = 60


@pytest.mark.parametrize("what", [SIGKILL, SIGSTOP], ids=["killed", "stopped"])
async def test_two_that_deliver_lose_and_double_nothing(what: Signals, postgres: Postgres, tmp_path: Path) -> None:
    """Four processes and a million members are in `tests/soak`; this is their small version."""
    database = f"fleet{what}"
    await asyncio.to_thread(postgres.execute, f"CREATE DATABASE {database}")
    async with fleet(tmp_path, postgres.url(database), DUE, DUE) as both:
        # Long enough that what befalls the one that sends meets messages on their way.
        both.discord.fail("POST", r"/messages$", delay=0.2, times=10**9)
        await both.serve(2)
        await both.fall_due()
        await both.until_said(0.2)
        first = await both.another_sender()
        await both.befalls(first, what)
        second = await both.another_sender(first)
        assert both.said < DUE
        await both.until_said(0.6)
        if what == SIGSTOP:
            # Past its lease: it sends nothing.
            first.send_signal(SIGCONT)
        await both.until_said(1)
        await both.until_settled()
        assert await both.sender() is second
        await both.end()
        both.check()
