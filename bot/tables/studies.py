"""The tables of what members did, as ledgers."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Date, Index, Integer, String, Table, text

from bot.tables.columns import UtcDateTime, id_column, index_of_set, metadata, reference

enrolments = Table(
    "enrolments",
    metadata,
    id_column(),
    # Ended ones are read too, with every ledger: at 100,000 members that is 0.7 ms instead of 15.
    reference("members", "member", nullable=False, index=True),
    Column("roadmap", String(24), nullable=False),
    Column("deadline", Date),
    Column("minutes_a_day", Integer, nullable=False),
    Column("started_on", Date, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # One enrolment on a roadmap at a time; an ended one is history and may have successors.
    Index(
        "uq_enrolments_current",
        "member",
        "roadmap",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

changes = Table(
    "changes",
    metadata,
    id_column(),
    reference("members", "member", nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("day_start", Integer, nullable=False),
    Column("command", String(32), nullable=False),
    # What was done, as a message's id and variables: /undo says which change it takes back.
    Column("summary", JSON, nullable=False),
    # What to put back, in the order it was written (see store/changes.py).
    Column("effects", JSON, nullable=False),
    # The incoming update that caused it, and the message and line where that was a press: each counts once.
    Column("update_key", String(120)),
    Column("press_key", String(200)),
    reference("changes", "undoes"),
    Column("undone_at", UtcDateTime),
    Index("ix_changes_member", "member", "id"),
    index_of_set("update_key", name="uq_changes_update_key", unique=True),
    index_of_set("undoes", name="uq_changes_undoes", unique=True),
    # A press counts once as long as it has not been taken back.
    index_of_set("press_key", name="uq_changes_press", unique=True, also="undone_at IS NULL"),
)

step_events = Table(
    "step_events",
    metadata,
    id_column(),
    reference("enrolments", "enrolment", nullable=False, index=True),
    reference("changes", "change", nullable=False, index=True),
    Column("step", String(32), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("day_start", Integer, nullable=False),
    Column("proof", String(2000)),
    Column("file", JSON),
    Column("note", String(1000)),
    reference("step_events", "reverts"),
    index_of_set("reverts", name="uq_step_events_reverts", unique=True),
    CheckConstraint("kind IN ('done', 'skipped', 'reverted')", name="kind"),
)

checkins = Table(
    "checkins",
    metadata,
    id_column(),
    reference("members", "member", nullable=False),
    reference("changes", "change", nullable=False, index=True),
    Column("track", String(8), nullable=False),
    Column("local_date", Date, nullable=False),
    Column("studied", Boolean, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("note", String(1000)),
    Column("at", UtcDateTime, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("day_start", Integer, nullable=False),
    reference("checkins", "reverts"),
    index_of_set("reverts", name="uq_checkins_reverts", unique=True),
    Index("ix_checkins_member_local_date", "member", "local_date"),
    CheckConstraint("track IN ('study', 'dsa')", name="track"),
)
