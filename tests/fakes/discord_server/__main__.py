"""Runs the stand-in Discord by itself, with one server in it, and prints how to reach it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime

from . import DiscordServer
from .interactions import SECONDS_TO_ANSWER


async def _serve(port: int) -> None:
    server = DiscordServer(clock=lambda: datetime.now(UTC))
    server.interactions.seconds_to_answer = SECONDS_TO_ANSWER
    guild = server.add_guild("Study group", server.add_user("asha", global_name="Asha"))
    guild.add_channel("roadmate")
    server.invite_bot(guild)
    await server.start(port)
    sys.stdout.write(
        f"DISCORD_API_URL={server.api_url}\nDISCORD_GATEWAY_URL={server.gateway_url}\nDISCORD_TOKEN={server.token}\n"
    )
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    try:
        asyncio.run(_serve(parser.parse_args().port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
