"""Ten thousand due at one moment on each platform, delivered by the real process over the wire, and commands meanwhile.

SOAK_DUE is how many there are; ten thousand take Discord seven minutes. The limits must hold; figures of time are told,
and judged by `python -m benchmarks.wire`, which wants a machine of its own.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from tests.fakes.evening import POSTS, evening

DUE = int(os.environ.get("SOAK_DUE", "10000"))

log = logging.getLogger(__name__)


@pytest.mark.soak
@pytest.mark.timeout(300 + DUE / 10)
async def test_ten_thousand_at_once(tmp_path: Path) -> None:
    seen = await evening(tmp_path, DUE, halts=(0.25, 0.5, 0.75), until_group=True)
    for measure in seen.measures(quiet=True):
        log.info("%s: %.1f (%.1f)", measure.name, measure.value, measure.bound)
    log.info("%.0f %% of a core at %.0f requests a second", 100 * seen.cpu, seen.requests_a_second)
    assert seen.said == {"discord 1": DUE, "telegram 1": DUE - POSTS, "telegram 0": POSTS}
    assert (seen.posts, seen.states) == (POSTS, {"sent": 2 * DUE})
    assert [measure for measure in seen.measures(quiet=False) if not measure.holds] == []
    assert seen.seen.violations == []
