"""The kinds of arguments a command can take: how each is read, suggested and refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from rapidfuzz import fuzz, process

from bot.command.reading import add_months, read_date, read_days, read_minute, read_minutes
from bot.command.scene import Scene
from bot.domain.plan import FAR_DAYS, MAX_MINUTES_A_DAY
from bot.domain.refusal import Refusal
from bot.domain.roadmap import Roadmap, Step
from bot.text import date_words, minute_words, word

NOTE_LENGTH = 1000
PROOF_LENGTH = 500
SUGGESTIONS = 25
"""What Discord shows at the most while somebody types; a longer list would be cut there."""

QUOTED_LENGTH = 60
"""How much of what was not understood is said back."""

TRACKS = ("study", "dsa")
PLACES = ("dm", "group", "off")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A possible argument: what is read and what is typed."""

    label: str
    value: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A document or photo that came with a command, as the platform refers to it."""

    platform: str
    reference: str
    name: str
    size: int


class Kind(Protocol):
    """One kind of argument."""

    @property
    def text(self) -> bool:
        """Takes whatever is left of a line, when it is the last of its kind."""
        ...

    @property
    def subject(self) -> bool:
        """Says what the command is about: words at its place that nobody understands are refused in its name."""
        ...

    @property
    def limit(self) -> int:
        """The most characters it takes."""
        ...

    def read(self, text: str, scene: Scene) -> Any:
        """The value of a text; None when it is not one of this kind."""
        ...

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Why a text was not understood, and what could be typed instead."""
        ...

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """What could be meant, best first; nothing when anything could."""
        ...


@dataclass(frozen=True)
class Plain:
    """A kind without suggestions, from a reader and the id of its refusal."""

    reader: Callable[[str, Scene], Any]
    refusal: str
    limit: int = 100
    text: bool = False
    subject: bool = False

    def read(self, text: str, scene: Scene) -> Any:
        """What the reader makes of it."""
        return self.reader(text, scene)

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The refusal, quoting what was typed."""
        return Refusal(self.refusal, text=quoted(text))

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Nothing: it is typed."""
        return []


@dataclass(frozen=True)
class Words:
    """Free text up to a limit. The last of a command's words takes the rest of the line."""

    limit: int = NOTE_LENGTH
    text: bool = True
    subject: bool = False

    def read(self, text: str, scene: Scene) -> str | None:
        """The text as typed, without the blanks around it."""
        text = text.strip()
        return text if 0 < len(text) <= self.limit else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Too long: how long it was and how long it may be."""
        return Refusal("refuse-long", length=len(text), limit=self.limit)

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Nothing: words are one's own."""
        return []


@dataclass(frozen=True)
class OneOf:
    """One of a few words; each has a name in the locales, `option-<word>`."""

    values: tuple[str, ...]
    limit: int = 32
    text: bool = False
    subject: bool = False

    def read(self, text: str, scene: Scene) -> str | None:
        """The word, by itself or by its name in the reader's language."""
        typed = text.strip().casefold()
        return next((v for v in self.values if typed in (v, self._label(v, scene).casefold())), None)

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Names the words there are."""
        return Refusal("refuse-option", text=quoted(text), options=", ".join(self.values))

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """All of them, or those that begin like what was typed."""
        typed = typed.strip().casefold()
        found = [Suggestion(self._label(value, scene), value) for value in self.values]
        return [s for s in found if s.value.startswith(typed) or s.label.casefold().startswith(typed)]

    def _label(self, value: str, scene: Scene) -> str:
        return word(scene.language, f"option-{value}")


@dataclass(frozen=True)
class RoadmapKind:
    """A roadmap by slug, title or an unambiguous part; `mine` keeps to those the member is on."""

    mine: bool = False
    limit: int = 100
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> Roadmap | None:
        """The roadmap meant, when only one can be."""
        found = named(text, self._all(scene))
        return found[0] if len(found) == 1 else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The nearest there are."""
        near = self.suggest(text, scene)[:3]
        if self.mine and named(text, tuple(scene.roadmaps.values())):
            return Refusal("refuse-roadmap-not-mine", text=quoted(text), ways=[("/join", "join")])
        return Refusal("refuse-roadmap", text=quoted(text), near=", ".join(s.value for s in near))

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Roadmaps by how well they match."""
        found = ranked(typed, self._all(scene), lambda r: f"{r.slug} {r.title}")
        return [Suggestion(r.title, r.slug, r.summary) for r in found]

    def _all(self, scene: Scene) -> tuple[Roadmap, ...]:
        if self.mine:
            return scene.studied
        return tuple(r for r in scene.roadmaps.values() if not r.retired)


@dataclass(frozen=True, slots=True)
class StepOf:
    """A step and the roadmap it was meant on."""

    roadmap: Roadmap
    step: Step


@dataclass(frozen=True)
class StepKind:
    """A step by slug, number, title or an unambiguous part; `roadmap/step` says of which roadmap."""

    limit: int = 100
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> StepOf | None:
        """The step meant: on the roadmap named, else on the first of the member's roadmaps that has it."""
        found = self._candidates(text, scene)
        return found[0] if len(found) == 1 else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The steps it could have been: several that match, or the nearest that do not."""
        found = self._candidates(text, scene)
        id = "refuse-step-ambiguous" if len(found) > 1 else "refuse-step"
        near = found or self._ranked(text, scene)
        if not near:
            return Refusal("refuse-step-unknown", text=quoted(text), ways=[("/roadmap", "roadmap")])
        return Refusal(
            id,
            text=quoted(text),
            near=", ".join(s.step.slug for s in near[:3]),
            ways=[(s.step.slug, f"done {s.roadmap.slug}/{s.step.slug}") for s in near[:3]],
        )

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Live steps of the member's roadmaps by how well they match, in the file's order when nothing is typed."""
        return [
            Suggestion(
                f"{s.roadmap.number_of(s.step)}. {s.step.title}", f"{s.roadmap.slug}/{s.step.slug}", s.step.summary
            )
            for s in self._ranked(typed, scene)
        ]

    def _ranked(self, typed: str, scene: Scene) -> list[StepOf]:
        every = [StepOf(roadmap, step) for roadmap in self._roadmaps(scene) for step in roadmap.live_steps]
        return ranked(typed.rpartition("/")[2], every, lambda s: f"{s.step.slug} {s.step.title}")

    def _candidates(self, text: str, scene: Scene) -> list[StepOf]:
        before, slash, name = text.strip().rpartition("/")
        roadmaps = self._roadmaps(scene)
        if slash:
            roadmaps = named(before, roadmaps) or named(before, tuple(scene.roadmaps.values()))
        for roadmap in roadmaps:
            if found := _steps_named(name, roadmap):
                return [StepOf(roadmap, step) for step in found]
        return []

    @staticmethod
    def _roadmaps(scene: Scene) -> tuple[Roadmap, ...]:
        if scene.studied:
            return scene.studied
        return (scene.offered,) if scene.offered else tuple(scene.roadmaps.values())


def _steps_named(text: str, roadmap: Roadmap) -> list[Step]:
    """Live steps that a text names: its slug or number, else its title, else a part of either."""
    typed = " ".join(text.casefold().split())
    if exact := roadmap.step(typed):
        return [exact]
    number = typed.removeprefix("#")
    if number.isdecimal() and 0 < int(number) <= len(roadmap.live_steps):
        return [roadmap.live_steps[int(number) - 1]]
    if len(typed) < 2:
        return []
    titled = [s for s in roadmap.live_steps if s.title.casefold() == typed]
    return titled or [s for s in roadmap.live_steps if typed in s.slug or typed in s.title.casefold()]


class _Deadline(Plain):
    """A date to finish by: in the future, and not absurdly far."""

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Three to twelve months from today, or the date that was typed."""
        read = self.read(typed, scene) if typed.strip() else None
        if read is not None:
            return [_date_suggestion(read, scene)]
        return [_date_suggestion(add_months(scene.today, months), scene) for months in (3, 4, 5, 6, 9, 12)]

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Not a date, over already, or too far."""
        day = read_date(text, scene.today)
        if day is None:
            return super().refuse(text, scene)
        id = "refuse-deadline-past" if day <= scene.today else "refuse-deadline-far"
        return Refusal(id, date=date_words(scene.language, day, scene.today))


def _date_suggestion(day: date, scene: Scene) -> Suggestion:
    return Suggestion(date_words(scene.language, day, scene.today), day.isoformat())


def _deadline(text: str, scene: Scene) -> date | None:
    day = read_date(text, scene.today)
    return day if day and scene.today < day <= scene.today + timedelta(days=FAR_DAYS) else None


def _hours(text: str, _scene: Scene) -> int | None:
    minutes = read_minutes(re.sub(r"\s*(?:a|per|/)\s*day$", "", text.strip().casefold()), bare=60)
    return minutes if minutes and 5 <= minutes <= MAX_MINUTES_A_DAY else None


def _link(text: str, _scene: Scene) -> str | None:
    text = text.strip().removeprefix("<").removesuffix(">")
    if re.search(r"[\s<>\"`\\]", text) or len(text) > PROOF_LENGTH:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    host = parts.hostname or ""
    return text if parts.scheme in ("http", "https") and "." in host.strip(".") and not parts.username else None


def _studied(text: str, _scene: Scene) -> int | str | None:
    """Minutes, or `yes` and `no` for an answer without them."""
    typed = " ".join(text.casefold().split())
    if typed in ("no", "not today", "none", "nothing"):
        return "no"
    if typed in ("yes", "studied"):
        return "yes"
    minutes = read_minutes(typed)
    return minutes if minutes else None


def _day(text: str, scene: Scene) -> date | None:
    day = read_date(text, scene.today)
    return day if day and abs((day - scene.today).days) <= FAR_DAYS else None


def _until(text: str, scene: Scene) -> timedelta | str | int | None:
    """A wait, a part of the day, or a time of day in minutes after midnight."""
    typed = " ".join(text.casefold().split()).removeprefix("in ").removeprefix("until ").removeprefix("at ")
    if typed in ("evening", "this evening", "tonight"):
        return "evening"
    if typed == "tomorrow":
        return "tomorrow"
    if re.search(r"[:.]|am$|pm$", typed) and (minute := read_minute(typed)) is not None:
        return minute
    minutes = read_minutes(typed, bare=60)
    return timedelta(minutes=minutes) if minutes and minutes <= 24 * 60 else None


class _Until(Plain):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """An hour, this evening, tomorrow."""
        return [Suggestion(word(scene.language, f"option-{id}"), id) for id in ("1h", "evening", "tomorrow")]


class _Hours(Plain):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The usual lengths of a study day."""
        return [Suggestion(word(scene.language, "hours-a-day", hours=h), f"{h}h") for h in ("1", "1.5", "2", "3", "4")]


class _TimeOfDay(Plain):
    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The usual evening times, and one in the morning; or what was typed."""
        read = read_minute(typed) if typed.strip() else None
        minutes = (420, 1080, 1200, 1290) if read is None else (read,)
        return [Suggestion(minute_words(minute), minute_words(minute)) for minute in minutes]


@dataclass(frozen=True)
class ZoneKind:
    """A time zone by its IANA name or a part of it; `command` is the one that a refusal's ways out set it by."""

    command: str = "timezone"
    limit: int = 64
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> str | None:
        """The zone, by its whole name in any case, or by its city when only one has it."""
        typed = text.strip().casefold().replace(" ", "_")
        zones = inhabited_zones()
        exact = [zone for zone in zones if zone.casefold() == typed]
        return next(iter(exact or _only([z for z in zones if z.rpartition("/")[2].casefold() == typed])), None)

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The nearest zones, one tap each."""
        near = [s.value for s in self.suggest(text, scene)[:4]]
        return Refusal(
            "refuse-zone", text=quoted(text), near=", ".join(near), ways=[(z, f"{self.command} {z}") for z in near]
        )

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Zones that hold what was typed, then those that sound like it; each with its time of day now."""
        zones = inhabited_zones()
        wanted = typed.strip().replace(" ", "_").casefold()
        found = [z for z in zones if wanted in z.casefold()] if wanted else list(COMMON_ZONES)
        found.sort(key=lambda z: (not z.rpartition("/")[2].casefold().startswith(wanted), z) if wanted else (False, ""))
        if not found:
            found = [match[0] for match in process.extract(typed, zones, scorer=fuzz.WRatio, limit=5, score_cutoff=60)]
        return [self._suggestion(zone, scene.now) for zone in found[:SUGGESTIONS]]

    @staticmethod
    def _suggestion(zone: str, now: datetime) -> Suggestion:
        return Suggestion(f"{zone} ({now.astimezone(ZoneInfo(zone)):%H:%M})", zone)


COMMON_ZONES = (
    "Asia/Kolkata",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Manila",
    "Asia/Jakarta",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "UTC",
)


def inhabited_zones() -> list[str]:
    """IANA zones people live in, sorted: without the aliases for files and systems."""
    if not _zones:
        areas = (
            "Africa/",
            "America/",
            "Antarctica/",
            "Arctic/",
            "Asia/",
            "Atlantic/",
            "Australia/",
            "Europe/",
            "Indian/",
            "Pacific/",
        )
        _zones.extend(sorted(z for z in available_timezones() if z.startswith(areas) or z == "UTC"))
    return _zones


_zones: list[str] = []


@dataclass(frozen=True)
class MateKind:
    """Somebody the member shares a group with, by name; platforms with user options give the account's id."""

    limit: int = 100
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> Any:
        """The member meant, when only one can be."""
        typed = text.strip().removeprefix("@").casefold()
        if typed.startswith("#") and typed[1:].isdecimal():
            return next((m for m in scene.mates if m.id == int(typed[1:])), None)
        exact = [m for m in scene.mates if m.name.casefold() == typed]
        found = exact or [m for m in scene.mates if len(typed) > 1 and m.name.casefold().startswith(typed)]
        return found[0] if len(found) == 1 else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Whether they exist elsewhere is not told."""
        return Refusal("refuse-member", text=quoted(text))

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Mates by how well their names match."""
        return [Suggestion(m.name, f"#{m.id}") for m in ranked(typed, scene.mates, lambda m: m.name)]


@dataclass(frozen=True)
class GroupKind:
    """One of the member's groups, by name."""

    limit: int = 120
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> Any:
        """The group meant, when only one can be."""
        typed = text.strip().casefold()
        if typed.startswith("#") and typed[1:].isdecimal():
            return next((g for g in scene.groups if g.id == int(typed[1:])), None)
        found = [g for g in scene.groups if g.name.casefold() == typed]
        return found[0] if len(found) == 1 else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Names the member's groups."""
        return Refusal("refuse-group", text=quoted(text), near=", ".join(g.name for g in scene.groups[:3]))

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The member's groups by how well they match."""
        return [Suggestion(g.name, f"#{g.id}") for g in ranked(typed, scene.groups, lambda g: g.name)]


@dataclass(frozen=True)
class FileKind:
    """A document or photo that came with the command: nothing that can be typed."""

    limit: int = 0
    text: bool = False
    subject: bool = False

    def read(self, text: str, scene: Scene) -> None:
        """A file is never read from words."""
        return

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """How a file is sent."""
        return Refusal("refuse-file")

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Nothing."""
        return []


def _weekday(text: str, _scene: Scene) -> tuple[int, int | None] | str | None:
    """A day of the week and perhaps a time: `sun 18:00`, as (0 to 6, minutes after midnight)."""
    day, _, clock = text.strip().partition(" ")
    bits = read_days(day)
    if bits is None or bits.bit_count() != 1:
        return None
    minute = read_minute(clock) if clock.strip() else None
    return None if clock.strip() and minute is None else (bits.bit_length() - 1, minute)


def _number(text: str, _scene: Scene) -> int | None:
    typed = text.strip()
    return int(typed) if typed.isdecimal() and 0 < int(typed) < 10_000 else None


def _change(text: str, _scene: Scene) -> int | None:
    typed = text.strip().casefold()
    return int(typed, 36) if re.fullmatch(r"[0-9a-z]{1,10}", typed) else None


def _code(text: str, _scene: Scene) -> str | None:
    typed = text.strip().upper().replace("-", "")
    # Every code has a letter and a digit (see store/codes.py): a word of eight letters is a misspelt something else.
    return typed if re.fullmatch(r"(?=.*[0-9])(?=.*[A-Z])[0-9A-Z]{8}", typed) else None


ROADMAP = RoadmapKind()
MY_ROADMAP = RoadmapKind(mine=True)
STEP = StepKind()
ZONE = ZoneKind()
GROUP_ZONE = ZoneKind(command="setup")
MATE = MateKind()
GROUP = GroupKind()
FILE = FileKind()
NOTE = Words()
DEADLINE = _Deadline(_deadline, "refuse-date")
HOURS = _Hours(_hours, "refuse-hours")
PROOF = Plain(_link, "refuse-link", limit=PROOF_LENGTH)
STUDIED = Plain(_studied, "refuse-minutes")
DAY = Plain(_day, "refuse-date")
UNTIL = _Until(_until, "refuse-until")
TIME = _TimeOfDay(lambda text, _scene: read_minute(text), "refuse-time")
DAYS = Plain(lambda text, _scene: read_days(text), "refuse-days")
RECAP = Plain(_weekday, "refuse-recap")
PAGE = Plain(_number, "refuse-page")
CHANGE = Plain(_change, "refuse-change")
CODE = Plain(_code, "refuse-code")


def quoted(text: str) -> str:
    """What was typed, short enough to say back."""
    text = " ".join(text.split())
    return text if len(text) <= QUOTED_LENGTH else text[: QUOTED_LENGTH - 1] + "…"


def named(text: str, roadmaps: Sequence[Roadmap]) -> tuple[Roadmap, ...]:
    """Roadmaps that a text names: by slug, by title, or by a part that is longer than a letter."""
    typed = " ".join(text.casefold().split())
    for match in (
        lambda r: typed == r.slug or typed in r.renamed_from,
        lambda r: typed == r.title.casefold(),
        lambda r: len(typed) > 2 and (typed in r.slug or typed in r.title.casefold()),
    ):
        if found := tuple(r for r in roadmaps if match(r)):
            return found
    return ()


def ranked(typed: str, items: Iterable[Any], key: Callable[[Any], str]) -> list[Any]:
    """What could be meant: what begins like it, then what holds it, then what sounds like it; all when nothing is typed."""
    every = list(items)
    typed = typed.strip().casefold()
    if not typed:
        return every[:SUGGESTIONS]
    scored = [(_score(typed, key(item).casefold()), -position) for position, item in enumerate(every)]
    best = sorted((s for s in scored if s[0] >= LIKE), reverse=True)[:SUGGESTIONS]
    return [every[-position] for _, position in best]


LIKE = 45
"""How alike two words must be, of 100, to be offered for one another: `htp` and `http-rest` are, `htp` and `sql` are not."""


def _score(typed: str, text: str) -> float:
    if text.startswith(typed):
        return 300
    pieces = re.split(r"[\s\-/]+", text)
    if any(piece.startswith(typed) for piece in pieces):
        return 200
    return 150 if typed in text else max(fuzz.ratio(typed, piece) for piece in pieces)


def _only(found: list[str]) -> list[str]:
    return found if len(found) == 1 else []
