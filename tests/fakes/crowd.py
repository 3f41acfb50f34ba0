"""A crowd that types everything there is, all at once; what it was told; and whether the rows say the same."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from random import Random
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import Roadmate
from bot.cards import Button, base36
from bot.command import Dispatch, Incoming, Response
from bot.delivery import Address
from bot.store import Store
from bot.tables import accounts, changes, checkins, deliveries, enrolments, members, step_events
from tests.fakes.clockwork import NOON, ROOM
from tests.fakes.memory import MemoryPlatform, words
from tests.fakes.patience import PATIENCE

BUSY = 10
"""One member of so many types a lot, all of these as much as all the others: it is one's own lines that get in each
other's way. As many have a second account, and link it."""

VISITORS = 20
"""To so many members comes one who says something and has themselves forgotten."""

AT_ONCE = 64
TWICE = 0.03
"""The part of updates that a platform delivers twice."""

COURSES = ("backend-ai-era", "backend-intern")
ZONES = ("Asia/Kolkata", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "UTC")
SETTINGS = ("zone", "day_start", "quiet_from", "quiet_to", "paused_from", "paused_until", "intention", "name")
"""A member's columns that nothing but their own commands writes."""

COUNTED = ("checkin", "done", "skip")
"""Commands whose answer has a way back exactly when something was counted."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A clock that jumps an hour every so many seconds: what is asked in the evening comes during a test.

    Processes that are told when it began, in seconds of the monotonic clock, agree about it.
    """

    began: float
    hour: float

    def __call__(self) -> datetime:
        hours, seconds = divmod(time.monotonic() - self.began, self.hour)
        return NOON + timedelta(hours=hours, seconds=seconds)


@dataclass
class Told:
    """What a crowd was told: by account the minutes that count and the steps done; the changes it could take back."""

    minutes: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    changes: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    crossed: int = 0
    sent: list[str] = field(default_factory=list)
    seconds: float = 0.0
    slow: list[float] = field(default_factory=list)

    @staticmethod
    def read(text: str) -> Told:
        """What another process wrote as JSON."""
        found = Told()
        for name, value in json.loads(text).items():
            setattr(found, name, Counter(value) if isinstance(getattr(found, name), Counter) else value)
        return found

    def __add__(self, other: Told) -> Told:
        both = Told()
        for one in (self, other):
            for name, value in vars(one).items():
                # Sums of counters keep what is negative: one process takes back what was typed in another.
                known = getattr(both, name)
                known.update(value) if isinstance(known, Counter) else setattr(both, name, known + value)
        return both

    @property
    def figures(self) -> str:
        """What it was like."""
        answers, slow = self.answers.total(), sorted(self.slow)
        rate, p99 = answers / self.seconds, slow[len(slow) * 99 // 100] * 1000
        return (
            f"{answers} answers, {rate:.0f}/s at {AT_ONCE} at once, p99 {p99:.0f} ms, {len(self.changes)} counted, "
            f"{self.refused.total()} refused, {self.crossed} crossed, {len(self.sent)} messages sent"
        )


class Crowd:
    """Members who type. `name` is their process's: updates of two processes are never the same."""

    def __init__(self, dispatch: Dispatch, name: str, members: int, seed: int) -> None:
        self.told = Told()
        self.dispatch = replace(dispatch, observe=self._observe)
        self._name = name
        self._dice = Random(f"{name} {seed}")
        self._codes: dict[str, list[str]] = defaultdict(list)
        self._roadmaps = [dispatch.roadmaps()[slug] for slug in COURSES]
        self._updates = 0
        self._members = [f"m{n}" for n in range(members)]
        self._busy = self._members[: members // BUSY]
        self._twins = {who: f"t{who[1:]}" for who in self._busy}
        others = [*self._twins.values(), *(f"v{n}" for n in range(members // VISITORS))]
        self._everybody = [*self._members, *others, *self._busy * (len(self._members) // len(self._busy))]
        self._lines, self._weights = zip(*self._repertoire(), strict=True)

    async def talk(self, lines: int) -> None:
        """Everybody joins; then they type so many lines, AT_ONCE at a time."""
        joining = [(who, line) for who in sorted(set(self._everybody)) for line in self._first(who)]
        left = chain((self.say(*first) for first in joining), (self._turn() for _ in range(lines)))

        async def one() -> None:
            for turn in left:
                await turn

        began = time.monotonic()
        await asyncio.gather(*(one() for _ in range(AT_ONCE)))
        self.told.seconds += time.monotonic() - began

    def _first(self, who: str) -> list[str]:
        return [*(f"join {slug} 2027-05-20" for slug in COURSES), f"remind {self._dice.randint(7, 23)}:00 daily dm"]

    async def _turn(self) -> None:
        who = self._dice.choice(self._everybody)
        line: str = self._dice.choices(self._lines, self._weights)[0](who)
        if line == "link":
            await self._link(who)
        elif self._dice.random() < TWICE:
            update = self._update()
            await asyncio.gather(self.say(who, line, update=update), self.say(who, line, update=update))
        else:
            await self.say(who, line)

    async def say(self, who: str, line: str, *, private: bool = False, update: str | None = None) -> str:
        """Type a line; what is answered is read, noted, and given back."""
        response = await self.dispatch(
            Incoming(
                platform="memory",
                account=who,
                name=who.upper(),
                address=Address.private_to("memory", who) if private else ROOM,
                line=line,
                update=update or self._update(),
                private=private,
                leader=who == "m0",
                chat_name="backend",
            )
        )
        assert response is not None
        return self._note(who, line, response)

    def _update(self) -> str:
        self._updates += 1
        return f"{self._name}{self._updates}"

    async def _link(self, who: str) -> None:
        """One shows a code, and their second account takes it; nobody else has one."""
        shown = re.search(r"/link (\w{8})", await self.say(who, "link", private=True))
        if shown:
            await self.say(self._twins[who], f"link {shown[1]} sure:yes", private=True)

    # ------------------------------------------------------------ what it types

    def _repertoire(self) -> list[tuple[Callable[[str], str], float]]:
        dice = self._dice

        def step() -> str:
            roadmap = dice.choice(self._roadmaps)
            return f"{roadmap.slug}/{dice.choice(roadmap.live_steps).slug}"

        def taken_back(who: str) -> str:
            codes = self._codes[who]
            return f"undo {dice.choice(codes[-8:])}" if codes else "undo"

        def any_of(*lines: str) -> Callable[[str], str]:
            return lambda _who: dice.choice(lines)

        return [
            (lambda _: f"checkin {dice.randint(1, 20)}", 22),
            (lambda _: f"checkin {dice.randint(1, 20)} indexes and joins date:yesterday", 2),
            (lambda _: f"checkin {dice.randint(1, 20)} track:dsa", 3),
            (any_of("checkin", "checkin yes", "checkin no", "checkin note:graphs"), 3),
            (lambda _: f"done {step()}", 8),
            (lambda _: f"done {step()} https://example.org/{dice.randint(1, 99)}", 2),
            (lambda _: f"skip {step()} no time", 3),
            (any_of("undo"), 4),
            (taken_back, 8),
            (lambda _: f"remind {dice.randint(0, 23)}:{dice.choice(('00', '15', '30'))} daily dm", 4),
            (any_of("remind 21:00 weekdays kind:dsa", "remind off", "remind 20:00 daily group", "remind"), 3),
            (any_of("later 1h", "later 3h", "later tomorrow", "later"), 3),
            (any_of("pause 1w", "pause until I come back", "pause off", "pause"), 3),
            (lambda _: f"rest 2027-0{dice.randint(1, 9)}-0{dice.randint(1, 9)}", 2),
            (any_of("rest", "rest drop:1", "rest drop:2"), 2),
            (any_of("quiet 22:00 07:00", "quiet 23:30 06:00", "quiet off", "quiet"), 3),
            (any_of("daystart 04:00", "daystart 00:00", "daystart 02:30"), 3),
            (lambda _: f"timezone {dice.choice(ZONES)}", 3),
            (lambda _: f"join {dice.choice(COURSES)} 2027-0{dice.randint(3, 9)}-15 2h", 4),
            (lambda _: f"leave {dice.choice(COURSES)}", 1),
            (any_of("settings", "help", "mydata", "privacy", "roadmap", "roadmaps", "start"), 3),
            (any_of("leaderboard", "leaderboard month steps", "place", "recap"), 3),
            (any_of("progress", "next", "progress m1"), 3),
            (any_of("when after dinner", "when no"), 1),
            (lambda _: f"name Member {dice.randint(1, 99)}", 1),
            (lambda who: "link" if who in self._twins else "progress", 2),
            (lambda who: "setup time:20:00" if who == "m0" else "settings", 1),
            (lambda who: "forgetme yes" if who.startswith("v") else "next", 1),
        ]

    # ------------------------------------------------------------ what it is told

    def _observe(self, command: str, seconds: float, failed: bool) -> None:
        self.told.slow.append(round(seconds, 4))
        if failed:
            self.told.failed.append(command)

    def _note(self, who: str, line: str, response: Response) -> str:
        command = line.split(maxsplit=1)[0]
        self.told.answers[command] += 1
        self.told.refused[command] += response.refused
        if response.card is None:
            return ""
        text = words(response.card)
        # Of whoever is forgotten nothing is to be found.
        if who.startswith("v"):
            return text
        if command in COUNTED:
            self._counted(who, command, line, response)
        elif command == "undo" and text.startswith("Taken back: "):
            self._taken_back(who, text.splitlines()[0])
        return text

    def _counted(self, who: str, command: str, line: str, response: Response) -> None:
        assert response.card is not None
        buttons = [button for button in chain(*response.card.rows) if isinstance(button, Button)]
        code = next((button.line[5:] for button in buttons if button.line.startswith("undo ")), None)
        if code is None:
            return
        self._codes[who].append(code)
        self.told.changes.append(code)
        minutes = re.match(r"checkin (\d+)", line)
        self.told.minutes[who] += int(minutes[1]) if minutes else 0
        self.told.steps[who] += command == "done"

    def _taken_back(self, who: str, change: str) -> None:
        minutes = re.search(r"the check-in of .* \((\d+) min\)", change)
        self.told.minutes[who] -= int(minutes[1]) if minutes else 0
        self.told.steps[who] -= change.endswith(" done.")


class _Listening(logging.Handler):
    """What is logged as an error, and how often two transactions waited for each other."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self.told = told

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.told.errors.append(f"{record.name}: {record.getMessage()} {record.exc_info and record.exc_info[1]!r}")
        elif "waited for each other" in str(record.msg):
            self.told.crossed += 1


@asynccontextmanager
async def listening(told: Told) -> AsyncIterator[None]:
    """Note what is logged inside."""
    handler, store = _Listening(told), logging.getLogger("bot.store.engine")
    level = store.level
    store.setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        store.setLevel(level)


async def crowded(store: Store, calendar: Calendar, name: str, members: int, lines: int, seed: int) -> Told:
    """A process of the house, ticks and courier and all, in which a crowd types so many lines."""
    app = Roadmate(store, clock=calendar, zone="Asia/Kolkata")
    platform = MemoryPlatform()
    app.add(platform)
    crowd = Crowd(app.dispatch, name, members, seed)
    async with listening(crowd.told):
        serving = asyncio.create_task(app.serve())
        try:
            await crowd.talk(lines)
            async with asyncio.timeout(PATIENCE):
                while await _unsent(store, calendar()):
                    assert not serving.done(), serving
                    await asyncio.sleep(0.1)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
    crowd.told.sent = [key for _, key in platform.sends]
    return crowd.told


async def _unsent(store: Store, now: datetime) -> int:
    async with store.reading() as db:
        due = (deliveries.c.next_at <= now) | (deliveries.c.state == "sending")
        return int(await db.scalar(select(func.count()).select_from(deliveries).where(due)) or 0)


# ---------------------------------------------------------------- what the rows say


async def differences(store: Store, told: Told) -> list[str]:
    """Where the rows say something else than the crowd was told: none, if no update was lost."""
    async with store.reading() as db:
        rows = await db.execute(select(accounts.c.account, accounts.c.member))
        of: dict[str, int] = {row.account: row.member for row in rows}
        visitors = {member for account, member in of.items() if account.startswith("v")}
        found = [
            *_compared("minutes", _by_member(told.minutes, of), await _minutes(db), visitors),
            *_compared("steps", _by_member(told.steps, of), await _steps(db), visitors),
        ]
        kept = select(changes.c.id).where(changes.c.command.in_(COUNTED), changes.c.member.not_in(visitors))
        ledger = {base36(id) for (id,) in await db.execute(kept)}
        found += [f"told and not kept: {code}" for code in sorted(set(told.changes) - ledger)]
        found += [f"kept and not told: {code}" for code in sorted(ledger - set(told.changes))]
        found += [f"told twice: {code}" for code, times in Counter(told.changes).items() if times > 1]
        found += await _broken_chains(db)
    found += [f"sent twice: {key}" for key, times in Counter(told.sent).items() if times > 1]
    return found


def _by_member(sums: Counter[str], of: dict[str, int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for account, count in sums.items():
        found[of[account]] += count
    return found


def _compared(what: str, told: Counter[int], kept: Counter[int], without: set[int]) -> list[str]:
    both = sorted((told.keys() | kept.keys()) - without)
    return [f"member {one}: {told[one]} {what} told, {kept[one]} kept" for one in both if told[one] != kept[one]]


async def _minutes(db: AsyncConnection) -> Counter[int]:
    found: Counter[int] = Counter()
    for row in await db.execute(select(checkins.c.member, checkins.c.minutes, checkins.c.reverts)):
        found[row.member] += row.minutes if row.reverts is None else -row.minutes
    return +found


async def _steps(db: AsyncConnection) -> Counter[int]:
    found: Counter[int] = Counter()
    rows = await db.execute(
        select(step_events.c.id, step_events.c.kind, step_events.c.reverts, enrolments.c.member)
        .join(enrolments, enrolments.c.id == step_events.c.enrolment)
        .order_by(step_events.c.id)
    )
    kinds = {}
    for row in rows:
        kinds[row.id] = row.kind
        found[row.member] += (row.kind == "done") - (kinds.get(row.reverts) == "done")
    return +found


async def _broken_chains(db: AsyncConnection) -> list[str]:
    """Each setting was what the change before had made it, and is what the last one made it."""
    found = []
    everybody = {row["id"]: row for row in (await db.execute(select(members))).mappings()}
    # Who became part of another, and who took somebody in, got settings by no command of theirs.
    united = {row["linked_to"] for row in everybody.values()} | {
        id for id, row in everybody.items() if row["linked_to"]
    }
    query = select(changes.c.id, changes.c.member, changes.c.effects, changes.c.undoes).order_by(changes.c.id)
    effects: dict[int, Sequence[dict[str, Any]]] = {}
    now: dict[tuple[int, str], Any] = {}
    for row in await db.execute(query):
        effects[row.id] = row.effects
        back = row.undoes is not None
        for effect in effects[row.undoes] if back else row.effects:
            if effect.get("set") != "members" or row.member in united:
                continue
            before, after = (effect["after"], effect["before"]) if back else (effect["before"], effect["after"])
            for name in before.keys() & set(SETTINGS):
                if now.get((row.member, name), before[name]) != before[name]:
                    found.append(
                        f"member {row.member}: {name} changed from {before[name]}, not {now[row.member, name]}"
                    )
                now[row.member, name] = after[name]
    for (member, name), value in now.items():
        kept = everybody[member][name] if member in everybody else value
        if str(kept) != str(value):
            found.append(f"member {member}: {name} is {kept}, not {value}")
    return found


async def _process(url: str, name: str, members: int, lines: int, seed: int, calendar: Calendar) -> None:
    store = Store.open(url)
    try:
        told = await crowded(store, calendar, name, members, lines, seed)
    finally:
        await store.close()
    sys.stdout.write(json.dumps(vars(told)))


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    calendar = Calendar(**given.pop("calendar"))
    asyncio.run(_process(**given, calendar=calendar))
