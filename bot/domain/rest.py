"""A member's days off: rests planned ahead, a pause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from bot.domain.occurrence import ONE_DAY, Range


@dataclass(frozen=True, slots=True)
class Rest:
    """A stretch of days off, both ends included. One whose last day comes before its first was taken back."""

    id: int
    first: date
    last: date

    @property
    def days(self) -> Range:
        """Its ends."""
        return self.first, self.last

    def touches(self, days: Range) -> bool:
        """Whether it overlaps a stretch of local dates, or lies right beside it: together they are one stretch."""
        first, last = days
        return self.first <= last + ONE_DAY and first <= self.last + ONE_DAY

    def covers(self, days: Range) -> bool:
        """Whether all of a stretch is off already."""
        first, last = days
        return self.first <= first and last <= self.last


def joined_ranges(rests: Iterable[Rest]) -> list[Rest]:
    """The same days off with those that overlap or touch made one, the earliest first; one keeps its first's id."""
    kept: list[Rest] = []
    for rest in sorted(rests, key=lambda rest: rest.days):
        if kept and kept[-1].touches(rest.days):
            kept[-1] = replace(kept[-1], last=max(kept[-1].last, rest.last))
        else:
            kept.append(rest)
    return kept


def paused_range(first: date, until: date | None) -> Range:
    """The local dates of a pause, from its first to before `until`; without that, until they come back."""
    return first, date.max if until is None else until - ONE_DAY
