"""The first screen: three taps to a plan, the zone, the line; and what /start is to those who study already."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.cards import Paragraph, plain
from bot.store import people, schedule
from bot.tables import members
from bot.views import answers
from tests.dialogues.conftest import Chat

LINE = "When I have had dinner, I study at my desk"


async def onboarding(chat: Chat, who: str) -> bool:
    """Whether somebody is still being shown around."""
    async with chat.store.reading() as db:
        known = await people.account(db, "test", who)
        assert known is not None
        return (await people.member(db, known.member)).onboarding


async def test_three_taps_the_zone_and_a_line(chat: Chat) -> None:
    said = await chat.say("asha", "/start", private=True)
    assert said.splitlines()[0] == "Hello, Asha."
    assert "[1] Backend Engineer (AI era)  10 steps, about 210 h" in said
    assert "by when" in await chat.press("asha", "Backend Engineer (AI era)", private=True)
    said = await chat.press("asha", "Thu 20 May 2027", private=True)
    assert "It fits, with 11 weeks to spare." in said
    assert "At which time shall I ask you every day whether you studied?" in said
    said = await chat.press("asha", "20:00", private=True)
    assert said == (
        "I ask about your study every day at 20:00 (Asia/Kolkata), in private. Next: today 20:00.\n"
        "I also warn you before your deadline, and write once when you have been silent for 7 days: /settings\n"
        "Is it 12:00 for you?\n"
        "[1] Yes  [2] No, choose my zone"
    )
    said = await chat.press("asha", "Yes", private=True)
    assert said.startswith("Your zone is Asia/Kolkata; it is 12:00 for you.\nA plan with a cue holds better")
    assert await chat.press("asha", "Write it", private=True) == "When do you study, and where? <When …, I study …>"
    assert await onboarding(chat, "asha")
    said = await chat.answer("asha", f"  {LINE}\n", private=True)
    assert said.startswith(f"Noted: {LINE}\nYour daily check-in will quote it.")
    assert not await onboarding(chat, "asha")
    assert f"If-then line: {LINE}" in await chat.say("asha", "/settings", private=True)


async def test_the_tour_is_over_when_the_line_is_declined(chat: Chat) -> None:
    await chat.say("asha", "/start", private=True)
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    await chat.press("asha", "20:00", private=True)
    await chat.press("asha", "Yes", private=True)
    assert "No line, then." in await chat.press("asha", "Not now", private=True)
    assert not await onboarding(chat, "asha")
    assert "cue" not in await chat.say("asha", "/start", private=True)
    assert "cue" not in await chat.say("asha", "/remind 21:00", private=True)


async def test_the_tour_is_over_when_nothing_is_missing(chat: Chat) -> None:
    await chat.say("asha", f"/when {LINE}", private=True)
    await chat.say("asha", "/timezone Asia/Kolkata", private=True)
    await chat.say("asha", "/start", private=True)
    assert "At which time" in await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    assert await onboarding(chat, "asha")
    said = await chat.press("asha", "20:00", private=True)
    assert said == (
        "I ask about your study every day at 20:00 (Asia/Kolkata), in private. Next: today 20:00.\n"
        "I also warn you before your deadline, and write once when you have been silent for 7 days: /settings"
    )
    assert not await onboarding(chat, "asha")


async def test_a_group_that_is_not_asked_is_not_offered_as_enough(chat: Chat) -> None:
    await chat.say("asha", "/start")
    assert "The group's post is enough" in await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("lena", "/setup time:off")
    said = await chat.say("asha", "/join backend-ai-era 2027-06-20")
    assert "The group's post is enough" not in said and "Do not ask me" in said


async def test_whoever_wants_no_reminder_is_still_asked_for_zone_and_line(chat: Chat) -> None:
    await chat.say("asha", "/start", private=True)
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    assert "Is it 12:00 for you?" in await chat.press("asha", "Do not ask me", private=True)
    assert "cue" in await chat.say("asha", "/timezone Asia/Kolkata", private=True)


async def test_in_a_group_its_own_hour_and_its_own_post_are_offered(chat: Chat) -> None:
    await chat.say("lena", "/setup time:19:15 roadmap:backend-intern deadline:2027-05-20")
    said = await chat.say("asha", "/start")
    assert chat.private
    assert "[1] Backend Engineer, internship" in said
    said = await chat.press("asha", "Backend Engineer, internship")
    assert "until Thu 20 May 2027" in said, "the group's deadline is taken without a question"
    assert "[6] 19:15" in said and "The group's post is enough" in said
    assert "Is it 12:00 for you?" in await chat.press("asha", "The group's post is enough")


async def test_another_zone_is_asked_for(chat: Chat) -> None:
    await chat.say("asha", "/start", private=True)
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    await chat.press("asha", "20:00", private=True)
    assert "Where are you?" in await chat.press("asha", "No, choose my zone", private=True)
    said = await chat.answer("asha", "berlin", private=True)
    assert said.startswith("Your zone is Europe/Berlin; it is 07:30 for you.\nThe next question comes today at 20:00.")
    assert "A plan with a cue holds better" in said
    async with chat.store.reading() as db:
        known = await people.account(db, "test", "asha")
        assert known is not None
        reminder = await schedule.of_member(db, known.member, "study")
    assert reminder is not None and reminder.next_due_at is not None
    assert reminder.next_due_at.hour == 19, "20:00 in Berlin in November"


async def test_the_first_confirmed_zone_brings_the_line_outside_the_tour_too(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert "Is it 12:00 for you?" in await chat.say("asha", "/remind 20:00 daily dm")
    assert "A plan with a cue holds better" in await chat.press("asha", "Yes")
    assert "cue" not in await chat.say("asha", "/timezone Europe/Berlin"), "asked once, unless they begin again"


async def test_without_a_tour_receipts_stay_as_they_are(chat: Chat) -> None:
    said = await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert "every day" not in said
    assert said.endswith("[1] Start  [2] Change hours  [3] Change deadline")


async def test_start_shows_where_one_stands(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    await chat.say("asha", "/done http-rest", private=True)
    said = await chat.say("asha", "/start", private=True)
    assert said.startswith("Asha, here is where you stand.\nBackend Engineer (AI era)\n")
    assert "1 of 10 steps done (10%)" in said
    assert "At which time shall I ask you every day" in said, "what was left out is asked now"
    await chat.press("asha", "07:00", private=True)
    await chat.press("asha", "Yes", private=True)
    await chat.press("asha", "Not now", private=True)
    said = await chat.say("asha", "/start", private=True)
    assert said.splitlines()[-1].startswith("[3] Check in  [4] Settings")
    assert "how long did you study?" in await chat.press("asha", "Check in", private=True)


async def test_a_line_can_be_taken_back_and_removed(chat: Chat) -> None:
    await chat.say("asha", f"/when {LINE}", private=True)
    await chat.say("asha", "/when After breakfast, in the library", private=True)
    assert await chat.press("asha", "Undo", private=True) == "Taken back: your if-then line."
    assert f"If-then line: {LINE}" in await chat.say("asha", "/settings", private=True)
    await chat.say("asha", "/when no", private=True)
    assert "If-then line: none" in await chat.say("asha", "/settings", private=True)


async def test_the_daily_question_quotes_the_line(chat: Chat) -> None:
    await chat.say("asha", f"/when {LINE}", private=True)
    async with chat.store.reading() as db:
        known = await people.account(db, "test", "asha")
        assert known is not None
        member = await people.member(db, known.member)
    card = answers.question("en", member, chat.now.date(), "study", (), 20)
    assert LINE in "\n".join(plain(part.spans) for part in card.parts if isinstance(part, Paragraph))


async def test_a_line_too_long_is_refused(chat: Chat) -> None:
    said = await chat.say("asha", "/when " + "x" * 201, private=True)
    assert said == "That is 201 characters; at most 200 fit."


@pytest.mark.parametrize("payload", ["settings", "open_privately", "WELCOME-TO-THE-GROUP", "9", "ABCDEFGH"])
async def test_a_payload_that_is_no_code_is_ignored(chat: Chat, payload: str) -> None:
    assert (await chat.say("asha", f"/start {payload}", private=True)).startswith("Hello, Asha.")


async def test_a_second_tap_on_start_changes_nothing(chat: Chat) -> None:
    await chat.say("asha", "/start", private=True, update="same")
    await chat.say("asha", "/start", private=True, update="same")
    assert await chat.say("asha", "/undo", private=True) == "There is nothing to take back."
    async with chat.store.reading() as db:
        assert len((await db.execute(select(members.c.id))).all()) == 1
