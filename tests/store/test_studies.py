"""Enrolments, ledgers and answers: what is asked of them, whatever was taken back meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bot.domain.answer import Answer
from bot.domain.member import Member
from bot.domain.progress import fold
from bot.store import Store, changes, people, studies
from bot.store.changes import Change
from bot.tables import checkins, enrolments, step_events, totals
from tests.domain.roadmaps import course, step

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
YESTERDAY = TODAY - timedelta(days=1)
EVER = (date.min, date.max)


async def meet(store: Store, name: str = "asha") -> Member:
    async with store.writing() as db:
        return (await people.meet(db, "test", name, name.capitalize(), "UTC", "en", NOW))[0]


async def enrol(store: Store, member: Member, roadmap: str = "backend", **values: Any) -> int:
    row = {"deadline": None, "minutes_a_day": 120, "started_on": TODAY, "used_at": NOW, **values}
    async with store.writing() as db:
        change = Change(db, member, NOW, "join")
        id = await change.create(enrolments, end="ended_at", member=member.id, roadmap=roadmap, **row)
        await change.settle()
    return id


async def record(store: Store, who: Member, table: Any, **values: Any) -> int:
    """Append a line to a ledger by a change of its own; gives the change."""
    async with store.writing() as db:
        change = Change(db, who, NOW, "done")
        await change.append(table, **values)
        await change.settle()
        return await change.id()


async def answer(
    store: Store, member: Member, day: date, minutes: int, studied: bool = True, track: str = "study"
) -> int:
    return await record(
        store, member, checkins, member=member.id, track=track, studied=studied, minutes=minutes, local_date=day
    )


async def did(store: Store, member: Member, enrolment: int, step: str, day: date = TODAY, kind: str = "done") -> int:
    return await record(store, member, step_events, enrolment=enrolment, step=step, kind=kind, local_date=day)


async def undo(store: Store, member: Member, which: int) -> None:
    async with store.writing() as db:
        done = await changes.find(db, which)
        assert done is not None
        change = Change(db, member, NOW, "undo")
        await change.take_back(done)
        await change.settle()


async def test_the_enrolment_used_last_comes_first_and_an_ended_one_not_at_all(store: Store) -> None:
    asha = await meet(store)
    one = await enrol(store, asha, "one")
    two = await enrol(store, asha, "two", used_at=NOW + timedelta(hours=1))
    await enrol(store, asha, "three", ended_at=NOW)
    async with store.writing() as db:
        assert [e.id for e in await studies.enrolments_of(db, asha.id)] == [two, one]
        await studies.use(db, one, NOW + timedelta(hours=2))
        assert [e.id for e in await studies.enrolments_of(db, asha.id)] == [one, two]


async def test_only_one_current_enrolment_on_a_roadmap(store: Store) -> None:
    asha = await meet(store)
    await enrol(store, asha, ended_at=NOW)
    await enrol(store, asha)
    with pytest.raises(IntegrityError):
        await enrol(store, asha)


async def test_what_was_learned_in_an_earlier_enrolment_stays_learned(store: Store) -> None:
    asha = await meet(store)
    before = await enrol(store, asha, ended_at=NOW)
    await did(store, asha, before, "a")
    now = await enrol(store, asha)
    await did(store, asha, now, "b")
    async with store.reading() as db:
        events = await studies.events_of(db, asha.id, "backend")
    assert fold(course(step("a"), step("b"), step("c")), events).done == {"a", "b"}


async def test_the_ledger_is_ones_own(store: Store) -> None:
    asha, ravi = await meet(store, "asha"), await meet(store, "ravi")
    await did(store, asha, await enrol(store, asha), "a")
    await did(store, ravi, await enrol(store, ravi), "b")
    async with store.reading() as db:
        assert [e.step for e in await studies.events_of(db, asha.id, "backend")] == ["a"]
        assert await studies.events_of(db, asha.id, "other") == ()


async def test_answers_of_a_day_and_track_are_added_up(store: Store) -> None:
    asha = await meet(store)
    await answer(store, asha, TODAY, 60)
    taken_back = await answer(store, asha, TODAY, 500)
    await answer(store, asha, TODAY, 30)
    await answer(store, asha, TODAY, 45, track="dsa")
    await answer(store, asha, YESTERDAY, 0, studied=False)
    await undo(store, asha, taken_back)
    async with store.reading() as db:
        found = await studies.answers_of(db, [asha.id], *EVER)
        nobody = await studies.answers_of(db, [], *EVER)
        of_today = await studies.answers_of(db, [asha.id], TODAY, TODAY)
    assert list(found) == [asha.id]
    assert found[asha.id][0] == Answer(YESTERDAY, "study", False, 0)
    assert sorted(found[asha.id][1:], key=lambda a: a.track) == [
        Answer(TODAY, "dsa", True, 45),
        Answer(TODAY, "study", True, 90),
    ]
    assert nobody == {}
    assert YESTERDAY not in {a.day for a in of_today[asha.id]}


async def test_study_days_come_from_answers_and_from_steps(store: Store) -> None:
    asha = await meet(store)
    enrolment = await enrol(store, asha)
    days = [TODAY - timedelta(days=back) for back in range(6)]
    await answer(store, asha, days[0], 60)
    await answer(store, asha, days[1], 0, studied=False)
    await did(store, asha, enrolment, "a", days[2])
    await did(store, asha, enrolment, "b", days[3], kind="skipped")
    await undo(store, asha, await did(store, asha, enrolment, "c", days[4]))
    await undo(store, asha, await answer(store, asha, days[5], 60))
    async with store.reading() as db:
        kept = select(totals.c.first).where(totals.c.span == "day", totals.c.days > 0)
        assert set((await db.execute(kept)).scalars()) == {days[0], days[2]}


async def test_the_event_of_a_change_says_whether_it_stands(store: Store) -> None:
    asha = await meet(store)
    enrolment = await enrol(store, asha)
    change = await did(store, asha, enrolment, "a")
    async with store.reading() as db:
        event = await studies.event_of_change(db, change)
    assert event is not None
    assert (event["member"], event["roadmap"], event["step"], bool(event["stands"])) == (asha.id, "backend", "a", True)
    await undo(store, asha, change)
    async with store.reading() as db:
        event = await studies.event_of_change(db, change)
        assert await studies.event_of_change(db, 999) is None
    assert event is not None
    assert not event["stands"]
