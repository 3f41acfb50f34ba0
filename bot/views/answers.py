"""How a check-in looks, from its question to its receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.cards import Button, Card, Mention, Paragraph, Spans, Text
from bot.domain.answer import STUDY
from bot.domain.kind import MOST_IGNORED
from bot.domain.member import Member
from bot.domain.plan import Fit
from bot.domain.progress import Progress
from bot.domain.reminder import Reminder
from bot.domain.roadmap import Roadmap
from bot.views import study, times
from bot.words import (
    date_words,
    days_words,
    lines,
    list_words,
    minute_words,
    pace_words,
    say,
    shortened,
    weekday_words,
    word,
)

ROSTER_NAMES = 40
"""How many names a roster lists; a larger group gets a count of the rest."""


REMARKS = ("checkin-counts-ten", "checkin-counts-reading", None)
"""What follows the daily question, in turn: words that are always the same are soon not read."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an answer came to. `total` is the day's minutes; `added` is set when this answer added to another; `again`
    says when questions that had stopped go on."""

    day: date
    track: str
    studied: bool
    total: int
    added: int | None
    streak: int
    code: str
    again: Spans = ()


def question(
    language: str, member: Member, day: date, track: str, ahead: Spans, hour: int, today: date | None = None
) -> Card:
    """The daily check-in, in private: what is next, their own if-then line, and the question. `hour` is local."""
    part = "morning" if 4 <= hour < 12 else "day" if 12 <= hour < 17 else "evening"
    greeting = say(language, f"checkin-greeting-{part}", name=member.name)
    plan = say(language, "checkin-intention", line=member.intention) if member.intention and track == STUDY else ()
    asked = _asked(language, day, track, today)
    remark = REMARKS[day.toordinal() % len(REMARKS)]
    if track == STUDY and remark is not None:
        asked = (*asked, Text(" "), *say(language, remark))
    body = Paragraph(lines(ahead, plan, asked))
    return Card(title=greeting, parts=(body,), rows=(_answers(language, day, track, member.id),))


def _asked(language: str, day: date, track: str, today: date | None) -> Spans:
    """The question itself; after its day has ended, as /later can have it, by the day's name."""
    over = today is not None and today != day
    return say(language, f"checkin-question-{track}", day=weekday_words(language, day.weekday()) if over else "today")


def public_question(language: str, day: date, track: str, mention: Mention, today: date | None = None) -> Card:
    """The daily check-in of somebody who chose to be asked in the group: it names nothing private.

    Whoever presses answers for themselves, as under the group's own post: at the same minute both are one message.
    """
    asked = say(language, "checkin-mention", name=mention, question=_asked(language, day, track, today))
    return Card(parts=(Paragraph(asked),), rows=(_answers(language, day, track, None),))


def settled(language: str, day: date, track: str, studied: bool, minutes: int) -> Card:
    """What becomes of a private question that was answered elsewhere."""
    return Card(parts=(Paragraph(_said(language, day, track, studied, minutes)),))


def public_receipt(language: str, name: str, day: date, studied: bool) -> Card:
    """What becomes of that question once it is answered: who did not study is thanked for the answer alone."""
    id = "checkin-mention-studied" if studied else "checkin-mention-answered"
    return Card(parts=(Paragraph(say(language, id, name=name, day=weekday_words(language, day.weekday()))),))


def _answers(language: str, day: date, track: str, only: int | None) -> tuple[Button, ...]:
    # Both tracks may be asked for in one message: their buttons read apart.
    suffix, of = ("", "button") if track == STUDY else (f" track:{track}", f"button-{track}")
    return (
        Button(word(language, f"{of}-studied"), f"checkin yes{suffix} date:{day}", only=only, style="primary"),
        Button(word(language, f"{of}-not-today"), f"checkin no{suffix} date:{day}", only=only),
        Button(word(language, f"{of}-later"), f"later{suffix} date:{day}", only=only),
    )


def risk(language: str, member: Member, day: date, streak: int) -> Card:
    """In the evening of a day not answered yet: what keeps the streak, which is theirs to keep or to let go."""
    said = say(language, "risk", day=weekday_words(language, day.weekday()), count=streak)
    return Card(parts=(Paragraph(said),), rows=(_answers(language, day, "study", member.id)[:2],))


def warning(
    language: str, member: Member, roadmap: Roadmap, progress: Progress, fit: Fit, *, several: bool = False
) -> Card:
    """A deadline comes nearer, in private: what is left, whether it fits, and what would make it fit.

    Of `several` in one message each has one way on, by its title: nobody could tell their buttons apart.
    """
    title = say(
        language,
        "warning",
        title=roadmap.title,
        count=fit.days,
        date=date_words(language, fit.deadline, fit.today),
    )
    left = say(language, "warning-left", count=progress.total_count - progress.done_count)
    said = lines((*left, Text(" "), *study.fit_line(language, fit)), *study.ways_to_fit(language, fit))
    slug = roadmap.slug
    if several:
        plan = Button(shortened(roadmap.title, 80), f"roadmap {slug}", only=member.id)
        return Card(title=title, parts=(Paragraph(said),), rows=((plan,),))
    buttons = [
        *([] if fit.fits else study.repairs(language, roadmap, fit, member.id)),
        Button(word(language, "button-show-plan"), f"roadmap {slug}", only=member.id),
        Button(word(language, "button-change-deadline"), f"join {slug} deadline:?", only=member.id),
    ]
    return Card(title=title, parts=(Paragraph(said),), rows=(tuple(buttons),))


def welcome(language: str, member: Member, title: str | None, ahead: Spans) -> Card:
    """Once, after a week of silence: everything is as it was left, and a small step is enough. `title` names the
    roadmap, `ahead` its next step."""
    waiting = say(language, "welcome-plan", title=title) if title else say(language, "welcome-no-plan")
    said = lines(waiting, ahead, say(language, "welcome-small"))
    buttons = (
        Button(word(language, "button-start-small"), "next" if title else "start", only=member.id, style="primary"),
        Button(word(language, "button-pause"), "pause", only=member.id),
        Button(word(language, "button-no-more"), "remind off kind:return", only=member.id),
    )
    return Card(title=say(language, "welcome", name=member.name), parts=(Paragraph(said),), rows=(buttons,))


def stopped(language: str, member: Member, reminder: Reminder) -> Card:
    """Questions that nobody answers stop, and say so, and when they would go on."""
    kind = reminder.kind
    said = say(
        language,
        "questions-stopped",
        about=times.asked_about(language, kind),
        count=MOST_IGNORED,
        time=minute_words(reminder.time),
        days=days_words(language, reminder.days),
    )
    other = Button(word(language, "button-other-time"), f"remind{times.of_kind(kind)} time:?", only=member.id)
    return Card(parts=(Paragraph(said),), rows=((times.ask_again(member, reminder), other),))


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
    named = [f"{name} {pace_words(language, minutes)}" if minutes else name for name, minutes in roster[:ROSTER_NAMES]]
    if count > len(named):
        named.append(word(language, "roster-more", count=count - len(named)))
    return say(language, "roster", count=count, names=list_words(language, named))


def receipt(member: Member, answer: Receipt, today: date) -> Card:
    """What an answer became: the day, the time, the streak, and the way back; in a pause, the way out of it."""
    language = member.language
    ways = [Button(word(language, "button-undo"), f"undo {answer.code}", only=member.id)]
    fact = _said(language, answer.day, answer.track, answer.studied, answer.total, answer.added, answer.streak)
    fact = lines(fact, answer.again)
    if member.paused_on(today):
        fact = lines(fact, times.paused_receipt(member, today))
        ways.append(times.end_pause(member))
    if answer.total or not answer.studied:
        return Card(parts=(Paragraph(fact),), rows=(tuple(ways),))
    track = "" if answer.track == "study" else f" track:{answer.track}"
    lengths = [
        Button(pace_words(language, minutes), f"checkin {minutes}{track} date:{answer.day}", only=member.id)
        for minutes in (30, 60, 120)
    ]
    other = Button(
        word(language, "button-minutes-note"), f"checkin minutes:? note:?{track} date:{answer.day}", only=member.id
    )
    said = Paragraph(lines(fact, say(language, "checkin-how-long")))
    return Card(parts=(said,), rows=((*lengths, other), tuple(ways)))


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
        more = pace_words(language, added)
        return say(language, "checkin-added", day=day, added=more, total=pace_words(language, total))
    return say(language, "checkin-minutes", day=day, total=pace_words(language, total))
