"""How a whole roadmap looks; on a second card, what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bot.cards import Bold, Button, Card, Code, Paragraph, ProgressBar, Spans, Text
from bot.domain import progress as ledger
from bot.domain.roadmap import Level, Roadmap, Step
from bot.views.study import bar, roadmap_line
from bot.words import beside_words, date_words, lines, pace_words, say, word

MARKS = {"done": "✅", "skipped": "⤼", "open": "▫️"}


def course(language: str, progress: ledger.Progress, mine: bool, member: int) -> Card:
    """A whole roadmap: its levels and steps with signals, mine ticked."""
    roadmap = progress.roadmap
    parts: list[Paragraph | ProgressBar] = [Paragraph(lines((Text(roadmap.summary),), _practice(language, roadmap)))]
    if mine:
        parts.append(bar(language, progress))
    for level in roadmap.levels:
        parts.append(Paragraph(lines(*_level(language, progress, level))))
    parts.append(Paragraph(say(language, "signals-legend")))
    slug = roadmap.slug
    first = ("button-next", f"next {slug}") if mine else ("button-join", f"join {slug}")
    buttons = (
        Button(word(language, first[0]), first[1], style="primary"),
        Button(word(language, "button-sources"), f"sources {slug}"),
    )
    return Card(roadmap_line(language, roadmap), tuple(parts), rows=(buttons,))


def sources(language: str, roadmap: Roadmap, today: date) -> Card:
    """What a roadmap rests on: what its levels are for, the practice beside it, its sources, its version."""
    levels = [say(language, "level-about", title=level.title, text=level.summary) for level in _described(roadmap)]
    rests = [say(language, "roadmap-source", text=roadmap.source)]
    if roadmap.credits:
        rests.append(say(language, "roadmap-credits", text=beside_words(language, roadmap.credits)))
    updated = date_words(language, roadmap.updated, today)
    rests.append(say(language, "roadmap-version", version=roadmap.version, date=updated))
    beside = [] if roadmap.practice is None else [_practice(language, roadmap), (Text(roadmap.practice.summary),)]
    told = [Paragraph(lines(*part)) for part in (levels, beside, rests) if part]
    plan = Button(word(language, "button-show-plan"), f"roadmap {roadmap.slug}")
    return Card(roadmap_line(language, roadmap), tuple(told), rows=((plan,),))


def _described(roadmap: Roadmap) -> Iterator[Level]:
    return (level for level in roadmap.levels if level.summary)


def _practice(language: str, roadmap: Roadmap) -> Spans:
    """What runs beside the steps every day; nothing for a roadmap without it."""
    practice = roadmap.practice
    if practice is None:
        return ()
    return say(language, f"practice-{practice.track}", time=pace_words(language, practice.minutes))


def _level(language: str, progress: ledger.Progress, level: Level) -> list[Spans]:
    heading: list[Spans] = [(Bold(level.title),)] if len(progress.roadmap.levels) > 1 else []
    steps = [step_line(language, progress, step) for step in level.steps if not step.retired]
    gate = [say(language, "gate", gate=level.gate)] if level.gate else []
    return [*heading, *steps, *gate]


def step_line(language: str, progress: ledger.Progress, step: Step) -> Spans:
    """A step in a list: its mark, number, title, slug and signals."""
    state = "done" if step.slug in progress.done else "skipped" if step.slug in progress.skipped else "open"
    levels = (step.signals.importance, step.signals.demand, step.signals.automation_risk)
    signals = "·".join(word(language, f"signal-{level}") for level in levels)
    optional = (
        word(language, "step-optional") if step.optional else word(language, "step-choice") if step.one_of else ""
    )
    number = progress.roadmap.number_of(step)
    words = Text(f"{MARKS[state]} {number}. {step.title} ")
    return (words, Code(step.slug), Text(f" {signals}{' ' + optional if optional else ''}"))
