"""The state behind the server: who exists, which messages were written, which updates await the bot."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from tests.fakes.telegram_server.chats import ANONYMOUS, GENERAL_TOPIC, IN_CHAT, Chat, Group, User, chat_member
from tests.fakes.telegram_server.entities import part
from tests.fakes.telegram_server.messages import Edit, File, Message, Press, Update
from tests.fakes.telegram_server.refusals import conflict

T = TypeVar("T")

# Not sent unless asked for by name: https://core.telegram.org/bots/api#getupdates
_ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Updates:
    """The queue of unconfirmed updates, and the one poll that may wait for it."""

    def __init__(self) -> None:
        self.pending: list[Update] = []
        self.allowed: frozenset[str] = frozenset()
        self._again: list[Update] = []
        self._poll: asyncio.Future[None] | None = None

    def wants(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in _ONLY_ON_REQUEST

    def push(self, update: Update) -> None:
        self.pending.append(update)
        self.wake()

    def repeat(self, update: Update) -> None:
        """Delivers an update once more although it was confirmed."""
        self._again.append(update)
        self.wake()

    def wake(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    def confirm(self, offset: int | None) -> None:
        if offset is not None and offset > 0:
            self.pending = [update for update in self.pending if update.id >= offset]
        elif offset is not None and offset < 0:
            self.pending = self.pending[offset:]

    def terminate_poll(self, by: str) -> None:
        """A waiting poll ends with 409 when another request takes its place."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(conflict(f"terminated by {by}"))

    async def poll(self, offset: int | None, limit: int, seconds: float) -> list[Update]:
        """Up to `limit` updates; waits some seconds for the first. Raises ApiError 409 when terminated."""
        self.terminate_poll("other getUpdates request; make sure that only one bot instance is running")
        self.confirm(offset)
        if not self._again and not self.pending and seconds > 0:
            self._poll = waiting = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait([waiting], timeout=seconds)
                if waiting.done():
                    waiting.result()
            finally:
                waiting.cancel()  # also when the client hung up: nobody is polling any more
        repeated, self._again = self._again[:limit], self._again[limit:]
        return (repeated + self.pending)[:limit]


class World:
    """Everything at Telegram that our bot could touch. `clock` gives the moments that date messages."""

    def __init__(self, *, username: str, name: str, clock: Callable[[], datetime], privacy: bool) -> None:
        self.clock = clock
        self.privacy = privacy
        self.bot = User(self, 7_000_000_001, name, username=username, is_bot=True)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.groups: dict[int, Group] = {}
        self.files: dict[str, File] = {}
        self.presses: list[Press] = []
        self.edits: list[Edit] = []
        self.pins: dict[int, int] = {}
        self.updates = Updates()
        self.sent_updates: list[Update] = []
        self._messages: dict[int, list[Message]] = {}
        self._message_ids: dict[int, itertools.count[int]] = {}
        self._user_ids = itertools.count(1_000_001)
        self._group_ids = itertools.count(1_000_000_001)
        self._update_ids = itertools.count(500_001)
        self._file_ids = itertools.count(1)
        self._order = itertools.count(1)
        self._waiters: set[asyncio.Future[None]] = set()

    # People and places

    def add_user(
        self,
        name: str,
        *,
        first_name: str | None = None,
        username: str | None = None,
        language_code: str | None = "en",
        is_bot: bool = False,
    ) -> User:
        """Somebody the bot has not met yet; many people have no username."""
        user = User(self, next(self._user_ids), first_name or name, username, language_code, is_bot)
        self.users[user.id] = user
        return user

    def new_group(self, title: str, kind: str) -> Group:
        number = next(self._group_ids)
        group = Group(self, -number if kind == "group" else -1_000_000_000_000 - number, title, kind)
        self.groups[group.id] = group
        return group

    def chat(self, chat_id: int) -> Chat | None:
        return self.groups.get(chat_id) or self.users.get(chat_id)

    def knows(self, user: User) -> bool:
        """Whether the bot has met a user: in private, or in a group where both are."""
        return user.started or any(
            group.bot_status in IN_CHAT and group.statuses.get(user.id) in IN_CHAT for group in self.groups.values()
        )

    def known_user_api(self, user_id: int) -> dict[str, Any] | None:
        user = self.users.get(user_id)
        return user.as_api() if user is not None and (user is self.bot or self.knows(user)) else None

    def add_file(self, name: str, data: bytes, mime: str, *, folder: str, size: tuple[int, int] = (0, 0)) -> File:
        number = next(self._file_ids)
        file = File(f"file{number}", name, data, mime, f"{folder}/file_{number}", *size)
        self.files[file.file_id] = file
        return file

    # Messages

    def stored(self, chat: Chat) -> list[Message]:
        """Every message of a chat, deleted ones too, in order."""
        return self._messages.setdefault(chat.id, [])

    def find(self, chat: Chat, message_id: int | None) -> Message | None:
        """A message that still exists."""
        return next((m for m in self.stored(chat) if m.id == message_id and not m.deleted), None)

    def store(self, chat: Chat, sender: User | None, **content: Any) -> Message:
        """Writes a message into a chat; a sender of None is an administrator posting as the group."""
        message = Message(
            self._next_message_id(chat),
            chat,
            int(self.clock().timestamp()),
            next(self._order),
            sender,
            author=self._author(chat, sender),
            **content,
        )
        message.settle()
        self.stored(chat).append(message)
        self.ring()
        return message

    def _next_message_id(self, chat: Chat) -> int:
        """Supergroups number their messages themselves; private chats and basic groups share one counter."""
        if isinstance(chat, Group) and chat.kind == "supergroup":
            # The first message of a supergroup is its creation, which stands for a forum's General topic.
            return next(self._message_ids.setdefault(chat.id, itertools.count(GENERAL_TOPIC + 1)))
        return next(self._message_ids.setdefault(0, itertools.count(1)))

    def _author(self, chat: Chat, sender: User | None) -> dict[str, Any]:
        if sender is None:
            return {"from": ANONYMOUS, "sender_chat": chat.chat_api()}
        return {"from": sender.as_api()}

    def post_service(
        self,
        group: Group,
        by: User,
        details: dict[str, Any],
        *,
        thread: int | None = None,
        opens_thread: bool = False,
    ) -> Update:
        """A message about the group itself; these reach the bot in privacy mode too."""
        message = self.store(group, by, service=details, thread=thread)
        if opens_thread:
            message.thread = message.id
        return self.tell("message", message.as_api(), message, reached=group.bot_status in IN_CHAT)

    def reaches_bot(self, message: Message) -> bool:
        """Privacy mode: https://core.telegram.org/bots/features#privacy-mode"""
        group = message.chat
        if isinstance(group, User):
            return True
        if group.bot_status not in IN_CHAT:
            return False
        if not self.privacy or group.bot_status == "administrator":
            return True
        if message.reply_to is not None and message.reply_to.sender is self.bot:
            return True
        return self._is_command_for_bot(message, group)

    def _is_command_for_bot(self, message: Message, group: Group) -> bool:
        first = message.entities[0] if message.entities else None
        if first is None or first["type"] != "bot_command" or first["offset"] != 0:
            return False
        _, at, name = part(message.text, first).partition("@")
        if at:
            return name.lower() == (self.bot.username or "").lower()
        return group.hears_bare_commands

    # Updates

    def tell(
        self, kind: str, payload: dict[str, Any], message: Message | None = None, *, reached: bool = True
    ) -> Update:
        """Queues an update, unless it is kept from the bot."""
        update = Update(next(self._update_ids), kind, payload, message, reached and self.updates.wants(kind))
        if update.reached:
            self.sent_updates.append(update)
            self.updates.push(update)
            self.ring()
        return update

    def member_changed(self, chat: Chat, by: User, user: User, before: str, after: str) -> Update:
        """my_chat_member for our bot; for others chat_member, which only administrators get, on request."""
        ours = user is self.bot
        payload = {
            "chat": chat.chat_api(),
            "from": by.as_api(),
            "date": int(self.clock().timestamp()),
            "old_chat_member": chat_member(user, before),
            "new_chat_member": chat.member_api(user) if isinstance(chat, Group) else chat_member(user, after),
        }
        sees = ours or (isinstance(chat, Group) and chat.bot_status == "administrator")
        return self.tell("my_chat_member" if ours else "chat_member", payload, reached=sees)

    # Waiting

    def ring(self) -> None:
        """Something changed: everyone who waits looks again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, look: Callable[[], T | None], seconds: float, wanted: Callable[[], str]) -> T:
        """What `look` finds, as soon as it finds something. Raises TimeoutError, saying what was wanted."""
        try:
            async with asyncio.timeout(seconds):
                while (found := look()) is None:
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.add(waiter)
                    try:
                        await waiter
                    finally:
                        self._waiters.discard(waiter)
        except TimeoutError:
            raise TimeoutError(f"{seconds:g} s passed without {wanted()}") from None
        return found
