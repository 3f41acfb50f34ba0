"""Stand-ins of both platforms in a process of their own, and people who talk there: what they do slows no bot down."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, cycle
from math import inf
from multiprocessing.connection import Connection
from typing import Any, Concatenate, ParamSpec, TypeVar

from tests.fakes.discord_server import Channel, DiscordServer
from tests.fakes.discord_server.front import OPEN_PREFIXES
from tests.fakes.discord_server.places import User as DiscordUser
from tests.fakes.discord_server.traffic import Buckets
from tests.fakes.patience import PATIENCE
from tests.fakes.running import addresses
from tests.fakes.telegram_server import Group, TelegramServer
from tests.fakes.telegram_server.chats import User as TelegramUser
from tests.fakes.telegram_server.rates import PER_SECOND

P = ParamSpec("P")
T = TypeVar("T")

TELEGRAM_RATE = PER_SECOND
DISCORD_RATE = 50
"""Requests a second with one token (Discord, Rate Limits, "Global Rate Limit")."""

TALKERS = 10
"""People who give commands, on each platform."""

LINES: tuple[tuple[str, dict[str, object]], ...] = (("progress", {}), ("checkin", {"minutes": "30"}), ("next", {}))
"""What they say in turn, as Discord has it: what reads, and what writes."""

GLANCE = 0.005
"""Seconds between two looks at how late our own event loop is."""


@dataclass(frozen=True)
class Traffic:
    """What one platform saw. Moments are monotonic seconds, as every process here has them.

    `began` and `ended` are the moments of the first and the last message to somebody who was due, `halted` the seconds
    between them for which nothing was to be sent, by `halts`; `used` is the part of the allowed rate that was used in
    the rest.
    """

    began: float
    ended: float
    halted: float
    halts: list[tuple[float, float]]
    requests: int
    used: float
    worst_second: int
    in_halts: int
    worst_chat_second: int = 0
    worst_group_minute: int = 0


@dataclass(frozen=True)
class Wait:
    """How many seconds somebody waited for the answer to a command; infinite when there was none."""

    platform: str
    command: str
    began: float
    seconds: float


@dataclass(frozen=True)
class Report:
    """What the stand-ins saw. `waits` are those for answers, but for the ones that a halt of Telegram's held up.

    `stall` is how late the measuring itself was, in seconds.
    """

    discord: Traffic
    telegram: Traffic
    waits: list[Wait]
    stall: float
    violations: list[str]


@dataclass
class Stage:
    """Both platforms and who is there. Its methods are what another process can ask for."""

    discord: DiscordServer
    telegram: TelegramServer
    place: Channel | None = None
    group: Group | None = None
    due: dict[str, set[int]] = field(default_factory=lambda: {"discord": set(), "telegram": set()})
    waits: list[Wait] = field(default_factory=list)
    stall: float = 0.0
    _talking: asyncio.Task[None] | None = None

    async def reach(self) -> dict[str, str]:
        """How to reach both."""
        return addresses(self.discord, self.telegram)

    async def people(self, discord: list[int], telegram: list[int]) -> str:
        """Those who are due, the private chats open; gives the chat of a Telegram group of theirs."""
        self.due = {"discord": set(discord), "telegram": set(telegram)}
        guild = self.discord.add_guild("Study", self.discord.add_user("asha"))
        self.place = guild.add_channel("backend")
        for account in discord:
            self.discord.users[account] = DiscordUser(account, f"user{account}")
            guild.join(self.discord.users[account])
        for account in telegram:
            self.telegram.users[account] = TelegramUser(self.telegram, account, f"user{account}", started=True)
        self.group = self.telegram.add_group("Study", members=[self.telegram.users[account] for account in telegram])
        self.discord.invite_bot(guild)
        return str(self.group.id)

    async def connected(self) -> bool:
        """Whether both platforms have the bot."""
        return bool(self.discord.gateway.connected and self.telegram.calls("getUpdates"))

    async def said(self) -> Counter[str]:
        """How many of those who were due have how many private messages of the bot, as "platform times"."""
        discord = (f"discord {len(self.discord.dms(self.discord.users[one]))}" for one in self.due["discord"])
        people = (self.telegram.users[one] for one in self.due["telegram"])
        return Counter(discord) + Counter(f"telegram {len(self.telegram.messages(one))}" for one in people)

    async def in_group(self) -> int:
        """How many messages the group has."""
        return 0 if self.group is None else len(self.telegram.messages(self.group))

    async def halt(self, seconds: int) -> None:
        """Both ask for patience, everybody's, from the next message on."""
        self.telegram.fail("sendMessage", 429, parameters={"retry_after": seconds})
        self.discord.buckets.halt(seconds)

    # ------------------------------------------------------------ people who talk

    async def talk(self, each_second: float) -> None:
        """From now on so many commands a second are given, on both platforms in turn, until `hush`."""
        self._talking = asyncio.create_task(self._talk(each_second), name="talk")

    async def hush(self) -> None:
        """No more commands; those that were given are waited for."""
        if self._talking is not None:
            self._talking.cancel()
            with suppress(asyncio.CancelledError):
                await self._talking

    async def _talk(self, each_second: float) -> None:
        assert self.place is not None and self.place.guild is not None
        on_discord = [self.discord.add_user(f"talker{number}") for number in range(TALKERS)]
        on_telegram = [self.telegram.add_user(f"talker{number}") for number in range(TALKERS)]
        for user in on_discord:
            self.place.guild.join(user)
        pairs = cycle(zip(on_discord, on_telegram, strict=True))
        said: set[asyncio.Task[None]] = set()
        try:
            for number in count():
                discord, telegram = next(pairs)
                turn = number // TALKERS
                said.add(asyncio.create_task(self._on_discord(discord, turn)))
                await asyncio.sleep(1 / each_second)
                said.add(asyncio.create_task(self._on_telegram(telegram, turn)))
                await asyncio.sleep(1 / each_second)
        finally:
            if said:
                await asyncio.wait(said)

    async def _on_discord(self, user: DiscordUser, turn: int) -> None:
        assert self.place is not None
        joining: tuple[str, dict[str, object]] = ("join", {"roadmap": "backend-ai-era", "deadline": "in 6 months"})
        name, values = joining if turn == 0 else LINES[turn % len(LINES)]
        loop = asyncio.get_running_loop()
        began = loop.time()
        exchange = await self.discord.slash(user, self.place, name, values, timeout=PATIENCE)
        answered = not exchange.failed and not exchange.thinking
        self.waits.append(Wait("discord", name, began, loop.time() - began if answered else inf))

    async def _on_telegram(self, user: TelegramUser, turn: int) -> None:
        name, values = LINES[turn % len(LINES)]
        words = [name, *map(str, values.values())]
        line = "join backend-ai-era in 6 months" if turn == 0 else " ".join(words)
        loop = asyncio.get_running_loop()
        began = loop.time()
        said = await self.telegram.says(user, f"/{line}")
        try:
            await self.telegram.wait_message(user, after=said, timeout=PATIENCE)
            seconds = loop.time() - began
        except TimeoutError:
            seconds = inf
        self.waits.append(Wait("telegram", line.split()[0], began, seconds))

    async def watch(self) -> None:
        """Look, until cancelled, at how late this process is: what it measures is no better than that."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(GLANCE)
            self.stall = max(self.stall, loop.time() - before - GLANCE)

    async def fresh(self) -> None:
        """Measure stalls from now on."""
        self.stall = 0.0

    # ------------------------------------------------------------ what was seen

    async def report(self) -> Report:
        """What was seen so far."""
        violations = [*self.discord.violations, *self.telegram.violations]
        # In a halt of Telegram's nothing leaves, answers neither; Discord's does not concern answers.
        halts = [(halt.start, halt.end) for halt in self.telegram.rates.halts]
        waits = [one for one in self.waits if one.platform != "telegram" or not _meets(one, halts)]
        return Report(self._discord_traffic(), self._telegram_traffic(), waits, self.stall, violations)

    def _leaks(self, moments: list[float], halts: list[tuple[float, float]]) -> int:
        """How many came in a halt. What was on its way when the halt was told, perhaps late, could not know of it."""
        told = Buckets.ON_THE_WAY + self.stall
        return sum(began + told < moment < ended for began, ended in halts for moment in moments)

    def _telegram_traffic(self) -> Traffic:
        rates = self.telegram.rates
        # Who was refused is tried again after a while: until then nothing that could leave is there for them.
        refused = {one.parameters.integer("chat_id") for one in self.telegram.requests if one.error is not None}
        private = [one.moment for one in rates.attempts if one.chat in self.due["telegram"] - refused]
        halts = [(halt.start, halt.end) for halt in rates.halts]
        moments = [one.moment for one in rates.attempts]
        return _traffic(
            private,
            moments,
            halts,
            TELEGRAM_RATE,
            worst_second=rates.worst_second,
            in_halts=self._leaks(moments, halts),
            worst_chat_second=rates.worst_chat_second,
            worst_group_minute=rates.worst_group_minute,
        )

    def _discord_traffic(self) -> Traffic:
        counted = [one for one in self.discord.requests if not one.path.startswith(OPEN_PREFIXES)]
        chats = (self.discord.users[one].dm for one in self.due["discord"])
        private = {f"/channels/{chat.id}/messages" for chat in chats if chat is not None}
        # Whoever is written to for the first time has their chat opened before.
        opened = (one for one in counted if one.path == "/users/@me/channels")
        first = [one.moment for one in opened if int(one.json["recipient_id"]) in self.due["discord"]][:1]
        return _traffic(
            [*first, *(one.moment for one in counted if one.path in private)],
            [one.moment for one in counted],
            self.discord.buckets.halts,
            DISCORD_RATE,
            worst_second=self.discord.worst_second,
            in_halts=self._leaks([one.moment for one in counted], self.discord.buckets.halts),
        )


def _meets(wait: Wait, halts: list[tuple[float, float]]) -> bool:
    return any(wait.began < ends and wait.began + wait.seconds > began for began, ends in halts)


def _traffic(
    deliveries: list[float], moments: list[float], halts: list[tuple[float, float]], rate: float, **seen: Any
) -> Traffic:
    began, ended = min(deliveries), max(deliveries)
    halted = sum(max(0.0, min(b, ended) - max(a, began)) for a, b in halts)
    # The first one begins the time that it and its successors have.
    inside = sum(began < moment <= ended for moment in moments)
    used = inside / (rate * (ended - began - halted)) if ended > began else 0.0
    return Traffic(began, ended, halted, halts, len(moments), used, **seen)


# ---------------------------------------------------------------- the process


class Outside:
    """The other process, seen from this one."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = asyncio.Lock()

    async def ask(
        self, what: Callable[Concatenate[Stage, P], Awaitable[T]], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Have a method of Stage carried out there. Raises what it raises."""
        async with self._lock:
            await asyncio.to_thread(self._pipe.send, (what, arguments, named))
            good, result = await asyncio.to_thread(self._pipe.recv)
        if not good:
            raise result
        found: T = result
        return found


@asynccontextmanager
async def outside() -> AsyncIterator[Outside]:
    """Both stand-ins, while the block lasts."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_main, args=(far,), daemon=True)
    process.start()
    far.close()
    try:
        yield Outside(near)
    finally:
        near.send(None)
        await asyncio.to_thread(process.join, PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
        near.close()


def _main(pipe: Connection) -> None:
    # What it measures must not wait while it looks for garbage; it lives for minutes.
    gc.disable()
    asyncio.run(_serve(pipe))


def _clock() -> datetime:
    return datetime.now(UTC)


async def _serve(pipe: Connection) -> None:
    async with (
        DiscordServer(clock=_clock) as discord,
        TelegramServer(username="roadmate_bot", clock=_clock) as telegram,
    ):
        stage = Stage(discord, telegram)
        watching = asyncio.create_task(stage.watch(), name="watch")
        while (asked := await asyncio.to_thread(pipe.recv)) is not None:
            what, arguments, named = asked
            try:
                pipe.send((True, await what(stage, *arguments, **named)))
            except Exception as error:
                pipe.send((False, error))
        await stage.hush()
        watching.cancel()
        await asyncio.wait({watching})
