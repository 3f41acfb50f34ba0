"""Where we are, as platforms tell of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card
from bot.command.heard import (
    BotAdded,
    BotGreeted,
    BotRemoved,
    ChatMoved,
    MemberLeft,
    Noticed,
    PrivateClosed,
    PrivateOpened,
    RoomEntered,
)
from bot.store import Store, belonging, facts, homes, outbox, people, schedule
from bot.views.group import group_greeting

GREETED_BEFORE = "moved"
"""In the place of an invitation: the group was greeted before its chat got another id."""


@dataclass(frozen=True)
class Whereabouts:
    """Keeps what platforms tell of chats and of who is in them. Everything raises Unavailable."""

    store: Store
    clock: Callable[[], datetime]
    language: str

    async def notice(self, noticed: Noticed) -> None:
        """Note what happened."""
        async with self.store.writing() as db:
            match noticed:
                case PrivateOpened():
                    await self._opened(db, noticed)
                case PrivateClosed():
                    await people.private_closed(db, noticed.platform, noticed.account)
                case MemberLeft():
                    await self._left(db, noticed)
                case ChatMoved():
                    await _moved(db, noticed)
                case BotRemoved():
                    for address in noticed.addresses:
                        await homes.home_gone(db, address, self.clock())
                case BotGreeted():
                    await _remember(db, noticed.added)
                case RoomEntered():
                    await self._entered(db, noticed)
                case _:
                    assert_never(noticed)

    async def added(self, added: BotAdded) -> Card | None:
        """Our greeting, once for each invitation; None where we are known."""
        async with self.store.reading() as db:
            known = await facts.greeted(db, added.platform, added.place)
            lived_in = await homes.any_in(db, added.platform, added.chats)
        if known == added.invitation:
            return None
        if added.keyed and known != GREETED_BEFORE and not lived_in:
            return group_greeting(self.language)
        async with self.store.writing() as db:
            # It may have been told twice at once.
            known = await facts.greeted(db, added.platform, added.place)
            if known == added.invitation:
                return None
            await _remember(db, added)
        return None if known == GREETED_BEFORE or lived_in else group_greeting(self.language)

    async def _opened(self, db: AsyncConnection, opened: PrivateOpened) -> None:
        known = await people.account(db, opened.platform, opened.account)
        if known is not None:
            await people.seen(db, known, self.clock(), private=True)

    async def _left(self, db: AsyncConnection, left: MemberLeft) -> None:
        known = await people.account(db, left.platform, left.account)
        if known is not None:
            for group in await homes.groups_in(db, left.platform, left.chat):
                await belonging.left(db, known.member, group, self.clock())

    async def _entered(self, db: AsyncConnection, entered: RoomEntered) -> None:
        now, room = self.clock(), entered.room
        group = await belonging.group_at(db, room)
        if group is None:
            group = await belonging.found_group(db, room.chat, entered.zone, now, self.language)
            await homes.settle_in(db, group.id, room, room.chat)
            await schedule.refresh_group(db, group.id, now)
        platform, account = entered.platform, entered.account
        member, _ = await people.meet(db, platform, account, account, entered.zone, self.language, now)
        await belonging.enter(db, group.id, member.id, now)


async def _moved(db: AsyncConnection, moved: ChatMoved) -> None:
    await homes.home_moved(db, moved.platform, moved.old, moved.new)
    await outbox.moved(db, moved.platform, moved.old, moved.new)
    if await facts.greeted(db, moved.platform, moved.new) is None:
        # The platform says that we were added to the new chat, but the group knows us.
        await facts.remember_greeted(db, moved.platform, moved.new, GREETED_BEFORE)


async def _remember(db: AsyncConnection, added: BotAdded) -> None:
    await facts.remember_greeted(db, added.platform, added.place, added.invitation)
