"""What Unicode's CLDR knows of languages, by way of Babel: their own names for now."""

from __future__ import annotations

from functools import cache

from babel import Locale

VARIETIES = {"en": "en_001"}
"""Of which country's variety a language is taken where its code alone means another than ours.

Worldwide English writes "a, b and c" and names the day before the month.
"""


@cache
def locale(language: str) -> Locale:
    """The data of a language, read from disk (about 20 ms) when it is first asked for.

    Raises babel.UnknownLocaleError for one that CLDR does not have.
    """
    return Locale.parse(VARIETIES.get(language, language).replace("-", "_"))


def language_name(code: str, language: str | None = None) -> str:
    """What a language is called in another; in itself ("Deutsch") where no other is given."""
    own = Locale.parse(code.replace("-", "_"))
    return str(own.get_display_name(own if language is None else locale(language)))
