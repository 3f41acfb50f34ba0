"""The courier under every answer a platform can give, and after a crash at the worst moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card
from bot.command import Incoming
from bot.command.parameters import File
from bot.courier import Courier, Right, rounds
from bot.courier.outcomes import LONGEST_RETRY, MOST_EDITS
from bot.courier.rounds import IN_DOUBT_AFTER
from bot.delivery import Address, Closed, Doubtful, Forbidden, Gone, Hushed, Later, Moved, Outcome, Rejected
from bot.store import Store, Unavailable, homes, outbox
from bot.store.commits import Commits
from bot.store.outbox import Delivery, Draft
from bot.tables import accounts, groups, members
from tests.fakes.clockwork import EVENING, NOON, ROOM, TODAY, Clockwork, clockwork
from tests.fakes.memory import MemoryPlatform
from tests.fakes.patience import PATIENCE


@pytest.fixture(params=[True, False], ids=["keys", "no keys"])
async def clock(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Clockwork]:
    """A clockwork whose platform remembers keys, and one whose platform does not."""
    async with clockwork(tmp_path, remembers_key=request.param) as made:
        yield made


async def announce(clock: Clockwork, step: str = "sql") -> None:
    """Queue the news that Asha has finished a step."""
    if not await clock.rows():
        await clock.say("asha", "join backend-ai-era 2027-05-20")
    await clock.say("asha", f"done {step}")


async def announced(clock: Clockwork) -> None:
    """The same, and it has arrived."""
    await announce(clock)
    await clock.courier.deliver()
    assert len(clock.platform.messages) == 1


async def test_what_is_due_leaves_once(clock: Clockwork) -> None:
    await announce(clock)
    assert await clock.courier.deliver() == 1
    assert await clock.courier.deliver() == 0
    assert (await clock.states(), len(clock.platform.sends)) == (["sent"], 1)


async def test_two_rounds_at_once_say_nothing_twice(clock: Clockwork) -> None:
    await announce(clock)
    await asyncio.gather(clock.courier.deliver(), clock.courier.deliver())
    assert len(clock.platform.sends) == 1


async def test_the_running_courier_wakes_when_something_is_queued(clock: Clockwork) -> None:
    running = asyncio.create_task(clock.courier.run())
    await announce(clock)
    async with asyncio.timeout(PATIENCE):
        await clock.platform.sent.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_patience_is_kept_and_then_it_is_tried_again(clock: Clockwork) -> None:
    clock.platform.answers.append(Later(120, "flood"))
    await announce(clock)
    await clock.courier.deliver()
    await clock.forward(seconds=119)
    assert len(clock.platform.sends) == 1
    await clock.forward(seconds=1)
    assert (await clock.states(), len(clock.platform.messages)) == (["sent"], 1)


async def test_a_platform_that_fails_is_tried_with_growing_waits_until_it_is_too_late(clock: Clockwork) -> None:
    clock.platform.answers.extend([Later(1, "down")] * 1000)
    await announce(clock)
    moments = []
    for minute in range(24 * 60):
        before = len(clock.platform.sends)
        await clock.forward(minutes=1 if minute < 10 else 10)
        if len(clock.platform.sends) > before:
            moments.append(clock.now)
        if (await clock.states())[0] != "queued":
            break
    row = (await clock.rows())[0]
    assert (row["state"], row["reason"]) == ("expired", "too late")
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert waits[0] == timedelta(minutes=1)
    assert timedelta(0) <= max(waits) - LONGEST_RETRY <= LONGEST_RETRY / 4 + timedelta(minutes=10)


async def test_what_waits_past_its_time_is_not_said(clock: Clockwork) -> None:
    clock.platform.answers.append(Later(3600 * 30, "flood"))
    await announce(clock)
    await clock.courier.deliver()
    await clock.forward(hours=31)
    assert (await clock.states())[0] == "expired"
    assert clock.platform.messages == {}


async def test_a_moved_chat_is_followed_and_remembered(clock: Clockwork) -> None:
    new = Address("memory", "supergroup")
    clock.platform.answers.append(Moved(new))
    await announce(clock)
    await clock.courier.deliver()
    assert [address for address, _ in clock.platform.sends] == [ROOM, new]
    assert await clock.states() == ["sent"]
    async with clock.store.reading() as db:
        assert await homes.homes_of(db, clock.group) == (new,)


async def test_a_chat_that_moves_for_ever_is_given_up(clock: Clockwork) -> None:
    clock.platform.answers.extend([Moved(Address("memory", "b")), Moved(ROOM)] * 50)
    await announce(clock)
    async with asyncio.timeout(PATIENCE):
        await clock.courier.deliver()
    assert await clock.states() == ["failed"]


async def test_an_edit_in_a_chat_that_moved_is_left_as_it_was(clock: Clockwork) -> None:
    await announced(clock)
    clock.platform.answers.append(Moved(Address("memory", "supergroup")))
    await clock.say("asha", "undo")
    await clock.courier.deliver()
    assert (await clock.states(), len(clock.platform.edits)) == (["sent"], 1)


@pytest.mark.parametrize("outcome", [Forbidden("may not write here"), Rejected("too long")])
async def test_what_cannot_be_sent_is_recorded_and_not_tried_again(clock: Clockwork, outcome: Outcome) -> None:
    clock.platform.answers.append(outcome)
    await announce(clock)
    await clock.courier.deliver()
    await clock.forward(hours=1)
    (row,) = await clock.rows()
    assert (row["state"], row["reason"], len(clock.platform.sends)) == ("failed", outcome.reason, 1)  # type: ignore[union-attr]  # both have one


async def test_a_home_that_is_gone_is_no_home_any_more(clock: Clockwork) -> None:
    clock.platform.answers.append(Gone("we were removed"))
    await announce(clock)
    await clock.courier.deliver()
    assert await clock.states() == ["failed"]
    async with clock.store.reading() as db:
        assert await homes.homes_of(db, clock.group) == ()


@pytest.mark.parametrize(
    "outcome", [Gone("deleted by a leader"), Forbidden("no"), Rejected("no"), Closed("no"), Later(1, "down")]
)
async def test_an_edit_that_fails_leaves_the_message_as_it_was(clock: Clockwork, outcome: Outcome) -> None:
    await announced(clock)
    clock.platform.answers.extend([outcome] * 100)
    await clock.say("asha", "undo")
    for _ in range(200):
        await clock.forward(minutes=1)
    assert await clock.states() == ["sent"]
    assert len(clock.platform.edits) == (MOST_EDITS if isinstance(outcome, Later) else 1)
    async with clock.store.reading() as db:
        assert await homes.homes_of(db, clock.group) == (ROOM,)


async def test_a_roster_that_was_edited_often_survives_a_bad_minute(clock: Clockwork) -> None:
    """Attempts are counted for one edit, not for the life of a message."""
    await clock.say("asha", "next")
    await clock.forward(hours=8)
    for number in range(MOST_EDITS + 2):
        await clock.say(f"m{number}", "checkin 30")
        await clock.courier.deliver()
    clock.platform.answers.append(Later(1, "down"))
    await clock.say("asha", "checkin 30")
    await clock.courier.deliver()
    await clock.forward(minutes=1)
    assert f"Studied ({MOST_EDITS + 3})" in clock.platform.at(ROOM)[0]


async def test_doubt_is_sent_again_where_keys_are_remembered_and_held_where_not(clock: Clockwork) -> None:
    clock.platform.answers.append(Doubtful("the connection broke"))
    await announce(clock)
    await clock.courier.deliver()
    for _ in range(10):
        await clock.forward(minutes=10)
    if clock.platform.remembers_key:
        assert await clock.states() == ["sent"]
        assert [key for _, key in clock.platform.sends] == [clock.platform.sends[0][1]] * 2
    else:
        (row,) = await clock.rows()
        assert (row["state"], row["reason"]) == ("doubtful", "held: it may have arrived")
        assert len(clock.platform.sends) == 1
    # Taking it back afterwards edits a message that arrived, and never sends one that may have.
    await clock.say("asha", "undo")
    await clock.courier.deliver()
    assert len(clock.platform.messages) == (1 if clock.platform.remembers_key else 0)


async def die_while_sending(clock: Clockwork) -> None:
    """The process ends after the platform has taken the message and before we hear of it."""
    clock.platform.hears_back = False
    sending = asyncio.create_task(clock.courier.deliver())
    async with asyncio.timeout(PATIENCE):
        await clock.platform.sent.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    clock.platform.hears_back = True
    assert await clock.states() == ["sending"]


@pytest.mark.parametrize(("seconds", "sends"), [(70, 2), (100, 1)])
async def test_a_key_that_may_be_forgotten_on_the_way_is_not_relied_on(
    tmp_path: Path, seconds: int, sends: int
) -> None:
    """What leaves shortly before the platform forgets its key arrives after that, and would be said twice."""
    async with clockwork(tmp_path, remembers_key=True) as clock:
        await announce(clock)
        await die_while_sending(clock)
        clock.courier = clock.new_courier()
        clock.courier.right = lambda _platform: Right(2)
        await clock.forward(seconds=seconds)
        assert await clock.states() == ["sent"]
        assert (len(clock.platform.sends), len(clock.platform.messages)) == (sends, 1)


async def test_after_a_crash_in_a_send_nothing_is_said_twice(clock: Clockwork) -> None:
    await announce(clock)
    await die_while_sending(clock)
    clock.courier = clock.new_courier()
    await clock.tick()
    assert len(clock.platform.sends) == 1
    await clock.forward(seconds=IN_DOUBT_AFTER.total_seconds())
    assert len(clock.platform.messages) == 1
    if clock.platform.remembers_key:
        # Outside the time for which its key is known it is looked for.
        (row,) = await clock.rows()
        assert (row["state"], row["reason"], len(clock.platform.sends)) == ("sent", "found again", 1)
    else:
        (row,) = await clock.rows()
        assert (row["state"], row["reason"]) == ("doubtful", "held: it may have arrived")
        assert len(clock.platform.sends) == 1


async def test_an_undo_after_a_crash_in_a_send_says_nothing_twice_either(clock: Clockwork) -> None:
    """The undo touches what is still on its way; without a message of ours there is nothing to edit."""
    await announce(clock)
    await die_while_sending(clock)
    clock.courier = clock.new_courier()
    await clock.say("asha", "undo")
    await clock.forward(hours=1)
    assert len(clock.platform.messages) == 1


async def test_a_crash_in_an_edit_is_edited_again(clock: Clockwork) -> None:
    await announced(clock)
    clock.platform.answers.append(asyncio.CancelledError())
    await clock.say("asha", "undo")
    with pytest.raises(asyncio.CancelledError):
        await clock.courier.deliver()
    clock.courier = clock.new_courier()
    await clock.forward(seconds=IN_DOUBT_AFTER.total_seconds())
    assert clock.platform.at(ROOM) == ["Asha took back Relational databases and SQL."]
    assert await clock.states() == ["sent"]


async def test_a_card_that_cannot_be_composed_does_not_stop_the_others(
    clock: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    await announce(clock, "sql")
    clock.now += timedelta(minutes=1)
    await announce(clock, "http-rest")
    compose = clock.courier.compose
    broken = (await clock.rows())[0]["id"]

    async def stumbling(delivery: Delivery, now: datetime) -> Card | Hushed | None:
        if delivery.id == broken:
            raise ZeroDivisionError
        return await compose(delivery, now)

    clock.courier.compose = stumbling
    async with asyncio.timeout(PATIENCE):
        await clock.courier.deliver()
    assert await clock.states() == ["queued", "sent"]
    assert "could not be composed" in caplog.text
    clock.courier.compose = compose
    await clock.forward(minutes=5)
    assert await clock.states() == ["sent", "sent"]


async def test_a_card_that_can_never_be_composed_is_given_up(clock: Clockwork) -> None:
    async def broken(_delivery: Delivery, _now: datetime) -> Card | None:
        raise ZeroDivisionError

    clock.courier.compose = broken
    await announce(clock)
    await clock.courier.deliver()
    assert await clock.states() == ["queued"]
    await clock.forward(days=1)
    assert (await clock.states())[0] == "expired"


async def test_a_platform_that_raises_does_not_stop_the_others(clock: Clockwork) -> None:
    clock.platform.answers.append(ZeroDivisionError())
    await announce(clock, "sql")
    clock.now += timedelta(minutes=1)
    await announce(clock, "http-rest")
    await clock.courier.deliver()
    await clock.forward(minutes=5)
    assert await clock.states() == (["sent", "sent"] if clock.platform.remembers_key else ["doubtful", "sent"])


async def test_a_slow_platform_does_not_hold_up_another(clock: Clockwork) -> None:
    await announce(clock)
    slow = MemoryPlatform(name="slow")
    slow.hears_back = False
    clock.courier.platforms = {"memory": clock.platform, "slow": slow}
    async with clock.store.writing() as db:
        draft = Draft("slow", "done", Address("slow", "room"), TODAY, NOON, NOON + timedelta(days=1))
        await outbox.queue(db, draft)

    async def card(_delivery: Delivery, _now: datetime) -> Card | None:
        return Card()

    clock.courier.compose = card
    delivering = asyncio.create_task(clock.courier.deliver())
    async with asyncio.timeout(PATIENCE):
        await clock.platform.sent.wait()
        await slow.sent.wait()
    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering


async def test_what_is_for_a_platform_that_is_not_served_waits_for_it(clock: Clockwork) -> None:
    await announce(clock)
    served, clock.courier.platforms = clock.courier.platforms, {}
    assert await clock.courier.deliver() == 0
    assert await clock.states() == ["queued"]
    clock.courier.platforms = served
    await clock.courier.deliver()
    assert await clock.states() == ["sent"]


async def test_more_than_a_batch_is_delivered_in_one_go(clock: Clockwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "IN_HAND", 3)
    async with clock.store.writing() as db:
        for number in range(20):
            room = Address("memory", f"room{number % 10}")
            due = NOON - timedelta(minutes=number)
            draft = Draft(f"k{number}", "recap", room, TODAY, due, NOON + timedelta(days=1), group=clock.group)
            await outbox.queue(db, draft)
    assert await clock.courier.deliver() == 20
    assert len(clock.platform.messages) == 20


async def test_a_fault_of_the_database_is_logged_and_the_courier_goes_on(
    clock: Clockwork, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = outbox.due
    failures = [OSError("the disk is away")]

    async def failing(*arguments: object) -> tuple[Delivery, ...]:
        if failures:
            raise failures.pop()
        return await due(*arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(outbox, "due", failing)
    await announce(clock)
    running = asyncio.create_task(clock.courier.run())
    clock.courier.wake()
    async with asyncio.timeout(PATIENCE):
        await clock.platform.sent.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "the courier stumbled" in caplog.text


async def test_a_stop_waits_for_the_message_in_hand_and_takes_nothing_more_on(tmp_path: Path) -> None:
    async with clockwork(tmp_path) as clock:
        for name in ("asha", "ravi"):
            await clock.say(name, "join backend-ai-era 2027-05-20")
            await clock.say(name, "done sql")
            clock.now += timedelta(minutes=1)
        sending, go_on = asyncio.Event(), asyncio.Event()

        class Slow(MemoryPlatform):
            """Answers when the test lets it."""

            async def send(self, address: Address, card: Card, key: str) -> Outcome:
                sending.set()
                await go_on.wait()
                return await super().send(address, card, key)

        courier = Courier(clock.store, {"memory": Slow()}, clock.messages.compose, lambda: clock.now)
        running = asyncio.create_task(courier.run())
        await sending.wait()
        stopping = asyncio.create_task(courier.finish(5))
        await asyncio.sleep(0)
        go_on.set()
        await stopping
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert sorted(str(row["state"]) for row in await clock.rows()) == ["queued", "sent"]


async def test_what_has_left_is_written_down_as_soon_as_that_is_possible(
    clock: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full when the message has just arrived: it is neither forgotten nor sent again."""
    monkeypatch.setattr(rounds, "PAUSE_SECONDS", 0.01)
    await announce(clock)
    failures = 0
    write = clock.store.write

    async def failing(work: Callable[[AsyncConnection], Awaitable[object]]) -> object:
        nonlocal failures
        if clock.platform.messages and failures < 3:
            failures += 1
            raise Unavailable("database or disk is full")
        return await write(work)

    monkeypatch.setattr(clock.store, "write", failing)
    await clock.courier.deliver()
    assert (failures, await clock.states(), len(clock.platform.sends)) == (3, ["sent"], 1)


async def test_a_group_that_cannot_be_reached_tells_who_set_it_up_once_a_day(clock: Clockwork) -> None:
    asha = Address.private_to("memory", "asha")
    await announce(clock)
    async with clock.store.writing() as db:
        await db.execute(groups.update().values(leader=select(members.c.id).scalar_subquery()))
    clock.platform.answers.extend([Forbidden("Send Messages")])
    await clock.courier.deliver()
    await clock.tick()
    (told,) = clock.platform.at(asha)
    assert "My posts do not get through in Backend '27" in told
    assert "Send Messages" in told
    clock.platform.answers.extend([Forbidden("Send Messages")])
    await clock.say("asha", "done http-rest")
    await clock.tick()
    await clock.tick()
    assert len(clock.platform.at(asha)) == 1


async def test_who_closed_one_private_chat_is_written_to_in_another(clock: Clockwork) -> None:
    other = MemoryPlatform(name="other")
    clock.courier.platforms = {"memory": clock.platform, "other": other}
    await clock.say("asha", "remind 20:00 daily dm", private=True)
    async with clock.store.writing() as db:
        member = (await db.execute(select(members.c.id))).scalar_one()
        row = {"name": "asha", "dm": "open", "seen_at": NOON - timedelta(days=1)}
        await db.execute(accounts.insert().values(platform="other", account="7", member=member, **row))
    clock.platform.closed["asha"] = Closed("she has blocked us")
    clock.now = EVENING
    await clock.tick()
    await clock.tick()
    assert len(other.at(Address.private_to("other", "7"))) == 1
    assert await clock.states() == ["sent"]


async def test_nothing_late_is_said_in_quiet_hours(clock: Clockwork) -> None:
    await clock.say("asha", "remind 20:00 daily dm", private=True)
    await clock.say("asha", "quiet 21:00 22:30", private=True)
    clock.platform.answers.append(Later(3700, "flood"))
    clock.now = EVENING
    await clock.tick()
    await clock.forward(hours=1, minutes=10)
    asha = Address.private_to("memory", "asha")
    assert clock.platform.at(asha) == []
    await clock.forward(hours=1, minutes=20)
    assert len(clock.platform.at(asha)) == 1


async def test_the_last_minute_before_quiet_hours_is_not_lost_behind_a_long_line(clock: Clockwork) -> None:
    await clock.say("asha", "remind 23:00 daily dm", private=True)
    await clock.say("asha", "quiet 20:01 07:00", private=True)
    clock.platform.answers.append(Later(300, "flood"))
    clock.now = EVENING
    await clock.tick()
    await clock.forward(minutes=6)
    assert len(clock.platform.at(Address.private_to("memory", "asha"))) == 1


async def test_what_a_chat_has_no_room_for_yet_waits_in_the_outbox(clock: Clockwork) -> None:
    await announce(clock)
    clock.platform.delays["room"] = 40.0
    await clock.courier.deliver()
    (row,) = await clock.rows()
    assert (row["state"], row["attempts"], clock.platform.sends) == ("queued", 0, [])
    clock.platform.delays.clear()
    await clock.forward(seconds=40)
    assert await clock.states() == ["sent"]


async def test_in_a_halt_of_the_platform_nothing_is_even_begun(clock: Clockwork) -> None:
    await announce(clock)
    clock.platform.delays["0"] = 30.0
    assert await clock.courier.deliver() == 0
    clock.platform.delays.clear()
    assert await clock.courier.deliver() == 1


async def test_who_takes_over_sends_as_if_others_had_sent_a_moment_ago(clock: Clockwork) -> None:
    tokens = [1, 1, 2]
    clock.courier.right = lambda _platform: Right(tokens[0])
    await announce(clock)
    await clock.courier.deliver()
    assert clock.platform.resumed == 0
    tokens[:] = [2]
    await clock.courier.deliver()
    await clock.courier.deliver()
    assert clock.platform.resumed == 1


async def test_without_the_right_to_send_nothing_leaves_and_nothing_is_lost(clock: Clockwork) -> None:
    clock.courier.right = lambda _platform: None
    await announce(clock)
    assert await clock.courier.deliver() == 0
    assert await clock.states() == ["queued"]


# ---------------------------------------------------------------- in doubt, and things went on


def lose_the_answer(clock: Clockwork, address: Address) -> None:
    """The next message to an address arrives, and we do not hear of it."""
    send = clock.platform.send

    async def lossy(to: Address, card: Card, key: str) -> Outcome:
        outcome = await send(to, card, key)
        if to != address:
            return outcome
        clock.platform.send = send  # type: ignore[method-assign]
        return Doubtful("the connection broke")

    clock.platform.send = lossy  # type: ignore[method-assign, assignment]


async def wait_out(clock: Clockwork) -> None:
    """Longer than any key is remembered."""
    for _ in range(20):
        await clock.forward(seconds=30)


async def test_what_was_said_while_a_send_was_in_doubt_is_shown_after(tmp_path: Path) -> None:
    """The platform gives the message back as it was first sent, without the answer that came since."""
    async with clockwork(tmp_path) as clock:
        await clock.say("ravi", "next")
        lose_the_answer(clock, ROOM)
        clock.now = EVENING
        await clock.tick()
        await clock.say("ravi", "checkin 30")
        await wait_out(clock)
        (post,) = clock.platform.at(ROOM)
        assert "Studied (1)" in post


async def test_a_question_answered_while_in_doubt_becomes_its_receipt(tmp_path: Path) -> None:
    async with clockwork(tmp_path) as clock:
        asha = Address.private_to("memory", "asha")
        await clock.say("asha", "remind 20:00 daily dm", private=True)
        lose_the_answer(clock, asha)
        clock.now = EVENING
        await clock.tick()
        await clock.say("asha", "checkin 30")
        await wait_out(clock)
        assert clock.platform.at(asha) == ["Friday: 30 min ✅"]
        assert await clock.states() == ["sent"]


async def test_a_message_in_doubt_stays_one_when_a_part_of_it_is_answered(tmp_path: Path) -> None:
    """Its key is that of its first part: without that one it would be another message, and said twice."""
    async with clockwork(tmp_path) as clock:
        asha = Address.private_to("memory", "asha")
        await clock.say("asha", "join backend-ai-era 2026-11-23", private=True)
        await clock.say("asha", "remind 18:00 daily dm", private=True)
        lose_the_answer(clock, asha)
        clock.now = EVENING - timedelta(hours=2)
        await clock.tick()
        (message,) = clock.platform.at(asha)
        assert "Did you study today?" in message and "3 days until Mon 23 Nov" in message
        await clock.say("asha", "checkin 30", private=True)
        await wait_out(clock)
        (message,) = clock.platform.at(asha)
        assert message.startswith("Friday: 30 min ✅") and "3 days until Mon 23 Nov" in message


async def test_a_halt_does_not_make_forget_that_a_message_may_have_arrived(tmp_path: Path) -> None:
    async with clockwork(tmp_path) as clock:
        lose_the_answer(clock, ROOM)
        await announce(clock)
        await clock.courier.deliver()
        clock.platform.answers.append(Later(300, "flood"))
        await clock.forward(seconds=30)
        assert await clock.states() == ["sending"]
        # By then its key is not remembered any more.
        await clock.forward(minutes=6)
        (row,) = await clock.rows()
        assert (row["state"], row["reason"], len(clock.platform.sends)) == ("sent", "found again", 2)


async def test_an_edit_of_parts_that_do_not_go_together_any_more_comes_to_an_end(tmp_path: Path) -> None:
    """Two pieces of news in one message, each with a file by now: a message holds one."""
    async with clockwork(tmp_path) as clock:
        await announce(clock, "sql")
        await announce(clock, "http-rest")
        await clock.courier.deliver()
        assert len(clock.platform.at(ROOM)) == 1
        for step in ("sql", "http-rest"):
            file = File("memory", step, f"{step}.pdf", 1000)
            await clock.dispatch(Incoming("memory", "asha", "Asha", ROOM, f"done {step}", step, {"file": file}))
        async with asyncio.timeout(PATIENCE):
            await clock.courier.deliver()
        (news,) = clock.platform.at(ROOM)
        assert "sql.pdf" in news and "http-rest.pdf" in news
        assert await clock.courier.deliver() == 0


# ---------------------------------------------------------------- writing together


async def test_while_the_database_is_away_nobody_waits_for_it_in_turn(clock: Clockwork) -> None:
    tries = 0

    class Away(Store):
        async def write(self, work: Callable[[AsyncConnection], Awaitable[object]]) -> object:  # type: ignore[override]
            nonlocal tries
            tries += 1
            raise Unavailable("connection refused")

    commits = Commits(Away(clock.store.engine))

    async def work(_db: AsyncConnection) -> None:
        return

    told = await asyncio.gather(*(commits.write(work) for _ in range(10)), return_exceptions=True)
    assert [type(one) for one in told] == [Unavailable] * 10
    assert tries == 1


async def test_what_was_written_in_vain_is_told_of_once(clock: Clockwork, caplog: pytest.LogCaptureFixture) -> None:
    """Each transaction is taken back once, as when two wait for each other, and carried out anew."""

    class Crossed(Exception):
        pass

    class Repeating(Store):
        async def write(self, work: Callable[[AsyncConnection], Awaitable[object]]) -> object:  # type: ignore[override]
            with suppress(Crossed):
                async with self.writing() as db:
                    await work(db)
                    raise Crossed
            return await super().write(work)

    told: list[tuple[str, str]] = []
    caplog.set_level(logging.INFO, "bot.courier")
    clock.courier.commits = Commits(Repeating(clock.store.engine))
    clock.courier.told = lambda kind, state, _late: told.append((kind, state))
    await announce(clock)
    await clock.courier.deliver()
    await announce(clock, "http-rest")
    clock.platform.answers.append(Rejected("too long"))
    await clock.courier.deliver()
    assert told == [("done", "sent"), ("done", "failed")]
    assert [record.message for record in caplog.records] == ["delivery 2: failed (too long)"]
