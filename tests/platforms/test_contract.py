"""One dialogue for every platform: the same words, whether typed in a terminal, on Discord or on Telegram."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from bot.platforms import OFFERED
from tests.platforms.console_driver import ConsoleDriver
from tests.platforms.driver import Driver


def noon() -> datetime:
    """12:00 in Kolkata, on Friday 20 November 2026."""
    return datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def driver_of(platform: str) -> Callable[[Path, Callable[[], datetime]], AbstractAsyncContextManager[Driver]]:
    """The driver of a platform: `MatrixDriver` in `matrix_driver.py`."""
    module = import_module(f"tests.platforms.{platform}_driver")
    found: Callable[[Path, Callable[[], datetime]], AbstractAsyncContextManager[Driver]]
    found = getattr(module, f"{platform.capitalize()}Driver")
    return found


@pytest.fixture(params=["console", *(offer.name for offer in OFFERED)])
async def driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Driver]:
    """Each platform in turn, with a study group in Kolkata."""
    async with driver_of(request.param)(tmp_path, noon) as driven:
        yield driven


JOINED = """\
Backend Engineer (AI era) · 10 steps · until Thu 20 May 2027
About 210 h of work; 2 h a day gives 362 h. It fits, with 11 weeks to spare.
Next: A typed language and git (typed-language), about 24 h."""

DONE = """\
✅ HTTP and REST APIs · proof attached
▰▱▱▱▱▱▱▱▱▱ 1 of 10 steps done (10%)
Next: A typed language and git (typed-language): high importance, high demand."""

UNDONE = """\
Taken back: HTTP and REST APIs done.
▱▱▱▱▱▱▱▱▱▱ 0 of 10 steps done (0%)"""


async def join(driver: Driver, who: str = "asha") -> None:
    """Open the private chat, so that private answers have a place everywhere, and join."""
    await driver.say(who, "/help", private=True)
    await driver.say(who, "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2")


async def test_join_done_progress_undo(driver: Driver) -> None:
    await driver.say("asha", "/help", private=True)
    joined = await driver.say("asha", "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2")
    assert joined.text.startswith(JOINED)
    assert joined.private
    done = await driver.say("asha", "/done step:http-rest proof:https://example.org/api")
    assert done.text == DONE
    assert done.buttons[0] == "Undo"
    assert "▰▱▱▱▱▱▱▱▱▱ 1 of 10 steps done (10%)" in (await driver.say("asha", "/progress")).text
    board = await driver.say("asha", "/leaderboard")
    assert "asha" in board.text
    assert not board.private
    undone = await driver.press("asha", "Undo")
    assert undone.text == UNDONE
    assert "0 of 10 steps done (0%)" in (await driver.say("asha", "/progress")).text


async def test_what_is_missing_is_asked_for(driver: Driver) -> None:
    await driver.say("asha", "/help", private=True)
    asked = await driver.say("asha", "/join")
    assert asked.text.startswith("Which roadmap?")
    deadline = await driver.choose("asha", "Backend Engineer (AI era)")
    assert deadline.text.startswith("Backend Engineer (AI era): by when do you want to be done?")
    assert (await driver.choose("asha", "Thu 20 May 2027")).text.startswith(JOINED)


async def test_free_text_is_asked_for(driver: Driver) -> None:
    await join(driver)
    await driver.say("asha", "/checkin minutes:yes")
    await driver.press("asha", "Other, with a note")
    assert (await driver.answer("asha", "90", "indexes and plans")).text == "Friday: 1 h 30 ✅"


async def test_a_press_counts_once(driver: Driver) -> None:
    await join(driver)
    await driver.say("asha", "/next")
    assert "1 of 10" in (await driver.press("asha", "Done")).text
    assert "1 of 10" in (await driver.say("asha", "/progress")).text


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("/done step:htp", "I don't know a step called “htp”. Did you mean http-rest"),
        ("/join roadmap:backend-intern deadline:2020-05-20", "Wed 20 May 2020 is over. A deadline lies ahead"),
        ("/done step:sql proof:nonsense", "“nonsense” is not a link. It begins with https://"),
        ("/checkin minutes:999999", "is not a length of time"),
    ],
)
async def test_a_wrong_argument_is_refused_and_changes_nothing(driver: Driver, line: str, refusal: str) -> None:
    await join(driver)
    seen = await driver.say("asha", line)
    assert seen.text.startswith(refusal) or refusal in seen.text
    assert not seen.pings
    progress = await driver.say("asha", "/progress")
    assert "0 of 10 steps done (0%)" in progress.text


async def test_markup_in_a_note_is_words_and_pings_nobody(driver: Driver) -> None:
    await join(driver)
    seen = await driver.say("asha", "/done step:sql note:@everyone <b>bold</b> **stars** `code` [a](https://x.org)")
    assert seen.text.startswith("✅ Relational databases and SQL")
    assert not seen.pings
    assert all(not post.pings for post in await driver.posts())


async def test_my_data_is_a_file_that_i_alone_get(driver: Driver) -> None:
    await join(driver)
    await driver.say("asha", "/done step:sql note:Grüße 🎉 @everyone")
    await driver.say("ravi", "/help", private=True)
    await driver.say("ravi", "/done step:sql note:not hers")
    await driver.say("asha", "/privacy")
    assert "Steps: 1" in (await driver.press("asha", "My data")).text
    seen = await driver.press("asha", "As a file")
    # A terminal says of an answer that it is private only where a line was typed in the group.
    assert seen.private or isinstance(driver, ConsoleDriver)
    assert not seen.edited and not seen.pings
    assert seen.text.startswith("roadmate-data.json\nEverything that is kept about you")
    data = json.loads(seen.files["roadmate-data.json"])
    (step,) = data["step_events"]
    assert (step["step"], step["note"]) == ("sql", "Grüße 🎉 @everyone")
    assert [account["name"] for account in data["accounts"]] == ["asha"]
    assert "not hers" not in json.dumps(data)
    assert all(not post.files for post in await driver.posts())
