"""What a platform's package offers the rest of the bot.

With it the app serves the platform, and the doctor looks at it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from bot.settings import PlatformSettings

if TYPE_CHECKING:
    from aiohttp import web

    from bot.command import Hearing
    from bot.delivery import Platform
    from bot.examining import ExaminedHome, Finding
    from bot.leases import Leases
    from bot.memory import Memory
    from bot.metrics import Metrics

    Hook = Callable[[web.Request], Awaitable[web.StreamResponse]]

Own = TypeVar("Own", bound=PlatformSettings)


@dataclass(frozen=True, slots=True)
class Ports:
    """What the app hands to a platform: who takes what it hears, where it remembers what it must (by its name), who has
    the leases, and who counts."""

    hearing: Hearing
    memory: Callable[[str], Memory]
    leases: Leases
    metrics: Metrics | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A platform that can be served. `hooks` are what it wants answered on HTTP_PORT, by path."""

    platform: Platform
    hooks: Mapping[str, Hook] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configured:
    """A platform with its settings, as an operator has set them."""

    name: str
    settings: PlatformSettings
    open: Callable[[Ports], Opened]
    """Build it. Only now the platform's library is imported."""
    examine: Callable[[Sequence[ExaminedHome], Collection[str]], AsyncIterator[Finding]]
    """Look at its token, its settings and those places that are its own, given the names of the leases that running
    processes have. Changes nothing; raises for nothing that it finds; no finding holds a secret."""

    @property
    def title(self) -> str:
        """Its name as an operator reads it."""
        return self.name.capitalize()

    @property
    def served(self) -> bool:
        """Whether there is a token for it."""
        return self.settings.token is not None


class Offer(Protocol):
    """A platform that can be set, opened and examined: `package(…)` makes one."""

    @property
    def name(self) -> str:
        """The word in addresses and accounts."""
        ...

    @property
    def settings(self) -> type[PlatformSettings]:
        """What an operator can set for it alone."""
        ...

    @property
    def token_from(self) -> str:
        """Where an operator gets its token, for the first line that somebody without one reads."""
        ...

    def read(self) -> Configured:
        """Read its settings, once. Raises pydantic.ValidationError."""
        ...


@dataclass(frozen=True, slots=True)
class Package(Generic[Own]):
    """What a platform's package offers, around settings of a type of its own."""

    name: str
    token_from: str
    settings: type[Own]
    open: Callable[[Own, Ports], Opened]
    examine: Callable[[Own, Sequence[ExaminedHome], Collection[str]], AsyncIterator[Finding]]

    def read(self) -> Configured:
        """Read its settings, once, from the environment and `.env`. Raises pydantic.ValidationError."""
        return self.configured(self.settings())

    def configured(self, own: Own) -> Configured:
        """It with these settings."""
        return Configured(self.name, own, partial(self.open, own), partial(self.examine, own))
