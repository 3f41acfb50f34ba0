"""On which dates a reminder is due: the days its member wished for, those before a deadline, those after a silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.domain.member import local_day
from bot.domain.occurrence import ONE_DAY, Range, Rule


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else decides when members' reminders are due, by member.

    `days_off` are their rests and `deadlines` those of their current enrolments, both local dates; `last_heard` is the
    UTC moment of their last word.
    """

    days_off: Mapping[int, tuple[Range, ...]] = field(default_factory=dict)
    deadlines: Mapping[int, tuple[date, ...]] = field(default_factory=dict)
    last_heard: Mapping[int, datetime] = field(default_factory=dict)


class Dates(Protocol):
    """A way to choose dates."""

    @property
    def wished(self) -> bool:
        """Whether its member chooses the days of the week."""
        ...

    @property
    def before(self) -> tuple[int, ...]:
        """How many days before a member's deadlines it comes; none where those do not matter."""
        ...

    @property
    def silence(self) -> int:
        """After how many days without a word it comes; 0 where a member's last word does not matter."""
        ...

    @property
    def once(self) -> bool:
        """Whether it comes once and then waits until its cause comes anew; what could not be said comes again."""
        ...

    def narrow(self, wish: Rule, member: int | None, circumstances: Circumstances, last: date | None) -> Rule | None:
        """A wish on these dates only; None where there are none to come. `last` is the last date it was due on."""
        ...


@dataclass(frozen=True, slots=True)
class OnWishedDays:
    """On the days of the week that were wished for."""

    wished: bool = True
    before: tuple[int, ...] = ()
    silence: int = 0
    once: bool = False

    def narrow(self, wish: Rule, member: int | None, circumstances: Circumstances, last: date | None) -> Rule | None:
        """The wish as it is."""
        return wish


ON_WISHED_DAYS = OnWishedDays()


@dataclass(frozen=True, slots=True)
class BeforeDeadlines:
    """So many days before each of a member's deadlines."""

    before: tuple[int, ...]
    wished: bool = False
    silence: int = 0
    once: bool = False

    def narrow(self, wish: Rule, member: int | None, circumstances: Circumstances, last: date | None) -> Rule | None:
        """The wish on these dates."""
        deadlines = circumstances.deadlines.get(member or 0, ())
        return replace(wish, dates=tuple(sorted({day - timedelta(days=n) for day in deadlines for n in self.before})))


@dataclass(frozen=True, slots=True)
class AfterSilence:
    """Once, after so many days without a word from its member; again when they have come back and fallen silent."""

    silence: int
    wished: bool = False
    before: tuple[int, ...] = ()
    once: bool = True

    def narrow(self, wish: Rule, member: int | None, circumstances: Circumstances, last: date | None) -> Rule | None:
        """The wish from the day on which the silence is long enough."""
        word = circumstances.last_heard.get(member or 0)
        if word is None:
            return None
        spoke = local_day(word, wish.zone, wish.day_start)
        if last is not None and spoke < last - ONE_DAY:
            # Written to once, they are left in peace until they come back: by dates, for their clock and its time
            # may be others since; a zone moves a date by one, and a silence is a week.
            return None
        silent = self._silent_after(spoke, wish.off)
        return None if silent == date.max else replace(wish, start=silent + timedelta(days=self.silence))

    def _silent_after(self, spoke: date, off: Iterable[Range]) -> date:
        """The local date after which a silence counts: that of a word, or the last of the days off that began before
        it was a silence; `date.max` in a pause without an end."""
        day = spoke
        for first, last in sorted(off):
            if last > day and first <= day + timedelta(days=self.silence):
                day = last
        return day
