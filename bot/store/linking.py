"""Makes one member of two when somebody links their accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.linking import Brought
from bot.domain.progress import StepEvent
from bot.domain.roadmap import Roadmap
from bot.store import belonging, people, rests, schedule, studies, totals
from bot.store.changes import Change
from bot.store.engine import hold
from bot.tables import (
    accounts,
    attempts,
    changes,
    checkins,
    codes,
    deliveries,
    drafts,
    enrolments,
    groups,
    members,
    memberships,
    reminders,
    step_events,
)
from bot.tables import rests as days_off

BLANK_MEMBER = {
    "name": "",
    "zone": "UTC",
    "zone_confirmed": False,
    "intention": None,
    "onboarding": False,
    "main_group": None,
    "day_start": 0,
    "quiet_from": None,
    "quiet_to": None,
    "paused_from": None,
    "paused_until": None,
}
"""What is left of a member who became part of another: a number that old buttons point at, and nothing to read."""


async def brought(db: AsyncConnection, member: int) -> Brought:
    """What a member would bring into a union."""
    query = select(func.count(checkins.c.local_date.distinct())).where(
        checkins.c.member == member, totals.STANDING_CHECKIN
    )
    return Brought(
        accounts=await people.accounts_of(db, member),
        roadmaps=tuple(e.roadmap for e in await studies.enrolments_of(db, member)),
        days=int((await db.execute(query)).scalar_one()),
        groups=tuple(group.name for group in await belonging.groups_of(db, member)),
        reminders=tuple(reminder.kind for reminder in await schedule.all_of_member(db, member)),
    )


async def became(db: AsyncConnection, member: int) -> int | None:
    """Who a member became part of; None for one who is there under their own number, or not at all."""
    found: int | None = (
        await db.execute(select(members.c.linked_to).where(members.c.id == member))
    ).scalar_one_or_none()
    return found


async def unite(change: Change, keep: int, other: int, roadmaps: Mapping[str, Roadmap]) -> None:
    """Make `other` part of `keep`, in the transaction of `change`, which is made by `other`; `keep` waits for its end.

    Same roadmap on both: one enrolment, the union of their steps, the earlier start, the deadline and hours of `keep`.
    Check-ins of a day stand side by side and add. Where both have a reminder of a kind, `keep`'s stays. A day off of
    either is one. What `other` changed in ledgers can still be taken back; changes of settings that are no more cannot.
    """
    db, now = change.db, change.now
    await hold(db, f"member:{keep}")
    await change.id()
    ledgers = await _both_ledgers(db, keep, other)
    await _unite_enrolments(db, keep, other, now)
    await _revert_overruled_skips(change, keep, ledgers, roadmaps)
    await _unite_memberships(db, keep, other)
    taken = select(reminders.c.kind).where(reminders.c.member == keep)
    await db.execute(
        delete(reminders).where(reminders.c.member == other, reminders.c.kind.in_(taken.scalar_subquery()))
    )
    for table in (accounts, checkins, deliveries, drafts, reminders, days_off):
        await _move(db, table, other, keep)
    await rests.unite(db, keep)
    await db.execute(update(groups).where(groups.c.leader == other).values(leader=keep))
    await _move_ledger_changes(db, keep, other)
    for table in (attempts, codes):
        await db.execute(delete(table).where(table.c.member == other))
    await _unite_members(db, keep, other)
    for member in (keep, other):
        await totals.recount(db, member)
    await schedule.refresh_member(db, keep, now)


async def _move(db: AsyncConnection, table: Table, other: int, keep: int) -> None:
    await db.execute(update(table).where(table.c.member == other).values(member=keep))


async def _both_ledgers(
    db: AsyncConnection, keep: int, other: int
) -> dict[str, tuple[tuple[StepEvent, ...], tuple[StepEvent, ...]]]:
    """The two ledgers of each roadmap that both have ever been on."""

    def ever(member: int) -> Select[str]:
        return select(enrolments.c.roadmap).where(enrolments.c.member == member)

    slugs = await db.execute(ever(keep).intersect(ever(other)))
    return {
        slug: (await studies.events_of(db, keep, slug), await studies.events_of(db, other, slug))
        for (slug,) in slugs.all()
    }


async def _unite_enrolments(db: AsyncConnection, keep: int, other: int, now: datetime) -> None:
    """One current enrolment on a roadmap: the other's becomes history, its events count all the same."""
    current = {e.roadmap: e for e in await studies.enrolments_of(db, keep)}
    for theirs in await studies.enrolments_of(db, other):
        mine = current.get(theirs.roadmap)
        if mine is None:
            continue
        await db.execute(update(enrolments).where(enrolments.c.id == theirs.id).values(ended_at=now))
        earlier = min(mine.started_on, theirs.started_on)
        await db.execute(update(enrolments).where(enrolments.c.id == mine.id).values(started_on=earlier))
    await _move(db, enrolments, other, keep)


async def _revert_overruled_skips(
    change: Change,
    keep: int,
    ledgers: Mapping[str, tuple[tuple[StepEvent, ...], tuple[StepEvent, ...]]],
    roadmaps: Mapping[str, Roadmap],
) -> None:
    """A step that either had done is done: a skip written after it, on the other side, is taken back."""
    for slug, (mine, theirs) in ledgers.items():
        roadmap = roadmaps.get(slug)
        done = _done(mine, roadmap) | _done(theirs, roadmap)
        united = tuple(sorted(mine + theirs, key=lambda event: event.id))
        lost = done - _done(united, roadmap)
        for event in _standing(united):
            if event.kind == "skipped" and _name(event, roadmap) in lost:
                row = (
                    (await change.db.execute(select(step_events).where(step_events.c.id == event.id))).mappings().one()
                )
                await change.append(
                    step_events,
                    enrolment=row["enrolment"],
                    step=event.step,
                    kind="reverted",
                    local_date=event.local_date,
                    reverts=event.id,
                )


def _standing(events: tuple[StepEvent, ...]) -> list[StepEvent]:
    reverted = {event.reverts for event in events if event.kind == "reverted"}
    return [event for event in events if event.kind != "reverted" and event.id not in reverted]


def _done(events: tuple[StepEvent, ...], roadmap: Roadmap | None) -> set[str]:
    last = {_name(event, roadmap): event.kind for event in _standing(events)}
    return {step for step, kind in last.items() if kind == "done"}


def _name(event: StepEvent, roadmap: Roadmap | None) -> str:
    """A step's slug of today; as it was written, when the roadmap's file is not served at the moment."""
    step = roadmap.step(event.step) if roadmap else None
    return step.slug if step else event.step


async def _unite_memberships(db: AsyncConnection, keep: int, other: int) -> None:
    rows = await db.execute(select(memberships).where(memberships.c.member.in_((keep, other))))
    known = {(row["group"], row["member"]): row for row in rows.mappings()}
    for (group, member), theirs in known.items():
        mine = known.get((group, keep))
        if member == keep or mine is None:
            continue
        left = None if mine["left_at"] is None or theirs["left_at"] is None else max(mine["left_at"], theirs["left_at"])
        await db.execute(
            update(memberships)
            .where(memberships.c.group == group, memberships.c.member == keep)
            .values(joined_at=min(mine["joined_at"], theirs["joined_at"]), left_at=left)
        )
        await db.execute(delete(memberships).where(memberships.c.group == group, memberships.c.member == other))
    await _move(db, memberships, other, keep)


async def _move_ledger_changes(db: AsyncConnection, keep: int, other: int) -> None:
    """Changes that only added to ledgers go along, so that /undo still reaches them; the rest stays with the number."""
    rows = await db.execute(select(changes.c.id, changes.c.effects).where(changes.c.member == other))
    moving = [id for id, effects in rows if effects and all("appended" in effect for effect in effects)]
    await db.execute(update(changes).where(changes.c.id.in_(moving)).values(member=keep))


async def _unite_members(db: AsyncConnection, keep: int, other: int) -> None:
    """What `keep` has said about themselves stays; what they have not is taken from `other`."""
    rows = await db.execute(select(members).where(members.c.id.in_((keep, other))))
    by_id = {row["id"]: row for row in rows.mappings()}
    mine, theirs = by_id[keep], by_id[other]
    values: dict[str, object] = {"created_at": min(mine["created_at"], theirs["created_at"]), "onboarding": False}
    if not mine["zone_confirmed"] and theirs["zone_confirmed"]:
        values |= {"zone": theirs["zone"], "zone_confirmed": True}
    values["intention"] = mine["intention"] or theirs["intention"]
    if not mine["day_start"]:
        values["day_start"] = theirs["day_start"]
    for known, *others in (("quiet_from", "quiet_to"), ("paused_from", "paused_until")):
        if mine[known] is None:
            values |= {name: theirs[name] for name in (known, *others)}
    values["main_group"] = mine["main_group"] if mine["main_group"] is not None else theirs["main_group"]
    await db.execute(update(members).where(members.c.id == keep).values(**values))
    await db.execute(update(members).where(members.c.linked_to == other).values(linked_to=keep))
    await db.execute(update(members).where(members.c.id == other).values(linked_to=keep, **BLANK_MEMBER))
