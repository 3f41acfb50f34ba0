"""What a command asks the database: who speaks is loaded once, and what only shows takes no write transaction."""

from __future__ import annotations

import pytest

from bot.command import registry
from tests.dialogues.conftest import Chat
from tests.fakes.statements import Statements, recorded

SHOWS = {
    "help",
    "howto",
    "leaderboard",
    "mydata",
    "next",
    "place",
    "privacy",
    "progress",
    "recap",
    "roadmap",
    "roadmaps",
    "settings",
    "sources",
    "start",
}
"""The commands that show and do nothing else."""

ALONE = {"remind", "rest", "setup"}
"""Those that show where nothing else was typed."""

LINES = (
    *("join backend-ai-era in 8 months", "join backend-ai-era hours:3h", "done sql", "done sql https://example.org/a"),
    *("skip caching-queues no time", "undo", "checkin 30", "checkin no date:yesterday", "later 1h", "remind"),
    *("remind 21:00 daily dm", "remind off", "timezone Europe/Berlin", "daystart 3:00", "quiet 22:00 7:00"),
    *("quiet off", "pause 3 days", "pause off", "rest tomorrow", "rest", "when When I have had my tea, I study"),
    *("name Asha K", "setup time:19:00", "setup", "homecode", "leave backend-ai-era"),
    *sorted(SHOWS),
    *("progress ravi", "progress roadmap:backend-ai-era", "leaderboard month steps", "mydata members", "help done"),
)
MOST = {"done http-rest": 14, "progress": 8, "next": 8, "help": 8, "roadmap": 8, "settings": 8}
"""The statements that a command may take, beside those that begin and end its transactions."""


@pytest.fixture
async def group(chat: Chat) -> Chat:
    """Asha and Ravi have studied for a day; Asha leads, and has been shown around."""
    chat.leaders.add("asha")
    for who in ("asha", "ravi"):
        await chat.say(who, "join backend-ai-era in 6 months 2h")
        await chat.say(who, "remind 20:00 daily dm")
        await chat.say(who, "timezone Asia/Kolkata")
        await chat.say(who, "when When I have had my tea, I study")
        await chat.say(who, "checkin 30")
        await chat.say(who, "done typed-language")
    chat.forward(days=1)
    return chat


async def asked(chat: Chat, line: str) -> Statements:
    """What Asha's line asks."""
    with recorded(chat.store) as statements:
        answer = await chat.say("asha", line)
    assert answer
    assert "went wrong" not in answer, answer
    return statements


@pytest.mark.parametrize("line", LINES)
async def test_nothing_is_asked_twice(group: Chat, line: str) -> None:
    assert (await asked(group, line)).twice == []


@pytest.mark.parametrize(("line", "most"), MOST.items())
async def test_a_command_takes_few_statements(group: Chat, line: str, most: int) -> None:
    """Also on the first word after a while, which is noted."""
    statements = await asked(group, line)
    assert len(statements.questions) <= most, statements


async def test_a_step_done_takes_fewer_once_its_day_is_under_way(group: Chat) -> None:
    """That somebody spoke is noted by two, and that a streak goes on by one, with the first word and study of a day."""
    await group.say("asha", "checkin 30")
    assert len((await asked(group, "done http-rest")).questions) <= 12


@pytest.mark.parametrize("name", sorted(SHOWS | ALONE))
async def test_what_only_shows_takes_no_write_transaction(group: Chat, name: str) -> None:
    """SQLite's `query_only` would have anything fail that is written."""
    await group.say("asha", "help")
    statements = await asked(group, name)
    assert statements.asked
    assert statements.writers == 0, statements


async def test_only_that_somebody_spoke_is_written_and_apart(group: Chat) -> None:
    """The first word after a while: the writer is free again before anything is shown."""
    statements = await asked(group, "recap")
    assert statements.writers == 1
    written = [statement for statement, _ in statements.questions if not statement.startswith("SELECT")]
    assert [statement.split()[:2] for statement in written] == [["UPDATE", "accounts"], ["UPDATE", "reminders"]]


async def test_whoever_is_new_is_met_and_then_shown_to(chat: Chat) -> None:
    assert "Nobody" not in await chat.say("mei", "roadmaps")
    with recorded(chat.store) as statements:
        await chat.say("mei", "leaderboard")
    assert statements.writers == 0


async def test_what_must_be_kept_after_all_is_kept_by_a_writer(chat: Chat) -> None:
    """Whoever begins is being shown around from then on: the tour is noted, once."""
    await chat.say("mei", "roadmaps")
    assert "three taps" in await chat.say("mei", "start") or chat.last is not None
    with recorded(chat.store) as statements:
        await chat.say("mei", "start")
    assert statements.writers == 0


def test_the_commands_that_show_are_these() -> None:
    assert {known.name for known in registry if known.shows} == SHOWS
    assert {known.name for known in registry if known.shows_alone} == ALONE


@pytest.mark.parametrize("line", ["rest tomorrow", "remind 21:00", "setup time:19:00"])
async def test_with_more_they_change_something(group: Chat, line: str) -> None:
    await group.say("asha", "help")
    assert (await asked(group, line)).writers == 1


def test_the_check_of_repeats_can_fail() -> None:
    one = ("SELECT a FROM members WHERE id = ?", "(1,)")
    other = ("SELECT a FROM members WHERE id = ?", "(2,)")
    written = ("UPDATE members SET a = ?", "(1,)")
    elsewhere = ("UPDATE accounts SET a = ?", "(1,)")
    assert Statements([one, other, one]).twice == [one]
    assert Statements([one, written, one]).twice == []
    assert Statements([one, elsewhere, one]).twice == [one]
