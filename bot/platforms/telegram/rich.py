"""Text with marks on it: written span by span, made inert where Telegram would link it, split to fit."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

WORD_JOINER = "\u2060"
"""Invisible and without width; Telegram's search for mentions, commands, tags and addresses stops at it."""

MOST_MARKS = 100
"""Telegram shows the first hundred entities of a message and ignores the rest."""

Style = Literal["bold", "italic", "code", "spoiler", "text_link", "text_mention", "live"]
"""What a mark does: the name of Telegram's entity, or `live` for words of ours that Telegram may link by itself."""

_UNSEARCHED = ("code", "text_link", "live")
"""Telegram finds nothing inside the first two; the third is meant to be found. In a mention it does search, when it
drops the mention of somebody who is unknown to the bot."""

# Wider than https://github.com/tdlib/td (MessageEntity.cpp), which looks at what surrounds each character too:
# a text is then as inert when it is split or stands beside another.
_LIVE = re.compile(
    r"@(?=\S)"  # @name, name@example.org
    r"|/(?=[A-Za-z0-9_])"  # /command
    r"|\#(?=[\w·\u200c])(?!\d+(?![\w·\u200c]))"  # #tag, but not #1
    r"|\$(?=[A-Z1])"  # $USD
    r"|:(?=//)"  # https://example.org, tg://resolve
    r"|(?<=[^\s.])\.(?=[^\W\d_]|\d+\.\d)"  # example.org, 127.0.0.1
)
_LONG_NUMBER = re.compile(r"\+\d[\d\s().-]{5,}\d|\d{7,}|\d(?:[ .()-]{0,2}\d){9,}")
"""What looks like a telephone or a card number; a date or a sum does not."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A style on the characters from `start` to `end`. `target` is a link's address or a mentioned user's id."""

    start: int
    end: int
    style: Style
    target: str = ""


@dataclass(frozen=True, slots=True)
class Rich:
    """A text and its marks, which never overlap and are in order. Positions count characters, not UTF-16 units."""

    text: str = ""
    marks: tuple[Mark, ...] = ()

    def inert(self) -> Rich:
        """The same to a reader, but nothing in it links itself: a word joiner stands where a link would begin."""
        searched = list(self.text)
        for mark in self.marks:
            if mark.style in _UNSEARCHED:
                searched[mark.start : mark.end] = " " * (mark.end - mark.start)
        points = sorted(set(_live_points("".join(searched))))
        text = "".join(
            self.text[start:end] + (WORD_JOINER if end < len(self.text) else "")
            for start, end in zip([0, *points], [*points, len(self.text)], strict=True)
        )
        marks = tuple(
            replace(m, start=m.start + bisect_right(points, m.start), end=m.end + bisect_left(points, m.end))
            for m in self.marks
        )
        return Rich(text, marks)

    def split(self, limit: int) -> Iterator[Rich]:
        """Pieces of at most `limit` UTF-16 units and a hundred marks, cut at line ends, else between words."""
        rest = self._stripped()
        while rest.text:
            end = rest._fitting(limit)
            if end >= len(rest.text):
                yield rest
                return
            line = rest.text.rfind("\n", 1, end + 1)
            end = line if line > 0 else max(rest.text.rfind(" ", 1, end + 1), 0) or end
            yield rest[:end]._stripped()
            rest = rest[end:]._stripped()

    @property
    def blank(self) -> bool:
        """Whether there is nothing to see."""
        return not any(c.isprintable() and not c.isspace() for c in self.text)

    def _fitting(self, limit: int) -> int:
        """How many characters fit into a message."""
        # A pair of surrogates that the limit cuts in two is left out by "ignore".
        fitting = len(self.text.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore"))
        shown = [mark for mark in self.marks if mark.style != "live"]
        if len(shown) > MOST_MARKS:
            fitting = min(fitting, max(shown[MOST_MARKS].start, 1))
        return fitting

    def _stripped(self) -> Rich:
        bare = self.text.strip()
        if len(bare) == len(self.text):
            return self
        start = self.text.find(bare) if bare else 0
        return self[start : start + len(bare)]

    def __getitem__(self, span: slice) -> Rich:
        start, end, _ = span.indices(len(self.text))
        marks = (
            replace(mark, start=max(mark.start, start) - start, end=min(mark.end, end) - start)
            for mark in self.marks
            if mark.start < end and mark.end > start
        )
        return Rich(self.text[start:end], tuple(marks))


@dataclass
class Writer:
    """Puts a text together, piece after piece."""

    _pieces: list[str] = field(default_factory=list)
    _marks: list[Mark] = field(default_factory=list)
    _length: int = 0

    def write(self, text: str, style: Style | None = None, target: str = "") -> None:
        """Add words, marked or plain."""
        if style is not None and text:
            self._marks.append(Mark(self._length, self._length + len(text), style, target))
        self._pieces.append(text)
        self._length += len(text)

    def line(self) -> None:
        """Begin a new line, unless there is nothing yet."""
        if self._length:
            self.write("\n")

    @property
    def rich(self) -> Rich:
        """What was written."""
        return Rich("".join(self._pieces), tuple(self._marks))


def units(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def bare(text: str) -> str:
    """A text as it was typed: word joiners go where somebody sends back what they copied from us."""
    return text.replace(WORD_JOINER, "")


def _live_points(text: str) -> Iterator[int]:
    """Where word joiners belong: after each of these characters, and within long numbers after every third digit."""
    for found in _LIVE.finditer(text):
        yield found.end()
    for number in _LONG_NUMBER.finditer(text):
        digits = [number.start() + index for index, c in enumerate(number.group()) if c.isdecimal()]
        yield from (digit + 1 for digit in digits[2:-1:3])
