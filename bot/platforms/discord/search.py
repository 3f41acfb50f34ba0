"""Whether a message that we lost sight of stands in its channel: looked up there, by its mark or by its words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.http import HTTPClient

from bot.delivery import Doubtful, Outcome, Sent
from bot.platforms.discord.render import MARK, RenderedMessage, mark_of, marked

MessageJson = Mapping[str, Any]

SLACK = timedelta(minutes=1)
"""How far our clock may be ahead of Discord's, which dates messages."""

MESSAGES_A_PAGE = 100
"""The most that Discord gives at once (Get Channel Messages)."""

PAGES = 10


async def look(
    http: HTTPClient,
    channel: int,
    own: int,
    messages: Sequence[tuple[str, RenderedMessage]],
    since: datetime,
    *,
    private: bool,
) -> Outcome | None:
    """Look for a card's messages, each with its mark, among our own since a moment. See `Platform.find`.

    Raises what discord.py raises where the channel cannot be read.
    """
    found: dict[int, str] = {}
    similar = seen = False
    async for page in _pages(http, channel, since - SLACK):
        if page is None:
            return Doubtful("too much was written there since")
        seen = seen or bool(page)
        for there in (there for there in page if int(there["author"]["id"]) == own):
            match = _which(there, messages, found)
            if match is not None:
                found[match] = str(there["id"])
            else:
                similar = similar or _resembles(there, messages[0][1])
    if len(found) == len(messages):
        return Sent(found[0])
    if found or similar:
        return Doubtful("a part of it arrived" if found else "something like it is there")
    if seen or private or await _readable(http, channel):
        return None
    return Doubtful("we may not read the channel's history")


async def _pages(http: HTTPClient, channel: int, since: datetime) -> AsyncIterator[list[MessageJson] | None]:
    """What was written since, the oldest page first; None at the end where there is still more."""
    after = discord.utils.time_snowflake(since)
    for _ in range(PAGES):
        page: list[MessageJson] = [*await http.logs_from(channel, MESSAGES_A_PAGE, after=after)]
        # Within a page the newest stands first.
        yield page[::-1]
        if len(page) < MESSAGES_A_PAGE:
            return
        after = max(int(message["id"]) for message in page)
    yield None


async def _readable(http: HTTPClient, channel: int) -> bool:
    """Whether an empty history is one: without the permission Discord shows none, but refuses a single message."""
    try:
        await http.get_message(channel, channel)
    except discord.NotFound:
        return True
    except discord.Forbidden:
        return False
    return True


def _which(there: MessageJson, messages: Sequence[tuple[str, RenderedMessage]], found: Mapping[int, str]) -> int | None:
    """Which of a card's messages it is, of those not found yet; None for none of them."""
    wanted = (index for index in range(len(messages)) if index not in found)
    return next((index for index in wanted if _is(there, *messages[index])), None)


def _is(there: MessageJson, mark: str, message: RenderedMessage) -> bool:
    """Whether it is this very message: by its mark, or, where it has nothing that could carry one, by its words."""
    ids = _ids(there)
    marks = [found for found in map(mark_of, ids) if found]
    if marks:
        return mark[:MARK] in marks
    return not ids and marked(message, mark) == message and _words(there) == _ours(message)


def _resembles(there: MessageJson, message: RenderedMessage) -> bool:
    """Whether it could be this message, composed when things stood otherwise: no answer to anybody, opening alike.

    News of a finished step have nothing to carry a mark; shown to be so since, they go on where the full stop stood.
    """
    answers = there.get("interaction_metadata") or there.get("message_reference")
    known = any(mark_of(id) for id in _ids(there))
    short, long = sorted((str(_words(there)[0]).rstrip("."), str(_ours(message)[0]).rstrip(".")), key=len)
    return not known and not answers and (short == long or (short != "" and long.startswith(short)))


def _ids(there: MessageJson) -> list[str]:
    """What can be pressed under it."""
    parts = (part for row in there["components"] for part in row.get("components", []))
    return [part["custom_id"] for part in parts if part.get("custom_id")]


def _words(there: MessageJson) -> tuple[object, ...]:
    embeds = (
        (_bare(embed.get("description")), *((_bare(f["name"]), _bare(f["value"])) for f in embed.get("fields", [])))
        for embed in there["embeds"]
        # Discord adds what links unfold to.
        if embed.get("type", "rich") == "rich"
    )
    return (_bare(there["content"]), *embeds)


def _ours(message: RenderedMessage) -> tuple[object, ...]:
    embeds = (
        (_bare(embed.description), *((_bare(name), _bare(value)) for name, value in embed.fields))
        for embed in message.embeds
    )
    return (_bare(message.content), *embeds)


def _bare(text: str | None) -> str:
    """Words as they compare: Discord trims them."""
    return "\n".join(line.strip() for line in (text or "").strip().splitlines())
