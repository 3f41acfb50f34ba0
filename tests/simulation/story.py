"""What happens in a simulation: people, what they say and when, and everything that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

BASE = datetime(2026, 1, 5, tzinfo=UTC)
"""When every story begins: a Monday. Moments of a story are seconds after it, by a clock that nobody sets."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

DISCORD, TELEGRAM = "discord", "telegram"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with one account, in one group."""

    name: str
    platform: str
    group: int
    zone: str


@dataclass(frozen=True, slots=True)
class Room:
    """A home of a group."""

    group: int
    platform: str
    chat: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens `at` so many seconds."""

    at: float


@dataclass(frozen=True, slots=True)
class Says(Event):
    """A member types a line. `{today}`, `{yesterday}` and `{+3}` are dates as the member's calendar shows them then."""

    who: str
    line: str
    private: bool = True

    def __str__(self) -> str:
        return f"{self.who} types /{self.line}" + ("" if self.private else " in the group")


@dataclass(frozen=True, slots=True)
class Fault(Event):
    """Something that goes wrong for a while."""

    seconds: float

    @property
    def until(self) -> float:
        """When it is over."""
        return self.at + self.seconds


@dataclass(frozen=True, slots=True)
class Outage(Fault):
    """A platform fails everything. `how`: `refuses` (nothing arrives, and says so), `storm` (429, wait), `silent`
    (nothing arrives, no answer), `deaf` (everything arrives, no answer), `breaks` (the client raises)."""

    platform: str
    how: str

    def __str__(self) -> str:
        return f"{self.platform} {self.how} for {_span(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Closes(Fault):
    """Somebody takes no private messages from us; open again afterwards, and we know when they write in private."""

    who: str

    def __str__(self) -> str:
        return f"{self.who} closes their private chat for {_span(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Kicks(Fault):
    """A group's home throws us out; afterwards we are let in again, and set up by a leader."""

    chat: str

    def __str__(self) -> str:
        return f"{self.chat} throws the bot out for {_span(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Moves(Event):
    """A chat gets another id (a Telegram group that became a supergroup)."""

    chat: str
    to: str

    def __str__(self) -> str:
        return f"{self.chat} becomes {self.to}"


@dataclass(frozen=True, slots=True)
class Dies(Event):
    """The process is killed `after` so many steps (awaits), or commits, from then on, and is started again later."""

    after: int
    what: str
    down: float

    def __str__(self) -> str:
        return f"the process is killed after {self.after} more {self.what}, and started again {_span(self.down)} later"


@dataclass(frozen=True, slots=True)
class Stops(Event):
    """The process is asked to stop, and does, and is started again later."""

    down: float

    def __str__(self) -> str:
        return f"the process is stopped, and started again {_span(self.down)} later"


@dataclass(frozen=True, slots=True)
class Freezes(Event):
    """The process gets no time at all for a while (SIGSTOP, a machine that sleeps), and goes on where it was."""

    seconds: float

    def __str__(self) -> str:
        return f"the process stands still for {_span(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Steps(Event):
    """The system's clock is set forward or back."""

    seconds: float

    def __str__(self) -> str:
        return f"the clock is set {'forward' if self.seconds > 0 else 'back'} by {_span(abs(self.seconds))}"


@dataclass(frozen=True)
class Story:
    """Everything that a simulation is made from. `noise` is how often a healthy platform fails a single send."""

    seed: int
    end: float
    people: tuple[Person, ...]
    rooms: tuple[Room, ...]
    events: tuple[Event, ...]
    zones: tuple[str, ...] = ("Asia/Kolkata",)
    noise: float = 0.0
    notes: tuple[str, ...] = field(default=(), compare=False)

    def with_events(self, events: tuple[Event, ...]) -> Story:
        """The same with other events."""
        return replace(self, events=events)

    def of(self, kind: type[Event]) -> Iterator[Event]:
        """The events of a kind, in their order."""
        return (event for event in self.events if isinstance(event, kind))

    def person(self, name: str) -> Person | None:
        """Somebody by name."""
        return next((person for person in self.people if person.name == name), None)

    def lines(self) -> list[str]:
        """The story to be read."""
        people = [f"{p.name} is on {p.platform}, in group {p.group}, and lives by {p.zone}" for p in self.people]
        rooms = [f"group {r.group} ({self.zones[r.group]}) lives in {r.chat} on {r.platform}" for r in self.rooms]
        told = [f"{moment(event.at):%a %d %b %Y %H:%M:%S} {event}" for event in self.events]
        return [*rooms, *people, f"noise {self.noise}", *told, f"{moment(self.end):%a %d %b %Y %H:%M:%S} the end"]


def moment(at: float) -> datetime:
    """A story's moment in UTC, by the clock that nobody sets."""
    return BASE + timedelta(seconds=at)


def seconds(at: datetime) -> float:
    """The other way round."""
    return (at - BASE).total_seconds()


def at(day: str, clock: str = "00:00:00") -> float:
    """A UTC date and time as a story's moment, for stories written by hand: `at("2026-03-01", "19:59:50")`."""
    text = clock if clock.count(":") == 2 else f"{clock}:00"
    return seconds(datetime.fromisoformat(f"{date.fromisoformat(day)}T{text}+00:00"))


def _span(seconds: float) -> str:
    if seconds >= 2 * DAY:
        return f"{seconds / DAY:.1f} days"
    if seconds >= 2 * HOUR:
        return f"{seconds / HOUR:.1f} h"
    return f"{seconds / MINUTE:.1f} min" if seconds >= 2 * MINUTE else f"{seconds:g} s"
