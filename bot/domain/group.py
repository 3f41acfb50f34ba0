"""A study group, with the clock it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bot.domain.member import local_day

CHECKIN_MINUTE = 20 * 60
"""Groups are asked at 20:00 unless they choose otherwise; times are minutes after local midnight."""

RECAP_DAY = 6
RECAP_MINUTE = 18 * 60
"""The recap comes on Sunday at 18:00 unless the group chooses otherwise; Monday is 0."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group and its wishes. `recap_day` is a day of the week, Monday 0; `language` is what all of it read."""

    id: int
    name: str
    zone: str
    checkin_minute: int = CHECKIN_MINUTE
    recap_day: int = RECAP_DAY
    recap_minute: int = RECAP_MINUTE
    roadmap: str | None = None
    deadline: date | None = None
    language: str = "en"

    def local_day(self, moment: datetime) -> date:
        """The group's own date at a moment in UTC."""
        return local_day(moment, self.zone)
