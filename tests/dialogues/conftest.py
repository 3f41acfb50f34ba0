"""A study group in a test's hands: people speak and press, and the transcript is what they see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from bot.cards import Card, Question, unsign
from bot.command import Audience, Dispatch, Incoming, Response, Somebody, answered
from bot.command.parameters import File
from bot.commands import registry
from bot.delivery import Address
from bot.library import Library
from bot.platforms.console.render import page, plain_lines
from bot.store import Store, belonging, homes, schedule
from tests.fakes.migrated import migrate
from tests.fakes.shipped import LIBRARY

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
"""Friday 20 November 2026, 12:00 in Kolkata, where the test's group lives."""


class Chat:
    """A group on a platform that exists only here; its home is the address `room`."""

    def __init__(self, store: Store, library: Library) -> None:
        self.now = NOON
        self.library = library
        self.store = store
        self.group = 0
        self.room = Address("test", "room")
        self.leaders = {"lena"}
        self.dispatch = Dispatch(store, lambda: self.library.roadmaps, registry, lambda: self.now, zone="Asia/Kolkata")
        self.last: Response | None = None
        self._updates = count(1)
        self._messages = count(1)
        self._shown: dict[str, str] = {}
        self._question: Question | None = None

    def forward(self, **time: float) -> None:
        """Let time pass: `forward(days=1)`."""
        self.now += timedelta(**time)

    async def say(
        self,
        who: str,
        line: str,
        *,
        private: bool = False,
        update: str | None = None,
        room: Address | None = None,
        arguments: dict[str, str | File | Somebody] | None = None,
        hint: str | None = None,
    ) -> str:
        """Type a line, in the group unless `private`; gives what is answered, as plain text."""
        address = Address.private_to("test", who) if private else room or self.room
        return await self._send(
            Incoming(
                platform="test",
                account=who,
                name=who.capitalize(),
                address=address,
                line=line.removeprefix("/"),
                arguments=arguments or {},
                update=update or f"u{next(self._updates)}",
                private=private,
                leader=who in self.leaders,
                chat_name=address.chat,
                hint=hint,
            )
        )

    async def press(self, who: str, label: str, *, private: bool = False, message: str | None = None) -> str:
        """Press the newest button or menu answer of that label, whoever it was shown to."""
        assert label in self._shown, f"no button {label!r} among {list(self._shown)}"
        return await self.press_raw(who, self._shown[label], private=private, message=message)

    async def press_raw(self, who: str, press: str, *, private: bool = False, message: str | None = None) -> str:
        """Press what a platform would carry: a line with its owner."""
        line, owner = unsign(press)
        return await self._send(
            Incoming(
                platform="test",
                account=who,
                name=who.capitalize(),
                address=Address.private_to("test", who) if private else self.room,
                line=line,
                owner=owner,
                update=f"u{next(self._updates)}",
                pressed=message or f"m{next(self._messages)}",
                private=private,
                leader=who in self.leaders,
            )
        )

    async def answer(self, who: str, *texts: str, private: bool = False) -> str:
        """Answer the free-text question asked last."""
        assert self._question is not None, "nothing was asked"
        line, arguments = answered(self._question.line, self._question.inputs, texts)
        return await self.say(who, line, private=private, arguments=dict(arguments))

    def label(self, text: str) -> str:
        """What the newest button of that label carries."""
        return self._shown[text]

    @property
    def private(self) -> bool:
        """Whether the last answer was for the member alone."""
        return self.last is not None and self.last.audience is Audience.MEMBER

    async def _send(self, incoming: Incoming) -> str:
        self.last = await self.dispatch(incoming)
        if self.last is None:
            return ""
        if self.last.question is not None:
            self._question = self.last.question
            return f"{self.last.question.title} <{', '.join(i.label for i in self.last.question.inputs)}>"
        assert self.last.card is not None
        self._remember(self.last.card)
        return plain_lines(self.last.card)

    def _remember(self, card: Card) -> None:
        for pressable in page(card).pressables:
            self._shown.pop(pressable.label, None)
            self._shown[pressable.label] = pressable.press


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    """A group named Backend '27 in Kolkata, on an SQLite file of its own."""
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    await migrate(store)
    chat = Chat(store, LIBRARY)
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend '27", "Asia/Kolkata", chat.now)
        await homes.settle_in(db, group.id, chat.room, "backend")
        await schedule.refresh_group(db, group.id, chat.now)
        chat.group = group.id
    yield chat
    await store.close()
