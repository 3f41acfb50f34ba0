"""What members want to be told and when, as a simulation's checker understands it from what they typed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from operator import attrgetter

from tests.simulation import zones
from tests.simulation.story import MINUTE, moment

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Range = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Rule:
    """A time of day on days of the week, and where: a private chat (`dm`), the group's home, or nowhere (`off`)."""

    minute: int
    days: frozenset[int]
    place: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """All that a member has asked for."""

    zone: str
    day_start: int = 0
    quiet: tuple[int, int] | None = None
    off: tuple[Range, ...] = ()
    paused: Range | None = None
    rules: tuple[tuple[str, Rule], ...] = ()
    deadline: date | None = None

    def rule(self, kind: str) -> Rule | None:
        """The rule for a kind, if there ever was one."""
        return dict(self.rules).get(kind)

    def resting(self, day: date) -> bool:
        """Whether a date is one off."""
        ranges = self.off if self.paused is None else (*self.off, self.paused)
        return any(first <= day <= last for first, last in ranges)

    def hushed(self, at: datetime) -> bool:
        """Whether it is quiet by their clock at a moment."""
        return self.quiet is not None and self.covers(zones.minute_of(self.zone, at))

    def covers(self, minute: int) -> bool:
        """Whether a minute of the day is in the quiet hours."""
        if self.quiet is None:
            return False
        first, end = self.quiet
        return first <= minute < end if first < end else minute >= first or minute < end

    def minutes(self, kind: str) -> tuple[int, ...]:
        """When a kind is due, in minutes after the midnight that its date begins with, before midnight or after.

        Quiet hours move a time that is in them to their nearer edge, of two as near either will do; but never on into
        the next date.
        """
        rule = self.rule(kind)
        if rule is None or rule.place == "off":
            return ()
        wanted: tuple[int, ...] = (rule.minute,)
        if self.quiet is not None and self.covers(rule.minute):
            before, after = (self.quiet[0] - 1) % 1440, self.quiet[1]
            back, ahead = (rule.minute - before) % 1440, (after - rule.minute) % 1440
            wanted = (before,) if back < ahead else (after,) if ahead < back else (before, after)
            # Counted from the date's own midnight: a night owl's small hours come after 24:00.
            own = rule.minute + 1440 if rule.minute < self.day_start else rule.minute
            if own + ahead >= 1440 + self.day_start:
                wanted = (before,)
        return tuple(minute + 1440 if minute < self.day_start else minute for minute in wanted)

    def today(self, at: datetime) -> date:
        """Their date at a moment."""
        return zones.day_of(self.zone, at, self.day_start)


@dataclass(frozen=True, slots=True)
class Version:
    """Wishes, and when they came into force: between the first time the line was typed and its answer, in seconds."""

    wishes: Wishes
    since: float
    sure: float


@dataclass(frozen=True, slots=True)
class Word:
    """Something a member said: tried first at one moment, answered at another."""

    line: str
    tried: float
    answered: float
    refused: bool
    private: bool


@dataclass(frozen=True, slots=True)
class Given:
    """An answer to a daily question."""

    kind: str
    day: date
    studied: bool
    tried: float
    answered: float


@dataclass(frozen=True, slots=True)
class Post:
    """How a group's post was wished for: when in the day, and whether at all.

    In force at the earliest from `since` on and for sure from `sure` on; perhaps until `over`, for sure until `until`.
    """

    minute: int
    on: bool = True
    since: float = float("-inf")
    sure: float = float("-inf")
    until: float = float("inf")
    over: float = float("inf")

    def perhaps(self, first: float, last: float) -> bool:
        """Whether it may have been in force at some time between two moments."""
        return self.since <= last and self.over >= first


@dataclass
class Member:
    """A member's wishes over the whole story."""

    versions: list[Version]
    words: list[Word] = field(default_factory=list)
    answers: list[Given] = field(default_factory=list)
    laters: list[tuple[str, float, float, float]] = field(default_factory=list)
    done: list[tuple[date, float, float]] = field(default_factory=list)

    @property
    def wishes(self) -> Wishes:
        """As they are now."""
        return self.versions[-1].wishes

    def fill(self, line: str, wall: datetime) -> str:
        """A line with its dates: `{today}`, `{yesterday}`, `{+3}`."""
        today = self.wishes.today(wall)
        line = line.replace("{today}", today.isoformat())
        line = line.replace("{yesterday}", (today - timedelta(days=1)).isoformat())
        return re.sub(r"{([+-]\d+)}", lambda m: (today + timedelta(days=int(m[1]))).isoformat(), line)

    def heard(self, word: Word, wall: datetime) -> None:
        """A line was answered at a moment of the system's clock: what it changes is in force."""
        self.words.append(word)
        if word.refused:
            return
        name, *rest = word.line.split()
        given = dict(part.split(":", 1) for part in rest if re.match(r"[a-z]+:", part))
        bare = [part for part in rest if not re.match(r"[a-z]+:", part)]
        if name == "checkin":
            day = date.fromisoformat(given["date"])
            track = given.get("track", "study")
            self.answers.append(Given(track, day, bare[0] != "no", word.tried, word.answered))
        elif name == "later":
            self.laters.append(("study", word.tried, word.answered, int(bare[0][:-1]) * 60 * MINUTE))
        elif name == "done":
            self.done.append((self.wishes.today(wall), word.tried, word.answered))
        else:
            self._wish(name, bare, given, wall, word)

    def _wish(self, name: str, bare: list[str], given: dict[str, str], wall: datetime, word: Word) -> None:
        now = self.wishes
        if name == "timezone":
            now = replace(now, zone=bare[0])
        elif name == "daystart":
            now = replace(now, day_start=_minute(bare[0]))
        elif name == "quiet":
            now = replace(now, quiet=None if bare == ["off"] else (_minute(bare[0]), _minute(bare[1])))
        elif name == "rest":
            now = replace(now, off=(*now.off, (date.fromisoformat(bare[0]), date.fromisoformat(bare[1]))))
        elif name == "pause":
            now = replace(now, paused=_paused(now, bare[0], now.today(wall)))
        elif name == "join":
            now = replace(now, deadline=date.fromisoformat(bare[1]))
        elif name == "remind" and given.get("kind") not in POSTS:
            now = replace(now, rules=tuple({**dict(now.rules), **_ruled(now, bare, given)}.items()))
        else:
            return
        self.versions.append(Version(now, word.tried, word.answered))

    def between(self, first: float, last: float) -> list[Version]:
        """The versions that may have been in force at some time between two moments, both included."""
        found = []
        for position, version in enumerate(self.versions):
            end = self.versions[position + 1].sure if position + 1 < len(self.versions) else float("inf")
            if version.since <= last and end >= first:
                found.append(version)
        return found


def _paused(now: Wishes, until: str, today: date) -> Range | None:
    """A pause until before a date; one that is made longer began when it began, one that is ended keeps its days."""
    if until == "off":
        return None if now.paused is None or now.paused[0] >= today else (now.paused[0], today - timedelta(days=1))
    under_way = now.paused is not None and now.paused[0] <= today <= now.paused[1]
    first = now.paused[0] if now.paused is not None and under_way else today
    return first, date.fromisoformat(until) - timedelta(days=1)


def _ruled(now: Wishes, bare: list[str], given: dict[str, str]) -> dict[str, Rule]:
    kind = given.get("kind", "study")
    old = now.rule(kind) or Rule(_usual(kind), frozenset(range(7)), "dm")
    if bare == ["off"] or given.get("where") == "off":
        return {kind: replace(old, place="off")}
    clock, *rest = bare
    days, place = rest if rest else ("daily", "dm")
    ruled = {kind: Rule(_minute(clock), _days(days), place)}
    if kind == "study" and place == "dm" and now.rule("study") is None:
        # The first daily question in private brings the quiet helpers along.
        helpers = {kind: Rule(_usual(kind), frozenset(range(7)), "dm") for kind in ("deadline", "return")}
        ruled |= {kind: rule for kind, rule in helpers.items() if now.rule(kind) is None}
    return ruled


POSTS = {"group": 20 * 60, "recap": 18 * 60}
"""What a group is told unless its leader wishes otherwise, in minutes after midnight: every day, and on Sundays."""


def posts(kind: str, words: Iterable[Word]) -> list[Post]:
    """How a group's post was wished for over a story, from what its members said."""
    found = [Post(POSTS[kind])]
    for word in sorted(words, key=attrgetter("answered")):
        if word.refused or not re.fullmatch(rf"remind \S+ kind:{kind}", word.line):
            continue
        what, before = word.line.split()[1], found[-1]
        found[-1] = replace(before, until=word.tried, over=word.answered)
        minute = before.minute if what in ("on", "off") else _minute(what)
        found.append(Post(minute, what != "off", word.tried, word.answered))
    return found


def _usual(kind: str) -> int:
    return {"risk": 21 * 60 + 30, "deadline": 18 * 60, "return": 18 * 60}.get(kind, 20 * 60)


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _days(text: str) -> frozenset[int]:
    return frozenset(range(7)) if text == "daily" else frozenset(WEEKDAYS.index(day) for day in text.split(","))


def clock(minute: int) -> str:
    """A minute of the day as it is typed."""
    return f"{minute // 60:02}:{minute % 60:02}"


def shown(at: float, offset: float) -> datetime:
    """What the system's clock shows at a story's moment."""
    return moment(at + offset)
