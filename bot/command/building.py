"""Builds what is slow to show, such as a picture, once the database is let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.cards import Card
from bot.command.call import Response
from bot.command.faults import told
from bot.command.placing import refused
from bot.domain.refusal import Refusal

log = logging.getLogger(__name__)

BUILD_SECONDS = 10.0
"""For how long a reader waits for a picture or a file; a private Telegram chat waits with them."""

AT_ONCE = 2
"""What is built at once: threads share one interpreter with the event loop, and more of them would slow it down."""


def _slots() -> asyncio.Semaphore:
    return asyncio.Semaphore(AT_ONCE)


@dataclass
class Building:
    """Completes responses whose effect is committed. Never raises: the effect stands, whatever becomes of the card."""

    seconds: float = BUILD_SECONDS
    _free: asyncio.Semaphore = field(default_factory=_slots)

    async def complete(self, response: Response) -> tuple[Response, bool]:
        """The response with its whole card, and whether that failed: then the card says so, with a reference."""
        build, card = response.build, response.card
        if build is None or card is None:
            return response, False
        response = replace(response, build=None)
        try:
            async with asyncio.timeout(self.seconds):
                return replace(response, card=await self._in_thread(build, card)), False
        except Refusal as refusal:
            return replace(response, card=_below(card, refused(refusal, response.language))), False
        except Exception as error:
            apology = told(error, response.language, "what a command shows could not be built", "unbuilt").card
            return replace(response, card=card if apology is None else _below(card, apology)), True

    async def _in_thread(self, build: Callable[[Card], Card], card: Card) -> Card:
        """Build in a thread. One that takes too long cannot be stopped: it counts as one of the few until it ends."""
        await self._free.acquire()
        building = asyncio.ensure_future(asyncio.to_thread(build, card))
        building.add_done_callback(self._ended)
        return await asyncio.shield(building)

    def _ended(self, building: asyncio.Future[Card]) -> None:
        self._free.release()
        if not building.cancelled() and (error := building.exception()) is not None:
            # Whoever still waits is told; after the time limit nobody does.
            log.debug("building ended with %s", type(error).__name__)


def _below(card: Card, other: Card) -> Card:
    """A card with what another one says under it, and its ways out."""
    return card.with_parts(*other.parts).with_rows(*other.rows)
