"""The connection to Discord: serves what members do there, and carries cards to channels and private chats."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.cards import Card, Document
from bot.command import Dispatch
from bot.delivery import Address, BadToken, Capabilities, Closed, Doubtful, Gone, Later, Outcome, Rejected, Sent
from bot.platforms.discord import outgoing, slash
from bot.platforms.discord.interactions import handle
from bot.platforms.discord.markdown import PLATFORM
from bot.platforms.discord.private import Private, from_person
from bot.platforms.discord.render import Message, render
from bot.store import pending, people
from bot.text import LANGUAGE
from bot.views.group import greeting

log = logging.getLogger(__name__)

API_URL = Route.BASE
GATEWAY_URL = str(DiscordWebSocket.DEFAULT_GATEWAY)

PATIENCE = 5.0
"""Seconds a request may wait for a rate limit; what takes longer goes back to the courier, who has others to serve."""

SEND_WITHIN = 20.0
"""Seconds until a send is in doubt: discord.py tries again on faults of Discord's, for up to 25."""

FINISH_WITHIN = 5.0
"""Seconds that answers under way are given when we stop."""

BACKOFF = (1, 2, 5, 10, 30, 60)
"""Seconds between tries to log in while Discord cannot be reached; the last one is repeated."""

WRONG_TOKEN = 4004
"""Authentication failed (Discord, "Gateway Close Event Codes")."""

UNREACHABLE = (aiohttp.ClientError, OSError, TimeoutError, discord.HTTPException, discord.RateLimited)
"""How a try to reach Discord fails; a refused token is none of these."""


class DiscordPlatform:
    """Discord, for as many servers as invite us, with one token.

    `api_url` (with its version) and `gateway_url` lead to a stand-in server. discord.py keeps them in its classes: one
    process speaks to one Discord.
    """

    def __init__(
        self, token: str, dispatch: Dispatch, *, api_url: str | None = None, gateway_url: str | None = None
    ) -> None:
        self.name = PLATFORM
        self.capabilities = Capabilities(whispers=True, remembers_key=True)
        self._token = token
        self._dispatch = dispatch
        self._api_url = (api_url or API_URL).rstrip("/")
        self._gateway_url = yarl.URL(gateway_url or GATEWAY_URL)
        self._client: Client | None = None

    async def run(self) -> None:
        """Serve until cancelled, through every loss of the connection. Raises BadToken."""
        Route.BASE = self._api_url
        DiscordWebSocket.DEFAULT_GATEWAY = self._gateway_url
        logging.getLogger("discord.client").addFilter(_briefly)
        failures = 0
        while True:
            try:
                async with Client(self._dispatch, self.send) as client:
                    await client.login(self._token)
                    failures = 0
                    self._client = client
                    await client.connect()
                return
            except discord.LoginFailure:
                raise BadToken("Discord does not take DISCORD_TOKEN. Copy it anew from the developer portal.") from None
            except discord.ConnectionClosed as closed:
                if closed.code == WRONG_TOKEN:
                    raise BadToken("Discord no longer takes DISCORD_TOKEN: it was reset.") from None
                raise
            except UNREACHABLE as error:
                log.warning("Discord cannot be reached: %s", error)
            except AttributeError:
                # discord.py stumbles when its very first connection fails: there is none to resume.
                if getattr(client, "ws", None) is not None:
                    raise
                log.warning("Discord's gateway cannot be reached")
            finally:
                self._client = None
            await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
            failures += 1

    async def send(self, address: Address, card: Card, key: str) -> Outcome:
        """Deliver a card; `Sent` names its first message where it takes several.

        A card that breaks off between its messages is sent whole again with the same key: Discord leaves out those
        it has, for some minutes.
        """
        client = self._client
        if client is None:
            return Later(outgoing.AGAIN, "not connected")
        document = await self._content(client, address, card.document)
        if isinstance(document, Later):
            return document
        messages = render(card, document)
        channel = await self._channel(client, address, messages[0])
        if not isinstance(channel, discord.abc.Messageable):
            return channel
        outcomes = []
        for index, message in enumerate(messages):
            sending = channel.send(nonce=outgoing.nonce(key, index), **outgoing.new(message))
            outcomes.append(await self._sent(client, address, message, sending))
            if not isinstance(outcomes[-1], Sent):
                return outcomes[-1]
        return outcomes[0]

    async def edit(self, address: Address, message: str, card: Card) -> Outcome:
        """Replace a message. A card that takes several messages is rejected: it cannot stand in the place of one."""
        client = self._client
        if client is None:
            return Later(outgoing.AGAIN, "not connected")
        document = await self._content(client, address, card.document)
        if isinstance(document, Later):
            return document
        first, *rest = render(card, document)
        if rest:
            return Rejected(f"a card of {len(rest) + 1} messages cannot take the place of one")
        channel = await self._channel(client, address, first)
        if not isinstance(channel, discord.DMChannel | discord.PartialMessageable):
            return channel
        changes = outgoing.replacing(first)
        if card.document is not None and document is None:
            # It was fetched when it was new; the message keeps it.
            del changes["attachments"]
        editing = channel.get_partial_message(int(message)).edit(**changes)
        return await self._sent(client, address, first, editing)

    @staticmethod
    async def _content(client: Client, address: Address, document: Document | None) -> bytes | Later | None:
        """What is in a document that was given on Discord, to be posted: its address is good for about a day.

        None where there is none, where it is gone, or where we may not attach it; its name stands in the text.
        """
        granted = client.permissions_at(address)
        if document is None or document.platform != PLATFORM or (granted is not None and not granted.attach_files):
            return None
        try:
            async with asyncio.timeout(SEND_WITHIN):
                return await client.http.get_from_cdn(document.reference)
        except (discord.NotFound, discord.Forbidden) as error:
            log.warning("a file that was given is gone: %s", error.status)
            return None
        except UNREACHABLE as error:
            return Later(outgoing.AGAIN, f"a file could not be fetched: {type(error).__name__}")

    async def _channel(
        self, client: Client, address: Address, message: Message
    ) -> discord.DMChannel | discord.PartialMessageable | Outcome:
        """Where an address is; a private chat is opened. Nothing was delivered when that fails."""
        if address.account is None:
            return client.get_partial_messageable(int(address.thread or address.chat))
        try:
            async with asyncio.timeout(SEND_WITHIN):
                return await client.create_dm(discord.Object(int(address.account)))
        except UNREACHABLE as error:
            failed = outgoing.outcome(error, message, None)
        if isinstance(failed, Doubtful):
            return Later(outgoing.AGAIN, failed.reason)
        # There is no private chat with somebody who is not there.
        return Closed(failed.reason) if isinstance(failed, Gone) else failed

    @staticmethod
    async def _sent(
        client: Client, address: Address, message: Message, sending: Coroutine[Any, Any, discord.Message]
    ) -> Outcome:
        try:
            async with asyncio.timeout(SEND_WITHIN):
                return Sent(str((await sending).id))
        except UNREACHABLE as error:
            return outgoing.outcome(error, message, client.permissions_at(address))


class Client(discord.Client):
    """discord.py's client with nothing kept that we do not use: no members, no messages, no views.

    Everything members press or fill in arrives in `on_interaction` and finds its way by what it carries: there is
    nothing to register again after a restart, as there would be with views or dynamic items.
    """

    def __init__(self, dispatch: Dispatch, send: Callable[[Address, Card, str], Coroutine[Any, Any, Outcome]]) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            # Neither is privileged; private messages come with their words.
            intents=discord.Intents(guilds=True, dm_messages=True),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            allowed_mentions=discord.AllowedMentions.none(),
        )
        # The constructor takes no less than 30.
        self.http.max_ratelimit_timeout = PATIENCE
        self._house = dispatch
        self._private = Private(dispatch)
        self._send = send
        self._under_way: set[asyncio.Task[Any]] = set()

    async def setup_hook(self) -> None:
        """Register the commands, unless Discord has them as they are."""
        commands = slash.commands(self._house.registry)
        name, fingerprint = f"{PLATFORM}-commands:{self.application_id}", slash.fingerprint(commands)
        async with self._house.store.reading() as db:
            if await pending.fact(db, name) == fingerprint:
                return
        assert self.application_id is not None, "known since the login"
        try:
            await self.http.bulk_upsert_global_commands(self.application_id, commands)
        except UNREACHABLE as error:
            # The commands Discord knows still work; the next start tries again.
            log.error("Discord did not take the commands: %s", error)
            return
        async with self._house.store.writing() as db:
            await pending.remember(db, name, fingerprint)

    async def on_connect(self) -> None:
        """Discord knows us: whoever starts the bot sees as whom."""
        log.info("connected to Discord as %s", self.user)

    async def close(self) -> None:
        """Finish what is under way, then disconnect."""
        # discord.py would go on waiting for servers, and tell of them after the end.
        waiting = self._connection._ready_task
        while waiting is not None and not waiting.done():
            # One that has just been told of a server swallows this and goes on.
            waiting.cancel()
            await asyncio.sleep(0)
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=FINISH_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await super().close()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """What an event begins is finished before we leave."""
        task = asyncio.current_task()
        assert task is not None, "events are handled in tasks of their own"
        self._under_way.add(task)
        try:
            yield
        finally:
            self._under_way.discard(task)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Somebody used a command, a button, a menu or a modal, or is typing an argument."""
        with self._busy():
            await handle(interaction, self._house)

    async def on_message(self, message: discord.Message) -> None:
        """Somebody wrote to us in private."""
        if from_person(message):
            with self._busy():
                await self._private.hear(message)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server invited us."""
        with self._busy():
            await self._greet(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server we are in is there: after we connected, or after a fault of Discord's. It may have invited us while
        we were away."""
        with self._busy():
            await self._greet(guild)

    async def _greet(self, guild: discord.Guild) -> None:
        """Introduce ourselves where everybody reads, once for each invitation, unless a group lives there already."""
        name, invited = f"{PLATFORM}-greeted:{guild.id}", str(guild.me.joined_at)
        channels = {str(channel.id) for channel in guild.channels}
        async with self._house.store.reading() as db:
            if await pending.fact(db, name) == invited:
                return
            addresses = [home.address for home in await people.every_home(db)]
        if not any(address.platform == PLATFORM and address.chat in channels for address in addresses):
            channel = _open_channel(guild)
            if channel is None:
                log.info("server %s lets us write nowhere", guild.id)
                return
            address, key = Address(PLATFORM, str(channel.id)), f"greeting:{guild.id}:{invited}"
            outcome = await self._send(address, greeting(LANGUAGE), key)
            if not isinstance(outcome, Sent):
                log.warning("server %s was not greeted: %s", guild.id, outcome)
                return
        async with self._house.store.writing() as db:
            await pending.remember(db, name, invited)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """A server removed us: nobody lives in its channels any more."""
        await self._gone(*(Address(PLATFORM, str(channel.id)) for channel in guild.channels))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel is gone, and its threads with it."""
        await self._gone(Address(PLATFORM, str(channel.id)))

    async def on_raw_thread_delete(self, thread: discord.RawThreadDeleteEvent) -> None:
        """A thread is gone."""
        await self._gone(Address(PLATFORM, str(thread.parent_id), str(thread.thread_id)))

    def permissions_at(self, address: Address) -> discord.Permissions | None:
        """What we may do in a channel or thread of a server, where we know it."""
        channel = None if address.account else self.get_channel(int(address.thread or address.chat))
        if not isinstance(channel, discord.abc.GuildChannel | discord.Thread) or channel.guild.me is None:
            return None
        return channel.permissions_for(channel.guild.me)

    async def _gone(self, *addresses: Address) -> None:
        with self._busy():
            async with self._house.store.writing() as db:
                for address in addresses:
                    await people.home_gone(db, address, self._house.clock())


def _briefly(record: logging.LogRecord) -> bool:
    """Says in a line that the connection was lost, where discord.py shows a traceback each time."""
    if record.exc_info and str(record.msg).startswith("Attempting a reconnect"):
        record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]}", ()
        record.exc_info = None
    return True


def _open_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Where news of a server stand, else its first channel that takes a message of ours."""

    def open_to_us(channel: discord.TextChannel) -> bool:
        granted = channel.permissions_for(guild.me)
        return granted.view_channel and granted.send_messages and granted.embed_links

    first = [guild.system_channel] if guild.system_channel else []
    return next((channel for channel in (*first, *guild.text_channels) if open_to_us(channel)), None)
