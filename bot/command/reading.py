"""Reads what people type about time, in the words of their language.

The engine is the same for every language; the words are its locale's (`reading.toml`). What is not understood in a
member's own language is tried in ours: buttons, examples and habits speak it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import TypeVar

from bot.command.reader import Reader, add_months
from bot.command.vocabulary import Vocabulary, spoken_by
from bot.words import LANGUAGE

__all__ = [
    "add_months",
    "clean",
    "is_answer",
    "names_clock",
    "read_date",
    "read_dates",
    "read_days",
    "read_hours",
    "read_hours_a_day",
    "read_minute",
    "read_minutes",
    "read_span",
    "without",
]

_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?")

Found = TypeVar("Found")


def read_date(text: str, today: date, language: str = LANGUAGE) -> date | None:
    """A date: `2027-05-20`, `Thu 20 May 2027`, `May 20`, `20.5.`, `in 5 months`, `tomorrow`, `friday`; None when not.

    A day and month without a year are the next such date; a weekday is the next one after today.
    """
    words = clean(text)
    return _first(language, lambda reader: reader.day(words, today))


def read_minute(text: str, language: str = LANGUAGE, *, border: bool = False) -> int | None:
    """A time of day in minutes after midnight: `20:00`, `8pm`, `8.30 pm`, `7`; None when it is not one.

    Where hours begin or end (`border`), 24:00 is midnight too.
    """
    words = clean(text)
    return _first(language, lambda reader: reader.minute(words, border))


def read_minutes(text: str, bare: int = 1, language: str = LANGUAGE) -> int | None:
    """A length of time in minutes: `90`, `1h30`, `1 h 30`, `1.5h`, `45 min`; None when it is not one.

    A number alone is taken as so many times `bare` minutes: 60 where hours are asked for.
    """
    words = clean(text)
    if _NUMBER.fullmatch(words):
        return round(float(words.replace(",", ".")) * bare)
    return _first(language, lambda reader: reader.length(words)) if words else None


def read_hours_a_day(text: str, language: str = LANGUAGE) -> int | None:
    """A daily amount in minutes, where a number alone is hours: `2`, `1h30`, `2 h a day`."""
    words = clean(text)
    return _first(language, lambda reader: read_minutes(reader.without_a_day(words), 60, language))


def read_hours(text: str, language: str = LANGUAGE) -> tuple[int, int] | None:
    """Hours of the day, from the one to the other in minutes after midnight: `22:00-07:00`, `10pm to 7am`, `22-7`."""
    words = clean(text)
    return _first(language, lambda reader: reader.hours(words))


def read_dates(text: str, today: date, language: str = LANGUAGE) -> tuple[date, date] | None:
    """A stretch of days, both included: `24 Dec to 27 Dec`, `24-27 Dec`, `24.12.-27.12.`, `weekend`; None when not one.

    A length begins today, or where it says: `3 days`, `24 Dec for a week`. Where only the last day has a year, the
    first is the nearest such day before it. What is typed the wrong way round is given so.
    """
    words = clean(text)
    return _first(language, lambda reader: reader.dates(words, today))


def read_days(text: str, language: str = LANGUAGE) -> int | None:
    """Days of the week as bits, Monday the lowest: `daily`, `weekdays`, `mon-fri`, `mon to fri`, `mon wed, fri`,
    `mondays`; None when not."""
    words = clean(text)
    return _first(language, lambda reader: reader.weekdays(words))


def read_span(text: str, language: str = LANGUAGE) -> timedelta | None:
    """A stretch of time, as `30m`, `2h`, `1d` or `1w`; None when it is not one."""
    words = clean(text)
    return _first(language, lambda reader: reader.stretch(words))


def is_answer(name: str, text: str, language: str) -> bool:
    """Whether a text is one of the short answers of a name: yes, no, off and others, see `reading.toml`."""
    typed = clean(text)
    return any(words.is_answer(name, typed) for words in spoken_by(language))


def without(text: str, names: tuple[str, ...], language: str) -> str:
    """A text without the small words of some names before it, each once and in this order: `until`, `at`."""
    words = clean(text)
    for name in names:
        small = [word for known in spoken_by(language) for word in known.small(name)]
        words = next((words.removeprefix(f"{word} ") for word in small if words.startswith(f"{word} ")), words)
    return words


def names_clock(text: str, language: str) -> bool:
    """Whether a time of day is written as only a clock's is, and not as a number of hours: `7:30`, `7pm`."""
    ends = tuple(word for known in spoken_by(language) for half in ("am", "pm", "after") for word in known.clock[half])
    words = clean(text)
    return ":" in words or "." in words or words.endswith(ends)


def clean(text: str) -> str:
    """A text as it is compared: small letters, one blank between words."""
    return " ".join(text.casefold().split())


def _first(language: str, read: Callable[[Reader], Found | None]) -> Found | None:
    for words in spoken_by(language):
        found = read(_reader(words))
        if found is not None:
            return found
    return None


@cache
def _reader(words: Vocabulary) -> Reader:
    """The reader of a language, made once: its patterns take a few milliseconds."""
    return Reader(words)
