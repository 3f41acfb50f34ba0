"""The real process, `roadmate run`, against stand-ins of both platforms: it serves, dies, comes back and stops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.discord_server import DiscordServer, Permission
from tests.fakes.patience import until
from tests.fakes.running import Running, addresses
from tests.fakes.telegram_server import TelegramServer


def clock() -> datetime:
    """The stand-ins live in real time, as the process does."""
    return datetime.now(UTC)


class World:
    """Both platforms, and a process between them that can be killed and started again."""

    def __init__(self, folder: Path, discord: DiscordServer, telegram: TelegramServer) -> None:
        self.discord = discord
        self.telegram = telegram
        self.running = Running(folder, addresses(discord, telegram))

    async def start(self) -> None:
        """Start the process and wait until Discord has it; Telegram keeps updates until they are asked for."""
        identified = self.discord.gateway.identified
        await self.running.start()
        await self.discord.ready(identified=identified + 1)


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Stand-ins on loopback; the process is not left behind."""
    async with (
        DiscordServer(clock=clock) as discord,
        TelegramServer(username="roadmate_bot", clock=clock) as telegram,
    ):
        both = World(folder, discord, telegram)
        try:
            yield both
        finally:
            if both.running.alive:
                await both.running.kill()


async def test_a_process_serves_both_dies_and_goes_on(tmp_path: Path) -> None:
    async with world(tmp_path) as both:
        discord, telegram = both.discord, both.telegram
        asha = discord.add_user("asha", global_name="Asha")
        guild = discord.add_guild("Study", asha)
        channel = guild.add_channel("backend")
        guild.join(asha, permissions=Permission.MANAGE_GUILD)
        discord.invite_bot(guild)
        ravi = telegram.add_user("ravi", first_name="Ravi")
        await both.start()

        joined = await discord.slash(asha, channel, "join", {"roadmap": "backend-ai-era", "deadline": "in 6 months"})
        assert joined.reply is not None and "It fits" in joined.reply.text and joined.ephemeral
        done = await discord.slash(asha, channel, "done", {"step": "http-rest"})
        assert done.reply is not None and "1 of 10 steps done (10%)" in done.reply.text
        await telegram.says(ravi, "/join backend-ai-era in 6 months")
        receipt = await telegram.wait_message(ravi)
        assert "It fits" in receipt.text

        await both.running.kill()
        await both.start()

        undone = await discord.press(asha, done.reply, "Undo")
        assert undone.reply is not None and "0 of 10 steps done (0%)" in undone.reply.text
        press = await telegram.press(ravi, receipt, "Start")
        assert press.answer is not None
        await telegram.wait_edit(receipt)
        assert "typed-language" in receipt.text
        again = await discord.slash(asha, channel, "progress", {})
        assert again.reply is not None and "0 of 10 steps done (0%)" in again.reply.text

        assert await both.running.stop() == 0
        assert discord.violations == []
        assert telegram.violations == []
        assert telegram.unanswered == []
        assert discord.commands.overwrites == 1


async def test_who_answered_while_nobody_listened_is_not_asked(tmp_path: Path) -> None:
    async with world(tmp_path) as both:
        telegram = both.telegram
        ravi = telegram.add_user("ravi", first_name="Ravi")
        await both.start()
        for line in ("/join backend-ai-era in 6 months", "/timezone UTC", "/remind 20:00"):
            await telegram.says(ravi, line)
            await telegram.wait_message(ravi)
        await both.running.kill()

        # His evening comes while nobody is there: an answer is typed after it, and lies with Telegram.
        due = datetime.now(UTC) - timedelta(minutes=1)
        both.running.write(
            "UPDATE reminders SET next_due_at = ?, next_date = ?, minute = ? WHERE kind = 'study'",
            [(f"{due:%Y-%m-%d %H:%M:00.000000}", f"{due:%Y-%m-%d}", due.hour * 60 + due.minute)],
        )
        before = len(telegram.messages(ravi))
        await telegram.says(ravi, "/checkin 30")
        await both.start()
        await telegram.wait_message(ravi)
        # His reminder has moved on, and nothing is on its way.
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        ahead = f"SELECT 1 FROM reminders WHERE kind = 'study' AND next_due_at > '{now}'"
        under_way = "SELECT 1 FROM deliveries WHERE state IN ('queued', 'sending')"
        await until(lambda: both.running.read(ahead) and not both.running.read(under_way), "the evening's claim")

        said = [message.text for message in telegram.messages(ravi)[before:]]
        assert len([text for text in said if "30 min" in text]) == 1
        assert [text for text in said if "Did you study" in text] == []
        assert await both.running.stop() == 0
