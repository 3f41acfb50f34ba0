"""What a group is told about a member's work: results, never intentions or absences."""

from __future__ import annotations

from bot.cards import Card, Link, Paragraph
from bot.text import say, word


def step_done(language: str, name: str, title: str, proof: str | None) -> Card:
    """Somebody finished a step, with the link that shows it."""
    if proof is None:
        return Card(parts=(Paragraph(say(language, "news-done", name=name, title=title)),))
    link = Link(word(language, "news-proof"), proof)
    return Card(parts=(Paragraph(say(language, "news-done-proof", name=name, title=title, proof=link)),))


def taken_back(language: str, name: str, title: str) -> Card:
    """What was announced holds no longer."""
    return Card(parts=(Paragraph(say(language, "news-taken-back", name=name, title=title)),))
