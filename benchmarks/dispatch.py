"""What every command and every message's card costs through dispatch, beside the SQL that its answer asks for.

Run: python -m benchmarks.dispatch [--groups 3] [--members 100] [--events 100] [--each 1] [--times 9]

`--groups`, `--members` and `--events` say how many groups there are, members in each and check-ins of each member;
`--each` in how many groups a member of the first is. Prints, for each: p50 and p99 of its duration and of the CPU time
of the whole process, in milliseconds; the statements, rows and thousands of SQLite's steps of one; and the milliseconds
that the same statements take by themselves, one after another on a connection of their own.

A command that writes is said by another member each time. Raw times are of its questions alone.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter, process_time

from bot.store import Store
from bot.store.outbox import Delivery
from tests.fakes.multitude import Asked, Multitude, Size, fill
from tests.test_costs import CARDS, COMMANDS, IN_THE_GROUP, delivery_of

LAST = ("leave", "forgetme")
"""After these a member is not who they were."""

Work = Callable[[int], Awaitable[object]]


def percentile(durations: list[float], share: float) -> float:
    """The duration under which that share of all lies, in milliseconds."""
    return sorted(durations)[min(len(durations) - 1, int(share * len(durations)))] * 1000


def raw(file: Path, asked: list[Asked]) -> float:
    """The milliseconds of these questions by themselves."""
    with closing(sqlite3.connect(file)) as db:
        questions = [each for each in asked if each.sql.startswith("SELECT")]
        for each in questions:
            db.execute(each.sql, each.parameters).fetchall()
        began = perf_counter()
        for each in questions:
            db.execute(each.sql, each.parameters).fetchall()
        return (perf_counter() - began) * 1000


async def measured(many: Multitude, file: Path, name: str, work: Work, times: int) -> str:
    """A line of the table: something done so many times, after once to get warm."""
    await work(0)
    took: list[float] = []
    cpu: list[float] = []
    for number in range(1, times + 1):
        many.begin()
        began, used = perf_counter(), process_time()
        await work(number)
        took.append(perf_counter() - began)
        cpu.append(process_time() - used)
    cost, alone = many.cost, raw(file, many.asked)
    figures = [percentile(of, share) for of in (took, cpu) for share in (0.5, 0.99)]
    shown = "".join(f"{figure:9.1f}" for figure in figures)
    return f"{name:20}{shown}{cost.statements:7}{cost.rows:7}{cost.steps / 10:9.1f}{alone:9.2f}"


async def measure(size: Size, times: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "many.db"
        store = Store.open(f"sqlite+aiosqlite:///{file}")
        try:
            await fill(store, file, size)
            many = Multitude(store)
            print(f"{size}\n{'':20}   p50 ms   p99 ms  p50 cpu  p99 cpu  stmts   rows  k steps   raw ms")
            for name, (line, *_) in sorted(COMMANDS.items(), key=lambda command: command[0] in LAST):
                private = name not in IN_THE_GROUP

                async def say(number: int, line: str = line, private: bool = private) -> None:
                    await many.say(1 + number % size.members, line, private=private, leader=True)

                print(await measured(many, file, f"/{name}", say, times))
            for kind in CARDS:
                delivery = await delivery_of(many, kind, member=10)

                async def compose(_number: int, delivery: Delivery = delivery) -> None:
                    await many.compose(delivery)

                print(await measured(many, file, f"card {kind}", compose, times))
        finally:
            await store.close()


def main() -> None:
    """Read the sizes and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (("groups", 3), ("members", 100), ("events", 100), ("each", 1), ("times", 9)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    size = Size(groups=given.groups, members=given.members, events=given.events, groups_each=given.each)
    asyncio.run(measure(size, given.times))


if __name__ == "__main__":
    main()
