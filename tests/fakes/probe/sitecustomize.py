"""On a process's path, notes of it from inside: how long its event loop was busy, and when it wrote its requests.

Python imports a module of this name by itself, so that the process is started as ever. A stretch is the time between
two waits of the event loop: whatever comes in meanwhile waits. Those that are long are written at the end, as lines of
JSON, to the file that ROADMATE_PROBE names: when it ended (monotonic seconds), seconds that passed, seconds of CPU time
of its thread, and the callback that took the longest, with what of it the garbage collector took.

Of every request a line is added to a file in the folder that ROADMATE_SENT names, right before the system takes it:
monotonic seconds, its path, and the `chat_id` in its body or 0; and of every answer that asks for patience, right after
it was read: monotonic seconds, 429, and whose it is. What a killed process has noted is there.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import json
import os
import re
import selectors
import socket
import time
from pathlib import Path
from typing import Any

LONG = 0.01


class _Probe:
    """The stretch that goes on, and the long ones there were."""

    def __init__(self) -> None:
        self.began = self.cpu = self.longest = self.collecting = self.collected = 0.0
        self.handle: Any = None
        self.long: list[tuple[float, float, float, str]] = []

    def wakes(self) -> None:
        self.began, self.cpu, self.longest, self.handle = time.monotonic(), time.thread_time(), 0.0, None
        self.collected = 0.0

    def waits(self) -> None:
        now = time.monotonic()
        if self.began and now - self.began > LONG:
            used = time.thread_time() - self.cpu
            what = f"garbage {1000 * self.collected:.0f} ms, {self.handle!r}"
            self.long.append((now, now - self.began, used, what[:300]))

    def ran(self, handle: Any, seconds: float) -> None:
        if seconds > self.longest:
            self.longest, self.handle = seconds, handle

    def collects(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self.collecting = time.monotonic()
        else:
            self.collected += time.monotonic() - self.collecting

    def write(self, file: Path) -> None:
        file.write_text("".join(f"{json.dumps(stretch)}\n" for stretch in self.long), encoding="utf-8")


def _install(file: Path) -> None:
    probe = _Probe()
    select, run = selectors.DefaultSelector.select, asyncio.Handle._run

    def watched_select(self: Any, timeout: float | None = None) -> Any:
        probe.waits()
        try:
            return select(self, timeout)
        finally:
            probe.wakes()

    def watched_run(self: Any) -> None:
        began = time.monotonic()
        run(self)
        probe.ran(self, time.monotonic() - began)

    selectors.DefaultSelector.select = watched_select  # type: ignore[method-assign]
    asyncio.Handle._run = watched_run  # type: ignore[method-assign]
    gc.callbacks.append(probe.collects)
    atexit.register(probe.write, file)


REQUEST = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.1\r\n")
PATIENCE = b"HTTP/1.1 429 "
CHAT = re.compile(rb'"chat_id": ?"?(-?\d+)')


def _note_requests(file: Path) -> None:
    notes = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    send, sendmsg, recv = socket.socket.send, socket.socket.sendmsg, socket.socket.recv

    def note(what: bytes, more: bytes) -> None:
        os.write(notes, b"%.6f %s %s\n" % (time.monotonic(), what, more))

    def leaves(data: bytes) -> None:
        if request := REQUEST.match(data):
            chat = CHAT.search(data)
            note(request[1], chat[1] if chat else b"0")

    def noted_send(self: socket.socket, data: Any, *more: Any) -> int:
        leaves(bytes(data))
        return send(self, data, *more)

    def noted_sendmsg(self: socket.socket, buffers: Any, *more: Any) -> int:
        leaves(b"".join(map(bytes, buffers)))
        return sendmsg(self, buffers, *more)

    def noted_recv(self: socket.socket, *arguments: Any) -> bytes:
        data = recv(self, *arguments)
        if data.startswith(PATIENCE):
            note(b"429", b"discord" if b"X-RateLimit" in data else b"telegram")
        return data

    socket.socket.send = noted_send  # type: ignore[assignment, method-assign]
    socket.socket.sendmsg = noted_sendmsg  # type: ignore[assignment, method-assign]
    socket.socket.recv = noted_recv  # type: ignore[assignment, method-assign]


if "ROADMATE_PROBE" in os.environ:
    _install(Path(os.environ["ROADMATE_PROBE"]))
if "ROADMATE_SENT" in os.environ:
    _note_requests(Path(os.environ["ROADMATE_SENT"]) / str(os.getpid()))
