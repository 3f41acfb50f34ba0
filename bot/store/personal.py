"""Everything that is kept about one member: to count it, to show it, to remove it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, and_, delete, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.tables import (
    accounts,
    changes,
    deliveries,
    enrolments,
    facts,
    groups,
    homes,
    inbox,
    leases,
    members,
    metadata,
    questions,
    reminders,
    step_events,
)

IMPERSONAL = (groups, homes, facts, leases, inbox)
"""Tables that say nothing about a person, or only until the next moment; every other one does, whatever is added
later."""

PERSONAL = tuple(table for table in metadata.sorted_tables if table not in IMPERSONAL)
"""In an order in which a table comes after those it refers to."""

RowsOf = Mapping[Table, ColumnElement[bool]]
"""For each personal table, the condition that picks a member's rows."""


async def rows_of(db: AsyncConnection, member: int) -> RowsOf:
    """Where a member's rows are: those of members who became part of them included."""
    ids = [id for (id,) in await db.execute(select(members.c.id).where(_is(member)))]
    rows = await db.execute(select(accounts.c.platform, accounts.c.account).where(accounts.c.member.in_(ids)))
    known = [(platform, account) for platform, account in rows]
    private = [
        and_(deliveries.c.platform == platform, deliveries.c.chat == f"@{account}") for platform, account in known
    ]
    asked = [and_(questions.c.platform == platform, questions.c.account == account) for platform, account in known]
    mine = {table: table.c.member.in_(ids) for table in PERSONAL if "member" in table.c}
    own_changes = select(changes.c.id).where(changes.c.member.in_(ids))
    return {
        **mine,
        members: members.c.id.in_(ids),
        step_events: step_events.c.enrolment.in_(select(enrolments.c.id).where(enrolments.c.member.in_(ids))),
        deliveries: or_(mine[deliveries], deliveries.c.change.in_(own_changes), *private),
        questions: or_(false(), *asked),
    }


def _is(member: int) -> ColumnElement[bool]:
    return or_(members.c.id == member, members.c.linked_to == member)


async def counts(db: AsyncConnection, member: int, where: RowsOf | None = None) -> dict[str, int]:
    """How many rows each table holds about a member; tables that hold none are left out.

    `where` is what `rows_of` gave, where it has been asked.
    """
    where = where or await rows_of(db, member)
    found = {}
    for table in PERSONAL:
        query = select(func.count()).select_from(table).where(where[table])
        if count := int((await db.execute(query)).scalar_one()):
            found[table.name] = count
    return found


async def rows(db: AsyncConnection, where: RowsOf, table: str, first: int, count: int) -> list[dict[str, object]]:
    """Some of a member's rows of a table, where `rows_of` says: the newest first, without columns that are empty."""
    chosen = metadata.tables[table]
    order = [column.desc() for column in chosen.primary_key]
    result = await db.execute(select(chosen).where(where[chosen]).order_by(*order).offset(first).limit(count))
    return [{name: value for name, value in row.items() if value is not None} for row in result.mappings()]


async def forget(db: AsyncConnection, member: int) -> None:
    """Remove a member from every table, ledgers included. What was posted in chats is not ours to take back."""
    where = await rows_of(db, member)
    led = groups.c.leader.in_(select(members.c.id).where(_is(member)))
    await db.execute(update(groups).where(led).values(leader=None))
    # Who claims holds a reminder, and who commands their account, before adding a delivery: so do we, and then none is
    # added meanwhile. Who sends holds deliveries first: where we wait for each other, one of us is carried out anew.
    first = (accounts, reminders)
    for table in (*first, *(table for table in reversed(PERSONAL) if table not in first)):
        await db.execute(delete(table).where(where[table]))
