"""Cards: what a line may weigh, who may press it, and that nothing is lost on the way there and back."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import (
    LINE_BYTES,
    Bold,
    Button,
    Card,
    Choice,
    Code,
    Input,
    Italic,
    LineTooLong,
    Link,
    Mention,
    Moment,
    Option,
    Paragraph,
    ProgressBar,
    Question,
    Spoiler,
    Text,
    base36,
    check_line,
    owner_that_fits,
    plain,
    sign,
    unsign,
)

lines = st.text(min_size=1, max_size=60).filter(lambda line: not line.startswith("~"))
members = st.integers(0, 2**63 - 1)


@given(lines, st.none() | members)
def test_a_signed_line_comes_back_with_its_owner(line: str, only: int | None) -> None:
    assert unsign(sign(line, only)) == (line, only)


@given(members)
def test_base_36_is_read_back(number: int) -> None:
    assert int(base36(number), 36) == number
    assert base36(number) == base36(number).casefold().lstrip("0") or number == 0


def test_base_36_has_no_negative_numbers() -> None:
    with pytest.raises(ValueError, match="only ids"):
        base36(-1)


@given(st.text(max_size=100))
def test_whatever_a_platform_gives_back_is_taken_apart(press: str) -> None:
    line, owner = unsign(press)
    assert owner is None or isinstance(owner, int)
    if owner is None:
        assert line == press


@pytest.mark.parametrize("press", ["~", "~ done", "~!! done sql", "~1"])
def test_an_odd_owner_is_no_owner_and_never_a_fault(press: str) -> None:
    line, owner = unsign(press)
    assert (line, owner) in ((press, None), ("", 1))


@given(st.text(min_size=1, max_size=100), st.none() | members)
def test_a_button_fits_into_64_bytes_or_is_not_made(line: str, only: int | None) -> None:
    size = len(sign(line, only).encode())
    if size <= LINE_BYTES:
        assert Button("Do", line, only).press == sign(line, only)
    else:
        with pytest.raises(LineTooLong, match=str(size)):
            Button("Do", line, only)


def test_the_limit_is_exact_in_bytes() -> None:
    check_line("x" * 64)
    check_line("é" * 32)
    for line in ("x" * 65, "é" * 33, ""):
        with pytest.raises(LineTooLong):
            check_line(line)


def test_the_longest_slugs_fit_a_public_button() -> None:
    Button("Done", f"done {'r' * 24}/{'s' * 32}")
    with pytest.raises(LineTooLong):
        Button("Done", f"done {'r' * 24}/{'s' * 32}", only=2**40)


@given(lines.filter(lambda line: len(line.encode()) <= LINE_BYTES), members)
def test_the_owner_is_kept_whenever_it_fits(line: str, member: int) -> None:
    owner = owner_that_fits(line, member)
    assert owner in (member, None)
    assert Button("Do", line, owner).press
    assert (owner is None) == (len(sign(line, member).encode()) > LINE_BYTES)


def test_every_answer_of_a_choice_and_every_question_is_weighed() -> None:
    long = "x" * 65
    with pytest.raises(LineTooLong):
        Choice("Choose", (Option("a", "a"), Option("b", long)))
    with pytest.raises(LineTooLong):
        Choice("Choose", (Option("a", "x" * 62),), only=5)
    with pytest.raises(LineTooLong):
        Question(long, "?", (Input("a", "A"),))
    with pytest.raises(ValueError, match="at least one input"):
        Question("a", "?", ())


@given(st.integers(0, 100))
def test_a_bar_has_ten_boxes_and_is_full_only_when_done(percent: int) -> None:
    bar = ProgressBar(percent, ()).bar
    assert len(bar) == 10
    assert bar.count("▰") == percent // 10
    assert ("▱" not in bar) == (percent == 100)
    assert bar == "▰" * bar.count("▰") + "▱" * bar.count("▱")


@pytest.mark.parametrize("percent", [-1, 101])
def test_there_is_no_bar_beyond_its_ends(percent: int) -> None:
    with pytest.raises(ValueError, match=str(percent)):
        ProgressBar(percent, ())


def test_plain_words_leave_nothing_out() -> None:
    spans = (
        Text("a"),
        Bold("b"),
        Italic("c"),
        Code("d"),
        Link("e", "https://x.org"),
        Mention("f", (("test", "1"),)),
        Moment(datetime(2026, 11, 20, tzinfo=UTC), "g"),
        Spoiler("h"),
    )
    assert plain(spans) == "abcdefgh"


def test_a_mention_knows_its_accounts() -> None:
    mention = Mention("Asha", (("discord", "1"), ("telegram", "2")))
    assert (mention.on("telegram"), mention.on("console")) == ("2", None)


def test_a_card_is_never_changed_but_made_anew() -> None:
    card = Card(title=(Text("t"),))
    more = card.with_parts(Paragraph((Text("p"),))).with_rows([Button("a", "a")], [Button("b", "b")])
    assert (card.parts, card.rows) == ((), ())
    assert (len(more.parts), len(more.rows)) == (1, 2)
    receipt = dataclasses.replace(more, choice=Choice("?", (Option("a", "a"),))).without_buttons()
    assert (receipt.rows, receipt.choice, receipt.parts) == ((), None, more.parts)
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.title = ()  # type: ignore[misc]  # the point
