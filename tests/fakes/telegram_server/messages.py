"""What is written in chats: messages with files and keyboards, their edits, presses of buttons, updates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram_server.entities import Entity, Link, links, pings
from tests.fakes.telegram_server.keyboard import Button, Markup

if TYPE_CHECKING:
    from tests.fakes.telegram_server.chats import Chat, Group, User


@dataclass(frozen=True)
class File:
    """A file at Telegram; `width` and `height` are those of a photo."""

    file_id: str
    name: str
    data: bytes
    mime: str
    path: str
    width: int = 0
    height: int = 0

    def as_api(self, *, path: bool = False) -> dict[str, Any]:
        shown = {"file_id": self.file_id, "file_unique_id": f"u{self.file_id}", "file_size": len(self.data)}
        return shown | ({"file_path": self.path} if path else {})


@dataclass(eq=False)
class Message:
    """A stored message; `text` is the caption where there is a file.

    `sender` is None for an anonymous administrator. In a forum topic, Telegram shows a message that replies to
    nothing as a reply to the service message `opener`. `pings` are the ids of the users whom the message, or an
    edit of it, names. `order` counts messages over all chats.
    """

    id: int
    chat: Chat
    date: int
    order: int
    sender: User | None
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    document: File | None = None
    photo: File | None = None
    thread: int | None = None
    opener: Message | None = None
    reply_to: Message | None = None
    markup: Markup = field(default_factory=Markup)
    preview: dict[str, Any] | None = None
    silent: bool = False
    service: dict[str, Any] | None = None
    author: dict[str, Any] = field(default_factory=dict)
    revision: int = 0
    edit_date: int | None = None
    deleted: bool = False
    pings: frozenset[int] = frozenset()
    links: tuple[Link, ...] = ()
    earlier_markups: list[Markup] = field(default_factory=list)

    @property
    def keyboard(self) -> tuple[tuple[Button, ...], ...]:
        return self.markup.keyboard

    @property
    def buttons(self) -> list[str]:
        """The labels of the inline buttons, row after row."""
        return [button.text for row in self.keyboard for button in row]

    @property
    def force_reply(self) -> bool:
        return self.markup.force_reply

    @property
    def edited(self) -> bool:
        return self.revision > 0

    @property
    def file(self) -> File | None:
        return self.document or self.photo

    def settle(self) -> None:
        """Recomputes who is named and what is linked, after the text was written or changed."""
        self.pings |= pings(self.text, self.entities, self.chat.member_names())
        self.links = links(self.text, self.entities, None if self.file else self.preview or {})

    def as_api(self, *, nested: bool = False) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "message_id": self.id,
            "date": self.date,
            "chat": self.chat.chat_api(),
        } | self.author
        if self.thread is not None:
            shown |= {"message_thread_id": self.thread, "is_topic_message": True}
        answered = self.reply_to or self.opener
        if answered is not None and not nested:
            shown["reply_to_message"] = answered.as_api(nested=True)
        if self.edit_date is not None:
            shown["edit_date"] = self.edit_date
        if self.keyboard:
            shown["reply_markup"] = self.markup.given
        return shown | (self.service or self._content())

    def inaccessible_api(self) -> dict[str, Any]:
        """What stands for a message that was deleted: https://core.telegram.org/bots/api#inaccessiblemessage"""
        return {"message_id": self.id, "date": 0, "chat": self.chat.chat_api()}

    def _content(self) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        if self.document:
            shown["document"] = self.document.as_api() | {
                "file_name": self.document.name,
                "mime_type": self.document.mime,
            }
        if self.photo:
            shown["photo"] = [
                self.photo.as_api() | {"width": self.photo.width, "height": self.photo.height},
            ]
        text, entities = ("caption", "caption_entities") if self.file else ("text", "entities")
        if self.text or not self.file:
            shown[text] = self.text
        if self.entities:
            shown[entities] = self.entities
        if self.preview:
            shown["link_preview_options"] = self.preview
        return shown

    def __repr__(self) -> str:
        words = self.text if self.service is None else f"service {sorted(self.service)}"
        buttons = f" {self.buttons}" if self.buttons else ""
        who = self.sender.first_name if self.sender else "anonymous"
        return f"<{who} in {self.chat.label}: {words!r}{buttons}{' (deleted)' if self.deleted else ''}>"


@dataclass(frozen=True)
class Update:
    """Something that happened around the bot; `reached` is false where it was not told (privacy mode)."""

    id: int
    kind: str
    payload: dict[str, Any]
    message: Message | None = None
    reached: bool = True

    def as_api(self) -> dict[str, Any]:
        return {"update_id": self.id, self.kind: self.payload}


@dataclass(frozen=True)
class Edit:
    """One accepted change of a message: its text before and after."""

    message: Message
    before: str
    after: str
    moment: float


@dataclass(frozen=True)
class Answer:
    """What answerCallbackQuery showed to the one who pressed: a toast, or an alert, or nothing."""

    text: str
    alert: bool
    url: str | None


@dataclass(eq=False)
class Press:
    """A pressed button; `answers` grows as the bot answers the callback query."""

    id: str
    user: User
    message: Message
    data: str
    asked: float
    update: Update
    answers: list[Answer] = field(default_factory=list)

    @property
    def answer(self) -> Answer | None:
        return self.answers[0] if self.answers else None

    def __repr__(self) -> str:
        return f"<{self.user.first_name} presses {self.data!r}: {self.answer}>"


@dataclass(eq=False)
class Topic:
    """A thread of a forum; its id is the id of the service message that created it."""

    thread: int
    name: str
    group: Group
    created: Message
    closed: bool = False
    deleted: bool = False

    def close(self) -> None:
        """Only administrators can write in it from now on."""
        self.closed = True
        self.group.world.post_service(self.group, self._by, {"forum_topic_closed": {}}, thread=self.thread)

    def reopen(self) -> None:
        self.closed = False
        self.group.world.post_service(self.group, self._by, {"forum_topic_reopened": {}}, thread=self.thread)

    def delete(self) -> None:
        """Removes the thread with all its messages; bots are not told."""
        self.deleted = True
        for message in self.group.world.stored(self.group):
            message.deleted = message.deleted or message.thread == self.thread

    @property
    def _by(self) -> User:
        assert self.created.sender is not None
        return self.created.sender
