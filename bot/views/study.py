"""How a member's course looks: roadmap, plan, progress."""

from __future__ import annotations

from datetime import date

from bot.cards import LINE_BYTES, Button, Card, Paragraph, ProgressBar, Spans, Text, owner_that_fits
from bot.domain import progress as ledger
from bot.domain.enrolment import Enrolment
from bot.domain.plan import Fit
from bot.domain.roadmap import Level, Roadmap, Step
from bot.words import date_words, lines, list_words, number_words, pace_words, say, span_words, word


def hours_words(language: str, hours: float) -> str:
    """A number of hours, rounded as an estimate deserves: halves below ten."""
    rounded = round(hours) if hours >= 10 else round(hours * 2) / 2
    return number_words(language, rounded)


def roadmap_line(language: str, roadmap: Roadmap) -> Spans:
    """A roadmap's name and size: what stands over everything that is about it."""
    count = len(roadmap.requirements)
    return say(language, "roadmap-line", title=roadmap.title, count=count)


def enrolled(language: str, roadmap: Roadmap, fit: Fit, next_step: Step | None, member: int) -> Card:
    """The receipt of joining: what it is, whether it fits, and the next thing."""
    title = say(
        language,
        "joined-title",
        title=roadmap.title,
        count=len(roadmap.requirements),
        deadline=date_words(language, fit.deadline, fit.today),
    )
    slug = roadmap.slug
    parts = [Paragraph(lines(fit_line(language, fit), *ways_to_fit(language, fit), next_line(language, next_step)))]
    buttons = [
        Button(word(language, "button-change-hours"), f"join {slug} hours:?", only=member),
        Button(word(language, "button-change-deadline"), f"join {slug} deadline:?", only=member),
    ]
    if not fit.fits:
        buttons = repairs(language, roadmap, fit, member) + buttons
    else:
        buttons.insert(0, Button(word(language, "button-start"), f"next {slug}", only=member, style="primary"))
    return Card(title=title, parts=tuple(parts), rows=(tuple(buttons),))


def fit_line(language: str, fit: Fit) -> Spans:
    """The work held against the time there is, and the verdict."""
    facts = say(
        language,
        "fit-facts",
        needed=hours_words(language, fit.hours_needed),
        pace=pace_words(language, fit.minutes_a_day),
        given=hours_words(language, fit.hours_given),
    )
    return (
        *facts,
        Text(" "),
        *say(language, "fit-yes" if fit.fits else "fit-no", spare=span_words(language, abs(fit.spare_days))),
    )


def ways_to_fit(language: str, fit: Fit) -> list[Spans]:
    """What would make it fit, in a line; nothing where it fits."""
    if fit.fits:
        return []
    deadline = date_words(language, fit.deadline_that_fits, fit.today)
    if fit.minutes_that_fit is None:
        return [say(language, "fit-way-deadline", deadline=deadline)]
    return [say(language, "fit-ways", pace=pace_words(language, fit.minutes_that_fit), deadline=deadline)]


def repairs(language: str, roadmap: Roadmap, fit: Fit, member: int) -> list[Button]:
    """What would make it fit, one tap each."""
    later = fit.deadline_that_fits
    buttons = [
        Button(
            word(language, "button-move-deadline", deadline=date_words(language, later, fit.today)),
            f"join {roadmap.slug} deadline:{later}",
            only=member,
        )
    ]
    if fit.minutes_that_fit is not None:
        pace = pace_words(language, fit.minutes_that_fit)
        line = f"join {roadmap.slug} hours:{fit.minutes_that_fit}m"
        buttons.insert(0, Button(word(language, "button-raise-hours", pace=pace), line, only=member))
    return buttons


def next_line(language: str, step: Step | None) -> Spans:
    """What comes next, with its slug to type and its hours."""
    if step is None:
        return say(language, "next-none")
    return say(language, "next", title=step.title, slug=step.slug, hours=hours_words(language, step.hours))


def reasons_words(language: str, progress: ledger.Progress, step: Step) -> str:
    """Why a step is the next: its signals, and what it opens."""
    reasons = [word(language, f"signal-{name}-{getattr(step.signals, name)}") for name in ("importance", "demand")]
    opens = progress.unlocks(step)
    if opens:
        reasons.append(word(language, "unlocks", count=opens))
    return list_words(language, reasons)


def next_why(language: str, progress: ledger.Progress, step: Step | None) -> Spans:
    """What comes next and why that one, in a line."""
    if step is None:
        return next_line(language, None)
    reasons = reasons_words(language, progress, step)
    return say(language, "next-why", title=step.title, slug=step.slug, reasons=reasons)


def bar(language: str, progress: ledger.Progress, *, several: bool = False) -> ProgressBar:
    """The bar with its count: "1 of 10 steps done (10%)"; who is on `several` roadmaps reads of which."""
    return ProgressBar(
        progress.percent,
        say(
            language,
            "steps-done-of" if several else "steps-done",
            done=progress.done_count,
            total=progress.total_count,
            percent=progress.percent,
            title=progress.roadmap.title,
        ),
    )


def step_done(
    language: str,
    progress: ledger.Progress,
    step: Step,
    change: str | None,
    member: int,
    proof: str | None,
    *,
    where: str = "",
    several: bool = False,
) -> Card:
    """The receipt of a finished step; without a change it was done already. `proof`: `link`, `file`, `note` or None.

    `where` names the group that sees the file.
    """
    heading = say(language, "done" if change else "done-again", title=step.title, proof=proof or "none", where=where)
    following = progress.next_step
    ahead = [next_why(language, progress, following)]
    if progress.finished:
        ahead.insert(0, say(language, "roadmap-finished", title=progress.roadmap.title))
    buttons = [Button(word(language, "button-show-plan"), f"roadmap {progress.roadmap.slug}", only=member)]
    if proof not in ("link", "file"):
        line = f"done {progress.roadmap.slug}/{step.slug} proof:?"
        fits = len(line.encode()) <= LINE_BYTES
        line = line if fits else f"done {step.slug} proof:?"
        buttons.insert(0, Button(word(language, "button-add-proof"), line, only=owner_that_fits(line, member)))
    if change is not None:
        buttons.insert(0, Button(word(language, "button-undo"), f"undo {change}", only=member))
    told = (bar(language, progress, several=several), Paragraph(lines(*ahead)))
    return Card(title=heading, parts=told, rows=(tuple(buttons),))


def step_skipped(
    language: str, progress: ledger.Progress, step: Step, change: str, member: int, *, several: bool = False
) -> Card:
    """The receipt of a step left out."""
    return Card(
        title=say(language, "skipped", title=step.title),
        parts=(
            bar(language, progress, several=several),
            Paragraph(next_why(language, progress, progress.next_step)),
        ),
        rows=((Button(word(language, "button-undo"), f"undo {change}", only=member),),),
    )


def standing(
    language: str,
    name: str | None,
    progress: ledger.Progress,
    enrolment: Enrolment,
    today: date,
    member: int,
) -> Card:
    """Where somebody stands; `name` is set when it is somebody else than the reader, who then sees no deadline."""
    roadmap = progress.roadmap
    id = "progress-title" if name is None else "progress-title-of"
    title = say(language, id, title=roadmap.title, name=name or "")
    levels = [_level_line(language, progress, level) for level in roadmap.levels if progress.of_level(level)[1]]
    parts: list[ProgressBar | Paragraph] = [bar(language, progress)]
    if len(roadmap.levels) > 1 and levels:
        parts.append(Paragraph(lines(*levels)))
    if name is not None:
        return Card(title, tuple(parts))
    parts.append(
        Paragraph(lines(deadline_line(language, enrolment.deadline, today), next_line(language, progress.next_step)))
    )
    buttons = [Button(word(language, "button-show-plan"), f"roadmap {roadmap.slug}", only=member)]
    if progress.next_step is not None:
        buttons.insert(0, Button(word(language, "button-next"), f"next {roadmap.slug}", only=member))
    return Card(title, tuple(parts), rows=(tuple(buttons),))


def deadline_line(language: str, deadline: date | None, today: date) -> Spans:
    """How far the deadline is."""
    if deadline is None:
        return ()
    days = (deadline - today).days
    id = "deadline-ahead" if days > 0 else "deadline-today" if days == 0 else "deadline-over"
    return say(language, id, date=date_words(language, deadline, today), count=abs(days))


def _level_line(language: str, progress: ledger.Progress, level: Level) -> Spans:
    done, total = progress.of_level(level)
    return say(language, "level-line", title=level.title, done=done, total=total)
