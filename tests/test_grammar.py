"""How a typed line becomes arguments: names, quotes, the longest run of words, and what is left over."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import unsign
from bot.command import Command, Incoming, Parameter, Response, Scene, grammar
from bot.command.grammar import LONGEST_LINE, Given, quote, read
from bot.command.parameters import (
    DEADLINE,
    FILE_KIND,
    HOURS,
    NOTE,
    PROOF,
    ROADMAP,
    STEP,
    STUDIED,
    ZONE,
    ArgumentKind,
    File,
    OneOf,
    StepOf,
    places,
)
from bot.command.parameters.moments import every_zone
from bot.commands import registry
from bot.delivery import Address
from bot.domain.account import Account
from bot.domain.enrolment import Enrolment
from bot.domain.group import Group
from bot.domain.member import Member
from bot.domain.refusal import Refusal
from bot.library import Library
from bot.platforms.console.render import page, plain_lines
from bot.words import word
from tests.fakes.calls import calls
from tests.fakes.clockwork import ROOM, clockwork
from tests.fakes.patience import LINEAR, grows

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
SHIPPED = Library.load(Path(__file__).parents[1] / "roadmaps").roadmaps
MATES = (Member(1, "Asha", "Asia/Kolkata"), Member(2, "Ravi Kumar", "Asia/Kolkata"), Member(3, "Mei", "Asia/Kolkata"))

ENROLMENT = Enrolment(1, 1, "backend-ai-era", date(2027, 5, 20), 120, date(2026, 11, 20), NOON)


def scene(**values: Any) -> Scene:
    """Asha in her group's home, on the roadmap backend-ai-era."""
    group = Group(1, "Backend '27", "Asia/Kolkata", roadmap="backend-ai-era")
    usual: dict[str, Any] = {
        "now": NOON,
        "member": MATES[0],
        "account": Account("test", "asha", 1, "Asha", "open", NOON),
        "address": Address("test", "room"),
        "private": False,
        "leader": False,
        "group": group,
        "groups": (group,),
        "enrolments": (ENROLMENT,),
        "roadmaps": SHIPPED,
        "mates": MATES,
    }
    return Scene(**{**usual, **values})


SCENE = scene()


async def nothing(*_arguments: object) -> Response:
    """What a made-up command does."""
    return Response()


def made_up(**kinds: ArgumentKind) -> Command:
    return Command("made-up", tuple(Parameter(name, kind) for name, kind in kinds.items()), nothing)


def values(command: Command, rest: str, given: Mapping[str, Given] | None = None) -> dict[str, Any]:
    """The arguments' values, a step and a roadmap by their slugs."""
    found = read(command, rest, given or {}, SCENE).values
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, StepOf):
        return value.step.slug
    return getattr(value, "slug", None) or (value.name if isinstance(value, Member | Group) else value)


MIXED = made_up(size=OneOf(("study", "dsa")), by=DEADLINE, hours=HOURS, why=NOTE)
MAY = date(2027, 5, 20)

LINES: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("   ", {}),
    ("dsa", {"size": "dsa"}),
    ("DSA", {"size": "dsa"}),
    ("2027-05-20", {"by": MAY}),
    ("in 6 months 2h", {"by": MAY, "hours": 120}),
    ("2h in 6 months", {"by": MAY, "hours": 120}),
    ("6 months 1h30", {"by": MAY, "hours": 90}),
    ("20 May 2027 2 hours a day", {"by": MAY, "hours": 120}),
    ("Thu 20 May 2027 because it is time", {"by": MAY, "why": "because it is time"}),
    ("study in 6 months because of 2h", {"size": "study", "by": MAY, "why": "because of 2h"}),
    ("hours:2 by:2027-05-20", {"hours": 120, "by": MAY}),
    ("hours: 2", {"hours": 120}),
    ("HOURS:2", {"hours": 120}),
    ("by:20 May 2027 hours:1 h 30", {"by": MAY, "hours": 90}),
    ("by:20 May 2027 and more", {"by": MAY, "why": "and more"}),
    ("why:all  of\tit by:2027-05-20", {"why": "all  of\tit", "by": MAY}),
    ('why:"by:2027-05-20" dsa', {"why": "by:2027-05-20", "size": "dsa"}),
    ('"dsa"', {"size": "dsa"}),
    ('"20 May 2027"', {"by": MAY}),
    ("“20 May 2027” «2 h»", {"by": MAY, "hours": 120}),
    ("„20 May 2027“", {"by": MAY}),
    ('"not closed', {"why": '"not closed'}),
    ('say "it"', {"why": 'say "it"'}),
    ("https://example.org/by:x", {"why": "https://example.org/by:x"}),
    ("see https://example.org", {"why": "see https://example.org"}),
    ("note: what", {"why": "note: what"}),
    ("it's 10:30", {"why": "it's 10:30"}),
    ("a\nb", {"why": "a\nb"}),
    ("dsa\n2h", {"size": "dsa", "hours": 120}),
    ("🔥 ünïcödé ٣", {"why": "🔥 ünïcödé ٣"}),
    ("why:dsa", {"why": "dsa"}),
    ("hours:2 hours:3", {"hours": 180}),
    ("dsa 2h 1h", {"size": "dsa", "hours": 120, "why": "1h"}),
]


@pytest.mark.parametrize(("line", "found"), LINES)
def test_lines_of_a_made_up_command(line: str, found: dict[str, Any]) -> None:
    assert values(MIXED, line) == found


REAL: list[tuple[str, dict[str, Any]]] = [
    ("join backend-ai-era in 6 months 2h", {"roadmap": "backend-ai-era", "deadline": MAY, "hours": 120}),
    ("join Backend Engineer (AI era) 2027-05-20", {"roadmap": "backend-ai-era", "deadline": MAY}),
    ("join deadline:2027-05-20 backend-ai-era", {"roadmap": "backend-ai-era", "deadline": MAY}),
    ("done http-rest", {"step": "http-rest"}),
    ("done backend-ai-era/http-rest", {"step": "http-rest"}),
    ("done 3", {"step": "sql"}),
    ("done #3", {"step": "sql"}),
    ("done HTTP and REST APIs", {"step": "http-rest"}),
    ("done http-rest https://a.org/x", {"step": "http-rest", "proof": "https://a.org/x"}),
    ("done http-rest <https://a.org/x>", {"step": "http-rest", "proof": "https://a.org/x"}),
    (
        "done http-rest https://a.org my first API",
        {"step": "http-rest", "proof": "https://a.org", "note": "my first API"},
    ),
    ("done http-rest my first API", {"step": "http-rest", "note": "my first API"}),
    ("done http-rest note:see https://a.org", {"step": "http-rest", "note": "see https://a.org"}),
    ("done https://a.org http-rest", {"step": "http-rest", "proof": "https://a.org"}),
    ("skip sql no time", {"step": "sql", "reason": "no time"}),
    ("checkin 90", {"minutes": 90}),
    ("checkin 1 h 30 indexes", {"minutes": 90, "note": "indexes"}),
    ("checkin no", {"minutes": "no"}),
    ("checkin not today", {"minutes": "no"}),
    ("checkin no track:dsa date:2026-11-19", {"minutes": "no", "track": "dsa", "date": date(2026, 11, 19)}),
    ("progress ravi", {"member": "Ravi Kumar"}),
    ("progress @Mei", {"member": "Mei"}),
    ("progress #2", {"member": "Ravi Kumar"}),
    ("remind 20:00 mon-fri dm", {"time": 1200, "days": 31, "where": "dm"}),
    ("remind 8pm daily group dsa", {"time": 1200, "days": 127, "where": "group", "kind": "dsa"}),
    ("remind off", {"where": "off"}),
    ("remind off risk", {"where": "off", "kind": "risk"}),
    ("remind on", {"where": "on"}),
    ("remind at 20:00", {"time": 1200}),
    ("remind daily at 8pm dm", {"time": 1200, "days": 127, "where": "dm"}),
    ("remind off group", {"where": "off"}),
    ("remind group off", {"where": "off"}),
    ("remind group off dsa", {"where": "off", "kind": "dsa"}),
    ("remind off dm", {"where": "off"}),
    ("remind on group", {"where": "group"}),
    ("remind group on 20:00", {"where": "group", "time": 1200}),
    ("remind off kind:group", {"where": "off", "kind": "group"}),
    ("remind kind:group off", {"where": "off", "kind": "group"}),
    ("remind off recap", {"where": "off", "kind": "recap"}),
    ("remind sun 17:00 recap", {"time": 1020, "days": 64, "kind": "recap"}),
    ("remind kind:return", {"kind": "return"}),
    ("quiet 22:00 07:00", {"from": 1320, "to": 420}),
    ("quiet 22:00-07:00", {"from": (1320, 420)}),
    ("quiet from 10pm to 7am", {"from": (1320, 420)}),
    ("quiet off", {"from": "off"}),
    ("daystart 4am", {"time": 240}),
    ("pause 2 weeks", {"until": date(2026, 12, 4)}),
    ("pause until I come back", {"until": "back"}),
    ("pause off", {"until": "off"}),
    ("rest 2026-12-24 2026-12-27", {"from": date(2026, 12, 24), "to": date(2026, 12, 27)}),
    ("rest 24-27 dec", {"from": (date(2026, 12, 24), date(2026, 12, 27))}),
    ("rest from:24 dec to:27 dec", {"from": date(2026, 12, 24), "to": date(2026, 12, 27)}),
    ("rest tomorrow", {"from": date(2026, 11, 21)}),
    ("rest drop:12", {"drop": 12}),
    ("timezone kolkata", {"zone": "Asia/Kolkata"}),
    ("timezone New York", {"zone": "America/New_York"}),
    ("timezone india", {"zone": "Asia/Kolkata"}),
    ("timezone Germany", {"zone": "Europe/Berlin"}),
    ("timezone United Kingdom", {"zone": "Europe/London"}),
    ("timezone the Netherlands", {"zone": "Europe/Amsterdam"}),
    ("timezone Japan", {"zone": "Asia/Tokyo"}),
    ("timezone Norway", {"zone": "Europe/Oslo"}),
    ("timezone Côte d'Ivoire", {"zone": "Africa/Abidjan"}),
    ("timezone Mumbai", {"zone": "Asia/Kolkata"}),
    ("timezone new delhi", {"zone": "Asia/Kolkata"}),
    ("timezone San Francisco", {"zone": "America/Los_Angeles"}),
    ("timezone São Paulo", {"zone": "America/Sao_Paulo"}),
    ("timezone München", {"zone": "Europe/Berlin"}),
    ("timezone buenos aires", {"zone": "America/Argentina/Buenos_Aires"}),
    ("timezone Argentina", {"zone": "America/Argentina/Buenos_Aires"}),
    ("timezone JST", {"zone": "Asia/Tokyo"}),
    ("timezone Etc/GMT-2", {"zone": "Etc/GMT-2"}),
    ("setup india 21:00 sun 17:00", {"zone": "Asia/Kolkata", "time": 1260, "recap": (6, 1020)}),
    ("undo 8f3k", {"change": int("8f3k", 36)}),
]


@pytest.mark.parametrize(("line", "found"), REAL)
def test_lines_of_the_real_commands(line: str, found: dict[str, Any]) -> None:
    name, _, rest = line.partition(" ")
    assert values(registry.find(name), rest) == found


@pytest.mark.parametrize("typed", ["mum", "Banga", "india", "IST", "+5:30", "kolk"])
def test_a_zone_is_suggested_by_what_people_call_it(typed: str) -> None:
    assert ZONE.suggest(typed, SCENE)[0].value == "Asia/Kolkata"


def test_every_name_of_a_place_is_of_a_zone_that_there_is() -> None:
    """The tables are ours, the zones are not."""
    kept = places.names_in("en")
    meant = {zone for zones in kept["abbreviations"].values() for zone in zones}
    assert meant | {*kept["cities"], *places.WELL_KNOWN} <= every_zone()
    for city in (city for cities in kept["cities"].values() for city in cities):
        assert city == places.folded(city)
        assert ZONE.read(city, SCENE) is not None, city


REFUSED: list[tuple[str, str]] = [
    ("remind dm group", "refuse-by-name"),
    ("timezone brazil", "refuse-zone-several"),
    ("timezone est", "refuse-zone-several"),
    ("timezone GMT +5:30", "refuse-zone-several"),
    ("timezone +15", "refuse-zone-unknown"),
    ("setup usa 21:00", "refuse-zone-several"),
    ("remind off 20:00 group", "refuse-by-name"),
    ("join no-such-thing", "refuse-roadmap"),
    ("join backend-ai-era yesterday", "refuse-deadline-past"),
    ("join backend-ai-era 2099-01-01", "refuse-deadline-far"),
    ("join backend-ai-era deadline:soon", "refuse-date"),
    ("join backend-ai-era hours:17", "refuse-hours"),
    ("join backend-ai-era hours:0", "refuse-hours"),
    ("join backend-ai-era what is this", "refuse-date"),
    ("done htp", "refuse-step"),
    ("done xyzzy-plugh", "refuse-step-unknown"),
    ("done http-rest proof:ftp://a.org", "refuse-link"),
    ("done http-rest proof:javascript:alert(1)", "refuse-link"),
    ("done http-rest proof:https://user@a.org", "refuse-link-closed"),
    ("done http-rest note:" + "x" * 1001, "refuse-long"),
    ("done " + "9" * 5000, "refuse-step-unknown"),
    ("progress #" + "9" * 5000, "refuse-member"),
    ("progress stranger", "refuse-member"),
    ("checkin minutes:soon", "refuse-minutes"),
    ("remind where:mars", "refuse-option"),
    ("quiet always", "refuse-quiet"),
    ("quiet 22:00 soon", "refuse-morning"),
    ("daystart 4:99", "refuse-night"),
    ("pause someday", "refuse-pause"),
    ("rest someday", "refuse-rest"),
    ("rest tomorrow to:someday", "refuse-date"),
    ("rest drop:0", "refuse-outdated"),
    ("timezone olympus mons", "refuse-zone-unknown"),
    ("next backend-intern", "refuse-not-on"),
    ("next backend-ai-era extra", "refuse-too-much"),
    ("roadmaps all of them", "refuse-too-much"),
    ("undo not-a-code", "refuse-change"),
    ("done note:" + "x " * 4000, "refuse-long"),
]


@pytest.mark.parametrize(("line", "id"), REFUSED, ids=[line[:40] for line, _ in REFUSED])
def test_what_is_not_understood_is_refused_in_its_own_name(line: str, id: str) -> None:
    name, _, rest = line.partition(" ")
    with pytest.raises(Refusal) as refusal:
        values(registry.find(name), rest)
    assert refusal.value.id == id
    assert word("en", refusal.value.id, **refusal.value.vars)


def test_a_question_mark_asks() -> None:
    done = registry.find("done")
    assert read(done, "step:? note:?", {}, SCENE).asked == ["step", "note"]
    assert read(done, 'step:"?"', {}, SCENE).asked == ["step"]
    assert read(done, "note:why?", {}, SCENE).values == {"note": "why?"}
    answered = read(done, "step:? note:?", {"note": "a word"}, SCENE)
    assert (answered.asked, answered.values) == (["step"], {"note": "a word"})
    again = read(done, "step:? step:sql", {}, SCENE)
    assert again.asked == []
    assert _plain(again.values["step"]) == "sql"


def test_what_is_given_by_name_is_read_like_what_is_typed() -> None:
    join = registry.find("join")
    given = {"deadline": "in 6 months", "hours": "2", "nobody": "knows"}
    assert values(join, "backend-ai-era", given) == {"roadmap": "backend-ai-era", "deadline": MAY, "hours": 120}
    with pytest.raises(Refusal, match="refuse-hours"):
        values(join, "", {"hours": "many"})


def test_a_file_is_given_and_never_typed() -> None:
    done = registry.find("done")
    photo = File("test", "ref", "photo.png", 1000)
    assert values(done, "sql", {"file": photo}) == {"step": "sql", "file": photo}
    with pytest.raises(Refusal, match="refuse-file"):
        values(done, "sql file:photo.png")


def test_only_a_declared_name_is_a_name() -> None:
    assert values(made_up(why=NOTE), "who:me what:that") == {"why": "who:me what:that"}


def test_a_command_without_text_refuses_what_is_left() -> None:
    with pytest.raises(Refusal, match="refuse-hours"):
        values(made_up(hours=HOURS), "banana")
    with pytest.raises(Refusal, match="refuse-too-much"):
        values(made_up(hours=HOURS), "2h banana")
    with pytest.raises(Refusal, match="refuse-too-much"):
        values(made_up(), "banana")


def test_a_line_that_nobody_could_have_typed_is_not_read() -> None:
    with pytest.raises(Refusal, match="refuse-long"):
        values(MIXED, "x" * (LONGEST_LINE + 1))


LONG = {
    "one word": "x" * 6000,
    "short words": "x " * 3000,
    "days": "mon " * 1500,
    "numbers": "1 " * 3000,
    "digits": "9" * 6000,
    "open quotes": '"' * 6000,
    "quotes": '"a" ' * 1500,
    "guillemets": "«" * 6000,
    "colons": ":" * 6000,
    "names": "note:x " * 850,
    "steps": "step:sql " * 660,
    "slashes": "/" * 6000,
    "dashes": "a-" * 3000,
    "dates": "20 may " * 850,
    "spaces": "\u2003" * 6000,
    "astral": "🔥" * 3000,
}


def tried(command: Command, line: str) -> None:
    """Read a line, or have it refused in few words."""
    try:
        read(command, line, {}, SCENE)
    except Refusal as refusal:
        assert len(word("en", refusal.id, **refusal.vars)) < 600


@pytest.mark.parametrize("line", LONG)
@pytest.mark.parametrize("command", list(registry), ids=lambda command: command.name)
def test_a_very_long_line_is_read_or_refused(command: Command, line: str) -> None:
    tried(command, LONG[line])


@pytest.mark.parametrize("line", LONG)
def test_reading_a_line_twice_as_long_takes_twice_the_calls_at_the_most(line: str) -> None:
    for command in registry:
        tried(command, LONG[line][:2000])  # what is loaded once
        counts = []
        for length in (1000, 2000):
            with calls() as made:
                tried(command, LONG[line][:length])
            counts.append(made.number)
        # What is too long for an argument is explained: some hundred calls more.
        assert counts[1] <= 2.1 * counts[0] + 1000, command.name


@pytest.mark.parametrize("line", LONG)
def test_and_no_call_goes_over_the_line_again_and_again(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a regular expression does in a call is seen by its time alone."""
    monkeypatch.setattr(grammar, "LONGEST_LINE", 100_000)
    command = registry.find("done")
    assert grows(lambda length: tried(command, (LONG[line] * 4)[:length]), len(LONG[line])) <= LINEAR


@given(st.text(max_size=60))
def test_quote_makes_one_argument_of_any_text(text: str) -> None:
    """As it was, but for double quotes and line breaks, which a quoted text cannot hold."""
    expected = text.replace('"', "'").replace("\n", " ").strip()
    found = read(made_up(hours=HOURS, why=NOTE), f"why:{quote(text)} hours:2", {}, SCENE).values if expected else None
    if found is not None and expected != "?":
        assert found == {"why": expected, "hours": 120}


PIECES = st.sampled_from(
    [
        *("done", "sql", "http-rest", "step:", "note:", "?", '"', "“", "”", "«", ":", "/", "#", "3", "20 May", "2h"),
        *("in 5 months", "https://a.org", "@Mei", "dsa", "no", " ", "\n", "\x00", "\ue000", "\u202e", "🔥", "{ $x }"),
        *("**", "9" * 400),
    ]
)


@given(st.sampled_from([command.name for command in registry]), st.lists(PIECES, max_size=12).map(" ".join))
def test_any_line_is_read_or_refused_in_words(command: str, line: str) -> None:
    try:
        read(registry.find(command), line, {}, SCENE)
    except Refusal as refusal:
        assert word("en", refusal.id, **refusal.vars)


@given(st.sampled_from([command.name for command in registry]), st.text(max_size=200))
def test_any_text_at_all_is_read_or_refused_in_words(command: str, line: str) -> None:
    try:
        read(registry.find(command), line, {}, SCENE)
    except Refusal as refusal:
        assert word("en", refusal.id, **refusal.vars)


@pytest.mark.parametrize("kind", [ROADMAP, STEP, STUDIED, DEADLINE, HOURS, PROOF, NOTE, FILE_KIND])
def test_a_suggestion_is_understood_by_its_own_kind(kind: ArgumentKind) -> None:
    for typed in ("", "s", "sql", "x" * 3000):
        for suggestion in kind.suggest(typed, SCENE):
            assert kind.read(suggestion.value, SCENE) is not None


@pytest.mark.parametrize("command", list(registry), ids=lambda command: command.name)
def test_every_suggestion_is_understood_quoted_and_by_name(command: Command) -> None:
    for parameter in command.parameters:
        found = parameter.kind.suggest("", SCENE)
        assert len(found) <= 25
        for suggestion in found:
            assert parameter.name in read(command, f"{parameter.name}:{quote(suggestion.value)}", {}, SCENE).values


TYPED = [
    *(command.name for command in registry.listed),
    "join backend-ai-era 2027-05-20",
    "join backend-intern in 3 weeks 30m",
    "progress",
    "next",
    "roadmap",
    "done",
    "done sql https://example.org/sql",
    "done htp",
    "done a",
    "done proof:https://example.org/" + "x" * 80,
    "skip",
    "checkin",
    "checkin yes",
    "checkin 60",
    "remind 20:00 daily dm",
    "remind kind:risk",
    "remind 20:00 group kind:deadline",
    "later",
    "quiet 22:00",
    "rest tomorrow",
    "rest 2026-12-27 2026-12-24",
    "pause 1w",
    "checkin 30",
    "leaderboard month",
    "timezone berl",
    "timezone nowhere at all",
    "settings",
    "help done",
    "leave",
]


async def test_every_button_that_is_shown_says_a_line_that_is_understood(tmp_path: Path) -> None:
    """Lines are typed, then every button of every answer is pressed, and every button of those answers read."""
    async with clockwork(tmp_path) as made:
        shown: dict[str, int] = {}
        pressed: set[str] = set()

        async def send(line: str, message: str | None = None) -> None:
            said, owner = unsign(line)
            incoming = Incoming(
                *("memory", "asha", "Asha", ROOM, said),
                update=f"u{len(shown)}:{line}:{message}",
                pressed=message,
                owner=owner,
                leader=True,
            )
            response = await made.dispatch(incoming)
            if response is not None and response.question is not None:
                shown.setdefault(response.question.line, len(shown))
            if response is not None and response.card is not None:
                assert "our fault" not in plain_lines(response.card), line
                for pressable in page(response.card).pressables:
                    shown.setdefault(pressable.press, len(shown))

        for line in TYPED:
            await send(line)
        for depth in range(2):
            for number, press in enumerate(list(shown)):
                if press not in pressed:
                    pressed.add(press)
                    await send(press, f"m{depth}-{number}")
        assert len(shown) > 100
        everywhere = scene(enrolments=tuple(dataclasses.replace(ENROLMENT, roadmap=slug) for slug in SHIPPED))
        for press in shown:
            line, _ = unsign(press)
            name, _, rest = line.partition(" ")
            if not rest.startswith("draft:"):
                read(registry.find(name), rest, {}, everywhere)
