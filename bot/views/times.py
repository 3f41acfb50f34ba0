"""How a member's times look: reminders, quiet hours, days off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

from bot.cards import ROWS, Button, Card, Choice, Moment, Option, Paragraph, Spans, Text
from bot.domain import kind as kinds
from bot.domain.kind import KINDS, MOST_IGNORED, Kind, Owner
from bot.domain.member import Member
from bot.domain.occurrence import EVERY_DAY, Range
from bot.domain.reminder import Reminder
from bot.domain.rest import Rest
from bot.words import (
    all_words,
    clause_words,
    date_words,
    dates_words,
    days_words,
    lines,
    list_words,
    minute_words,
    say,
    time_words,
    word,
)

BUTTONS = 5
"""What one row of buttons holds on Discord."""


def moment_words(language: str, member: Member, at: datetime, now: datetime) -> str:
    """A moment by the member's clock, with its date when that is another than today's."""
    local, today = member.local(at), member.local(now).date()
    clock = time_words(local)
    return clock if local.date() == today else f"{date_words(language, local.date(), today)}, {clock}"


def asked_next(language: str, member: Member, at: datetime, now: datetime) -> Spans:
    """When the next question comes."""
    today = member.local(at).date() == member.local(now).date()
    spoken = Moment(at, moment_words(language, member, at, now), "time" if today else "full")
    return say(language, "later-set", time=spoken, day="today" if today else "later")


def next_words(language: str, reminder: Reminder, now: datetime, id: str = "remind-next") -> Spans:
    """From when what was set is said: its next moment; nothing where none is to come or a word would move it."""
    kind = KINDS[reminder.kind]
    if reminder.next_due_at is None or kind.dates.silence:
        return ()
    zone = ZoneInfo(reminder.zone)
    local, today = reminder.next_due_at.astimezone(zone), now.astimezone(zone).date()
    clock, day = time_words(local), "later"
    if local.date() - today <= timedelta(days=1):
        day = "today" if local.date() == today else "tomorrow"
    else:
        clock = f"{date_words(language, local.date(), today)}, {clock}"
    spoken = Moment(reminder.next_due_at, clock, "full" if day == "later" else "time")
    return say(language, id, looks=kind.looks, day=day, time=spoken)


def coming(reminders: Iterable[Reminder]) -> tuple[datetime, Reminder] | None:
    """The next of a member's questions and its moment; None where none is to come."""
    due = [(r.next_due_at, r) for r in reminders if KINDS[r.kind].is_question and r.next_due_at is not None]
    return min(due, key=itemgetter(0), default=None)


def next_question(language: str, reminders: Iterable[Reminder], now: datetime) -> Spans:
    """When the next of a member's questions comes; nothing where none is to come."""
    following = coming(reminders)
    return () if following is None else next_words(language, following[1], now, "next-question")


def before_words(language: str, kind: Kind) -> str:
    """How many days before a deadline a kind comes: "30, 14, 7, 3 and 1"; nothing where it does not go by deadlines."""
    return all_words(language, map(str, kind.dates.before))


def kind_words(language: str, kind: str) -> str:
    """What a kind of reminder is called."""
    return word(language, f"settings-reminder-{kind}")


def of_kind(kind: str) -> str:
    """What a line about reminders ends with to be about a kind: the main one is meant where none is named."""
    return "" if KINDS[kind].main else f" kind:{kind}"


# ---------------------------------------------------------------- what stands still


def halts(member: Member, reminders: Iterable[Reminder], today: date) -> Iterator[tuple[Spans, Button]]:
    """A running pause and questions that stopped by themselves, each with the button that ends it; for their member."""
    if member.paused_on(today):
        yield paused(member, today), end_pause(member)
    for reminder in reminders:
        if reminder.paused_at is not None and reminder.place != "off":
            about = asked_about(member.language, reminder.kind)
            said = say(member.language, "stopped", about=about, count=MOST_IGNORED)
            yield said, ask_again(member, reminder)


def with_halts(card: Card, member: Member, reminders: Iterable[Reminder], today: date) -> Card:
    """The same card with what stands still at the moment, once: what it has the button for, it says already."""
    there = {button.line for row in card.rows for button in row if isinstance(button, Button)}
    told = [halt for halt in halts(member, reminders, today) if halt[1].line not in there]
    if not told:
        return card
    said, buttons = card.with_parts(Paragraph(lines(*(said for said, _ in told)))), [button for _, button in told]
    if len(card.rows) + (card.choice is not None) < ROWS:
        return said.with_rows(buttons)
    return replace(said, rows=(*card.rows[:-1], (*card.rows[-1], *buttons)))


def paused(member: Member, today: date) -> Spans:
    """A running pause in one line."""
    return say(member.language, "paused", until=_until(member, today))


def paused_receipt(member: Member, today: date) -> Spans:
    """What a check-in's receipt says of a running pause."""
    return say(member.language, "paused-counted", until=_until(member, today))


def _until(member: Member, today: date) -> str:
    return "back" if member.paused_until is None else date_words(member.language, member.paused_until, today)


def end_pause(member: Member) -> Button:
    """Resume at once."""
    return Button(word(member.language, "button-end-pause"), "pause off", only=member.id)


def asked_about(language: str, kind: str) -> str:
    """What a question is about."""
    return word(language, f"asked-about-{kind}")


def ask_again(member: Member, reminder: Reminder) -> Button:
    """Go on asking where questions had stopped: at the time that was wished for, named as it comes."""
    kind = reminder.kind
    label = word(member.language, f"button-ask-again-{kind}", time=minute_words(reminder.time))
    suffix = of_kind(kind)
    return Button(label, f"remind {minute_words(reminder.minute)}{suffix}", only=member.id)


# ---------------------------------------------------------------- reminders


def remind_question(member: Member, kind: str, reminder: Reminder | None, times: Sequence[int]) -> Card:
    """What a kind is and how it is set, times to choose from, off, and the other kinds."""
    language = member.language
    suffix = of_kind(kind)
    running = reminder is not None and reminder.place != "off"
    now = say(language, "remind-now", setting=reminder_words(language, reminder))
    said = KINDS[kind]
    what = say(language, f"remind-what-{kind}", before=before_words(language, said), count=said.count)
    options = tuple(Option(minute_words(minute), f"remind {minute_words(minute)}{suffix}") for minute in times)
    own = [Button(word(language, "other"), f"remind{suffix} time:?", only=member.id)]
    if running:
        own.append(Button(word(language, "button-turn-off"), f"remind off{suffix}", only=member.id))
    elif reminder is not None:
        time = minute_words(reminder.minute)
        own.append(Button(word(language, "button-turn-on", time=time), f"remind on{suffix}", only=member.id))
    others = [
        Button(kind_words(language, other.name), f"remind kind:{other.name}", only=member.id)
        for other in kinds.of_owner(Owner.MEMBER)
        if other is not said
    ]
    return Card(
        parts=(Paragraph(lines((*what, Text(" "), *now), say(language, "remind-when"))),),
        choice=Choice(word(language, "choose"), options, only=member.id),
        rows=(tuple(own), *(tuple(others[n : n + BUTTONS]) for n in range(0, len(others), BUTTONS))),
    )


def reminder_words(language: str, reminder: Reminder | None) -> Spans:
    """How a reminder is set: days, time and place."""
    if reminder is None or reminder.place == "off":
        return say(language, "settings-off")
    time = minute_words(reminder.time)
    if not KINDS[reminder.kind].dates.wished:
        return say(language, "settings-reminder-undated", time=time)
    days = days_words(language, reminder.days)
    return say(language, "settings-reminder", days=days, time=time, where=reminder.place)


def reminded(member: Member, reminder: Reminder, also: Sequence[str], now: datetime) -> Spans:
    """The receipt of a reminder and when it comes next; `also` are the kinds that came on with it."""
    language, kind = member.language, KINDS[reminder.kind]
    days = days_words(language, reminder.days)
    what = say(
        language,
        f"remind-set-{kind.name}",
        days=days,
        on="" if reminder.days == EVERY_DAY else f" {days}",
        time=minute_words(reminder.minute),
        zone=member.zone,
        before=before_words(language, kind),
        count=kind.count,
    )
    told = [say(language, "remind-set", what=what, where=reminder.place)]
    following = () if member.paused_on(member.local_day(now)) else next_words(language, reminder, now)
    if following:
        told = [(*told[0], Text(" "), *following)]
    if reminder.quiet is not None and reminder.time != reminder.minute:
        told.append(
            say(
                language,
                "remind-quiet",
                time=minute_words(reminder.minute),
                quiet=day_hours_words(reminder.quiet.start, reminder.quiet.end),
                moved=minute_words(reminder.time),
            )
        )
    if also:
        told.append(say(language, "remind-also", what=_also(language, also)))
    return lines(*told)


def _also(language: str, also: Sequence[str]) -> Spans:
    """What else will come, in one sentence."""
    first, *more = (say(language, f"remind-also-{kind}", count=KINDS[kind].count) for kind in also)
    for further in more:
        first = say(language, "remind-also-more", first=first, more=further)
    return first


def offer(member: Member, kind: str) -> Button:
    """Off unless switched on: one reminder a day is enough for most."""
    return Button(word(member.language, f"button-offer-{kind}"), f"remind dm kind:{kind}", only=member.id)


# ---------------------------------------------------------------- hours


def day_hours_words(start: int, end: int) -> str:
    """Hours of the day: "22:00–07:00"."""
    return f"{minute_words(start)}–{minute_words(end)}"


def quiet_set(member: Member, reminders: Iterable[Reminder]) -> Spans:
    """The receipt of quiet hours: what they are, and which reminders they move to when."""
    language = member.language
    if member.quiet is None:
        return say(language, "quiet-off")
    start, end = minute_words(member.quiet.start), minute_words(member.quiet.end)
    moved = [
        say(
            language,
            "quiet-moves",
            name=kind_words(language, reminder.kind),
            time=minute_words(reminder.minute),
            moved=minute_words(reminder.time),
        )
        for reminder in reminders
        if reminder.place != "off" and reminder.time != reminder.minute
    ]
    return lines(say(language, "quiet-set", start=start, end=end, zone=member.zone), *moved)


# ---------------------------------------------------------------- days off


def days_off(member: Member, planned: Sequence[Rest], today: date, offers: Sequence[Range]) -> Card:
    """What is planned, each to be taken back, and what could be."""
    language = member.language
    told = (
        say(language, "rest-none")
        if not planned
        else say(language, "rest-planned", days=rests_words(member, planned, today))
    )
    options = tuple(
        Option(word(language, "rest-take-back", days=dates_words(language, rest.days, today)), f"rest drop:{rest.id}")
        for rest in planned
    )
    buttons = [
        Button(
            word(language, "option-tomorrow") if last == first else dates_words(language, (first, last), today),
            f"rest {first}" if last == first else f"rest {first} {last}",
            only=member.id,
        )
        for first, last in offers
    ]
    buttons.append(Button(word(language, "button-other-days"), "rest from:? to:?", only=member.id))
    return Card(
        parts=(Paragraph(told),),
        choice=Choice(word(language, "rest-choose"), options, only=member.id) if options else None,
        rows=(tuple(buttons),),
    )


def rests_words(member: Member, planned: Iterable[Rest], today: date) -> str:
    """Days off in one line."""
    return clause_words(member.language, (dates_words(member.language, rest.days, today) for rest in planned))


# ---------------------------------------------------------------- settings


def also_words(language: str, reminders: Iterable[Reminder]) -> Spans:
    """What else is said to a member besides questions, each with its time."""
    told = [
        f"{kind_words(language, reminder.kind)} ({minute_words(reminder.time)})"
        for reminder in reminders
        if not KINDS[reminder.kind].is_question and reminder.place != "off"
    ]
    return (Text(list_words(language, told)),) if told else say(language, "settings-off")
