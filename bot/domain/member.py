"""Somebody who studies, by a clock of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from bot.domain.occurrence import ONE_DAY, Range, clock, moment_of, within
from bot.domain.rest import paused_range


def local_day(moment: datetime, zone: str, day_start: int = 0) -> date:
    """The local date that a moment counts for.

    `day_start` is minutes after midnight: with 240 (04:00), half past one at night still belongs to the evening before.
    Wall-clock time decides, so an hour skipped or repeated by a clock change does not move the day's border.
    """
    local = moment.astimezone(clock(zone))
    early = _minute(local) < day_start
    return local.date() - ONE_DAY if early else local.date()


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours in which a member hears nothing from us, in minutes after local midnight, every day.

    `start` is the first quiet minute, `end` the first that is not; over midnight where `end` is the earlier. The clock
    on the wall decides. Raises ValueError for minutes no day has, and where nothing or everything would be quiet.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        for minute in (self.start, self.end):
            if not 0 <= minute < 24 * 60:
                raise ValueError(f"a day has no minute {minute}")
        if self.start == self.end:
            raise ValueError("quiet hours end at another time than they begin")

    def covers(self, minute: int) -> bool:
        """Whether a minute of the day is quiet."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def nearest_edge(self, minute: int, day_start: int = 0) -> int:
        """The minute nearest to a quiet one that is not: the last before, or the first after; of two as near, the last
        before. A minute that is not quiet is its own.

        Where the date that began at `day_start` is over by the first after, it is the last before: as a time of that
        date it would be its very beginning.
        """
        if not self.covers(minute):
            return minute
        back, ahead = (minute - self.start + 1) % 1440, (self.end - minute) % 1440
        over = (minute - day_start) % 1440 + ahead >= 1440
        return (self.start - 1) % 1440 if over or back <= ahead else self.end

    def ends(self, moment: datetime, zone: str) -> datetime:
        """The UTC moment from which on something may be said: that of the window's end, or `moment` if it is not
        quiet. A window lasts until its end, also where the clock is set back to before its start."""
        tz = clock(zone)
        at = moment.astimezone(UTC)
        while self.covers(_minute(wall := at.astimezone(tz))):
            day = wall.date() if _minute(wall) < self.end else wall.date() + ONE_DAY
            over = moment_of(day, self.end, zone)
            if over <= at:
                # The clocks were set back: it is quiet again, until the second coming of the same time.
                end = datetime.combine(day, time(self.end // 60, self.end % 60), tz)
                over = end.replace(fold=1).astimezone(UTC)
            at = over
        return at


@dataclass(frozen=True, slots=True)
class Member:
    """One person, however many accounts they have. Times of day are minutes after local midnight.

    A pause is from the local date `paused_from` to before `paused_until`; without the latter, until they come back.
    """

    id: int
    name: str
    zone: str
    zone_confirmed: bool = False
    day_start: int = 0
    language: str = "en"
    intention: str | None = None
    onboarding: bool = False
    quiet: Quiet | None = None
    paused_from: date | None = None
    paused_until: date | None = None

    def local_day(self, moment: datetime) -> date:
        """The member's own date at a moment in UTC."""
        return local_day(moment, self.zone, self.day_start)

    def local(self, moment: datetime) -> datetime:
        """The same moment on the member's clock."""
        return moment.astimezone(clock(self.zone))

    def paused_on(self, day: date) -> bool:
        """Whether a local date falls into a pause."""
        return within(day, self.off())

    def off(self, rests: Iterable[Range] = ()) -> tuple[Range, ...]:
        """The local dates on which nothing is asked: the rests given, and the pause."""
        if self.paused_from is None:
            return tuple(rests)
        return (*rests, paused_range(self.paused_from, self.paused_until))


def _minute(wall: datetime) -> int:
    return wall.hour * 60 + wall.minute
