"""`roadmate doctor` finds what is wrong, says what to do, changes nothing and tells no secret."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import zoneinfo
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from rich.console import Console
from sqlalchemy import insert

from bot import tables
from bot.delivery import Address
from bot.examining import Finding
from bot.opening import Configured
from bot.operate import doctor
from bot.operate.doctor import database, deliveries, machine
from bot.platforms.discord import DISCORD
from bot.platforms.discord.doctor import EVERYTHING, Permission, granted
from bot.platforms.discord.settings import DiscordSettings
from bot.platforms.telegram import TELEGRAM
from bot.platforms.telegram.settings import TelegramSettings
from bot.settings import FromEnvironment, Settings
from bot.store import Store, belonging, homes, leases, schema
from tests.fakes import discord_server
from tests.fakes.discord_server import DiscordServer
from tests.fakes.migrated import migrate
from tests.fakes.postgres import UNTRIED, NoPostgres, Postgres, serving
from tests.fakes.telegram_server import TelegramServer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL_WELL: tuple[str, ...] = ()


def clock() -> datetime:
    return NOON


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is set where the tests run does not reach them; nor does a .env file."""
    models = (Settings, DiscordSettings, TelegramSettings)
    for name in (name for model in models for name in model.model_fields):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@dataclass(frozen=True)
class Installation:
    """What an operator has set: for all, and for each platform."""

    settings: Settings
    platforms: tuple[Configured, ...]


def settings(data: Path, **values: Any) -> Installation:
    """An installation with some settings; each value goes to whom it is known."""

    def known(model: type[FromEnvironment]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in model.model_fields}

    discord = DISCORD.configured(DiscordSettings(**known(DiscordSettings)))
    telegram = TELEGRAM.configured(TelegramSettings(**known(TelegramSettings)))
    return Installation(Settings(roadmate_data=data, **known(Settings)), (discord, telegram))


async def examine(here: Installation) -> list[Finding]:
    """What the doctor finds, after the promise that holds for every examination: no secret in it."""
    findings = await doctor.examine(here.settings, here.platforms)
    said = "\n".join(map(str, findings))
    for secret in (platform.settings.token for platform in here.platforms):
        assert secret is None or secret.get_secret_value() not in said
    return findings


def bad(findings: list[Finding], about: str = "") -> list[str]:
    return [str(finding) for finding in findings if finding.bad and about in finding.what]


def told(findings: list[Finding], words: str) -> Finding:
    found = [finding for finding in findings if words in str(finding)]
    assert len(found) == 1, f"{words!r} not once in {[str(finding) for finding in findings]}"
    return found[0]


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """The database as the bot leaves it in `tmp_path`, the data directory."""
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'roadmate.db'}")
    await migrate(store)
    yield store
    await store.close()


async def settle(store: Store, address: Address, name: str) -> None:
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend '27", "Asia/Kolkata", NOON)
        await homes.settle_in(db, group.id, address, name)


# ------------------------------------------------------------ words


def test_a_finding_says_ok_or_what_to_do() -> None:
    assert str(Finding("a disk")) == "ok a disk"
    assert str(Finding("no disk", "buy one")) == "!! no disk\n   → buy one"
    assert [Finding("a disk").bad, Finding("no disk", "buy one").bad] == [False, True]


# ------------------------------------------------------------ the machine


async def test_a_fresh_machine_is_well_and_stays_untouched(tmp_path: Path) -> None:
    findings = await examine(settings(tmp_path / "not" / "yet"))
    assert not bad(findings)
    assert "console chat" in told(findings, "settings:").what
    assert "to be made at the first start" in told(findings, "data directory").what
    assert "backend-ai-era" in told(findings, "roadmaps:").what
    assert "the first start makes it" in told(findings, "database:").what
    assert is_empty(tmp_path)


async def test_a_data_directory_that_is_a_file_or_full_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    finding = told(await examine(settings(tmp_path / "file")), "data directory")
    assert finding.bad
    assert "ROADMATE_DATA" in finding.remedy
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(100, 90, 10 * 1024**2))
    finding = told(await examine(settings(tmp_path)), "data directory")
    assert finding.bad
    assert "10 MB" in finding.what


async def test_the_directory_that_is_looked_at_is_the_one_that_is_written_to(tmp_path: Path) -> None:
    """ROADMATE_DATA counts for nothing where the database lies elsewhere; the console chat alone uses it always."""
    (tmp_path / "file").write_text("")
    serves = {"telegram_token": "not a token"}
    elsewhere = f"sqlite+aiosqlite:///{tmp_path / 'volume' / 'bot.db'}"
    findings = await examine(settings(tmp_path / "file", database_url=elsewhere, **serves))
    assert f"directory {tmp_path / 'volume'}: can be written to" in told(findings, "data directory").what
    findings = await examine(settings(tmp_path / "file", database_url=elsewhere))
    assert f"directory {tmp_path / 'file'}: cannot be written to" in bad(findings)[0]
    findings = await examine(settings(tmp_path, database_url=elsewhere.replace("volume", "file"), **serves))
    assert "DATABASE_URL" in bad(findings, "data directory")[0]
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        postgres = f"postgresql+asyncpg://asha@127.0.0.1:{reserved.getsockname()[1]}/roadmate"
        findings = await examine(settings(tmp_path / "file", database_url=postgres, **serves))
    assert not [str(finding) for finding in findings if "data directory" in finding.what]


def test_files_that_another_user_made_are_bad() -> None:
    """Who ran it once as root has such files; to root itself nothing is read-only."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        for name in ("roadmate.db", "roadmate.db-wal", "roadmate.db.serving"):
            (Path(folder) / name).touch(mode=0o444)
        done = subprocess.run([sys.executable, "-c", AS_NOBODY, folder], capture_output=True, text=True, check=True)
    assert "roadmate.db, roadmate.db-wal, roadmate.db.serving cannot be written to by this user" in done.stdout


AS_NOBODY = """
import os, sys
from pathlib import Path

from bot.operate.doctor import machine
from bot.settings import Settings

settings = Settings(roadmate_data=Path(sys.argv[1]))
# Once before: nobody may not read the modules it imports.
found = [*machine.examine_machine(settings, ())]
if os.getuid() == 0:
    os.setuid(65534)
    found = [*machine.examine_machine(settings, ())]
for finding in found:
    print(finding)
"""


async def test_broken_roadmaps_are_named_with_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.yaml").write_text("slug: broken\ntitle: [\n")
    monkeypatch.setattr(machine, "ROADMAPS", tmp_path)
    findings = await examine(settings(tmp_path))
    assert "broken.yaml:" in bad(findings, "roadmaps: broken")[0]
    assert bad(findings, "roadmaps: none")


async def test_missing_zones_are_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_timezones", set)
    assert "pip install tzdata" in bad(await examine(settings(tmp_path)), "time zones")[0]


@pytest.fixture
def zone_folder(tmp_path: Path) -> Iterator[Path]:
    """Where this process looks for the rules of time zones, with one zone in it."""
    folder = tmp_path / "zoneinfo"
    (folder / "Europe").mkdir(parents=True)
    packaged = resources.files("tzdata") / "zoneinfo" / "Europe" / "London"
    (folder / "Europe" / "London").write_bytes(packaged.read_bytes())
    os.utime(folder / "Europe" / "London", (0, 0))
    zoneinfo.reset_tzpath(to=[tmp_path / "none", folder])
    yield folder
    zoneinfo.reset_tzpath()


async def test_the_rules_of_time_zones_are_those_in_use(zone_folder: Path, tmp_path: Path) -> None:
    """The machine's own go before the package's, whichever is newer; without a version, when they were written."""
    told(await examine(settings(tmp_path)), f", rules of 1970-01-01 from {zone_folder}")
    (zone_folder / "+VERSION").write_text("2031z\n")
    told(await examine(settings(tmp_path)), f", rules 2031z from {zone_folder}")
    (zone_folder / "tzdata.zi").write_text("# version 2031y\n# the rest\n")
    told(await examine(settings(tmp_path)), f", rules 2031y from {zone_folder}")
    zoneinfo.reset_tzpath(to=[])
    told(await examine(settings(tmp_path)), f", rules {version('tzdata')} from the package tzdata")


# ------------------------------------------------------------ the database


async def test_a_current_database_is_well(store: Store, tmp_path: Path) -> None:
    await settle(store, Address("console", "study"), "study")
    findings = await examine(settings(tmp_path))
    assert not bad(findings)
    assert f"current ({schema.newest()}), one home" in told(findings, "database:").what


async def test_an_empty_database_will_get_its_tables(tmp_path: Path) -> None:
    (tmp_path / "roadmate.db").touch()
    assert "still empty" in told(await examine(settings(tmp_path)), "database:").what


@pytest.mark.parametrize(("revision", "is_bad"), [("0000", False), ("9999", True)])
async def test_an_older_database_is_upgraded_and_a_newer_is_bad(
    store: Store, tmp_path: Path, revision: str, is_bad: bool
) -> None:
    with sqlite3.connect(tmp_path / "roadmate.db") as db:
        db.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    db.close()
    finding = told(await examine(settings(tmp_path)), "database:")
    assert finding.bad is is_bad
    assert revision in finding.what


async def test_a_file_that_is_no_database_is_bad(tmp_path: Path) -> None:
    (tmp_path / "roadmate.db").write_bytes(b"what is this? " * 1000)
    assert "file is not a database" in bad(await examine(settings(tmp_path)), "database")[0]


async def test_a_damaged_database_is_bad(store: Store, tmp_path: Path) -> None:
    await settle(store, Address("console", "study"), "study")
    await store.close()
    with sqlite3.connect(tmp_path / "roadmate.db") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # An index that lacks what its table has: what a disk does when it forgets a page.
        db.execute("PRAGMA writable_schema=ON")
        db.execute("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'homes'")
    db.close()
    assert bad(await examine(settings(tmp_path)), "database")


async def test_a_zone_nobody_knows_any_more_is_bad(store: Store, tmp_path: Path) -> None:
    async with store.writing() as db:
        await belonging.found_group(db, "Old", "Mars/Olympus", NOON)
    assert "Mars/Olympus" in bad(await examine(settings(tmp_path)), "time zones")[0]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server with an empty database named roadmate."""
    try:
        with serving() as server:
            server.execute("CREATE DATABASE roadmate")
            yield server
    except NoPostgres as reason:
        pytest.skip(f"{UNTRIED}: {reason}")


async def test_postgres_is_examined_as_sqlite_is(postgres: Postgres, tmp_path: Path) -> None:
    here = settings(tmp_path, database_url=postgres.url("roadmate"))
    assert "still empty" in told(await examine(here), "database: Postgres").what
    store = Store.open(here.settings.database)
    await schema.upgrade_tables(store)
    await settle(store, Address("console", "study"), "study")
    await store.close()
    assert f"current ({schema.newest()}), one home" in told(await examine(here), "database:").what
    nowhere = settings(tmp_path, database_url=postgres.url("nowhere"))
    assert 'database "nowhere" does not exist' in bad(await examine(nowhere), "database")[0]


async def test_postgres_that_refuses_is_bad_and_its_password_stays_secret(tmp_path: Path) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, and not listening: whoever connects is refused
        port = reserved.getsockname()[1]
        url = f"postgresql+asyncpg://asha:geheim@127.0.0.1:{port}/roadmate"
        finding = told(await examine(settings(tmp_path, database_url=url)), "database:")
    assert finding.bad
    assert "127.0.0.1/roadmate" in finding.what
    assert "geheim" not in str(finding)


async def test_postgres_that_is_silent_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "EXAMINATION_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening:  # takes connections, and nobody reads them
        port = listening.getsockname()[1]
        url = f"postgresql+asyncpg://asha@127.0.0.1:{port}/roadmate?ssl=disable"
        assert "no answer" in bad(await examine(settings(tmp_path, database_url=url)), "database")[0]


# ------------------------------------------------------------ Discord


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(clock=clock) as server:
        yield server
        assert server.violations == []


def on_discord(data: Path, server: DiscordServer, **values: Any) -> Installation:
    return settings(data, **{"discord_token": server.token, "discord_api_url": server.api_url, **values})


async def test_discord_without_a_server_gives_the_invitation(discord: DiscordServer, tmp_path: Path) -> None:
    findings = await examine(on_discord(tmp_path, discord))
    assert "roadmate’s; no privileged intent" in told(findings, "the token is").what
    assert f"client_id={discord.bot.id}&" in told(findings, "in no server yet").remedy
    assert "the first start brings" in told(findings, "slash commands").what


@pytest.mark.parametrize("token", ["wrong.discord.token", "with a space", "with–a–dash"])
async def test_a_wrong_discord_token_is_told_from_a_network_fault(
    discord: DiscordServer, tmp_path: Path, token: str
) -> None:
    findings = await examine(on_discord(tmp_path, discord, discord_token=token))
    assert "Reset Token" in bad(findings, "Discord")[0]
    assert len(bad(findings)) == 1


Spoil = Callable[[DiscordServer], object]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda server: server.fail("GET", "/users/@me", status=503), "it answers 503"),
        (lambda server: server.fail("GET", "/users/@me", status=429), "it answers 429"),
        (lambda server: server.fail("GET", "/users/@me", drop=True, times=None), "Discord cannot be asked"),
        (lambda server: server.fail("GET", "/users/@me", delay=1.0), "no answer"),
    ],
)
async def test_a_discord_that_does_not_answer_is_bad(
    discord: DiscordServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Spoil, said: str
) -> None:
    monkeypatch.setattr("bot.examining.api.HTTP_TIMEOUT", 0.3)
    spoil(discord)
    found = bad(await examine(on_discord(tmp_path, discord)), "Discord")
    assert len(found) == 1
    assert said in found[0]
    assert "DISCORD_API_URL" in found[0]


async def test_an_address_that_does_not_exist_is_bad(tmp_path: Path) -> None:
    values = {"discord_token": "a.b.c", "discord_api_url": "http://discord.invalid/api/v10"}
    assert "its name is not found" in bad(await examine(settings(tmp_path, **values)), "Discord")[0]


async def test_more_servers_than_the_shards_may_have_are_bad(
    discord: DiscordServer, home: discord_server.Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.discord.doctor.MOST_SERVERS", 2)
    monkeypatch.setattr("bot.platforms.discord.doctor.SERVERS", 1)
    for name in ("Mathematics", "Physics"):
        discord.invite_bot(discord.add_guild(name, discord.add_user(name)))
    (found,) = bad(await examine(on_discord(tmp_path, discord)))
    assert "in 3 servers" in found
    assert "DISCORD_SHARDS=3" in found
    assert not bad(await examine(on_discord(tmp_path, discord, discord_shards=2)))


@pytest.fixture
def home(discord: DiscordServer) -> discord_server.Channel:
    """#study in a server the bot is in."""
    guild = discord.add_guild("Study", discord.add_user("asha"))
    channel = guild.add_channel("study")
    discord.invite_bot(guild)
    return channel


async def test_a_discord_home_where_the_bot_can_post(
    discord: DiscordServer, home: discord_server.Channel, store: Store, tmp_path: Path
) -> None:
    await settle(store, Address("discord", str(home.id)), "study")
    await settle(store, Address("discord", str(home.add_thread("september", discord.bot).id)), "september")
    findings = await examine(on_discord(tmp_path, discord))
    assert not bad(findings)
    assert "in 1 server" in told(findings, "server").what
    assert "the bot can post" in told(findings, "#study").what
    assert "the bot can post" in told(findings, "#september").what


async def test_missing_permissions_of_a_discord_home_are_named(
    discord: DiscordServer, home: discord_server.Channel, store: Store, tmp_path: Path
) -> None:
    thread = home.add_thread("september", discord.bot)
    await settle(store, Address("discord", str(home.id)), "study")
    await settle(store, Address("discord", str(thread.id)), "september")
    denied = discord_server.Permission
    home.deny(denied.SEND_MESSAGES | denied.EMBED_LINKS)
    findings = await examine(on_discord(tmp_path, discord))
    assert "lacks Send Messages, Embed Links\n" in bad(findings, "#study")[0]
    assert "lacks Embed Links\n" in bad(findings, "#september")[0]
    home.deny(denied.VIEW_CHANNEL)
    findings = await examine(on_discord(tmp_path, discord))
    assert "cannot see" in bad(findings, "#study")[0]
    home.delete()
    findings = await examine(on_discord(tmp_path, discord))
    assert "/setup" in bad(findings, "#study")[0]


GUILD = {
    "id": "1",
    "owner_id": "99",
    "roles": [
        {"id": "1", "permissions": str(Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES)},
        {"id": "2", "permissions": str(int(Permission.EMBED_LINKS))},
        {"id": "3", "permissions": str(1 << 3)},
    ],
}


def overwrite(id: str, allow: int = 0, deny: int = 0) -> dict[str, str]:
    return {"id": id, "allow": str(int(allow)), "deny": str(int(deny))}


@pytest.mark.parametrize(
    ("mine", "overwrites", "me", "expected"),
    [
        ({"1"}, [], "7", Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES),
        ({"1", "2"}, [], "7", Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | Permission.EMBED_LINKS),
        ({"1", "3"}, [overwrite("7", deny=EVERYTHING)], "7", EVERYTHING),
        ({"1"}, [], "99", EVERYTHING),
        # A private channel: closed to everybody, open to a role.
        ({"1"}, [overwrite("1", deny=Permission.VIEW_CHANNEL)], "7", 0),
        (
            {"1", "2"},
            [overwrite("1", deny=Permission.VIEW_CHANNEL), overwrite("2", allow=Permission.VIEW_CHANNEL)],
            "7",
            Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | Permission.EMBED_LINKS,
        ),
        # One's own overwrite wins over the roles', whatever their order; another role's does not count.
        (
            {"1", "2"},
            [
                overwrite("7", allow=Permission.SEND_MESSAGES),
                overwrite("2", deny=Permission.SEND_MESSAGES | Permission.EMBED_LINKS),
                overwrite("3", deny=Permission.VIEW_CHANNEL),
            ],
            "7",
            Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES,
        ),
    ],
)
def test_permissions_follow_discords_order(
    mine: set[str], overwrites: list[dict[str, str]], me: str, expected: int
) -> None:
    assert granted({**GUILD, "mine": mine}, {"permission_overwrites": overwrites}, me) == expected


# ------------------------------------------------------------ deliveries


async def deliver(store: Store, *rows: dict[str, Any]) -> None:
    """Deliveries as the courier leaves them, an hour ago unless they say otherwise."""
    due = NOON - timedelta(hours=1)
    base = {"kind": "study", "platform": "telegram", "chat": "@7", "local_date": NOON.date(), "state": "sent"}
    async with store.writing() as db:
        for number, row in enumerate(rows):
            moments = {"due_at": due, "expires_at": due + timedelta(hours=3)}
            await db.execute(insert(tables.deliveries).values(**(base | moments | {"key": f"k{number}"} | row)))


async def looked_at(here: Installation) -> deliveries.Deliveries:
    found = await deliveries.examine_deliveries(here.settings, NOON)
    assert not isinstance(found, Finding)
    return found


def page(found: deliveries.Deliveries, width: int = 80) -> str:
    terminal = Console(file=io.StringIO(), width=width, highlight=False)
    terminal.print(found.page())
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


LATE = {"state": "expired", "reason": "too late"}
REFUSED = {"kind": "group", "chat": "-100", "state": "failed", "reason": "lacks the permission to write"}


async def test_deliveries_that_went_well_are_counted_and_well(store: Store, tmp_path: Path) -> None:
    handed = {"handed_at": NOON - timedelta(minutes=59)}
    await deliver(store, handed, handed, {"kind": "recap", **handed}, {"state": "expired", "reason": "moot"})
    found = await looked_at(settings(tmp_path))
    assert found.findings == ()
    said = page(found)
    assert re.search(r"^study +· +· +2 +· +· +· +1$", said, re.MULTILINE)
    assert re.search(r"^recap +· +· +1 +· +· +· +·$", said, re.MULTILINE)
    assert "left 60 s after their moment (median), 99 % within 60 s, all within 60 s" in said
    assert "Nothing waits to be delivered." in said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (LATE, "1 dropped within a day"),
        (REFUSED, "1 post to groups failed"),
        ({"state": "queued", "due_at": NOON - timedelta(minutes=15), "next_at": NOON}, "has been due for 15 min"),
    ],
)
async def test_what_somebody_should_look_at_is_bad(
    store: Store, tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    await deliver(store, row)
    found = await looked_at(settings(tmp_path))
    assert [said in finding.what and finding.bad for finding in found.findings] == [True]
    assert found.figures()["well"] is False
    assert f"!! {found.findings[0].what}" in page(found, 200)


@pytest.mark.parametrize(
    "row",
    [
        # Members may block us, sleep and answer early; a week ago is history; a doubt is settled by its kind's rule.
        {"state": "failed", "reason": "bot was blocked by the user"},
        {"state": "expired", "reason": "too late: quiet hours"},
        {"state": "expired", "reason": "moot"},
        {"state": "doubtful", "reason": "held: it may have arrived", "doubts": 1},
        REFUSED | {"due_at": NOON - timedelta(days=2)},
        {"state": "queued", "due_at": NOON - timedelta(minutes=14), "next_at": NOON},
        {"state": "queued", "due_at": NOON + timedelta(minutes=14), "next_at": NOON + timedelta(minutes=14)},
    ],
)
async def test_what_is_as_it_should_be_is_well(store: Store, tmp_path: Path, row: dict[str, Any]) -> None:
    await deliver(store, row)
    assert (await looked_at(settings(tmp_path))).findings == ()


async def test_reasons_doubts_and_what_waits_are_told_in_eighty_columns(store: Store, tmp_path: Path) -> None:
    long = "Telegram answers: Bad Request: not enough rights to send text messages to the chat of this topic"
    waiting = {"state": "queued", "due_at": NOON - timedelta(minutes=40), "attempts": 3, "reason": "not connected"}
    await deliver(
        store,
        *(REFUSED | {"reason": long} for _ in range(3)),
        {"state": "failed", "reason": "bot was blocked by the user"},
        {"doubts": 1},
        {"state": "doubtful", "reason": "held: it may have arrived", "doubts": 1},
        waiting | {"next_at": NOON + timedelta(minutes=5)},
    )
    said = page(await looked_at(settings(tmp_path)))
    assert max(map(len, said.splitlines())) <= 80
    words = " ".join(said.split())
    assert "3 failed homes Telegram answers:" in words
    assert "1 failed members bot was blocked by the user" in words
    assert "in doubt for a while: 2, of which 1 held, 1 arrived or were sent again" in words
    assert "Waiting: 1, of which 0 could leave now." in words
    assert "study to a member on telegram, due for 40 min, tried 3 times, again in 5 min: not connected" in words


async def test_rare_reasons_are_summed_up(store: Store, tmp_path: Path) -> None:
    most = deliveries.MOST_FAULTS
    await deliver(store, *({"state": "failed", "reason": f"reason {number}"} for number in range(most + 3)))
    assert "for 3 other reasons" in page(await looked_at(settings(tmp_path)))


async def test_leases_are_shown_with_who_holds_them(store: Store, tmp_path: Path) -> None:
    async with store.writing() as db:
        await leases.acquire(db, "telegram:8123456789", "a-machine:4711:ab12cd34", 15, None)
        await leases.acquire(db, "discord:81384788765712384:0", "a-machine:4711:ab12cd34", 15, None)
        await leases.release(db, "discord:81384788765712384:0", 1)
    found = await looked_at(settings(tmp_path))
    assert [lease["name"] for lease in found.figures()["leases"]] == [
        "discord:81384788765712384:0",
        "telegram:8123456789",
    ]
    said = page(found)
    assert max(map(len, said.splitlines())) <= 80
    assert "telegram:8123456789" in said
    assert "given back" in said


async def test_the_figures_are_json(store: Store, tmp_path: Path) -> None:
    waiting = {"state": "queued", "next_at": NOON, "doubts": 1}
    await deliver(store, REFUSED, LATE, waiting, {"handed_at": NOON})
    figures = json.loads(json.dumps((await looked_at(settings(tmp_path))).figures()))
    assert figures["spans"]["24 h"]["deliveries"] == {
        "group": {"failed": 1},
        "study": {"expired": 1, "queued": 1, "sent": 1},
    }
    assert figures["spans"]["7 days"]["faults"][0] == {
        "state": "expired",
        "reason": "too late",
        "private": True,
        "count": 1,
    }
    assert figures["spans"]["24 h"]["lateness_seconds"] == {"count": 1, "median": 3600, "p99": 3600, "worst": 3600}
    assert (figures["waiting"]["queued"], figures["waiting"]["oldest"]) == (1, "2026-11-20T11:00:00+00:00")
    assert figures["oldest"]["due_at"] == "2026-11-20T11:00:00+00:00"


async def test_deliveries_are_looked_at_while_somebody_writes(store: Store, tmp_path: Path) -> None:
    await deliver(store, {})
    async with store.writing() as db:
        await db.execute(insert(tables.facts).values(name="a", value="b"))
        found = await looked_at(settings(tmp_path))
    assert sum(found.tallies["24 h"].states.values()) == 1


async def test_without_a_database_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    found = await deliveries.examine_deliveries(settings(tmp_path / "new").settings, NOON)
    assert isinstance(found, Finding)
    assert not found.bad
    assert "is not there yet" in found.what
    assert is_empty(tmp_path)


# ------------------------------------------------------------ Telegram


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(username="roadmate_bot", clock=clock) as server:
        yield server
        assert server.violations == []


def on_telegram(data: Path, server: TelegramServer, **values: Any) -> Installation:
    return settings(data, **{"telegram_token": server.token, "telegram_api_url": server.url, **values})


async def test_a_telegram_home_where_the_bot_can_post(telegram: TelegramServer, store: Store, tmp_path: Path) -> None:
    group = telegram.add_group("Study")
    await settle(store, Address("telegram", str(group.id)), "Study")
    findings = await examine(on_telegram(tmp_path, telegram))
    assert not bad(findings)
    assert "@roadmate_bot" in told(findings, "the token is").what
    assert "privacy mode is on, as it should be" in told(findings, "privacy").what
    assert "0 updates wait" in told(findings, "webhook").what
    assert "the bot can post" in told(findings, "Backend '27, Study").what


async def test_privacy_mode_off_is_no_fault(tmp_path: Path) -> None:
    async with TelegramServer(username="roadmate_bot", clock=clock, privacy=False) as server:
        findings = await examine(on_telegram(tmp_path, server))
    assert not told(findings, "privacy mode is off").bad


@pytest.mark.parametrize("token", ["1:wrong", "not a token", "../../getMe"])
async def test_a_wrong_telegram_token_is_bad(telegram: TelegramServer, tmp_path: Path, token: str) -> None:
    findings = await examine(on_telegram(tmp_path, telegram, telegram_token=token))
    assert "@BotFather" in bad(findings, "Telegram")[0]
    assert len(bad(findings)) == 1


OURS = "https://bot.example.org/telegram"


def by_webhook(data: Path, server: TelegramServer, **values: Any) -> Installation:
    hook = {"telegram_webhook_url": OURS, "telegram_webhook_secret": "s3cret-of-this-test", "http_port": 8080}
    return on_telegram(data, server, **{**hook, **values})


async def test_a_webhook_in_the_way_is_bad(telegram: TelegramServer, tmp_path: Path) -> None:
    telegram.profile.webhook = "https://example.org/123:somebodys-token"
    (said,) = bad(await examine(on_telegram(tmp_path, telegram)), "webhook")
    assert "start Roadmate again: it removes the webhook" in said
    assert "example.org" in said
    assert "somebodys-token" not in said


async def test_the_webhook_that_was_asked_for_is_well(telegram: TelegramServer, store: Store, tmp_path: Path) -> None:
    """Installed by webhook and served, or stopped, or not yet started: each is as it should be."""
    here = by_webhook(tmp_path, telegram)
    findings = await examine(here)
    assert not bad(findings)
    assert "the next start sets the webhook" in told(findings, "0 updates wait").what
    telegram.profile.webhook = OURS
    await serve(store, telegram)
    findings = await examine(here)
    assert not bad(findings)
    assert "posts updates to our webhook on bot.example.org; 0 updates wait" in told(findings, "updates wait").what
    assert "health checks and Telegram’s posts on port 8080" in told(findings, "settings:").what


async def serve(store: Store, server: TelegramServer) -> None:
    """Leave a lease as the process that serves the token has it."""
    async with store.writing() as db:
        await leases.acquire(db, f"telegram:{server.token.partition(':')[0]}", "a-machine:4711:ab12cd34", 15, None)


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ("https://example.org/123:somebodys-token", "to another address, on example.org"),
        ("https://bot.example.org/elsewhere", "to another address, on bot.example.org"),
        ("", "nowhere"),
    ],
)
async def test_another_webhook_than_ours_is_bad(
    telegram: TelegramServer, store: Store, tmp_path: Path, theirs: str, said: str
) -> None:
    telegram.profile.webhook = theirs
    await serve(store, telegram)
    (found,) = bad(await examine(by_webhook(tmp_path, telegram)))
    assert f"posts updates {said}" in found
    assert "start Roadmate again: it sets its own" in found
    assert "somebodys-token" not in found


async def test_a_webhook_that_answers_badly_is_bad_while_something_waits(
    telegram: TelegramServer, tmp_path: Path
) -> None:
    async def refusing(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=502)

    async with RawTestServer(refusing) as proxy:
        ours = str(proxy.make_url("/telegram"))
        telegram.profile.webhook = ours
        here = by_webhook(tmp_path, telegram, telegram_webhook_url=ours)
        assert not bad(await examine(here))
        await telegram.says(telegram.add_user("asha"), "/start")
        async with asyncio.timeout(5):
            while not telegram.profile.trouble:  # noqa: ASYNC110 -- what is waited for has no event
                await asyncio.sleep(0.01)
        (found,) = bad(await examine(here))
    assert "Wrong response from the webhook: 502; 1 updates wait" in found
    assert "HTTP_PORT" in found


@pytest.mark.parametrize("url", ["http://bot.example.org/telegram", "https://bot.example.org:8080/telegram"])
async def test_a_webhook_that_telegram_itself_would_not_post_to_is_bad(
    telegram: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """A local Bot API server posts anywhere, Telegram's own servers do not."""
    assert not bad(await examine(by_webhook(tmp_path, telegram, telegram_webhook_url=url)))
    monkeypatch.setattr("bot.platforms.telegram.doctor.API", telegram.url)
    (found,) = bad(await examine(by_webhook(tmp_path, telegram, telegram_webhook_url=url, telegram_api_url=None)))
    assert "443, 80, 88, 8443" in found


async def test_a_bot_that_was_restricted_and_left_is_not_in_the_group(store: Store, tmp_path: Path) -> None:
    await settle(store, Address("telegram", "-100"), "Study")
    member = {"status": "restricted", "is_member": False, "can_send_messages": True}
    answers = {"getMe": {"id": 1, "username": "b"}, "getWebhookInfo": {"url": "", "pending_update_count": 0}}

    async def telegram(request: web.BaseRequest) -> web.Response:
        method = request.path.rpartition("/")[2]
        return web.json_response({"ok": True, "result": {**answers, "getChat": {}, "getChatMember": member}[method]})

    async with RawTestServer(telegram) as server:
        values = {"telegram_token": "1:a", "telegram_api_url": str(server.make_url("/"))}
        assert "not in the group" in bad(await examine(settings(tmp_path, **values)), "Study")[0]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda server: server.fail("getMe", 502), "it answers 502"),
        (lambda server: server.fail("getMe", 429), "it answers 429"),
        (lambda server: server.fail("getMe", drop=True, times=None), "Telegram cannot be asked"),
    ],
)
async def test_a_telegram_that_does_not_answer_is_bad(
    telegram: TelegramServer, tmp_path: Path, spoil: Callable[[TelegramServer], object], said: str
) -> None:
    spoil(telegram)
    found = bad(await examine(on_telegram(tmp_path, telegram)), "Telegram")
    assert len(found) == 1
    assert said in found[0]


async def test_a_telegram_home_that_is_lost_or_mute_is_bad(
    telegram: TelegramServer, store: Store, tmp_path: Path
) -> None:
    kicked, mute, gone = telegram.add_group("Kicked"), telegram.add_group("Mute"), Address("telegram", "-100")
    kicked.kick_bot()
    mute.restrict_bot()
    for address, name in (
        (Address("telegram", str(kicked.id)), "Kicked"),
        (Address("telegram", str(mute.id)), "Mute"),
        (gone, "Gone"),
    ):
        await settle(store, address, name)
    findings = await examine(on_telegram(tmp_path, telegram))
    assert "bot was kicked" in bad(findings, "Kicked")[0]
    assert "may not send messages" in bad(findings, "Mute")[0]
    assert "chat not found" in bad(findings, "Gone")[0]


@pytest.mark.parametrize("answer", ["{}", "[]", "<html>Log in to the hotel's network</html>"])
async def test_an_address_where_somebody_else_answers_is_bad(tmp_path: Path, answer: str) -> None:
    async def anything(_request: web.BaseRequest) -> web.Response:
        return web.Response(text=answer)

    async with RawTestServer(anything) as server:
        url = str(server.make_url("/api"))
        values = {"discord_token": "a.b.c", "discord_api_url": url, "telegram_token": "1:a", "telegram_api_url": url}
        findings = await examine(settings(tmp_path, **values))
    assert [finding.what.partition(":")[0] for finding in findings if finding.bad] == [
        "Discord cannot be asked",
        "Telegram cannot be asked",
    ]


async def test_a_platform_that_is_not_served_is_not_asked(
    discord: DiscordServer, telegram: TelegramServer, tmp_path: Path
) -> None:
    await examine(settings(tmp_path, discord_api_url=discord.api_url, telegram_api_url=telegram.url))
    assert not discord.requests
    assert not telegram.requests


async def test_both_platforms_in_one_examination(
    discord: DiscordServer, telegram: TelegramServer, home: discord_server.Channel, tmp_path: Path
) -> None:
    values = {"telegram_token": telegram.token, "telegram_api_url": telegram.url, "http_port": 8080}
    findings = await examine(on_discord(tmp_path, discord, **values))
    assert not bad(findings)
    assert "serves Discord and Telegram; health checks on port 8080" in told(findings, "settings").what
