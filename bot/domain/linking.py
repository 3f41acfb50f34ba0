"""What two members bring when they become one."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.account import Account


@dataclass(frozen=True, slots=True)
class Brought:
    """What one of the two brings: roadmaps by slug, days answered for, groups by name."""

    accounts: tuple[Account, ...]
    roadmaps: tuple[str, ...]
    days: int
    groups: tuple[str, ...]
    reminders: tuple[str, ...]
