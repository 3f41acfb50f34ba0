"""The process under test, one life after the other: the real bot, driven through a story in simulated time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from math import ceil
from typing import Any

from bot.app import FINISHING_SECONDS, Roadmate
from bot.cards import Card
from bot.command import Incoming, Response
from bot.delivery import Address
from bot.store import belonging, homes, outbox, schedule
from bot.store.outbox import Delivery
from tests.fakes.memory import words
from tests.simulation.database import Disk
from tests.simulation.loop import Crash, VirtualLoop
from tests.simulation.platforms import Arrival, Wire, World, mark_of
from tests.simulation.story import (
    DAY,
    DISCORD,
    TELEGRAM,
    Dies,
    Event,
    Freezes,
    Kicks,
    Moves,
    Person,
    Says,
    Steps,
    Stops,
    Story,
)
from tests.simulation.story import moment as moment_at
from tests.simulation.wishes import Member, Version, Wishes, Word

TIDY_EVERY = DAY
"""The bot tidies each hour; a simulated year of that would be nothing but tidying."""

KEEP_EVERY = 20 * DAY
"""The bot forgets what was settled three months ago; the checker does not."""

SLOWEST_TICK = 16.0
"""The bot ticks each second. Where something stays due for longer, the simulation looks less and less often."""

TICK = 1.0
"""Seconds between two looks of the bot at what is due."""

SLACK = 0.001

REMINDERS = ""
"""Among what is due by the names of platforms: a rule's next occurrence."""

EXPECTED = ("broke off on",)
"""What the bot may log as an error when a platform raises on purpose."""

MAY_BE_REFUSED = ("checkin", "later", "done", "pause", "rest", "quiet")
"""What somebody may type at a moment at which it means nothing: an answer too late, the end of no pause."""

Prepared = Callable[[Roadmate], None]
Passing = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Life:
    """From when until when a process lived, in seconds."""

    start: float
    end: float


@dataclass
class Trace:
    """Everything that happened in a story: what a checker needs to judge it."""

    story: Story
    arrivals: list[Arrival]
    members: dict[int, Member]
    names: dict[int, Person]
    lives: list[Life]
    rows: list[dict[str, Any]]
    unheard: dict[str, int]
    faults: list[str]
    steps: int = 0
    commits: int = 0
    # Which kind of reminder a row is about.
    kinds: dict[int, str] = field(default_factory=dict)
    # When a process lived and got no time: what befell it while it was not there befalls the next one.
    frozen: list[tuple[float, float]] = field(default_factory=list)
    # When the bot heard that it was let into a room again.
    let_in: list[tuple[str, float]] = field(default_factory=list)


@dataclass
class _Pending:
    """A line on its way: typed, and not answered yet."""

    event: Says
    update: str
    tried: float
    line: str


class Simulation:
    """A story being lived through. `prepare` is called with every new bot: a mutant is made there. `passing` hears
    once in a while how many seconds of it have passed."""

    def __init__(
        self, story: Story, disk: Disk, prepare: Prepared | None = None, passing: Passing | None = None
    ) -> None:
        self.story = story
        self.disk = disk
        self.prepare = prepare or (lambda _app: None)
        self.passing = passing or (lambda _seconds: None)
        self.world = World(story)
        self.members: dict[str, Member] = {p.name: Member([Version(Wishes(p.zone), 0, 0)]) for p in story.people}
        self.lives: list[Life] = []
        self.frozen: list[tuple[float, float]] = []
        self.let_in: list[tuple[str, float]] = []
        self.faults: list[str] = []
        self.steps = self.commits = 0
        self._todo = sorted((e for e in story.events if not isinstance(e, Steps)), key=lambda event: event.at)
        self._pending: list[_Pending] = []
        self._updates = 0
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._moves: dict[str, str] = {}
        # What a process that died had not been told to the end: the next one is told again.
        self._untold: list[Event] = []
        self._doomed_commits = 0
        self._doom: Dies | None = None
        steps = sorted((e.at, e.seconds) for e in story.events if isinstance(e, Steps))
        self._steps = [at for at, _ in steps]
        self._ahead = list(accumulate((by for _, by in steps), initial=0.0))
        self._loop = VirtualLoop()
        self._loop.close()
        self._tidied = 0.0
        self._stirred = asyncio.Event()
        self._rows: dict[int, dict[str, Any]] = {}
        self._kept = 0.0
        # Rooms that threw us out let us in again, and a leader says so.
        for kick in [e for e in story.events if isinstance(e, Kicks)]:
            self._todo.append(Says(kick.until + 60, "", f"setup {kick.chat}", private=False))
        self._todo.sort(key=lambda event: event.at)

    # ------------------------------------------------------------ the clocks

    def clock(self) -> datetime:
        """What the system's clock shows."""
        now = self._loop.time()
        return moment_at(now + self._offset(now))

    def _offset(self, at: float) -> float:
        """How far the system's clock is ahead at a time, in seconds."""
        return self._ahead[bisect_right(self._steps, at)]

    # ------------------------------------------------------------ from life to life

    def run(self) -> Trace:
        """Live through the story."""
        self.disk.wipe()
        self.disk.committed = self._committed
        state = random.getstate()
        random.seed(self.story.seed)
        try:
            with _errors(self.faults):
                self._live_through()
        finally:
            random.setstate(state)
            self.disk.committed = lambda: None
        self._rows.update((row["id"], row) for row in self.disk.rows("SELECT * FROM deliveries"))
        rows = [self._rows[id] for id in sorted(self._rows)]
        who = {row["account"]: row["member"] for row in self.disk.rows("SELECT account, member FROM accounts")}
        kinds = {row["id"]: row["kind"] for row in self.disk.rows("SELECT id, kind FROM reminders")}
        self.disk.die()
        self.disk.bury()
        return Trace(
            self.story,
            self.world.arrivals,
            {who[name]: member for name, member in self.members.items() if name in who},
            {who[p.name]: p for p in self.story.people if p.name in who},
            self.lives,
            rows,
            self.world.unheard,
            [*self.faults, *self.world.faults],
            self.steps,
            self.commits,
            kinds,
            self.frozen,
            self.let_in,
        )

    def _live_through(self) -> None:
        start, first = 0.0, True
        while start < self.story.end:
            self.world.life += 1
            loop = self._loop = VirtualLoop(start)
            self._stirred = asyncio.Event()
            self.world.now = loop.time
            down = self._one_life(loop, first)
            first = False
            self.lives.append(Life(start, loop.time()))
            start = loop.time() + down

    def _one_life(self, loop: VirtualLoop, first: bool) -> float:
        """Live until the end, a crash or a stop; gives the seconds until the next start."""
        down = float("inf")
        try:
            stopped = loop.run_until_complete(self._life(first))
            if stopped is not None:
                down = stopped.down
        except Crash:
            assert self._doom is not None, "nobody wanted it to crash"
            down, self._doom = self._doom.down, None
        finally:
            self._dead(loop)
        return down

    def _dead(self, loop: VirtualLoop) -> None:
        """The process is dead: nothing that its tasks still try reaches anything."""
        life = self.world.life
        # How its tasks come to their end is no part of the story, and asyncio cancels them in no order.
        self.steps += loop.steps
        self.world.died()
        self.world.life += 1
        self._doomed_commits = 0
        self.disk.die()
        loop.abandon()
        self.disk.bury()
        self._forgotten(life)

    def _forgotten(self, life: int) -> None:
        """What the dead process had heard of and not written down yet went unheard too."""
        unsettled = {row["id"] for row in self.disk.rows("SELECT id FROM deliveries WHERE state <> 'sent'")}
        for arrival in self.world.arrivals:
            if arrival.life == life and any(mark.delivery in unsettled for mark in arrival.marks):
                self.world.doubt(arrival.key, arrival.message)

    def _committed(self) -> None:
        self.commits += 1
        self._stirred.set()
        if self._doomed_commits:
            self._doomed_commits -= 1
            if not self._doomed_commits:
                self._loop.dies_now()

    def _keep_rows(self) -> None:
        """What the bot will forget by and by."""
        if self._loop.time() - self._kept > KEEP_EVERY:
            self._kept = self._loop.time()
            self._rows.update((row["id"], row) for row in self.disk.rows("SELECT * FROM deliveries"))

    # ------------------------------------------------------------ one life

    async def _life(self, first: bool) -> Stops | None:
        app = self._build()
        self._turns = defaultdict(asyncio.Lock)
        if first:
            await self._found(app)
        work = await self._start(app)
        talk: set[asyncio.Task[None]] = set()
        self._todo[:0], self._untold = self._untold, []
        for pending in self._pending:
            # Nobody answered: the platform, or the member, says it again.
            talk.add(asyncio.create_task(self._say(app, pending, 2.0)))
        stopped = await self._serve(app, talk)
        # What the bot does when it is asked to stop.
        await app.courier.finish(FINISHING_SECONDS)
        for task in (*work, *talk):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return stopped

    def _build(self) -> Roadmate:
        app = Roadmate(self.disk.store(), clock=self.clock)
        for name in (DISCORD, TELEGRAM):
            app.add(Wire(self.world, name))
        compose = app.courier.compose

        async def marked(delivery: Delivery, now: datetime) -> Any:
            card = await compose(delivery, now)
            return mark_of(delivery).on(card) if isinstance(card, Card) else card

        app.courier.compose = marked
        self.prepare(app)
        return app

    async def _found(self, app: Roadmate) -> None:
        """The groups of the story, with their homes."""
        async with app.store.writing() as db:
            for number, zone in enumerate(self.story.zones):
                group = await belonging.found_group(db, f"Group {number}", zone, self.clock())
                for room in self.story.rooms:
                    if room.group == number:
                        await homes.settle_in(db, group.id, Address(room.platform, room.chat), room.chat)
                await schedule.refresh_group(db, group.id, self.clock())

    async def _start(self, app: Roadmate) -> list[asyncio.Task[None]]:
        """What the bot does in `run` and `serve`, but for APScheduler: the story's own driver is its clockwork."""
        await app.follow_renames()
        app._serving = True
        work = [asyncio.create_task(app._serve(platform), name=name) for name, platform in app.platforms.items()]
        work.append(asyncio.create_task(app.courier.run(), name="courier"))
        await app.refresh_zones()
        await app.tick()
        app.courier.wake()
        return work

    async def _serve(self, app: Roadmate, talk: set[asyncio.Task[None]]) -> Stops | None:
        loop = self._loop
        patience, step = TICK / 2, self._offset(loop.time())
        while True:
            now = loop.time()
            while self._todo and self._todo[0].at <= now:
                event = self._todo.pop(0)
                if isinstance(event, Stops):
                    return event
                self._happens(app, event, talk)
            if now >= self.story.end:
                return None
            if now - self._tidied >= TIDY_EVERY:
                self._tidied = now
                self.passing(now)
                await app.tidy()
                self._keep_rows()
            if self._offset(now) != step:
                # Each of the ticks that are left out would see where the clock stands.
                step = self._offset(now)
                await app.tick()
                app.courier.wake()
            moments, shown = self.disk.next_moments(), self.clock()
            late = [name for name, at in moments.items() if at <= shown]
            wait = self._until_next() - loop.time()
            if late:
                # The bot looks at everything once a second; where nothing is due, that it looks changes nothing.
                if REMINDERS in late:
                    await app.tick()
                for name in app.platforms:
                    if name in late:
                        app.courier._wakes[name].set()
                patience = min(2 * patience, SLOWEST_TICK)
                wait = min(wait, patience)
            elif moments:
                patience = TICK / 2
                wait = min(wait, ceil((min(moments.values()) - shown).total_seconds()))
            await self._rest(max(wait, SLACK))

    async def _rest(self, seconds: float) -> None:
        """Sleep until something is due; where something was written, until the next second, to look again."""
        self._stirred.clear()
        waking = asyncio.ensure_future(self._stirred.wait())
        await asyncio.wait({waking}, timeout=seconds)
        if not waking.done():
            waking.cancel()
        else:
            now = self._loop.time()
            ahead = [event.at - now for event in self._todo[:1]]
            await asyncio.sleep(max(SLACK, min([TICK, *ahead])))

    def _until_next(self) -> float:
        """When something happens that the process itself does not bring about."""
        now = self._loop.time()
        moments = [self.story.end, self._tidied + TIDY_EVERY]
        if self._todo:
            moments.append(self._todo[0].at)
        moments += self._steps[bisect_right(self._steps, now) :][:1]
        return min(moment for moment in moments if moment > now) if any(m > now for m in moments) else now

    def _happens(self, app: Roadmate, event: Event, talk: set[asyncio.Task[None]]) -> None:
        if isinstance(event, Dies):
            self._doom = event
            if event.what == "commits":
                self._doomed_commits = max(1, event.after)
            else:
                self._loop.crash_at = self._loop.steps + event.after
        elif isinstance(event, Freezes):
            # It knows nothing of it: its timers are late, and so are the answers it waits for.
            began = self._loop.time()
            self._loop.jump(event.seconds)
            self.frozen.append((began, began + event.seconds))
        elif isinstance(event, Moves):
            self._untold.append(event)
            talk.add(task := asyncio.create_task(self._moved(app, event)))
            task.add_done_callback(talk.discard)
        elif isinstance(event, Says) and event.who == "":
            self._untold.append(event)
            talk.add(task := asyncio.create_task(self._let_in(app, event)))
            task.add_done_callback(talk.discard)
        elif isinstance(event, Says) and event.who in self.members and self._audible(event):
            self._updates += 1
            member = self.members[event.who]
            line = member.fill(event.line, self.clock())
            pending = _Pending(event, f"u{self._updates}", self._loop.time(), line)
            self._pending.append(pending)
            talk.add(task := asyncio.create_task(self._say(app, pending, 0.0)))
            task.add_done_callback(talk.discard)

    def _audible(self, event: Says) -> bool:
        """Whether we are where it is typed: who is thrown out of a chat hears nothing there."""
        person = self.story.person(event.who)
        assert person is not None
        if event.private:
            return True
        here = self._home(person)
        if here is None:
            return False
        now, home = self._loop.time(), here.chat
        kicks = [k for k in self.world.kicks if k.at <= now < k.until + 120]
        moves = [m for m in self.world.moves if m.chat == home and m.at <= now]
        return not moves and not any(k.chat == home for k in kicks)

    async def _let_in(self, app: Roadmate, event: Says) -> None:
        chat = event.line.split()[1]
        room = next((room for room in self.story.rooms if room.chat == chat), None)
        if room is not None:
            async with app.store.writing() as db:
                address = Address(room.platform, self._moves.get(chat, chat))
                await homes.settle_in(db, room.group + 1, address, chat)
            self.let_in.append((chat, self._loop.time()))
        self._untold.remove(event)

    async def _moved(self, app: Roadmate, event: Moves) -> None:
        """Telegram tells of it, some time later."""
        await asyncio.sleep(5)
        async with app.store.writing() as db:
            await homes.home_moved(db, TELEGRAM, event.chat, event.to)
            await outbox.moved(db, TELEGRAM, event.chat, event.to)
        self._moves[event.chat] = event.to
        self._untold.remove(event)

    async def _say(self, app: Roadmate, pending: _Pending, wait: float) -> None:
        # Nobody says the next thing before the last is answered: of two at once nobody knows which came first.
        async with self._turns[pending.event.who]:
            if wait:
                await asyncio.sleep(wait)
            await self._said(app, pending)

    async def _said(self, app: Roadmate, pending: _Pending) -> None:
        event = pending.event
        person = self.story.person(event.who)
        assert person is not None
        address = Address.private_to(person.platform, person.name) if event.private else self._home(person)
        assert address is not None
        incoming = Incoming(
            platform=person.platform,
            account=person.name,
            name=person.name.capitalize(),
            address=address,
            line=pending.line,
            update=pending.update,
            private=event.private,
            leader=not event.private,
        )
        response = await app.dispatch(incoming)
        self._answered(pending, response, person)

    def _answered(self, pending: _Pending, response: Response | None, person: Person) -> None:
        self._pending.remove(pending)
        refused = response is not None and response.refused
        said = "" if response is None or response.card is None else words(response.card)
        if response is not None and response.question is not None:
            self.faults.append(f"/{pending.line} was answered by a question")
        deaf = pending.line.startswith("remind") and pending.line.endswith(("group", "recap"))
        if refused and not deaf and not pending.line.startswith(MAY_BE_REFUSED):
            self.faults.append(f"/{pending.line} of {person.name} was refused: {said}")
        member = self.members[person.name]
        word = Word(pending.line, pending.tried, self._loop.time(), refused, pending.event.private)
        member.heard(word, self.clock())

    def _home(self, person: Person) -> Address | None:
        rooms = [r for r in self.story.rooms if r.group == person.group and r.platform == person.platform]
        return Address(person.platform, self._moves.get(rooms[0].chat, rooms[0].chat)) if rooms else None


@contextlib.contextmanager
def _errors(into: list[str]) -> Iterator[None]:
    """Whatever the bot logs as an error is a fault, but for what was done to it on purpose."""

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said = record.getMessage()
            if not any(known in said for known in EXPECTED):
                into.append(f"logged: {said}" + (f" ({record.exc_info[1]!r})" if record.exc_info else ""))

    handler = Listening(logging.ERROR)
    loggers = [logging.getLogger("bot"), logging.getLogger("asyncio")]
    before = [(log, log.level, log.propagate) for log in loggers]
    for log in loggers:
        log.addHandler(handler)
        log.propagate = False
        log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for log, level, propagate in before:
            log.removeHandler(handler)
            log.setLevel(level)
            log.propagate = propagate


def live(story: Story, disk: Disk, prepare: Prepared | None = None, passing: Passing | None = None) -> Trace:
    """Live through a story."""
    return Simulation(story, disk, prepare, passing).run()
