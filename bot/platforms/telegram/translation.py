"""What somebody wrote or pressed on Telegram, as the rest of the house understands it."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from telegram import Chat, Message, MessageEntity, User

from bot.command import Somebody
from bot.command.parameters import File
from bot.delivery import Address
from bot.platforms.telegram.render import PHOTO, PLATFORM
from bot.platforms.telegram.rich import bare

FACES = 10_000
"""How many usernames are remembered: enough for the people who are active at a time, a megabyte at most."""

_COMMAND = re.compile(r"/([^\s/@]{1,64})(?:@([A-Za-z0-9_]+))?(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Typed:
    """A command as it was typed: the line after the slash, and whether it was addressed to us by name."""

    line: str
    addressed: bool


class Faces:
    """Whose a username is. Bots cannot ask Telegram, so it is learned from what people send, and not stored."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, int] = OrderedDict()

    def learn(self, user: User) -> None:
        """Somebody showed their username."""
        if user.username:
            self._ids[user.username.casefold()] = user.id
            self._ids.move_to_end(user.username.casefold())
            if len(self._ids) > FACES:
                self._ids.popitem(last=False)

    def find(self, username: str) -> int | None:
        """The id behind a username."""
        return self._ids.get(username.casefold())


def is_private(chat: Chat) -> bool:
    """Whether a chat is with one person alone."""
    return chat.type == Chat.PRIVATE


def is_group(chat: Chat) -> bool:
    """Whether a chat is a group of any kind; channels are none."""
    return chat.type in (Chat.GROUP, Chat.SUPERGROUP)


def address_of(chat: Chat, topic: int | None) -> Address:
    """The address of a chat, or of a topic in it."""
    if is_private(chat):
        return Address.private_to(PLATFORM, str(chat.id))
    return Address(PLATFORM, str(chat.id), "" if topic is None else str(topic))


def topic_of(message: Any) -> int | None:
    """The forum topic of a message. Replies in other groups carry a thread id that is no topic."""
    is_topic = isinstance(message, Message) and message.is_topic_message
    return message.message_thread_id if is_topic else None


def text_of(message: Message) -> str:
    """What a message says, be it text or the caption of a file."""
    return bare(message.text or message.caption or "")


def typed_line(words: str, username: str) -> Typed | None:
    """The command that words begin with; None when they begin with none, or with one for another bot."""
    command = _COMMAND.match(words)
    if command is None or (command[2] and command[2].casefold() != username.casefold()):
        return None
    return Typed(command[1] + words[command.end() :], command[2] is not None)


def presses_of(message: Message) -> tuple[str, ...]:
    """What the buttons of a message carry."""
    keyboard = message.reply_markup
    buttons = (button for row in (keyboard.inline_keyboard if keyboard else ()) for button in row)
    return tuple(button.callback_data for button in buttons if isinstance(button.callback_data, str))


def file_of(message: Message) -> File | None:
    """The document or photo of a message, by the id under which Telegram keeps it for us."""
    chat = str(message.chat.id)
    document = message.document
    if document is not None:
        return File(PLATFORM, document.file_id, document.file_name or "file", document.file_size or 0, chat)
    if message.photo:
        largest = message.photo[-1]
        # Telegram does not send a photo's id as a document.
        return File(PLATFORM, PHOTO + largest.file_id, "photo.jpg", largest.file_size or 0, chat)
    return None


def people_named(message: Message, faces: Faces) -> tuple[Somebody, ...]:
    """The members that a message names, as it names them."""
    kinds: list[str | None] = [MessageEntity.MENTION, MessageEntity.TEXT_MENTION]
    found = message.parse_entities(kinds) if message.text else message.parse_caption_entities(kinds)
    named = ((entity.user.id if entity.user else faces.find(words[1:]), words) for entity, words in found.items())
    return tuple(Somebody(str(account), bare(words)) for account, words in named if account is not None)
