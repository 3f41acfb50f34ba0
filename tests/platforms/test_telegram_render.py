"""Cards as Telegram messages: each span and part, nothing live that was not meant to be, nothing over a limit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.cards import (
    Bold,
    Button,
    Card,
    Choice,
    Code,
    Field,
    Fields,
    Input,
    Italic,
    Link,
    LinkButton,
    Mention,
    Moment,
    Option,
    Paragraph,
    Picture,
    ProgressBar,
    Question,
    Span,
    Spoiler,
    Text,
)
from bot.platforms.telegram.render import (
    CAPTION_UNITS,
    MESSAGE_BUTTONS,
    TEXT_UNITS,
    Outgoing,
    opens,
    placeholder,
    render,
    render_one,
    render_question,
    toast,
)
from bot.platforms.telegram.rich import WORD_JOINER, bare, units
from tests.fakes.telegram_server.entities import DETECTED, links, part, pings, settle
from tests.fakes.telegram_server.keyboard import read_markup

JOINER = WORD_JOINER


def text_card(*spans: Span) -> Card:
    return Card(parts=(Paragraph(spans),))


def entities(outgoing: Outgoing) -> list[dict[str, Any]]:
    return list(outgoing.entities)


def only(card: Card, at: str = "") -> Outgoing:
    (message,) = render(card, at)
    return message


def stored(outgoing: Outgoing) -> tuple[str, list[dict[str, Any]]]:
    """What Telegram makes of a message: it checks our entities and adds those it detects. Raises ApiError."""
    return settle(outgoing.text, entities(outgoing), lambda user: {"id": user, "is_bot": False, "first_name": "x"})


def live(outgoing: Outgoing) -> list[str]:
    """The words that Telegram links although nobody asked for it."""
    text, found = stored(outgoing)
    return [part(text, entity) for entity in found if entity["type"] in DETECTED]


# ---------------------------------------------------------------- spans


@pytest.mark.parametrize(
    ("span", "text", "entity"),
    [
        (Text("as it is"), "as it is", None),
        (Bold("fact"), "fact", {"type": "bold"}),
        (Italic("title"), "title", {"type": "italic"}),
        (Code("http-rest"), "http-rest", {"type": "code"}),
        (Code("/remind 20:00 dm"), "/remind 20:00 dm", {"type": "code"}),
        (Spoiler("ending"), "ending", {"type": "spoiler"}),
        (Link("proof", "https://example.org/a"), "proof", {"type": "text_link", "url": "https://example.org/a"}),
        (Mention("Ravi"), "Ravi", None),
        (Mention("Ravi", (("discord", "5"),)), "Ravi", None),
        (
            Mention("Ravi", (("telegram", "1007"),)),
            "Ravi",
            {"type": "text_mention", "user": {"id": 1007, "first_name": "Ravi", "is_bot": False}},
        ),
        (Moment(datetime(2026, 11, 20, tzinfo=UTC), "Fri 20 Nov, 05:30"), "Fri 20 Nov, 05:30", None),
    ],
)
def test_each_span_becomes_words_with_at_most_one_entity(span: Span, text: str, entity: dict[str, Any] | None) -> None:
    message = only(text_card(Text("😀 "), span, Text(" after")))
    assert message.text == f"😀 {text} after"
    # The emoji counts for two.
    place = {"offset": 3, "length": len(text)}
    assert entities(message) == ([entity | place] if entity else [])


def test_a_command_alone_is_left_to_be_tapped_and_names_us_in_groups() -> None:
    card = text_card(Text("All: "), Code("/roadmaps"), Text(" or "), Code("/remind 20:00"))
    private = only(card)
    assert live(private) == ["/roadmaps"]
    group = only(card, "@roadmate_bot")
    assert group.text == "All: /roadmaps@roadmate_bot or /remind@roadmate_bot 20:00"
    assert live(group) == ["/roadmaps@roadmate_bot"]
    assert [entity["type"] for entity in group.entities] == ["code"]


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/x",
        "javascript:alert(1)",
        "https://",
        "http://[broken",
        "https://a.b/\u202ex",
        "https://a. b/",
    ],
)
def test_an_address_that_telegram_would_refuse_is_shown_as_words(url: str) -> None:
    message = only(text_card(Link("proof", url)))
    assert bare(message.text) == f"proof ({url})"
    assert message.entities == ()
    assert live(message) == []


# ---------------------------------------------------------------- parts


def test_a_card_reads_from_title_to_last_part_line_by_line() -> None:
    card = Card(
        title=(Bold("HTTP"), Text(" · done")),
        parts=(
            ProgressBar(20, (Text("2 of 10 steps"),)),
            Fields((Field("Zone", (Text("Asia/Kolkata"),)), Field("Hours", (Bold("2"),)))),
            Paragraph((Text("one\ntwo"),)),
        ),
    )
    message = only(card)
    assert bare(message.text) == "HTTP · done\n▰▰▱▱▱▱▱▱▱▱ 2 of 10 steps\nZone: Asia/Kolkata\nHours: 2\none\ntwo"
    marked = [(entity["type"], part(message.text, entity)) for entity in message.entities]
    assert marked == [("bold", "HTTP"), ("bold", "Zone:"), ("bold", "Hours:"), ("bold", "2")]


def test_a_short_text_is_the_caption_of_the_picture_and_a_long_one_follows_it() -> None:
    picture = Picture(b"png", "a bar of 30%")
    button = Button("Undo", "undo 7")
    caption = only(Card(parts=(Paragraph((Text("short"),)),), picture=picture, rows=((button,),)))
    assert (caption.text, caption.photo) == ("short", b"png")
    assert caption.keyboard is not None
    words = "word " * 300
    photo, text = render(Card(parts=(Paragraph((Text(words),)),), picture=picture, rows=((button,),)))
    assert (photo.text, photo.photo, photo.keyboard) == ("", b"png", None)
    assert (text.text, text.photo) == (words.strip(), None)
    assert text.keyboard is not None
    assert only(Card(picture=picture)).text == "a bar of 30%"


# ---------------------------------------------------------------- what can be pressed


def test_options_stand_one_on_a_row_before_the_buttons_and_carry_their_owner() -> None:
    options = (
        Option("Thu 20 May 2027", "join backend deadline:2027-05-20", "in 26 weeks"),
        Option("L" * 80, "join other", "a long explanation that does not fit on a phone"),
    )
    other = Button("Other…", "join deadline:?", only=83)
    card = Card(parts=(Paragraph((Text("When?"),)),), choice=Choice("Choose", options, only=83), rows=((other,),))
    message = only(card)
    assert message.keyboard is not None
    rows = [[(b["text"], b["callback_data"]) for b in row] for row in message.keyboard["inline_keyboard"]]
    assert rows == [
        [("Thu 20 May 2027 · in 26 weeks", "~2b join backend deadline:2027-05-20")],
        [("L" * 63 + "…", "~2b join other")],
        [("Other…", "~2b join deadline:?")],
    ]


def test_rows_wrap_at_eight_and_keyboards_continue_after_a_hundred() -> None:
    row = tuple(Button(str(n), f"next {n}") for n in range(20))
    messages = render(Card(parts=(Paragraph((Text("Pick"),)),), rows=(row,) * 6))
    assert [m.text for m in messages] == ["Pick", "…"]
    keyboards = [m.keyboard for m in messages]
    assert all(keyboard is not None for keyboard in keyboards)
    sizes = [[len(buttons) for buttons in k["inline_keyboard"]] for k in keyboards if k]
    assert max(max(rows) for rows in sizes) == 8
    assert sum(sum(rows) for rows in sizes) == 120
    assert max(sum(rows) for rows in sizes) <= MESSAGE_BUTTONS


def test_a_link_button_that_telegram_would_refuse_is_said_instead() -> None:
    good, bad = LinkButton("Open", "https://example.org"), LinkButton("Local", "http://localhost:8080/")
    message = only(Card(title=(Text("Links"),), rows=((good, bad),)))
    assert bare(message.text) == "Links\nLocal: http://localhost:8080/"
    assert message.keyboard is not None
    assert [b["url"] for row in message.keyboard["inline_keyboard"] for b in row] == ["https://example.org"]


def test_a_card_of_buttons_alone_has_words_to_stand_under() -> None:
    assert only(Card(rows=((Button("Go", "next"),),))).text == "…"
    assert only(Card()).text == "…"


def test_a_question_names_what_it_wants_and_whom() -> None:
    inputs = (Input("minutes", "How long", "90, or 1h30"), Input("note", "A word about it", "What you did"))
    alone = render_question("en", Question("checkin", "Friday: how long?", inputs[:1]))
    assert (alone.text, entities(alone)) == ("Friday: how long?", [{"type": "bold", "offset": 0, "length": 17}])
    asha = Mention("Asha", (("telegram", "7"),))
    both = render_question("en", Question("checkin", "How long?", inputs), asha)
    assert both.text == "Asha: How long?\nAnswer in one message:\n• How long\n• A word about it"
    assert [entity["type"] for entity in both.entities] == ["text_mention", "bold"]
    assert placeholder("en", Question("checkin", "?", inputs)) == "90, or 1h30, What you did"
    assert len(placeholder("en", Question("x", "?", (Input("a", "b", "c" * 90),))) or "") == 64
    assert placeholder("en", Question("x", "?", (Input("a", "b"),))) is None


def test_a_few_words_are_a_toast_and_everything_else_a_message() -> None:
    assert toast(text_card(Bold("Counted"), Text(" already."))) == "Counted already."
    assert toast(text_card(Text("x" * 201))) is None
    assert toast(text_card(Text("😀" * 101))) is None
    assert toast(text_card(Link("see", "https://a.org"))) is None
    assert toast(text_card(Text("no")).with_rows([Button("Help", "help")])) is None
    assert toast(Card()) is None


# ---------------------------------------------------------------- limits


def test_a_long_text_is_cut_at_line_ends_and_its_buttons_are_on_the_last() -> None:
    lines = [f"{n:03} {'word ' * 9}".strip() for n in range(200)]
    card = text_card(Text("\n".join(lines))).with_rows([Button("Undo", "undo 1")])
    messages = render(card)
    assert len(messages) == 3
    assert all(units(m.text) <= TEXT_UNITS for m in messages)
    assert [line for m in messages for line in m.text.split("\n")] == lines
    assert [m.keyboard is not None for m in messages] == [False, False, True]


def test_a_mark_over_a_cut_is_on_both_sides_of_it() -> None:
    first, second = render(text_card(Bold("😀" * 3000)))
    assert [len(m.text) for m in (first, second)] == [2048, 952]
    assert entities(first) == [{"type": "bold", "offset": 0, "length": 4096}]
    assert entities(second) == [{"type": "bold", "offset": 0, "length": 1904}]


def test_more_marks_than_telegram_shows_continue_in_a_second_message() -> None:
    spans = [span for n in range(130) for span in (Bold(f"b{n}"), Text("\n"))]
    messages = render(text_card(*spans))
    assert [len(m.entities) for m in messages] == [100, 30]


def test_in_the_place_of_another_message_there_is_room_for_one() -> None:
    card = text_card(Text("word " * 2000)).with_rows([Button("Undo", "undo 1")])
    message = render_one(card)
    assert message.text.endswith("word\n…")
    assert units(message.text) <= TEXT_UNITS
    assert message.keyboard is not None
    assert render_one(text_card(Text("short"))) == only(text_card(Text("short")))
    long = Card(parts=(Paragraph((Text("word " * 500),)),), picture=Picture(b"png", "alt"))
    assert units(render_one(long).text) <= CAPTION_UNITS
    assert render_one(long).photo == b"png"


# ---------------------------------------------------------------- what people write

NASTY = [
    "@everyone",
    "@ravi and mail@example.org",
    "https://evil.example.org/path?q=1#x",
    "http://user:pw@evil.com:80/",
    "evil.com t.me/joinchat a.b.co.uk",
    "tg://resolve?domain=x ton://x",
    "#tag #1 #1a ##b $USD",
    "/undo a/b //c ./d </e",
    "+49 (151) 123-456-789 4111 1111 1111 1111 1234567",
    "127.0.0.1:8080 1.5 h 3.14. v1.2.3",
    "**bold** __it__ `code` [a](https://b.org) ||sp|| <b>x</b> &lt; ```pre```",
    "\u202egnp.exe \u200f@x",
]
PIECES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(NASTY),
    st.sampled_from(["@", "/", "#", "$", ".", ":", "//", "t.me", "com", "a", "1", "😀", "\n", " ", JOINER, "ravi"]),
)
WORDS = st.lists(PIECES, max_size=12).map("".join)
SPANS: st.SearchStrategy[Span] = st.one_of(
    WORDS.map(Text),
    WORDS.map(Bold),
    WORDS.map(Italic),
    WORDS.map(Spoiler),
    WORDS.map(Mention),
    st.builds(lambda name: Mention(name, (("telegram", "1007"),)), WORDS),
    st.builds(Link, WORDS, st.one_of(WORDS, st.sampled_from(["https://example.org/a", "http://localhost/"]))),
    st.builds(lambda text: Moment(datetime(2026, 11, 20, tzinfo=UTC), text), WORDS),
)


@pytest.mark.parametrize("text", NASTY)
def test_what_people_write_reads_the_same_and_links_nothing(text: str) -> None:
    message = only(text_card(Text(text)))
    assert bare(message.text) == text.strip()
    assert message.entities == ()
    assert live(message) == []


def test_a_mark_covers_its_words_and_what_makes_them_inert() -> None:
    message = only(text_card(Text("by @"), Bold("@ravi and x.org"), Text("/a "), Italic("t.me")))
    marked = [bare(part(message.text, entity)) for entity in message.entities]
    assert marked == ["@ravi and x.org", "t.me"]
    assert live(message) == []


@pytest.mark.parametrize("text", ["#1 of 3, at 19:42, on 2026-11-20", "1.5 h and 3.14", "well... so. And", "a - b"])
def test_words_that_link_nothing_are_left_as_they_are(text: str) -> None:
    assert only(text_card(Text(text))).text == text


@example([Text("@"), Bold("everyone")])
@example([Text("see exam"), Text("ple.org"), Text("/x")])
@example([Text("a/"), Italic("undo")])
@example([Text("a" * 4095 + "/undo")])
@example([Link("TON://[", "https://example.org/a")])
@settings(deadline=None)
@given(st.lists(SPANS, max_size=8))
def test_nothing_anybody_writes_is_live_or_pings_or_breaks_a_message(spans: list[Span]) -> None:
    card = Card(parts=(Paragraph(tuple(spans)),))
    for message in render(card):
        text, found = stored(message)
        assert [entity for entity in found if entity["type"] in DETECTED] == []
        assert pings(text, found, [(1, "everyone"), (2, "ravi"), (1007, None)]) <= {1007}
        allowed = {span.url for span in spans if isinstance(span, Link)}
        assert {link.url for link in links(text, found, {"is_disabled": True})} <= allowed
        assert 0 < units(message.text) <= TEXT_UNITS


@settings(deadline=None)
@given(st.lists(SPANS, max_size=8), st.integers(1, 60))
def test_a_split_loses_no_word_and_every_piece_keeps_its_marks(spans: list[Span], times: int) -> None:
    whole = [Bold("mark"), *spans] * times
    messages = render(Card(parts=(Paragraph(tuple(whole)),)))
    for message in messages:
        assert stored(message)[0]
        assert len(message.entities) <= 100
        assert units(message.text) <= TEXT_UNITS
    told = "".join("".join(message.text.split()) for message in messages)
    written = "".join(_said(span) for span in whole)
    assert bare(told) == bare("".join(written.split()))


def _said(span: Span) -> str:
    if isinstance(span, Link) and not (opens(span.url) and span.text.strip()):
        return f"{span.text} ({span.url})"
    if isinstance(span, Moment):
        return span.fallback
    return span.name if isinstance(span, Mention) else span.text


@settings(deadline=None)
@given(
    st.lists(st.lists(st.tuples(WORDS, st.text(min_size=1, max_size=12)), max_size=12), max_size=12),
    st.lists(st.tuples(WORDS, st.text(min_size=1, max_size=12), WORDS), max_size=25),
)
def test_every_keyboard_is_one_that_telegram_takes(
    rows: list[list[tuple[str, str]]], options: list[tuple[str, str, str]]
) -> None:
    choice = Choice("Choose", tuple(Option(*option) for option in options)) if options else None
    card = Card(rows=tuple(tuple(Button(label, line) for label, line in row) for row in rows), choice=choice)
    messages = render(card)
    lines = []
    for message in messages:
        markup = read_markup(message.keyboard)
        lines += [button.data for row in markup.keyboard for button in row]
    assert lines == [line for _, line, _ in options] + [line for row in rows for _, line in row]
