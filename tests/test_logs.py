"""The log: what machines and people read of it, and what nobody may read there, whoever logs it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot import logs
from bot.logs import HIDDEN, Secrets, configure
from bot.store import Store
from tests.fakes.discord_server import DiscordServer
from tests.fakes.patience import PATIENCE
from tests.fakes.postgres import UNTRIED, NoPostgres, Postgres, serving
from tests.fakes.telegram_server import TelegramServer

ROOT = Path(__file__).parents[1]

TELEGRAM_TOKEN = "8123456789:" + "AAE-x9_" * 5
DISCORD_TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs"
PASSWORD = "geh/eim p@ss"
WORDS = "an unmistakable sentence of Asha's"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What `configure` changes for a whole process is changed back."""
    root = logging.getLogger()
    handlers, named = root.handlers[:], [root, logging.getLogger("bot"), *map(logging.getLogger, logs.QUIET_LIBRARIES)]
    levels = [logger.level for logger in named]
    hooks, raising = (sys.excepthook, threading.excepthook), logging.raiseExceptions
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    for logger, level in zip(named, levels, strict=True):
        logger.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.raiseExceptions = raising


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server of its own."""
    try:
        with serving() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(f"{UNTRIED}: {reason}")


def logged(
    say: Callable[[logging.Logger], object], level: str = "INFO", form: str = "json", name: str = "bot.courier"
) -> str:
    """What stands in the log after something was said to a logger."""
    stream = io.StringIO()
    configure(level, [TELEGRAM_TOKEN, DISCORD_TOKEN, PASSWORD], form=form, stream=stream)
    say(logging.getLogger(name))
    return stream.getvalue()


def entry(say: Callable[[logging.Logger], object], **options: str) -> dict[str, Any]:
    lines = logged(say, **options).splitlines()
    assert len(lines) == 1
    found: dict[str, Any] = json.loads(lines[0])
    return found


def failing(error: Callable[[], object]) -> Callable[[logging.Logger], None]:
    """Log what an expression raises."""

    def say(log: logging.Logger) -> None:
        try:
            error()
        except Exception:
            log.exception("it failed")

    return say


def raising(error: Exception) -> object:
    raise error


# ------------------------------------------------------------ the two forms


def test_json_is_a_line_an_event_with_its_fields() -> None:
    found = entry(lambda log: log.info("delivery %d: %s", 12, "sent", extra={"delivery": 12, "kind": "recap"}))
    assert datetime.fromisoformat(found.pop("time")).tzinfo == UTC
    assert found == {
        "level": "info",
        "logger": "bot.courier",
        "message": "delivery 12: sent",
        "delivery": 12,
        "kind": "recap",
    }


def test_json_keeps_a_traceback_on_the_line() -> None:
    found = entry(failing(lambda: raising(OSError(28, "No space left on device"))))
    assert found["message"] == "it failed"
    assert found["error"].startswith("Traceback (most recent call last):\n")
    assert "in raising" in found["error"]
    assert found["error"].endswith("\nOSError: [Errno 28] No space left on device")


def test_json_takes_fields_of_any_kind() -> None:
    found = entry(lambda log: log.info("it went", extra={"at": datetime(2026, 11, 20, tzinfo=UTC), "left": None}))
    assert (found["at"], found["left"]) == ("2026-11-20 00:00:00+00:00", None)


def test_text_is_for_people() -> None:
    said = logged(lambda log: log.warning("it went", extra={"kind": "recap"}), form="text")
    assert said.endswith("Z WARNING bot.courier: it went kind=recap\n")
    datetime.strptime(said[:20], "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=UTC)


def test_text_shows_a_traceback_below() -> None:
    lines = logged(failing(lambda: raising(OSError("gone"))), form="text").splitlines()
    assert lines[0].endswith("ERROR bot.courier: it failed")
    assert lines[-1] == "OSError: gone"


@pytest.mark.parametrize(("terminal", "is_json"), [(True, False), (False, True)])
def test_a_terminal_gets_text_and_everything_else_json(terminal: bool, is_json: bool) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    stream = Stream()
    configure("INFO", stream=stream)
    logging.getLogger("bot").info("here")
    assert stream.getvalue().startswith("{") == is_json


# ------------------------------------------------------------ secrets

AROUND = ["{}", "https://api.telegram.org/bot{}/getMe", "Bot {}", "'{}'", "a={},b"]


@pytest.mark.parametrize("secret", [TELEGRAM_TOKEN, DISCORD_TOKEN])
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("known", [True, False])
def test_a_token_is_hidden_wherever_it_stands_known_or_not(secret: str, around: str, known: bool) -> None:
    hidden = Secrets([secret] if known else []).hidden(around.format(secret))
    assert secret not in hidden
    assert hidden == around.format(HIDDEN) or not known


def test_a_secret_of_no_known_shape_is_hidden_as_it_is_and_as_addresses_have_it() -> None:
    secrets = Secrets([PASSWORD])
    assert secrets.hidden(f"login {PASSWORD} failed") == f"login {HIDDEN} failed"
    assert secrets.hidden("postgresql://asha:geh%2Feim%20p%40ss@db/roadmate").count("geh") == 0


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("postgresql+asyncpg://asha:geheim@db:5432/roadmate", "db:5432/roadmate"),
        (
            "PATCH https://discord.com/api/v10/webhooks/81384788765712384/aW50ZXJhY3Rpb246MTIz.abc/messages/@original",
            "/",
        ),
        (
            "POST https://discord.com/api/v10/interactions/81384788765712384/aW50ZXJhY3Rpb246MTIz_abc/callback",
            "/callback",
        ),
    ],
)
def test_what_opens_a_door_for_a_while_is_hidden_too(line: str, kept: str) -> None:
    hidden = Secrets().hidden(line)
    assert HIDDEN in hidden and kept in hidden
    assert "geheim" not in hidden and "aW50ZXJhY3Rpb246" not in hidden


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-20 12:00:00Z INFO bot.app: connected as roadmate#1234",
        "delivery 123456: sent (study:12:2026-11-20:20261120T1430:telegram:@1234567890123456789)",
        "https://discord.com/api/v10/channels/81384788765712384/messages",
        "http://127.0.0.1:8080/healthz",
        "bot.platforms.telegram.client.TelegramPlatform.send",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert Secrets(["abc", ""]).hidden(line) == line


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "say",
    [
        lambda log: log.info(f"it is {TELEGRAM_TOKEN}"),
        lambda log: log.info("it is %s", TELEGRAM_TOKEN),
        lambda log: log.info("it is", extra={"url": f"/bot{TELEGRAM_TOKEN}/"}),
        lambda log: log.info("it is", extra={"seen": {"url": TELEGRAM_TOKEN}}),
        lambda log: log.error("it is %s", ValueError(TELEGRAM_TOKEN)),
        failing(lambda: raising(OSError(f"no route to /bot{TELEGRAM_TOKEN}/getMe"))),
        lambda log: log.log(logging.INFO, "one argument is missing %s %s", TELEGRAM_TOKEN),
    ],
)
def test_no_way_of_logging_tells_a_token(
    form: str, say: Callable[[logging.Logger], object], capfd: pytest.CaptureFixture[str]
) -> None:
    said = logged(say, form=form)
    assert said
    assert TELEGRAM_TOKEN not in said
    assert TELEGRAM_TOKEN not in "".join(capfd.readouterr())


# ------------------------------------------------------------ what somebody wrote


@pytest.mark.parametrize(
    "error",
    [
        lambda: raising(KeyError(WORDS)),
        lambda: int(WORDS),
        lambda: raising(ExceptionGroup("two", [ValueError(WORDS), KeyError(WORDS)])),
        lambda: json.loads("{" + WORDS),
        lambda: (WORDS + "é").encode("ascii"),
    ],
)
def test_an_exception_that_quotes_what_it_was_given_is_told_by_its_name_and_place(error: Callable[[], object]) -> None:
    told = entry(failing(error))["error"]
    assert "unmistakable" not in told
    assert "Error" in told
    assert "tests/test_logs.py" in told


def test_so_is_what_led_to_it() -> None:
    def fail() -> None:
        try:
            int(WORDS)
        except ValueError as error:
            raise OSError("the disk") from error

    told = entry(failing(fail))["error"]
    assert "unmistakable" not in told
    assert told.index("ValueError") < told.index("The above led to:") < told.index("OSError: the disk")


def test_an_exception_that_led_to_itself_is_told_once() -> None:
    first, second = OSError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first
    told = list(logs.describe(first))
    assert [line for line in told if line.startswith("OSError")] == ["OSError: second", "OSError: first"]


async def test_the_databases_errors_hold_the_statement_and_no_value(tmp_path: Path) -> None:
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    async with store.writing() as db:
        await db.execute(text("CREATE TABLE notes (note TEXT UNIQUE)"))
    try:
        async with store.writing() as db:
            for _ in range(2):
                await db.execute(text("INSERT INTO notes VALUES (:note)"), {"note": WORDS})
    except DBAPIError as caught:
        error = caught
    told = entry(failing(lambda: raising(error)))["error"]
    await store.close()
    assert "UNIQUE constraint failed: notes.note [SQL: INSERT INTO notes VALUES (?)]" in told
    assert "unmistakable" not in told


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO notes VALUES (:note)",
        "SELECT CAST(CAST(:note AS TEXT) AS INTEGER)",
        "SELECT CAST(:note AS INTEGER)",
    ],
)
async def test_postgres_quotes_rows_and_we_do_not(postgres: Postgres, statement: str) -> None:
    store = Store.open(postgres.url("postgres"))
    async with store.writing() as db:
        await db.execute(text("CREATE TABLE IF NOT EXISTS notes (note TEXT UNIQUE)"))
        await db.execute(text("INSERT INTO notes VALUES (:note) ON CONFLICT DO NOTHING"), {"note": WORDS})
    try:
        async with store.writing() as db:
            await db.execute(text(statement), {"note": WORDS})
    except DBAPIError as caught:
        error = caught
    await store.close()
    quoted: BaseException | None = error
    while quoted is not None and WORDS not in str(quoted):
        quoted = quoted.__cause__
    assert quoted is not None, "Postgres does quote what it was given"
    told = entry(failing(lambda: raising(error)))["error"]
    assert "[SQL: " in told
    assert "unmistakable" not in told


async def test_asyncio_does_not_show_what_tasks_hold() -> None:
    stream = io.StringIO()
    configure("INFO", form="json", stream=stream)

    async def fail() -> None:
        raise ValueError(WORDS)

    def call(words: str) -> None:
        raise ValueError(words)

    task = asyncio.create_task(fail())
    await asyncio.wait({task})
    del task
    asyncio.get_running_loop().call_soon(call, WORDS)
    await asyncio.sleep(0.01)
    entries = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [e["message"].partition(" ")[0] for e in entries] == ["Task", "Exception"]
    assert all("ValueError" in e["error"] for e in entries)
    assert "unmistakable" not in stream.getvalue()


def test_what_nobody_catches_is_logged_in_the_same_form() -> None:
    def crash(_log: logging.Logger) -> None:
        try:
            int(WORDS)
        except ValueError:
            sys.excepthook(*sys.exc_info())

    found = entry(crash)
    assert (found["level"], found["logger"]) == ("critical", "bot")
    assert "ValueError" in found["error"] and "unmistakable" not in found["error"]


def test_what_a_thread_does_not_catch_too() -> None:
    def crash(_log: logging.Logger) -> None:
        thread = threading.Thread(target=int, args=(WORDS,))
        thread.start()
        thread.join()

    assert "unmistakable" not in json.dumps(entry(crash))


def test_warnings_are_logged() -> None:
    def warn(_log: logging.Logger) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn("this will change", DeprecationWarning, stacklevel=1)

    assert "this will change" in entry(warn)["message"]


# ------------------------------------------------------------ libraries

CHATTY = (
    "aiohttp.client",
    "aiosqlite",
    "discord.client",
    "discord.gateway",
    "discord.http",
    "httpx",
    "sqlalchemy.engine.Engine",
    "telegram.Bot",
    "telegram.ext.ExtBot",
    "anything.that.comes",
)


@pytest.mark.parametrize("name", CHATTY)
def test_no_library_tells_what_goes_through_it(name: str) -> None:
    assert logged(lambda log: log.debug("POST %s", WORDS), level="DEBUG", name=name) == ""


def test_what_we_debug_is_ours() -> None:
    assert entry(lambda log: log.debug("here"), level="DEBUG")["level"] == "debug"
    assert logged(lambda log: log.debug("here")) == ""
    assert logged(lambda log: log.info("here"), level="ERROR") == ""
    assert logged(lambda log: log.warning("here"), level="ERROR", name="discord.http") == ""


async def test_the_real_process_at_its_most_talkative_tells_no_token_and_no_message(tmp_path: Path) -> None:
    """LOG_LEVEL=DEBUG, both platforms over the wire, words in every place that takes words, and an unexpected fault."""

    def clock() -> datetime:
        return datetime.now(UTC)

    async with DiscordServer(clock=clock) as discord, TelegramServer(username="roadmate_bot", clock=clock) as telegram:
        asha = discord.add_user("asha", global_name="Asha")
        guild = discord.add_guild("Study", asha)
        channel = guild.add_channel("backend")
        guild.join(asha)
        discord.invite_bot(guild)
        ravi = telegram.add_user("ravi", first_name="Ravi")
        with (tmp_path / "log").open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-W", "ignore", "-m", "bot", "run"),
                cwd=tmp_path,
                stderr=file,
                env=os.environ
                | {
                    "PYTHONPATH": str(ROOT),
                    "ROADMATE_DATA": str(tmp_path),
                    "LOG_LEVEL": "DEBUG",
                    "DISCORD_TOKEN": discord.token,
                    "DISCORD_API_URL": discord.api_url,
                    "DISCORD_GATEWAY_URL": discord.gateway_url,
                    "TELEGRAM_TOKEN": telegram.token,
                    "TELEGRAM_API_URL": telegram.url,
                    "HTTP_PORT": "",
                },
            )
            try:
                await discord.ready()
                joined = {"roadmap": "backend-ai-era", "deadline": "in 6 months"}
                await discord.slash(asha, channel, "join", joined)
                await discord.slash(asha, channel, "done", {"step": "http-rest", "proof": WORDS})
                await telegram.says(ravi, "/join backend-ai-era in 6 months")
                await telegram.wait_message(ravi)
                await telegram.says(ravi, f"/done http-rest {WORDS}")
                await telegram.wait_message(ravi)
                await telegram.says(ravi, WORDS)
                await telegram.wait_message(ravi)
            finally:
                process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert {json.loads(line)["logger"].partition(".")[0] for line in lines} >= {"bot"}
    said = "\n".join(lines)
    assert "connected" in said
    for private in (discord.token, telegram.token, "unmistakable", telegram.token.partition(":")[2]):
        assert private not in said
