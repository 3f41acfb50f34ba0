"""Shows answers: in the chat, in the place of what was pressed, to one member alone, or as a question to reply to."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial

from telegram import CallbackQuery, ForceReply
from telegram.error import ChatMigrated, TelegramError

from bot.cards import Attachment, Card, Mention, Question
from bot.command import Audience, Hearing, Response
from bot.command.heard import Origin
from bot.delivery import Address, Forbidden, Gone, Moved
from bot.platforms.telegram.outcomes import outcome, unreachable
from bot.platforms.telegram.posting import Posting, patiently
from bot.platforms.telegram.render import PLATFORM, Outgoing, placeholder, render, render_question, toast

log = logging.getLogger(__name__)

KEPT_ANSWERS = 1000
"""How many private answers wait for their chat to be opened; the oldest is dropped for a newer one."""

KEPT_BYTES = 20_000_000
"""How much the files of these may take in memory."""

OPEN = "open"
"""The deep link's payload that fetches a waiting answer."""

GLANCE = 60
"""What pressing answers on the spot stays for two seconds; more than this many characters is to be dismissed."""


@dataclass
class Asked:
    """Something to answer. `message` is what they wrote, `pressed` where they pressed and `query` that they did;
    `username` is ours."""

    origin: Origin
    username: str
    message: int | None = None
    pressed: str | None = None
    query: CallbackQuery | None = None
    acknowledged: bool = False

    @property
    def at(self) -> str:
        """What our commands need after them where they stand."""
        return "" if self.origin.private else f"@{self.username}"

    @property
    def own(self) -> Address:
        """The private chat with the one who asks."""
        return Address.private_to(PLATFORM, self.origin.account)

    async def acknowledge(self, text: str | None = None, url: str | None = None) -> None:
        """Stop the pressed button's waiting, once, with a few words or a link to open where there are any."""
        if self.query is None or self.acknowledged:
            return
        self.acknowledged = True
        try:
            await self.query.answer(text, show_alert=len(text or "") > GLANCE or None, url=url)
        except TelegramError as error:
            # Telegram waits about a quarter of a minute for it; what was pressed has had its effect all the same.
            log.info("a press could not be acknowledged: %s", error.message)


class Answering:
    """Answers as one bot. Never raises for what Telegram refuses: the effect of a command does not depend on it."""

    def __init__(self, posting: Posting, hearing: Hearing) -> None:
        self._posting = posting
        self._hearing = hearing
        self._waiting: OrderedDict[str, Card] = OrderedDict()

    async def respond(self, asked: Asked, response: Response) -> None:
        """Show a response to the one who asked, or to the group."""
        try:
            await self._respond(asked, response)
        except TelegramError as error:
            log.warning("an answer could not be shown: %s", error.message)
        await asked.acknowledge()

    def waiting_for(self, account: str) -> Card | None:
        """The answer that could not be shown to somebody before they opened the private chat; given once."""
        return self._waiting.pop(account, None)

    async def show(self, asked: Asked, address: Address, card: Card) -> None:
        """Write a card into a chat, below what was asked there. Raises TelegramError."""
        await self._post(asked, address, render(card, asked.at))

    async def _respond(self, asked: Asked, response: Response) -> None:
        if response.question is not None:
            await asyncio.gather(asked.acknowledge(), self._ask(asked, response.question, response.language))
            return
        card = response.card
        if card is None:
            return
        if response.edit and asked.pressed is not None:
            await asyncio.gather(asked.acknowledge(), self._replace(asked, asked.pressed, card))
        elif asked.query is not None and response.audience is Audience.MEMBER and (words := toast(card)):
            await asked.acknowledge(words)
        elif asked.origin.private or response.audience is Audience.GROUP:
            await asyncio.gather(asked.acknowledge(), self._openly(asked, card))
        else:
            await self._whisper(asked, card, response)

    async def _openly(self, asked: Asked, card: Card) -> None:
        """Write into the chat; where we may not, tell the one who asked."""
        address = asked.origin.address
        try:
            await self.show(asked, address, card)
        except TelegramError as error:
            if address.account or not isinstance(outcome(error, address), Forbidden | Gone):
                raise
            await self._post(asked, asked.own, render(card))

    async def _whisper(self, asked: Asked, card: Card, response: Response) -> None:
        """Write to the member alone. Where their private chat is closed, the group sees at most how to open it."""
        try:
            await self._post(asked, asked.own, render(card))
        except TelegramError as error:
            if not unreachable(error, asked.own):
                raise
            await self._wait_for_opening(asked, card, response)

    async def _wait_for_opening(self, asked: Asked, card: Card, response: Response) -> None:
        link = f"https://t.me/{asked.username}?start={OPEN}"
        if not response.announced:
            self._waiting[asked.origin.account] = card
            self._waiting.move_to_end(asked.origin.account)
            while len(self._waiting) > KEPT_ANSWERS or sum(map(_weight, self._waiting.values())) > KEPT_BYTES:
                self._waiting.popitem(last=False)
            if asked.query is not None:
                # Opens the private chat of the one who pressed; nobody else sees anything.
                await asked.acknowledge(url=link)
        told = not response.announced and asked.query is None
        offer = await self._hearing.unreached(asked.origin, response.language, link if told else None)
        if offer is not None:
            await self.show(asked, asked.origin.address, offer)

    async def _replace(self, asked: Asked, message: str, card: Card) -> None:
        """Write in the place of the pressed message; below it, when it cannot be changed any more."""
        address = asked.origin.address
        first, *rest = render(card, asked.at)
        try:
            await patiently(partial(self._posting.replace, address, message, first))
        except TelegramError as error:
            if not isinstance(outcome(error, address), Gone | Moved):
                raise
            rest = [first, *rest]
        await self._post(asked, address, rest)

    async def _post(self, asked: Asked, address: Address, messages: list[Outgoing]) -> None:
        here = address == asked.origin.address and not asked.origin.private
        for index, outgoing in enumerate(messages):
            reply_to = asked.message if here and index == 0 else None
            await self._send(address, outgoing, reply_to)

    async def _send(
        self, address: Address, outgoing: Outgoing, reply_to: int | None, ask: ForceReply | None = None
    ) -> tuple[Address, str]:
        """Write one message; gives its id and where it is: a group may have become a supergroup meanwhile."""
        post = partial(self._posting.post, outgoing=outgoing, ask=ask)
        try:
            return address, await patiently(partial(post, address, reply_to=reply_to))
        except ChatMigrated as moved:
            address = replace(address, chat=str(moved.new_chat_id))
            return address, await patiently(partial(post, address))

    async def _ask(self, asked: Asked, question: Question, language: str) -> None:
        """Ask for free text, of one member alone: apps open a reply for them."""
        origin = asked.origin
        # A forced reply is for those the question replies to or names.
        unnamed = origin.private or asked.message is not None
        addressed = None if unnamed else Mention(origin.name, ((PLATFORM, origin.account),))
        outgoing = render_question(language, question, addressed)
        reply_to = None if origin.private else asked.message
        force = ForceReply(selective=not origin.private, input_field_placeholder=placeholder(language, question))
        address, message = await self._send(origin.address, outgoing, reply_to, force)
        forgotten = await self._hearing.asked(origin, address, message, question)
        if forgotten is not None:
            await self._respond(asked, forgotten)


def _weight(card: Card) -> int:
    """The bytes of a card's files."""
    document = len(card.document.content) if isinstance(card.document, Attachment) else 0
    return document + (len(card.picture.png) if card.picture is not None else 0)
