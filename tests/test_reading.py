"""Dates, times and lengths as people type them: a table of spellings, round trips, and whatever else there is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.command.reading import (
    add_months,
    read_date,
    read_dates,
    read_days,
    read_hours,
    read_minute,
    read_minutes,
    read_span,
)
from bot.words import date_words, days_words, minute_words, pace_words

TODAY = date(2026, 11, 20)
"""A Friday."""

DATES = {
    "2027-05-20": date(2027, 5, 20),
    "2027-5-9": date(2027, 5, 9),
    "20 May 2027": date(2027, 5, 20),
    "20 may": date(2027, 5, 20),
    "20th May 2027": date(2027, 5, 20),
    "1st jan": date(2027, 1, 1),
    "2nd of": None,
    "20. May 2027": date(2027, 5, 20),
    "May 20": date(2027, 5, 20),
    "May 20, 2027": date(2027, 5, 20),
    "may 20th 2027": date(2027, 5, 20),
    "Thu 20 May 2027": date(2027, 5, 20),
    "thursday, 20 May": date(2027, 5, 20),
    "20 sept 2027": date(2027, 9, 20),
    "20 November": TODAY,
    "19 November": date(2027, 11, 19),
    "29 feb": date(2028, 2, 29),
    "29 feb 2027": None,
    "31 april": None,
    "2027-02-29": None,
    "2027-13-01": None,
    "in 5 months": date(2027, 4, 20),
    "5 months": date(2027, 4, 20),
    "in five months": date(2027, 4, 20),
    "in a month": date(2026, 12, 20),
    "in an year": date(2027, 11, 20),
    "6mo": date(2027, 5, 20),
    "in 10 days": date(2026, 11, 30),
    "10d": date(2026, 11, 30),
    "2 weeks": date(2026, 12, 4),
    "2w": date(2026, 12, 4),
    "in 1 year": date(2027, 11, 20),
    "IN   3  MONTHS": date(2027, 2, 20),
    "in 9999 years": None,
    "in 9999 months": date(2860, 2, 20),
    "today": TODAY,
    "tomorrow": date(2026, 11, 21),
    "yesterday": date(2026, 11, 19),
    "friday": date(2026, 11, 27),
    "next friday": date(2026, 11, 27),
    "sat": date(2026, 11, 21),
    "thu": date(2026, 11, 26),
    "fr": None,
    "in zero days": None,
    "20": None,
    "2h": None,
    "24.12.": date(2026, 12, 24),
    "24.12.2027": date(2027, 12, 24),
    "Thu 24.12.": date(2026, 12, 24),
    "1. 2. 2027": date(2027, 2, 1),
    "24.13.": None,
    "24.12": None,  # a number
    "20/05/2027": None,  # whose month comes first is not guessed
    "someday": None,
    "in months": None,
    "": None,
}

MINUTES_OF_DAY = {
    "20:00": 1200,
    "8pm": 1200,
    "8 PM": 1200,
    "8.30 pm": 1230,
    "8:30pm": 1230,
    "7": 420,
    "07:05": 425,
    "7h30": 450,
    "12am": 0,
    "12pm": 720,
    "12:30 am": 30,
    "noon": 720,
    "midnight": 0,
    "0:00": 0,
    "23:59": 1439,
    "24:00": None,
    "13pm": None,
    "0am": None,
    "20:60": None,
    "20:5": None,
    "2000": None,
    "eight": None,
    "": None,
}

LENGTHS = {
    "90": 90,
    "90m": 90,
    "45 min": 45,
    "45 minutes": 45,
    "1 minute": 1,
    "1h": 60,
    "2 hours": 120,
    "1 hr": 60,
    "3hrs": 180,
    "1h30": 90,
    "1 h 30": 90,
    "1h30m": 90,
    "1 hour 30 minutes": 90,
    "1.5h": 90,
    "1,5 h": 90,
    "0.25h": 15,
    "0": 0,
    "h": None,
    "m": None,
    "1h 30s": None,
    "-5": None,
    "1e3": None,
    "90 min ago": None,
    "": None,
    "99999": None,
}

DAYS = {
    "mon to fri": 0b0011111,
    "Monday to Friday": 0b0011111,
    "sat till mon": 0b1100001,
    "mondays and fridays": 0b0010001,
    "every tuesday": 0b0000010,
    "every other day": None,
    "to": None,
    "to fri": None,
    "daily": 127,
    "every day": 127,
    "weekdays": 31,
    "weekends": 96,
    "mon": 1,
    "sunday": 64,
    "mon wed fri": 21,
    "mon, wed, fri": 21,
    "mon,wed and fri": 21,
    "mon-fri": 31,
    "Mon – Fri": 31,
    "mon - fri": 31,
    "fri-mon": 113,
    "sat-sun": 96,
    "tue-tue": 2,
    "mon-wed, sat": 39,
    "Sat and Sun": 96,
    "mo": None,
    "monk": None,
    "mon-": None,
    "-": None,
    ",": None,
    "": None,
}

SPANS = {
    "30m": timedelta(minutes=30),
    "2h": timedelta(hours=2),
    "1d": timedelta(days=1),
    "1 week": timedelta(weeks=1),
    "3 days": timedelta(days=3),
    "1mo": None,
    "d": None,
    "1.5h": None,
    "12345d": None,
    "": None,
}


HOURS = {
    "22:00-07:00": (1320, 420),
    "22:00–7:00": (1320, 420),
    "22 - 7": (1320, 420),
    "22-7": (1320, 420),
    "10pm to 7am": (1320, 420),
    "from 10 PM until 7": (1320, 420),
    "midnight to noon": (0, 720),
    "22:00": None,
    "22:00 07:00": None,
    "22:00-24:00": (1320, 0),
    "24-7": (0, 420),
    "22:00-24:30": None,
    "22:00-25:00": None,
    "2026-12-24": None,
    "-": None,
    "to": None,
    "": None,
}

STRETCHES = {
    "24 dec to 27 dec": (date(2026, 12, 24), date(2026, 12, 27)),
    "24-27 Dec": (date(2026, 12, 24), date(2026, 12, 27)),
    "24th – 27th December": (date(2026, 12, 24), date(2026, 12, 27)),
    "2026-12-24 - 2026-12-27": (date(2026, 12, 24), date(2026, 12, 27)),
    "from tomorrow until friday": (date(2026, 11, 21), date(2026, 11, 27)),
    "28 dec to 3 jan": (date(2026, 12, 28), date(2027, 1, 3)),
    "28 dec to 3 jan 2028": (date(2027, 12, 28), date(2028, 1, 3)),
    "24 dec to 27 dec 2027": (date(2027, 12, 24), date(2027, 12, 27)),
    "wed to tue": (date(2026, 11, 25), date(2026, 12, 1)),
    "2026-12-27 to 2026-12-24": (date(2026, 12, 27), date(2026, 12, 24)),
    "27 dec to 24 dec": (date(2026, 12, 27), date(2026, 12, 24)),
    "tue to mon": (date(2026, 11, 24), date(2026, 11, 30)),
    "28.12.-3.1.": (date(2026, 12, 28), date(2027, 1, 3)),
    "28.12.-3.1.2028": (date(2027, 12, 28), date(2028, 1, 3)),
    "24.12. – 27.12.": (date(2026, 12, 24), date(2026, 12, 27)),
    "2026-12-24–2026-12-27": (date(2026, 12, 24), date(2026, 12, 27)),
    "24 dec-27 dec": (date(2026, 12, 24), date(2026, 12, 27)),
    "3 days": (TODAY, date(2026, 11, 22)),
    "for a week": (TODAY, date(2026, 11, 26)),
    "1 month": (TODAY, date(2026, 12, 19)),
    "24 dec for a week": (date(2026, 12, 24), date(2026, 12, 30)),
    "from tomorrow for 2 days": (date(2026, 11, 21), date(2026, 11, 22)),
    "weekend": (date(2026, 11, 21), date(2026, 11, 22)),
    "next weekend": (date(2026, 11, 21), date(2026, 11, 22)),
    "2 weeks 3 days": None,
    "in 3 days": None,
    "0 days": None,
    "9999 years": None,
    "monday": None,
    "today": None,
    "and": None,
    "24-27": None,
    "24 dec": None,
    "24 dec to never": None,
    "30 feb - 3 mar": None,
    "2026-12-24": None,
    "to": None,
    "": None,
}


@pytest.mark.parametrize(
    ("text", "today", "days"),
    [
        ("weekend", 21, (21, 22)),
        ("next weekend", 21, (28, 29)),
        ("this weekend", 22, (22, 22)),
        ("weekend", 22, (28, 29)),
        ("next weekend", 22, (28, 29)),
    ],
)
def test_a_weekend_that_has_begun(text: str, today: int, days: tuple[int, int]) -> None:
    first, last = days
    assert read_dates(text, date(2026, 11, today)) == (date(2026, 11, first), date(2026, 11, last))


@pytest.mark.parametrize("text", HOURS)
def test_hours_of_the_day_as_people_type_them(text: str) -> None:
    assert read_hours(text) == HOURS[text]


@pytest.mark.parametrize("text", STRETCHES)
def test_stretches_of_days_as_people_type_them(text: str) -> None:
    assert read_dates(text, TODAY) == STRETCHES[text]


@pytest.mark.parametrize("text", DATES)
def test_dates(text: str) -> None:
    assert read_date(text, TODAY) == DATES[text]


@pytest.mark.parametrize("text", MINUTES_OF_DAY)
def test_times_of_day(text: str) -> None:
    assert read_minute(text) == MINUTES_OF_DAY[text]


@pytest.mark.parametrize("text", LENGTHS)
def test_lengths(text: str) -> None:
    assert read_minutes(text) == LENGTHS[text]


@pytest.mark.parametrize(
    ("text", "minutes"), {"2": 120, "1.5": 90, "1,25": 75, "2h": 120, "45m": 45, "1h30": 90}.items()
)
def test_a_bare_number_counts_in_the_unit_that_was_asked_for(text: str, minutes: int) -> None:
    assert read_minutes(text, bare=60) == minutes


@pytest.mark.parametrize("text", DAYS)
def test_days_of_the_week(text: str) -> None:
    assert read_days(text) == DAYS[text]


@pytest.mark.parametrize("text", SPANS)
def test_spans(text: str) -> None:
    assert read_span(text) == SPANS[text]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_date_is_read_back_from_its_iso_form_and_from_our_own_words(day: date) -> None:
    assert read_date(day.isoformat(), TODAY) == day
    # Another year is always said; this year's dates are said without it and read as the next such date.
    if day.year != TODAY.year or day >= TODAY:
        assert read_date(date_words("en", day, TODAY), TODAY) == day


@given(st.integers(0, 1439))
def test_a_time_of_day_is_read_back_from_our_own_words(minute: int) -> None:
    assert read_minute(minute_words(minute)) == minute


@given(st.integers(1, 24 * 60))
def test_a_length_is_read_back_from_our_own_words(minutes: int) -> None:
    assert read_minutes(pace_words("en", minutes)) == minutes


@given(st.integers(1, 127))
def test_days_of_the_week_are_read_back_from_our_own_words(days: int) -> None:
    assert read_days(days_words("en", days)) == days


@given(st.dates(date(1900, 1, 1), date(2900, 12, 31)), st.integers(0, 1200))
def test_months_are_added_to_the_same_day_or_the_months_last(day: date, months: int) -> None:
    found = add_months(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == day.day or (found.day < day.day and (found + timedelta(days=1)).day == 1)


WORDS = st.sampled_from(
    [
        *"0123456789",
        "in",
        "a",
        "may",
        "mon",
        "-",
        "–",
        ":",
        ".",
        ",",
        "h",
        "m",
        "d",
        "w",
        "mo",
        "pm",
        "next",
        "٣",
        "²",
        "½",
        " ",
        "\n",
        "\x00",
    ]
)
GARBAGE = st.one_of(
    st.text(max_size=40), st.lists(WORDS, max_size=12).map("".join), st.lists(WORDS, max_size=12).map(" ".join)
)


@given(GARBAGE)
def test_whatever_is_typed_is_read_or_not_but_never_raises(text: str) -> None:
    day = read_date(text, TODAY)
    assert day is None or isinstance(day, date)
    minute = read_minute(text)
    assert minute is None or 0 <= minute < 1440
    length = read_minutes(text)
    assert length is None or length >= 0
    days = read_days(text)
    assert days is None or 0 < days <= 127
    span = read_span(text)
    assert span is None or span >= timedelta()


@pytest.mark.parametrize(
    "text", ["9" * 6000, "mon " * 1500, "- " * 3000, "1h" * 3000, " " * 6000, "in " * 2000, "a" * 6000]
)
def test_a_very_long_text_is_refused_quickly(text: str) -> None:
    assert read_date(text, TODAY) is None
    assert read_minute(text) is None
    assert read_minutes(text) is None
    assert read_span(text) is None
    assert read_days(text) in (None, 1)
