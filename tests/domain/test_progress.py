"""Laws of the ledger: what it amounts to, whatever order it is read in and however the file has changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.progress import EventKind, Progress, StepEvent, fold
from bot.domain.roadmap import Roadmap, Signals, Step
from bot.library import Library
from tests.domain.roadmaps import course, roadmaps, step

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TODAY = date(2026, 11, 20)
SHIPPED = Library.load(Path(__file__).parents[2] / "roadmaps").roadmaps


def event(id: int, slug: str, kind: EventKind = "done", reverts: int | None = None) -> StepEvent:
    return StepEvent(id, slug, kind, NOW, TODAY, reverts)


def did(*slugs: str) -> list[StepEvent]:
    return [event(n, slug) for n, slug in enumerate(slugs, start=1)]


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[Roadmap, list[StepEvent]]:
    """Any roadmap and any ledger on it: done, skipped, taken back, of steps old and unknown too."""
    roadmap = draw(roadmaps())
    names = [name for s in roadmap.steps for name in (s.slug, *s.renamed_from)] + ["never-was"]
    events: list[StepEvent] = []
    for id in range(1, draw(st.integers(0, 15)) + 1):
        open_ids = [e.id for e in events if e.kind != "reverted" and e.id not in {r.reverts for r in events}]
        if open_ids and draw(st.integers(0, 3)) == 0:
            taken = draw(st.sampled_from(open_ids))
            events.append(event(id, next(e.step for e in events if e.id == taken), "reverted", taken))
        else:
            events.append(event(id, draw(st.sampled_from(names)), draw(st.sampled_from(["done", "skipped"]))))
    return roadmap, events


def same(one: Progress, other: Progress) -> bool:
    return (one.done, one.skipped) == (other.done, other.skipped)


@given(ledgers(), st.randoms())
def test_the_order_of_reading_does_not_matter(ledger: tuple[Roadmap, list[StepEvent]], random: object) -> None:
    roadmap, events = ledger
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    assert same(fold(roadmap, events), fold(roadmap, shuffled))


@given(ledgers(), st.data())
def test_taking_back_the_last_event_leads_to_where_it_was_before(
    ledger: tuple[Roadmap, list[StepEvent]], data: st.DataObject
) -> None:
    roadmap, events = ledger
    before = fold(roadmap, events)
    slug = data.draw(st.sampled_from([s.slug for s in roadmap.steps]))
    kind: EventKind = data.draw(st.sampled_from(["done", "skipped"]))
    new = event(100, slug, kind)
    back = event(101, slug, "reverted", 100)
    assert same(fold(roadmap, [*events, new, back]), before)
    assert same(fold(roadmap, [*events, new, back, event(102, slug, kind)]), fold(roadmap, [*events, new]))


@given(ledgers(), st.data())
def test_doing_a_step_never_lowers_anything(ledger: tuple[Roadmap, list[StepEvent]], data: st.DataObject) -> None:
    roadmap, events = ledger
    before = fold(roadmap, events)
    after = fold(roadmap, [*events, event(100, data.draw(st.sampled_from([s.slug for s in roadmap.steps])))])
    assert after.percent >= before.percent
    assert after.done_count >= before.done_count
    assert after.hours_left <= before.hours_left


@given(ledgers(), st.data())
def test_leaving_out_what_is_not_done_never_raises_what_is_left(
    ledger: tuple[Roadmap, list[StepEvent]], data: st.DataObject
) -> None:
    roadmap, events = ledger
    before = fold(roadmap, events)
    undone = [s.slug for s in roadmap.steps if s.slug not in before.done]
    if undone:
        after = fold(roadmap, [*events, event(100, data.draw(st.sampled_from(undone)), "skipped")])
        assert after.total_count <= before.total_count
        assert after.done_count == before.done_count
        assert after.hours_left <= before.hours_left


@given(ledgers())
def test_the_counts_agree_with_each_other(ledger: tuple[Roadmap, list[StepEvent]]) -> None:
    roadmap, events = ledger
    progress = fold(roadmap, events)
    assert 0 <= progress.done_count <= progress.total_count <= len(roadmap.requirements)
    assert 0 <= progress.percent <= 100
    assert not progress.done & progress.skipped
    assert progress.finished == (progress.percent == 100)
    levels = [progress.of_level(level) for level in roadmap.levels]
    assert (sum(done for done, _ in levels), sum(total for _, total in levels)) == (
        progress.done_count,
        progress.total_count,
    )
    assert (progress.hours_left > 0) == (progress.done_count < progress.total_count)


@given(ledgers())
def test_there_is_a_next_step_until_nothing_is_left_and_it_is_free(ledger: tuple[Roadmap, list[StepEvent]]) -> None:
    roadmap, events = ledger
    progress = fold(roadmap, events)
    following = progress.next_step
    unsettled = [s for s in roadmap.live_steps if not progress.settled(s)]
    assert (following is None) == (not unsettled)
    if following is not None:
        assert following in unsettled
        assert not progress.missing(following)
        if following.optional:
            assert all(s.optional for s in unsettled)


@given(roadmaps())
@settings(max_examples=50)
def test_following_the_next_step_finishes_any_roadmap(roadmap: Roadmap) -> None:
    taken: list[str] = []
    while (following := fold(roadmap, did(*taken)).next_step) is not None:
        assert following.slug not in taken
        taken.append(following.slug)
    assert fold(roadmap, did(*taken)).finished
    position = {s.slug: n for n, s in enumerate(taken_steps(roadmap, taken))}
    for slug in taken:
        found = roadmap.step(slug)
        assert found is not None
        assert all(position.get(need, -1) < position[slug] for need in found.needs)


def taken_steps(roadmap: Roadmap, slugs: Iterable[str]) -> list[Step]:
    return [found for slug in slugs if (found := roadmap.step(slug))]


@given(ledgers())
def test_a_renamed_step_keeps_what_was_done_under_its_old_name(ledger: tuple[Roadmap, list[StepEvent]]) -> None:
    roadmap, events = ledger
    newer = roadmap.model_copy(
        update={
            "levels": tuple(
                level.model_copy(
                    update={
                        "steps": tuple(
                            s.model_copy(
                                update={
                                    "slug": f"new-{s.slug}",
                                    "renamed_from": (*s.renamed_from, s.slug),
                                    "needs": tuple(f"new-{need}" for need in s.needs),
                                }
                            )
                            for s in level.steps
                        )
                    }
                )
                for level in roadmap.levels
            )
        }
    )
    old, new = fold(roadmap, events), fold(newer, events)
    assert new.done == {f"new-{slug}" for slug in old.done}
    assert (new.percent, new.done_count, new.total_count) == (old.percent, old.done_count, old.total_count)


def test_a_choice_counts_once_and_any_of_it_will_do() -> None:
    roadmap = course(step("a"), step("b", one_of="x", hours=8), step("c", one_of="x", hours=4), step("d", needs=("b",)))
    nothing = fold(roadmap, [])
    assert (nothing.total_count, nothing.hours_left) == (3, 24)
    one = fold(roadmap, did("c"))
    both = fold(roadmap, did("c", "b"))
    assert (one.done_count, both.done_count, one.hours_left) == (1, 1, 20)
    found = roadmap.step("d")
    assert found is not None
    assert one.missing(found) == ()
    assert {s.slug for s in nothing.missing(found)} == {"b"}


def test_a_choice_is_skipped_only_as_a_whole() -> None:
    roadmap = course(step("a"), step("b", one_of="x"), step("c", one_of="x"))
    assert fold(roadmap, [event(1, "b", "skipped")]).total_count == 2
    whole = fold(roadmap, [event(1, "b", "skipped"), event(2, "c", "skipped")])
    assert whole.total_count == 1
    one_done = fold(roadmap, [event(1, "b", "skipped"), event(2, "c")])
    assert (one_done.done_count, one_done.total_count) == (1, 2)


def test_who_did_an_alternative_before_it_was_retired_keeps_the_credit() -> None:
    before = course(step("a"), step("b", one_of="x"), step("c", one_of="x"))
    after = course(step("a"), step("b", one_of="x", retired=True), step("c", one_of="x"))
    assert fold(before, did("b")).percent == fold(after, did("b")).percent == 50
    following = fold(after, did("b")).next_step
    assert following is not None
    assert following.slug == "a"


def test_a_retired_step_stands_outside_and_is_still_remembered() -> None:
    roadmap = course(step("a"), step("b", retired=True))
    assert fold(roadmap, did("b")).done == {"b"}
    assert (fold(roadmap, did("b")).percent, fold(roadmap, did("a")).percent) == (0, 100)


def test_a_step_that_left_the_file_stands_outside_without_harm() -> None:
    assert fold(course(step("a")), did("a", "gone")).percent == 100


def test_skipping_lowers_the_total_and_doing_it_after_all_restores_it() -> None:
    roadmap = course(step("a"), step("b"), step("c"))
    ledger = [event(1, "a"), event(2, "b", "skipped")]
    assert (fold(roadmap, ledger).percent, fold(roadmap, ledger).total_count) == (50, 2)
    assert fold(roadmap, [*ledger, event(3, "b")]).percent == 66
    assert fold(roadmap, [*ledger, event(3, "b", "reverted", 2)]).percent == 33


def test_everything_skipped_is_not_finished() -> None:
    progress = fold(course(step("a")), [event(1, "a", "skipped")])
    assert (progress.finished, progress.percent, progress.next_step) == (False, 0, None)


def test_taking_back_one_of_two_leaves_the_other() -> None:
    """Done, and later again with a proof: without the proof it is still done."""
    roadmap = course(step("a"), step("b"))
    ledger = [event(1, "a"), event(2, "a"), event(3, "a", "reverted", 2)]
    assert fold(roadmap, ledger).done == {"a"}
    assert fold(roadmap, [*ledger, event(4, "a", "reverted", 1)]).done == frozenset()


def test_signals_decide_only_within_a_choice() -> None:
    def graded(importance: str, demand: str, risk: str) -> Signals:
        return Signals.model_validate({"importance": importance, "demand": demand, "automation_risk": risk})

    low, high = graded("low", "low", "high"), graded("high", "high", "low")
    following = fold(course(step("a", signals=low), step("b", signals=high)), []).next_step
    assert following is not None
    assert following.slug == "a"
    for better, worse in (
        (graded("high", "low", "high"), graded("medium", "high", "low")),
        (graded("high", "high", "high"), graded("high", "medium", "low")),
        (graded("high", "high", "low"), graded("high", "high", "medium")),
    ):
        roadmap = course(step("a", signals=worse, one_of="x"), step("b", signals=better, one_of="x"))
        chosen = fold(roadmap, []).next_step
        assert chosen is not None
        assert chosen.slug == "b"


@pytest.mark.parametrize("slug", sorted(SHIPPED))
def test_the_next_step_follows_the_file_on_every_shipped_roadmap(slug: str) -> None:
    roadmap = SHIPPED[slug]
    taken: list[str] = []
    while (following := fold(roadmap, did(*taken)).next_step) is not None and not following.optional:
        taken.append(following.slug)
    of_unit = {s.slug: n for n, unit in enumerate(roadmap.requirements) for s in unit}
    assert [of_unit[s] for s in taken] == list(range(len(roadmap.requirements)))
    assert fold(roadmap, did(*taken)).finished


@pytest.mark.parametrize("slug", sorted(SHIPPED))
def test_unlocks_counts_what_names_the_step_and_is_still_to_do(slug: str) -> None:
    roadmap = SHIPPED[slug]
    for one in roadmap.live_steps:
        dependants = [s.slug for s in roadmap.live_steps if one.slug in s.needs]
        assert fold(roadmap, []).unlocks(one) == len(dependants)
        assert fold(roadmap, did(*dependants)).unlocks(one) == 0
