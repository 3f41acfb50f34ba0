"""What a message costs its process: no more for the two thousandth chat than for the first, counted and not timed.

CPU time and fifteen thousand chats are in `tests/soak`; this is their small version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from benchmarks import sending_discord, sending_telegram
from bot.platforms.discord import limits
from tests.fakes.calls import calls

FEW, MANY, MESSAGES = 50, 2_000, 50
FIRST, AT_ONCE = 1_000_000, 25

FLAT = 1.1
"""What two counts of the same thing may differ by: an answer may arrive in one piece or in two."""

Send = Callable[[int], Awaitable[object]]


@pytest.fixture(scope="module")
def telegram() -> Iterator[str]:
    """The address of a server that answers as Telegram does."""
    with sending_telegram.server() as url:
        yield url


@pytest.fixture(scope="module")
def discord() -> Iterator[str]:
    """The address of a server that answers as Discord does."""
    with sending_discord.server() as url:
        yield url


async def cost(send: Send, *known: int) -> list[float]:
    """Calls a message to a chat that is new, when so many others were written to before; one after another."""
    found, chat = [], FIRST
    for number in known:
        while chat < FIRST + number:
            # Many at once, for a busy machine makes each wait for its turn.
            await asyncio.gather(*(send(chat + n) for n in range(AT_ONCE)))
            chat += AT_ONCE
        with calls() as made:
            for _ in range(MESSAGES):
                await send(chat)
                chat += 1
        found.append(made.number / MESSAGES)
    return found


async def test_telegram_costs_little_more_than_a_bare_post_and_the_same_for_many_chats(telegram: str) -> None:
    async with sending_telegram.ours(telegram) as send:
        few, many = await cost(send, FEW, MANY)
    async with sending_telegram.bare(telegram) as send:
        (bare,) = await cost(send, FEW)
    assert many <= FLAT * few
    assert few <= sending_telegram.MOST * bare


async def test_discord_costs_the_same_for_many_chats(discord: str) -> None:
    async with sending_discord.ours(discord) as sending:
        few, many = await cost(sending.to_channel, FEW, MANY)
    assert many <= FLAT * few


async def test_with_discord_pys_own_buckets_it_would_not(discord: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "forget_as_we_go", lambda _http: None)
    async with sending_discord.ours(discord) as sending:
        few, many = await cost(sending.to_channel, FEW, MANY)
    assert many > 2 * few
