"""A member's identity on one platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.address import Address


@dataclass(frozen=True, slots=True)
class Account:
    """A platform identity of a member; `dm` says whether private messages reach it, `told` whether they know."""

    platform: str
    account: str
    member: int
    name: str
    dm: str
    seen_at: datetime
    told: bool = False

    @property
    def private(self) -> Address:
        """Where private messages to this account go."""
        return Address.private_to(self.platform, self.account)
