"""/healthz and /metrics: who watches over the bot hears whether database and platforms are well."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from sqlalchemy import event, insert, text

from bot.delivery import Status
from bot.health import DISCONNECTED, Health
from bot.metrics import Metrics
from bot.store import Store, Unavailable, facts
from bot.tables import deliveries
from tests.fakes.memory import MemoryPlatform
from tests.fakes.migrated import migrate
from tests.fakes.patience import PATIENCE

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CONNECTED = Status(True, 60)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no reason to call a database silent."""
    monkeypatch.setattr("bot.health.DATABASE_TIMEOUT", PATIENCE)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'roadmate.db'}")
    await migrate(store)
    yield store
    await store.close()


@dataclass
class Standing(MemoryPlatform):
    """A platform that is as the test says."""

    stands: Status = CONNECTED

    def status(self) -> Status:
        """As it was told."""
        return self.stands


def health(store: Store, **platforms: Status) -> Health:
    return Health(store, {name: Standing(name, stands=stands) for name, stands in platforms.items()}, lambda: NOON)


async def queue(store: Store, due: datetime) -> None:
    """A delivery that has not arrived."""
    row = {"key": str(due), "kind": "study", "platform": "memory", "chat": "@1", "local_date": date(2026, 11, 20)}
    moments = {"due_at": due, "expires_at": due + timedelta(hours=3), "next_at": due}
    async with store.writing() as db:
        await db.execute(insert(deliveries).values(state="queued", **row, **moments))


async def ask(port: int | None, path: str = "/healthz") -> tuple[int, Any]:
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        body = await response.json() if response.content_type == "application/json" else None
        return response.status, body


async def test_a_current_database_is_well(store: Store) -> None:
    async with health(store).serving(0) as port:
        assert port != 0
        status, report = await ask(port)
        assert (await ask(port, "/"))[0] == 404
    assert status == 200
    assert report == {
        "status": "ok",
        "database": "ok",
        "platforms": {},
        "oldest_undelivered_seconds": 0,
        "time": "2026-11-20T12:00:00+00:00",
    }


# ------------------------------------------------------------ platforms


async def test_each_platform_tells_how_it_is(store: Store) -> None:
    connected = Status(True, 3600.04, how="gateway", heard=1.26, latency=0.0421)
    well, report = await health(store, discord=connected, telegram=Status(True, 5, how="polling")).report()
    assert well
    assert report["platforms"] == {
        "discord": {
            "state": "connected",
            "for_seconds": 3600,
            "by": "gateway",
            "heard_seconds_ago": 1.3,
            "latency_ms": 42,
        },
        "telegram": {"state": "connected", "for_seconds": 5, "by": "polling"},
    }


@pytest.mark.parametrize("latency", [inf, float("nan")])
async def test_a_latency_that_is_not_known_is_not_told(store: Store, latency: float) -> None:
    async with health(store, discord=Status(True, 5, latency=latency)).serving(0) as port:
        status, report = await ask(port)
    assert status == 200
    assert report["platforms"]["discord"] == {"state": "connected", "for_seconds": 5}


@pytest.mark.parametrize(
    ("stands", "well", "state"),
    [
        (Status(False, DISCONNECTED - 1), True, "disconnected"),
        (Status(False, DISCONNECTED), False, "disconnected"),
        # Another process has it.
        (Status(False, 9 * DISCONNECTED, standby=True), True, "standby"),
        (Status(True, 9 * DISCONNECTED), True, "connected"),
    ],
)
async def test_a_platform_that_is_away_for_minutes_is_failing(
    store: Store, stands: Status, well: bool, state: str
) -> None:
    async with health(store, telegram=stands, discord=Status(True, 1)).serving(0) as port:
        status, report = await ask(port)
    assert (status, report["status"]) == ((200, "ok") if well else (503, "failing"))
    assert report["platforms"]["telegram"]["state"] == state
    assert report["database"] == "ok"


# ------------------------------------------------------------ deliveries


async def test_what_is_late_is_told_and_is_no_reason_to_restart(store: Store) -> None:
    await queue(store, NOON - timedelta(hours=2))
    await queue(store, NOON - timedelta(minutes=1))
    well, report = await health(store).report()
    assert (well, report["oldest_undelivered_seconds"]) == (True, 7200)


async def test_what_is_not_due_yet_is_not_late(store: Store) -> None:
    await queue(store, NOON + timedelta(hours=2))
    assert (await health(store).report())[1]["oldest_undelivered_seconds"] == 0


# ------------------------------------------------------------ figures


async def scrape(port: int | None) -> tuple[str, list[str]]:
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        assert response.status == 200
        return response.headers["Content-Type"], (await response.text()).splitlines()


async def test_prometheus_is_served_on_the_same_port(store: Store) -> None:
    await queue(store, NOON - timedelta(minutes=2))
    async with health(store, telegram=Status(True, 60, heard=2.5), discord=Status(False, 1)).serving(0) as port:
        kind, lines = await scrape(port)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    for line in (
        "roadmate_database_up 1.0",
        'roadmate_undelivered{state="queued"} 1.0',
        "roadmate_overdue 1.0",
        "roadmate_oldest_undelivered_seconds 120.0",
        'roadmate_platform_connected{platform="telegram"} 1.0',
        'roadmate_platform_connected{platform="discord"} 0.0',
        'roadmate_platform_silent_seconds{platform="telegram"} 2.5',
    ):
        assert line in lines


async def test_figures_are_given_also_without_a_database(store: Store, tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.answered("done", 0.02, False)
    (tmp_path / "roadmate.db").rename(tmp_path / "elsewhere.db")
    async with Health(store, {}, lambda: NOON, metrics).serving(0) as port:
        _, lines = await scrape(port)
    assert "roadmate_database_up 0.0" in lines
    assert "roadmate_oldest_undelivered_seconds NaN" in lines
    assert 'roadmate_command_seconds_count{command="done"} 1.0' in lines


# ------------------------------------------------------------ the port


async def test_a_webhook_is_served_beside_them_and_only_posted_to(store: Store) -> None:
    async def heard(request: web.Request) -> web.Response:
        return web.json_response({"heard": await request.text()})

    hooked = Health(store, {}, lambda: NOON, hooks={"/telegram/hook": heard})
    async with hooked.serving(0) as port:
        async with ClientSession() as session:
            url = f"http://127.0.0.1:{port}/telegram/hook"
            async with session.post(url, data="an update") as response:
                assert await response.json() == {"heard": "an update"}
            async with session.get(url) as response:
                assert response.status == 405
        assert (await ask(port))[0] == 200


async def test_without_a_port_nothing_is_served(store: Store) -> None:
    async with health(store).serving(None) as port:
        assert port is None


# ------------------------------------------------------------ the database


async def test_a_database_that_was_moved_away_is_noticed_and_no_empty_one_made(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "roadmate.db"
    async with health(store).serving(0) as port:
        assert (await ask(port))[0] == 200
        file.rename(tmp_path / "elsewhere.db")
        status, report = await ask(port)
        assert (status, report["status"], report["database"]) == (503, "failing", "the file is gone")
        assert not file.exists()
        (tmp_path / "elsewhere.db").rename(file)
        assert (await ask(port))[0] == 200


async def test_an_empty_database_is_not_well(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    file.touch()
    empty = Store.open(f"sqlite+aiosqlite:///{file}")
    try:
        assert await health(empty).report() == (
            False,
            {
                "status": "failing",
                "database": "not current",
                "platforms": {},
                "oldest_undelivered_seconds": None,
                "time": NOON.isoformat(),
            },
        )
    finally:
        await empty.close()


async def test_a_database_of_another_version_is_not_well(store: Store) -> None:
    async with store.writing() as db:
        await db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    well, report = await health(store).report()
    assert not well
    assert report["database"] == "not current"


async def test_a_database_that_refuses_is_named_by_its_error_alone() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, and not listening: whoever connects is refused
        port = reserved.getsockname()[1]
        store = Store.open(f"postgresql+asyncpg://asha:geheim@127.0.0.1:{port}/roadmate")
        async with health(store).serving(0) as served:
            status, report = await ask(served)
        await store.close()
    assert (status, report["database"]) == (503, "ConnectionRefusedError")
    assert "geheim" not in str(report)


async def test_a_database_that_is_silent_counts_as_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.health.DATABASE_TIMEOUT", 0.1)

    with socket.create_server(("127.0.0.1", 0)) as listening:  # takes connections, and nobody reads them
        port = listening.getsockname()[1]
        store = Store.open(f"postgresql+asyncpg://asha@127.0.0.1:{port}/roadmate?ssl=disable")
        well, report = await health(store).report()
        await store.close()
    assert (well, report["database"]) == (False, "TimeoutError")


async def test_a_database_that_takes_no_writes_is_failing_until_it_does(store: Store) -> None:
    """A full disk, a read-only file: it can be read, and nobody could be reminded."""
    refusing = False

    def refuse(connection: Any) -> None:
        if refusing:
            connection.exec_driver_sql("PRAGMA query_only=1")
            connection.info.clear()

    async def write() -> None:
        async with store.writing() as db:
            await facts.remember_zone_rules(db, "other rules")

    event.listen(store.engine.sync_engine, "begin", refuse)
    async with health(store).serving(0) as port:
        assert (await ask(port))[0] == 200
        refusing = True
        with pytest.raises(Unavailable):
            await write()
        status, report = await ask(port)
        assert (status, report["status"]) == (503, "failing")
        assert report["database"] == "takes no writes: SQLITE_READONLY"
        assert report["oldest_undelivered_seconds"] == 0
        refusing = False
        assert (await ask(port))[0] == 200


async def test_a_taken_port_is_an_error_that_names_it(store: Store) -> None:
    async with health(store).serving(0) as port:
        with pytest.raises(OSError, match=str(port)):
            async with health(store).serving(port):
                pytest.fail("two servers on one port")
