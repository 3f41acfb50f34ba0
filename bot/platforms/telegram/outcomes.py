"""What became of a message, read from Telegram's refusals."""

from __future__ import annotations

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot import delivery
from bot.delivery import Address, Closed, Doubtful, Gone, Later, Moved, Outcome, Rejected
from bot.platforms.telegram.transport import FloodError, HeldError, UnsentError

RECONNECT_SECONDS = 5.0
"""How soon a message is tried again that found no connection."""

TOKEN_SECONDS = 60.0
"""While the token is refused nothing is delivered; `run` tells the operator."""

UNCHANGED = "message is not modified"

# Parts of the descriptions that the Bot API gives with status 400 and 403: it has no other codes.
_GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "channel_private",
    "group chat was deactivated",
    "message thread not found",
    "topic_deleted",
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
)
_KEPT_OUT = ("was kicked", "is not a member", "was deleted", "was deactivated")
_NO_RIGHT = (
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "chat_admin_required",
    "chat_restricted",
    "write_forbidden",
    "topic_closed",
)
_PRIVATE_CLOSED = ("user is deactivated", "user_is_blocked", "input_user_deactivated", "bot was blocked")


def outcome(error: TelegramError, address: Address) -> Outcome:
    """What an error means for a message to an address."""
    reason = error.message
    match error:
        case ChatMigrated():
            return Moved(Address(address.platform, str(error.new_chat_id), address.thread))
        case FloodError() | HeldError():
            return Later(error.seconds, reason)
        case Forbidden():
            return Closed(reason) if address.account else _kept_out(reason)
        case BadRequest():
            return _refused(reason, address)
        case UnsentError():
            return Later(RECONNECT_SECONDS, reason)
        case InvalidToken():
            return Later(TOKEN_SECONDS, reason)
        case _:
            # A timeout, a broken connection or a 5xx: Telegram may have taken the message before.
            return Doubtful(reason)


def unreachable(error: TelegramError, address: Address) -> bool:
    """Whether somebody's private chat is closed to us, or was never opened."""
    return isinstance(outcome(error, address), Closed)


def _kept_out(reason: str) -> Outcome:
    """A group that answers 403: we are out of it where Telegram says so; else we may only not write there."""
    kept_out = any(part in reason.casefold() for part in _KEPT_OUT)
    return Gone(reason) if kept_out else delivery.Forbidden(reason)


def _refused(reason: str, address: Address) -> Outcome:
    words = reason.casefold()
    if any(part in words for part in _NO_RIGHT) or ("chat_send_" in words and "forbidden" in words):
        return delivery.Forbidden(reason)
    if address.account and any(part in words for part in _PRIVATE_CLOSED):
        return Closed(reason)
    if any(part in words for part in _GONE):
        # A private chat is not found where its owner never wrote to us.
        return Closed(reason) if address.account and "message" not in words else Gone(reason)
    return Rejected(reason)
