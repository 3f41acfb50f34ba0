"""What a member waits for costs the same however many strangers there are: steps of SQLite, counted and not timed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.dialogues.conftest import Chat, chat

__all__ = ["chat"]

STRANGERS, DAYS = 200, 60
ROOM = 1.2
"""A page more or less of an index is a few steps."""


async def settle_strangers(chat: Chat) -> None:
    """So many members of no group of ours, with a check-in a day."""
    days = range(DAYS)
    async with chat.store.writing() as db:
        for number in range(1, STRANGERS + 1):
            member = 10_000 + number
            named = {"id": member, "name": f"s{number}", "at": chat.now.replace(tzinfo=None).isoformat(" ")}
            await db.execute(
                text(
                    "INSERT INTO members (id, name, zone, zone_confirmed, day_start, language, onboarding, created_at)"
                    " VALUES (:id, :name, 'UTC', false, 0, 'en', false, :at)"
                ),
                named,
            )
            rows = [
                {
                    "id": member * 1000 + day,
                    "member": member,
                    "at": named["at"],
                    "day": (chat.now.date() - timedelta(days=day)).isoformat(),
                }
                for day in days
            ]
            await db.execute(
                text(
                    "INSERT INTO changes (id, member, at, local_date, zone, day_start, command, summary, effects)"
                    " VALUES (:id, :member, :at, :day, 'UTC', 0, 'checkin', '[\"change-other\", {}]', '[]')"
                ),
                rows,
            )
            await db.execute(
                text(
                    "INSERT INTO checkins"
                    " (id, member, change, track, local_date, studied, minutes, at, zone, day_start)"
                    " VALUES (:id, :member, :id, 'study', :day, true, 60, :at, 'UTC', 0)"
                ),
                rows,
            )


class Steps:
    """What SQLite's virtual machine did on one database."""

    def __init__(self, chat: Chat) -> None:
        self.count = 0

        def watch(connection: Any, _record: object, _proxy: object) -> None:
            connection.run_async(lambda driver: driver.set_progress_handler(self._step, 10))

        event.listen(chat.store.engine.sync_engine, "checkout", watch)

    def _step(self) -> None:
        self.count += 1

    async def of(self, chat: Chat, line: str) -> int:
        """The steps, in tens, of a member's line."""
        before = self.count
        await chat.say("asha", line)
        return self.count - before


LINES = ("/checkin 30", "/leaderboard", "/leaderboard by:streak", "/recap", "/progress", "/mydata", "/undo")


@pytest.mark.parametrize("line", LINES)
async def test_a_line_costs_the_same_with_twelve_thousand_answers_of_strangers(chat: Chat, line: str) -> None:
    await chat.say("asha", "/join backend-ai-era in 6 months 2h")
    for _ in range(3):
        await chat.say("asha", "/checkin 45")
        chat.forward(days=1)
    steps = Steps(chat)
    await chat.say("asha", "/checkin 10")
    alone = await steps.of(chat, line)
    await chat.say("asha", "/checkin 10")
    await settle_strangers(chat)
    among = await steps.of(chat, line)
    assert among <= ROOM * alone + 20, f"{line}: {alone} tens of steps alone, {among} among strangers"


async def test_with_an_index_of_those_without_it_would_not(chat: Chat) -> None:
    """The fault that this stands for: `reverts IS NULL` asked of an index in which nearly every row has no value."""
    await chat.say("asha", "/join backend-ai-era in 6 months 2h")
    await chat.say("asha", "/checkin 45")
    await settle_strangers(chat)
    steps = Steps(chat)
    right = await steps.of(chat, "/checkin 30")
    async with chat.store.writing() as db:
        await db.execute(text("CREATE UNIQUE INDEX spoilt ON checkins (reverts)"))
    assert await steps.of(chat, "/checkin 30") > 3 * right
