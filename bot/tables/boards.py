"""What each member has to show, once for each of their groups: a board reads one stretch of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import CheckConstraint, Column, Connection, Date, Index, Integer, MetaData, String, Table, event

from bot.tables.columns import metadata, reference

# Nothing of the program writes these rows: triggers of `totals`, `streaks`, `memberships` and `members` do, whatever
# changes there. A migration that makes one of those tables anew makes its triggers anew too.

group_totals = Table(
    "group_totals",
    metadata,
    # As in `totals`, without the days.
    reference("groups", "group", primary_key=True),
    Column("span", String(5), primary_key=True),
    Column("first", Date, primary_key=True),
    reference("members", "member", primary_key=True),
    Column("minutes", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    CheckConstraint("span IN ('week', 'month', 'all')", name="span"),
    Index("ix_group_totals_member", "member", "span", "first"),
    # The rows lie in the order of the key, so that a board's lie side by side.
    sqlite_with_rowid=False,
)

group_streaks = Table(
    "group_streaks",
    metadata,
    # As in `streaks`, and by whose clock it stands.
    reference("groups", "group", primary_key=True),
    reference("members", "member", primary_key=True, index=True),
    Column("name", String(80), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("day_start", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("last", Date, nullable=False),
    Column("until", Date, nullable=False),
    sqlite_with_rowid=False,
)


# ---------------------------------------------------------------- what keeps them

ADD_TOTALS = """
    INSERT INTO group_totals ("group", span, first, member, minutes, steps, days)
    SELECT m."group", t.span, t.first, t.member, t.minutes, t.steps, t.days
      FROM memberships AS m JOIN totals AS t ON t.member = m.member AND t.span <> 'day'
     WHERE m.left_at IS NULL {which}
        ON CONFLICT ("group", span, first, member)
        DO UPDATE SET minutes = excluded.minutes, steps = excluded.steps, days = excluded.days
"""

ADD_STREAKS = """
    INSERT INTO group_streaks ("group", member, name, zone, day_start, days, last, until)
    SELECT m."group", s.member, p.name, p.zone, p.day_start, s.days, s.last, s.until
      FROM memberships AS m JOIN streaks AS s ON s.member = m.member JOIN members AS p ON p.id = m.member
     WHERE m.left_at IS NULL {which}
        ON CONFLICT ("group", member)
        DO UPDATE SET name = excluded.name, zone = excluded.zone, day_start = excluded.day_start,
                      days = excluded.days, last = excluded.last, until = excluded.until
"""

OF_TOTAL = ADD_TOTALS.format(which="AND t.member = new.member AND t.span = new.span AND t.first = new.first")
OF_STREAK = ADD_STREAKS.format(which="AND s.member = new.member")
OF_MEMBERSHIP = 'AND m."group" = new."group" AND m.member = new.member'
COMES = (ADD_TOTALS.format(which=OF_MEMBERSHIP), ADD_STREAKS.format(which=OF_MEMBERSHIP))
GOES = (
    'DELETE FROM group_totals WHERE member = old.member AND "group" = old."group"',
    'DELETE FROM group_streaks WHERE member = old.member AND "group" = old."group"',
)

TRIGGERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "totals_come": ("INSERT ON totals", "new.span <> 'day'", (OF_TOTAL,)),
    "totals_change": ("UPDATE ON totals", "new.span <> 'day'", (OF_TOTAL,)),
    "totals_go": (
        "DELETE ON totals",
        "old.span <> 'day'",
        ("DELETE FROM group_totals WHERE member = old.member AND span = old.span AND first = old.first",),
    ),
    "streaks_come": ("INSERT ON streaks", "true", (OF_STREAK,)),
    "streaks_change": ("UPDATE ON streaks", "true", (OF_STREAK,)),
    "streaks_go": ("DELETE ON streaks", "true", ("DELETE FROM group_streaks WHERE member = old.member",)),
    "memberships_come": ("INSERT ON memberships", "true", COMES),
    "memberships_change": ('UPDATE OF "group", member, left_at ON memberships', "true", (*GOES, *COMES)),
    "memberships_go": ("DELETE ON memberships", "true", GOES),
    "members_change": (
        "UPDATE OF name, zone, day_start ON members",
        "true",
        ("UPDATE group_streaks SET name = new.name, zone = new.zone, day_start = new.day_start WHERE member = new.id",),
    ),
}
"""By its name: what a trigger watches, for which rows, and what it does. The same on both databases."""

MEMBER_HELD = "PERFORM pg_advisory_xact_lock(hashtextextended('member:' || {row}.member, 0));"
"""Whoever comes or goes waits for what the member writes at this moment, and is waited for by what they write next."""


def _on_sqlite() -> Iterator[str]:
    for name, (watched, when, statements) in TRIGGERS.items():
        body = "; ".join(statements)
        yield f"CREATE TRIGGER {name} AFTER {watched} WHEN {when} BEGIN {body}; END"


def _on_postgres() -> Iterator[str]:
    for name, (watched, when, statements) in TRIGGERS.items():
        held = MEMBER_HELD.format(row="old" if "DELETE" in watched else "new") if "memberships" in watched else ""
        body = f"BEGIN {held} {'; '.join(statements)}; RETURN NULL; END"
        yield f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
        yield f"CREATE TRIGGER {name} AFTER {watched} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()"


def _make_triggers(_metadata: MetaData, connection: Connection, *, tables: Sequence[Table], **_: object) -> None:
    if group_totals in tables:
        for trigger in _on_sqlite() if connection.dialect.name == "sqlite" else _on_postgres():
            connection.exec_driver_sql(trigger)


event.listen(metadata, "after_create", _make_triggers)
