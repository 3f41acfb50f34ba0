"""What is slow to show is built after the commit, beside the event loop; where that fails, its effect stands."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.cards import Card, Paragraph, Picture, Text, sign
from bot.command import Call, Response
from bot.command.building import AT_ONCE, Building
from bot.command.registry import Command, Registry
from bot.commands import registry
from bot.domain.refusal import Refusal
from bot.store import people, wishes
from bot.views import export
from tests.dialogues.conftest import Chat

LONG = 30.0
"""Seconds after which a test that waits for a thread has failed."""

Build = Callable[[Card], Card]


@dataclass
class Held:
    """A picture that is drawn when the test says so."""

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    go: threading.Event = field(default_factory=threading.Event)
    threads: list[int] = field(default_factory=list)

    def __call__(self, card: Card) -> Card:
        self.threads.append(threading.get_ident())
        self.begun.release()
        assert self.go.wait(LONG), "the test let nobody go on"
        return drawn(card)

    async def under_way(self) -> None:
        """Wait until a thread has begun."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=LONG)


def drawn(card: Card) -> Card:
    """The card with a picture."""
    return replace(card, picture=Picture(b"png", "a bar"))


def broken(card: Card) -> Card:
    """A fault of ours."""
    raise ZeroDivisionError("no bar is that tall")


def declined(card: Card) -> Card:
    """A polite no with a way out."""
    raise Refusal("refuse-command", text="draw", ways=[("/help", "help")])


def drawing(chat: Chat, build: Build, seconds: float = LONG) -> list[tuple[str, bool]]:
    """Give the chat `/draw`, which sets a name and shows a picture, and `/look`, which only shows it; gives what is
    observed: each command, and whether it failed."""

    async def draw(call: Call) -> Response:
        await wishes.set_name(call.change, "Drawn")
        call.summarise("change-name")
        return await look(call)

    async def look(_call: Call) -> Response:
        return Response(Card(parts=(Paragraph((Text("Your week"),)),)), build=build)

    commands = Registry({command.name: command for command in registry}, registry.finish)
    commands.add(Command("draw", (), draw, False, True, (), (), False))
    commands.add(Command("look", (), look, False, True, (), (), True))
    observed: list[tuple[str, bool]] = []

    def observe(name: str, _seconds: float, failed: bool) -> None:
        observed.append((name, failed))

    chat.dispatch = replace(chat.dispatch, registry=commands, building=Building(seconds), observe=observe)
    return observed


async def name_of(chat: Chat, who: str) -> str:
    """What somebody is called, as another connection reads it."""
    async with chat.store.reading() as db:
        known = await people.account(db, "test", who)
        assert known is not None
        return (await people.member(db, known.member)).name


async def test_others_see_the_effect_and_write_while_the_picture_is_drawn(chat: Chat) -> None:
    held = Held()
    drawing(chat, held)
    answer = asyncio.ensure_future(chat.say("asha", "/draw"))
    await held.under_way()
    assert await name_of(chat, "asha") == "Drawn", "it is committed"
    assert "ravi" in (await chat.say("ravi", "/name ravi")).casefold(), "nobody else waits"
    assert not answer.done()
    held.go.set()
    assert await answer == "Your week\n[picture: a bar]"


@pytest.mark.parametrize("line", ["/draw", "/look"])
async def test_the_event_loop_goes_on(chat: Chat, line: str) -> None:
    held = Held()
    observed = drawing(chat, held)
    answer = asyncio.ensure_future(chat.say("asha", line))
    await held.under_way()
    turns = 0
    while turns < 100:
        await asyncio.sleep(0)
        turns += 1
    assert not answer.done()
    held.go.set()
    assert "[picture: a bar]" in await answer
    assert threading.get_ident() not in held.threads
    assert observed == [(line[1:], False)]


@pytest.mark.parametrize("line", ["/draw", "/look"])
async def test_a_fault_is_told_in_a_sentence_and_in_the_log(
    chat: Chat, caplog: pytest.LogCaptureFixture, line: str
) -> None:
    observed = drawing(chat, broken)
    said = await chat.say("asha", line)
    assert said.startswith("Your week\nWhat belongs here, a picture or a file, could not be made")
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage().rpartition(" ")[2] in said, "the reader has the reference"
    assert record.exc_info is not None and record.exc_info[0] is ZeroDivisionError
    assert observed == [(line[1:], True)]
    assert (await name_of(chat, "asha") == "Drawn") is (line == "/draw"), "the effect stands"


async def test_one_that_takes_too_long_is_not_waited_for(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    held = Held()
    drawing(chat, held, seconds=0.05)
    said = await chat.say("asha", "/draw")
    assert said.startswith("Your week\nWhat belongs here")
    assert "TimeoutError" in caplog.text
    assert await name_of(chat, "asha") == "Drawn"
    held.go.set()


async def test_those_that_hang_are_few_and_the_next_is_drawn_when_they_end(chat: Chat) -> None:
    held = Held()
    drawing(chat, held, seconds=0.05)
    for _ in range(AT_ONCE + 2):
        assert "could not be made" in await chat.say("asha", "/look")
    assert len(held.threads) == AT_ONCE
    held.go.set()
    chat.dispatch.building.seconds = LONG
    assert "[picture: a bar]" in await chat.say("asha", "/look")


async def test_a_polite_no_stands_below_and_the_effect_stands_too(chat: Chat) -> None:
    observed = drawing(chat, declined)
    said = await chat.say("asha", "/draw")
    assert said.startswith("Your week\n") and "draw" in said and said.endswith("[1] /help")
    assert await name_of(chat, "asha") == "Drawn"
    assert observed == [("draw", False)]


async def test_a_command_that_is_refused_builds_nothing(chat: Chat) -> None:
    held = Held()
    drawing(chat, held)
    assert "somebody else's" in await chat.press_raw("ravi", sign("draw", 999))
    assert held.threads == []


async def test_a_press_that_is_delivered_again_draws_nothing(chat: Chat) -> None:
    drawing(chat, drawn)
    assert "[picture: a bar]" in await chat.say("asha", "/draw", update="u")
    assert "counted already" in await chat.say("asha", "/draw", update="u")


async def test_what_is_built_stands_below_what_was_pressed(chat: Chat) -> None:
    drawing(chat, drawn)
    await chat.press_raw("asha", "look", private=True)
    assert chat.last is not None and not chat.last.edit and chat.last.build is None


async def test_too_much_for_one_file_is_refused_with_the_way_to_the_pages(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_BYTES", 10)
    said = await chat.say("asha", "/mydata file", private=True)
    assert "There is too much for one file here" in said and said.endswith("[1] My data")
    assert chat.last is not None and chat.last.card is not None and chat.last.card.document is None


def test_what_no_table_holds_is_a_fault_and_not_written_somehow() -> None:
    rows: dict[str, Any] = {"members": [{"name": object()}]}
    with pytest.raises(TypeError, match="object is not written"):
        export.Export("en", rows)(Card())
