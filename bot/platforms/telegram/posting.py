"""Puts rendered messages into chats."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import BadRequest

from bot.cards import Attachment
from bot.delivery import Address, Closed, Gone
from bot.platforms.telegram.minutes import Minutes
from bot.platforms.telegram.outcomes import UNCHANGED, outcome
from bot.platforms.telegram.render import CAPTION_UNITS, Outgoing
from bot.platforms.telegram.rich import units
from bot.platforms.telegram.transport import PATIENCE_SECONDS, AiohttpRequest, FloodError, HeldError, UnsentError

ATTEMPTS = 3

RESEND_SECONDS = 1.0

NO_PREVIEW = {"is_disabled": True}
"""No link is opened up unasked."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Posting:
    """Writes as one bot. Everything raises TelegramError."""

    def __init__(self, bot: Bot, request: AiohttpRequest, minutes: Minutes) -> None:
        self._bot = bot
        self._request = request
        self._minutes = minutes

    async def post(
        self, address: Address, outgoing: Outgoing, *, reply_to: int | None = None, ask: ForceReply | None = None
    ) -> str:
        """Send one message; gives its id. A file that Telegram does not take, or not again, is left out: the words say
        what it is."""
        self._note(address)
        try:
            return await self._post(address, outgoing, reply_to, ask)
        except BadRequest as error:
            if not outgoing.filed or isinstance(outcome(error, address), Closed | Gone):
                raise
            log.warning("a file could not be shown: %s", error.message)
            return await self._post(address, outgoing.words, reply_to, ask)

    async def _post(self, address: Address, outgoing: Outgoing, reply_to: int | None, ask: ForceReply | None) -> str:
        where: dict[str, Any] = {
            "chat_id": chat_id(address),
            "message_thread_id": int(address.thread) if address.thread else None,
        }
        if isinstance(outgoing.photo, bytes) or isinstance(outgoing.document, Attachment):
            reply = None if reply_to is None else ReplyParameters(reply_to, allow_sending_without_reply=True)
            return await self._upload(outgoing, reply_parameters=reply, **where)
        content: dict[str, Any] = {
            "entities": outgoing.entities or None,
            "text": outgoing.text,
            "link_preview_options": NO_PREVIEW,
        }
        method = "sendMessage"
        if outgoing.photo is not None or outgoing.document is not None:
            content = {"caption_entities": outgoing.entities or None, "caption": outgoing.text or None}
            content |= {"photo": outgoing.photo, "document": outgoing.document}
            method = "sendPhoto" if outgoing.photo is not None else "sendDocument"
        if reply_to is not None:
            content["reply_parameters"] = {"message_id": reply_to, "allow_sending_without_reply": True}
        markup = outgoing.keyboard if ask is None else ask.to_dict()
        sent = await self._call(method, **where, **content, reply_markup=markup)
        return str(sent["message_id"])

    async def _upload(self, outgoing: Outgoing, **where: Any) -> str:
        if isinstance(outgoing.document, Attachment):
            file = outgoing.document
            sent = await self._bot.send_document(
                **where, document=file.content, filename=file.name, **_caption(outgoing)
            )
        else:
            assert isinstance(outgoing.photo, bytes)
            sent = await self._bot.send_photo(
                **where, photo=outgoing.photo, filename=outgoing.photo_name, **_caption(outgoing)
            )
        return str(sent.message_id)

    async def _call(self, method: str, **parameters: Any) -> Any:
        """What needs no upload goes as it is, past the library's classes."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return await self._request.call(f"{self._bot.base_url}/{method}", given)

    def _note(self, address: Address) -> None:
        if address.account is None:
            self._minutes.note(address.chat)

    async def replace(self, address: Address, message: str, outgoing: Outgoing) -> None:
        """Put one message in the place of another. One that reads the same already is fine."""
        self._note(address)
        try:
            await self._replace(address, int(message), outgoing)
        except BadRequest as error:
            if UNCHANGED in error.message.casefold():
                return
            if not outgoing.filed or isinstance(outcome(error, address), Closed | Gone):
                raise
            await self.replace(address, message, outgoing.words)

    async def _replace(self, address: Address, message: int, outgoing: Outgoing) -> None:
        where: dict[str, Any] = {"chat_id": chat_id(address), "message_id": message}
        if isinstance(outgoing.photo, bytes):
            words = _caption(outgoing)
            keyboard = words.pop("reply_markup")
            picture = InputMediaPhoto(outgoing.photo, filename=outgoing.photo_name, **words)
            await self._bot.edit_message_media(picture, **where, reply_markup=keyboard)
            return
        if isinstance(outgoing.document, Attachment):
            words = _caption(outgoing)
            keyboard = words.pop("reply_markup")
            file = InputMediaDocument(outgoing.document.content, filename=outgoing.document.name, **words)
            await self._bot.edit_message_media(file, **where, reply_markup=keyboard)
            return
        caption = {"caption": outgoing.text or None, "caption_entities": outgoing.entities or None}
        if outgoing.photo is not None or outgoing.document is not None:
            kind = "photo" if outgoing.photo is not None else "document"
            media = {"type": kind, "media": outgoing.photo or outgoing.document, **caption}
            media = {name: value for name, value in media.items() if value is not None}
            await self._call("editMessageMedia", **where, media=media, reply_markup=outgoing.keyboard)
            return
        try:
            await self._call(
                "editMessageText",
                **where,
                text=outgoing.text,
                entities=outgoing.entities or None,
                link_preview_options=NO_PREVIEW,
                reply_markup=outgoing.keyboard,
            )
        except BadRequest as error:
            # The message is a picture, whose words are its caption; Telegram takes no picture away again.
            if "no text in the message" not in error.message.casefold() or units(outgoing.text) > CAPTION_UNITS:
                raise
            await self._call("editMessageCaption", **where, **caption, reply_markup=outgoing.keyboard)


def _caption(outgoing: Outgoing) -> dict[str, Any]:
    """What stands under an uploaded file, in the library's classes, which know how to upload it."""
    keyboard = None if outgoing.keyboard is None else InlineKeyboardMarkup.de_json(outgoing.keyboard, None)
    return {
        "caption": outgoing.text or None,
        "caption_entities": MessageEntity.de_list(list(outgoing.entities), None),
        "reply_markup": keyboard,
    }


async def patiently(send: Callable[[], Awaitable[T]]) -> T:
    """Send an answer, again where Telegram asks for patience: its turn comes when that is over. What may have arrived
    already is not sent again."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await send()
        except FloodError as error:
            if error.seconds > PATIENCE_SECONDS:
                raise
        except HeldError:
            raise
        except UnsentError:
            await asyncio.sleep(RESEND_SECONDS)
    return await send()


def chat_id(address: Address) -> int:
    """The number under which Telegram knows a chat; a private one has its owner's."""
    return int(address.account or address.chat)
