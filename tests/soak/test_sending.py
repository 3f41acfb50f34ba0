"""CPU time of a message, beside a bare aiohttp POST, from 200 to 15,000 chats; it wants a machine of its own.

`-s` shows the figures.
"""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import sending_discord, sending_telegram

RUNS = 5
FLAT = 1.2
"""What two medians of the same thing may differ by, where one process has fifteen thousand chats and the other 200."""


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_telegram_costs_little_more_than_a_bare_post_and_the_same_for_many_chats() -> None:
    with sending_telegram.server() as url:
        found = asyncio.run(sending_telegram.measure(url, sending_telegram.CHATS[1], RUNS))
    sending_telegram.show(found, sending_telegram.CHATS[1], RUNS)
    assert max(found.ratios) <= sending_telegram.MOST
    assert found.grows <= sending_telegram.FLAT


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_discord_costs_the_same_for_many_chats_and_discord_py_does_not() -> None:
    with sending_discord.server() as url:
        ours = sending_discord.measure(sending_discord.ours, url, sending_discord.MANY, RUNS)
        theirs = sending_discord.measure(sending_discord.theirs, url, sending_discord.MANY, 1)
    print(f"ours {ours}\ndiscord.py {theirs}")  # noqa: T201 -- for who looks on
    assert ours.grows <= FLAT
    # What it would be with discord.py's own buckets: the measure can tell.
    assert theirs.grows > 2
    # A private chat is opened once.
    assert ours.requests == 1
