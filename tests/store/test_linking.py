"""Two members united and then forgotten, on each database we serve."""

from __future__ import annotations

from sqlalchemy import func, select

from bot.domain.member import Member
from bot.store import Store, belonging, linking, people, personal, schedule, studies
from bot.store.changes import Change
from bot.tables import changes, checkins, enrolments, memberships, metadata, reminders, step_events
from tests.dialogues.conftest import NOON
from tests.fakes.shipped import LIBRARY

ROADMAP = "backend-ai-era"


async def someone(store: Store, account: str, *steps: str, skipped: str) -> Member:
    """A member with a row of each kind that a union has to deal with."""
    async with store.writing() as db:
        member, _ = await people.meet(db, "test", account, account, "Asia/Kolkata", "en", NOON)
        group = await belonging.found_group(db, f"Group of {account}", "Asia/Kolkata", NOON)
        await belonging.enter(db, group.id, member.id, NOON)
        change = Change(db, member, NOON, "everything")
        enrolment = await change.create(
            enrolments,
            end="ended_at",
            member=member.id,
            roadmap=ROADMAP,
            minutes_a_day=120,
            started_on=NOON.date(),
            used_at=NOON,
        )
        for step in steps:
            await change.append(step_events, enrolment=enrolment, step=step, kind="done")
        await change.append(step_events, enrolment=enrolment, step=skipped, kind="skipped")
        await change.append(checkins, member=member.id, track="study", studied=True, minutes=30, local_date=NOON.date())
        await change.create(reminders, kind="study", member=member.id, minute=1200, days=127, place="dm")
        await schedule.refresh_member(db, member.id, NOON)
        await change.settle()
    return member


async def test_two_become_one_and_then_nobody(store: Store) -> None:
    roadmaps = LIBRARY.roadmaps
    keep = await someone(store, "keep", "http-rest", "sql", skipped="caching-queues")
    other = await someone(store, "other", "sql", "caching-queues", skipped="http-rest")
    async with store.writing() as db:
        change = Change(db, other, NOON, "link")
        await people.note_channels(db, "test", {"other": "77"})
        await linking.unite(change, keep.id, other.id, roadmaps)
        await change.settle()
    async with store.writing() as db:
        assert await linking.became(db, other.id) == keep.id
        assert await people.channel(db, "test", "other") == "77"
        assert await linking.became(db, keep.id) is None
        assert {a.account for a in await people.accounts_of(db, keep.id)} == {"keep", "other"}
        (enrolment,) = await studies.enrolments_of(db, keep.id)
        assert enrolment.member == keep.id
        events = await studies.events_of(db, keep.id, ROADMAP)
        reverted = {event.reverts for event in events if event.kind == "reverted"}
        standing = {(event.step, event.kind) for event in events if event.kind != "reverted"}
        taken_back = [(event.step, event.kind) for event in events if event.id in reverted]
        assert taken_back == [("http-rest", "skipped")], "only the skip that would have overruled a step done before it"
        assert {("caching-queues", "skipped"), ("caching-queues", "done")} <= standing
        day = NOON.date()
        (answer,) = (await studies.answers_of(db, [keep.id], day, day))[keep.id]
        assert answer.minutes == 60
        assert len(await schedule.all_of_member(db, keep.id)) == 1
        mine = select(func.count()).select_from(memberships).where(memberships.c.member == keep.id)
        assert (await db.execute(mine)).scalar_one() == 2
        assert (await db.execute(select(changes.c.command).where(changes.c.member == other.id))).scalars().all() == [
            "everything",
            "link",
        ]
    async with store.writing() as db:
        await personal.forget(db, keep.id)
    async with store.reading() as db:
        left = {
            table.name: (await db.execute(select(func.count()).select_from(table))).scalar_one()
            for table in metadata.sorted_tables
        }
    assert {name for name, count in left.items() if count} == {"groups"}
