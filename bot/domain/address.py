"""Where a message can be sent."""

from __future__ import annotations

from dataclasses import dataclass

PRIVATE = "@"
"""Opens the chat of an address that is one account's private chat: `@` and the account's id."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message can be sent: a chat on a platform, and a thread in it where there are threads."""

    platform: str
    chat: str
    thread: str = ""

    @classmethod
    def private_to(cls, platform: str, account: str) -> Address:
        """The private chat with an account."""
        return cls(platform, PRIVATE + account)

    @property
    def account(self) -> str | None:
        """The account whose private chat this is; None for a group's."""
        return self.chat[1:] if self.chat.startswith(PRIVATE) else None
