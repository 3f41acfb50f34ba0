"""Two accounts become one member: the code, the preview, what is united, and what cannot go wrong."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.command import Incoming
from bot.delivery import Address
from bot.store import belonging, codes, homes, people, schedule, studies
from bot.tables import changes, metadata, reminders
from bot.views import profile
from tests.dialogues.conftest import Chat


async def show_code(chat: Chat, who: str) -> str:
    """What /link shows somebody."""
    said = await chat.say(who, "/link", private=True)
    return said.split("/link ")[1][: codes.LENGTH]


async def link(chat: Chat, shower: str, enters: str) -> str:
    """Link two accounts, all the way; gives the preview and the answer."""
    code = await show_code(chat, shower)
    chat.forward(seconds=20)
    preview = await chat.say(enters, f"/link {code}", private=True)
    return f"{preview}\n{await chat.press(enters, 'Link them', private=True)}"


async def member_of(chat: Chat, who: str) -> int:
    """Whose account that is."""
    async with chat.store.reading() as db:
        known = await people.account(db, "test", who)
        assert known is not None
        return known.member


async def test_a_code_is_shown_to_the_member_alone(chat: Chat) -> None:
    said = await chat.say("asha", "/link")
    assert chat.private
    assert said.startswith("Your code\nWrite this to me in your other account, in private:\n/link ")
    assert said.endswith("It works once, until 12:10. Give it to nobody: whoever enters it becomes you here.")


async def test_the_preview_says_what_would_become_of_both(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/checkin 60")
    await chat.say("asha", "/remind 20:00")
    await chat.say("tele", "/join backend-ai-era 2027-08-01", private=True)
    await chat.say("tele", "/join backend-intern 2027-03-01", private=True)
    await chat.say("tele", "/remind 7:00", private=True)
    code = await show_code(chat, "asha")
    said = await chat.say("tele", f"/link {code}", private=True)
    assert said == (
        "Make these two one?\n"
        "This account: Test (Tele)\n2 roadmaps, no check-ins\n"
        "The account that showed the code: Test (Asha)\n1 roadmap, 1 day of check-ins\nin Backend '27\n"
        "Backend Engineer (AI era) is on both: one plan, the steps of both, the deadline Thu 20 May 2027.\n"
        "Check-ins of the same day add up. You are in the groups of both.\n"
        "Where both have a reminder, the one of the account that showed the code stays.\n"
        "This cannot be taken back.\n"
        "[1] Link them  [2] Not now"
    )
    assert await member_of(chat, "tele") != await member_of(chat, "asha"), "nothing happens before the tap"


async def test_both_are_one_member_from_then_on(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done http-rest")
    said = await link(chat, "asha", "tele")
    assert "✅ Linked. You are one member: Test (Tele), Test (Asha)." in said
    assert await member_of(chat, "tele") == await member_of(chat, "asha")
    assert "1 of 10 steps done" in await chat.say("tele", "/progress", private=True)
    await chat.say("tele", "/done sql", private=True)
    chat.forward(minutes=5)
    assert "2 of 10 steps done" in await chat.say("asha", "/progress")
    chat.forward(hours=1)
    assert "Accounts: Test (Asha), Test (Tele)" in await chat.say("asha", "/settings", private=True)


async def test_the_same_roadmap_becomes_one_enrolment(chat: Chat) -> None:
    await chat.say("tele", "/join backend-ai-era 2027-08-01 3h", private=True)
    for step in ("http-rest", "sql"):
        await chat.say("tele", f"/done {step}", private=True)
    chat.forward(days=3)
    await chat.say("asha", "/join backend-ai-era 2027-05-20 2h")
    for step in ("typed-language", "sql"):
        await chat.say("asha", f"/done {step}")
    await link(chat, "asha", "tele")
    assert "3 of 10 steps done (30%)" in await chat.say("asha", "/progress")
    async with chat.store.reading() as db:
        (enrolment,) = await studies.enrolments_of(db, await member_of(chat, "asha"))
    assert (enrolment.deadline, enrolment.minutes_a_day) == (date(2027, 5, 20), 120), "of the one who showed the code"
    assert enrolment.started_on == date(2026, 11, 20), "the earlier start"


@pytest.mark.parametrize("first", ["asha", "tele"])
async def test_a_step_that_either_had_done_is_done(chat: Chat, first: str) -> None:
    second = "tele" if first == "asha" else "asha"
    for who in (first, second):
        await chat.say(who, "/join backend-ai-era 2027-05-20", private=True)
    await chat.say(first, "/done sql", private=True)
    await chat.say(second, "/skip sql", private=True)
    await chat.say(second, "/skip caching-queues", private=True)
    await link(chat, "asha", "tele")
    assert "1 of 9 steps done" in await chat.say("asha", "/progress", private=True)
    roadmap = await chat.say("asha", "/roadmap", private=True)
    assert "✅ 3. Relational databases and SQL" in roadmap
    assert "⤼" in roadmap, "what neither had done stays left out"


async def test_checkins_of_a_day_add(chat: Chat) -> None:
    await chat.say("asha", "/checkin 60")
    await chat.say("tele", "/checkin 45", private=True)
    await link(chat, "asha", "tele")
    assert await chat.say("tele", "/checkin 15", private=True) == "Friday: 15 min more, 2 h in all ✅\n[1] Undo"


async def test_reminders_of_the_shower_win_and_the_rest_comes_along(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await chat.say("tele", "/remind 7:00", private=True)
    await chat.say("tele", "/remind 8:00 kind:dsa", private=True)
    await link(chat, "asha", "tele")
    async with chat.store.reading() as db:
        kept = await schedule.all_of_member(db, await member_of(chat, "asha"))
        every = (await db.execute(select(reminders.c.id).where(reminders.c.member.is_not(None)))).all()
    asked = {(r.kind, r.minute) for r in kept if r.kind in ("study", "dsa")}
    assert asked == {("study", 20 * 60), ("dsa", 8 * 60)}
    assert all(r.next_due_at is not None for r in kept if r.kind != "deadline"), "there is no deadline to warn of"
    assert sorted(r.kind for r in kept) == ["deadline", "dsa", "return", "study"] and len(every) == 4


async def test_groups_unite_and_what_only_the_other_said_is_kept(chat: Chat) -> None:
    other = Address("test", "other")
    async with chat.store.writing() as db:
        group = await belonging.found_group(db, "Night owls", "Asia/Kolkata", chat.now)
        await homes.settle_in(db, group.id, other, "owls")
    await chat.say("asha", "/roadmaps")
    await chat.say("tele", "/roadmaps")
    await chat.say("tele", "/roadmaps", room=other)
    await chat.say("tele", "/timezone Europe/Berlin", private=True)
    await chat.say("tele", "/when After lunch", private=True)
    await link(chat, "asha", "tele")
    said = await chat.say("asha", "/settings", private=True)
    assert "Time zone: Europe/Berlin, 07:30 now" in said
    assert "If-then line: After lunch" in said
    assert "Main group: Backend '27; also in Night owls" in said


async def test_nothing_refers_to_the_other_number_but_its_own_history(chat: Chat) -> None:
    await chat.say("tele", "/join backend-ai-era 2027-05-20")
    await chat.say("tele", "/done sql https://example.org/x note")
    await chat.say("tele", "/checkin 60")
    await chat.say("tele", "/remind 20:00 daily dm")
    await chat.say("tele", f"/done proof:https://example.org/{'x' * 60}")
    await show_code(chat, "tele")
    await chat.say("tele", "/link 2345ABCD", private=True)
    other = await member_of(chat, "tele")
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await link(chat, "asha", "tele")
    found: dict[str, int] = {}
    async with chat.store.reading() as db:
        for table in metadata.sorted_tables:
            for key in table.foreign_keys:
                if key.column.table.name == "members":
                    rows = (await db.execute(select(table).where(key.parent == other))).all()
                    found |= {f"{table.name}.{key.parent.name}": len(rows)} if rows else {}
        left = (await db.execute(select(changes.c.command).where(changes.c.member == other))).scalars().all()
    assert set(found) == {"changes.member"}
    assert sorted(left) == ["join", "link", "remind"], "settings that are no more, and the linking itself"


async def test_work_can_still_be_taken_back_and_linking_cannot(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    await chat.say("tele", "/join backend-ai-era 2027-05-20", private=True)
    await chat.say("tele", "/done sql", private=True)
    await link(chat, "asha", "tele")
    assert "0 of 10" in await chat.say("asha", "/undo", private=True)
    assert await chat.say("tele", "/undo", private=True) == "Taken back: joining Backend Engineer (AI era)."
    assert await chat.say("tele", "/undo", private=True) == "There is nothing to take back."
    assert await member_of(chat, "tele") == await member_of(chat, "asha")


async def test_old_buttons_of_either_account_still_work(chat: Chat) -> None:
    await chat.say("tele", "/join backend-ai-era 2027-05-20", private=True)
    await chat.say("tele", "/next", private=True)
    done = chat.label("Done")
    await link(chat, "asha", "tele")
    await link(chat, "mei", "asha")
    assert "1 of 10" in await chat.press_raw("tele", done, private=True)
    assert "somebody else's" in await chat.press_raw("ravi", done, private=True)


async def test_a_code_works_once(chat: Chat) -> None:
    code = await show_code(chat, "asha")
    await chat.say("tele", f"/link {code}", private=True)
    assert "Linked" in await chat.press("tele", "Link them", private=True)
    assert "wrong, used up or older" in await chat.say("ravi", f"/link {code}", private=True)
    assert await member_of(chat, "ravi") != await member_of(chat, "asha")


async def test_a_second_tap_counts_once(chat: Chat) -> None:
    code = await show_code(chat, "asha")
    await chat.say("tele", f"/link {code}", private=True)
    await chat.press("tele", "Link them", private=True, message="preview")
    said = await chat.press("tele", "Link them", private=True, message="preview")
    assert said == "That was counted already: linking your accounts."


async def test_a_code_lives_ten_minutes(chat: Chat) -> None:
    code = await show_code(chat, "asha")
    chat.forward(minutes=9, seconds=59)
    assert "Make these two one?" in await chat.say("tele", f"/link {code}", private=True)
    chat.forward(seconds=1)
    assert "wrong, used up or older" in await chat.press("tele", "Link them", private=True)


async def test_five_wrong_tries_and_a_pause(chat: Chat) -> None:
    code = await show_code(chat, "asha")
    for number in range(5):
        assert "wrong, used up" in await chat.say("tele", f"/link 2345ABC{number}", private=True)
    said = await chat.say("tele", f"/link {code}", private=True)
    assert said == "Five wrong codes: that is enough for now. Try again at 12:11."
    chat.forward(minutes=11)
    code = await show_code(chat, "asha")
    assert "Make these two one?" in await chat.say("tele", f"/link {code}", private=True)


async def test_not_with_oneself(chat: Chat) -> None:
    code = await show_code(chat, "asha")
    assert "from this very account" in await chat.say("asha", f"/link {code}", private=True)
    await link(chat, "asha", "tele")
    code = await show_code(chat, "asha")
    assert "from this very account" in await chat.say("tele", f"/link {code}", private=True)


async def test_a_code_others_could_read_is_used_up(chat: Chat) -> None:
    code = await show_code(chat, "asha")
    assert "works no longer" in await chat.say("tele", f"/link {code}")
    assert "wrong, used up" in await chat.say("ravi", f"/link {code}", private=True)
    assert await member_of(chat, "tele") != await member_of(chat, "asha")


async def test_a_whispered_code_is_taken_in_a_group(chat: Chat) -> None:
    code = await show_code(chat, "asha")
    incoming = Incoming("test", "tele", "Tele", chat.room, f"link {code}", whispered=True)
    response = await chat.dispatch(incoming)
    assert response is not None and response.card is not None
    assert response.card.rows[0][0].label == "Link them"


async def test_a_deep_link_carries_the_code(chat: Chat) -> None:
    code = await show_code(chat, "asha")
    assert "Make these two one?" in await chat.say("tele", f"/start {code}", private=True)
    assert "Linked" in await chat.press("tele", "Link them", private=True)


async def test_a_failure_halfway_leaves_both_as_they_were(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    await chat.say("tele", "/join backend-ai-era 2027-08-01", private=True)
    code = await show_code(chat, "asha")
    await chat.say("tele", f"/link {code}", private=True)
    before = await dump(chat)

    def fail(*_arguments: Any) -> Any:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(profile, "linked", fail)
        assert "it is our fault" in await chat.press("tele", "Link them", private=True)
    assert await dump(chat) == before
    assert "Linked" in await chat.press("tele", "Link them", private=True)


async def test_the_union_is_stamped_by_the_change_that_made_it(chat: Chat) -> None:
    await link(chat, "asha", "tele")
    async with chat.store.reading() as db:
        row = (await db.execute(select(changes).where(changes.c.command == "link"))).mappings().one()
    assert row["at"] == chat.now
    assert (row["local_date"], row["zone"]) == (date(2026, 11, 20), "Asia/Kolkata")


async def dump(chat: Chat) -> list[dict[str, Any]]:
    """Every row that is about studying or accounts; when an account was last seen is another matter."""
    rows: list[dict[str, Any]] = []
    async with chat.store.reading() as db:
        for table in metadata.sorted_tables:
            rows += [dict(row) for row in (await db.execute(select(table))).mappings()]
    return [{name: value for name, value in row.items() if name != "seen_at"} for row in rows]


async def test_an_ended_membership_comes_back_with_the_other(chat: Chat) -> None:
    await chat.say("asha", "/roadmaps")
    await chat.say("tele", "/roadmaps")
    async with chat.store.writing() as db:
        await belonging.left(db, await member_of(chat, "asha"), chat.group, chat.now + timedelta(hours=1))
    await link(chat, "asha", "tele")
    assert "Main group: Backend '27" in await chat.say("asha", "/settings", private=True)
