"""A second language that exists in tests alone: every message of ours in brackets, so that each can be told."""

from __future__ import annotations

import shutil
from pathlib import Path

from fluent.syntax import FluentParser, FluentSerializer
from fluent.syntax import ast as ftl

from bot import words

SECOND = "de"
"""Babel knows its days, months and lists; its messages are ours in brackets."""

OURS = words.LOCALES

OPEN, CLOSE = "⟦", "⟧"


def second_language(folder: Path) -> Path:
    """A folder of locales that holds English and the second language."""
    shutil.copytree(OURS, folder / "locales")
    second = folder / "locales" / SECOND
    second.mkdir()
    for path in sorted((OURS / words.LANGUAGE).glob("*.ftl")):
        (second / path.name).write_text(_bracketed(path.read_text(encoding="utf-8")), encoding="utf-8")
    for kind in ("reading", "places"):
        shutil.copy(Path(__file__).parent / f"{kind}.{SECOND}.toml", second / f"{kind}.toml")
    return folder / "locales"


def _bracketed(source: str) -> str:
    resource = FluentParser().parse(source)
    for entry in resource.body:
        if isinstance(entry, ftl.Message) and entry.value is not None:
            entry.value.elements = [ftl.TextElement(OPEN), *entry.value.elements, ftl.TextElement(CLOSE)]
    return FluentSerializer().serialize(resource)
