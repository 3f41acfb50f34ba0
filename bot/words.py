"""Every word a user reads: say() turns a message's id into spans, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache, reduce
from pathlib import Path
from typing import TypeVar

from fluent.runtime import FluentBundle, FluentResource

from bot import cldr
from bot.cards import Bold, Code, Italic, Link, Mention, Moment, Span, Spans, Spoiler, Text, plain

T = TypeVar("T")

LOCALES = Path(__file__).parent / "locales"
LANGUAGE = "en"
"""The language that has every message; the others fall back to it."""

FLUENT_LIMIT = 200
"""Longer text goes around Fluent, which refuses 2,500 characters in one place: a roster of forty names has them."""

MARKUP = "*_`[]()\\/"
"""What our own messages may use; in a user's words these characters stand for themselves."""

_SHIELD = {ord(mark): chr(0xE000 + index) for index, mark in enumerate(MARKUP)}
_UNSHIELD = {ord(shield): chr(mark) for mark, shield in _SHIELD.items()}
_SPAN = 0xE100
"""Where placeholders for spans begin. Both ranges are private-use characters, removed from whatever a user writes."""

_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")
_MESSAGE = re.compile("^[a-zA-Z][a-zA-Z0-9_-]* *=", re.MULTILINE)
_PIECE = re.compile(
    # A mark may hold several lines, or nothing: what stands in it can be a user's.
    r"\*\*(?P<bold>.*?)\*\*|__(?P<italic>.*?)__|`(?P<code>.*?)`|\[(?P<text>[^\]]*)\]\((?P<url>[^)]*)\)"
    "|(?P<span>[\ue100-\uf8ff])"
    # A command of ours is typed as it stands, so it is code even without its backticks; in a URL it is none.
    r"|(?<![\w/:.])(?P<command>/[a-z]+)(?![\w/])",
    re.DOTALL,
)


class UnknownMessage(LookupError):
    """No locale has a message of this id: a fault of ours, found by the tests."""


@cache
def _bundle(folder: Path) -> FluentBundle:
    # Isolation marks would travel into slugs and links; user text is isolated where it is set (see `say`).
    return FluentBundle([folder.name], use_isolating=False)


@cache
def _sources(folder: Path) -> dict[str, str]:
    """Every message as it is written, by its id."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.ftl")):
        text = path.read_text(encoding="utf-8")
        starts = [match.start() for match in _MESSAGE.finditer(text)]
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            found[text[start:end].partition("=")[0].rstrip()] = text[start:end]
    return found


def _knows(language: str, id: str) -> bool:
    """Whether a language has a message; it is parsed when it is first said, for parsing all would cost every start."""
    bundle = _bundle(LOCALES / language)
    if not bundle.has_message(id) and (source := _sources(LOCALES / language).get(id)):
        bundle.add_resource(FluentResource(source))
    return bool(bundle.has_message(id))


def languages() -> tuple[str, ...]:
    """The languages there are, by their codes."""
    return _folders(LOCALES)


@cache
def _folders(root: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in root.iterdir() if path.is_dir()))


def translated(told: Callable[[str], T]) -> tuple[T, dict[str, T]]:
    """What something is in the language that has every message, and in each of the others by its code."""
    return told(LANGUAGE), {language: told(language) for language in languages() if language != LANGUAGE}


def language_name(code: str, language: str | None = None) -> str:
    """What a language is called in another; in itself ("Deutsch") where no other is given."""
    return cldr.language_name(code, language)


def nearest(hint: str | None, default: str = LANGUAGE) -> str:
    """The language we speak with somebody whose platform calls theirs `hint` (`en-GB`, `pt_br`): theirs where we have
    it, be it without the country's variety; else `default`."""
    wanted = (hint or "").casefold().replace("_", "-")
    have = {code.casefold(): code for code in languages()}
    return have.get(wanted) or have.get(wanted.partition("-")[0]) or default


def say(language: str, id: str, /, **vars: object) -> Spans:
    """A message as spans.

    Our messages may use `**bold**`, `__title__`, `` `code` ``, `[text](url)` and `/command`; a variable that is text
    stands for itself, whatever it contains; one that is a span (or spans) is put in as it is. Raises UnknownMessage.
    """
    spans: list[Span] = []
    arguments = {name: _argument(value, spans) for name, value in vars.items()}
    return tuple(_parse(_format(language, id, arguments), spans))


def word(language: str, id: str, /, **vars: object) -> str:
    """A message as plain text, for labels of buttons and names of fields. Raises UnknownMessage."""
    return plain(say(language, id, **vars))


def has(id: str) -> bool:
    """Whether there is a message of this id."""
    return _knows(LANGUAGE, id)


def shortened(text: str, limit: int) -> str:
    """A text on one line in at most so many characters, cut after a word where one can be, and shown to be cut."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    whole = cut.rpartition(" ")[0].rstrip(",.;:")
    return (whole if len(whole) > limit // 2 else cut) + "…"


def lines(*parts: Spans) -> Spans:
    """Several messages, each on a line of its own; empty ones leave no line."""
    result: list[Span] = []
    for part in parts:
        if part and result:
            result.append(Text("\n"))
        result.extend(part)
    return tuple(result)


def _format(language: str, id: str, arguments: dict[str, object]) -> str:
    for candidate in (language, LANGUAGE):
        if _knows(candidate, id):
            bundle = _bundle(LOCALES / candidate)
            value = bundle.get_message(id).value
            if value is None:
                break
            text, errors = bundle.format_pattern(value, arguments)
            if errors:
                raise UnknownMessage(f"{id}: {errors[0]}")
            return str(text)
    raise UnknownMessage(id)


def _argument(value: object, spans: list[Span]) -> object:
    """A variable as Fluent takes it: numbers as they are (for plurals), text shielded, spans as placeholders."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        clean = _PRIVATE_USE.sub("", value)
        return clean.translate(_SHIELD) if len(clean) <= FLUENT_LIMIT else _placeholder(Text(clean), spans)
    if isinstance(value, tuple):
        return "".join(_placeholder(span, spans) for span in value)
    if isinstance(value, Text | Bold | Italic | Code | Link | Mention | Moment | Spoiler):
        return _placeholder(value, spans)
    raise TypeError(f"a message takes words, numbers and spans, not {type(value).__name__}")


def _placeholder(span: Span, spans: list[Span]) -> str:
    spans.append(span)
    return chr(_SPAN + len(spans) - 1)


def _parse(text: str, spans: list[Span]) -> Iterator[Span]:
    position = 0
    for piece in _PIECE.finditer(text):
        if piece.start() > position:
            yield Text(text[position : piece.start()].translate(_UNSHIELD))
        position = piece.end()
        yield from (span for span in _piece(piece, spans) if plain((span,)))
    if position < len(text):
        yield Text(text[position:].translate(_UNSHIELD))


def _piece(piece: re.Match[str], spans: list[Span]) -> Iterator[Span]:
    if (placeholder := piece["span"]) is not None:
        yield spans[ord(placeholder) - _SPAN]
    elif (bold := piece["bold"]) is not None:
        yield Bold(_flat(bold, spans))
    elif (italic := piece["italic"]) is not None:
        yield Italic(_flat(italic, spans))
    elif (command := piece["command"]) is not None:
        yield Code(command)
    elif (code := piece["code"]) is not None:
        yield Code(_flat(code, spans))
    else:
        yield Link(_flat(piece["text"], spans), _flat(piece["url"], spans))


def _flat(text: str, spans: list[Span]) -> str:
    """Words inside a mark: a span put there gives its words."""
    words = "".join(plain((spans[ord(c) - _SPAN],)) if "\ue100" <= c <= "\uf8ff" else c for c in text)
    return words.translate(_UNSHIELD)


# ---------------------------------------------------------------- numbers, dates and lists, in words


def date_words(language: str, day: date, today: date) -> str:
    """A local date as it is spoken of: "Thu 20 May", with the year when it is another than today's."""
    weekday = cldr.weekdays(language, "abbreviated")[day.weekday()]
    month = cldr.months(language, "abbreviated")[day.month - 1]
    year = "no" if day.year == today.year else str(day.year)
    return word(language, "date", weekday=weekday, day=str(day.day), month=month, year=year)


def weekday_words(language: str, weekday: int) -> str:
    """The full name of a day of the week, Monday 0."""
    return cldr.weekdays(language, "wide")[weekday]


def dates_words(language: str, days: tuple[date, date], today: date) -> str:
    """A stretch of local dates: "Thu 24 Dec – Sun 27 Dec"."""
    first, last = (date_words(language, day, today) for day in days)
    return first if first == last else word(language, "stretch", first=first, last=last)


def days_words(language: str, days: int) -> str:
    """Days of the week, given as bits: "every day", "Mon–Fri", "Mon, Wed, Fri"."""
    named = {0b1111111: "days-all", 0b0011111: "days-week", 0b1100000: "days-weekend"}
    short = cldr.weekdays(language, "abbreviated")
    if days in named:
        monday, *_, friday, saturday, sunday = short
        ends = {"days-week": (monday, friday), "days-weekend": (saturday, sunday)}
        first, last = ends.get(named[days], ("", ""))
        return word(language, named[days], first=first, last=last)
    return list_words(language, [short[day] for day in range(7) if days >> day & 1])


def time_words(moment: datetime) -> str:
    """A local time of day on the 24-hour clock: 19:42."""
    return f"{moment:%H:%M}"


def minute_words(minute: int) -> str:
    """A time of day, given in minutes after midnight: 20:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def span_words(language: str, days: int) -> str:
    """A number of days as people say it: days up to two weeks, then weeks."""
    return cldr.amount(language, days, "day") if days < 14 else cldr.amount(language, round(days / 7), "week")


def pace_words(language: str, minutes: int) -> str:
    """A length of study, given in minutes: "2 h", "1 h 30", "45 min"."""
    hours, rest = divmod(minutes, 60)
    shape = "minutes" if not hours else "both" if rest else "hours"
    return word(language, f"pace-{shape}", hours=str(hours), minutes=f"{rest:02}" if hours else str(rest))


def number_words(language: str, value: float) -> str:
    """A number, its fraction as the language writes it: "1.5", "1,5"."""
    return cldr.number(language, value)


def list_words(language: str, items: Iterable[str]) -> str:
    """Several things in a line: "a, b, c"."""
    return cldr.one_by_one(language, list(items))


def list_spans(language: str, items: Iterable[Spans]) -> Spans:
    """The same of things that are set in letters of their own."""
    first, *others = list(items) or [()]
    return reduce(lambda before, item: (*before, Text(cldr.between(language)), *item), others, first)


def beside_words(language: str, items: Iterable[str]) -> str:
    """Several things in a line that are no sentence: "a · b · c"."""
    first, *others = list(items) or [""]
    return reduce(lambda before, item: word(language, "beside", before=before, item=item), others, first)


def all_words(language: str, items: Iterable[str]) -> str:
    """Several things that belong together: "a, b and c"."""
    return cldr.all_of(language, list(items))


def clause_words(language: str, clauses: Iterable[str]) -> str:
    """Several things in a line that may hold commas themselves: "Mon, Wed; Sat"."""
    first, *others = list(clauses) or [""]
    return reduce(lambda before, clause: word(language, "clauses", before=before, clause=clause), others, first)


def country_names(language: str) -> Mapping[str, str]:
    """What countries are called, by their codes of two letters."""
    return cldr.countries(language)
