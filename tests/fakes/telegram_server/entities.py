"""Message entities: checked in UTF-16 units, completed by what Telegram detects, read for pings and links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.telegram_server.refusals import bad_request

Entity = dict[str, Any]

# https://core.telegram.org/bots/api#messageentity; the detected types are ignored when a bot sends them.
DETECTED = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"})
STYLES = frozenset(
    {
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
    }
)
REQUIRED = {
    "text_link": "url",
    "text_mention": "user",
    "custom_emoji": "custom_emoji_id",
    "date_time": "unix_time",
}
# Nothing is detected inside these.
OPAQUE = frozenset({"code", "pre", "text_link", "text_mention"})

# Enough of the root zone for texts about studying: the everyday ones, and those that file names collide with
# (main.py is a Paraguayan address to Telegram, and README.md a Moldavian one).
_TOP_LEVEL = (
    "com|org|net|edu|gov|int|io|dev|app|ai|me|tv|co|uk|de|in|fr|eu|us|ru|es|it|nl|br|jp|cn|info|biz|xyz|site|online"
    "|tech|blog|cloud|page|wiki|py|md|sh|rs|pl|so|zip|mov|ps|cc|cd|am|gg|ly|to|ca|ch|at|be|fi|se|no|ng|ke|za|sg|kr|au|nz"
)
_PATTERNS = {
    "url": re.compile(
        r"(?<![\w@])(?:https?|ftp|tg|ton|tonsite)://[^\s<>\"]+"
        rf"|(?<![\w@.\-/])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{_TOP_LEVEL})(?![\w-])(?::\d+)?(?:[/?#][^\s<>\"]*)?",
        re.IGNORECASE,
    ),
    "email": re.compile(rf"(?<![\w.+-])[\w.+-]+@(?:[a-z0-9-]+\.)+(?:{_TOP_LEVEL})(?![\w-])", re.IGNORECASE | re.ASCII),
    # Real usernames have five characters or more (four when bought); shorter ones are taken here as well, so
    # that the short names of a test's people behave as names.
    "mention": re.compile(r"(?<!\w)@([A-Za-z0-9_]{2,32})(?!\w)"),
    "bot_command": re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])"),
    "hashtag": re.compile(r"(?<!\w)#\w*[^\W\d]\w*"),
}


@dataclass(frozen=True)
class Link:
    """Something in a message that opens an address; `preview` when apps would show a card of the page."""

    url: str
    text: str
    detected: bool
    preview: bool


def units(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def part(text: str, entity: Entity) -> str:
    """The words an entity covers."""
    start = entity["offset"] * 2
    return text.encode("utf-16-le")[start : start + entity["length"] * 2].decode("utf-16-le")


def settle(text: str, given: Iterable[Entity], user_by_id: Callable[[int], Entity | None]) -> tuple[str, list[Entity]]:
    """The text and entities as they are stored: checked, trimmed, completed and sorted.

    A text_mention of somebody the bot has never met is dropped in silence, as Telegram does. Raises ApiError.
    """
    checked = [_checked(text, entity) for entity in given]
    resolved = [_resolved(entity, user_by_id) for entity in checked if entity is not None]
    text, kept = _trimmed(text, [entity for entity in resolved if entity is not None])
    kept += _detected(text, kept)
    return text, sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))


def _checked(text: str, entity: Any) -> Entity | None:
    if not isinstance(entity, dict) or not isinstance(entity.get("type"), str):
        raise bad_request('can\'t parse MessageEntity: Field "type" must be of type String')
    kind = entity["type"]
    if kind not in DETECTED | STYLES | REQUIRED.keys():
        raise bad_request("can't parse MessageEntity: Unsupported type specified")
    for name in ("offset", "length"):
        if not isinstance(entity.get(name), int):
            raise bad_request(f'can\'t parse MessageEntity: Field "{name}" must be of type Number')
    if kind in REQUIRED and not entity.get(REQUIRED[kind]):
        raise bad_request(f"can't parse MessageEntity: Can't find field \"{REQUIRED[kind]}\"")
    _check_bounds(text, entity)
    if kind == "text_link":
        problem = url_problem(entity["url"])
        if problem:
            raise bad_request(f"entity URL '{entity['url']}' is invalid: {problem}")
    return None if kind in DETECTED or entity["length"] == 0 else dict(entity)


def _check_bounds(text: str, entity: Entity) -> None:
    start, end, size = entity["offset"], entity["offset"] + entity["length"], units(text)
    if start < 0 or entity["length"] < 0:
        raise bad_request(f"entity has a negative offset or length: {start}, {entity['length']}")
    if end > size:
        raise bad_request(
            f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {size}"
        )
    encoded = text.encode("utf-16-le")
    for place, verb in ((start, "begins"), (end, "ends")):
        # A low surrogate at the boundary means that the boundary splits a character outside the basic plane.
        if place < size and 0xDC <= encoded[place * 2 + 1] <= 0xDF:
            raise bad_request(f"entity {verb} in a middle of a UTF-16 symbol at UTF-16 offset {place}")


def _resolved(entity: Entity, user_by_id: Callable[[int], Entity | None]) -> Entity | None:
    place = {"offset": entity["offset"], "length": entity["length"]}
    user_id = entity["user"].get("id") if entity["type"] == "text_mention" else None
    if entity["type"] == "text_link":
        match = re.fullmatch(r"tg://user\?id=(\d+)", entity["url"])
        user_id = int(match.group(1)) if match else None
    if user_id is None:
        return entity
    user = user_by_id(user_id)
    return {"type": "text_mention", **place, "user": user} if user else None


def _trimmed(text: str, given: list[Entity]) -> tuple[str, list[Entity]]:
    """Telegram strips white space from both ends of a text, and moves or shortens its entities to fit."""
    lead = units(text) - units(text.lstrip())
    text = text.strip()
    size, kept = units(text), []
    for entity in given:
        start, end = max(entity["offset"] - lead, 0), min(entity["offset"] - lead + entity["length"], size)
        if start < end:
            kept.append(entity | {"offset": start, "length": end - start})
    return text, kept


def _detected(text: str, given: list[Entity]) -> list[Entity]:
    taken = [_span(entity) for entity in given if entity["type"] in OPAQUE]
    found = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            words = match.group().rstrip(".,:;!?'\")]}…") if kind == "url" else match.group()
            if kind == "url" and "://" in words and url_problem(words):
                continue
            start = units(text[: match.start()])
            span = (start, start + units(words))
            if not any(span[0] < end and begin < span[1] for begin, end in taken):
                taken.append(span)
                found.append({"type": kind, "offset": span[0], "length": span[1] - span[0]})
    return found


def _span(entity: Entity) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


def url_problem(url: str) -> str | None:
    """Why Telegram refuses an address in a link or a button, or None when it takes it."""
    try:
        address = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:
        return "Wrong HTTP URL"
    if address.scheme in ("tg", "ton", "tonsite"):
        return None
    if address.scheme not in ("http", "https", "ftp"):
        return "Unsupported URL protocol"
    host = address.hostname or ""
    if any(character.isspace() for character in url) or "." not in host.strip("."):
        return "Wrong HTTP URL"
    return None


def pings(text: str, entities: Iterable[Entity], members: Iterable[tuple[int, str | None]]) -> frozenset[int]:
    """Who of a chat's members (id, username) is notified because a message names them."""
    by_name = {name.lower(): user_id for user_id, name in members if name}
    ids = {user_id for user_id, _ in members}
    named = set()
    for entity in entities:
        if entity["type"] == "mention":
            named.add(by_name.get(part(text, entity)[1:].lower()))
        elif entity["type"] == "text_mention":
            named.add(entity["user"]["id"])
    return frozenset(user_id for user_id in named if user_id in ids)


def links(text: str, entities: Iterable[Entity], preview: Mapping[str, Any] | None) -> tuple[Link, ...]:
    """Every link of a message; `preview` is its link_preview_options, None for a caption, without any."""
    found: list[Link] = []
    shows = preview is not None and not preview.get("is_disabled")
    chosen = preview.get("url") if preview else None
    for entity in entities:
        if entity["type"] in ("url", "text_link"):
            words = part(text, entity)
            url = entity.get("url", words)
            wanted = shows and (url == chosen if chosen else not any(link.preview for link in found))
            found.append(Link(url, words, entity["type"] == "url", wanted and not url.startswith("tg:")))
    return tuple(found)
