"""The gateway's shards: which of them this process serves, through every loss of the connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial

import discord

from bot.delivery import BadToken
from bot.leases import Leases
from bot.platforms.discord.connection import Client
from bot.platforms.discord.outgoing import UNREACHABLE

log = logging.getLogger(__name__)

BACKOFF = (1, 2, 5, 10, 30, 60)
"""Seconds between tries to log in while Discord cannot be reached; the last one is repeated."""

IDENTIFY_SECONDS = 5.5
"""Between two IDENTIFYs with one token: 5 (Discord, Gateway, "Rate Limiting", for a `max_concurrency` of 1), and what
one connection may take longer to open than the next."""

CANCEL_AGAIN_SECONDS = 1
"""Between one cancellation of a connection and the next, while it has not ended."""

WRONG_TOKEN = 4004
"""Authentication failed (Discord, "Gateway Close Event Codes")."""

REFUSED_WORDS = "Discord does not take DISCORD_TOKEN. Copy it anew from the developer portal."


class Shards:
    """The shards of one token. `connect` makes the client of a shard, as yet without any connection."""

    def __init__(
        self, token: str, count: int, connect: Callable[[int], Client], leases: Leases | None, name: str
    ) -> None:
        """`name` is the token's; a shard's lease is called `name:shard`. Without leases all shards are ours."""
        self.clients: dict[int, Client] = {}
        self.serving: set[int] = set()
        self.standing: dict[int, tuple[bool, float]] = {}
        """Whether each shard that is ours is connected, and the loop's time since which it is so."""
        self._token = token
        self._connect = connect
        self._leases = leases
        self._name = name
        self._names = tuple(f"{name}:{shard}" for shard in range(count))
        self._one_at_a_time = asyncio.Lock()
        self._turns: set[asyncio.Task[None]] = set()

    @property
    def held(self) -> int:
        """How many of them are certainly ours at this moment."""
        return len(self._names) if self._leases is None else sum(map(self._leases.holds, self._names))

    async def run(self) -> None:
        """Serve whatever falls to us, until cancelled. Raises BadToken."""
        try:
            if len(self._names) == 1:
                await self._alone()
            else:
                await self._several()
        except BaseExceptionGroup as failed:
            # The shards share one token.
            refused = failed.subgroup(BadToken)
            if refused is None:
                raise
            raise _first(refused) from None
        finally:
            for turn in self._turns:
                turn.cancel()
            await asyncio.gather(*self._turns, return_exceptions=True)

    async def _alone(self) -> None:
        if self._leases is None:
            await self._serve(self._names[0])
        else:
            await self._leases.keep(self._names[0], partial(self._serve, self._names[0]))

    async def _several(self) -> None:
        if self._leases is not None:
            await self._leases.share(self._names, self._serve)
            return
        async with asyncio.TaskGroup() as tasks:
            for name in self._names:
                tasks.create_task(self._serve(name), name=name)

    async def identifying(self) -> None:
        """Wait until one more IDENTIFY may leave: one in IDENTIFY_SECONDS, over all processes that share leases."""
        if len(self._names) == 1:
            return
        allowed = asyncio.get_running_loop().create_future()
        turn = asyncio.create_task(self._turn(allowed))
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)
        try:
            await asyncio.wait({turn, allowed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Nobody waits for it any more; whose turn it would be goes on to the next.
            if not allowed.done():
                allowed.cancel()
                turn.cancel()
        if turn.done():
            turn.result()

    async def _turn(self, allowed: asyncio.Future[None]) -> None:
        async def take(_fence: int) -> None:
            if not allowed.done():
                allowed.set_result(None)
            await asyncio.sleep(IDENTIFY_SECONDS)

        async with self._one_at_a_time:
            if self._leases is None:
                await take(0)
            else:
                await self._leases.keep(f"{self._name}:identify", take)

    def turned(self, shard: int, connected: bool) -> None:
        """A shard is connected, or is not any more. What is said twice is so since the first time."""
        before = self.standing.get(shard)
        if before is not None and before[0] != connected:
            self.standing[shard] = connected, asyncio.get_running_loop().time()

    async def _serve(self, name: str, _fence: int = 0) -> None:
        shard = self._names.index(name)
        self.serving.add(shard)
        self.standing[shard] = False, asyncio.get_running_loop().time()
        try:
            await self._stay_connected(shard)
        finally:
            self.serving.discard(shard)
            self.standing.pop(shard, None)

    async def _stay_connected(self, shard: int) -> None:
        failures = 0
        while True:
            try:
                async with self._connect(shard) as client:
                    await client.login(self._token)
                    failures = 0
                    self.clients[shard] = client
                    await self.identifying()
                    await _to_its_end(client.connect())
                return
            except discord.LoginFailure:
                raise BadToken(REFUSED_WORDS) from None
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
                self.clients.pop(shard, None)
                self.turned(shard, False)
            await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
            failures += 1


async def _to_its_end(connecting: Coroutine[object, object, None]) -> None:
    """Stay connected; when cancelled, cancel that until it has ended.

    discord.py waits for its gateway by asyncio.wait_for, which on Python 3.11 raises what went wrong in the moment of
    a cancellation in its place, and would try again for ever.
    """
    task = asyncio.create_task(connecting)
    try:
        await asyncio.wait({task})
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN_SECONDS)
        if not task.cancelled():
            task.exception()
    task.result()


def _first(group: BaseExceptionGroup[BadToken]) -> BadToken:
    error = group.exceptions[0]
    return error if isinstance(error, BadToken) else _first(error)


def briefly(record: logging.LogRecord) -> bool:
    """Says in a line that the connection was lost, where discord.py shows a traceback each time."""
    if record.exc_info and str(record.msg).startswith("Attempting a reconnect"):
        record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]}", ()
        record.exc_info = None
    return True
