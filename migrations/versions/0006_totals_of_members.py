"""What each member has to show is kept beside the ledgers: boards and recaps no longer add them up."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

FILL = """
    INSERT INTO totals (member, span, first, minutes, steps, days)
    SELECT member, 'day', day, SUM(minutes), SUM(steps), MAX(studied) FROM (
        SELECT c.member, c.local_date AS day,
               CASE WHEN SUM(c.minutes) > 360 THEN 360 ELSE SUM(c.minutes) END AS minutes, 0 AS steps,
               MAX(CASE WHEN c.studied THEN 1 ELSE 0 END) AS studied
          FROM checkins AS c
         WHERE c.reverts IS NULL AND NOT EXISTS (SELECT 1 FROM checkins AS later WHERE later.reverts = c.id)
         GROUP BY c.member, c.local_date
        UNION ALL
        SELECT member, day, 0, COUNT(*), 1 FROM (
            SELECT n.member, n.roadmap, e.step, MIN(e.local_date) AS day
              FROM step_events AS e JOIN enrolments AS n ON n.id = e.enrolment
             WHERE e.kind = 'done' AND NOT EXISTS (SELECT 1 FROM step_events AS later WHERE later.reverts = e.id)
             GROUP BY n.member, n.roadmap, e.step
        ) AS firsts GROUP BY member, day
        UNION ALL
        SELECT DISTINCT n.member, e.local_date, 0, 0, 1
          FROM step_events AS e JOIN enrolments AS n ON n.id = e.enrolment
         WHERE e.kind = 'done' AND NOT EXISTS (SELECT 1 FROM step_events AS later WHERE later.reverts = e.id)
    ) AS parts GROUP BY member, day
"""
"""What the ledgers amount to on each day, as it was counted until now."""

SINCE = {
    "sqlite": {
        "week": "date(first, 'weekday 0', '-6 days')",
        "month": "date(first, 'start of month')",
        "all": "'1970-01-01'",
    },
    "postgresql": {
        "week": "CAST(date_trunc('week', CAST(first AS timestamp)) AS date)",
        "month": "CAST(date_trunc('month', CAST(first AS timestamp)) AS date)",
        "all": "DATE '1970-01-01'",
    },
}
"""The first date of a day's span: the Monday of its week, the first of its month, and one for all time."""

TOTALS = sa.table(
    "totals",
    sa.column("member"),
    sa.column("span", sa.String),
    sa.column("first", sa.Date),
    sa.column("minutes"),
    sa.column("steps"),
    sa.column("days"),
)
STREAKS = sa.table(
    "streaks", sa.column("member"), sa.column("days"), sa.column("last", sa.Date), sa.column("until", sa.Date)
)
MEMBERS = sa.table("members", sa.column("id"), sa.column("paused_from", sa.Date), sa.column("paused_until", sa.Date))
RESTS = sa.table("rests", sa.column("member"), sa.column("first", sa.Date), sa.column("last", sa.Date))
REMINDERS = sa.table("reminders", sa.column("kind"), sa.column("member"), sa.column("days"))

AT_A_TIME = 1000
"""Members whose streaks are in memory at a time."""


def upgrade() -> None:
    """Bring the tables to this version."""
    op.create_table(
        "streaks",
        sa.Column("member", ID, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name=op.f("fk_streaks_member")),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_streaks")),
    )
    op.create_table(
        "totals",
        sa.Column("member", ID, nullable=False),
        sa.Column("span", sa.String(length=5), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.CheckConstraint("span IN ('day', 'week', 'month', 'all')", name=op.f("ck_totals_span")),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name=op.f("fk_totals_member")),
        sa.PrimaryKeyConstraint("member", "span", "first", name=op.f("pk_totals")),
    )
    db = op.get_bind()
    op.execute(FILL)
    sums = [sa.func.sum(TOTALS.c[name]) for name in ("minutes", "steps", "days")]
    for span, expression in SINCE[db.dialect.name].items():
        first = sa.literal_column(expression)
        days = sa.select(TOTALS.c.member, sa.literal(span), first, *sums).where(TOTALS.c.span == "day")
        columns = ["member", "span", "first", "minutes", "steps", "days"]
        op.execute(TOTALS.insert().from_select(columns, days.group_by(TOTALS.c.member, first)))
    _fill_streaks(db)


def _fill_streaks(db: sa.Connection) -> None:
    of_study = sa.select(REMINDERS.c.member, REMINDERS.c.days).where(REMINDERS.c.kind == "study")
    usual = {row.member: row.days for row in db.execute(of_study.where(REMINDERS.c.member.is_not(None)))}
    off = _days_off(db)
    after = -1
    while True:
        some = sa.select(MEMBERS.c.id).where(MEMBERS.c.id > after).order_by(MEMBERS.c.id).limit(AT_A_TIME)
        who = db.execute(some).scalars().all()
        if not who:
            return
        mine = sa.and_(TOTALS.c.member.between(who[0], who[-1]), TOTALS.c.span == "day", TOTALS.c.days > 0)
        found = db.execute(sa.select(TOTALS.c.member, TOTALS.c.first).where(mine).order_by(TOTALS.c.member)).all()
        rows = [
            {"member": member, **_streak({row.first for row in days}, usual.get(member, 127), off.get(member, []))}
            for member, days in groupby(found, lambda row: row.member)
        ]
        if rows:
            db.execute(STREAKS.insert(), rows)
        after = who[-1]


def _days_off(db: sa.Connection) -> dict[int, list[tuple[date, date]]]:
    """Rests and pauses, both ends included."""
    off: dict[int, list[tuple[date, date]]] = {}
    for member, first, last in db.execute(sa.select(RESTS)):
        off.setdefault(member, []).append((first, last))
    for member, first, until in db.execute(sa.select(MEMBERS).where(MEMBERS.c.paused_from.is_not(None))):
        off.setdefault(member, []).append((first, date.max if until is None else until - timedelta(days=1)))
    return off


def _streak(studied: set[date], usual: int, off: list[tuple[date, date]]) -> dict[str, Any]:
    """The study days in a row up to the last one, and the first day after it that needs another."""

    def needed(day: date) -> bool:
        return bool(usual >> day.weekday() & 1) and not any(first <= day <= last for first, last in off)

    last = max(studied)
    length, earliest = 0, min(studied)
    for day in _days_from(last, -1):
        if day < earliest or (day not in studied and needed(day)):
            break
        length += day in studied
    endless = [first for first, end in off if end == date.max]
    for day in _days_from(last, 1):
        if day > last and any(first <= day for first in endless):
            return {"days": length, "last": last, "until": date.max}
        if day > last and needed(day):
            break
    return {"days": length, "last": last, "until": day}


def _days_from(day: date, way: int) -> Iterator[date]:
    while True:
        yield day
        day += timedelta(days=way)


def downgrade() -> None:
    """Take the tables back to the version before."""
    op.drop_table("totals")
    op.drop_table("streaks")
