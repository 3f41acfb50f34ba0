"""A second language is read by data alone: the same engine, another table of words."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import words
from bot.command.parameters.moments import every_zone
from bot.command.parameters.places import CITIES, folded, zones_of
from bot.command.reading import (
    is_answer,
    names_clock,
    read_date,
    read_dates,
    read_days,
    read_hours,
    read_hours_a_day,
    read_minute,
    read_minutes,
    read_span,
    without,
)
from bot.command.spoken import spoken
from bot.command.vocabulary import Incomplete, vocabulary
from bot.words import LANGUAGE, date_words, days_words, languages
from tests.fakes.locales import SECOND, second_language

TODAY = date(2026, 11, 20)
"""A Friday."""


@pytest.fixture(autouse=True, scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The second language beside English, for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "LOCALES", second_language(tmp_path_factory.mktemp("second")))
        yield


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20. Mai 2027", date(2027, 5, 20)),
        ("Do., 20. Mai", date(2027, 5, 20)),
        ("3. März", date(2027, 3, 3)),
        ("1. Jänner", date(2027, 1, 1)),
        ("in fünf Monaten", date(2027, 4, 20)),
        ("in 10 Tagen", date(2026, 11, 30)),
        ("übermorgen", date(2026, 11, 22)),
        ("nächsten Freitag", date(2026, 11, 27)),
        ("sonnabend", date(2026, 11, 21)),
        ("mo", date(2026, 11, 23)),
        ("24.12.", date(2026, 12, 24)),
        # What buttons carry, and what members know from elsewhere.
        ("2027-05-20", date(2027, 5, 20)),
        ("in 5 months", date(2027, 4, 20)),
        ("tomorrow", date(2026, 11, 21)),
        ("irgendwann", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    assert read_date(text, TODAY, SECOND) == day
    if day is not None and text.isascii() and text[0].isdigit():
        assert read_date(text, TODAY, LANGUAGE) == (None if "Mai" in text else day)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("vom 24. bis 27. Dezember", (24, 27)),
        ("24. Dezember bis 27. Dezember", (24, 27)),
        ("24. Dezember für drei Tage", (24, 26)),
        ("24.12. bis zum 27.12.", (24, 27)),
    ],
)
def test_stretches_of_days(text: str, days: tuple[int, int]) -> None:
    first, last = days
    assert read_dates(text, TODAY, SECOND) == (date(2026, 12, first), date(2026, 12, last))


def test_a_length_may_stand_before_a_word_that_says_so() -> None:
    assert read_dates("3 Tage lang", TODAY, SECOND) == (TODAY, TODAY + timedelta(days=2))
    assert read_dates("das Wochenende", TODAY, SECOND) == (date(2026, 11, 21), date(2026, 11, 22))


def test_times_lengths_and_days_of_the_week() -> None:
    assert read_minute("20 Uhr", SECOND) == read_minute("20:00", SECOND) == 1200
    assert read_minute("mitternacht", SECOND) == 0
    assert names_clock("20 uhr", SECOND) and not names_clock("20", SECOND)
    assert without("bis um 20 uhr", ("until", "at"), SECOND) == "20 uhr"
    assert read_minutes("1 Stunde 30 Minuten", 1, SECOND) == read_minutes("1h30", 1, SECOND) == 90
    assert read_hours_a_day("2 Stunden am Tag", SECOND) == read_hours_a_day("2", SECOND) == 120
    assert read_hours("von 22 Uhr bis 7 Uhr", SECOND) == (1320, 420)
    assert read_span("3 Tage", SECOND) == timedelta(days=3)
    assert read_days("montags und freitags", SECOND) == 0b0010001
    assert read_days("jeden Dienstag", SECOND) == 0b0000010
    assert read_days("Mo bis Fr", SECOND) == read_days("werktags", SECOND) == read_days("weekdays", SECOND) == 31
    assert read_days("täglich", SECOND) == 127
    assert read_days("täglich", LANGUAGE) is None


def test_short_answers() -> None:
    assert is_answer("never", "Nie", SECOND) and is_answer("never", "off", SECOND)
    assert not is_answer("never", "nie", LANGUAGE)
    assert spoken("heute nicht, ich war krank", SECOND) == "checkin freely:yes heute nicht, ich war krank"
    assert spoken("Wenn ich gegessen habe, lerne ich", SECOND) == 'when "Wenn ich gegessen habe, lerne ich"'
    assert spoken("90 Minuten Indexe", SECOND) == "checkin freely:yes 90 Minuten Indexe"
    assert spoken("heute nicht, ich war krank", "en") is None


@given(st.dates(date(2027, 1, 1), date(2100, 1, 1)), st.integers(1, 127))
def test_what_we_say_is_read_back(day: date, days: int) -> None:
    """Without the brackets by which the tests tell our messages."""
    bare = str.maketrans("", "", "⟦⟧")
    assert read_date(date_words(SECOND, day, TODAY).translate(bare), TODAY, SECOND) == day
    if days not in (127, 96):
        assert read_days(days_words(SECOND, days).translate(bare), SECOND) == days


@pytest.mark.parametrize(
    ("name", "language", "zones"),
    [
        ("Deutschland", SECOND, {"Europe/Berlin"}),
        ("Germany", SECOND, {"Europe/Berlin"}),
        ("Germany", LANGUAGE, {"Europe/Berlin"}),
        ("Deutschland", LANGUAGE, set()),
        ("Schanghai", SECOND, {"Asia/Shanghai"}),
        ("MEZ", SECOND, {"Europe/Berlin", "Europe/Paris"}),
        ("Bielefeld", SECOND, {"Europe/Berlin"}),
        ("Peking", LANGUAGE, {"Asia/Shanghai"}),
        ("Nowhere at all", LANGUAGE, set()),
    ],
)
def test_places_by_what_they_are_called_in_a_language(name: str, language: str, zones: set[str]) -> None:
    """Countries by Unicode's names, large cities by GeoNames', the rest by the locale's."""
    assert set(zones_of(name, datetime(2026, 11, 20, tzinfo=UTC), every_zone(), language)) == zones


def test_the_table_of_cities_names_zones_that_there_are_and_no_word_of_a_date() -> None:
    rows = [row for row in CITIES.read_text(encoding="utf-8").splitlines() if not row.startswith("#")]
    assert {row.partition("\t")[0] for row in rows} <= every_zone()
    names = {name for row in rows for name in row.partition("\t")[2].split(";")}
    assert len(names) > 5000
    known = vocabulary(LANGUAGE)
    assert not names & {*known.weekdays, *known.months, *known.days, *known.sets, *known.numbers}
    assert all(name == folded(name) for name in names)


def test_a_table_that_is_not_whole_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = second_language(tmp_path)
    monkeypatch.setattr(words, "LOCALES", folder)
    path = folder / SECOND / "reading.toml"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace('over = ["vorbei"]\n', ""), encoding="utf-8")
    with pytest.raises(Incomplete, match=r"\[answers\] differs in over"):
        vocabulary(SECOND)
    path.write_text(whole.partition("[answers]")[0], encoding="utf-8")
    with pytest.raises(Incomplete, match=r"no \[answers\]"):
        vocabulary(SECOND)


@pytest.mark.parametrize("language", sorted({*languages(), LANGUAGE}))
def test_each_language_has_a_whole_table_in_small_letters(language: str) -> None:
    assert vocabulary(language).weekdays
    table = tomllib.loads((words.LOCALES / language / "reading.toml").read_text(encoding="utf-8"))
    for section in table.values():
        for spelled in section.values():
            for word in spelled if isinstance(spelled, list) else ():
                assert word == " ".join(word.casefold().split())
