"""What a message is made of, as frozen data: platforms render it, nobody parses it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Literal

LINE_BYTES = 64
"""The most a pressed line may take, owner included: Telegram's `callback_data` (Bot API, InlineKeyboardButton)."""

OWNER_MARK = "~"
"""Opens the owner in a pressed line: `~2f done http-rest` may be pressed by member 2f (base 36) alone."""


class LineTooLong(ValueError):
    """A button's line does not fit the smallest platform; raised where the card is built, not when it is sent."""


# ---------------------------------------------------------------- spans: pieces of a line


@dataclass(frozen=True, slots=True)
class Text:
    """Words as they are. Never parsed as markup, whoever wrote them."""

    text: str


@dataclass(frozen=True, slots=True)
class Bold:
    """Words that carry the fact of the line."""

    text: str


@dataclass(frozen=True, slots=True)
class Italic:
    """A title quoted inside a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Something to type exactly as it stands: a command, a slug."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was asked for; a platform never previews it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Mention:
    """The one member this message is addressed to: the only span that may ping.

    `accounts` maps a platform's name to the member's id there; where there is none, the name stands alone.
    """

    name: str
    accounts: tuple[tuple[str, str], ...] = ()

    def on(self, platform: str) -> str | None:
        """The member's id on that platform, if they have an account there."""
        return dict(self.accounts).get(platform)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in UTC. Discord shows it in each reader's own zone; elsewhere `fallback`, already local, is shown."""

    at: datetime
    fallback: str
    style: Literal["time", "date", "full", "relative"] = "full"


@dataclass(frozen=True, slots=True)
class Spoiler:
    """Words hidden until the reader asks for them."""

    text: str


Span = Text | Bold | Italic | Code | Link | Mention | Moment | Spoiler
Spans = tuple[Span, ...]


# ---------------------------------------------------------------- parts: pieces of a card


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more lines of spans; a line break is `\\n` inside a Text."""

    spans: Spans


@dataclass(frozen=True, slots=True)
class Field:
    """A name and what belongs to it."""

    name: str
    spans: Spans


@dataclass(frozen=True, slots=True)
class Fields:
    """Several named values, shown as a small table."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class ProgressBar:
    """A bar, drawn the same everywhere, and the words after it."""

    percent: int
    spans: Spans

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= 100:
            raise ValueError(f"a bar shows 0 to 100 per cent, not {self.percent}")

    @property
    def bar(self) -> str:
        """Ten boxes; one is filled for each full tenth, so a full bar means done."""
        filled = self.percent // 10
        return "▰" * filled + "▱" * (10 - filled)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that says what the text says too; `alt` is for those who do not see it."""

    png: bytes = field(repr=False)
    alt: str
    name: str = "picture.png"


@dataclass(frozen=True, slots=True)
class Document:
    """A file that a member gave, as the platform it came by refers to it: that platform delivers it with the card.

    Elsewhere, and where it cannot be fetched any more, its name stands for it: the card's text always says that.
    """

    platform: str
    reference: str
    name: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of ours, with its bytes; `alt` is read in its place where a platform does not take it."""

    name: str
    content: bytes = field(repr=False)
    alt: str


Part = Paragraph | Fields | ProgressBar


# ---------------------------------------------------------------- what can be pressed


@dataclass(frozen=True, slots=True)
class Button:
    """A command waiting to be pressed; `only` is the id of the one member who may press it.

    Raises LineTooLong when line and owner together are over 64 bytes.
    """

    label: str
    line: str
    only: int | None = None
    style: Literal["primary", "secondary", "danger"] = "secondary"

    def __post_init__(self) -> None:
        check_line(self.press)

    @property
    def press(self) -> str:
        """What the platform carries and gives back when the button is pressed."""
        return sign(self.line, self.only)


@dataclass(frozen=True, slots=True)
class LinkButton:
    """A button that opens an address; pressing it tells us nothing."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question: what is read, what it does, and a word of explanation."""

    label: str
    line: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with its answers: a select menu, an inline keyboard, a numbered list."""

    placeholder: str
    options: tuple[Option, ...]
    only: int | None = None

    def __post_init__(self) -> None:
        for option in self.options:
            check_line(sign(option.line, self.only))


@dataclass(frozen=True, slots=True)
class Input:
    """One free-text field of a question: the parameter it fills and how it is shown."""

    parameter: str
    label: str
    placeholder: str = ""
    limit: int = 200
    required: bool = True
    long: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What only typing can answer: a modal on Discord, a forced reply on Telegram, a prompt in the console.

    `line` is the command so far; the answers are added to it by the parameters' names.
    """

    line: str
    title: str
    inputs: tuple[Input, ...]
    only: int | None = None

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("a question needs at least one input")
        check_line(sign(self.line, self.only))


Row = tuple[Button | LinkButton, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A whole message. Title first, then its parts; rows of buttons below."""

    title: Spans = ()
    parts: tuple[Part, ...] = ()
    rows: tuple[Row, ...] = ()
    choice: Choice | None = None
    picture: Picture | None = None
    document: Document | Attachment | None = None

    def with_rows(self, *rows: Iterable[Button | LinkButton]) -> Card:
        """The same card with more buttons under it."""
        return replace(self, rows=self.rows + tuple(tuple(row) for row in rows))

    def with_parts(self, *parts: Part) -> Card:
        """The same card with more to read."""
        return replace(self, parts=self.parts + parts)

    def without_buttons(self) -> Card:
        """The same card as a receipt: nothing left to press."""
        return replace(self, rows=(), choice=None)


ROWS = 5
"""Rows of buttons that a message takes everywhere (Discord, Component Reference, "Action Row"); a menu takes one."""

JOINED_WORDS = 1500
"""Characters up to which cards are joined: one message has to hold them everywhere."""


def as_one(cards: Sequence[Card]) -> Card | None:
    """Several cards in the place of the one message that they were, however they have grown: a platform shortens it.

    Where they would not go together any more, files and pictures go first, then what can be pressed. None for no cards.
    """
    bare = [replace(card, picture=None, document=None) for card in cards]
    ways = (cards, bare, [card.without_buttons() for card in bare])
    return next((one for way in ways if (one := joined(way, inf)) is not None), None)


def joined(cards: Sequence[Card], words: float = JOINED_WORDS) -> Card | None:
    """Several cards as one message, in their order: what stands on two of them is there once.

    None for no cards, and where one message could not hold them or nobody could tell two of their buttons apart.
    """
    if len(cards) < 2:
        return cards[0] if cards else None
    first, *rest = cards
    rows = _rows_once(cards)
    labels = [button.label for row in rows for button in row]
    choices, pictures, documents = (
        [value for card in cards if (value := getattr(card, name)) is not None]
        for name in ("choice", "picture", "document")
    )
    alone = max(len(choices), len(pictures), len(documents)) > 1
    crowded = len(rows) + len(choices) > ROWS or sum(map(_length, cards)) > words
    if alone or crowded or len(labels) > len(set(labels)):
        return None
    parts = list(first.parts)
    for card in rest:
        # Nobody is greeted twice.
        parts += ([Paragraph(card.title)] if card.title and card.title != first.title else []) + list(card.parts)
    return Card(first.title, tuple(parts), rows, *(next(iter(v), None) for v in (choices, pictures, documents)))


def _rows_once(cards: Sequence[Card]) -> tuple[Row, ...]:
    """The rows of several cards, without what is on an earlier one."""
    seen: set[Button | LinkButton] = set()
    rows = []
    for row in (row for card in cards for row in card.rows):
        new = tuple(button for button in row if button not in seen)
        seen.update(new)
        if new:
            rows.append(new)
    return tuple(rows)


def _length(card: Card) -> int:
    """About how many characters a card takes."""
    fields = [field for part in card.parts if isinstance(part, Fields) for field in part.fields]
    spans = [card.title, *(part.spans for part in card.parts if isinstance(part, Paragraph | ProgressBar))]
    return sum(len(plain(text)) for text in (*spans, *(field.spans for field in fields)))


def sign(line: str, only: int | None) -> str:
    """A line with its owner in front, as a platform carries it."""
    return line if only is None else f"{OWNER_MARK}{base36(only)} {line}"


def owner_that_fits(line: str, member: int) -> int | None:
    """The owner of a line on a private card, or nobody when both together are too long for a button.

    A private card is seen by its member alone, so there the owner is a second lock; a public one must always have it.
    """
    return member if len(sign(line, member).encode()) <= LINE_BYTES else None


def unsign(press: str) -> tuple[str, int | None]:
    """A pressed line and the one member who may press it."""
    if not press.startswith(OWNER_MARK):
        return press, None
    owner, _, line = press[1:].partition(" ")
    try:
        return line, int(owner, 36)
    except ValueError:
        return press, None


def check_line(press: str) -> None:
    """Raises LineTooLong when a line could not be carried by every platform."""
    size = len(press.encode())
    if not 0 < size <= LINE_BYTES:
        raise LineTooLong(f"a line takes 1 to {LINE_BYTES} bytes, this one {size}: {press!r}")


def base36(number: int) -> str:
    """A number in the fewest letters that are the same in every case and need no escaping."""
    if number < 0:
        raise ValueError("only ids are written in base 36")
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits


def plain(spans: Spans) -> str:
    """The words alone, for a log, a search or a screen reader."""
    return "".join(_words(span) for span in spans)


def _words(span: Span) -> str:
    if isinstance(span, Moment):
        return span.fallback
    return span.name if isinstance(span, Mention) else span.text
