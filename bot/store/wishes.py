"""What members wish for themselves: each wish is a change that /undo takes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import select, update

from bot.domain.member import Quiet
from bot.store import people
from bot.store.changes import Change
from bot.store.engine import to_write
from bot.tables import accounts, members


async def set_zone(change: Change, zone: str) -> None:
    """They live by a zone that they have named themselves."""
    await _set(change, zone=zone, zone_confirmed=True)
    change.present = replace(change.present, zone=zone, zone_confirmed=True)


async def take_zone(change: Change, zone: str) -> None:
    """They live by their group's zone until they name their own."""
    await _set(change, zone=zone)
    change.present = replace(change.present, zone=zone)


async def set_day_start(change: Change, minute: int) -> None:
    """A new day begins so many minutes after local midnight."""
    await _set(change, day_start=minute)
    change.present = replace(change.present, day_start=minute)


async def set_quiet(change: Change, quiet: Quiet | None) -> None:
    """The hours in which nothing is said to them; None for none."""
    await _set(change, quiet_from=quiet and quiet.start, quiet_to=quiet and quiet.end)
    change.present = replace(change.present, quiet=quiet)


async def set_name(change: Change, name: str) -> None:
    """They are called so, whatever a platform calls them."""
    await _set(change, name=name)
    change.present = replace(change.present, name=name)


async def set_intention(change: Change, line: str | None) -> None:
    """The if-then line that the daily reminder quotes; None goes without one."""
    await _set(change, intention=line)
    change.present = replace(change.present, intention=line)


async def set_language(change: Change, language: str) -> None:
    """The language they are spoken to in."""
    await _set(change, language=language)
    change.present = replace(change.present, language=language)


async def set_main_group(change: Change, group: int) -> None:
    """The group that counts where no other is meant, by its id."""
    await _set(change, main_group=group)


async def set_pause(change: Change, first: date | None, until: date | None) -> None:
    """A pause from a local date to before another; without `until`, until they come back; without `first`, none."""
    await _set(change, paused_from=first, paused_until=until)
    change.present = replace(change.present, paused_from=first, paused_until=until)


async def set_onboarding(change: Change, under_way: bool) -> None:
    """Note that they are being shown around, or not any more: it is no wish of theirs, so /undo leaves it alone.

    Raises OnlyReads where that is news.
    """
    if change.present.onboarding == under_way:
        return
    to_write(change.db)
    await change.db.execute(update(members).where(members.c.id == change.member.id).values(onboarding=under_way))
    change.present = replace(change.present, onboarding=under_way)


async def reread(change: Change, platform: str, account: str) -> bool:
    """Read anew who an account is, after a change that may have made them another; False when they are gone."""
    found = await change.db.scalar(
        select(accounts.c.member).where(accounts.c.platform == platform, accounts.c.account == account)
    )
    if found is None:
        return False
    change.present = await people.member(change.db, found)
    return True


async def _set(change: Change, **columns: object) -> None:
    await change.set(members, {"id": change.member.id}, **columns)
