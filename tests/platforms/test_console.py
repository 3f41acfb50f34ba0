"""The terminal: a week that passes in a second, numbers that press, and a chat that goes on where it stopped."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cards import (
    Bold,
    Button,
    Card,
    Choice,
    Field,
    Fields,
    Link,
    LinkButton,
    Option,
    Paragraph,
    Picture,
    ProgressBar,
    Spoiler,
    Text,
)
from bot.platforms.console.render import page, plain_lines, printable
from tests.platforms.console_driver import ConsoleDriver


def noon() -> datetime:
    """12:00 in Kolkata, on Friday 20 November 2026."""
    return datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return noon


async def test_a_week_brings_seven_messages_seven_posts_and_a_recap(
    tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        await driver.say("asha", "/remind 20:00 daily dm")
        page = ""
        for _ in range(7):
            # Somebody who uses the bot: questions without any word for three days stop.
            page += await driver.type(":forward 1d")
            await driver.say("asha", "/next")
        moments = re.findall(r"^── (.+?) · (.+)$", page, re.MULTILINE)
        private = [moment for moment, where in moments if where == "private, to asha"]
        days = ["Fri 20", "Sat 21", "Sun 22", "Mon 23", "Tue 24", "Wed 25", "Thu 26"]
        assert private == [f"{day} Nov 20:00" for day in days]
        posts = [moment for moment, where in moments if where == "study"]
        assert sorted(posts) == sorted([*(f"{day} Nov 20:00" for day in days), "Sun 22 Nov 18:00"])
        assert page.rstrip().endswith("It is Fri 27 Nov 12:00.")


async def test_questions_that_nobody_answers_stop_after_three_and_say_so(
    tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        await driver.say("asha", "/remind 20:00 daily dm")
        page = await driver.type(":forward 10d")
        asked = re.findall(r"^── (.+?) · private, to asha$", page, re.MULTILINE)
        assert asked == [f"{day} Nov 20:00" for day in ("Fri 20", "Sat 21", "Sun 22", "Mon 23")] + ["Fri 27 Nov 18:00"]
        assert page.count("Did you study today?") == 3
        assert "so I stop" in page


async def test_the_next_chat_goes_on_from_there(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        await driver.say("asha", "/join backend-ai-era deadline:2027-05-20")
        await driver.say("asha", "/done http-rest")
        await driver.type(":forward 2d")
    async with ConsoleDriver(tmp_path, clock) as driver:
        assert "1 of 10 steps done (10%)" in (await driver.say("asha", "/progress")).text
        assert "It is Sun 22 Nov 12:30." in await driver.type(":forward 30m")
        undone = await driver.type("4")
        assert "Taken back: HTTP and REST APIs done." in undone


async def test_what_is_private_is_pressed_by_its_reader_alone(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        await driver.say("asha", "/join backend-ai-era deadline:2027-05-20")
        await driver.say("asha", "/next")
        assert (
            await driver.press("ravi", "Done")
        ).text == "That button is somebody else's. /help shows what you can do."
        assert "1 of 10" in (await driver.press("asha", "Done")).text


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (":as @everyone", "A name has letters or digits"),
        (":forward", "Say how far"),
        (":forward -1d", "Say how far"),
        (":forward 9999w", "too far at once"),
        (":dance", "This chat has no :dance"),
        ("42", "There is no button 42"),
        ("hello there", "I only hear commands here"),
        (":help", ":forward 1d"),
    ],
)
async def test_what_the_chat_does_not_know_it_says(
    tmp_path: Path, clock: Callable[[], datetime], line: str, answer: str
) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        assert answer in await driver.type(line)


async def test_in_private_the_slash_may_be_left_out(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        assert "on no roadmap yet" in (await driver.say("asha", "progress", private=True)).text


async def test_in_private_a_length_of_time_is_a_check_in(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        await driver.say("asha", "/join backend-ai-era deadline:2027-05-20")
        assert "Friday: 1 h 30" in (await driver.say("asha", "1h30 indexes", private=True)).text
        assert "When I have eaten, I study" in await driver.type("When I have eaten, I study")
        assert "I only hear commands here" in (await driver.say("asha", "1h30 indexes")).text


@pytest.mark.parametrize("private", [False, True])
async def test_any_text_answers_an_open_menu(tmp_path: Path, clock: Callable[[], datetime], private: bool) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        asked = await driver.say("asha", "/join backend-ai-era", private=private)
        assert asked.buttons[-1] == "Other…"
        assert "is not a date" in await driver.type("some day")
        assert "until Thu 20 May 2027" in await driver.type("in 6 months")


async def test_a_menu_that_was_left_is_not_answered(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        for left in ("/progress", ":as ravi", ":group"):
            await driver.say("asha", "/join backend-ai-era")
            await driver.type(left)
            assert "I only hear commands here" in await driver.type("in 6 months")


async def test_several_free_answers_are_pressed_not_guessed(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        assert "[4] Time zone" in await driver.type("/setup")
        assert "I only hear commands here" in await driver.type("in 6 months")


async def test_a_question_says_its_example_once(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        await driver.say("asha", "/join backend-ai-era")
        assert (await driver.press("asha", "Other…")).text.count("20 May 2027, or in 5 months") == 1
        # A label that has no example gets one.
        await driver.say("asha", "/join backend-ai-era deadline:2027-05-20")
        assert (await driver.press("asha", "Change hours")).text.count("1h30") == 1


def test_a_card_is_laid_out_as_lines() -> None:
    card = Card(
        title=(Bold("Title"), Text(" · 2 steps")),
        parts=(
            Paragraph((Text("One\nTwo "), Link("proof", "https://example.org"), Spoiler(" hidden"))),
            ProgressBar(37, (Text("3 of 8"),)),
            Fields((Field("Zone", (Text("UTC"),)),)),
        ),
        rows=((Button("Done", "done x"), LinkButton("Open", "https://t.me/x")),),
        picture=Picture(b"", "a bar chart"),
    )
    assert plain_lines(card) == (
        "Title · 2 steps\nOne\nTwo proof (https://example.org) hidden\n▰▰▰▱▱▱▱▱▱▱ 3 of 8\nZone: UTC\n"
        "[picture: a bar chart]\n[1] Done  Open: https://t.me/x"
    )
    assert [p.press for p in page(card).pressables] == ["done x"]


CHOICE = Card(
    parts=(Fields((Field("Zone", (Text("UTC"),)), Field("Line", (Text("When I have eaten, I study"),)))),),
    choice=Choice("Choose", (Option("Backend", "join a", "Ten steps"), Option("Frontend", "join b"))),
)


def test_a_terminal_shows_tables_where_a_pipe_reads_lines() -> None:
    assert plain_lines(CHOICE, 9) == (
        "Zone: UTC\nLine: When I have eaten, I study\n[9] Backend  Ten steps\n[10] Frontend"
    )
    assert [line.plain for line in page(CHOICE, 9, width=80).lines] == [
        "Zone │ UTC",
        "Line │ When I have eaten, I study",
        "[9]  │ Backend  │ Ten steps",
        "[10] │ Frontend │",
    ]


def test_a_narrow_table_breaks_between_words() -> None:
    laid = page(CHOICE, 9, width=24)
    assert [line.plain for line in laid.lines] == [
        "Zone │ UTC",
        "Line │ When I have",
        "     │ eaten, I study",
        "[9]  │ Backend",
        "     │ Ten steps",
        "[10] │ Frontend",
    ]
    assert [pressable.press for pressable in laid.pressables] == ["join a", "join b"]


def test_a_narrow_terminal_breaks_a_row_between_buttons() -> None:
    labels = ("Start", "Change hours", "Change deadline")
    card = Card(rows=(tuple(Button(label, "next") for label in labels),))
    lines = [line.plain for line in page(card, first=12, width=40).lines]
    assert lines == ["[12] Start  [13] Change hours", "[14] Change deadline"]


async def test_a_refused_answer_may_be_answered_better(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        await driver.say("asha", "/remind time:?")
        assert "is not a time of day. Try 20:00 or 8pm." in await driver.type("after dinner")
        assert "every day at 20:30" in await driver.type("8.30 pm")
        await driver.type("/remind time:?")
        await driver.type("whenever")
        assert "on no roadmap" in await driver.type("/progress")
        assert "I only hear commands here" in await driver.type("8.30 pm")


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert printable("a\x1b[2Jb\u202ec\u200bd\ue000e\n") == "a[2Jbcde\n"


async def test_in_private_a_number_nobody_shows_is_minutes(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    async with ConsoleDriver(tmp_path, clock) as driver:
        assert "Friday: 45 min" in (await driver.say("asha", "45", private=True)).text
