"""Time zones by what people call them: a country, a large city, an offset, an abbreviation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

LEAST_TYPED = 3
"""From so many letters on a name is completed: fewer begin too many."""

FORTNIGHT = timedelta(days=14)
"""How often a year's clocks are compared: no summer time is as short, nor Morocco's winter time of a month."""

_OFFSET = re.compile(r"(?:utc|gmt)?\s*([-+−–])\s*(\d{1,2})(?::?([0-5]\d))?")


def zones_of(text: str, now: datetime, known: frozenset[str]) -> tuple[str, ...]:
    """The zones that a name can mean, of those that are known, best first; none when it is no name of these.

    Clocks that will go alike for the next year count once: somebody in Germany need not know of Büsingen.
    """
    name = plain(text)
    if name in ABBREVIATIONS:
        return tuple(zone for zone in ABBREVIATIONS[name] if zone in known)
    found = _named().get(name, ())
    return tuple(_apart((zone for zone in found if zone in known), now))


def with_offset(text: str, now: datetime, known: frozenset[str]) -> tuple[str, ...]:
    """The zones whose clocks have an offset from UTC now: of those the best known, where there are any."""
    match = _OFFSET.fullmatch(text.strip().casefold())
    if match is None:
        return ()
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    wanted = offset if match[1] == "+" else -offset
    zones = {zone: None for found in _countries().values() for zone in found} | {"UTC": None}
    have = [zone for zone in zones if zone in known and now.astimezone(ZoneInfo(zone)).utcoffset() == wanted]
    return tuple(sorted((zone for zone in have if zone in _FAME), key=_fame)) or tuple(have)


def beginning(text: str, now: datetime, known: frozenset[str]) -> tuple[str, ...]:
    """The zones of countries and large cities whose names begin like what was typed."""
    typed = plain(text)
    if len(typed) < LEAST_TYPED:
        return ()
    names = sorted(name for name in _named() if name.startswith(typed))
    return tuple(dict.fromkeys(zone for name in names for zone in zones_of(name, now, known)))


def canonical(zones: Iterable[str]) -> list[str]:
    """Those among some zones that are a country's, not other names of the same."""
    current = {zone for found in _countries().values() for zone in found}
    return [zone for zone in zones if zone in current]


def plain(text: str) -> str:
    """A name without case, accents and dots: `São Paulo` and `sao paulo`, `U.S.A.` and `usa`."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = re.sub(r"[.'’]", "", bare.casefold()).replace("&", " and ").replace("_", " ")
    return " ".join(words.split()).removeprefix("the ")


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


@cache
def _named() -> dict[str, tuple[str, ...]]:
    """The zones of every country and large city, by their plain names."""
    countries = _countries()
    found: dict[str, tuple[str, ...]] = {}
    for code, country in _table("iso3166.tab"):
        zones = tuple(sorted(countries.get(code, ()), key=_fame))
        # `Britain (UK)`, `Congo (Dem. Rep.)`: the name without what is in brackets goes to the first that has it.
        for name in (country, country.partition("(")[0]):
            found.setdefault(plain(name), zones)
        for name in OTHER_NAMES.get(code, ()):
            found[name] = zones
    return found | {city: (zone,) for zone, cities in CITIES.items() for city in cities.split(", ")}


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

OTHER_NAMES = {
    "AE": ("uae", "emirates"),
    "BA": ("bosnia",),
    "CD": ("dr congo", "drc"),
    "CI": ("ivory coast",),
    "CZ": ("czechia",),
    "GB": ("uk", "united kingdom", "great britain", "england", "scotland", "wales", "northern ireland"),
    "KR": ("korea", "south korea"),
    "KP": ("north korea",),
    "MM": ("burma",),
    "NL": ("holland",),
    "SZ": ("swaziland",),
    "TR": ("turkiye",),
    "US": ("usa", "us", "united states of america"),
    "VN": ("viet nam",),
}
"""What else countries are called than in the tz database, by their codes."""

CITIES = {
    "Asia/Kolkata": "mumbai, bombay, delhi, new delhi, bangalore, bengaluru, hyderabad, chennai, madras, pune, "
    "ahmedabad, surat, jaipur, lucknow, kanpur, nagpur, indore, bhopal, patna, kochi, coimbatore, chandigarh, gurgaon, "
    "gurugram, noida, visakhapatnam, thiruvananthapuram",
    "Asia/Karachi": "islamabad, lahore, rawalpindi, faisalabad, peshawar, multan",
    "Asia/Dhaka": "chittagong, chattogram, khulna, sylhet",
    "Asia/Shanghai": "beijing, peking, shenzhen, guangzhou, chengdu, hangzhou, wuhan, nanjing, tianjin, xian, suzhou",
    "Asia/Tokyo": "osaka, kyoto, yokohama, nagoya, sapporo, fukuoka",
    "Asia/Seoul": "busan, incheon, daegu",
    "Asia/Ho_Chi_Minh": "hanoi, da nang",
    "Asia/Jakarta": "bandung, surabaya, medan, yogyakarta",
    "Asia/Makassar": "bali, denpasar",
    "Asia/Manila": "quezon city, cebu, davao",
    "Asia/Dubai": "abu dhabi, sharjah",
    "Asia/Riyadh": "jeddah, mecca, medina, dammam",
    "Asia/Jerusalem": "haifa",
    "Europe/Istanbul": "ankara, izmir",
    "Europe/Berlin": "munich, munchen, frankfurt, hamburg, cologne, koln, stuttgart, dusseldorf, leipzig, dresden, "
    "hannover, nuremberg, bremen",
    "Europe/Paris": "lyon, marseille, toulouse, nice, bordeaux, lille",
    "Europe/Madrid": "barcelona, seville, bilbao",
    "Europe/Rome": "milan, naples, turin, florence, bologna",
    "Europe/Lisbon": "porto",
    "Europe/London": "manchester, liverpool, leeds, glasgow, edinburgh, bristol, cardiff",
    "Europe/Amsterdam": "rotterdam, hague, utrecht, eindhoven",
    "Europe/Zurich": "geneva, basel, bern, lausanne",
    "Europe/Stockholm": "gothenburg, malmo",
    "Europe/Warsaw": "krakow, cracow, wroclaw, gdansk, poznan",
    "Europe/Kyiv": "lviv, kharkiv, odesa, odessa, dnipro",
    "Europe/Moscow": "saint petersburg, st petersburg, kazan",
    "Africa/Lagos": "abuja, kano, ibadan, port harcourt",
    "Africa/Nairobi": "mombasa, kisumu",
    "Africa/Johannesburg": "cape town, durban, pretoria",
    "Africa/Cairo": "alexandria, giza",
    "Africa/Casablanca": "rabat, marrakesh, marrakech",
    "Africa/Accra": "kumasi",
    "America/New_York": "boston, washington, washington dc, philadelphia, atlanta, miami, baltimore, pittsburgh, "
    "charlotte, orlando, tampa, cleveland, brooklyn, new york city, nyc",
    "America/Chicago": "dallas, houston, austin, san antonio, minneapolis, new orleans, nashville, st louis",
    "America/Denver": "salt lake city, albuquerque",
    "America/Los_Angeles": "san francisco, seattle, san diego, san jose, las vegas, sacramento, oakland, california",
    "America/Toronto": "ottawa",
    "America/Edmonton": "calgary",
    "America/Mexico_City": "guadalajara, puebla",
    "America/Sao_Paulo": "rio, rio de janeiro, brasilia, belo horizonte, curitiba, porto alegre",
    "America/Bogota": "medellin, cali",
}
"""Large cities that name no zone, by theirs; where two have a name, the one that more people live in."""

_COMMON = {
    "ist": "Asia/Kolkata Europe/Dublin Asia/Jerusalem",
    "pst": "America/Los_Angeles Asia/Manila",
    "pdt": "America/Los_Angeles",
    "mst": "America/Denver America/Phoenix",
    "mdt": "America/Denver",
    "cst": "America/Chicago Asia/Shanghai America/Mexico_City",
    "cdt": "America/Chicago",
    "est": "America/New_York America/Toronto America/Panama America/Jamaica",
    "est5edt": "America/New_York America/Toronto",
    "cst6cdt": "America/Chicago America/Winnipeg",
    "mst7mdt": "America/Denver America/Edmonton",
    "pst8pdt": "America/Los_Angeles America/Vancouver",
    "edt": "America/New_York America/Toronto",
    "ast": "America/Halifax America/Puerto_Rico Asia/Riyadh",
    "hst": "Pacific/Honolulu",
    "gmt": "Europe/London Africa/Accra Africa/Abidjan UTC",
    "bst": "Europe/London Asia/Dhaka",
    "wet": "Europe/Lisbon Atlantic/Canary",
    "west": "Europe/Lisbon Atlantic/Canary",
    "cet": "Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome",
    "cest": "Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome",
    "met": "Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome",
    "eet": "Europe/Athens Europe/Kyiv Europe/Helsinki Africa/Cairo",
    "eest": "Europe/Athens Europe/Kyiv Europe/Helsinki Africa/Cairo",
    "msk": "Europe/Moscow",
    "wat": "Africa/Lagos",
    "cat": "Africa/Maputo Africa/Harare Africa/Lusaka",
    "eat": "Africa/Nairobi Africa/Addis_Ababa Africa/Kampala",
    "sast": "Africa/Johannesburg",
    "pkt": "Asia/Karachi",
    "npt": "Asia/Kathmandu",
    "ict": "Asia/Bangkok Asia/Ho_Chi_Minh",
    "wib": "Asia/Jakarta",
    "sgt": "Asia/Singapore",
    "hkt": "Asia/Hong_Kong",
    "jst": "Asia/Tokyo",
    "kst": "Asia/Seoul",
    "aest": "Australia/Sydney Australia/Brisbane",
    "aedt": "Australia/Sydney",
    "awst": "Australia/Perth",
    "nzst": "Pacific/Auckland",
    "nzdt": "Pacific/Auckland",
}

ABBREVIATIONS = {name: tuple(zones.split()) for name, zones in _COMMON.items()}
"""The places whose time an abbreviation may be. Some name zones too, without summer time: nobody means those."""
