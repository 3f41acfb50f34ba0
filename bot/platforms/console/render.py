"""A card as plain lines, and as the same lines in colour."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from rich.text import Text as Styled

from bot.cards import (
    Bold,
    Card,
    Code,
    Fields,
    Italic,
    Link,
    LinkButton,
    Mention,
    Moment,
    Option,
    Paragraph,
    Part,
    Progress,
    Span,
    Spans,
    Spoiler,
    Text,
    sign,
)


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

    `width` is the terminal's, in columns: there a row of buttons is broken between buttons.
    """
    lines: list[Styled] = []
    if card.title:
        lines.extend(styled(card.title).split("\n"))
    for part in card.parts:
        lines.extend(_part(part))
    if card.picture is not None:
        lines.append(Styled(f"[picture: {clean(card.picture.alt)}]", style="dim"))
    pressables: list[Pressable] = []
    if card.choice is not None:
        for option in card.choice.options:
            lines.append(_option(first + len(pressables), option))
            pressables.append(Pressable(option.label, sign(option.line, card.choice.only)))
    for row in card.rows:
        labels = []
        for button in row:
            if isinstance(button, LinkButton):
                labels.append(Styled(f"{clean(button.label)}: {clean(button.url)}"))
                continue
            labels.append(Styled(f"[{first + len(pressables)}] {clean(button.label)}", style="bold cyan"))
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


def plain(card: Card, first: int = 1) -> str:
    """A card as plain text."""
    return "\n".join(line.plain for line in page(card, first).lines)


def clean(text: str) -> str:
    """Text that cannot move the cursor, ring the bell or hide what follows: control characters are not printed."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))


def _option(number: int, option: Option) -> Styled:
    line = Styled(f"[{number}] ", style="bold cyan").append(clean(option.label), style="default not bold")
    if option.description:
        line.append(f"  {clean(option.description)}", style="dim")
    return line


def _part(part: Part) -> Iterator[Styled]:
    if isinstance(part, Paragraph):
        yield from styled(part.spans).split("\n")
    elif isinstance(part, Progress):
        yield Styled(part.bar, style="green").append(" ").append_text(styled(part.spans))
    elif isinstance(part, Fields):
        for field in part.fields:
            yield Styled(f"{clean(field.name)}: ", style="bold").append_text(styled(field.spans))
    else:
        assert_never(part)


def styled(spans: Spans) -> Styled:
    """Spans as text with styles; in plain text the words alone are left."""
    text = Styled()
    for span in spans:
        words, style = _span(span)
        text.append(clean(words), style=style)
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
