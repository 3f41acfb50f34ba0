"""The people and chats of the stand-in, and what happens to them, told to the bot as Telegram tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram_server.messages import Message, Topic, Update

if TYPE_CHECKING:
    from tests.fakes.telegram_server.world import World

# The sender that Telegram names for an administrator who posts as the group.
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
IN_CHAT = frozenset({"creator", "administrator", "member", "restricted"})
GENERAL_TOPIC = 1

_ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
)
_RESTRICTED = (
    *("can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos"),
    *("can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages"),
    *("can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info"),
    *("can_invite_users", "can_pin_messages", "can_manage_topics"),
)


@dataclass(eq=False)
class User:
    """A person or a bot. As a chat it is the private chat between this user and the bot."""

    world: World
    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    started: bool = False
    blocked: bool = False

    @property
    def label(self) -> str:
        return f"private chat with {self.first_name}"

    def as_api(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        optional = {"username": self.username, "language_code": self.language_code}
        return shown | {name: value for name, value in optional.items() if value}

    def chat_api(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "type": "private", "first_name": self.first_name}
        return shown | ({"username": self.username} if self.username else {})

    def member_names(self) -> Iterable[tuple[int, str | None]]:
        return [(self.id, self.username)]

    def block(self) -> Update:
        """The user stops the bot: it can no longer write, and is told so."""
        return self._stop(blocked=True)

    def unblock(self) -> Update:
        return self._stop(blocked=False)

    def _stop(self, *, blocked: bool) -> Update:
        was, self.blocked = self.blocked, blocked
        return self.world.member_changed(
            self, self, self.world.bot, *("kicked" if state else "member" for state in (was, blocked))
        )

    def __repr__(self) -> str:
        return f"<User {self.first_name} {self.id}>"


@dataclass(eq=False)
class Group:
    """A group, a supergroup or a forum. Statuses are those of ChatMember; absent people have none."""

    world: World
    id: int
    title: str
    kind: str
    forum: bool = False
    statuses: dict[int, str] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    bot_rights: frozenset[str] = frozenset()
    other_bots: list[User] = field(default_factory=list)
    last_bot_to_post: User | None = None
    migrated_to: Group | None = None
    members_may_write: bool = True

    @property
    def label(self) -> str:
        return f"group {self.title!r}"

    @property
    def bot_status(self) -> str | None:
        return self.statuses.get(self.world.bot.id)

    @property
    def members(self) -> list[User]:
        """Everyone in the group, the bots too."""
        return [self.world.users[user_id] for user_id, status in self.statuses.items() if status in IN_CHAT]

    @property
    def admins(self) -> list[User]:
        return [
            self.world.users[user_id]
            for user_id, status in self.statuses.items()
            if status in ("creator", "administrator")
        ]

    @property
    def hears_bare_commands(self) -> bool:
        """Whether `/done` without a name reaches our bot: it is the only bot, or the last that posted."""
        return not self.other_bots or self.last_bot_to_post is self.world.bot

    def chat_api(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "type": self.kind, "title": self.title}
        return shown | ({"is_forum": True} if self.forum else {})

    def member_names(self) -> Iterable[tuple[int, str | None]]:
        return [(user.id, user.username) for user in self.members]

    def member_api(self, user: User) -> dict[str, Any]:
        """The ChatMember object of a user, whether in the group or not."""
        status = self.statuses.get(user.id, "left")
        rights = self.bot_rights if user is self.world.bot else frozenset(_ADMIN_RIGHTS)
        return chat_member(user, status, rights)

    def permissions_api(self) -> dict[str, Any]:
        """The ChatPermissions object: what members may do who are no administrators."""
        return dict.fromkeys(_RESTRICTED, self.members_may_write)

    def add_topic(self, name: str, by: User | None = None) -> Topic:
        """A new thread, created by the owner unless told otherwise."""
        if not self.forum:
            raise ValueError(f"{self.label} is not a forum")
        details = {"forum_topic_created": {"name": name, "icon_color": 0x6FB9F0}}
        created = self.world.post_service(self, by or self._owner, details, opens_thread=True).message
        assert created is not None
        topic = Topic(created.id, name, self, created)
        self.topics[topic.thread] = topic
        return topic

    def add_bot(self, by: User) -> Update:
        """A member adds our bot. Returns the my_chat_member update; a service message follows it."""
        update = self._set_status(self.world.bot, "member", by)
        self.world.post_service(self, by, {"new_chat_members": [self.world.bot.as_api()]})
        return update

    def kick_bot(self, by: User | None = None) -> Update:
        """An administrator removes and bans our bot."""
        return self._set_status(self.world.bot, "kicked", by or self._owner)

    def promote_bot(self, *rights: str, by: User | None = None) -> Update:
        """Makes the bot an administrator with rights (`can_pin_messages`, …); it then sees every message."""
        unknown = set(rights) - set(_ADMIN_RIGHTS)
        if unknown:
            raise ValueError(f"no such rights: {unknown}")
        self.bot_rights = frozenset(rights) | {"can_manage_chat"}
        return self._set_status(self.world.bot, "administrator", by or self._owner)

    def restrict_bot(self, by: User | None = None) -> Update:
        """The bot may read and no longer write."""
        return self._set_status(self.world.bot, "restricted", by or self._owner)

    def add_other_bot(self, username: str = "other_bot") -> User:
        """Another bot joins, so that bare commands reach ours only while ours was the last bot to post."""
        bot = self.world.add_user(username, username=username, is_bot=True)
        self.statuses[bot.id] = "member"
        self.other_bots.append(bot)
        return bot

    def other_bot_posts(self, text: str, bot: User | None = None) -> Message:
        """Another bot writes; ours does not see it, as bots never see each other's messages."""
        poster = bot or self.other_bots[0]
        self.last_bot_to_post = poster
        return self.world.store(self, poster, text=text)

    def join(self, user: User) -> Update:
        self._set_status(user, "member", user)
        return self.world.post_service(self, user, {"new_chat_members": [user.as_api()]})

    def leave(self, user: User) -> Update:
        update = self.world.post_service(self, user, {"left_chat_member": user.as_api()})
        self._set_status(user, "left", user)
        return update

    def promote(self, user: User) -> None:
        self._set_status(user, "administrator", self._owner)

    def demote(self, user: User) -> None:
        self._set_status(user, "member", self._owner)

    def migrate(self) -> Group:
        """The group becomes a supergroup: a new chat, a new id; a service message in each names the other."""
        if self.kind != "group":
            raise ValueError(f"{self.label} is a {self.kind} already")
        successor = self.world.new_group(self.title, "supergroup")
        successor.statuses = dict(self.statuses)
        successor.other_bots, successor.last_bot_to_post = self.other_bots, self.last_bot_to_post
        successor.bot_rights = self.bot_rights
        owner = self._owner
        self.world.post_service(self, owner, {"migrate_to_chat_id": successor.id})
        self.migrated_to = successor
        self.world.post_service(successor, owner, {"migrate_from_chat_id": self.id})
        # The bot is told that it joined the new chat, and never that it left the old one:
        # https://github.com/tdlib/telegram-bot-api/issues/266
        bot = self.world.bot
        if successor.bot_status in IN_CHAT:
            self.world.member_changed(successor, owner, bot, "left", successor.bot_status or "")
        return successor

    def _set_status(self, user: User, status: str, by: User) -> Update:
        before = self.statuses.get(user.id, "left")
        self.statuses[user.id] = status
        if user is self.world.bot and status != "administrator":
            self.bot_rights = frozenset()
        return self.world.member_changed(self, by, user, before, status)

    @property
    def _owner(self) -> User:
        admins = self.admins
        if not admins:
            raise ValueError(f"{self.label} has no administrator who could do this")
        return admins[0]

    def __repr__(self) -> str:
        return f"<Group {self.title!r} {self.id}>"


Chat = User | Group


def chat_member(user: User, status: str, rights: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A ChatMember object with every field that its status requires."""
    shown: dict[str, Any] = {"user": user.as_api(), "status": status}
    if status == "creator":
        return shown | {"is_anonymous": False}
    if status == "administrator":
        shown |= {"can_be_edited": False, "is_anonymous": False}
        return shown | {right: right in rights for right in _ADMIN_RIGHTS}
    if status == "restricted":
        return shown | {"is_member": True, "until_date": 0} | dict.fromkeys(_RESTRICTED, False)
    return shown | ({"until_date": 0} if status == "kicked" else {})
