"""The outbox: each message once under its key, and edited until it shows the newest."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.delivery import Address
from bot.store import Store, belonging, leases, outbox, people
from bot.store.outbox import Delivery, Draft
from bot.tables import deliveries

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ROOM = Address("memory", "room", "7")
TODAY = date(2026, 11, 20)


def draft(key: str = "key", **values: Any) -> Draft:
    row = {"kind": "done", "address": ROOM, "local_date": TODAY, "due_at": NOW, "expires_at": NOW + timedelta(hours=3)}
    return Draft(key=key, **{**row, **values})


LATER = NOW + timedelta(minutes=2)


async def queue(store: Store, *drafts: Draft) -> None:
    async with store.writing() as db:
        await outbox.queue(db, *drafts)


async def due(store: Store, now: datetime = NOW, platform: str = "memory") -> tuple[Delivery, ...]:
    async with store.reading() as db:
        return await outbox.due(db, now, 10, platform)


async def settle(store: Store, delivery: Delivery, state: str = "sent", **values: Any) -> bool:
    async with store.writing() as db:
        return bool(await outbox.settle(db, [delivery], state, NOW, **values))


async def hand_over(store: Store, *parts: Delivery, token: int = 1, fence: Any = None) -> tuple[Delivery, ...] | None:
    async with store.writing() as db:
        return await outbox.hand_over(db, parts, NOW, LATER, token, fence)


async def column(store: Store, name: str) -> list[Any]:
    async with store.reading() as db:
        return list((await db.execute(select(deliveries.c[name]).order_by(deliveries.c.id))).scalars())


async def test_a_key_is_queued_once(store: Store) -> None:
    await queue(store, draft("a"), draft("a"), draft("b"))
    await queue(store, draft("b"))
    assert [d.key for d in await due(store)] == ["a", "b"]


async def test_a_key_is_queued_once_by_many_at_once(store: Store) -> None:
    await asyncio.gather(*(queue(store, draft("a")) for _ in range(10)))
    assert [d.key for d in await due(store)] == ["a"]


async def test_a_delivery_comes_back_as_it_was_queued(store: Store) -> None:
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend", "UTC", NOW)
        member, _ = await people.meet(db, "memory", "asha", "Asha", "UTC", "en", NOW)
        await outbox.queue(db, draft(group=group.id, member=member.id))
    (found,) = await due(store)
    assert (found.key, found.kind, found.address, found.local_date) == ("key", "done", ROOM, TODAY)
    assert (found.due_at, found.expires_at) == (NOW, NOW + timedelta(hours=3))
    assert (found.member, found.group, found.change, found.state) == (member.id, group.id, None, "queued")
    assert (found.attempts, found.message, found.edits) == (0, None, False)


async def test_due_is_what_is_due_for_a_served_platform_the_longest_first(store: Store) -> None:
    hour = timedelta(hours=1)
    elsewhere = draft("other", address=Address("other", "room"))
    await queue(store, draft("later", due_at=NOW + hour), draft("now"), draft("before", due_at=NOW - hour), elsewhere)
    assert [d.key for d in await due(store)] == ["before", "now"]
    assert [d.key for d in await due(store, NOW + hour)] == ["before", "now", "later"]
    assert [d.key for d in await due(store, platform="other")] == ["other"]
    async with store.reading() as db:
        assert await outbox.next_moment(db) == NOW - hour


async def test_settled_is_not_due_any_more(store: Store) -> None:
    await queue(store, draft("a"), draft("b"), draft("c"))
    for delivery, state in zip(await due(store), ("sent", "failed", "doubtful"), strict=True):
        await settle(store, delivery, state, reason="so")
    assert await due(store, NOW + timedelta(days=400)) == ()
    async with store.reading() as db:
        assert await outbox.next_moment(db) is None
    assert await column(store, "settled_at") == [NOW] * 3


async def test_what_was_touched_while_it_left_is_edited_after(store: Store) -> None:
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend", "UTC", NOW)
    await queue(store, draft(kind="group", group=group.id))
    (leaving,) = await due(store)
    handed = await hand_over(store, leaving)
    assert handed is not None
    async with store.writing() as db:
        await outbox.touch_group(db, group.id, "group", TODAY, NOW)
    await settle(store, handed[0], message="m1")
    (again,) = await due(store)
    assert (again.edits, again.version, again.shown) == (True, 2, 1)
    await settle(store, again)
    assert await due(store) == ()


async def test_many_touches_are_one_edit(store: Store) -> None:
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend", "UTC", NOW)
    await queue(store, draft(kind="group", group=group.id))
    (first,) = await due(store)
    await settle(store, first, message="m1")
    async with store.writing() as db:
        for _ in range(5):
            await outbox.touch_group(db, group.id, "group", TODAY, NOW)
        await outbox.touch_group(db, group.id, "group", TODAY + timedelta(days=1), NOW)
        await outbox.touch_group(db, group.id, "recap", TODAY, NOW)
    (edit,) = await due(store)
    assert edit.version == 6
    await settle(store, edit)
    assert await due(store) == ()
    assert await column(store, "shown") == [6]


async def test_what_is_still_queued_needs_no_edit_and_what_is_in_doubt_gets_none(store: Store) -> None:
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend", "UTC", NOW)
    await queue(store, draft("a", kind="group", group=group.id), draft("b", kind="group", group=group.id))
    await settle(store, (await due(store))[1], "doubtful")
    async with store.writing() as db:
        await outbox.touch_group(db, group.id, "group", TODAY, NOW)
    assert [d.key for d in await due(store)] == ["a"]
    assert await column(store, "version") == [1, 1]


async def test_waiting_counts_attempts_and_arriving_forgets_them(store: Store) -> None:
    await queue(store, draft())
    later = NOW + timedelta(seconds=30)
    (one,) = await due(store)
    handed = await hand_over(store, one)
    assert handed is not None
    async with store.writing() as db:
        await outbox.wait(db, handed, later, "patience")
    assert await due(store) == ()
    (again,) = await due(store, later)
    assert (again.state, again.attempts) == ("queued", 1)
    await settle(store, again, message="m1")
    assert await column(store, "attempts") == [0]


async def test_an_edit_that_waits_is_still_a_message_that_arrived(store: Store) -> None:
    await queue(store, draft())
    (one,) = await due(store)
    await settle(store, one, message="m1")
    async with store.writing() as db:
        await db.execute(deliveries.update().values(next_at=NOW, version=2))
    (edit,) = await due(store)
    handed = await hand_over(store, edit)
    assert handed is not None
    async with store.writing() as db:
        await outbox.wait(db, handed, NOW, "patience")
    assert await column(store, "state") == ["sent"]


async def test_what_is_on_its_way_when_we_die_is_looked_at_again(store: Store) -> None:
    await queue(store, draft())
    (one,) = await due(store)
    await hand_over(store, one)
    assert await due(store, NOW + timedelta(minutes=1)) == ()
    (doubted,) = await due(store, NOW + timedelta(minutes=2))
    assert (doubted.state, doubted.attempts) == ("sending", 1)


async def test_expired_is_only_what_never_left(store: Store) -> None:
    await queue(store, draft("a"), draft("b"), draft("c", expires_at=NOW + timedelta(hours=9)))
    await settle(store, (await due(store))[0], message="m1")
    async with store.writing() as db:
        assert await outbox.expire(db, NOW + timedelta(hours=4)) == 1
    assert await column(store, "state") == ["sent", "expired", "queued"]


async def test_a_move_takes_along_what_is_still_to_be_said(store: Store) -> None:
    await queue(store, draft("a"), draft("b"), draft("c", address=Address("memory", "other")))
    await settle(store, (await due(store))[0], message="m1")
    async with store.writing() as db:
        await outbox.moved(db, "memory", "room", "super")
    assert await column(store, "chat") == ["room", "super", "other"]
    assert await column(store, "thread") == ["7", "7", ""]


async def test_of_two_couriers_one_takes_a_delivery_on(store: Store) -> None:
    await queue(store, draft())
    (one,) = await due(store)
    assert await hand_over(store, one) is not None
    assert await hand_over(store, one) is None
    assert await column(store, "attempts") == [1]


async def test_who_was_overtaken_writes_nothing_any_more(store: Store) -> None:
    """A process that was stopped in the middle of a send wakes up after another has sent it again."""
    await queue(store, draft())
    first = await hand_over(store, *await due(store))
    second = await hand_over(store, *await due(store, LATER), token=2)
    assert first is not None
    assert second is not None
    assert not await settle(store, first[0], "failed", reason="late")
    async with store.writing() as db:
        await outbox.wait(db, first, LATER, "late")
        await outbox.redirect(db, first, Address("memory", "elsewhere"), LATER)
    assert await settle(store, second[0], message="m1")
    assert await column(store, "state") == ["sent"]
    assert await column(store, "chat") == ["room"]


async def test_without_the_lease_nothing_is_handed_over(store: Store) -> None:
    await queue(store, draft())
    async with store.writing() as db:
        token = await leases.acquire(db, "memory:1", "me", 15, None)
    assert token is not None
    assert await hand_over(store, *await due(store), fence=leases.fence("memory:1", token + 1)) is None
    assert await column(store, "state") == ["queued"]
    assert await hand_over(store, *await due(store), fence=leases.fence("memory:1", token)) is not None


async def test_what_another_was_sending_is_in_doubt_when_the_right_to_send_moves(store: Store) -> None:
    await queue(store, draft("a"), draft("b"))
    await hand_over(store, (await due(store))[0], token=1)
    async with store.writing() as db:
        assert await outbox.take_over(db, "memory", 1, NOW) == 0
        assert await outbox.take_over(db, "memory", 2, NOW) == 1
    assert [(d.key, d.in_doubt) for d in await due(store)] == [("a", True), ("b", False)]


async def test_a_send_again_is_counted_as_a_doubt(store: Store) -> None:
    await queue(store, draft())
    await hand_over(store, *await due(store))
    (doubted,) = await due(store, LATER)
    await hand_over(store, doubted)
    assert await column(store, "doubts") == [1]
    assert await column(store, "handed_at") == [NOW]


async def test_parts_of_one_message_are_handed_over_together_or_not_at_all_by_a_second(store: Store) -> None:
    await queue(store, draft("a"), draft("b"))
    parts = await due(store)
    handed = await hand_over(store, *parts)
    assert handed is not None
    assert [part.bundle for part in handed] == [parts[0].id] * 2
    assert await hand_over(store, *parts) is None
    async with store.reading() as db:
        assert [d.key for d in await outbox.bundled(db, [parts[0].id])] == ["a", "b"]


async def test_after_the_clock_was_set_back_nothing_waits_for_the_old_time(store: Store) -> None:
    hour = timedelta(hours=1)
    await queue(store, draft("a", due_at=NOW + hour))
    async with store.writing() as db:
        await outbox.rewind(db, NOW)
    assert [d.key for d in await due(store)] == ["a"]


async def test_what_is_in_doubt_does_not_wait_for_the_old_time_either(store: Store) -> None:
    """An hour later its key would be forgotten, and the clock would say that it was handed over just now."""
    await queue(store, draft("a"))
    parts = await due(store)
    await hand_over(store, *parts)
    back = NOW - timedelta(hours=1)
    assert await due(store, back) == ()
    async with store.writing() as db:
        await outbox.rewind(db, back)
    assert [d.state for d in await due(store, back)] == ["sending"]


async def test_where_one_part_was_settled_since_none_is_handed_over(store: Store) -> None:
    await queue(store, draft("a", expires_at=NOW), draft("b"))
    parts = await due(store)
    async with store.writing() as db:
        assert await outbox.expire(db, NOW + timedelta(seconds=1)) == 1
    assert await hand_over(store, *parts) is None
    assert await column(store, "state") == ["expired", "queued"]


async def test_forgetting_looks_at_the_first_rows_only(store: Store) -> None:
    """It holds the lock that every writer waits for."""
    after = TODAY + timedelta(days=1)
    await queue(store, draft("new", local_date=after), draft("old"))
    for one in await due(store):
        await settle(store, one, message="m1")
    async with store.writing() as db:
        assert await outbox.forget_old(db, after, 1) == 0
        assert await outbox.forget_old(db, after, 2) == 1
    assert await column(store, "key") == ["new"]


async def test_what_was_settled_long_ago_is_forgotten_and_nothing_else(store: Store) -> None:
    await queue(store, draft("old"), draft("waiting"), draft("new", local_date=TODAY + timedelta(days=1)))
    for one in await due(store):
        if one.key != "waiting":
            await settle(store, one, message="m1")
    async with store.writing() as db:
        assert await outbox.forget_old(db, TODAY + timedelta(days=1), 10) == 1
    assert await column(store, "key") == ["waiting", "new"]
