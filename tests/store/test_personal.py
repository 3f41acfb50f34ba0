"""What is kept about a member: found in every table, and gone from every table when they want it gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select

from bot.delivery import Address
from bot.domain.member import Member
from bot.store import Store, belonging, drafts, outbox, people, personal, schedule
from bot.store.changes import Change
from bot.tables import attempts, checkins, codes, enrolments, groups, metadata, questions, reminders, rests, step_events
from tests.dialogues.conftest import NOON

TODAY = NOON.date()
HOUR = timedelta(hours=1)


async def lived(store: Store, account: str) -> Member:
    """A member with something in every table that can hold anything about one."""
    async with store.writing() as db:
        member, _ = await people.meet(db, "test", account, account, "Asia/Kolkata", "en", NOON)
        group = await belonging.found_group(db, f"Group of {account}", "Asia/Kolkata", NOON)
        await db.execute(groups.update().where(groups.c.id == group.id).values(leader=member.id))
        await belonging.enter(db, group.id, member.id, NOON)
        change = Change(db, member, NOON, "everything")
        course: dict[str, Any] = {"roadmap": "backend", "minutes_a_day": 60, "started_on": TODAY, "used_at": NOON}
        enrolment = await change.create(enrolments, member=member.id, **course)
        await change.append(step_events, enrolment=enrolment, step="sql", kind="done")
        await change.append(checkins, member=member.id, track="study", studied=True, minutes=30)
        later = {"later_at": NOON + HOUR, "later_date": TODAY}
        row: dict[str, Any] = {"kind": "study", "minute": 1200, "days": 127, "place": "dm", **later}
        reminder = await change.create(reminders, member=member.id, **row)
        await change.create(rests, member=member.id, first=TODAY, last=TODAY)
        await schedule.refresh_member(db, member.id, NOON)
        await change.settle()
        when: dict[str, Any] = {"local_date": TODAY, "due_at": NOON, "expires_at": NOON + HOUR}
        private, room = Address.private_to("test", account), Address("test", "room")
        await outbox.queue(
            db,
            outbox.Draft(f"study:{account}", "study", private, member=member.id, reminder=reminder, **when),
            outbox.Draft(f"done:{account}", "done", room, group=group.id, change=await change.id(), **when),
            outbox.Draft(f"trouble:{account}", "trouble", private, group=group.id, **when),
        )
        code = {"digest": account, "kind": "link", "expires_at": NOON + HOUR}
        await db.execute(insert(codes).values(member=member.id, **code))
        await db.execute(insert(attempts).values(member=member.id, wrong=1, since=NOON))
        asked = {"chat": "room", "message": account, "line": "done", "inputs": [], "at": NOON}
        await db.execute(insert(questions).values(platform="test", account=account, **asked))
        await drafts.keep(db, member.id, {"note": "indexes"}, NOON)
    return member


async def left(store: Store) -> dict[str, int]:
    """How many rows there are, by table."""
    async with store.reading() as db:
        count = select(func.count())
        return {t.name: (await db.execute(count.select_from(t))).scalar_one() for t in metadata.sorted_tables}


async def test_who_is_forgotten_is_in_no_table_and_takes_nobody_along(store: Store) -> None:
    ravi = await lived(store, "ravi")
    alone = await left(store)
    assert {table.name for table in personal.PERSONAL if not alone[table.name]} == set(), "each has something to lose"
    asha = await lived(store, "asha")
    async with store.writing() as db:
        assert await personal.counts(db, asha.id) == await personal.counts(db, ravi.id)
        await personal.forget(db, asha.id)
    assert await left(store) == {**alone, "groups": 2}
    async with store.reading() as db:
        assert await personal.counts(db, asha.id) == {}
        leaders = (await db.execute(select(groups.c.leader).order_by(groups.c.id))).scalars().all()
    assert leaders == [ravi.id, None]
