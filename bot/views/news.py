"""What a group is told about a member's work: results, never intentions or absences."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cards import Card, Link, Paragraph
from bot.text import say, word


def step_done(language: str, name: str, title: str, proof: str | None, file: Mapping[str, str] | None) -> Card:
    """Somebody finished a step, with the link or the name of the file that shows it."""
    if proof is None and file is not None:
        shown = say(language, "news-done-file", name=name, title=title, file=file["name"])
        return Card(parts=(Paragraph(shown),))
    if proof is None:
        return Card(parts=(Paragraph(say(language, "news-done", name=name, title=title)),))
    link = Link(word(language, "news-proof"), proof)
    return Card(parts=(Paragraph(say(language, "news-done-proof", name=name, title=title, proof=link)),))


def taken_back(language: str, name: str, title: str) -> Card:
    """What was announced holds no longer."""
    return Card(parts=(Paragraph(say(language, "news-taken-back", name=name, title=title)),))
