"""Spans as Discord's markdown: our own marks are markup, everybody's words are words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never
from urllib.parse import quote, urlsplit

from bot.cards import Bold, Code, Italic, Link, Mention, Moment, Span, Spans, Spoiler, Text

PLATFORM = "discord"

BREAK = "\u200b"
"""A zero-width space: keeps two marks apart, or a name from being a mention, without being seen."""

_STYLES = {"time": "t", "date": "D", "full": "f", "relative": "R"}
"""Timestamp styles (Discord, Message Formatting)."""

_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters and lone surrogates: nothing to read, and no JSON to send."""

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

_MARK = re.compile(r"[\\*_~`|<\[\]]")
"""A backslash before any of these makes it stand for itself; `<` opens mentions, timestamps, emoji and links."""

_COLON = re.compile(r":(?=//|\w+:)")
"""What makes an address a link and a word an emoji."""

_AT = re.compile(r"@(?=everyone|here|[!&]?\d)")

_INVITE = re.compile(r"(discord(?:app)?\.\w+)(?=/)", re.IGNORECASE)
"""Invitations are unfurled without their scheme, too."""

_LINE_START = re.compile(
    rf"^((?:[^\S\n]|[{BREAK}\u2060\ufeff])*)(?:(\d+)(?=\.(?:\s|$))|(?=\#{{1,3}}(?:\s|$)|-\#|>|[-+*](?:\s|$)))",
    re.MULTILINE,
)
"""Where a list, a heading, a quote or small print would begin."""


def markdown(spans: Spans) -> str:
    """A line, or several, as Discord reads them. Nothing in a user's words becomes markup, a link or a mention."""
    written = ""
    for span in _joined(spans):
        piece = _piece(span)
        written += _between(written, piece) + piece
    return _upright(written)


def escape(text: str) -> str:
    """Words that stand for themselves in the middle of a line."""
    text = _MARK.sub(r"\\\g<0>", _INVISIBLE.sub("", _LINE_END.sub("\n", text)))
    text = _COLON.sub(r"\\:", text)
    return _INVITE.sub(r"\1\\", _AT.sub("@" + BREAK, text))


def mentioned(spans: Spans) -> list[str]:
    """The ids of those a line may ping, in order: the members it is addressed to and nobody else."""
    found = (span.on(PLATFORM) for span in spans if isinstance(span, Mention))
    return list(dict.fromkeys(account for account in found if account and account.isdecimal()))


def _joined(spans: Spans) -> Iterator[Span]:
    """The same spans with neighbours of a kind in one: "@" and "everyone" may come apart, and must not meet unseen."""
    last: Span | None = None
    for span in spans:
        here = Text(span.name) if isinstance(span, Mention) and not mentioned((span,)) else span
        if isinstance(here, Text | Bold | Italic | Spoiler) and isinstance(last, type(here)):
            last = replace(last, text=last.text + here.text)
            continue
        if last is not None:
            yield last
        last = here
    if last is not None:
        yield last


def _piece(span: Span) -> str:
    match span:
        case Text():
            return escape(span.text)
        case Bold():
            return _around(span.text, "**")
        case Italic():
            return _around(span.text, "_")
        case Spoiler():
            return _around(span.text, "||")
        case Code():
            return _code(span.text)
        case Link():
            return _link(span)
        case Mention():
            return f"<@{span.on(PLATFORM)}>"
        case Moment():
            return f"<t:{int(span.at.timestamp())}:{_STYLES[span.style]}>"
        case _:
            assert_never(span)


def _upright(text: str) -> str:
    """The same without lists, headings and quotes."""
    return _LINE_START.sub(lambda found: f"{found[1]}{found[2] or ''}\\", text)


def _around(text: str, mark: str) -> str:
    # What stands first inside of a mark stands at the beginning of a line where the mark does.
    words = _upright(escape(text))
    if not words.strip():
        return words
    # A spoiler's end is found without regard to backslashes.
    return f"{mark}{words}{BREAK if words.endswith(mark[0]) else ''}{mark}"


def _code(text: str) -> str:
    words = " ".join(_INVISIBLE.sub("", text).split())
    # A backtick inside needs fences that clients read differently; as plain words it is exact.
    return f"`{words}`" if words and "`" not in words else escape(words)


def _link(link: Link) -> str:
    words, url = escape(link.text), address(link.url)
    if url is None:
        return f"{words} ({escape(link.url)})"
    # Backslashes are shown in a link's text, and a text that looks like another address is not made a link.
    safe = words.strip() and words == link.text and "\n" not in words
    return f"[{words}](<{url}>)" if safe else f"{words} (<{url}>)"


def address(url: str) -> str | None:
    """A web address that can stand in a link; None for any other kind."""
    url = _INVISIBLE.sub("", url).strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return quote(url, safe="%/:=&?~#+!$,;'@[]*._-")


def _between(written: str, piece: str) -> str:
    """What keeps two marks from being read as one: `**a****b**`, `_a_b`, and the emoji `:_:_`."""
    if re.search(r":\w*$", written) and re.match(r"\w*:", piece):
        return BREAK
    last, first = written[-1:], piece[:1]
    return BREAK if last and first and last in "*_|`" and (first == last or (last == "_" and first.isalnum())) else ""
