"""Draws docs/exchange.svg, the picture in the README: a real exchange, as the console prints it.

Run: python -m docs.exchange
"""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console as Terminal
from rich.text import Text

from bot.app import Roadmate
from bot.platforms.console.chat import Chat
from bot.platforms.console.client import Console
from bot.platforms.console.clock import ChatClock
from bot.store import Store, schema

PICTURE = Path(__file__).with_name("exchange.svg")
WIDTH = 92

LINES = (
    "/join backend-ai-era in 6 months 2h",
    "/done http-rest https://github.com/asha/api",
    "/remind 20:00 daily dm",
    ":forward 8h",
    ":press Studied",
    ":press 2 h",
    "/leaderboard",
)


def morning() -> datetime:
    """Friday 20 November 2026, 12:30 in Kolkata."""
    return datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


async def draw() -> str:
    """The exchange as SVG."""
    terminal = Terminal(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite+aiosqlite:///{folder}/chat.db")
        await schema.upgrade_tables(store)
        clock = await ChatClock.open(store, morning)
        app = Roadmate(store, clock=clock, zone="Asia/Kolkata")
        console = Console(app.dispatch, clock, "Asia/Kolkata", terminal)
        app.add(console)
        chat = Chat(app, console, clock, "Asia/Kolkata")
        await chat.hear(":as asha")
        await chat.hear(":group study")
        terminal.export_text()
        for line in LINES:
            await _type(chat, console, terminal, line)
        await store.close()
    return _without_fonts(terminal.export_svg(title="roadmate chat"))


async def _type(chat: Chat, console: Console, terminal: Terminal, line: str) -> None:
    if line.startswith(":press "):
        label = line.removeprefix(":press ")
        page = terminal.export_text(clear=False)
        line = re.findall(rf"\[(\d+)\] {re.escape(label)}(?:  |$)", page, re.MULTILINE)[-1]
    terminal.print(Text(chat.prompt, style="dim") + Text(line, style="bold"))
    await chat.hear(line)


def _without_fonts(svg: str) -> str:
    """The same picture in the reader's own monospaced font: it must not fetch anything."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.write_text(asyncio.run(draw()), encoding="utf-8")
