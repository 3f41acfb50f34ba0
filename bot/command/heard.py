"""What a platform heard, as values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

from bot.command.call import Somebody
from bot.command.parameters import File
from bot.delivery import Address


@dataclass(frozen=True, slots=True)
class ChatStanding:
    """Whether somebody leads the chat they are in, and which permissions we lack there."""

    leader: bool = False
    missing: tuple[str, ...] = ()


async def nobody_leads() -> ChatStanding:
    """Where there is nothing to lead."""
    return ChatStanding()


@dataclass(frozen=True, slots=True)
class Origin:
    """Who did something, and where; the fields are those of `Incoming`.

    `standing` is asked only for what leaders alone may do: some platforms have to find it out. `anonymous`: they speak
    as the chat itself or as a channel, so nobody knows who they are.
    """

    platform: str
    account: str
    name: str
    address: Address
    update: str | None = None
    private: bool = False
    chat_name: str = ""
    whispers: bool = True
    hint: str | None = None
    anonymous: bool = False
    standing: Callable[[], Awaitable[ChatStanding]] = nobody_leads


@dataclass(frozen=True, slots=True)
class Replied:
    """Our own message that somebody replies to: its id, and what its buttons carry, each a line with its owner.

    `other` is the button of a menu that takes any words for an answer.
    """

    message: str
    presses: tuple[str, ...] = ()
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Words, in a group or in private. A `command` is its line without the sign that the platform puts before it.

    `addressed`: it names us, so it is no other bot's. `mentions` are the accounts that are named, as they are named.
    `captioned`: what is said of a file stands under it. `several`: one of many that were sent at once.
    """

    origin: Origin
    text: str
    command: bool = False
    addressed: bool = False
    reply: Replied | None = None
    file: File | None = None
    mentions: tuple[Somebody, ...] = ()
    captioned: bool = False
    several: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button, or an answer of a menu: the line it carries with its owner, and the message it stands on.

    `whispered`: nobody else sees that message.
    """

    origin: Origin
    press: str
    message: str
    whispered: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that only its owner sees: a command's line and what was filled in, by the names of its parameters."""

    origin: Origin
    line: str
    arguments: Mapping[str, str | File | Somebody] = field(default_factory=dict)
    owner: int | None = None


Heard = Said | Pressed | Filled
"""What is answered."""


@dataclass(frozen=True, slots=True)
class PrivateOpened:
    """Somebody opened our private chat."""

    platform: str
    account: str


@dataclass(frozen=True, slots=True)
class PrivateClosed:
    """Somebody stopped our private chat, or takes no messages there."""

    platform: str
    account: str


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """Somebody left a chat; their next command there makes them a member again."""

    platform: str
    chat: str
    account: str


@dataclass(frozen=True, slots=True)
class ChatMoved:
    """A chat has another id now. It may be told twice: the second time there is nothing to do."""

    platform: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class BotRemoved:
    """We are not in these chats any more."""

    addresses: Collection[Address]


@dataclass(frozen=True, slots=True)
class BotAdded:
    """We were invited to a place: a chat, or a server with its `chats`. `invitation` tells one time from the next.

    `keyed`: a greeting that is sent twice arrives once, so it counts when it has arrived (`BotGreeted`); else it counts
    when it is about to leave.
    """

    platform: str
    place: str
    invitation: str
    chats: Collection[str]
    keyed: bool


@dataclass(frozen=True, slots=True)
class BotGreeted:
    """Our greeting for an invitation has arrived."""

    added: BotAdded


@dataclass(frozen=True, slots=True)
class RoomEntered:
    """Somebody goes into a room whose name is all there is to it: a new name founds a group, in that time zone."""

    platform: str
    account: str
    room: Address
    zone: str


Noticed = PrivateOpened | PrivateClosed | MemberLeft | ChatMoved | BotRemoved | BotGreeted | RoomEntered
"""What is noted and needs no answer."""
