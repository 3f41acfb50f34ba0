"""What became of a message, read from Telegram's refusals."""

from __future__ import annotations

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot import delivery
from bot.delivery import Address, Closed, Doubtful, Gone, Later, Moved, Outcome, Rejected
from bot.platforms.telegram.transport import FloodError, UnsentError

RECONNECT_SECONDS = 5.0
"""How soon a message is tried again that found no connection."""

TOKEN_SECONDS = 60.0
"""While the token is refused nothing is delivered; `run` tells the operator."""

UNCHANGED = "message is not modified"

# Parts of the descriptions that the Bot API gives with status 400: it has no other codes.
_GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "group chat was deactivated",
    "message thread not found",
    "topic_deleted",
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
)
_NO_RIGHT = ("not enough rights", "have no rights", "need administrator rights", "write_forbidden", "topic_closed")


def outcome(error: TelegramError, address: Address) -> Outcome:
    """What an error means for a message to an address."""
    reason = error.message
    match error:
        case ChatMigrated():
            return Moved(Address(address.platform, str(error.new_chat_id), address.thread))
        case FloodError():
            return Later(error.seconds, reason)
        case Forbidden():
            return Closed(reason) if address.account else Gone(reason)
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


def _refused(reason: str, address: Address) -> Outcome:
    words = reason.casefold()
    if any(part in words for part in _NO_RIGHT) or ("chat_send_" in words and "forbidden" in words):
        return delivery.Forbidden(reason)
    if any(part in words for part in _GONE):
        # A private chat is not found where its owner never wrote to us.
        return Closed(reason) if address.account and "message" not in words else Gone(reason)
    return Rejected(reason)
