"""Ten thousand due at one moment on each platform: what of the allowed rates is used, and what others feel of it.

Run: python -m benchmarks.wire [--due 10000]

The real process delivers over the wire to stand-ins in a process of their own, which measure; people give three
commands a second meanwhile, and three times both platforms ask for patience. Ten thousand take Discord seven minutes:
whoever is written to for the first time costs two of its fifty requests a second.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.fakes.evening import Evening, evening


def show(seen: Evening) -> bool:
    """Print a table; whether all of it holds."""
    measures = seen.measures(quiet=True)
    print(f"{2 * seen.due:,} due at once, {seen.posts} of them in one group; {len(seen.seen.waits)} commands meanwhile")
    print(f"{'':<40} {'seen':>8} {'allowed':>8} {'ratio':>6}")
    for one in measures:
        bound = f"{'≤' if one.most else '≥'} {one.bound:g}"
        print(f"{one.name:<40} {one.value:>8.1f} {bound:>8} {one.ratio:>6.2f}{'' if one.holds else '   NOT HELD'}")
    messages = 2 * seen.due / (seen.seen.discord.ended - seen.seen.discord.began - seen.seen.discord.halted)
    requests = seen.requests_a_second
    print(f"answers: half within {seen.waited(0.5):.0f} ms, 90 % within {seen.waited(0.9):.0f} ms")
    print(f"CPU: {100 * seen.cpu:.0f} % of a core at {requests:.0f} requests, {messages:.0f} messages a second")
    print(
        f"event loop: {seen.own:.0f} ms of its own CPU time at a stretch; measured to {1000 * seen.seen.stall:.0f} ms"
    )
    for wall, own, what in seen.longest[:3]:
        print(f"  {wall:.0f} ms, of them {own:.0f} of CPU: {what}")
    return all(one.holds for one in measures)


def main() -> int:
    """Measure and print; 1 when a bound is passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--due", type=int, default=10_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seen = asyncio.run(evening(Path(folder), chosen.due, halts=(0.25, 0.5, 0.75), until_group=True))
    return 0 if show(seen) else 1


if __name__ == "__main__":
    sys.exit(main())
