"""Reads a YAML file as plain data that knows the line of every value.

Whatever is not plain is refused: anchors, tags, a second document.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml
from pydantic import JsonValue

from bot.domain.roadmap import PracticePlace

MAX_BYTES = 1_000_000  # the largest roadmap shipped has 15 KB: this is a mistake, not a course
MAX_DEPTH = 12  # a link within a step within a level is 7 deep

# The C parser reads the shipped files ten times as fast (3 ms, not 31); PyYAML lacks it where libyaml was missing.
LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

Places = Mapping[PracticePlace, tuple[int, int]]  # line and column, from 1


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, and where: line and column count from 1; 0 is the file as a whole."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: {self.message}"


class Refused(Exception):
    """A file that cannot be served."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


def unreadable(file: str, error: OSError | UnicodeDecodeError | RuntimeError) -> Problem:
    """What to say of a file that the system does not hand over."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return Problem(file, 0, 0, f"cannot be read: {reason}")


def read_file(folder: Path, file: str) -> tuple[dict[str, JsonValue], Places]:
    """The data in a YAML file, and where each value stands. Raises Refused, whatever the file is."""
    return _Reader(file, _decoded(_content(folder, file), file)).read()


def _content(folder: Path, file: str) -> bytes:
    path = folder / file
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise Refused(Problem(file, 0, 0, "is a link to a file outside this folder: put the file itself here"))
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise Refused(Problem(file, 0, 0, "is not a file"))
        if info.st_size > MAX_BYTES:
            raise Refused(Problem(file, 0, 0, f"has {info.st_size:,} bytes; {MAX_BYTES:,} are the limit"))
        with path.open("rb") as source:
            return source.read(MAX_BYTES)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        raise Refused(unreadable(file, error)) from None


# Tabs, and what YAML 1.1 calls not printable (5.1).
_UNREADABLE = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def _decoded(content: bytes, file: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _position(content[: error.start].decode("utf-8", "replace"))
        raise Refused(Problem(file, line, column, "is not UTF-8: save the file with that encoding")) from None
    if found := _UNREADABLE.search(text):
        place = _position(text[: found.start()])
        words = "a tab: YAML is indented with spaces" if found[0] == "\t" else f"the control character {found[0]!r}"
        raise Refused(Problem(file, *place, words))
    return text


def _position(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what comes after this text."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


# Plain scalars mean what YAML 1.2 says, as in editors: `no` and `2026-11-20` are text, `12:30` is no number.
_CONSTANTS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}(?:\.[0-9]{0,18})?)(?:[eE][-+]?[0-9]{1,3})?")


def _scalar(text: str) -> str | int | float | bool | None:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


class _Mark(Protocol):
    """A place in the text, from 0: the C parser and the Python one have a class each."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Reader:
    """Reads the events of one YAML file into plain data, and notes the line and column of every value.

    Events rather than PyYAML's nodes: so an alias is refused where it stands instead of being followed,
    nesting is bounded by us and not by the C stack, and a key written twice is seen.
    """

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._last_line = max(1, text.count("\n") + (not text.endswith("\n")))
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=LOADER)
        self.places: dict[PracticePlace, tuple[int, int]] = {}

    def read(self) -> tuple[dict[str, JsonValue], Places]:
        """The data and where each value stands. Raises Refused."""
        try:
            return self._document(), self.places
        except yaml.MarkedYAMLError as error:
            raise self._refused(*_in_plain_words(error)) from None

    def _document(self) -> dict[str, JsonValue]:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise self._refused(None, "the file is empty")
        event = next(self._events)
        if not isinstance(event, yaml.MappingStartEvent):
            raise self._refused(event.start_mark, "a roadmap starts with its keys, as in `slug: backend-intern`")
        self._refuse_unread(event, ())
        data = self._mapping(())
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._refused(event.start_mark, "a second document: a file holds one roadmap")
        return data

    def _value(self, event: yaml.Event, place: PracticePlace) -> JsonValue:
        self._refuse_unread(event, place)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else str(event.value)
        return self._mapping(place) if isinstance(event, yaml.MappingStartEvent) else self._sequence(place)

    def _refuse_unread(self, event: yaml.Event, place: PracticePlace) -> None:
        """Raises Refused for what YAML can say and a roadmap does not."""
        if isinstance(event, yaml.AliasEvent) or (isinstance(event, yaml.NodeEvent) and event.anchor):
            raise self._refused(event.start_mark, "anchors and aliases (& and *) are not read: write it out")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            raise self._refused(event.start_mark, f"tags are not read: remove `{event.tag}`")
        if len(place) >= MAX_DEPTH:
            raise self._refused(event.start_mark, "nested too deeply for a roadmap")

    def _sequence(self, place: PracticePlace) -> list[JsonValue]:
        items: list[JsonValue] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            here = (*place, len(items))
            self.places[here] = _from_one(event.start_mark)
            items.append(self._value(event, here))
        return items

    def _mapping(self, place: PracticePlace) -> dict[str, JsonValue]:
        entries: dict[str, JsonValue] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            mark = event.start_mark
            if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
                raise self._refused(mark, "a key must be a plain word")
            key: str = event.value
            here = (*place, key)
            if key in entries:
                raise self._refused(mark, f"`{key}` is given twice, first in line {self.places[here][0]}")
            self.places[here] = _from_one(mark)
            entries[key] = self._value(next(self._events), here)
        return entries

    def _refused(self, mark: _Mark | None, message: str) -> Refused:
        line, column = _from_one(mark)
        if line > self._last_line:
            # Where a file ends too early, the C parser tells a line after its last.
            line, column = self._last_line, 1
        return Refused(Problem(self._file, line, column, message))


def _from_one(mark: _Mark | None) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _in_plain_words(error: yaml.MarkedYAMLError) -> tuple[_Mark | None, str]:
    """Where a fault of YAML is to be mended, and how."""
    problem = error.problem or "is not YAML"
    for signs, words, at_start in _PLAIN_WORDS:
        if any(sign in problem for sign in signs):
            return (error.context_mark if at_start else None) or error.problem_mark, words
    return error.problem_mark or error.context_mark, f"{problem} ({error.context or 'is not YAML'})"


# What libyaml or PyYAML says, what the author should know, and whether to point at where the thing began.
_PLAIN_WORDS = (
    (
        ("mapping values are not allowed",),
        "text with a colon needs quotes, and keys belong below each other",
        False,
    ),
    (("could not find expected ':'",), "a key without its colon, or text that lost its indentation", True),
    (("unexpected end of stream",), "a quote that is opened here is never closed", True),
    (("expected ',' or ']'",), "a list that is opened here with [ is never closed", True),
    (("expected ',' or '}'",), "what is opened here with { is never closed", True),
    (("cannot start any token",), "text that starts with @, ` or % needs quotes", False),
    (
        ("did not find expected key", "did not find expected '-'", "expected <block end>"),
        "indented unlike its neighbours, or after a quote that is not closed",
        False,
    ),
)
