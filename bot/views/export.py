"""One's own data as a file: what a member takes away with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.cards import Attachment, Card, Paragraph
from bot.domain.refusal import Refusal
from bot.words import say, word

FILE_NAME = "roadmate-data.json"

MOST_BYTES = 10_000_000
"""Discord takes 10 MiB in a server without boosts (Discord, Uploading Files); Telegram takes 50 MB."""

Rows = Mapping[str, Sequence[Mapping[str, object]]]
"""Rows of each table by its name, as they are stored."""


def export(language: str) -> Card:
    """The words that go with the file."""
    return Card(title=say(language, "data-file", name=FILE_NAME), parts=(Paragraph(say(language, "data-file-what")),))


@dataclass(frozen=True, slots=True)
class Export:
    """The file of these rows, to be put on a card. Slow for those who have been here long: it belongs in a thread."""

    language: str
    rows: Rows

    def __call__(self, card: Card) -> Card:
        """The card with the file. Raises Refusal for one that is too large for a platform."""
        content = json.dumps(self.rows, ensure_ascii=False, indent=2, default=_written).encode()
        if len(content) > MOST_BYTES:
            raise Refusal("refuse-data-large", ways=[(word(self.language, "button-my-data"), "mydata")])
        return replace(card, document=Attachment(FILE_NAME, content, word(self.language, "data-file-refused")))


def _written(value: object) -> str:
    """Dates and moments (UTC) as in ISO 8601. Raises TypeError for what no table holds."""
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not written into a file")
