"""An evening on which all are due at the same moment: the real process delivers over the wire, and is measured."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

import aiohttp

from bot.pacing import JITTER_SECONDS, MINUTE_JITTER_SECONDS
from tests.fakes.outside import DISCORD_RATE, TELEGRAM_RATE, Outside, Report, Stage, outside
from tests.fakes.patience import PATIENCE
from tests.fakes.running import Running
from tests.fakes.seeding import Seeds
from tests.fakes.sent import Sent
from tests.fakes.telegram_server.rates import most_within

POSTS = 24
"""So many posts are due to one group: more than a minute takes."""

TALK = 3.0
"""Commands a second, on both platforms together."""

HALT_SECONDS = 3

TIMES_FIT = 60
"""Minutes after midnight from which on a reminder's minute can be set so much earlier on the same date."""

UNDERSTOOD = 0.03
"""Seconds that may pass from reading an answer to knowing what it says: what was to be written by then is."""

PROBE = Path(__file__).parent / "probe"


@dataclass(frozen=True)
class Measure:
    """A figure beside what it may be at the most, or at the least."""

    name: str
    value: float
    bound: float
    most: bool = True

    @property
    def holds(self) -> bool:
        """Whether it is within."""
        return self.value <= self.bound if self.most else self.value >= self.bound

    @property
    def ratio(self) -> float:
        """Of what is allowed, so much; infinite where nothing is, and something was."""
        return self.value / self.bound if self.bound else float("inf") if self.value else 0.0


@dataclass(frozen=True)
class Evening:
    """What was seen outside, and inside the process over the busy time: its load, and its longest stretches in ms.

    `cpu` is the part of a core that was used; of a stretch `wall` is what passed, `own` the CPU time of it, and `held`
    what other processes took. `sent` is what the process wrote; `lags` are its own figures of its event loop, by the
    buckets' bounds.
    """

    due: int
    said: dict[str, int]
    posts: int
    seen: Report
    cpu: float
    wall: float
    own: float
    held: float
    sent: Sent
    longest: Sequence[tuple[float, float, str]]
    lags: dict[str, float]
    states: dict[str, int]

    @property
    def requests_a_second(self) -> float:
        """What was paced, both platforms together, halts left out."""
        both = (self.seen.discord, self.seen.telegram)
        return sum(one.requests / (one.ended - one.began - one.halted) for one in both)

    def waited(self, part: float) -> float:
        """How long answers took, in ms, so great a part of them at the most."""
        times = sorted(wait.seconds for wait in self.seen.waits)
        return 1000 * times[min(len(times) - 1, ceil(part * len(times)) - 1)]

    def measures(self, *, quiet: bool) -> list[Measure]:
        """What the issue asks for, and what was seen.

        Seconds and minutes go by when the process wrote its requests. On a machine that is not `quiet` nothing is said
        of how long anything takes, and what other processes took of the time is allowed for: Telegram's have what comes
        closer together while ours is kept from running. Seen from outside, what was late to be seen is allowed for too.
        """
        discord, telegram, sent, rates = self.seen.discord, self.seen.telegram, self.sent, self.sent.rates
        held = 0.0 if quiet else self.held / 1000
        more = ceil(held * TELEGRAM_RATE) if held > JITTER_SECONDS else 0
        minute = 20 + (held > MINUTE_JITTER_SECONDS)
        unnoted = discord.requests - len(sent.moments("discord")), telegram.requests - len(rates.attempts)
        late = UNDERSTOOD + held
        leaks = [
            # A refusal by Telegram concerns its chat alone where the bot has used less than half of its rate.
            sent.in_halts("telegram", telegram.halts, late=late, busy=TELEGRAM_RATE // 2 + 1),
            sent.in_halts("discord", discord.halts, late=late),
        ]
        found = [
            Measure("Telegram: worst second", rates.worst_second, TELEGRAM_RATE + more),
            Measure("Discord: worst second", most_within(sent.moments("discord"), 1), DISCORD_RATE),
            Measure("Telegram: worst second of a chat", rates.worst_chat_second, 1 + bool(more)),
            Measure("Telegram: worst minute of a group", rates.worst_group_minute, minute),
            Measure("Telegram: sent in a halt", leaks[0], 0),
            Measure("Discord: sent in a halt", leaks[1], 0),
            Measure("seen, and not noted when it was sent", max(0, *unnoted), 0),
        ]
        return found + self._seen_from_outside() if quiet else found

    def _seen_from_outside(self) -> list[Measure]:
        """What a machine of one's own shows besides: the same where the requests arrive, and how long all takes."""
        discord, telegram = self.seen.discord, self.seen.telegram
        # What the stand-ins were late to see came closer together there than on the wire.
        late = self.seen.stall if self.seen.stall > JITTER_SECONDS else 0.0
        return [
            Measure("Telegram: worst second, seen", telegram.worst_second, TELEGRAM_RATE + ceil(late * TELEGRAM_RATE)),
            Measure("Discord: worst second, seen", discord.worst_second, DISCORD_RATE + ceil(late * DISCORD_RATE)),
            Measure("Telegram: worst second of a chat, seen", telegram.worst_chat_second, 1 + bool(late)),
            Measure("Telegram: worst minute of a group, seen", telegram.worst_group_minute, 20),
            Measure("Telegram: sent in a halt, seen", telegram.in_halts, 0),
            Measure("Discord: sent in a halt, seen", discord.in_halts, 0),
            Measure("Telegram: used of the rate, %", 100 * telegram.used, 95, most=False),
            Measure("Discord: used of the rate, %", 100 * discord.used, 95, most=False),
            Measure("answers: 99 % within, ms", self.waited(0.99), 250),
            Measure("event loop: longest stretch, ms", self.wall, 50),
        ]


async def evening(
    folder: Path,
    due: int,
    *,
    halts: Sequence[float] = (0.5,),
    talk: float = TALK,
    until_group: bool = False,
) -> Evening:
    """Have so many on each platform due at one moment; both ask for patience when such parts of them have theirs.

    `until_group` waits for the group's posts too.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    probe, notes = folder / "stretches.jsonl", folder / "sent"
    notes.mkdir()
    async with outside() as platforms:
        paths = os.pathsep.join((str(PROBE), str(Path(__file__).parents[2])))
        environment = await platforms.ask(Stage.reach) | {
            "PYTHONPATH": paths,
            "ROADMATE_PROBE": str(probe),
            "ROADMATE_SENT": str(notes),
            "HTTP_PORT": str(port),
            "LOG_LEVEL": "WARNING",
        }
        running = Running(folder, environment)
        await running.prepare()
        try:
            return await _evening(running, platforms, due, halts, talk, until_group, port, probe, notes)
        finally:
            if running.alive:
                await running.kill()


async def _evening(
    running: Running,
    platforms: Outside,
    due: int,
    halts: Sequence[float],
    talk: float,
    until_group: bool,
    port: int,
    probe: Path,
    notes: Path,
) -> Evening:
    moment = datetime.now(UTC).replace(second=0, microsecond=0)
    seeds = Seeds(2 * due, 2 * due, moment, roadmap="backend-ai-era")
    chat = await platforms.ask(Stage.people, *await running.seed(seeds))
    in_group = _posts(running, chat, moment)
    # They come due when the process waits for them, all with one commit.
    stand = [(at, day, id) for id, at, day in running.read("SELECT id, next_due_at, next_date FROM reminders")]
    running.write("UPDATE reminders SET next_due_at = NULL, next_date = NULL WHERE id = ?", [(id,) for *_, id in stand])
    await running.start()
    async with asyncio.timeout(PATIENCE):
        while not await platforms.ask(Stage.connected):  # noqa: ASYNC110 -- the other process tells nothing by itself
            await asyncio.sleep(0.1)
    await platforms.ask(Stage.talk, talk)
    await asyncio.sleep(2)
    await platforms.ask(Stage.fresh)
    process = running.process
    assert process is not None
    before = await _lags(port)
    cpu, time = _cpu(process.pid), asyncio.get_running_loop().time()
    running.write("UPDATE reminders SET next_due_at = ?, next_date = ? WHERE id = ?", stand)
    waiting = list(halts)
    while True:
        await asyncio.sleep(0.5)
        assert running.alive, "it ended by itself"
        said = await platforms.ask(Stage.said)
        arrived = [
            sum(n for name, n in said.items() if name == f"{platform} 1") for platform in ("discord", "telegram")
        ]
        if waiting and min(arrived) >= waiting[0] * due:
            waiting.pop(0)
            await platforms.ask(Stage.halt, HALT_SECONDS)
        posts = await platforms.ask(Stage.in_group)
        if arrived[0] >= due and arrived[1] >= due - len(in_group) and (not until_group or posts >= len(in_group)):
            break
    used = (_cpu(process.pid) - cpu) / (asyncio.get_running_loop().time() - time)
    await platforms.ask(Stage.hush)
    after = await _lags(port)
    seen = await platforms.ask(Stage.report)
    assert await running.stop() == 0
    longest = _stretches(probe, seen.telegram.began, max(seen.telegram.ended, seen.discord.ended))
    return Evening(
        due=due,
        said=dict(said),
        posts=posts,
        seen=seen,
        cpu=used,
        wall=max((wall for wall, *_ in longest), default=0.0),
        own=max((own for _, own, _ in longest), default=0.0),
        held=max((wall - own for wall, own, _ in longest), default=0.0),
        sent=Sent.of(notes),
        longest=longest[:10],
        lags={bound: after[bound] - before.get(bound, 0) for bound in after},
        states=dict(running.read("SELECT state, count(*) FROM deliveries GROUP BY state")),
    )


def _stretches(probe: Path, began: float, ended: float) -> list[tuple[float, float, str]]:
    """What the process noted of its event loop between two moments, in ms, the longest first."""
    noted = map(json.loads, probe.read_text().splitlines())
    inside = ((1000 * wall, 1000 * own, what) for at, wall, own, what in noted if began <= at <= ended)
    return sorted(inside, reverse=True)


def _posts(running: Running, chat: str, moment: datetime) -> list[int]:
    """Some members on Telegram are asked in a group instead, each a minute after the other, until now."""
    found = running.read(
        "SELECT r.member, r.minute FROM reminders r JOIN accounts a ON a.member = r.member "
        f"WHERE a.platform = 'telegram' AND r.minute >= {TIMES_FIT} ORDER BY r.member DESC LIMIT {POSTS}"
    )
    at = f"{moment:%Y-%m-%d %H:%M:%S.%f}"
    group = "(id, name, zone, checkin_minute, recap_day, recap_minute, created_at)"
    running.write(f"INSERT INTO groups {group} VALUES (?, 'Study', 'UTC', 1200, 6, 1080, ?)", [(10**6, at)])
    home = '(id, "group", platform, chat, thread, name)'
    running.write(f"INSERT INTO homes {home} VALUES (?, ?, 'telegram', ?, '', 'Study')", [(10**6, 10**6, chat)])
    running.write(
        'INSERT INTO memberships ("group", member, joined_at) VALUES (?, ?, ?)', [(10**6, one, at) for one, _ in found]
    )
    earlier = [
        (minute - n, f"{moment - timedelta(minutes=n):%Y-%m-%d %H:%M:%S.%f}", one)
        for n, (one, minute) in enumerate(found, 1)
    ]
    running.write("UPDATE reminders SET place = 'group', minute = ?, next_due_at = ? WHERE member = ?", earlier)
    return [one for one, _ in found]


async def _lags(port: int) -> dict[str, float]:
    """How often the process's event loop was late, by the bounds of the buckets."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        text = await response.text()
    found = re.findall(r'^roadmate_event_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)$', text, re.MULTILINE)
    return {bound: float(number) for bound, number in found}


def _cpu(pid: int) -> float:
    """Seconds of CPU time of a process so far (proc_pid_stat(5), utime and stime); 0 where nothing tells."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
