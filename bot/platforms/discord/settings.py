"""What an operator can set for Discord."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, HttpUrl, SecretStr, UrlConstraints

from bot.settings import PlatformSettings

SocketUrl = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["ws", "wss"])]


class DiscordSettings(PlatformSettings):
    """Each setting with its default; the addresses are Discord's own unless others are set."""

    discord_token: SecretStr | None = None
    discord_api_url: HttpUrl | None = None
    discord_gateway_url: SocketUrl | None = None
    discord_shards: Annotated[int, Field(ge=1)] = 1

    @property
    def token(self) -> SecretStr | None:
        """The bot's token; None: Discord is not served."""
        return self.discord_token
