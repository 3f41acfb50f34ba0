"""Settings, each changeable from there; and what is kept about a member, shown and removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.cards import Input, Question
from bot.delivery import Address
from bot.store import belonging, codes, homes, outbox, people, personal, questions
from bot.tables import metadata
from tests.dialogues.conftest import Chat


async def test_settings_show_everything_that_was_chosen(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20 2h")
    await chat.say("asha", "/remind 20:00 weekdays dm")
    await chat.say("asha", "/remind 7:00 daily group dsa")
    await chat.say("asha", "/timezone Europe/Berlin")
    said = await chat.say("asha", "/settings")
    assert chat.private
    assert said.splitlines()[:13] == [
        "Your settings",
        "Name: Asha",
        "Time zone: Europe/Berlin, 07:30 now",
        "Backend Engineer (AI era): 2 h a day until Thu 20 May 2027",
        "Daily check-in: Mon–Fri at 20:00, in private",
        "DSA check-in: every day at 07:00, in the group",
        "Also, in private: Deadline ahead (18:00), After a silence (18:00)",
        "Quiet hours: none",
        "Your day begins: at midnight",
        "Days off: none",
        "If-then line: none",
        "Main group: Backend '27",
        "Accounts: Test (Asha)",
    ]


async def test_a_zone_nobody_confirmed_says_so(chat: Chat) -> None:
    assert "Time zone: Asia/Kolkata, 12:00 now (not confirmed)" in await chat.say("asha", "/settings", private=True)


@pytest.mark.parametrize(
    ("button", "answer", "shown"),
    [
        ("If-then line", "After breakfast", "If-then line: After breakfast"),
        ("Name", "Asha K.", "Name: Asha K."),
        ("Hours: Backend Engineer (AI era)", "3h", "3 h a day until Thu 20 May 2027"),
        ("Deadline: Backend Engineer (AI era)", "20 June 2027", "2 h a day until Sun 20 Jun 2027"),
    ],
)
async def test_settings_are_changed_from_there(chat: Chat, button: str, answer: str, shown: str) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20 2h", private=True)
    await chat.say("asha", "/settings", private=True)
    await chat.press("asha", button, private=True)
    await chat.answer("asha", answer, private=True)
    assert shown in await chat.say("asha", "/settings", private=True)
    await chat.say("asha", "/undo", private=True)
    assert shown not in await chat.say("asha", "/settings", private=True)


@pytest.mark.parametrize(
    ("button", "choice", "shown"),
    [
        ("Time zone", "Europe/London (06:30)", "Time zone: Europe/London, 06:30 now"),
        ("Daily check-in", "18:00", "Daily check-in: every day at 18:00, in private"),
        ("DSA check-in", "07:00", "DSA check-in: every day at 07:00, in private"),
    ],
)
async def test_settings_with_choices_offer_them(chat: Chat, button: str, choice: str, shown: str) -> None:
    await chat.say("asha", "/settings", private=True)
    await chat.press("asha", button, private=True)
    await chat.press("asha", choice, private=True)
    assert shown in await chat.say("asha", "/settings", private=True)


async def test_the_main_group_is_chosen_among_mine(chat: Chat) -> None:
    other = Address("test", "other")
    async with chat.store.writing() as db:
        group = await belonging.found_group(db, "Night owls", "Asia/Kolkata", chat.now)
        await homes.settle_in(db, group.id, other, "owls")
    assert "You are in no group." in await chat.say("asha", "/main", private=True)
    # One comes in by the first command, also by one that is refused: she is on no roadmap yet.
    await chat.say("asha", "/progress", room=other)
    await chat.say("asha", "/roadmaps")
    assert "Main group: Night owls; also in Backend '27" in await chat.say("asha", "/settings", private=True)
    await chat.press("asha", "Main group", private=True)
    assert await chat.press("asha", "Backend '27", private=True) == (
        "Backend '27 is your main group.\n[1] Undo  [2] Settings"
    )
    assert "Main group: Backend '27; also in Night owls" in await chat.press("asha", "Settings", private=True)


async def test_a_name_is_words_on_one_line(chat: Chat) -> None:
    said = await chat.say("asha", "/name **Asha**\u202e\n@everyone", private=True)
    assert said.startswith("I call you **Asha** @everyone from now on.")
    assert "Name: **Asha** @everyone" in await chat.say("asha", "/settings", private=True)
    await chat.say("ravi", "/settings", private=True)
    assert "Name: Ravi" in await chat.say("ravi", "/settings", private=True)


async def test_a_stranger_cannot_press_my_settings(chat: Chat) -> None:
    await chat.say("asha", "/settings", private=True)
    assert "somebody else's" in await chat.press("ravi", "Name", private=True)


async def test_privacy_says_what_is_kept_and_offers_both_ways(chat: Chat) -> None:
    said = await chat.say("asha", "/privacy")
    assert chat.private
    for word in ("What:", "Why:", "Who sees it:", "How long:", "[1] My data  [2] Delete everything"):
        assert word in said


async def test_my_data_is_shown_row_by_row(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    for number in range(6):
        await chat.say("asha", f"/checkin 10 note number {number}", private=True)
    await chat.say("ravi", "/checkin 20 not hers", private=True)
    said = await chat.say("asha", "/mydata", private=True)
    assert "Check-ins: 6" in said and "Plans: 1" in said
    said = await chat.press("asha", "Check-ins: 6", private=True)
    assert said.startswith("Check-ins · page 1 of 2\n")
    assert "number 5" in said and "number 1" in said and "number 0" not in said
    said = await chat.press("asha", "Older", private=True)
    assert "note number 0" in said and "not hers" not in said and "number 1" not in said
    assert "page 1 of 2" in await chat.press("asha", "Newer", private=True)


async def test_everything_is_removed_from_every_table(chat: Chat) -> None:
    await everywhere(chat, "asha")
    await everywhere(chat, "ravi")
    before = await kept_about(chat, "ravi")
    filled = await kept_about(chat, "asha")
    assert set(filled) == {table.name for table in personal.PERSONAL}, "the test fills every table"
    said = await chat.say("asha", "/forgetme", private=True)
    assert said.startswith("Delete everything about you?") and "[1] Yes, delete it all  [2] Keep it" in said
    assert await kept_about(chat, "asha") == filled, "it asks first"
    assert (await chat.press("asha", "Yes, delete it all", private=True)).startswith("Everything about you is deleted.")
    everything = await dump(chat)
    assert not [line for line in everything if "asha" in line.casefold()], "no trace is left"
    assert await kept_about(chat, "ravi") == before
    again = await chat.press("asha", "Yes, delete it all", private=True)
    assert "somebody else's" in again, "an old press meets nobody"
    assert await chat.say("asha", "/settings", private=True)
    assert "on no roadmap" in await chat.say("asha", "/progress", private=True)


async def test_the_rosters_that_name_somebody_are_written_anew(chat: Chat) -> None:
    await chat.say("asha", "/checkin 60")
    day = chat.now.date()
    async with chat.store.writing() as db:
        post = outbox.Draft("post", "group", chat.room, day, chat.now, chat.now + timedelta(days=1), group=chat.group)
        await outbox.queue(db, post)
        (delivery,) = await outbox.due(db, chat.now, 1, "test")
        await outbox.settle(db, [delivery], "sent", chat.now, message="m1")
    await chat.say("asha", "/forgetme yes", private=True)
    async with chat.store.reading() as db:
        (delivery,) = await outbox.due(db, chat.now, 1, "test")
    assert (delivery.key, delivery.edits) == ("post", True)


async def test_a_group_goes_on_without_the_one_who_set_it_up(chat: Chat) -> None:
    leader = select(metadata.tables["groups"].c.leader)
    await chat.say("lena", "/setup time:19:00")
    async with chat.store.reading() as db:
        assert (await db.execute(leader)).scalar_one() is not None
    await chat.say("lena", "/forgetme yes", private=True)
    async with chat.store.reading() as db:
        assert (await db.execute(leader)).scalar_one() is None
    assert "Daily question: 19:00" in await chat.say("lena", "/setup")


async def test_those_who_were_linked_are_removed_as_one(chat: Chat) -> None:
    await everywhere(chat, "asha")
    code = (await chat.say("asha", "/link", private=True)).split("/link ")[1][:8]
    await chat.say("asha2", "/join backend-ai-era 2027-05-20", private=True)
    await chat.say("asha2", "/remind 21:00 daily dm dsa", private=True)
    await chat.say("asha2", f"/link {code}", private=True)
    assert "Linked" in await chat.press("asha2", "Link them", private=True)
    await chat.say("asha2", "/forgetme yes", private=True)
    assert not [line for line in await dump(chat) if "asha" in line.casefold()]


async def everywhere(chat: Chat, who: str) -> None:
    """Leave a row of somebody in every table that is about people."""
    await chat.say(who, "/join backend-ai-era 2027-05-20")
    await chat.say(who, f"/done http-rest proof:https://example.org/{who} note:{who} secret")
    await chat.say(who, f"/checkin 60 {who} secret")
    await chat.say(who, "/undo")
    await chat.say(who, "/remind 20:00")
    await chat.say(who, "/rest tomorrow")
    await chat.say(who, f"/done proof:https://example.org/{who}/{'x' * 60}")
    async with chat.store.writing() as db:
        known = await people.account(db, "test", who)
        assert known is not None
        await codes.issue(db, "link", known.member, None, chat.now)
        await codes.take(db, "link", f"WRONG{known.member:03}", known.member, chat.now)
        question = Question("done", "Which?", (Input("step", f"{who} secret"),))
        await questions.remember(db, chat.room, f"q-{who}", who, question, chat.now)
        day = chat.now.date()
        private = outbox.Draft(f"hello:{who}", "hello", known.private, day, chat.now, chat.now + timedelta(days=1))
        await outbox.queue(db, private)


async def kept_about(chat: Chat, who: str) -> dict[str, int]:
    """How many rows each table holds about somebody."""
    async with chat.store.reading() as db:
        known = await people.account(db, "test", who)
        assert known is not None
        return await personal.counts(db, known.member)


async def dump(chat: Chat) -> list[str]:
    """Every row of every table, as text."""
    rows: list[str] = []
    async with chat.store.reading() as db:
        for table in metadata.sorted_tables:
            rows += [f"{table.name}: {dict(row)}" for row in (await db.execute(select(table))).mappings()]
    return rows


def test_every_table_that_names_a_member_is_personal() -> None:
    def names_a_member(table: Any) -> bool:
        return any(key.column.table.name == "members" for key in table.foreign_keys)

    missed = [t.name for t in metadata.sorted_tables if names_a_member(t) and t not in personal.PERSONAL]
    assert missed == []


async def test_a_count_of_nothing_is_left_out(chat: Chat) -> None:
    await chat.say("asha", "/roadmaps", private=True)
    assert await kept_about(chat, "asha") == {"members": 1, "accounts": 1}
    async with chat.store.reading() as db:
        assert (await db.execute(select(func.count()).select_from(metadata.tables["members"]))).scalar_one() == 1
