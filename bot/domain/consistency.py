"""How steadily somebody studies: the streak of study days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from bot.domain.occurrence import EVERY_DAY, Range, within


def streak(studied: Collection[date], today: date, days: int = EVERY_DAY, off: Collection[Range] = ()) -> int:
    """Study days in a row up to today, or up to yesterday while today is still open.

    `studied` are local dates with a check-in that says so or a step done; `days` are the member's days of the week
    (bits, Monday the lowest); `off` are their rests and pauses. Another day than theirs, and one off, neither breaks
    the streak nor is needed for it, but counts when used.
    """
    length = 0
    day = today
    earliest = min(studied, default=today)
    while day >= earliest:
        if day in studied:
            length += 1
        elif day != today and days >> day.weekday() & 1 and not within(day, off):
            break
        day -= timedelta(days=1)
    return length


def stands_until(last: date, days: int = EVERY_DAY, off: Collection[Range] = ()) -> date:
    """The last local date on which a streak that ends on a study day still stands: the next one that needs another.

    `date.max` where none does, as in a pause without an end. The rest is as in `streak`.
    """
    day = last + timedelta(days=1)
    while within(day, off) or not days >> day.weekday() & 1:
        ends = [end for start, end in off if start <= day <= end]
        if date.max in ends:
            return date.max
        day = max(ends, default=day) + timedelta(days=1)
    return day
