"""No field of a roadmap is there for nothing: each is read where members see it, or where the rules are kept."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from pydantic import BaseModel

from bot.cards import Card, Link, Paragraph, Part, Spans, Text
from bot.domain.progress import StepEvent, fold
from bot.domain.roadmap import Level, Practice, Roadmap, Signals, Step
from bot.domain.roadmap import ResourceLink as Page
from bot.library import ROADMAPS, Library, check_against
from bot.platforms.console.render import plain_lines
from bot.platforms.discord.render import render as on_discord
from bot.platforms.telegram.render import render as on_telegram
from bot.views.course import course, sources
from bot.views.step import how_to, step_ahead

RECORDS = (Roadmap, Level, Step, Signals, Page, Practice)
NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
TODAY = date(2026, 11, 20)
MEMBER = 10**9
PHONE = 42
"""Characters in a line of a small phone, in either app."""

SCREEN = 22
"""Lines of a message that such a phone shows above its keyboard of buttons."""

LIBRARY = Library.load(ROADMAPS)
STEPS = [pytest.param(r, s, id=f"{r.slug}/{s.slug}") for r in LIBRARY.roadmaps.values() for s in r.live_steps]


def full(**more: object) -> Roadmap:
    """A roadmap in which every field says something."""
    step: dict[str, object] = {
        "hours": 2,
        "signals": {"importance": "high", "demand": "low", "automation_risk": "medium"},
    }
    first = step | {
        "slug": "git",
        "title": "Git",
        "summary": "Commit.",
        "hours_from": "source",
        "topics": ["Commits", "Branches"],
        "renamed_from": ["vcs"],
        "implement": "On your own machine.",
        "showcase": "A clean history.",
        "cost": "Free of charge.",
        "skill": "git",
        "links": [{"title": "Pro Git", "url": "https://git-scm.com/book"}],
    }
    others: list[dict[str, object]] = [
        {"slug": "django", "title": "Django", "summary": "One.", "one_of": "framework", "needs": ["git"]},
        {"slug": "fastapi", "title": "FastAPI", "summary": "Other.", "one_of": "framework"},
        {"slug": "ml", "title": "ML", "summary": "A dose.", "optional": True},
        {"slug": "svn", "title": "SVN", "summary": "Gone.", "retired": True},
    ]
    level = {"slug": "one", "title": "Level one", "summary": "The beginning.", "gate": "You can begin."}
    return Roadmap.model_validate(
        {
            "slug": "full",
            "title": "Full",
            "summary": "Has everything.",
            "version": 3,
            "updated": TODAY,
            "source": "Made up.",
            "credits": ["Asha", "Ravi"],
            "renamed_from": ["empty"],
            "practice": {"track": "dsa", "minutes": 90, "summary": "One problem a day."},
            "levels": [level | {"steps": [first, *(step | other for other in others)]}],
            **more,
        }
    )


def cards(roadmap: Roadmap) -> Iterator[Card]:
    """Every card about a roadmap and its steps: before one is on it, and with a step done."""
    progress = fold(roadmap, (StepEvent(1, "fastapi", "done", NOON, TODAY),))
    elsewhere = full(slug="elsewhere", title="Elsewhere", renamed_from=[])
    for mine in (True, False):
        yield course("en", progress, mine, MEMBER)
    yield sources("en", roadmap, TODAY)
    for step in roadmap.live_steps:
        yield step_ahead("en", progress, step, MEMBER)
        yield how_to("en", roadmap, step, (roadmap, elsewhere), MEMBER)


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch, *records: type[BaseModel]) -> Iterator[set[tuple[str, str]]]:
    """Which fields of these records are read inside, each as its record and its name."""
    read: set[tuple[str, str]] = set()

    def noting(record: type[BaseModel]) -> Callable[[BaseModel, str], object]:
        plainly = record.__getattribute__

        def get(self: BaseModel, name: str) -> object:
            if name in record.model_fields:
                read.add((record.__name__, name))
            return plainly(self, name)

        return get

    with monkeypatch.context() as patch:
        for record in records:
            patch.setattr(record, "__getattribute__", noting(record))
        yield read


def every_field(*records: type[BaseModel]) -> set[tuple[str, str]]:
    return {(record.__name__, name) for record in records for name in record.model_fields}


def test_every_field_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a card, or by the rules: what follows a former name, and what a newer file may not change."""
    roadmap = full()
    with noted(monkeypatch, *RECORDS) as read:
        list(cards(roadmap))
        Library({"full": roadmap}, ()).roadmap("empty")
        check_against(roadmap, roadmap)
    assert every_field(*RECORDS) - read == set()


def test_a_field_that_nobody_reads_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Longer(Roadmap):
        mood: str = "cheerful"

    with noted(monkeypatch, *RECORDS, Longer) as read:
        list(cards(Longer.model_validate(full().model_dump())))
    assert ("Longer", "title") in read
    assert ("Longer", "mood") not in read


def test_what_an_author_writes_is_said() -> None:
    said = "\n".join(plain_lines(card) for card in cards(full()))
    for words in (
        *("About 2 h of work, as its source says.", "About 2 h of work, an estimate."),
        *("Parts: Commits · Branches", "Read: Pro Git", "Practise: On your own machine.", "Cost: Free of charge."),
        *("Show it with: A clean history.", "Also taught on: Elsewhere", "Level one: The beginning."),
        *("Beside it, every day: data structures and algorithms, 1 h 30.", "One problem a day."),
        *("Source: Made up.", "Thanks to: Asha · Ravi", "Version 3, Fri 20 Nov."),
    ):
        assert words in said
    assert "SVN" not in said


@pytest.mark.parametrize(("roadmap", "step"), STEPS)
def test_a_steps_cards_fit_a_phones_screen_everywhere(roadmap: Roadmap, step: Step) -> None:
    """Whole, as one message, on each platform; the addresses behind links take no room."""
    progress = fold(roadmap, ())
    ahead = step_ahead("en", progress, step, MEMBER, several=True)
    for card in (ahead, how_to("en", roadmap, step, LIBRARY.roadmaps.values(), MEMBER)):
        assert (len(on_telegram(card, "")), len(on_discord(card))) == (1, 1)
        assert sum(len(textwrap.wrap(line, PHONE)) or 1 for line in shown(card).splitlines()) <= SCREEN


def shown(card: Card) -> str:
    """A card's words as an app shows them: of a link its text alone."""
    spans = tuple(Text(span.text) if isinstance(span, Link) else span for part in card.parts for span in part_of(part))
    return plain_lines(Card(card.title, (Paragraph(spans),)))


def part_of(part: Part) -> Spans:
    return (*part.spans, Text("\n")) if isinstance(part, Paragraph) else (Text("bar\n"),)
