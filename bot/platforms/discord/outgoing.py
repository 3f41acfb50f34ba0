"""Rendered messages in discord.py's terms; Discord's refusals in ours."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, assert_never

import aiohttp
import discord

from bot.cards import Question, sign
from bot.delivery import Closed, Doubtful, Forbidden, Gone, Later, Outcome, Rejected
from bot.pacing import Halted, TooLate
from bot.platforms.discord.render import Attached, Embed, Press, RenderedMessage, SelectMenu, Visit, cut

log = logging.getLogger(__name__)

MODAL_TITLE = 45
INPUT_LABEL = 45
INPUT_PLACEHOLDER = 100
INPUT_LENGTH = 4000
"""Characters in a modal (Discord, Component Reference, "Text Input")."""

ALT = 1024
"""The longest description of a file (Discord, Message, "Attachment Object")."""

NONCE = 25
"""The longest nonce (Discord, Create Message)."""

REMEMBERED_MESSAGES = timedelta(minutes=2)
"""For how long Discord certainly knows a nonce; it says "a few minutes" (Create Message, `enforce_nonce`)."""

AGAIN_SECONDS = 5.0
"""Seconds to wait when Discord cannot be reached and says nothing of its own."""

REFUSED_SECONDS = 900.0
"""Seconds to wait when the token is no longer taken: 10,000 refusals in ten minutes get a host banned."""

UNREACHABLE = (
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    discord.HTTPException,
    discord.RateLimited,
    Halted,
    TooLate,
)
"""How a try to reach Discord fails; a refused token is none of these."""

_STYLES = {
    "primary": discord.ButtonStyle.primary,
    "secondary": discord.ButtonStyle.secondary,
    "danger": discord.ButtonStyle.danger,
}


def nonce(key: str, index: int) -> str:
    """What Discord knows a message by for some minutes, so that sending it again does not double it."""
    return hashlib.sha256(f"{key} {index}".encode()).hexdigest()[:NONCE]


def new(message: RenderedMessage) -> dict[str, Any]:
    """A message as the arguments of discord.py's sending methods."""
    files = _files(message.files)
    return {
        "content": message.content,
        "embeds": [_embed(embed) for embed in message.embeds],
        "allowed_mentions": _mentions(message),
        **({"view": _view(message)} if message.rows else {}),
        **({"files": files} if files else {}),
    }


def replacing(message: RenderedMessage) -> dict[str, Any]:
    """A message as the arguments of discord.py's editing methods: what it lacks is taken away from the old one."""
    return {
        "content": message.content,
        "embeds": [_embed(embed) for embed in message.embeds],
        "allowed_mentions": _mentions(message),
        "view": _view(message) if message.rows else None,
        "attachments": _files(message.files),
    }


async def show(message: RenderedMessage, way: Callable[[RenderedMessage], Awaitable[object]]) -> None:
    """Show an answer one way; without its files, and saying so, where Discord does not take them."""
    try:
        await way(message)
    except discord.HTTPException as error:
        if not message.files or not (error.status == TOO_LARGE or error.code in _FILES_REFUSED):
            raise
        log.warning("a file could not be shown: %s %s", error.status, error.code)
        await way(message.words)


def _mentions(message: RenderedMessage) -> discord.AllowedMentions:
    users = [discord.Object(int(account)) for account in message.pings]
    return discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=users)


def _embed(embed: Embed) -> discord.Embed:
    made = discord.Embed(description=embed.description or None)
    for name, value in embed.fields:
        made.add_field(name=name, value=value)
    return made


def _files(files: Iterable[Attached]) -> list[discord.File]:
    return [
        discord.File(io.BytesIO(file.content), filename=file.name, description=cut(file.alt, ALT) or None)
        for file in files
    ]


def _view(message: RenderedMessage) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for index, row in enumerate(message.rows):
        for item in row:
            view.add_item(_item(item, index))
    # discord.py would keep the view in memory to call it back; presses find their way by what they carry.
    view.stop()
    return view


def _item(item: Press | Visit | SelectMenu, row: int) -> discord.ui.Item[discord.ui.View]:
    match item:
        case Press():
            return discord.ui.Button(label=item.label, custom_id=item.custom_id, style=_STYLES[item.style], row=row)
        case Visit():
            return discord.ui.Button(label=item.label, url=item.url, row=row)
        case SelectMenu():
            options = [
                discord.SelectOption(label=answer.label, value=answer.value, description=answer.description or None)
                for answer in item.answers
            ]
            return discord.ui.Select(custom_id=item.custom_id, placeholder=item.placeholder, options=options, row=row)
        case _:
            assert_never(item)


def modal(question: Question) -> discord.ui.Modal:
    """A question as a modal. Its id is the line it completes, so that the answer is understood after a restart."""
    made = discord.ui.Modal(title=cut(question.title, MODAL_TITLE), custom_id=sign(question.line, question.only))
    for item in question.inputs:
        field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
            custom_id=item.parameter,
            style=discord.TextStyle.paragraph if item.long else discord.TextStyle.short,
            placeholder=cut(item.placeholder, INPUT_PLACEHOLDER) or None,
            max_length=max(1, min(item.limit, INPUT_LENGTH)),
            required=item.required,
        )
        made.add_item(discord.ui.Label(text=cut(item.label, INPUT_LABEL), component=field))
    made.stop()
    return made


# ---------------------------------------------------------------- what became of it

_CLOSED = {50007, 50278, 50033}
"""Cannot send messages to this user; no mutual server; no such recipient (Discord, "JSON Error Codes")."""

_GONE = {10003, 10008, 10013}
"""Unknown channel, message or user."""

_NO_ACCESS, _PERMISSIONS = 50001, 50013

TOO_LARGE = 413

_FILES_REFUSED = {40005, 50013, 50035}
"""Request entity too large; missing permissions; an invalid form: what a message without a file may not be."""


def outcome(error: Exception, message: RenderedMessage, permissions: discord.Permissions | None) -> Outcome:
    """What an error means for a message on its way. Raises the error when it is none of Discord's or the network's.

    `permissions` are ours in the channel, None where we are not in its server.
    """
    match error:
        case discord.RateLimited():
            return Later(error.retry_after, "Discord asks for patience")
        case Halted():
            return Later(error.seconds, "Discord asks for patience")
        case TooLate():
            return Later(AGAIN_SECONDS, "its turn came too late")
        case discord.HTTPException():
            return _answered(error, message, permissions)
        case aiohttp.ClientConnectorError():
            return Later(AGAIN_SECONDS, "Discord cannot be reached")
        case aiohttp.ClientError() | OSError() | TimeoutError():
            return Doubtful(f"the connection broke: {type(error).__name__}")
        case _:
            raise error


def _answered(
    error: discord.HTTPException, message: RenderedMessage, permissions: discord.Permissions | None
) -> Outcome:
    reason = f"{error.status} {error.code}: {error.text}"[:300]
    if error.code in _CLOSED:
        return Closed(reason)
    if error.code in _GONE:
        return Gone(reason)
    if error.code == _NO_ACCESS:
        # Whoever put us out of the server or out of the channel gets the same answer.
        return Gone(reason) if permissions is None else Forbidden("View Channel")
    if error.code == _PERMISSIONS:
        return Forbidden(lacking(message, permissions))
    if error.status == 429:
        return Later(_patience(error), "Discord asks for patience")
    if error.status >= 500:
        return Doubtful(reason)
    if error.status == 401:
        return Later(REFUSED_SECONDS, "Discord no longer takes the token")
    if error.status in (403, 404) and not error.code:
        # Not the API's own word, which has a code, but that of something before it.
        return Later(REFUSED_SECONDS, reason)
    if error.status == 403:
        return Forbidden(reason)
    return Gone(reason) if error.status == 404 else Rejected(reason)


def _patience(error: discord.HTTPException) -> float:
    try:
        return float(error.response.headers.get("Retry-After", REFUSED_SECONDS))
    except ValueError:
        return REFUSED_SECONDS


def lacking(message: RenderedMessage, permissions: discord.Permissions | None) -> str:
    """The permissions a message needs and we lack, by the names Discord's settings show."""
    needed = {"Send Messages": "send_messages"}
    if message.embeds:
        needed["Embed Links"] = "embed_links"
    if message.files:
        needed["Attach Files"] = "attach_files"
    missing = [name for name, flag in needed.items() if permissions is None or not getattr(permissions, flag)]
    return ", ".join(missing or needed)
