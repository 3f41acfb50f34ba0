"""How one step looks; on a second card, how to learn it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.cards import Button, Card, Link, Paragraph, Span, Spans, Text, owner_that_fits
from bot.domain import progress as ledger
from bot.domain.roadmap import Roadmap, Step
from bot.views.study import bar, hours_words, next_line, reasons_words
from bot.words import beside_words, lines, list_words, say, word


def step_ahead(language: str, progress: ledger.Progress, step: Step, member: int, *, several: bool = False) -> Card:
    """The next step, why that one, and how to show it; how to learn it is one tap away, to fit a phone's screen."""
    roadmap = progress.roadmap
    told: list[Spans] = [(Text(step.summary),), say(language, "why", reasons=reasons_words(language, progress, step))]
    if step.showcase:
        told.append(say(language, "step-showcase", text=step.showcase))
    how = _button(language, "button-how-to", f"howto {roadmap.slug}/{step.slug}", member)
    done, skip = _answers(language, roadmap, step, member)
    return Card(
        title=next_line(language, step),
        parts=(*map(Paragraph, told), bar(language, progress, several=several)),
        rows=((done, how, skip, _plan(language, roadmap, member)),),
    )


def how_to(language: str, roadmap: Roadmap, step: Step, others: Iterable[Roadmap], member: int) -> Card:
    """How to learn a step: its parts, what to read, where to practise, what it costs in hours and in money.

    `others` are the roadmaps on which the same skill may be taught too.
    """
    hours = say(language, "step-hours", hours=hours_words(language, step.hours), origin=step.hours_from)
    done, _ = _answers(language, roadmap, step, member)
    return Card(
        title=say(language, "step-title", title=step.title, slug=step.slug),
        parts=(Paragraph(hours), Paragraph(lines(*_ways(language, roadmap, step, others)))),
        rows=((done, _plan(language, roadmap, member)),),
    )


def _ways(language: str, roadmap: Roadmap, step: Step, others: Iterable[Roadmap]) -> Iterator[Spans]:
    if step.topics:
        yield say(language, "step-topics", text=beside_words(language, step.topics))
    if step.links:
        yield (*say(language, "step-links"), *_links(step))
    for id, text in (
        ("step-implement", step.implement),
        ("step-showcase", step.showcase),
        ("step-cost", step.cost),
        ("step-also", list_words(language, _also(roadmap, step, others))),
    ):
        if text:
            yield say(language, id, text=text)


def _links(step: Step) -> Iterator[Span]:
    for number, link in enumerate(step.links):
        yield Text(" · " if number else " ")
        yield Link(link.title, link.url)


def _also(roadmap: Roadmap, step: Step, others: Iterable[Roadmap]) -> list[str]:
    """The other roadmaps that teach the same skill and are still offered."""
    if step.skill is None:
        return []
    offered = (other for other in others if other.slug != roadmap.slug and not other.retired)
    return [other.title for other in offered if any(taught.skill == step.skill for taught in other.live_steps)]


def _answers(language: str, roadmap: Roadmap, step: Step, member: int) -> tuple[Button, Button]:
    done = _button(language, "button-done", f"done {roadmap.slug}/{step.slug}", member, primary=True)
    return done, _button(language, "button-skip", f"skip {roadmap.slug}/{step.slug}", member)


def _plan(language: str, roadmap: Roadmap, member: int) -> Button:
    return Button(word(language, "button-show-plan"), f"roadmap {roadmap.slug}", only=member)


def _button(language: str, label: str, line: str, member: int, *, primary: bool = False) -> Button:
    only = owner_that_fits(line, member)
    return Button(word(language, label), line, only=only, style="primary" if primary else "secondary")
