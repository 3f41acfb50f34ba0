"""How what is a member's own looks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.cards import Bold, Button, Card, Choice, Field, Fields, Moment, Option, Paragraph, Spans, Text, owner_that_fits
from bot.domain import kind as kinds
from bot.domain.account import Account
from bot.domain.enrolment import Enrolment
from bot.domain.group import Group
from bot.domain.kind import Kind
from bot.domain.linking import Brought
from bot.domain.member import Member
from bot.domain.reminder import Reminder
from bot.domain.rest import Rest
from bot.domain.roadmap import Roadmap
from bot.views import times
from bot.views.study import hours_words
from bot.words import (
    date_words,
    has,
    language_name,
    languages,
    lines,
    list_words,
    minute_words,
    pace_words,
    say,
    shortened,
    time_words,
    word,
)

DATA_ROWS = 5
"""Rows of one's own data on a page: a note may have a thousand characters."""

MOST_PLANS = 12
"""Plans whose hours and deadline fit one menu of 25 on Discord."""

# ---------------------------------------------------------------- the first screen


def first_screen(member: Member, offers: Sequence[Roadmap]) -> Card:
    """Who the bot is, in two lines, and the first of three taps: a roadmap."""
    language = member.language
    options = tuple(
        Option(shortened(roadmap.title, 100), f"join {roadmap.slug}", _size(language, roadmap)) for roadmap in offers
    )
    return Card(
        title=say(language, "start-hello", name=member.name),
        parts=(Paragraph(lines(say(language, "start-what"), say(language, "start-first"))),),
        choice=Choice(word(language, "ask-roadmap"), options, only=member.id),
        rows=((Button(word(language, "button-help"), "help", only=member.id),),),
    )


def _size(language: str, roadmap: Roadmap) -> str:
    hours = hours_words(language, roadmap.hours_required)
    return word(language, "start-size", count=len(roadmap.requirements), hours=hours)


def welcome_back(member: Member, standing: Card) -> Card:
    """Where somebody stands who begins again, with what they need most days."""
    language = member.language
    card = Card(
        title=say(language, "start-again", name=member.name), parts=(Paragraph(standing.title), *standing.parts)
    )
    buttons = (
        Button(word(language, "button-checkin"), "checkin", only=member.id),
        Button(word(language, "button-settings"), "settings", only=member.id),
        Button(word(language, "button-help"), "help", only=member.id),
    )
    return card.with_rows(*standing.rows, buttons)


def with_time_question(card: Card, member: Member, minutes: Sequence[int], usual: int, *, grouped: bool) -> Card:
    """The third tap: when to be asked every day. Who is in a group may leave it at the group's own post."""
    language = member.language
    times = [
        Button(
            minute_words(minute),
            f"remind {minute_words(minute)} daily dm",
            only=member.id,
            style="primary" if minute == usual else "secondary",
        )
        for minute in minutes
    ]
    other = Button(word(language, "button-other-time"), "remind time:?", only=member.id)
    none = Button(
        word(language, "button-group-asks" if grouped else "button-no-reminder"), "remind off", only=member.id
    )
    return card.with_parts(Paragraph(say(language, "start-time"))).with_rows(times, (other, none))


def with_zone_question(card: Card, member: Member, now: datetime) -> Card:
    """Neither platform tells a zone: have it confirmed where it matters first."""
    language = member.language
    yes = Button(word(language, "button-yes"), f"timezone {member.zone}", only=member.id, style="primary")
    no = Button(word(language, "button-no-zone"), "timezone zone:?", only=member.id)
    asked = say(language, "ask-zone-right", time=time_words(member.local(now)))
    return card.with_parts(Paragraph(asked)).with_rows((yes, no))


def with_intention_question(card: Card, member: Member) -> Card:
    """The if-then line: a cue and what follows it (Gollwitzer and Sheeran 2006: d = .65 over 94 tests)."""
    language = member.language
    write = Button(word(language, "button-write-line"), "when intention:?", only=member.id, style="primary")
    no = Button(word(language, "button-not-now"), "when no", only=member.id)
    return card.with_parts(Paragraph(say(language, "start-intention"))).with_rows((write, no))


def intention_noted(member: Member, line: str | None, undo: str | None) -> Card:
    """The line as it will be quoted back, and what to do now; `undo` is the change's code, when there was one."""
    language = member.language
    noted = say(language, "intention-noted", line=line) if line else say(language, "intention-none")
    buttons = [Button(word(language, "button-next"), "next", only=member.id, style="primary")]
    if undo is not None:
        buttons.append(Button(word(language, "button-undo"), f"undo {undo}", only=member.id))
    return Card(parts=(Paragraph(noted),), rows=(tuple(buttons),))


# ---------------------------------------------------------------- settings


@dataclass(frozen=True, slots=True)
class Profile:
    """All that a member has chosen. `titles` names the roadmaps by slug."""

    member: Member
    now: datetime
    enrolments: tuple[Enrolment, ...]
    titles: Mapping[str, str]
    reminders: tuple[Reminder, ...]
    groups: tuple[Group, ...]
    accounts: tuple[Account, ...]
    rests: tuple[Rest, ...] = ()

    @property
    def today(self) -> date:
        """The member's own date."""
        return self.member.local_day(self.now)

    def reminder(self, kind: str) -> Reminder | None:
        """The member's reminder of a kind."""
        return next((reminder for reminder in self.reminders if reminder.kind == kind), None)


def settings(profile: Profile) -> Card:
    """Everything of mine, each with the button that changes it."""
    language = profile.member.language
    halted = lines(*(said for said, _ in times.halts(profile.member, profile.reminders, profile.today)))
    return Card(
        title=say(language, "settings-title"),
        parts=(*([Paragraph(halted)] if halted else []), Fields(tuple(_fields(language, profile)))),
        rows=tuple(_change_rows(language, profile)),
        choice=_plans(language, profile),
    )


def _fields(language: str, profile: Profile) -> Iterable[Field]:
    member = profile.member
    none = say(language, "settings-none")

    def field(id: str, spans: Spans) -> Field:
        return Field(word(language, id), spans)

    yield field("settings-name", (Text(member.name),))
    if len(languages()) > 1:
        yield field("settings-language", (Text(language_name(member.language)),))
    zone = "settings-zone-value" if member.zone_confirmed else "settings-zone-unsure"
    yield field("settings-zone", say(language, zone, zone=member.zone, time=time_words(member.local(profile.now))))
    for enrolment in profile.enrolments:
        yield Field(profile.titles[enrolment.roadmap], _plan(language, enrolment, profile.today))
    if not profile.enrolments:
        yield field("settings-roadmap", none)
    for kind in kinds.chosen(_is_question):
        yield field(f"settings-reminder-{kind.name}", times.reminder_words(language, profile.reminder(kind.name)))
    yield field("settings-also", times.also_words(language, profile.reminders))
    hours = times.day_hours_words(member.quiet.start, member.quiet.end) if member.quiet else ""
    yield field("settings-quiet", (Text(hours),) if hours else none)
    begins = "settings-daystart-value" if member.day_start else "settings-daystart-midnight"
    yield field("settings-daystart", say(language, begins, time=minute_words(member.day_start)))
    rests = times.rests_words(member, profile.rests, profile.today)
    yield field("settings-rests", (Text(rests),) if rests else none)
    yield field("settings-line", (Text(member.intention),) if member.intention else none)
    if profile.groups:
        main, *others = (group.name for group in profile.groups)
        and_others = say(language, "settings-groups-value", main=main, others=list_words(language, others))
        yield field("settings-groups", and_others if others else (Text(main),))
    yield field("settings-accounts", (Text(accounts_words(language, profile.accounts)),))


def _is_question(kind: Kind) -> bool:
    return kind.is_question


def _plan(language: str, enrolment: Enrolment, today: date) -> Spans:
    pace = pace_words(language, enrolment.minutes_a_day)
    if enrolment.deadline is None:
        return say(language, "settings-pace", pace=pace)
    return say(language, "settings-plan", pace=pace, deadline=date_words(language, enrolment.deadline, today))


def _change_rows(language: str, profile: Profile) -> Iterable[tuple[Button, ...]]:
    """Four rows at the most: with the menu of plans they are what one message holds on Discord."""
    member = profile.member

    def button(id: str, line: str) -> Button:
        return Button(word(language, id), line, only=member.id)

    def asking(kind: str) -> Button:
        reminder = profile.reminder(kind)
        if reminder is not None and reminder.place != "off" and reminder.paused_at is not None:
            return times.ask_again(member, reminder)
        return button(f"settings-reminder-{kind}", f"remind kind:{kind}")

    yield (
        button("settings-zone", "timezone"),
        button("settings-daystart", "daystart"),
        button("settings-quiet", "quiet"),
        *([button("settings-language", "language")] if len(languages()) > 1 else []),
    )
    yield tuple(asking(kind.name) for kind in kinds.chosen(lambda kind: kind.is_question or kind.offered))
    paused = member.paused_on(profile.today)
    yield (
        times.end_pause(member) if paused else button("button-pause", "pause"),
        button("settings-rests", "rest"),
        button("settings-line", "when intention:?"),
    )
    last = [button("settings-name", "name name:?"), button("settings-link", "link"), button("settings-data", "privacy")]
    if len(profile.groups) > 1:
        last.append(button("settings-main", "main"))
    if not profile.enrolments:
        last.append(button("button-choose-roadmap", "join"))
    yield tuple(last)


def _plans(language: str, profile: Profile) -> Choice | None:
    """The hours and the deadline of each plan, to be changed."""
    options = []
    for enrolment in profile.enrolments[:MOST_PLANS]:
        slug, title = enrolment.roadmap, shortened(profile.titles[enrolment.roadmap], 80)
        options.append(Option(word(language, "settings-hours", title=title), f"join {slug} hours:?"))
        options.append(Option(word(language, "settings-deadline", title=title), f"join {slug} deadline:?"))
    if not options:
        return None
    longest = max((option.line for option in options), key=len)
    return Choice(word(language, "settings-plans"), tuple(options), only=owner_that_fits(longest, profile.member.id))


def accounts_words(language: str, accounts: Iterable[Account]) -> str:
    """Accounts as one speaks of them: "Discord (asha), Telegram (Asha K)"."""
    named = (f"{platform_name(language, account.platform)} ({account.name})" for account in accounts)
    return list_words(language, named)


def platform_name(language: str, name: str) -> str:
    """What a platform is called; one that has no words of its own, by its name in the code."""
    id = f"platform-{name}"
    return word(language, id) if has(id) else name.capitalize()


# ---------------------------------------------------------------- linking accounts


def link_code(member: Member, code: str, until: datetime) -> Card:
    """The code to enter in the other account, and what entering it means."""
    language = member.language
    spoken = Moment(until, time_words(member.local(until)), "time")
    return Card(
        title=say(language, "link-title"),
        parts=(
            Paragraph(lines(say(language, "link-enter"), say(language, "link-line", code=code))),
            Paragraph(say(language, "link-warning", time=spoken)),
        ),
    )


def link_preview(
    member: Member, code: str, here: Brought, there: Brought, shared: Sequence[tuple[str, date | None]]
) -> Card:
    """What would become of two members: what each brings, what wins where both have something.

    `shared` are the roadmaps both are on, by title, with the deadline that stays.
    """
    language = member.language
    told = [_shared(language, title, deadline) for title, deadline in shared]
    wins = [say(language, "link-reminders")] if set(here.reminders) & set(there.reminders) else []
    rules = lines(*told, say(language, "link-checkins"), *wins, say(language, "link-final"))
    yes = Button(word(language, "button-link"), f"link {code} sure:yes", only=member.id, style="danger")
    no = Button(word(language, "button-not-now"), "settings", only=member.id)
    return Card(
        title=say(language, "link-preview"),
        parts=(
            Fields(
                (
                    Field(word(language, "link-here"), _brings(language, here)),
                    Field(word(language, "link-there"), _brings(language, there)),
                )
            ),
            Paragraph(rules),
        ),
        rows=((yes, no),),
    )


def _shared(language: str, title: str, deadline: date | None) -> Spans:
    if deadline is None:
        return say(language, "link-shared", title=title)
    # The year is always written: two deadlines are compared here.
    spoken = date_words(language, deadline, date.min)
    return say(language, "link-shared-deadline", title=title, deadline=spoken)


def _brings(language: str, brought: Brought) -> Spans:
    named = accounts_words(language, brought.accounts)
    counts = say(language, "link-brings", roadmaps=len(brought.roadmaps), days=brought.days)
    groups = say(language, "link-groups", names=list_words(language, brought.groups)) if brought.groups else ()
    return lines((Text(named),), counts, groups)


def linked(member: Member, accounts: Iterable[Account]) -> Card:
    """The two are one."""
    language = member.language
    named = accounts_words(language, accounts)
    buttons = (
        Button(word(language, "button-settings"), "settings", only=member.id),
        Button(word(language, "button-next"), "next", only=member.id),
    )
    return Card(parts=(Paragraph(say(language, "linked", accounts=named)),), rows=(buttons,))


# ---------------------------------------------------------------- one's data


def privacy(member: Member) -> Card:
    """What is kept, why, for how long, and the two ways to act on it."""
    language = member.language
    told = ("privacy-what", "privacy-why", "privacy-who", "privacy-long")
    return Card(
        title=say(language, "privacy-title"),
        parts=tuple(Paragraph(say(language, id)) for id in told),
        rows=(
            (
                Button(word(language, "button-my-data"), "mydata", only=member.id),
                Button(word(language, "button-forget"), "forgetme", only=member.id, style="danger"),
            ),
        ),
    )


def data_overview(member: Member, counts: Mapping[str, int]) -> Card:
    """How much is kept about a member, by kind; each kind can be opened."""
    language = member.language
    named = [(name, word(language, f"option-{name}"), count) for name, count in counts.items()]
    options = tuple(Option(f"{label}: {count}", f"mydata {name}") for name, label, count in named)
    return Card(
        title=say(language, "data-title"),
        parts=(Paragraph(lines(*((Text(f"{label}: {count}"),) for _, label, count in named))),),
        choice=Choice(word(language, "data-open"), options, only=member.id),
        rows=(
            (
                Button(word(language, "button-data-file"), "mydata file", only=member.id),
                Button(word(language, "button-forget"), "forgetme", only=member.id, style="danger"),
            ),
        ),
    )


def data_page(member: Member, table: str, rows: Sequence[Mapping[str, object]], page: int, pages: int) -> Card:
    """Rows of one kind as they are stored, moments in UTC."""
    language = member.language
    title = say(language, "data-page", kind=word(language, f"option-{table}"), page=page, pages=pages)
    around = [(n, id) for n, id in ((page - 1, "button-newer"), (page + 1, "button-older")) if 1 <= n <= pages]
    turning = [Button(word(language, id), f"mydata {table} page:{number}", only=member.id) for number, id in around]
    back = Button(word(language, "button-my-data"), "mydata", only=member.id)
    return Card(title=title, parts=tuple(Paragraph(_row(row)) for row in rows), rows=((*turning, back),))


def _row(row: Mapping[str, object]) -> Spans:
    spans: list[Bold | Text] = []
    for name, value in row.items():
        spans += [Bold(f"{name} "), Text(f"{_cell(value)} · ")]
    last = spans[-1].text.removesuffix(" · ")
    return (*spans[:-1], Text(last))


def _cell(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, date) else str(value)


def forget_question(member: Member) -> Card:
    """Asked once, because it cannot be taken back."""
    language = member.language
    yes = Button(word(language, "button-forget-yes"), "forgetme yes", only=member.id, style="danger")
    no = Button(word(language, "button-keep"), "settings", only=member.id)
    return Card(
        title=say(language, "forget-title"), parts=(Paragraph(say(language, "forget-what")),), rows=((yes, no),)
    )


def forgotten(language: str) -> Card:
    """The last words to a member who is none any more."""
    return Card(
        parts=(Paragraph(say(language, "forgotten")),), rows=((Button(word(language, "button-start"), "start"),),)
    )
