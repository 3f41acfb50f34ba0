"""Migrations: from empty to what the tables say, once, by one process, and back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, UniqueConstraint, inspect, select, text

from bot.store import Store, schema
from bot.store.totals import recount
from bot.tables import accounts, checkins, groups, metadata, streaks, totals

ROOT = Path(__file__).parents[2]

TRIGGERS = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT pg_get_triggerdef(t.oid), p.prosrc FROM pg_trigger AS t "
    "JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal",
}
"""What the database does by itself, in each one's own words."""


@pytest.fixture
async def bare(empty: str) -> AsyncIterator[Store]:
    """A store on a database without tables."""
    store = Store.open(empty)
    yield store
    await store.close()


async def tables_of(store: Store) -> set[str]:
    async with store.reading() as db:
        return set(await db.run_sync(lambda connection: inspect(connection).get_table_names()))


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_an_empty_database_becomes_what_the_tables_say(bare: Store) -> None:
    assert await schema.revision(bare) is None
    assert await schema.upgrade_tables(bare) is True
    assert await schema.revision(bare) == schema.newest()
    async with bare.reading() as db:
        assert await db.run_sync(differences) == []


async def test_the_comparison_would_notice(bare: Store) -> None:
    """Proof that the test above can fail: a table and a column too many, an index too few."""
    await schema.upgrade_tables(bare)
    async with bare.writing() as db:
        await db.execute(text("CREATE TABLE stray (id INTEGER)"))
        await db.execute(text("ALTER TABLE members ADD COLUMN stray INTEGER"))
        await db.execute(text("DROP INDEX ix_reminders_next_due_at"))
    async with bare.reading() as db:
        assert len(await db.run_sync(differences)) == 3


def _conditions(index: Any) -> str:
    return str({name: str(value) for name, value in index.get("dialect_options", {}).items()})


async def test_constraints_and_partial_indexes_are_migrated_too(bare: Store) -> None:
    """What Alembic does not compare: checks, the conditions of unique indexes, and triggers."""

    def rules(connection: Connection) -> dict[str, object]:
        look = inspect(connection)
        return {
            name: (
                sorted((str(check["name"]), str(check["sqltext"])) for check in look.get_check_constraints(name)),
                sorted((str(index["name"]), _conditions(index)) for index in look.get_indexes(name)),
                sorted(str(unique["column_names"]) for unique in look.get_unique_constraints(name)),
                sorted(str(key["constrained_columns"]) for key in look.get_foreign_keys(name)),
            )
            for name in sorted(metadata.tables)
        } | {"triggers": sorted(str(row) for row in connection.exec_driver_sql(TRIGGERS[connection.dialect.name]))}

    await schema.upgrade_tables(bare)
    async with bare.reading() as db:
        migrated = await db.run_sync(rules)
    assert migrated["triggers"]
    async with bare.writing() as db:
        await db.run_sync(metadata.drop_all)
        await db.run_sync(metadata.create_all)
    async with bare.reading() as db:
        assert migrated == await db.run_sync(rules)


async def test_upgrading_twice_does_nothing(bare: Store) -> None:
    assert await schema.upgrade_tables(bare) is True
    assert await schema.upgrade_tables(bare) is False


async def test_a_newer_database_is_refused(bare: Store) -> None:
    await schema.upgrade_tables(bare)
    async with bare.writing() as db:
        await db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.NewerDatabase, match="9999"):
        await schema.upgrade_tables(bare)


async def test_down_again_leaves_nothing_and_up_again_works(bare: Store) -> None:
    await schema.upgrade_tables(bare)
    async with bare.rebuilding() as db:
        await db.run_sync(lambda connection: command.downgrade(schema.configuration(connection), "base"))
    assert await tables_of(bare) == {"alembic_version"}
    assert await schema.upgrade_tables(bare) is True
    assert await tables_of(bare) == {"alembic_version", *metadata.tables}


async def test_who_was_met_before_has_no_channel_yet(bare: Store) -> None:
    """From 0002, with rows."""

    def upgrade(connection: Connection, to: str) -> None:
        command.upgrade(schema.configuration(connection), to)

    async with bare.writing() as db:
        await db.run_sync(upgrade, "0002")
        moment = "'2026-11-20 12:00:00'"
        await db.execute(
            text(
                "INSERT INTO members (id, name, zone, zone_confirmed, day_start, language, onboarding, created_at)"
                f" VALUES (1, 'Asha', 'UTC', false, 0, 'en', false, {moment})"
            )
        )
        await db.execute(
            text(
                "INSERT INTO accounts (platform, account, member, name, dm, seen_at)"
                f" VALUES ('discord', '7', 1, 'Asha', 'open', {moment})"
            )
        )
    assert await schema.upgrade_tables(bare) is True
    async with bare.reading() as db:
        assert (await db.execute(select(accounts.c.account, accounts.c.dm, accounts.c.channel))).all() == [
            ("7", "open", None)
        ]
    async with bare.rebuilding() as db:
        await db.run_sync(lambda connection: command.downgrade(schema.configuration(connection), "0002"))
        assert (await db.execute(text("SELECT name FROM accounts"))).scalars().all() == ["Asha"]


async def test_a_table_that_others_refer_to_is_rebuilt_with_all_its_rows(bare: Store) -> None:
    """From 0003: a check-in that was taken back refers to another, and all to their changes."""

    def upgrade(connection: Connection, to: str) -> None:
        command.upgrade(schema.configuration(connection), to)

    moment, day = "'2026-11-20 12:00:00'", "'2026-11-20'"
    stamp = f"{moment}, {day}, 'UTC', 0"
    async with bare.writing() as db:
        await db.run_sync(upgrade, "0003")
        await db.execute(
            text(
                "INSERT INTO members (id, name, zone, zone_confirmed, day_start, language, onboarding, created_at)"
                f" VALUES (1, 'Asha', 'UTC', false, 0, 'en', false, {moment})"
            )
        )
        for id, undoes in ((1, "NULL"), (2, "1")):
            await db.execute(
                text(
                    "INSERT INTO changes (id, member, at, local_date, zone, day_start, command, summary, effects,"
                    " update_key, undoes)"
                    f" VALUES ({id}, 1, {stamp}, 'checkin', '[]', '[]', 'u{id}', {undoes})"
                )
            )
            await db.execute(
                text(
                    "INSERT INTO checkins"
                    " (id, member, change, track, studied, minutes, at, local_date, zone, day_start, reverts)"
                    f" VALUES ({id}, 1, {id}, 'study', true, 30, {stamp}, {undoes})"
                )
            )
    assert await schema.upgrade_tables(bare) is True
    async with bare.rebuilding() as db:
        assert (await db.execute(select(checkins.c.id, checkins.c.change, checkins.c.reverts))).all() == [
            (1, 1, None),
            (2, 2, 1),
        ]
        await db.run_sync(lambda connection: command.downgrade(schema.configuration(connection), "0003"))
        assert (await db.execute(text("SELECT id, undoes FROM changes ORDER BY id"))).all() == [(1, None), (2, 1)]


async def test_a_rebuilding_that_loses_rows_others_refer_to_is_taken_back(bare: Store) -> None:
    if not bare.sqlite:
        return
    await schema.upgrade_tables(bare)
    moment = "'2026-11-20 12:00:00'"
    with pytest.raises(RuntimeError, match="refer to rows which are not there"):
        async with bare.rebuilding() as db:
            await db.execute(
                text(
                    "INSERT INTO accounts (platform, account, member, name, dm, seen_at)"
                    f" VALUES ('discord', '7', 99, 'Asha', 'open', {moment})"
                )
            )
    async with bare.reading() as db:
        assert (await db.execute(select(accounts))).all() == []


def test_no_index_holds_rows_that_have_no_value_in_its_first_column() -> None:
    """They would share one place in it, and a question for them would read nearly the whole table."""
    whole = [
        index.name
        for table in metadata.sorted_tables
        for index in table.indexes
        if (first := next(iter(index.columns))).nullable
        and not str(index.dialect_options["sqlite"]["where"]).replace('"', "").endswith(f"{first.name} IS NOT NULL")
    ]
    unique = [
        constraint.name
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint) and next(iter(constraint.columns)).nullable
    ]
    assert whole + unique == []


async def test_a_group_of_before_goes_on_in_the_language_of_who_set_it_up(bare: Store) -> None:
    """From 0004, with rows; and back, with members and homes that point to the groups."""

    def go(connection: Connection, way: str, to: str) -> None:
        getattr(command, way)(schema.configuration(connection), to)

    moment = "'2026-11-20 12:00:00'"
    async with bare.writing() as db:
        await db.run_sync(go, "upgrade", "0004")
        for id, language in ((1, "en"), (2, "de")):
            await db.execute(
                text(
                    "INSERT INTO members (id, name, zone, zone_confirmed, day_start, language, onboarding, created_at)"
                    f" VALUES ({id}, 'Asha', 'UTC', false, 0, '{language}', false, {moment})"
                )
            )
        for id, leader in ((1, "2"), (2, "NULL"), (3, "99")):
            row = f"{id}, 'Backend', 'UTC', 1200, 6, 1080, {leader}, {moment}"
            names = "id, name, zone, checkin_minute, recap_day, recap_minute, leader, created_at"
            await db.execute(text(f"INSERT INTO groups ({names}) VALUES ({row})"))
        await db.execute(text("UPDATE members SET main_group = 1"))
        names = '"group", platform, chat, thread, name'
        await db.execute(text(f"INSERT INTO homes ({names}) VALUES (1, 'x', '1', '', 'x')"))
    assert await schema.upgrade_tables(bare) is True
    async with bare.reading() as db:
        found = (await db.execute(select(groups.c.id, groups.c.language).order_by(groups.c.id))).all()
        # Nobody knows of the second who set it up, and the third's leader is gone: the installation's language.
        assert [tuple(row) for row in found] == [(1, "de"), (2, "de"), (3, "de")]
    async with bare.writing() as db:
        await db.run_sync(go, "downgrade", "0004")
        assert (await db.execute(text("SELECT name FROM homes"))).scalars().all() == ["x"]
        assert (await db.execute(text("SELECT main_group FROM members"))).scalars().all() == [1, 1]


async def test_a_failing_migration_leaves_the_database_as_it_was(bare: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(connection: Connection) -> None:
        metadata.tables["groups"].create(connection)
        raise ZeroDivisionError

    monkeypatch.setattr(schema, "_upgrade", half)
    with pytest.raises(ZeroDivisionError):
        await schema.upgrade_tables(bare)
    assert await tables_of(bare) == set()


UPGRADE = """
import asyncio, sys
from bot.store import Store, schema

async def main():
    store = Store.open(sys.argv[1])
    await schema.upgrade_tables(store)
    assert await schema.revision(store) == schema.newest()
    await store.close()

asyncio.run(main())
"""


async def test_two_processes_upgrade_at_once(bare: Store, empty: str) -> None:
    async def process() -> tuple[int | None, str]:
        started = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            UPGRADE,
            empty,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
        )
        _, errors = await started.communicate()
        return started.returncode, errors.decode()

    for code, errors in await asyncio.gather(process(), process()):
        assert (code, errors) == (0, "")
    assert await tables_of(bare) == {"alembic_version", *metadata.tables}


def test_the_newest_revision_is_the_head_of_the_scripts() -> None:
    """`newest` reads file names, so that a start need not import Alembic: they must tell the truth."""
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert scripts.get_heads() == [schema.newest()]
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)


async def test_what_was_done_before_is_added_up_by_the_upgrade(bare: Store) -> None:
    """From 0005, with rows: what the upgrade works out is what a recount gives."""
    moment = "'2026-11-20 12:00:00'"
    days = [f"2026-11-{number:02}" for number in (1, 12, 13, 16, 17, 18, 19)]
    async with bare.writing() as db:
        await db.run_sync(lambda connection: command.upgrade(schema.configuration(connection), "0005"))
        for id, paused in ((1, "NULL"), (2, "'2026-11-14'"), (3, "NULL")):
            await db.execute(
                text(
                    "INSERT INTO members (id, name, zone, zone_confirmed, day_start, language, onboarding, created_at,"
                    f" paused_from) VALUES ({id}, 'Asha', 'UTC', false, 0, 'en', false, {moment}, {paused})"
                )
            )
            stamp = f"{moment}, '2026-11-20', 'UTC', 0"
            await db.execute(
                text(
                    "INSERT INTO changes (id, member, at, local_date, zone, day_start, command, summary, effects)"
                    f" VALUES ({id}, {id}, {stamp}, 'checkin', '[]', '[]')"
                )
            )
            row = f"{id}, {id}, 'backend', 60, '2026-11-01', {moment}"
            await db.execute(
                text(f"INSERT INTO enrolments (id, member, roadmap, minutes_a_day, started_on, used_at) VALUES ({row})")
            )
        await db.execute(
            text(
                "INSERT INTO reminders (kind, member, minute, days, place) VALUES ('study', 1, 1200, 31, 'dm')",
            )
        )
        for member, some in ((1, days), (2, days[:3])):
            for number, day in enumerate(some):
                names = "member, change, track, studied, minutes, at, local_date, zone, day_start"
                row = f"{member}, {member}, 'study', {number != 1}, 300, {moment}, '{day}', 'UTC', 0"
                for _ in range(2):
                    await db.execute(text(f"INSERT INTO checkins ({names}) VALUES ({row})"))
                names = "enrolment, change, step, kind, at, local_date, zone, day_start"
                row = f"{member}, {member}, 'sql', 'done', {moment}, '{day}', 'UTC', 0"
                await db.execute(text(f"INSERT INTO step_events ({names}) VALUES ({row})"))
    assert await schema.upgrade_tables(bare) is True
    async with bare.writing() as db:
        kept = [(await db.execute(select(table).order_by(*table.primary_key))).all() for table in (totals, streaks)]
        assert (1, "all", date(1970, 1, 1), 7 * 360, 1, 7) in [tuple(row) for row in kept[0]]
        assert [tuple(row) for row in kept[1]] == [
            (1, 6, date(2026, 11, 19), date(2026, 11, 20)),
            (2, 2, date(2026, 11, 13), date.max),
        ], "who studies from Monday to Friday goes on over a weekend; a pause keeps a streak"
        for member in (1, 2, 3):
            await recount(db, member)
        again = [(await db.execute(select(table).order_by(*table.primary_key))).all() for table in (totals, streaks)]
    assert again == kept
