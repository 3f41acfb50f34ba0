"""Cards as Discord messages: what each part looks like, that words stay words, and that every limit is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

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
    Italic,
    Link,
    LinkButton,
    Mention,
    Moment,
    Option,
    Paragraph,
    Part,
    Picture,
    ProgressBar,
    Span,
    Spoiler,
    Text,
    plain,
)
from bot.platforms.discord.markdown import markdown
from bot.platforms.discord.render import (
    Attached,
    Embed,
    Press,
    RenderedMessage,
    SelectMenu,
    Visit,
    carried,
    pieces_of,
    render,
)
from tests.platforms.discord_markdown import Run, read, shown

EIGHT = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ASHA = Mention("Asha", (("telegram", "7"), ("discord", "123456789012345678")))


# ---------------------------------------------------------------- spans


@pytest.mark.parametrize(
    ("span", "written"),
    [
        (Text("plain words, 1.5 h (about)"), "plain words, 1.5 h (about)"),
        (Bold("HTTP and REST APIs"), "**HTTP and REST APIs**"),
        (Italic("a title"), "_a title_"),
        (Code("http-rest"), "`http-rest`"),
        (Spoiler("the answer"), "||the answer||"),
        (Spoiler("a|"), "||a\\|\u200b||"),
        (Link("proof", "https://example.org/a(1)"), "[proof](<https://example.org/a%281%29>)"),
        (ASHA, "<@123456789012345678>"),
        (Mention("Asha *", (("telegram", "7"),)), r"Asha \*"),
        (Mention("Asha", (("discord", "7> @everyone"),)), "Asha"),
        (Moment(EIGHT, "20:00", "time"), "<t:1795185000:t>"),
        (Moment(EIGHT, "20 Nov", "date"), "<t:1795185000:D>"),
        (Moment(EIGHT, "20 Nov 20:00"), "<t:1795185000:f>"),
        (Moment(EIGHT, "in 2 h", "relative"), "<t:1795185000:R>"),
    ],
)
def test_a_span_is_written_as_discord_reads_it(span: Span, written: str) -> None:
    assert markdown((span,)) == written


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("**x** _y_ ~~z~~ ||s||", r"\*\*x\*\* \_y\_ \~\~z\~\~ \|\|s\|\|"),
        ("`code` and ```block```", r"\`code\` and \`\`\`block\`\`\`"),
        (
            "<@1> <@&2> <#3> <t:4:R> </go:5> <:e:6>",
            "\\<@\u200b1> \\<@\u200b&2> \\<#3> \\<t\\:4:R> \\</go:5> \\<\\:e:6>",
        ),
        ("@everyone @here @asha a@b.c", "@\u200beveryone @\u200bhere @asha a@b.c"),
        ("[click](https://x.org)", r"\[click\](https\://x.org)"),
        ("see HTTPS://x.org :smile: 12:30", r"see HTTPS\://x.org \:smile: 12:30"),
        ("discord.gg/abc", r"discord.gg\/abc"),
        ("# a\n- b\n 1. c\n> d\n-# e\n+ f\n#hashtag 1.5", "\\# a\n\\- b\n 1\\. c\n\\> d\n\\-# e\n\\+ f\n#hashtag 1.5"),
        ("a\\", "a\\\\"),
        ("a\r\nb\u2028c\x00d\ud800e", "a\nb\ncde"),
    ],
)
def test_a_members_words_are_written_as_words(words: str, written: str) -> None:
    assert markdown((Text(words),)) == written


def test_marks_that_touch_are_kept_apart() -> None:
    spans = (Bold("a"), Code("b"), Code("c"), Italic("d"), Text("e"), Bold("f"), Italic("g"), Text("_"), Italic("h"))
    marked = [(run.kind, run.text) for run in read(markdown(spans)) if run.text != "\u200b"]
    expected = [
        ("bold", "a"),
        ("code", "b"),
        ("code", "c"),
        ("italic", "d"),
        ("bold", "f"),
        ("italic", "g"),
        ("italic", "h"),
    ]
    assert [run for run in marked if run[0] != "text"] == expected
    assert shown(markdown(spans)) == "abcdefg_h"


def test_words_that_come_apart_do_not_meet_as_a_mention_or_a_list() -> None:
    assert markdown((Text("@"), Text("everyone"))) == "@\u200beveryone"
    assert markdown((Text("-"), Mention(" x"))) == "\\- x"
    assert markdown((Bold("# a\n- b"),)) == "**\\# a\n\\- b**"


def test_code_with_backticks_and_links_with_marks_are_shown_exactly() -> None:
    assert shown(markdown((Code("a`b"), Text(" "), Code("x\ny")))) == "a`b x y"
    linked = list(read(markdown((Link("a [b] *c*", "https://e.org/x"),))))
    assert [run.target for run in linked if run.target] == ["https://e.org/x"]
    assert "".join(run.text for run in linked if not run.target) == "a [b] *c* ()"
    disguised = list(read(markdown((Link("https://bank.example", "https://e.org"),))))
    assert [run.target for run in disguised if run.target] == ["https://e.org"]
    assert not [run for run in read(markdown((Link("here", "javascript:alert(1)"),))) if run.target]


NASTY = [
    *(
        "*",
        "**",
        "_",
        "__",
        "~~",
        "||",
        "`",
        "```",
        "\\",
        "<",
        ">",
        "[",
        "]",
        "(",
        ")",
        "#",
        "-",
        "+",
        "1.",
        "@",
        ":",
        "/",
    ),
    *("\n", " ", "\u200b", "\u2028", "\r", "@everyone", "@here", "<@1>", "<@&2>", "<@!3>", "<#4>", "<t:5:R>", "<:e:6>"),
    *("</go:7>", "<id:home>", "https://x.org", "<https://y.org>", "[a](https://z.org)", "discord.gg/abc", ":smile:"),
    *("# ", "- ", "> ", ">>> ", "-# ", "* ", "12:30:45", "¯\\_(ツ)_/¯", "é", "ﷺ", "🔥", "a", "discord.com/invite/x"),
]
words = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), max_size=12).map("".join)


def normal(text: str) -> str:
    """What of a text can be seen: one kind of line end, nothing invisible."""
    lines = re.sub("\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    return "".join(
        c for c in lines if c in "\n\t" or not (ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000)
    ).replace("\u200b", "")


def kinds(runs: Iterable[Run]) -> set[str]:
    return {run.kind for run in runs}


@settings(max_examples=400, deadline=None)
@given(words)
def test_whatever_somebody_writes_is_read_as_written(text: str) -> None:
    written = markdown((Text(text),))
    assert kinds(read(written)) <= {"text"}
    assert shown(written) == normal(text)
    # Servers look for these without reading the markdown.
    assert not re.search(r"<@[!&]?\d|@everyone|@here|https?://|discord\.gg/", written)


@settings(max_examples=200, deadline=None)
@given(words, words, words, words)
@example(":", "", ":", "")
@example(":", "", "a", "")
def test_marks_hold_whatever_is_inside_and_around_them(before: str, strong: str, quoted: str, hidden: str) -> None:
    spans = (Text(before), Bold(strong), Italic(quoted), Spoiler(hidden), ASHA, Text(before))
    written = markdown(spans)
    runs = list(read(written))
    assert kinds(runs) <= {"text", "bold", "italic", "spoiler", "mention"}
    assert [run.text for run in runs if run.kind == "mention"] == ["<@123456789012345678>"]
    expected = "".join(map(normal, (before, strong, quoted, hidden, "<@123456789012345678>", before)))
    assert shown(written) == expected
    for kind, text in (("bold", strong), ("italic", quoted), ("spoiler", hidden)):
        marked = "".join(run.text for run in runs if run.kind == kind).replace("\u200b", "")
        assert marked == normal(text) or not normal(text).strip()


@settings(max_examples=100, deadline=None)
@given(words, words)
def test_only_the_link_that_was_made_is_one(label: str, around: str) -> None:
    runs = list(read(markdown((Text(around), Link(label, "https://example.org/a_b"), Text(around)))))
    assert [run.target for run in runs if run.target] == ["https://example.org/a_b"]
    assert kinds(runs) <= {"text", "link", "bare"}


# ---------------------------------------------------------------- cards


def paragraph(text: str) -> Paragraph:
    return Paragraph((Text(text),))


def test_title_outside_and_the_rest_in_an_embed() -> None:
    card = Card(
        title=(Text("✅ "), Bold("HTTP")),
        parts=(
            ProgressBar(23, (Text("2 of 10"),)),
            paragraph("Next: SQL\nWhy: demand"),
            paragraph("one"),
            paragraph("two"),
        ),
    )
    assert render(card) == (
        RenderedMessage("✅ **HTTP**", (Embed("▰▰▱▱▱▱▱▱▱▱ 2 of 10\nNext: SQL\nWhy: demand\n\none\ntwo"),)),
    )


def test_without_a_title_the_first_part_is_what_a_notification_shows() -> None:
    assert render(Card(parts=(paragraph("one"), paragraph("two")))) == (RenderedMessage("one", (Embed("two"),)),)
    assert render(Card(parts=(ProgressBar(100, (Text("all"),)),))) == (RenderedMessage("▰▰▰▰▰▰▰▰▰▰ all"),)
    fields = Fields((Field("Zone", (Text("UTC"),)), Field("Time", (Text("20:00"),))))
    assert render(Card(parts=(fields,))) == (RenderedMessage("**Zone** UTC\n**Time** 20:00"),)
    picture = Picture(b"png", "Week 12")
    assert render(Card(picture=picture)) == (
        RenderedMessage("Week 12", files=(Attached("picture.png", b"png", "Week 12"),)),
    )
    with pytest.raises(ValueError, match="without anything"):
        render(Card())


def test_fields_stay_in_their_place() -> None:
    fields = Fields((Field("Zone", (Text("Asia/Kolkata"),)), Field("*", ())))
    message = render(Card(title=(Text("t"),), parts=(paragraph("before"), fields, paragraph("after"))))[0]
    assert message.embeds == (Embed("before", (("Zone", "Asia/Kolkata"), ("\\*", "–"))), Embed("after"))


def test_only_the_member_addressed_is_pinged_and_always_in_the_content() -> None:
    assert render(Card(parts=(Paragraph((ASHA,)), paragraph("Did you study?"))))[0].pings == ("123456789012345678",)
    hidden = render(Card(title=(Text("Confirm?"),), parts=(Paragraph((Text("for "), ASHA, ASHA)),)))[0]
    assert hidden.content == "Confirm? <@123456789012345678>"
    assert hidden.pings == ("123456789012345678",)
    forged = render(Card(title=(Text("<@123456789012345678>"),)))[0]
    assert forged.pings == ()


def test_buttons_wrap_and_go_on_under_another_message() -> None:
    row = tuple(Button(f"{n}" * 90, f"done {n}", style="primary") for n in range(7))
    messages = render(Card(title=(Text("t"),), rows=(row, *((Button("x", f"next {n}"),) for n in range(5)))))
    assert [[len(row) for row in message.rows] for message in messages] == [[5, 2, 1, 1, 1], [1, 1]]
    assert [message.content for message in messages] == ["t", "…"]
    first = messages[0].rows[0][0]
    assert isinstance(first, Press)
    assert first == Press("0" * 79 + "…", "done 0", "primary")


def test_equal_lines_get_ids_of_their_own_and_come_back_as_they_were() -> None:
    rows = render(Card(title=(Text("t"),), rows=((Button("a", "next", only=40), Button("b", "next", only=40)),)))[
        0
    ].rows
    ids = [item.custom_id for row in rows for item in row if isinstance(item, Press)]
    assert ids == ["~14 next", "2!~14 next"]
    assert [carried(custom_id) for custom_id in ids] == [("next", 40), ("next", 40)]


def test_a_choice_takes_as_many_menus_as_it_needs() -> None:
    options = tuple(Option(f"{n}. " + "x" * 120, f"done a/{n}", "d" * 120) for n in range(30))
    rows = render(Card(title=(Text("t"),), choice=Choice("Choose", (*options, options[0]), only=5)))[0].rows
    menus = [item for row in rows for item in row if isinstance(item, SelectMenu)]
    assert [(menu.placeholder, len(menu.answers)) for menu in menus] == [("Choose (1/2)", 25), ("Choose (2/2)", 6)]
    answer = menus[0].answers[3]
    assert (len(answer.label), len(answer.description)) == (100, 100)
    assert carried(answer.value) == ("done a/3", 5)


def test_a_menu_does_not_hold_a_value_twice() -> None:
    same = Choice("Choose", (Option("a", "next"), Option("b", "next")))
    menu = render(Card(title=(Text("t"),), choice=same))[0].rows[0][0]
    assert isinstance(menu, SelectMenu)
    assert [answer.value for answer in menu.answers] == ["next", "2!next"]


def test_an_address_no_button_takes_is_written_out() -> None:
    long = "https://example.org/" + "a" * 600
    row = (LinkButton("Proof", long), LinkButton("Site", "https://example.org"), LinkButton("Bad", "javascript:1"))
    message = render(Card(title=(Text("t"),), rows=(row,)))[0]
    assert message.rows == ((Visit("Site", "https://example.org"),),)
    assert message.embeds == (Embed(f"[Proof](<{long}>)\nBad (javascript:1)"),)


def test_a_long_text_is_broken_between_lines_and_nothing_is_lost() -> None:
    text = "\n".join(f"{n}. " + "word " * 30 for n in range(100))
    pieces = [markdown(piece) for piece in pieces_of((Text(text),), 1024)]
    assert all(len(piece) <= 1024 for piece in pieces)
    assert all(re.match(r"\d+\\\. ", piece) for piece in pieces)
    assert "".join("".join(map(shown, pieces)).split()) == "".join(text.split())


# ---------------------------------------------------------------- limits

written = st.builds(Text, words) | st.builds(Bold, words) | st.builds(Code, words) | st.builds(Spoiler, words)
sizes = st.sampled_from([1, 1, 20, 200])


def bulky(span: st.SearchStrategy[Span]) -> st.SearchStrategy[tuple[Span, ...]]:
    """A few spans, sometimes again and again until no message holds them."""
    return st.tuples(st.lists(span, max_size=3), sizes).map(lambda drawn: tuple(drawn[0] * drawn[1]))


parts: st.SearchStrategy[Part] = (
    st.builds(Paragraph, bulky(written | st.just(ASHA)))
    | st.builds(ProgressBar, st.integers(0, 100), bulky(written))
    | st.builds(Fields, st.lists(st.builds(Field, words, bulky(written)), max_size=30).map(tuple))
)


@settings(max_examples=60, deadline=None)
@given(bulky(written | st.just(ASHA)), st.lists(parts, max_size=5))
def test_no_message_is_over_a_limit(title: tuple[Span, ...], parts: list[Part]) -> None:
    messages = render(Card((Text("t"), *title), tuple(parts)))
    for message in messages:
        assert 0 < len(message.content) <= 2000
        assert len(message.embeds) <= 10
        assert sum(embed.size for embed in message.embeds) <= 6000
        for embed in message.embeds:
            assert embed.size
            assert len(embed.description) <= 4096
            assert len(embed.fields) <= 25
            assert all(0 < len(name) <= 256 and 0 < len(value) <= 1024 for name, value in embed.fields)
    addressed = [*title, *(span for part in parts if isinstance(part, Paragraph) for span in part.spans)]
    assert {ping for message in messages for ping in message.pings} == (
        {ASHA.on("discord")} if ASHA in addressed else set()
    )


@settings(max_examples=60, deadline=None)
@given(bulky(written), st.lists(st.builds(Paragraph, bulky(written)), max_size=4))
def test_every_word_is_in_some_message_and_in_order(title: tuple[Span, ...], parts: list[Paragraph]) -> None:
    def letters(text: str) -> str:
        return "".join(text.replace("…", "").split())

    messages = render(Card((Text("t"), *title), tuple(parts)))
    texts = [
        text for message in messages for text in (message.content, *(embed.description for embed in message.embeds))
    ]
    assert letters("".join(map(shown, texts))) == letters(
        normal(plain((Text("t"), *title)) + "".join(plain(p.spans) for p in parts))
    )
