"""A card as lines of a terminal, in colour where it has some."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from rich import box
from rich.console import Console as Terminal
from rich.table import Table
from rich.text import Text as Styled

from bot.cards import (
    Attachment,
    Bold,
    Card,
    Code,
    Field,
    Fields,
    Italic,
    Link,
    LinkButton,
    Mention,
    Moment,
    Option,
    Paragraph,
    Part,
    ProgressBar,
    Span,
    Spans,
    Spoiler,
    Text,
    sign,
)

WIDE = 60
"""Columns from which on a menu's explanations stand beside its answers, not under them."""


@dataclass(frozen=True, slots=True)
class Pressable:
    """Something on the page that a number presses."""

    label: str
    press: str


@dataclass(frozen=True, slots=True)
class Page:
    """A card laid out: its lines, and what can be pressed, in the order of the numbers shown."""

    lines: tuple[Styled, ...]
    pressables: tuple[Pressable, ...]


def page(card: Card, first: int = 1, width: int | None = None) -> Page:
    """Lay a card out; the first thing that can be pressed gets the number `first`.

    `width` is the terminal's, in columns: there named values and menus are tables, and a row of buttons is broken
    between buttons.
    """
    lines: list[Styled] = []
    if card.title:
        lines.extend(styled(card.title).split("\n"))
    for part in card.parts:
        lines.extend(_part(part, width))
    if card.picture is not None:
        lines.append(Styled(f"[picture: {printable(card.picture.alt)}]", style="dim"))
    if isinstance(card.document, Attachment):
        lines.extend(_attached(card.document))
    pressables: list[Pressable] = []
    if card.choice is not None:
        lines.extend(_menu(card.choice.options, first, width))
        pressables.extend(
            Pressable(option.label, sign(option.line, card.choice.only)) for option in card.choice.options
        )
    for row in card.rows:
        labels = []
        for button in row:
            if isinstance(button, LinkButton):
                labels.append(Styled(f"{printable(button.label)}: {printable(button.url)}"))
                continue
            labels.append(Styled(f"[{first + len(pressables)}] {printable(button.label)}", style="bold cyan"))
            pressables.append(Pressable(button.label, button.press))
        lines.extend(_rows(labels, width))
    return Page(tuple(lines), tuple(pressables))


def _rows(labels: list[Styled], width: int | None) -> Iterator[Styled]:
    """Labels side by side, as many to a line as there is room for."""
    line = labels[0]
    for label in labels[1:]:
        if width is not None and line.cell_len + 2 + label.cell_len > width:
            yield line
            line = label
        else:
            line = Styled.assemble(line, "  ", label)
    yield line


def plain_lines(card: Card, first: int = 1) -> str:
    """A card as plain text."""
    return "\n".join(line.plain for line in page(card, first).lines)


def printable(text: str) -> str:
    """Text that cannot move the cursor, ring the bell or hide what follows: control characters are not printed."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))


def _attached(attachment: Attachment) -> Iterator[Styled]:
    """A file as its name and size in bytes, and its text where it is one: there is nothing else to open it with."""
    yield Styled(f"[{printable(attachment.name)} · {len(attachment.content):,} B]", style="dim")
    try:
        text = attachment.content.decode()
    except UnicodeDecodeError:
        return
    yield from (Styled(line) for line in printable(text).splitlines())


def _menu(options: Sequence[Option], first: int, width: int | None) -> Iterator[Styled]:
    """Each answer with its number and a word of explanation."""
    apart = any(option.description for option in options) and width is not None and width >= WIDE
    table = _table()
    for number, option in enumerate(options, first):
        mark, label = Styled(f"[{number}]", style="bold cyan"), Styled(printable(option.label))
        description = Styled(printable(option.description), style="dim")
        if width is None:
            yield Styled.assemble(mark, " ", label, *(("  ", description) if option.description else ()))
        else:
            below = (label, "\n", description) if option.description else (label,)
            table.add_row(mark, *((label, description) if apart else (Styled.assemble(*below),)))
    if width is not None:
        yield from _laid(table, width)


def _fields(fields: Sequence[Field], width: int | None) -> Iterator[Styled]:
    """Each name with what belongs to it."""
    table = _table()
    for field in fields:
        name, value = Styled(printable(field.name), style="bold"), styled(field.spans)
        if width is None:
            yield Styled.assemble(name, (": ", "bold"), value)
        else:
            table.add_row(name, value)
    if width is not None:
        yield from _laid(table, width)


def _table() -> Table:
    """Columns with a thin line between them, and nothing around."""
    return Table(box=box.MINIMAL, show_header=False, show_edge=False, pad_edge=False)


def _laid(table: Table, width: int) -> Iterator[Styled]:
    """A table as the lines it takes."""
    for segments in Terminal(width=width).render_lines(table, pad=False):
        line = Styled.assemble(*((segment.text, segment.style or "") for segment in segments))
        line.rstrip()
        yield line


def _part(part: Part, width: int | None) -> Iterator[Styled]:
    if isinstance(part, Paragraph):
        yield from styled(part.spans).split("\n")
    elif isinstance(part, ProgressBar):
        yield Styled(part.bar, style="green").append(" ").append_text(styled(part.spans))
    elif isinstance(part, Fields):
        yield from _fields(part.fields, width)
    else:
        assert_never(part)


def styled(spans: Spans) -> Styled:
    """Spans as text with styles; in plain text the words alone are left."""
    text = Styled()
    for span in spans:
        words, style = _span(span)
        text.append(printable(words), style=style)
    return text


def _span(span: Span) -> tuple[str, str]:
    if isinstance(span, Text):
        return span.text, ""
    if isinstance(span, Bold):
        return span.text, "bold"
    if isinstance(span, Italic):
        return span.text, "italic"
    if isinstance(span, Code):
        return span.text, "cyan"
    if isinstance(span, Link):
        return f"{span.text} ({span.url})", "underline"
    if isinstance(span, Mention):
        return f"@{span.name}", "bold magenta"
    if isinstance(span, Moment):
        return span.fallback, ""
    if isinstance(span, Spoiler):
        return span.text, "dim"
    assert_never(span)
