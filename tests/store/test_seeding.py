"""Seeded databases stand as the house would have left them, so that what is measured on them is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, insert, select

from bot.store import Store, claims, schedule
from bot.tables import members, reminders
from tests.fakes.seeding import APART, ZONES, Seeds, seed

MOMENT = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
SEEDS = Seeds(members=600, due=50, moment=MOMENT, roadmap="backend-ai-era")


async def due(store: Store, at: datetime) -> set[int | None]:
    async with store.writing() as db:
        return {reminder.member for reminder in await claims.claimable(db, at, SEEDS.members)}


async def test_those_are_due_at_the_moment_who_should_be(store: Store, url: str) -> None:
    await seed(url, SEEDS)
    assert len(SEEDS.due_accounts) == 50
    assert await due(store, MOMENT - timedelta(seconds=1)) == set()
    assert await due(store, MOMENT) == set(SEEDS.due_members)
    assert await due(store, MOMENT + APART - timedelta(seconds=1)) == set(SEEDS.due_members)
    assert await due(store, MOMENT + timedelta(days=1)) == set(range(1, 601))


async def test_the_house_finds_every_moment_where_it_would_put_it(store: Store, url: str) -> None:
    await seed(url, SEEDS)
    async with store.writing() as db:
        found = await claims.claimable(db, MOMENT + timedelta(days=1), SEEDS.members)
        around = await schedule.circumstances(db, found)
    assert {reminder.zone for reminder in found} == set(ZONES)
    for reminder in found:
        occurrence = reminder.next(around, MOMENT - timedelta(seconds=1), reminder.last_date)
        assert occurrence is not None
        assert (occurrence.at, occurrence.day) == (reminder.next_due_at, reminder.next_date)


async def test_more_members_can_come(store: Store, url: str) -> None:
    await seed(url, SEEDS)
    async with store.writing() as db:
        await db.execute(insert(members).values(name="Asha", zone="UTC", language="en", created_at=MOMENT))
        assert await db.scalar(select(func.max(members.c.id))) == 601
        assert await db.scalar(select(func.count()).select_from(reminders)) == 600
