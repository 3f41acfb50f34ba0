"""Resident memory of the serving process with both platforms connected to stand-in servers.

Run: python -m benchmarks.memory

Printed beside it: a process that imported the same libraries and did nothing else.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.start import IMPORT, SERVE, environment
from tests.fakes.discord_server import DiscordServer
from tests.fakes.telegram_server import TelegramServer

SETTLE_SECONDS = 3


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in MB (10⁶ bytes), as Linux accounts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1_000_000
    raise LookupError(pid)


async def serving(folder: Path, listing: Path) -> float:
    """Memory of `roadmate run` after it answered on both platforms."""

    def clock() -> datetime:
        return datetime.now(UTC)

    async with DiscordServer(clock=clock) as discord, TelegramServer(username="roadmate_bot", clock=clock) as telegram:
        asha = discord.add_user("asha")
        guild = discord.add_guild("Study", asha)
        channel = guild.add_channel("roadmate")
        discord.invite_bot(guild)
        settings = {
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "TELEGRAM_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "MODULES": str(listing),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", SERVE, env=environment(folder, **settings)
        )
        await discord.ready()
        ravi = telegram.add_user("ravi")
        await telegram.says(ravi, "/start")
        await telegram.wait_message(ravi)
        await asyncio.sleep(SETTLE_SECONDS)
        await discord.slash(asha, channel, "roadmaps", {})
        used = resident_mb(process.pid)
        process.terminate()
        await process.wait()
        return used


async def importing(folder: Path, modules: list[str]) -> float:
    """Memory of a process that imported some modules."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        "-c",
        f"NAMES = {modules!r}\n{IMPORT}\nsys.stdin.read()\nos._exit(0)",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment(folder),
    )
    assert process.stdout is not None
    await process.stdout.readline()
    used = resident_mb(process.pid)
    await process.communicate(b"")
    return used


async def measure() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        listing = Path(name) / "modules.json"
        first = await serving(Path(name), listing)
        ours = await serving(Path(name), listing)
        alone = await importing(Path(name), json.loads(listing.read_text()))
    print(f"first start, with migrations: {first:.1f} MB")
    print(f"serving both platforms: {ours:.1f} MB   libraries alone: {alone:.1f} MB   ratio {ours / alone:.2f}")


if __name__ == "__main__":
    asyncio.run(measure())
