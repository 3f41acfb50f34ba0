"""A member's language and a group's, on every platform: each reads their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import words
from bot.commands import registry
from bot.platforms import OFFERED
from bot.platforms.discord.slash import commands
from tests.fakes.locales import CLOSE, OPEN, SECOND, second_language
from tests.platforms.driver import Driver
from tests.platforms.test_contract import driver_of, noon


@pytest.fixture(params=["console", *(offer.name for offer in OFFERED)])
async def driver(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Driver]:
    """Each platform in turn, in a house that speaks two languages."""
    monkeypatch.setattr(words, "LOCALES", second_language(tmp_path))
    async with driver_of(request.param)(tmp_path, noon) as driven:
        yield driven


async def choose_the_second(driver: Driver, who: str) -> str:
    """Choose it as everybody can: in their settings."""
    await driver.say(who, "/help", private=True)
    await driver.say(who, "/settings", private=True)
    await driver.press(who, "Language")
    return (await driver.choose(who, "Deutsch")).text


def bracketed(label: str) -> bool:
    return label.startswith(OPEN) and label.endswith(CLOSE)


async def test_who_chose_a_language_reads_it_and_others_read_theirs(driver: Driver) -> None:
    await driver.say("ravi", "/help", private=True)
    assert (await choose_the_second(driver, "asha")).startswith("⟦I speak Deutsch with you")
    for who, theirs in (("asha", True), ("ravi", False)):
        joined = await driver.say(who, "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2")
        assert (OPEN in joined.text) == theirs
        assert all(bracketed(label) for label in joined.buttons) == theirs
        refused = await driver.say(who, "/done step:htp")
        assert ("⟦I don't know a step called “htp”." in refused.text) == theirs
        assert ("I don't know a step called “htp”." in refused.text) is True
        question = await driver.say(who, "/join")
        assert ("⟦Which roadmap?⟧" in question.text) == theirs


async def test_a_button_and_an_open_question_are_understood_in_the_language_they_were_asked_in(driver: Driver) -> None:
    await choose_the_second(driver, "asha")
    await driver.say("asha", "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2")
    await driver.say("asha", "/checkin minutes:yes")
    await driver.press("asha", "⟦Other, with a note⟧")
    said = (await driver.answer("asha", "90", "indexes and plans")).text
    assert said == "⟦⟦Freitag⟧: ⟦1 h 30⟧ ✅⟧" or (OPEN in said and "1 h 30" in said and "✅" in said)
    await driver.say("asha", "/next")
    assert "1 of 10" in (await driver.press("asha", "⟦Done⟧")).text


async def test_a_group_reads_its_own_language_whoever_speaks(driver: Driver) -> None:
    await driver.say("asha", "/help", private=True)
    await driver.say("asha", "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2")
    assert OPEN not in (await driver.say("asha", "/leaderboard")).text
    await driver.say("lena", "/setup language:deutsch")
    board = await driver.say("asha", "/leaderboard")
    assert (OPEN in board.text, board.private) == (True, False)
    assert OPEN not in (await driver.say("asha", "/progress")).text


def test_discord_is_told_what_commands_do_in_every_language_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any("description_localizations" in command for command in commands(registry))
    monkeypatch.setattr(words, "LOCALES", second_language(tmp_path))
    for command in commands(registry):
        assert command["description_localizations"] == {SECOND: f"{OPEN}{command['description']}{CLOSE}"}
        for option in command["options"]:
            assert set(option["description_localizations"]) == {SECOND}
            assert all(set(choice["name_localizations"]) == {SECOND} for choice in option.get("choices", ()))


async def test_words_in_private_are_read_in_the_language_of_who_says_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "LOCALES", second_language(tmp_path))
    async with driver_of("telegram")(tmp_path, noon) as driver:
        await choose_the_second(driver, "asha")
        assert "Friday: not today" in (await driver.say("ravi", "not today", private=True)).text
        understood = "I understand commands"
        assert understood in (await driver.say("ravi", "heute nicht, ich war krank", private=True)).text
        assert understood not in (await driver.say("asha", "heute nicht, ich war krank", private=True)).text
