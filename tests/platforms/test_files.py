"""A platform that does not take a file of ours: its reader is told so, and everything else is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cards import Attachment, Button, Card, Paragraph, Picture, Text, as_one
from bot.delivery import Address, Sent
from bot.platforms.console.render import plain_lines
from bot.platforms.discord.render import render as rendered_for_discord
from bot.platforms.telegram.answering import KEPT_BYTES
from bot.platforms.telegram.render import render as rendered_for_telegram
from bot.platforms.telegram.render import render_one, toast
from tests.platforms.discord_driver import DiscordDriver
from tests.platforms.telegram_driver import TelegramDriver
from tests.platforms.test_contract import noon

FILE = Attachment("data.json", b"{}", "No file here: /mydata shows it.")
CARD = Card(parts=(Paragraph((Text("All of it"),)),), document=FILE)
REFUSED = "The file could not be sent here. /mydata shows the same, page by page."


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize(("status", "description"), [(413, "Request Entity Too Large"), (400, "file is too big")])
async def test_telegram_refuses_it(tmp_path: Path, status: int, description: str, private: bool) -> None:
    async with TelegramDriver(tmp_path, noon) as driver:
        await driver.say("asha", "/help", private=True)
        driver.server.fail("sendDocument", status, description=f"Bad Request: {description}")
        seen = await driver.say("asha", "/mydata file", private=private)
    assert seen.text.startswith("roadmate-data.json\n") and seen.text.endswith(REFUSED)
    assert seen.private and not seen.files


@pytest.mark.parametrize(("status", "code"), [(413, 40005), (403, 50013)])
async def test_discord_refuses_it(tmp_path: Path, status: int, code: int) -> None:
    async with DiscordDriver(tmp_path, noon) as driver:
        await driver.say("asha", "/privacy")
        await driver.press("asha", "My data")
        driver.server.fail("POST", r"/interactions/.*", status=status, json={"code": code, "message": "no"})
        seen = await driver.press("asha", "As a file")
    assert REFUSED in seen.text.splitlines()
    assert seen.private and not seen.files


async def test_what_waits_for_a_private_chat_takes_no_more_than_its_share_of_memory(tmp_path: Path) -> None:
    async with TelegramDriver(tmp_path, noon) as driver:
        answering = driver.platform._answering
        huge = Card(parts=CARD.parts, document=Attachment("huge", b"x" * (KEPT_BYTES // 2), "none"))
        answering._waiting.update({"a": huge, "b": huge})
        seen = await driver.say("asha", "/mydata file")
        assert not seen.private and not seen.files, "the group sees how to open the private chat"
        assert list(answering._waiting) == ["b", str(driver.person("asha").id)]


async def test_a_card_with_a_file_of_ours_is_delivered_and_edited(tmp_path: Path) -> None:
    async with TelegramDriver(tmp_path, noon) as driver:
        sent = await driver.platform.send(driver.home, CARD, "k")
        assert isinstance(sent, Sent)
        assert await driver.platform.edit(driver.home, sent.message, CARD) == sent
        again = Card(parts=(Paragraph((Text("Once more"),)),), document=FILE)
        assert await driver.platform.edit(driver.home, sent.message, again) == sent
        (seen,) = await driver.posts()
        assert (seen.text, seen.files) == ("Once more", {"data.json": b"{}"})
    async with DiscordDriver(tmp_path, noon) as driver:
        sent = await driver.platform.send(driver.home, CARD, "k")
        assert isinstance(sent, Sent)
        assert await driver.platform.edit(driver.home, sent.message, again) == sent
        (seen,) = await driver.posts()
        assert (seen.text, seen.files) == ("Once more", {"data.json": b"{}"})
        assert driver.home == Address("discord", str(driver.channel.id))


def test_a_file_of_ours_is_never_lost_on_telegram() -> None:
    (one,) = rendered_for_telegram(CARD)
    assert (one.text, one.document) == ("All of it", FILE)
    assert one.words.text.startswith("All of it\nNo file here: ") and not one.words.filed
    long = Card(parts=(Paragraph((Text("word " * 500),)),), rows=((Button("Go", "next"),),), document=FILE)
    file, words = rendered_for_telegram(long)
    assert file.document == FILE and words.document is None and words.keyboard is not None
    file, picture = rendered_for_telegram(Card(parts=CARD.parts, picture=Picture(b"png", "a bar"), document=FILE))
    assert file.document == FILE and picture.photo == b"png" and picture.text == "All of it"
    assert render_one(CARD).document == FILE and len(render_one(long).text) <= 1024
    assert toast(CARD) is None, "a toast holds no file"


def test_a_file_alone_is_a_message_everywhere() -> None:
    alone = Card(document=FILE)
    (message,) = rendered_for_discord(alone)
    assert message.content and message.files[0].content == b"{}"
    assert "No file here" in message.words.content and not message.words.files
    (outgoing,) = rendered_for_telegram(alone)
    assert outgoing.document == FILE
    assert plain_lines(alone) == "[data.json · 2 B]\n{}"
    assert plain_lines(Card(document=Attachment("a.bin", b"\xff\xfe" * 600, "x"))) == "[a.bin · 1,200 B]"


def test_what_a_file_says_cannot_move_a_terminals_cursor() -> None:
    assert "\x1b" not in plain_lines(Card(document=Attachment("a\x1b[2J.txt", b"x\x1b[2Jy", "z")))


def test_where_cards_do_not_go_together_the_files_go_first() -> None:
    one = as_one([CARD, CARD])
    assert one is not None and one.document is None
