"""Where we are: groups that add, move or remove us, people who leave them, private chats that close and open."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from telegram import Chat, ChatMember, ChatMemberRestricted, Update

from bot.cards import Card
from bot.delivery import Address, Outcome, Sent
from bot.platforms.telegram.hearing import address_of, is_group, is_private
from bot.platforms.telegram.render import PLATFORM
from bot.store import Store, facts, outbox, people
from bot.views.group import greeting
from bot.words import LANGUAGE

log = logging.getLogger(__name__)

IN_CHAT = (ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER)

MOVED = "moved"
"""In the place of the update by which we were added: the group was greeted before it became a supergroup."""


class Whereabouts:
    """Keeps homes, memberships and private chats as Telegram tells of them. `send` delivers a greeting."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        send: Callable[[Address, Card, str], Awaitable[Outcome]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._send = send

    async def on_membership(self, update: Update, _: object) -> None:
        """We were added or removed, or somebody stopped or restarted us in private."""
        changed = update.my_chat_member
        if changed is None:
            return
        was, is_ = _is_in(changed.old_chat_member), _is_in(changed.new_chat_member)
        if is_private(changed.chat):
            await self._private(str(changed.chat.id), is_)
        elif is_group(changed.chat) and was and not is_:
            async with self._store.writing() as db:
                await people.home_gone(db, address_of(changed.chat, None), self._clock())
        elif is_group(changed.chat) and is_ and not was:
            await self._greet(changed.chat, update.update_id)

    async def _private(self, account: str, opened: bool) -> None:
        async with self._store.writing() as db:
            known = await people.account(db, PLATFORM, account)
            if known is None:
                return
            if opened:
                await people.seen(db, known, self._clock(), private=True)
            else:
                await people.private_closed(db, PLATFORM, account)

    async def _greet(self, chat: Chat, update: int) -> None:
        """Introduce ourselves to a group, once for each time we are added."""
        place, invitation = str(chat.id), str(update)
        async with self._store.writing() as db:
            known = await facts.greeted(db, PLATFORM, place)
            if known == invitation:
                return
            await facts.remember_greeted(db, PLATFORM, place, invitation)
        if known == MOVED:
            return
        result = await self._send(address_of(chat, None), greeting(LANGUAGE), f"{PLATFORM}-greeted:{place}")
        if not isinstance(result, Sent):
            log.warning("a group could not be greeted: %s", result)

    async def on_migration(self, update: Update, _: object) -> None:
        """A group became a supergroup with another id. Both chats tell it; the second time there is nothing to do."""
        message = update.message
        if message is None:
            return
        old, new = message.migrate_from_chat_id or message.chat.id, message.migrate_to_chat_id or message.chat.id
        async with self._store.writing() as db:
            await people.home_moved(db, PLATFORM, str(old), str(new))
            await outbox.moved(db, PLATFORM, str(old), str(new))
            if await facts.greeted(db, PLATFORM, str(new)) is None:
                # Telegram says that we were added to the new chat, but the group knows us.
                await facts.remember_greeted(db, PLATFORM, str(new), MOVED)

    async def on_leaving(self, update: Update, _: object) -> None:
        """Somebody left a group; their next command there makes them a member again."""
        message = update.message
        if message is None or message.left_chat_member is None:
            return
        async with self._store.writing() as db:
            known = await people.account(db, PLATFORM, str(message.left_chat_member.id))
            if known is not None:
                for group in await people.groups_in(db, PLATFORM, str(message.chat.id)):
                    await people.left(db, known.member, group, self._clock())


def _is_in(member: ChatMember) -> bool:
    return member.status in IN_CHAT or (isinstance(member, ChatMemberRestricted) and member.is_member)
