"""A send in doubt on Discord, looked up over the wire: by its key, by its words, and what cannot be told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cards import Button, Card, Choice, Field, Fields, Mention, Option, Paragraph, Text
from bot.delivery import Address, Doubtful, Gone, Later, Outcome, Sent
from bot.platforms.discord import search
from bot.platforms.discord.render import carried, mark_of, marked, render
from bot.views.news import news_of_step
from tests.fakes.discord_server import Permission
from tests.fakes.discord_server.posting import post
from tests.platforms.discord_driver import DiscordDriver

SINCE = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)

ASKED = Card(parts=(Paragraph((Text("Did you study today?"),)),), rows=((Button("Yes", "roadmaps"),),))
CHOSEN = Card(title=(Text("Which?"),), choice=Choice("Which?", (Option("This", "roadmaps"), Option("That", "help"))))
TOLD = Card(
    title=(Text("The week, * as it was "),),
    parts=(Paragraph((Text("  Two of you studied\nevery day "),)), Fields((Field("Best", (Text("asha: 7"),)),))),
)
LONG = Card(
    parts=(Paragraph((Text("Hello"),)), *(Paragraph((Text(f"{n} " + "word " * 300),)) for n in range(9))),
    rows=((Button("Go", "roadmaps"),),),
)


class Clock:
    """The moment of the test."""

    def __init__(self) -> None:
        self.now = SINCE

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def driver(tmp_path: Path, clock: Clock) -> AsyncIterator[DiscordDriver]:
    async with DiscordDriver(tmp_path, clock) as driver:
        yield driver


async def send(driver: DiscordDriver, card: Card, key: str = "key", address: Address | None = None) -> str:
    sent = await driver.platform.send(address or driver.home, card, key)
    assert isinstance(sent, Sent), sent
    return sent.message


async def find(driver: DiscordDriver, card: Card, key: str = "key", address: Address | None = None) -> Outcome | None:
    return await driver.platform.find(address or driver.home, card, key, SINCE)


# ---------------------------------------------------------------- found


@pytest.mark.parametrize("card", [ASKED, CHOSEN, TOLD, LONG])
async def test_what_arrived_is_found(driver: DiscordDriver, card: Card) -> None:
    await send(driver, replace(card, title=(Text("Another"),)), "before")
    message = await send(driver, card)
    await send(driver, replace(card, title=(Text("Another"),)), "after")
    assert await find(driver, card) == Sent(message)


async def test_what_arrived_in_private_is_found(driver: DiscordDriver) -> None:
    asha = Address.private_to("discord", str(driver.person("asha").id))
    card = Card(parts=(Paragraph((Mention("asha", (("discord", str(driver.person("asha").id)),)), Text(" hello"))),))
    message = await send(driver, card, address=asha)
    assert await find(driver, card, address=asha) == Sent(message)


async def test_it_is_found_by_its_key_whatever_it_says_by_now(driver: DiscordDriver) -> None:
    message = await send(driver, ASKED)
    changed = replace(ASKED, parts=(Paragraph((Text("You have studied today"),)),))
    assert await find(driver, changed) == Sent(message)
    assert await find(driver, changed.without_buttons()) == Sent(message)


async def test_it_is_found_among_what_others_write(driver: DiscordDriver) -> None:
    asha = driver.person("asha")
    for number in range(130):
        driver.server.says(asha, driver.channel, f"word {number}")
    message = await send(driver, ASKED)
    for number in range(130):
        driver.server.says(asha, driver.channel, f"another word {number}")
    assert await find(driver, ASKED) == Sent(message)


async def test_a_button_with_a_mark_does_what_it_says(driver: DiscordDriver) -> None:
    await send(driver, ASKED)
    (part,) = driver.server.messages(driver.channel)[-1].parts
    assert mark_of(part["custom_id"])
    assert "backend-ai-era" in (await driver.press("asha", "Yes")).text
    await send(driver, CHOSEN, "another")
    assert "backend-ai-era" in (await driver.choose("asha", "This")).text


def test_a_mark_fits_behind_the_longest_line_and_comes_off() -> None:
    line = "done backend-ai-era/http-rest " + "x" * 28
    (message,) = render(Card(title=(Text("a"),), rows=((Button("A", line, 7), Button("B", line, 7)),)))
    known = marked(message, "0123456789abcdef0123456789")
    ids = [item.custom_id for row in known.rows for item in row if not hasattr(item, "url")]
    assert max(len(id) for id in ids) <= 100
    assert [mark_of(id) for id in ids] == ["0123456789ab", ""]
    assert {carried(id) for id in ids} == {(line, 7)}
    # What a member typed is no mark, wherever it stands.
    assert carried("done note:␟0123456789a") == ("done note:␟0123456789a", None)


# ---------------------------------------------------------------- not there


@pytest.mark.parametrize("card", [ASKED, CHOSEN, TOLD, LONG])
async def test_what_did_not_arrive_is_not_there(driver: DiscordDriver, card: Card) -> None:
    assert await find(driver, card) is None
    await send(driver, Card(title=(Text("Another"),), rows=card.rows), "other")
    driver.server.says(driver.person("asha"), driver.channel, "Did you study today?")
    # An answer to a member says the same without being it.
    await driver.say("asha", "/roadmaps")
    assert await find(driver, card) is None
    asha = Address.private_to("discord", str(driver.person("asha").id))
    assert await find(driver, card, address=asha) is None


async def test_the_same_words_long_before_are_another_message(driver: DiscordDriver, clock: Clock) -> None:
    await send(driver, TOLD, "yesterday's")
    later = SINCE + timedelta(hours=1)
    assert await driver.platform.find(driver.home, TOLD, "key", later) is None
    # Discord's clock may be behind ours a little.
    clock.now = later - timedelta(seconds=20)
    message = await send(driver, TOLD)
    assert await driver.platform.find(driver.home, TOLD, "key", later) == Sent(message)


# ---------------------------------------------------------------- in doubt


async def test_a_part_of_a_long_card_leaves_doubt(driver: DiscordDriver) -> None:
    await send(driver, LONG)
    last = driver.server.messages(driver.channel)[-1]
    del driver.channel.messages[last.id]
    assert await find(driver, LONG) == Doubtful("a part of it arrived")


async def test_words_that_only_open_alike_leave_doubt(driver: DiscordDriver) -> None:
    await send(driver, TOLD, "which?")
    changed = replace(TOLD, parts=(Paragraph((Text("Three of you studied"),)),))
    assert await find(driver, changed) == Doubtful("something like it is there")


async def test_news_are_found_and_leave_doubt_when_their_proof_came_since(driver: DiscordDriver) -> None:
    """They have no button that could carry a mark: own author, time and the same words tell."""
    link = "https://example.org/sql"
    news, shown, other = (
        news_of_step("en", "Asha", title, proof, None, driver.home)
        for title, proof in (("Databases", None), ("Databases", link), ("Queues", link))
    )
    message = await send(driver, news)
    assert await find(driver, news) == Sent(message)
    assert await find(driver, shown) == Doubtful("something like it is there")
    assert await find(driver, other) is None


async def test_a_message_from_before_there_were_marks_leaves_doubt(driver: DiscordDriver) -> None:
    body = {"content": "Did you study today?", "components": [
        {"type": 1, "components": [{"type": 2, "style": 2, "label": "Yes", "custom_id": "roadmaps"}]}
    ]}  # fmt: skip
    post(driver.server, driver.channel, driver.server.bot, body, {})
    assert await find(driver, ASKED) == Doubtful("something like it is there")


async def test_a_history_we_may_not_read_leaves_doubt(driver: DiscordDriver) -> None:
    await send(driver, ASKED)
    driver.channel.deny(Permission.READ_MESSAGE_HISTORY)
    assert isinstance(await find(driver, ASKED), Doubtful)
    driver.channel.deny(Permission.VIEW_CHANNEL)
    assert isinstance(await find(driver, ASKED), Doubtful)


async def test_a_history_too_long_to_read_leaves_doubt(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGES", 2)
    for number in range(210):
        driver.server.says(driver.person("asha"), driver.channel, f"word {number}")
    await send(driver, ASKED)
    assert isinstance(await find(driver, ASKED), Doubtful)


async def test_a_channel_that_is_not_there_is_gone(driver: DiscordDriver) -> None:
    assert isinstance(await find(driver, ASKED, address=Address("discord", "1")), Gone)


@pytest.mark.parametrize("fault", [{"status": 503, "json": {"message": "down"}}, {"drop": True}])
async def test_an_outage_tells_nothing_yet(driver: DiscordDriver, fault: dict[str, object]) -> None:
    await send(driver, ASKED)
    driver.server.fail("GET", "/messages", times=2, **fault)  # type: ignore[arg-type]  # its own keywords
    assert isinstance(await find(driver, ASKED), Later)
    await driver.stop()
    assert isinstance(await find(driver, ASKED), Later)
    await driver.start()
