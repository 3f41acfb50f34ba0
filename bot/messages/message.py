"""A kind of message as one value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card
from bot.domain.kind import Kind, Owner
from bot.domain.member import Member
from bot.domain.roadmap import Roadmap
from bot.store import people
from bot.store.outbox import Delivery


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a card is composed: what there is to compose it from. `now` is a moment in UTC; `addressee` is the member it
    goes to, where they were asked for already."""

    db: AsyncConnection
    roadmaps: Mapping[str, Roadmap]
    now: datetime
    addressee: Member | None = None

    async def member(self, delivery: Delivery) -> Member:
        """The member that a delivery is to or about."""
        assert delivery.member is not None, f"delivery {delivery.id} is nobody's"
        if self.addressee is not None and self.addressee.id == delivery.member:
            return self.addressee
        return await people.member(self.db, delivery.member)


Compose = Callable[[Occasion, Delivery], Awaitable[Card | None]]
"""A delivery's card as things stand; None when it has become moot."""


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message. `edit` is what a message that is there shows once something it shows has changed; without
    one, what `compose` gives. `words` are the ids of its messages besides those that every kind like it has."""

    kind: Kind
    compose: Compose
    edit: Compose | None = None
    words: tuple[str, ...] = ()

    async def card(self, at: Occasion, delivery: Delivery) -> Card | None:
        """The card of a delivery as things stand; None when it has become moot."""
        compose = self.compose if self.edit is None or not delivery.edits else self.edit
        return await compose(at, delivery)


def words_of(message: Message) -> tuple[str, ...]:
    """The ids of all messages that a kind needs: those that /remind and others say about it, and its own."""
    kind = message.kind
    named = [family for family, applies in FAMILIES.items() if applies(kind)]
    return (*(f"{family}-{kind.name}" for family in named), *message.words)


def _of_member(kind: Kind) -> bool:
    return kind.owner is Owner.MEMBER


def _of_leader(kind: Kind) -> bool:
    return kind.owner is Owner.LEADER


FAMILIES: Mapping[str, Callable[[Kind], bool]] = {
    # Its name; what it is; the receipt of setting it, and of turning it off.
    "settings-reminder": lambda kind: kind.owner is not Owner.NOBODY,
    "remind-what": _of_member,
    "remind-set": _of_member,
    "remind-off": _of_member,
    # What a change was, for /undo.
    "change-remind": _of_member,
    "change-remind-off": _of_member,
    # Why it cannot be set so.
    "refuse-remind-private": lambda kind: _of_member(kind) and kind.private,
    "refuse-remind-days": lambda kind: _of_member(kind) and not kind.dates.wished,
    # How it comes on beside the main one.
    "remind-also": lambda kind: kind.comes_along,
    "button-offer": lambda kind: kind.offered,
    # A question: what it is about, and the button that has it asked again.
    "asked-about": lambda kind: kind.is_question,
    "button-ask-again": lambda kind: kind.is_question,
    # A post in a group: what it is, how it is set, what it is called where it did not get through.
    "post-what": _of_leader,
    "post-set": _of_leader,
    "post-off": _of_leader,
    "refuse-post-days": lambda kind: _of_leader(kind) and kind.one_day,
    "lost-post": lambda kind: kind.about_group,
}
"""Which families of messages have one for a kind: its id is the family's with the kind's name."""
