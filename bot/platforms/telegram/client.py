"""The Telegram bot: what comes in is dispatched and answered, what the courier brings is delivered."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from telegram import Chat, Message, Update, User
from telegram.error import InvalidToken, TelegramError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    ExtBot,
    MessageHandler,
    filters,
)

from bot.cards import Card, Paragraph, unsign
from bot.command import Command, Dispatch, Incoming, Response, answered
from bot.command.spoken import spoken
from bot.delivery import Address, BadToken, Capabilities, Doubtful, Later, Outcome, Sent, Status
from bot.pacing import Pace
from bot.platforms.telegram.answering import OPEN, Answering, Asked
from bot.platforms.telegram.connection import Connection, reach
from bot.platforms.telegram.hearing import (
    Faces,
    address_of,
    arguments_of,
    day_asked,
    file_of,
    is_private,
    topic_of,
    typed,
    words_of,
)
from bot.platforms.telegram.menu import offer_commands
from bot.platforms.telegram.minutes import GROUP_MINUTE, Minutes
from bot.platforms.telegram.order import InOrder
from bot.platforms.telegram.outcomes import RECONNECT_SECONDS, outcome
from bot.platforms.telegram.polling import Polling
from bot.platforms.telegram.posting import Posting, chat_id, patiently
from bot.platforms.telegram.render import PLATFORM, render, render_one
from bot.platforms.telegram.rights import leads, missing
from bot.platforms.telegram.transport import AiohttpRequest
from bot.platforms.telegram.webhook import Webhook
from bot.platforms.telegram.whereabouts import Whereabouts
from bot.store import people, questions
from bot.words import LANGUAGE, say

if TYPE_CHECKING:
    from aiohttp import web

log = logging.getLogger(__name__)

TELEGRAM = "https://api.telegram.org"
BAD_TOKEN = "Telegram refuses TELEGRAM_TOKEN. Copy it again from @BotFather (/mybots → your bot → API Token)"  # noqa: S105
"""What the operator reads; the rule that is switched off here takes it for a password."""

RATE = 30.0
CHAT_SECONDS = 1.0
"""Messages a second in all, and seconds between two messages to one chat (Telegram, Bots FAQ, "My bot is hitting
limits"; https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

EXPLAINED_AGAIN = timedelta(seconds=20)
"""Who goes on talking is not interrupted at every message; who comes back to it is not left without an answer."""

STRANGERS = 10_000
"""How many people are remembered to whom we have just explained ourselves."""

App = Application[Any, Any, Any, Any, Any, Any]


class TelegramPlatform:
    """Serves one bot: by long polling, or by a webhook where `webhook_url` and `webhook_secret` are given.

    `api_url` is the root of the Bot API server, Telegram's own unless another is given. `rate` is how many messages a
    second may leave (a paid broadcast raises it to 1000); `pace` replaces it and the limits of chats. `leading` says
    whether this process is the one that serves the token; others only take what is posted to their webhook.

        platform = TelegramPlatform(token, dispatch)
        serving = asyncio.create_task(platform.run())
        await platform.send(Address("telegram", "-1001234"), card, key="recap:12")
    """

    name = PLATFORM
    capabilities = Capabilities(whispers=False)

    def __init__(
        self,
        token: str,
        dispatch: Dispatch,
        *,
        api_url: str | None = None,
        rate: float = RATE,
        pace: Pace | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        leading: Callable[[], bool] = lambda: True,
    ) -> None:
        root = (api_url or TELEGRAM).rstrip("/")
        # At DEBUG the library logs the token, and all that people write.
        logging.getLogger("telegram").setLevel(logging.INFO)
        self.pace = pace or Pace(rate, per_chat=CHAT_SECONDS, per_group_minute=GROUP_MINUTE)
        self.lease = f"{PLATFORM}:{token.partition(':')[0]}"
        self._dispatch = dispatch
        request = AiohttpRequest(pace=self.pace)
        self._bot: ExtBot[None] = ExtBot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=request,
            get_updates_request=AiohttpRequest(1),
        )
        self._minutes = Minutes(token.partition(":")[0], dispatch.store, dispatch.clock)
        self._posting = Posting(self._bot, request, self._minutes)
        self._answering = Answering(self._posting, dispatch.store, dispatch.clock)
        self._faces = Faces()
        self._explained: OrderedDict[tuple[int, str], datetime] = OrderedDict()
        self._hook = Webhook(self._bot, dispatch.store, dispatch.clock, leading, webhook_url, webhook_secret)
        self._connection = Connection(self._hook, leading)

    # ---------------------------------------------------------------- serving

    @property
    def webhook_path(self) -> str | None:
        """The path under which Telegram posts to us; None while we poll."""
        return self._hook.path

    async def webhook(self, request: web.Request) -> web.Response:
        """Answer what is posted there, in every process: this one need not be the one that serves the token."""
        return await self._hook.receive(request)

    async def run(self) -> None:
        """Serve until cancelled, then finish what was begun; may be run again. Raises BadToken when Telegram refuses
        the token."""
        application = self._application()
        in_order = InOrder(application.process_update)
        self._connection.polling = polling = None if self.webhook_path is not None else Polling(self._bot, in_order)
        self._connection.change(serving=True, made=False)
        try:
            await reach(application.initialize)
            # Polling and a webhook exclude each other: the last who starts decides.
            await reach(self._bot.delete_webhook if polling else self._hook.announce)
            for chat, ago in await self._minutes.last():
                self.pace.seed(chat, ago)
            self._connection.change(serving=True, made=True)
            log.info("connected to Telegram as @%s", self._bot.username)
            try:
                await self._offer_commands()
                if polling is None:
                    await self._hook.run(in_order)
                else:
                    # What came by webhook while nobody polled; reminders wait for it, and for the first poll.
                    await self._hook.catch_up(in_order)
                    await polling.run()
            finally:
                await asyncio.gather(self._hook.finish(), *([polling.finish()] if polling else []))
        except InvalidToken:
            raise BadToken(BAD_TOKEN) from None
        finally:
            self._connection.change(serving=False, made=False)
            await application.shutdown()
            # After a refused token the application was never initialised, but the bot's connections are open.
            await self._bot.shutdown()

    def resume(self) -> None:
        """Begin as if a message had just left for every chat."""
        self.pace.halt(CHAT_SECONDS)

    def status(self) -> Status:
        """How the connection is at the moment."""
        return self._connection.status()

    def _application(self) -> App:
        application: App = Application.builder().bot(self._bot).updater(None).job_queue(None).build()
        whereabouts = Whereabouts(self._dispatch.store, self._dispatch.clock, self.send)
        application.add_handlers(
            [
                CallbackQueryHandler(self._on_press),
                ChatMemberHandler(whereabouts.on_membership, ChatMemberHandler.MY_CHAT_MEMBER),
                MessageHandler(filters.StatusUpdate.MIGRATE, whereabouts.on_migration),
                MessageHandler(filters.StatusUpdate.LEFT_CHAT_MEMBER, whereabouts.on_leaving),
                MessageHandler(filters.UpdateType.MESSAGE & ~filters.StatusUpdate.ALL, self._on_message),
            ]
        )
        application.add_error_handler(self._on_fault)
        return application

    async def _offer_commands(self) -> None:
        try:
            await offer_commands(self._bot, self._dispatch.registry, self._dispatch.store)
        except TelegramError as error:
            log.warning("the menu of commands could not be set and will be tried at the next start: %s", error.message)

    # ---------------------------------------------------------------- delivering

    async def send(self, address: Address, card: Card, key: str) -> Outcome:
        """Deliver a card; Sent names its first message. Telegram knows no keys: sending twice delivers twice."""
        if not self._connection.made:
            return Later(RECONNECT_SECONDS, "not connected to Telegram")
        first: str | None = None
        for outgoing in render(card, self._at(address)):
            post = partial(self._posting.post, address, outgoing)
            try:
                message = await (post() if first is None else patiently(post))
            except TelegramError as error:
                # Once its first part is there, sending the card again would say that part twice.
                return outcome(error, address) if first is None else Doubtful(error.message)
            first = first or message
        assert first is not None, "a card is at least one message"
        return Sent(first)

    async def edit(self, address: Address, message: str, card: Card) -> Outcome:
        """Replace a message of ours. What does not fit into one message ends in an ellipsis."""
        if not self._connection.made:
            return Later(RECONNECT_SECONDS, "not connected to Telegram")
        try:
            await self._posting.replace(address, message, render_one(card, self._at(address)))
        except TelegramError as error:
            return outcome(error, address)
        return Sent(message)

    def delay(self, address: Address) -> float:
        """Seconds until a message to this address may leave; some while there is no connection, or it catches up."""
        if not self._connection.ready:
            return RECONNECT_SECONDS
        return self.pace.delay(str(chat_id(address)), group=address.account is None)

    async def find(self, address: Address, card: Card, key: str, since: datetime) -> Outcome | None:
        """Bots cannot read a chat: nobody knows whether a message in doubt arrived."""
        return Doubtful("Telegram cannot tell")

    def _at(self, address: Address) -> str:
        return "" if address.account else f"@{self._bot.username}"

    # ---------------------------------------------------------------- what people do

    async def _on_message(self, update: Update, _: object) -> None:
        message, user = update.message, update.effective_user
        if message is None or user is None or message.is_automatic_forward:
            return
        if user.is_bot and message.sender_chat is None:
            return
        self._faces.learn(user)
        words = words_of(message)
        command = typed(words, self._bot.username)
        if command is None and words.startswith("/") and not is_private(message.chat):
            return
        if command is None:
            await self._on_words(update, message, user, words)
        elif self._concerns_us(message.chat, command.line, command.addressed):
            await self._carry_out(update, message, user, command.line)

    def _concerns_us(self, chat: Chat, line: str, addressed: bool) -> bool:
        """Whether a command is for us: in groups, one without our name that we do not have may be another bot's."""
        return is_private(chat) or addressed or self._command(line) is not None

    async def _carry_out(
        self, update: Update, message: Message, user: User, line: str, given: Mapping[str, str] | None = None
    ) -> None:
        if message.sender_chat is not None:
            await self._refuse_anonymous(update, message, user)
            return
        line, arguments = arguments_of(message, line, self._command(line), self._faces)
        arguments |= given or {}
        incoming = await self._incoming(update, message.chat, user, line, topic=topic_of(message), arguments=arguments)
        asked = Asked(incoming, self._bot.username, message=message.message_id)
        if incoming.private:
            if line.split() == ["start", OPEN] and await self._deliver_waiting(asked):
                return
            await self._forget_questions(incoming)
        await self._answer(asked)

    async def _on_words(self, update: Update, message: Message, user: User, words: str) -> None:
        """Words that begin with no command: an answer, in private perhaps what a command says without its slash."""
        if message.sender_chat is not None:
            return
        private = is_private(message.chat)
        if await self._answers_question(update, message, user, words):
            return
        command = self._command(words)
        if private and command is not None and command.listed:
            await self._carry_out(update, message, user, words)
        elif private and not await self._hears(update, message, user, words) and message.media_group_id is None:
            await self._explain(update, message, user)

    async def _hears(self, update: Update, message: Message, user: User, words: str) -> bool:
        """Take words in private for what they mean; in reply to the daily check-in all of them are its answer."""
        line, day = spoken(words), self._day_asked(message)
        if words and day and (line is None or self._command(line) == self._command("checkin")):
            await self._carry_out(update, message, user, f"checkin {words}", day)
        elif line is not None:
            await self._carry_out(update, message, user, line)
        else:
            return False
        return True

    def _day_asked(self, message: Message) -> dict[str, str]:
        """The day and track of the daily check-in that a message replies to; empty when it replies to none of ours."""
        reply = message.reply_to_message
        ours = reply is not None and reply.from_user is not None and reply.from_user.id == self._bot.id
        return day_asked(reply) if ours else {}

    async def _answers_question(self, update: Update, message: Message, user: User, words: str) -> bool:
        """Take words as the answer to what we asked. A refused answer leaves the question open for a better one."""
        private = is_private(message.chat)
        reply = message.reply_to_message
        asked_by_us = reply is not None and reply.from_user is not None and reply.from_user.id == self._bot.id
        if not words or not (private or asked_by_us):
            return False
        address, account = address_of(message.chat, topic_of(message)), str(user.id)
        asked_in = str(reply.message_id) if reply is not None and asked_by_us else None
        async with self._dispatch.store.reading() as db:
            found = await questions.waiting(db, address, asked_in, account)
            if found is None and private and not self._day_asked(message):
                found = await questions.waiting(db, address, None, account)
        if found is None:
            return False
        line, texts = answered(found.line, found.inputs, [words])
        file = file_of(message)
        arguments = texts if file is None else {**texts, "file": file}
        incoming = await self._incoming(update, message.chat, user, line, topic=topic_of(message), arguments=arguments)
        asked = Asked(incoming, self._bot.username, message=message.message_id)
        response = await self._dispatch(incoming) or Response()
        if not response.refused:
            # Only now: had we died before, the answer would come again and need its question.
            async with self._dispatch.store.writing() as db:
                await questions.forget(db, address, account, found.message)
        await self._answering.respond(asked, response)
        return True

    async def _on_press(self, update: Update, _: object) -> None:
        query = update.callback_query
        if query is None:
            return
        message = query.message
        if message is None or not query.data:
            await query.answer()
            return
        self._faces.learn(query.from_user)
        line, owner = unsign(query.data)
        incoming = await self._incoming(
            update,
            message.chat,
            query.from_user,
            line,
            topic=topic_of(message),
            pressed=str(message.message_id),
            owner=owner,
        )
        if incoming.private:
            await self._forget_questions(incoming)
        await self._answer(Asked(incoming, self._bot.username, query=query))

    async def _answer(self, asked: Asked) -> None:
        await self._answering.respond(asked, await self._dispatch(asked.incoming) or Response())

    async def _incoming(
        self, update: Update, chat: Chat, user: User, line: str, *, topic: int | None, **more: Any
    ) -> Incoming:
        private = is_private(chat)
        command = self._command(line)
        if command is not None and command.asks_who_leads(line) and not private:
            more["leader"] = await leads(self._bot, chat, user)
            more["missing"] = await missing(self._bot, chat)
        return Incoming(
            platform=PLATFORM,
            account=str(user.id),
            name=user.full_name,
            address=address_of(chat, topic),
            line=line,
            update=f"{self._bot.id}:{update.update_id}",
            private=private,
            whispers=False,
            chat_name=chat.title or "",
            **more,
        )

    def _command(self, line: str) -> Command | None:
        """The command that a line begins with, by its exact name."""
        name = line.split(maxsplit=1)[0].casefold() if line.strip() else ""
        return next((command for command in self._dispatch.registry if command.name == name), None)

    # ---------------------------------------------------------------- what we say of ourselves

    async def _refuse_anonymous(self, update: Update, message: Message, user: User) -> None:
        """Whoever posts as the group, or as a channel of theirs, is nobody: there is no member to answer."""
        incoming = await self._incoming(update, message.chat, user, "", topic=topic_of(message))
        await self._openly(Asked(incoming, self._bot.username, message=message.message_id), "telegram-anonymous")

    async def _explain(self, update: Update, message: Message, user: User) -> None:
        """Say what we understand, but not at every message of somebody who goes on."""
        words = "free-text" if file_of(message) is None else "telegram-file"
        who, now = (user.id, words), self._dispatch.clock()
        if who in self._explained and now - self._explained[who] < EXPLAINED_AGAIN:
            return
        self._explained[who] = now
        self._explained.move_to_end(who)
        if len(self._explained) > STRANGERS:
            self._explained.popitem(last=False)
        incoming = await self._incoming(update, message.chat, user, "", topic=None)
        await self._openly(Asked(incoming, self._bot.username, message=message.message_id), words)

    async def _openly(self, asked: Asked, id: str) -> None:
        card = Card(parts=(Paragraph(say(LANGUAGE, id)),))
        try:
            await self._answering.show(asked, asked.incoming.address, card)
        except TelegramError as error:
            log.info("an explanation could not be given: %s", error.message)

    async def _deliver_waiting(self, asked: Asked) -> bool:
        """Show the answer for which a private chat was opened; False when there is none (any more)."""
        card = self._answering.waiting_for(asked.incoming.account)
        if card is None:
            return False
        async with self._dispatch.store.writing() as db:
            known = await people.account(db, PLATFORM, asked.incoming.account)
            if known is not None:
                await people.seen(db, known, self._dispatch.clock(), private=True)
        await self._answering.respond(asked, Response(card))
        return True

    async def _forget_questions(self, incoming: Incoming) -> None:
        async with self._dispatch.store.writing() as db:
            await questions.forget(db, incoming.address, incoming.account)

    async def _on_fault(self, update: object, context: Any) -> None:
        """A fault of ours: nothing of what was said goes into the log, and who spoke to us gets a reference to it."""
        reference = secrets.token_hex(3)
        log.error("an update could not be handled, reference %s", reference, exc_info=context.error)
        if not isinstance(update, Update) or update.effective_user is None:
            return
        query, message = update.callback_query, update.message
        try:
            if query is not None:
                await query.answer()
            if query is not None or (message is not None and is_private(message.chat)):
                card = Card(parts=(Paragraph(say(LANGUAGE, "apology-unsure", reference=reference)),))
                own = Address.private_to(PLATFORM, str(update.effective_user.id))
                await self._posting.post(own, render(card)[0])
        except TelegramError as error:
            log.info("an apology could not be given: %s", error.message)
