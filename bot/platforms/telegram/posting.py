"""Puts rendered messages into chats, and others in their place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telegram import Bot, ForceReply, InputMediaDocument, InputMediaPhoto, Message, ReplyParameters
from telegram.error import BadRequest

from bot.delivery import Address
from bot.platforms.telegram.outcomes import UNCHANGED
from bot.platforms.telegram.render import CAPTION_UNITS, Outgoing
from bot.platforms.telegram.rich import units
from bot.platforms.telegram.transport import FloodError, UnsentError

ATTEMPTS = 3
LONGEST_WAIT_SECONDS = 30.0
"""An answer that Telegram wants to have later than this is given up: nobody waits for it any more."""

RECONNECT_SECONDS = 1.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class Posting:
    """Writes as one bot. Everything raises TelegramError."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def post(
        self, address: Address, outgoing: Outgoing, *, reply_to: int | None = None, ask: ForceReply | None = None
    ) -> str:
        """Send one message; gives its id. A file that Telegram does not show (again) here is left out: its name is in
        the words."""
        try:
            return await self._post(address, outgoing, reply_to, ask)
        except BadRequest as error:
            if not outgoing.kept:
                raise
            log.warning("a file could not be shown: %s", error.message)
            return await self._post(address, outgoing.words, reply_to, ask)

    async def _post(self, address: Address, outgoing: Outgoing, reply_to: int | None, ask: ForceReply | None) -> str:
        where: dict[str, Any] = {
            "chat_id": chat_id(address),
            "message_thread_id": int(address.thread) if address.thread else None,
        }
        reply = None if reply_to is None else ReplyParameters(reply_to, allow_sending_without_reply=True)
        if outgoing.photo is not None:
            message = await self._bot.send_photo(
                **where,
                photo=outgoing.photo,
                filename=outgoing.photo_name,
                caption=outgoing.text or None,
                caption_entities=outgoing.entities,
                reply_markup=outgoing.keyboard,
                reply_parameters=reply,
            )
        elif outgoing.document is not None:
            message = await self._bot.send_document(
                **where,
                document=outgoing.document,
                caption=outgoing.text or None,
                caption_entities=outgoing.entities,
                reply_markup=outgoing.keyboard,
                reply_parameters=reply,
            )
        else:
            message = await self._bot.send_message(
                **where,
                text=outgoing.text,
                entities=outgoing.entities,
                reply_markup=ask or outgoing.keyboard,
                reply_parameters=reply,
            )
        return str(message.message_id)

    async def replace(self, address: Address, message: str, outgoing: Outgoing) -> None:
        """Put one message in the place of another. One that reads the same already is fine."""
        try:
            await self._replace(address, int(message), outgoing)
        except BadRequest as error:
            if UNCHANGED in error.message.casefold():
                return
            if not outgoing.kept:
                raise
            await self.replace(address, message, outgoing.words)

    async def _replace(self, address: Address, message: int, outgoing: Outgoing) -> Message | bool:
        where: dict[str, Any] = {"chat_id": chat_id(address), "message_id": message}
        media: InputMediaPhoto | InputMediaDocument | None = None
        words: dict[str, Any] = {"caption": outgoing.text or None, "caption_entities": outgoing.entities}
        if outgoing.photo is not None:
            media = InputMediaPhoto(outgoing.photo, filename=outgoing.photo_name, **words)
        elif outgoing.document is not None:
            media = InputMediaDocument(outgoing.document, **words)
        if media is not None:
            return await self._bot.edit_message_media(media, **where, reply_markup=outgoing.keyboard)
        try:
            return await self._bot.edit_message_text(
                outgoing.text, **where, entities=outgoing.entities, reply_markup=outgoing.keyboard
            )
        except BadRequest as error:
            # The message is a picture, whose words are its caption; Telegram takes no picture away again.
            if "no text in the message" not in error.message.casefold() or units(outgoing.text) > CAPTION_UNITS:
                raise
            return await self._bot.edit_message_caption(
                **where,
                caption=outgoing.text,
                caption_entities=outgoing.entities,
                reply_markup=outgoing.keyboard,
            )


async def patiently(send: Callable[[], Awaitable[T]]) -> T:
    """Send an answer, waiting where Telegram asks for it. What may have arrived already is not sent again."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await send()
        except FloodError as error:
            if error.seconds > LONGEST_WAIT_SECONDS:
                raise
            await asyncio.sleep(error.seconds)
        except UnsentError:
            await asyncio.sleep(RECONNECT_SECONDS)
    return await send()


def chat_id(address: Address) -> int:
    """The number under which Telegram knows a chat; a private one has its owner's."""
    return int(address.account or address.chat)
