"""A command that the house does not have: the minutes of seven days as bars, drawn after the commit."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.cards import Card, Picture
from bot.command import Call, Response, command
from bot.store import studies
from bot.words import pace_words

DAYS = 7
WIDTH, HEIGHT = 20, 60
"""Of a bar, in pixels."""


@command("chart", shows=True)
async def chart(call: Call) -> Response:
    """The days are read here; drawing them needs no database."""
    first = call.today - timedelta(days=DAYS - 1)
    given = (await studies.answers_of(call.db, [call.member.id], first, call.today)).get(call.member.id, [])
    minutes = [sum(a.minutes or 0 for a in given if a.day == first + timedelta(days=n)) for n in range(DAYS)]
    words = pace_words(call.language, sum(minutes))
    alt = call.word("chart-alt", minutes=pace_words(call.language, max(minutes)))
    return Response(Card(title=call.say("chart", minutes=words)), build=Drawing(tuple(minutes), alt))


@dataclass(frozen=True)
class Drawing:
    """Bars of these heights."""

    minutes: Sequence[int]
    alt: str

    def __call__(self, card: Card) -> Card:
        """The card with its picture."""
        most = max(*self.minutes, 1)
        heights = [HEIGHT * minutes // most for minutes in self.minutes]
        rows = [b"".join(b"\x20" * WIDTH if h >= y else b"\xff" * WIDTH for h in heights) for y in range(HEIGHT, 0, -1)]
        return replace(card, picture=Picture(_png(rows), self.alt, "chart.png"))


def _png(rows: Sequence[bytes]) -> bytes:
    """Rows of grey pixels as a PNG."""
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
