"""Days off that members planned ahead, as stretches of local dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.occurrence import Range
from bot.domain.rest import Rest, joined_ranges
from bot.store.changes import Change
from bot.store.studies import Who
from bot.tables import rests


async def of_member(db: AsyncConnection, member: int) -> tuple[Rest, ...]:
    """All days off of a member that there are and were, the earliest first."""
    return await _all(db, member)


async def plan(change: Change, days: Range) -> None:
    """Days off, from one local date to another, both included."""
    await change.create(rests, member=change.member.id, first=days[0], last=days[1])


async def stretch(change: Change, rest: int, days: Range) -> None:
    """Days off begin and end on other dates."""
    await change.set(rests, {"id": rest}, first=days[0], last=days[1])


async def end(change: Change, rest: int, last: date) -> None:
    """Days off end on a local date; before they begin, they are none any more, and /undo knows them still."""
    await change.set(rests, {"id": rest}, last=last)


async def planned(db: AsyncConnection, member: int, today: date) -> tuple[Rest, ...]:
    """Days off that have not passed, the next first."""
    return tuple(rest for rest in await _all(db, member) if rest.last >= today)


async def off(db: AsyncConnection, member: int) -> tuple[Range, ...]:
    """All days off there are and were."""
    return tuple(rest.days for rest in await _all(db, member))


async def off_all(db: AsyncConnection, who: Who) -> dict[int, tuple[Range, ...]]:
    """All days off of some members."""
    asked = (_OF_THESE, {"who": who}) if isinstance(who, Sequence) else (_OFF.where(rests.c.member.in_(who)), {})
    found: dict[int, tuple[Range, ...]] = defaultdict(tuple)
    for member, first, last in await db.execute(*asked):
        found[member] += ((first, last),)
    return dict(found)


_OFF = select(rests.c.member, rests.c.first, rests.c.last).where(rests.c.first <= rests.c.last)
# Made once: a statement is worked out anew each time it is built.
_OF_THESE = _OFF.where(rests.c.member.in_(bindparam("who", expanding=True)))


async def unite(db: AsyncConnection, member: int) -> None:
    """Make one of those that overlap or touch: two members with days off have become one."""
    found = await _all(db, member)
    kept = joined_ranges(found)
    for rest in kept:
        await db.execute(update(rests).where(rests.c.id == rest.id).values(last=rest.last))
    gone = {rest.id for rest in found} - {rest.id for rest in kept}
    await db.execute(delete(rests).where(rests.c.id.in_(gone)))


async def _all(db: AsyncConnection, member: int) -> tuple[Rest, ...]:
    mine = (rests.c.member == member) & (rests.c.first <= rests.c.last)
    rows = await db.execute(select(rests.c.id, rests.c.first, rests.c.last).where(mine).order_by(rests.c.first))
    return tuple(Rest(*row) for row in rows)
