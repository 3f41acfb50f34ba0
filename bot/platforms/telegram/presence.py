"""Where we are on Telegram: groups that take us in, move or remove us, private chats that close or open."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from telegram import Chat, ChatMember, ChatMemberRestricted, Update

from bot.cards import Card
from bot.command import Hearing
from bot.command.heard import BotAdded, BotRemoved, ChatMoved, MemberLeft, PrivateClosed, PrivateOpened
from bot.delivery import Address, Outcome, Sent
from bot.platforms.telegram.render import PLATFORM
from bot.platforms.telegram.translation import address_of, is_group, is_private

log = logging.getLogger(__name__)

IN_CHAT = (ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER)


class Presence:
    """Tells the house what Telegram tells of homes, memberships and private chats. `send` delivers a greeting."""

    def __init__(self, hearing: Hearing, send: Callable[[Address, Card, str], Awaitable[Outcome]]) -> None:
        self._hearing = hearing
        self._send = send

    async def on_membership(self, update: Update, _: object) -> None:
        """We were added or removed, or somebody stopped or restarted us in private."""
        changed = update.my_chat_member
        if changed is None:
            return
        was, is_ = _is_in(changed.old_chat_member), _is_in(changed.new_chat_member)
        if is_private(changed.chat):
            account = str(changed.chat.id)
            await self._hearing.notice((PrivateOpened if is_ else PrivateClosed)(PLATFORM, account))
        elif is_group(changed.chat) and was and not is_:
            await self._hearing.notice(BotRemoved([address_of(changed.chat, None)]))
        elif is_group(changed.chat) and is_ and not was:
            await self._greet(changed.chat, update.update_id)

    async def _greet(self, chat: Chat, update: int) -> None:
        """Introduce ourselves to a group. Telegram knows no keys: what may have been sent is not sent again."""
        place = str(chat.id)
        card = await self._hearing.added(BotAdded(PLATFORM, place, str(update), [place], keyed=False))
        if card is None:
            return
        result = await self._send(address_of(chat, None), card, f"{PLATFORM}-greeted:{place}")
        if not isinstance(result, Sent):
            log.warning("a group could not be greeted: %s", result)

    async def on_migration(self, update: Update, _: object) -> None:
        """A group became a supergroup with another id. Both chats tell it."""
        message = update.message
        if message is None:
            return
        old, new = message.migrate_from_chat_id or message.chat.id, message.migrate_to_chat_id or message.chat.id
        await self._hearing.notice(ChatMoved(PLATFORM, str(old), str(new)))

    async def on_leaving(self, update: Update, _: object) -> None:
        """Somebody left a group."""
        message = update.message
        if message is not None and message.left_chat_member is not None:
            left = MemberLeft(PLATFORM, str(message.chat.id), str(message.left_chat_member.id))
            await self._hearing.notice(left)


def _is_in(member: ChatMember) -> bool:
    return member.status in IN_CHAT or (isinstance(member, ChatMemberRestricted) and member.is_member)
