"""A million members on SQLite: what an evening's claim costs, beside raw `sqlite3`, and beside a job for every member.

Run: python -m benchmarks.claim [--members 1000000] [--rounds 6] [--jobs 10000]

The claim of 1,000 due occurrences (who has answered, where each is reached, queue, next moment in each zone, advance)
by `Messages.claim`, and the same rows by the shortest `sqlite3` code, take turns in one file; both commit durably, in
batches of the same size. Then, at several numbers of members: a tick with nothing due, memory, and the time from
process start to the first correct claim. Then the usual ways: one APScheduler job a member, and PTB's `run_daily`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.start import SERVE, environment
from bot.domain.answer import STUDY
from bot.domain.kind import KINDS
from bot.messages import Messages
from bot.messages.claiming import BATCH
from bot.store import Store, facts, schema, zones
from tests.domain.almanac import all_zones
from tests.fakes.seeding import Seeds, seed

DUE = 1000
"""Occurrences of one claim: an evening in a large group, or one minute of a very large bot."""

# As every process of ours does before it reads any.
zones.use_newest()

CLOCKS = {zone: ZoneInfo(zone) for zone in all_zones()}
"""Everybody's; `ZoneInfo` keeps eight, and would read each other one from disk again for every member."""

ZONES = list(CLOCKS)

IDLES = 5
"""Processes whose idle ticks and memory are measured, at each number of members."""

MOMENT, DAY = "%Y-%m-%d %H:%M:%S.%f", timedelta(days=1)

EVENING = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
"""The first claim; others are some minutes later."""


# ------------------------------------------------------------ a database full of members


async def prepare(path: Path, members: int) -> None:
    """A database of members with an account and a daily question each, served before under the same zones' rules."""
    url = f"sqlite+aiosqlite:///{path}"
    store = Store.open(url)
    await schema.upgrade_tables(store)
    async with store.writing() as db:
        await facts.remember_zone_rules(db, zones.rules().version)
    await store.close()
    await seed(url, Seeds(members, 0, EVENING, zones=ZONES))


def opened(path: Path) -> sqlite3.Connection:
    """The file through the standard library, as durable as ours."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        db.execute(f"PRAGMA {pragma}")
    return db


def rearm(path: Path, at: datetime, chance: int, due: int = DUE) -> None:
    """So many members, anywhere in the file, are due at a moment, for its date on their clocks; no others are."""
    db = opened(path)
    db.execute("BEGIN")
    db.execute("DELETE FROM deliveries")
    db.execute(
        "UPDATE reminders SET next_due_at = strftime('%Y-%m-%d %H:%M:%f000', ?, '+1 day') WHERE next_due_at <= ?",
        (at.strftime(MOMENT), (at + timedelta(hours=1)).strftime(MOMENT)),
    )
    (members,) = db.execute("SELECT max(id) FROM members").fetchone()
    for id in random.Random(chance).sample(range(1, members + 1), due):
        (zone,) = db.execute("SELECT zone FROM members WHERE id = ?", (id,)).fetchone()
        local = at.astimezone(ZoneInfo(zone))
        day = local.date()
        db.execute(
            "UPDATE reminders SET minute = ?, next_due_at = ?, next_date = ?, last_date = ? WHERE member = ?",
            (local.hour * 60 + local.minute, at.strftime(MOMENT), str(day), str(day - DAY), id),
        )
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def check(path: Path, now: datetime) -> int:
    """How many members were asked; each once, on their own evening, and again on the next."""
    db = opened(path)
    asked = db.execute(
        "SELECT r.minute, m.zone, d.local_date, d.due_at, r.next_due_at, r.next_date, r.last_date, d.chat, a.account"
        " FROM deliveries d JOIN reminders r ON r.id = d.reminder JOIN members m ON m.id = r.member"
        " JOIN accounts a ON a.member = m.id"
    ).fetchall()
    for minute, zone, day, due, following, following_day, last, chat, account in asked:
        wall = datetime.combine(date.fromisoformat(day), clock_time(minute // 60, minute % 60))
        for at, local in ((due, wall), (following, wall + DAY)):
            moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
            assert moment.astimezone(CLOCKS[zone]).replace(tzinfo=None) == local
        assert (following_day, last) == (str(wall.date() + DAY), day)
        assert chat.endswith(account)
    (left,) = db.execute("SELECT count(*) FROM reminders WHERE next_due_at <= ?", (now.strftime(MOMENT),)).fetchone()
    (asked_members,) = db.execute("SELECT count(DISTINCT member) FROM deliveries").fetchone()
    db.close()
    assert left == 0 and asked_members == len(asked)
    return len(asked)


# ------------------------------------------------------------ the claim, and the same work by hand


async def ours(reminders: Messages, now: datetime) -> None:
    """As a tick does."""
    while await reminders.claim(now):
        pass


SELECT = """
SELECT r.id, r.member, r.minute, r.days, r.next_due_at, r.next_date, m.zone,
  (SELECT a.account FROM accounts a WHERE a.member = r.member AND a.dm <> 'closed' ORDER BY a.seen_at DESC LIMIT 1),
  EXISTS (SELECT 1 FROM checkins c WHERE c.member = r.member AND c.local_date = r.next_date AND c.track = r.kind),
  (SELECT group_concat(s.first || '/' || s.last) FROM rests s WHERE s.member = r.member)
FROM reminders r JOIN members m ON m.id = r.member
WHERE r.next_due_at <= ? ORDER BY r.next_due_at LIMIT ?
"""
INSERT = """
INSERT INTO deliveries (key, kind, platform, chat, thread, member, reminder, local_date, due_at, expires_at, state,
  next_at, attempts, version, shown) VALUES (?, 'study', 'discord', ?, '', ?, ?, ?, ?, ?, 'queued', ?, 0, 1, 0)
ON CONFLICT (key) DO NOTHING
"""
UPDATE = "UPDATE reminders SET next_due_at = ?, next_date = ?, last_date = ? WHERE id = ?"


def by_hand(db: sqlite3.Connection, now: datetime, batch: int) -> None:
    """The same rows by `sqlite3`: what one would write who needs nothing else, ever."""
    while True:
        db.execute("BEGIN IMMEDIATE")
        due = db.execute(SELECT, (now.strftime(MOMENT), batch)).fetchall()
        queued, advanced = [], []
        for id, member, minute, days, at, day, zone, account, answered, resting in due:
            moment, following = datetime.fromisoformat(at), date.fromisoformat(day) + DAY
            while not days >> following.weekday() & 1 or (resting and _rests(resting, following)):
                following += DAY
            expires = (moment + KINDS[STUDY].grace).strftime(MOMENT)
            if account is not None and not answered:
                queued.append((f"study:{id}:{day}", f"@{account}", member, id, day, at, expires, at))
            advanced.append((_next(following, minute, zone).strftime(MOMENT), following.isoformat(), day, id))
        db.executemany(INSERT, queued)
        db.executemany(UPDATE, advanced)
        db.execute("COMMIT")
        if len(due) < batch:
            return


def _rests(resting: str, day: date) -> bool:
    return any(first <= str(day) <= last for first, last in (span.split("/") for span in resting.split(",")))


def _next(day: date, minute: int, zone: str) -> datetime:
    tz = CLOCKS[zone]
    wall = datetime.combine(day, clock_time(minute // 60, minute % 60), tz)
    at = wall.astimezone(UTC)
    if at.astimezone(tz).replace(tzinfo=None) != wall.replace(tzinfo=None):
        # In a gap: its end is where the offset changes, found by what comes after and before.
        offsets = [wall.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
        at -= wall.replace(tzinfo=None) - (wall.astimezone(tz).replace(tzinfo=None) - (offsets[1] - offsets[0]))
    return at


OURS, BATCHES, WHOLE = "Messages.claim", f"sqlite3, batches of {BATCH}", "sqlite3, one transaction"
"""The ways that take turns. The second does what ours does, commit for commit."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds that a claim took, and seconds of CPU time."""

    wall: float
    cpu: float


def median(taken: Iterable[Taken]) -> Taken:
    """Of each figure by itself."""
    found = list(taken)
    return Taken(statistics.median(one.wall for one in found), statistics.median(one.cpu for one in found))


def ratio(taken: dict[str, list[Taken]], other: str) -> Taken:
    """Ours beside another way, turn by turn, so that a drift of the machine's speed meets both; the median."""
    pairs = zip(taken[OURS], taken[other], strict=True)
    return median(Taken(mine.wall / theirs.wall, mine.cpu / theirs.cpu) for mine, theirs in pairs)


async def race(path: Path, rounds: int) -> dict[str, list[Taken]]:
    """So many claims in each way, in turns, each of other members in the same file, each checked."""
    store = Store.open(f"sqlite+aiosqlite:///{path}")
    reminders = Messages(store, dict)
    db = opened(path)
    ways: dict[str, Callable[[datetime], None] | None] = {
        OURS: None,
        BATCHES: lambda now: by_hand(db, now, BATCH),
        WHOLE: lambda now: by_hand(db, now, DUE + 1),
    }
    taken: dict[str, list[Taken]] = {name: [] for name in ways}
    # The first of ours opens the connection and loads what it needs.
    for number in range((rounds + 1) * len(ways)):
        # Within the hour: all others are due two hours later and more.
        now = EVENING + timedelta(minutes=number % 60)
        rearm(path, now, number)
        name = list(ways)[number % len(ways)]
        way = ways[name]
        start, cpu = time.perf_counter(), time.process_time()
        if way is None:
            await ours(reminders, now)
        else:
            way(now)
        taken[name].append(Taken(time.perf_counter() - start, time.process_time() - cpu))
        assert check(path, now) == DUE
    db.close()
    await store.close()
    return {name: found[1:] for name, found in taken.items()}


def show_race(members: int, taken: dict[str, list[Taken]]) -> None:
    """A row for each way."""
    print(f"\nclaim + queue + advance {DUE:,} due of {members:,} members, zones checked")
    for name, found in taken.items():
        other, beside = median(found), ratio(taken, name)
        figures = f"{other.wall * 1000:8.1f} ms   CPU {other.cpu * 1000:7.1f} ms"
        print(f"  {name:<28}{figures}   ours / this {beside.wall:5.2f}   CPU {beside.cpu:5.2f}   (n={len(found)})")


# ------------------------------------------------------------ does it grow?

QUIETLY = """
import asyncio, statistics, sys, time
from datetime import datetime
from bot.messages import Messages
from bot.store import Store

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:")) * 1024 / 1e6

async def main():
    store = Store.open("sqlite+aiosqlite:///" + sys.argv[1])
    reminders = Messages(store, dict)
    now = datetime.fromisoformat(sys.argv[2])
    claimed = 0
    while found := await reminders.claim(now):
        claimed += found
    taken = []
    for _ in range(400):
        start = time.perf_counter()
        assert await reminders.claim(now) == 0
        taken.append(time.perf_counter() - start)
    print(claimed, statistics.median(taken) * 1e6, peak())
    await store.close()

asyncio.run(main())
"""


def idle(path: Path, now: datetime, folder: Path) -> tuple[float, float]:
    """A process of its own claims 1,000 and then ticks with nothing due: microseconds a tick, and its peak in MB."""
    rearm(path, now, 0)
    run = [sys.executable, "-W", "ignore", "-c", QUIETLY, str(path), now.isoformat()]
    done = subprocess.run(run, check=True, capture_output=True, text=True, env=environment(folder))
    claimed, tick, peak = done.stdout.split()
    assert int(claimed) == DUE
    return float(tick), float(peak)


def first_claim(path: Path, folder: Path, number: int) -> float:
    """Seconds from the start of `roadmate run` until its first claim can be read; the whole of it is checked.

    Telegram is asked for and cannot be reached: what is due is claimed all the same.
    """
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    rearm(path, now, number)
    db = opened(path)
    settings = {
        "TELEGRAM_TOKEN": "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11",
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
        "DATABASE_URL": f"sqlite+aiosqlite:///{path}",
    }
    with (folder / "log").open("w") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVE], env=environment(folder, **settings), stdout=log, stderr=log
        )
        try:
            taken = None
            while (found := db.execute("SELECT count(*) FROM deliveries").fetchone()[0]) < DUE:
                if found and taken is None:
                    taken = time.perf_counter() - start
                if process.poll() is not None or time.perf_counter() - start > 60:
                    raise RuntimeError((folder / "log").read_text()[-2000:])
                time.sleep(0.0005)
            taken = taken or time.perf_counter() - start
        finally:
            process.terminate()
            process.wait()
            db.close()
    assert check(path, now) == DUE
    return taken


@dataclass(frozen=True, slots=True)
class Size:
    """What a number of members makes of an idle tick (µs), the peak of memory (MB) and the first claim (seconds)."""

    tick: float
    peak: float
    first: float


def growth(paths: dict[int, Path], runs: int, folder: Path) -> dict[int, Size]:
    """Idle ticks, memory and first claims, at each number of members in turn; medians, 0 for what was not measured."""
    quiet: dict[int, list[tuple[float, float]]] = {members: [] for members in paths}
    for number in range(IDLES):
        for members, path in paths.items():
            quiet[members].append(idle(path, EVENING + timedelta(minutes=number), folder))
    starts: dict[int, list[float]] = {members: [] for members in paths}
    # The first start of each meets a cold cache.
    for number in range(runs + 1 if runs else 0):
        for members, path in paths.items():
            taken = first_claim(path, folder, number)
            if number:
                starts[members].append(taken)
    return {
        members: Size(
            tick=statistics.median(tick for tick, _ in quiet[members]),
            peak=statistics.median(peak for _, peak in quiet[members]),
            first=statistics.median(starts[members] or [0.0]),
        )
        for members in paths
    }


def show_growth(sizes: dict[int, Size]) -> None:
    """A row for each number of members, and what becomes more from the least to the most."""
    print(f"\n{'members':>12}{'idle tick':>14}{'peak memory':>14}{'start to first claim':>24}")
    for members, one in sizes.items():
        print(f"{members:>12,}{one.tick:>11.0f} µs{one.peak:>11.1f} MB{one.first * 1000:>21.0f} ms")
    least, before, most = sorted(sizes)
    print(f"  idle tick at {most:,} / at {least:,}: {sizes[most].tick / sizes[least].tick:.2f}")
    print(f"  memory from {before:,} to {most:,}: {sizes[most].peak - sizes[before].peak:+.1f} MB")
    later = sizes[most].first - sizes[least].first
    print(f"  first claim at {most:,} later than at {least:,}: {later * 1000:+.0f} ms")


# ------------------------------------------------------------ the usual ways

JOBS = """
import asyncio, os, sys, time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo
way, members, due, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:")) * 1024 / 1e6

said = []
async def say(member):
    said.append(member)

async def called_back(context):
    said.append(context.job.data)

async def main():
    from apscheduler.schedulers.asyncio import AsyncIOScheduler
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.triggers.cron import CronTrigger
    from telegram.ext import ApplicationBuilder
    zones = os.environ["ZONES"].split()
    evening = (datetime.now(UTC) + timedelta(days=1)).replace(second=0, microsecond=0)
    start, before = time.perf_counter(), peak()
    if way == "ptb":
        application = ApplicationBuilder().token("1:a").build()
        queue = application.job_queue
        scheduler = queue.scheduler
        scheduler.start(paused=True)
    else:
        options = {}
        if way == "stored":
            options["jobstores"] = {"default": SQLAlchemyJobStore(url=f"sqlite:///{folder}/jobs.db")}
        scheduler = AsyncIOScheduler(timezone=UTC, **options)
        scheduler.start(paused=True)
    for member in range(members):
        zone = ZoneInfo(zones[member % len(zones)])
        at = evening if member < due else evening + timedelta(hours=6, minutes=member % 1080)
        local = at.astimezone(zone)
        if way == "ptb":
            queue.run_daily(called_back, local.timetz(), data=member, job_kwargs={"misfire_grace_time": None})
        else:
            trigger = CronTrigger(hour=local.hour, minute=local.minute, timezone=zone)
            scheduler.add_job(say, trigger, args=[member], misfire_grace_time=None)
    added, memory = time.perf_counter() - start, peak() - before
    import apscheduler.schedulers.base as base
    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return evening.astimezone(tz)
    base.datetime = Later
    scheduler.state = base.STATE_RUNNING
    start = time.perf_counter()
    scheduler._process_jobs()
    block = time.perf_counter() - start
    while len(said) < due:
        await asyncio.sleep(0)
    print(added, memory, block, time.perf_counter() - start)
    sys.stdout.flush()
    os._exit(0)

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """Seconds to add a job for every member, MB for them, seconds the event loop is held, and until all are done."""

    added: float
    memory: float
    block: float
    done: float


PEERS = {
    "memory": "APScheduler, jobs in memory",
    "stored": "APScheduler, SQLAlchemy job store",
    "ptb": "PTB run_daily",
}


def peers(jobs: int, folder: Path) -> dict[str, Peer]:
    """One job a member: what it takes to have them, and to run the 1,000 that are due."""
    found = {}
    for way, name in PEERS.items():
        for old in folder.glob("jobs.db*"):
            old.unlink()
        run = [sys.executable, "-W", "ignore", "-c", JOBS, way, str(jobs), str(DUE), str(folder)]
        more = {"ZONES": " ".join(ZONES)}
        done = subprocess.run(run, check=True, capture_output=True, text=True, env=environment(folder, **more))
        found[name] = Peer(*map(float, done.stdout.split()))
    return found


def show_peers(jobs: int, found: dict[str, Peer]) -> None:
    """A row for each."""
    print(f"\nthe usual ways, {jobs:,} members, {DUE:,} due; the job itself does nothing")
    print(f"{'':<34}{'to add them':>13}{'memory':>12}{'event loop held':>18}{'1,000 done':>13}")
    for name, one in found.items():
        figures = f"{one.added:>11.1f} s{one.memory:>9.1f} MB{one.block * 1000:>15.0f} ms{one.done * 1000:>10.0f} ms"
        print(f"{name:<34}{figures}")


async def fill(folder: Path, most: int) -> dict[int, Path]:
    """A database for each number of members that is measured: as many as are due, a tenth of the most, the most."""
    paths = {}
    for members in (DUE, max(2 * DUE, most // 10), most):
        paths[members] = folder / f"{members}.db"
        start = time.perf_counter()
        await prepare(paths[members], members)
        size = paths[members].stat().st_size / 1e6
        print(f"{members:,} members: {size:.0f} MB, filled in {time.perf_counter() - start:.0f} s")
    return paths


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=6, help="claims of 1,000 in each way, in turns")
    parser.add_argument("--runs", type=int, default=7, help="starts of the process at each number; 0 for none")
    parser.add_argument("--jobs", type=int, default=10_000, help="members of the usual ways; 0 leaves them out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = await fill(folder, given.members)
        show_race(given.members, await race(paths[given.members], given.rounds))
        show_growth(growth(paths, given.runs, folder))
        if given.jobs:
            show_peers(given.jobs, peers(given.jobs, folder))


if __name__ == "__main__":
    asyncio.run(main())
