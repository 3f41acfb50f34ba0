"""What an operator can set, by the environment or in `.env`.

Read once at the start and passed on.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int | None, Field(ge=0, le=65535)]
"""A TCP port; 0 takes a free one."""


def root(url: HttpUrl | None) -> str | None:
    """An address as paths are put behind it, without a slash at its end."""
    return None if url is None else str(url).rstrip("/")


class FromEnvironment(BaseSettings):
    """Settings that are read from the environment, else from `.env`. Empty values count as absent."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )


class PlatformSettings(FromEnvironment):
    """What an operator can set for one platform alone; its fields begin with the platform's name."""

    @property
    @abstractmethod
    def token(self) -> SecretStr | None:
        """What proves to the platform who we are; without one it is not served."""

    @property
    def posted_to(self) -> bool:
        """Whether the platform posts to HTTP_PORT."""
        return False


class Settings(FromEnvironment):
    """What all platforms share, each setting with its default."""

    database_url: str | None = None
    roadmate_data: Path = Path("data")
    roadmate_language: str = "en"
    http_port: Port = None
    log_level: str = "INFO"
    log_format: Literal["text", "json"] | None = None

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
