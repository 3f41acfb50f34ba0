"""What an operator can set for Telegram."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, HttpUrl, SecretStr, ValidationInfo, field_validator

from bot.settings import PlatformSettings, Port


class TelegramSettings(PlatformSettings):
    """Each setting with its default; the address is Telegram's own unless another is set.

    `http_port` is the whole process's: a webhook is posted to there.
    """

    http_port: Port = None
    telegram_token: SecretStr | None = None
    telegram_api_url: HttpUrl | None = None
    telegram_rate: Annotated[float, Field(gt=0, le=1000)] = 30
    telegram_webhook_secret: SecretStr | None = None
    telegram_webhook_url: HttpUrl | None = None

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _usable_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", value.get_secret_value()):
            raise ValueError("16 to 256 characters of A-Z, a-z, 0-9, _ and -")
        return value

    @field_validator("telegram_webhook_url")
    @classmethod
    def _complete_webhook(cls, value: HttpUrl | None, info: ValidationInfo) -> HttpUrl | None:
        # The fields above are known by now.
        if value is not None and (
            info.data.get("telegram_webhook_secret") is None or info.data.get("http_port") is None
        ):
            raise ValueError("needs TELEGRAM_WEBHOOK_SECRET and HTTP_PORT")
        return value

    @property
    def token(self) -> SecretStr | None:
        """The bot's token; None: Telegram is not served."""
        return self.telegram_token

    @property
    def posted_to(self) -> bool:
        """Whether Telegram posts to HTTP_PORT."""
        return self.telegram_token is not None and self.telegram_webhook_url is not None
