"""The right moment: what is said unasked, quiet hours, when a day begins, pauses and days off."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.command import Incoming
from bot.domain import kind as kinds
from bot.domain.reminder import Reminder
from bot.store import people, rests, schedule
from bot.tables import members, metadata, reminders
from tests.dialogues.conftest import Chat


async def member_of(chat: Chat, who: str = "asha") -> int:
    """Whose account that is."""
    async with chat.store.reading() as db:
        known = await people.account(db, "test", who)
        assert known is not None
        return known.member


async def reminder(chat: Chat, kind: str, who: str = "asha") -> Reminder | None:
    """Somebody's reminder of a kind."""
    member = await member_of(chat, who)
    async with chat.store.reading() as db:
        return await schedule.of_member(db, member, kind)


async def due(chat: Chat, kind: str = "study") -> str | None:
    """When Asha's reminder of a kind is due, on her clock."""
    found = await reminder(chat, kind)
    assert found is not None
    async with chat.store.reading() as db:
        member = await people.member(db, await member_of(chat))
    return None if found.next_due_at is None else f"{member.local(found.next_due_at):%Y-%m-%d %H:%M}"


async def row(chat: Chat) -> dict[str, Any]:
    """Asha as she is stored."""
    member = await member_of(chat)
    async with chat.store.reading() as db:
        return dict((await db.execute(select(members).where(members.c.id == member))).mappings().one())


async def write(chat: Chat, kind: str, **values: Any) -> None:
    """What the reminders note by themselves: so many unanswered, and that they have stopped."""
    member = await member_of(chat)
    async with chat.store.writing() as db:
        mine = (reminders.c.member == member) & (reminders.c.kind == kind)
        await db.execute(update(reminders).where(mine).values(**values))
        await schedule.refresh_member(db, member, chat.now)


async def stop(chat: Chat, kind: str = "study") -> None:
    """Three questions of a kind went unanswered."""
    await write(chat, kind, ignored=3, paused_at=chat.now)


# ---------------------------------------------------------------- the kinds


async def test_remind_alone_shows_what_is_set_and_asks_the_time(chat: Chat) -> None:
    said = await chat.say("asha", "/remind")
    assert chat.private
    assert said.splitlines()[:2] == ["I ask every day whether you studied. Now: off.", "At which time?"]
    assert "20:00" in said and "Other…" in said and "Off" not in said.splitlines()[-1], "it is off already"
    await chat.press("asha", "20:00")
    said = await chat.say("asha", "/remind")
    assert said.startswith("I ask every day whether you studied. Now: every day at 20:00, in private.\n")
    for other in ("Turn off", "DSA check-in", "Streak at risk", "Deadline ahead", "After a silence"):
        assert other in said


@pytest.mark.parametrize("kind", kinds.MEMBERS)
async def test_every_kind_is_turned_on_moved_and_turned_off(chat: Chat, kind: str) -> None:
    assert "Now: off." in await chat.say("asha", f"/remind kind:{kind}", private=True)
    await chat.press("asha", "20:00", private=True)
    found = await reminder(chat, kind)
    assert found is not None and (found.minute, found.place) == (1200, "dm")
    await chat.say("asha", f"/remind 21:15 kind:{kind}", private=True)
    found = await reminder(chat, kind)
    assert found is not None and found.minute == 21 * 60 + 15
    said = await chat.say("asha", f"/remind kind:{kind}", private=True)
    assert "21:15" in said
    assert (await chat.press("asha", "Turn off", private=True)).startswith("I no longer ")
    found = await reminder(chat, kind)
    assert found is not None and (found.place, found.next_due_at) == ("off", None)
    await chat.press("asha", "Undo", private=True)
    found = await reminder(chat, kind)
    assert found is not None and found.place == "dm"


async def test_the_first_study_reminder_brings_the_quiet_helpers(chat: Chat) -> None:
    said = await chat.say("asha", "/remind 20:00 daily dm")
    assert (
        "I also warn you before your deadline, and write once when you have been silent for 7 days: /settings" in said
    )
    for kind, minute in (("deadline", 1080), ("return", 1080)):
        found = await reminder(chat, kind)
        assert found is not None and (found.minute, found.place, found.days) == (minute, "dm", 127)
    assert await reminder(chat, "risk") is None, "one reminder a day is enough for most"
    assert "I also warn" not in await chat.say("asha", "/remind 21:00")
    await chat.say("asha", "/undo")
    await chat.say("asha", "/undo")
    assert await reminder(chat, "study") is None
    assert await reminder(chat, "deadline") is None


async def test_what_was_turned_off_before_is_not_turned_on_by_the_way(chat: Chat) -> None:
    await chat.say("asha", "/remind off kind:return")
    assert "I also warn you before your deadline: /settings" in await chat.say("asha", "/remind 20:00 dm")
    found = await reminder(chat, "return")
    assert found is not None and found.place == "off"


async def test_a_group_question_brings_nothing_private(chat: Chat) -> None:
    assert "I also" not in await chat.say("asha", "/remind 20:00 group")
    assert await reminder(chat, "deadline") is None


async def test_a_streak_at_risk_is_offered_and_one_tap(chat: Chat) -> None:
    await chat.say("asha", "/timezone Asia/Kolkata")
    said = await chat.say("asha", "/remind 20:00")
    assert "Warn me when my streak is at risk" in said
    assert await chat.press("asha", "Warn me when my streak is at risk") == (
        "When a streak of 3 days or more would end that day and you have not answered, I remind you at 21:30 "
        "(Asia/Kolkata), in private. Next look: today 21:30.\n[1] Undo  [2] Settings"
    )
    assert "streak is at risk" not in await chat.say("asha", "/remind 20:30")


@pytest.mark.parametrize("kind", kinds.Names(lambda kind: kind.owner is kinds.Owner.MEMBER and kind.private))
async def test_what_only_its_member_may_read_is_never_sent_to_a_group(chat: Chat, kind: str) -> None:
    said = await chat.say("asha", f"/remind 19:00 group kind:{kind}")
    assert "for you alone" in said and "19:00" in said
    assert await reminder(chat, kind) is None
    await chat.press("asha", "19:00, in private")
    found = await reminder(chat, kind)
    assert found is not None and (found.place, found.minute) == ("dm", 1140)


@pytest.mark.parametrize(
    ("kind", "why"),
    [("deadline", "30, 14, 7, 3 and 1 days before"), ("return", "once, after 7 days of silence")],
)
async def test_what_comes_by_its_own_days_takes_none(chat: Chat, kind: str, why: str) -> None:
    said = await chat.say("asha", f"/remind 19:00 weekdays kind:{kind}")
    assert why in said and f"/remind 19:00 kind:{kind}" in said
    assert await reminder(chat, kind) is None


async def test_a_kind_nobody_knows_is_refused_with_those_there_are(chat: Chat) -> None:
    said = await chat.say("asha", "/remind 20:00 kind:🎉")
    assert said == f"“🎉” is not one of: {', '.join(kinds.SET_KINDS)}."


async def test_a_reminder_in_quiet_hours_says_when_it_comes(chat: Chat) -> None:
    await chat.say("asha", "/quiet 22:00 07:00")
    said = await chat.say("asha", "/remind 22:30")
    assert "22:30 is in your quiet hours (22:00–07:00), so it comes at 21:59." in said
    assert "at 07:00" in await chat.say("asha", "/remind 6:30")
    assert "quiet" not in await chat.say("asha", "/remind 20:00")


@pytest.mark.parametrize("kind", kinds.MEMBERS)
async def test_what_was_turned_off_is_turned_on_again_at_the_time_it_had(chat: Chat, kind: str) -> None:
    await chat.say("asha", f"/remind 21:15 kind:{kind}", private=True)
    said = await chat.say("asha", f"/remind off kind:{kind}", private=True)
    line = "/remind on" if kind == "study" else f"/remind on kind:{kind}"
    assert f"{line} turns it on again, at 21:15." in said
    await chat.say("asha", f"/remind kind:{kind}", private=True)
    assert "21:15" in await chat.press("asha", "Turn on at 21:15", private=True)
    await chat.say("asha", "/undo", private=True)
    await chat.say("asha", line, private=True)
    found = await reminder(chat, kind)
    assert found is not None and (found.minute, found.place) == (21 * 60 + 15, "dm")


async def test_what_never_was_comes_on_at_its_usual_time(chat: Chat) -> None:
    assert "at 20:00" in await chat.say("asha", "/remind on")
    assert "at 18:00" in await chat.say("asha", "/remind on kind:deadline")
    assert "Mon–Fri at 20:00" in await chat.say("asha", "/remind on weekdays kind:dsa")
    assert "in the group" in await chat.say("asha", "/remind 20:00 group")
    assert "in the group" in await chat.say("asha", "/remind on"), "on already: all stays as it is"
    assert "in the group" in await chat.say("asha", "/remind 20:30 on mon wed")


async def test_questions_that_stopped_go_on(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await stop(chat)
    assert "⏸" not in await chat.say("asha", "/remind on")
    assert await due(chat) == "2026-11-20 20:00"


@pytest.mark.parametrize(
    "line", ["at 20:45", "at 8:45 pm", "daily at 20:45", "at 20:45 dm", "time:at 20:45", "AT 20:45"]
)
async def test_a_time_is_read_as_it_is_spoken(chat: Chat, line: str) -> None:
    assert "every day at 20:45" in await chat.say("asha", f"/remind {line}")


async def test_days_are_read_as_they_are_spoken(chat: Chat) -> None:
    assert "Mon–Fri at 20:00" in await chat.say("asha", "/remind 20:00 monday to friday dm")


async def test_what_is_neither_days_nor_a_place_is_refused_with_both(chat: Chat) -> None:
    said = await chat.say("asha", "/remind 20:00 dn")
    assert said == "“dn” are not days of the week. Try daily, weekdays or mon wed fri; a place is dm or group."


async def test_the_receipt_says_from_when(chat: Chat) -> None:
    await chat.say("asha", "/timezone Asia/Kolkata")
    said = await chat.say("asha", "/remind 20:00")
    assert said.startswith("I ask about your study every day at 20:00 (Asia/Kolkata), in private. Next: today 20:00.\n")
    assert "Next: tomorrow 07:00." in await chat.say("asha", "/remind 7:00"), "that has passed today"
    assert "Next: Mon 23 Nov, 07:00." in await chat.say("asha", "/remind weekdays"), "it is Friday"
    await chat.say("asha", "/checkin 1h")
    assert "Next: tomorrow 20:00." in await chat.say("asha", "/remind 20:00 daily"), "answered for today"
    await chat.say("asha", "/quiet 19:00 7:00")
    assert "Next: tomorrow 18:59." in await chat.say("asha", "/remind 20:00"), "where the quiet hours move it"
    assert "Next" not in await chat.say("asha", "/remind off")


async def test_the_receipt_of_a_rare_kind_says_from_when_where_it_is_known(chat: Chat) -> None:
    assert "Next" not in await chat.say("asha", "/remind 19:00 kind:deadline"), "there is no deadline"
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert "Next: Tue 20 Apr 2027, 18:00." in await chat.say("asha", "/remind 18:00 kind:deadline")
    assert "Next" not in await chat.say("asha", "/remind 19:00 kind:return"), "every word moves it"


async def test_what_stands_still_is_said_in_the_receipt_too(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00 kind:dsa")
    await stop(chat, "dsa")
    said = await chat.say("asha", "/remind 20:00")
    assert said.count("⏸") == 1 and "⏸ I no longer ask about DSA practice" in said and "Next: today 20:00." in said
    assert "Ask about DSA again at 20:00" in said
    await chat.say("asha", "/pause 1w")
    for line in ("/remind 21:00", "/remind off", "/remind on", "/remind 19:00 kind:deadline"):
        said = await chat.say("asha", line)
        assert said.count("⏸ Paused until Fri 27 Nov") == 1 and "End the pause" in said, line
        assert "Next" not in said, "it comes when the pause is over"


# ---------------------------------------------------------------- later


async def test_later_asks_again_and_is_taken_back(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    before = await due(chat)
    assert await chat.say("asha", "/later 1h") == "I ask again at 13:00.\n[1] Undo"
    assert await due(chat) == "2026-11-20 13:00"
    await chat.say("asha", "/undo")
    assert await due(chat) == before


async def test_a_wait_past_the_next_question_is_tomorrow(chat: Chat) -> None:
    await chat.say("asha", "/remind 07:15 daily")
    assert (await chat.say("asha", "/later 24h")).startswith("I ask again on Sat 21 Nov, 07:15.")
    assert await due(chat) == "2026-11-21 07:15"


async def test_later_in_a_pause_offers_to_end_it(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await chat.say("asha", "/pause 1w")
    assert (await chat.say("asha", "/later 1h")).startswith("⏸ Paused until Fri 27 Nov")
    assert "The pause is over" in await chat.press("asha", "End the pause")


async def test_later_on_a_day_off_says_that_it_is_one(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await chat.say("asha", "/rest 3 days")
    said = await chat.say("asha", "/later 1h")
    assert said == "Off: Fri 20 Nov – Sun 22 Nov. I ask again on Mon 23 Nov, 20:00.\n[1] Undo  [2] Days off"
    assert await due(chat) == "2026-11-23 20:00"


@pytest.mark.parametrize(
    ("back", "asked"),
    [
        (dict[str, float](minutes=15), "2026-11-20 13:00"),  # its moment is still to come
        (dict[str, float](hours=3), "2026-11-20 20:00"),  # it passed in the pause: the day has its own time again
        (dict[str, float](hours=9), "2026-11-21 20:00"),
        (dict[str, float](days=1), "2026-11-21 20:00"),
        (dict[str, float](days=3), "2026-11-23 20:00"),
    ],
)
async def test_a_pause_taken_back_asks_nothing_at_once_and_forgets_nothing(
    chat: Chat, back: dict[str, float], asked: str
) -> None:
    await chat.say("asha", "/remind 20:00")
    await chat.say("asha", "/later 1h")
    chat.forward(minutes=30)
    await chat.say("asha", "/pause 1w")
    chat.forward(**back)
    await chat.say("asha", "/undo")
    assert await due(chat) == asked


async def test_an_answer_taken_back_has_questions_stand_still_that_it_had_go_on(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00 daily dm")
    await stop(chat)
    assert "I ask again" in await chat.say("asha", "/checkin 60")
    assert await due(chat) is not None
    await chat.say("asha", "/undo")
    found = await reminder(chat, "study")
    assert found is not None and found.paused_at is not None and found.next_due_at is None
    await chat.say("asha", "/checkin 60")
    chat.forward(hours=1)
    await stop(chat)
    await chat.say("asha", "/remind 21:00")
    chat.forward(hours=1)
    assert "Taken back" in await chat.say("asha", "/undo")
    assert "Taken back" in await chat.say("asha", "/undo"), "what moved on since is no reason to refuse"


# ---------------------------------------------------------------- quiet hours


async def test_quiet_hours_are_set_shown_and_removed(chat: Chat) -> None:
    said = await chat.say("asha", "/quiet")
    assert chat.private
    assert said.startswith("Between which hours shall I write nothing to you?\n")
    assert await chat.press("asha", "22:00–07:00") == (
        "From 22:00 to 07:00 (Asia/Kolkata) I write nothing to you.\n[1] Undo  [2] Settings"
    )
    said = await chat.say("asha", "/quiet")
    assert said.startswith("Quiet from 22:00 to 07:00. Between which hours shall it be?")
    assert (await chat.press("asha", "Off")).startswith("You have no quiet hours any more.")
    assert await chat.say("asha", "/undo") == "Taken back: turning off the quiet hours."
    assert (await row(chat))["quiet_from"] == 22 * 60
    assert "Quiet hours: 22:00–07:00" in await chat.say("asha", "/settings")


@pytest.mark.parametrize(
    "typed",
    ["22:00 07:00", "22:00-07:00", "22-7", "10pm to 7am", "from:22:00 to:07:00", "22:00 – 7:00", "from 22:00 until 7"],
)
async def test_quiet_hours_are_read_as_people_write_them(chat: Chat, typed: str) -> None:
    assert (await chat.say("asha", f"/quiet {typed}")).startswith("From 22:00 to 07:00")


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("22:00 24:00", "22:00 to 00:00"),
        ("22:00-24:00", "22:00 to 00:00"),
        ("22-24", "22:00 to 00:00"),
        ("from 22:00 to 24:00", "22:00 to 00:00"),
        ("from:22:00 to:24:00", "22:00 to 00:00"),
        ("24:00 07:00", "00:00 to 07:00"),
    ],
)
async def test_quiet_hours_end_at_24(chat: Chat, typed: str, hours: str) -> None:
    assert (await chat.say("asha", f"/quiet {typed}")).startswith(f"From {hours} (Asia/Kolkata)")


@pytest.mark.parametrize(("line", "receipt"), [("/remind", "every day at 00:00"), ("/daystart", "begins at midnight")])
async def test_24_is_no_time_of_day_and_midnight_one_tap(chat: Chat, line: str, receipt: str) -> None:
    said = await chat.say("asha", f"{line} 24:00")
    assert said == "24:00 ends one day and begins the next. Midnight, when the new day begins, is 00:00.\n[1] 00:00"
    assert receipt in await chat.press("asha", "00:00")


async def test_quiet_hours_move_a_night_owls_question_to_a_time_of_its_own_date(chat: Chat) -> None:
    """At 03:30 Friday's is asked on Saturday. 04:00, the nearer edge, would be Friday's own beginning."""
    await chat.say("asha", "/daystart 04:00")
    await chat.say("asha", "/remind 03:30")
    assert await due(chat) == "2026-11-21 03:30"
    assert "22:59 instead of 03:30" in await chat.say("asha", "/quiet 23:00 04:00")
    found = await reminder(chat, "study")
    assert (await due(chat), found and found.next_date) == ("2026-11-20 22:59", date(2026, 11, 20))
    chat.forward(hours=11)
    assert (await chat.say("asha", "/checkin 30")).startswith("Friday: 30 min")
    found = await reminder(chat, "study")
    assert (await due(chat), found and found.next_date) == ("2026-11-21 22:59", date(2026, 11, 21))


async def test_the_end_of_the_quiet_is_asked_for(chat: Chat) -> None:
    assert (await chat.say("asha", "/quiet 23:00")).startswith("Quiet from 23:00 until when?")
    assert (await chat.press("asha", "08:00")).startswith("From 23:00 to 08:00")
    assert (await chat.say("asha", "/quiet to:06:00")).startswith("From 23:00 to 06:00"), "the other end stays"


async def test_quiet_hours_move_what_falls_into_them_and_say_so(chat: Chat) -> None:
    await chat.say("asha", "/remind 22:10")
    said = await chat.say("asha", "/quiet 22:00 07:00")
    assert "Daily check-in: 21:59 instead of 22:10." in said
    assert await due(chat) == "2026-11-20 21:59"
    await chat.say("asha", "/undo")
    assert await due(chat) == "2026-11-20 22:10"


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("/quiet 22:00 22:00", "From 22:00 to 22:00 is no time, or a whole day."),
        ("/quiet 🌙", "“🌙” are not quiet hours."),
        ("/quiet @ravi", "“@ravi” are not quiet hours."),
        ("/quiet 25:00 07:00", "are not quiet hours."),
        ("/quiet 22:00 to:never", "is not a time of day. Try 07:00, or both ends: 22:00-07:00."),
        ("/quiet 22:00 25:00", "is not a time of day. Try 07:00, or both ends: 22:00-07:00."),
        ("/quiet off", "You have no quiet hours."),
    ],
)
async def test_what_are_no_quiet_hours_is_refused(chat: Chat, line: str, refusal: str) -> None:
    assert refusal in await chat.say("asha", line)
    assert await chat.say("asha", "/undo") == "There is nothing to take back."


# ---------------------------------------------------------------- where one lives


async def test_another_zone_says_when_the_next_question_comes_and_is_taken_back(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00 daily dm")
    before = await due(chat)
    await chat.say("asha", "/timezone Asia/Kolkata")
    said = await chat.say("asha", "/timezone Asia/Tokyo")
    assert said == (
        "Your zone is Asia/Tokyo; it is 15:30 for you.\nThe next question comes today at 20:00.\n[1] Undo  [2] Settings"
    )
    chat.forward(hours=5)
    said = await chat.say("asha", "/timezone Asia/Vladivostok")
    assert "it is 21:30 for you.\nThe next question comes tomorrow at 20:00.\n" in said
    chat.forward(minutes=1)
    await chat.press("asha", "Undo")
    await chat.say("asha", "/undo")
    assert await due(chat) == before
    await chat.say("asha", "/remind 20:00 mon dm")
    assert "\nThe next question comes on Mon 23 Nov, 20:00.\n" in await chat.say("asha", "/timezone Asia/Tokyo")
    said = await chat.say("asha", "/timezone Asia/Tokyo")
    assert said == "Your zone is Asia/Tokyo; it is 20:31 for you.\n[1] Settings", "nothing to take back"
    await chat.say("asha", "/remind off")
    assert "question" not in await chat.say("asha", "/timezone Asia/Kolkata")


# ---------------------------------------------------------------- when a day begins


async def test_a_day_begins_when_the_member_says(chat: Chat) -> None:
    said = await chat.say("asha", "/daystart")
    assert said.startswith("When does a new day begin for you?")
    assert await chat.press("asha", "04:00") == (
        "Your day begins at 04:00 (Asia/Kolkata): tonight it is still Friday until then, "
        "for check-ins, your streak and reminders.\n[1] Undo  [2] Settings"
    )
    chat.forward(hours=14)
    assert (await chat.say("asha", "/checkin 30")).startswith("Friday: 30 min"), "at 02:00 on Saturday"
    assert "Your day begins: at 04:00" in await chat.say("asha", "/settings")


async def test_a_day_that_began_is_the_evening_before_again(chat: Chat) -> None:
    chat.forward(hours=14)
    said = await chat.say("asha", "/daystart 04:00")
    assert "tonight it is still Friday until then" in said and "So it is" not in said
    said = await chat.say("asha", "/daystart midnight")
    assert said.startswith("Your day begins at midnight.\nSo it is Saturday for you now.\n")
    assert (await row(chat))["day_start"] == 0
    await chat.say("asha", "/undo")
    assert (await row(chat))["day_start"] == 240


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("/daystart 6:30", "Your day can begin at midnight or up to 06:00, not at 06:30."),
        ("/daystart 20:00", "not at 20:00."),
        ("/daystart soon", "“soon” is not a time of day. Try 04:00, or midnight."),
        ("/daystart ⏰", "“⏰” is not a time of day."),
    ],
)
async def test_no_day_begins_at_noon(chat: Chat, line: str, refusal: str) -> None:
    assert refusal in await chat.say("asha", line)
    assert await chat.say("asha", "/undo") == "There is nothing to take back."


# ---------------------------------------------------------------- pauses


async def test_a_pause_is_asked_for_set_and_taken_back(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    before = await due(chat)
    said = await chat.say("asha", "/pause")
    assert chat.private
    assert said.startswith("Until when shall I ask nothing?")
    said = await chat.press("asha", "A week")
    assert said == (
        "⏸ Paused until Fri 27 Nov: I ask nothing before that. What you do counts all the while, "
        "and your streak waits.\n[1] Undo  [2] End the pause"
    )
    assert await due(chat) == "2026-11-27 20:00"
    assert await chat.press("asha", "Undo") == "Taken back: the pause until Fri 27 Nov."
    assert await due(chat) == before


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("1w", date(2026, 11, 27)),
        ("2 weeks", date(2026, 12, 4)),
        ("for two weeks", date(2026, 12, 4)),
        ("2026-12-01", date(2026, 12, 1)),
        ("until 1 december", date(2026, 12, 1)),
        ("tomorrow", date(2026, 11, 21)),
        ("monday", date(2026, 11, 23)),
        ("until I come back", None),
        ("until:2026-12-01", date(2026, 12, 1)),
    ],
)
async def test_the_end_of_a_pause_is_read_as_people_write_it(chat: Chat, typed: str, until: date | None) -> None:
    assert (await chat.say("asha", f"/pause {typed}")).startswith("⏸ Paused until ")
    found = await row(chat)
    assert (found["paused_from"], found["paused_until"]) == (date(2026, 11, 20), until)


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("/pause 2026-11-19", "Thu 19 Nov does not lie ahead."),
        ("/pause today", "Fri 20 Nov does not lie ahead."),
        ("/pause 3 years", "is more than a year away"),
        ("/pause 🏖", "“🏖” is not a day I understand."),
        ("/pause @ravi", "“@ravi” is not a day I understand."),
        ("/pause off", "Nothing is paused."),
    ],
)
async def test_a_pause_without_an_end_ahead_is_refused(chat: Chat, line: str, refusal: str) -> None:
    assert refusal in await chat.say("asha", line)
    assert await chat.say("asha", "/undo") == "There is nothing to take back."


async def test_a_pause_is_shown_to_its_member_wherever_they_look(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/remind 20:00 daily dm")
    await chat.say("asha", "/timezone Asia/Kolkata")
    await chat.say("asha", "/pause 2026-12-01")
    for line in ("/settings", "/progress", "/next", "/start", "/remind", "/place"):
        said = await chat.say("asha", line)
        assert chat.private, line
        assert said.count("⏸ Paused until Tue 1 Dec") == 1, line
        assert "End the pause" in said, line
    for line in ("/leaderboard", "/recap"):
        assert "aused" not in await chat.say("asha", line), "a group is not told"
    assert "aused" not in await chat.say("ravi", "/progress asha")
    chat.forward(days=11)
    for line in ("/settings", "/progress", "/next", "/start", "/remind"):
        assert "⏸" not in await chat.say("asha", line), "it is over"


async def test_a_pause_is_shown_in_every_receipt_once(chat: Chat) -> None:
    await chat.say("asha", "/pause 2026-12-01")
    for line in (
        "/join backend-ai-era 2027-05-20",
        "/remind 20:00 dm",
        "/done http-rest",
        "/skip sql",
        "/undo",
        "/quiet 22:00 07:00",
        "/daystart 04:00",
        "/timezone Asia/Kolkata",
        "/rest tomorrow",
        "/rest",
        "/when no",
        "/name Asha",
        "/roadmap",
        "/roadmaps",
        "/help",
        "/privacy",
        "/mydata",
        "/leave",
        "/checkin 30",
    ):
        said = await chat.say("asha", line)
        assert chat.private, line
        assert said.count("until Tue 1 Dec") == 1, said
        assert said.count("End the pause") == 1, said
        assert chat.last is not None and chat.last.card is not None
        assert len(chat.last.card.rows) + (chat.last.card.choice is not None) <= 5, "what one Discord message holds"
    said = await chat.press("asha", "End the pause")
    assert said.startswith("The pause is over.") and "⏸" not in said
    assert "⏸" not in await chat.say("asha", "/roadmaps")
    said = await chat.say("asha", "/undo")
    assert said.startswith("Taken back: ending the pause.\n⏸ Paused until Tue 1 Dec"), "it goes on"
    assert "⏸" not in await chat.say("asha", "/forgetme yes"), "nobody is paused any more"
    assert "⏸" not in await chat.say("ravi", "/help")


async def test_a_checkin_in_a_pause_counts_and_offers_to_end_it(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await chat.say("asha", "/pause until I come back")
    said = await chat.say("asha", "/checkin 1h")
    assert said == (
        "Friday: 1 h ✅\nYour pause goes on until you come back; this counts all the same.\n[1] Undo  [2] End the pause"
    )
    said = await chat.press("asha", "End the pause")
    assert said.startswith("The pause is over.\nI ask again on Sat 21 Nov, 20:00.")
    assert "pause" not in await chat.say("asha", "/checkin 30")


async def test_a_pause_that_ended_early_keeps_its_days(chat: Chat) -> None:
    for _ in range(2):
        await chat.say("asha", "/checkin 1h")
        chat.forward(days=1)
    await chat.say("asha", "/pause 2 weeks")
    chat.forward(days=3)
    assert (await chat.say("asha", "/pause off")).startswith("The pause is over.")
    found = await row(chat)
    assert (found["paused_from"], found["paused_until"]) == (date(2026, 11, 22), date(2026, 11, 25))
    assert "Streak 3 🔥" in await chat.say("asha", "/checkin 1h"), "days paused break no streak"
    chat.forward(days=1)
    await chat.say("asha", "/pause 1w")
    chat.forward(days=7)
    assert "Streak 4 🔥" in await chat.say("asha", "/checkin 1h"), "nor does an earlier pause, when another is made"
    assert "No days off are planned" in await chat.say("asha", "/rest")


async def test_a_pause_made_longer_began_when_it_began(chat: Chat) -> None:
    await chat.say("asha", "/pause 1w")
    chat.forward(days=2)
    said = await chat.say("asha", "/pause")
    assert (
        said.startswith("⏸ Paused until Fri 27 Nov: I ask nothing before that. Until when shall it be?")
        and "End the pause" in said
    )
    await chat.say("asha", "/pause until I come back")
    found = await row(chat)
    assert (found["paused_from"], found["paused_until"]) == (date(2026, 11, 20), None)
    await chat.say("asha", "/undo")
    assert (await row(chat))["paused_until"] == date(2026, 11, 27)


async def test_a_pause_of_today_ends_as_if_it_had_not_been(chat: Chat) -> None:
    await chat.say("asha", "/pause 1w")
    await chat.say("asha", "/pause off")
    found = await row(chat)
    assert (found["paused_from"], found["paused_until"]) == (None, None)


async def test_a_strangers_press_pauses_nobody(chat: Chat) -> None:
    await chat.say("asha", "/pause")
    assert "somebody else's" in await chat.press("ravi", "A week")
    await chat.say("asha", "/pause 1w")
    assert "somebody else's" in await chat.press("ravi", "End the pause")
    assert (await row(chat))["paused_until"] == date(2026, 11, 27)


# ---------------------------------------------------------------- what has stopped by itself


async def test_questions_that_stopped_are_shown_and_one_tap_away(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/remind 20:00 daily dm")
    await chat.say("asha", "/timezone Asia/Kolkata")
    await stop(chat)
    assert await due(chat) is None
    for line in ("/settings", "/progress", "/next", "/start"):
        said = await chat.say("asha", line)
        assert said.count("⏸ I no longer ask about your study: 3 questions in a row went unanswered.") == 1, line
        assert "Ask me again at 20:00" in said, line
    said = await chat.press("asha", "Ask me again at 20:00")
    assert said.startswith("I ask about your study every day at 20:00 (Asia/Kolkata), in private.")
    found = await reminder(chat, "study")
    assert found is not None and found.paused_at is None
    assert await due(chat) == "2026-11-20 20:00"
    assert "⏸" not in await chat.say("asha", "/settings")
    await chat.say("asha", "/undo")
    assert "⏸ I no longer ask" in await chat.say("asha", "/settings")


async def test_two_questions_that_stopped_have_buttons_that_read_apart(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    for kind in ("study", "dsa"):
        await chat.say("asha", f"/remind 20:00 daily dm kind:{kind}")
        await stop(chat, kind)
    said = await chat.say("asha", "/progress")
    assert "Ask me again at 20:00" in said and "Ask about DSA again at 20:00" in said
    assert (await chat.press("asha", "Ask about DSA again at 20:00")).startswith("I ask about DSA practice every day")


async def test_the_way_back_names_the_time_as_it_will_come(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/quiet 22:00 07:00")
    await chat.say("asha", "/remind 22:30 daily dm")
    await stop(chat)
    assert "Ask me again at 21:59" in await chat.say("asha", "/progress")
    await chat.press("asha", "Ask me again at 21:59")
    found = await reminder(chat, "study")
    assert found is not None and found.minute == 22 * 60 + 30, "the wish stays"


async def test_who_cannot_be_told_in_private_reads_of_a_stop_in_their_next_answer(chat: Chat) -> None:
    """A group's question stops: said there by name, it would shame."""
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/remind 20:00 daily group")
    await stop(chat)
    assert "⏸" not in await chat.say("asha", "/done http-rest"), "told in private"
    async with chat.store.writing() as db:
        await people.private_closed(db, "test", "asha")
    for line in ("/done sql", "/roadmap", "/quiet 22:00 07:00"):
        said = await chat.say("asha", line)
        assert chat.private, line
        assert said.count("⏸ I no longer ask about your study: 3 questions in a row went unanswered.") == 1, line
        assert said.count("Ask me again at 20:00") == 1, line
    assert "⏸" not in await chat.say("asha", "/leaderboard"), "a group is not told"
    assert "⏸" not in await chat.say("asha", "/checkin 30"), "an answer has them go on"
    assert "⏸" not in await chat.say("asha", "/roadmap")


async def test_an_answer_has_stopped_questions_go_on(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await stop(chat)
    said = await chat.say("asha", "/checkin 1h")
    assert said == "Friday: 1 h ✅\nI ask again on Sat 21 Nov, 20:00.\n[1] Undo"
    assert "I ask again" not in await chat.say("asha", "/checkin 30")


async def test_the_end_of_a_pause_says_what_is_asked_first(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00 daily dm")
    await chat.say("asha", "/remind 19:00 kind:dsa")
    await chat.say("asha", "/pause 1w")
    await chat.say("asha", "/checkin 30")
    assert "I ask again at 19:00." in await chat.say("asha", "/pause off"), "study is answered, DSA is not"


async def test_ending_the_pause_ends_every_stop(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await stop(chat)
    assert (await chat.say("asha", "/pause off")).startswith("The pause is over.\nI ask again at 20:00.")


async def test_a_count_of_unanswered_questions_is_no_reason_to_refuse_an_undo(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    await write(chat, "study", ignored=2)
    chat.forward(minutes=2)
    await chat.say("asha", "/remind 21:00")
    found = await reminder(chat, "study")
    assert found is not None and found.ignored == 0
    await write(chat, "study", ignored=1)
    assert (await chat.say("asha", "/undo")).startswith("Taken back")


# ---------------------------------------------------------------- days off


async def test_days_off_are_planned_listed_and_taken_back(chat: Chat) -> None:
    await chat.say("asha", "/remind 20:00")
    said = await chat.say("asha", "/rest")
    assert chat.private
    assert said.startswith("No days off are planned. On a day off I ask nothing, and it breaks no streak.\n")
    assert "Tomorrow" in said and "Sat 21 Nov – Sun 22 Nov" in said and "Other days" in said
    assert await chat.say("asha", "/rest 2026-12-24 2026-12-27") == (
        "Off: Thu 24 Dec – Sun 27 Dec. I ask nothing then, and it breaks no streak.\n[1] Undo  [2] Days off"
    )
    await chat.say("asha", "/rest tomorrow")
    assert await due(chat) == "2026-11-20 20:00"
    await chat.say("asha", "/checkin 30")
    assert await due(chat) == "2026-11-22 20:00"
    said = await chat.say("asha", "/rest")
    assert said.startswith("Your days off: Sat 21 Nov; Thu 24 Dec – Sun 27 Dec. I ask")
    assert "Days off: Sat 21 Nov; Thu 24 Dec – Sun 27 Dec" in await chat.say("asha", "/settings")
    await chat.say("asha", "/rest")
    said = await chat.press("asha", "Take back Sat 21 Nov")
    assert said == "Sat 21 Nov: an ordinary day again.\n[1] Undo  [2] Days off"
    assert await due(chat) == "2026-11-21 20:00"
    await chat.press("asha", "Undo")
    assert await due(chat) == "2026-11-22 20:00"


async def test_other_days_are_asked_for_in_words(chat: Chat) -> None:
    await chat.say("asha", "/rest")
    asked = await chat.press("asha", "Other days")
    assert asked.startswith("Which days do you take off?")
    assert (await chat.answer("asha", "24 dec", "27 dec")).startswith("Off: Thu 24 Dec – Sun 27 Dec.")
    await chat.say("asha", "/rest")
    await chat.press("asha", "Other days")
    assert (await chat.answer("asha", "2 january")).startswith("Off: Sat 2 Jan 2027.")


@pytest.mark.parametrize(
    ("typed", "off"),
    [
        ("3 days", "Fri 20 Nov – Sun 22 Nov"),
        ("3d", "Fri 20 Nov – Sun 22 Nov"),
        ("for three days", "Fri 20 Nov – Sun 22 Nov"),
        ("1w", "Fri 20 Nov – Thu 26 Nov"),
        ("1 week", "Fri 20 Nov – Thu 26 Nov"),
        ("a day", "Fri 20 Nov"),
        ("in 3 days", "Mon 23 Nov"),
        ("in 1 week", "Fri 27 Nov"),
        ("24 dec for 1 week", "Thu 24 Dec – Wed 30 Dec"),
        ("monday 3 days", "Mon 23 Nov – Wed 25 Nov"),
        ("weekend", "Sat 21 Nov – Sun 22 Nov"),
        ("the weekend", "Sat 21 Nov – Sun 22 Nov"),
        ("24.12.-27.12.", "Thu 24 Dec – Sun 27 Dec"),
        ("24.12.–27.12.", "Thu 24 Dec – Sun 27 Dec"),
        ("24.12. 27.12.", "Thu 24 Dec – Sun 27 Dec"),
        ("24.-27.12.", "Thu 24 Dec – Sun 27 Dec"),
        ("24.12.2026-27.12.2026", "Thu 24 Dec – Sun 27 Dec"),
        ("24.12.", "Thu 24 Dec"),
        ("24 dec-27 dec", "Thu 24 Dec – Sun 27 Dec"),
        ("mon-wed", "Mon 23 Nov – Wed 25 Nov"),
        ("tomorrow until sunday", "Sat 21 Nov – Sun 22 Nov"),
    ],
)
async def test_lengths_and_short_ways_to_say_days_off(chat: Chat, typed: str, off: str) -> None:
    assert (await chat.say("asha", f"/rest {typed}")).startswith(f"Off: {off}. I ask nothing then")


@pytest.mark.parametrize("typed", ["27 dec to 24 dec", "27-24 dec", "27.12.-24.12.", "2026-12-27–2026-12-24"])
async def test_days_the_wrong_way_round_are_one_tap_from_right(chat: Chat, typed: str) -> None:
    assert (await chat.say("asha", f"/rest {typed}")).startswith("Thu 24 Dec comes before Sun 27 Dec.")
    assert (await chat.press("asha", "Thu 24 Dec – Sun 27 Dec")).startswith("Off: Thu 24 Dec – Sun 27 Dec.")


@pytest.mark.parametrize(
    "typed",
    [
        "2026-12-24 2026-12-27",
        "24 dec to 27 dec",
        "24-27 dec",
        "24 – 27 December",
        "from 24 dec until 27 dec",
        "from:2026-12-24 to:2026-12-27",
        "24 dec - 27 dec 2026",
    ],
)
async def test_days_off_are_read_as_people_write_them(chat: Chat, typed: str) -> None:
    assert (await chat.say("asha", f"/rest {typed}")).startswith("Off: Thu 24 Dec – Sun 27 Dec.")


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        ("", {"Sat 21 Nov": "2026-11-21", "Sat 21 Nov – Sun 22 Nov": "2026-11-21 to 2026-11-22"}),
        ("3 days", {"Fri 20 Nov – Sun 22 Nov": "2026-11-20 to 2026-11-22"}),
        ("24 dec", {"Thu 24 Dec": "2026-12-24"}),
    ],
)
async def test_days_off_are_completed_as_they_will_be(chat: Chat, typed: str, offers: dict[str, str]) -> None:
    incoming = Incoming("test", "asha", "Asha", chat.room, "rest", arguments={"from": typed})
    found = await chat.dispatch.suggest(incoming, "from")
    assert {offer.label: offer.value for offer in found} == offers
    for label, value in offers.items():
        assert (await chat.say("asha", "/rest", arguments={"from": value})).startswith(f"Off: {label}.")
        await chat.say("asha", "/undo")


async def test_days_that_touch_become_one_time_off(chat: Chat) -> None:
    await chat.say("asha", "/rest 2026-12-24 2026-12-27")
    await chat.say("asha", "/rest 2027-01-02 2027-01-03")
    assert (await chat.say("asha", "/rest 26 dec 28 dec")).startswith("Off: Thu 24 Dec – Mon 28 Dec.")
    assert (await chat.say("asha", "/rest 29 dec to 1 jan")).startswith("Off: Thu 24 Dec – Sun 3 Jan 2027.")
    assert (await chat.say("asha", "/rest")).startswith("Your days off: Thu 24 Dec – Sun 3 Jan 2027. I ask")
    assert "Off already: Thu 24 Dec – Sun 3 Jan 2027." in await chat.say("asha", "/rest 25 dec")
    await chat.say("asha", "/undo")
    assert (await chat.say("asha", "/rest")).startswith(
        "Your days off: Thu 24 Dec – Mon 28 Dec; Sat 2 Jan 2027 – Sun 3"
    )


async def test_days_off_that_have_begun_end_today(chat: Chat) -> None:
    await chat.say("asha", "/rest today 2026-11-25")
    chat.forward(days=2)
    await chat.say("asha", "/rest")
    assert (await chat.press("asha", "Take back Fri 20 Nov – Wed 25 Nov")).startswith(
        "Sun 22 Nov – Wed 25 Nov: ordinary days again."
    )
    async with chat.store.reading() as db:
        assert await rests.off(db, await member_of(chat)) == ((date(2026, 11, 20), date(2026, 11, 21)),)


async def test_a_day_off_breaks_no_streak(chat: Chat) -> None:
    await chat.say("asha", "/checkin 1h")
    await chat.say("asha", "/rest tomorrow")
    chat.forward(days=2)
    assert "Streak 2 🔥" in await chat.say("asha", "/checkin 1h")


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("/rest yesterday", "Thu 19 Nov is over. A day off is today or lies ahead."),
        ("/rest 2026-11-18 2026-11-30", "Wed 18 Nov is over."),
        ("/rest to:2026-11-18", "Wed 18 Nov is over."),
        ("/rest 2026-12-27 2026-12-24", "Thu 24 Dec comes before Sun 27 Dec."),
        ("/rest 2026-12-01 2027-11-01", "at most 92 days"),
        ("/rest 0 days", "“0 days” is not a day I understand."),
        ("/rest 🏖", "“🏖” is not a day I understand."),
        ("/rest @ravi", "“@ravi” is not a day I understand."),
        ("/rest 2026-12-24 to:never", "“never” is not a date"),
        ("/rest to:2026-12-24", "Off:"),
    ],
)
async def test_what_are_no_days_off_is_refused(chat: Chat, line: str, refusal: str) -> None:
    said = await chat.say("asha", line)
    assert refusal in said
    if refusal != "Off:":
        assert await chat.say("asha", "/undo") == "There is nothing to take back."


async def test_a_refused_stretch_offers_what_was_meant(chat: Chat) -> None:
    await chat.say("asha", "/rest 2026-12-27 2026-12-24")
    assert (await chat.press("asha", "Thu 24 Dec – Sun 27 Dec")).startswith("Off: Thu 24 Dec – Sun 27 Dec.")
    await chat.say("asha", "/rest 2026-11-20 2027-11-01")
    assert (await chat.press("asha", "Pause until Tue 2 Nov 2027")).startswith("⏸ Paused until Tue 2 Nov 2027")
    await chat.say("asha", "/pause off")
    said = await chat.say("asha", "/rest 1 year")
    assert said.startswith("Those are 365 days; time off is at most 92 days. To be away for longer: /pause\n[1] Pause")


async def test_there_is_an_end_to_plans(chat: Chat) -> None:
    for number in range(20):
        assert (await chat.say("asha", f"/rest in {2 + 2 * number} days")).startswith("Off:")
    assert (await chat.say("asha", "/rest in 90 days")).startswith("20 times off are planned already")
    assert (await chat.say("asha", "/rest in 3 days")).startswith("Off:"), "what joins two is no more"


async def test_a_strangers_press_takes_no_days_back(chat: Chat) -> None:
    await chat.say("asha", "/rest tomorrow")
    await chat.say("asha", "/rest")
    press = chat.label("Take back Sat 21 Nov")
    assert "somebody else's" in await chat.press_raw("ravi", press)
    assert "not among your days off" in await chat.press_raw("ravi", press.partition(" ")[2])
    assert (await chat.press_raw("asha", press)).startswith("Sat 21 Nov")
    assert "not among your days off" in await chat.press_raw("asha", press)


# ---------------------------------------------------------------- the first screen, settings, what is kept


async def test_start_on_the_plan_card_does_not_lose_the_daily_time(chat: Chat) -> None:
    await chat.say("asha", "/start", private=True)
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    said = await chat.press("asha", "Start", private=True)
    assert said.startswith("Next: ") and "At which time shall I ask you every day" in said
    assert "Is it 12:00 for you?" in await chat.press("asha", "20:00", private=True)
    await chat.press("asha", "Yes", private=True)
    await chat.press("asha", "Not now", private=True)
    assert "At which time" not in await chat.say("asha", "/next", private=True)


async def test_settings_lead_to_every_time(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/join backend-intern 2027-05-20")
    await chat.say("asha", "/remind 20:00")
    said = await chat.say("asha", "/settings")
    assert "Also, in private: Deadline ahead (18:00), After a silence (18:00)" in said
    assert "Quiet hours: none" in said and "Your day begins: at midnight" in said and "Days off: none" in said
    assert chat.last is not None and chat.last.card is not None
    assert len(chat.last.card.rows) + (chat.last.card.choice is not None) <= 5, "what one Discord message holds"
    for button, answer in (
        ("Your day begins", "When does a new day begin"),
        ("Quiet hours", "Between which hours"),
        ("Streak at risk", "When a streak of 3 days or more would end that day"),
        ("Pause", "Until when shall I ask nothing?"),
        ("Days off", "No days off are planned."),
        ("Hours: Backend Engineer, internship", "How many hours"),
    ):
        await chat.say("asha", "/settings")
        assert (await chat.press("asha", button)).startswith(answer), button


async def test_another_deadline_moves_its_warnings(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/remind 20:00")
    first = await due(chat, "deadline")
    assert first == "2027-04-20 18:00", "30 days before"
    await chat.say("asha", "/join backend-ai-era 2027-06-20")
    assert await due(chat, "deadline") == "2027-05-21 18:00"
    await chat.say("asha", "/undo")
    assert await due(chat, "deadline") == first
    await chat.say("asha", "/leave backend-ai-era")
    assert await due(chat, "deadline") is None


async def test_linking_brings_quiet_hours_pauses_and_days_off(chat: Chat) -> None:
    await chat.say("asha", "/rest 2026-12-24 2026-12-27", private=True)
    await chat.say("tele", "/rest 2026-12-26 2026-12-30", private=True)
    await chat.say("tele", "/rest 2027-01-06", private=True)
    await chat.say("tele", "/quiet 22:00 07:00", private=True)
    await chat.say("tele", "/daystart 04:00", private=True)
    await chat.say("tele", "/pause 2026-12-01", private=True)
    code = (await chat.say("asha", "/link", private=True)).split("/link ")[1][:8]
    await chat.say("tele", f"/link {code}", private=True)
    gone = await member_of(chat, "tele")
    await chat.press("tele", "Link them", private=True)
    said = await chat.say("asha", "/settings", private=True)
    assert "Quiet hours: 22:00–07:00" in said and "Your day begins: at 04:00" in said
    assert "⏸ Paused until Tue 1 Dec" in said
    assert "Days off: Thu 24 Dec – Wed 30 Dec; Wed 6 Jan 2027" in said
    async with chat.store.reading() as db:
        left = dict((await db.execute(select(members).where(members.c.id == gone))).mappings().one())
        assert await rests.off(db, gone) == ()
    assert [left[name] for name in ("quiet_from", "quiet_to", "day_start", "paused_from", "paused_until")] == [
        None,
        None,
        0,
        None,
        None,
    ]


async def test_what_is_kept_names_pauses_and_days_off(chat: Chat) -> None:
    await chat.say("asha", "/rest tomorrow")
    said = await chat.say("asha", "/privacy")
    assert "quiet hours, pauses and days off" in said
    assert "Days off: 1" in await chat.say("asha", "/mydata")
    await chat.say("asha", "/forgetme yes")
    async with chat.store.reading() as db:
        assert (await db.execute(select(metadata.tables["rests"]))).all() == []
