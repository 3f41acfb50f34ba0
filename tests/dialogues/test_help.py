"""Help: a phone screen of everything, a command with an example that works, and every question has its words."""

from __future__ import annotations

import pytest

from bot.cards import Button
from bot.command import Command, Incoming
from bot.command.arguments import split
from bot.command.grammar import read
from bot.command.scene import Scene
from bot.commands import registry
from bot.commands.me.help import HELP_GROUPS, NOT_TRIED
from bot.delivery import Address
from bot.domain.account import Account
from bot.domain.enrolment import Enrolment
from bot.domain.group import Group
from bot.domain.member import Member
from bot.words import languages, word
from tests.dialogues.conftest import NOON, Chat
from tests.fakes.shipped import LIBRARY

LISTED = registry.listed
LINES, WIDTH = 30, 40
"""A phone shows about thirty lines of forty letters at once."""


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Asha in her group, on the roadmap that the examples are about."""
    return Scene(
        now=NOON,
        member=Member(1, "Asha", "Asia/Kolkata"),
        account=Account("test", "asha", 1, "Asha", "open", NOON),
        address=Address("test", "room"),
        private=False,
        leader=True,
        group=None,
        groups=(Group(1, "Backend '27", "Asia/Kolkata"),),
        enrolments=(Enrolment(1, 1, "backend-ai-era", None, 120, NOON.date(), NOON),),
        roadmaps=LIBRARY.roadmaps,
        mates=(Member(2, "Ravi", "Asia/Kolkata"),),
    )


async def test_everything_fits_a_phone_screen(chat: Chat) -> None:
    said = (await chat.say("asha", "/help")).splitlines()
    assert chat.private
    assert len(said) <= LINES
    assert [line for line in said[:-1] if len(line) > WIDTH] == []
    for command in LISTED:
        assert sum(f"/{command.name}" in line.split() for line in said[:-2]) == 1, command.name


def test_help_groups_hold_every_listed_command_once() -> None:
    grouped = [name for _, entries in HELP_GROUPS for entry in entries for name in entry.split()]
    assert grouped == [command.name for command in LISTED], "menus are in the same order"


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("command", LISTED, ids=lambda command: command.name)
def test_every_command_is_described_and_its_example_is_read(command: Command, language: str, scene: Scene) -> None:
    assert 0 < len(command.describe(language)) <= 100
    for parameter in command.parameters:
        assert 0 < len(command.describe_parameter(language, parameter.name)) <= 100
    example = word(language, f"example-{command.name}")
    name, rest = split(example)
    assert registry.find(name) is command
    arguments = read(command, rest, {}, scene)
    assert bool(arguments.values) == bool(rest)
    assert arguments.asked == []


async def test_one_command_with_its_arguments_and_an_example(chat: Chat) -> None:
    assert await chat.say("asha", "/help done") == (
        "/done [step] [proof] [file] [note]\n"
        "Mark a step done, with a link, a file or a note that shows it.\n"
        "step Slug, number, title or a part of it\n"
        "proof A link that shows it\n"
        "file A document or picture that shows it to your group\n"
        "note A word about it\n"
        "Example:\n/done http-rest https://example.org/api\n"
        "[1] Try /done"
    )


@pytest.mark.parametrize("command", LISTED, ids=lambda command: command.name)
async def test_every_command_has_its_own_page(command: Command, chat: Chat) -> None:
    said = await chat.say("asha", f"/help /{command.name}")
    assert said.startswith(f"/{command.name}")
    assert ("Try" in said) is (command.name not in NOT_TRIED)
    assert ("For those who lead the group." in said) is command.leaders


async def test_trying_asks_or_shows_and_never_writes(chat: Chat) -> None:
    for command in LISTED:
        if command.name in NOT_TRIED:
            continue
        await chat.say("asha", f"/help {command.name}", private=True)
        said = await chat.press("asha", f"Try /{command.name}", private=True)
        assert said and "our fault" not in said, command.name
    assert await chat.say("asha", "/undo", private=True) == "There is nothing to take back."


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("dnoe", "I don't know /dnoe. Did you mean /done?\n[1] /help done"),
        ("/tmezone", "I don't know /tmezone. Did you mean /timezone?\n[1] /help timezone"),
        ("xyzzy", "I don't know /xyzzy. Everything I can do: /help\n[1] /help"),
        ("forgetme", "I don't know /forgetme."),
    ],
)
async def test_an_unknown_command_is_refused_with_the_nearest(chat: Chat, typed: str, answer: str) -> None:
    assert (await chat.say("asha", f"/help {typed}")).startswith(answer)


async def test_typing_suggests_commands(chat: Chat) -> None:
    incoming = Incoming("test", "asha", "Asha", chat.room, "help", arguments={"command": "/le"})
    found = await chat.dispatch.suggest(incoming, "command")
    assert [s.value for s in found][:2] in (["leave", "leaderboard"], ["leaderboard", "leave"])
    assert found[0].label.startswith("/le") and found[0].description


async def test_whoever_studies_is_led_on_and_whoever_does_not_to_the_start(chat: Chat) -> None:
    assert "[1] Start" in await chat.say("asha", "/help", private=True)
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    assert "[1] What is next" in await chat.say("asha", "/help", private=True)


@pytest.mark.parametrize(
    ("command", "parameter"),
    [(command, parameter.name) for command in registry for parameter in command.parameters if parameter.kind.limit],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
async def test_whatever_can_be_asked_for_has_its_words(command: Command, parameter: str, chat: Chat) -> None:
    await chat.say("lena", "/join backend-ai-era 2027-05-20")
    said = await chat.say("lena", f"/{command.name} {parameter}:?")
    assert chat.last is not None and chat.last.question is not None, said
    assert chat.last.question.title and chat.last.question.inputs[0].label


async def test_every_button_of_help_leads_somewhere(chat: Chat) -> None:
    await chat.say("asha", "/help", private=True)
    assert chat.last is not None and chat.last.card is not None
    card = chat.last.card
    for button in (button for row in card.rows for button in row):
        assert isinstance(button, Button)
        assert "I don't know" not in await chat.press_raw("asha", button.press, private=True)
