"""The ledger: what became of deliveries, as leaders and operators are told, at a cost that does not grow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event, insert

from bot.delivery import Address
from bot.domain.dropped import Dropped
from bot.store import Store, belonging, ledger, people
from bot.store.ledger import Fault, Lateness
from bot.tables import deliveries

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
TODAY = date(2026, 11, 20)
ROOM = Address("memory", "room", "7")
HOUR = timedelta(hours=1)
NUMBERS = count(1)


async def add(store: Store, *rows: dict[str, Any]) -> None:
    """Deliveries as the courier leaves them."""
    base = {
        "kind": "study",
        "platform": "memory",
        "chat": "@asha",
        "thread": "",
        "local_date": TODAY,
        "due_at": NOW - HOUR,
        "expires_at": NOW + HOUR,
        "state": "sent",
        "attempts": 0,
        "version": 1,
        "shown": 0,
        "doubts": 0,
    }
    async with store.writing() as db:
        for row in rows:
            await db.execute(insert(deliveries).values(**(base | {"key": f"k{next(NUMBERS)}"} | row)))


def handed(seconds: float, **values: Any) -> dict[str, Any]:
    return {"handed_at": NOW - HOUR + timedelta(seconds=seconds), **values}


async def two_groups(store: Store) -> tuple[int, int, int, int]:
    """A group with Asha in it and another with Ravi; their ids, then the members'."""
    async with store.writing() as db:
        mine = await belonging.found_group(db, "Backend", "UTC", NOW)
        other = await belonging.found_group(db, "Frontend", "UTC", NOW)
        asha, _ = await people.meet(db, "memory", "asha", "Asha", "UTC", "en", NOW)
        ravi, _ = await people.meet(db, "memory", "ravi", "Ravi", "UTC", "en", NOW)
        await belonging.enter(db, mine.id, asha.id, NOW)
        await belonging.enter(db, other.id, ravi.id, NOW)
    return mine.id, other.id, asha.id, ravi.id


# ------------------------------------------------------------ for leaders


async def not_delivered(store: Store, group: int, since: date = TODAY - timedelta(days=6)) -> tuple[Dropped, ...]:
    async with store.reading() as db:
        return await ledger.not_delivered(db, group, since)


async def test_a_leader_sees_what_the_group_was_not_told_and_why(store: Store) -> None:
    mine, other, *_ = await two_groups(store)
    yesterday = TODAY - timedelta(days=1)
    post = {"kind": "group", "chat": "room", "group": mine}
    await add(
        store,
        post,
        post | {"state": "failed", "reason": "lacks Send Messages"},
        post | {"state": "expired", "reason": "too late", "local_date": yesterday},
        post | {"kind": "recap", "state": "doubtful", "reason": "no answer", "local_date": yesterday},
        # Nothing was left to say, it is on its way, it is another group's, it is long ago.
        post | {"state": "expired", "reason": "moot"},
        post | {"state": "queued", "reason": "not connected"},
        post | {"state": "failed", "reason": "theirs", "group": other},
        post | {"state": "failed", "reason": "old", "local_date": TODAY - timedelta(days=7)},
    )
    assert await not_delivered(store, mine) == (
        Dropped("group", TODAY, "failed", "lacks Send Messages", 1),
        Dropped("group", yesterday, "expired", "too late", 1),
        Dropped("recap", yesterday, "doubtful", "no answer", 1),
    )


async def test_of_members_a_leader_hears_how_many_came_too_late_and_nothing_else(store: Store) -> None:
    mine, _, asha, ravi = await two_groups(store)
    late = {"state": "expired", "reason": "too late", "member": asha}
    await add(
        store,
        late,
        late,
        late | {"kind": "dsa"},
        late | {"reason": "Telegram cannot be reached"},
        # Their own wish, their own matter, somebody else's.
        late | {"reason": "quiet hours"},
        late | {"reason": "too late: quiet hours"},
        late | {"member": ravi},
        late | {"reason": "moot"},
        late | {"state": "failed", "reason": "bot was blocked by the user"},
        late | {"state": "doubtful", "reason": "no answer"},
    )
    assert await not_delivered(store, mine) == (
        Dropped("dsa", TODAY, "expired", "too late", 1, private=True),
        Dropped("study", TODAY, "expired", "too late", 3, private=True),
    )


async def test_news_of_a_member_in_the_group_is_the_groups_and_counts_once(store: Store) -> None:
    mine, _, asha, _ = await two_groups(store)
    await add(
        store,
        {"kind": "done", "chat": "room", "group": mine, "member": asha, "state": "expired", "reason": "too late"},
    )
    assert await not_delivered(store, mine) == (Dropped("done", TODAY, "expired", "too late", 1),)


async def test_a_group_that_was_told_everything_has_nothing_to_read(store: Store) -> None:
    mine, *_ = await two_groups(store)
    assert await not_delivered(store, mine) == ()


# ------------------------------------------------------------ for operators


async def tally(store: Store, *spans: timedelta) -> tuple[ledger.Tally, ...]:
    async with store.reading() as db:
        return await ledger.tally(db, *(NOW - span for span in spans))


async def test_deliveries_are_counted_by_kind_and_state_in_each_span(store: Store) -> None:
    await add(
        store,
        {"due_at": NOW - timedelta(days=8)},
        {"due_at": NOW - timedelta(days=3)},
        {"due_at": NOW - HOUR, "kind": "recap", "state": "failed", "reason": "gone"},
        {"due_at": NOW - HOUR},
        {"due_at": NOW - HOUR, "kind": "recap", "state": "expired", "reason": "too late"},
        {"due_at": NOW - HOUR, "kind": "recap", "state": "expired", "reason": "moot"},
    )
    day, week = await tally(store, timedelta(days=1), timedelta(days=7))
    recaps = {("recap", state): 1 for state in ("failed", "expired", "moot")}
    assert dict(day.states) == {("study", "sent"): 1, **recaps}
    assert dict(week.states) == {("study", "sent"): 2, **recaps}
    assert day.whole and week.whole


async def test_lateness_is_from_due_to_handed_over(store: Store) -> None:
    await add(store, *(handed(seconds) for seconds in range(1, 101)), {}, handed(500, due_at=NOW - 30 * HOUR))
    (day,) = await tally(store, timedelta(days=1))
    assert day.lateness == Lateness(100, 50, 99, 100)


async def test_lateness_is_told_to_a_tenth_of_a_second(store: Store) -> None:
    await add(store, handed(0.321))
    (day,) = await tally(store, timedelta(days=1))
    assert day.lateness.worst == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({}, Lateness()),
        ({2.0: 1}, Lateness(1, 2, 2, 2)),
        ({0.1: 99, 7.0: 1}, Lateness(100, 0.1, 0.1, 7)),
        ({0.1: 98, 7.0: 2}, Lateness(100, 0.1, 7, 7)),
        ({3.0: 1, 1.0: 1}, Lateness(2, 1, 3, 3)),
    ],
)
def test_percentiles_are_values_that_occurred(counted: dict[float, int], expected: Lateness) -> None:
    assert Lateness.of(counted) == expected


async def test_faults_are_grouped_by_reason_and_place_the_most_frequent_first(store: Store) -> None:
    blocked = {"state": "failed", "reason": "blocked"}
    await add(
        store,
        blocked,
        blocked,
        blocked | {"chat": "room"},
        {"state": "expired", "reason": "too late"},
        {"state": "expired", "reason": "moot"},
        {"state": "sent", "reason": "an older attempt failed"},
    )
    (day,) = await tally(store, timedelta(days=1))
    assert day.faults == (
        Fault("failed", "blocked", True, 2),
        Fault("expired", "too late", True, 1),
        Fault("failed", "blocked", False, 1),
    )


async def test_sends_in_doubt_are_counted_by_how_they_ended(store: Store) -> None:
    await add(store, {"doubts": 2}, {"doubts": 1}, {"doubts": 1, "state": "doubtful", "reason": "no answer"}, {})
    (day,) = await tally(store, timedelta(days=1))
    assert dict(day.doubted) == {"sent": 2, "doubtful": 1}


async def test_a_tally_looks_at_the_latest_and_says_that_there_was_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST_TALLIED", 3)
    rows = [{"due_at": NOW - timedelta(hours=hours)} for hours in (30, 20, 10, 5)]
    await add(store, *rows)
    day, week = await tally(store, timedelta(hours=15), timedelta(days=7))
    assert (sum(day.states.values()), day.whole) == (2, True)
    assert (sum(week.states.values()), week.whole) == (3, False)


async def test_an_empty_outbox_is_an_empty_tally_and_no_backlog(store: Store) -> None:
    (day,) = await tally(store, timedelta(days=1))
    assert (dict(day.states), day.lateness, day.faults, day.whole) == ({}, Lateness(), (), True)
    async with store.reading() as db:
        assert await ledger.backlog(db, NOW) == ledger.Backlog()
        assert await ledger.oldest(db) is None


async def test_the_backlog_is_what_has_not_arrived(store: Store) -> None:
    await add(
        store,
        {"state": "queued", "next_at": NOW - HOUR, "due_at": NOW - HOUR},
        {"state": "queued", "next_at": NOW + HOUR, "due_at": NOW - 2 * HOUR, "reason": "not connected", "attempts": 3},
        {"state": "sending", "next_at": NOW + HOUR, "due_at": NOW - HOUR},
        {"state": "sent", "next_at": NOW - 9 * HOUR, "due_at": NOW - 9 * HOUR, "message": "m1"},
        {"state": "doubtful", "due_at": NOW - 9 * HOUR},
    )
    async with store.reading() as db:
        backlog, oldest = await ledger.backlog(db, NOW), await ledger.oldest(db)
    assert backlog == ledger.Backlog(queued=2, sending=1, edits=1, overdue=1, oldest=NOW - 2 * HOUR)
    assert backlog.late(NOW) == 7200
    assert oldest is not None
    assert (oldest.due_at, oldest.next_at) == (NOW - 2 * HOUR, NOW + HOUR)
    assert (oldest.state, oldest.attempts, oldest.reason, oldest.private) == ("queued", 3, "not connected", True)


async def test_what_is_due_later_is_not_late(store: Store) -> None:
    await add(store, {"state": "queued", "next_at": NOW + HOUR, "due_at": NOW + HOUR})
    async with store.reading() as db:
        assert (await ledger.backlog(db, NOW)).late(NOW) == 0


async def test_a_huge_backlog_is_looked_at_in_part_and_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST_WAITING", 2)
    await add(store, *({"state": "queued", "next_at": NOW - n * HOUR, "due_at": NOW - n * HOUR} for n in (1, 2, 3)))
    async with store.reading() as db:
        backlog = await ledger.backlog(db, NOW)
    assert (backlog.queued, backlog.oldest, backlog.whole) == (2, NOW - 3 * HOUR, False)


# ------------------------------------------------------------ at any size


async def test_no_question_reads_the_whole_table(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each query's plan, as the database tells it, goes by an index."""
    mine, *_ = await two_groups(store)
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _m: bool) -> None:
        if statement.lstrip().startswith("SELECT") and "deliveries" in statement:
            asked.append((statement, parameters))

    event.listen(store.engine.sync_engine, "before_cursor_execute", note)
    async with store.reading() as db:
        await ledger.not_delivered(db, mine, TODAY)
        await ledger.tally(db, NOW)
        await ledger.backlog(db, NOW)
        await ledger.oldest(db)
    event.remove(store.engine.sync_engine, "before_cursor_execute", note)
    assert len(asked) == 4
    if not store.sqlite:
        return  # its planner goes by sizes, and these tables are empty: the questions are the same
    async with store.reading() as db:
        for statement, parameters in asked:
            plan = (await db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
            scans = [row.detail for row in plan if row.detail.startswith("SCAN deliveries")]
            # The tally follows the primary key backwards, as far as its limit.
            assert all("USING" in scan for scan in scans) or "ORDER BY deliveries.id DESC" in statement, plan
