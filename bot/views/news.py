"""What a group is told about a member's work: results, never intentions or absences."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cards import Card, Document, Link, Paragraph
from bot.delivery import Address
from bot.views.profile import platform_name
from bot.words import say, word


def news_of_step(
    language: str, name: str, title: str, proof: str | None, file: Mapping[str, str] | None, address: Address
) -> Card:
    """Somebody finished a step, with the link or the file that shows it, as an address is told.

    A file that everybody in that chat sees already, in the message it came with, is named and not shown again; one that
    cannot be shown there is said to be elsewhere.
    """
    named, document = "", None
    if file is not None:
        named = file["name"]
        if not shows(address, file["platform"]):
            where = platform_name(language, file["platform"])
            named = word(language, "news-file-elsewhere", file=named, platform=where)
        elif file["chat"] != address.chat:
            document = Document(file["platform"], file["reference"], file["name"])
    if proof is not None:
        link = Link(word(language, "news-proof"), proof)
        id = "news-done-proof" if file is None else "news-done-both"
        said = say(language, id, name=name, title=title, proof=link, file=named)
    elif file is not None:
        said = say(language, "news-done-file", name=name, title=title, file=named)
    else:
        said = say(language, "news-done", name=name, title=title)
    return Card(parts=(Paragraph(said),), document=document)


def shows(address: Address, platform: str) -> bool:
    """Whether a post at an address can show a file that was given on a platform: only that one has it."""
    return address.platform == platform


def taken_back(language: str, name: str, title: str) -> Card:
    """What was announced holds no longer."""
    return Card(parts=(Paragraph(say(language, "news-taken-back", name=name, title=title)),))
