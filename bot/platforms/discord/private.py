"""What members write to us in private, without a slash command."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import discord

from bot.command import Hearing, Response
from bot.command.heard import Origin, Replied, Said
from bot.command.parameters import File
from bot.delivery import Address
from bot.platforms.discord import outgoing
from bot.platforms.discord.interactions import UNREACHED, asking
from bot.platforms.discord.markdown import PLATFORM
from bot.platforms.discord.render import RenderedMessage, press_of, render

log = logging.getLogger(__name__)


@dataclass
class Private:
    """The private chats. Discord gives bots the words of private messages without the message content intent."""

    hearing: Hearing

    async def hear(self, message: discord.Message) -> None:
        """Carry out one message of a person and answer it. Never raises."""
        try:
            await self._show(message, await self.hearing(said(message)))
        except UNREACHED as error:
            log.warning("an answer to message %s did not arrive: %s", message.id, error)
        except Exception as error:
            response = self.hearing.fault(f"message {message.id} could not be handled", error)
            try:
                await self._show(message, response)
            except UNREACHED as unreached:
                log.warning("nor could that be said: %s", unreached)

    async def _show(self, message: discord.Message, response: Response | None) -> None:
        if response is None:
            return
        # Modals open only from a press.
        card = response.card if response.question is None else asking(response.question, response.language)
        if card is not None:
            await _reply(message, render(card))


def said(message: discord.Message) -> Said:
    """What a message says, in the words of the house."""
    words = message.content.strip()
    command = re.match(r"/\w", words) is not None
    author, first = message.author, next(iter(message.attachments), None)
    return Said(
        Origin(
            platform=PLATFORM,
            account=str(author.id),
            name=author.display_name,
            address=Address.private_to(PLATFORM, str(author.id)),
            update=str(message.id),
            private=True,
        ),
        words.removeprefix("/") if command else words,
        command=command,
        reply=_replied(message),
        file=None if first is None else File(PLATFORM, first.url, first.filename, first.size),
    )


def _replied(message: discord.Message) -> Replied | None:
    """The message of ours that somebody replies to: only the two of us write there."""
    asked = message.reference.resolved if message.reference else None
    if not isinstance(asked, discord.Message) or not asked.author.bot:
        return None
    return Replied(str(asked.id), tuple(_presses(asked)))


def _presses(message: discord.Message) -> Iterator[str]:
    """What the buttons of a message carry."""
    for row in message.components:
        for item in row.children if isinstance(row, discord.ActionRow) else ():
            if isinstance(item, discord.Button) and item.custom_id:
                yield press_of(item.custom_id)


async def _reply(message: discord.Message, messages: tuple[RenderedMessage, ...]) -> None:
    """Answer below a message, in as many as it takes. One that is delivered to us again is answered once."""
    for index, part in enumerate(messages):
        await outgoing.show(part, partial(_send, message, index))


async def _send(message: discord.Message, index: int, part: RenderedMessage) -> None:
    sent = outgoing.new(part)
    if index == 0:
        sent["reference"] = message.to_reference(fail_if_not_exists=False)
    await message.channel.send(nonce=outgoing.nonce(f"answer:{message.id}", index), **sent)


def from_person(message: discord.Message) -> bool:
    """Whether somebody wrote a message to us alone; never a bot, and not ourselves."""
    written = message.type in (discord.MessageType.default, discord.MessageType.reply)
    return written and message.guild is None and not message.author.bot
