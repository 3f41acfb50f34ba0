"""A stand-in Discord that the real client connects to: gateway, REST, and users to drive in tests."""

from .client import NotOfferedError
from .interactions import Choice, Exchange, Modal
from .messages import Attachment, Message
from .places import Channel, Guild, Member, Permission, Role, User
from .server import DiscordServer
from .traffic import Limit, Request

__all__ = [
    "Attachment",
    "Channel",
    "Choice",
    "DiscordServer",
    "Exchange",
    "Guild",
    "Limit",
    "Member",
    "Message",
    "Modal",
    "NotOfferedError",
    "Permission",
    "Request",
    "Role",
    "User",
]
