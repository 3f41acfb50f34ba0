"""A study group's week through the commands themselves: it reads the same on either database, and in a crowd too."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from bot.command import Dispatch
from bot.courier import Courier
from bot.messages import Messages
from bot.messages.claiming import claim_due
from bot.store import Store, Unavailable, hold, linking, people, schedule
from bot.tables import accounts, checkins, members, reminders
from tests.fakes.clockwork import EVENING, ROOM, Clockwork, settled
from tests.fakes.waiting import somebody_waits


async def test_a_week_reads_the_same_on_either_database(store: Store) -> None:
    clock = await settled(store)
    assert "It fits" in await clock.say("asha", "join backend-ai-era 2027-05-20 2h")
    assert "1 of 10 steps done (10%)" in await clock.say("asha", "done http-rest https://example.org/api")
    assert "0 of 10 steps done (0%)" in await clock.say("asha", "undo")
    assert "1 of 10 steps done (10%)" in await clock.say("asha", "done sql")
    assert "Left out" in await clock.say("asha", "skip caching-queues no time")
    assert "Europe/Berlin" in await clock.say("asha", "timezone Europe/Berlin")
    assert "Taken back" in await clock.say("asha", "undo")
    assert "at 20:00" in await clock.say("asha", "remind 20:00 daily dm")
    assert "counted already" not in await clock.say("asha", "checkin 90")
    for name in ("ravi", "mei"):
        await clock.say(name, "join backend-intern 2027-01-31")
        await clock.say(name, "checkin 30")
    for _ in range(3 * 24):
        await clock.forward(hours=1)
    kinds = [str(row["kind"]) for row in await clock.rows()]
    assert [kinds.count(kind) for kind in ("group", "recap", "study")] == [3, 1, 2]
    board = await clock.say("ravi", "leaderboard month steps")
    assert "1. Asha · 1 step" in board
    assert "Asha" in await clock.say("ravi", "progress asha")
    recap = next(text for text in clock.platform.at(ROOM) if "3 of 3 studied" in text)
    assert "2 h 30" in recap
    assert "1 of 9 steps done" in await clock.say("asha", "progress")


async def test_a_crowd_at_once_is_counted_to_the_last(store: Store) -> None:
    """Thirty members at the same moment, each twice, and one of them thirty times."""
    clock = await settled(store)
    await asyncio.gather(*(clock.say(f"m{n}", "join backend-ai-era 2027-05-20") for n in range(30)))
    await asyncio.gather(*(clock.say(f"m{n}", "done sql") for n in range(30)))
    answers = await asyncio.gather(*(clock.say("asha", "checkin 10") for _ in range(30)))
    totals = sorted(total for answer in answers for total in [minutes(answer)])
    assert [later - earlier for earlier, later in pairwise(totals)] == [10] * 29
    assert totals[-1] == 300
    rows = await clock.rows()
    assert len(rows) == len({row["key"] for row in rows}) == 30
    await asyncio.gather(clock.tick(), clock.tick(), clock.courier.deliver())
    said = "\n".join(clock.platform.texts)
    assert [said.count(f"M{n} finished") for n in range(10, 30)] == [1] * 20
    # To the same chat at the same minute: not thirty messages.
    assert len(clock.platform.messages) <= 2


async def test_one_press_delivered_many_times_at_once_counts_once(store: Store) -> None:
    clock = await settled(store)
    await clock.say("asha", "join backend-ai-era 2027-05-20")
    answers = await asyncio.gather(*(clock.say("asha", "checkin 60", update="same") for _ in range(10)))
    assert sum("counted already" in answer for answer in answers) == 9
    assert "1 h 30 in all" in await clock.say("asha", "checkin 30")


def minutes(answer: str) -> int:
    """The day's total that a receipt names."""
    words = answer.split("\n", maxsplit=1)[0].removesuffix(" ✅").split(": ")[1]
    total = words.split(", ")[-1].removesuffix(" in all")
    hours, _, rest = total.partition(" h")
    return int(hours) * 60 + int(rest or 0) if " h" in total else int(total.removesuffix(" min"))


def test_a_receipt_is_read_as_it_is_written() -> None:
    assert minutes("Friday: 10 min ✅\n[1] Undo") == 10
    assert minutes("Friday: 10 min more, 1 h 30 in all ✅\n[1] Undo") == 90
    assert minutes("Friday: 10 min more, 2 h in all ✅") == 120


# ------------------------------------------------------------ at the same moment


async def member_of(store: Store, who: str) -> int:
    """Whose account that is."""
    async with store.reading() as db:
        known = await people.account(db, "memory", who)
    assert known is not None
    return known.member


async def test_who_was_linked_meanwhile_speaks_as_who_they_became(store: Store) -> None:
    """A command waits for its member; while it waits, its account becomes another member's."""
    clock = await settled(store)
    for who in ("asha", "tele"):
        await clock.say(who, "join backend-ai-era 2027-05-20")
    keep, other = await member_of(store, "asha"), await member_of(store, "tele")
    async with store.writing() as db:
        await hold(db, f"member:{other}")
        answering = asyncio.create_task(clock.say("tele", "checkin 30"))
        await somebody_waits(store)
        await db.execute(update(accounts).where(accounts.c.member == other).values(member=keep))
        await db.execute(update(members).where(members.c.id == other).values(linked_to=keep, **linking.BLANK_MEMBER))
    assert "30 min" in await answering
    async with store.reading() as db:
        assert (await db.execute(select(checkins.c.member))).scalars().all() == [keep]


async def test_two_who_link_each_other_at_once_become_one(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    clock = await settled(store)
    for turn in range(5):
        pair = (f"a{turn}", f"b{turn}")
        codes = {}
        for who in pair:
            await clock.say(who, "join backend-ai-era 2027-05-20")
            codes[who] = (await clock.say(who, "link", private=True)).split("/link ")[1][:8]
        answers = await asyncio.gather(
            clock.say(pair[0], f"link {codes[pair[1]]} sure:yes", private=True),
            clock.say(pair[1], f"link {codes[pair[0]]} sure:yes", private=True),
        )
        assert await member_of(store, pair[0]) == await member_of(store, pair[1]), answers
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def claiming(clock: Clockwork, meanwhile: str) -> str:
    """What a member is answered who types a line while another process has claimed what is due."""
    clock.now = EVENING
    async with clock.store.writing() as db:
        await claim_due(db, clock.now)
        typed = asyncio.create_task(clock.say("asha", meanwhile, private=True))
        await somebody_waits(clock.store)
        assert not typed.done()
    return await typed


async def test_taking_back_does_not_take_back_a_claim(store: Store) -> None:
    """/later put the reminder to this moment; were /undo to put it back, the day would be asked for twice."""
    clock = await settled(store)
    await clock.say("asha", "remind 19:00 daily dm")
    await clock.say("asha", "later 20:00")
    assert "a newer change since" in await claiming(clock, "undo")
    async with store.reading() as db:
        found = await schedule.of_member(db, await member_of(store, "asha"), "study")
    assert found is not None
    assert found.next_due_at == EVENING + timedelta(hours=23)


async def test_who_leaves_while_being_asked_leaves_nothing(store: Store) -> None:
    clock = await settled(store)
    for turn in range(5):
        who = f"m{turn}"
        await clock.say(who, "remind 20:00 daily dm")
        clock.now = max(clock.now, EVENING) + timedelta(days=turn)
        said, _ = await asyncio.gather(clock.say(who, "forgetme yes", private=True), clock.messages.claim(clock.now))
        assert "reference" not in said
        async with store.reading() as db:
            assert await people.account(db, "memory", who) is None
            mine = select(reminders.c.id).where(reminders.c.member.is_not(None))
            assert (await db.execute(mine)).all() == []
    await clock.tick()
    assert clock.platform.texts == []


async def test_several_processes_ask_everybody_once(store: Store, open_another: Callable[[], Store]) -> None:
    clock = await settled(store)
    await asyncio.gather(*(clock.say(f"m{n}", "remind 20:00 daily dm") for n in range(20)))
    clock.now = EVENING
    stores = [store, open_another(), open_another()]
    claims = [Messages(one, lambda: clock.library.roadmaps) for one in stores]
    couriers = [
        Courier(one, {"memory": clock.platform}, claim.compose, lambda: clock.now)
        for one, claim in zip(stores, claims, strict=True)
    ]
    for _ in range(3):
        await asyncio.gather(*(claim.claim(clock.now) for claim in claims))
        await asyncio.gather(*(courier.deliver() for courier in couriers))
    assert Counter(key for _, key in clock.platform.sends).most_common(1)[0][1] == 1
    assert await clock.states() == ["sent"] * 21


async def test_a_crowd_in_two_processes_hears_no_apology(
    store: Store, open_another: Callable[[], Store], caplog: pytest.LogCaptureFixture
) -> None:
    """Everybody answers, sets, takes back, links and leaves at once, in one group, through two processes."""
    clock = await settled(store)
    dispatch = clock.dispatch
    names = [f"m{n}" for n in range(6)]
    await asyncio.gather(*(clock.say(who, "join backend-ai-era 2027-05-20") for who in names))
    other = Dispatch(open_another(), dispatch.roadmaps, dispatch.registry, dispatch.clock, zone=dispatch.zone)
    lines = (
        "checkin 20",
        "done sql",
        "remind 21:00 daily dm",
        "undo",
        "later 1h",
        "leaderboard week streak",
        "forgetme yes",
        "recap",
    )

    async def talk(turn: int, line: str, who: str) -> str:
        clock.dispatch = (dispatch, other)[turn % 2]
        return await clock.say(who, line)

    said = await asyncio.gather(
        *(talk(turn, line, who) for turn, line in enumerate(lines * 2) for who in names),
        *(clock.messages.claim(clock.now + timedelta(hours=hours)) for hours in range(12)),
    )
    assert not [text for text in said if isinstance(text, str) and "reference" in text]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


# ------------------------------------------------------------ trouble


async def test_what_cannot_be_saved_is_refused_in_words(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = await settled(store)
    await clock.say("asha", "checkin 20")

    async def failing(_work: object) -> None:
        raise Unavailable("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", failing)
        assert (await clock.say("asha", "checkin 30")).startswith("I can't save anything right now")
    assert "10 min more, 30 min in all" in await clock.say("asha", "checkin 10")
    assert caplog.records == []
