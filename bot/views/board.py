"""How a group's standing looks, as a board or as the week's recap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.cards import Bold, Button, Card, Italic, Paragraph, Spans, Text
from bot.domain.board import (
    MEASURES,
    MINUTES_A_POINT,
    POINTS_A_STEP,
    WINDOWS,
    Measure,
    Place,
    Score,
    Standing,
    Standings,
    Window,
)
from bot.domain.group import Group
from bot.domain.recap import RECAP_LINES, Week, gained
from bot.domain.roadmap import Roadmap
from bot.words import date_words, lines, list_spans, list_words, pace_words, say, span_words, word

"""How many members' results a recap spells out; it is read on a phone. The rest are counted."""

RECAP_STEPS = 4
"""How many steps of one member a recap names."""


def board(language: str, group: Group, standings: Standings, reader: int) -> Card:
    """A page of the ranking; the group's own progress leads. `reader` alone turns it to other measures and pages."""
    rows = standings.places
    title = say(
        language,
        "board-title",
        group=group.name,
        window=standings.window,
        sum=_sum(language, standings.minutes, standings.steps),
    )
    if not rows:
        studied = Button(word(language, "button-studied"), "checkin", style="primary")
        empty = Paragraph(say(language, "board-empty", window=standings.window, measure=standings.measure))
        return Card(title, (empty,), rows=((studied,), *_turns(language, group, standings, reader)))
    parts = [Paragraph(lines(*(_row(language, place, standings.measure) for place in rows)))]
    if standings.measure == "points":
        parts.append(Paragraph(_legend(language)))
    mine = Button(word(language, "button-place"), _line("place", standings.window, standings.measure, group))
    turns = _turns(language, group, standings, reader)
    return Card(title, tuple(parts), rows=((mine, *_pages(language, group, standings, reader)), *turns))


def my_place(language: str, group: Group, standing: Standing, member: int) -> Card:
    """Somebody's own rank and what is missing to the next, for them alone. Who is not on the board is not named."""
    place = standing.place
    if place is None:
        id = "place-none-streak" if standing.measure == "streak" else "place-none"
        nothing = say(language, id, group=group.name, window=standing.window, measure=standing.measure)
        ways = (
            Button(word(language, "button-studied"), "checkin", only=member, style="primary"),
            Button(word(language, "button-next"), "next", only=member),
        )
        legend = _legend(language) if standing.measure == "points" else ()
        return Card(parts=(Paragraph(lines(nothing, legend)),), rows=(ways,))
    fact = say(
        language,
        "place",
        rank=place.rank,
        members=standing.members,
        group=group.name,
        window="now" if standing.measure == "streak" else standing.window,
        amount=_amount(language, standing.measure, place.score),
    )
    ahead = standing.ahead
    if ahead is None:
        return Card(parts=(Paragraph(lines(fact, say(language, "place-first"))),))
    gap = _gap(language, standing.measure, place, ahead)
    if standing.ahead_is_named:
        behind = say(language, "place-behind", gap=gap, name=ahead.name)
    else:
        behind = say(language, "place-gap", gap=gap)
    legend = _legend(language) if standing.measure == "points" else ()
    return Card(parts=(Paragraph(lines(fact, behind, legend)),))


def recap(language: str, week: Week, roadmaps: Mapping[str, Roadmap]) -> Card:
    """A group's week in one card: what was done, and by whom; nobody is named for what they did not do."""
    first, last = (date_words(language, day, week.last) for day in (week.first, week.last))
    title = say(language, "recap-title", group=week.group.name, first=first, last=last)
    if not week.studied:
        return Card(title, (Paragraph(lines(say(language, "recap-quiet"), _deadline_line(language, week))),))
    facts = say(
        language,
        "recap-facts",
        studied=week.studied,
        members=week.members,
        sum=_sum(language, week.minutes, week.steps),
    )
    parts = [Paragraph(lines(facts, _streak_line(language, week)))]
    if results := _results(language, week, roadmaps):
        parts.append(Paragraph(lines(*results)))
    if deadline := _deadline_line(language, week):
        parts.append(Paragraph(deadline))
    return Card(title, tuple(parts))


# ---------------------------------------------------------------- the board's lines and buttons


def _row(language: str, place: Place, measure: Measure) -> Spans:
    amount = _amount(language, measure, place.score)
    return (Text(f"{place.rank}. "), Bold(place.score.name), Text(f" · {amount}"))


def _amount(language: str, measure: Measure, score: Score) -> str:
    return _quantity(language, measure, score.by(measure))


def _gap(language: str, measure: Measure, place: Place, ahead: Score) -> str:
    return _quantity(language, measure, ahead.by(measure) - place.score.by(measure))


def _quantity(language: str, measure: Measure, number: int) -> str:
    return pace_words(language, number) if measure == "minutes" else word(language, f"amount-{measure}", count=number)


def _sum(language: str, minutes: int, steps: int) -> str | bool:
    """What a group has to show together: hours, to the minute below ten of them, and steps; False when nothing."""
    shown = []
    if minutes:
        shown.append(pace_words(language, minutes if minutes < 600 else round(minutes / 60) * 60))
    if steps:
        shown.append(word(language, "amount-steps", count=steps))
    return list_words(language, shown) or False


def _legend(language: str) -> Spans:
    return say(language, "board-legend", step=POINTS_A_STEP, minutes=MINUTES_A_POINT)


def _line(command: str, window: Window, measure: Measure, group: Group) -> str:
    return f"{command} {window} {measure} group:#{group.id}"


def _turns(language: str, group: Group, standings: Standings, reader: int) -> list[tuple[Button, ...]]:
    """The other measures, and the other windows where they matter."""
    window, measure = standings.window, standings.measure
    measures = [(f"option-{m}", _line("leaderboard", window, m, group)) for m in MEASURES if m != measure]
    windows = [(f"option-{w}", _line("leaderboard", w, measure, group)) for w in WINDOWS if w != window]
    rows = (measures, () if measure == "streak" else windows)
    return [tuple(Button(word(language, id), line, only=reader) for id, line in row) for row in rows if row]


def _pages(language: str, group: Group, standings: Standings, reader: int) -> list[Button]:
    line = _line("leaderboard", standings.window, standings.measure, group)
    turns = [("button-page-back", standings.page - 1), ("button-page-on", standings.page + 1)]
    return [
        Button(word(language, id), f"{line} page:{to}", only=reader) for id, to in turns if 0 < to <= standings.pages
    ]


# ---------------------------------------------------------------- the recap's lines


def _streak_line(language: str, week: Week) -> Spans:
    if week.streak < 2:
        return ()
    named = list(week.streak_names)
    rest = week.holders - len(named)
    if rest > 0:
        named.append(word(language, "roster-more", count=rest))
    return say(language, "recap-streak", names=list_words(language, named), count=week.streak)


def _results(language: str, week: Week, roadmaps: Mapping[str, Roadmap]) -> list[Spans]:
    """A line for each who finished something: the whole roadmap first, then levels, then the most steps."""
    found: list[tuple[tuple[int, int, int], Spans]] = []
    for finisher in week.finishers:
        roadmap = roadmaps[finisher.roadmap]
        gain = gained(roadmap, finisher.events, week.first)
        if not gain.steps:
            continue
        spans = (Bold(finisher.name), Text(": "), *_steps(language, gain.steps))
        for level in gain.levels:
            if len(roadmap.levels) > 1:
                spans += (Text(" "), *say(language, "recap-level", title=level))
        if gain.finished:
            spans += (Text(" "), *say(language, "recap-roadmap", title=roadmap.title))
        found.append(((gain.finished, len(gain.levels), len(gain.steps)), spans))
    found.sort(key=lambda result: result[0], reverse=True)
    results = [spans for _, spans in found[:RECAP_LINES]]
    unlisted = len(week.finishers) - len(found)
    if more := week.finished - unlisted - len(results):
        results.append(say(language, "recap-more", count=more))
    return results


def _steps(language: str, titles: Sequence[str]) -> Spans:
    named: list[Spans] = [(Italic(title),) for title in titles[:RECAP_STEPS]]
    if len(titles) > RECAP_STEPS:
        named.append((Text(word(language, "roster-more", count=len(titles) - RECAP_STEPS)),))
    return (*list_spans(language, named), Text("."))


def _deadline_line(language: str, week: Week) -> Spans:
    deadline = week.group.deadline
    if deadline is None or deadline <= week.last:
        return ()
    left = span_words(language, (deadline - week.last).days)
    return say(language, "recap-deadline", left=left, date=date_words(language, deadline, week.last))
