"""Who studies, and which local day it is for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def local_day(moment: datetime, zone: str, day_start: int = 0) -> date:
    """The local date that a moment counts for.

    `day_start` is minutes after midnight: with 240 (04:00), half past one at night still belongs to the evening before.
    Wall-clock time decides, so an hour skipped or repeated by a clock change does not move the day's border.
    """
    local = moment.astimezone(ZoneInfo(zone))
    early = local.hour * 60 + local.minute < day_start
    return local.date() - timedelta(days=1) if early else local.date()


@dataclass(frozen=True, slots=True)
class Member:
    """One person, however many accounts they have. Times of day are minutes after local midnight."""

    id: int
    name: str
    zone: str
    zone_confirmed: bool = False
    day_start: int = 0
    language: str = "en"
    intention: str | None = None
    onboarding: bool = False

    def local_day(self, moment: datetime) -> date:
        """The member's own date at a moment in UTC."""
        return local_day(moment, self.zone, self.day_start)

    def local(self, moment: datetime) -> datetime:
        """The same moment on the member's clock."""
        return moment.astimezone(ZoneInfo(self.zone))
