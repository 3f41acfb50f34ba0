"""Every zone, every 15 minutes, every transition from 2025 to 2037: our rules beside the usual ways.

Run: python -m benchmarks.zones

Ours must hit the one moment we promise. The others may choose: either coming of a time that comes twice, and for one
that does not exist anything from the end of the gap to as long after it as the time lies in it.
"""

from __future__ import annotations

import time

from tests.domain.almanac import Schedule, a_day_later, all_zones, cron, rules, survey, windows

SCHEDULES: dict[str, Schedule] = {"our rules": rules, "APScheduler CronTrigger": cron, "+24 h": a_day_later}
"""PTB's `run_daily` is CronTrigger: `JobQueue.run_daily` adds a job with trigger="cron"."""


def main() -> None:
    """Walk through all, and print a row for each."""
    start = time.perf_counter()
    where = windows()
    tallies = survey(SCHEDULES, {"our rules"}, where)
    print(
        f"{len(all_zones())} zones, {sum(len(window.zones) for window in where)} windows of {where[0].days} local dates"
    )
    print(f"{'':<26}{'daily cases':>12}{'missed':>10}{'doubled':>10}{'wrong hour':>12}")
    for name, tally in tallies.items():
        print(f"{name:<26}{tally.cases:>12,}{tally.missed:>10,}{tally.doubled:>10,}{tally.wrong:>12,}")
    print(f"took {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
