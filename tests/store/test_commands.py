"""A study group's week through the commands themselves: it reads the same on either database, and in a crowd too."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from bot.store import Store
from tests.fakes.clockwork import ROOM, settled


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
    assert len(clock.platform.messages) == 30


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
