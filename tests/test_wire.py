"""Hundreds due at one moment, delivered by the real process over the wire: the limits are kept, and used.

Thousands are in `tests/soak`; this is their small version.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.evening import POSTS, evening

DUE = 120


@pytest.mark.timeout(90)
async def test_all_at_once_keep_the_limits_and_leave_room_for_commands(tmp_path: Path) -> None:
    seen = await evening(tmp_path, DUE)
    assert seen.said == {"discord 1": DUE, "telegram 1": DUE - POSTS, "telegram 0": POSTS}
    assert [measure for measure in seen.measures(quiet=False) if not measure.holds] == []
    assert seen.seen.violations == []
    assert len(seen.seen.waits) > 20
