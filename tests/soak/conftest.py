"""What the long proofs need: a database of their own, to be restarted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.postgres import UNTRIED, NoPostgres, Postgres, serving


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A server for one proof."""
    try:
        with serving() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(f"{UNTRIED}: {reason}")
