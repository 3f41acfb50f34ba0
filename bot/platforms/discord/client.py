"""Discord as one of the platforms."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import logging
from collections.abc import Coroutine
from datetime import datetime
from functools import partial

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.cards import Attachment, Card, Document
from bot.command import Hearing
from bot.delivery import Address, Capabilities, Closed, Doubtful, Gone, Later, Outcome, Rejected, Sent, Status
from bot.leases import Leases
from bot.memory import Memory
from bot.platforms.discord import outgoing, search
from bot.platforms.discord.chats import Chats
from bot.platforms.discord.connection import Client
from bot.platforms.discord.limits import PER_SECOND, Limits, attempt, share
from bot.platforms.discord.markdown import PLATFORM
from bot.platforms.discord.outgoing import UNREACHABLE
from bot.platforms.discord.render import RenderedMessage, marked, render
from bot.platforms.discord.shards import Shards, briefly

log = logging.getLogger(__name__)

API_URL = Route.BASE
GATEWAY_URL = str(DiscordWebSocket.DEFAULT_GATEWAY)

SEND_WITHIN = 20.0
"""Seconds until a send is in doubt: discord.py tries again on faults of Discord's, for up to 25."""

RATE_WINDOW_SECONDS = 1.0
"""The window of Discord's limit on requests (Rate Limits, "Global Rate Limit")."""


class DiscordPlatform:
    """Discord, for as many servers as invite us, with one token.

    `api_url` (with its version) and `gateway_url` lead to a stand-in server. discord.py keeps them in its classes: one
    process speaks to one Discord. Of `shards` this process serves those whose `leases` it gets, and all without leases;
    it can send with none.
    """

    def __init__(
        self,
        token: str,
        hearing: Hearing,
        memory: Memory,
        *,
        api_url: str | None = None,
        gateway_url: str | None = None,
        shards: int = 1,
        leases: Leases | None = None,
    ) -> None:
        self.name = PLATFORM
        self.capabilities = Capabilities(whispers=True, remembers_for=outgoing.REMEMBERED_MESSAGES, shared=shards > 1)
        self.lease = f"{PLATFORM}:{owner(token)}"
        self._token = token
        self._hearing = hearing
        self._memory = memory
        self._api_url = (api_url or API_URL).rstrip("/")
        self._gateway_url = yarl.URL(gateway_url or GATEWAY_URL)
        self._count = shards
        self.limits = Limits(self._api_url, shards, self._share)
        self._leases = leases
        self._shards = Shards(token, shards, self._connection, leases, self.lease)
        self._running = asyncio.Event()
        # For sending, where no shard is ours.
        self._desk: Client | None = None
        self._opening = asyncio.Lock()
        self._chats = Chats(memory)

    @property
    def invalid_responses(self) -> int:
        """Answers of 401, 403 and 429 in the last ten minutes, of which Discord allows 10,000."""
        return self.limits.invalid_responses

    @property
    def connected(self) -> list[int]:
        """The shards that this process serves, as far as they are connected."""
        return sorted(shard for shard, client in self._shards.clients.items() if client.connected)

    async def run(self) -> None:
        """Serve until cancelled, through every loss of the connection. Raises BadToken."""
        Route.BASE = self._api_url
        DiscordWebSocket.DEFAULT_GATEWAY = self._gateway_url
        logging.getLogger("discord.client").addFilter(briefly)
        self._running.set()
        try:
            await self._shards.run()
        finally:
            self._running.clear()
            async with self._opening:
                desk, self._desk = self._desk, None
            if desk is not None:
                await desk.close()
            await self._chats.close()

    def _share(self) -> float:
        """Requests a second that are this process's at the moment: all, unless others serve the token too."""
        if self._leases is None or self._leases.alone or self._count == 1:
            return PER_SECOND
        return share(self._leases.holds(self.lease), self._shards.held, self._count)

    def resume(self) -> None:
        """Begin as if the last second's requests had all been made."""
        self.limits.pace.halt(RATE_WINDOW_SECONDS)

    def delay(self, address: Address) -> float:
        """Seconds until a delivery may leave: the pace's halts, and the breaker before Discord's ban.

        Some while there is nothing to send through: what is handed over then would only come back.
        """
        sender = self._desk is not None or self._shards.clients or (self._running.is_set() and not self._shards.serving)
        return self.limits.delay() if sender else outgoing.AGAIN_SECONDS

    def status(self) -> Status:
        """How the shards are that fall to this process; the worst of them speaks for all."""
        now = asyncio.get_running_loop().time()
        standing = self._shards.standing.values()
        lost = [since for connected, since in standing if not connected]
        since = min(lost) if lost else max((since for _, since in standing), default=now)
        return Status(
            connected=bool(standing) and not lost,
            seconds=now - since,
            how="gateway",
            latency=max((client.latency for client in self._shards.clients.values()), default=None),
            standby=self._running.is_set() and not standing,
        )

    async def send(self, address: Address, card: Card, key: str) -> Outcome:
        """Deliver a card; `Sent` names its first message where it takes several.

        A card that breaks off between its messages is sent whole again with the same key: Discord leaves out those
        it has, for some minutes.
        """
        client = await self._sender()
        if isinstance(client, Later):
            return client
        document = await self._content(client, address, card.document)
        if isinstance(document, Later):
            return document
        messages = render(card, document)
        outcome = await self._post(client, address, messages, key)
        if isinstance(outcome, Gone) and self._chats.forget(address.account):
            # Not the person, but the channel that we remembered: it is opened anew, once.
            outcome = await self._post(client, address, messages, key)
        return outcome

    async def _post(self, client: Client, address: Address, messages: tuple[RenderedMessage, ...], key: str) -> Outcome:
        channel = await self._channel(client, address)
        if not isinstance(channel, discord.PartialMessageable):
            return channel
        outcomes = []
        for index, message in enumerate(messages):
            known = outgoing.nonce(key, index)
            sending = channel.send(nonce=known, **outgoing.new(marked(message, known)))
            outcomes.append(await self._sent(address, message, sending))
            if not isinstance(outcomes[-1], Sent):
                return outcomes[-1]
        return outcomes[0]

    async def edit(self, address: Address, message: str, card: Card) -> Outcome:
        """Replace a message. A card that takes several messages is rejected: it cannot stand in the place of one."""
        client = await self._sender()
        if isinstance(client, Later):
            return client
        document = await self._content(client, address, card.document)
        if isinstance(document, Later):
            return document
        first, *rest = render(card, document)
        if rest:
            return Rejected(f"a card of {len(rest) + 1} messages cannot take the place of one")
        channel = await self._channel(client, address)
        if not isinstance(channel, discord.PartialMessageable):
            return channel
        changes = outgoing.replacing(first)
        if isinstance(card.document, Document) and document is None:
            # It was fetched when it was new; the message keeps it.
            del changes["attachments"]
        editing = channel.get_partial_message(int(message)).edit(**changes)
        return await self._sent(address, first, editing)

    async def find(self, address: Address, card: Card, key: str, since: datetime) -> Outcome | None:
        """Look for a card in its channel's history; `Sent` names its first message, as `send` does.

        A document does not count: its name stands in the words.
        """
        client = await self._sender()
        if isinstance(client, Later):
            return client
        assert client.user is not None, "known since the login"
        channel = await self._channel(client, address)
        if not isinstance(channel, discord.PartialMessageable):
            return channel
        messages = [(outgoing.nonce(key, index), message) for index, message in enumerate(render(card))]
        try:
            async with asyncio.timeout(SEND_WITHIN):
                return await search.look(
                    client.http, channel.id, client.user.id, messages, since, private=address.account is not None
                )
        except UNREACHABLE as error:
            failed = outgoing.outcome(error, messages[0][1], self._permissions(address))
        # Nothing was sent, so nothing is in more doubt than before.
        if isinstance(failed, Doubtful):
            return Later(outgoing.AGAIN_SECONDS, failed.reason)
        return failed if isinstance(failed, Later | Gone) else Doubtful("we may not read the channel's history")

    # ---------------------------------------------------------------- through what, and where

    def _connection(self, shard: int) -> Client:
        return Client(
            self._hearing,
            self._memory,
            self.send,
            self.limits,
            shard=shard,
            shards=self._count,
            identifying=self._shards.identifying if self._count > 1 else None,
            turned=partial(self._shards.turned, shard),
        )

    async def _sender(self) -> Client | Later:
        """The client to send through: of a shard of ours, else one that is logged in and hears nothing."""
        if self._desk is None and self._shards.clients:
            return next(iter(self._shards.clients.values()))
        if self._desk is None and self._shards.serving:
            return Later(outgoing.AGAIN_SECONDS, "not connected")
        async with self._opening:
            if not self._running.is_set():
                return Later(outgoing.AGAIN_SECONDS, "not connected")
            if self._desk is None:
                desk = self._connection(0)
                try:
                    async with asyncio.timeout(SEND_WITHIN):
                        await desk.login(self._token)
                except (*UNREACHABLE, discord.LoginFailure) as error:
                    await desk.close()
                    refused = isinstance(error, discord.LoginFailure)
                    return Later(outgoing.REFUSED_SECONDS if refused else outgoing.AGAIN_SECONDS, "not connected")
                self._desk = desk
            return self._desk

    def _known(self, address: Address) -> discord.Permissions | None:
        """What we may do in a channel or thread of a server, where we know it."""
        found = (client.permissions_at(address) for client in self._shards.clients.values())
        return next((permissions for permissions in found if permissions is not None), None)

    def _permissions(self, address: Address) -> discord.Permissions | None:
        """The same for what was refused; None means that we are not there: every server of ours is known to us then."""
        known = self._known(address)
        everything = sum(client.is_ready() for client in self._shards.clients.values()) == self._count
        # A private chat where we are not is somebody else's: there are no permissions in one.
        hidden = known is None and address.account is None and not everything
        return discord.Permissions.none() if hidden else known

    async def _content(
        self, client: Client, address: Address, document: Document | Attachment | None
    ) -> bytes | Later | None:
        """What is in a document that was given on Discord, to be posted: its address is good for about a day.

        None where there is none, where it is gone, or where we may not attach it; its name stands in the text.
        """
        if not isinstance(document, Document) or document.platform != PLATFORM:
            return None
        granted = self._known(address)
        if granted is not None and not granted.attach_files:
            return None
        try:
            async with asyncio.timeout(SEND_WITHIN):
                return await client.http.get_from_cdn(document.reference)
        except (discord.NotFound, discord.Forbidden) as error:
            log.warning("a file that was given is gone: %s", error.status)
            return None
        except UNREACHABLE as error:
            return Later(outgoing.AGAIN_SECONDS, f"a file could not be fetched: {type(error).__name__}")

    async def _channel(self, client: Client, address: Address) -> discord.PartialMessageable | Outcome:
        """Where an address is; a private chat is opened. Nothing was delivered when that fails."""
        if address.account is None:
            return client.get_partial_messageable(int(address.thread or address.chat))
        if (known := await self._chats.channel(address.account)) is not None:
            return client.get_partial_messageable(known)
        try:
            async with asyncio.timeout(SEND_WITHIN):
                opened = await client.http.start_private_message(int(address.account))
        except UNREACHABLE as error:
            failed = outgoing.outcome(error, RenderedMessage(""), None)
        else:
            self._chats.opened(address.account, int(opened["id"]))
            return client.get_partial_messageable(int(opened["id"]))
        if isinstance(failed, Doubtful):
            return Later(outgoing.AGAIN_SECONDS, failed.reason)
        # There is no private chat with somebody who is not there.
        return Closed(failed.reason) if isinstance(failed, Gone) else failed

    async def _sent(
        self, address: Address, message: RenderedMessage, sending: Coroutine[object, object, discord.Message]
    ) -> Outcome:
        with attempt() as tried:
            try:
                async with asyncio.timeout(SEND_WITHIN):
                    return Sent(str((await sending).id))
            except UNREACHABLE as error:
                failed = outgoing.outcome(error, message, self._permissions(address))
        if isinstance(failed, Later) and tried.doubtful:
            # Discord failed at the first try, and had us wait before the next one.
            return Doubtful(failed.reason)
        if isinstance(failed, Doubtful) and not tried.doubtful:
            return Later(outgoing.AGAIN_SECONDS, failed.reason)
        return failed


def owner(token: str) -> str:
    """Whose token it is: the bot's id, with which Discord's tokens begin; of any other token a digest."""
    first = token.partition(".")[0]
    try:
        id = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        id = ""
    return id if id.isdecimal() else hashlib.sha256(token.encode()).hexdigest()[:20]
