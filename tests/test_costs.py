"""What a command or a card asks of the database, counted among 20,000 members: each has its bound."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from bot.commands import registry
from bot.delivery import Address
from bot.messages import MESSAGES
from bot.store import Store
from bot.store.outbox import Delivery
from bot.tables import step_events
from tests.fakes.multitude import NOW, PLATFORM, Cost, Multitude, Size, fill

SIZE = Size(groups=20, members=1000, events=200, busy=100, rest=4)
"""Those who speak here have a ledger of 200 days, in a group of a thousand."""

Bound = tuple[str, int, int, int]
"""A line; the most statements, rows that come back, and hundreds of SQLite's steps that it may cost.

Most are the costs of one member's rows. /recap, /leaderboard and /place look at one stretch of rows that are kept for
the group; what reads about 200 rows reads the days that somebody ever studied on. A recap that ends on another day than
a Sunday, as the card's does here, reads the days of all.
"""

COMMANDS: dict[str, Bound] = {
    "start": ("start", 6, 8, 10),
    "join": ("join backend-intern 2027-05-20 1h", 12, 7, 15),
    "roadmaps": ("roadmaps", 4, 6, 10),
    "leave": ("leave backend-ai-era", 12, 8, 12),
    "next": ("next", 5, 7, 16),
    "done": ("done http-rest", 12, 10, 15),
    "skip": ("skip http-rest", 9, 6, 17),
    "undo": ("undo", 29, 238, 33),
    "progress": ("progress", 5, 7, 13),
    "roadmap": ("roadmap", 4, 6, 12),
    "checkin": ("checkin 30", 21, 18, 25),
    "later": ("later 1h", 15, 9, 15),
    "remind": ("remind 19:00", 22, 235, 32),
    "quiet": ("quiet 22:00 07:00", 12, 8, 20),
    "pause": ("pause 3d", 15, 229, 31),
    "rest": ("rest sat", 15, 229, 36),
    "leaderboard": ("leaderboard all", 7, 19, 700),
    "recap": ("recap", 11, 40, 1100),
    "setup": ("setup time:19:00", 27, 20, 211),
    "settings": ("settings", 7, 8, 11),
    "timezone": ("timezone Asia/Tokyo", 12, 8, 15),
    "daystart": ("daystart 04:00", 12, 8, 15),
    "link": ("link", 7, 6, 12),
    "privacy": ("privacy", 4, 6, 12),
    "help": ("help", 4, 6, 11),
    "when": ("when I have eaten, I study", 9, 7, 12),
    "sources": ("sources backend-ai-era", 4, 6, 12),
    "place": ("place month minutes", 8, 11, 270),
    "homecode": ("homecode", 6, 6, 13),
    "name": ("name Asha", 9, 7, 15),
    "language": ("language en", 6, 7, 12),
    "main": ("main", 5, 6, 12),
    "mydata": ("mydata", 24, 26, 27),
    "forgetme": ("forgetme yes", 28, 8, 160),
    "howto": ("howto http-rest", 4, 7, 11),
}

CARDS: dict[str, Bound] = {
    "deadline": ("", 3, 5, 11),
    "dsa": ("", 5, 6, 11),
    "group": ("", 3, 6, 348),
    "done": ("", 5, 8, 10),
    "recap": ("", 9, 40, 1850),
    "risk": ("", 4, 5, 11),
    "return": ("", 5, 7, 12),
    "stopped": ("", 2, 5, 11),
    "study": ("", 5, 6, 11),
    "trouble": ("", 3, 5, 198),
}

IN_THE_GROUP = {"next", "done", "skip", "progress", "roadmap", "checkin", "leaderboard", "recap", "setup", "place"}
IN_THE_GROUP |= {"homecode"}

SPEAKERS = range(10, 100)
"""One for each command: what one has written changes nothing of what another's costs."""


def over(cost: Cost, bound: Bound) -> bool:
    """Whether something costs more than it may."""
    return any(spent > most for spent, most in zip(astuple(cost), bound[1:], strict=True))


async def command_costs(many: Multitude) -> dict[str, Cost]:
    """What each command's line costs, said by somebody who has said nothing before."""
    costs = {}
    await many.say(SPEAKERS[-1], "help")
    for member, (name, (line, *_)) in zip(SPEAKERS, COMMANDS.items(), strict=False):
        if name == "undo":
            await many.say(member, "checkin 20", private=True)
        many.begin()
        response = await many.say(member, line, private=name not in IN_THE_GROUP, leader=True)
        assert not response.refused, f"{line}: {response}"
        costs[name] = replace(many.cost)
    return costs


async def card_costs(many: Multitude) -> dict[str, Cost]:
    """What it costs to compose a card of each kind about a member who has finished a step, or about their group."""
    costs = {}
    for kind in CARDS:
        delivery = await delivery_of(many, kind, member=200)
        many.begin()
        await many.compose(delivery)
        costs[kind] = replace(many.cost)
    return costs


async def delivery_of(many: Multitude, kind: str, member: int) -> Delivery:
    """What would be sent of a kind about a member of the first group."""
    async with many.store.reading() as db:
        change = await db.scalar(select(func.max(step_events.c.change)).where(step_events.c.enrolment == member))
    return Delivery(
        id=1,
        key=f"{kind}:1",
        kind=kind,
        address=Address(PLATFORM, "room1"),
        local_date=NOW.date(),
        due_at=NOW,
        expires_at=NOW + timedelta(hours=5),
        member=member,
        group=1,
        change=change,
        reminder=None,
        bundle=None,
        state="queued",
        attempts=0,
        handed_at=None,
        token=None,
        message=None,
        version=1,
        shown=0,
    )


async def test_every_command_and_card_keeps_within_its_bound(tmp_path: Path) -> None:
    assert set(COMMANDS) == {command.name for command in registry}, "a command without a bound, or a bound without one"
    assert set(CARDS) == set(MESSAGES), "a kind of message without a bound, or a bound without one"
    file = tmp_path / "many.db"
    store = Store.open(f"sqlite+aiosqlite:///{file}")
    try:
        await fill(store, file, SIZE)
        many = Multitude(store)
        commands, cards = await command_costs(many), await card_costs(many)
    finally:
        await store.close()
    dear = [
        f"/{name}: {cost}, may be {COMMANDS[name]}" for name, cost in commands.items() if over(cost, COMMANDS[name])
    ]
    dear += [f"card {kind}: {cost}, may be {CARDS[kind]}" for kind, cost in cards.items() if over(cost, CARDS[kind])]
    assert not dear, "\n".join(dear)
    assert all(cost.statements and cost.rows for cost in commands.values()), "nothing was counted"


def test_a_bound_can_be_passed() -> None:
    assert over(Cost(5, 0, 0), ("", 4, 9, 9))
    assert over(Cost(1, 0, 10), ("", 4, 9, 9))
    assert not over(Cost(4, 9, 9), ("", 4, 9, 9))
