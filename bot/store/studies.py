"""The ledgers of what members have studied on their roadmaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import RowMapping, Select, bindparam, case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.answer import Answer
from bot.domain.enrolment import Enrolment
from bot.domain.progress import EventKind, StepEvent
from bot.store import totals
from bot.store.changes import Change
from bot.store.totals import STANDING_CHECKIN, STANDING_EVENT
from bot.tables import checkins, enrolments, groups, step_events

Who = Sequence[int] | Select[tuple[int]]
"""Members by their ids, or by a question that gives them: a group of a hundred thousand is never listed here."""


async def enrolments_of(db: AsyncConnection, member: int) -> tuple[Enrolment, ...]:
    """A member's current enrolments, the one used last first."""
    return tuple(map(_enrolment, (await db.execute(_CURRENT, {"who": member})).mappings()))


# Asked by nearly every command, and so made once.
_CURRENT = (
    select(enrolments)
    .where(enrolments.c.member == bindparam("who"), enrolments.c.ended_at.is_(None))
    .order_by(enrolments.c.used_at.desc(), enrolments.c.id.desc())
)


async def follow_renames(db: AsyncConnection, names: Mapping[str, str], now: datetime) -> None:
    """Rows follow roadmaps that were renamed: `names` gives today's slug of each earlier one.

    Who is on both keeps the one under today's name; the other becomes history, and what was done on it counts.
    """
    for old, new in names.items():
        ever = select(enrolments.c.member)
        both_ever = await db.execute(
            ever.where(enrolments.c.roadmap == old).intersect(ever.where(enrolments.c.roadmap == new))
        )
        mine = enrolments.alias("mine")
        on_new = exists().where(mine.c.member == enrolments.c.member, mine.c.roadmap == new, mine.c.ended_at.is_(None))
        earlier = enrolments.c.roadmap == old
        both = earlier & enrolments.c.ended_at.is_(None) & on_new
        await db.execute(update(enrolments).where(both).values(ended_at=now))
        await db.execute(update(enrolments).where(earlier).values(roadmap=new))
        await db.execute(update(groups).where(groups.c.roadmap == old).values(roadmap=new))
        for member in both_ever.scalars().all():
            await totals.recount(db, member)


async def use(db: AsyncConnection, enrolment: int, now: datetime) -> None:
    """Note that an enrolment was spoken of: it is the default for the next command."""
    await db.execute(update(enrolments).where(enrolments.c.id == enrolment).values(used_at=now))


# ---------------------------------------------------------------- verbs


async def enrol(change: Change, roadmap: str, deadline: date, minutes_a_day: int) -> None:
    """Put the member on a roadmap, by its slug, from their today on. Taken back, it has ended."""
    await change.create(
        enrolments,
        end="ended_at",
        member=change.member.id,
        roadmap=roadmap,
        deadline=deadline,
        minutes_a_day=minutes_a_day,
        started_on=change.member.local_day(change.now),
        used_at=change.now,
    )


async def set_plan(change: Change, enrolment: int, deadline: date | None, minutes_a_day: int) -> None:
    """Another deadline, other hours."""
    await change.set(enrolments, {"id": enrolment}, deadline=deadline, minutes_a_day=minutes_a_day)


async def leave(change: Change, enrolment: int) -> None:
    """End an enrolment; what was done on it stays."""
    await change.set(enrolments, {"id": enrolment}, ended_at=change.now)


async def mark_done(
    change: Change,
    enrolment: int,
    step: str,
    proof: str | None = None,
    file: Mapping[str, str] | None = None,
    note: str | None = None,
) -> StepEvent:
    """A step, by its slug, is done, with what shows it: a link, where a file is, a note."""
    shown = {"proof": proof, "file": file and dict(file), "note": note}
    return await _add_event(change, enrolment, step, "done", **shown)


async def skip(change: Change, enrolment: int, step: str, reason: str | None) -> StepEvent:
    """A step, by its slug, is left out."""
    return await _add_event(change, enrolment, step, "skipped", note=reason)


async def _add_event(change: Change, enrolment: int, step: str, kind: EventKind, **more: object) -> StepEvent:
    line = await change.append(step_events, enrolment=enrolment, step=step, kind=kind, **more)
    return StepEvent(line, step, kind, change.now, change.member.local_day(change.now))


async def check_in(
    change: Change, day: date, track: str, *, studied: bool, minutes: int = 0, note: str | None = None
) -> None:
    """The member's answer for a local date and track; a second one of the day adds to the first."""
    values = {"track": track, "studied": studied, "minutes": minutes, "note": note, "local_date": day}
    await change.append(checkins, member=change.member.id, **values)


async def events_of(db: AsyncConnection, member: int, roadmap: str) -> tuple[StepEvent, ...]:
    """The ledger of a member on a roadmap, earlier enrolments included: what was learned stays learned."""
    rows = await db.execute(_EVENTS, {"who": member, "course": roadmap})
    return tuple(map(_event, rows.mappings()))


_EVENTS = (
    select(step_events)
    .join(enrolments, enrolments.c.id == step_events.c.enrolment)
    .where(enrolments.c.member == bindparam("who"), enrolments.c.roadmap == bindparam("course"))
    .order_by(step_events.c.id)
)


async def event_of_change(db: AsyncConnection, change: int) -> RowMapping | None:
    """The step event that a change wrote, with its member and roadmap, and whether it still stands."""
    rows = await db.execute(
        select(step_events, enrolments.c.member, enrolments.c.roadmap, STANDING_EVENT.label("stands"))
        .join(enrolments, enrolments.c.id == step_events.c.enrolment)
        .where(step_events.c.change == change)
        .limit(1)
    )
    return rows.mappings().one_or_none()


async def proof_of(db: AsyncConnection, enrolment: int, step: str) -> tuple[str | None, dict[str, str] | None]:
    """The last link and the last file that show a step was done, of those nobody took back."""
    rows = await db.execute(
        select(step_events.c.proof, step_events.c.file)
        .where(
            step_events.c.enrolment == enrolment,
            step_events.c.step == step,
            step_events.c.kind == "done",
            STANDING_EVENT,
        )
        .order_by(step_events.c.id.desc())
    )
    found = rows.all()
    return next((row.proof for row in found if row.proof), None), next((row.file for row in found if row.file), None)


async def changes_of_step(db: AsyncConnection, enrolment: int, step: str) -> tuple[int, ...]:
    """The changes that marked a step done, unless taken back: what was announced about them may now read otherwise."""
    rows = await db.execute(
        select(step_events.c.change).where(
            step_events.c.enrolment == enrolment,
            step_events.c.step == step,
            step_events.c.kind == "done",
            STANDING_EVENT,
        )
    )
    return tuple(rows.scalars())


async def answers_of(db: AsyncConnection, members: Who, first: date, last: date) -> dict[int, list[Answer]]:
    """The members' answers from one local date to another, a day and track together; who said nothing is absent."""
    when = {"first": first, "last": last}
    if isinstance(members, Sequence):
        rows = await db.execute(_ANSWERS_OF, when | {"who": members})
    else:
        rows = await db.execute(_ANSWERS.where(checkins.c.member.in_(members)), when)
    found: dict[int, list[Answer]] = defaultdict(list)
    for row in rows:
        found[row.member].append(Answer(row.local_date, row.track, bool(row.studied), int(row.minutes)))
    return dict(found)


_ANSWERS = (
    select(
        checkins.c.member,
        checkins.c.local_date,
        checkins.c.track,
        func.max(case((checkins.c.studied, 1), else_=0)).label("studied"),
        func.sum(checkins.c.minutes).label("minutes"),
    )
    .where(checkins.c.local_date.between(bindparam("first"), bindparam("last")), STANDING_CHECKIN)
    .group_by(checkins.c.member, checkins.c.local_date, checkins.c.track)
    .order_by(checkins.c.local_date)
)
_ANSWERS_OF = _ANSWERS.where(checkins.c.member.in_(bindparam("who", expanding=True)))


def _enrolment(row: RowMapping) -> Enrolment:
    return Enrolment(
        id=row["id"],
        member=row["member"],
        roadmap=row["roadmap"],
        deadline=row["deadline"],
        minutes_a_day=row["minutes_a_day"],
        started_on=row["started_on"],
        used_at=row["used_at"],
        ended_at=row["ended_at"],
    )


def _event(row: RowMapping) -> StepEvent:
    return StepEvent(
        id=row["id"],
        step=row["step"],
        kind=row["kind"],
        at=row["at"],
        local_date=row["local_date"],
        reverts=row["reverts"],
    )
