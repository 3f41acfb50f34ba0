"""Whether a deadline can hold, or what would make it hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

MAX_MINUTES_A_DAY = 16 * 60
"""Nobody studies more than sixteen hours a day for months; a larger number is a typing error."""

FAR_DAYS = 5 * 366
"""A deadline more than five years away is a typing error too."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The work of a roadmap held against a deadline. Hours are estimates; days are local dates."""

    hours_needed: float
    minutes_a_day: int
    today: date
    deadline: date

    @property
    def days(self) -> int:
        """Days to study on: from tomorrow to the deadline, both counted."""
        return (self.deadline - self.today).days

    @property
    def hours_given(self) -> float:
        """Hours there are until the deadline."""
        return self.days * self.minutes_a_day / 60

    @property
    def days_needed(self) -> int:
        """Days of study that the work takes, at this pace."""
        return -(-self._minutes_needed // self.minutes_a_day)

    @property
    def spare_days(self) -> int:
        """Days left over when all goes as estimated; negative when the deadline comes too early."""
        return self.days - self.days_needed

    @property
    def fits(self) -> bool:
        """Whether the work ends by the deadline."""
        return self.spare_days >= 0

    @property
    def minutes_that_fit(self) -> int | None:
        """The smallest quarter-hour pace at which the deadline holds; None when no day is long enough."""
        if self.days < 1:
            return None
        minutes = -(-self._minutes_needed // (self.days * 15)) * 15
        return minutes if minutes <= MAX_MINUTES_A_DAY else None

    @property
    def deadline_that_fits(self) -> date:
        """The first date by which the work ends at this pace."""
        return self.today + timedelta(days=self.days_needed)

    @property
    def _minutes_needed(self) -> int:
        # Whole minutes: sums of fractions of hours would else decide about a day.
        return ceil(round(self.hours_needed * 60, 3))
