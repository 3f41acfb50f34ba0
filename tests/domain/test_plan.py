"""Whether a deadline holds: every way of saying so agrees with every other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.plan import MAX_MINUTES_A_DAY, Fit

TODAY = date(2026, 11, 20)

hours = st.one_of(st.integers(0, 4000).map(lambda n: n / 2), st.floats(0, 3000, allow_nan=False))
fits = st.builds(
    Fit,
    hours_needed=hours,
    minutes_a_day=st.integers(5, MAX_MINUTES_A_DAY),
    today=st.just(TODAY),
    deadline=st.integers(-10, 2000).map(lambda days: TODAY + timedelta(days=days)),
)


@given(fits)
def test_it_fits_exactly_from_the_deadline_that_fits_on(fit: Fit) -> None:
    assert fit.fits == (fit.deadline >= fit.deadline_that_fits) == (fit.spare_days >= 0)
    assert replace(fit, deadline=fit.deadline_that_fits).spare_days == 0


@given(fits)
def test_days_needed_are_enough_and_no_more(fit: Fit) -> None:
    minutes = fit.hours_needed * 60
    assert fit.days_needed * fit.minutes_a_day >= minutes - 0.001
    assert (fit.days_needed - 1) * fit.minutes_a_day < minutes


@given(fits)
def test_the_pace_that_fits_is_the_smallest_quarter_hour_that_does(fit: Fit) -> None:
    pace = fit.minutes_that_fit
    if fit.days < 1:
        assert pace is None
    elif pace is None:
        assert not replace(fit, minutes_a_day=MAX_MINUTES_A_DAY).fits
    else:
        assert pace % 15 == 0
        assert pace == 0 or replace(fit, minutes_a_day=pace).fits
        assert pace <= 15 or not replace(fit, minutes_a_day=pace - 15).fits


@given(fits, st.integers(0, 100), st.integers(0, 100))
def test_more_time_never_makes_it_worse(fit: Fit, more_days: int, more_minutes: int) -> None:
    later = replace(fit, deadline=fit.deadline + timedelta(days=more_days))
    faster = replace(fit, minutes_a_day=fit.minutes_a_day + more_minutes)
    assert later.spare_days == fit.spare_days + more_days
    assert faster.spare_days >= fit.spare_days
    assert faster.deadline_that_fits <= fit.deadline_that_fits
    assert replace(fit, hours_needed=fit.hours_needed + 1).spare_days <= fit.spare_days


@given(st.integers(1, 500), st.integers(1, 64).map(lambda n: n * 15))
def test_a_plan_that_is_exactly_full_fits(days: int, minutes: int) -> None:
    """Tenths of hours do not add up to whole ones in binary: that must not cost a day."""
    tenths = sum([minutes / 600] * 10) * days
    fit = Fit(tenths, minutes, TODAY, TODAY + timedelta(days=days))
    assert (fit.fits, fit.spare_days, fit.minutes_that_fit) == (True, 0, minutes)


def test_the_example_of_the_voice() -> None:
    fit = Fit(210, 120, TODAY, date(2027, 5, 20))
    assert (fit.days, fit.hours_given, fit.days_needed, fit.spare_days) == (181, 362, 105, 76)
    assert fit.deadline_that_fits == date(2027, 3, 5)
    assert fit.minutes_that_fit == 75
