"""Shows answers: in the chat, in the place of what was pressed, to one member alone, or as a question to reply to."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from telegram import CallbackQuery, ForceReply
from telegram.error import ChatMigrated, TelegramError

from bot.cards import Card, LinkButton, Mention, Paragraph, Question
from bot.command import Audience, Incoming, Response
from bot.delivery import Address, Forbidden, Gone, Moved
from bot.platforms.telegram.outcomes import outcome, unreachable
from bot.platforms.telegram.posting import Posting, patiently
from bot.platforms.telegram.render import PLATFORM, Outgoing, placeholder, render, render_question, toast
from bot.store import Store, people, questions
from bot.words import LANGUAGE, say, word

log = logging.getLogger(__name__)

KEPT = 1000
"""How many private answers wait for their chat to be opened; the oldest is dropped for a newer one."""

OFFERED_AGAIN = timedelta(minutes=1)
"""A group is not told over and over how one member opens their private chat."""

OPEN = "open"
"""The deep link's payload that fetches a waiting answer."""

GLANCE = 60
"""What pressing answers on the spot stays for two seconds; more than this many characters is to be dismissed."""


@dataclass
class Asked:
    """Something to answer. `message` is what they wrote, `query` what they pressed; `username` is ours."""

    incoming: Incoming
    username: str
    message: int | None = None
    query: CallbackQuery | None = None
    acknowledged: bool = False

    @property
    def at(self) -> str:
        """What our commands need after them where they stand."""
        return "" if self.incoming.private else f"@{self.username}"

    @property
    def own(self) -> Address:
        """The private chat with the one who asks."""
        return Address.private_to(PLATFORM, self.incoming.account)

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

    def __init__(self, posting: Posting, store: Store, clock: Callable[[], datetime]) -> None:
        self._posting = posting
        self._store = store
        self._clock = clock
        self._waiting: OrderedDict[str, Card] = OrderedDict()
        self._offered: OrderedDict[tuple[str, str], datetime] = OrderedDict()

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
            await asyncio.gather(asked.acknowledge(), self._ask(asked, response.question))
            return
        card = response.card
        if card is None:
            return
        incoming = asked.incoming
        if response.edit and incoming.pressed is not None:
            await asyncio.gather(asked.acknowledge(), self._replace(asked, incoming.pressed, card))
        elif asked.query is not None and response.audience is Audience.MEMBER and (words := toast(card)):
            await asked.acknowledge(words)
        elif incoming.private or response.audience is Audience.GROUP:
            await asyncio.gather(asked.acknowledge(), self._openly(asked, card))
        else:
            await self._whisper(asked, card, response.announced)

    async def _openly(self, asked: Asked, card: Card) -> None:
        """Write into the chat; where we may not, tell the one who asked."""
        address = asked.incoming.address
        try:
            await self.show(asked, address, card)
        except TelegramError as error:
            if address.account or not isinstance(outcome(error, address), Forbidden | Gone):
                raise
            await self._post(asked, asked.own, render(card))

    async def _whisper(self, asked: Asked, card: Card, announced: bool) -> None:
        """Write to the member alone. Where their private chat is closed, the group sees at most how to open it."""
        try:
            await self._post(asked, asked.own, render(card))
        except TelegramError as error:
            if not unreachable(error, asked.own):
                raise
            async with self._store.writing() as db:
                await people.private_closed(db, PLATFORM, asked.incoming.account)
            if not announced:
                await self._offer_to_open(asked, card)

    async def _offer_to_open(self, asked: Asked, card: Card) -> None:
        self._waiting[asked.incoming.account] = card
        self._waiting.move_to_end(asked.incoming.account)
        if len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)
        link = f"https://t.me/{asked.username}?start={OPEN}"
        if asked.query is not None:
            # Opens the private chat of the one who pressed; nobody else sees anything.
            await asked.acknowledge(url=link)
            return
        if self._offered_lately(asked.incoming):
            return
        button = LinkButton(word(LANGUAGE, "telegram-open"), link)
        offer = Card(parts=(Paragraph(say(LANGUAGE, "telegram-private")),), rows=((button,),))
        await self.show(asked, asked.incoming.address, offer)

    def _offered_lately(self, incoming: Incoming) -> bool:
        """Whether a chat was told lately how this member opens their private one; now it is."""
        who, now = (incoming.account, incoming.address.chat), self._clock()
        if who in self._offered and now - self._offered[who] < OFFERED_AGAIN:
            return True
        self._offered[who] = now
        self._offered.move_to_end(who)
        if len(self._offered) > KEPT:
            self._offered.popitem(last=False)
        return False

    async def _replace(self, asked: Asked, message: str, card: Card) -> None:
        """Write in the place of the pressed message; below it, when it cannot be changed any more."""
        address = asked.incoming.address
        first, *rest = render(card, asked.at)
        try:
            await patiently(partial(self._posting.replace, address, message, first))
        except TelegramError as error:
            if not isinstance(outcome(error, address), Gone | Moved):
                raise
            rest = [first, *rest]
        await self._post(asked, address, rest)

    async def _post(self, asked: Asked, address: Address, messages: list[Outgoing]) -> None:
        here = address == asked.incoming.address and not asked.incoming.private
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

    async def _ask(self, asked: Asked, question: Question) -> None:
        """Ask for free text, of one member alone: apps open a reply for them."""
        incoming = asked.incoming
        # A forced reply is for those the question replies to or names.
        unnamed = incoming.private or asked.message is not None
        addressed = None if unnamed else Mention(incoming.name, ((PLATFORM, incoming.account),))
        outgoing = render_question(LANGUAGE, question, addressed)
        reply_to = None if incoming.private else asked.message
        force = ForceReply(selective=not incoming.private, input_field_placeholder=placeholder(question))
        address, message = await self._send(incoming.address, outgoing, reply_to, force)
        async with self._store.writing() as db:
            await questions.remember(db, address, message, incoming.account, question, self._clock())
