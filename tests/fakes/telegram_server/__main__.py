"""Runs the stand-in alone: `python -m tests.fakes.telegram_server --port 8081`, each typed line being said in private.

A line `!label` presses the button of that label on the bot's last message that has one.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime

from tests.fakes.telegram_server.chats import User
from tests.fakes.telegram_server.server import TelegramServer


def put(*lines: object) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines if line))
    sys.stdout.flush()


async def show(server: TelegramServer, user: User) -> None:
    while True:
        message = await server.wait_message(user, timeout=float("inf"))
        put(message.text, message.buttons)


async def read(server: TelegramServer, user: User) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.startswith("!"):
            shown = next(m for m in reversed(server.messages(user, by=server.bot)) if m.buttons)
            press = await server.press(user, shown, line[1:].strip())
            put(press.answer and press.answer.text, shown.text, shown.buttons)
        elif line.strip():
            await server.says(user, line)


def clock() -> datetime:
    return datetime.now(UTC)


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--as", dest="name", default="Asha")
    chosen = options.parse_args()
    async with TelegramServer(username="roadmate_bot", clock=clock, port=chosen.port) as server:
        user = server.add_user(chosen.name, username=chosen.name.lower())
        put(f"TELEGRAM_API_URL={server.url} TELEGRAM_TOKEN={server.token}")
        showing = asyncio.create_task(show(server, user))
        try:
            await read(server, user)
        finally:
            showing.cancel()


if __name__ == "__main__":
    asyncio.run(main())
