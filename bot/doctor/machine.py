"""Looks at the machine: the settings, the data directory, the time zones and the roadmaps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from zoneinfo import available_timezones

from bot.doctor.finding import Finding
from bot.library import ROADMAPS, Library
from bot.settings import Settings
from bot.store import zones

LEAST_FREE = 100 * 1024 * 1024
"""Bytes that should be free where the database is: a group of 30 writes a few megabytes a year, its backups as much."""

CONSOLE_ONLY = "no token is set: `roadmate run` opens the console chat (for a platform: DISCORD_TOKEN, TELEGRAM_TOKEN)"


def examine(settings: Settings) -> Iterator[Finding]:
    """What can be seen without a database and without a network."""
    yield _platforms(settings)
    yield _data(settings.roadmate_data.absolute())
    yield _zones()
    yield from _roadmaps()


def _platforms(settings: Settings) -> Finding:
    if not settings.platforms:
        return Finding(f"settings: {CONSOLE_ONLY}")
    health = "off (HTTP_PORT is not set)" if settings.http_port is None else f"on port {settings.http_port}"
    served = " and ".join(name.capitalize() for name in settings.platforms)
    return Finding(f"settings: serves {served}; health checks {health}")


def _data(folder: Path) -> Finding:
    """Whether the data directory can be written to; one that is not there yet, whether it can be made."""
    where = f"data directory {folder}"
    present = folder
    while not present.exists():
        present = present.parent
    try:
        # Permissions, read-only disks, quotas: only writing shows that one can write.
        with tempfile.TemporaryFile(dir=present) as file:
            file.write(b"roadmate")
            file.flush()
        free = shutil.disk_usage(present).free
    except OSError as error:
        remedy = f"let the user that runs Roadmate write to {present}, or set ROADMATE_DATA to another directory"
        return Finding(f"{where}: cannot be written to ({error.strerror})", remedy)
    said = f"{free / 1024**3:.1f} GB" if free >= 1024**3 else f"{free // 1024**2} MB"
    if free < LEAST_FREE:
        return Finding(f"{where}: only {said} free", "make room: a full disk stops every command")
    made = "" if present == folder else ", to be made at the first start"
    return Finding(f"{where}: can be written to, {said} free{made}")


def _zones() -> Finding:
    count = len(available_timezones())
    try:
        rules = f", rules {zones.rules()}"
    except PackageNotFoundError:
        rules = ""
    if "Asia/Kolkata" not in available_timezones():
        return Finding(f"time zones: {count} known, not even Asia/Kolkata", "pip install tzdata")
    return Finding(f"time zones: {count} known{rules}")


def _roadmaps() -> Iterator[Finding]:
    library = Library.load(ROADMAPS)
    for problem in library.problems:
        yield Finding(f"roadmaps: {problem}", "mend the file; until then it is left out and the others serve")
    if library.roadmaps:
        yield Finding(f"roadmaps: {', '.join(library.roadmaps)}")
    else:
        yield Finding(f"roadmaps: none in {ROADMAPS}", "put the project's roadmaps/ beside bot/")
