"""Stories made up from a seed: who lives where, what they say day by day, and everything that goes wrong."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from tests.simulation import zones
from tests.simulation.story import (
    DAY,
    DISCORD,
    HOUR,
    MINUTE,
    TELEGRAM,
    Closes,
    Dies,
    Event,
    Freezes,
    Kicks,
    Moves,
    Outage,
    Person,
    Room,
    Says,
    Steps,
    Stops,
    Story,
    moment,
    seconds,
)
from tests.simulation.wishes import WEEKDAYS, clock

ZONES = (
    "Asia/Kolkata",
    "Asia/Kolkata",
    "Asia/Kolkata",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/St_Johns",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Apia",
    "Antarctica/Troll",
    "Atlantic/Azores",
)
"""Where members live: half hours, half-hour summer times, two summer times a year, both sides of the date line."""

TIMES = (20 * 60, 20 * 60, 20 * 60, 21 * 60 + 30, 7 * 60, 18 * 60, 2 * 60 + 30, 30, 23 * 60 + 55, 1 * 60, 3 * 60, 0)
"""When they are asked: in the evening, and in the hours that clocks skip and repeat."""

STEPS = ("typed-language", "sql", "http-rest")

JOINING = 14 * DAY
"""Within so many seconds everybody has come."""

GROUP_SIZE = 50

CLOCKS = 6
"""So many zones and times of day a story has: its members share them, as groups do."""

WEEKS = ((0,), (2,), (3,), (5,), (6,), (1, 4))
"""The days of the week on which people want to be asked."""


class Writer:
    """Writes one story."""

    def __init__(self, seed: int, members: int, days: float) -> None:
        self.random = Random(seed)  # chance that can be repeated, not secrets
        self.seed = seed
        self.end = days * DAY
        count = max(1, members // GROUP_SIZE)
        self.clocks = self.random.sample(sorted(set(ZONES)), CLOCKS)
        self.clocks += self.clocks[:2] * 2
        self.times = self.random.sample(TIMES, CLOCKS)
        self.zones = tuple(self.random.choice(self.clocks) for _ in range(count))
        self.rooms = tuple(
            Room(group, platform, f"{platform}-room-{group}")
            for group in range(count)
            for platform in (DISCORD, TELEGRAM)
        )
        self.people = tuple(self._person(number, number % count) for number in range(members))
        self.events: list[Event] = []

    def _person(self, number: int, group: int) -> Person:
        # Everybody begins with the clock of their group.
        return Person(f"m{number}", self.random.choice((DISCORD, TELEGRAM)), group, self.zones[group])

    def write(self, faults: float) -> Story:
        """The story; `faults` is how many things go wrong a week."""
        for person in self.people:
            self._lives(person)
        self._leads()
        self._goes_wrong(faults)
        events = sorted((e for e in self.events if e.at < self.end), key=lambda event: event.at)
        return Story(self.seed, self.end, self.people, self.rooms, tuple(events), self.zones, noise=0.02)

    # ------------------------------------------------------------ a member's life

    def _lives(self, person: Person) -> None:
        chance = self.random
        at = chance.uniform(MINUTE, min(JOINING, self.end / 10))
        zone, start = chance.choice(self.clocks), 0
        minute, days = chance.choice(self.times), self._days()
        place = "group" if chance.random() < 0.15 else "dm"
        deadline = (moment(at) + timedelta(days=chance.randint(20, 300))).date()
        self._say(at, person, f"join backend-ai-era {deadline}", private=False)
        self._say(at + 20, person, f"timezone {zone}")
        self._say(at + 40, person, f"remind {clock(minute)} {self._spoken(days)} {place}")
        if chance.random() < 0.15:
            self._say(at + 50, person, f"remind 21:30 {self._spoken(days)} dm kind:risk")
        at += HOUR
        diligence = chance.choice((0.3, 0.6, 0.6, 0.9))
        while at < self.end:
            # A stretch of days under the same wishes, then something changes.
            until = min(self.end, at + chance.uniform(10, 90) * DAY)
            self._studies(person, zone, minute, start, days, at, until, diligence)
            at = until
            zone, minute, start, days = self._changes(person, at, zone, minute, start, days, place)

    def _days(self) -> tuple[int, ...]:
        return self.random.choice(WEEKS)

    @staticmethod
    def _spoken(days: tuple[int, ...]) -> str:
        return ",".join(WEEKDAYS[day] for day in days)

    def _studies(
        self,
        person: Person,
        zone: str,
        minute: int,
        start: int,
        days: tuple[int, ...],
        first: float,
        last: float,
        diligence: float,
    ) -> None:
        chance = self.random
        day = moment(first).date()
        while day <= moment(last).date():
            if day.weekday() in days and chance.random() < diligence:
                asked = self._asked(zone, day, minute + 1440 if minute < start else minute)
                # Before they are asked, just then, or some time after.
                at = asked + chance.choice((-3 * HOUR, -30, -1, 0, 2, 40, 20 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR))
                if first < at < last:
                    what = "no" if chance.random() < 0.2 else str(chance.randint(1, 18) * 5)
                    self._say(at, person, f"checkin {what} date:{day} track:study", private=chance.random() < 0.7)
            elif day.weekday() in days and chance.random() < 0.1:
                asked = self._asked(zone, day, minute + 1440 if minute < start else minute)
                if first < asked + 5 * MINUTE < last:
                    self._say(asked + 5 * MINUTE, person, "later 1h")
            day += timedelta(days=1)

    @staticmethod
    def _asked(zone: str, day: date, minute: int) -> float:
        at = zones.moment(zone, day, minute)
        return seconds(at) if at is not None else -1.0

    def _changes(
        self, person: Person, at: float, zone: str, minute: int, start: int, days: tuple[int, ...], place: str
    ) -> tuple[str, int, int, tuple[int, ...]]:
        chance = self.random
        what = chance.choice(
            ("zone", "time", "days", "daystart", "quiet", "pause", "rest", "off", "done", "back", "edit")
        )
        if what == "zone":
            zone = chance.choice(self.clocks)
            self._say(at, person, f"timezone {zone}")
        elif what in ("time", "days"):
            minute, days = (chance.choice(self.times), days) if what == "time" else (minute, self._days())
            self._say(at, person, f"remind {clock(minute)} {self._spoken(days)} {place}")
        elif what == "edit":
            # In the very minute in which it is due.
            due = self._asked(zone, moment(at).date() + timedelta(days=2), minute)
            minute = chance.choice((minute, (minute + 1) % 1440, chance.choice(self.times)))
            self._say(
                due + chance.choice((-60, -1, 0, 1, 30)), person, f"remind {clock(minute)} {self._spoken(days)} {place}"
            )
        elif what == "daystart":
            start = chance.choice((0, 240, 360))
            self._say(at, person, f"daystart {clock(start)}")
        elif what == "quiet":
            first = chance.choice((22, 23, 0, 1)) * 60
            self._say(at, person, "quiet off" if chance.random() < 0.3 else f"quiet {clock(first)} {clock(7 * 60)}")
        elif what == "pause":
            self._say(at, person, "pause {+" + str(chance.randint(2, 20)) + "}")
            if chance.random() < 0.5:
                self._say(at + chance.uniform(1, 15) * DAY, person, "pause off")
        elif what == "rest":
            off = chance.randint(0, 9)
            self._say(at, person, f"rest {{+{off}}} {{+{off + chance.randint(0, 6)}}}")
        elif what == "off":
            self._say(at, person, "remind off")
            self._say(at + chance.uniform(1, 9) * DAY, person, f"remind {clock(minute)} {self._spoken(days)} {place}")
        elif what == "done":
            self._say(at, person, f"done {chance.choice(STEPS)}", private=False)
        else:
            self._say(at, person, f"remind {clock(minute)} {self._spoken(days)} {place}")
        return zone, minute, start, days

    def _say(self, at: float, person: Person, line: str, private: bool = True) -> None:
        if at > 0:
            self.events.append(Says(float(round(at, 1)), person.name, line, private))

    def _leads(self) -> None:
        """The first of each group leads it: now and then one of its posts goes off, on, or to another time."""
        chance = Random(f"{self.seed} leads")  # of its own: what members do stays as it was
        for leader in self.people[: len(self.zones)]:
            at = JOINING + chance.uniform(1, 40) * DAY
            while at < self.end:
                kind = chance.choice(("group", "recap"))
                self._say(at, leader, f"remind off kind:{kind}", private=False)
                at += chance.uniform(0.1, 12) * DAY
                what = chance.choice(("on", clock(chance.choice(self.times))))
                self._say(at, leader, f"remind {what} kind:{kind}", private=False)
                at += chance.uniform(5, 60) * DAY

    # ------------------------------------------------------------ what goes wrong

    def _goes_wrong(self, faults: float) -> None:
        chance = self.random
        evenings = [seconds(m) for zone in self.zones for day in self._dates() if (m := zones.moment(zone, day, 1200))]
        asked = [e.at for e in self.events if isinstance(e, Says) and e.line.startswith("checkin")]
        for _ in range(int(faults * self.end / (7 * DAY))):
            # Mostly where it hurts: when something is being said.
            near = chance.choice(evenings) if chance.random() < 0.5 or not asked else chance.choice(asked)
            at = near + chance.choice((-2 * HOUR, -600, -5, -1, -0.5, 0, 0.2, 0.5, 1, 2, 5, 30, 60, 120, HOUR))
            if at > 0:
                self.events.append(self._fault(float(round(at, 1))))

    def _dates(self) -> list[date]:
        return [moment(day * DAY).date() for day in range(1, int(self.end / DAY))]

    def _fault(self, at: float) -> Event:
        chance = self.random
        platform = chance.choice((DISCORD, TELEGRAM))
        what = chance.random()
        if what < 0.40:
            down = chance.choice((2, 2, 10, 10, 60, 100, 130, 600, 2 * HOUR, 5 * HOUR, 3 * DAY))
            kind, most = chance.choice((("steps", 400), ("steps", 40), ("commits", 6)))
            return Dies(at, chance.randint(1, most), kind, float(down))
        if what < 0.45:
            return Stops(at, float(chance.choice((5, 60, HOUR))))
        if what < 0.50:
            return Freezes(at, float(chance.choice((20, 100, 130, 600, 2 * HOUR))))
        if what < 0.75:
            how = chance.choice(("refuses", "refuses", "storm", "storm", "silent", "silent", "breaks", "deaf"))
            long = chance.choice((60, 300, 1800, 2 * HOUR, 4 * HOUR))
            return Outage(at, float(90 if how in ("deaf", "breaks") else long), platform, how)
        if what < 0.85:
            return Steps(at, chance.choice((HOUR, -HOUR)))
        if what < 0.93:
            return Closes(at, chance.choice((HOUR, DAY, 9 * DAY)), chance.choice(self.people).name)
        room = chance.choice(self.rooms)
        if what < 0.97 or room.platform != TELEGRAM or any(isinstance(e, Moves) for e in self.events):
            return Kicks(at, chance.choice((600.0, 5 * HOUR, 3 * DAY)), room.chat)
        return Moves(at, room.chat, f"{room.chat}-super")


def write(seed: int, members: int, days: float, faults: float = 3.0) -> Story:
    """A story of so many members and days; `faults` go wrong a week."""
    return Writer(seed, members, days).write(faults)
