"""The terminal's conversation."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import uuid4
from zoneinfo import ZoneInfo

from rich.text import Text as Styled

from bot.cards import Button, Card, Question
from bot.command import Audience, Hearing, Response
from bot.command.grammar import ASK
from bot.command.heard import ChatStanding, Heard, Origin, Pressed, Replied, RoomEntered, Said
from bot.command.reading import read_span
from bot.delivery import Address
from bot.memory import Unavailable
from bot.platforms.console.client import NAME, Console
from bot.platforms.console.clock import FURTHEST, ChatClock
from bot.platforms.console.render import printable
from bot.words import date_words, time_words, word

NAME_LIMIT = 32


class Clockwork(Protocol):
    """The part of the bot that lets time pass (`bot.app.Roadmate`)."""

    hearing: Hearing

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
    asked: Replied | None = None
    """What was asked last, while nothing else was said: a line without a slash is its answer."""

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

        self._say(word(self.language, "console-welcome", name=self.who, group=self.group))
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
            try:
                await (verb(rest.strip()) if verb else self._unknown(name))
            except Unavailable as error:
                await self._show(self.app.hearing.fault("the chat's own command failed", error), self.origin())
            return
        await self._speak(line)
        await self.app.catch_up()

    @property
    def language(self) -> str:
        """What the chat itself speaks: there is nobody in it but who started it."""
        return self.app.hearing.language

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
            await self._hear(Said(self.origin(), line.removeprefix("/"), command=True, addressed=True))
        elif self.asked is not None and self.asked.other is None:
            await self._reply(self.asked, line)
        elif line.isdecimal() and (int(line) in self.console.shown or not self.private):
            await self._press(int(line))
        elif self.asked is not None:
            await self._reply(self.asked, line)
        elif (await self._hear(Said(self.origin(), line))) is None:
            self._say(word(self.language, "console-talk"))

    async def _reply(self, asked: Replied, line: str) -> None:
        """Take a line for the answer to what was asked last."""
        response = await self._hear(Said(self.origin(), line, reply=asked))
        if response is not None and response.refused:
            # The same may be answered better; any /command leaves it.
            self.asked = asked

    async def _press(self, number: int) -> None:
        shown = self.console.shown.get(number)
        if shown is None:
            self._say(word(self.language, "console-no-number", number=str(number)))
        else:
            await self._hear(Pressed(self.origin(Address(NAME, shown.chat)), shown.press, shown.message))

    def _leave(self) -> None:
        """Whatever was asked stays unanswered."""
        self.asked = None

    def origin(self, address: Address | None = None) -> Origin:
        """Who speaks; where they press, that is where the button stands."""
        room = address or self.room
        return Origin(
            platform=NAME,
            account=self.who,
            name=self.who,
            address=room,
            update=uuid4().hex,
            private=room.account is not None,
            chat_name=self.group,
            standing=_everybody_leads,
        )

    async def _hear(self, heard: Heard) -> Response | None:
        self.asked = None
        response = await self.app.hearing(heard)
        if response is not None:
            await self._show(response, heard.origin)
        return response

    async def _show(self, response: Response, origin: Origin) -> None:
        message = uuid4().hex
        if response.question is not None:
            await self._ask(response.question, message)
        elif response.card is not None:
            whisper = response.audience is Audience.MEMBER and not origin.private
            if whisper:
                self.console.terminal.print(Styled(word(self.language, "console-whisper"), style="dim italic"))
            # What only its reader sees stands in their private chat: another's press on it is refused.
            chat = Address.private_to(NAME, self.who).chat if whisper else origin.address.chat
            self.console.print(response.card, message, chat)
            self.asked = _menu(response.card, message)
            await self.console.save()

    async def _ask(self, question: Question, message: str) -> None:
        self.console.terminal.print(Styled(printable(question.title), style="bold"))
        for item in question.inputs:
            hint = "" if item.placeholder in item.label else f" ({item.placeholder})"
            self.console.terminal.print(Styled(f"  {printable(item.label)}{printable(hint)}", style="dim"))
        self.console.terminal.print()
        self.asked = Replied(message)
        # The prompt answers, wherever what was pressed may stand.
        forgotten = await self.app.hearing.asked(self.origin(), self.room, message, question)
        if forgotten is not None:
            await self._show(forgotten, self.origin())

    # ------------------------------------------------------------ the chat's own commands

    async def _speak_as(self, name: str) -> None:
        name = "".join(printable(name).split())[:NAME_LIMIT].casefold()
        if not name or name.startswith(("@", "/", ":")):
            self._say(word(self.language, "console-bad-name"))
            return
        self.who = name
        self._leave()
        if self.group:
            await self._enter(self.group)

    async def _enter(self, group: str) -> None:
        """Go into a group's room; a new name founds a group there."""
        name = " ".join(printable(group).split())[:NAME_LIMIT] or "study"
        self.group, self.private = name, False
        lost = await self.app.hearing.notice(RoomEntered(NAME, self.who, Address(NAME, name), self.zone))
        if lost is not None:
            await self._show(lost, self.origin())

    async def _forward(self, span: str) -> None:
        time = read_span(span)
        if time is None or time <= timedelta(0):
            self._say(word(self.language, "console-forward-how"))
            return
        if time > FURTHEST:
            self._say(word(self.language, "console-too-far"))
            return
        target = self.clock() + time
        while (moment := await self.app.next_moment()) is not None and moment <= target:
            await self.clock.move_to(moment)
            await self.app.catch_up()
        await self.clock.move_to(target)
        local = self.clock().astimezone(ZoneInfo(self.zone))
        self._say(
            word(
                self.language,
                "console-now",
                moment=f"{date_words(self.language, local.date(), local.date())} {time_words(local)}",
            )
        )

    async def _go_private(self, _rest: str) -> None:
        self.private = True
        self._leave()
        self._say(word(self.language, "console-in-private"))

    async def _go_group(self, name: str) -> None:
        self._leave()
        await self._enter(name or self.group)
        self._say(word(self.language, "console-in-group", group=self.group))

    async def _help(self, _rest: str) -> None:
        self._say(word(self.language, "console-help"))

    async def _quit(self, _rest: str) -> None:
        self._over = True

    async def _unknown(self, name: str) -> None:
        self._say(word(self.language, "console-unknown", name=name[:NAME_LIMIT]))

    def _say(self, text: str) -> None:
        self.console.terminal.print(Styled(printable(text), style="dim"))


async def _everybody_leads() -> ChatStanding:
    return ChatStanding(leader=True)


def _menu(card: Card, message: str) -> Replied | None:
    """What may be answered outright: a card that is a menu with just one button that takes any text."""
    buttons = [button for row in card.rows for button in row if isinstance(button, Button)]
    asking = [button.press for button in buttons if button.line.endswith(f":{ASK}")]
    return Replied(message, other=asking[0]) if card.choice is not None and len(asking) == 1 else None


async def _piped(chat: Chat) -> AsyncIterator[str]:
    """Lines of a pipe, one at a time, each shown after its prompt so that the output reads as a conversation."""
    for line in sys.stdin:
        chat.console.terminal.print(Styled(chat.prompt + printable(line.rstrip("\n"))))
        yield line
