"""Hundreds due at one moment, delivered by the real process over the wire: the limits are kept, and used.

Thousands are in `tests/soak`; this is their small version. What is counted goes by the process's own notes of when it
wrote, so that a busy machine changes nothing about it.
"""

from __future__ import annotations

from pathlib import Path

from tests.fakes.evening import POSTS, evening
from tests.fakes.sent import Request, Sent

DUE = 120


async def test_all_at_once_keep_the_limits_and_leave_room_for_commands(tmp_path: Path) -> None:
    seen = await evening(tmp_path, DUE)
    assert seen.said == {"discord 1": DUE, "telegram 1": DUE - POSTS, "telegram 0": POSTS}
    assert [measure for measure in seen.measures(quiet=False) if not measure.holds] == []
    assert seen.seen.violations == []
    assert len(seen.seen.waits) > 20


def test_the_notes_tell_what_is_too_much() -> None:
    message, answer = "/api/v10/channels/1/messages", "/api/v10/interactions/1/token/callback"
    sent = Sent([Request(at / 10, path, 0) for at in range(30) for path in (message, answer)], {"discord": [1.05]})
    # Of the answers none counts.
    assert len(sent.moments("discord")) == 30
    assert sent.in_halts("discord", [(1.0, 2.0)], late=0.1) == 8
    assert sent.in_halts("discord", [(1.0, 2.0)], late=0.1, busy=11) == 0
    assert sent.in_halts("discord", [(2.0, 3.0)], late=0.1) == 0
    to_chat = Sent([Request(at, "/bot1:a/sendMessage", -7) for at in (0.0, 0.9, 2.0)])
    assert (to_chat.rates.worst_second, to_chat.rates.worst_chat_second, to_chat.rates.worst_group_minute) == (2, 2, 3)
