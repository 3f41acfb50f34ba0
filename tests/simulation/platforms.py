"""Platforms that fail on purpose, and remember what really arrived."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.cards import Card, Paragraph, Text
from bot.delivery import (
    Address,
    Capabilities,
    Closed,
    Doubtful,
    Gone,
    Later,
    Moved,
    Outcome,
    Sent,
    Status,
)
from bot.pacing import leave_by
from bot.store.outbox import Delivery
from tests.fakes.memory import words
from tests.simulation.loop import Crash
from tests.simulation.story import DISCORD, Closes, Kicks, Moves, Outage, Story

REMEMBERS = timedelta(seconds=120)
"""For how long the platform that knows keys knows one."""

QUICK, SLOW = 0.08, 0.9
"""Between these seconds a platform answers, one way."""

SILENCE = 10.0
"""Seconds until a client gives up waiting for an answer."""

ASK_AGAIN = 90
"""Seconds after which a platform that is down may be asked again what it has."""

FLAKY_ATTEMPTS = 2
"""A platform in good health fails the first sends of a message at the most."""

_MARK = re.compile(r"⟦(\w+) (\d+|-) (\d+|-) (\d{4}-\d\d-\d\d) (\d+) (\d+|-)⟧")


@dataclass(frozen=True, slots=True)
class Mark:
    """What a message says: kind, member and group by their ids, local date; its rows as a delivery and a reminder."""

    kind: str
    member: int | None
    group: int | None
    day: date
    delivery: int
    reminder: int | None

    def on(self, card: Card) -> Card:
        """A card that carries the mark along wherever it is sent."""
        text = (
            f"⟦{self.kind} {self.member or '-'} {self.group or '-'} {self.day} {self.delivery} {self.reminder or '-'}⟧"
        )
        return card.with_parts(Paragraph((Text(text),)))


def mark_of(delivery: Delivery) -> Mark:
    """The mark of a delivery."""
    return Mark(delivery.kind, delivery.member, delivery.group, delivery.local_date, delivery.id, delivery.reminder)


def marks_on(card: Card) -> tuple[Mark, ...]:
    """All that a card says."""
    return tuple(
        Mark(kind, _number(member), _number(group), date.fromisoformat(day), int(delivery), _number(reminder))
        for kind, member, group, day, delivery, reminder in _MARK.findall(words(card))
    )


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that really arrived: where, what, when it was handed over and when it was there, in seconds."""

    address: Address
    key: str
    message: str
    marks: tuple[Mark, ...]
    handed: float
    at: float
    life: int


@dataclass
class Flight:
    """A send on its way: killed now, the process does not know what became of it."""

    address: Address
    key: str
    card: Card
    handed: float
    life: int
    arrived: bool = False
    message: str = ""


@dataclass
class World:
    """Everything outside of the process, for one story: its weather, and the ledger of what arrived."""

    story: Story
    now: Callable[[], float] = lambda: 0.0
    life: int = 0
    arrivals: list[Arrival] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    # How often a message under a key arrived, or may have, without our hearing of it.
    unheard: dict[str, int] = field(default_factory=dict)
    # The messages that these were.
    doubted: set[str] = field(default_factory=set)
    sends: int = 0
    edits: int = 0
    _keys: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    _attempts: dict[str, int] = field(default_factory=dict)
    _messages: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    flights: list[Flight] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outages = [event for event in self.story.events if isinstance(event, Outage)]
        self.closings = [event for event in self.story.events if isinstance(event, Closes)]
        self.kicks = [event for event in self.story.events if isinstance(event, Kicks)]
        self.moves = [event for event in self.story.events if isinstance(event, Moves)]

    def chance(self, *about: object) -> float:
        """A number from 0 to 1 that depends on the seed and what it is about, and on nothing else of the story."""
        digest = hashlib.blake2b(repr((self.story.seed, *about)).encode(), digest_size=7).digest()
        return int.from_bytes(digest, "big") / (1 << 56)

    def outage(self, platform: str) -> Outage | None:
        """What a platform suffers from now."""
        now = self.now()
        return next((o for o in self.outages if o.platform == platform and o.at <= now < o.until), None)

    def refusal(self, address: Address) -> Outcome | None:
        """What a healthy platform says of an address, when it does not take a message for it."""
        now = self.now()
        if address.account is not None:
            closed = any(c.who == address.account and c.at <= now < c.until for c in self.closings)
            return Closed("they take no messages from us") if closed else None
        if any(k.chat == address.chat and k.at <= now < k.until for k in self.kicks):
            return Gone("we are not in this chat")
        moved = next((m for m in self.moves if m.chat == address.chat and m.at <= now), None)
        return None if moved is None else Moved(Address(address.platform, moved.to, address.thread))

    def fate(self, platform: str, key: str, what: str) -> str:
        """What becomes of one request: `ok`, or one of the ways in which it fails."""
        attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        outage = self.outage(platform)
        if outage is not None:
            return outage.how
        if attempt <= FLAKY_ATTEMPTS and self.chance("fails", what, key, attempt) < self.story.noise:
            ways = ("refuses", "storm", "silent", "deaf", "breaks", "deaf")
            return ways[int(self.chance("how", what, key, attempt) * len(ways))]
        return "ok"

    def accept(self, flight: Flight) -> str:
        """The platform takes a message: it is there, once for a key where keys are remembered."""
        flight.arrived = True
        flight.message = message = f"m{len(self.arrivals) + 1}"
        address, now = flight.address, self.now()
        name = (address.platform, flight.key)
        known = self._keys.get(name)
        if address.platform == DISCORD and known is not None and now - known[0] < REMEMBERS.total_seconds():
            flight.message = known[1]
            return known[1]
        self._keys[name] = (now, message)
        chat = self._messages.setdefault((address.platform, address.chat), [])
        chat.append((message, flight.key))
        marks = marks_on(flight.card)
        if not marks:
            self.faults.append(f"an unmarked message was sent to {address}: {words(flight.card)!r}")
        self.arrivals.append(Arrival(address, flight.key, message, marks, flight.handed, now, flight.life))
        return message

    def found(self, address: Address, key: str) -> str | None:
        """A message of ours in a chat, by its key."""
        return next((m for m, k in self._messages.get((address.platform, address.chat), ()) if k == key), None)

    def knows(self, address: Address, message: str) -> bool:
        """Whether a message is in a chat."""
        return any(m == message for m, _ in self._messages.get((address.platform, address.chat), ()))

    def doubt(self, key: str, message: str) -> None:
        """A message arrived, and nobody heard or will remember that it did."""
        if message not in self.doubted:
            self.doubted.add(message)
            self.unheard[key] = self.unheard.get(key, 0) + 1

    def died(self) -> None:
        """The process was killed: what was on its way arrives or does not, and nobody hears of it."""
        for number, flight in enumerate(self.flights):
            if not flight.arrived and self.chance("wire", flight.key, flight.handed, number) < 0.5:
                self.accept(flight)
            if flight.arrived:
                self.doubt(flight.key, flight.message)
        self.flights.clear()


class Wire:
    """A platform as one life of the process sees it; dead with it."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self._life = world.life
        self._name = name
        self._halted = 0.0

    @property
    def name(self) -> str:
        """As accounts and addresses call it."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Discord's or Telegram's."""
        discord = self._name == DISCORD
        return Capabilities(whispers=True, remembers_for=REMEMBERS if discord else timedelta(0), shared=discord)

    @property
    def lease(self) -> str:
        """The one token there is."""
        return f"{self._name}:simulated"

    def status(self) -> Status:
        """Connected, whatever the weather."""
        return Status(connected=True, seconds=self.world.now())

    async def run(self) -> None:
        """What people type is brought in by the story."""
        await asyncio.Event().wait()

    def resume(self) -> None:
        """A process that has just started may be inside a halt that it knows nothing of."""

    def delay(self, address: Address) -> float:
        """What is left of a halt."""
        return max(0.0, self._halted - self.world.now())

    async def send(self, address: Address, card: Card, key: str) -> Outcome:
        """Take a message, or fail in one of the ways there are."""
        self._living()
        # As both clients have it (bot/pacing.py): who was stopped and wakes up too late sends nothing.
        by = leave_by.get()
        if by is not None and asyncio.get_running_loop().time() >= by:
            return Later(ASK_AGAIN, "its turn came too late")
        world = self.world
        world.sends += 1
        flight = Flight(address, key, card, world.now(), self._life)
        world.flights.append(flight)
        try:
            fate, refusal = await self._there(address, key, "send")
            if refusal is not None:
                return refusal
            if fate == "breaks" and world.chance("half", key, world.now()) < 0.5:
                raise ConnectionResetError("simulated: before it was sent")
            message = world.accept(flight)
            await self._travel(key, "back")
            if fate == "ok":
                return Sent(message)
            world.doubt(key, message)
            if fate == "breaks":
                raise ConnectionResetError("simulated: after it was sent")
            await asyncio.sleep(SILENCE)
            self._living()
            return Doubtful("no answer in time")
        finally:
            if world.life == self._life and flight in world.flights:
                world.flights.remove(flight)

    async def _there(self, address: Address, key: str, what: str) -> tuple[str, Outcome | None]:
        """What becomes of a request, once it is there; with its outcome where it is not taken."""
        fate = self.world.fate(self._name, key, what)
        await self._travel(key, "there")
        if fate in ("refuses", "storm", "silent"):
            return fate, await self._failed(fate, key)
        return fate, self.world.refusal(address)

    async def edit(self, address: Address, message: str, card: Card) -> Outcome:
        """Change a message, or fail."""
        self._living()
        world = self.world
        world.edits += 1
        key = f"{message}:{world.now()}"
        fate, refusal = await self._there(address, key, "edit")
        if refusal is not None:
            return refusal
        if not world.knows(address, message):
            world.faults.append(f"an edit of {message}, which is not in {address}")
            return Gone("no such message")
        if fate == "ok":
            return Sent(message)
        return Doubtful("no answer in time")

    async def find(self, address: Address, card: Card, key: str, since: datetime) -> Outcome | None:
        """Look for a message in the history, where the platform shows one."""
        self._living()
        world = self.world
        await self._travel(key, f"find {world.now()}")
        if self._name != DISCORD:
            return Doubtful("this platform cannot tell")
        outage = world.outage(self._name)
        if outage is not None:
            return Later(ASK_AGAIN, f"the platform {outage.how}")
        refusal = world.refusal(address)
        if refusal is not None:
            return refusal
        message = world.found(address, key)
        return None if message is None else Sent(message)

    async def _travel(self, key: str, way: str) -> None:
        await asyncio.sleep(QUICK + (SLOW - QUICK) * self.world.chance("travel", way, key, self.world.now()) ** 3)
        self._living()

    async def _failed(self, fate: str, key: str) -> Outcome:
        world = self.world
        if fate == "silent":
            await asyncio.sleep(SILENCE)
            self._living()
            return Doubtful("no answer in time")
        if fate == "storm":
            wait = 1 + int(world.chance("wait", key, world.now()) * 40)
            self._halted = max(self._halted, world.now() + wait)
            return Later(wait, "429")
        return Later(0, "502")

    def _living(self) -> None:
        if self.world.life != self._life:
            raise Crash
