"""Discord's driver: the real bot over a websocket and REST, against the stand-in server, with people who use it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.command import Command, Dispatch, Hearing, Incoming, Scene
from bot.command.arguments import split
from bot.command.parameters import FileKind, MateKind, OneOf
from bot.commands import registry
from bot.delivery import Address
from bot.platforms.discord.client import DiscordPlatform
from bot.store import Store, belonging, homes, schedule
from bot.store.commits import Commits
from bot.store.memory import StoredMemory
from tests.fakes.discord_server import Channel, DiscordServer, Exchange, Message, Modal, NotOfferedError, User
from tests.fakes.discord_server.interactions import Kind
from tests.fakes.discord_server.messages import SELECTS, written_on
from tests.fakes.migrated import migrate
from tests.fakes.shipped import LIBRARY
from tests.platforms.discord_markdown import shown
from tests.platforms.driver import Seen

ZONE = "Asia/Kolkata"


class DiscordDriver:
    """A server whose channel is a group's home, led by lena; people come into being, and into it, when they act.

    `server`, `platform`, `dispatch` and `store` are there for what only Discord has.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime], group: str = "study") -> None:
        self.clock = clock
        self.server = DiscordServer(clock=clock)
        self.store = Store.open(f"sqlite+aiosqlite:///{folder / 'discord.db'}")
        self.dispatch = Dispatch(self.store, lambda: LIBRARY.roadmaps, registry, clock, zone=ZONE)
        self.hearing = Hearing(self.dispatch)
        self.memory = StoredMemory(self.store, "discord", clock, Commits(self.store))
        self.lena = self.server.add_user("lena")
        self.people: dict[str, User] = {"lena": self.lena}
        self.guild = self.server.add_guild("Learners", self.lena)
        self.channel = self.guild.add_channel(group)
        self.server.invite_bot(self.guild)
        self._whispers: list[Message] = []
        self._asked: dict[str, Modal] = {}

    async def __aenter__(self) -> Self:
        await migrate(self.store)
        await self.server.start()
        async with self.store.writing() as db:
            group = await belonging.found_group(db, self.channel.name, ZONE, self.clock())
            await homes.settle_in(db, group.id, self.home, self.channel.name)
            await schedule.refresh_group(db, group.id, self.clock())
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self.server.stop()
        await self.store.close()
        if kind is None:
            assert self.server.violations == [], "\n".join(self.server.violations)

    async def start(self, dispatch: Dispatch | None = None) -> None:
        """Start the bot, as after a restart of the process: nothing is left but the store."""
        identified = self.server.gateway.identified
        self.platform = DiscordPlatform(
            self.server.token,
            self.hearing if dispatch is None else Hearing(dispatch),
            self.memory,
            api_url=self.server.api_url,
            gateway_url=self.server.gateway_url,
        )
        self._serving = asyncio.create_task(self.platform.run())
        await self.server.ready(identified=identified + 1)

    async def stop(self) -> None:
        """Stop the bot as the process does."""
        self._serving.cancel()
        with suppress(asyncio.CancelledError):
            await self._serving

    @property
    def home(self) -> Address:
        """Where the group lives."""
        return Address("discord", str(self.channel.id))

    def person(self, who: str) -> User:
        """Somebody in the server."""
        if who not in self.people:
            self.people[who] = self.server.add_user(who)
            self.guild.join(self.people[who])
        return self.people[who]

    # ---- what the contract asks for

    async def say(self, who: str, line: str, *, private: bool = False, file: tuple[str, bytes] | None = None) -> Seen:
        """Fill in a slash command as the typed line reads."""
        user = self.person(who)
        channel = self.server.dm(user) if private else self.channel
        name, rest = split(line.removeprefix("/"))
        command = registry.find(name)
        options = await self._filled_in(user, channel, command, rest)
        option = next((p.name for p in command.parameters if isinstance(p.kind, FileKind)), "")
        files = None if file is None else {option: (*file, "application/octet-stream")}
        return await self._seen_after(who, await self.server.slash(user, channel, command.name, options, files=files))

    async def press(self, who: str, label: str) -> Seen:
        """Press the newest button of that label; one shown to somebody else as a tampered client would."""
        user = self.person(who)
        message = self._newest(user, lambda message: label in message.buttons)
        if message.visible_to in (None, user) and user in message.channel.audience():
            return await self._seen_after(who, await self.server.press(user, message, label))
        part = next(part for part in message.parts if written_on(part) == label)
        return await self.forge(who, message, part["custom_id"])

    async def forge(self, who: str, message: Message, custom_id: str) -> Seen:
        """Send a press that Discord's own client would not offer."""
        data = {"component_type": 2, "custom_id": custom_id, "id": 1}
        opened = self.server.interactions.open(Kind.COMPONENT, self.person(who), self.channel, data, source=message)
        return await self._seen_after(who, await self.server.settled(opened))

    async def choose(self, who: str, label: str) -> Seen:
        """Choose in the newest menu that offers it."""
        user = self.person(who)
        message = self._newest(user, lambda message: any(label in labels for labels in _menus(message).values()))
        menu = next(custom_id for custom_id, labels in _menus(message).items() if label in labels)
        return await self._seen_after(who, await self.server.choose(user, message, [label], menu=menu))

    async def answer(self, who: str, *texts: str) -> Seen:
        """Fill in the modal that was opened last."""
        modal = self._asked.pop(who)
        values = dict(zip(modal.inputs, texts, strict=False))
        return await self._seen_after(who, await self.server.submit(self.person(who), modal, values))

    async def posts(self) -> list[Seen]:
        """The bot's messages in the channel that answered nobody."""
        return [self.seen(m) for m in self.server.messages(self.channel) if m.author.bot and m.interaction is None]

    async def mail(self, who: str) -> list[Seen]:
        """The bot's private messages to somebody that answered nothing."""
        return [self.seen(m) for m in self.server.dms(self.person(who)) if m.interaction is None]

    # ---- what somebody sees

    def seen(self, *messages: Message, edited: bool = False) -> Seen:
        """Messages as their reader reads them."""
        names = {user.id: name for name, user in self.people.items()}
        return Seen(
            "\n".join(shown(message.text, ZONE) for message in messages),
            tuple(label for message in messages for label in message.buttons),
            private=all(message.ephemeral or message.channel.guild is None for message in messages),
            edited=edited,
            pings=frozenset(
                names.get(ping, str(ping)) if isinstance(ping, int) else ping for m in messages for ping in m.pings
            ),
            files={file.filename: file.data for message in messages for file in message.attachments},
        )

    async def _seen_after(self, who: str, exchange: Exchange) -> Seen:
        """The answer, when the bot has nothing more under way."""
        assert not exchange.failed, "the bot did not answer in time"
        await self.idle()
        if exchange.modal is not None:
            self._asked[who] = exchange.modal
            return Seen("\n".join((exchange.modal.title, *exchange.modal.inputs)), private=True)
        answers = [message for message in (exchange.reply, *exchange.followups) if message and not message.deleted]
        self._whispers += [message for message in answers if message.ephemeral and message not in self._whispers]
        return self.seen(*answers, edited=exchange.edited)

    async def idle(self) -> None:
        """Wait until the bot has handled every event."""
        while under_way := {task for client in self.platform._shards.clients.values() for task in client._under_way}:
            await asyncio.wait(under_way)

    def _newest(self, user: User, fits: Callable[[Message], bool]) -> Message:
        """The newest message that fits, of those this person sees before those of others."""
        everything = [*self._whispers, *self.server.messages(self.channel)]
        for person in self.people.values():
            everything += self.server.dms(person)
        mine = [m for m in everything if m.visible_to in (None, user) and user in m.channel.audience()]
        for messages in (mine, everything):
            if found := [message for message in messages if not message.deleted and fits(message)]:
                return max(found, key=lambda message: (message.edited_at or message.created_at, message.id))
        raise NotOfferedError(f"nothing of the kind among {[message.buttons for message in everything]}")

    # ---- a typed line as options

    async def _filled_in(self, user: User, channel: Channel, command: Command, rest: str) -> dict[str, object]:
        scene = await self._scene(user, channel)
        typed = dict(_arguments(command, rest, scene))
        return {name: self._value(command, name, text) for name, text in typed.items()}

    def _value(self, command: Command, name: str, text: str) -> object:
        parameter = command.parameter(name)
        assert parameter is not None
        if isinstance(parameter.kind, MateKind):
            return self.people[text.removeprefix("@")]
        if isinstance(parameter.kind, OneOf):
            return text.casefold()
        return text

    async def _scene(self, user: User, channel: Channel) -> Scene:
        private = channel.guild is None
        address = Address.private_to("discord", str(user.id)) if private else Address("discord", str(channel.id))
        incoming = Incoming("discord", str(user.id), user.name, address, "", private=private)
        async with self.store.reading() as db:
            meeting = self.dispatch.meeting
            speaker = await meeting.recognise(db, incoming) or await meeting.stranger(db, incoming)
            return await meeting.scene(db, incoming, speaker, mates=True)


def _menus(message: Message) -> dict[str, list[str]]:
    """What the select menus of a message offer, by their ids."""
    selects = [part for part in message.parts if part["type"] in SELECTS]
    return {part["custom_id"]: [option["label"] for option in part["options"]] for part in selects}


def _arguments(command: Command, rest: str, scene: Scene) -> Iterator[tuple[str, str]]:
    """A line's words by parameter: what follows `name:` up to the next name, and before that what each understands."""
    names = "|".join(re.escape(parameter.name) for parameter in command.parameters)
    pieces = re.split(rf"(?:^|(?<=\s))({names}):", rest) if names else [rest]
    yield from _by_position(command, pieces[0].split(), scene)
    for name, text in zip(pieces[1::2], pieces[2::2], strict=True):
        yield name, text.strip().removeprefix('"').removesuffix('"')


def _by_position(command: Command, words: Sequence[str], scene: Scene) -> Iterator[tuple[str, str]]:
    free: list[Any] = list(command.parameters)
    while words:
        for parameter in free:
            runs = range(len(words), 0, -1)
            understood = [n for n in runs if parameter.kind.read(" ".join(words[:n]), scene) is not None]
            if understood and not parameter.kind.text:
                break
        else:
            # Nobody understands it: what the command is about is refused in its name, else it is free text.
            texts = [parameter for parameter in free if parameter.kind.text]
            parameter = free[0] if free[0].kind.subject or not texts else texts[-1]
            understood = [len(words)]
        free.remove(parameter)
        yield parameter.name, " ".join(words[: understood[0]])
        words = words[understood[0] :]
