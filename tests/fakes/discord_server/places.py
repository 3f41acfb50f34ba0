"""Who is there and where: users, servers ("guilds"), their channels and threads, and permission bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .messages import Message

Json = dict[str, Any]

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
DIRECT_MESSAGES = 1 << 12
MESSAGE_CONTENT = 1 << 15
"""Gateway intents (Discord, Gateway, "List of Intents")."""


class Permission(IntFlag):
    """The permission bits this server knows (Discord, Permissions, "Bitwise Permission Flags")."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38


EVERYBODY = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What @everyone may do in a newly made server; pinging everyone is part of it, on Discord too."""

ALL = Permission((1 << 53) - 1)
NONE = Permission(0)


class Switchboard(Protocol):
    """What the places need of the server they belong to."""

    bot: User

    @property
    def clock(self) -> Callable[[], datetime]: ...

    def new_id(self) -> int: ...

    def dispatch(
        self, event: str, data: Json, *, intent: int = GUILDS, place: Guild | Channel | None = None
    ) -> None: ...


@dataclass(eq=False)
class User:
    """A person or a bot on Discord."""

    id: int
    name: str
    global_name: str | None = None
    dms_open: bool = True
    locale: str = "en-US"
    bot: bool = False
    dm: Channel | None = None

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def json(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0000" if self.bot else "0",
            "global_name": self.global_name,
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }


@dataclass(eq=False)
class Role:
    """A set of permissions members can have; `mentionable` roles may be pinged by anyone."""

    id: int
    name: str
    permissions: Permission
    mentionable: bool = False
    position: int = 1

    def json(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "position": self.position,
            "permissions": str(int(self.permissions)),
            "managed": False,
            "mentionable": self.mentionable,
            "flags": 0,
        }


@dataclass(eq=False)
class Member:
    """A user in a guild."""

    user: User
    joined_at: datetime
    roles: list[Role] = field(default_factory=list)
    nick: str | None = None

    def json(self) -> Json:
        return {
            "user": self.user.json(),
            "nick": self.nick,
            "avatar": None,
            "roles": [str(role.id) for role in self.roles],
            "joined_at": self.joined_at.isoformat(),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }


@dataclass(eq=False)
class Channel:
    """A text channel (`kind` 0), a direct message (1) or a public thread (11)."""

    id: int
    kind: int
    name: str
    server: Switchboard
    guild: Guild | None = None
    recipient: User | None = None
    parent: Channel | None = None
    owner: User | None = None
    created_at: datetime | None = None
    archived: bool = False
    denied: Permission = NONE
    messages: dict[int, Message] = field(default_factory=dict)
    nonces: dict[str, Message] = field(default_factory=dict)

    def deny(self, permissions: Permission) -> None:
        """Takes these permissions from the bot in this channel, which hears of it at once."""
        self.denied |= permissions
        self._changed()

    def allow(self, permissions: Permission) -> None:
        """Gives the bot these permissions back."""
        self.denied &= ~permissions
        self._changed()

    def _changed(self) -> None:
        self.server.dispatch("CHANNEL_UPDATE", self.json(), place=self)

    def permissions_of(self, user: User) -> Permission:
        """What this user may do here; in a direct message, everything a message can hold."""
        if self.guild is None:
            return EVERYBODY
        granted = self.guild.permissions_of(user)
        if user is not self.server.bot or granted == ALL:
            return granted
        return granted & ~self.denied & ~(self.parent.denied if self.parent else NONE)

    def audience(self) -> list[User]:
        """Everyone who can read here."""
        if self.guild is not None:
            return [member.user for member in self.guild.members.values()]
        return [self.server.bot, *([self.recipient] if self.recipient else [])]

    def add_thread(self, name: str, owner: User) -> Channel:
        """Starts a public thread in this channel."""
        assert self.guild is not None, "threads live in a server's channels"
        thread = Channel(
            self.server.new_id(),
            kind=11,
            name=name,
            server=self.server,
            guild=self.guild,
            parent=self,
            owner=owner,
            created_at=self.server.clock(),
        )
        self.guild.channels[thread.id] = thread
        self.server.dispatch("THREAD_CREATE", {**thread.json(), "newly_created": True}, place=thread)
        return thread

    def delete(self) -> None:
        """Removes the channel and, as Discord does, the threads in it."""
        assert self.guild is not None, "a direct message cannot be deleted"
        for thread in [place for place in self.guild.channels.values() if place.parent is self]:
            del self.guild.channels[thread.id]
        self.guild.channels.pop(self.id, None)
        event = "THREAD_DELETE" if self.parent else "CHANNEL_DELETE"
        self.server.dispatch(event, self.json(), place=self)

    def json(self) -> Json:
        base: Json = {
            "id": str(self.id),
            "type": self.kind,
            "last_message_id": str(max(self.messages)) if self.messages else None,
            "flags": 0,
        }
        if self.guild is None:
            return {**base, "recipients": [self.recipient.json()] if self.recipient else []}
        base |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        if self.parent is not None:
            return {**base, **self._thread_json(self.parent)}
        overwrites = [{"id": str(self.server.bot.id), "type": 1, "allow": "0", "deny": str(int(self.denied))}]
        return {
            **base,
            "position": 0,
            "permission_overwrites": overwrites if self.denied else [],
            "nsfw": False,
            "parent_id": None,
            "topic": None,
        }

    def _thread_json(self, parent: Channel) -> Json:
        assert self.created_at is not None and self.owner is not None
        return {
            "parent_id": str(parent.id),
            "owner_id": str(self.owner.id),
            "message_count": len(self.messages),
            "member_count": 1,
            "total_message_sent": len(self.messages),
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": 1440,
                "archive_timestamp": self.created_at.isoformat(),
                "locked": False,
                "create_timestamp": self.created_at.isoformat(),
            },
        }


@dataclass(eq=False)
class Guild:
    """A Discord server; the bot is no member until it is invited."""

    id: int
    name: str
    owner: User
    server: Switchboard
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The role of everybody has the guild's own id.
        self.roles[self.id] = Role(self.id, "@everyone", EVERYBODY, position=0)
        self.join(self.owner)

    @property
    def has_bot(self) -> bool:
        return self.server.bot.id in self.members

    def add_channel(self, name: str) -> Channel:
        """Makes a text channel, which a bot in the guild hears of."""
        channel = Channel(self.server.new_id(), kind=0, name=name, server=self.server, guild=self)
        self.channels[channel.id] = channel
        self.server.dispatch("CHANNEL_CREATE", channel.json(), place=channel)
        return channel

    def add_role(self, name: str, permissions: Permission = EVERYBODY, *, mentionable: bool = False) -> Role:
        role = Role(self.server.new_id(), name, permissions, mentionable, position=len(self.roles))
        self.roles[role.id] = role
        self.server.dispatch("GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": role.json()}, place=self)
        return role

    def join(self, user: User, permissions: Permission = NONE, *, roles: tuple[Role, ...] = ()) -> Member:
        """Makes the user a member; permissions beyond everybody's come by a role of their own."""
        own = [self.add_role(f"{user.name}'s role", permissions)] if permissions else []
        member = Member(user, self.server.clock(), roles=[*roles, *own])
        self.members[user.id] = member
        return member

    def leave(self, user: User) -> None:
        """Ends a membership; without the members intent no bot is told."""
        del self.members[user.id]

    def kick_bot(self) -> None:
        """Removes the bot, which is told by GUILD_DELETE."""
        self.server.dispatch("GUILD_DELETE", {"id": str(self.id)}, place=self)
        del self.members[self.server.bot.id]

    def permissions_of(self, user: User) -> Permission:
        """What a member may do throughout the guild; nothing if they are none."""
        if user is self.owner:
            return ALL
        member = self.members.get(user.id)
        if member is None:
            return NONE
        granted = self.roles[self.id].permissions
        for role in member.roles:
            granted |= role.permissions
        return ALL if Permission.ADMINISTRATOR in granted else granted

    def json(self) -> Json:
        """The guild as REST shows it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner.id),
            "icon": None,
            "roles": [role.json() for role in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "features": [],
            "preferred_locale": "en-US",
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "afk_timeout": 300,
            "afk_channel_id": None,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
        }

    def full_json(self) -> Json:
        """The guild as GUILD_CREATE shows it without the members intent: of members, the bot alone."""
        bot = self.members[self.server.bot.id]
        places = list(self.channels.values())
        return {
            **self.json(),
            "joined_at": bot.joined_at.isoformat(),
            "large": False,
            "member_count": len(self.members),
            "members": [bot.json()],
            "channels": [place.json() for place in places if place.parent is None],
            "threads": [place.json() for place in places if place.parent is not None],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
