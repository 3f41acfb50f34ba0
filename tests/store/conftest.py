"""A store on each database we serve: every test of this folder runs on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.store import Store
from bot.tables import metadata
from tests.fakes.migrated import migrate
from tests.fakes.postgres import UNTRIED, NoPostgres, Postgres, serving

EMPTY = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of a process; starting it takes about half a second."""
    try:
        with serving() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(f"{UNTRIED}: {reason}")


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    name = f"empty{next(EMPTY)}"
    server.execute(f"CREATE DATABASE {name}")
    return server.url(name)


@pytest.fixture(scope="session")
def prepared(postgres: Postgres) -> str:
    """The URL of one Postgres database with all tables, emptied before each test that uses it."""
    postgres.execute("CREATE DATABASE prepared")
    return postgres.url("prepared")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database for one test; the tables come with `store`."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    found: str = request.getfixturevalue("prepared")
    return found


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """A store with all tables, which are empty."""
    store = Store.open(url)
    if store.sqlite:
        await migrate(store)
    else:
        async with store.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield store
    await store.close()


@pytest.fixture
async def open_another(url: str, store: Store) -> AsyncIterator[Callable[[], Store]]:
    """Opens the same database again, as another process would."""
    opened: list[Store] = []

    def another() -> Store:
        opened.append(Store.open(url))
        return opened[-1]

    yield another
    for other in opened:
        await other.close()
