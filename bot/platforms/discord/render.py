"""A card as the Discord messages it takes: nothing over a limit, nothing dropped in silence."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar, assert_never

from bot.cards import (
    Attachment,
    Bold,
    Button,
    Card,
    Choice,
    Code,
    Fields,
    Italic,
    Link,
    LinkButton,
    Mention,
    Moment,
    Paragraph,
    Part,
    ProgressBar,
    Span,
    Spans,
    Spoiler,
    Text,
    plain,
    sign,
    unsign,
)
from bot.platforms.discord.markdown import address, markdown, mentioned
from bot.words import lines

T = TypeVar("T")

CONTENT = 2000
DESCRIPTION = 4096
FIELDS = 25
FIELD_VALUE = 1024
EMBEDS = 10
EMBEDS_SIZE = 6000
"""Characters of a message and its embeds (Discord, Message, "Embed Limits")."""

ACTION_ROWS = 5
ROW_BUTTONS = 5
OPTIONS = 25
LABEL = 80
OPTION_LABEL = 100
PLACEHOLDER = 150
URL = 512
"""What fits under a message (Discord, Component Reference)."""

FIELD_NAME = 100
"""Of the 256 characters of a field's name; escaping may double what is written."""

ATOM = 200
"""The longest piece of words that is never broken; escaped it still fits a field."""

CONTINUED = "…"
"""What a message says that only goes on with the one above: notifications of an empty one would be blank."""


MARK = 12
"""Letters of a mark: enough that no two messages of a channel share one."""

_MARKED = "\u241f"
"""Stands between a line and the mark behind it; no line of ours has it, and what follows is no word of one."""

_MARK = re.compile(rf"{_MARKED}[0-9a-f]{{{MARK}}}$")


@dataclass(frozen=True, slots=True)
class Embed:
    """The framed part of a message: text, then fields."""

    description: str = ""
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        """Characters, as Discord counts them."""
        return len(self.description) + sum(len(name) + len(value) for name, value in self.fields)


@dataclass(frozen=True, slots=True)
class Press:
    """A button that comes back to us."""

    label: str
    custom_id: str
    style: Literal["primary", "secondary", "danger"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A button that opens an address."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class MenuAnswer:
    """One line of a menu; its value comes back to us."""

    label: str
    value: str
    description: str


@dataclass(frozen=True, slots=True)
class SelectMenu:
    """A select menu; its own id says nothing, the answer chosen says all."""

    custom_id: str
    placeholder: str
    answers: tuple[MenuAnswer, ...]


ComponentRow = tuple[Press | Visit | SelectMenu, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that stands under a message; `alt` is what is said of it to those who do not see it."""

    name: str
    content: bytes = field(repr=False)
    alt: str = ""


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """One message. `content` is what notifications show; `pings` are the only ids it may notify."""

    content: str
    embeds: tuple[Embed, ...] = ()
    rows: tuple[ComponentRow, ...] = ()
    files: tuple[Attached, ...] = ()
    pings: tuple[str, ...] = ()

    @property
    def words(self) -> RenderedMessage:
        """The same without its files, saying what these would have shown."""
        said = (markdown((Text(file.alt),)) for file in self.files if file.alt)
        return replace(self, content=cut("\n".join((self.content, *said)), CONTENT), files=())


def render(card: Card, document: bytes | None = None) -> tuple[RenderedMessage, ...]:
    """The messages of a card, in order; most cards take one. What can be pressed stands under the last of the text.

    `document` is the content of the card's document, where it was fetched. Raises ValueError for a card that has
    nothing to read, to press or to look at.
    """
    opening, parts = _opening(card)
    # A mention inside an embed notifies nobody: who is addressed there is named in the content, too.
    everybody = [span for part in parts for span in _spans(part) if isinstance(span, Mention)]
    for account, mention in {account: span for span in everybody for account in mentioned((span,))}.items():
        if account not in mentioned(opening):
            opening = (*opening, Text(" "), mention)
    messages = [
        RenderedMessage(markdown(piece) or CONTINUED, pings=tuple(mentioned(piece)))
        for piece in pieces_of(opening, CONTENT)
    ]
    for index, embeds in enumerate(_pages(list(_embeds(parts)))):
        if index:
            messages.append(RenderedMessage(CONTINUED))
        messages[-1] = replace(messages[-1], embeds=embeds)
    messages[-1] = replace(messages[-1], files=tuple(_files(card, document)))
    for index, rows in enumerate(_chunks(list(_rows(card)), ACTION_ROWS)):
        if index:
            messages.append(RenderedMessage(CONTINUED))
        messages[-1] = replace(messages[-1], rows=_unique(rows))
    return tuple(messages)


def _files(card: Card, document: bytes | None) -> Iterator[Attached]:
    if card.picture is not None:
        yield Attached(card.picture.name, card.picture.png, card.picture.alt)
    if isinstance(card.document, Attachment):
        yield Attached(card.document.name, card.document.content, card.document.alt)
    elif card.document is not None and document is not None:
        yield Attached(card.document.name, document)


def press_of(custom_id: str) -> str:
    """The line that a pressed button or a chosen answer carries, with its owner."""
    return _MARK.sub("", _COUNT.sub("", custom_id))


def carried(custom_id: str) -> tuple[str, int | None]:
    """The line that an id carries, and the one member who may press it."""
    return unsign(press_of(custom_id))


def marked(message: RenderedMessage, mark: str) -> RenderedMessage:
    """The same message with a mark by which it is known in its channel; where nothing can be pressed, unchanged.

    A line and its owner take 64 of the 100 characters of an id, so there is always room for it.
    """
    for row, items in enumerate(message.rows):
        for column, item in enumerate(items):
            if not isinstance(item, Visit):
                known = replace(item, custom_id=f"{item.custom_id}{_MARKED}{mark[:MARK]}")
                changed = (*items[:column], known, *items[column + 1 :])
                return replace(message, rows=(*message.rows[:row], changed, *message.rows[row + 1 :]))
    return message


def mark_of(custom_id: str) -> str:
    """The mark that an id carries, if any."""
    found = _MARK.search(custom_id)
    return found[0].removeprefix(_MARKED) if found else ""


# ---------------------------------------------------------------- text


def _opening(card: Card) -> tuple[Spans, tuple[Part, ...]]:
    """What the message says outside of its embed, and the rest: the title, else the first part."""
    links = tuple(
        Paragraph((Link(b.label, b.url),))
        for row in card.rows
        for b in row
        if isinstance(b, LinkButton) and not _fits(b)
    )
    parts = card.parts + links
    if plain(card.title).strip():
        return card.title, parts
    for index, part in enumerate(parts):
        if plain(_spans(part)).strip():
            return _spans(part), parts[index + 1 :]
    if card.picture is not None:
        return (Text(card.picture.alt or CONTINUED),), ()
    if isinstance(card.document, Attachment):
        return (Text(card.document.name),), ()
    if card.choice is not None:
        return (Text(card.choice.placeholder or CONTINUED),), ()
    if card.rows:
        return (Text(CONTINUED),), ()
    raise ValueError("a card without anything in it")


def _spans(part: Part) -> Spans:
    """A part as running text."""
    match part:
        case Paragraph():
            return part.spans
        case ProgressBar():
            return (Text(f"{part.bar} "), *part.spans)
        case Fields():
            return lines(*((Bold(item.name), Text(" "), *item.spans) for item in part.fields))
        case _:
            assert_never(part)


def _embeds(parts: Sequence[Part]) -> Iterator[Embed]:
    """The parts in embeds, in order: text, then fields; what follows fields begins another embed."""
    embed = Embed()
    before: Part = Paragraph(())
    for part in parts:
        gap, before = _gap(before, part), part
        for piece in _pieces(part):
            grown = _with(embed, piece, gap)
            if grown is None:
                yield embed
                grown = _with(Embed(), piece, gap)
                assert grown is not None, "a piece fits an empty embed"
            embed = grown
    if embed.size:
        yield embed


def _gap(before: Part, part: Part) -> str:
    """Single lines and bars stand close; a paragraph of several lines stands apart from others."""
    both = isinstance(before, Paragraph) and isinstance(part, Paragraph)
    return "\n\n" if both and "\n" in plain(_spans(before) + _spans(part)) else "\n"


_Piece = str | tuple[str, str]
"""A run of text, or a field."""


def _pieces(part: Part) -> Iterator[_Piece]:
    if not isinstance(part, Fields):
        yield from filter(None, (markdown(piece) for piece in pieces_of(_spans(part), DESCRIPTION)))
        return
    for item in part.fields:
        name = markdown((Text(cut(item.name, FIELD_NAME)),)) or CONTINUED
        for index, piece in enumerate(pieces_of(item.spans, FIELD_VALUE)):
            yield (CONTINUED if index else name), markdown(piece) or "–"


def _with(embed: Embed, piece: _Piece, gap: str) -> Embed | None:
    """The embed with one more piece, None when it does not fit."""
    if isinstance(piece, tuple):
        grown = replace(embed, fields=(*embed.fields, piece))
        return grown if len(grown.fields) <= FIELDS and grown.size <= EMBEDS_SIZE else None
    if embed.fields:
        return None
    description = f"{embed.description}{gap}{piece}" if embed.description else piece
    return Embed(description) if len(description) <= DESCRIPTION else None


def _pages(embeds: Sequence[Embed]) -> Iterator[tuple[Embed, ...]]:
    """The embeds of each message."""
    page: tuple[Embed, ...] = ()
    for embed in embeds:
        if len(page) == EMBEDS or sum(other.size for other in page) + embed.size > EMBEDS_SIZE:
            yield page
            page = ()
        page = (*page, embed)
    if page:
        yield page


def pieces_of(spans: Spans, limit: int) -> list[Spans]:
    """The same words in pieces whose markdown is within a limit, broken between lines or words; one when they fit."""
    if len(markdown(spans)) <= limit:
        return [spans]
    pieces = []
    rest = [atom for span in spans for atom in _atoms(span)]
    while rest:
        sizes = range(1, min(len(rest), limit) + 1)
        count = bisect_right(sizes, limit, key=lambda size: len(markdown(tuple(rest[:size]))))
        assert count, "an atom is within every limit"
        if count < len(rest):
            ends = [index for index in range(count // 2, count) if plain((rest[index],)).endswith("\n")]
            count = ends[-1] + 1 if ends else count
        pieces.append(_trimmed(rest[:count]))
        rest = rest[count:]
    return [piece for piece in pieces if piece]


def _trimmed(atoms: list[Span]) -> Spans:
    """Without the blank lines where it was broken."""
    while atoms and not plain((atoms[0],)).strip():
        atoms = atoms[1:]
    while atoms and not plain((atoms[-1],)).strip():
        atoms = atoms[:-1]
    return tuple(atoms)


def _atoms(span: Span) -> Iterator[Span]:
    """A span in pieces that are short enough for any limit."""
    match span:
        case Text() | Bold() | Italic() | Spoiler():
            for word in re.findall(rf"\S{{1,{ATOM}}}[^\S\n]{{0,20}}\n?|\s{{1,20}}", span.text):
                yield replace(span, text=word)
        case Code() | Link():
            words = f"{span.text} ({span.url})" if isinstance(span, Link) else span.text
            yield from (span,) if len(markdown((span,))) <= FIELD_VALUE else _atoms(Text(words))
        case Mention() | Moment():
            yield span
        case _:
            assert_never(span)


# ---------------------------------------------------------------- what can be pressed


def _rows(card: Card) -> Iterator[ComponentRow]:
    if card.choice is not None:
        yield from ((menu,) for menu in _menus(card.choice))
    for row in card.rows:
        buttons = [_button(button) for button in row if isinstance(button, Button) or _fits(button)]
        yield from (tuple(chunk) for chunk in _chunks(buttons, ROW_BUTTONS))


def _button(button: Button | LinkButton) -> Press | Visit:
    label = cut(button.label.strip() or CONTINUED, LABEL)
    if isinstance(button, Button):
        return Press(label, button.press, button.style)
    return Visit(label, address(button.url) or button.url)


def _fits(button: LinkButton) -> bool:
    """Whether an address can stand behind a button; otherwise it is written out in the text."""
    url = address(button.url)
    return url is not None and len(url) <= URL


def _menus(choice: Choice) -> Iterator[SelectMenu]:
    chunks = _chunks(choice.options, OPTIONS)
    for index, options in enumerate(chunks, start=1):
        placeholder = choice.placeholder if len(chunks) == 1 else f"{choice.placeholder} ({index}/{len(chunks)})"
        answers = tuple(
            MenuAnswer(
                cut(o.label.strip() or o.line, OPTION_LABEL),
                sign(o.line, choice.only),
                cut(o.description, OPTION_LABEL),
            )
            for o in options
        )
        yield SelectMenu(f"?{index}", cut(placeholder, PLACEHOLDER), answers)


_COUNT = re.compile(r"^\d+!")
"""Tells equal lines of one message apart: no line begins with a digit, as no command's name does."""


def _unique(rows: Sequence[ComponentRow]) -> tuple[ComponentRow, ...]:
    """The same rows with every id once, as Discord wants it within a message, and within a menu."""
    seen: set[str] = set()

    def counted(press: str, seen: set[str]) -> str:
        unique, number = press, 1
        while unique in seen:
            number += 1
            unique = f"{number}!{press}"
        seen.add(unique)
        return unique

    def one(item: Press | Visit | SelectMenu) -> Press | Visit | SelectMenu:
        if isinstance(item, Press):
            return replace(item, custom_id=counted(item.custom_id, seen))
        if isinstance(item, SelectMenu):
            values: set[str] = set()
            return replace(item, answers=tuple(replace(a, value=counted(a.value, values)) for a in item.answers))
        return item

    return tuple(tuple(one(item) for item in row) for row in rows)


def cut(text: str, limit: int) -> str:
    """A label within a limit; what is missing shows."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
