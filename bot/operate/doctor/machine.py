"""What the doctor checks on the machine itself.

The settings, the data directory, the time zones and the roadmaps: no database and no network is needed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from zoneinfo import available_timezones

from bot.examining import Finding
from bot.library import ROADMAPS, Library
from bot.opening import Configured
from bot.settings import Settings
from bot.store import zones

LEAST_FREE = 100 * 1024 * 1024
"""Bytes that should be free where the database is: a group of 30 writes a few megabytes a year, its backups as much."""


def examine_machine(settings: Settings, platforms: Sequence[Configured]) -> Iterator[Finding]:
    """What can be seen without a database and without a network."""
    served = [platform for platform in platforms if platform.served]
    yield _platforms(settings, platforms)
    for folder in _folders(settings, chat=not served):
        yield _data(folder)
    if locked := _locked(settings):
        yield locked
    yield _zones()
    yield from _roadmaps()


def _platforms(settings: Settings, platforms: Sequence[Configured]) -> Finding:
    served = [platform for platform in platforms if platform.served]
    if not served:
        tokens = ", ".join(f"{platform.name}_token".upper() for platform in platforms)
        return Finding(f"settings: no token is set: `roadmate run` opens the console chat (for a platform: {tokens})")
    titles = " and ".join(platform.title for platform in served)
    if settings.http_port is None:
        return Finding(f"settings: serves {titles}; health checks off (HTTP_PORT is not set)")
    posts = "".join(f" and {platform.title}’s posts" for platform in served if platform.settings.posted_to)
    return Finding(f"settings: serves {titles}; health checks{posts} on port {settings.http_port}")


def _folders(settings: Settings, *, chat: bool) -> tuple[Path, ...]:
    """The directories that are written to: the SQLite file's, and the console chat's where that is what is served."""
    file = settings.database_file
    served = () if file is None else (file.parent,)
    own = (settings.roadmate_data.absolute(),) if chat else ()
    return tuple(dict.fromkeys(served + own))


def _data(folder: Path) -> Finding:
    """Whether a data directory can be written to; one that is not there yet, whether it can be made."""
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
        remedy = f"let the user that runs Roadmate write to {present}, or choose another: ROADMATE_DATA, DATABASE_URL"
        return Finding(f"{where}: cannot be written to ({error.strerror})", remedy)
    said = f"{free / 1024**3:.1f} GB" if free >= 1024**3 else f"{free // 1024**2} MB"
    if free < LEAST_FREE:
        return Finding(f"{where}: only {said} free", "make room: a full disk stops every command")
    made = "" if present == folder else ", to be made at the first start"
    return Finding(f"{where}: can be written to, {said} free{made}")


def _locked(settings: Settings) -> Finding | None:
    """The SQLite file, or one that belongs to it, when this user may not write to it; who ran as root makes such."""
    file = settings.database_file
    if file is None:
        return None
    beside = (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", ".serving")))
    files = [path.name for path in beside if path.exists() and not os.access(path, os.W_OK)]
    if not files:
        return None
    what = f"data directory {file.parent}: {', '.join(files)} cannot be written to by this user"
    return Finding(what, "give them to the user that runs Roadmate (chown), and run everything as that user")


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
