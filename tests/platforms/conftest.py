"""What the tests of the platforms share: on a busy machine an answer is slow only where a test makes it so."""

from __future__ import annotations

import pytest

from bot.platforms.discord import interactions
from tests.fakes.patience import PATIENCE


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put no answer off: what is put off is shown in other messages."""
    monkeypatch.setattr(interactions, "DEFER_AFTER", PATIENCE)
