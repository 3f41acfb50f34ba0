"""When a request may leave: the pace that a platform allows one token, answers before reminders, nothing in a halt."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf

USED = 0.957
"""Of the rate that is allowed. The rest is what a busy machine and the network may bring two messages closer together
before the platform counts one too many: about 45 ms in every second."""

JITTER_SECONDS = 0.04
"""How much longer than the platform's windows ours are, for the same reason."""

MOST_CATCH_UP_SECONDS = 0.05
"""How much of the time for which a busy event loop did not wake us is made up for; a window never takes more for it."""

MINUTE_SECONDS = 60.0
MINUTE_JITTER_SECONDS = 0.5
"""The same for a group's minute, of which half a second is little."""

ANSWERS_IN_A_ROW = 9
"""After so many answers one delivery leaves, if any waits: who types a lot keeps nobody's reminder from arriving."""

urgent: ContextVar[bool] = ContextVar("urgent", default=True)
"""Whether what this task sends answers somebody. The courier's tasks say False, and go after all that do."""

leave_by: ContextVar[float | None] = ContextVar("leave_by", default=None)
"""The moment of the event loop after which what this task sends must not leave: our lease may be another's by then."""


class TooLate(Exception):
    """The turn came, or could only have come, after `leave_by`; nothing was sent."""


class Halted(Exception):
    """The turn would come later than the caller waits for it; nothing was sent. `seconds` is how long it would take."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the platform wants us to wait {seconds:.1f} s")
        self.seconds = seconds


@dataclass(slots=True)
class Waits:
    """What pacing has cost so far: turns taken and the seconds waited for them, by answers and deliveries; halts."""

    turns: dict[str, int] = field(default_factory=lambda: {"answer": 0, "delivery": 0})
    seconds: dict[str, float] = field(default_factory=lambda: {"answer": 0.0, "delivery": 0.0})
    halts: int = 0

    def took(self, answer: bool, seconds: float) -> None:
        """Count a turn."""
        kind = "answer" if answer else "delivery"
        self.turns[kind] += 1
        self.seconds[kind] += seconds


@dataclass(slots=True, eq=False)
class _Waiter:
    name: str | None
    group: bool
    spaced: bool
    answer: bool
    # When it gives up; whether it is too late then.
    until: float
    late: bool
    number: int = 0
    chat: _Chat | None = None
    future: asyncio.Future[None] = field(init=False)


@dataclass(slots=True, eq=False)
class _Chat:
    """A chat that was written to lately, is halted, or has somebody waiting for it."""

    name: str
    spaced: float = -inf
    halted: float = -inf
    # Moments of the last messages, as many as a group may have in a minute; None where nothing limits them.
    minute: deque[float] | None = None
    # Those who wait, deliveries and answers apart; of each kind at most the first stands in line for all chats.
    waiting: tuple[deque[_Waiter], deque[_Waiter]] = field(default_factory=lambda: (deque(), deque()))
    offered: list[bool] = field(default_factory=lambda: [False, False])
    # When it is looked at again.
    wake: float = inf

    def free(self, spaced: bool, group: bool) -> float:
        """The moment from which it may be written to."""
        moment = max(self.halted, self.spaced) if spaced else self.halted
        if group and self.minute and len(self.minute) == self.minute.maxlen:
            moment = max(moment, self.minute[0] + MINUTE_SECONDS + MINUTE_JITTER_SECONDS)
        return moment

    @property
    def forgotten(self) -> float:
        """The moment from which nothing about it matters any more."""
        moment = max(self.halted, self.spaced)
        return max(moment, self.minute[-1] + MINUTE_SECONDS + MINUTE_JITTER_SECONDS) if self.minute else moment


class Pace:
    """Gives turns to one token's requests: one pace a token and process, asked right before a request is written.

    `per_second` requests leave at the most within any second, evenly; `per_chat` is the least number of seconds between
    two messages to a chat, `per_group_minute` how many a group takes within any minute. None: no such limit. Time is
    the event loop's. Nothing leaves within one spacing of the first question, so that a process that takes over from
    another keeps the rate.

        pace = Pace(30, per_chat=1, per_group_minute=20)
        await pace.turn("-1001234", group=True)
    """

    def __init__(
        self, per_second: float, *, per_chat: float | None = None, per_group_minute: int | None = None
    ) -> None:
        self.spacing, self._window, most = _measures(per_second)
        self.waits = Waits()
        self._per_chat = per_chat
        self._per_group_minute = per_group_minute
        # The last requests, as many as a window takes.
        self._left: deque[float] = deque(maxlen=most)
        self._next = 0.0
        self._halted = -inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._time: Callable[[], float] = self._begin
        self._timer: asyncio.TimerHandle | None = None
        self._chats: dict[str, _Chat] = {}
        # Who could leave as far as their chat is concerned, deliveries and answers apart, first come first served.
        self._line: tuple[list[tuple[int, _Waiter]], list[tuple[int, _Waiter]]] = ([], [])
        # Chats by the moment at which they are looked at again.
        self._later: list[tuple[float, int, _Chat]] = []
        self._waiting: set[_Waiter] = set()
        self._number = 0
        self._in_a_row = 0

    async def turn(
        self, chat: str | None = None, *, group: bool = False, spaced: bool = True, patience: float = 30.0
    ) -> None:
        """Wait until one request may leave, which then counts; it must be written at once.

        An edit is not `spaced`: it need not keep `per_chat` seconds from another message. Raises Halted when that
        takes longer than `patience` seconds, TooLate when it takes until after `leave_by`.
        """
        began = now = self._time()
        answer, by = urgent.get(), leave_by.get()
        if by is not None and now >= by:
            raise TooLate
        if self._later and self._later[0][0] <= now:
            self._look_again(now)
        known = self._known(chat, group)
        wait = self._halted - now if known is None else max(self._halted, known.free(spaced, group)) - now
        until = now + patience if by is None else min(now + patience, by)
        if now + wait > until:
            if known is not None:
                self._look_at(known, now)
            raise Halted(wait)
        alone = not (self._line[0] or self._line[1]) and (known is None or not (known.waiting[0] or known.waiting[1]))
        if alone and wait <= 0 and now >= self._next and now >= self._full_until:
            self._next = now + self.spacing
            self._leave(known, spaced, group, now)
        else:
            waiter = _Waiter(chat, group, spaced, answer, until, late=until == by)
            now = await self._wait(waiter)
        self.waits.took(answer, now - began)

    def change(self, per_second: float) -> None:
        """Go by another rate from now on, those in line too; the next request keeps the new spacing from the last."""
        now, before = self._time(), self.spacing
        self.spacing, self._window, most = _measures(per_second)
        if self.spacing != before:
            # Not in the past: what is due by the new rate alone is not late.
            self._next = max(self._next + self.spacing - before, now)
            self._left = deque(self._left, maxlen=most)
            self._wind_up()

    def halt(self, seconds: float, chat: str | None = None) -> None:
        """Let nothing leave for some seconds, to one chat or at all; never shortens a halt.

        Those who already wait and would have to wait too long for it are told at once.
        """
        now = self._time()
        until = now + seconds
        self.waits.halts += 1
        if chat is None:
            self._halted = max(self._halted, until)
            concerned = list(self._waiting)
        else:
            known = self._chats.get(chat) or self._chats.setdefault(chat, _Chat(chat))
            known.halted = max(known.halted, until)
            self._look_at(known, now)
            concerned = [*known.waiting[0], *known.waiting[1]]
        for waiter in concerned:
            if waiter.until < until:
                self._give_up(waiter)

    def delay(self, chat: str | None = None, *, group: bool = False) -> float:
        """Seconds until a message to this chat may leave as far as halts and its own limits go; 0 when now."""
        now = self._time()
        known = None if chat is None else self._chats.get(chat)
        return max(self._halted - now, known.free(True, group) - now if known is not None else 0.0, 0.0)

    def seed(self, chat: str, moments_ago: Iterable[float], *, group: bool = True) -> None:
        """Count what a chat got before this pace began, by how many seconds ago each message left."""
        now = self._time()
        known = self._known(chat, group)
        moments = sorted(now - seconds for seconds in moments_ago if seconds < MINUTE_SECONDS)
        if known is None or not moments:
            return
        if self._per_chat is not None:
            known.spaced = max(known.spaced, moments[-1] + self._per_chat + JITTER_SECONDS)
        if group and known.minute is not None:
            newest = sorted((*known.minute, *moments))
            known.minute.clear()
            known.minute.extend(newest)
        self._look_at(known, now)

    @property
    def load(self) -> float:
        """The share of the rate that was used within the last window, from 0 to 1, which it is while somebody waits."""
        if self._line[0] or self._line[1]:
            return 1.0
        since = self._time() - self._window
        return sum(moment > since for moment in self._left) / (self._left.maxlen or 1)

    # ---------------------------------------------------------------- leaving

    def _begin(self) -> float:
        """The moment of the first question."""
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        now = self._time()
        self._next = now + self.spacing
        return now

    @property
    def _full_until(self) -> float:
        """The moment until which a window has all that it takes."""
        return self._left[0] + self._window if len(self._left) == self._left.maxlen else -inf

    def _leave(self, chat: _Chat | None, spaced: bool, group: bool, now: float) -> None:
        self._left.append(now)
        if chat is None:
            return
        if spaced and self._per_chat is not None:
            chat.spaced = now + self._per_chat + JITTER_SECONDS
        if group and chat.minute is not None:
            chat.minute.append(now)
        self._look_at(chat, now)

    async def _wait(self, waiter: _Waiter) -> float:
        """Stand in line; gives the moment at which the turn came."""
        assert self._loop is not None
        self._number += 1
        waiter.number = self._number
        timer = self._loop.call_at(waiter.until, self._give_up, waiter)
        self._waiting.add(waiter)
        try:
            while True:
                waiter.future = self._loop.create_future()
                self._stand(waiter)
                await waiter.future
                now = self._time()
                if waiter.late and now >= waiter.until:
                    raise TooLate
                chat = None if waiter.name is None else self._chats.get(waiter.name)
                halted = self._halted if chat is None else max(self._halted, chat.halted)
                if now >= halted:
                    return now
                # A halt came between our turn and us: the turn is lost, our place in the line is not.
                if halted > waiter.until:
                    raise Halted(halted - now)
        finally:
            timer.cancel()
            self._waiting.discard(waiter)

    def _stand(self, waiter: _Waiter) -> None:
        waiter.chat = chat = self._known(waiter.name, waiter.group)
        if chat is None:
            heappush(self._line[waiter.answer], (waiter.number, waiter))
        else:
            queue = chat.waiting[waiter.answer]
            if queue and queue[0].number > waiter.number:
                queue.appendleft(waiter)
            else:
                queue.append(waiter)
            self._look_at(chat, self._time())
        self._wind_up()

    def _give_up(self, waiter: _Waiter) -> None:
        if waiter.future.done():
            return
        now = self._time()
        free = self._halted if waiter.chat is None else max(self._halted, waiter.chat.free(waiter.spaced, waiter.group))
        if waiter.late and free <= now:
            waiter.future.set_exception(TooLate())
        else:
            ahead = self.spacing * (len(self._line[0]) + len(self._line[1]))
            waiter.future.set_exception(Halted(max(free - now, ahead)))

    def _turns(self) -> None:
        """Give the turns that are due; nobody waits for a chat that is not theirs."""
        self._timer = None
        now = self._time()
        self._look_again(now)
        while now >= max(self._next, self._halted, self._full_until):
            waiter = self._first(now)
            if waiter is None:
                break
            self._next = max(self._next, now - MOST_CATCH_UP_SECONDS) + self.spacing
            self._leave(waiter.chat, waiter.spaced, waiter.group, now)
            waiter.future.set_result(None)
        self._wind_up()

    def _first(self, now: float) -> _Waiter | None:
        """Whose turn it is."""
        while self._line[0] or self._line[1]:
            answers = bool(self._line[1]) and (self._in_a_row < ANSWERS_IN_A_ROW or not self._line[0])
            _, waiter = heappop(self._line[answers])
            chat = waiter.chat
            if chat is not None:
                chat.offered[answers] = False
            if waiter.future.done() or (chat is not None and chat.free(waiter.spaced, waiter.group) > now):
                if chat is not None:
                    self._look_at(chat, now)
                continue
            if chat is not None:
                chat.waiting[answers].remove(waiter)
            self._in_a_row = self._in_a_row + 1 if answers and self._line[0] else 0
            return waiter
        return None

    def _wind_up(self) -> None:
        """Be woken when the next turn could be due."""
        if not self._waiting:
            return
        if self._line[0] or self._line[1]:
            moment = max(self._next, self._halted, self._full_until)
        else:
            moment = max(self._later[0][0], self._halted) if self._later else inf
        if self._timer is not None:
            if self._timer.when() <= moment:
                return
            self._timer.cancel()
        assert self._loop is not None
        self._timer = None if moment == inf else self._loop.call_at(moment, self._turns)

    # ---------------------------------------------------------------- chats

    def _known(self, chat: str | None, group: bool) -> _Chat | None:
        """A chat as far as it has to be known."""
        if chat is None:
            return None
        known = self._chats.get(chat)
        if known is None:
            known = self._chats[chat] = _Chat(chat)
        if group and known.minute is None and self._per_group_minute is not None:
            known.minute = deque(maxlen=self._per_group_minute)
        return known

    def _look_at(self, chat: _Chat, now: float) -> None:
        """Put those first in line who may write to a chat; note when to look at it again, or forget it."""
        moment = inf
        for answer, queue in enumerate(chat.waiting):
            while queue and queue[0].future.done():
                queue.popleft()
            if not queue or chat.offered[answer]:
                continue
            free = chat.free(queue[0].spaced, queue[0].group)
            if free <= now:
                chat.offered[answer] = True
                heappush(self._line[answer], (queue[0].number, queue[0]))
            else:
                moment = min(moment, free)
        if not (chat.waiting[0] or chat.waiting[1]):
            moment = chat.forgotten
            if moment <= now:
                if self._chats.get(chat.name) is chat:
                    del self._chats[chat.name]
                return
        if moment < chat.wake:
            chat.wake = moment
            self._number += 1
            heappush(self._later, (moment, self._number, chat))

    def _look_again(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            moment, _, chat = heappop(self._later)
            if moment == chat.wake:
                chat.wake = inf
                self._look_at(chat, now)


def _measures(per_second: float) -> tuple[float, float, int]:
    """Seconds between two requests at a rate, those of a window, and how many it takes."""
    if per_second <= 0:
        raise ValueError("a pace is more than nothing")
    most = max(1, int(per_second))
    return 1 / (per_second * USED), most / per_second + JITTER_SECONDS, most
