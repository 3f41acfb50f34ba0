"""How a group's home, its settings and the bot's first words there look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from bot.cards import Button, Card, Choice, Field, Fields, Option, Paragraph, Part, Spans, Text
from bot.domain.group import Group
from bot.domain.roadmap import Roadmap
from bot.store.ledger import Dropped
from bot.text import date_words, has, lines, minute_words, say, shortened, time_words, weekday_words, word

MOST_LOST = 5
"""Posts that did not get through and are told apart; of more only the number is said."""


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """A group's home as its leader sees it: what just happened, its wishes, and what the bot may not do there.

    `roadmaps` are those to choose from; `missing` names permissions; `undo` is the change's code where there is one;
    `lost` is what did not get through lately.
    """

    group: Group
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
    if facts.news in ("new", "second"):
        parts.append(Paragraph(say(language, "home-begin" if facts.news == "new" else "home-joined")))
    parts.append(Fields(tuple(_fields(language, facts))))
    if facts.missing:
        parts.append(Paragraph(say(language, "permissions-missing", names=_permissions(language, facts.missing))))
    asked = [
        Button(word(language, f"button-{wish}"), f"setup {wish}:?", only=leader)
        for wish in ("zone", "time", "recap", "deadline")
    ]
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
    recap = {"day": weekday_words(language, group.recap_day), "time": minute_words(group.recap_minute)}
    values: dict[str, Spans] = {
        "zone": say(language, "field-zone-now", zone=group.zone, time=time_words(local)),
        "checkin": (Text(minute_words(group.checkin_minute)),),
        "recap": say(language, "field-recap-at", **recap),
        "roadmap": _roadmap(language, facts),
        "deadline": _deadline(language, group.deadline, local.date()),
    }
    if facts.homes > 1:
        values["homes"] = (Text(str(facts.homes)),)
    if facts.lost:
        values["lost"] = (Text(_lost(language, facts.lost, local.date())),)
    return [Field(word(language, f"field-{name}"), value) for name, value in values.items()]


def _lost(language: str, lost: Sequence[Dropped], today: date) -> str:
    """What did not get through: the group's posts with their reasons, members' reminders as a number."""
    posts = [drop for drop in lost if not drop.private]
    told = [
        word(
            language,
            "lost-post",
            kind=drop.kind,
            date=date_words(language, drop.local_date, today),
            reason=shortened(drop.reason or drop.state, 60),
        )
        for drop in posts[:MOST_LOST]
    ]
    if more := len(posts) - len(told):
        told.append(word(language, "lost-more", count=more))
    if late := sum(drop.count for drop in lost if drop.private):
        told.append(word(language, "lost-private", count=late))
    return "; ".join(told)


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
    return ", ".join(named)


def home_code(language: str, group: Group, code: str) -> Card:
    """A code for a second home, for the leader alone, in two groups of four so that it can be read aloud."""
    shown = f"{code[:4]}-{code[4:]}"
    said = lines(say(language, "home-code", group=group.name, code=shown), say(language, "home-code-how", code=shown))
    return Card(parts=(Paragraph(said),))


def greeting(language: str) -> Card:
    """What the bot says once when it is added to a server or chat: what it is, and how to begin."""
    said = lines(say(language, "greeting"), say(language, "greeting-how"))
    setup = Button(word(language, "button-setup"), "setup", style="primary")
    return Card(say(language, "greeting-title"), (Paragraph(said),), rows=((setup,),))
