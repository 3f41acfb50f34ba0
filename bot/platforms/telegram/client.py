"""Telegram as one of the platforms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from telegram import Chat, MaybeInaccessibleMessage, Message, Update, User
from telegram.error import InvalidToken, TelegramError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    ExtBot,
    MessageHandler,
    filters,
)

from bot.cards import Card
from bot.command import Hearing, Response
from bot.command.heard import ChatStanding, Heard, Origin, Pressed, PrivateOpened, Replied, Said
from bot.delivery import Address, BadToken, Capabilities, Doubtful, Later, Outcome, Sent, Status
from bot.memory import Memory
from bot.pacing import Pace
from bot.platforms.telegram.answering import OPEN, Answering, Asked
from bot.platforms.telegram.connection import Connection, reach
from bot.platforms.telegram.menu import offer_commands
from bot.platforms.telegram.minutes import GROUP_MINUTE, Minutes
from bot.platforms.telegram.order import InOrder
from bot.platforms.telegram.outcomes import RECONNECT_SECONDS, outcome
from bot.platforms.telegram.polling import Polling
from bot.platforms.telegram.posting import Posting, chat_id, patiently
from bot.platforms.telegram.presence import Presence
from bot.platforms.telegram.render import PLATFORM, render, render_one
from bot.platforms.telegram.rights import leads, missing
from bot.platforms.telegram.translation import (
    Faces,
    Typed,
    address_of,
    file_of,
    is_private,
    people_named,
    presses_of,
    text_of,
    topic_of,
    typed_line,
)
from bot.platforms.telegram.transport import AiohttpRequest
from bot.platforms.telegram.webhook import Webhook

if TYPE_CHECKING:
    from aiohttp import web

log = logging.getLogger(__name__)

TELEGRAM_API_URL = "https://api.telegram.org"
BAD_TOKEN = "Telegram refuses TELEGRAM_TOKEN. Copy it again from @BotFather (/mybots → your bot → API Token)"  # noqa: S105
"""What the operator reads; the rule that is switched off here takes it for a password."""

RATE = 30.0
CHAT_SECONDS = 1.0
"""Messages a second in all, and seconds between two messages to one chat (Telegram, Bots FAQ, "My bot is hitting
limits"; https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

App = Application[Any, Any, Any, Any, Any, Any]


class TelegramPlatform:
    """Serves one bot: by long polling, or by a webhook where `webhook_url` and `webhook_secret` are given.

    `api_url` is the root of the Bot API server, Telegram's own unless another is given. `rate` is how many messages a
    second may leave (a paid broadcast raises it to 1000); `pace` replaces it and the limits of chats. `leading` says
    whether this process is the one that serves the token; others only take what is posted to their webhook.

        platform = TelegramPlatform(token, Hearing(dispatch), memory)
        serving = asyncio.create_task(platform.run())
        await platform.send(Address("telegram", "-1001234"), card, key="recap:12")
    """

    name = PLATFORM
    capabilities = Capabilities(whispers=False)

    def __init__(
        self,
        token: str,
        hearing: Hearing,
        memory: Memory,
        *,
        api_url: str | None = None,
        rate: float = RATE,
        pace: Pace | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        leading: Callable[[], bool] = lambda: True,
    ) -> None:
        root = (api_url or TELEGRAM_API_URL).rstrip("/")
        # At DEBUG the library logs the token, and all that people write.
        logging.getLogger("telegram").setLevel(logging.INFO)
        self.pace = pace or Pace(rate, per_chat=CHAT_SECONDS, per_group_minute=GROUP_MINUTE)
        self.lease = f"{PLATFORM}:{token.partition(':')[0]}"
        self._hearing = hearing
        self._memory = memory
        request = AiohttpRequest(pace=self.pace)
        self._bot: ExtBot[None] = ExtBot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=request,
            get_updates_request=AiohttpRequest(1),
        )
        self._minutes = Minutes(token.partition(":")[0], memory, hearing.now)
        self._posting = Posting(self._bot, request, self._minutes)
        self._answering = Answering(self._posting, hearing)
        self._faces = Faces()
        self._hook = Webhook(self._bot, memory, leading, webhook_url, webhook_secret)
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
            await self._minutes.close()

    def resume(self) -> None:
        """Begin as if a message had just left for every chat."""
        self.pace.halt(CHAT_SECONDS)

    def status(self) -> Status:
        """How the connection is at the moment."""
        return self._connection.status()

    def _application(self) -> App:
        application: App = Application.builder().bot(self._bot).updater(None).job_queue(None).build()
        presence = Presence(self._hearing, self.send)
        application.add_handlers(
            [
                CallbackQueryHandler(self._on_press),
                ChatMemberHandler(presence.on_membership, ChatMemberHandler.MY_CHAT_MEMBER),
                MessageHandler(filters.StatusUpdate.MIGRATE, presence.on_migration),
                MessageHandler(filters.StatusUpdate.LEFT_CHAT_MEMBER, presence.on_leaving),
                MessageHandler(filters.UpdateType.MESSAGE & ~filters.StatusUpdate.ALL, self._on_message),
            ]
        )
        application.add_error_handler(self._on_fault)
        return application

    async def _offer_commands(self) -> None:
        try:
            await offer_commands(self._bot, self._hearing.registry, self._memory)
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
        words = text_of(message)
        command = typed_line(words, self._bot.username)
        if command is None and words.startswith("/") and not is_private(message.chat):
            return
        origin = self._origin(update, message.chat, user, message, anonymous=message.sender_chat is not None)
        asked = Asked(origin, self._bot.username, message.message_id)
        fetches = origin.private and command is not None and command.line.split() == ["start", OPEN]
        if not (fetches and await self._deliver_waiting(asked)):
            await self._answer(asked, self._said(origin, message, words, command))

    def _said(self, origin: Origin, message: Message, words: str, command: Typed | None) -> Said:
        return Said(
            origin,
            words if command is None else command.line,
            command=command is not None,
            addressed=command is not None and command.addressed,
            reply=self._replied(message),
            file=file_of(message),
            mentions=people_named(message, self._faces),
            captioned=True,
            several=message.media_group_id is not None,
        )

    def _replied(self, message: Message) -> Replied | None:
        """The message of ours that somebody replies to."""
        reply = message.reply_to_message
        ours = reply is not None and reply.from_user is not None and reply.from_user.id == self._bot.id
        return Replied(str(reply.message_id), presses_of(reply)) if reply is not None and ours else None

    async def _on_press(self, update: Update, _: object) -> None:
        query = update.callback_query
        if query is None:
            return
        message = query.message
        if message is None or not query.data:
            await query.answer()
            return
        self._faces.learn(query.from_user)
        origin = self._origin(update, message.chat, query.from_user, message)
        pressed = Pressed(origin, query.data, str(message.message_id))
        await self._answer(Asked(origin, self._bot.username, pressed=pressed.message, query=query), pressed)

    async def _answer(self, asked: Asked, heard: Heard) -> None:
        await self._answering.respond(asked, await self._hearing(heard) or Response())

    def _origin(
        self, update: Update, chat: Chat, user: User, message: MaybeInaccessibleMessage, *, anonymous: bool = False
    ) -> Origin:
        async def standing() -> ChatStanding:
            return ChatStanding(await leads(self._bot, chat, user), await missing(self._bot, chat))

        return Origin(
            platform=PLATFORM,
            account=str(user.id),
            name=user.full_name,
            address=address_of(chat, topic_of(message)),
            update=f"{self._bot.id}:{update.update_id}",
            private=is_private(chat),
            chat_name=chat.title or "",
            whispers=False,
            hint=user.language_code,
            anonymous=isinstance(message, Message)
            and message.sender_chat is not None
            and update.callback_query is None,
            standing=standing,
        )

    async def _deliver_waiting(self, asked: Asked) -> bool:
        """Show the answer for which a private chat was opened; False when there is none (any more)."""
        card = self._answering.waiting_for(asked.origin.account)
        if card is None:
            return False
        await self._hearing.notice(PrivateOpened(PLATFORM, asked.origin.account))
        await self._answering.respond(asked, Response(card))
        return True

    async def _on_fault(self, update: object, context: Any) -> None:
        """A fault of ours: nothing of what was said goes into the log, and who spoke to us gets a reference to it."""
        user = update.effective_user if isinstance(update, Update) else None
        hint = None if user is None else user.language_code
        response = self._hearing.fault("an update could not be handled", context.error, hint)
        if not isinstance(update, Update) or user is None or response.card is None:
            return
        query, message = update.callback_query, update.message
        try:
            if query is not None:
                await query.answer()
            if query is not None or (message is not None and is_private(message.chat)):
                own = Address.private_to(PLATFORM, str(user.id))
                await self._posting.post(own, render(response.card)[0])
        except TelegramError as error:
            log.info("an apology could not be given: %s", error.message)
