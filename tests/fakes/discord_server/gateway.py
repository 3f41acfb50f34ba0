"""The websocket side: sessions, heartbeats, compression, events, and the ways a connection ends."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from .places import (
    GUILD_MEMBERS,
    GUILD_PRESENCES,
    MESSAGE_CONTENT,
    Channel,
    Guild,
    Json,
)
from .traffic import Pulse

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT = 0, 1, 2, 3, 4, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11

UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, WRONG_TOKEN, ALREADY_AUTHENTICATED = range(4001, 4006)
INVALID_SHARD, INVALID_INTENTS, DISALLOWED_INTENTS = 4010, 4013, 4014
"""Close codes (Discord, Opcodes and Status Codes)."""

PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT


@dataclass(eq=False)
class Session:
    """What outlives a connection: who identified, and every event, so that it can be resumed."""

    id: str
    intents: int
    shard: tuple[int, int]
    events: list[Json] = field(default_factory=list)
    connection: Connection | None = None

    def wants(self, intent: int, place: Guild | Channel | None) -> bool:
        """Whether an event of this intent and place is for this session (Discord, Gateway, "Sharding")."""
        guild = place.guild if isinstance(place, Channel) else place
        shard = (guild.id >> 22) % self.shard[1] if guild is not None else 0
        return (self.intents & intent) == intent and shard == self.shard[0]

    def dispatch(self, event: str, data: Json) -> None:
        payload = {"op": DISPATCH, "t": event, "s": len(self.events) + 1, "d": data}
        self.events.append(payload)
        if self.connection is not None:
            self.connection.send(payload)


class Connection:
    """One open websocket: an orderly way out for payloads, compressed as the client asked."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.session: Session | None = None
        self._transport = request.transport
        self._outgoing: asyncio.Queue[Json] = asyncio.Queue()
        self._compress = _compressor(request.query.get("compress", ""))

    def send(self, payload: Json) -> None:
        self._outgoing.put_nowait(payload)

    async def write(self) -> None:
        """Sends what is queued until the connection ends."""
        with contextlib.suppress(ConnectionError):
            while True:
                text = json.dumps(await self._outgoing.get())
                if self._compress is None:
                    await self.socket.send_str(text)
                else:
                    await self.socket.send_bytes(self._compress(text.encode()))

    def abort(self) -> None:
        """Breaks the connection without a word, as a lost network does."""
        if self._transport is not None:
            self._transport.abort()


def _compressor(name: str) -> Callable[[bytes], bytes] | None:
    """One stream for a connection, flushed at each payload (Discord, Gateway, "Transport Compression")."""
    if name == "zlib-stream":
        stream = zlib.compressobj()
        return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    if name == "zstd-stream":
        # Asked for only by clients in a Python that has one of the two.
        try:
            zstd: Any = importlib.import_module("compression.zstd").ZstdCompressor()
            flush = zstd.FLUSH_BLOCK
        except ModuleNotFoundError:
            module: Any = importlib.import_module("zstandard")
            zstd, flush = module.ZstdCompressor().compressobj(), module.COMPRESSOBJ_FLUSH_BLOCK
        return lambda data: bytes(zstd.compress(data) + zstd.flush(flush))
    return None


class ProtocolError(Exception):
    """The client broke the protocol: the connection closes with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Gateway:
    """All sessions and connections.

    `introduce` gives READY's own part and the GUILD_CREATE events for a session. `privileged` are the
    privileged intents switched on for the application; `heartbeat_interval` is in milliseconds.
    """

    def __init__(
        self,
        *,
        token: Callable[[], str],
        introduce: Callable[[Session], tuple[Json, list[Json]]],
        pulse: Pulse,
    ) -> None:
        self.privileged = 0
        self.heartbeat_interval = 41_250
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        # The loop's times of those: Discord takes one in five seconds from a token.
        self.identified_at: list[float] = []
        self.resumed = 0
        self.heartbeats = 0
        self.closed_with: list[int] = []
        self._connections: set[Connection] = set()
        self._token = token
        self._introduce = introduce
        self._pulse = pulse
        self._numbered = 0

    @property
    def connected(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.connection is not None]

    def dispatch(self, event: str, data: Json, *, intent: int, place: Guild | Channel | None) -> None:
        """Sends an event to the sessions it is for, or keeps it for when they resume."""
        for session in self.sessions.values():
            if session.wants(intent, place):
                session.dispatch(event, data)

    def drop(self) -> None:
        """Breaks every connection abruptly; sessions can be resumed."""
        for connection in list(self._connections):
            self._leave(connection)
            connection.abort()

    def ask_to_reconnect(self) -> None:
        """Sends op 7, after which a client closes and resumes."""
        for connection in self._connections:
            connection.send({"op": RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Sends op 9; a session that is not resumable is forgotten, and the client identifies anew."""
        for connection in self._connections:
            if not resumable and connection.session is not None:
                self.sessions.pop(connection.session.id, None)
            connection.send({"op": INVALID_SESSION, "d": resumable})

    async def close(self) -> None:
        """Closes every connection with 1001, going away."""
        for connection in list(self._connections):
            await connection.socket.close(code=1001)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Handles one websocket from its opening to its end."""
        socket = web.WebSocketResponse(max_msg_size=16_384, timeout=1.0)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self._connections.add(connection)
        connection.send({"op": HELLO, "d": {"heartbeat_interval": self.heartbeat_interval}})
        writer = asyncio.create_task(connection.write())
        try:
            await self._read(connection)
        except ProtocolError as refused:
            self.closed_with.append(refused.code)
            await socket.close(code=refused.code, message=str(refused).encode())
        finally:
            writer.cancel()
            self._leave(connection, ended=socket.close_code in (1000, 1001))
            self._pulse.beat()
        return socket

    def _leave(self, connection: Connection, *, ended: bool = False) -> None:
        """Parts the session from its connection; one that a client closes with 1000 or 1001 is over."""
        self._connections.discard(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            if ended:
                self.sessions.pop(session.id, None)

    async def _read(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                break
            try:
                payload = json.loads(message.data)
                opcode, data = payload["op"], payload.get("d")
            except (ValueError, KeyError, TypeError):
                raise ProtocolError(DECODE_ERROR, "Error while decoding payload.") from None
            self._take(connection, opcode, data)
            self._pulse.beat()

    def _take(self, connection: Connection, opcode: int, data: Any) -> None:
        if opcode == HEARTBEAT:
            self.heartbeats += 1
            connection.send({"op": HEARTBEAT_ACK, "d": None})
        elif opcode == IDENTIFY:
            self._identify(connection, data)
        elif opcode == RESUME:
            self._resume(connection, data)
        elif opcode not in (PRESENCE, VOICE, REQUEST_MEMBERS):
            raise ProtocolError(UNKNOWN_OPCODE, "Unknown opcode.")
        elif connection.session is None:
            raise ProtocolError(NOT_AUTHENTICATED, "Not authenticated.")

    def _identify(self, connection: Connection, data: Json) -> None:
        if connection.session is not None:
            raise ProtocolError(ALREADY_AUTHENTICATED, "Already authenticated.")
        if data.get("token") != self._token():
            raise ProtocolError(WRONG_TOKEN, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents >= 1 << 26:
            raise ProtocolError(INVALID_INTENTS, "Invalid intent(s).")
        if intents & PRIVILEGED & ~self.privileged:
            raise ProtocolError(DISALLOWED_INTENTS, "Disallowed intent(s).")
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            raise ProtocolError(INVALID_SHARD, "Invalid shard.")
        self._numbered += 1
        session = Session(f"session{self._numbered:04d}", intents, (number, count), connection=connection)
        connection.session = session
        self.sessions[session.id] = session
        ready, guilds = self._introduce(session)
        session.dispatch("READY", {"v": 10, "session_id": session.id, "shard": [number, count], **ready})
        for guild in guilds:
            session.dispatch("GUILD_CREATE", guild)
        self.identified += 1
        self.identified_at.append(asyncio.get_running_loop().time())

    def _resume(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self._token():
            raise ProtocolError(WRONG_TOKEN, "Authentication failed.")
        session = self.sessions.get(str(data.get("session_id")))
        if session is None:
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        # The old connection may not have noticed that it is gone.
        if session.connection is not None and session.connection is not connection:
            session.connection.abort()
        connection.session, session.connection = session, connection
        for event in session.events[int(data["seq"]) :]:
            connection.send(event)
        session.dispatch("RESUMED", {})
        self.resumed += 1
