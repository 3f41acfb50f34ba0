"""Time zones by what people call them: a country, a large city, an offset, an abbreviation."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from bot import words
from bot.words import LANGUAGE, country_names

CITIES = Path(__file__).parent / "cities.tsv"
"""Large cities by their zones, read when a place is first named (10 ms); written by tools/cities.py."""

MOST_BEGUN = 50
"""So many names that begin alike are looked at: more than anybody is shown."""

PlaceNames = Mapping[str, Mapping[str, Sequence[str]]]

LEAST_TYPED = 3
"""From so many letters on a name is completed: fewer begin too many."""

FORTNIGHT = timedelta(days=14)
"""How often a year's clocks are compared: no summer time is as short, nor Morocco's winter time of a month."""

_OFFSET = re.compile(r"(?:utc|gmt)?\s*([-+−–])\s*(\d{1,2})(?::?([0-5]\d))?")


def zones_of(text: str, now: datetime, known: frozenset[str], language: str = LANGUAGE) -> tuple[str, ...]:
    """The zones that a name can mean, of those that are known, best first; none when it is no name of these.

    Clocks that will go alike for the next year count once: somebody in Germany need not know of Büsingen.
    """
    name = folded(text)
    for spoken in dict.fromkeys((language, LANGUAGE)):
        if short := names_in(spoken)["abbreviations"].get(name):
            return tuple(zone for zone in short if zone in known)
    found = _named(words.LOCALES, language).get(name, ())
    return tuple(_apart((zone for zone in found if zone in known), now))


def with_offset(text: str, now: datetime, known: frozenset[str], _language: str = LANGUAGE) -> tuple[str, ...]:
    """The zones whose clocks have an offset from UTC now: of those the best known, where there are any."""
    match = _OFFSET.fullmatch(text.strip().casefold())
    if match is None:
        return ()
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    wanted = offset if match[1] == "+" else -offset
    zones = {zone: None for found in _countries().values() for zone in found} | {"UTC": None}
    have = [zone for zone in zones if zone in known and now.astimezone(ZoneInfo(zone)).utcoffset() == wanted]
    return tuple(sorted((zone for zone in have if zone in _FAME), key=_fame)) or tuple(have)


def beginning(text: str, now: datetime, known: frozenset[str], language: str = LANGUAGE) -> tuple[str, ...]:
    """The zones of countries and large cities whose names begin like what was typed."""
    typed = folded(text)
    if len(typed) < LEAST_TYPED:
        return ()
    names = sorted(name for name in _named(words.LOCALES, language) if name.startswith(typed))[:MOST_BEGUN]
    return tuple(dict.fromkeys(zone for name in names for zone in zones_of(name, now, known, language)))


def canonical(zones: Iterable[str]) -> list[str]:
    """Those among some zones that are a country's, not other names of the same."""
    current = {zone for found in _countries().values() for zone in found}
    return [zone for zone in zones if zone in current]


def folded(text: str) -> str:
    """A name without case, accents and dots: `São Paulo` and `sao paulo`, `U.S.A.` and `usa`."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    clean = re.sub(r"[.'’]", "", bare.casefold()).replace("&", " and ").replace("_", " ")
    return " ".join(clean.split()).removeprefix("the ")


def _apart(zones: Iterable[str], now: datetime) -> Iterator[str]:
    """Zones whose clocks will not go alike, the first of each."""
    seen = set()
    for zone in zones:
        there = ZoneInfo(zone)
        clock = tuple((now + FORTNIGHT * turn).astimezone(there).utcoffset() for turn in range(27))
        if clock not in seen:
            seen.add(clock)
            yield zone


def _fame(zone: str) -> int:
    return _FAME.get(zone, len(_FAME))


def names_in(language: str) -> PlaceNames:
    """What places are called in a language besides their own names, and abbreviations of their times: its locale's."""
    return _names_in(words.LOCALES / language)


@cache
def _names_in(folder: Path) -> PlaceNames:
    found: PlaceNames = tomllib.loads((folder / "places.toml").read_text(encoding="utf-8"))
    return found


@cache
def _named(_root: Path, language: str) -> dict[str, tuple[str, ...]]:
    """The zones of every country and large city by their plain names: as they are called in a language and in ours.

    Where two have a name, the countries' come before the cities', and what a locale says before all.
    """
    countries, called = _countries(), dict(_table("iso3166.tab"))
    found: dict[str, tuple[str, ...]] = {}
    for spoken in dict.fromkeys((language, LANGUAGE)):
        extra = names_in(spoken)
        special: dict[str, tuple[str, ...]] = {
            city: (zone,) for zone, cities in extra["cities"].items() for city in cities
        }
        for code, also in extra["countries"].items():
            special |= dict.fromkeys(also, tuple(sorted(countries.get(code, ()), key=_fame)))
        found |= {name: zones for name, zones in special.items() if name not in found}
    for names in (called, *(country_names(spoken) for spoken in dict.fromkeys((language, LANGUAGE)))):
        for code in called:
            zones = tuple(sorted(countries.get(code, ()), key=_fame))
            # `Britain (UK)`, `Congo (Dem. Rep.)`: the name without what is in brackets goes to the first that has it.
            for name in (names.get(code, ""), names.get(code, "").partition("(")[0]):
                if zones and name:
                    found.setdefault(folded(name), zones)
    return _cities() | found


@cache
def _cities() -> dict[str, tuple[str, ...]]:
    """The zones of every large city by its plain name, the best known first (see the file's head)."""
    found: dict[str, list[str]] = {}
    for line in CITIES.read_text(encoding="utf-8").splitlines():
        zone, _, names = line.partition("\t")
        for name in names.split(";") if not zone.startswith("#") else ():
            found.setdefault(name, []).append(zone)
    return {name: tuple(sorted(zones, key=_fame)) for name, zones in found.items()}


@cache
def _countries() -> dict[str, list[str]]:
    """The zones of each country by its code, in the order of the table: what people there set their clocks by."""
    found: dict[str, list[str]] = {}
    for code, _, zone, *_ in _table("zone.tab"):
        found.setdefault(code, []).append(zone)
    return found


def _table(name: str) -> Iterator[list[str]]:
    """The rows of a table of the tz database, which the package tzdata holds: https://www.iana.org/time-zones."""
    text = (resources.files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))


WELL_KNOWN = (
    *("Asia/Kolkata", "Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "America/Sao_Paulo", "Africa/Lagos", "Africa/Nairobi", "Africa/Cairo"),
    *("Africa/Johannesburg", "Asia/Karachi", "Asia/Dhaka", "Asia/Manila", "Asia/Jakarta", "Asia/Singapore"),
    *("Asia/Shanghai", "Asia/Tokyo", "Asia/Seoul", "Asia/Dubai", "Asia/Riyadh", "Asia/Tehran", "Asia/Bangkok"),
    *("Asia/Ho_Chi_Minh", "Asia/Kathmandu", "Asia/Colombo", "Asia/Yangon", "Asia/Kabul", "Asia/Tashkent"),
    *("Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Moscow", "Europe/Istanbul", "Europe/Kyiv"),
    *("Europe/Athens", "Asia/Jerusalem", "Europe/Lisbon", "Europe/Dublin", "Africa/Accra", "Africa/Casablanca"),
    *("America/Toronto", "America/Vancouver", "America/Edmonton", "America/Winnipeg", "America/Halifax"),
    *("America/St_Johns", "America/Phoenix", "America/Anchorage", "Pacific/Honolulu", "America/Mexico_City"),
    *("America/Bogota", "America/Lima", "America/Caracas", "America/Santiago", "America/Argentina/Buenos_Aires"),
    *("America/Manaus", "Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide", "Australia/Perth"),
    *("Australia/Darwin", "Pacific/Auckland", "Asia/Almaty", "Asia/Yekaterinburg", "Asia/Novosibirsk"),
    *("Asia/Vladivostok", "Asia/Makassar", "Asia/Ulaanbaatar", "Atlantic/Azores", "Atlantic/Cape_Verde", "UTC"),
)
"""The zones that most people mean, first in what is offered."""

_FAME = {zone: place for place, zone in enumerate(WELL_KNOWN)}
