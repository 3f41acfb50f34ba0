"""`roadmate …` as an operator and a newcomer type it; nearly every test starts the real program."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.leases import serving
from bot.library import record_slugs
from bot.platforms import OFFERED
from bot.settings import FromEnvironment, Settings
from bot.store import Store, schema
from tests.fakes.patience import PATIENCE
from tests.fakes.telegram_server import TelegramServer

ROADMATE = (str(Path(sys.executable).parent / "roadmate"),)
MODULE = (sys.executable, "-m", "bot")
ROOT = Path(__file__).parents[1]
ZONE = "Asia/Kolkata"
MODELS: tuple[type[FromEnvironment], ...] = (Settings, *(offer.settings for offer in OFFERED))
SETTINGS = {name for model in MODELS for name in model.model_fields}


def run(
    folder: Path, *arguments: str, typed: str = "", program: tuple[str, ...] = ROADMATE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder that is its data directory too, with the lines typed on its standard input."""
    inherited = {name: value for name, value in os.environ.items() if name.lower() not in SETTINGS}
    return subprocess.run(
        [*program, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env={**inherited, "TZ": ZONE, "PYTHONUTF8": "1", "ROADMATE_DATA": str(folder), **environment},
        timeout=PATIENCE,
        check=False,
    )


def chat(folder: Path, *lines: str, program: tuple[str, ...] = ROADMATE) -> str:
    """What the console chat prints for these lines; it must end well and complain of nothing."""
    typed = "".join(f"{line}\n" for line in lines)
    done = run(folder, "chat", "--as", "asha", "--group", "study", typed=typed, program=program)
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    """What a refusal says: words, and neither a traceback nor anything on standard output."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


# ------------------------------------------------------------ the chat


def test_a_newcomers_first_chat_and_the_next_one(tmp_path: Path) -> None:
    told = chat(
        tmp_path,
        "/join backend-ai-era deadline:2027-05-20 hours:2",
        "/done http-rest proof:https://example.org/api",
        "/progress",
        "/leaderboard",
    )
    assert "until Thu 20 May 2027" in told
    assert told.count("1 of 10 steps done (10%)") == 2
    board = told.partition("/leaderboard")[2]
    assert re.search(r"^1\W+asha\b", board, re.MULTILINE)
    # The chat keeps to its own database, whose tables it made.
    assert {path.name for path in tmp_path.glob("*.db")} == {"chat.db"}

    told = chat(tmp_path, "/progress", "/undo", "/progress", program=MODULE)
    before, _, after = told.partition("asha@study> /undo")
    assert "1 of 10 steps done (10%)" in before
    assert after.count("0 of 10 steps done (0%)") == 2


def test_a_week_brings_seven_check_ins_seven_posts_and_one_recap(tmp_path: Path) -> None:
    now = datetime.now(ZoneInfo(ZONE))
    to_five = (41 * 60 - now.hour * 60 - now.minute) % (24 * 60) or 24 * 60
    # Asked at 20:00 and answered at 21:00: who does not answer is not asked for ever.
    day = (":forward 4h", "/checkin 30", ":forward 20h")
    told = chat(
        tmp_path,
        f":forward {to_five}m",
        "/join backend-ai-era in 6 months 2h",
        "/remind 20:00 daily dm",
        *(7 * day),
    )
    # A minute may have passed while the program started.
    assert re.search(r"It is \w+ \d+ \w+ 17:0[01]\.", told)
    week = told.partition(":forward 4h")[2]
    headings = re.findall(r"^── (\w+) \d+ \w+ (\d\d:\d\d) · (study|private, to asha)$", week, re.MULTILINE)
    days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
    mine = [(day, time) for day, time, where in headings if where == "private, to asha"]
    posts = [(day, time) for day, time, where in headings if where == "study" and time == "20:00"]
    recaps = [(day, time) for day, time, where in headings if where == "study" and time != "20:00"]
    assert sorted(mine) == sorted((day, "20:00") for day in days)
    assert sorted(posts) == sorted((day, "20:00") for day in days)
    assert recaps == [("Sun", "18:00")]
    assert week.count("Did you study today?") == 7
    assert week.count("Who studied today?") >= 7


def test_run_without_a_token_is_the_chat_and_says_how_to_connect(tmp_path: Path) -> None:
    done = run(tmp_path, "run", typed="/roadmaps\n")
    assert done.returncode == 0
    assert "backend-ai-era" in done.stdout
    assert "DISCORD_TOKEN" in done.stderr
    assert "TELEGRAM_TOKEN" in done.stderr


def test_a_damaged_chat_is_told_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "chat.db").write_bytes(b"no database, " * 500)
    told = refused(run(tmp_path, "chat"), 1)
    assert told == f"{tmp_path / 'chat.db'}: file is not a database. Without that file the chat begins anew.\n"


# ------------------------------------------------------------ settings


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_an_env_file_that_is_no_text_is_refused(tmp_path: Path, command: str) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00TOKEN")
    assert ".env cannot be read as UTF-8 text" in refused(run(tmp_path, command), 2)


def test_a_line_of_the_env_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('HTTP_PORT=0\nDISCORD_TOKEN="cut off')
    assert "line 2" in run(tmp_path, "doctor").stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HTTP_PORT", "abc", "valid integer"),
        ("HTTP_PORT", "70000", "less than or equal to 65535"),
        ("ROADMATE_LANGUAGE", "tlh", "one of en"),
        ("LOG_LEVEL", "loud", "one of DEBUG"),
        ("DATABASE_URL", "mysql://asha:geheim@db/roadmate", "begins with sqlite+aiosqlite://"),
        ("DATABASE_URL", "postgresql+asyncpg://asha:geh@im@db:port/x", "cannot be read"),
        ("TELEGRAM_API_URL", "api.telegram.org", "valid URL"),
    ],
)
def test_a_bad_setting_is_named_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["db", "upgrade"], env={"ROADMATE_DATA": str(tmp_path), name: value})
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{name}: ")
    assert said in done.stderr
    assert "geh" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_settings_are_read_from_a_file_and_every_bad_one_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HTTP_PORT=abc\nLOG_LEVEL=loud\n")
    told = refused(run(tmp_path, "doctor"), 2)
    assert [line.partition(":")[0] for line in told.splitlines()] == ["HTTP_PORT", "LOG_LEVEL"]


# ------------------------------------------------------------ the database


def test_the_database_is_upgraded_once(tmp_path: Path) -> None:
    first, second = run(tmp_path, "db", "upgrade"), run(tmp_path, "db", "upgrade")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "brought up to date" in first.stdout
    assert "is up to date" in second.stdout
    examined = run(tmp_path, "doctor")
    assert examined.returncode == 0
    assert f"current ({schema.newest()})" in examined.stdout


def test_a_database_out_of_reach_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = refused(run(tmp_path, "db", "upgrade", ROADMATE_DATA=str(tmp_path / "file")), 1)
    assert "roadmate doctor" in told
    examined = run(tmp_path, "doctor", ROADMATE_DATA=str(tmp_path / "file"))
    assert examined.returncode == 1
    assert "!! data directory" in examined.stdout
    assert "Traceback" not in examined.stderr


# ------------------------------------------------------------ serving


async def test_a_token_that_is_refused_is_told_in_words(tmp_path: Path) -> None:
    async with TelegramServer(username="roadmate_bot", clock=lambda: datetime.now(UTC)) as telegram:
        served = partial(run, tmp_path, "run", TELEGRAM_API_URL=telegram.url)
        done = await asyncio.to_thread(partial(served, TELEGRAM_TOKEN="1:wrong"))
    told = refused(done, 1)
    assert "Telegram" in told
    assert "1:wrong" not in told


async def test_a_taken_port_is_told_in_words(tmp_path: Path) -> None:
    async with TelegramServer(username="roadmate_bot", clock=lambda: datetime.now(UTC)) as telegram:
        port = telegram.url.rpartition(":")[2]
        served = partial(run, tmp_path, "run", TELEGRAM_API_URL=telegram.url)
        done = await asyncio.to_thread(partial(served, TELEGRAM_TOKEN=telegram.token, HTTP_PORT=port))
    told = refused(done, 1)
    assert port in told
    assert "address already in use" in told


def test_a_file_that_another_process_serves_is_refused_in_one_line(tmp_path: Path) -> None:
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'roadmate.db'}")
    with serving(store):
        told = refused(run(tmp_path, "run", TELEGRAM_TOKEN="1:any", TELEGRAM_API_URL="http://127.0.0.1:9"), 1)
    assert len(told.splitlines()) == 1
    assert "is served by another process already" in told
    assert "roadmate doctor" not in told


def test_a_chat_that_is_open_already_names_its_file_once(tmp_path: Path) -> None:
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'chat.db'}")
    with serving(store):
        told = refused(run(tmp_path, "chat"), 1)
    assert told.count("chat.db") == 1


# ------------------------------------------------------------ deliveries


def test_the_doctor_looks_at_deliveries_in_words_and_in_json(tmp_path: Path) -> None:
    assert run(tmp_path, "db", "upgrade").returncode == 0
    done = run(tmp_path, "doctor", "--deliveries")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing waits to be delivered." in done.stdout
    figures = json.loads(run(tmp_path, "doctor", "--deliveries", "--json").stdout)
    assert (figures["well"], figures["oldest"], figures["findings"]) == (True, None, [])


def test_deliveries_that_failed_make_the_doctor_fail(tmp_path: Path) -> None:
    run(tmp_path, "db", "upgrade")
    with sqlite3.connect(tmp_path / "roadmate.db") as db:
        moment, later = (datetime.now(UTC).replace(tzinfo=None, hour=hour) for hour in (0, 23))
        db.execute(
            "INSERT INTO deliveries (key, kind, platform, chat, thread, local_date, due_at, expires_at, state, reason,"
            " attempts, version, shown)"
            " VALUES ('k', 'recap', 'telegram', '-100', '', ?, ?, ?, 'failed', 'no', 1, 1, 0)",
            (moment.date().isoformat(), moment.isoformat(" "), later.isoformat(" ")),
        )
    db.close()
    done = run(tmp_path, "doctor", "--deliveries")
    assert done.returncode == 1
    assert "!! 1 post to groups failed within a day" in done.stdout
    assert json.loads(run(tmp_path, "doctor", "--deliveries", "--json").stdout)["well"] is False


def test_the_doctors_findings_are_json_too(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "--json")
    assert done.returncode == 0
    assert {tuple(finding) for finding in json.loads(done.stdout)} == {("what", "remedy")}


# ------------------------------------------------------------ the log


@pytest.mark.parametrize(("form", "is_json"), [("", True), ("json", True), ("text", False)])
def test_the_log_has_the_form_that_is_asked_for(tmp_path: Path, form: str, is_json: bool) -> None:
    environment = {"LOG_FORMAT": form, "TELEGRAM_TOKEN": "1:any", "TELEGRAM_API_URL": "http://127.0.0.1:9"}
    process = subprocess.Popen(
        [*ROADMATE, "run"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ROADMATE_DATA": str(tmp_path), **environment},
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert line.startswith("{") == is_json
    if is_json:
        assert json.loads(line)["logger"].startswith("bot.")


def test_a_form_that_is_none_stops_the_start(tmp_path: Path) -> None:
    assert "LOG_FORMAT" in refused(run(tmp_path, "run", LOG_FORMAT="xml"), 2)


# ------------------------------------------------------------ the roadmaps


def test_the_shipped_roadmaps_are_sound(tmp_path: Path) -> None:
    done = run(tmp_path, "roadmaps", "check", str(ROOT / "roadmaps"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "backend-ai-era: " in done.stdout


def test_a_broken_roadmap_is_named_with_its_line(tmp_path: Path) -> None:
    sound = (ROOT / "roadmaps" / "backend-ai-era.yaml").read_text(encoding="utf-8")
    broken = sound.replace("importance: high", "importance: huge", 1)
    assert broken != sound
    line = broken[: broken.index("importance: huge")].count("\n") + 1
    (tmp_path / "backend-ai-era.yaml").write_text(broken, encoding="utf-8")
    told = refused(run(tmp_path, "roadmaps", "check", "."), 1)
    assert f"backend-ai-era.yaml:{line}:" in told
    assert "importance" in told


SMALL = """\
slug: small
title: Small
summary: A roadmap of two steps.
version: 1
updated: 2026-11-20
source: Made up.
levels:
  - slug: one
    title: One
    steps:
      - slug: git
        title: Git
        summary: Commit.
        hours: 2
        signals: { importance: high, demand: high, automation_risk: low }
      - slug: http
        title: HTTP
        summary: Ask and answer.
        hours: 3
        signals: { importance: high, demand: high, automation_risk: low }
"""

WITHOUT_GIT = SMALL.partition("      - slug: git")[0] + "      - slug: http" + SMALL.partition("      - slug: http")[2]


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Asha", "-c", "user.email=asha@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose branch main has one sound roadmap in roadmaps/, its slugs recorded."""
    (tmp_path / "roadmaps").mkdir()
    (tmp_path / "roadmaps" / "small.yaml").write_text(SMALL)
    record_slugs(tmp_path / "roadmaps")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "A roadmap")
    return tmp_path


def test_nothing_is_lost_since_a_git_revision_or_a_folder(repository: Path) -> None:
    shutil.copytree(repository / "roadmaps", repository / "before")
    (repository / "roadmaps" / "small.yaml").write_text(SMALL.replace("Made up.", "Made up by us."))
    for older in ("main", "HEAD", "before"):
        done = run(repository, "roadmaps", "check", "--against", older)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"Nothing is lost since {older}." in done.stdout


@pytest.mark.parametrize("older", ["main", "before"])
def test_a_slug_that_vanished_since_is_found_also_when_the_record_forgot_it(repository: Path, older: str) -> None:
    shutil.copytree(repository / "roadmaps", repository / "before")
    (repository / "roadmaps" / "small.yaml").write_text(WITHOUT_GIT.replace("version: 1", "version: 2"))
    lock = repository / "roadmaps" / "slugs.lock"
    lock.write_text(lock.read_text().replace("small/git\n", ""))
    assert run(repository, "roadmaps", "check").returncode == 0
    told = refused(run(repository, "roadmaps", "check", "--against", older), 1)
    assert told.count("has vanished") == 1
    assert "the step `git` has vanished" in told


def test_a_slug_that_only_the_older_record_knew_is_missed(repository: Path) -> None:
    lock = repository / "roadmaps" / "slugs.lock"
    lock.write_text(lock.read_text() + "small/bash\n")
    git(repository, "commit", "--quiet", "-am", "A former step")
    git(repository, "checkout", "--quiet", "HEAD~1", "--", "roadmaps/slugs.lock")
    assert "the step `bash` has vanished" in refused(run(repository, "roadmaps", "check", "--against", "main"), 1)


def test_what_cannot_be_compared_is_said_and_is_no_success(repository: Path) -> None:
    """A typing mistake, an option of git's, a revision from before there were roadmaps, one that is broken."""
    here = partial(run, repository, "roadmaps", "check", "--against")
    assert "Cannot compare with mian" in refused(here("mian"), 2)
    assert "Cannot compare with --all" in refused(here("--all"), 2)
    (repository / "empty").mkdir()
    assert "the older version has no roadmap" in refused(here("empty"), 2)
    git(repository, "checkout", "--quiet", "--orphan", "elsewhere")
    git(repository, "rm", "--quiet", "--cached", "-r", ".")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "Nothing")
    assert "the older version has no roadmap" in refused(here("elsewhere"), 2)
    (repository / "empty" / "small.yaml").write_text("slug: [")
    assert "in the older version, small.yaml:1" in refused(here("empty"), 2)
    assert "no git here" in refused(here("main", PATH=str(repository / "empty")), 2)


def test_outside_of_a_repository_only_folders_can_be_compared() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "roadmaps", Path(folder) / "roadmaps")
        told = refused(run(Path(folder), "roadmaps", "check", "--against", "main", GIT_CEILING_DIRECTORIES="/"), 2)
    assert "not a git repository" in told


def test_new_slugs_are_recorded_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    assert "not recorded yet" in refused(run(tmp_path, "roadmaps", "check", "."), 1)
    done = run(tmp_path, "roadmaps", "check", ".", "--record")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Recorded: small, small/git, small/http" in done.stdout
    assert (tmp_path / "slugs.lock").read_text().endswith("small\nsmall/git\nsmall/http\n")
    assert "Recorded: nothing" in run(tmp_path, "roadmaps", "check", ".", "--record").stdout
    (tmp_path / "small.yaml").write_text(WITHOUT_GIT)
    assert "has vanished" in refused(run(tmp_path, "roadmaps", "check", ".", "--record"), 1)


def test_a_folder_without_a_roadmap_is_not_sound(tmp_path: Path) -> None:
    assert "no roadmap is there" in refused(run(tmp_path, "roadmaps", "check", "."), 1)


def test_the_schema_is_written_to_a_file_or_shown(tmp_path: Path) -> None:
    shown = run(tmp_path, "roadmaps", "schema")
    assert shown.stdout == (ROOT / "roadmaps" / "schema.json").read_text(encoding="utf-8")
    assert run(tmp_path, "roadmaps", "schema", "schema.json").returncode == 0
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == shown.stdout
    assert "No such file or directory" in refused(run(tmp_path, "roadmaps", "schema", "no/schema.json"), 1)


# ------------------------------------------------------------ the rules of time zones

PACKAGED = f"{version('tzdata')} from the package tzdata"

WITH_ZONES = """
import sys, sysconfig, zoneinfo
sysconfig.get_config_vars()["TZPATH"] = sys.argv.pop(1)
zoneinfo.reset_tzpath()
from bot.cli import app
app()
"""
"""The program on a machine whose rules of time zones lie in the folder that is named first."""


@pytest.mark.parametrize(("machine", "goes_by"), [("2019c", None), ("2999a", "2999a"), ("", "of 1970-01-01")])
def test_the_newer_rules_of_time_zones_are_gone_by(tmp_path: Path, machine: str, goes_by: str | None) -> None:
    """The machine's where they are the newer ones, or tell no version; else the package's."""
    folder = zone_folder(tmp_path, machine)
    told = run(tmp_path, str(folder), "doctor", program=(sys.executable, "-c", WITH_ZONES)).stdout
    assert f"rules {goes_by} from {folder}" in told if goes_by else f"rules {PACKAGED}" in told


def test_the_operators_own_folder_of_time_zones_is_respected(tmp_path: Path) -> None:
    folder = zone_folder(tmp_path, "2019c")
    assert f"rules 2019c from {folder}" in run(tmp_path, "doctor", PYTHONTZPATH=str(folder)).stdout


def test_a_chat_goes_by_the_newer_rules(tmp_path: Path) -> None:
    """The stand-in's only zone is another's: by it Kolkata would have London's time."""
    folder = zone_folder(tmp_path, "2019c")
    (folder / "Asia").mkdir()
    (folder / "Asia" / "Kolkata").write_bytes((folder / "Europe" / "London").read_bytes())
    program = (sys.executable, "-c", WITH_ZONES)
    done = run(tmp_path, str(folder), "chat", "--as", "asha", typed="/timezone Asia/Kolkata\n", program=program)
    kolkata = datetime.now(UTC) + timedelta(hours=5, minutes=30)
    assert done.returncode == 0
    assert any(f"{kolkata - timedelta(minutes=ago):%H:%M}" in done.stdout for ago in (0, 1)), done.stdout


def zone_folder(folder: Path, version: str) -> Path:
    """A machine's rules of time zones with one zone in them, of a version or without one."""
    found = folder / "zoneinfo"
    (found / "Europe").mkdir(parents=True)
    packaged = resources.files("tzdata") / "zoneinfo" / "Europe" / "London"
    (found / "Europe" / "London").write_bytes(packaged.read_bytes())
    os.utime(found / "Europe" / "London", (0, 0))
    if version:
        (found / "tzdata.zi").write_text(f"# version {version}\n")
    return found
