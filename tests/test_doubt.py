"""What becomes of a send in doubt, as a table and as laws: never twice where that can be known, never lost silently."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.courier.doubt import (
    END_CUT_OFF,
    END_HELD,
    END_MOOT,
    END_TOO_LATE,
    SET_BACK,
    Arrived,
    Decision,
    Doubt,
    End,
    Look,
    SendAgain,
    Wait,
    decide,
    decide_knowing,
)
from bot.delivery import Address, Closed, Doubtful, Forbidden, Gone, Later, Moved, Outcome, Rejected, Sent
from bot.domain.reason import QUIET

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)

FRESH = Doubt(
    now=NOW,
    handed_at=NOW - 30 * SECOND,
    key_holds=80 * SECOND,
    expires_at=NOW + HOUR,
    sayable=True,
    quiet_until=None,
    resend=True,
)
"""Cut off half a minute ago on a platform that still knows the key."""

OLD = replace(FRESH, handed_at=NOW - 2 * MINUTE)
"""Its key may be forgotten by now."""

LATE = replace(OLD, expires_at=NOW)
MOOT = replace(OLD, sayable=False)
HUSHED = replace(OLD, sayable=False, quiet_until=NOW + 10 * MINUTE)
HUSHED_TOO_LONG = replace(HUSHED, quiet_until=NOW + HOUR)
NEWS = replace(OLD, resend=False)

UNKNOWN = Doubtful("nobody can tell")
NOT_NOW = Later(7, "ask again")


@pytest.mark.parametrize(
    ("doubt", "decision"),
    [
        (FRESH, SendAgain()),
        (replace(FRESH, resend=False), SendAgain()),
        (replace(FRESH, handed_at=NOW), SendAgain()),
        (replace(FRESH, handed_at=NOW - 79 * SECOND), SendAgain()),
        (replace(FRESH, handed_at=NOW - 80 * SECOND), Look(NOW - 80 * SECOND)),
        (OLD, Look(OLD.handed_at)),
        (replace(FRESH, key_holds=timedelta(0)), Look(FRESH.handed_at)),
        (replace(FRESH, key_holds=-40 * SECOND), Look(FRESH.handed_at)),
        (replace(FRESH, expires_at=NOW), Look(FRESH.handed_at)),
        (replace(FRESH, sayable=False), Look(FRESH.handed_at)),
        (replace(FRESH, sayable=False, quiet_until=NOW + MINUTE), Look(FRESH.handed_at)),
        # The clock was set back since: nobody knows how long ago it was.
        (replace(FRESH, handed_at=NOW + 5 * MINUTE), Look(NOW - SET_BACK)),
    ],
)
def test_first_the_key_is_relied_on_or_the_platform_is_asked(doubt: Doubt, decision: SendAgain | Look) -> None:
    assert decide(doubt) == decision


@pytest.mark.parametrize(
    ("doubt", "absent", "unknown"),
    [
        (OLD, SendAgain(), SendAgain()),
        (NEWS, SendAgain(), END_HELD),
        (LATE, END_TOO_LATE, END_CUT_OFF),
        (MOOT, END_MOOT, END_MOOT),
        (replace(MOOT, expires_at=NOW), END_MOOT, END_MOOT),
        (HUSHED, Wait(NOW + 10 * MINUTE, QUIET), Wait(NOW + 10 * MINUTE, QUIET)),
        (HUSHED_TOO_LONG, END_TOO_LATE, END_CUT_OFF),
        (replace(HUSHED, expires_at=NOW), END_TOO_LATE, END_CUT_OFF),
    ],
)
def test_then_what_the_platform_said_decides(doubt: Doubt, absent: Decision, unknown: Decision) -> None:
    assert decide_knowing(doubt, None) == absent
    assert decide_knowing(doubt, UNKNOWN) == unknown
    assert decide_knowing(doubt, Sent("m7")) == Arrived("m7")
    assert decide_knowing(doubt, NOT_NOW) == Wait(NOW + 7 * SECOND, "ask again")


@pytest.mark.parametrize(
    "answer", [Closed("no"), Gone("no"), Moved(Address("memory", "2")), Forbidden("no"), Rejected("no")]
)
def test_an_answer_that_tells_nothing_leaves_the_doubt(answer: Outcome) -> None:
    assert decide_knowing(NEWS, answer) == END_HELD
    assert decide_knowing(LATE, answer) == END_CUT_OFF


# ------------------------------------------------------------ laws


spans = st.integers(-7200, 7200).map(lambda seconds: timedelta(seconds=seconds))
doubts = st.builds(
    Doubt,
    now=st.just(NOW),
    handed_at=spans.map(lambda span: NOW + span),
    key_holds=spans | st.just(timedelta.max),
    expires_at=spans.map(lambda span: NOW + span),
    sayable=st.just(True),
    quiet_until=st.none(),
    resend=st.booleans(),
) | st.builds(
    Doubt,
    now=st.just(NOW),
    handed_at=spans.map(lambda span: NOW + span),
    key_holds=spans | st.just(timedelta.max),
    expires_at=spans.map(lambda span: NOW + span),
    sayable=st.just(False),
    quiet_until=st.none() | st.integers(1, 7200).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    resend=st.booleans(),
)
answers = st.sampled_from([None, Sent("m7"), UNKNOWN, NOT_NOW, Gone("no"), Rejected("no"), Forbidden("no")])


def decided(doubt: Doubt, answer: Outcome | None) -> Decision:
    """What becomes of it when the platform, if it is asked, says so."""
    first = decide(doubt)
    return decide_knowing(doubt, answer) if isinstance(first, Look) else first


@given(doubts, st.booleans())
def test_where_the_platform_can_tell_nothing_is_said_twice(doubt: Doubt, arrived: bool) -> None:
    """By a key that it still knows or by a look that finds it: sending again adds no message to one that is there."""
    decision = decided(doubt, Sent("m7") if arrived else None)
    if isinstance(decision, SendAgain) and arrived:
        assert doubt.key_is_known


@given(doubts, answers)
def test_what_may_have_arrived_is_sent_again_only_where_a_double_is_better_than_a_silence(
    doubt: Doubt, answer: Outcome | None
) -> None:
    decision = decided(doubt, answer)
    if isinstance(decision, SendAgain):
        assert doubt.key_is_known or answer is None or doubt.resend


@given(doubts, answers)
def test_only_what_has_something_to_say_in_time_is_sent(doubt: Doubt, answer: Outcome | None) -> None:
    if isinstance(decided(doubt, answer), SendAgain):
        assert doubt.sayable
        assert doubt.now < doubt.expires_at


@given(doubts, st.booleans())
def test_where_the_platform_can_tell_nothing_that_is_worth_saying_is_lost(doubt: Doubt, arrived: bool) -> None:
    decision = decided(doubt, Sent("m7") if arrived else None)
    if isinstance(decision, End):
        assert not arrived
        assert doubt.moot or doubt.late


@given(doubts, answers)
def test_an_end_says_whether_it_may_have_been_said(doubt: Doubt, answer: Outcome | None) -> None:
    """`doubtful` is on record for everything that is given up while nobody knows, except for what has become moot."""
    decision = decided(doubt, answer)
    if isinstance(decision, End) and not doubt.moot:
        assert (decision.state == "doubtful") == (answer is not None)


@given(doubts, answers)
def test_a_wait_ends_in_the_future_and_a_look_begins_in_the_past(doubt: Doubt, answer: Outcome | None) -> None:
    first, decision = decide(doubt), decided(doubt, answer)
    if isinstance(first, Look):
        assert first.since <= doubt.now
    if isinstance(decision, Wait):
        assert decision.until > doubt.now


@given(doubts)
def test_a_clock_that_was_set_back_makes_nobody_rely_on_a_key(doubt: Doubt) -> None:
    if doubt.handed_at > doubt.now:
        assert isinstance(decide(doubt), Look)


def test_each_combination_comes_to_one_decision() -> None:
    """All of the finite part: what it has to say, when, by what key, of what kind, by what answer."""
    contents = [(True, None), (False, None), (False, NOW + MINUTE), (False, NOW + 2 * HOUR)]
    seen = set()
    for (sayable, quiet), expires, holds, resend, answer in product(
        contents, (NOW - HOUR, NOW + HOUR), (timedelta(0), HOUR), (True, False), (None, Sent("m7"), UNKNOWN, NOT_NOW)
    ):
        doubt = Doubt(NOW, NOW - MINUTE, holds, expires, sayable, quiet, resend)
        seen.add(decided(doubt, answer))
    assert seen == {
        SendAgain(),
        Arrived("m7"),
        END_MOOT,
        END_TOO_LATE,
        END_CUT_OFF,
        END_HELD,
        Wait(NOW + 7 * SECOND, "ask again"),
        Wait(NOW + MINUTE, QUIET),
    }
