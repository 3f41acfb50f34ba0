"""What stands in a channel: messages, their attachments and components, and whom they notify."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from .places import Channel, Json, Permission, User

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_EMBEDS = 1 << 2
SUPPRESS_NOTIFICATIONS = 1 << 12
COMPONENTS_V2 = 1 << 15

REPLY = 19
"""The type of a message that replies to another."""

BUTTON, TEXT_INPUT, LINK_STYLE = 2, 4, 5
SELECTS = {3: "string", 5: "user", 6: "role", 7: "mentionable", 8: "channel"}

_CODE = re.compile(r"(`{3}).*?\1|(`{2}).+?\2|`[^`\n]+`", re.DOTALL)
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")


@dataclass(eq=False)
class Attachment:
    """A file on a message or in a command's option, served under `url`."""

    id: int
    filename: str
    data: bytes
    content_type: str
    url: str
    description: str | None = None
    ephemeral: bool = False

    def json(self) -> Json:
        base: Json = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.data),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.content_type,
            "ephemeral": self.ephemeral,
        }
        return {**base, "description": self.description} if self.description else base


@dataclass(eq=False)
class Message:
    """A message as Discord keeps it; edits change it in place.

    `pings` are the ids of the users and roles it notified when it appeared, and "everyone" (see `pings_of`).
    `visible_to` is set for an ephemeral message: nobody else sees it, and no channel endpoint finds it.
    `nonce` is what the sender gave; Discord shows it in the answer to the sending request only.
    """

    id: int
    channel: Channel
    author: User
    created_at: datetime
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    kind: int = 0
    nonce: str | None = None
    pings: frozenset[int | str] = frozenset()
    mentions: list[User] = field(default_factory=list)
    edited_at: datetime | None = None
    reference: Message | None = None
    visible_to: User | None = None
    interaction: Json | None = None
    deleted: bool = False

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def parts(self) -> Iterator[Json]:
        """The buttons and selects, in reading order."""
        for row in self.components:
            yield from row["components"]

    @property
    def buttons(self) -> list[str]:
        """What is written on the buttons, in reading order (an emoji's name where there is no label)."""
        return [written_on(part) for part in self.parts if part["type"] == BUTTON]

    @property
    def text(self) -> str:
        """All that can be read in it, in lines: the content, then each embed from author to footer."""
        lines = [self.content]
        for embed in self.embeds:
            lines += [embed.get("author", {}).get("name", ""), embed.get("title", "")]
            lines.append(embed.get("description", ""))
            for item in embed.get("fields", []):
                lines += [item["name"], item["value"]]
            lines.append(embed.get("footer", {}).get("text", ""))
        return "\n".join(line for line in lines if line)

    def json(self, *, with_content: bool = True) -> Json:
        """As REST shows it; without the content intent others' texts are blank, which `with_content` says."""
        data: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.kind,
            "author": self.author.json(),
            "content": self.content if with_content else "",
            "timestamp": self.created_at.isoformat(),
            "edited_timestamp": self.edited_at.isoformat() if self.edited_at else None,
            "tts": False,
            "mention_everyone": "everyone" in self.pings,
            "mentions": [user.json() for user in self.mentions],
            "mention_roles": [],
            "attachments": [attachment.json() for attachment in self.attachments] if with_content else [],
            "embeds": self.embeds if with_content else [],
            "components": self.components if with_content else [],
            "pinned": False,
            "flags": self.flags,
        }
        if self.interaction is not None:
            bot = str(self.author.id)
            data |= {"interaction_metadata": self.interaction, "application_id": bot, "webhook_id": bot}
        if self.reference is not None:
            data["message_reference"] = {
                "type": 0,
                "channel_id": str(self.reference.channel.id),
                "message_id": str(self.reference.id),
            }
            data["referenced_message"] = None if self.reference.deleted else self.reference.json()
        return data


def written_on(button: Json) -> str:
    """A button's label, else its emoji."""
    return str(button.get("label") or button.get("emoji", {}).get("name", ""))


def mentioned(content: str, channel: Channel) -> list[User]:
    """The users of this channel named as `<@id>` outside of code."""
    named = {int(found) for found in _USER.findall(_CODE.sub(" ", content))}
    return [user for user in channel.audience() if user.id in named]


def pings_of(message: Message, allowed_mentions: Json | None) -> frozenset[int | str]:
    """Whom the message notifies by its content (Discord, Message, "Allowed Mentions Object").

    Without `allowed_mentions` everything is parsed and a reply notifies whom it answers. Embeds never notify,
    nor does code, nor a name nobody in the channel bears; an ephemeral message reaches its one reader only.
    A backslash before a mention is not trusted to disarm it.
    """
    allowed = {"parse": ["users", "roles", "everyone"], "replied_user": True}
    allowed = allowed if allowed_mentions is None else allowed_mentions
    readers = {user.id for user in message.channel.audience()}
    if message.visible_to is not None:
        readers &= {message.visible_to.id}
    text = _CODE.sub(" ", message.content)
    found: set[int | str] = {*_pinged(_USER.findall(text), "users", allowed) & readers}
    reference = message.reference
    if reference is not None and allowed.get("replied_user"):
        found |= {reference.author.id} & readers
    if message.visible_to is None and message.channel.guild is not None:
        found |= _wide_pings(message, text, allowed)
    return frozenset(found - {message.author.id})


def _pinged(ids: list[str], kind: str, allowed: Json) -> set[int]:
    """Of the ids named in a text, those `allowed_mentions` lets through."""
    if kind in (allowed.get("parse") or []):
        return {int(found) for found in ids}
    listed = {int(listed) for listed in allowed.get(kind) or []}
    return {int(found) for found in ids} & listed


def _wide_pings(message: Message, text: str, allowed: Json) -> set[int | str]:
    """Roles and "everyone": only mentionable roles, unless the author may mention everyone."""
    guild = message.channel.guild
    assert guild is not None
    free = Permission.MENTION_EVERYONE in message.channel.permissions_of(message.author)
    found: set[int | str] = {
        role
        for role in _pinged(_ROLE.findall(text), "roles", allowed)
        if role in guild.roles and (free or guild.roles[role].mentionable)
    }
    everyone = bool(_EVERYONE.search(text)) and "everyone" in (allowed.get("parse") or [])
    if (everyone and free) or guild.id in found:
        found = (found - {guild.id}) | {"everyone"}
    return found
