"""What the clocks of the world show and when, told by walking through time and looking at them, minute by minute."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.domain.occurrence import Rule, next_occurrence

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)

NEVER = datetime.max.replace(tzinfo=UTC)

QUARTERS = range(0, 24 * 60, 15)
"""Every 15 minutes of the day."""

FIRST_YEAR, LAST_YEAR = 2025, 2037

WINDOW = 4
"""Local dates around a transition: two before the one it ends on, that one, and the one after."""


@cache
def changes(zone: str, first: int, last: int) -> tuple[datetime, ...]:
    """The moments in some years at which a zone's clocks were set, found by comparing the offsets of days."""
    tz = ZoneInfo(zone)
    found = []
    moment = datetime(first, 1, 1, tzinfo=UTC)
    offset = moment.astimezone(tz).utcoffset()
    while moment.year <= last:
        following = moment + DAY
        before, offset = offset, following.astimezone(tz).utcoffset()
        if before != offset:
            low, high = moment, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if middle.astimezone(tz).utcoffset() == before else (low, middle)
            found.append(high.replace(microsecond=0))
        moment = following
    return tuple(found)


@dataclass(frozen=True)
class Window:
    """Some local dates of a zone, `days` of them from `first`; `zones` are all whose clocks go the same way."""

    zone: str
    first: date
    zones: tuple[str, ...]
    days: int = WINDOW

    @property
    def start(self) -> datetime:
        """A moment before anything of it."""
        return datetime.combine(self.first, time(), UTC) - 15 * 60 * MINUTE

    @property
    def last(self) -> date:
        """Its last date."""
        return self.first + (self.days - 1) * DAY

    def shown(self) -> Iterator[tuple[datetime, datetime]]:
        """Every UTC minute around the window, and what the wall clock shows then."""
        tz = ZoneInfo(self.zone)
        for n in range((self.days * 24 + 28) * 60):
            at = self.start + n * MINUTE
            yield at, at.astimezone(tz).replace(tzinfo=None)

    def expected(self) -> dict[int, dict[date, Due]]:
        """For every quarter of an hour, when each date of the window is due by the definition."""
        wanted = [
            (datetime.combine(self.first + n * DAY, time(minute // 60, minute % 60)), minute)
            for n in range(self.days)
            for minute in QUARTERS
        ]
        shows = {wall: Due() for wall, _ in wanted}
        waiting = deque(wall for wall, _ in wanted)
        # A later time is never reached before an earlier one: one walk finds them all.
        for at, clock in self.shown():
            while waiting and waiting[0] <= clock:
                shows[waiting.popleft()].at = at
            if clock in shows:
                shows[clock].shown.append(at)
        table: dict[int, dict[date, Due]] = defaultdict(dict)
        for wall, minute in wanted:
            table[minute][wall.date()] = shows[wall]
        return table


@dataclass
class Due:
    """When a clock first reached or passed a wall time, and the moments (none, one or two) at which it showed it.

    `at` is the one moment at which a reminder is due.
    """

    at: datetime = NEVER
    shown: list[datetime] = field(default_factory=list)

    def allows(self, at: datetime) -> bool:
        """Whether a scheduler with other rules than ours could mean this: either coming of a time that comes twice, and
        for one that does not exist as long after the gap as it would have been into it, or sooner."""
        return at in self.shown if self.shown else self.at <= at <= self.at + 3 * 60 * MINUTE


@cache
def windows() -> tuple[Window, ...]:
    """One for each transition of each zone, once for all zones whose clocks go the same way.

    A zone without any has one in the middle of 2026.
    """
    alike: dict[object, list[str]] = defaultdict(list)
    for zone in all_zones():
        set_at = changes(zone, FIRST_YEAR, LAST_YEAR)
        marks = (datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), *set_at)
        alike[tuple((mark, mark.astimezone(ZoneInfo(zone)).utcoffset()) for mark in marks)].append(zone)
    found = []
    for zones in alike.values():
        set_at = changes(zones[0], FIRST_YEAR, LAST_YEAR)
        middles = [at.astimezone(ZoneInfo(zones[0])).date() for at in set_at] or [date(2026, 7, 1)]
        found += [Window(zones[0], middle - 2 * DAY, tuple(zones)) for middle in middles]
    return tuple(found)


def all_zones() -> list[str]:
    """Every IANA zone this machine knows; `localtime` is a name some systems have for their own."""
    return sorted(available_timezones() - {"localtime", "Factory"})


@dataclass
class Tally:
    """How many daily cases were judged, and what was wrong with them; a window counts once for each of its zones."""

    cases: int = 0
    missed: int = 0
    doubled: int = 0
    wrong: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """All that was wrong."""
        return self.missed + self.doubled + self.wrong

    def judge(self, window: Window, minute: int, due: dict[date, Due], fired: Sequence[datetime], strict: bool) -> None:
        """Compare the moments at which something fired with those at which each date was due.

        What is right is set aside; then a moment near one that is wanted is at a wrong hour, what is still wanted was
        missed, and what is still there was one too many. `strict` allows our rules alone.
        """
        times = len(window.zones)
        left = list(fired)
        wanted = []
        for one in due.values():
            self.cases += times
            right = next((at for at in left if (at == one.at if strict else one.allows(at))), None)
            if right is None:
                wanted.append(one.at)
            else:
                left.remove(right)
        for at in wanted:
            near = next((other for other in left if abs(other - at) < 12 * 60 * MINUTE), None)
            if near is None:
                self.missed += times
            else:
                left.remove(near)
                self.wrong += times
        self.doubled += len(left) * times
        if (wanted or left) and len(self.examples) < 10:
            self.examples.append(
                f"{window.zone} {minute // 60:02}:{minute % 60:02} from {window.first}: {wanted} {left}"
            )


Schedule = Callable[[str, int, Window, datetime], Iterable[datetime]]
"""When a daily rule of a zone, at a minute of the day, fires in a window; given the first right moment too."""


def survey(schedules: dict[str, Schedule], strict: Iterable[str], where: Iterable[Window]) -> dict[str, Tally]:
    """Judge schedules, each over every quarter of an hour in the windows."""
    tallies = {name: Tally() for name in schedules}
    for window in where:
        for minute, due in window.expected().items():
            for name, schedule in schedules.items():
                fired = list(schedule(window.zone, minute, window, due[window.first].at))
                tallies[name].judge(window, minute, due, fired, name in strict)
    return tallies


def rules(zone: str, minute: int, window: Window, _first: datetime) -> Iterator[datetime]:
    """Ours, as a tick asks: each occurrence is claimed a second late."""
    rule = Rule(minute, zone, start=window.first, until=window.last)
    due = next_occurrence(rule, window.start)
    while due is not None:
        yield due.at
        due = next_occurrence(rule, due.at + timedelta(seconds=1), due.day)


def a_day_later(_zone: str, _minute: int, window: Window, first: datetime) -> Iterator[datetime]:
    """The naive peer: 24 hours after the last one."""
    return (first + n * DAY for n in range(window.days))


def cron(zone: str, minute: int, window: Window, _first: datetime) -> Iterator[datetime]:
    """APScheduler's CronTrigger, asked as its scheduler asks it; PTB's `run_daily` is the same trigger."""
    from apscheduler.triggers.cron import CronTrigger

    tz = ZoneInfo(zone)
    trigger = CronTrigger(hour=minute // 60, minute=minute % 60, timezone=tz)
    now = datetime.combine(window.first, time(), tz).astimezone(UTC) - MINUTE
    last = None
    while True:
        fired = trigger.get_next_fire_time(last, now.astimezone(tz))
        at = fired.astimezone(UTC)
        if fired.date() > window.last:
            return
        yield at
        last, now = fired, max(now, at) + timedelta(milliseconds=5)
