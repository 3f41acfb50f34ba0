"""What a process must remember of the world outside, each thing under a question of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.memory import Numbers
from bot.store.engine import hold
from bot.tables import facts

# Names in the table, of this module alone. Those of platforms begin with the platform's.
ZONE_RULES = "zone-rules"
PROBE = "written-for-health"
CLOCK_OFFSET = "chat-clock-offset"
CHAT_NUMBERS = "chat-numbers"


# ------------------------------------------------------------ the process


async def zone_rules(db: AsyncConnection) -> str | None:
    """The version of the time zones' rules that every reminder's moment was worked out by."""
    return await _kept(db, ZONE_RULES)


async def remember_zone_rules(db: AsyncConnection, version: str) -> None:
    """Every reminder's moment was worked out by these rules."""
    await _keep(db, ZONE_RULES, version)


async def probe(db: AsyncConnection, now: datetime) -> None:
    """Write the moment, to see whether anything can be written. Nobody reads it."""
    await _keep(db, PROBE, now.isoformat())


# ------------------------------------------------------------ platforms


async def commands_offered(db: AsyncConnection, platform: str, bot: str) -> str | None:
    """The fingerprint of the commands that a platform has from this bot."""
    return await _kept(db, f"{platform}-commands:{bot}")


async def remember_commands_offered(db: AsyncConnection, platform: str, bot: str, fingerprint: str) -> None:
    """The platform took these commands."""
    await _keep(db, f"{platform}-commands:{bot}", fingerprint)


async def greeted(db: AsyncConnection, platform: str, place: str) -> str | None:
    """The invitation to a server or group on which we introduced ourselves there."""
    return await _kept(db, f"{platform}-greeted:{place}")


async def remember_greeted(db: AsyncConnection, platform: str, place: str, invitation: str) -> None:
    """We introduced ourselves there on this invitation."""
    await _keep(db, f"{platform}-greeted:{place}", invitation)


async def written_to(db: AsyncConnection, platform: str, bot: str) -> dict[str, list[float]]:
    """The moments, in seconds since 1970 UTC, at which a bot last wrote to groups, by the group's chat."""
    prefix = f"{platform}-minute:{bot}:"
    found = select(facts.c.name, facts.c.value).where(facts.c.name.startswith(prefix, autoescape=True))
    return {name.removeprefix(prefix): json.loads(value) for name, value in (await db.execute(found)).all()}


async def remember_written_to(
    db: AsyncConnection, platform: str, bot: str, chat: str, moments: Iterable[float]
) -> None:
    """A bot wrote to a group at these moments, in seconds since 1970 UTC; they take the place of those before."""
    await _keep(db, f"{platform}-minute:{bot}:{chat}", json.dumps([round(at, 3) for at in moments]))


async def forget_written_to(db: AsyncConnection, platform: str, bot: str, chats: Sequence[str]) -> None:
    """When a bot wrote to these groups no longer matters."""
    names = [f"{platform}-minute:{bot}:{chat}" for chat in chats]
    await db.execute(delete(facts).where(facts.c.name.in_(names)))


# ------------------------------------------------------------ the console


async def clock_offset(db: AsyncConnection) -> timedelta:
    """How far the chat's clock runs ahead of the real one."""
    return timedelta(seconds=float(await _kept(db, CLOCK_OFFSET) or 0))


async def remember_clock_offset(db: AsyncConnection, offset: timedelta) -> None:
    """The chat's clock runs so far ahead."""
    await _keep(db, CLOCK_OFFSET, str(offset.total_seconds()))


async def numbers(db: AsyncConnection) -> Numbers | None:
    """What the numbers of the last chat press."""
    kept = await _kept(db, CHAT_NUMBERS)
    if kept is None:
        return None
    following, shown = json.loads(kept)
    return following, {int(number): (press, message, chat) for number, (press, message, chat) in shown.items()}


async def remember_numbers(db: AsyncConnection, following: int, shown: Mapping[int, tuple[str, str, str]]) -> None:
    """The chat's next number, and what those before it press."""
    await _keep(db, CHAT_NUMBERS, json.dumps([following, shown]))


# ------------------------------------------------------------ rows


async def _kept(db: AsyncConnection, name: str) -> str | None:
    found: str | None = (await db.execute(select(facts.c.value).where(facts.c.name == name))).scalar_one_or_none()
    return found


async def _keep(db: AsyncConnection, name: str, value: str) -> None:
    await hold(db, f"fact:{name}")
    await db.execute(delete(facts).where(facts.c.name == name))
    await db.execute(insert(facts).values(name=name, value=value))
