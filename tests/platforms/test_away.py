"""With the database away the same is said on every platform, in a group and in private; no fault is logged."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bot.platforms.telegram.rich import bare
from bot.words import word
from tests.fakes.away import away
from tests.fakes.discord_server import Exchange, Message
from tests.platforms.console_driver import ConsoleDriver
from tests.platforms.discord_driver import DiscordDriver
from tests.platforms.telegram_driver import TelegramDriver

JOIN = "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2"
CANNOT_SAVE = word("en", "unavailable")


def noon() -> datetime:
    """12:00 in Kolkata, on Friday 20 November 2026."""
    return datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error, but for what the store says once of its database."""
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR and r.name != "bot.store.engine"]


async def test_on_telegram(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with TelegramDriver(tmp_path, noon) as driver:
        await driver.say("asha", JOIN, private=True)
        await driver.say("asha", "/next", private=True)
        asha = driver.person("asha")
        async with away(driver.store):
            for words in ("/done http-rest", "done http-rest", "1h30 indexes", "hello"):
                assert (await driver.say("asha", words, private=True)).text == CANNOT_SAVE, words
            assert (await driver.press("asha", "Done")).text == CANNOT_SAVE
            # A refusal is for them alone.
            await driver.say("asha", "/done http-rest")
            assert bare(driver.server.messages(asha, by=driver.server.bot)[-1].text) == CANNOT_SAVE
            driver.group.promote_bot("can_pin_messages")
            await driver.handled(driver.group.kick_bot())
        assert faults(caplog) == []
        assert "0 of 10 steps done" in (await driver.say("asha", "/progress", private=True)).text


async def test_on_discord(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with DiscordDriver(tmp_path, noon) as driver:
        await driver.say("asha", JOIN)
        await driver.say("asha", "/next")
        asha = driver.person("asha")
        private = driver.server.dm(asha)

        def answers(said: Message, message: Message) -> bool:
            return message.reference is said

        def read(exchange: Exchange) -> str:
            assert exchange.reply is not None
            return driver.seen(exchange.reply).text

        async with away(driver.store):
            for channel in (driver.channel, private):
                assert read(await driver.server.slash(asha, channel, "done", {"step": "http-rest"})) == CANNOT_SAVE
                assert await driver.server.autocomplete(asha, channel, "done", {"step": "ht"}, focused="step") == []
            assert (await driver.press("asha", "Done")).text == CANNOT_SAVE
            for words in ("done http-rest", "1h30 indexes", "hello"):
                said = driver.server.says(asha, private, words)
                answer = await driver.server.wait_message(asha, partial(answers, said))
                assert driver.seen(answer).text == CANNOT_SAVE, words
        assert faults(caplog) == []
        assert "0 of 10 steps done" in (await driver.say("asha", "/progress")).text


async def test_in_the_console(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with ConsoleDriver(tmp_path, noon) as driver:
        await driver.say("asha", JOIN)
        await driver.say("asha", "/next")
        async with away(driver.store):
            # What each number presses stands on the page; the chat goes on as whoever speaks.
            for line in ("/done http-rest", "2", ":private", "/done http-rest", "1h30 indexes", "hello", ":forward 1h"):
                said = await driver.type(line)
                assert CANNOT_SAVE in said or line == ":private", line
        assert faults(caplog) == []
        assert "0 of 10 steps done" in (await driver.say("asha", "/progress")).text
