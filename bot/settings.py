"""What an operator can set, read once from the environment and `.env`, and passed on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, SecretStr, UrlConstraints, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SocketUrl = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["ws", "wss"])]


class Settings(BaseSettings):
    """Every setting, with its default. Empty values count as absent."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    discord_token: SecretStr | None = None
    discord_api_url: HttpUrl | None = None
    discord_gateway_url: SocketUrl | None = None
    discord_shards: Annotated[int, Field(ge=1)] = 1
    telegram_token: SecretStr | None = None
    telegram_api_url: HttpUrl | None = None
    telegram_rate: Annotated[float, Field(gt=0, le=1000)] = 30
    database_url: str | None = None
    roadmate_data: Path = Path("data")
    roadmate_language: str = "en"
    http_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    telegram_webhook_secret: SecretStr | None = None
    telegram_webhook_url: HttpUrl | None = None
    log_level: str = "INFO"
    log_format: Literal["text", "json"] | None = None

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

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.upper()
        if level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
            raise ValueError("one of DEBUG, INFO, WARNING, ERROR, CRITICAL")
        return level

    @field_validator("roadmate_language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        from bot.words import languages

        if value not in languages():
            raise ValueError(f"one of {', '.join(languages())}")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
            raise ValueError("begins with sqlite+aiosqlite:// or postgresql+asyncpg://")
        if value is not None:
            from sqlalchemy import make_url
            from sqlalchemy.exc import ArgumentError

            try:
                make_url(value)
            except (ArgumentError, ValueError):
                raise ValueError("cannot be read; in a password, @ is written as %40") from None
        return value

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL: what was set, or an SQLite file in the data directory."""
        return self.database_url or self.sqlite_file("roadmate.db")

    @property
    def database_file(self) -> Path | None:
        """Where the database lies when it is an SQLite file; None for Postgres, and for one in memory."""
        from sqlalchemy import make_url

        url = make_url(self.database)
        if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
            return None
        return Path(str(url.database)).absolute()

    def sqlite_file(self, name: str) -> str:
        """The URL of an SQLite file in the data directory."""
        return f"sqlite+aiosqlite:///{(self.roadmate_data / name).absolute()}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms there is a token for."""
        tokens = {"discord": self.discord_token, "telegram": self.telegram_token}
        return tuple(name for name, token in tokens.items() if token is not None)
