"""The rules of time zones: which are in use, and reminders that are due at another moment under new ones."""

from __future__ import annotations

import logging
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfoNotFoundError

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.occurrence import Occurrence
from bot.store import schedule
from bot.tables import reminders

log = logging.getLogger(__name__)

REFRESHED = 500
"""How many reminders are worked out anew in one transaction when the rules of time zones have changed."""


def rules() -> str:
    """Which version of the rules of time zones is in use: the machine's own where it has one, else the package's.

    `zoneinfo` looks in the same order (https://docs.python.org/3/library/zoneinfo.html#data-sources).
    """
    for folder in map(Path, TZPATH):
        for name in ("tzdata.zi", "+VERSION"):
            if (folder / name).is_file():
                with (folder / name).open(encoding="utf-8") as file:
                    return file.readline().removeprefix("# version").strip()
    return version("tzdata")


async def refresh_some(db: AsyncConnection, after: int, now: datetime) -> int | None:
    """Work out anew when some reminders are due, after one's id; the last one's id, None when there are no more.

    What is due already is left to the claim, which looks itself whether the moment is right. What should have been due
    by now is due at once.
    """
    waiting = (reminders.c.id > after) & (reminders.c.next_due_at > now)
    some = select(reminders.c.id).where(waiting).order_by(reminders.c.id).limit(REFRESHED)
    ids = list((await db.execute(some)).scalars())
    found = await schedule.chosen(db, schedule.held(), reminders.c.id.in_(ids))
    decided = await schedule.around(db, found)
    moved = []
    for reminder in found:
        if reminder.next_due_at is None:
            # Switched off since its id was read.
            continue
        try:
            right = reminder.next(decided, reminder.next_due_at - schedule.SHIFT, reminder.last_date)
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
