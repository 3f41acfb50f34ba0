"""What a board counts, who ties, who is named, and what a week finished."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.board import (
    MEASURES,
    Score,
    Standing,
    Standings,
    Window,
    counted_minutes,
    places_named,
    ranked,
    window_end,
    window_start,
)
from bot.domain.progress import StepEvent
from bot.domain.recap import gained
from bot.domain.roadmap import Roadmap
from bot.library import Library

FRIDAY = date(2026, 11, 20)
SCORES = st.lists(
    st.builds(
        Score,
        member=st.integers(1, 10_000),
        name=st.text(max_size=8),
        steps=st.integers(0, 5),
        minutes=st.integers(0, 900),
        streak=st.integers(0, 30),
    ),
    max_size=60,
    unique_by=lambda score: score.member,
)


def test_a_step_is_worth_more_than_three_hours() -> None:
    assert Score(1, "Asha", steps=1).points > Score(2, "Ravi", minutes=180).points
    assert Score(1, "Asha", steps=2, minutes=99).points == 49


def test_hours_of_one_day_count_up_to_six() -> None:
    assert [counted_minutes(minutes) for minutes in (600, 30, 360)] == [360, 30, 360]


def test_equal_scores_share_a_rank_and_the_next_leaves_room() -> None:
    scores = [Score(2, "Asha", steps=2), Score(3, "Kofi", steps=1), Score(1, "mei", steps=1), Score(4, "Ravi")]
    assert [place.rank for place in ranked(scores, "steps")] == [1, 2, 2, 4]
    assert [place.rank for place in ranked(scores[1:], "steps", 11, 7)] == [7, 7, 13], "a page goes on where one ended"


@given(SCORES, st.sampled_from(MEASURES))
def test_a_rank_is_one_more_than_the_number_of_better_scores(scores: list[Score], measure: str) -> None:
    by = next(m for m in MEASURES if m == measure)
    scores.sort(key=lambda score: -score.by(by))
    for place in ranked(scores, by):
        assert place.rank == 1 + sum(score.by(by) > place.score.by(by) for score in scores)


@pytest.mark.parametrize(("members", "most"), [(1, 3), (6, 3), (7, 4), (8, 4), (5000, 2500)])
def test_at_most_the_upper_half_is_named_and_at_least_three(members: int, most: int) -> None:
    assert places_named(members) == most


@pytest.mark.parametrize(("rank", "known"), [(2, True), (5, True), (6, False)])
def test_the_one_ahead_is_named_as_on_the_board(rank: int, known: bool) -> None:
    (place,) = ranked([Score(1, "Asha", steps=1)], "steps", rank=rank)
    standing = Standing("week", "steps", 8, place, Score(2, "Kofi", steps=2))
    assert standing.ahead_is_named == known


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (10, 1), (11, 2), (25, 3), (55, 3)])
def test_pages_hold_ten(count: int, pages: int) -> None:
    assert Standings("week", "points", (), 1, count, 60, 0, 0).pages == pages


@pytest.mark.parametrize(
    ("window", "today", "first", "last"),
    [
        ("week", FRIDAY, date(2026, 11, 16), date(2026, 11, 22)),
        ("week", date(2026, 11, 16), date(2026, 11, 16), date(2026, 11, 22)),
        ("week", date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 3)),
        ("month", FRIDAY, date(2026, 11, 1), date(2026, 11, 30)),
        ("month", date(2028, 2, 29), date(2028, 2, 1), date(2028, 2, 29)),
        ("all", FRIDAY, None, date(2026, 11, 21)),
    ],
)
def test_windows_begin_and_end_on_local_dates(window: Window, today: date, first: date | None, last: date) -> None:
    assert (window_start(window, today), window_end(window, today)) == (first, last)


# ---------------------------------------------------------------- what a week finished


@pytest.fixture(scope="module")
def intern() -> Roadmap:
    """The roadmap of several levels."""
    roadmap = Library.load(Path(__file__).parents[2] / "roadmaps").roadmaps["backend-intern"]
    assert len(roadmap.levels) > 1
    return roadmap


def ledger(*done: tuple[str, date]) -> tuple[StepEvent, ...]:
    """Steps done on local dates."""
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    return tuple(StepEvent(id, step, "done", noon, day) for id, (step, day) in enumerate(done, start=1))


def test_a_level_is_passed_in_the_week_of_its_last_step(intern: Roadmap) -> None:
    monday = date(2026, 11, 16)
    level = intern.levels[0]
    *others, last = [step for step in level.steps if not step.optional and not step.retired]
    before = [(step.slug, monday - timedelta(days=1)) for step in others]

    week = gained(intern, ledger(*before, (last.slug, monday)), monday)
    assert (week.steps, week.levels, week.finished) == ((last.title,), (level.title,), False)

    later = gained(intern, ledger(*before, (last.slug, monday)), monday + timedelta(days=7))
    assert (later.steps, later.levels) == ((), ())


def test_a_proof_added_later_finishes_nothing_again(intern: Roadmap) -> None:
    monday = date(2026, 11, 16)
    slug = intern.live_steps[0].slug
    assert gained(intern, ledger((slug, monday - timedelta(days=3)), (slug, monday)), monday).steps == ()


def test_a_roadmap_is_finished_once(intern: Roadmap) -> None:
    monday = date(2026, 11, 16)
    steps = [unit[0].slug for unit in intern.requirements]
    whole = ledger(*((slug, monday) for slug in steps))
    assert gained(intern, whole, monday).finished
    assert not gained(intern, whole, monday + timedelta(days=1)).finished
    assert not gained(intern, whole[1:], monday).finished
