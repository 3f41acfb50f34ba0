"""Telegram's driver: the real bot over HTTP, against the stand-in server, with people who type and press there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.command import Dispatch, Hearing
from bot.commands import registry
from bot.delivery import Address
from bot.pacing import Pace
from bot.platforms.telegram.client import TelegramPlatform
from bot.platforms.telegram.rich import bare
from bot.store import Store, belonging, homes, schedule
from bot.store.commits import Commits
from bot.store.memory import StoredMemory
from tests.fakes.migrated import migrate
from tests.fakes.patience import PATIENCE
from tests.fakes.shipped import LIBRARY
from tests.fakes.telegram_server import Group, Message, Press, TelegramServer, Topic, Update, User
from tests.platforms.driver import Seen

ZONE = "Asia/Kolkata"
USERNAME = "roadmate_bot"


class TelegramDriver:
    """A supergroup that is a group's home, led by lena; people come into being, and into the group, when they act.

    Their private chats are closed until they write in private. `server`, `platform`, `dispatch` and `store` are there
    for what only Telegram has.
    """

    def __init__(
        self, folder: Path, clock: Callable[[], datetime], *, forum: bool = False, pace: Pace | None = None
    ) -> None:
        self.clock = clock
        # A dialogue is about words; what is about pace gives one.
        self.pace = pace or Pace(1000)
        self.server = TelegramServer(username=USERNAME, clock=self.clock, query_lifetime=60)
        self.store = Store.open(f"sqlite+aiosqlite:///{folder / 'telegram.db'}")
        self.dispatch = Dispatch(self.store, lambda: LIBRARY.roadmaps, registry, self.clock, zone=ZONE)
        self.hearing = Hearing(self.dispatch)
        self.memory = StoredMemory(self.store, "telegram", clock, Commits(self.store))
        self.people: dict[str, User] = {}
        self.lena = self._come("lena")
        self.group = self.server.add_group("study", admins=[self.lena], forum=forum)
        self.topic: Topic | None = None
        self._answers: set[Message] = set()
        self._asked: dict[str, Message] = {}

    async def __aenter__(self) -> Self:
        await migrate(self.store)
        await self.server.__aenter__()
        if self.group.forum:
            self.topic = self.group.add_topic("Check-ins")
            self.server.updates.pending.clear()
        async with self.store.writing() as db:
            group = await belonging.found_group(db, self.group.title, ZONE, self.clock())
            await homes.settle_in(db, group.id, self.home, self.group.title)
            await schedule.refresh_group(db, group.id, self.clock())
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self.server.__aexit__(kind, error, trace)
        await self.store.close()
        if kind is None:
            assert self.server.violations == []
            assert self.server.unanswered == []

    async def start(self) -> None:
        """Start the bot, as after a restart of the process: nothing is left but the store."""
        polls = len(self.server.calls("getUpdates"))
        token, url = self.server.token, self.server.url
        self.platform = TelegramPlatform(token, self.hearing, self.memory, api_url=url, pace=self.pace)
        self.serving = asyncio.create_task(self.platform.run())
        await self.server.until(
            lambda: len(self.server.calls("getUpdates")) > polls or None, PATIENCE, lambda: "the bot's first poll"
        )
        # And has heard what was said before, if it can.
        await self.server.until(
            lambda: self.platform.status().connected or None, PATIENCE, lambda: "the bot's connection"
        )

    async def stop(self) -> None:
        """Stop the bot as the process does."""
        self.serving.cancel()
        with suppress(asyncio.CancelledError):
            await self.serving

    @property
    def home(self) -> Address:
        """Where the group lives."""
        return Address("telegram", str(self.group.id), str(self.topic.thread) if self.topic else "")

    def person(self, who: str) -> User:
        """Somebody in the group."""
        user = self.people.get(who) or self._come(who)
        self.group.statuses.setdefault(user.id, "member")
        return user

    def _come(self, who: str) -> User:
        self.people[who] = self.server.add_user(who, username=who)
        return self.people[who]

    # What the contract asks for

    async def say(self, who: str, line: str, *, private: bool = False, file: tuple[str, bytes] | None = None) -> Seen:
        """Type a command; in the group with the bot's name, which privacy mode wants. A file has it as its caption."""
        user = self.person(who)
        if not private and line.startswith("/"):
            name, blank, rest = line.partition(" ")
            line = f"{name}@{USERNAME}{blank}{rest}"
        document = None if file is None else (*file, "application/octet-stream")
        update = await self.server.says(
            user,
            "" if document else line,
            caption=line if document else None,
            chat=None if private else self.group,
            topic=None if private else self.topic,
            document=document,
        )
        return await self._what_follows(who, update)

    async def press(self, who: str, label: str) -> Seen:
        """Press the newest button of that label that this person can see, else the newest at all."""
        user = self.person(who)
        shown = [m for chat in (self.group, user) for m in self.server.messages(chat, by=self.server.bot)]
        for message in sorted(
            shown, key=lambda message: (message.edit_date or message.date, message.order), reverse=True
        ):
            found = next((b for b in message.buttons if b == label or b.startswith(f"{label} · ")), None)
            if found is not None:
                return await self.press_on(who, message, found)
        raise LookupError(f"{who} sees no button {label!r} among {[message.buttons for message in shown]}")

    async def press_on(self, who: str, message: Message, label: str) -> Seen:
        """Press a button of a certain message."""
        mark = self._mark(who)
        press = await self.server.press(self.person(who), message, label)
        return await self._what_follows(who, press.update, press, mark)

    async def press_in(self, chat: Group, user: User, message: Message, label: str) -> None:
        """Press a button in another chat, and wait until that was handled."""
        assert message.chat is chat
        await self.handled((await self.server.press(user, message, label)).update)

    async def choose(self, who: str, label: str) -> Seen:
        """Menus are inline keyboards."""
        return await self.press(who, label)

    async def answer(self, who: str, *texts: str) -> Seen:
        """Reply to the question asked last."""
        question = self._asked.pop(who)
        private = question.chat is self.person(who)
        update = await self.server.says(
            self.person(who),
            " ".join(texts),
            chat=None if private else self.group,
            topic=None if private else self.topic,
            reply_to=question,
        )
        return await self._what_follows(who, update)

    async def posts(self) -> list[Seen]:
        """The bot's messages in the group that answered nobody."""
        return [self._seen([m]) for m in self.server.messages(self.group, by=self.server.bot) if m not in self._answers]

    async def mail(self, who: str) -> list[Seen]:
        """The bot's private messages to somebody that answered nothing."""
        user = self.person(who)
        return [self._seen([m]) for m in self.server.messages(user, by=self.server.bot) if m not in self._answers]

    # What somebody sees

    async def handled(self, update: Update) -> None:
        """Wait until the bot has confirmed an update, which it does when it has handled it."""

        def confirmed() -> bool | None:
            return all(waiting.id != update.id for waiting in self.server.updates.pending) or None

        await self.server.until(confirmed, PATIENCE, lambda: f"the confirmation of {update}")

    def _mark(self, who: str) -> tuple[int, int]:
        """How much there was before: the newest message and the number of edits."""
        shown = self.server.stored(self.group) + self.server.stored(self.person(who))
        return max((message.order for message in shown), default=0), len(self.server.edits)

    async def _what_follows(
        self, who: str, update: Update, press: Press | None = None, mark: tuple[int, int] | None = None
    ) -> Seen:
        """The answer: a toast, an edit or new messages, whichever the bot chose."""
        if update.reached:
            await self.handled(update)
        written = update.message.order if update.message is not None and press is None else 0
        order, edits = mark or (written, len(self.server.edits))
        shown = [m for chat in (self.group, self.person(who)) for m in self.server.messages(chat, by=self.server.bot)]
        new = [message for message in shown if message.order > order]
        new = [edit.message for edit in self.server.edits[edits:]] + new
        self._answers.update(new)
        for message in new:
            if message.force_reply:
                self._asked[who] = message
        if not new and press is not None and press.answer is not None:
            return Seen(press.answer.text, private=True)
        return self._seen(new)

    def _seen(self, messages: list[Message]) -> Seen:
        if not messages:
            return Seen("")
        names = {user.id: name for name, user in self.people.items()}
        pinged = (frozenset(names[id] for id in message.pings if id in names) for message in messages)
        return Seen(
            bare("\n".join(message.text for message in messages)),
            tuple(messages[-1].buttons),
            private=isinstance(messages[-1].chat, User),
            edited=messages[0].edited,
            pings=frozenset().union(*pinged),
            files={message.file.name: message.file.data for message in messages if message.file},
        )
