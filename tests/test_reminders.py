"""What the bot says unasked: each occurrence once, to the right people, and nothing that has become moot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.cards import Button
from bot.command import Incoming, Response
from bot.command.spoken import spoken
from bot.delivery import Address, Closed, Gone
from bot.store import claims, outbox, schedule
from bot.tables import members, memberships, reminders
from tests.fakes.clockwork import EVENING, ROOM, TODAY, Clockwork, clockwork

PRIVATE = Address.private_to("memory", "asha")


@pytest.fixture
async def clock(tmp_path: Path) -> AsyncIterator[Clockwork]:
    """A clockwork at Friday noon."""
    async with clockwork(tmp_path) as made:
        yield made


async def at_evening(clock: Clockwork) -> None:
    await clock.forward(seconds=(EVENING - clock.now).total_seconds())


async def test_an_occurrence_is_claimed_once_however_often_it_is_looked_at(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    clock.now = EVENING
    assert await clock.messages.claim(clock.now) == 2
    assert await clock.messages.claim(clock.now) == 0
    assert len(await clock.rows()) == 2


async def test_an_occurrence_is_claimed_once_by_many_at_once(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    clock.now = EVENING
    claimed = await asyncio.gather(*(clock.messages.claim(clock.now) for _ in range(8)))
    assert sum(claimed) == 2
    assert len(await clock.rows()) == 2


async def test_the_member_is_asked_in_private_and_the_group_in_its_home(clock: Clockwork) -> None:
    await clock.say("asha", "join backend-ai-era 2027-05-20")
    await clock.say("asha", "remind 20:00 daily dm")
    await at_evening(clock)
    assert clock.platform.at(PRIVATE) == [
        "Good evening, Asha.\nNext: A typed language and git (typed-language), about 24 h.\nDid you study today?"
    ]
    assert clock.platform.at(ROOM) == ["Fri 20 Nov · Who studied today?"]


async def test_two_weeks_bring_fourteen_of_each_and_two_recaps_each_once(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    for hour in range(14 * 24):
        await clock.forward(hours=1)
        if hour % 24 == 0:
            # A word a day: nothing is ignored.
            await clock.say("asha", "next")
    kinds = [(row["kind"], row["local_date"]) for row in await clock.rows()]
    assert len(kinds) == len(set(kinds)) == len(clock.platform.messages)
    assert [sum(kind == wanted for kind, _ in kinds) for wanted in ("study", "group", "recap")] == [14, 14, 2]


async def test_a_clock_that_jumps_an_hour_back_and_forth_asks_nothing_twice_and_forgets_nothing(
    clock: Clockwork,
) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    clock.now = EVENING - timedelta(minutes=90)
    for step in range(4 * 24 * 5):
        await clock.forward(hours=(-1 if step % 2 else 1), minutes=15)
        if step % 96 == 0:
            await clock.say("asha", "next")
    kinds = [(row["kind"], row["local_date"]) for row in await clock.rows()]
    assert len(kinds) == len(set(kinds)) == len(clock.platform.messages)
    assert [sum(kind == wanted for kind, _ in kinds) for wanted in ("study", "group", "recap")] == [5, 5, 1]


async def test_who_has_answered_is_not_asked(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    await clock.say("asha", "checkin 60")
    await at_evening(clock)
    assert clock.platform.at(PRIVATE) == []
    await clock.forward(days=1)
    assert len(clock.platform.at(PRIVATE)) == 1


async def test_an_answer_between_claim_and_sending_makes_it_moot(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    clock.now = EVENING
    await clock.messages.claim(clock.now)
    await clock.say("asha", "checkin no")
    await clock.courier.deliver()
    assert clock.platform.at(PRIVATE) == []
    assert {(row["kind"], row["state"], row["reason"]) for row in await clock.rows()} == {
        ("study", "expired", "moot"),
        ("group", "sent", None),
    }


async def test_both_tracks_are_asked_for_apart(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    await clock.say("asha", "remind 20:00 daily dm dsa")
    await clock.say("asha", "checkin 60")
    await at_evening(clock)
    (question,) = clock.platform.at(PRIVATE)
    assert "Did you practise DSA today?" in question


async def test_a_closed_private_chat_gets_nothing_and_nothing_private_appears_elsewhere(clock: Clockwork) -> None:
    await clock.say("asha", "join backend-ai-era 2027-05-20")
    await clock.say("asha", "remind 20:00 daily dm")
    clock.platform.closed["asha"] = Closed("she takes no messages")
    await at_evening(clock)
    assert clock.platform.at(PRIVATE) == []
    assert clock.platform.texts == ["Fri 20 Nov · Who studied today?"]
    assert ("failed", "she takes no messages") in {(row["state"], row["reason"]) for row in await clock.rows()}
    # From then on it is not even tried, until she writes in private again.
    tried = len(clock.platform.sends)
    await clock.forward(days=1)
    assert [address for address, _ in clock.platform.sends[tried:]] == [ROOM]
    clock.platform.closed.clear()
    await clock.say("asha", "next", private=True)
    await clock.forward(days=1)
    assert len(clock.platform.at(PRIVATE)) == 1


async def test_where_group_mentions_the_member_in_the_home(clock: Clockwork) -> None:
    await clock.say("asha", "join backend-ai-era 2027-05-20")
    await clock.say("asha", "remind 20:00 daily group")
    await at_evening(clock)
    # One message, for it is the same minute.
    assert clock.platform.at(ROOM) == ["Fri 20 Nov · Who studied today?\nAsha: Did you study today?"]


async def test_a_group_without_members_is_not_asked(clock: Clockwork) -> None:
    await at_evening(clock)
    assert clock.platform.texts == []


async def test_a_first_command_that_is_refused_makes_a_member_all_the_same(clock: Clockwork) -> None:
    assert "no roadmap" in await clock.say("ravi", "next")
    await at_evening(clock)
    assert clock.platform.at(ROOM) == ["Fri 20 Nov · Who studied today?"]


async def test_a_question_in_a_group_that_lives_nowhere_is_on_record(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily group")
    clock.platform.answers.append(Gone("we were removed"))
    await at_evening(clock)
    await clock.forward(days=1)
    asked = [row for row in await clock.rows() if row["kind"] == "study"]
    assert [(row["local_date"], row["state"], row["reason"]) for row in asked] == [
        (TODAY, "failed", "we were removed"),
        (TODAY + timedelta(days=1), "failed", "the group lives nowhere"),
    ]


async def test_the_roster_names_who_studied_and_nobody_else(clock: Clockwork) -> None:
    await clock.say("ravi", "next")
    await at_evening(clock)
    await clock.say("asha", "checkin 90")
    await clock.say("ravi", "checkin no")
    await clock.courier.deliver()
    (post,) = clock.platform.at(ROOM)
    assert "Studied (1): Asha 1 h 30" in post
    assert "Ravi" not in post


async def test_an_answer_that_no_roster_shows_edits_no_post(clock: Clockwork) -> None:
    await clock.say("ravi", "next")
    await clock.say("asha", "next")
    await at_evening(clock)
    await clock.say("ravi", "checkin no")
    await clock.courier.deliver()
    await clock.say("ravi", "undo")
    await clock.courier.deliver()
    assert clock.platform.edits == []
    # One that it shows does, and so does its undo.
    for edits, line in enumerate(("checkin 30", "undo"), start=1):
        await clock.say("asha", line)
        await clock.courier.deliver()
        assert len(clock.platform.edits) == edits


async def test_many_answers_are_one_edit(clock: Clockwork) -> None:
    await clock.say("ravi", "next")
    await at_evening(clock)
    for number in range(12):
        await clock.say(f"m{number}", "checkin 30")
    await clock.courier.deliver()
    assert len(clock.platform.edits) == 1
    assert "Studied (12)" in clock.platform.at(ROOM)[0]
    await clock.courier.deliver()
    assert len(clock.platform.edits) == 1


async def test_an_answer_during_the_edit_is_shown_by_the_next(clock: Clockwork) -> None:
    await clock.say("asha", "next")
    await at_evening(clock)
    answering: list[asyncio.Task[str]] = []

    def answer_once() -> None:
        if not answering:
            answering.append(asyncio.create_task(clock.say("ravi", "checkin 30")))

    clock.platform.edited = answer_once
    await clock.say("asha", "checkin 30")
    await clock.courier.deliver()
    await answering[0]
    await clock.courier.deliver()
    assert "Studied (2)" in clock.platform.at(ROOM)[0]


async def test_taking_an_answer_back_takes_it_off_the_roster(clock: Clockwork) -> None:
    await clock.say("ravi", "next")
    await at_evening(clock)
    await clock.say("asha", "checkin 30")
    await clock.courier.deliver()
    await clock.say("asha", "undo")
    await clock.courier.deliver()
    assert clock.platform.at(ROOM) == ["Fri 20 Nov · Who studied today?"]


async def test_a_step_done_is_announced_and_its_undo_edits_the_announcement(clock: Clockwork) -> None:
    await clock.say("asha", "join backend-ai-era 2027-05-20")
    await clock.say("asha", "done sql https://example.org/sql")
    await clock.courier.deliver()
    (news,) = clock.platform.at(ROOM)
    assert news == "Asha finished Relational databases and SQL · proof"
    await clock.say("asha", "undo")
    await clock.courier.deliver()
    assert clock.platform.at(ROOM) == ["Asha took back Relational databases and SQL."]
    assert len(clock.platform.messages) == 1


async def test_a_step_taken_back_before_it_was_announced_is_not_announced(clock: Clockwork) -> None:
    await clock.say("asha", "join backend-ai-era 2027-05-20")
    await clock.say("asha", "done sql")
    await clock.say("asha", "undo")
    await clock.courier.deliver()
    assert clock.platform.texts == []
    assert await clock.states() == ["expired"]


async def test_after_a_long_sleep_the_old_is_not_said_and_the_new_is(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    await at_evening(clock)
    sent = len(clock.platform.messages)
    await clock.forward(days=10, hours=5)
    assert len(clock.platform.messages) == sent
    assert set(await clock.states()) == {"sent", "expired"}
    await clock.forward(hours=19)
    kinds = sorted(str(row["kind"]) for row in await clock.rows() if row["state"] == "sent")
    # What comes once is made up for: it was a silence by the seventh day.
    assert kinds == ["group", "group", "return", "study", "study"] and len(clock.platform.messages) == sent + 3


async def test_within_its_grace_a_late_question_is_still_asked(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    clock.now = EVENING - timedelta(minutes=1)
    await clock.forward(hours=2, minutes=59)
    assert len(clock.platform.at(PRIVATE)) == 1


async def test_later_asks_again_on_the_same_day_even_at_the_same_minute(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    await at_evening(clock)
    await clock.say("asha", "later 1h")
    await clock.forward(minutes=59)
    assert len(clock.platform.at(PRIVATE)) == 1
    await clock.forward(minutes=1)
    assert len(clock.platform.at(PRIVATE)) == 2
    dates = {row["local_date"] for row in await clock.rows() if row["kind"] == "study"}
    assert dates == {TODAY}
    await clock.forward(hours=23)
    assert len(clock.platform.at(PRIVATE)) == 3


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("remind 23:30 daily dm", "Did you study on Friday?"),
        ("remind 23:30 daily group", "Asha: Did you study on Friday?"),
        ("remind 23:30 daily dm kind:dsa", "Did you practise DSA on Friday?"),
    ],
)
async def test_asked_after_its_midnight_the_question_names_its_day(clock: Clockwork, line: str, asked: str) -> None:
    await clock.say("asha", line)
    await clock.forward(hours=11.6)
    track = "dsa" if "dsa" in line else "study"
    await clock.say("asha", f"later 1h track:{track}")
    await clock.forward(hours=1)
    at = ROOM if "group" in line else PRIVATE
    assert asked in clock.platform.at(at)[-1]


async def test_one_reminder_that_cannot_be_claimed_does_not_stop_the_others(
    clock: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("asha", "ravi"):
        await clock.say(name, "remind 20:00 daily dm")
    async with clock.store.writing() as db:
        # A zone that a newer list of zones no longer has.
        await db.execute(members.update().where(members.c.name == "Asha").values(zone="Mars/Olympus"))
    await at_evening(clock)
    assert clock.platform.at(PRIVATE) == []
    assert len(clock.platform.at(Address.private_to("memory", "ravi"))) == 1
    assert "could not be claimed" in caplog.text
    async with clock.store.writing() as db:
        await db.execute(members.update().where(members.c.name == "Asha").values(zone="Asia/Kolkata"))
    await clock.forward(hours=1)
    assert len(clock.platform.at(PRIVATE)) == 1


async def test_more_than_a_batch_is_claimed_in_turn(clock: Clockwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.messages.claiming.BATCH", 3)
    for number in range(8):
        await clock.say(f"m{number}", "remind 20:00 daily dm")
    await at_evening(clock)
    assert len(clock.platform.messages) == 9


async def test_switched_off_is_silent_and_on_again_is_not_asked_for_the_past(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    await clock.say("asha", "remind where:off")
    await clock.forward(days=3)
    assert clock.platform.at(PRIVATE) == []
    async with clock.store.reading() as db:
        study = reminders.c.member.is_not(None) & (reminders.c.kind == "study")
        off = (await db.execute(reminders.select().where(study))).mappings().one()
    assert off["next_due_at"] is None
    await clock.say("asha", "remind where:dm")
    async with clock.store.reading() as db:
        found = await schedule.of_member(db, off["member"], "study")
    assert found is not None
    assert found.next_due_at is not None
    assert found.next_due_at > clock.now


async def test_a_groups_posts_are_silent_while_they_are_off(clock: Clockwork) -> None:
    await clock.say("lena", "remind off kind:group", leader=True)
    await clock.forward(days=3)
    assert [row["kind"] for row in await clock.rows()] == ["recap"], "the Sunday in between"
    await clock.say("lena", "remind off kind:recap", leader=True)
    await clock.say("lena", "remind on kind:group", leader=True)
    await clock.forward(days=7)
    assert [row["kind"] for row in await clock.rows()].count("recap") == 1
    asked = [row["local_date"] for row in await clock.rows() if row["kind"] == "group"]
    assert asked == [TODAY + timedelta(days=day) for day in range(3, 10)]


async def test_a_groups_post_comes_again_when_a_leader_who_has_left_takes_back_turning_it_off(clock: Clockwork) -> None:
    await clock.say("lena", "remind off kind:group", leader=True)
    async with clock.store.writing() as db:
        await db.execute(update(memberships).values(left_at=clock.now))
    await clock.say("asha", "next")
    await clock.say("lena", "undo", private=True)
    await at_evening(clock)
    assert [row["kind"] for row in await clock.rows()] == ["group"]


async def test_a_group_is_asked_on_the_days_it_chose(clock: Clockwork) -> None:
    await clock.say("lena", "remind mon wed kind:group", leader=True)
    await clock.say("lena", "setup zone:Europe/Berlin", leader=True)
    for _ in range(14):
        await clock.forward(days=1)
    days = [row["local_date"] for row in await clock.rows() if row["kind"] == "group"]
    assert [f"{day:%a}" for day in days if isinstance(day, date)] == ["Mon", "Wed", "Mon", "Wed"]


@pytest.mark.parametrize(("kind", "line"), [("study", "remind off"), ("group", "remind off kind:group")])
async def test_what_is_turned_off_while_it_waits_is_not_sent(clock: Clockwork, kind: str, line: str) -> None:
    await clock.say("asha", "remind 20:00 daily dm")
    clock.now = EVENING
    await clock.messages.claim(clock.now)
    await clock.say("asha", line, leader=True)
    await clock.courier.deliver()
    states = {row["kind"]: (row["state"], row["reason"]) for row in await clock.rows()}
    other = "group" if kind == "study" else "study"
    assert states == {kind: ("expired", "moot"), other: ("sent", None)}


async def test_free_text_answers_the_question_that_was_asked(tmp_path: Path) -> None:
    """At half past midnight, `45 graphs` is about the evening before: that is what was asked, and it is still open."""
    async with clockwork(tmp_path) as clock:
        await clock.say("asha", "remind 23:30 daily dm", private=True)
        await clock.forward(hours=11.6)
        await clock.forward(hours=1)
        graphs = spoken("45 graphs", "en")
        assert graphs is not None
        assert (await clock.say("asha", graphs, private=True)).startswith("Friday: 45 min")
        assert (await clock.say("asha", graphs, private=True)).startswith("Saturday: 45 min"), "that one is answered"


async def test_a_typed_checkin_is_about_today_whatever_is_still_open(tmp_path: Path) -> None:
    """Yesterday's DSA question is open until noon, for a press, a reply or a date; a command means the day it is."""
    async with clockwork(tmp_path) as clock:
        await clock.say("asha", "remind 20:00 daily dm", private=True)
        await clock.say("asha", "remind 20:30 daily dm kind:dsa", private=True)
        await clock.forward(hours=8.6)
        assert (await clock.say("asha", "checkin 20", private=True)).startswith("Friday, DSA practice: 20 min"), "asked"
        await clock.say("asha", "undo", private=True)
        await clock.forward(hours=4)
        assert (await clock.say("asha", "checkin 45", private=True)).startswith("Saturday: 45 min"), "at night"
        await clock.say("asha", "undo", private=True)
        await clock.forward(hours=8)
        morning = spoken("30 min", "en")
        assert morning is not None
        for line in ("checkin 45", morning):
            assert (await clock.say("asha", line, private=True)).startswith("Saturday: "), line
        said = await clock.say("asha", "checkin 45 dsa date:yesterday", private=True)
        assert said.startswith("Friday, DSA practice: 45 min")


async def test_a_question_by_name_becomes_its_receipt(tmp_path: Path) -> None:
    async with clockwork(tmp_path) as clock:
        await clock.say("asha", "remind 20:00 daily group")
        await clock.forward(hours=8)
        assert "Asha: Did you study today?" in clock.platform.at(ROOM)[0]
        await clock.say("asha", "checkin 60")
        await clock.tick()
        assert clock.platform.at(ROOM) == [
            "Fri 20 Nov · Who studied today?\nStudied (1): Asha 1 h\nAsha · Friday: studied ✅"
        ]
        await clock.say("asha", "undo")
        await clock.tick()
        assert clock.platform.at(ROOM) == ["Fri 20 Nov · Who studied today?\nAsha: Did you study today?"]


async def test_a_private_question_answered_elsewhere_becomes_its_receipt(tmp_path: Path) -> None:
    async with clockwork(tmp_path) as clock:
        await clock.say("asha", "remind 20:00 daily dm", private=True)
        await clock.forward(hours=8)
        asha = Address.private_to("memory", "asha")
        assert "Did you study today?" in clock.platform.at(asha)[-1]
        await clock.say("asha", "checkin 60")
        await clock.tick()
        assert clock.platform.at(asha)[-1] == "Friday: 1 h ✅"
        await clock.say("asha", "undo")
        await clock.tick()
        assert "Did you study today?" in clock.platform.at(asha)[-1]


async def test_both_questions_of_the_same_minute_are_one_message_and_each_is_answered_by_itself(tmp_path: Path) -> None:
    async with clockwork(tmp_path) as clock:
        await clock.say("asha", "remind 20:00 daily dm", private=True)
        await clock.say("asha", "remind 20:00 daily dm kind:dsa", private=True)
        await clock.forward(hours=8)
        asked = "Good evening, Asha.\nDid you study today?"
        (message,) = clock.platform.messages.values()
        assert message.text.startswith(asked)
        assert message.text.endswith("Did you practise DSA today?")
        labels = [button.label for row in message.card.rows for button in row]
        assert labels == ["Studied", "Not today", "Later", "Practised", "No practice", "Practice later"]
        await clock.say("asha", "checkin 30", private=True)
        await clock.tick()
        (text,) = clock.platform.at(PRIVATE)
        assert text == "Friday: 30 min ✅\nGood evening, Asha.\nDid you practise DSA today?"
        await clock.say("asha", "checkin yes track:dsa", private=True)
        await clock.tick()
        (text,) = clock.platform.at(PRIVATE)
        assert "Did you" not in text
        assert [row["state"] for row in await clock.rows()] == ["sent", "sent"]


async def quiet_since_friday(clock: Clockwork) -> None:
    """Asha is asked nothing every day, and has said so on Friday at noon."""
    await clock.say("asha", "remind 20:00 daily dm", private=True)
    await clock.say("asha", "remind off", private=True)


async def silent_since_friday(clock: Clockwork) -> None:
    """Asha has said nothing for a week and was written to, Friday at 18:00."""
    await quiet_since_friday(clock)
    await clock.forward(days=7, hours=6)
    assert await returns(clock) == [TODAY + timedelta(days=7)]


async def returns(clock: Clockwork) -> list[object]:
    """The local dates on which somebody silent was written to."""
    return [row["local_date"] for row in await clock.rows() if (row["kind"], row["state"]) == ("return", "sent")]


async def test_who_answers_a_word_after_silence_on_its_evening_is_written_to_after_the_next_silence(
    clock: Clockwork,
) -> None:
    await silent_since_friday(clock)
    await clock.forward(minutes=5)
    await clock.say("asha", "next", private=True)
    for _ in range(20):
        await clock.forward(days=1)
    assert await returns(clock) == [TODAY + timedelta(days=7), TODAY + timedelta(days=14)]


@pytest.mark.parametrize("line", ["remind 23:00 kind:return", "timezone America/New_York"])
async def test_who_answers_a_word_after_silence_by_changing_its_time_is_written_to_after_the_next_silence(
    clock: Clockwork, line: str
) -> None:
    """Its usual moment for that date is now later than what they said."""
    await silent_since_friday(clock)
    await clock.forward(minutes=5)
    await clock.say("asha", line, private=True)
    for _ in range(20 * 24):
        await clock.forward(hours=1)
    assert await returns(clock) == [TODAY + timedelta(days=7), TODAY + timedelta(days=14)]


async def test_silence_is_counted_in_dates_also_from_a_late_evening_on(clock: Clockwork) -> None:
    await silent_since_friday(clock)
    await clock.forward(days=2, hours=5)
    await clock.say("asha", "next", private=True)
    for _ in range(20 * 24):
        await clock.forward(hours=1)
    assert await returns(clock) == [TODAY + timedelta(days=7), TODAY + timedelta(days=16)]


async def test_who_speaks_before_a_word_after_silence_leaves_is_not_called_silent(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm", private=True)
    await clock.say("asha", "remind off", private=True)
    clock.platform.delays["0"] = 60.0
    await clock.forward(days=7, hours=6)
    await clock.forward(minutes=10)
    await clock.say("asha", "next", private=True)
    clock.platform.delays.clear()
    await clock.forward(minutes=1)
    assert clock.platform.at(PRIVATE) == []


@pytest.mark.parametrize(("hours", "day"), [(13, 8), (5 * 24 - 1, 12)])
async def test_a_word_after_silence_that_we_slept_through_comes_on_the_next_evening(
    clock: Clockwork, hours: float, day: int
) -> None:
    await quiet_since_friday(clock)
    # Awake again on Saturday at 07:00, or on Wednesday at 17:00.
    await clock.forward(days=7, hours=6 + hours)
    assert await returns(clock) == []
    for _ in range(12 * 24):
        await clock.forward(hours=1)
    assert await returns(clock) == [TODAY + timedelta(days=day)]
    (said,) = clock.platform.at(PRIVATE)
    assert said.startswith("Hello, Asha.")


async def test_a_word_after_silence_that_the_platform_did_not_take_comes_on_the_next_evening(clock: Clockwork) -> None:
    await quiet_since_friday(clock)
    clock.platform.delays["0"] = 60.0
    await clock.forward(days=7, hours=6)
    for _ in range(13):
        await clock.forward(hours=1)
    clock.platform.delays.clear()
    for _ in range(12 * 24):
        await clock.forward(hours=1)
    assert await returns(clock) == [TODAY + timedelta(days=8)]


async def test_a_word_after_silence_that_was_written_off_comes_on_the_next_evening(clock: Clockwork) -> None:
    """By housekeeping: its platform was not served at all."""
    await quiet_since_friday(clock)
    clock.now += timedelta(days=7, hours=6)
    await clock.messages.claim(clock.now)
    clock.now += timedelta(hours=13)
    async with clock.store.writing() as db:
        await claims.due_again(db, outbox.late(["return"], clock.now), clock.now)
        await outbox.expire(db, clock.now)
    for _ in range(12 * 24):
        await clock.forward(hours=1)
    assert await returns(clock) == [TODAY + timedelta(days=8)]


async def test_who_spoke_since_a_word_after_silence_was_lost_is_not_called_silent(clock: Clockwork) -> None:
    await quiet_since_friday(clock)
    await clock.forward(days=7, hours=19)
    await clock.say("asha", "next", private=True)
    for _ in range(10 * 24):
        await clock.forward(hours=1)
    assert await returns(clock) == [TODAY + timedelta(days=15)]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("pause 2026-12-04", 13 + 7),  # off until Thursday 3 December
        ("rest 2026-11-23 2026-12-03", 13 + 7),
        ("rest 2026-12-07 2026-12-13", 7),  # days off that begin after it
        ("rest 2026-11-20", 7),
    ],
)
async def test_days_off_are_no_silence(clock: Clockwork, line: str, after: int) -> None:
    await quiet_since_friday(clock)
    await clock.say("asha", line, private=True)
    for _ in range(40 * 6):
        await clock.forward(hours=4)
    assert await returns(clock) == [TODAY + timedelta(days=after)]


async def test_a_pause_without_an_end_is_no_silence_and_its_end_is_a_word(clock: Clockwork) -> None:
    await quiet_since_friday(clock)
    await clock.say("asha", "pause until I come back", private=True)
    for _ in range(20):
        await clock.forward(days=1)
    await clock.say("asha", "pause off", private=True)
    for _ in range(20 * 6):
        await clock.forward(hours=4)
    assert await returns(clock) == [TODAY + timedelta(days=27)]


async def test_no_streak_is_at_risk_on_a_day_that_is_not_theirs(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 fri,sat,sun,mon dm", private=True)
    await clock.say("asha", "remind 21:30 kind:risk", private=True)
    for _ in range(4):
        await clock.say("asha", "checkin 60")
        await clock.forward(days=1)
    # Tuesday, at noon.
    await clock.forward(hours=10)
    assert clock.platform.at(PRIVATE) == []
    await clock.forward(days=3)
    assert "your streak of 4" in clock.platform.at(PRIVATE)[-1]


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("checkin 60", "Tuesday: 1 h ✅"),
        ("checkin no", "Tuesday: not today"),
        ("checkin 30 track:dsa", "Tuesday, DSA practice: 30 min ✅"),
    ],
)
async def test_a_streak_at_risk_that_was_answered_elsewhere_is_no_longer_open(
    clock: Clockwork, line: str, becomes: str
) -> None:
    """The warning becomes the answer's receipt, and stands again with its buttons when that is taken back."""
    await clock.say("asha", "remind 21:30 kind:risk", private=True)
    for _ in range(4):
        await clock.say("asha", "checkin 60")
        await clock.forward(days=1)
    await clock.forward(hours=10)
    (text,) = clock.platform.at(PRIVATE)
    assert text.startswith("Tuesday is still open, and so is your streak of 4")
    await clock.say("asha", line)
    await clock.tick()
    (message,) = (message for message in clock.platform.messages.values() if message.address == PRIVATE)
    assert message.text.startswith(becomes)
    assert not message.card.rows
    await clock.say("asha", "undo")
    await clock.tick()
    assert clock.platform.at(PRIVATE) == [text]


async def test_a_reminder_with_the_number_of_one_that_was_taken_back_is_another(clock: Clockwork) -> None:
    await clock.say("ravi", "remind 20:00 daily dm", private=True)
    await at_evening(clock)
    await clock.say("ravi", "undo", private=True)
    await clock.say("asha", "remind 21:00 daily dm", private=True)
    await clock.forward(hours=1)
    assert len(clock.platform.at(PRIVATE)) == 1


async def test_questions_do_not_stop_without_a_word_after_days_of_downtime(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm", private=True)
    await at_evening(clock)
    await clock.forward(days=1)
    await clock.forward(days=1)
    await clock.forward(days=3, hours=5)
    kinds = [(row["kind"], row["state"]) for row in await clock.rows() if row["kind"] in ("study", "stopped")]
    assert kinds == [*[("study", "sent")] * 3, *[("study", "expired")] * 2, ("stopped", "sent")]


async def test_putting_one_of_two_questions_off_leaves_the_other_standing(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm", private=True)
    await clock.say("asha", "remind 20:00 daily dm kind:dsa", private=True)
    await at_evening(clock)
    (message,) = clock.platform.messages.values()
    lines = {button.label: button.line for row in message.card.rows for button in row if isinstance(button, Button)}

    async def press(line: str) -> Response:
        pressed = Incoming("memory", "asha", "Asha", PRIVATE, line, line, pressed=message.id, private=True)
        response = await clock.dispatch(pressed)
        assert response is not None
        return response

    for line in (lines["Later"], f"{lines['Later']} 1h"):
        assert not (await press(line)).edit, "it would take the place of both"
    assert (await press(lines["Practised"])).edit, "the courier edits the message anyway"
    await clock.tick()
    (text,) = clock.platform.at(PRIVATE)
    assert "Did you study today?" in text and "Did you practise" not in text


async def test_both_questions_that_nobody_answers_say_that_they_stop(tmp_path: Path) -> None:
    async with clockwork(tmp_path) as clock:
        await clock.say("asha", "remind 20:00 daily dm", private=True)
        await clock.say("asha", "remind 20:00 daily dm kind:dsa", private=True)
        await clock.forward(hours=8)
        for _ in range(3):
            await clock.forward(days=1)
        stopped = [text for text in clock.platform.at(PRIVATE) if "so I stop asking" in text]
        assert ["your study" in text for text in stopped] == [True, False]
        assert "DSA practice" in stopped[1]
