"""What is known of who speaks beyond the scene: each thing is asked once, when a command first needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.account import Account
from bot.domain.progress import StepEvent
from bot.domain.reminder import Reminder
from bot.domain.rest import Rest
from bot.store import people, rests, schedule, studies


@dataclass
class Mine:
    """A member's own, by their id, as this transaction sees it. A command that writes says what it wrote."""

    db: AsyncConnection
    member: int
    _reminders: tuple[Reminder, ...] | None = None
    _rests: tuple[Rest, ...] | None = None
    _accounts: tuple[Account, ...] | None = None
    _events: dict[str, tuple[StepEvent, ...]] = field(default_factory=dict)

    async def reminders(self) -> tuple[Reminder, ...]:
        """All reminders, by their ids."""
        if self._reminders is None:
            self._reminders = await schedule.all_of_member(self.db, self.member)
        return self._reminders

    async def reminder(self, kind: str) -> Reminder | None:
        """The reminder of a kind, turned on or off; None where it was never set."""
        return next((reminder for reminder in await self.reminders() if reminder.kind == kind), None)

    async def rests(self) -> tuple[Rest, ...]:
        """All days off there are and were, the earliest first."""
        if self._rests is None:
            self._rests = await rests.of_member(self.db, self.member)
        return self._rests

    async def planned(self, today: date) -> tuple[Rest, ...]:
        """Days off that have not passed on a local date, the next first."""
        return tuple(rest for rest in await self.rests() if rest.last >= today)

    async def accounts(self) -> tuple[Account, ...]:
        """All accounts, the one used last first."""
        if self._accounts is None:
            self._accounts = await people.accounts_of(self.db, self.member)
        return self._accounts

    async def events(self, roadmap: str) -> tuple[StepEvent, ...]:
        """The ledger on a roadmap, by its slug."""
        if roadmap not in self._events:
            self._events[roadmap] = await studies.events_of(self.db, self.member, roadmap)
        return self._events[roadmap]

    async def add_event(self, roadmap: str, event: StepEvent) -> None:
        """A line was added to the ledger."""
        self._events[roadmap] = (*await self.events(roadmap), event)

    async def refresh(self, now: datetime) -> None:
        """What decides about reminders was written: work out anew when they are due."""
        self._reminders = await schedule.refresh_member(self.db, self.member, now)

    def become(self, member: int) -> None:
        """Who speaks is part of another member now."""
        self.member = member
        self.forget()

    def forget(self) -> None:
        """Anything may have been written: ask anew."""
        self._reminders = self._rests = self._accounts = None
        self._events.clear()
