"""What somebody may do in a chat, ourselves among them."""

from __future__ import annotations

import logging

from telegram import Bot, Chat, ChatMember, ChatMemberRestricted, ChatPermissions, User
from telegram.error import TelegramError

log = logging.getLogger(__name__)

LEADERS = (ChatMember.OWNER, ChatMember.ADMINISTRATOR)


async def leads(bot: Bot, chat: Chat, user: User) -> bool:
    """Whether somebody leads a chat: its owner and its administrators do."""
    try:
        return (await bot.get_chat_member(chat.id, user.id)).status in LEADERS
    except TelegramError as error:
        log.warning("whether somebody leads a group could not be found out: %s", error.message)
        return False


async def missing(bot: Bot, chat: Chat) -> tuple[str, ...]:
    """What we may not do in a chat, as far as Telegram tells; administrators may write."""
    rights: ChatMember | ChatPermissions | None
    try:
        rights = await bot.get_chat_member(chat.id, bot.id)
        if rights.status == ChatMember.MEMBER:
            # Members may do what their group allows them all.
            rights = (await bot.get_chat(chat.id)).permissions
    except TelegramError:
        return ()
    if not isinstance(rights, ChatMemberRestricted | ChatPermissions):
        return ()
    given = {"send": rights.can_send_messages, "attach": rights.can_send_photos}
    return tuple(name for name, may in given.items() if may is False)
