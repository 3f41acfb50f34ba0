"""What a process remembers of the world outside: each thing by itself, the last word counts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from bot.store import Store, facts

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


async def test_nothing_is_known_at_first(store: Store) -> None:
    async with store.reading() as db:
        assert await facts.zone_rules(db) is None
        assert await facts.commands_offered(db, "telegram", "7") is None
        assert await facts.greeted(db, "telegram", "-100") is None
        assert await facts.written_to(db, "telegram", "7") == {}
        assert await facts.clock_offset(db) == timedelta(0)
        assert await facts.numbers(db) is None


async def test_the_last_word_counts_and_each_thing_stands_by_itself(store: Store) -> None:
    async with store.writing() as db:
        for version in ("2026a", "2026b"):
            await facts.remember_zone_rules(db, version)
        await facts.probe(db, NOON)
        await facts.probe(db, NOON + timedelta(minutes=1))
        await facts.remember_commands_offered(db, "telegram", "7", "t7")
        await facts.remember_commands_offered(db, "discord", "7", "d7")
        await facts.remember_greeted(db, "telegram", "-100", "12")
        await facts.remember_clock_offset(db, timedelta(days=3, seconds=1.5))
        await facts.remember_numbers(db, 3, {1: ("done http", "m1", "study"), 2: ("undo 8f", "m2", "@you")})
    async with store.reading() as db:
        assert await facts.zone_rules(db) == "2026b"
        assert await facts.commands_offered(db, "telegram", "7") == "t7"
        assert await facts.commands_offered(db, "discord", "7") == "d7"
        assert await facts.commands_offered(db, "discord", "8") is None
        assert await facts.greeted(db, "telegram", "-100") == "12"
        assert await facts.greeted(db, "discord", "-100") is None
        assert await facts.clock_offset(db) == timedelta(days=3, seconds=1.5)
        assert await facts.numbers(db) == (3, {1: ("done http", "m1", "study"), 2: ("undo 8f", "m2", "@you")})


async def test_each_bot_knows_the_minutes_of_its_own_groups(store: Store) -> None:
    async with store.writing() as db:
        await facts.remember_written_to(db, "telegram", "7", "-1", [1.0, 2.5])
        await facts.remember_written_to(db, "telegram", "7", "-1", [2.5, 3.0004])
        await facts.remember_written_to(db, "telegram", "7", "-2", [4.0])
        await facts.remember_written_to(db, "telegram", "7_", "-1", [5.0])
        await facts.remember_written_to(db, "telegram", "77", "-1", [6.0])
    async with store.writing() as db:
        assert await facts.written_to(db, "telegram", "7") == {"-1": [2.5, 3.0], "-2": [4.0]}
        await facts.forget_written_to(db, "telegram", "7", ["-1"])
    async with store.reading() as db:
        assert await facts.written_to(db, "telegram", "7") == {"-2": [4.0]}
        assert await facts.written_to(db, "telegram", "7_") == {"-1": [5.0]}
        assert await facts.written_to(db, "telegram", "77") == {"-1": [6.0]}


async def test_two_that_remember_the_same_thing_at_once_do_not_collide(store: Store) -> None:
    async def remember(version: str) -> None:
        async with store.writing() as db:
            await facts.remember_zone_rules(db, version)

    versions = [f"2026{letter}" for letter in "abcdefgh"]
    await asyncio.gather(*map(remember, versions))
    async with store.reading() as db:
        assert await facts.zone_rules(db) in versions
