"""`python -m tests.simulation --years 100 --seed 7`: simulate, show how far, tell the shortest story that fails."""

from __future__ import annotations

import argparse
import sys
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.simulation.database import Disk
from tests.simulation.judging import judge, member_years, shards, shortest
from tests.simulation.story import DAY, Story

COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("days"), TimeElapsedColumn())


def main() -> int:
    """0 when nothing went wrong."""
    parser = argparse.ArgumentParser(prog="tests.simulation", description=__doc__)
    parser.add_argument("--years", type=float, default=100.0, help="simulated years of all members together")
    parser.add_argument("--members", type=int, default=50, help="how many members live through them")
    parser.add_argument("--seed", type=int, default=1, help="everything follows from it")
    parser.add_argument("--faults", type=float, default=6.0, help="how many things go wrong a week")
    parser.add_argument("--only", type=int, help="one shard alone, by its number")
    wanted = parser.parse_args()
    console, disk = Console(), Disk()
    stories = shards(wanted.seed, wanted.members, wanted.years / wanted.members, wanted.faults)
    if wanted.only is not None:
        stories = [stories[wanted.only]]
    began, arrived, lives, steps = monotonic(), 0, 0, 0
    try:
        with Progress(*COLUMNS, TimeRemainingColumn(), console=console) as progress:
            days = [int(story.end / DAY) for story in stories]
            task = progress.add_task(f"seed {wanted.seed}", total=sum(days))
            for number, story in enumerate(stories):
                before = sum(days[:number])

                def passing(seconds: float, before: int = before) -> None:
                    progress.update(task, completed=before + int(seconds / DAY))

                trace, problems = judge(story, disk, passing=passing)
                arrived, lives, steps = arrived + len(trace.arrivals), lives + len(trace.lives), steps + trace.steps
                if problems:
                    break
                progress.update(task, completed=before + days[number])
        if problems:
            number = number if wanted.only is None else wanted.only
            console.print(
                f"[bold red]seed {wanted.seed}, story {number} (--years {wanted.years:g} --seed {wanted.seed} "
                f"--only {number}): {len(problems)} faults",
                soft_wrap=True,
            )
            for problem in problems[:20]:
                console.print(f"  {problem}", markup=False, soft_wrap=True)
            _tell(console, story, disk, problems[0])
            return 1
        console.print(
            f"{sum(map(member_years, stories)):g} member-years: {arrived} messages arrived, {lives} lives, "
            f"{steps} awaits, nothing lost, nothing doubled ({monotonic() - began:.0f} s)",
            soft_wrap=True,
        )
        return 0
    finally:
        disk.close()


def _tell(console: Console, story: Story, disk: Disk, problem: str) -> None:
    tries = 0
    with console.status("looking for the shortest story that fails") as status:

        def tried(smaller: Story) -> None:
            nonlocal tries
            tries += 1
            status.update(f"try {tries}: {len(smaller.events)} events, {len(smaller.people)} members")

        small, problems = shortest(story, disk, problem, tried=tried)
    console.print(f"[bold]the shortest story, after {tries} tries:")
    for line in (*small.lines(), "", *problems):
        console.print(f"  {line}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
