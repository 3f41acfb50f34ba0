"""From process start to the first answer, beside importing the same libraries alone.

Run: python -m benchmarks.start [--runs 10]

For the console, a whole `roadmate chat` answers one line on a pipe. For Discord, `roadmate run` connects to a stand-in
server until READY. Beside each, a process that only imports every third-party module which that run had loaded. The
pairs alternate, so that a drift of the machine's speed meets both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]

LIST_MODULES = """
import json, sys
def foreign():
    ours = ("bot", "tests", "benchmarks", "__main__")
    names = [n for n, m in list(sys.modules.items()) if getattr(m, "__spec__", None) is not None]
    return [n for n in names if n.partition(".")[0] not in ours and n.partition(".")[0] not in sys.stdlib_module_names]
"""

ROADMATE = f"""{LIST_MODULES}
import atexit, os
if "MODULES" in os.environ:
    atexit.register(lambda: open(os.environ["MODULES"], "w").write(json.dumps(foreign())))
from bot.cli import main
main()
"""
CHAT = f"import sys\nsys.argv = ['roadmate', 'chat', '--as', 'asha']\n{ROADMATE}"
SERVE = f"import sys\nsys.argv = ['roadmate', 'run']\n{ROADMATE}"


# Some modules only load from inside their package; those were loaded by their parents anyway.
IMPORT = """
import contextlib, importlib, os, sys
for name in NAMES:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
print(flush=True)
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A clean environment with its own data directory."""
    names = ("PATH", "HOME", "LANG", "TZ")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | {"ROADMATE_DATA": str(folder), "PYTHONPATH": str(ROOT), "PTB_TIMEDELTA": "1"} | more


def imports(modules: list[str], folder: Path) -> float:
    """Seconds to start Python and import some modules, in the order they were loaded."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", f"NAMES = {modules!r}\n{IMPORT}\nos._exit(0)"],
        stdout=subprocess.PIPE,
        env=environment(folder),
    )
    assert process.stdout is not None
    process.stdout.readline()
    taken = time.perf_counter() - start
    process.wait()
    process.stdout.close()
    return taken


def first_answer(folder: Path, **more: str) -> float:
    """Seconds from the start of `roadmate chat` to its first answer's last line."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", CHAT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(folder, **more),
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("/progress\n")
    process.stdin.flush()
    for line in process.stdout:
        if "Choose a roadmap" in line:
            break
    taken = time.perf_counter() - start
    process.stdin.close()
    process.stdout.read()
    assert process.wait() == 0
    return taken


async def ready(folder: Path, **more: str) -> float:
    """Seconds from the start of `roadmate run` until it has identified and got READY from a stand-in server."""
    from tests.fakes.discord_server import DiscordServer

    async with DiscordServer(clock=lambda: datetime.now(UTC)) as server:
        settings = {
            "DISCORD_TOKEN": server.token,
            "DISCORD_API_URL": server.api_url,
            "DISCORD_GATEWAY_URL": server.gateway_url,
        }
        start = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", SERVE, env=environment(folder, **settings, **more)
        )
        await server.ready()
        taken = time.perf_counter() - start
        process.terminate()
        await process.wait()
        return taken


def compare(name: str, runs: int, ours: list[float], alone: list[float]) -> None:
    """One row of the benchmark."""
    mine, theirs = statistics.median(ours), statistics.median(alone)
    adds = statistics.median((a - b) / b for a, b in zip(ours, alone, strict=True))
    figures = f"{mine * 1000:6.0f} ms   imports alone {theirs * 1000:6.0f} ms   ours adds {adds:.2f} of that"
    print(f"{name:<26} {figures}  (n={runs})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        listing = folder / "modules.json"
        first_answer(folder, MODULES=str(listing))
        modules = json.loads(listing.read_text())
        pairs = [(first_answer(folder), imports(modules, folder)) for _ in range(runs)]
        compare("console: first answer", runs, *map(list, zip(*pairs, strict=True)))
        asyncio.run(ready(folder, MODULES=str(listing)))
        modules = json.loads(listing.read_text())
        pairs = [(asyncio.run(ready(folder)), imports(modules, folder)) for _ in range(runs)]
        compare("Discord: READY", runs, *map(list, zip(*pairs, strict=True)))


if __name__ == "__main__":
    main()
