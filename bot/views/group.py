"""How a group's home looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from bot.cards import Button, Card, Choice, Field, Fields, Option, Paragraph, Part, Spans, Text
from bot.domain import kind as kinds
from bot.domain.dropped import Dropped
from bot.domain.group import Group
from bot.domain.kind import KINDS, GroupWish, Owner
from bot.domain.occurrence import EVERY_DAY
from bot.domain.reason import NAMES
from bot.domain.reminder import Reminder
from bot.domain.roadmap import Roadmap
from bot.views.times import kind_words, next_words
from bot.words import (
    clause_words,
    date_words,
    days_words,
    has,
    language_name,
    languages,
    lines,
    list_words,
    minute_words,
    say,
    shortened,
    time_words,
    weekday_words,
    word,
)

MOST_LOST = 5
"""Posts that did not get through and are told apart; of more only the number is said."""


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """A group's home as its leader sees it: what just happened, its wishes, and what the bot may not do there.

    `posts` is what the group is told unasked, by kind; `roadmaps` are those to choose from; `missing` names
    permissions; `undo` is the change's code where there is one; `lost` is what did not get through lately.
    """

    group: Group
    posts: Mapping[str, Reminder]
    news: Literal["new", "second", "saved", "title"]
    now: datetime
    homes: int
    roadmaps: Sequence[Roadmap]
    missing: Sequence[str] = ()
    undo: str | None = None
    lost: Sequence[Dropped] = ()


def home(language: str, facts: HomeFacts, leader: int) -> Card:
    """The settings of a group, each changeable from there by the leader who asked."""
    group = facts.group
    parts: list[Part] = []
    if facts.news == "new":
        on = [argument for argument, post in _set_up(facts).items() if post.place != "off"]
        parts.append(Paragraph(say(language, "home-begin", posts="-".join(sorted(on)) or "none")))
    elif facts.news == "second":
        parts.append(Paragraph(say(language, "home-joined")))
    parts.append(Fields(tuple(_fields(language, facts))))
    if facts.missing:
        parts.append(Paragraph(say(language, "permissions-missing", names=_permissions(language, facts.missing))))
    wishes = ["zone", "time", "recap", "deadline"] + (["language"] if len(languages()) > 1 else [])
    asked = [Button(word(language, f"button-{wish}"), f"setup {wish}:?", only=leader) for wish in wishes]
    more = [Button(word(language, "button-homecode"), "homecode", only=leader)]
    if facts.undo is not None:
        more.append(Button(word(language, "button-undo"), f"undo {facts.undo}", only=leader))
    options = tuple(Option(r.title, f"setup roadmap:{r.slug}", shortened(r.summary, 100)) for r in facts.roadmaps)
    choice = Choice(word(language, "choose-roadmap"), options, only=leader) if options else None
    title = say(language, f"home-{facts.news}", group=group.name)
    return Card(title, tuple(parts), rows=(tuple(asked), tuple(more)), choice=choice)


def _fields(language: str, facts: HomeFacts) -> list[Field]:
    group = facts.group
    local = facts.now.astimezone(ZoneInfo(group.zone))
    values: dict[str, Spans] = {
        "zone": say(language, "field-zone-now", zone=group.zone, time=time_words(local)),
        **{argument: post_words(language, post) for argument, post in _set_up(facts).items()},
        "roadmap": _roadmap(language, facts),
        "deadline": _deadline(language, group.deadline, local.date()),
    }
    if len(languages()) > 1:
        values["language"] = (Text(language_name(group.language)),)
    if facts.homes > 1:
        values["homes"] = (Text(str(facts.homes)),)
    if facts.lost:
        values["lost"] = (Text(_lost(language, facts.lost, local.date())),)
    return [Field(word(language, f"field-{name}"), value) for name, value in values.items()]


def _set_up(facts: HomeFacts) -> dict[str, Reminder]:
    """The posts that /setup sets, by its arguments."""
    return {
        kind.wish.argument: facts.posts[kind.name] for kind in kinds.of_owner(Owner.LEADER) if kind.wish is not None
    }


def post_words(language: str, post: Reminder) -> Spans:
    """How a group's post is set: days and time, or off."""
    if post.place == "off":
        return say(language, "settings-off")
    time = minute_words(post.minute)
    if post.days == EVERY_DAY:
        return (Text(time),)
    return say(language, "field-post-at", day=_days(language, post), time=time)


def _days(language: str, post: Reminder) -> str:
    """One day of the week in full, several in short."""
    if KINDS[post.kind].one_day:
        return weekday_words(language, post.days.bit_length() - 1)
    return days_words(language, post.days)


def post_question(language: str, post: Reminder, leader: int, times: Sequence[int]) -> Card:
    """What a group's post is and how it is set, times to choose from, on or off, and the other post."""
    kind = post.kind
    now = say(language, "remind-now", setting=post_words(language, post))
    what = (*say(language, f"post-what-{kind}"), Text(" "), *now)
    options = tuple(Option(minute_words(at), f"remind {minute_words(at)} kind:{kind}") for at in times)
    turned = Button(word(language, "button-turn-off"), f"remind off kind:{kind}", only=leader)
    if post.place == "off":
        label = word(language, "button-turn-on", time=minute_words(post.minute))
        turned = Button(label, f"remind on kind:{kind}", only=leader)
    other = Button(word(language, "other"), _typed(kind, KINDS[kind].wish), only=leader)
    more = [
        Button(kind_words(language, k.name), f"remind kind:{k.name}", only=leader)
        for k in kinds.of_owner(Owner.LEADER)
        if k.name != kind
    ]
    return Card(
        parts=(Paragraph(lines(what, say(language, "remind-when"))),),
        choice=Choice(word(language, "choose"), options, only=leader),
        rows=((other, turned), tuple(more)),
    )


def _typed(kind: str, wish: GroupWish | None) -> str:
    """The line that asks for another time of a post."""
    return f"remind kind:{kind} time:?" if wish is None else f"setup {wish.argument}:?"


def post_set(language: str, post: Reminder, now: datetime, leader: int, undo: str | None) -> Card:
    """The receipt of a group's post: what it is now, and when it comes next."""
    if post.place == "off":
        said = say(language, f"post-off-{post.kind}", time=minute_words(post.minute))
    else:
        time = minute_words(post.minute)
        what = say(language, f"post-set-{post.kind}", days=_days(language, post), time=time, zone=post.zone)
        said = (*what, Text(" "), *next_words(language, post, now))
    buttons = [] if undo is None else [Button(word(language, "button-undo"), f"undo {undo}", only=leader)]
    buttons.append(Button(word(language, "button-group-settings"), "setup", only=leader))
    return Card(parts=(Paragraph(said),), rows=(tuple(buttons),))


def _lost(language: str, lost: Sequence[Dropped], today: date) -> str:
    """What did not get through: the group's posts with their reasons, members' reminders as a number."""
    posts = [drop for drop in lost if not drop.private]
    told = [
        word(
            language,
            "lost-post",
            what=word(language, f"lost-post-{drop.kind}"),
            date=date_words(language, drop.local_date, today),
            reason=_reason(language, drop),
        )
        for drop in posts[:MOST_LOST]
    ]
    if more := len(posts) - len(told):
        told.append(word(language, "lost-more", count=more))
    if late := sum(drop.count for drop in lost if drop.private):
        told.append(word(language, "lost-private", count=late))
    return clause_words(language, told)


def _reason(language: str, drop: Dropped) -> str:
    """Why a post did not get through: our own codes in words, what a platform said as it said it."""
    if drop.reason and drop.reason not in NAMES:
        return shortened(drop.reason, 60)
    return word(language, f"reason-{NAMES.get(drop.reason, drop.state)}")


def trouble(language: str, name: str, lost: Sequence[Dropped], today: date) -> Card:
    """What a group's leader is told in private when its posts do not get through, and what they can do."""
    said = lines((Text(_lost(language, lost, today)),), say(language, "trouble-how"))
    return Card(title=say(language, "trouble", group=name), parts=(Paragraph(said),))


def _roadmap(language: str, facts: HomeFacts) -> Spans:
    slug = facts.group.roadmap
    if slug is None:
        return say(language, "field-open")
    return (Text(next((r.title for r in facts.roadmaps if r.slug == slug), slug)),)


def _deadline(language: str, deadline: date | None, today: date) -> Spans:
    return say(language, "field-open") if deadline is None else (Text(date_words(language, deadline, today)),)


def _permissions(language: str, missing: Sequence[str]) -> str:
    """Permissions by the names that the platform's settings show."""
    named = [word(language, f"permission-{name}") if has(f"permission-{name}") else name for name in missing]
    return list_words(language, named)


def home_code(language: str, group: Group, code: str) -> Card:
    """A code for a second home, for the leader alone, in two groups of four so that it can be read aloud."""
    shown = f"{code[:4]}-{code[4:]}"
    said = lines(say(language, "home-code", group=group.name, code=shown), say(language, "home-code-how", code=shown))
    return Card(parts=(Paragraph(said),))


def group_greeting(language: str) -> Card:
    """What the bot says once when it is added to a server or chat: what it is, and how to begin."""
    said = lines(say(language, "greeting"), say(language, "greeting-how"))
    setup = Button(word(language, "button-setup"), "setup", style="primary")
    return Card(say(language, "greeting-title"), (Paragraph(said),), rows=((setup,),))
