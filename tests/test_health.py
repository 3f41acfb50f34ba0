"""/healthz: who watches over the bot hears whether its database is there and current."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import text

from bot.app import Roadmate
from bot.health import Health
from bot.platforms.console.client import Console
from bot.store import Store, schema

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'roadmate.db'}")
    await schema.upgrade(store)
    yield store
    await store.close()


def health(store: Store) -> Health:
    return Health(store, {}, lambda: NOON)


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
    assert report == {"status": "ok", "database": "ok", "platforms": [], "time": "2026-11-20T12:00:00+00:00"}


async def test_platforms_are_named(store: Store) -> None:
    app = Roadmate(store, clock=lambda: NOON)
    app.add(Console(app.dispatch, app.clock, "UTC"))
    async with Health(store, app.platforms, app.clock).serving(0) as port:
        assert (await ask(port))[1]["platforms"] == ["console"]


async def test_without_a_port_nothing_is_served(store: Store) -> None:
    async with health(store).serving(None) as port:
        assert port is None


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
            {"status": "failing", "database": "not current", "platforms": [], "time": NOON.isoformat()},
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
    monkeypatch.setattr("bot.health.PATIENCE", 0.1)

    with socket.create_server(("127.0.0.1", 0)) as listening:  # takes connections, and nobody reads them
        port = listening.getsockname()[1]
        store = Store.open(f"postgresql+asyncpg://asha@127.0.0.1:{port}/roadmate?ssl=disable")
        well, report = await health(store).report()
        await store.close()
    assert (well, report["database"]) == (False, "TimeoutError")


async def test_a_taken_port_is_an_error_that_names_it(store: Store) -> None:
    async with health(store).serving(0) as port:
        with pytest.raises(OSError, match=str(port)):
            async with health(store).serving(port):
                pytest.fail("two servers on one port")
