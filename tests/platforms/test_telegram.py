"""The real bot, through python-telegram-bot over HTTP, against a server that keeps Telegram's rules."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.cards import Button, Card, Link, Mention, Paragraph, Picture, Text
from bot.command.hearing import EXPLAINED_AGAIN, OFFERED_AGAIN
from bot.courier import Courier
from bot.delivery import (
    Address,
    BadToken,
    Closed,
    Doubtful,
    Forbidden,
    Gone,
    Later,
    Moved,
    Rejected,
    Sent,
)
from bot.messages import Messages
from bot.pacing import Pace, urgent
from bot.platforms.telegram import polling
from bot.platforms.telegram.client import TelegramPlatform
from bot.platforms.telegram.rich import bare
from bot.store import belonging, outbox, people
from bot.store.homes import homes_of, settle_in
from bot.tables import accounts, changes, checkins, homes, members, memberships, questions, step_events
from bot.views.answers import question
from tests.fakes.patience import PATIENCE
from tests.fakes.stalls import stalls
from tests.fakes.telegram_server import Group, Message, Press, Update, User
from tests.fakes.telegram_server.entities import part
from tests.fakes.transactions import counted
from tests.platforms.driver import Seen
from tests.platforms.telegram_driver import USERNAME, TelegramDriver
from tests.platforms.test_telegram_server import png

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
JOIN = "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2"
CARD = Card(parts=(Paragraph((Text("Recap of the week"),)),))


class Hour:
    """A clock that the test moves on."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[TelegramDriver]:
    async with TelegramDriver(tmp_path, lambda: NOON) as running:
        yield running


@pytest.fixture
async def asha(driver: TelegramDriver) -> User:
    """Somebody on a roadmap, whose private chat is open."""
    await driver.say("asha", JOIN, private=True)
    await driver.say("asha", "/progress")
    return driver.person("asha")


async def rows(driver: TelegramDriver, table: Any) -> list[dict[str, Any]]:
    async with driver.store.reading() as db:
        return [dict(row) for row in (await db.execute(select(table))).mappings()]


async def member_of(driver: TelegramDriver, who: str) -> int:
    async with driver.store.reading() as db:
        account = await people.account(db, "telegram", str(driver.person(who).id))
    assert account is not None
    return account.member


async def begin(driver: TelegramDriver, user: User, line: str) -> Update:
    """Type a command in private, and wait no longer than until its answer is on its way."""
    before = len(driver.server.calls("sendMessage"))
    update = await driver.server.says(user, line)
    await driver.server.until(
        lambda: len(driver.server.calls("sendMessage")) > before or None, PATIENCE, lambda: "an answer"
    )
    return update


def bot_messages(driver: TelegramDriver, chat: Group | User) -> list[Message]:
    return driver.server.messages(chat, by=driver.server.bot)


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize(
    "line",
    [
        "/progress",
        f"/progress@{USERNAME}",
        "progress",
        "Progress",
        f"/PROGRESS@{USERNAME}",
        "/progress\n\tbackend-ai-era",
    ],
)
async def test_in_private_a_command_needs_no_slash_and_no_name(driver: TelegramDriver, asha: User, line: str) -> None:
    update = await driver.server.says(asha, line)
    await driver.handled(update)
    assert "0 of 10 steps done (0%)" in bare(bot_messages(driver, asha)[-1].text)


async def test_a_private_chat_is_answered_in_place(driver: TelegramDriver, asha: User) -> None:
    done = await driver.say("asha", "/done http-rest https://example.org/api", private=True)
    assert done.text.startswith("✅ HTTP and REST APIs · proof attached")
    assert not done.edited
    undone = await driver.press("asha", "Undo")
    assert undone.edited
    assert undone.text.startswith("Taken back: HTTP and REST APIs done.")
    assert bot_messages(driver, driver.group) == []


async def test_in_a_group_bare_commands_count_and_those_of_other_bots_do_not(
    driver: TelegramDriver, asha: User
) -> None:
    await driver.handled(await driver.server.says(asha, "/done http-rest", chat=driver.group))
    assert len(await rows(driver, step_events)) == 1
    driver.group.promote_bot("can_pin_messages")  # an administrator hears everything
    for line in ("/done@other_bot sql", "/frobnicate", "done sql", "I am done with sql", "/ done sql"):
        await driver.handled(await driver.server.says(asha, line, chat=driver.group))
    assert len(await rows(driver, step_events)) == 1
    assert bot_messages(driver, driver.group) == []


async def test_an_unknown_command_that_names_us_is_refused_with_the_nearest(driver: TelegramDriver, asha: User) -> None:
    seen = await driver.say("asha", "/progres")
    assert seen.private
    assert seen.text == "I don't know /progres. Did you mean /progress?"
    assert seen.buttons == ("/progress",)


@pytest.mark.parametrize("line", ["/progress!", "/progress-", "/prógress"])
async def test_what_looks_like_a_command_is_answered_in_private(driver: TelegramDriver, asha: User, line: str) -> None:
    seen = await driver.say("asha", line, private=True)
    assert seen.text == f"I don't know {line}. Did you mean /progress?"


@pytest.mark.parametrize("separator", ["\n", "\t", "\N{NO-BREAK SPACE}", "  "])
async def test_any_blank_ends_a_command(driver: TelegramDriver, asha: User, separator: str) -> None:
    await driver.handled(await driver.server.says(asha, f"/done{separator}http-rest"))
    assert [row["step"] for row in await rows(driver, step_events)] == ["http-rest"]


async def test_edited_messages_and_other_bots_change_nothing(driver: TelegramDriver, asha: User) -> None:
    said = await driver.server.says(asha, "/done http-rest")
    await driver.handled(said)
    assert said.message is not None
    edit = await driver.server.rewrites(said.message, "/done sql")
    assert not edit.reached
    robot = driver.server.add_user("robot", is_bot=True)
    driver.group.statuses[robot.id] = "member"
    await driver.handled(await driver.server.says(robot, f"/done@{USERNAME} sql", chat=driver.group))
    assert [row["step"] for row in await rows(driver, step_events)] == ["http-rest"]
    assert str(robot.id) not in [row["account"] for row in await rows(driver, accounts)]


async def test_words_in_private_are_explained_but_not_at_every_message(tmp_path: Path) -> None:
    hour = Hour()
    async with TelegramDriver(tmp_path, hour) as driver:
        first = await driver.say("asha", "hello there", private=True)
        assert (
            first.text
            == "I understand commands, such as done http-rest, and answers, such as 1h30 indexes. All commands: /help"
        )
        assert (await driver.say("asha", "are you there?", private=True)).text == ""
        file = await driver.server.says(driver.person("asha"), document=("work.zip", b"zip", "application/zip"))
        await driver.handled(file)
        told = bare(bot_messages(driver, driver.person("asha"))[-1].text)
        assert told.startswith("A file shows a step when its caption says which")
        hour.now += EXPLAINED_AGAIN
        assert (await driver.say("asha", "are you there?", private=True)).text == first.text


@pytest.mark.parametrize(
    ("words", "minutes", "note"),
    [("1h30 indexes", 90, "indexes"), ("studied", 0, None), ("45", 45, None)],
)
async def test_words_in_private_that_say_how_long_are_a_check_in(
    driver: TelegramDriver, asha: User, words: str, minutes: int, note: str | None
) -> None:
    assert (await driver.say("asha", words, private=True)).text.startswith("Friday")
    (row,) = await rows(driver, checkins)
    assert (row["studied"], row["minutes"], row["note"], row["local_date"]) == (True, minutes, note, NOON.date())
    group = await driver.server.says(asha, "30", chat=driver.group)
    assert not group.reached


async def test_an_if_then_line_needs_no_command(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "When I have eaten, I study", private=True)
    (member,) = [row for row in await rows(driver, members) if row["name"] == "asha"]
    assert member["intention"] == "When I have eaten, I study"


@pytest.mark.parametrize("track", ["study", "dsa"])
@pytest.mark.parametrize(
    ("words", "studied", "minutes", "note"),
    [
        ("two chapters about dsa", True, 0, "two chapters about dsa"),
        ("1h30 indexes", True, 90, "indexes"),
        ("not today", False, 0, None),
    ],
)
async def test_any_reply_to_the_daily_check_in_answers_for_its_day_and_track(
    tmp_path: Path, track: str, words: str, studied: bool, minutes: int, note: str | None
) -> None:
    """Another question is open, and the day asked about is yesterday, which can be answered for until noon."""
    hour = Hour(NOON - timedelta(hours=1))
    async with TelegramDriver(tmp_path, hour) as driver:
        await driver.say("asha", "/join backend-ai-era hours:?", private=True)
        asha = driver.person("asha")
        async with driver.store.reading() as db:
            member = await people.member(db, await member_of(driver, "asha"))
        yesterday = NOON.date() - timedelta(days=1)
        daily = question("en", member, yesterday, track, (), 20)
        assert isinstance(await driver.platform.send(Address.private_to("telegram", str(asha.id)), daily, "k"), Sent)
        await driver.handled(await driver.server.says(asha, words, reply_to=bot_messages(driver, asha)[-1]))
        (row,) = await rows(driver, checkins)
        assert (row["local_date"], row["track"]) == (yesterday, track)
        assert (row["studied"], row["minutes"], row["note"]) == (studied, minutes, note)


async def test_help_is_there_to_be_tapped(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "/help", private=True)
    message = bot_messages(driver, asha)[-1]
    live = [part(message.text, entity) for entity in message.entities if entity["type"] == "bot_command"]
    assert {f"/{command.name}" for command in driver.dispatch.registry.listed} <= set(live)


async def test_the_names_of_commands_carry_ours_in_groups(driver: TelegramDriver, asha: User) -> None:
    board = await driver.say("lena", "/setup")
    assert not board.private
    private = await driver.say("asha", "hello", private=True)
    live = [entity["type"] for entity in bot_messages(driver, asha)[-1].entities]
    assert (private.text.count("/help"), live) == (1, ["code", "code", "bot_command"])
    sent = await driver.platform.send(driver.home, Card(parts=(Paragraph(_help()),)), "k")
    assert isinstance(sent, Sent)
    assert bot_messages(driver, driver.group)[-1].text == f"All of them: /help@{USERNAME}"


def _help() -> Any:
    from bot.cards import Code

    return (Text("All of them: "), Code("/help"))


# ---------------------------------------------------------------- files, mentions, names


@pytest.mark.parametrize("private", [True, False])
async def test_a_document_with_a_caption_is_a_proof(driver: TelegramDriver, asha: User, private: bool) -> None:
    seen = await driver.say("asha", "/done http-rest", private=private, file=("report.pdf", b"%PDF"))
    assert seen.text.startswith("✅ HTTP and REST APIs · file attached")
    (event,) = await rows(driver, step_events)
    file = next(iter(driver.server.files.values()))
    chat = str(asha.id if private else driver.group.id)
    assert event["file"] == {"platform": "telegram", "reference": file.file_id, "name": "report.pdf", "chat": chat}


async def test_a_photo_with_a_caption_is_a_proof_too(driver: TelegramDriver, asha: User) -> None:
    update = await driver.server.says(asha, photo=png(), caption="/done http-rest")
    await driver.handled(update)
    (event,) = await rows(driver, step_events)
    assert event["file"]["name"] == "photo.jpg"


async def deliver(driver: TelegramDriver) -> None:
    """Let the courier bring what is due."""
    compose = Messages(driver.store, driver.dispatch.roadmaps).compose
    await Courier(driver.store, {"telegram": driver.platform}, compose, lambda: NOON).deliver()


def newest_post(driver: TelegramDriver) -> Message:
    return bot_messages(driver, driver.group)[-1]


async def test_a_file_given_in_private_is_shown_to_the_group(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "/done http-rest", private=True, file=("report.pdf", b"%PDF"))
    await deliver(driver)
    post = newest_post(driver)
    assert bare(post.text) == "asha finished HTTP and REST APIs · proof: report.pdf"
    assert post.file is not None
    assert post.file.data == b"%PDF"
    await driver.say("asha", "/undo", private=True)
    await deliver(driver)
    assert newest_post(driver) is post
    assert post.text == "asha took back HTTP and REST APIs."


async def test_a_photo_added_later_joins_the_post(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "/done http-rest", private=True)
    await deliver(driver)
    post = newest_post(driver)
    assert post.file is None
    await driver.handled(await driver.server.says(asha, photo=png(), caption="/done http-rest"))
    await deliver(driver)
    assert newest_post(driver) is post
    assert post.photo is not None
    await driver.handled(await driver.server.says(asha, photo=png(), caption="/done sql"))
    await deliver(driver)
    assert newest_post(driver) is not post
    assert newest_post(driver).photo is not None


async def test_a_file_that_the_group_has_seen_is_named_alone(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "/done http-rest", file=("report.pdf", b"%PDF"))
    await deliver(driver)
    assert bare(newest_post(driver).text).endswith("· proof: report.pdf")
    assert newest_post(driver).file is None


async def test_a_file_that_cannot_be_shown_leaves_its_name(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "/done http-rest", private=True, file=("report.pdf", b"%PDF"))
    driver.server.files.clear()
    await deliver(driver)
    assert bare(newest_post(driver).text).endswith("· proof: report.pdf")
    assert newest_post(driver).file is None
    await driver.say("asha", "/done http-rest", private=True, file=("newer.pdf", b"%PDF"))
    driver.server.files.clear()
    await deliver(driver)
    assert bare(newest_post(driver).text).endswith("· proof: newer.pdf")


async def test_an_album_with_one_caption_counts_once(driver: TelegramDriver, asha: User) -> None:
    before = bot_messages(driver, asha)
    for caption in ("/done http-rest", None, None):
        file = driver.server.add_file("photo.jpg", png(), "image/jpeg", folder="photos", size=(800, 600))
        message = driver.server.store(asha, asha, text=caption or "", photo=file)
        payload = message.as_api() | {"media_group_id": "7"}
        await driver.handled(driver.server.tell("message", payload, message))
    assert [row["step"] for row in await rows(driver, step_events)] == ["http-rest"]
    (answer,) = (message for message in bot_messages(driver, asha) if message not in before)
    assert bare(answer.text).startswith("✅ HTTP and REST APIs · file attached")


async def test_a_mentioned_member_is_who_is_meant(driver: TelegramDriver, asha: User) -> None:
    await driver.say("ravi", "/join backend-intern in 5 months 1h")
    by_username = await driver.say("asha", "/progress @ravi")
    assert by_username.text.startswith("ravi · ")
    nameless = driver.server.add_user("Kofi Mensah", username=None)
    driver.people["kofi"] = nameless
    await driver.say("kofi", "/join backend-intern in 5 months 1h")
    await driver.handled(driver.server.tell("message", *_naming(driver, asha, nameless, "Kofi")))
    assert bot_messages(driver, asha)[-1].text.startswith("Kofi Mensah · ")
    await driver.handled(driver.server.tell("message", *_naming(driver, asha, nameless, "r")))
    assert bot_messages(driver, asha)[-1].text.startswith("Kofi Mensah · ")
    stranger = await driver.say("asha", "/progress @nobody_here")
    assert stranger.text.startswith("I know nobody called “@nobody_here” in your groups.")


def _naming(driver: TelegramDriver, by: User, whom: User, name: str) -> tuple[dict[str, Any], Message]:
    """`/progress` with a member who has no username, picked from the app's list and called so by whoever writes."""
    line = f"/progress@{USERNAME} {name}"
    message = driver.server.store(
        driver.group,
        by,
        text=line,
        entities=[
            {"type": "bot_command", "offset": 0, "length": len("/progress@") + len(USERNAME)},
            {"type": "text_mention", "offset": len(line) - len(name), "length": len(name), "user": whom.as_api()},
        ],
    )
    return message.as_api(), message


async def test_names_and_notes_are_words_however_they_look(driver: TelegramDriver) -> None:
    name = "@everyone <b>x</b> **y** t.me/x"
    driver.people["evil"] = driver.server.add_user(name)
    await driver.say("evil", JOIN, private=True)
    note = "note:@lena <i>hi</i> [a](https://evil.example) /undo #tag"
    await driver.say("evil", f"/done http-rest {note}")
    board = await driver.say("lena", "/leaderboard")
    assert name in board.text
    assert board.pings == frozenset()
    for message in bot_messages(driver, driver.group):
        assert {entity["type"] for entity in message.entities} <= {"bold", "code", "italic"}
        assert message.links == ()


async def test_a_note_that_is_too_long_is_refused_and_changes_nothing(driver: TelegramDriver, asha: User) -> None:
    seen = await driver.say("asha", "/done http-rest note:" + "n" * 4000, private=True)
    assert seen.text == "That is 4,000 characters; at most 1,000 fit."
    assert await rows(driver, step_events) == []


# ---------------------------------------------------------------- answers for one alone


async def test_without_a_private_chat_the_group_is_only_told_how_to_open_it(driver: TelegramDriver) -> None:
    seen = await driver.say("asha", JOIN)
    assert (seen.text, seen.buttons, seen.private) == ("The answer is for you alone.", ("Open privately",), False)
    (offer,) = bot_messages(driver, driver.group)
    assert offer.reply_to is not None
    assert offer.reply_to.sender is driver.person("asha")
    link = offer.keyboard[0][0].url
    assert link == f"https://t.me/{USERNAME}?start=open"
    # Somebody else who taps it is greeted as anybody is; it is Asha who finds the answer.
    await driver.handled(await driver.server.opens(driver.person("ravi"), link))
    assert "Backend Engineer (AI era) · 10 steps · until" not in bot_messages(driver, driver.person("ravi"))[-1].text
    await driver.handled(await driver.server.opens(driver.person("asha"), link))
    (answer,) = bot_messages(driver, driver.person("asha"))
    assert bare(answer.text).startswith("Backend Engineer (AI era) · 10 steps · until Thu 20 May 2027")
    assert {row["account"]: row["dm"] for row in await rows(driver, accounts)}[str(driver.person("asha").id)] == "open"
    # A second time there is nothing waiting: /start is /start.
    await driver.handled(await driver.server.opens(driver.person("asha"), link))
    assert len(bot_messages(driver, driver.person("asha"))) == 2


async def test_the_group_is_told_once_an_hour_how_somebody_opens_the_private_chat(tmp_path: Path) -> None:
    hour = Hour()
    async with TelegramDriver(tmp_path, hour) as driver:
        assert (await driver.say("asha", JOIN)).buttons == ("Open privately",)
        assert await driver.say("asha", "/progress") == Seen("")
        assert (await driver.say("ravi", "/progress")).buttons == ("Open privately",)
        # What waits is the newest.
        link = f"https://t.me/{USERNAME}?start=open"
        await driver.handled(await driver.server.opens(driver.person("asha"), link))
        assert "0 of 10 steps done" in bare(bot_messages(driver, driver.person("asha"))[-1].text)
        hour.now += OFFERED_AGAIN
        assert (await driver.say("ravi", "/progress")).buttons == ("Open privately",)


@pytest.mark.parametrize("payload", ["", "open"])
async def test_who_opens_the_private_chat_is_not_told_that_it_is_closed(driver: TelegramDriver, payload: str) -> None:
    await driver.say("asha", JOIN)
    if payload:
        # What waits to be read was written when the chat was known to be closed.
        await driver.say("asha", "/progress")
    link = f"https://t.me/{USERNAME}" + (f"?start={payload}" if payload else "")
    await driver.handled(await driver.server.opens(driver.person("asha"), link))
    (answer,) = bot_messages(driver, driver.person("asha"))
    assert "could not reach you" not in answer.text
    assert "could not reach you" not in (await driver.say("asha", "/checkin 30")).text


async def test_what_the_group_reads_anyway_is_not_offered_again(driver: TelegramDriver) -> None:
    await driver.say("asha", JOIN)
    before = len(bot_messages(driver, driver.group))
    seen = await driver.say("asha", "/done http-rest")
    assert seen == Seen("")
    assert len(await rows(driver, step_events)) == 1
    assert len(bot_messages(driver, driver.group)) == before


async def test_a_press_in_the_group_by_somebody_without_a_private_chat_opens_it(driver: TelegramDriver) -> None:
    await driver.platform.send(driver.home, CARD.with_rows([Button("Roadmaps", "roadmaps")]), "k")
    (post,) = bot_messages(driver, driver.group)
    press = await driver.server.press(driver.person("asha"), post, "Roadmaps")
    assert press.answer is not None
    assert press.answer.url == f"https://t.me/{USERNAME}?start=open"
    assert bot_messages(driver, driver.group) == [post]
    await driver.handled(await driver.server.opens(driver.person("asha"), press.answer.url))
    assert bot_messages(driver, driver.person("asha"))[0].text.startswith("Roadmaps")


# ---------------------------------------------------------------- pressing


async def test_a_missing_argument_is_a_keyboard_in_the_private_chat(driver: TelegramDriver, asha: User) -> None:
    asked = await driver.say("asha", "/done")
    assert asked.private
    assert asked.text == "Which step did you finish?"
    assert asked.buttons[-1] == "Other…"
    chosen = await driver.choose("asha", asked.buttons[1])
    assert chosen.edited
    assert chosen.text.startswith("✅")
    assert len(await rows(driver, step_events)) == 1


async def test_a_press_counts_once_however_often_it_comes(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "/next", private=True)
    message = bot_messages(driver, asha)[-1]
    press = await driver.server.press(asha, message, "Done")
    again = await driver.server.press(asha, message, "Done", stale=True)
    assert again.answer is not None
    assert again.answer.text == "That was counted already: A typed language and git done."
    driver.server.redeliver(press)
    await driver.server.until(lambda: len(press.answers) > 1 or None, PATIENCE, lambda: "an answer to the redelivery")
    assert len(await rows(driver, step_events)) == 1


async def test_a_redelivered_message_is_applied_once(driver: TelegramDriver, asha: User) -> None:
    update = await driver.server.says(asha, "/checkin 90")
    await driver.handled(update)
    shown = len(bot_messages(driver, asha))
    driver.server.redeliver(update)
    await driver.server.until(lambda: len(bot_messages(driver, asha)) > shown or None, PATIENCE, lambda: "an answer")
    assert bot_messages(driver, asha)[-1].text.startswith("That was counted already: ")
    assert [row["minutes"] for row in await rows(driver, checkins)] == [90]


async def test_somebody_else_cannot_press_an_owned_button(driver: TelegramDriver, asha: User) -> None:
    member = await member_of(driver, "asha")
    await driver.platform.send(driver.home, CARD.with_rows([Button("Done", "done http-rest", only=member)]), "k")
    seen = await driver.press("ravi", "Done")
    assert seen == Seen("That button is somebody else's. /help shows what you can do.", private=True)
    assert await rows(driver, step_events) == []
    await driver.press("asha", "Done")
    assert len(await rows(driver, step_events)) == 1


async def test_buttons_work_after_a_restart(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "/done http-rest", private=True)
    await driver.stop()
    await driver.start()
    assert "0 of 10 steps done" in (await driver.press("asha", "Undo")).text


async def test_a_stale_press_is_handled_though_it_cannot_be_answered(
    driver: TelegramDriver, asha: User, caplog: pytest.LogCaptureFixture
) -> None:
    await driver.say("asha", "/next", private=True)
    driver.server.sending.query_lifetime = -1
    with caplog.at_level(logging.INFO, "bot"):
        press = await driver.server.press(asha, bot_messages(driver, asha)[-1], "Done", answered=False)
        await driver.handled(press.update)
    assert "a press could not be acknowledged" in caplog.text
    assert len(await rows(driver, step_events)) == 1
    driver.server.presses.remove(press)


async def test_a_press_on_a_message_that_is_gone_counts_and_is_answered_below(
    driver: TelegramDriver, asha: User
) -> None:
    await driver.say("asha", "/next", private=True)
    message = bot_messages(driver, asha)[-1]
    message.deleted = True
    press = await driver.server.press(asha, message, "Done")
    await driver.handled(press.update)
    assert bot_messages(driver, asha)[-1].text.startswith("✅")
    assert len(await rows(driver, step_events)) == 1


@pytest.mark.parametrize(
    "data", ["frobnicate 7", "~zz done http-rest", "done draft:???", "done", "undo zzzz", "~", " "]
)
async def test_whatever_a_button_carries_it_is_answered(driver: TelegramDriver, asha: User, data: str) -> None:
    await driver.platform.send(driver.home, CARD.with_rows([Button("Old", "help")]), "k")
    (post,) = bot_messages(driver, driver.group)
    payload = {
        "id": "77",
        "from": asha.as_api(),
        "message": post.as_api(),
        "chat_instance": "1",
        "data": data,
    }
    update = driver.server.tell("callback_query", payload, post)
    press = Press("77", asha, post, data, NOON.timestamp(), update)
    driver.server.presses.append(press)
    await driver.handled(update)
    assert press.answer is not None
    assert await rows(driver, step_events) == []
    assert bot_messages(driver, driver.group) == [post]


@pytest.mark.parametrize("where", ["private", "group"])
async def test_a_press_takes_one_transaction(driver: TelegramDriver, asha: User, where: str) -> None:
    if where == "private":
        await driver.say("asha", "/next", private=True)
    else:
        await driver.platform.send(driver.home, CARD.with_rows([Button("Done", "done http-rest")]), "k")
        await driver.memory.flush()
    with counted(driver.store) as transactions:
        assert (await driver.press("asha", "Done")).text.startswith("✅")
        assert (transactions.writing, transactions.reading) == (1, 0)


async def test_a_groups_post_takes_two_durable_commits(driver: TelegramDriver) -> None:
    """It is handed over, and settled; that the group was written to goes along with one of the two."""

    async def compose(_delivery: object, _now: datetime) -> Card:
        return CARD

    courier = Courier(driver.store, {"telegram": driver.platform}, compose, lambda: NOON)
    driver.memory.commits = courier.commits
    # The right to send is taken once.
    await courier.deliver()
    draft = outbox.Draft("k", "recap", driver.home, NOON.date(), NOON, NOON + timedelta(hours=1))
    async with driver.store.writing() as db:
        await outbox.queue(db, draft)
    with counted(driver.store) as transactions:
        assert await courier.deliver() == 1
        await driver.memory.flush()
        assert transactions.writing == 2
    noted = await driver.memory.written_to(driver.server.token.partition(":")[0], 0)
    assert dict(noted) == {driver.home.chat: [NOON.timestamp()]}


# ---------------------------------------------------------------- questions


async def test_a_question_in_private_is_answered_by_the_next_words(driver: TelegramDriver, asha: User) -> None:
    asked = await driver.say("asha", "/join backend-ai-era hours:?", private=True)
    assert asked.text == "How many hours a day?"
    message = bot_messages(driver, asha)[-1]
    assert message.force_reply
    assert message.markup.placeholder == "2, or 1h30"
    refused = await driver.say("asha", "loads", private=True)
    assert refused.text.startswith("“loads” is not a number of hours a day.")
    # The question stays open: what follows is a better answer.
    assert (await driver.say("asha", "3", private=True)).text.startswith("Backend Engineer (AI era)")
    assert await rows(driver, questions) == []


async def test_an_answer_outlives_a_crash_before_it_counted(
    driver: TelegramDriver, asha: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.say("asha", "/join backend-ai-era hours:?", private=True)
    begun = asyncio.Event()

    async def dies(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(polling, "STOP_SECONDS", 0.05)
    with monkeypatch.context() as patch:
        patch.setattr(type(driver.dispatch), "__call__", dies)
        update = await driver.server.says(asha, "3")
        await begun.wait()
        await driver.stop()
    await driver.start()
    await driver.handled(update)
    assert "3 h a day" in bot_messages(driver, asha)[-1].text
    assert await rows(driver, questions) == []


async def test_another_command_ends_a_private_question(driver: TelegramDriver, asha: User) -> None:
    await driver.say("asha", "/join backend-ai-era hours:?", private=True)
    await driver.say("asha", "/progress", private=True)
    assert await rows(driver, questions) == []
    assert (await driver.say("asha", "thanks", private=True)).text.startswith("I understand commands")


async def test_a_question_in_a_group_is_for_one_and_answered_by_their_reply(driver: TelegramDriver, asha: User) -> None:
    asked = await driver.say("asha", "/join backend-ai-era hours:?")
    question = bot_messages(driver, driver.group)[-1]
    assert (asked.text, question.force_reply, question.markup.selective) == ("How many hours a day?", True, True)
    assert question.reply_to is not None
    assert question.reply_to.sender is asha
    other = await driver.server.says(driver.person("ravi"), "5", chat=driver.group, reply_to=question)
    await driver.handled(other)
    plain = await driver.server.says(asha, "4", chat=driver.group)
    assert not plain.reached
    seen = await driver.answer("asha", "3")
    assert seen.text.startswith("Backend Engineer (AI era) · 10 steps")
    assert "3 h a day" in seen.text


async def test_a_question_after_a_press_in_a_group_names_the_one_it_is_for(driver: TelegramDriver, asha: User) -> None:
    day = NOON.date()
    await driver.platform.send(
        driver.home, CARD.with_rows([Button("Note", f"checkin minutes:? note:? date:{day}")]), "k"
    )
    asked = await driver.press("asha", "Note")
    assert asked.text.startswith("asha: ")
    assert asked.pings == {"asha"}
    assert (await driver.answer("asha", "90 indexes and plans")).text == "Friday: 1 h 30 ✅"
    (checkin,) = await rows(driver, checkins)
    assert (checkin["minutes"], checkin["note"]) == (90, "indexes and plans")


# ---------------------------------------------------------------- leaders


async def test_administrators_lead_and_others_do_not(driver: TelegramDriver, asha: User) -> None:
    refused = await driver.say("asha", "/setup time:21:00")
    assert refused.text == "/setup is for those who lead this group: ask whoever manages this chat to type it."
    assert refused.private
    assert driver.server.calls("getChatMember")[0].parameters.given["user_id"] == asha.id
    done = await driver.say("lena", "/setup time:21:00")
    assert "21:00" in done.text
    assert not done.private
    asked = len(driver.server.calls("getChatMember"))
    for line in ("/progress", "/remind 20:00 daily kind:dsa"):
        await driver.say("lena", line)
    assert len(driver.server.calls("getChatMember")) == asked


async def test_the_groups_posts_are_for_administrators_to_set(driver: TelegramDriver, asha: User) -> None:
    refused = await driver.say("asha", "/remind off kind:recap")
    assert driver.server.calls("getChatMember")[0].parameters.given["user_id"] == asha.id
    assert refused.private and refused.text.startswith("/remind kind:recap is for those who lead this group")
    shown = await driver.say("lena", "/remind kind:recap")
    assert not shown.private and "Now: Sunday 18:00." in shown.text
    by_name = await driver.say("lena", '/remind kind:"The group\'s recap"')
    assert not by_name.private and "Now: Sunday 18:00." in by_name.text, "by what it is called, too"
    off = await driver.press("lena", "Turn off")
    assert off.text.startswith("I no longer post the recap here.")
    assert "Next: Sun" in (await driver.say("lena", "/remind on recap")).text


async def test_an_anonymous_administrator_is_told_to_post_as_themselves(driver: TelegramDriver) -> None:
    before = await rows(driver, accounts)
    line = f"/setup@{USERNAME} time:21:00"
    await driver.handled(await driver.server.says(driver.lena, line, chat=driver.group, anonymous=True))
    (told,) = bot_messages(driver, driver.group)
    assert told.text.startswith("You post as a group or channel, so I cannot tell who you are.")
    assert await rows(driver, accounts) == before


@pytest.mark.parametrize("forwarded", [False, True])
async def test_a_channel_is_nobody(driver: TelegramDriver, forwarded: bool) -> None:
    """Somebody posts as their channel, or the linked channel's post is brought here by Telegram."""
    before = await rows(driver, accounts)
    message = driver.server.store(driver.group, driver.lena, text=f"/progress@{USERNAME}")
    author = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
    if not forwarded:
        author = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
    channel = {"id": -1001234567890, "type": "channel", "title": "News"}
    payload = message.as_api() | {"from": author, "sender_chat": channel}
    if forwarded:
        payload["is_automatic_forward"] = True
    await driver.handled(driver.server.tell("message", payload, message))
    told = [message.text[:30] for message in bot_messages(driver, driver.group)]
    assert told == ([] if forwarded else ["You post as a group or channel"])
    assert await rows(driver, accounts) == before


# ---------------------------------------------------------------- topics, moving, coming and going


async def test_a_topic_is_a_home_and_is_answered_in(tmp_path: Path) -> None:
    async with TelegramDriver(tmp_path, lambda: NOON, forum=True) as driver:
        await driver.say("asha", JOIN, private=True)
        await driver.say("asha", "/done http-rest")
        board = await driver.say("asha", "/leaderboard")
        assert "asha" in board.text
        assert driver.topic is not None
        assert [m.thread for m in bot_messages(driver, driver.group)] == [driver.topic.thread]
        sent = await driver.platform.send(driver.home, CARD, "k")
        assert isinstance(sent, Sent)
        driver.topic.delete()
        assert isinstance(await driver.platform.send(driver.home, CARD, "k"), Gone)
        # A message in General is not in the topic, and so not in the home.
        elsewhere = await driver.server.says(driver.person("asha"), f"/leaderboard@{USERNAME}", chat=driver.group)
        await driver.handled(elsewhere)
        assert all(m.thread is None for m in bot_messages(driver, driver.group))


async def test_who_leaves_a_forum_is_no_member_of_the_groups_in_its_topics(tmp_path: Path) -> None:
    async with TelegramDriver(tmp_path, lambda: NOON, forum=True) as driver:
        await driver.say("asha", "/help")
        await driver.handled(driver.group.leave(driver.person("asha")))
        member = await member_of(driver, "asha")
        assert [row["left_at"] for row in await rows(driver, memberships) if row["member"] == member] == [NOON]


async def test_a_closed_topic_is_answered_in_private(tmp_path: Path) -> None:
    async with TelegramDriver(tmp_path, lambda: NOON, forum=True) as driver:
        await driver.say("asha", JOIN, private=True)
        assert driver.topic is not None
        driver.topic.close()
        assert "this week" in (await driver.say("asha", "/leaderboard")).text
        assert bot_messages(driver, driver.group) == []


async def test_an_upgraded_group_is_not_greeted_again(driver: TelegramDriver) -> None:
    small = driver.server.add_group("small", admins=[driver.lena], supergroup=False, with_bot=False)
    await driver.handled(small.add_bot(driver.lena))
    setup = await driver.server.says(driver.lena, f"/setup@{USERNAME} zone:Asia/Kolkata", chat=small)
    await driver.handled(setup)
    question = f"/setup@{USERNAME} time:?"
    await driver.handled(
        await driver.server.says(driver.lena, f"/join@{USERNAME} backend-ai-era in 5 months 2h", chat=small)
    )
    successor = small.migrate()
    # Typed before the change and read after it.
    await driver.handled(await driver.server.says(driver.lena, question, chat=small))
    (asked,) = bot_messages(driver, successor)
    assert asked.text == "When shall I ask the group every day?", asked
    answer = await driver.server.says(driver.lena, "21:00", chat=successor, reply_to=asked)
    await driver.handled(answer)
    assert "21:00" in bot_messages(driver, successor)[-1].text
    board = await driver.server.says(driver.lena, f"/leaderboard@{USERNAME}", chat=successor)
    await driver.handled(board)
    assert "small · this week" in bot_messages(driver, successor)[-1].text
    # Removed and added again, it is greeted like any other.
    await driver.handled(successor.kick_bot())
    await driver.handled(successor.add_bot(driver.lena))
    assert bot_messages(driver, successor)[-1].buttons == ["Set up"]


async def test_a_group_that_becomes_a_supergroup_takes_its_homes_and_deliveries_along(driver: TelegramDriver) -> None:
    small = driver.server.add_group("small", admins=[driver.lena], supergroup=False)
    old = Address("telegram", str(small.id))
    async with driver.store.writing() as db:
        group = await belonging.found_group(db, "small", "Asia/Kolkata", NOON)
        await settle_in(db, group.id, old, "small")
        draft = outbox.Draft("key", "recap", old, date(2026, 11, 20), NOON, NOON + timedelta(days=1), group=group.id)
        await outbox.queue(db, draft)
    successor = small.migrate()
    await driver.handled(driver.server.sent_updates[-1])
    new = Address("telegram", str(successor.id))
    async with driver.store.reading() as db:
        assert await homes_of(db, group.id) == (new,)
        (delivery,) = await outbox.due(db, NOON, 10, "telegram")
    assert delivery.address == new
    assert await driver.platform.send(old, CARD, "k") == Moved(new)
    # What was typed just before is answered where the group is now.
    await driver.handled(await driver.server.says(driver.lena, f"/setup@{USERNAME} time:21:00", chat=small))
    assert len(bot_messages(driver, successor)) == 1


async def test_being_added_greets_once_and_being_removed_ends_the_home(driver: TelegramDriver) -> None:
    other = driver.server.add_group("other", admins=[driver.lena], with_bot=False)
    added = other.add_bot(driver.lena)
    await driver.handled(added)
    (greeting,) = await driver.server.wait_messages(other, 1)
    assert greeting.buttons == ["Set up"]
    driver.server.redeliver(added)
    await driver.press_in(other, driver.lena, greeting, "Set up")
    assert len([m for m in bot_messages(driver, other) if m.buttons == ["Set up"]]) == 1
    address = Address("telegram", str(other.id))
    setup = await driver.server.says(driver.lena, f"/setup@{USERNAME} zone:Asia/Kolkata", chat=other)
    await driver.handled(setup)
    async with driver.store.reading() as db:
        assert await belonging.group_at(db, address) is not None
    await driver.handled(other.kick_bot())
    async with driver.store.reading() as db:
        assert await belonging.group_at(db, address) is None
    assert isinstance(await driver.platform.send(address, CARD, "k"), Gone)


async def test_a_group_that_added_us_while_we_slept_is_greeted_at_the_start(driver: TelegramDriver) -> None:
    await driver.stop()
    other = driver.server.add_group("other", admins=[driver.lena], with_bot=False)
    other.add_bot(driver.lena)
    await driver.start()
    (greeting,) = await driver.server.wait_messages(other, 1)
    assert greeting.buttons == ["Set up"]


async def test_blocking_us_closes_the_private_chat_and_unblocking_opens_it(driver: TelegramDriver, asha: User) -> None:
    address = Address.private_to("telegram", str(asha.id))
    await driver.handled(asha.block())
    assert (await rows(driver, accounts))[-1]["dm"] == "closed"
    assert isinstance(await driver.platform.send(address, CARD, "k"), Closed)
    await driver.handled(asha.unblock())
    assert (await rows(driver, accounts))[-1]["dm"] == "open"
    assert isinstance(await driver.platform.send(address, CARD, "k"), Sent)


async def test_who_leaves_the_group_is_no_member_until_they_are_back(driver: TelegramDriver, asha: User) -> None:
    await driver.handled(driver.group.leave(asha))
    member = await member_of(driver, "asha")
    mine = [row for row in await rows(driver, memberships) if row["member"] == member]
    assert [row["left_at"] for row in mine] == [NOON]
    driver.group.statuses[asha.id] = "member"
    await driver.say("asha", "/progress")
    mine = [row for row in await rows(driver, memberships) if row["member"] == member]
    assert [row["left_at"] for row in mine] == [None]


# ---------------------------------------------------------------- delivering


async def test_send_and_edit(driver: TelegramDriver, asha: User) -> None:
    private = Address.private_to("telegram", str(asha.id))
    mention = Mention("asha", (("telegram", str(asha.id)),))
    sent = await driver.platform.send(driver.home, Card(title=(mention, Text(", hello t.me/x"))), "k")
    assert isinstance(sent, Sent)
    (post,) = bot_messages(driver, driver.group)
    assert (sent.message, post.pings, post.links) == (str(post.id), frozenset({asha.id}), ())
    assert await driver.platform.edit(driver.home, sent.message, CARD) == sent
    assert post.text == "Recap of the week"
    assert await driver.platform.edit(driver.home, sent.message, CARD) == sent
    assert isinstance(await driver.platform.edit(driver.home, "999", CARD), Gone)
    long = await driver.platform.send(private, Card(parts=(Paragraph((Text("word " * 2000),)),)), "k")
    assert isinstance(long, Sent)
    pieces = bot_messages(driver, asha)[-3:]
    assert [m.text.count("word") for m in pieces] == [819, 819, 362]
    assert long.message == str(pieces[0].id)
    link = Card(parts=(Paragraph((Link("proof", "https://example.org"),)),))
    await driver.platform.send(driver.home, link, "k")
    (shown,) = bot_messages(driver, driver.group)[-1].links
    assert (shown.url, shown.preview) == ("https://example.org", False)


async def test_a_picture_is_sent_with_its_words_and_edited_with_them(driver: TelegramDriver) -> None:
    picture = Card(parts=(Paragraph((Text("Week 12"),)),), picture=Picture(png(), "64 h", "recap.png"))
    sent = await driver.platform.send(driver.home, picture, "k")
    assert isinstance(sent, Sent)
    (post,) = bot_messages(driver, driver.group)
    assert post.photo is not None
    assert (post.text, post.photo.data, post.photo.name) == ("Week 12", png(), "recap.png")
    assert await driver.platform.edit(driver.home, sent.message, CARD) == sent
    assert post.text == "Recap of the week"
    assert await driver.platform.edit(driver.home, sent.message, picture) == sent
    assert post.text == "Week 12"


@pytest.mark.parametrize(
    ("status", "description", "private", "kind"),
    [
        (403, "Forbidden: bot was blocked by the user", True, Closed),
        (403, "Forbidden: user is deactivated", True, Closed),
        (403, "Forbidden: bot can't initiate conversation with a user", True, Closed),
        (400, "Bad Request: chat not found", True, Closed),
        (403, "Forbidden: bot was kicked from the supergroup chat", False, Gone),
        (403, "Forbidden: bot is not a member of the supergroup chat", False, Gone),
        (400, "Bad Request: chat not found", False, Gone),
        (400, "Bad Request: message thread not found", False, Gone),
        (400, "Bad Request: not enough rights to send text messages to the chat", False, Forbidden),
        (400, "Bad Request: TOPIC_CLOSED", False, Forbidden),
        (400, "Bad Request: CHAT_ADMIN_REQUIRED", False, Forbidden),
        (403, "Forbidden: the group chat was deleted", False, Gone),
        (403, "Forbidden: something new that keeps us from writing here", False, Forbidden),
        (400, "Bad Request: CHANNEL_PRIVATE", False, Gone),
        (400, "Bad Request: INPUT_USER_DEACTIVATED", True, Closed),
        (400, "Bad Request: message is too long", False, Rejected),
        (400, "Bad Request: can't parse entities: nonsense", False, Rejected),
        (413, "Request Entity Too Large", False, Rejected),
        (503, "Service Unavailable", True, Doubtful),
        (400, "Bad Request: BUTTON_DATA_INVALID", False, Rejected),
        (401, "Unauthorized", False, Later),
        (502, "Bad Gateway", False, Doubtful),
        (500, "Internal Server Error", False, Doubtful),
    ],
)
async def test_what_telegram_answers_is_what_became_of_the_message(
    driver: TelegramDriver, asha: User, status: int, description: str, private: bool, kind: type
) -> None:
    driver.server.fail("sendMessage", status, description=description)
    address = Address.private_to("telegram", str(asha.id)) if private else driver.home
    assert isinstance(await driver.platform.send(address, CARD, "k"), kind)


async def test_patience_doubt_and_no_connection_are_told_apart(
    driver: TelegramDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.server.fail("sendMessage", drop=True, after_accept=True)
    assert isinstance(await driver.platform.send(driver.home, CARD, "k"), Doubtful)
    monkeypatch.setattr("bot.platforms.telegram.transport.READ_SECONDS", 0.05)
    driver.server.fail("sendMessage", delay=1)
    assert isinstance(await driver.platform.send(driver.home, CARD, "k"), Doubtful)
    driver.server.fail("sendMessage", 429, parameters={"retry_after": 700})
    later = await driver.platform.send(driver.home, CARD, "k")
    assert isinstance(later, Later)
    assert later.seconds == 700
    # Some of it has passed by now.
    assert 0 < driver.platform.delay(driver.home) <= 700
    halted = await driver.platform.send(driver.home, CARD, "k")
    assert isinstance(halted, Later)
    assert 0 < halted.seconds <= 700


LONG = Card(parts=(Paragraph((Text("word " * 2000),)),))


async def test_the_rest_of_a_card_waits_when_telegram_asks_for_it(driver: TelegramDriver) -> None:
    driver.server.enforce_rates = True
    assert isinstance(await driver.platform.send(driver.home, LONG, "k"), Sent)
    assert len(bot_messages(driver, driver.group)) == 3
    assert driver.server.rates.sent_in_halts == 0


async def test_a_card_that_arrived_in_part_is_in_doubt(tmp_path: Path) -> None:
    async with TelegramDriver(tmp_path, lambda: NOON, pace=Pace(1000, per_chat=0.2)) as driver:
        sending = asyncio.create_task(driver.platform.send(driver.home, LONG, "k"))
        await driver.server.until(
            lambda: bot_messages(driver, driver.group) or None, PATIENCE, lambda: "the first part"
        )
        driver.server.fail("sendMessage", 502)
        # To send it all again would say the first part twice.
        assert isinstance(await sending, Doubtful)
        assert len(bot_messages(driver, driver.group)) == 1


async def test_nobody_can_tell_whether_a_message_arrived(driver: TelegramDriver) -> None:
    assert isinstance(await driver.platform.find(driver.home, CARD, "k", NOON), Doubtful)


async def test_nothing_is_sent_without_a_connection(driver: TelegramDriver) -> None:
    platform = TelegramPlatform(driver.server.token, driver.hearing, driver.memory, api_url=driver.server.url)
    assert isinstance(await platform.send(driver.home, CARD, "k"), Later)
    assert isinstance(await platform.edit(driver.home, "1", CARD), Later)
    await driver.server.__aexit__(None, None, None)
    assert isinstance(await driver.platform.send(driver.home, CARD, "k"), Later)
    await driver.server.__aenter__()
    assert isinstance(await driver.platform.send(driver.home, CARD, "k"), Sent)


async def test_an_answer_waits_when_telegram_asks_for_it(driver: TelegramDriver, asha: User) -> None:
    driver.server.fail("sendMessage", 429, parameters={"retry_after": 1})
    assert "0 of 10 steps done" in (await driver.say("asha", "/progress", private=True)).text


async def test_where_we_may_not_write_the_one_who_asked_is_told(driver: TelegramDriver, asha: User) -> None:
    await driver.say("lena", "/help", private=True)
    await driver.handled(driver.group.restrict_bot())
    seen = await driver.say("lena", "/leaderboard")
    assert seen.private
    assert "study · this week" in seen.text
    missing = await driver.say("lena", "/setup")
    assert missing.private
    assert "send" in missing.text.casefold()


async def test_a_group_where_members_may_not_write_is_known_at_setup(driver: TelegramDriver) -> None:
    await driver.say("lena", "/help", private=True)
    assert "Here I may not" not in (await driver.say("lena", "/setup")).text
    driver.group.members_may_write = False
    seen = await driver.say("lena", "/setup")
    assert seen.private
    assert "Here I may not: Send Messages, Attach Files." in seen.text


# ---------------------------------------------------------------- serving


async def test_the_menu_is_told_once_for_each_place(driver: TelegramDriver) -> None:
    menus = {json.loads(scope)["type"]: commands for (scope, _), commands in driver.server.profile.commands.items()}
    names = {scope: [command["command"] for command in commands] for scope, commands in menus.items()}
    assert names["all_private_chats"] == [command.name for command in driver.dispatch.registry.listed]
    assert "setup" in names["all_chat_administrators"]
    assert not {"setup", "settings", "link"} & set(names["all_group_chats"])
    assert {"done", "progress", "leaderboard", "help"} <= set(names["all_group_chats"])
    told = len(driver.server.calls("setMyCommands"))
    await driver.stop()
    await driver.start()
    assert len(driver.server.calls("setMyCommands")) == told


async def test_a_refused_token_is_said_once_and_never_shown(
    driver: TelegramDriver, caplog: pytest.LogCaptureFixture
) -> None:
    token = "7000000001:" + "wrong".ljust(35, "-")
    with caplog.at_level(logging.DEBUG), pytest.raises(BadToken, match="TELEGRAM_TOKEN") as raised:
        await TelegramPlatform(token, driver.hearing, driver.memory, api_url=driver.server.url).run()
    assert token not in caplog.text
    assert token not in str(raised.value)


async def test_a_token_that_is_taken_back_ends_serving(driver: TelegramDriver) -> None:
    driver.server.fail("getUpdates", 401, description="Unauthorized")
    driver.server.updates.wake()
    with pytest.raises(BadToken):
        await driver.serving
    await driver.start()


async def test_polling_survives_whatever_telegram_answers(
    driver: TelegramDriver, asha: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(polling, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(polling, "LONGEST_PAUSE_SECONDS", 0.01)
    driver.server.fail("getUpdates", 409, description="Conflict: terminated by other getUpdates request", times=2)
    driver.server.fail("getUpdates", 502)
    driver.server.fail("getUpdates", 400, description="Bad Request: nonsense")
    driver.server.fail("getUpdates", drop=True)
    driver.server.fail("getUpdates", 429, parameters={"retry_after": 0})
    await driver.stop()
    await driver.start()
    assert (await driver.say("asha", "/progress", private=True)).text
    assert "run one process for a token" in caplog.text


async def test_deliveries_wait_for_what_was_said_before_and_not_for_ever(
    driver: TelegramDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "CATCH_UP_SECONDS", 4)
    monkeypatch.setattr(polling, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(polling, "LONGEST_PAUSE_SECONDS", 0.01)
    await driver.stop()
    polls = len(driver.server.calls("getUpdates"))
    driver.server.fail("getUpdates", 502, times=10**6)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.25):
            await driver.start()
    await driver.server.wait_call("getUpdates", polls + 1)
    address = Address.private_to("telegram", str(driver.lena.id))
    assert driver.platform.delay(address) > 0
    await driver.server.until(lambda: driver.platform.delay(address) == 0 or None, PATIENCE, lambda: "deliveries")
    assert not driver.platform.status().connected


async def test_telegram_out_of_reach_at_the_start_is_waited_for(
    driver: TelegramDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.telegram.connection.FIRST_PAUSE_SECONDS", 0.001)
    await driver.stop()
    driver.server.fail("getMe", 502, times=2)
    driver.server.fail("deleteWebhook", drop=True)
    driver.server.profile.webhook = "https://example.org/hook"
    await driver.start()
    assert driver.server.profile.webhook == ""
    assert (await driver.say("asha", "/help", private=True)).text


async def test_an_update_is_confirmed_when_it_was_handled_and_not_before(driver: TelegramDriver, asha: User) -> None:
    answers = asyncio.Event()
    driver.server.fail("sendMessage", until=answers)
    update = await begin(driver, asha, "/checkin 30")
    assert update in driver.server.updates.pending
    assert [row["command"] for row in await rows(driver, changes)] == ["join", "checkin"]
    answers.set()
    await driver.handled(update)
    assert bot_messages(driver, asha)[-1].text.startswith("Friday")


async def test_a_crash_between_handling_and_confirming_loses_and_doubles_nothing(
    driver: TelegramDriver, asha: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One update was handled, one is being handled for longer than we look, and one waits for its turn behind it."""
    await driver.say("ravi", "/help", private=True)
    monkeypatch.setattr(polling, "LOOK_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(polling, "STOP_SECONDS", 0)
    driver.server.fail("sendMessage", delay=60)
    first = await begin(driver, asha, "/checkin 30")
    second = await driver.server.says(asha, "/checkin 15")
    other = await driver.server.says(driver.person("ravi"), "/checkin 10")
    await driver.server.until(
        lambda: bot_messages(driver, driver.person("ravi"))[-1].text.startswith("Friday") or None,
        5,
        lambda: "an answer",
    )
    polls = len(driver.server.calls("getUpdates"))
    await driver.server.wait_call("getUpdates", polls + 3)
    assert sorted(row["minutes"] for row in await rows(driver, checkins)) == [10, 30]
    await driver.stop()
    assert [update.id for update in driver.server.updates.pending] == [first.id, second.id, other.id]
    await driver.start()
    for update in (first, second, other):
        await driver.handled(update)
    assert sorted(row["minutes"] for row in await rows(driver, checkins)) == [10, 15, 30]


async def test_stopping_takes_a_few_seconds_at_the_most(
    driver: TelegramDriver, asha: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "STOP_SECONDS", 0.1)
    # Both for longer than we wait here.
    driver.server.fail("sendMessage", 429, parameters={"retry_after": 10 * PATIENCE})
    driver.server.fail("getUpdates", delay=10 * PATIENCE)
    await begin(driver, asha, "/checkin 30")
    async with asyncio.timeout(PATIENCE):
        await driver.stop()
    await driver.start()


async def test_a_crowd_of_messages_by_one_keeps_nobody_else_waiting(
    driver: TelegramDriver, asha: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.say("ravi", "/help", private=True)
    ravi = driver.person("ravi")
    monkeypatch.setattr(polling, "LOOK_AGAIN_SECONDS", 0.02)
    answers = asyncio.Event()
    driver.server.fail("sendMessage", until=answers)
    await begin(driver, asha, "/checkin 30")
    for _ in range(polling.MOST_UNCONFIRMED + 20):
        await driver.server.says(asha, "/undo")
    before = len(bot_messages(driver, ravi))
    await driver.server.says(ravi, "/help")
    await driver.server.until(lambda: len(bot_messages(driver, ravi)) > before or None, PATIENCE, lambda: "an answer")
    answers.set()


async def test_a_slow_answer_keeps_nobody_else_waiting(
    driver: TelegramDriver, asha: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.say("ravi", "/help", private=True)
    ravi = driver.person("ravi")
    before = len(bot_messages(driver, ravi))
    monkeypatch.setattr(polling, "LOOK_AGAIN_SECONDS", 0.05)
    answers = asyncio.Event()
    driver.server.fail("sendMessage", until=answers)
    await begin(driver, asha, "/checkin 30")
    await driver.server.says(asha, "/undo")
    await driver.server.says(ravi, "/help")
    await driver.server.until(lambda: len(bot_messages(driver, ravi)) > before or None, PATIENCE, lambda: "an answer")
    # What one person does happens in their order.
    assert len(bot_messages(driver, asha)) == 2
    answers.set()
    await driver.server.until(lambda: len(bot_messages(driver, asha)) == 4 or None, PATIENCE, lambda: "both answers")
    assert [bare(m.text).split(":")[0] for m in bot_messages(driver, asha)[2:]] == ["Friday", "Taken back"]


async def test_stopping_finishes_what_was_begun_and_confirms_it(driver: TelegramDriver, asha: User) -> None:
    driver.server.fail("sendMessage", delay=0.2)
    update = await begin(driver, asha, "/checkin 30")
    await driver.stop()
    assert bot_messages(driver, asha)[-1].text.startswith("Friday")
    assert update not in driver.server.updates.pending
    await driver.start()
    assert [task for task in asyncio.all_tasks() if "telegram" in repr(task.get_coro())] == []


async def test_a_fault_of_ours_costs_one_answer(
    driver: TelegramDriver, asha: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr("bot.platforms.telegram.client.text_of", broken)
        told = (await driver.say("asha", "/progress", private=True)).text
    assert told.startswith("That did not work as it should, and it is our fault")
    assert told.split()[-1].rstrip(".") in caplog.text
    await driver.say("asha", "/next", private=True)
    with monkeypatch.context() as patch:
        patch.setattr("bot.platforms.telegram.answering.render", broken)
        press = await driver.server.press(asha, bot_messages(driver, asha)[-1], "Done")
        await driver.handled(press.update)
    assert bot_messages(driver, asha)[-1].text.startswith("That did not work as it should")
    assert (await driver.say("asha", "/progress", private=True)).text


async def test_being_removed_from_a_forum_ends_the_homes_in_its_topics(tmp_path: Path) -> None:
    async with TelegramDriver(tmp_path, lambda: NOON, forum=True) as driver:
        await driver.handled(driver.group.kick_bot())
        assert [row["gone_at"] for row in await rows(driver, homes)] == [NOON]


# ---------------------------------------------------------------- the pace, on the wire


async def test_three_hundred_due_at_one_moment_keep_every_limit_and_answers_are_quick(tmp_path: Path) -> None:
    """Telegram asks for patience in the middle, and one person goes on asking."""
    pace = Pace(30, per_chat=1, per_group_minute=20)
    async with TelegramDriver(tmp_path, lambda: NOON, pace=pace) as driver:
        rates = driver.server.rates
        readers = [driver.server.add_user(f"reader {n}") for n in range(300)]
        for reader in readers:
            reader.started = True
        await driver.say("asha", "/help", private=True)
        asha = driver.person("asha")
        rates.attempts.clear()

        async def deliver(reader: User) -> None:
            urgent.set(False)
            address = Address.private_to("telegram", str(reader.id))
            result = await driver.platform.send(address, CARD, "k")
            if isinstance(result, Later):
                await asyncio.sleep(result.seconds)
                result = await driver.platform.send(address, CARD, "k")
            assert isinstance(result, Sent)

        async def ask() -> None:
            before = len(bot_messages(driver, asha))
            await driver.server.says(asha, "/help")
            await driver.server.until(
                lambda: len(bot_messages(driver, asha)) > before or None, PATIENCE, lambda: "an answer"
            )

        async with stalls() as stall:
            deliveries = [asyncio.create_task(deliver(reader)) for reader in readers]
            # Not in the second in which this chat has had its message.
            await asyncio.sleep(1.1)
            await ask()
            # Answered while the others, ten seconds' worth, stood in line.
            assert not all(delivery.done() for delivery in deliveries)
            driver.server.fail("sendMessage", 429, parameters={"retry_after": 1})
            await asyncio.gather(*deliveries)
        assert [len(bot_messages(driver, reader)) for reader in readers] == [1] * 300
        assert rates.worst_second <= 30 + stall.more(30)
        assert (rates.worst_chat_second, len(rates.halts)) == (1, 1)
        # What was on its way when the halt was told may have been read late.
        (halt,) = rates.halts
        assert not any(halt.start + stall.worst < attempt.moment < halt.end for attempt in rates.attempts)


async def test_a_group_gets_no_more_than_twenty_a_minute_and_the_outbox_is_told(tmp_path: Path) -> None:
    pace = Pace(1000, per_group_minute=20)
    async with TelegramDriver(tmp_path, lambda: NOON, pace=pace) as driver:
        results = [await driver.platform.send(driver.home, CARD, "k") for _ in range(21)]
        assert [type(result) for result in results] == [Sent] * 20 + [Later]
        assert isinstance(results[-1], Later)
        assert 0 < results[-1].seconds < 62
        assert 0 < driver.platform.delay(driver.home) < 62
        assert isinstance(await driver.platform.edit(driver.home, "2", CARD), Later)
        assert driver.server.rates.worst_group_minute == 20
        assert driver.platform.delay(Address.private_to("telegram", "1")) == 0
