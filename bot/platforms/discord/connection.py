"""One connection to Discord: discord.py's client, which hands on what it hears."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager

import discord

from bot.cards import Card
from bot.command import Hearing
from bot.command.heard import BotAdded, BotGreeted, BotRemoved
from bot.delivery import Address, Outcome, Sent
from bot.memory import Memory
from bot.platforms.discord import limits, outgoing, slash
from bot.platforms.discord.interactions import handle
from bot.platforms.discord.limits import Limits
from bot.platforms.discord.markdown import PLATFORM
from bot.platforms.discord.private import Private, from_person

log = logging.getLogger(__name__)

ROUTE_SECONDS = 5.0
"""Seconds a request may wait for its route's limit; what takes longer goes back to the courier."""

FINISH_WITHIN = 5.0
"""Seconds that answers under way are given when we stop."""


class Client(discord.Client):
    """discord.py's client with nothing kept that we do not use: no members, no messages, no views.

    Everything members press or fill in arrives in `on_interaction` and finds its way by what it carries: there is
    nothing to register again after a restart, as there would be with views or dynamic items.
    """

    def __init__(
        self,
        hearing: Hearing,
        memory: Memory,
        send: Callable[[Address, Card, str], Coroutine[object, object, Outcome]],
        passing: Limits,
        *,
        shard: int = 0,
        shards: int = 1,
        identifying: Callable[[], Awaitable[None]] | None = None,
        turned: Callable[[bool], None] = lambda _connected: None,
    ) -> None:
        """`shard` of `shards` is what it hears; `identifying` waits until it may say so once more.

        `turned` is told whenever the gateway is connected, and when it is lost.
        """
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            # Neither is privileged; private messages come with their words.
            intents=discord.Intents(guilds=True, dm_messages=True),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=passing.trace(),
            shard_id=shard,
            shard_count=shards,
        )
        # The constructor takes no less than 30.
        self.http.max_ratelimit_timeout = ROUTE_SECONDS
        limits.forget_as_we_go(self.http)
        self._hearing = hearing
        self._memory = memory
        self._private = Private(hearing)
        self._send = send
        self._identifying = identifying
        self._turned = turned
        self._under_way: set[asyncio.Task[object]] = set()
        self.connected = False
        """Whether the gateway hears us at the moment; `is_ready` says whether we know our servers."""

    async def setup_hook(self) -> None:
        """Register the commands, unless Discord has them as they are."""
        self.http._global_over = limits.Open()
        commands = slash.commands(self._hearing.registry)
        assert self.application_id is not None, "known since the login"
        bot, fingerprint = str(self.application_id), slash.fingerprint(commands)
        if await self._memory.commands_offered(bot) == fingerprint:
            return
        try:
            await self.http.bulk_upsert_global_commands(self.application_id, commands)
        except outgoing.UNREACHABLE as error:
            # The commands Discord knows still work; the next start tries again.
            log.error("Discord did not take the commands: %s", error)
            return
        await self._memory.remember_commands_offered(bot, fingerprint)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord takes one IDENTIFY in five seconds from a token; the first of all has waited for that already."""
        if initial or self._identifying is None:
            await super().before_identify_hook(shard_id, initial=initial)
        else:
            await self._identifying()

    async def on_connect(self) -> None:
        """Discord knows us: whoever starts the bot sees as whom."""
        self.connected = True
        self._turned(True)
        log.info("connected to Discord as %s", self.user)

    async def on_resumed(self) -> None:
        """The connection is back."""
        self.connected = True
        self._turned(True)

    async def on_disconnect(self) -> None:
        """The connection is lost; discord.py tries to get it back."""
        self.connected = False
        self._turned(False)

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
            await handle(interaction, self._hearing)

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
        server, invited = str(guild.id), str(guild.me.joined_at)
        chats = [str(channel.id) for channel in guild.channels]
        added = BotAdded(PLATFORM, server, invited, chats, keyed=True)
        card = await self._hearing.added(added)
        if card is None:
            return
        channel = _open_channel(guild)
        if channel is None:
            log.info("server %s lets us write nowhere", guild.id)
            return
        outcome = await self._send(Address(PLATFORM, str(channel.id)), card, f"greeting:{server}:{invited}")
        if isinstance(outcome, Sent):
            await self._hearing.notice(BotGreeted(added))
        else:
            log.warning("server %s was not greeted: %s", guild.id, outcome)

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
            await self._hearing.notice(BotRemoved(addresses))


def _open_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Where news of a server stand, else its first channel that takes a message of ours."""

    def open_to_us(channel: discord.TextChannel) -> bool:
        granted = channel.permissions_for(guild.me)
        return granted.view_channel and granted.send_messages and granted.embed_links

    first = [guild.system_channel] if guild.system_channel else []
    return next((channel for channel in (*first, *guild.text_channels) if open_to_us(channel)), None)
