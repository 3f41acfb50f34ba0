"""The stand-in Discord: its HTTP and websocket front, and what users do and see there, in a test's words."""

# A test says how long it is willing to wait, and a TimeoutError says for what: hence `timeout` parameters.
# ruff: noqa: ASYNC109

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import quote

from tests.fakes.patience import PATIENCE

from .client import NotOfferedError, check_call, chosen_values, command_data, filled_in, options_of
from .commands import Commands
from .front import API_PATH, OPEN_PREFIXES, Front
from .gateway import Gateway, Session
from .interactions import Choice, Exchange, Interactions, Kind, Modal
from .messages import (
    BUTTON,
    LINK_STYLE,
    LOADING,
    REPLY,
    SELECTS,
    Attachment,
    Message,
    mentioned,
    pings_of,
    written_on,
)
from .places import GUILDS, MESSAGE_CONTENT, Channel, Guild, Json, User
from .posting import Upload, dispatch, guessed_type
from .traffic import Pulse

_EPOCH_MS = 1_420_070_400_000


class DiscordServer:
    """A Discord that a real client connects to over loopback, holding it to Discord's rules.

    `clock` dates messages and ids and ages interaction tokens and nonces; seconds to answer an interaction
    and rate limits run on the event loop's time. Every request is in `requests`; what the API's description
    does not allow is in `violations` (`specification` is None where the description is absent).
    """

    def __init__(
        self, *, clock: Callable[[], datetime], token: str = "stand-in.discord.token", name: str = "roadmate"
    ) -> None:
        self.clock = clock
        self.token = token
        self.pulse = Pulse()
        self._last_id = 0
        self.bot = User(self.new_id(), name, bot=True)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.guilds: dict[int, Guild] = {}
        self.commands = Commands(self.bot.id, self.new_id)
        self.interactions = Interactions(self)
        self.gateway = Gateway(token=lambda: self.token, introduce=self._introduce, pulse=self.pulse)
        self.nonce_window = timedelta(minutes=5)
        self.files: dict[str, Attachment] = {}
        self.api_url = self.gateway_url = ""
        self._dms: dict[int, Channel] = {}
        self._front = Front(self)
        self.requests = self._front.requests
        self.violations = self._front.violations
        self.specification = self._front.specification
        self.buckets = self._front.buckets
        self.fail = self._front.fail
        self.rate_limit = self._front.rate_limit

    # ---- starting and stopping

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> Self:
        """Listens on loopback, on a free port unless one is named."""
        address = await self._front.start(port)
        self.api_url = f"http://{address}{API_PATH}"
        self.gateway_url = f"ws://{address}/gateway"
        return self

    async def stop(self) -> None:
        self.interactions.close()
        await self.gateway.close()
        await self._front.stop()

    @property
    def invalid_requests(self) -> int:
        """Answers of 401, 403 and 429: 10,000 of them in ten minutes and Discord bans the host."""
        return sum(request.status in (401, 403, 429) for request in self.requests)

    @property
    def worst_second(self) -> int:
        """The most requests that came within any second, of those that count to Discord's limit of 50."""
        moments = [request.moment for request in self.requests if not request.path.startswith(OPEN_PREFIXES)]
        return max((bisect_left(moments, moment + 1.0) - index for index, moment in enumerate(moments)), default=0)

    # ---- who and where

    def new_id(self) -> int:
        """A snowflake of the clock's moment, larger than any before."""
        moment = int(self.clock().timestamp() * 1000) - _EPOCH_MS
        self._last_id = max(moment << 22, self._last_id + 1)
        return self._last_id

    def add_user(
        self, name: str, *, global_name: str | None = None, dms_open: bool = True, locale: str = "en-US"
    ) -> User:
        user = User(self.new_id(), name, global_name, dms_open, locale)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner: User) -> Guild:
        """A Discord server without channels, of which only its owner is a member."""
        guild = Guild(self.new_id(), name, owner, self)
        self.guilds[guild.id] = guild
        return guild

    def invite_bot(self, guild: Guild) -> None:
        """Adds the bot to the server; it hears of it by GUILD_CREATE."""
        guild.join(self.bot)
        self.dispatch("GUILD_CREATE", guild.full_json(), place=guild)

    def dm(self, user: User) -> Channel:
        """The direct-message channel of this user and the bot."""
        if user.dm is None:
            user.dm = Channel(self.new_id(), kind=1, name="", server=self, recipient=user)
            self._dms[user.dm.id] = user.dm
        return user.dm

    def close_dm(self, user: User) -> Channel:
        """That channel is no more; who opens one with this user gets another."""
        closed, user.dm = self.dm(user), None
        return self._dms.pop(closed.id)

    def channel(self, number: int) -> Channel | None:
        places = [guild.channels for guild in self.guilds.values()]
        return next((place[number] for place in [*places, self._dms] if number in place), None)

    def dispatch(self, event: str, data: Json, *, intent: int = GUILDS, place: Guild | Channel | None = None) -> None:
        """Sends an event to the bot, unless it is of a server the bot is not in."""
        guild = place.guild if isinstance(place, Channel) else place
        if guild is None or guild.has_bot:
            self.gateway.dispatch(event, data, intent=intent, place=place)

    def _introduce(self, session: Session) -> tuple[Json, list[Json]]:
        guilds = [guild for guild in self.guilds.values() if guild.has_bot and session.wants(GUILDS, guild)]
        ready = {
            "user": {**self.bot.json(), "verified": True, "mfa_enabled": False},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "resume_gateway_url": self.gateway_url,
            "application": {"id": str(self.bot.id), "flags": 0},
        }
        # `unavailable` is what tells a guild that was known from one just joined, where it is absent.
        return ready, [{**guild.full_json(), "unavailable": False} for guild in guilds]

    # ---- what users do

    async def slash(
        self,
        user: User,
        channel: Channel,
        name: str,
        values: Mapping[str, object] | None = None,
        *,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        timeout: float = PATIENCE,
    ) -> Exchange:
        """Calls a slash command as Discord's client lets a user do; see `settled` for when this returns.

        `files` maps an attachment option to (file name, content, media type). Raises NotOfferedError for what
        the client would not send: unknown commands or options, missing or ill-typed ones, lacking permission.
        """
        command = self._command(user, channel, name)
        check_call(command, user, channel)
        attachments = {
            option: self.keep(channel, Upload(*file), ephemeral=True) for option, file in (files or {}).items()
        }
        options, resolved = options_of(command, values or {}, attachments, channel)
        data = command_data(command, options, resolved)
        return await self.settled(self.interactions.open(Kind.COMMAND, user, channel, data), timeout)

    async def autocomplete(
        self, user: User, channel: Channel, name: str, values: Mapping[str, object], *, focused: str
    ) -> list[Choice]:
        """The suggestions a user sees while typing the focused option; TimeoutError if none come in time."""
        command = self._command(user, channel, name)
        check_call(command, user, channel)
        options, resolved = options_of(command, values, {}, channel, focused=focused)
        typed = next(option["type"] for option in options if option.get("focused"))
        data = command_data(command, options, resolved)
        exchange = self.interactions.open(Kind.AUTOCOMPLETE, user, channel, data, option_type=typed)
        await self.settled(exchange)
        if exchange.choices is None:
            raise TimeoutError(f"/{name}: no suggestions in time")
        return exchange.choices

    async def press(self, user: User, message: Message, button: str, *, timeout: float = PATIENCE) -> Exchange:
        """Presses a button, named by its label, its emoji or its custom_id."""
        found = [
            part
            for part in self._seen(user, message)
            if part["type"] == BUTTON and button in (written_on(part), part.get("custom_id"))
        ]
        if len(found) != 1 or found[0].get("disabled") or found[0]["style"] == LINK_STYLE:
            raise NotOfferedError(f"no one button {button!r} to press among {message.buttons}")
        data = {"component_type": BUTTON, "custom_id": found[0]["custom_id"], "id": found[0]["id"]}
        return await self._component(user, message, data, timeout)

    async def choose(
        self,
        user: User,
        message: Message,
        wanted: Sequence[str | User],
        *,
        menu: str | None = None,
        timeout: float = PATIENCE,
    ) -> Exchange:
        """Chooses in a select menu, by value or label (or users); `menu` is its custom_id, of several."""
        found = [
            part for part in self._seen(user, message) if part["type"] in SELECTS and menu in (None, part["custom_id"])
        ]
        if len(found) != 1 or found[0].get("disabled"):
            raise NotOfferedError(f"no one select menu to choose in ({len(found)} found)")
        resolved: Json = {}
        values = chosen_values(found[0], wanted, message.channel, resolved)
        data = {
            "component_type": found[0]["type"],
            "custom_id": found[0]["custom_id"],
            "id": found[0]["id"],
            "values": values,
            **({"resolved": resolved} if resolved else {}),
        }
        return await self._component(user, message, data, timeout)

    async def submit(
        self, user: User, modal: Modal, values: Mapping[str, str], *, timeout: float = PATIENCE
    ) -> Exchange:
        """Fills in a modal, by labels or custom_ids of its inputs, and submits it."""
        if user is not modal.exchange.user:
            raise NotOfferedError("a modal is seen only by whom it was opened for")
        rest = dict(values)
        components = [filled_in(part, rest) for part in modal.components]
        if rest:
            raise NotOfferedError(f"the modal has no input {', '.join(rest)}")
        data = {"custom_id": modal.custom_id, "components": components}
        channel, source = modal.exchange.channel, modal.exchange.source
        exchange = self.interactions.open(Kind.SUBMISSION, user, channel, data, source=source)
        return await self.settled(exchange, timeout)

    def says(
        self,
        user: User,
        channel: Channel,
        content: str,
        *,
        file: tuple[str, bytes, str] | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """A user writes a message; its text reaches the bot only in private, when named, or by its intent."""
        self._must_be_here(user, channel)
        kind = 0 if reply_to is None else REPLY
        message = Message(self.new_id(), channel, user, self.clock(), content, kind=kind, reference=reply_to)
        message.attachments = [] if file is None else [self.keep(channel, Upload(*file))]
        message.mentions = mentioned(content, channel)
        message.pings = pings_of(message, None)
        channel.messages[message.id] = message
        open_to_bot = channel.guild is None or self.bot in message.mentions
        readable = open_to_bot or bool(self.gateway.privileged & MESSAGE_CONTENT)
        dispatch(self, "MESSAGE_CREATE", message, with_content=readable)
        self.pulse.beat()
        return message

    def redeliver(self, exchange: Exchange) -> None:
        """Sends the same interaction once more, as a gateway that repeats itself would."""
        self.interactions.deliver(exchange)

    async def settled(self, exchange: Exchange, timeout: float = PATIENCE) -> Exchange:
        """Waits for the answer: a first answer that is not put off, what a deferred one becomes, or failure.

        An answer that was put off and that nobody completes within `timeout` seconds is returned as it is (`thinking`).
        """

        def done(exchange: Exchange) -> bool:
            return exchange.failed or (exchange.callback is not None and not exchange.thinking)

        await exchange.wait(lambda it: it.failed or it.callback is not None)
        with suppress(TimeoutError):
            await exchange.wait(done, timeout)
        return exchange

    async def _component(self, user: User, message: Message, data: Json, timeout: float) -> Exchange:
        exchange = self.interactions.open(Kind.COMPONENT, user, message.channel, data, source=message)
        return await self.settled(exchange, timeout)

    def _command(self, user: User, channel: Channel, name: str) -> Json:
        self._must_be_here(user, channel)
        command = self.commands.find(name, channel.guild.id if channel.guild else None)
        if command is None or (channel.guild is not None and not channel.guild.has_bot):
            raise NotOfferedError(f"there is no command /{name} here")
        return command

    def _seen(self, user: User, message: Message) -> list[Json]:
        """The buttons and selects of a message this user can see."""
        self._must_be_here(user, message.channel)
        if message.deleted or message.visible_to not in (None, user):
            raise NotOfferedError(f"{user.name} does not see this message")
        return list(message.parts)

    def _must_be_here(self, user: User, channel: Channel) -> None:
        if user not in channel.audience():
            raise NotOfferedError(f"{user.name} is not in this channel")

    # ---- what users see

    def messages(self, channel: Channel) -> list[Message]:
        """What stands in a channel for everyone, oldest first."""
        return [message for message in channel.messages.values() if not message.flags & LOADING]

    def dms(self, user: User) -> list[Message]:
        """What the bot wrote to this user in private, oldest first."""
        return [message for message in self.messages(self.dm(user)) if message.author is self.bot]

    async def wait_message(
        self,
        where: Channel | User,
        predicate: Callable[[Message], object] | None = None,
        *,
        after: Message | None = None,
        timeout: float = PATIENCE,
    ) -> Message:
        """The bot's oldest message in a channel, or to a user, for which the predicate holds, once it does.

        Messages that are there already count, but only those `after` the given one.
        """
        channel = self.dm(where) if isinstance(where, User) else where

        def look() -> Message | None:
            for message in self.messages(channel):
                new = after is None or message.id > after.id
                if message.author is self.bot and new and (predicate is None or predicate(message)):
                    return message
            return None

        return await self.pulse.until(look, timeout, "message")

    async def ready(self, *, identified: int = 1, timeout: float = PATIENCE) -> None:
        """Waits until the bot is connected and has identified (and got READY) so many times in all."""

        def look() -> bool | None:
            return True if self.gateway.identified >= identified and self.gateway.connected else None

        await self.pulse.until(look, timeout, "READY")

    async def resumed(self, *, times: int = 1, timeout: float = PATIENCE) -> None:
        """Waits until the bot has resumed a session so many times in all."""
        await self.pulse.until(lambda: True if self.gateway.resumed >= times else None, timeout, "RESUMED")

    # ---- rules that need the whole server

    def keep(self, channel: Channel, upload: Upload, *, ephemeral: bool = False) -> Attachment:
        """Stores a file and gives it the address it is served under."""
        number = self.new_id()
        filename = upload.filename.replace(" ", "_")
        path = f"{channel.id}/{number}/{filename}"
        url = f"{self.api_url.removesuffix(API_PATH)}/attachments/{quote(path)}"
        media = upload.content_type
        media = guessed_type(upload.filename) if media == "application/octet-stream" else media
        attachment = Attachment(number, filename, upload.data, media, url, ephemeral=ephemeral)
        self.files[path] = attachment
        return attachment

    def nonce_seen(self, channel: Channel, nonce: str) -> Message | None:
        """The bot's message of this channel that had this nonce, while Discord still remembers it."""
        message = channel.nonces.get(nonce)
        if message is not None and self.clock() < message.created_at + self.nonce_window:
            return message
        return None
