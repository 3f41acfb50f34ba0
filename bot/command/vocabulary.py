"""The words of a language that a reader knows, from its locale."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot import cldr, words
from bot.words import LANGUAGE

READING_FILE = "reading.toml"


class Incomplete(ValueError):
    """A language's table lacks a word that ours has, or has one that nobody reads: found by the tests."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """One language's words, ready to be looked up. Days of the week are 0 for Monday, months 1 for January.

    `regular` are days of the week as they are meant every week; `sets` are several of them, as bits, Monday the lowest.
    """

    numbers: Mapping[str, int]
    days: Mapping[str, int]
    weekdays: Mapping[str, int]
    regular: Mapping[str, int]
    months: Mapping[str, int]
    sets: Mapping[str, int]
    units: Mapping[str, Sequence[str]]
    clock: Mapping[str, Sequence[str]]
    around: Mapping[str, Sequence[str]]
    answers: Mapping[str, Sequence[str]]

    def is_answer(self, name: str, typed: str) -> bool:
        """Whether what was typed, folded, is one of the answers of a name."""
        return typed in self.answers[name]

    def small(self, name: str) -> Sequence[str]:
        """The small words of a name that stand around dates (`until`) or, as `at`, before a time of day."""
        return self.clock["before"] if name == "at" else self.around[name]

    def unit(self, typed: str) -> str:
        """The unit that a word stands for: minute, hour, day, week, month or year. Raises KeyError for none."""
        return next(name for name, spelled in self.units.items() if typed in spelled)


def vocabulary(language: str) -> Vocabulary:
    """The words of a language. Raises Incomplete when its table is not whole, FileNotFoundError when it has none."""
    return _read(words.LOCALES / language)


def spoken_by(language: str) -> tuple[Vocabulary, ...]:
    """The words that a member's line can hold: their language's, then ours, which buttons and examples carry."""
    return _spoken_by(words.LOCALES, language)


@cache
def _spoken_by(root: Path, language: str) -> tuple[Vocabulary, ...]:
    return tuple(_read(root / known) for known in dict.fromkeys((language, LANGUAGE)))


SETS = {"all": 0b1111111, "week": 0b0011111, "weekend": 0b1100000}


@cache
def _read(folder: Path) -> Vocabulary:
    table = tomllib.loads((folder / READING_FILE).read_text(encoding="utf-8"))
    language = folder.name
    if folder != words.LOCALES / LANGUAGE:
        _compare(table, tomllib.loads((words.LOCALES / LANGUAGE / READING_FILE).read_text(encoding="utf-8")), language)
    days, months = table["weekdays"], table["months"]
    full = [name.casefold() for name in cldr.weekdays(language, "wide")]
    weekdays = _called(cldr.weekdays(language, "abbreviated"), 0) | _begun(full, days["shortest"], 0)
    weekdays |= _numbered(days["also"], -1)
    endings = {name + ending: day for ending in days["endings"] for day, name in enumerate(full)}
    named = [name.casefold() for name in cldr.months(language, "wide")]
    return Vocabulary(
        numbers=table["numbers"],
        days=table["days"],
        weekdays=weekdays,
        regular=weekdays | endings,
        months=_called(cldr.months(language, "abbreviated"), 1)
        | _begun(named, months["shortest"], 1)
        | _numbered(months["also"], 0),
        sets={word: SETS[name] for name, spelled in table["sets"].items() for word in spelled},
        units=table["units"],
        clock=table["clock"],
        around=table["around"],
        answers=table["answers"],
    )


def _called(names: Sequence[str], first: int) -> dict[str, int]:
    return {name.casefold(): number for number, name in enumerate(names, start=first)}


def _begun(names: Sequence[str], shortest: int, first: int) -> dict[str, int]:
    """Names and their beginnings of so many letters or more; what begins several is the first of them."""
    found: dict[str, int] = {}
    for number, name in enumerate(names, start=first):
        for length in range(min(shortest, len(name)), len(name) + 1):
            found.setdefault(name[:length], number)
    return found


def _numbered(also: Mapping[str, int], shift: int) -> dict[str, int]:
    return {name: number + shift for name, number in also.items()}


def _compare(table: Mapping[str, object], ours: Mapping[str, object], language: str) -> None:
    free = {"numbers", "days"}
    for section, entries in ours.items():
        there = table.get(section)
        assert isinstance(entries, dict), "ours is a table of tables"
        if not isinstance(there, dict):
            raise Incomplete(f"{language}/{READING_FILE}: no [{section}]")
        if section not in free and (different := set(there) ^ set(entries)):
            raise Incomplete(f"{language}/{READING_FILE}: [{section}] differs in {' '.join(sorted(different))}")


def either(spelled: Iterable[str]) -> str:
    """A pattern for any of some words, however many blanks are between theirs; one that nothing matches for none."""
    patterns = [r"\s+".join(map(re.escape, word.split())) for word in sorted(spelled, key=len, reverse=True)]
    return f"(?:{'|'.join(patterns)})" if patterns else "(?:(?!))"


def perhaps(spelled: Sequence[str], *, after: bool = False) -> str:
    """A pattern for one of some words with a blank behind it (`after`: before it), or for nothing."""
    if not spelled:
        return ""
    return rf"(?:\s*{either(spelled)})?" if after else rf"(?:{either(spelled)}\s+)?"
