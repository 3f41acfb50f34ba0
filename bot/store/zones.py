"""Works reminders out anew when the rules of time zones have changed."""

from __future__ import annotations

import logging
import os
import re
import sysconfig
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.occurrence import Occurrence
from bot.domain.reminder import SHIFT
from bot.store import schedule
from bot.tables import reminders

log = logging.getLogger(__name__)

REFRESHED = 500
"""How many reminders are worked out anew in one transaction when the rules of time zones have changed."""

EVERYWHERE = "Europe/London"
"""A zone that no complete set of rules lacks."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of time zones that are in use: where they are read from, and their version."""

    source: str
    version: str

    def __str__(self) -> str:
        return f"{self.version} from {self.source}"


def rules() -> Rules:
    """Which rules of time zones are in use: the machine's own where `zoneinfo` knows of some, else the package's.

    `zoneinfo` looks in the same order (https://docs.python.org/3/library/zoneinfo.html#data-sources). Raises
    PackageNotFoundError where there are none at all.
    """
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / EVERYWHERE).is_file():
            return Rules(str(folder), _version(folder))
    return Rules("the package tzdata", version("tzdata"))


def use_newest() -> None:
    """Go by the package's rules of time zones where they are newer than the machine's: before any zone is asked for.

    A machine's stay as they are for as long as nobody updates it, and its members would be asked at a wrong hour. An
    operator who has named folders themselves (PYTHONTZPATH) means them; so do rules that tell no version.
    """
    try:
        packaged = (resources.files("tzdata") / "zoneinfo" / "tzdata.zi").read_text(encoding="utf-8")
        used = rules().version
    except (ModuleNotFoundError, FileNotFoundError):
        return
    newer = _RELEASE.match(used) and used < packaged.partition("\n")[0].removeprefix("# version").strip()
    usual = (sysconfig.get_config_var("TZPATH") or "").split(os.pathsep)
    if newer and list(zoneinfo.TZPATH) == usual:
        zoneinfo.reset_tzpath(to=())
        ZoneInfo.clear_cache()


_RELEASE = re.compile(r"\d{4}[a-z]+$")
"""A version as https://www.iana.org/time-zones names it: they sort by the year, then by the letter."""


def _version(folder: Path) -> str:
    """The version that stands beside a machine's rules; where none does, when they were last replaced stands for it."""
    for name in ("tzdata.zi", "+VERSION"):
        if (folder / name).is_file():
            with (folder / name).open(encoding="utf-8") as file:
                return file.readline().removeprefix("# version").strip()
    written = datetime.fromtimestamp((folder / EVERYWHERE).stat().st_mtime, UTC)
    return f"of {written:%Y-%m-%d}"


async def refresh_some(db: AsyncConnection, after: int, now: datetime) -> int | None:
    """Work out anew when some reminders are due, after one's id; the last one's id, None when there are no more.

    What is due already is left to the claim, which looks itself whether the moment is right. What should have been due
    by now is due at once.
    """
    waiting = (reminders.c.id > after) & (reminders.c.next_due_at > now)
    some = select(reminders.c.id).where(waiting).order_by(reminders.c.id).limit(REFRESHED)
    ids = list((await db.execute(some)).scalars())
    found = await schedule.matching(db, schedule.locked(), reminders.c.id.in_(ids))
    decided = await schedule.circumstances(db, found)
    moved = []
    for reminder in found:
        if reminder.next_due_at is None:
            # Switched off since its id was read.
            continue
        try:
            right = reminder.next(decided, reminder.next_due_at - SHIFT, reminder.last_date)
        except ZoneInfoNotFoundError:
            # Others must not wait for a zone that is no more.
            log.exception("reminder %s cannot be worked out anew", reminder.id)
            continue
        if right is not None and right != Occurrence(reminder.next_due_at, reminder.next_date or right.day):
            moved.append({"stale": reminder.id, "due_at": right.at, "due_date": right.day})
    if moved:
        await db.execute(_MOVE, moved)
    return ids[-1] if ids else None


_MOVE = (
    update(reminders)
    .where(reminders.c.id == bindparam("stale"))
    .values(next_due_at=bindparam("due_at"), next_date=bindparam("due_date"))
)
