"""What members have to show is kept once for each of their groups: a board reads no row for each of its members."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

PRESENT = "left_at IS NULL"
"""Whether a membership is of somebody who has not left."""

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


def upgrade() -> None:
    """Bring the tables to this version."""
    op.create_table(
        "group_totals",
        sa.Column("group", ID, nullable=False),
        sa.Column("span", sa.String(length=5), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("member", ID, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.CheckConstraint("span IN ('week', 'month', 'all')", name=op.f("ck_group_totals_span")),
        sa.ForeignKeyConstraint(["group"], ["groups.id"], name=op.f("fk_group_totals_group")),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name=op.f("fk_group_totals_member")),
        sa.PrimaryKeyConstraint("group", "span", "first", "member", name=op.f("pk_group_totals")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "group_streaks",
        sa.Column("group", ID, nullable=False),
        sa.Column("member", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("day_start", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["group"], ["groups.id"], name=op.f("fk_group_streaks_group")),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name=op.f("fk_group_streaks_member")),
        sa.PrimaryKeyConstraint("group", "member", name=op.f("pk_group_streaks")),
        sqlite_with_rowid=False,
    )
    db = op.get_bind()
    for statement in (ADD_TOTALS, ADD_STREAKS):
        db.exec_driver_sql(statement.format(which=""))
    op.create_index("ix_group_totals_member", "group_totals", ["member", "span", "first"])
    op.create_index("ix_group_streaks_member", "group_streaks", ["member"])
    present = sa.text(PRESENT)
    op.create_index(
        "ix_memberships_present", "memberships", ["group", "member"], sqlite_where=present, postgresql_where=present
    )
    for trigger in _on_sqlite() if db.dialect.name == "sqlite" else _on_postgres():
        db.exec_driver_sql(trigger)


def downgrade() -> None:
    """Take the tables back to the version before."""
    db = op.get_bind()
    for name, (watched, _, _) in TRIGGERS.items():
        if db.dialect.name == "sqlite":
            db.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            db.exec_driver_sql(f"DROP TRIGGER {name} ON {watched.rpartition(' ')[2]}")
            db.exec_driver_sql(f"DROP FUNCTION {name}")
    op.drop_index("ix_memberships_present", "memberships")
    op.drop_table("group_streaks")
    op.drop_table("group_totals")
