"""A kind of message is added with one module and its words, and works on every platform with nothing else changed."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import words
from bot.courier import Courier
from bot.domain.kind import KINDS
from bot.messages import MESSAGES, Messages
from bot.tables import deliveries
from tests.messages import pages
from tests.platforms.console_driver import ConsoleDriver
from tests.platforms.discord_driver import DiscordDriver
from tests.platforms.driver import Seen
from tests.platforms.telegram_driver import TelegramDriver

ITS_WORDS = Path(__file__).with_name("message-pages.ftl")
ASKED = "Good morning, asha. One page before the day begins?"
SET = "I ask you to read one page every day at 08:00 (Asia/Kolkata), in private. Next: "


@dataclass
class Clock:
    """12:00 in Kolkata, on Friday 20 November 2026, until it is moved."""

    now: datetime = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Evening:
    """A platform with a study group, and what the process does when nobody types."""

    driver: ConsoleDriver | DiscordDriver | TelegramDriver
    clock: Clock
    messages: Messages
    courier: Courier

    async def claim(self) -> None:
        """Queue what is due."""
        while await self.messages.claim(self.clock.now):
            pass

    async def morning(self, days: int = 1) -> None:
        """Go to 08:01 of a coming day."""
        self.clock.now = (self.clock.now + timedelta(days=days)).replace(hour=2, minute=31)

    async def mail(self) -> list[str]:
        """What Asha has got in private besides answers, as it reads now."""
        if isinstance(self.driver, ConsoleDriver):
            await self.driver.deliver()
        else:
            await self.courier.deliver()
        return [seen.text for seen in await self.driver.mail("asha")]

    async def say(self, line: str) -> Seen:
        """Asha types in private."""
        return await self.driver.say("asha", line, private=True)

    async def states(self) -> list[tuple[str, str | None]]:
        """What became of each page that was due."""
        async with self.driver.store.reading() as db:
            rows = await db.execute(deliveries.select().where(deliveries.c.kind == "pages").order_by(deliveries.c.id))
            return [(row.state, row.reason) for row in rows]


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The house with one kind more: what finding its module does, and its file among the others' words."""
    locales = tmp_path / "locales"
    shutil.copytree(words.LOCALES, locales)
    shutil.copy(ITS_WORDS, locales / "en")
    monkeypatch.setattr(words, "LOCALES", locales)
    monkeypatch.setitem(MESSAGES, pages.KIND.name, pages.MESSAGE)
    monkeypatch.setitem(KINDS, pages.KIND.name, pages.KIND)


@pytest.fixture(params=["console", "discord", "telegram"])
async def house(request: pytest.FixtureRequest, tmp_path: Path, added: None) -> AsyncIterator[Evening]:
    """Each platform in turn."""
    clock = Clock()
    if request.param == "console":
        async with ConsoleDriver(tmp_path, clock) as console:
            yield Evening(console, clock, console.app.messages, console.app.courier)
    elif request.param == "discord":
        async with DiscordDriver(tmp_path, clock) as discord:
            yield _evening(discord, clock)
    else:
        async with TelegramDriver(tmp_path, clock) as telegram:
            yield _evening(telegram, clock)


def _evening(driver: DiscordDriver | TelegramDriver, clock: Clock) -> Evening:
    messages = Messages(driver.store, driver.dispatch.roadmaps)
    courier = Courier(driver.store, {driver.platform.name: driver.platform}, messages.compose, clock)
    return Evening(driver, clock, messages, courier)


async def test_it_is_set_taken_back_due_sent_edited_and_moot(house: Evening) -> None:
    await house.say("/help")
    asked = await house.say("/remind kind:pages")
    assert asked.text.startswith("I ask you each morning to read one page. Now: off."), "what it is, not another kind"
    assert (await house.say("/remind time:08:00 kind:pages")).text.startswith(SET + "tomorrow 08:00.")
    assert (await house.driver.press("asha", "Undo")).text.startswith(
        "Taken back: the page to read, every day at 08:00."
    )
    await house.morning()
    await house.claim()
    assert await house.mail() == [], "what was taken back does not come"

    assert (await house.say("/remind time:08:00 kind:pages")).text.startswith(SET + "tomorrow 08:00.")
    await house.morning()
    await house.claim()
    assert await house.mail() == [ASKED]

    # Answered elsewhere, the message shows it; taken back, it asks again.
    await house.say("/checkin minutes:30")
    assert (await house.mail())[-1] == "A page was read."
    await house.driver.press("asha", "Undo")
    assert (await house.mail())[-1] == ASKED

    before = await house.mail()
    # Answered between its moment and its sending, it is not said.
    await house.morning()
    await house.claim()
    await house.say("/checkin minutes:30")
    assert await house.mail() == before
    assert await house.states() == [("sent", None), ("expired", "moot")]

    off = await house.say("/remind where:off kind:pages")
    assert off.text.startswith("I no longer ask you to read a page. /remind on kind:pages turns it on again, at 08:00.")


async def test_its_button_answers(house: Evening) -> None:
    await house.say("/help")
    await house.say("/remind time:08:00 kind:pages")
    await house.morning()
    await house.claim()
    assert await house.mail() == [ASKED]
    assert (await house.driver.press("asha", "Read it")).text.startswith("Saturday: 10 min")


async def test_where_it_may_not_go_is_refused_in_its_own_words(house: Evening) -> None:
    await house.say("/help")
    refused = await house.say("/remind time:08:00 where:group kind:pages")
    assert "it comes in private: a page to read is nobody else's business." in refused.text
