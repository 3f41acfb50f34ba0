"""The terminal's conversation: lines in, answers out, and the chat's own commands that begin with a colon."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import uuid4
from zoneinfo import ZoneInfo

from rich.text import Text as Styled

from bot.cards import Button, Card, Question, unsign
from bot.command import Audience, Dispatch, Incoming, Response, answered
from bot.command.grammar import ASK
from bot.command.reading import read_span
from bot.command.spoken import spoken
from bot.delivery import Address
from bot.platforms.console.client import NAME, Console, Shown
from bot.platforms.console.clock import FURTHEST, ChatClock
from bot.platforms.console.render import clean
from bot.store import Store, people, schedule
from bot.words import date_words, time_words, word

NAME_LIMIT = 32


class Clockwork(Protocol):
    """The part of the bot that lets time pass (`bot.app.Roadmate`)."""

    dispatch: Dispatch
    store: Store

    async def catch_up(self) -> None:
        """Deliver what is due."""
        ...

    async def next_moment(self) -> datetime | None:
        """When something is due next."""
        ...

    def working(self) -> AbstractAsyncContextManager[None]:
        """Deliver by itself, as real time passes."""
        ...


@dataclass
class Chat:
    """One conversation; `who` speaks, in the group's room or in private."""

    app: Clockwork
    console: Console
    clock: ChatClock
    zone: str
    who: str = ""
    group: str = ""
    private: bool = False
    question: Question | None = None
    menu: Shown | None = None
    """The Other… of the menu that was answered last, while nothing else was said: it may be typed outright."""

    _over: bool = False
    verbs: dict[str, Callable[[str], Awaitable[None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.verbs = {
            "as": self._speak_as,
            "forward": self._forward,
            "private": self._go_private,
            "group": self._go_group,
            "help": self._help,
            "quit": self._quit,
        }

    async def run(self, who: str, group: str, folder: Path) -> bool:
        """Talk until the input ends or `:quit`: on a terminal with history and completion, on a pipe line by line.

        False when nobody can be called `who`.
        """
        await self.console.load()
        await self._speak_as(who)
        if not self.who:
            return False
        await self._enter(group)
        await self.app.catch_up()
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            await self._listen(_piped(self))
            return True
        from bot.platforms.console.prompt import typed

        self._say(word("en", "console-welcome", name=self.who, group=self.group))
        async with self.app.working():
            await self._listen(typed(self, folder))
        return True

    async def _listen(self, lines: AsyncIterator[str]) -> None:
        async for line in lines:
            await self.hear(line)
            if self._over:
                break

    async def hear(self, line: str) -> None:
        """Take in one line, answer it, and deliver what it caused."""
        line = line.strip()
        if not line:
            return
        if line.startswith(":"):
            name, _, rest = line[1:].partition(" ")
            verb = self.verbs.get(name.casefold())
            await (verb(rest.strip()) if verb else self._unknown(name))
            return
        await self._speak(line)
        await self.app.catch_up()

    @property
    def room(self) -> Address:
        """Where a line is typed."""
        return Address.private_to(NAME, self.who) if self.private else Address(NAME, self.group)

    @property
    def prompt(self) -> str:
        """Who speaks, where."""
        return f"{self.who}> " if self.private else f"{self.who}@{self.group}> "

    # ------------------------------------------------------------ speaking

    async def _speak(self, line: str) -> None:
        if line.startswith("/"):
            self._leave()
            await self._dispatch(self._incoming(line.removeprefix("/")))
        elif self.question is not None:
            await self._answer(self.question, line)
        elif line.isdecimal() and (int(line) in self.console.shown or not self.private):
            await self._press(int(line))
        elif self.menu is not None:
            await self._choose(self.menu, line)
        elif self.private:
            await self._dispatch(self._incoming(spoken(line) or line))
        else:
            self._say(word("en", "console-talk"))

    async def _answer(self, question: Question, text: str) -> None:
        self.question = None
        said, arguments = answered(question.line, question.inputs, [text])
        response = await self._dispatch(self._incoming(said, arguments))
        if response is not None and response.refused:
            # The same question may be answered better; any /command leaves it.
            self.question = question

    async def _press(self, number: int) -> None:
        shown = self.console.shown.get(number)
        if shown is None:
            self._say(word("en", "console-no-number", number=str(number)))
        else:
            await self._dispatch(self._pressed(shown))

    async def _choose(self, other: Shown, text: str) -> None:
        """Take a text as a menu's answer: press its Other… and answer what that asks, unless it is refused."""
        response = await self.app.dispatch(self._pressed(other))
        if response is not None and response.question is not None:
            await self._answer(response.question, text)
        elif response is not None:
            await self._show(response, self._incoming(text))

    def _leave(self) -> None:
        """Whatever was asked stays unanswered."""
        self.question = self.menu = None

    def _pressed(self, shown: Shown) -> Incoming:
        line, owner = unsign(shown.press)
        address = Address(NAME, shown.chat)
        foreign = address.account is not None and address.account != self.who
        return replace(
            self._incoming(line),
            address=address,
            private=address.account is not None,
            pressed=shown.message,
            owner=-1 if foreign else owner,
        )

    def _incoming(self, line: str, arguments: dict[str, str] | None = None) -> Incoming:
        return Incoming(
            platform=NAME,
            account=self.who,
            name=self.who,
            address=self.room,
            line=line,
            update=uuid4().hex,
            arguments=arguments or {},
            private=self.private,
            leader=True,
            chat_name=self.group,
        )

    async def _dispatch(self, incoming: Incoming) -> Response | None:
        self.menu = None
        response = await self.app.dispatch(incoming)
        if response is not None:
            await self._show(response, incoming)
        return response

    async def _show(self, response: Response, incoming: Incoming) -> None:
        if response.question is not None:
            self.question = response.question
            self.console.terminal.print(Styled(clean(response.question.title), style="bold"))
            for item in response.question.inputs:
                hint = "" if item.placeholder in item.label else f" ({item.placeholder})"
                self.console.terminal.print(Styled(f"  {clean(item.label)}{clean(hint)}", style="dim"))
            self.console.terminal.print()
        elif response.card is not None:
            whisper = response.audience is Audience.MEMBER and not incoming.private
            if whisper:
                self.console.terminal.print(Styled(word("en", "console-whisper"), style="dim italic"))
            # What only its reader sees stands in their private chat: another's press on it is refused.
            chat = Address.private_to(NAME, self.who).chat if whisper else incoming.address.chat
            message = uuid4().hex
            self.console.print(response.card, message, chat)
            self.menu = _other(response.card, message, chat)
            await self.console.save()

    # ------------------------------------------------------------ the chat's own commands

    async def _speak_as(self, name: str) -> None:
        name = "".join(clean(name).split())[:NAME_LIMIT].casefold()
        if not name or name.startswith(("@", "/", ":")):
            self._say(word("en", "console-bad-name"))
            return
        self.who = name
        self._leave()
        if self.group:
            await self._enter(self.group)

    async def _enter(self, group: str) -> None:
        """Go into a group's room; a new name founds a group there."""
        name = " ".join(clean(group).split())[:NAME_LIMIT] or "study"
        self.group, self.private = name, False
        home = Address(NAME, name)
        now = self.clock()
        async with self.app.store.writing() as db:
            found = await people.group_at(db, home)
            if found is None:
                found = await people.found_group(db, name, self.zone, now)
                await people.settle_in(db, found.id, home, name)
                await schedule.refresh_group(db, found.id, now)
            member, _ = await people.meet(db, NAME, self.who, self.who, self.zone, "en", now)
            await people.enter(db, found.id, member.id, now)

    async def _forward(self, span: str) -> None:
        time = read_span(span)
        if time is None or time <= timedelta(0):
            self._say(word("en", "console-forward-how"))
            return
        if time > FURTHEST:
            self._say(word("en", "console-too-far"))
            return
        target = self.clock() + time
        while (moment := await self.app.next_moment()) is not None and moment <= target:
            await self.clock.move_to(moment)
            await self.app.catch_up()
        await self.clock.move_to(target)
        local = self.clock().astimezone(ZoneInfo(self.zone))
        self._say(
            word("en", "console-now", moment=f"{date_words('en', local.date(), local.date())} {time_words(local)}")
        )

    async def _go_private(self, _rest: str) -> None:
        self.private = True
        self._leave()
        self._say(word("en", "console-in-private"))

    async def _go_group(self, name: str) -> None:
        self._leave()
        await self._enter(name or self.group)
        self._say(word("en", "console-in-group", group=self.group))

    async def _help(self, _rest: str) -> None:
        self._say(word("en", "console-help"))

    async def _quit(self, _rest: str) -> None:
        self._over = True

    async def _unknown(self, name: str) -> None:
        self._say(word("en", "console-unknown", name=name[:NAME_LIMIT]))

    def _say(self, text: str) -> None:
        self.console.terminal.print(Styled(clean(text), style="dim"))


def _other(card: Card, message: str, chat: str) -> Shown | None:
    """What takes any text for an answer, where a card is a menu that has just one such thing."""
    buttons = [button for row in card.rows for button in row if isinstance(button, Button)]
    asking = [button.press for button in buttons if button.line.endswith(f":{ASK}")]
    return Shown(asking[0], message, chat) if card.choice is not None and len(asking) == 1 else None


async def _piped(chat: Chat) -> AsyncIterator[str]:
    """Lines of a pipe, one at a time, each shown after its prompt so that the output reads as a conversation."""
    for line in sys.stdin:
        chat.console.terminal.print(Styled(chat.prompt + clean(line.rstrip("\n"))))
        yield line
