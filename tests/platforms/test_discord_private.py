"""Private messages to the bot on Discord, over the wire: the real client against the stand-in server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.cards import Card, Paragraph, Text
from bot.command import Dispatch, Incoming, Response
from bot.delivery import Address, Closed, Gone, Sent
from bot.platforms.discord import chats
from bot.store import Unavailable, people
from bot.tables import accounts, checkins, step_events
from bot.views import answers
from tests.fakes.discord_server import Message
from tests.fakes.discord_server.places import DIRECT_MESSAGES, GUILDS
from tests.fakes.discord_server.posting import dispatch
from tests.fakes.patience import PATIENCE
from tests.platforms.discord_driver import DiscordDriver

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
"""12:00 in Kolkata, on Friday 20 November 2026."""


@dataclass
class Clock:
    """The moment of the test."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def driver(tmp_path: Path, clock: Clock) -> AsyncIterator[DiscordDriver]:
    async with DiscordDriver(tmp_path, clock) as driver:
        await driver.say("asha", "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2")
        yield driver


async def write(
    driver: DiscordDriver, words: str, *, file: tuple[str, bytes, str] | None = None, reply_to: Message | None = None
) -> Message:
    """Asha writes in private; gives the first message that answers hers."""
    asha = driver.person("asha")
    said = driver.server.says(asha, driver.server.dm(asha), words, file=file, reply_to=reply_to)
    return await driver.server.wait_message(asha, lambda message: message.reference is said)


async def silent(driver: DiscordDriver, said: Message) -> bool:
    """Whether a message is not answered: a later one already is."""
    await write(driver, "/help")
    await driver.idle()
    return all(message.reference is not said for message in driver.server.dms(driver.person("asha")))


async def asked(driver: DiscordDriver, day: date, track: str = "study") -> Message:
    """The daily question of a day, as it stands in Asha's private chat."""
    asha = driver.person("asha")
    async with driver.store.reading() as db:
        account = await people.account(db, "discord", str(asha.id))
        assert account is not None
        member = await people.member(db, account.member)
    card = answers.question("en", member, day, track, (), 8)
    sent = await driver.platform.send(Address.private_to("discord", str(asha.id)), card, f"question {day} {track}")
    assert isinstance(sent, Sent)
    return driver.server.dm(asha).messages[int(sent.message)]


async def kept(driver: DiscordDriver) -> list[tuple[object, ...]]:
    """The check-ins there are."""
    columns = checkins.c
    async with driver.store.reading() as db:
        rows = await db.execute(select(columns.local_date, columns.track, columns.minutes, columns.note))
        return [tuple(row) for row in rows]


async def test_no_privileged_intent_is_asked_for(driver: DiscordDriver) -> None:
    (session,) = driver.server.gateway.connected
    assert session.intents == GUILDS | DIRECT_MESSAGES


@pytest.mark.parametrize("line", ["done http-rest", "/done http-rest", "Done  HTTP-REST", "done\nhttp-rest"])
async def test_a_typed_line_works_with_and_without_its_slash(driver: DiscordDriver, line: str) -> None:
    answer = await write(driver, line)
    assert "1 of 10" in answer.text
    assert answer.pings == frozenset()
    undone = await driver.press("asha", "Undo")
    assert undone.text.startswith("Taken back")
    assert undone.edited


async def test_an_unknown_command_is_refused_by_the_nearest(driver: DiscordDriver) -> None:
    assert "/done" in (await write(driver, "/don http-rest")).text


async def test_an_answer_in_words_is_a_checkin(driver: DiscordDriver) -> None:
    await asked(driver, date(2026, 11, 20))
    assert (await write(driver, "1h30 indexes")).text.startswith("Friday: 1 h 30")
    assert await kept(driver) == [(date(2026, 11, 20), "study", 90, "indexes")]


async def test_an_if_then_line_is_kept(driver: DiscordDriver) -> None:
    assert "When I have eaten, I study" in (await write(driver, "When I have eaten, I study")).text


async def test_a_reply_to_the_daily_question_answers_its_day_and_track(driver: DiscordDriver, clock: Clock) -> None:
    clock.now -= timedelta(hours=2)
    yesterday = await asked(driver, date(2026, 11, 19), "dsa")
    await write(driver, "45 two pointers", reply_to=yesterday)
    assert await kept(driver) == [(date(2026, 11, 19), "dsa", 45, "two pointers")]
    today = await asked(driver, date(2026, 11, 20))
    await write(driver, "read about **indexes** @everyone", reply_to=today)
    assert (await kept(driver))[1:] == [(date(2026, 11, 20), "study", 0, "read about **indexes** @everyone")]


async def test_a_command_in_reply_to_the_daily_question_is_a_command(driver: DiscordDriver) -> None:
    answer = await write(driver, "done http-rest", reply_to=await asked(driver, date(2026, 11, 20)))
    assert "1 of 10" in answer.text
    assert await kept(driver) == []


async def test_a_reply_to_anything_else_is_no_answer(driver: DiscordDriver) -> None:
    shown = await write(driver, "next")
    assert (await write(driver, "thank you", reply_to=shown)).text.startswith("I understand commands")
    assert await kept(driver) == []


async def test_unknown_words_are_explained_now_and_then(driver: DiscordDriver, clock: Clock) -> None:
    asha = driver.person("asha")
    assert (await write(driver, "hello there")).text.startswith("I understand commands")
    assert await silent(driver, driver.server.says(asha, driver.server.dm(asha), "hello?"))
    clock.now += timedelta(minutes=5)
    assert (await write(driver, "hello again")).text.startswith("I understand commands")


async def test_a_file_is_the_proof_of_its_step(driver: DiscordDriver) -> None:
    file = ("api.pdf", b"proof", "application/pdf")
    assert (await write(driver, "", file=file)).text.startswith("A file shows a step")
    assert "1 of 10" in (await write(driver, "done http-rest", file=file)).text
    async with driver.store.reading() as db:
        (proof,) = (await db.execute(select(step_events.c.file))).scalars()
    assert proof["name"] == "api.pdf"
    assert driver.server.files[proof["reference"].partition("/attachments/")[2]].data == b"proof"


async def test_what_only_typing_answers_is_asked_by_a_button(driver: DiscordDriver) -> None:
    button = await write(driver, "join backend-intern deadline:?")
    assert button.buttons == ["Answer"]
    modal = await driver.press("asha", "Answer")
    assert modal.text.startswith("By when do you want to be done?")
    assert "until Thu 20 May 2027" in (await driver.answer("asha", "20 May 2027")).text


async def test_a_long_answer_takes_several_messages(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def long(_self: Dispatch, _incoming: Incoming) -> Response:
        return Response(Card(parts=tuple(Paragraph((Text(f"{n} " + "word " * 300),)) for n in range(9))))

    monkeypatch.setattr(Dispatch, "__call__", long)
    first = await write(driver, "next")
    await driver.idle()
    shown = [m for m in driver.server.dms(driver.person("asha")) if m.id >= first.id]
    assert len(shown) > 1
    assert [f"{n} word" in "\n".join(m.text for m in shown) for n in range(9)] == [True] * 9


async def test_a_message_that_comes_again_counts_and_is_answered_once(driver: DiscordDriver) -> None:
    asha = driver.person("asha")
    answer = await write(driver, "checkin 30")
    said = answer.reference
    assert said is not None
    dispatch(driver.server, "MESSAGE_CREATE", said)
    await write(driver, "/help")
    await driver.idle()
    assert len([message for message in driver.server.dms(asha) if message.reference is said]) == 1
    assert len(await kept(driver)) == 1


async def test_bots_and_our_own_messages_are_not_heard(driver: DiscordDriver) -> None:
    question = await asked(driver, date(2026, 11, 20))
    await driver.idle()
    assert driver.server.dms(driver.person("asha")) == [question]
    ours = await write(driver, "/help")
    ours.content = "done http-rest"
    dispatch(driver.server, "MESSAGE_CREATE", ours)
    assert await silent(driver, ours)


async def test_a_fault_of_ours_is_apologised_for(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_self: Dispatch, _incoming: Incoming) -> Response:
        # A card with nothing in it cannot be shown.
        return Response(Card())

    monkeypatch.setattr(Dispatch, "__call__", broken)
    answer = await write(driver, "next")
    assert answer.text.startswith("That did not work as it should")
    assert answer.text.partition("leader: ")[2].strip("`.") in caplog.text


async def test_an_answer_that_cannot_be_given_is_logged(
    driver: DiscordDriver, caplog: pytest.LogCaptureFixture
) -> None:
    asha = driver.person("asha")
    driver.server.fail(
        "POST", r"/messages$", status=403, json={"code": 50007, "message": "Cannot send messages to this user"}
    )
    driver.server.says(asha, driver.server.dm(asha), "done http-rest")
    async with asyncio.timeout(PATIENCE):
        # What only shows takes no turn behind what writes: sent at once, it could be the one that is refused.
        while "did not arrive" not in caplog.text:  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0.01)
    assert "1 of 10" in (await write(driver, "progress")).text


# ---------------------------------------------------------------- the channel of a private chat

OPEN = "/users/@me/channels"
GONE: dict[str, Any] = {"status": 404, "json": {"message": "Unknown Channel", "code": 10003}}


async def requests_of(driver: DiscordDriver, day: date) -> list[str]:
    """The requests that it takes to ask Asha, in a new life of the process."""
    await driver.stop()
    await driver.start()
    before = len(driver.server.requests)
    await asked(driver, day)
    made = [(request.method, request.path) for request in driver.server.requests[before:]]
    return [path for method, path in made if method == "POST" and (path == OPEN or path.endswith("/messages"))]


async def channel_of(driver: DiscordDriver) -> str | None:
    """The channel that is kept with Asha's account."""
    async with driver.store.reading() as db:
        found: str | None = await db.scalar(select(accounts.c.channel))
    return found


async def test_after_a_restart_a_private_message_takes_one_request(driver: DiscordDriver) -> None:
    messages = f"/channels/{driver.server.dm(driver.person('asha')).id}/messages"
    assert await requests_of(driver, date(2026, 11, 18)) == [OPEN, messages]
    assert await requests_of(driver, date(2026, 11, 19)) == [messages]
    assert await requests_of(driver, date(2026, 11, 20)) == [messages]


async def test_a_channel_that_is_unknown_after_a_restart_is_opened_anew_once(driver: DiscordDriver) -> None:
    await asked(driver, date(2026, 11, 18))
    asha = driver.person("asha")
    old = driver.server.close_dm(asha)
    new = driver.server.dm(asha)
    trail = [f"/channels/{old.id}/messages", OPEN, f"/channels/{new.id}/messages"]
    assert await requests_of(driver, date(2026, 11, 19)) == trail
    assert await requests_of(driver, date(2026, 11, 20)) == trail[2:]
    assert len(driver.server.dms(asha)) == 2


async def test_a_channel_of_another_bots_is_opened_anew(driver: DiscordDriver) -> None:
    """The token is another application's now. Where other processes have the rest of the shards too."""
    await requests_of(driver, date(2026, 11, 19))
    driver.platform._count = 2
    driver.server.fail("POST", "/messages$", status=403, json={"message": "Missing Access", "code": 50001})
    before = len(driver.server.requests)
    await asked(driver, date(2026, 11, 20))
    assert [request.path for request in driver.server.requests[before:]].count(OPEN) == 1


async def test_a_channel_that_cannot_be_opened_anew_is_forgotten(driver: DiscordDriver) -> None:
    await asked(driver, date(2026, 11, 18))
    await driver.stop()
    assert await channel_of(driver) == str(driver.server.dm(driver.person("asha")).id)
    await driver.start()
    address = Address.private_to("discord", str(driver.person("asha").id))
    card = Card(parts=(Paragraph((Text("Hello"),)),))
    driver.server.fail("POST", "/messages$", times=2, **GONE)
    assert isinstance(await driver.platform.send(address, card, "unknown, and unknown anew"), Gone)
    driver.server.fail("POST", "/messages$", **GONE)
    driver.server.fail("POST", OPEN, status=400, json={"message": "Cannot send", "code": 50007})
    assert isinstance(await driver.platform.send(address, card, "unknown, and closed"), Closed)
    await driver.stop()
    assert await channel_of(driver) is None
    await driver.start()


async def test_a_channel_is_noted_while_the_bot_goes_on(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed, it has noted what was opened more than a moment before."""
    monkeypatch.setattr(chats, "GATHERED", 0.01)
    question = await asked(driver, date(2026, 11, 20))
    writing = driver.platform._chats._writing
    assert writing is not None
    await asyncio.wait_for(writing, PATIENCE)
    assert await channel_of(driver) == str(question.channel.id)


async def test_a_database_that_is_away_costs_a_request_and_no_message(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_given: object, **_named: object) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(chats, "GATHERED", 0.01)
    with monkeypatch.context() as trouble:
        trouble.setattr(people, "channel", away)
        trouble.setattr(people, "note_channels", away)
        question = await asked(driver, date(2026, 11, 20))
        await asyncio.sleep(0.1)
    assert question in driver.server.dms(driver.person("asha"))
    await driver.stop()
    assert await channel_of(driver) == str(question.channel.id)
    await driver.start()
