"""Enrolments, ledgers and answers: what is asked of them, whatever was taken back meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.answer import Answer
from bot.domain.board import capped
from bot.domain.consistency import streak
from bot.domain.member import Member
from bot.domain.progress import fold
from bot.store import Store, changes, people, standings, studies
from bot.store.changes import Change
from bot.tables import checkins, enrolments, reminders, rests, step_events
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
        assert await studies.study_days(db, [asha.id]) == {asha.id: {days[0], days[2]}}
        assert await studies.study_days(db, [asha.id], days[1]) == {asha.id: {days[0]}}


async def test_a_step_is_finished_once_on_the_day_it_was_first_done(store: Store) -> None:
    asha = await meet(store)
    enrolment = await enrol(store, asha)
    await did(store, asha, enrolment, "a", YESTERDAY)
    await did(store, asha, enrolment, "a", TODAY)
    await did(store, asha, enrolment, "b", TODAY)
    async with store.reading() as db:
        work = (await studies.work_of(db, [asha.id], TODAY, TODAY))[asha.id]
        assert (work.steps, work.roadmaps) == (1, frozenset({"backend"}))
        work = (await studies.work_of(db, [asha.id], YESTERDAY, TODAY))[asha.id]
    assert (work.steps, work.studied) == (2, True)


async def test_work_counts_capped_minutes_in_its_window(store: Store) -> None:
    asha, ravi = await meet(store, "asha"), await meet(store, "ravi")
    await answer(store, asha, TODAY, 900)
    await answer(store, asha, TODAY, 900, track="dsa")
    await answer(store, asha, YESTERDAY, 30)
    await answer(store, ravi, YESTERDAY, 0, studied=False)
    async with store.reading() as db:
        whole = await studies.work_of(db, [asha.id, ravi.id], None, TODAY)
        today = await studies.work_of(db, [asha.id, ravi.id], TODAY, TODAY)
    assert whole[asha.id].minutes == capped([1800, 30])
    assert not whole[ravi.id].studied
    assert (today[asha.id].studied, ravi.id in today) == (True, False)


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


async def test_the_longest_streak_is_the_same_however_it_is_counted(store: Store) -> None:
    """Who studies on every day is counted by the database, the others by the domain: all as the domain would."""
    chance, longest = Random(8), 0
    async with store.writing() as db:
        group = await people.found_group(db, "Backend", "UTC", NOW)
    for number in range(12):
        member = await meet(store, f"member{number}")
        enrolment = await enrol(store, member)
        async with store.writing() as db:
            await people.enter(db, group.id, member.id, NOW)
            change = Change(db, member, NOW, "rest")
            if number % 4 == 1:
                await change.create(rests, member=member.id, first=TODAY - timedelta(days=3), last=YESTERDAY)
            if number % 4 == 2:
                await change.create(reminders, member=member.id, kind="study", minute=1200, days=0b0011111, place="dm")
        days = {TODAY - timedelta(days=back) for back in range(15) if chance.random() < 0.8}
        for day in days:
            await answer(store, member, day, 30)
        if number % 3 == 0:
            await did(store, member, enrolment, "a", YESTERDAY)
            days.add(YESTERDAY)
        off = [(TODAY - timedelta(days=3), YESTERDAY)] if number % 4 == 1 else []
        expected = streak(days, TODAY, 0b0011111 if number % 4 == 2 else 0b1111111, off)
        async with store.reading() as db:
            found = await standings.week(db, group, TODAY, TODAY)
        longest = max(longest, expected)
        assert found.streak == longest
