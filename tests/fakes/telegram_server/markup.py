"""Telegram's markup languages, HTML and MarkdownV2, parsed as strictly as Telegram parses them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tests.fakes.telegram_server.entities import Entity, part, units, url_problem
from tests.fakes.telegram_server.refusals import bad_request


def parse(text: str, mode: str | None) -> tuple[str, list[Entity]]:
    """The plain text and its entities. Raises ApiError "can't parse entities: …", naming the byte offset."""
    match (mode or "").lower():
        case "":
            return text, []
        case "html":
            return _Html(text).parse()
        case "markdownv2":
            return _Markdown(text).parse()
    # The legacy "Markdown" mode is not served here: nothing new should be written in it.
    raise bad_request("unsupported parse_mode")


def _fail(problem: str) -> NoReturn:
    raise bad_request(f"can't parse entities: {problem}")


@dataclass
class _Open:
    """A construct that has begun and not ended yet. `offset` is in UTF-16 units of the result."""

    name: str
    offset: int
    byte: int
    entity: Entity | None


@dataclass
class _Parser:
    source: str
    at: int = 0
    pieces: list[str] = field(default_factory=list)
    written: int = 0
    opened: list[_Open] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def byte(self, position: int | None = None) -> int:
        return len(self.source[: self.at if position is None else position].encode())

    def write(self, words: str) -> None:
        self.pieces.append(words)
        self.written += units(words)

    def open(self, name: str, entity: Entity | None) -> None:
        self.opened.append(_Open(name, self.written, self.byte(), entity))

    def close(self) -> _Open:
        done = self.opened.pop()
        length = self.written - done.offset
        if done.entity is not None and length:
            self.entities.append(done.entity | {"offset": done.offset, "length": length})
        return done

    def result(self) -> tuple[str, list[Entity]]:
        return "".join(self.pieces), self.entities


# https://core.telegram.org/bots/api#html-style
_TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}
_NAMED = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\s+([a-z-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>=]+))?""", re.IGNORECASE)


class _Html(_Parser):
    def parse(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.source):
            named = _NAMED.match(self.source, self.at)
            if named:
                self.write(html.unescape(named.group()))
                self.at = named.end()
            elif self.source.startswith("</", self.at):
                self._end_tag()
            elif self.source[self.at] == "<":
                self._start_tag()
            else:
                self.write(self.source[self.at])
                self.at += 1
        if self.opened:
            _fail(f'Can\'t find end tag corresponding to start tag "{self.opened[-1].name}"')
        return self.result()

    def _start_tag(self) -> None:
        name = re.compile(r"<([^\s>]*)").match(self.source, self.at)
        assert name is not None
        tag, begin = name.group(1).lower(), self.byte()
        if tag not in _TAGS:
            _fail(f'Unsupported start tag "{tag}" at byte offset {begin}')
        attributes, end = {}, name.end()
        while found := _ATTRIBUTE.match(self.source, end):
            attributes[found.group(1).lower()] = html.unescape((found.group(2) or "").strip("\"'"))
            end = found.end()
        closing = re.compile(r"\s*>").match(self.source, end)
        if closing is None:
            _fail(f"Unclosed start tag at byte offset {begin}")
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            _fail(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.open(tag, self._entity(tag, attributes))
        self.at = closing.end()

    def _entity(self, tag: str, attributes: dict[str, str]) -> Entity | None:
        kind = _TAGS[tag]
        if tag == "blockquote" and "expandable" in attributes:
            return {"type": "expandable_blockquote"}
        if tag == "a":
            return _link(attributes.get("href", ""))
        if tag == "tg-emoji":
            return {"type": kind, "custom_emoji_id": attributes.get("emoji-id", "")}
        if tag == "code" and self.opened and self.opened[-1].name == "pre":
            outer, language = self.opened[-1].entity, attributes.get("class", "")
            if outer is not None and language.startswith("language-"):
                outer["language"] = language.removeprefix("language-")
            return None
        return {"type": kind}

    def _end_tag(self) -> None:
        found = re.compile(r"</([^\s>]*)\s*>").match(self.source, self.at)
        if not self.opened:
            _fail(f"Unexpected end tag at byte offset {self.byte()}")
        if found is None:
            _fail(f"Unclosed end tag at byte offset {self.byte()}")
        tag, expected = found.group(1).lower(), self.opened[-1]
        if tag not in ("", expected.name):
            _fail(f'Unmatched end tag at byte offset {self.byte()}, expected "</{expected.name}>", found "</{tag}>"')
        self.at = found.end()
        done = self.close()
        # <a>https://…</a> without an address links the text itself; with a bad one it stays plain text.
        if tag == "a" and done.entity is None and units("".join(self.pieces)) > done.offset:
            place = {"offset": done.offset, "length": self.written - done.offset}
            link = _link(part("".join(self.pieces), place))
            if link is not None:
                self.entities.append(link | place)


def _link(url: str) -> Entity | None:
    if not url or url_problem(url):
        return None
    return {"type": "text_link", "url": url}


# https://core.telegram.org/bots/api#markdownv2-style
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_STYLES = {
    "||": ("Spoiler", "spoiler"),
    "__": ("Underline", "underline"),
    "_": ("Italic", "italic"),
    "*": ("Bold", "bold"),
    "~": ("Strikethrough", "strikethrough"),
}
_QUOTE = "BlockQuote"


class _Markdown(_Parser):
    def parse(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.source):
            self._step()
        self._end_quote(final=True)
        if self.opened:
            self._unfinished(self.opened[-1].name, self.opened[-1].byte)
        return self.result()

    def _step(self) -> None:
        source, at = self.source, self.at
        starts_line = at == 0 or source[at - 1] == "\n"
        if starts_line and self._quote_line():
            return
        if source[at] == "\\" and at + 1 < len(source) and 0 < ord(source[at + 1]) < 127:
            self.write(source[at + 1])
            self.at += 2
        elif source[at] == "`":
            self._code()
        elif source.startswith("![", at) or source[at] == "[":
            self.open("CustomEmoji" if source[at] == "!" else "TextUrl", {"type": "text_link"})
            self.at += 2 if source[at] == "!" else 1
        elif source[at] == "]" and any(open_.name in ("TextUrl", "CustomEmoji") for open_ in self.opened):
            self._end_link()
        elif style := next((mark for mark in _STYLES if source.startswith(mark, at)), None):
            self._style(style)
        elif source[at] in _RESERVED:
            _fail(f"Character '{source[at]}' is reserved and must be escaped with the preceding '\\'")
        else:
            self.write(source[at])
            self.at += 1

    def _style(self, mark: str) -> None:
        name, kind = _STYLES[mark]
        if mark == "||" and self._ends_expandable_quote():
            return
        if self.opened and self.opened[-1].name == name:
            self.close()
        elif any(open_.name == name for open_ in self.opened):
            self._unfinished(self.opened[-1].name, self.opened[-1].byte)
        else:
            self.open(name, {"type": kind})
        self.at += len(mark)

    def _code(self) -> None:
        fence = "```" if self.source.startswith("```", self.at) else "`"
        name, begin = ("Pre" if fence == "```" else "Code"), self.byte()
        end, words = self.at + len(fence), ""
        while not self.source.startswith(fence, end):
            if end >= len(self.source):
                self._unfinished(name, begin)
            if self.source[end] == "\\" and self.source[end + 1 : end + 2] in ("`", "\\"):
                end += 1
            words += self.source[end]
            end += 1
        entity: Entity = {"type": name.lower()}
        if language := re.match(r"([^\s`]+)\n", words) if fence == "```" else None:
            entity["language"] = language.group(1)
            words = words[language.end() :]
        elif fence == "```":
            words = words.removeprefix("\n")
        self.open(name, entity)
        self.write(words)
        self.close()
        self.at = end + len(fence)

    def _end_link(self) -> None:
        inner = self.opened[-1]
        if inner.name not in ("TextUrl", "CustomEmoji"):
            self._unfinished(inner.name, inner.byte)
        address: Any = re.compile(r"\]\(((?:\\.|[^\\)])*)\)", re.DOTALL).match(self.source, self.at)
        if address is None and self.source.startswith("](", self.at):
            _fail(f"Can't find end of a URL at byte offset {self.byte(self.at + 2)}")
        url = re.sub(r"\\(.)", r"\1", address.group(1)) if address else ""
        if inner.name == "CustomEmoji":
            emoji = re.fullmatch(r"tg://emoji\?id=(\d+)", url)
            if emoji is None:
                _fail("Custom emoji entity must contain a tg://emoji URL")
            inner.entity = {"type": "custom_emoji", "custom_emoji_id": emoji.group(1)}
        else:
            inner.entity = _link(url)
        self.close()
        self.at = address.end() if address else self.at + 1

    def _quote_line(self) -> bool:
        """At the start of a line: begins, continues or ends a quotation; true when it consumed something."""
        quoting = any(open_.name == _QUOTE for open_ in self.opened)
        if self.source.startswith("**>", self.at):
            self._end_quote()
            self.open(_QUOTE, {"type": "blockquote"})
            self.at += 3
            return True
        if self.source[self.at] == ">":
            if not quoting:
                self.open(_QUOTE, {"type": "blockquote"})
            self.at += 1
            return True
        if quoting:
            self._end_quote()
        return False

    def _end_quote(self, *, final: bool = False) -> None:
        if not any(open_.name == _QUOTE for open_ in self.opened):
            return
        if self.opened[-1].name != _QUOTE:
            self._unfinished(self.opened[-1].name, self.opened[-1].byte)
        quote = self.opened.pop()
        length = self.written - quote.offset - (0 if final else 1)  # the line feed stays outside
        if quote.entity is not None and length > 0:
            self.entities.append(quote.entity | {"offset": quote.offset, "length": length})

    def _ends_expandable_quote(self) -> bool:
        """`||` at the very end of a quotation makes it expandable, unless a spoiler is open there."""
        rest = self.source[self.at + 2 :]
        if not self.opened or self.opened[-1].name != _QUOTE or (rest and not rest.startswith("\n")):
            return False
        self.opened[-1].entity = {"type": "expandable_blockquote"}
        self.at += 2
        return True

    def _unfinished(self, name: str, byte: int) -> NoReturn:
        _fail(f"Can't find end of {name} entity at byte offset {byte}")
