"""Which local day a moment counts for, and when a member wants to hear nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.group import Group
from bot.domain.member import Member, Quiet, local_day
from tests.domain.test_occurrence import ODD_ZONES, changes

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


# ------------------------------------------------------------ quiet hours

NIGHT = Quiet(22 * 60, 7 * 60)
NOON = Quiet(12 * 60, 14 * 60)
day_minutes = st.integers(0, 1439)
quiets = st.tuples(day_minutes, day_minutes).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Quiet(*pair))


def on_the_clock(moment: datetime, zone: str) -> int:
    wall = moment.astimezone(ZoneInfo(zone))
    return wall.hour * 60 + wall.minute


@pytest.mark.parametrize(
    ("quiet", "minute", "covered", "edge"),
    [
        (NIGHT, 21 * 60 + 59, False, 21 * 60 + 59),
        (NIGHT, 22 * 60, True, 21 * 60 + 59),
        (NIGHT, 0, True, 21 * 60 + 59),
        (NIGHT, 2 * 60 + 29, True, 21 * 60 + 59),  # 270 minutes to either edge
        (NIGHT, 2 * 60 + 30, True, 7 * 60),
        (NIGHT, 6 * 60 + 59, True, 7 * 60),
        (NIGHT, 7 * 60, False, 7 * 60),
        (NOON, 12 * 60 + 30, True, 11 * 60 + 59),
        (NOON, 13 * 60 + 30, True, 14 * 60),
        (NOON, 0, False, 0),
        (Quiet(0, 60), 10, True, 1439),  # the last minute before midnight is the nearest
        (Quiet(1, 0), 720, True, 0),  # one minute of the day is not quiet
    ],
)
def test_quiet_hours(quiet: Quiet, minute: int, covered: bool, edge: int) -> None:
    assert (quiet.covers(minute), quiet.nearest_edge(minute)) == (covered, edge)


@pytest.mark.parametrize(
    ("quiet", "minute", "day_start", "edge"),
    [
        # 03:30 of a night owl's Friday: 04:00 would be the first minute of Friday, a day too early.
        (Quiet(23 * 60, 4 * 60), 210, 240, 22 * 60 + 59),
        (Quiet(23 * 60, 7 * 60), 210, 240, 22 * 60 + 59),
        (Quiet(23 * 60, 3 * 60 + 45), 210, 240, 225),  # Friday lasts until then
        (Quiet(3 * 60, 4 * 60 + 10), 235, 240, 179),  # the last minute before is of Friday's small hours
        (Quiet(23 * 60, 10), 1430, 0, 22 * 60 + 59),
        (Quiet(23 * 60, 10), 1430, 240, 10),  # Friday goes on
        (Quiet(22 * 60, 7 * 60), 390, 240, 7 * 60),
    ],
)
def test_an_edge_past_the_end_of_the_date_is_none(quiet: Quiet, minute: int, day_start: int, edge: int) -> None:
    assert quiet.nearest_edge(minute, day_start) == edge


@given(quiets, day_minutes, st.integers(0, 360))
def test_the_edge_is_never_quiet_and_none_that_the_date_has_is_nearer(
    quiet: Quiet, minute: int, day_start: int
) -> None:
    edge = quiet.nearest_edge(minute, day_start)
    assert not quiet.covers(edge)
    if (minute - day_start) % 1440 + (quiet.end - minute) % 1440 >= 1440 and quiet.covers(minute):
        assert edge == (quiet.start - 1) % 1440
        return
    distance = min((edge - minute) % 1440, (minute - edge) % 1440)
    near = [(minute + way * n) % 1440 for n in range(distance) for way in (-1, 1)]
    assert all(quiet.covers(other) for other in near)


@given(quiets)
def test_as_many_minutes_are_quiet_as_the_clock_goes_from_start_to_end(quiet: Quiet) -> None:
    assert sum(map(quiet.covers, range(1440))) == (quiet.end - quiet.start) % 1440


@pytest.mark.parametrize(
    ("quiet", "zone", "utc", "ends"),
    [
        (NIGHT, "Asia/Kolkata", "2026-11-20 20:00", "2026-11-21 01:30"),
        (NIGHT, "Asia/Kolkata", "2026-11-20 16:30", "2026-11-21 01:30"),
        (NIGHT, "Asia/Kolkata", "2026-11-21 01:29", "2026-11-21 01:30"),
        (NIGHT, "Asia/Kolkata", "2026-11-21 01:30", "2026-11-21 01:30"),  # not quiet any more
        (NIGHT, "Asia/Kolkata", "2026-11-20 16:29", "2026-11-20 16:29"),
        (NIGHT, "Europe/Berlin", "2026-10-24 21:00", "2026-10-25 06:00"),  # an hour longer: clocks go back
        (NIGHT, "Europe/Berlin", "2026-03-28 22:00", "2026-03-29 05:00"),  # and an hour shorter
        (Quiet(60, 150), "Europe/Berlin", "2026-03-29 00:30", "2026-03-29 01:00"),  # 02:30 does not exist
        (Quiet(60, 150), "Europe/Berlin", "2026-10-25 00:10", "2026-10-25 00:30"),  # until 02:30, which comes twice
        (Quiet(60, 150), "Europe/Berlin", "2026-10-25 01:10", "2026-10-25 01:30"),  # quiet again from 02:00
        (NIGHT, "Pacific/Apia", "2011-12-30 09:00", "2011-12-30 17:00"),  # from the 29th into the 31st
    ],
)
def test_the_moment_quiet_hours_end(quiet: Quiet, zone: str, utc: str, ends: str) -> None:
    at, end = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (utc, ends))
    assert quiet.ends(at, zone) == end


near_changes = st.tuples(
    st.sampled_from([(zone, change) for zone in ODD_ZONES for change in changes(zone)]), st.integers(-26 * 60, 26 * 60)
).map(lambda found: (found[0][0], found[0][1] + timedelta(minutes=found[1])))


@given(quiets, near_changes | st.tuples(zones, moments))
def test_it_ends_at_the_first_minute_that_is_not_quiet(quiet: Quiet, found: tuple[str, datetime]) -> None:
    zone, moment = found
    end = quiet.ends(moment, zone)
    assert not quiet.covers(on_the_clock(end, zone))
    between = (moment + timedelta(minutes=n) for n in range(int((end - moment).total_seconds()) // 60))
    # Set back to before they began, the clock shows minutes again that were not quiet: they last all the same.
    again = [minute.astimezone(ZoneInfo(zone)).fold for minute in between]
    between = (moment + timedelta(minutes=n) for n in range(len(again)))
    assert all(fold or quiet.covers(on_the_clock(minute, zone)) for minute, fold in zip(between, again, strict=True))


def test_quiet_hours_must_be_hours() -> None:
    for start, end in ((-1, 5), (5, 1440)):
        with pytest.raises(ValueError, match="no minute"):
            Quiet(start, end)
    with pytest.raises(ValueError, match="another time"):
        Quiet(480, 480)


# ------------------------------------------------------------ a pause

FRIDAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("since", "until", "paused"),
    [
        (None, None, []),
        (FRIDAY, FRIDAY + 2 * DAY, [0, 1]),
        (FRIDAY, FRIDAY + DAY, [0]),
        (FRIDAY, FRIDAY, []),
        (FRIDAY + DAY, None, [1, 2, 3]),
    ],
)
def test_a_pause_lasts_from_its_first_date_to_before_the_one_they_come_back_on(
    since: date | None, until: date | None, paused: list[int]
) -> None:
    asha = Member(1, "Asha", "Asia/Kolkata", paused_from=since, paused_until=until)
    assert [n for n in range(-1, 4) if asha.paused_on(FRIDAY + n * DAY)] == paused


def test_rests_and_the_pause_are_off() -> None:
    rest = (FRIDAY, FRIDAY + DAY)
    assert Member(1, "Asha", "UTC").off([rest]) == (rest,)
    assert Member(1, "Asha", "UTC", paused_from=FRIDAY).off([rest]) == (rest, (FRIDAY, date.max))
    until = Member(1, "Asha", "UTC", paused_from=FRIDAY, paused_until=FRIDAY + 3 * DAY)
    assert until.off() == ((FRIDAY, FRIDAY + 2 * DAY),)
