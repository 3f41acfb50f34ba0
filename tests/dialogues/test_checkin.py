"""The daily answer: one tap, more than once, late, and asked for at another time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.store import people, schedule
from tests.dialogues.conftest import Chat


async def test_one_tap_answers_and_a_second_says_how_long(chat: Chat) -> None:
    said = await chat.say("asha", "/checkin yes")
    assert said.startswith("Friday: studied ✅\nHow long?\n[1] 30 min  [2] 1 h  [3] 2 h  [4] Other, with a note")
    assert await chat.press("asha", "1 h") == "Friday: 1 h ✅\n[1] Undo"


async def test_minutes_and_a_note_are_asked_for_together(chat: Chat) -> None:
    await chat.say("asha", "/checkin yes")
    assert (await chat.press("asha", "Other, with a note")).startswith("How long did you study?")
    assert await chat.answer("asha", "90", "indexes") == "Friday: 1 h 30 ✅\n[1] Undo"


async def test_one_text_answers_both(chat: Chat) -> None:
    await chat.say("asha", "/checkin yes")
    await chat.press("asha", "Other, with a note")
    assert await chat.answer("asha", "1h30 indexes and query plans") == "Friday: 1 h 30 ✅\n[1] Undo"


async def test_a_second_answer_adds_and_says_so(chat: Chat) -> None:
    await chat.say("asha", "/checkin 1h")
    assert await chat.say("asha", "/checkin 30 more indexes") == "Friday: 30 min more, 1 h 30 in all ✅\n[1] Undo"


async def test_no_after_yes_is_refused(chat: Chat) -> None:
    await chat.say("asha", "/checkin 1h")
    assert "answered already: studied" in await chat.say("asha", "/checkin no")


async def test_a_streak_counts_study_days(chat: Chat) -> None:
    for _ in range(3):
        said = await chat.say("asha", "/checkin 1h")
        chat.forward(days=1)
    assert said.startswith("Sunday: 1 h. Streak 3 🔥\n")


@pytest.mark.parametrize("track", ["study", "dsa"])
async def test_a_receipt_counts_as_the_board_does(chat: Chat, track: str) -> None:
    """Whose weekdays they are does not depend on what was practised: on Saturday and Sunday nobody asked."""
    await chat.say("asha", "/remind 20:00 weekdays dm")
    await chat.say("asha", f"/checkin 30 track:{track}")
    chat.forward(days=3)
    said = await chat.say("asha", f"/checkin 30 track:{track}")
    assert "Streak 2 🔥" in said
    assert "1. Asha · 2 days" in await chat.say("asha", "/leaderboard streak")


async def test_yesterday_stays_open_until_noon(chat: Chat) -> None:
    chat.forward(hours=-2)
    assert "Thursday: 1 h" in await chat.say("asha", "/checkin 1h date:yesterday")
    assert "Thursday: 30 min" in await chat.say("mei", "/checkin 2026-11-19 30")
    chat.forward(hours=2)
    assert (await chat.say("ravi", "/checkin 1h date:yesterday")).startswith("Thu 19 Nov is closed")


async def test_a_press_a_day_late_counts_for_its_day_or_not_at_all(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00 daily dm")
    assert "Friday: studied" in await chat.press_raw("asha", "checkin yes date:2026-11-20", message="post")
    assert "counted already" in await chat.press_raw("asha", "checkin yes date:2026-11-20", message="post")
    chat.forward(days=1, hours=-1)
    assert "Friday: 1 h" in await chat.press_raw("asha", "checkin 60 date:2026-11-20", message="receipt")
    chat.forward(days=2)
    assert "closed" in await chat.press_raw("asha", "checkin 30 date:2026-11-20", message="receipt")


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("/checkin 25h", "more than 16 h is not counted"),
        ("/checkin minutes:x", "is not a length of time"),
        ("/checkin 1000m", "more than 16 h is not counted"),
        ("/checkin 60 date:tomorrow", "has not come yet"),
        ("/checkin 60 date:never", "is not a date"),
        ("/checkin 60 track:chess", "is not one of: study, dsa"),
    ],
)
async def test_what_cannot_be_is_refused(chat: Chat, line: str, refusal: str) -> None:
    assert refusal in await chat.say("asha", line)
    assert "Friday: 1 h ✅" in await chat.say("asha", "/checkin 60")


async def test_dsa_is_a_track_of_its_own(chat: Chat) -> None:
    await chat.say("asha", "/checkin 60")
    assert "Friday, DSA practice: 30 min ✅" in await chat.say("asha", "/checkin 30 dsa two pointers")


async def test_later_needs_a_reminder_and_moves_it(chat: Chat) -> None:
    assert "no daily check-in to move" in await chat.say("asha", "/later 1h")
    await chat.say("asha", "/remind 20:00")
    assert await chat.say("asha", "/later this evening") == "I ask again at 19:00.\n[1] Undo"
    assert "When shall I ask again?" in await chat.say("asha", "/later")
    assert await chat.press("asha", "In an hour") == "I ask again at 13:00.\n[1] Undo"
    assert "It is 12:00 already" in await chat.say("asha", "/later 11:00")


async def _due(chat: Chat) -> datetime | None:
    async with chat.store.reading() as db:
        account = await people.account(db, "test", "asha")
        assert account is not None
        reminder = await schedule.of_member(db, account.member, "study")
        assert reminder is not None
        return reminder.next_due_at


async def test_later_is_taken_back_as_it_was(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    asked = await _due(chat)
    await chat.say("asha", "/later 1h")
    await chat.say("asha", "/later 2h")
    assert await chat.say("asha", "/undo") == "Taken back: moving the check-in to 14:00."
    assert await chat.say("asha", "/undo") == "Taken back: moving the check-in to 13:00."
    assert await _due(chat) == asked


async def test_an_answer_taken_back_is_asked_for_again(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    asked = await _due(chat)
    await chat.say("asha", "/checkin 60")
    assert await _due(chat) != asked
    await chat.say("asha", "/undo")
    assert await _due(chat) == asked


async def test_an_answer_taken_back_brings_later_back(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    asked = await _due(chat)
    await chat.say("asha", "/later 2h")
    moved = await _due(chat)
    await chat.say("asha", "/checkin 60")
    await chat.say("asha", "/undo")
    assert await _due(chat) == moved
    await chat.say("asha", "/checkin 60")
    chat.forward(hours=3)
    await chat.say("asha", "/undo")
    assert await _due(chat) == asked, "its moment has passed, and nobody has been asked"


async def test_an_answer_taken_back_leaves_the_other_standing(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    asked = await _due(chat)
    await chat.say("asha", "/checkin 60")
    tomorrow = await _due(chat)
    await chat.say("asha", "/checkin 30")
    await chat.say("asha", "/undo")
    assert await _due(chat) == tomorrow != asked
    await chat.say("asha", "/undo")
    assert await _due(chat) == asked


async def test_what_else_is_taken_back_leaves_later_alone(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/remind 20:00")
    await chat.say("asha", "/done sql")
    await chat.say("asha", "/later 1h")
    asked = await _due(chat)
    await chat.say("asha", "/done http-rest")
    await chat.say("asha", "/undo")
    assert await _due(chat) == asked


async def test_tomorrow_is_the_next_day_of_ones_own(chat: Chat) -> None:
    await chat.say("asha", "/remind 07:15 weekdays")
    assert (await chat.say("asha", "/later tomorrow")).startswith("I ask again on Mon 23 Nov, 07:15.")


async def test_this_evening_is_offered_until_it_begins(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    assert "This evening" in await chat.say("asha", "/later")
    chat.forward(hours=8)
    assert "This evening" not in await chat.say("asha", "/later")


async def test_at_nine_is_a_time_and_nine_a_wait(chat: Chat) -> None:
    await chat.say("asha", "/remind 23:00")
    assert (await chat.say("asha", "/later at 9")).startswith("It is 12:00 already.")
    assert (await chat.say("asha", "/later at 18")).startswith("I ask again at 18:00.")
    assert (await chat.say("asha", "/later 9")).startswith("I ask again at 21:00.")


async def test_this_evening_is_over_in_the_small_hours_of_a_night_owl(chat: Chat) -> None:
    await chat.say("asha", "/remind 01:00")
    await chat.say("asha", "/daystart 04:00")
    chat.forward(hours=14)
    said = await chat.say("asha", "/later")
    assert "In an hour" in said and "This evening" not in said, "it is 02:00, and still Friday for her"
    chat.forward(hours=2)
    assert "This evening" in await chat.say("asha", "/later"), "Saturday has begun"


async def test_an_answered_day_is_not_moved(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await chat.say("asha", "/checkin 30")
    assert (await chat.say("asha", "/later 1h")).startswith("Today is answered already")


@pytest.mark.parametrize(
    ("typed", "read"),
    [("1.5", "1 h 30"), ("0,5", "30 min"), ("2:30", "2 h 30"), ("90", "1 h 30"), ("45 min", "45 min")],
)
async def test_lengths_of_time_are_read_as_people_write_them(chat: Chat, typed: str, read: str) -> None:
    assert (await chat.say("asha", f"/checkin {typed}")).startswith(f"Friday: {read} ✅")


@pytest.mark.parametrize("typed", ["0", "-5", "99999", "0h", "1:30pm", "7x"])
async def test_a_number_that_is_no_length_of_time_is_no_note(chat: Chat, typed: str) -> None:
    assert (await chat.say("asha", f"/checkin {typed}")).startswith(f"“{typed}” is not a length of time.")
    assert await chat.say("asha", "/undo") == "There is nothing to take back."
    assert "studied" in await chat.say("asha", "/checkin graphs and 3 problems")


async def test_a_reminder_has_a_time_days_and_a_place(chat: Chat) -> None:
    said = await chat.say("asha", "/remind 8pm mon-fri dm")
    assert said.startswith(
        "I ask about your study Mon–Fri at 20:00 (Asia/Kolkata), in private. Next: today 20:00.\nI also warn you"
    )
    assert "\nIs it 12:00 for you?\n" in said
    assert "in the group" in await chat.say("asha", "/remind where:group")
    assert "I no longer ask" in await chat.say("asha", "/remind off")
    assert "every day at 21:30" in await chat.say("asha", "/remind 21:30 dm daily")


async def test_a_zone_is_found_by_a_part_of_its_name(chat: Chat) -> None:
    said = await chat.say("asha", "/timezone kolk")
    assert said.startswith("I don't know a time zone called “kolk”. Did you mean Asia/Kolkata")
    await chat.say("asha", "/timezone kolk")
    assert await chat.press("asha", "Asia/Kolkata") == (
        "Your zone is Asia/Kolkata; it is 12:00 for you.\n[1] Undo  [2] Settings"
    )
    assert (await chat.say("asha", "/timezone berlin")).startswith("Your zone is Europe/Berlin; it is 07:30 for you.\n")


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("GMT+5", ["Asia/Karachi", "Asia/Tashkent", "Asia/Almaty", "Asia/Yekaterinburg"]),
        ("+5:30", ["Asia/Kolkata", "Asia/Colombo"]),
        ("UTC−3:30", ["America/St_Johns"]),
        ("+2", ["Africa/Cairo", "Africa/Johannesburg", "Europe/Kyiv", "Europe/Athens", "Asia/Jerusalem"]),
        ("IST", ["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"]),
        ("est", ["America/New_York", "America/Toronto", "America/Panama", "America/Jamaica"]),
        ("GMT", ["Europe/London", "Africa/Accra", "Africa/Abidjan", "UTC"]),
        ("Spain", ["Europe/Madrid", "Atlantic/Canary"]),
        ("Brazil", ["America/Sao_Paulo", "America/Manaus", "America/Noronha", "America/Eirunepe"]),
    ],
)
async def test_a_name_of_several_clocks_offers_them(chat: Chat, name: str, offered: list[str]) -> None:
    """An offset and an abbreviation say nothing of summer time: a place is set, never a fixed zone."""
    said = await chat.say("asha", f"/timezone {name}")
    if len(offered) > 1:
        assert said.startswith(
            f"“{name}” can be the time of several places: {', '.join(offered)}. Whose clock is yours?"
        )
    else:
        assert said.startswith(f"“{name}” is the time of {offered[0]}. Is that yours?")
    assert (await chat.press("asha", offered[-1])).startswith(f"Your zone is {offered[-1]}; ")


async def test_an_offset_is_that_of_this_season(chat: Chat) -> None:
    """In July Berlin is two hours ahead, and Lagos still one."""
    chat.now = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert "Europe/Berlin" in await chat.say("asha", "/timezone +2")
    assert "Europe/Berlin" not in await chat.say("asha", "/timezone +1")


async def test_a_closed_private_chat_is_told_once(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00 daily dm")
    async with chat.store.writing() as db:
        await people.private_closed(db, "test", "asha")
    assert "I could not reach you in private" in await chat.say("asha", "/checkin 30")
    assert "could not reach you" not in await chat.say("asha", "/checkin 30")
    assert "could not reach you" not in await chat.say("asha", "/checkin 30", private=True)


async def test_studied_here_and_there_is_counted_once(chat: Chat) -> None:
    await chat.say("asha", "/checkin yes")
    said = await chat.press_raw("asha", "checkin yes date:2026-11-20", private=True, message="dm")
    assert said == "Fri 20 Nov is counted already. More time adds to it.\n[1] Add time"
    assert "how long did you study?" in await chat.press("asha", "Add time", private=True)


async def test_another_deadline_is_for_the_roadmap_one_is_on(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert (await chat.say("asha", "/join hours:3")).startswith("Backend Engineer (AI era)")


async def test_the_machines_own_name_of_utc_is_a_zone(chat: Chat) -> None:
    assert (await chat.say("asha", "/timezone Etc/UTC")).startswith("Your zone is Etc/UTC; it is 06:30 for you.\n")


@pytest.mark.parametrize("name", ["localtime", "Factory"])
async def test_what_is_no_place_on_earth_is_no_zone(chat: Chat, name: str) -> None:
    said = await chat.say("asha", f"/timezone {name}")
    assert said.startswith(f"I don't know a time zone called “{name}”."), (
        "it means another time on each machine, or none"
    )


async def test_what_is_taken_back_is_said_in_words(chat: Chat) -> None:
    for line, answer in (("/checkin yes", "studied"), ("/checkin no", "not today"), ("/checkin 1h", "1 h")):
        await chat.say("asha", line)
        assert await chat.say("asha", "/undo") == f"Taken back: the check-in of Fri 20 Nov ({answer})."


async def test_who_never_was_asked_is_not_told_that_it_ends(chat: Chat) -> None:
    assert (await chat.say("asha", "/remind off")).startswith("I do not ask about your study.")
    await chat.say("asha", "/remind 20:00")
    assert (await chat.say("asha", "/remind off")).startswith("I no longer ask about your study.")
    assert (await chat.say("asha", "/remind off")).startswith("I do not ask about your study.")


async def test_dsa_is_turned_on_again_by_its_own_line(chat: Chat) -> None:
    assert "/remind on kind:dsa turns it on again, at 20:00." in await chat.say("asha", "/remind off kind:dsa")
