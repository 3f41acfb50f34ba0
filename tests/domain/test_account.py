"""Accounts and where they are reached."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import Account
from bot.domain.address import PRIVATE, Address


@given(st.text(min_size=1), st.text())
def test_a_private_address_is_its_accounts_and_a_groups_is_nobodys(account: str, thread: str) -> None:
    asha = Account("discord", account, 1, "Asha", "open", datetime(2026, 11, 20, tzinfo=UTC))
    assert asha.private.account == account
    assert asha.private.platform == "discord"
    assert Address("discord", "x" + account, thread).account is None
    assert Address("discord", PRIVATE + account).account == account
