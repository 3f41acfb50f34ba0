"""Pacing on a loop whose time is made up: late wake-ups come from a seed, and minutes pass at once."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest

from bot import pacing
from bot.pacing import Halted, Pace, TooLate, leave_by, urgent
from tests.fakes.calls import calls
from tests.fakes.virtual import now, play, stall


def worst(moments: Iterable[float], window: float) -> int:
    """The most that left within any window of so many seconds."""
    ordered = sorted(moments)
    most = first = 0
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - window:
            first += 1
        most = max(most, last - first + 1)
    return most


class Left:
    """What left, and when; `go` sends something."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.moments: list[float] = []
        self.chats: dict[str, list[float]] = defaultdict(list)
        self.answers: list[bool] = []

    async def go(self, chat: str | None = None, *, answer: bool = True, **how: Any) -> float:
        urgent.set(answer)
        how.setdefault("patience", 1e9)
        await self.pace.turn(chat, **how)
        self.moments.append(now())
        self.answers.append(answer)
        if chat is not None:
            self.chats[chat].append(now())
        return now()

    def begin(self, chat: str | None = None, **how: Any) -> asyncio.Task[float]:
        return asyncio.create_task(self.go(chat, **how))

    @property
    def rate(self) -> float:
        return (len(self.moments) - 1) / (max(self.moments) - min(self.moments))


@pytest.mark.parametrize("rate", [0.5, 1, 30, 50, 1000])
@pytest.mark.parametrize("late", [0.0, 0.001, 0.01])
def test_the_rate_is_kept_in_every_window_and_used(rate: float, late: float) -> None:
    seeded = random.Random(f"{rate} {late}")

    async def story() -> None:
        left = Left(Pace(rate))
        await asyncio.gather(*(left.begin(f"{n}") for n in range(int(min(5000, max(20, rate * 20))))))
        assert worst(left.moments, max(1, 1 / rate)) <= max(1, rate)
        assert left.rate >= 0.95 * rate

    play(story(), lambda: seeded.uniform(0, late))


def test_a_loop_that_stalls_makes_no_window_fuller() -> None:
    seeded = random.Random(7)

    async def story() -> None:
        left = Left(Pace(30))
        tasks = [left.begin() for _ in range(900)]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(seeded.uniform(0.2, 2))
            stall(seeded.choice([0.05, 0.3, 1.5]))
        assert worst(left.moments, 1) <= 30
        # A stall is not made up for at once: two at the most leave together.
        assert worst(left.moments, 0.01) <= 3

    play(story())


def test_the_load_tells_whether_the_rate_is_used() -> None:
    async def story() -> None:
        left = Left(Pace(10))
        assert left.pace.load == 0
        for _ in range(4):
            await left.go()
        assert left.pace.load == 0.4
        task = left.begin()
        await asyncio.sleep(0)
        assert left.pace.load == 1
        await task
        await asyncio.sleep(2)
        assert left.pace.load == 0

    play(story())


def test_a_change_of_the_rate_holds_for_those_in_line() -> None:
    async def story() -> None:
        pace, began = Pace(10), now()
        left = Left(pace)
        waiting = [asyncio.create_task(left.go()) for _ in range(5)]
        await asyncio.sleep(2.5 * pace.spacing)
        quick = pace.spacing
        pace.change(0.5)
        slow = pace.spacing
        await asyncio.sleep(1.5 * slow)
        # Two quick ones and one slow; the next would be a slow one too.
        pace.change(10)
        await asyncio.gather(*waiting)
        moments = [moment - began for moment in left.moments]
        assert moments[:3] == pytest.approx([quick, 2 * quick, 2 * quick + slow])
        assert moments[3] == pytest.approx(2.5 * quick + 1.5 * slow)
        assert moments[4] >= moments[3] + quick - 1e-6
        assert len(left.moments) == 5
        with pytest.raises(ValueError, match="more than nothing"):
            pace.change(0)

    play(story())


def test_nothing_leaves_for_one_spacing_and_then_evenly() -> None:
    async def story() -> None:
        pace, began = Pace(10), now()
        left = Left(pace)
        for _ in range(3):
            await left.go()
        assert [moment - began for moment in left.moments] == pytest.approx([n * pace.spacing for n in (1, 2, 3)])
        await asyncio.sleep(5)
        began = now()
        await left.go()
        assert now() == began, "who comes alone waits for nobody"

    play(story())


def test_two_processes_one_after_the_other_keep_the_rate() -> None:
    async def story() -> None:
        before = Left(Pace(30))
        await asyncio.gather(*(before.begin() for _ in range(100)))
        after = Left(Pace(30))
        await asyncio.gather(*(after.begin() for _ in range(100)))
        assert worst(before.moments + after.moments, 1) <= 30

    play(story())


def test_answers_go_first_and_deliveries_are_not_starved() -> None:
    async def story() -> None:
        left = Left(Pace(30))
        deliveries = [left.begin(answer=False) for _ in range(300)]
        await asyncio.sleep(1)
        asked = now()
        assert await left.begin() - asked <= left.pace.spacing + 1e-6
        before = sum(not answer for answer in left.answers)
        answers = [left.begin() for _ in range(300)]
        await asyncio.gather(*answers)
        share = sum(not answer for answer in left.answers) - before
        assert 30 <= share <= 34
        await asyncio.gather(*deliveries)
        assert left.pace.waits.turns == {"answer": 301, "delivery": 300}
        assert left.pace.waits.seconds["delivery"] > left.pace.waits.seconds["answer"] > 0

    play(story())


def test_a_chat_gets_one_a_second_and_holds_nobody_up() -> None:
    async def story() -> None:
        left = Left(Pace(30, per_chat=1))
        busy = [left.begin("busy") for _ in range(10)]
        others = [left.begin(f"other {n}") for n in range(58)]
        began = now()
        await asyncio.gather(*others)
        assert now() - began <= 60 * left.pace.spacing + 0.1
        await asyncio.gather(*busy)
        assert worst(left.chats["busy"], 1) == 1
        assert left.chats["busy"][-1] - left.chats["busy"][0] <= 9 * 1.06
        edited = now()
        await left.go("busy", spaced=False)
        assert now() - edited <= left.pace.spacing, "an edit is no message"

    play(story())


def test_a_group_gets_twenty_a_minute_edits_included() -> None:
    async def story() -> None:
        left = Left(Pace(30, per_chat=1, per_group_minute=20))
        tasks = [left.begin("-1", group=True, spaced=n % 2 == 0) for n in range(70)]
        private = left.begin("1")
        await private
        assert now() - left.moments[0] < 0.2
        await asyncio.gather(*tasks)
        assert worst(left.chats["-1"], 60) == 20
        assert left.chats["-1"][-1] - left.chats["-1"][0] < 3 * 60 + 20

    play(story())


def test_a_group_counts_what_it_got_before_the_restart() -> None:
    async def story() -> None:
        pace = Pace(30, per_chat=1, per_group_minute=20)
        pace.seed("-1", [n * 2.5 for n in range(30)])
        pace.seed("1", [0.2], group=False)
        left = Left(pace)
        began = now()
        earlier = [began - n * 2.5 for n in range(30) if n * 2.5 < 60]
        assert pace.delay("1") == pytest.approx(0.8, abs=0.05)
        await asyncio.gather(*(left.begin("-1", group=True) for _ in range(30)))
        assert worst(earlier + left.chats["-1"], 60) <= len(earlier) == 24
        assert worst([moment for moment in left.chats["-1"] if moment > began], 60) <= 20

    play(story())


@pytest.mark.parametrize("chat", [None, "7"])
def test_nothing_leaks_through_a_halt(chat: str | None) -> None:
    """Halted at moments all over the spacing, also between a turn and the one who gets it."""

    async def story() -> None:
        seeded = random.Random(3)
        left = Left(Pace(100))
        halts = []
        tasks = [left.begin("7" if n % 2 else "8", answer=n % 3 == 0) for n in range(1000)]
        for _ in range(40):
            await asyncio.sleep(seeded.uniform(0, 0.1))
            for _ in range(seeded.randrange(6)):
                await asyncio.sleep(0)
            left.pace.halt(0.5, chat)
            left.pace.halt(0.1, chat)
            halts.append((now(), now() + 0.5))
            assert left.pace.delay("7") == pytest.approx(0.5)
        await asyncio.gather(*tasks)
        held = left.moments if chat is None else left.chats[chat]
        assert [moment for moment in held for start, end in halts if start < moment < end] == []
        if chat is not None:
            assert [moment for moment in left.chats["8"] for start, end in halts if start < moment < end] != []
        assert left.pace.waits.halts == 80
        assert worst(left.moments, 1) <= 100

    play(story())


def test_a_halt_between_a_turn_and_the_one_who_gets_it_holds() -> None:
    async def story() -> None:
        pace = Pace(10)
        left = Left(pace)
        await left.go()
        task, other = left.begin(), left.begin()
        await asyncio.sleep(pace.spacing - 1e-4)
        granted = pace._turns

        def turns() -> None:
            granted()
            pace.halt(5)

        assert pace._timer is not None
        pace._timer.cancel()
        asyncio.get_running_loop().call_later(2e-4, turns)
        halted = now() + 2e-4 + 5
        assert await task >= halted - 1e-6
        assert await other > await task, "the place in the line is kept"

    play(story())


def test_who_would_wait_too_long_is_told_at_once() -> None:
    async def story() -> None:
        pace = Pace(30, per_chat=1)
        left = Left(pace)
        waiting = [left.begin(patience=30) for _ in range(5)]
        patient = left.begin(patience=100)
        await asyncio.sleep(0)
        pace.halt(60)
        began = now()
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert now() == began
        assert [fault.seconds for fault in told if isinstance(fault, Halted)] == pytest.approx([60] * 5)
        with pytest.raises(Halted) as halted:
            await left.go("1", patience=30)
        assert now() == began
        assert halted.value.seconds == pytest.approx(60)
        assert await patient >= began + 60
        assert pace.delay() == 0
        pace.halt(50, "1")
        with pytest.raises(Halted):
            await left.go("1", patience=30)
        await left.go("2", patience=30)

    play(story())


def test_who_waits_in_a_long_line_waits_no_longer_than_their_patience() -> None:
    async def story() -> None:
        left = Left(Pace(10))
        began = now()
        results = await asyncio.gather(*(left.begin(patience=5) for _ in range(100)), return_exceptions=True)
        refused = [result for result in results if isinstance(result, Halted)]
        assert len(refused) == 100 - len(left.moments)
        assert 45 <= len(left.moments) <= 50
        assert now() - began == pytest.approx(5)
        assert all(fault.seconds > 0 for fault in refused)

    play(story())


def test_a_send_does_not_leave_after_its_lease() -> None:
    async def story() -> None:
        left = Left(Pace(10))
        leave_by.set(now() + 1)
        results = await asyncio.gather(*(left.begin() for _ in range(30)), return_exceptions=True)
        assert {type(result) for result in results} == {float, TooLate}
        assert max(left.moments) < now() + 1e-6
        assert len(left.moments) == 9
        with pytest.raises(TooLate):
            await left.go()
        leave_by.set(None)
        await left.go()

    play(story())


def test_those_who_go_away_cost_nobody_a_turn() -> None:
    async def story() -> None:
        left = Left(Pace(10, per_chat=1))
        tasks = [left.begin(f"{n % 7}") for n in range(200)]
        await asyncio.sleep(0.01)
        for task in tasks[:190]:
            task.cancel()
        await asyncio.wait(tasks)
        assert len(left.moments) == 10
        assert left.moments[-1] - left.moments[0] < 3
        await asyncio.sleep(5)
        await asyncio.wait_for(left.go("0"), 0.01)

    play(story())


def test_only_what_matters_is_remembered() -> None:
    async def story() -> None:
        pace = Pace(100_000, per_chat=1, per_group_minute=20)
        most = 0
        for number in range(100_000):
            await pace.turn(f"{number}", group=number % 1000 == 0)
            await asyncio.sleep(0.001)
            most = max(most, len(pace._chats))
        # A second of chats, and a minute of groups.
        assert most <= 1150
        await asyncio.sleep(120)
        await pace.turn("last")
        assert set(pace._chats) == {"last"}
        assert len(pace._later) <= 2
        assert not pace._waiting

    play(story())


def test_a_line_of_ten_thousand_is_no_burden() -> None:
    costs = []

    async def story(many: int) -> None:
        left = Left(Pace(1000, per_chat=1))
        tasks = [left.begin(f"{n % (many // 2)}", answer=False) for n in range(many)]
        with calls() as made:
            await asyncio.gather(*tasks)
        costs.append(made.number / many)
        assert worst(left.moments, 1) <= 1000
        assert max(worst(moments, 1) for moments in left.chats.values()) == 1
        # Half of them are each chat's second: of a thousand, these have to wait for a second of their own.
        assert left.rate >= (950 if many > 2000 else 600)

    play(story(1000))
    play(story(10_000))
    # Each one's turn: as many calls in a line ten times as long.
    assert costs[1] <= 1.2 * costs[0]


def test_a_turn_that_need_not_wait_costs_little() -> None:
    async def story() -> None:
        pace = Pace(1e9, per_chat=1)
        names = [f"{n}" for n in range(5_000)]
        await asyncio.sleep(1)
        await pace.turn()
        costs = []
        for start in range(0, 5_000, 1000):
            await asyncio.sleep(0.01)
            with calls() as made:
                for name in names[start : start + 1000]:
                    await pace.turn(name)
            costs.append(made.number / 1000)
        assert max(costs) < 250
        assert max(costs) <= 1.05 * min(costs)

    play(story())


def test_a_pace_is_more_than_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Pace(0)
    assert 0.95 <= pacing.USED < 1
