"""Every word a user reads: users' words stay themselves, and code and locale know the same messages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st

from bot import words as texts
from bot.cards import Bold, Code, Italic, Link, Mention, Moment, Spans, Spoiler, Text, plain
from bot.commands import registry
from bot.words import (
    LANGUAGE,
    LOCALES,
    UnknownMessage,
    all_words,
    date_words,
    days_words,
    languages,
    lines,
    list_words,
    number_words,
    pace_words,
    say,
    span_words,
    weekday_words,
    word,
)

BOT = Path(texts.__file__).parent
DESCRIPTION = 100
"""Discord's limit for the description of a command or an option."""

# ---------------------------------------------------------------- users' words


@pytest.fixture
def message(monkeypatch: pytest.MonkeyPatch) -> str:
    """A message that uses every mark we have, around a user's words."""
    from fluent.runtime import FluentBundle, FluentResource

    source = "all = { $x } **{ $x }** __{ $x }__ `{ $x }` [{ $x }](https://a.org/{ $x }) /help { $x }\nplain = “{ $x }”"
    bundle = FluentBundle(["en"], use_isolating=False)
    bundle.add_resource(FluentResource(source))
    monkeypatch.setattr(texts, "_bundle", lambda _language: bundle)
    return "all"


HOSTILE = [
    "**bold** __it__ `code` [a](https://evil.org) (x) [y] \\ \\\\ *",
    "****",
    "__",
    "`",
    "{ $x } { $name -> [one] a *[other] b } { NUMBER(1) }",
    "{",
    "}",
    "<b>x</b> <@123> <!channel> @everyone @here #general",
    "line one\nline two\n\nline four",
    "שלום עולם",
    "\u202ereversed\u202c \u2067isolated\u2069",
    "👩‍👩‍👧‍👦 🏳️‍🌈 é e\u0301",
    "/help /done@bot /etc/passwd",
    "\t \u2003 ",
    "\x00\x1b[31m",
    "~1 done sql",
    "a" * 5000,
]


def expected(x: str) -> list[object]:
    """What the message must say: each mark once, around exactly these words."""
    spans: list[object] = [Text(f"{x} "), Bold(x), Text(" "), Italic(x), Text(" "), Code(x), Text(" ")]
    return [*spans, Link(x, f"https://a.org/{x}"), Text(" "), Code("/help"), Text(f" {x}")]


def joined(spans: Spans) -> list[object]:
    """The spans with neighbouring texts made one."""
    found: list[object] = []
    for span in spans:
        if isinstance(span, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + span.text)
        else:
            found.append(span)
    return found


@pytest.mark.parametrize("x", HOSTILE)
def test_what_a_user_writes_stands_for_itself(message: str, x: str) -> None:
    assert joined(say("en", message, x=x)) == expected(x)


def test_a_long_text_is_said_whole() -> None:
    """A roster of forty long names: Fluent itself refuses 2,500 characters in one place."""
    names = ", ".join(f"**Member {number}** with quite a long name" for number in range(200))
    assert plain(say("en", "roster", count=200, names=names)).endswith(names)


@given(st.text(min_size=1).filter(lambda x: not re.search("[\ue000-\uf8ff]", x)))
def test_whatever_a_user_writes_stands_for_itself(x: str) -> None:
    found = say("en", "refuse-step-unknown", text=x)
    assert plain(found) == f"I don't know a step called “{x}”. All steps: /roadmap"
    assert [span for span in found if not isinstance(span, Text)] == [Code("/roadmap")]


@pytest.mark.parametrize("x", ["", "\ue000\ue101", "\uf8ff"])
def test_what_cannot_be_seen_leaves_no_mark(message: str, x: str) -> None:
    assert plain(say("en", message, x=x)) == "     /help "
    assert not any(isinstance(span, Bold | Italic) for span in say("en", message, x=x))


def test_private_use_characters_are_removed_and_cannot_borrow_a_span() -> None:
    found = say("en", "checkin-mention", name="\ue100A\ue101", question=(Text("Did you?"),))
    assert plain(found) == "A: Did you?"


def test_spans_are_put_in_as_they_are() -> None:
    spans: Spans = (
        Text("**x**"),
        Bold("b_"),
        Italic("i"),
        Code("c`"),
        Link("l", "https://a.org/(x)"),
        Mention("M", (("test", "1"),)),
        Moment(datetime(2026, 11, 20, tzinfo=UTC), "noon"),
        Spoiler("s"),
    )
    found = say("en", "undone", change=spans)
    assert found[1:-1] == spans
    assert plain(say("en", "news-done", name=Bold("A"), title=Italic("T"))) == "A finished T."


def test_only_words_numbers_and_spans_are_taken() -> None:
    with pytest.raises(TypeError, match="date"):
        say("en", "refuse-file", x=date(2026, 11, 20))


def test_an_unknown_message_and_a_missing_variable_are_faults() -> None:
    with pytest.raises(UnknownMessage, match="no-such-message"):
        say("en", "no-such-message")
    with pytest.raises(UnknownMessage, match="refuse-step-unknown"):
        say("en", "refuse-step-unknown")


def test_another_language_falls_back() -> None:
    assert word("xx", "button-undo") == word(LANGUAGE, "button-undo")


def test_no_invisible_isolation_marks_and_no_commas_in_years() -> None:
    assert word("en", "news-done", name="Asha", title="SQL") == "Asha finished SQL."
    assert date_words("en", date(2027, 5, 20), date(2026, 11, 20)) == "Thu 20 May 2027"


def test_plurals() -> None:
    assert [word("en", "amount-steps", count=n) for n in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", ["0 days", "1 day", "13 days", "2 weeks", "3 weeks", "1.5", "1234", "a, b and c", "a, b, c", "Sunday"]),
        (
            "de",
            ["0 Tage", "1 Tag", "13 Tage", "2 Wochen", "3 Wochen", "1,5", "1234", "a, b und c", "a, b, c", "Sonntag"],
        ),
        ("hi", ["0 दिन", "1 दिन", "13 दिन", "2 सप्ताह", "3 सप्ताह", "1.5", "1234", "a, b, और c", "a, b, c", "रविवार"]),
    ],
)
def test_lengths_numbers_and_lists_are_written_as_in_each_language(language: str, spoken: list[str]) -> None:
    """Without a word of ours: a language that Unicode describes needs none of these."""
    abc = ["a", "b", "c"]
    assert [
        *(span_words(language, days) for days in (0, 1, 13, 14, 20)),
        number_words(language, 1.5),
        number_words(language, 1234),
        all_words(language, abc),
        list_words(language, abc),
        weekday_words(language, 6),
    ] == spoken


def test_a_list_may_be_empty_or_one() -> None:
    assert (list_words("en", []), all_words("en", ["{0}"])) == ("", "{0}")


def test_a_length_of_study() -> None:
    assert [pace_words("en", n) for n in (0, 45, 60, 65, 90)] == ["0 min", "45 min", "1 h", "1 h 05", "1 h 30"]


@pytest.mark.parametrize(
    ("days", "words"), [(127, "every day"), (31, "Mon–Fri"), (96, "Sat and Sun"), (21, "Mon, Wed, Fri"), (64, "Sun")]
)
def test_days_in_words(days: int, words: str) -> None:
    assert days_words("en", days) == words


def test_lines_leave_no_empty_line() -> None:
    assert plain(lines((Text("a"),), (), (Text("b"),), ())) == "a\nb"


# ---------------------------------------------------------------- the locale


class _Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802 - the visitor's own naming
        self.names.add(node.id.name)


def _messages(language: str) -> dict[str, ftl.Message]:
    found: dict[str, ftl.Message] = {}
    for path in sorted((LOCALES / language).glob("*.ftl")):
        for entry in FluentParser().parse(path.read_text(encoding="utf-8")).body:
            assert not isinstance(entry, ftl.Junk), f"{path.name}: {entry.content}"
            if isinstance(entry, ftl.Message):
                assert entry.id.name not in found, f"{path.name}: {entry.id.name} is there twice"
                found[entry.id.name] = entry
    return found


def _variables(message: ftl.Message) -> set[str]:
    visitor = _Variables()
    visitor.visit(message)
    return visitor.names


MESSAGES = {language: _messages(language) for language in languages()}


@dataclass(frozen=True)
class Use:
    """A place in the code that names a message: its ids, and its variables where they can be read there."""

    ids: tuple[str, ...]
    variables: frozenset[str] | None
    place: str


SAYING = {"say": 1, "word": 1, "Refusal": 0, "summarise": 0}
"""Who takes a message's id, and at which position; a method of a call or a console takes it first."""
NOT_VARIABLES = {"Ask": {"id", "options"}, "Refusal": {"ways"}}


def _uses(path: Path) -> Iterator[Use]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = f"{path.relative_to(BOT)}:{node.lineno}"
        keywords = {keyword.arg for keyword in node.keywords}
        known = None if None in keywords else frozenset(k for k in keywords if k) - NOT_VARIABLES.get(name, set())
        if name == "Ask":
            for keyword in node.keywords:
                if keyword.arg == "id":
                    yield Use(tuple(_constants(keyword.value)), known, place)
        elif name in SAYING:
            position = 0 if isinstance(node.func, ast.Attribute) and name in ("say", "word") else SAYING[name]
            if len(node.args) > position:
                yield Use(tuple(_constants(node.args[position])), known, place)


def _constants(node: ast.expr) -> Iterator[str]:
    """The texts an expression can be: itself, or either side of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


SOURCES = sorted(BOT.rglob("*.py"))
USES = [use for path in SOURCES for use in _uses(path)]


def test_the_uses_were_found() -> None:
    """Proof that the tests below look at something."""
    assert len({id for use in USES for id in use.ids}) > 100
    assert any("refuse-step" in use.ids for use in USES) or any("refuse-undo-done" in use.ids for use in USES)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.place)
def test_every_message_that_code_names_is_there_with_its_variables(use: Use) -> None:
    for id in use.ids:
        assert id in MESSAGES[LANGUAGE], id
        if use.variables is not None:
            assert _variables(MESSAGES[LANGUAGE][id]) <= use.variables, id


def _named() -> tuple[set[str], list[re.Pattern[str]]]:
    """All texts in the code, and the patterns of those that are put together."""
    words: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(str(v.value)) if isinstance(v, ast.Constant) else ".+" for v in node.values]
                # A family has a name: a text that is all holes would use everything.
                if re.match(r"[a-z]+\\-", parts[0]):
                    patterns.append(re.compile("".join(parts)))
    return words, patterns


def test_every_message_is_used() -> None:
    used, families = _named()
    unused = [id for id in MESSAGES[LANGUAGE] if id not in used and not any(f.fullmatch(id) for f in families)]
    assert unused == []


@pytest.mark.parametrize("language", languages())
def test_each_language_has_every_message_itself(language: str) -> None:
    """What falls back to another language is not noticed by who tests in that one."""
    assert set(MESSAGES[LANGUAGE]) - set(MESSAGES[language]) == set()


READ = {"Text", "Bold", "Italic", "Button", "LinkButton", "Option", "Choice", "Field", "Picture"}
"""What is read on a card, its words first."""


def _literals(tree: ast.AST) -> Iterator[str]:
    """Words in code that would reach a card as they stand there, in whatever language it is read."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        parts = [part for said in node.args[:1] for part in _parts(said)]
        texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if name in READ and any(re.search(r"[^\W\d_]{2,}", text) for text in texts):
            yield f"{node.lineno}: {ast.unparse(node)}"
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name == "split" and isinstance(owner, ast.Call) and getattr(owner.func, "id", "") in ("word", "say"):
            yield f"{node.lineno}: {ast.unparse(node)}"


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _parts(node.body)
        yield from _parts(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        yield from node.values
    else:
        yield node


OPERATORS = ("cli.py", "operate")
"""What whoever runs the bot reads in a terminal is no card, and English."""

CARDS = [path for path in SOURCES if path.relative_to(BOT).parts[0] not in OPERATORS]


@pytest.mark.parametrize("path", CARDS, ids=lambda path: str(path.relative_to(BOT)))
def test_no_word_of_a_card_stands_in_code(path: Path) -> None:
    assert list(_literals(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_a_word_in_code_would_be_found() -> None:
    bad = ["Text('hello')", "Button(f'{n} minutes', line)", "cards.Bold('a' if x else 'none left')"]
    assert [len(list(_literals(ast.parse(line)))) for line in bad] == [1, 1, 1]
    assert len(list(_literals(ast.parse("names = word(language, 'weekdays').split(' ')")))) == 1
    assert list(_literals(ast.parse("Text(' · '); Button(word(language, 'x'), 'undo'); Text(f'{a} ({b})')"))) == []


@pytest.mark.parametrize("language", languages())
def test_a_language_knows_no_other_messages_and_variables_than_ours(language: str) -> None:
    for id, entry in MESSAGES[language].items():
        assert id in MESSAGES[LANGUAGE]
        assert _variables(entry) <= _variables(MESSAGES[LANGUAGE][id])


@pytest.mark.parametrize("command", registry.listed, ids=lambda command: command.name)
def test_descriptions_fit_discord_and_help(command: object) -> None:
    found = registry.find(command.name)  # type: ignore[attr-defined]  # a Command; pytest gives it untyped
    for language in languages():
        assert 0 < len(found.describe(language)) <= DESCRIPTION
        for parameter in found.parameters:
            assert 0 < len(found.describe_parameter(language, parameter.name)) <= DESCRIPTION
            hint = f"hint-{found.name}-{parameter.name}"
            if texts.has(hint):
                assert len(word(language, hint)) <= DESCRIPTION


SHAMING = (
    *("shame", "lazy", "disappoint", "guilt", "excuse", "slack", "pathetic", "hopeless", "useless", "stupid", "dumb"),
    *("you failed", "your failure", "failed to", "you forgot", "you missed", "you should have", "should be ashamed"),
    *("again?!", "everyone else", "unlike others", "worst", "loser", "at last", "finally", "must try harder"),
    *(
        "don't give up",
        "come on",
        "no pain",
        "crush",
        "awesome",
        "amazing",
        "oops",
        "uh-oh",
        "sorry",
        "invalid",
        "illegal",
    ),
)
"""What a good friend would not say: blame, comparison to shame, cheer about nothing, error-speak (see the voice)."""


@pytest.mark.parametrize("path", sorted(LOCALES.rglob("*.ftl")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nobody_is_shamed_or_cheered_at(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        _, _, said = line.partition("=")
        words = (said or line).casefold().replace("’", "'")
        assert [shaming for shaming in SHAMING if re.search(rf"\b{re.escape(shaming)}", words)] == [], line


EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u23e9-\u23fa]")


@pytest.mark.parametrize("language", languages())
def test_a_message_has_one_emoji_at_most(language: str) -> None:
    for path in (LOCALES / language).glob("*.ftl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert len(EMOJI.findall(line)) <= 1, line
