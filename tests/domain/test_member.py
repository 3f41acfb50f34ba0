"""Which local day a moment counts for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.group import Group
from bot.domain.member import Member, local_day
from tests.domain.test_occurrence import ODD_ZONES

zones = st.sampled_from(ODD_ZONES)
moments = st.integers(0, 50 * 365 * 24 * 60).map(lambda m: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=m))
starts = st.integers(0, 12 * 60)


@pytest.mark.parametrize(
    ("utc", "zone", "start", "day"),
    [
        ("2026-11-20 18:29", "Asia/Kolkata", 0, 20),
        ("2026-11-20 18:30", "Asia/Kolkata", 0, 21),
        ("2026-11-20 22:29", "Asia/Kolkata", 240, 20),
        ("2026-11-20 22:30", "Asia/Kolkata", 240, 21),
        ("2026-11-20 09:59", "Pacific/Kiritimati", 0, 20),
        ("2026-11-20 10:00", "Pacific/Kiritimati", 0, 21),
        ("2026-11-20 11:59", "Pacific/Pago_Pago", 60, 19),
        # 02:30 comes twice in Berlin on 25 October 2026: the clock on the wall decides, both times.
        ("2026-10-25 00:30", "Europe/Berlin", 180, 24),
        ("2026-10-25 01:30", "Europe/Berlin", 180, 24),
        ("2026-10-25 02:00", "Europe/Berlin", 180, 25),
    ],
)
def test_known_days(utc: str, zone: str, start: int, day: int) -> None:
    moment = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert local_day(moment, zone, start).day == day


@given(moments, zones, starts)
def test_the_day_is_that_of_the_wall_clock_or_the_one_before(moment: datetime, zone: str, start: int) -> None:
    wall = moment.astimezone(ZoneInfo(zone))
    found = local_day(moment, zone, start)
    early = wall.hour * 60 + wall.minute < start
    assert found == wall.date() - timedelta(days=early)


@given(moments, zones)
def test_a_member_and_a_group_of_a_zone_share_the_day(moment: datetime, zone: str) -> None:
    assert Member(1, "Asha", zone).local_day(moment) == Group(1, "Backend", zone).local_day(moment)


@given(moments, zones, starts)
def test_the_moment_is_the_same_in_any_zone_it_is_written_in(moment: datetime, zone: str, start: int) -> None:
    assert local_day(moment.astimezone(ZoneInfo("Asia/Tokyo")), zone, start) == local_day(moment, zone, start)


def test_local_shows_the_members_clock() -> None:
    asha = Member(1, "Asha", "Asia/Kolkata", day_start=240)
    moment = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
    assert f"{asha.local(moment):%H:%M}" == "01:30"
    assert asha.local_day(moment) == date(2026, 11, 20)
