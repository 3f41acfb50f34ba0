"""A reminder: when what was wished for is next due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.dates import ON_WISHED_DAYS, Circumstances, Dates
from bot.domain.member import Quiet
from bot.domain.occurrence import ONE_DAY, Occurrence, Range, Rule, clock, looks_from, moment, next_occurrence, within

SHIFT = timedelta(hours=3)
"""By how much a moment may have been worked out wrong: no change of a zone's rules moved its clocks further."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A rule and where it stands. `next_due_at` is UTC, `next_date` the local date it will be for.

    Asked for by /later, it is due at `later_at` instead, for `later_date`. `paused_at`: it stopped by itself, after
    `ignored` questions in a row without a word. `dates` are those of its kind.
    """

    id: int
    kind: str
    member: int | None
    group: int | None
    minute: int
    days: int
    place: str
    last_date: date | None
    later_at: datetime | None
    later_date: date | None
    ignored: int
    paused_at: datetime | None
    next_due_at: datetime | None
    next_date: date | None
    zone: str
    day_start: int = 0
    quiet: Quiet | None = None
    pause: Range | None = None
    dates: Dates = ON_WISHED_DAYS
    # What a claim saw beside it, so that it asks no more than it needs: the private chat to write to, as platform and
    # chat; whether there are days off at all; whether any answer was given for its date or a later one.
    reached: str | None = None
    resting: bool = True
    spoke: bool = True

    @property
    def time(self) -> int:
        """The minute after local midnight at which it comes: quiet hours move it to their nearer edge."""
        if self.quiet is not None and self.quiet.covers(self.minute):
            return self.quiet.nearest_edge(self.minute, self.day_start)
        return self.minute

    def off(self, circumstances: Circumstances) -> tuple[Range, ...]:
        """The local dates on which its member wants to hear nothing."""
        if self.member is None:
            return ()
        resting = circumstances.days_off.get(self.member, ())
        return resting if self.pause is None else (*resting, self.pause)

    def rule(self, circumstances: Circumstances, last: date | None) -> Rule | None:
        """Its wish as things stand; None when nothing is wished for."""
        if self.place == "off" or self.paused_at is not None:
            return None
        wish = Rule(self.time, self.zone, self.days, day_start=self.day_start, off=self.off(circumstances))
        return self.dates.narrow(wish, self.member, circumstances, last)

    def next(self, circumstances: Circumstances, after: datetime, last: date | None) -> Occurrence | None:
        """Its next occurrence, after a moment and a local date; None when there is none to come."""
        rule = self.rule(circumstances, last)
        if rule is None:
            return None
        if self.later_at is None or self.later_date is None:
            return next_occurrence(rule, after, last)
        if self.later_at <= after:
            # A pause let it pass, or an answer that was taken back since: its date has its own time again.
            return next_occurrence(rule, after, self.later_date - ONE_DAY if last == self.later_date else last)
        due = next_occurrence(rule, after, last)
        if due is not None and due.at <= self.later_at:
            return due
        return due if within(self.later_date, rule.off) else Occurrence(self.later_at, self.later_date)

    def anew(self, now: datetime, last: date | None, circumstances: Circumstances) -> Occurrence | None:
        """When it is next due, worked out anew; what is due and not yet claimed stays due."""
        return self.next(circumstances, looks_from(now, self.next_due_at), last)

    def found_due(self, rule: Rule | None, circumstances: Circumstances) -> Occurrence | None:
        """The occurrence that it was found due for, as its rule and the rules of its zone stand now."""
        at, day, last = self.next_due_at, self.next_date, self.last_date
        assert at is not None and day is not None, "a reminder that is found due has its moment"
        as_before = rule is not None and (last is None or day > last) and rule.due_on(day) and _shows(rule, day, at)
        if as_before or at == self.later_at:
            return Occurrence(at, day)
        return self.next(circumstances, at - SHIFT, last)


def _shows(rule: Rule, day: date, at: datetime) -> bool:
    """Whether a moment is that of a rule for a local date; mostly the clock on the wall says so at a glance."""
    wall = at.astimezone(clock(rule.zone))
    plain = not wall.fold and rule.minute >= rule.day_start and not wall.second
    at_a_glance = plain and wall.hour * 60 + wall.minute == rule.minute and wall.date() == day
    return at_a_glance or moment(rule, day) == at
