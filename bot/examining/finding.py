"""The result of one check of an installation."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.address import Address


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was found; a `remedy` makes it a bad one, and says what to do."""

    what: str
    remedy: str = ""

    @property
    def bad(self) -> bool:
        """Whether something is to be done."""
        return bool(self.remedy)

    def __str__(self) -> str:
        return f"!! {self.what}\n   → {self.remedy}" if self.bad else f"ok {self.what}"


@dataclass(frozen=True, slots=True)
class ExaminedHome:
    """Where a group lives, to be looked at; `name` is the chat's."""

    group: str
    name: str
    address: Address
