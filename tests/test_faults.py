"""A disk that is full, a file that is read-only: refused in words, nothing half-written, and over when it is over."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.places import User
from tests.fakes.patience import PATIENCE, until

ROOT = Path(__file__).parents[1]
CANNOT_SAVE = "I can't save anything right now, so that did not count."
DISK = 16 * 1024**2
ROADMAP = {"roadmap": "backend-ai-era", "deadline": "in 6 months"}


def clock() -> datetime:
    """The stand-in lives in real time, as the process does."""
    return datetime.now(UTC)


# ---------------------------------------------------------------- a disk that is full


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """A small disk of its own; only root may have one."""
    command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder]
    mounted = subprocess.run(command, check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a disk cannot be mounted: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def no_room(folder: Path, _process: int) -> Iterator[None]:
    """There is no room left on the disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"0" * 4096):
            pass
    assert os.statvfs(folder).f_bavail == 0
    yield
    filler.unlink()


@contextmanager
def no_growth(_folder: Path, process: int) -> Iterator[None]:
    """The process may write to no file: it is told so at each write, as on a full disk. Needs no rights."""
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.prlimit(process, resource.RLIMIT_FSIZE, before)


Full = Callable[[Path, int], AbstractContextManager[None]]


@pytest.fixture(params=[no_growth, no_room])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Full]:
    """How the disk gets full, and the folder made for it."""
    kind: Full = request.param
    if kind is no_growth and not hasattr(resource, "prlimit"):
        pytest.skip("another process's limits are set on Linux only")
    (tmp_path / "data").mkdir()
    if kind is no_growth:
        yield kind
        return
    with disk(tmp_path / "data"):
        yield kind


SETTLED = "SELECT state, doubts FROM deliveries ORDER BY id"


class Process:
    """`roadmate run` on a folder, serving the stand-in, with its health on a port."""

    def __init__(self, folder: Path, discord: DiscordServer) -> None:
        self.folder = folder
        self.discord = discord
        with closing(socket.create_server(("127.0.0.1", 0))) as taken:
            self.port = taken.getsockname()[1]

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=self.folder,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "PYTHONWARNINGS": "ignore",
                "ROADMATE_DATA": str(self.folder),
                "DATABASE_URL": "",
                "DISCORD_TOKEN": self.discord.token,
                "DISCORD_API_URL": self.discord.api_url,
                "DISCORD_GATEWAY_URL": self.discord.gateway_url,
                "HTTP_PORT": str(self.port),
            },
        )
        await self.discord.ready()

    async def healthz(self) -> tuple[int, Any]:
        async with ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}/healthz") as answer:
            return answer.status, await answer.json()

    def rows(self, query: str, *values: object) -> list[Any]:
        """What stands in the database; or write to it, as an operator would."""
        with closing(sqlite3.connect(self.folder / "roadmate.db", timeout=PATIENCE, isolation_level=None)) as db:
            return db.execute(query, values).fetchall()

    def due_in(self, user: User, seconds: float) -> datetime:
        """Have a member's daily question come so soon, as if they had asked for that with /later."""
        at = clock() + timedelta(seconds=seconds)
        moment, day = f"{at:%Y-%m-%d %H:%M:%S.%f}", at.date().isoformat()
        self.rows(
            "UPDATE reminders SET later_at = ?, later_date = ?, next_due_at = ?, next_date = ?"
            " WHERE kind = 'study' AND member = (SELECT member FROM accounts WHERE account = ?)",
            *(moment, day, moment, day, str(user.id)),
        )
        return at

    async def stop(self) -> str:
        """SIGTERM; what was logged."""
        self.process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        assert self.process.returncode == 0, said.decode()
        return said.decode()


async def test_a_full_disk(tmp_path: Path, full: Full) -> None:
    """One question is on its way to Discord when the disk gets full, another is due while it is."""
    async with DiscordServer(clock=clock) as discord:
        asha, ravi = discord.add_user("asha"), discord.add_user("ravi")
        guild = discord.add_guild("Study", asha)
        channel = guild.add_channel("backend")
        guild.join(ravi)
        discord.invite_bot(guild)
        process = Process(tmp_path / "data", discord)
        await process.start()
        try:
            for user in (asha, ravi):
                await discord.slash(user, channel, "join", ROADMAP)
                await discord.slash(user, channel, "remind", {"time": "20:00", "where": "dm"})
            discord.fail("POST", r"^/channels/\d+/messages", delay=1.0)
            process.due_in(asha, 0)
            # Long enough from now that the disk is full by then.
            moment = process.due_in(ravi, 5)
            await until(lambda: sends(discord, asha), "a question on its way")

            with full(tmp_path / "data", process.process.pid):
                refused = await discord.slash(asha, channel, "done", {"step": "http-rest"})
                assert refused.reply is not None and refused.reply.text.startswith(CANNOT_SAVE)
                assert await discord.autocomplete(asha, channel, "done", {"step": "sql"}, focused="step")
                await until(lambda: discord.dms(asha), "the question that was on its way")
                await asyncio.sleep(max(0.0, (moment - clock()).total_seconds()) + 1)
                refused = await discord.slash(ravi, channel, "checkin", {"minutes": "30"})
                assert refused.reply is not None and refused.reply.text.startswith(CANNOT_SAVE)
                status, told = await process.healthz()
                assert (status, told["database"].partition("_")[0]) == (503, "takes no writes: SQLITE")
                assert told["oldest_undelivered_seconds"] > 0
                assert process.rows("SELECT count(*) FROM step_events")[0][0] == 0
                assert process.rows("SELECT count(*) FROM checkins")[0][0] == 0
                assert not discord.dms(ravi)

            # Without a restart: what was due is asked, and what had left is known to have left.
            await until(lambda: discord.dms(ravi), "the question that was due meanwhile")
            await until(lambda: process.rows(SETTLED) == [("sent", 0), ("sent", 0)], "both settled")
            done = await discord.slash(asha, channel, "done", {"step": "http-rest"})
            assert done.reply is not None and "1 of 10 steps done (10%)" in done.reply.text
            assert process.rows("PRAGMA integrity_check") == [("ok",)]
            assert process.rows("SELECT count(*) FROM step_events")[0][0] == 1
            assert (await process.healthz())[0] == 200
            said = await process.stop()
        finally:
            if process.process.returncode is None:
                process.process.kill()
                await process.process.communicate()
        assert [len(discord.dms(user)) for user in (asha, ravi)] == [1, 1]
        assert [sends(discord, user) for user in (asha, ravi)] == [1, 1]
        assert discord.violations == []
    assert re.findall(r"the database (cannot be used|takes what is written again)", said) == [
        "cannot be used",
        "takes what is written again",
    ]
    assert "Traceback" not in said


def sends(discord: DiscordServer, user: User) -> int:
    """How often a message to somebody was handed over."""
    path = f"/channels/{discord.dm(user).id}/messages"
    return sum(one.method == "POST" and one.path == path for one in discord.requests)


# ---------------------------------------------------------------- a file that is read-only

READ_ONLY = """
import asyncio, json, logging, os, tempfile
from datetime import timedelta
from pathlib import Path

from bot.app import Roadmate
from tests.fakes.clockwork import EVENING, NOON
from tests.fakes.crowd import Crowd
from tests.fakes.memory import MemoryPlatform
from tests.fakes.patience import PATIENCE
from tests.test_concurrency import prepared

NOBODY = 65534
logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
now = NOON


def forbid(closed, open_):
    for path in closed:
        path.chmod(path.stat().st_mode & ~0o222)
    if os.getuid() == 0:
        # To root nothing is read-only.
        for path in open_:
            os.chown(path, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, 0)


def allow(closed):
    if os.getuid() == NOBODY:
        os.setresuid(0, 0, 0)
    for path in closed:
        path.chmod(path.stat().st_mode | 0o200)


def asked_of(platform):
    return sum(address.account == "m1" for address, _ in platform.sends)


async def story(folder):
    global now
    folder.chmod(0o755)
    database = folder / "test.db"
    store = await prepared(f"sqlite+aiosqlite:///{database}")
    platform = MemoryPlatform()
    app = Roadmate(store, clock=lambda: now, zone="Asia/Kolkata")
    app.add(platform)
    crowd = Crowd(app.dispatch, "a", 20, 1)
    serving = asyncio.create_task(app.serve())
    said = [await crowd.say("m1", line) for line in ("join backend-ai-era 2027-05-20", "remind 20:00 daily dm")]
    asked = []
    for day in range(2):
        # Who connects from now on finds it read-only; what is open already is not.
        await store.close()
        closed = [[database], [database, folder]][day]
        forbid(closed, [folder])
        said.append(await crowd.say("m1", "done sql"))
        now = EVENING + timedelta(days=day)
        await asyncio.sleep(1.5)
        said.append(await crowd.say("m1", "checkin 30"))
        asked.append(asked_of(platform))
        allow(closed)
        said.append(await crowd.say("m1", ("done sql", "done http-rest")[day]))
        async with asyncio.timeout(PATIENCE):
            while asked_of(platform) == asked[-1]:
                await asyncio.sleep(0.05)
    await asyncio.sleep(1.2)
    assert not serving.done()
    serving.cancel()
    await asyncio.wait({serving})
    await store.close()
    print(json.dumps([said, [*asked, asked_of(platform)]]))


with tempfile.TemporaryDirectory() as made:
    asyncio.run(story(Path(made)))
"""


async def test_a_read_only_file_and_folder() -> None:
    """In a process of its own, which goes on as somebody who may not write where that is needed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", READ_ONLY),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, logged = (text.decode() for text in await process.communicate())
    assert process.returncode == 0, logged
    (joined, _, *answers), asked = json.loads(said)
    assert "It fits" in joined
    assert [answer.startswith(CANNOT_SAVE) for answer in answers] == [True, True, False] * 2
    assert "1 of 10 steps done (10%)" in answers[2]
    assert "2 of 10 steps done (20%)" in answers[5]
    # One question an evening, as soon as it could be written down that it is asked.
    assert asked == [0, 1, 2]
    told = [line.split(":")[0] for line in logged.splitlines() if "the database" in line]
    assert told == ["ERROR the database cannot be used", "WARNING the database takes what is written again"] * 2
    assert "Traceback" not in logged
