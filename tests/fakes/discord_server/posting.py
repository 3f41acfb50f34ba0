"""How a message comes to stand in a channel, changes and goes: its form, files, pings and events."""

from __future__ import annotations

import copy
import mimetypes
from dataclasses import dataclass
from typing import Protocol

from .forms import ApiError, check_message, has_substance
from .messages import (
    EPHEMERAL,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    Attachment,
    Message,
    mentioned,
    pings_of,
)
from .places import DIRECT_MESSAGES, GUILD_MESSAGES, Channel, Json, Permission, Switchboard, User
from .traffic import Pulse

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of one file in a server without boosts (Discord, Uploading Files)."""


@dataclass
class Upload:
    """A file that came with a request."""

    filename: str
    data: bytes
    content_type: str


class Post(Switchboard, Protocol):
    """What posting needs of the server."""

    pulse: Pulse

    def keep(self, channel: Channel, upload: Upload, *, ephemeral: bool = False) -> Attachment: ...


def post(
    server: Post,
    channel: Channel,
    author: User,
    body: Json,
    uploads: dict[int, Upload],
    *,
    visible_to: User | None = None,
    interaction: Json | None = None,
    kind: int = 0,
) -> Message:
    """Makes a message of a request's body; an ephemeral one (`visible_to`) is not put into the channel.

    Raises ApiError 50035 for a broken limit, 50006 for an empty message, 40005 for too large a file.
    """
    message = Message(
        server.new_id(),
        channel,
        author,
        server.clock(),
        flags=(body.get("flags") or 0) & (SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS),
        kind=kind,
        visible_to=visible_to,
        interaction=interaction,
        nonce=str(body["nonce"]) if body.get("nonce") is not None else None,
        reference=_reference(channel, body),
    )
    if visible_to is not None:
        message.flags |= EPHEMERAL
    fill(server, message, body, uploads)
    _announce(server, message)
    return message


def fill(server: Post, message: Message, body: Json, uploads: dict[int, Upload]) -> None:
    """Gives a message its first content, which is what notifies people (a deferred answer's, too)."""
    _apply(server, message, body, uploads)
    message.mentions = mentioned(message.content, message.channel)
    message.pings = pings_of(message, body.get("allowed_mentions"))


def _announce(server: Post, message: Message) -> None:
    if message.visible_to is None:
        message.channel.messages[message.id] = message
        if message.nonce is not None:
            message.channel.nonces[message.nonce] = message
        dispatch(server, "MESSAGE_CREATE", message)
    server.pulse.beat()


def edit(server: Post, message: Message, body: Json, uploads: dict[int, Upload]) -> None:
    """Changes the named parts of a message; an edit notifies nobody."""
    _apply(server, message, body, uploads)
    message.mentions = mentioned(message.content, message.channel)
    message.edited_at = server.clock()
    if message.visible_to is None:
        dispatch(server, "MESSAGE_UPDATE", message)
    server.pulse.beat()


def delete(server: Post, message: Message) -> None:
    message.deleted = True
    if message.channel.messages.pop(message.id, None) is not None:
        dispatch(server, "MESSAGE_DELETE", message)
    server.pulse.beat()


def dispatch(server: Post, event: str, message: Message, *, with_content: bool = True) -> None:
    """Tells the bot of a message, if it subscribed to messages of such a place."""
    channel = message.channel
    if event == "MESSAGE_DELETE":
        data: Json = {"id": str(message.id), "channel_id": str(channel.id)}
    else:
        data = message.json(with_content=with_content)
    if channel.guild is None:
        server.dispatch(event, data, intent=DIRECT_MESSAGES, place=channel)
        return
    data["guild_id"] = str(channel.guild.id)
    member = channel.guild.members.get(message.author.id)
    if member is not None and event != "MESSAGE_DELETE":
        data["member"] = {key: value for key, value in member.json().items() if key != "user"}
    server.dispatch(event, data, intent=GUILD_MESSAGES, place=channel)


def _reference(channel: Channel, body: Json) -> Message | None:
    asked = body.get("message_reference")
    if not asked:
        return None
    found = channel.messages.get(int(asked["message_id"]))
    if found is None and asked.get("fail_if_not_exists", True) is not False:
        errors = {"message_reference": {"_errors": [{"code": "MESSAGE_REFERENCE_UNKNOWN_MESSAGE"}]}}
        raise ApiError(400, 50035, "Invalid Form Body", errors)
    return found


def _apply(server: Post, message: Message, body: Json, uploads: dict[int, Upload]) -> None:
    """Puts the parts a body names in place of the message's; nothing changes if the body is refused."""
    check_message(body)
    if any(len(upload.data) > LARGEST_FILE for upload in uploads.values()):
        raise ApiError(413, 40005, "Request entity too large")
    content = (body.get("content") or "").strip() if "content" in body else message.content
    embeds = [embed for embed in body.get("embeds") or [] if has_substance(embed)]
    embeds = embeds if "embeds" in body else message.embeds
    kept = _kept(message, body)
    if not (content or embeds or kept or uploads):
        raise ApiError(400, 50006, "Cannot send an empty message")
    named = {str(item.get("id")): item for item in body.get("attachments") or []}
    ephemeral = message.visible_to is not None
    new: list[Attachment] = []
    for index, upload in uploads.items():
        attachment = server.keep(message.channel, upload, ephemeral=ephemeral)
        attachment.description = named.get(str(index), {}).get("description")
        new.append(attachment)
    message.content = content
    message.attachments = kept + new
    message.embeds = [_shown(embed, message.attachments) for embed in embeds]
    if "components" in body:
        message.components = _numbered(body["components"] or [])
    if body.get("flags") is not None:
        message.flags = message.flags & ~SUPPRESS_EMBEDS | body["flags"] & SUPPRESS_EMBEDS


def _kept(message: Message, body: Json) -> list[Attachment]:
    if "attachments" not in body:
        return message.attachments
    ids = {str(item.get("id")) for item in body["attachments"] or []}
    return [attachment for attachment in message.attachments if str(attachment.id) in ids]


def _shown(embed: Json, attachments: list[Attachment]) -> Json:
    """The embed as Discord gives it back: pictures named `attachment://…` have become addresses."""
    shown = copy.deepcopy(embed)
    shown["type"] = "rich"
    urls = {f"attachment://{attachment.filename}": attachment.url for attachment in attachments}
    for picture in ("image", "thumbnail"):
        if shown.get(picture):
            shown[picture]["url"] = urls.get(shown[picture]["url"], shown[picture]["url"])
    return shown


def _numbered(rows: list[Json]) -> list[Json]:
    """The components with the ids Discord gives them, counted in reading order."""
    rows = copy.deepcopy(rows)
    number = 0
    for row in rows:
        for part in (row, *row["components"]):
            number += 1
            part.setdefault("id", number)
    return rows


def check_permissions(channel: Channel, bot: User, body: Json, uploads: dict[int, Upload]) -> None:
    """Refuses what the bot may not post in a channel: 50001 if it cannot see it, 50013 for the rest."""
    granted = channel.permissions_of(bot)
    if Permission.VIEW_CHANNEL not in granted:
        raise ApiError(403, 50001, "Missing Access")
    needed = Permission.SEND_MESSAGES_IN_THREADS if channel.parent else Permission.SEND_MESSAGES
    if uploads:
        needed |= Permission.ATTACH_FILES
    if body.get("embeds"):
        needed |= Permission.EMBED_LINKS
    if body.get("message_reference"):
        needed |= Permission.READ_MESSAGE_HISTORY
    if needed not in granted:
        raise ApiError(403, 50013, "Missing Permissions")


def guessed_type(filename: str) -> str:
    """A file's media type by its name, as Discord sets it."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"
