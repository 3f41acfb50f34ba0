"""One call of a command, from what was typed to its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card, Input, Question, Spans
from bot.command.mine import Mine
from bot.command.parameters import File, Suggestion
from bot.command.scene import Scene
from bot.delivery import Address
from bot.domain.group import Group
from bot.domain.kind import KINDS
from bot.domain.member import Member
from bot.store.announcements import Announcement, announce
from bot.store.changes import Change
from bot.views.changed import Particular, stored
from bot.words import LANGUAGE, date_words, say, word


@dataclass(frozen=True, slots=True)
class Somebody:
    """An account that an argument points at, before we know whose it is, and how it is called there."""

    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a person did on a platform.

    `update` is the platform's id of it, the same when it is delivered again. `pressed` is the message whose button
    was pressed; `line` is what stood on the button, or what was typed after the slash. `missing` names the permissions
    we lack in this chat (`view`, `send`, `embed`, `attach`, `history`), for those who can give them.
    `whispered`: nobody else in the chat sees what was typed (a Discord slash command), so it may hold a secret.
    `whispers`: an answer for them alone can be shown where they are; else it needs their private chat.
    `hint` is what the platform calls its user's language (`en-GB`): we begin with it, where we speak it.
    `answers` is the message that asked what this answers: its question is settled with it. Any other command in private
    settles all that were open there: they went on with something else.
    """

    platform: str
    account: str
    name: str
    address: Address
    line: str
    update: str | None = None
    arguments: Mapping[str, str | File | Somebody] = field(default_factory=dict)
    private: bool = False
    leader: bool = False
    pressed: str | None = None
    pressed_private: bool = False
    owner: int | None = None
    chat_name: str = ""
    missing: tuple[str, ...] = ()
    whispered: bool = False
    whispers: bool = True
    hint: str | None = None
    answers: str | None = None


class Audience(Enum):
    """Who may read an answer."""

    MEMBER = "member"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: a card, or a question that only typing answers.

    `edit`: the card takes the place of the pressed message. `announced`: the group reads the same from its own post,
    so where a private answer cannot be delivered nothing is missing. `refused`: a polite no; nothing was changed, and
    the same question may be answered better. `language` is the reader's, for what a platform adds of its own.

    `build` gives the card what is slow to make, a picture or a file, from values it was given: it is called after the
    commit, in a thread of its own, without a database. It may raise Refusal. `card` stays as it is where that fails.
    """

    card: Card | None = None
    question: Question | None = None
    audience: Audience = Audience.MEMBER
    edit: bool = False
    announced: bool = False
    refused: bool = False
    language: str = LANGUAGE
    build: Callable[[Card], Card] | None = None


class Ask(Exception):
    """Something needed is missing: dispatch asks for it, and the answer comes back as the same command, completed.

    Several parameters at once are asked for as free text. `options` replaces the kind's own suggestions; `id` the
    question's words, `vars` their variables.
    """

    def __init__(
        self, *parameters: str, options: Sequence[Suggestion] | None = None, id: str | None = None, **vars: object
    ) -> None:
        super().__init__(*parameters)
        self.parameters = parameters
        self.options = options
        self.id = id
        self.vars = vars


def answered(line: str, inputs: Sequence[Input], texts: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A question's line and arguments once it is answered: a text for each input, or one for all of them.

    One text for several inputs is typed after the line, as if the member had written it whole.
    """
    if len(texts) == 1 and len(inputs) > 1:
        return f"{line} {texts[0]}", {}
    pairs = zip(inputs, texts, strict=True)
    return line, {item.parameter: text for item, text in pairs if text.strip()}


@dataclass
class Call:
    """A command being carried out: the scene, the transaction, and the change it makes."""

    scene: Scene
    db: AsyncConnection
    change: Change
    incoming: Incoming
    announced: bool = False

    @cached_property
    def mine(self) -> Mine:
        """What is known of who speaks beyond the scene, each thing asked once."""
        return Mine(self.db, self.member.id)

    async def refresh(self) -> None:
        """Something that decides when the member is reminded was written: work their reminders out anew."""
        await self.mine.refresh(self.now)

    @property
    def now(self) -> datetime:
        """The moment of the command, in UTC."""
        return self.scene.now

    @property
    def member(self) -> Member:
        """Who speaks."""
        return self.scene.member

    @property
    def language(self) -> str:
        """The reader's language."""
        return self.scene.language

    @property
    def today(self) -> date:
        """The member's own date."""
        return self.scene.today

    def say(self, id: str, /, **vars: object) -> Spans:
        """A message in the reader's language."""
        return say(self.language, id, **vars)

    def word(self, id: str, /, **vars: object) -> str:
        """A label in the reader's language."""
        return word(self.language, id, **vars)

    def date(self, day: date) -> str:
        """A local date in words."""
        return date_words(self.language, day, self.today)

    def summarise(self, id: str, /, **values: Particular) -> None:
        """Say what the change was, for /undo: in values, which are worded when somebody reads it."""
        self.change.summary = (id, {name: stored(value) for name, value in values.items()})

    async def announce(self, kind: str) -> None:
        """Tell the group about this change, in the same transaction; composed when it is sent."""
        group = self.scene.home
        if group is not None:
            await self.announce_in(group, kind)

    async def announce_in(self, group: Group, kind: str) -> None:
        """Tell a group about this change in each of its homes."""
        announcement = Announcement(
            kind=kind,
            change=await self.change.id(),
            group=group.id,
            member=self.member.id,
            local_date=self.today,
            due_at=self.now,
            expires_at=self.now + KINDS[kind].grace,
        )
        self.announced = await announce(self.db, announcement) or self.announced
