"""How a check-in is asked for and how its receipt looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.cards import Button, Card, Mention, Paragraph, Spans
from bot.domain.member import Member
from bot.text import date_words, lines, say, weekday_words, word
from bot.views.study import pace_words

ROSTER_NAMES = 40
"""How many names a roster lists; a larger group gets a count of the rest."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an answer came to. `total` is the day's minutes; `added` is set when this answer added to another."""

    day: date
    track: str
    studied: bool
    total: int
    added: int | None
    streak: int
    code: str


def question(language: str, member: Member, day: date, track: str, ahead: Spans, hour: int) -> Card:
    """The daily check-in, in private: what is next, their own if-then line, and the question. `hour` is local."""
    part = "morning" if 4 <= hour < 12 else "day" if 12 <= hour < 17 else "evening"
    greeting = say(language, f"checkin-greeting-{part}", name=member.name)
    plan = say(language, "checkin-intention", line=member.intention) if member.intention else ()
    asked = say(language, f"checkin-question-{track}")
    body = Paragraph(lines(ahead, plan, asked))
    return Card(title=greeting, parts=(body,), rows=(_answers(language, day, track, member.id),))


def public_question(language: str, day: date, track: str, mention: Mention, member: int) -> Card:
    """The daily check-in of somebody who chose to be asked in the group: it names nothing private."""
    asked = say(language, "checkin-mention", name=mention, question=say(language, f"checkin-question-{track}"))
    return Card(parts=(Paragraph(asked),), rows=(_answers(language, day, track, member),))


def settled(language: str, day: date, track: str, studied: bool, minutes: int) -> Card:
    """What becomes of a private question that was answered elsewhere."""
    return Card(parts=(Paragraph(_said(language, day, track, studied, minutes)),))


def public_receipt(language: str, name: str, day: date, studied: bool) -> Card:
    """What becomes of that question once it is answered: who did not study is thanked for the answer alone."""
    id = "checkin-mention-studied" if studied else "checkin-mention-answered"
    return Card(parts=(Paragraph(say(language, id, name=name, day=weekday_words(language, day.weekday()))),))


def _answers(language: str, day: date, track: str, only: int | None) -> tuple[Button, ...]:
    suffix = "" if track == "study" else f" track:{track}"
    return (
        Button(word(language, "button-studied"), f"checkin yes{suffix} date:{day}", only=only, style="primary"),
        Button(word(language, "button-not-today"), f"checkin no{suffix} date:{day}", only=only),
        Button(word(language, "button-later"), f"later{suffix} date:{day}", only=only),
    )


def group_question(language: str, day: date, roster: Sequence[tuple[str, int]], count: int) -> Card:
    """The group's daily post: the question, and the roster of those who studied. Nobody's absence is shown.

    `roster` are names and minutes, `count` how many studied in all.
    """
    parts = [Paragraph(say(language, "group-question", date=date_words(language, day, day)))]
    if roster:
        parts.append(Paragraph(_roster(language, roster, count)))
    buttons = (
        Button(word(language, "button-studied"), f"checkin yes date:{day}", style="primary"),
        Button(word(language, "button-not-today"), f"checkin no date:{day}"),
    )
    return Card(parts=tuple(parts), rows=(buttons,))


def _roster(language: str, roster: Sequence[tuple[str, int]], count: int) -> Spans:
    named = [f"{name} {pace_words(minutes)}" if minutes else name for name, minutes in roster[:ROSTER_NAMES]]
    if count > len(named):
        named.append(word(language, "roster-more", count=count - len(named)))
    return say(language, "roster", count=count, names=", ".join(named))


def receipt(language: str, answer: Receipt, member: int) -> Card:
    """What an answer became: the day, the time, the streak, and the way back."""
    undo = Button(word(language, "button-undo"), f"undo {answer.code}", only=member)
    fact = _said(language, answer.day, answer.track, answer.studied, answer.total, answer.added, answer.streak)
    if answer.total or not answer.studied:
        return Card(parts=(Paragraph(fact),), rows=((undo,),))
    track = "" if answer.track == "study" else f" track:{answer.track}"
    lengths = [
        Button(pace_words(minutes), f"checkin {minutes}{track} date:{answer.day}", only=member)
        for minutes in (30, 60, 120)
    ]
    other = Button(
        word(language, "button-minutes-note"), f"checkin minutes:? note:?{track} date:{answer.day}", only=member
    )
    said = Paragraph(lines(fact, say(language, "checkin-how-long")))
    return Card(parts=(said,), rows=((*lengths, other), (undo,)))


def _said(
    language: str, day: date, track: str, studied: bool, total: int, added: int | None = None, streak: int = 0
) -> Spans:
    """An answer in one line; see Receipt for what the numbers are."""
    name = weekday_words(language, day.weekday())
    if track == "dsa":
        name = word(language, "checkin-day-dsa", day=name)
    if not studied:
        return say(language, "checkin-no", day=name)
    # One emoji: the streak's where there is one.
    ending = "checkin-streak" if streak > 1 else "checkin-counted"
    return say(language, ending, fact=_time_studied(language, name, total, added), count=streak)


def _time_studied(language: str, day: str, total: int, added: int | None) -> Spans:
    if not total:
        return say(language, "checkin-yes", day=day)
    if added is not None and added != total:
        return say(language, "checkin-added", day=day, added=pace_words(added), total=pace_words(total))
    return say(language, "checkin-minutes", day=day, total=pace_words(total))
