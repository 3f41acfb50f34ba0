"""How Discord's client reads a message: a reader of its markdown, written from what it shows, not from our code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_SYNTAX = re.compile(
    r"""
      (?P<escape>\\[^0-9A-Za-z\s])
    | (?P<block>```.+?```)
    | (?P<fence>`+)(?P<code>.+?)(?<!`)(?P=fence)(?!`)
    | \*\*(?P<bold>(?:\\.|[^\\])+?)\*\*(?!\*)
    | __(?P<underline>(?:\\.|[^\\])+?)__(?!_)
    | _(?P<italic>(?:\\.|__|[^_\\])+?)_(?![0-9A-Za-z_])
    | \*(?!\s)(?P<star>(?:\\.|\*\*|[^*\\])+?)(?<!\s)[ ]{0,2}\*(?!\*)
    | ~~(?P<strike>.+?)~~
    | \|\|(?P<spoiler>.+?)\|\|
    | <t:(?P<moment>-?\d+)(?::(?P<style>[tTdDfFR]))?>
    | (?P<mention><(?:@[!&]?\d+|\#\d+|a?:\w+:\d+|/[^>\n]+:\d+|id:\w+)>|@everyone|@here)
    | <(?P<bare>[^:\s>]+:/[^\s>]+)>
    | (?P<url>(?:https?|steam)://[^\s<]+[^<.,:;"'\]\s])
    | (?P<invite>(?:discord\.gg|discord(?:app)?\.com/invite)/\w+)
    | \[(?P<link>(?:\[[^\]]*\]|[^\[\]])*)\]\(\s*<?(?P<target>[^\s>]+)>?\s*\)
    | (?P<emoji>:\w+:)
    | ^[^\S\n]*(?P<quote>>(?:>>)?[ ])
    | ^[^\S\n]*(?P<item>(?:[*-]|\d+\.)[ ])
    | ^[^\S\n]*(?P<heading>\#{1,3}\s)
    | ^(?P<small>-\#[ ])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_NESTED = ("bold", "underline", "italic", "star", "strike", "spoiler")
_BREAK = "\u200b"


@dataclass(frozen=True)
class Run:
    """A piece of a message: plain "text", or what its marks make of it; `target` is where a link leads."""

    kind: str
    text: str
    target: str = ""


def read(markdown: str, zone: str = "UTC", around: str = "text") -> Iterator[Run]:
    """What a message consists of, as its reader sees it; timestamps as clocks in a zone show them."""
    position = 0
    for found in _SYNTAX.finditer(markdown):
        if found.start() > position:
            yield Run(around, markdown[position : found.start()])
        position = found.end()
        kind = next(name for name, value in found.groupdict().items() if value is not None and name != "fence")
        if kind == "escape":
            yield Run(around, found["escape"][1:])
        elif kind in _NESTED:
            yield from read(found[kind], zone, kind)
        elif kind == "moment":
            yield Run(kind, _clock(int(found["moment"]), found["style"] or "f", zone))
        elif kind == "link":
            yield Run(kind, found["link"], found["target"])
        elif kind == "bare":
            yield Run(kind, found["bare"], found["bare"])
        else:
            yield Run(kind, found[kind])
    if position < len(markdown):
        yield Run(around, markdown[position:])


def shown(markdown: str, zone: str = "UTC") -> str:
    """The words alone, as somebody reads them aloud."""
    return "".join(run.text for run in read(markdown, zone)).replace(_BREAK, "")


def _clock(moment: int, style: str, zone: str) -> str:
    local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
    return local.strftime({"t": "%H:%M", "D": "%d %B %Y", "R": "soon"}.get(style, "%d %B %Y %H:%M"))
