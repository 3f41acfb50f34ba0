"""What Unicode's CLDR knows of languages, by way of Babel: days, months, lists, numbers, units of time, countries.

Each of them read from the disk when it is first needed, about 20 ms and 3 MB for a language; the library itself is
loaded with Fluent, which uses it for its plurals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

VARIETIES = {"en": "en_001"}
"""Of which country's variety a language is taken where its code alone means another than ours.

Worldwide English writes "a, b and c" and names the day before the month.
"""

Width = Literal["abbreviated", "wide"]


@cache
def locale(language: str) -> Locale:
    """The data of a language; English for one that CLDR does not have, so that a date is always said."""
    try:
        return Locale.parse(VARIETIES.get(language, language).replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(VARIETIES["en"])


@cache
def weekdays(language: str, width: Width) -> tuple[str, ...]:
    """The days of the week as they stand before a date (abbreviated) or alone, Monday first."""
    names = locale(language).days["format" if width == "abbreviated" else "stand-alone"][width]
    return tuple(names[day].removesuffix(".") for day in range(7))


@cache
def months(language: str, width: Width) -> tuple[str, ...]:
    """The months as they stand after a day, January first."""
    names = locale(language).months["format"][width]
    return tuple(names[month].removesuffix(".") for month in range(1, 13))


@cache
def countries(language: str) -> Mapping[str, str]:
    """The names of countries, by their codes of two letters."""
    names = locale(language).territories
    return {code: str(names[code]) for code in map(str, names) if len(code) == 2 and code.isalpha()}


def all_of(language: str, items: Sequence[str]) -> str:
    """Several things that belong together: "a, b and c"."""
    return format_list(list(items), style="standard", locale=locale(language)) if items else ""


def one_by_one(language: str, items: Sequence[str]) -> str:
    """Several things in a line, however many: "a, b, c", with what stands between two of them in a longer list."""
    return between(language).join(items)


def between(language: str) -> str:
    """What stands between two things of a longer list."""
    return str(locale(language).list_patterns["standard"]["middle"]).format("", "")


def number(language: str, value: float) -> str:
    """A number as it is written, without marks between thousands: years and slugs look like numbers too."""
    return format_decimal(value, locale=locale(language), group_separator=False)


def amount(language: str, count: int, unit: Literal["day", "week"]) -> str:
    """So many days or weeks in words: "3 days"."""
    widths: tuple[Literal["long", "short"], ...] = ("long", "short")
    said = [format_unit(count, f"duration-{unit}", length=width, locale=locale(language)) for width in widths]
    # Where the long form is the short one, as in Hindi, CLDR leaves it out, and Babel gives the unit's code instead.
    return next((words for words in said if "duration-" not in words), said[-1])


def language_name(code: str, language: str | None = None) -> str:
    """What a language is called in another; in itself ("Deutsch") where no other is given."""
    own = Locale.parse(code.replace("-", "_"))
    return str(own.get_display_name(own if language is None else locale(language)))
