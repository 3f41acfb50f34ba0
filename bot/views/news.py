"""What a group is told about a member's work: results, never intentions or absences."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cards import Card, Document, Link, Paragraph
from bot.words import say, word


def step_done(
    language: str, name: str, title: str, proof: str | None, file: Mapping[str, str] | None, chat: str
) -> Card:
    """Somebody finished a step, with the link or the file that shows it, as a chat is told.

    A file that everybody in that chat sees already, in the message it came with, is named and not shown again.
    """
    if proof is not None:
        link = Link(word(language, "news-proof"), proof)
        id = "news-done-proof" if file is None else "news-done-both"
        said = say(language, id, name=name, title=title, proof=link, file=file["name"] if file else "")
    elif file is not None:
        said = say(language, "news-done-file", name=name, title=title, file=file["name"])
    else:
        said = say(language, "news-done", name=name, title=title)
    document = None
    if file is not None and file["chat"] != chat:
        document = Document(file["platform"], file["reference"], file["name"])
    return Card(parts=(Paragraph(said),), document=document)


def taken_back(language: str, name: str, title: str) -> Card:
    """What was announced holds no longer."""
    return Card(parts=(Paragraph(say(language, "news-taken-back", name=name, title=title)),))
