"""The real process, killed a hundred times and more while it delivers over the wire. SOAK_KILLS says how often."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.test_kills import SEED, prove

KILLS = int(os.environ.get("SOAK_KILLS", "100"))


@pytest.mark.soak
@pytest.mark.timeout(300 + 10 * KILLS)
async def test_a_hundred_kills(tmp_path: Path) -> None:
    # As many as are delivered in their lives, so that each meets some on their way.
    copies = await prove(tmp_path, kills=KILLS, due=30 * KILLS, seed=SEED)
    # Kills that double nothing met nothing: they would prove little.
    assert copies > 0, f"seed {SEED}: no kill met a send"
