"""What an operator can set, read once from the environment and `.env`, and passed on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, HttpUrl, SecretStr, UrlConstraints, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SocketUrl = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["ws", "wss"])]


class Settings(BaseSettings):
    """Every setting, with its default. Empty values count as absent."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, validate_default=True
    )

    discord_token: SecretStr | None = None
    discord_api_url: HttpUrl | None = None
    discord_gateway_url: SocketUrl | None = None
    telegram_token: SecretStr | None = None
    telegram_api_url: HttpUrl | None = None
    database_url: str | None = None
    roadmate_data: Path = Path("data")
    roadmate_language: str = "en"
    http_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    log_level: str = "INFO"

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
        from bot.text import languages

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

    def sqlite_file(self, name: str) -> str:
        """The URL of an SQLite file in the data directory."""
        return f"sqlite+aiosqlite:///{(self.roadmate_data / name).absolute()}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms there is a token for."""
        tokens = {"discord": self.discord_token, "telegram": self.telegram_token}
        return tuple(name for name, token in tokens.items() if token is not None)
