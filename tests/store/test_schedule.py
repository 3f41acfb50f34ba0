"""Rules and their next moments: claimed once for a local date, moved by wishes, silent when answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.domain.group import Group
from bot.domain.member import Member
from bot.domain.reminder import Reminder
from bot.messages.claiming import claim_due
from bot.store import Store, belonging, claims, people, schedule, zones
from bot.store.changes import Change
from bot.tables import groups, members, reminders
from tests.fakes.patience import PATIENCE

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
"""Friday, 12:00 in Kolkata."""
TODAY = date(2026, 11, 20)
EVENING = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
DAY = timedelta(days=1)


async def asked(store: Store, now: datetime = NOON, **values: Any) -> Member:
    """A member in Kolkata who is asked daily at 20:00, unless said otherwise."""
    row = {"kind": "study", "minute": 1200, "days": 127, "place": "dm", **values}
    async with store.writing() as db:
        member, _ = await people.meet(db, "memory", "asha", "Asha", "Asia/Kolkata", "en", NOON)
        await db.execute(reminders.insert().values(member=member.id, **row))
        await schedule.refresh_member(db, member.id, now)
    return member


async def rule(store: Store, member: Member, kind: str = "study") -> Reminder:
    async with store.writing() as db:
        found = await schedule.of_member(db, member.id, kind)
    assert found is not None
    return found


async def claim(store: Store, now: datetime) -> list[tuple[str, date | None]]:
    """What the tick does, without the delivery."""
    async with store.writing() as db:
        found = await claims.claimable(db, now, 10)
        await claim_due(db, now)
    return [(reminder.kind, reminder.next_date) for reminder in found]


async def test_due_at_the_local_time_and_then_on_the_next_day(store: Store) -> None:
    member = await asked(store)
    found = await rule(store, member)
    assert (found.next_due_at, found.next_date, found.zone) == (EVENING, TODAY, "Asia/Kolkata")
    assert await claim(store, EVENING - timedelta(seconds=1)) == []
    assert await claim(store, EVENING) == [("study", TODAY)]
    assert await claim(store, EVENING) == []
    found = await rule(store, member)
    assert (found.next_due_at, found.next_date, found.last_date) == (EVENING + DAY, TODAY + DAY, TODAY)


async def test_after_a_long_sleep_a_week_is_recorded_date_by_date_and_the_rest_is_not_made_up_for(store: Store) -> None:
    member = await asked(store)
    awake = EVENING + 30 * DAY + timedelta(minutes=5)
    dates = []
    while claimed := await claim(store, awake):
        dates += [date for _, date in claimed]
    assert dates == [TODAY, *(TODAY + day * DAY for day in range(24, 31))]
    found = await rule(store, member)
    assert found.next_date == TODAY + 31 * DAY


async def test_one_that_is_off_is_never_due(store: Store) -> None:
    member = await asked(store, place="off")
    found = await rule(store, member)
    assert (found.next_due_at, found.next_date) == (None, None)
    assert await claim(store, EVENING + 100 * DAY) == []


async def test_days_of_the_week_are_kept(store: Store) -> None:
    await asked(store, days=0b0010001)
    days = []
    for hour in range(24 * 21):
        days += [day for _, day in await claim(store, NOON + timedelta(hours=hour))]
    assert [day and day.weekday() for day in days] == [4, 0] * 3
    assert len(set(days)) == 6


async def test_another_zone_moves_the_future_and_never_asks_twice_for_a_date(store: Store) -> None:
    member = await asked(store)
    await claim(store, EVENING)
    async with store.writing() as db:
        await db.execute(members.update().values(zone="America/Los_Angeles"))
        # 06:30 in the morning of the 20th there: its 20:00 is still to come, but that date was asked for.
        await schedule.refresh_member(db, member.id, EVENING)
    found = await rule(store, member)
    assert found.next_date == TODAY + DAY
    assert found.next_due_at == datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


async def test_postponed_is_asked_again_for_the_same_date(store: Store) -> None:
    member = await asked(store)
    await claim(store, EVENING)
    later = EVENING + timedelta(hours=5)  # 01:00 of the next date
    async with store.writing() as db:
        await db.execute(reminders.update().values(next_due_at=later, next_date=TODAY))
    assert await claim(store, later - timedelta(minutes=1)) == []
    assert await claim(store, later) == [("study", TODAY)]
    assert (await rule(store, member)).next_date == TODAY + DAY


async def test_an_answer_before_the_evening_silences_the_evening(store: Store) -> None:
    member = await asked(store)
    async with store.writing() as db:
        await schedule.note_answer(Change(db, member, NOON, "checkin"), "study", TODAY, None, studied=True)
    assert await claim(store, EVENING) == []
    assert await claim(store, EVENING + DAY) == [("study", TODAY + DAY)]


async def test_an_answer_for_yesterday_or_for_the_other_track_does_not(store: Store) -> None:
    member = await asked(store)
    async with store.writing() as db:
        await schedule.note_answer(Change(db, member, NOON, "checkin"), "study", TODAY - DAY, None, studied=True)
        await schedule.note_answer(Change(db, member, NOON, "checkin"), "dsa", TODAY, None, studied=True)
    assert await claim(store, EVENING) == [("study", TODAY)]


async def test_set_aside_is_due_later_for_the_same_date(store: Store) -> None:
    member = await asked(store)
    async with store.writing() as db:
        found = await schedule.of_member(db, member.id, "study")
        assert found is not None
        await claims.set_aside(db, found, EVENING + timedelta(hours=1))
    assert await claim(store, EVENING) == []
    assert await claim(store, EVENING + timedelta(hours=1)) == [("study", TODAY)]


async def founded(store: Store) -> Group:
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend", "Asia/Kolkata", NOON)
        await schedule.refresh_group(db, group.id, NOON)
    return group


async def test_a_group_has_its_daily_post_and_its_sunday_recap(store: Store) -> None:
    await founded(store)
    sunday = TODAY + 2 * DAY
    assert await claim(store, EVENING) == [("group", TODAY)]
    assert await claim(store, EVENING + DAY) == [("group", TODAY + DAY)]
    assert sorted(await claim(store, EVENING + 2 * DAY)) == [("group", sunday), ("recap", sunday)]


async def test_a_groups_wishes_are_written_into_its_rules_once(store: Store) -> None:
    group = await founded(store)
    async with store.writing() as db:
        await db.execute(groups.update().values(zone="UTC", checkin_minute=7 * 60, recap_day=0, recap_minute=540))
        await schedule.refresh_group(db, group.id, NOON)
        await schedule.refresh_group(db, group.id, NOON)
        found = (await db.execute(reminders.select().order_by(reminders.c.kind))).mappings().all()
    assert [row["next_due_at"] for row in found] == [
        datetime(2026, 11, 20, 7, 0, tzinfo=UTC),
        datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    ]


async def test_the_next_moment_is_that_of_the_earliest_rule(store: Store) -> None:
    async with store.writing() as db:
        assert await claims.next_due(db) is None
    await asked(store)
    await founded(store)
    async with store.writing() as db:
        assert await claims.next_due(db) == EVENING
        assert len(await claims.claimable(db, EVENING, 10)) == 2
        assert len(await claims.claimable(db, EVENING, 1)) == 1


# ---------------------------------------------------------------- the rules of time zones


async def written(store: Store, member: Member, at: datetime) -> None:
    """What was worked out under rules that have changed since."""
    async with store.writing() as db:
        await db.execute(reminders.update().where(reminders.c.member == member.id).values(next_due_at=at))


async def test_new_rules_move_what_is_due_soon_too(store: Store) -> None:
    member = await asked(store)
    for now, stale in (
        (NOON, EVENING + DAY / 24),
        (EVENING - DAY / 48, EVENING + DAY / 24),
        (EVENING, EVENING + DAY / 24),
    ):
        await written(store, member, stale)
        async with store.writing() as db:
            assert await zones.refresh_some(db, 0, now) is not None
        assert (await rule(store, member)).next_due_at == EVENING, "also where it should have been by now"


async def test_a_zone_that_is_no_more_keeps_no_other_from_the_new_rules(store: Store) -> None:
    member = await asked(store)
    await written(store, member, EVENING + DAY / 24)
    async with store.writing() as db:
        other, _ = await people.meet(db, "memory", "ravi", "Ravi", "Asia/Kolkata", "en", NOON)
        row = {"kind": "study", "minute": 1200, "days": 127, "place": "dm", "next_due_at": EVENING + DAY / 24}
        await db.execute(reminders.insert().values(member=other.id, **row))
        await db.execute(members.update().where(members.c.id == member.id).values(zone="Mars/Olympus"))
        await zones.refresh_some(db, 0, NOON)
    assert (await rule(store, other)).next_due_at == EVENING


async def test_a_question_that_arrives_does_not_wait_for_its_member_who_is_speaking(
    store: Store, open_another: Callable[[], Store]
) -> None:
    if store.sqlite:
        pytest.skip("SQLite has one writer")
    member = await asked(store)
    mine = await rule(store, member)
    async with store.writing() as db:
        await db.execute(reminders.update().values(minute=1201))
        async with asyncio.timeout(PATIENCE), open_another().writing() as courier:
            await claims.asked(courier, [mine.id])
    assert (await rule(store, member)).ignored == 0
    async with store.writing() as db:
        await claims.asked(db, [mine.id])
    assert (await rule(store, member)).ignored == 1
