"""The inbox: updates are kept once, given in order, and gone when they were carried out."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.store import Store, inbox

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


async def test_updates_are_kept_once_and_given_in_order_to_their_own_bot(store: Store) -> None:
    for update in ("7:000012", "7:000002", "8:000001", "7:000012"):
        async with store.writing() as db:
            await inbox.keep(db, "telegram", update, f"payload {update}", NOW)
    async with store.writing() as db:
        await inbox.keep(db, "telegram", "7:000012", "something else", NOW)
    async with store.reading() as db:
        first = ("7:000002", "payload 7:000002")
        assert await inbox.waiting(db, "telegram", "7:", 1) == [first]
        assert await inbox.waiting(db, "telegram", "7:", 9) == [first, ("7:000012", "payload 7:000012")]
        assert await inbox.waiting(db, "memory", "7:", 9) == []
    async with store.writing() as db:
        await inbox.forget(db, "telegram", "7:000002")
        await inbox.forget(db, "telegram", "7:000099")
    async with store.reading() as db:
        assert [update for update, _ in await inbox.waiting(db, "telegram", "", 9)] == ["7:000012", "8:000001"]
