"""The tables of what is said unasked."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Index, Integer, String, Table, UniqueConstraint, text

from bot.tables.columns import Id, UtcDateTime, id_column, index_of_set, metadata, reference

reminders = Table(
    "reminders",
    metadata,
    id_column(),
    Column("kind", String(16), nullable=False),
    reference("members", "member"),
    reference("groups", "group"),
    Column("minute", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("place", String(8), nullable=False),
    Column("last_date", Date),
    # Asked for by /later: at this moment, for this local date.
    Column("later_at", UtcDateTime),
    Column("later_date", Date),
    # How many questions in a row went unanswered, and when they stopped because of it.
    Column("ignored", Integer, nullable=False, default=0, server_default=text("0")),
    Column("paused_at", UtcDateTime),
    # None: nothing to come.
    Column("next_due_at", UtcDateTime),
    Column("next_date", Date),
    # What a tick reads: its cost does not grow with the number of members. What is due to one member at the same
    # moment comes one after another.
    index_of_set("next_due_at", "member", "group", name="ix_reminders_next_due_at"),
    index_of_set("member", name="ix_reminders_member"),
    index_of_set("group", name="ix_reminders_group"),
    UniqueConstraint("kind", "member"),
    UniqueConstraint("kind", "group"),
    CheckConstraint('(member IS NULL) <> ("group" IS NULL)', name="whose"),
    CheckConstraint("place IN ('dm', 'group', 'off')", name="place"),
)

deliveries = Table(
    "deliveries",
    metadata,
    id_column(),
    Column("key", String(120), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("chat", String(64), nullable=False),
    Column("thread", String(64), nullable=False, default=""),
    reference("members", "member"),
    reference("groups", "group"),
    reference("changes", "change"),
    # Whose occurrence it is; no foreign key, for a reminder may be taken back and what was sent was sent.
    Column("reminder", Id),
    # The delivery whose message this one is a part of: several to the same chat at the same minute are one message.
    Column("bundle", Id),
    Column("local_date", Date, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("state", String(8), nullable=False),
    # What is to be done next and when; None when nothing is.
    Column("next_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    # When it was first handed to the platform, and under which lease's fencing number it was last.
    Column("handed_at", UtcDateTime),
    Column("token", BigInteger),
    # How often nobody knew whether it had arrived.
    Column("doubts", Integer, nullable=False, default=0, server_default=text("0")),
    Column("message", String(64)),
    # Counts what the message should show; the courier edits until `shown` has caught up.
    Column("version", Integer, nullable=False, default=1),
    Column("shown", Integer, nullable=False, default=0),
    Column("settled_at", UtcDateTime),
    Column("reason", String(300)),
    # What the courier reads: each platform has a queue of its own, and what is settled is in none.
    Index(
        "ix_deliveries_queue",
        "platform",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    index_of_set("change", name="ix_deliveries_of_change"),
    index_of_set("bundle", name="ix_deliveries_bundle"),
    # Whoever answers touches the day's posts of their groups.
    index_of_set("group", "local_date", name="ix_deliveries_group_local_date"),
    index_of_set("member", "local_date", name="ix_deliveries_member_local_date"),
    CheckConstraint("state IN ('queued', 'sending', 'sent', 'doubtful', 'failed', 'expired')", name="state"),
)
