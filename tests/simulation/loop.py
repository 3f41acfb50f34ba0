"""An event loop whose time is simulated: it takes one step after the other, and jumps where nothing is left to do."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from typing import Any

UNWINDING_STEPS = 10_000
"""A process that has died must come to its end by then: its tasks are cancelled, and nothing answers them any more."""

PATIENCE = 500
"""Steps after which what still runs in a dead process is cancelled again."""


class Crash(BaseException):
    """The process dies here: raised by the loop, and by whatever a dead process still asks for."""


class Stuck(Exception):
    """Nothing is ready and nothing will ever be: everybody waits for somebody else."""


class VirtualLoop(asyncio.BaseEventLoop):
    """One step at a time, in an order that depends on nothing but the program.

    `time()` is virtual seconds and stands still while steps are taken. `steps` counts them. With `crash_at` the loop
    raises Crash instead of taking the step of that number: between any two awaits of any task.
    """

    # What asyncio's own loop keeps: callbacks that can be called now, a heap of those to be called later.
    _ready: deque[asyncio.Handle]
    _scheduled: list[Any]
    _stopping: bool

    def __init__(self, start: float = 0.0) -> None:
        super().__init__()
        self._moment = start
        self.steps = 0
        self.crash_at: int | None = None

    def time(self) -> float:
        """Virtual seconds."""
        return self._moment

    def jump(self, seconds: float) -> None:
        """Nobody gets any time for so long."""
        self._moment += seconds

    def dies_now(self) -> None:
        """Crash before the next step."""
        self.crash_at = self.steps

    def abandon(self) -> None:
        """Let every task of a dead process come to its end, then close. What it asks for must fail by now."""
        self.crash_at = None
        # Of a dead process nobody hears what went wrong in it.
        self.set_exception_handler(lambda _loop, _context: None)
        tasks = asyncio.all_tasks(self)
        for turn in range(UNWINDING_STEPS):
            if not tasks:
                break
            if turn % PATIENCE == 0:
                # What they begin in order to end must not be cut off in turn.
                for task in tasks:
                    task.cancel()
            self.run_until_complete(asyncio.sleep(0))
            tasks = asyncio.all_tasks(self)
        else:
            raise Stuck(f"{len(tasks)} tasks outlive their process: {tasks}")
        self.close()

    def _run_once(self) -> None:
        due = self._scheduled
        while due and due[0]._cancelled:
            heapq.heappop(due)._scheduled = False
        if not self._ready and not self._stopping:
            if not due:
                raise Stuck("nothing is left to happen")
            self._moment = max(self._moment, due[0]._when)
        while due and due[0]._when <= self._moment:
            handle = heapq.heappop(due)
            handle._scheduled = False
            self._ready.append(handle)
        if not self._ready:
            return
        handle = self._ready.popleft()
        if handle._cancelled:
            return
        if self.crash_at is not None and self.steps >= self.crash_at:
            self._ready.appendleft(handle)
            raise Crash
        self.steps += 1
        handle._run()

    def _process_events(self, event_list: Any) -> None:
        """There are no files and no sockets."""

    def _write_to_self(self) -> None:
        """There is one thread."""
