"""A stand-in for Telegram's Bot API server, which a real bot talks to and a test acts through."""

from tests.fakes.telegram_server.chats import Chat, Group, User
from tests.fakes.telegram_server.entities import Link
from tests.fakes.telegram_server.keyboard import Button
from tests.fakes.telegram_server.messages import Answer, Edit, File, Message, Press, Topic, Update
from tests.fakes.telegram_server.requests import Fault, Request
from tests.fakes.telegram_server.server import TelegramServer

__all__ = [
    "Answer",
    "Button",
    "Chat",
    "Edit",
    "Fault",
    "File",
    "Group",
    "Link",
    "Message",
    "Press",
    "Request",
    "TelegramServer",
    "Topic",
    "Update",
    "User",
]
