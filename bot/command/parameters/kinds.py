"""What every kind of argument can do, with the plain kinds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from rapidfuzz import fuzz

from bot.command.scene import Scene
from bot.domain.refusal import Refusal
from bot.words import list_words, shortened, word

NOTE_LENGTH = 1000
SUGGESTIONS = 25
"""What Discord shows at the most while somebody types; a longer list would be cut there."""

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of a file that can be shown to a group: what Discord takes from a bot (Discord, Uploading Files)."""

QUOTED_LENGTH = 60
"""How much of what was not understood is said back."""


T = TypeVar("T")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A possible argument: what is read and what is typed."""

    label: str
    value: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A document or photo that came with a command, as the platform refers to it.

    `size` in bytes; `chat` is where everybody sees it already, if it came in a message there.
    """

    platform: str
    reference: str
    name: str
    size: int
    chat: str = ""


class ArgumentKind(Protocol):
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

    def read(self, text: str, scene: Scene) -> object:
        """The value of a text; None when it is not one of this kind.

        Raises Refusal for what is clearly meant as one and cannot be.
        """
        ...

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Why a text was not understood, and what could be typed instead."""
        ...

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """What could be meant, best first; nothing when anything could."""
        ...


@dataclass(frozen=True)
class Plain(Generic[Value]):
    """A kind without suggestions, from a reader and the id of its refusal."""

    reader: Callable[[str, Scene], Value | None]
    refusal: str
    limit: int = 100
    text: bool = False
    subject: bool = False

    def read(self, text: str, scene: Scene) -> Value | None:
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
    """One of a few words; each has a name in the locales, `option-<word>` or with another beginning.

    Words `by_name` are understood after the parameter's name alone: by themselves they mean something else.
    """

    values: Sequence[str]
    limit: int = 32
    text: bool = False
    subject: bool = False
    names: str = "option-"
    by_name: Sequence[str] = ()

    def read(self, text: str, scene: Scene) -> str | None:
        """The word, by itself or by its name in the reader's language."""
        typed = text.strip().casefold()
        return next((v for v in self.values if typed in (v, self.label(v, scene.language).casefold())), None)

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Names the words there are."""
        return Refusal("refuse-option", text=quoted(text), options=list_words(scene.language, self.values))

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """All of them, or those that begin like what was typed."""
        typed = typed.strip().casefold()
        found = [Suggestion(self.label(value, scene.language), value) for value in self.values]
        return [s for s in found if s.value.startswith(typed) or s.label.casefold().startswith(typed)]

    def label(self, value: str, language: str) -> str:
        """What one of the words is called."""
        return word(language, f"{self.names}{value}")


@dataclass(frozen=True)
class FileKind:
    """A document or photo that came with the command: nothing that can be typed."""

    limit: int = 0
    text: bool = False
    subject: bool = False

    def read(self, text: str, scene: Scene) -> File | None:
        """None: a file is never read from words."""
        return None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """How a file is sent."""
        return Refusal("refuse-file")

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Nothing."""
        return []


def quoted(text: str) -> str:
    """What was typed, short enough to say back."""
    return shortened(text, QUOTED_LENGTH)


def nearest_matches(typed: str, items: Iterable[T], key: Callable[[T], str]) -> list[T]:
    """What could be meant: what begins like it, then what holds it, then what sounds like it; all for no text."""
    every = list(items)
    typed = typed.strip().casefold()
    if not typed:
        return every[:SUGGESTIONS]
    scored = [(_score(typed, key(item).casefold()), -position) for position, item in enumerate(every)]
    best = sorted((s for s in scored if s[0] >= LIKE), reverse=True)[:SUGGESTIONS]
    return [every[-position] for _, position in best]


LIKE = 45
"""How alike two words must be, of 100, to be offered for one another: `htp` is like `http`, not like `sql`."""


def _score(typed: str, text: str) -> float:
    if text.startswith(typed):
        return 300
    pieces = re.split(r"[\s\-/]+", text)
    if any(piece.startswith(typed) for piece in pieces):
        return 200
    return 150 if typed in text else max(fuzz.ratio(typed, piece) for piece in pieces)


FILE_KIND = FileKind()
NOTE = Words()
