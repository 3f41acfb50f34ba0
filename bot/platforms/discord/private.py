"""What members write to us in private, without a slash command: commands, answers, and files that show a step."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import discord

from bot.cards import Card, Paragraph
from bot.command import Dispatch, Incoming, Response
from bot.command.dispatch import split
from bot.command.parameters import File
from bot.command.spoken import spoken
from bot.delivery import Address
from bot.domain.refusal import Refusal
from bot.platforms.discord import outgoing
from bot.platforms.discord.interactions import UNREACHED, apology, asking
from bot.platforms.discord.markdown import PLATFORM
from bot.platforms.discord.render import Message, carried, render
from bot.words import LANGUAGE, say

log = logging.getLogger(__name__)

EXPLAIN_EVERY = timedelta(seconds=20)
"""How often one person is told what we understand."""

CHECKIN = "checkin"
_ABOUT = re.compile(r"\b(date|track):(\S+)")
"""What an answer on the daily question's buttons says beside itself."""


@dataclass
class Private:
    """The private chats. Discord gives bots the words of private messages without the message content intent."""

    dispatch: Dispatch
    _explained: dict[tuple[int, str], datetime] = field(default_factory=dict)

    async def hear(self, message: discord.Message) -> None:
        """Carry out one message of a person and answer it. Never raises."""
        try:
            await self._answer(message)
        except UNREACHED as error:
            log.warning("an answer to message %s did not arrive: %s", message.id, error)
        except Exception:
            reference = secrets.token_hex(3)
            log.exception("message %s could not be handled, reference %s", message.id, reference)
            try:
                await _reply(message, (apology(reference),))
            except UNREACHED as error:
                log.warning("nor could that be said: %s", error)

    async def _answer(self, message: discord.Message) -> None:
        incoming = self._incoming(message)
        if incoming is None:
            await self._explain(message)
            return
        response = await self.dispatch(incoming) or Response()
        # Modals open only from a press.
        card = response.card if response.question is None else asking(response.question)
        if card is not None:
            await _reply(message, render(card))

    def _incoming(self, message: discord.Message) -> Incoming | None:
        """What a message asks for; None when it could be anything."""
        words = message.content.strip()
        line, arguments = self._line(words), dict[str, str | File]()
        if line is None:
            line, about = spoken(words), _question(message)
            if words and about and (line is None or line.startswith(f"{CHECKIN} ")):
                line, arguments = f"{CHECKIN} {words}", {**about}
        if line is None:
            return None
        for attachment in message.attachments[:1]:
            arguments["file"] = File(PLATFORM, attachment.url, attachment.filename, attachment.size)
        return Incoming(
            platform=PLATFORM,
            account=str(message.author.id),
            name=message.author.display_name,
            address=Address.private_to(PLATFORM, str(message.author.id)),
            line=line,
            update=str(message.id),
            arguments=arguments,
            private=True,
        )

    def _line(self, words: str) -> str | None:
        """The command that words begin with, its slash typed or not."""
        if re.match(r"/\w", words):
            # Unknown, it is refused by the name of the nearest.
            return words.removeprefix("/")
        try:
            command = self.dispatch.registry.find(split(words)[0])
        except Refusal:
            return None
        return words if command.listed else None

    async def _explain(self, message: discord.Message) -> None:
        """Say what we understand, now and then."""
        now = self.dispatch.clock()
        self._explained = {who: at for who, at in self._explained.items() if now - at < EXPLAIN_EVERY}
        id = "discord-file" if message.attachments else "free-text"
        if (message.author.id, id) not in self._explained:
            self._explained[message.author.id, id] = now
            await _reply(message, render(Card(parts=(Paragraph(say(LANGUAGE, id)),))))


def _question(message: discord.Message) -> dict[str, str]:
    """The day and track of the daily question that a message replies to; empty where it does not."""
    asked = message.reference.resolved if message.reference else None
    # Only the two of us write there.
    if not isinstance(asked, discord.Message) or not asked.author.bot:
        return {}
    lines = (line for line in _lines(asked) if line.startswith(f"{CHECKIN} ") and "date:" in line)
    return dict(_ABOUT.findall(next(lines, "")))


def _lines(message: discord.Message) -> Iterator[str]:
    """What the buttons of a message carry."""
    for row in message.components:
        for item in row.children if isinstance(row, discord.ActionRow) else ():
            if isinstance(item, discord.Button) and item.custom_id:
                yield carried(item.custom_id)[0]


async def _reply(message: discord.Message, messages: tuple[Message, ...]) -> None:
    """Answer below a message, in as many as it takes. One that is delivered to us again is answered once."""
    for index, part in enumerate(messages):
        sent = outgoing.new(part)
        if index == 0:
            sent["reference"] = message.to_reference(fail_if_not_exists=False)
        await message.channel.send(nonce=outgoing.nonce(f"answer:{message.id}", index), **sent)


def from_person(message: discord.Message) -> bool:
    """Whether somebody wrote a message to us alone; never a bot, and not ourselves."""
    written = message.type in (discord.MessageType.default, discord.MessageType.reply)
    return written and message.guild is None and not message.author.bot
