"""What a member changed can be taken back, step by step, and nothing newer is lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.member import Member
from bot.store import Store, changes, people, studies, totals
from bot.store.changes import Change, Done, Stale
from bot.tables import accounts, checkins, enrolments, members, reminders, step_events
from bot.tables import changes as ledger
from tests.fakes.patience import PATIENCE

NOW = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
DEADLINE = date(2027, 5, 20)


async def met(store: Store, name: str = "asha") -> Member:
    async with store.writing() as db:
        member, _ = await people.meet(db, "test", name, name.capitalize(), "Asia/Kolkata", "en", NOW)
    return member


async def enrol(change: Change, deadline: date | None = DEADLINE) -> int:
    return await change.create(
        enrolments,
        end="ended_at",
        member=change.member.id,
        roadmap="backend-ai-era",
        deadline=deadline,
        minutes_a_day=120,
        started_on=date(2026, 11, 21),
        used_at=change.now,
    )


async def one(db: AsyncConnection, table: Any, id: int) -> Any:
    return (await db.execute(select(table).where(table.c.id == id))).mappings().one()


async def undo(store: Store, member: Member, which: int | None = None, now: datetime = NOW) -> Done | None:
    """What /undo does: take back the last change that stands, or that one."""
    async with store.writing() as db:
        done = await (changes.last(db, member.id) if which is None else changes.find(db, which))
        if done is not None:
            change = Change(db, member, now, "undo")
            await change.take_back(done)
            await change.settle()
    return done


async def test_nothing_written_leaves_no_change(store: Store) -> None:
    member = await met(store)
    async with store.writing() as db:
        change = Change(db, member, NOW, "remind")
        await change.set(members, {"id": member.id}, zone="Asia/Kolkata")
        await change.settle()
        assert not change.made
        assert await changes.last(db, member.id) is None


async def test_a_change_says_when_it_was_for_the_member(store: Store) -> None:
    member = replace(await met(store), day_start=240)
    async with store.writing() as db:
        change = Change(db, member, NOW, "timezone")
        await change.set(members, {"id": member.id}, zone="Europe/Berlin")
        change.summary = ("change-zone", {})
        await change.settle()
        row = await one(db, ledger, await change.id())
    # 20:30 in UTC is 02:00 of the 21st in Kolkata, where the day begins at four: still the 20th.
    assert (row["at"], row["local_date"], row["zone"], row["day_start"]) == (
        NOW,
        date(2026, 11, 20),
        "Asia/Kolkata",
        240,
    )


async def test_set_is_taken_back(store: Store) -> None:
    member = await met(store)
    async with store.writing() as db:
        change = Change(db, member, NOW, "timezone")
        await change.set(members, {"id": member.id}, zone="Europe/Berlin", zone_confirmed=True)
        await change.settle()
    done = await undo(store, member)
    assert done is not None
    assert done.command == "timezone"
    async with store.reading() as db:
        assert await people.member(db, member.id) == member
        again = await changes.find(db, done.id)
    assert again is not None
    assert again.undone


async def test_dates_and_moments_survive_the_ledger(store: Store) -> None:
    member = await met(store)
    used = datetime(2026, 11, 20, 2, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    async with store.writing() as db:
        enrolment = await enrol(Change(db, member, used, "join"))
        before = await one(db, enrolments, enrolment)
        change = Change(db, member, NOW, "join")
        await change.set(
            enrolments, {"id": enrolment}, deadline=None, used_at=NOW, started_on=date(2020, 2, 29), ended_at=NOW
        )
        await change.settle()
    await undo(store, member)
    async with store.reading() as db:
        assert await one(db, enrolments, enrolment) == before


async def test_set_from_nothing_to_a_date_is_taken_back_to_nothing(store: Store) -> None:
    member = await met(store)
    async with store.writing() as db:
        enrolment = await enrol(Change(db, member, NOW, "join"), deadline=None)
        change = Change(db, member, NOW, "join")
        await change.set(enrolments, {"id": enrolment}, deadline=DEADLINE)
        await change.settle()
    await undo(store, member)
    async with store.reading() as db:
        assert (await one(db, enrolments, enrolment))["deadline"] is None


async def test_a_newer_wish_is_not_overwritten(store: Store) -> None:
    member = await met(store)
    ids = []
    for zone in ("Europe/Berlin", "Asia/Tokyo"):
        async with store.writing() as db:
            change = Change(db, await people.member(db, member.id), NOW, "timezone")
            await change.set(members, {"id": member.id}, zone=zone)
            await change.settle()
            ids.append(await change.id())
    with pytest.raises(Stale):
        await undo(store, member, ids[0])
    async with store.reading() as db:
        assert (await people.member(db, member.id)).zone == "Asia/Tokyo"
        first = await changes.find(db, ids[0])
        assert first is not None
        assert not first.undone
    await undo(store, member)
    await undo(store, member)
    async with store.reading() as db:
        assert (await people.member(db, member.id)).zone == "Asia/Kolkata"


async def test_created_is_removed_or_ended(store: Store) -> None:
    member = await met(store)
    async with store.writing() as db:
        change = Change(db, member, NOW, "start")
        enrolment = await enrol(change)
        reminder = await change.create(reminders, kind="study", member=member.id, minute=1200, days=127, place="dm")
        await change.settle()
    later = NOW + timedelta(hours=1)
    await undo(store, member, now=later)
    async with store.reading() as db:
        assert (await one(db, enrolments, enrolment))["ended_at"] == later
        assert (await db.execute(select(reminders).where(reminders.c.id == reminder))).one_or_none() is None


async def test_a_row_created_and_gone_makes_its_later_change_stale(store: Store) -> None:
    member = await met(store)
    async with store.writing() as db:
        create = Change(db, member, NOW, "remind")
        reminder = await create.create(reminders, kind="study", member=member.id, minute=1200, days=127, place="dm")
        await create.settle()
        change = Change(db, member, NOW, "remind")
        await change.set(reminders, {"id": reminder}, minute=1260)
        await change.settle()
        first = await create.id()
    await undo(store, member, first)
    with pytest.raises(Stale):
        await undo(store, member)


async def test_an_old_enrolment_is_not_restored_beside_a_new_one(store: Store) -> None:
    """Left, joined again, and then the leaving taken back: there can be only one current enrolment."""
    member = await met(store)
    async with store.writing() as db:
        first = await enrol(Change(db, member, NOW, "join"))
        leave = Change(db, member, NOW, "leave")
        await leave.set(enrolments, {"id": first}, ended_at=NOW)
        await leave.settle()
        left = await leave.id()
        again = Change(db, member, NOW, "join")
        await enrol(again)
        await again.settle()
    with pytest.raises(Stale):
        await undo(store, member, left)
    async with store.reading() as db:
        assert len(await studies.enrolments_of(db, member.id)) == 1


async def appended(store: Store, member: Member) -> tuple[int, int, int]:
    """A change that marks a step done and answers a check-in of the day before."""
    async with store.writing() as db:
        enrolment = await enrol(Change(db, member, NOW, "join"))
        change = Change(db, member, NOW, "done")
        event = await change.append(step_events, enrolment=enrolment, step="sql", kind="done", proof="https://a.org")
        answer = await change.append(
            checkins, member=member.id, track="study", studied=True, minutes=90, local_date=date(2026, 11, 19)
        )
        await change.settle()
    return enrolment, event, answer


async def test_a_ledger_is_taken_back_by_a_line_of_its_own(store: Store) -> None:
    member = await met(store)
    _, event, answer = await appended(store, member)
    async with store.reading() as db:
        before = (await one(db, step_events, event), await one(db, checkins, answer))
    later = NOW + timedelta(days=2)
    await undo(store, member, now=later)
    async with store.reading() as db:
        assert (await one(db, step_events, event), await one(db, checkins, answer)) == before
        back = (await db.execute(select(step_events).where(step_events.c.reverts == event))).mappings().one()
        none = (await db.execute(select(checkins).where(checkins.c.reverts == answer))).mappings().one()
        assert await studies.answers_of(db, [member.id], date.min, date.max) == {}
        assert await totals.streak_of(db, member.id) is None
    assert (back["kind"], back["step"], back["at"]) == ("reverted", "sql", later)
    # The compensating line belongs to the day it takes back.
    assert (back["local_date"], none["local_date"]) == (before[0]["local_date"], date(2026, 11, 19))
    assert back["change"] == none["change"] != before[0]["change"]


async def test_the_same_change_is_not_taken_back_twice(store: Store) -> None:
    member = await met(store)
    await appended(store, member)
    async with store.reading() as db:
        done = await changes.last(db, member.id)
    assert done is not None
    await undo(store, member, done.id)
    with pytest.raises(IntegrityError):
        await undo(store, member, done.id)
    async with store.reading() as db:
        assert len((await db.execute(select(step_events))).all()) == 2


async def test_undo_can_be_repeated_backwards(store: Store) -> None:
    member = await met(store)
    zones = ["Europe/Berlin", "Asia/Tokyo", "Africa/Lagos", "America/Lima", "UTC"]
    for zone in zones:
        async with store.writing() as db:
            change = Change(db, await people.member(db, member.id), NOW, "timezone")
            await change.set(members, {"id": member.id}, zone=zone)
            await change.settle()
    found = []
    while await undo(store, member) is not None:
        async with store.reading() as db:
            found.append((await people.member(db, member.id)).zone)
    assert found == [*reversed(zones[:-1]), "Asia/Kolkata"]


async def test_the_last_change_is_ones_own(store: Store) -> None:
    asha, ravi = await met(store, "asha"), await met(store, "ravi")
    async with store.writing() as db:
        change = Change(db, asha, NOW, "timezone")
        await change.set(members, {"id": asha.id}, zone="Asia/Tokyo")
        await change.settle()
        assert await changes.last(db, ravi.id) is None
        found = await changes.last(db, asha.id)
    assert found is not None
    assert found.member == asha.id


async def test_an_update_counts_for_ever_and_a_press_until_it_is_taken_back(store: Store) -> None:
    member = await met(store)
    async with store.writing() as db:
        change = Change(db, member, NOW, "timezone", "test:u1", "test:room:m1:asha:timezone UTC")
        await change.set(members, {"id": member.id}, zone="UTC")
        change.summary = ("change-zone", {})
        await change.settle()
    async with store.reading() as db:
        assert await changes.applied(db, None, None) is None
        assert await changes.applied(db, "test:u2", "test:room:m2:asha:timezone UTC") is None
        by_update = await changes.applied(db, "test:u1", None)
        by_press = await changes.applied(db, "test:u2", "test:room:m1:asha:timezone UTC")
    assert by_update is not None
    assert by_update == by_press
    assert by_update.summary == ("change-zone", {})
    await undo(store, member)
    async with store.reading() as db:
        assert await changes.applied(db, "test:u2", "test:room:m1:asha:timezone UTC") is None
        again = await changes.applied(db, "test:u1", None)
    assert again is not None
    assert again.undone


async def test_the_database_itself_refuses_a_second_count(store: Store) -> None:
    member = await met(store)

    async def count(update: str | None, press: str | None) -> None:
        async with store.writing() as db:
            await Change(db, member, NOW, "done", update, press).id()

    await count("test:u1", "press")
    for update, press in (("test:u1", None), ("test:u2", "press")):
        with pytest.raises(IntegrityError):
            await count(update, press)
    await undo(store, member)
    await count("test:u3", "press")


async def test_a_summary_keeps_numbers_and_words(store: Store) -> None:
    member = await met(store)
    async with store.writing() as db:
        change = Change(db, member, NOW, "done")
        change.summary = ("change-done", {"title": "SQL “joins” \n { $x } 🔥", "count": 3})
        await change.id()
        await change.settle()
    async with store.reading() as db:
        found = await changes.last(db, member.id)
    assert found is not None
    assert found.summary == ("change-done", {"title": "SQL “joins” \n { $x } 🔥", "count": 3})


async def test_a_member_whose_wishes_change_can_be_written_to_meanwhile(
    store: Store, open_another: Callable[[], Store]
) -> None:
    """A claim holds the reminder that the command asks for next: waiting for each other, one would be broken off."""
    if store.sqlite:
        pytest.skip("SQLite has one writer")
    member = await met(store)
    async with store.writing() as db:
        await Change(db, member, NOW, "timezone").set(members, {"id": member.id}, zone="Europe/Berlin")
        async with asyncio.timeout(PATIENCE), open_another().writing() as claim:
            row = {"platform": "test", "account": "2", "name": "Asha", "dm": "open", "seen_at": NOW}
            await claim.execute(accounts.insert().values(member=member.id, **row))
