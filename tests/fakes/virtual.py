"""An event loop whose time is made up: minutes pass at once, and wake-ups come as late as a test says."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Skipping(selectors.DefaultSelector):
    """Waits for nothing: the time that it should have waited has passed, and a little more."""

    def __init__(self, lateness: Callable[[], float]) -> None:
        super().__init__()
        self.now = 1000.0
        self._lateness = lateness

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits for ever"
        if timeout > 0:
            self.now += timeout + self._lateness()
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on which waiting takes no time. Wake-ups come late by what `lateness` says, in seconds."""

    def __init__(self, lateness: Callable[[], float] = lambda: 0.0) -> None:
        self._skipping = _Skipping(lateness)
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now

    def stall(self, seconds: float) -> None:
        """Nothing is done for so long."""
        self._skipping.now += seconds


def play(story: Coroutine[Any, Any, None], lateness: Callable[[], float] = lambda: 0.0) -> None:
    """Live through a story on such a loop."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(lateness)) as runner:
        runner.run(story)


def now() -> float:
    """The made-up moment: what is said of it is the same on every machine."""
    return _loop().time()


def stall(seconds: float) -> None:
    """Nothing is done for so long."""
    _loop().stall(seconds)


def _loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop
