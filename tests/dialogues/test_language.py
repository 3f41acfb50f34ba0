"""A language is a member's and a group's: met with, chosen, and spoken from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot import words
from bot.command import Audience
from bot.delivery import Address
from bot.messages import Messages
from bot.store import belonging, outbox
from bot.tables import changes, members
from bot.words import languages, nearest
from tests.dialogues.conftest import Chat
from tests.fakes.locales import SECOND, second_language


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A second language beside English, for one test."""
    monkeypatch.setattr(words, "LOCALES", second_language(tmp_path))
    return SECOND


@pytest.mark.parametrize(
    ("hint", "spoken"),
    [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en"), (None, "en")],
)
def test_a_platforms_hint_is_taken_where_we_speak_it(second: str, hint: str | None, spoken: str) -> None:
    assert languages() == ("de", "en")
    assert nearest(hint) == spoken


async def test_with_one_language_there_is_nothing_to_choose(chat: Chat) -> None:
    assert "Language" not in await chat.say("asha", "/settings", private=True)
    assert "Language" not in await chat.say("lena", "/setup")
    assert "I speak English with you from now on." in await chat.say("asha", "/language english", private=True)
    refused = await chat.say("asha", "/language klingon", private=True)
    assert "I do not speak “klingon”. These I speak: English." in refused


async def test_who_is_met_is_spoken_to_as_their_platform_tells(chat: Chat, second: str) -> None:
    assert "⟦" in await chat.say("asha", "/help", private=True, hint="de-AT")
    # From then on it is theirs, whatever the platform says another day.
    assert "⟦" in await chat.say("asha", "/help", private=True, hint="en-US")
    assert "⟦" not in await chat.say("ravi", "/help", private=True, hint="fr")


async def test_a_member_changes_their_language_and_takes_it_back(chat: Chat, second: str) -> None:
    await chat.say("asha", "/start", private=True)
    assert "Language: English" in await chat.say("asha", "/settings", private=True)
    assert "In which language shall I speak with you?" in await chat.press("asha", "Language", private=True)
    said = await chat.press("asha", "Deutsch", private=True)
    assert "⟦I speak Deutsch with you from now on.⟧" in said
    assert "⟦Sprache⟧" not in said
    assert "⟦Your settings⟧" in await chat.say("asha", "/settings", private=True)
    assert "⟦Taken back: ⟦the language Deutsch⟧.⟧" in await chat.say("asha", "/undo", private=True)
    assert "⟦" not in await chat.say("asha", "/settings", private=True)
    # By its name in their own language, and by its code.
    assert "⟦I speak" in await chat.say("asha", "/language german", private=True)
    assert "I speak English" in await chat.say("asha", "/language Englisch", private=True)
    assert "⟦I speak" in await chat.say("asha", "/language DE", private=True)


async def test_a_group_reads_its_language_and_each_member_their_own(chat: Chat, second: str) -> None:
    await chat.say("asha", "/join backend-ai-era in 6 months 2h")
    said = await chat.say("lena", "/setup language:deutsch")
    assert "⟦✅ Backend '27: saved⟧" in said
    assert "⟦Language⟧: Deutsch" in said
    assert chat.last is not None and chat.last.audience is Audience.GROUP
    assert "⟦" in await chat.say("asha", "/leaderboard")
    assert "⟦" not in await chat.say("asha", "/leaderboard", private=True)
    assert "⟦" in await chat.say("asha", "/recap")
    assert "⟦" not in await chat.say("asha", "/progress")
    await chat.say("lena", "/language de")
    assert "⟦I ask here" in await chat.say("lena", "/remind 21:00 kind:group")
    assert "⟦In which city" in await chat.say("lena", "/setup zone:?")
    # Who is met there and tells nothing of a language begins with the group's.
    assert "⟦" in await chat.say("mei", "/help", private=False)
    assert "Language: English" in await chat.say("lena", "/setup language:englisch")
    await chat.say("lena", "/undo")
    assert "⟦Language⟧: Deutsch" in await chat.say("lena", "/setup")


async def test_what_is_said_unasked_is_in_the_readers_language(chat: Chat, second: str) -> None:
    """The group's post in the group's, a member's question in theirs, and the edit of a post as well."""
    await chat.say("asha", "/join backend-ai-era in 6 months 2h")
    await chat.say("asha", "/remind 20:00 daily dm", private=True)
    await chat.say("ravi", "/join backend-ai-era in 6 months 2h")
    await chat.say("ravi", "/remind 20:00 daily group", private=True)
    await chat.say("lena", "/setup language:de")
    messages = Messages(chat.store, lambda: chat.library.roadmaps)
    chat.forward(hours=9)
    assert await messages.claim(chat.now) > 0
    async with chat.store.reading() as db:
        due = await outbox.due(db, chat.now + timedelta(minutes=1), 20, "test")
    said = {}
    for delivery in due:
        card = await messages.compose(delivery, chat.now)
        said[delivery.kind, delivery.address] = repr(card)
    private, room = Address.private_to("test", "asha"), chat.room
    assert "⟦" not in said["study", private]
    assert "⟦" in said["study", room]
    assert "⟦" in said["group", room]


async def test_a_group_is_founded_in_its_founders_language(chat: Chat, second: str) -> None:
    room = Address("test", "elsewhere")
    await chat.say("lena", "/language de", private=True)
    await chat.say("lena", "/setup Europe/Berlin", room=room)
    async with chat.store.reading() as db:
        found = await belonging.group_at(db, replace(room))
        assert found is not None
        assert found.language == "de"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/rest sun", "the days off So 22 Nov"),
        ("/rest from:2026-11-23 to:2026-11-24", "the days off Mo 23 Nov"),
        ("/pause 2026-11-25", "the pause until Mi 25 Nov"),
        ("/remind 20:00 mon wed dm", "the reminder of your study, Mo"),
        ("/checkin 90", "the check-in of Fr 20 Nov"),
        ("/later tomorrow", "moving the check-in to Sa 21 Nov, 19:00"),
    ],
)
async def test_what_was_changed_in_one_language_is_taken_back_in_another(
    chat: Chat, second: str, line: str, told: str
) -> None:
    """A change keeps the date, the days, the length: they are worded when somebody reads them."""
    await chat.say("asha", "/remind 19:00 daily dm", private=True)
    await chat.say("asha", line, private=True)
    async with chat.store.writing() as db:
        await db.execute(update(members).values(language=SECOND))
    said = (await chat.say("asha", "/undo", private=True)).replace(".", "").replace("⟦", "").replace("⟧", "")
    assert f"Taken back: {told}" in said


async def test_what_was_kept_as_words_before_reads_as_it_did(chat: Chat) -> None:
    await chat.say("asha", "/pause 2026-11-25", private=True)
    async with chat.store.writing() as db:
        await db.execute(update(changes).values(summary=["change-pause", {"until": "Wed 25 Nov"}]))
    assert "Taken back: the pause until Wed 25 Nov." in await chat.say("asha", "/undo", private=True)
