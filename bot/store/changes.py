"""What a member changed, written so that it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypedDict

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    RowMapping,
    Table,
    and_,
    bindparam,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.member import Member
from bot.store import totals
from bot.store.engine import to_write
from bot.tables import UtcDateTime, changes, metadata

NAMED_BY_KIND = ("change-remind", "change-remind-off")
"""Summaries whose kind of reminder was a variable before 0.2; since then each kind has words of its own."""


Summary = tuple[str, dict[str, object]]
"""What was done: the id of a message that says it, with the message's variables."""


class Effect(TypedDict, total=False):
    """One row that a change wrote, as JSON: its table under the word for what was done to it, and how it is found."""

    set: str
    created: str
    appended: str
    where: dict[str, object]
    before: dict[str, object]
    after: dict[str, object]
    yields: bool
    end: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """A change as it stands in the ledger. `id` is what /undo takes, in base 36."""

    id: int
    member: int
    command: str
    summary: Summary
    undone: bool


class Stale(Exception):
    """What a change wrote was changed again since: taking it back would lose the newer wish."""


class Change:
    """One command's writes. Nothing reaches the ledger of changes unless something is written through here.

    `set` and `create` remember what was there before; so does `follow`, of what merely follows from the change and may
    move on. `append` adds to a ledger, whose rows are never touched again: they are taken back by a compensating row.
    Commands call the verbs of their concern, which are made of these (studies, wishes, homes, schedule).

    `member` is who makes it, as they were before; `present` as they are now.
    """

    def __init__(
        self,
        db: AsyncConnection,
        member: Member,
        now: datetime,
        command: str,
        update_key: str | None = None,
        press_key: str | None = None,
    ) -> None:
        self.db = db
        self.member = member
        self.present = member
        self.now = now
        self.command = command
        self.summary: Summary = ("change-other", {})
        self._keys = {"update_key": update_key, "press_key": press_key}
        self._effects: list[Effect] = []
        self._id: int | None = None
        self._touched = totals.Touched()

    @property
    def made(self) -> bool:
        """Whether anything was written."""
        return self._id is not None

    async def id(self, undoes: int | None = None) -> int:
        """The change's id; the first call enters it in the ledger. Raises OnlyReads."""
        if self._id is None:
            to_write(self.db)
            result = await self.db.execute(
                insert(changes).values(
                    **self.stamp(),
                    **self._keys,
                    member=self.member.id,
                    command=self.command,
                    summary=[self.summary[0], self.summary[1]],
                    effects=[],
                    undoes=undoes,
                )
            )
            self._id = _key(result)
        return self._id

    def stamp(self) -> dict[str, object]:
        """When it happened, for the member: UTC moment, local date, zone and day start (law 12)."""
        member = self.member
        return {
            "at": self.now,
            "local_date": member.local_day(self.now),
            "zone": member.zone,
            "day_start": member.day_start,
        }

    async def set(self, table: Table, where: Mapping[str, object], **values: object) -> None:
        """Change columns of one row. What is the same already is left alone."""
        await self._set(table, where, values, yields=False)

    async def follow(self, table: Table, where: Mapping[str, object], **values: object) -> None:
        """The same of what the command did not name; changed again since, it is left as it is when this is undone."""
        await self._set(table, where, values, yields=True)

    async def _set(
        self, table: Table, where: Mapping[str, object], values: Mapping[str, object], *, yields: bool
    ) -> None:
        # Held: a reminder may be claimed at the same moment, and what we write is made of what we read.
        # No key of it changes: what refers to it may be written meanwhile, by a claim that holds the reminder we want.
        row = select(table).where(_match(table, where)).with_for_update(key_share=True)
        found = (await self.db.execute(row)).mappings().one()
        before = {name: found[name] for name in values}
        if before == values:
            return
        await self.id()
        await self.db.execute(update(table).where(_match(table, where)).values(**values))
        effect: Effect = {"set": table.name, "where": _json(where), "before": _json(before), "after": _json(values)}
        if yields:
            effect["yields"] = True
        self._effects.append(effect)
        self._touched.row(table, [name for name in values if before[name] != values[name]])

    async def create(self, table: Table, end: str | None = None, **values: object) -> int:
        """Add a row. Taking it back removes it, or sets its column `end` to the moment where history is kept."""
        await self.id()
        result = await self.db.execute(insert(table).values(**values))
        where = {
            column.name: key for column, key in zip(table.primary_key, result.inserted_primary_key or (), strict=True)
        }
        self._effects.append({"created": table.name, "where": _json(where), "end": end})
        self._touched.row(table)
        return int(next(iter(where.values())))

    async def append(self, table: Table, **values: object) -> int:
        """Add a line to a ledger; `change`, the moment and the local date are filled in."""
        change = await self.id()
        row = {**self.stamp(), "change": change, **values}
        line = _key(await self.db.execute(insert(table).values(**row)))
        self._touched.line(table, row)
        self._effects.append({"appended": table.name, "where": {"id": line}})
        return line

    async def count(self) -> None:
        """Bring what the member's ledgers amount to up to what was written until now; `settle` does so at the end."""
        touched, self._touched = self._touched, totals.Touched()
        await totals.keep_totals(self.db, self.member.id, touched)

    async def settle(self) -> None:
        """Write down what was done, how to take it back, what it amounts to; the last thing before the commit."""
        if self._id is not None:
            await self.count()
            await self.db.execute(
                update(changes)
                .where(changes.c.id == self._id)
                .values(summary=[self.summary[0], self.summary[1]], effects=self._effects)
            )

    async def take_back(self, done: Done) -> None:
        """Undo another change, as a change of its own.

        Raises Stale when it was changed again since, or when what was before has no place any more (left, joined
        anew, and then the leaving taken back): the transaction must end then.
        """
        me = await self.id(undoes=done.id)
        row = (await self.db.execute(select(changes.c.effects).where(changes.c.id == done.id))).scalar_one()
        try:
            for effect in reversed(row):
                await self._revert(effect, me)
        except IntegrityError as error:
            raise Stale(done.command) from error
        await self.db.execute(update(changes).where(changes.c.id == done.id).values(undone_at=self.now))

    async def _revert(self, effect: Effect, me: int) -> None:
        name = effect.get("set") or effect.get("created") or effect["appended"]
        table = metadata.tables[name]
        where = _match(table, _rows(table, effect["where"]))
        if "set" in effect:
            row = select(table).where(where).with_for_update(key_share=True)
            found = (await self.db.execute(row)).mappings().one_or_none()
            after = _rows(table, effect["after"])
            if found is None or any(found[column] != value for column, value in after.items()):
                if effect.get("yields"):
                    return
                raise Stale(name)
            await self.db.execute(update(table).where(where).values(**_rows(table, effect["before"])))
            self._touched.row(table, effect["before"])
        elif "created" in effect:
            if effect["end"]:
                await self.db.execute(update(table).where(where).values({effect["end"]: self.now}))
            else:
                await self.db.execute(table.delete().where(where))
            self._touched.row(table)
        else:
            await self._compensate(table, _match(table, effect["where"]), me)

    async def _compensate(self, table: Table, line: ColumnElement[bool], me: int) -> None:
        original = (await self.db.execute(select(table).where(line))).mappings().one()
        row = {**original, **self.stamp(), "change": me, "reverts": original["id"]}
        # The compensating row belongs to the day it takes back, or a past day's sums would not change.
        row["local_date"] = original["local_date"]
        del row["id"]
        if "kind" in row:
            row["kind"] = "reverted"
        await self.db.execute(insert(table).values(**row))
        self._touched.line(table, row)


async def last(db: AsyncConnection, member: int) -> Done | None:
    """The member's latest change that still stands and is not itself an undo."""
    row = await db.execute(
        select(changes)
        .where(changes.c.member == member, changes.c.undone_at.is_(None), changes.c.undoes.is_(None))
        .order_by(changes.c.id.desc())
        .limit(1)
    )
    return _done(row.mappings().one_or_none())


async def find(db: AsyncConnection, id: int) -> Done | None:
    """A change by its id, whoever made it."""
    return _done((await db.execute(select(changes).where(changes.c.id == id))).mappings().one_or_none())


async def applied(db: AsyncConnection, update_key: str | None, press_key: str | None) -> Done | None:
    """The change that this update, or this press of this message, has caused already and that still stands."""
    if update_key is None and press_key is None:
        return None
    rows = await db.execute(_APPLIED, {"update": update_key, "press": press_key})
    return _done(rows.mappings().first())


# Two questions in one, each by its index; an update that came again is told first.
_APPLIED = union_all(
    select(changes, literal(1).label("place")).where(changes.c.update_key == bindparam("update")),
    select(changes, literal(2)).where(changes.c.press_key == bindparam("press"), changes.c.undone_at.is_(None)),
).order_by("place")


def _done(row: RowMapping | None) -> Done | None:
    if row is None:
        return None
    id, variables = row["summary"]
    if id in NAMED_BY_KIND and "kind" in variables:
        id = f"{id}-{variables['kind']}"
    return Done(row["id"], row["member"], row["command"], (id, variables), row["undone_at"] is not None)


def _key(result: CursorResult[*tuple[object, ...]]) -> int:
    return int((result.inserted_primary_key or (0,))[0])


def _match(table: Table, where: Mapping[str, object]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in where.items()))


def _json(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in row.items()}


def _rows(table: Table, row: Mapping[str, object]) -> dict[str, object]:
    """Values of a row as the columns hold them, read back from JSON."""
    return {name: _value(table.c[name], value) for name, value in row.items()}


def _value(column: Column[object], value: object) -> object:
    if not isinstance(value, str):
        return value
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value).astimezone(UTC)
    return date.fromisoformat(value) if column.type.python_type is date else value
