"""The kinds of arguments that a command can take."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.command.parameters.company import GROUP, MATE, GroupKind, MateKind
from bot.command.parameters.course import MY_ROADMAP, ROADMAP, STEP, RoadmapKind, StepKind, StepOf, not_on
from bot.command.parameters.kinds import (
    FILE_KIND,
    LARGEST_FILE,
    NOTE,
    ArgumentKind,
    File,
    FileKind,
    OneOf,
    Plain,
    Suggestion,
    Words,
    nearest_matches,
    quoted,
)
from bot.command.parameters.language import LANGUAGE_KIND, LanguageKind
from bot.command.parameters.moments import (
    DAY_KIND,
    DAYS,
    DEADLINE,
    EVENING,
    HOURS,
    MORNING,
    NIGHT,
    OFF_DAYS,
    PAUSE,
    POST_TIME,
    QUIET_HOURS,
    RECAP,
    STUDIED,
    TIME,
    UNTIL,
    ZONE,
    ZoneKind,
    inhabited_zones,
)
from bot.command.scene import Scene
from bot.domain.answer import TRACKS
from bot.domain.refusal import Refusal

PROOF_LENGTH = 500
PLACES = ("dm", "group", "off", "on")


def _link(text: str, _scene: Scene) -> str | None:
    """A link that others can open. Raises Refusal for one to the member's own machine, or with a password in it."""
    text = text.strip().removeprefix("<").removesuffix(">")
    if re.search(r"[\s<>\"`\\]", text) or len(text) > PROOF_LENGTH:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https"):
        return None
    if "." not in host.strip(".") or parts.username:
        # Taken for a note, a link to one's own machine would look like a proof.
        raise Refusal("refuse-link-closed", text=quoted(text))
    return text


def _number(text: str, _scene: Scene) -> int | None:
    typed = text.strip()
    return int(typed) if typed.isdecimal() and 0 < int(typed) < 10_000 else None


def _row(text: str, _scene: Scene) -> int | None:
    typed = text.strip()
    return int(typed) if re.fullmatch(r"[1-9][0-9]{0,17}", typed) else None


def _change(text: str, _scene: Scene) -> int | None:
    typed = text.strip().casefold()
    return int(typed, 36) if re.fullmatch(r"[0-9a-z]{1,10}", typed) else None


def _code(text: str, _scene: Scene) -> str | None:
    typed = text.strip().upper().replace("-", "")
    # Every code has a letter and a digit (see store/codes.py): a word of eight letters is a misspelt something else.
    return typed if re.fullmatch(r"(?=.*[0-9])(?=.*[A-Z])[0-9A-Z]{8}", typed) else None


PROOF = Plain(_link, "refuse-link", limit=PROOF_LENGTH)
PAGE_NUMBER = Plain(_number, "refuse-page")
NUMBER = Plain(_row, "refuse-outdated")
"""A row's id, on buttons alone."""
CHANGE = Plain(_change, "refuse-change")
CODE = Plain(_code, "refuse-code")

__all__ = [
    "CHANGE",
    "CODE",
    "DAYS",
    "DAY_KIND",
    "DEADLINE",
    "EVENING",
    "FILE_KIND",
    "GROUP",
    "HOURS",
    "LANGUAGE_KIND",
    "LARGEST_FILE",
    "MATE",
    "MORNING",
    "MY_ROADMAP",
    "NIGHT",
    "NOTE",
    "NUMBER",
    "OFF_DAYS",
    "PAGE_NUMBER",
    "PAUSE",
    "PLACES",
    "POST_TIME",
    "PROOF",
    "QUIET_HOURS",
    "RECAP",
    "ROADMAP",
    "STEP",
    "STUDIED",
    "TIME",
    "TRACKS",
    "UNTIL",
    "ZONE",
    "ArgumentKind",
    "File",
    "FileKind",
    "GroupKind",
    "LanguageKind",
    "MateKind",
    "OneOf",
    "Plain",
    "RoadmapKind",
    "StepKind",
    "StepOf",
    "Suggestion",
    "Words",
    "ZoneKind",
    "inhabited_zones",
    "nearest_matches",
    "not_on",
    "quoted",
]
