"""The tables of who is in which group."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, String, Table, UniqueConstraint, text

from bot.tables.columns import Id, UtcDateTime, id_column, index_of_set, metadata, reference

members = Table(
    "members",
    metadata,
    id_column(),
    Column("name", String(80), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("zone_confirmed", Boolean, nullable=False, default=False),
    Column("day_start", Integer, nullable=False, default=0),
    Column("language", String(12), nullable=False),
    Column("intention", String(200)),
    Column("onboarding", Boolean, nullable=False, default=False),
    reference("groups", "main_group"),
    # Quiet hours, in minutes after local midnight; from the one until the other, over midnight where that is earlier.
    Column("quiet_from", Integer),
    Column("quiet_to", Integer),
    # A pause: the first local date of it, and the first one after it; None for the latter: until they come back.
    Column("paused_from", Date),
    Column("paused_until", Date),
    # Who this member became part of when accounts were linked: buttons made for them are that member's from then on.
    reference("members", "linked_to"),
    Column("created_at", UtcDateTime, nullable=False),
    index_of_set("linked_to", name="ix_members_linked_to"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("account", String(64), primary_key=True),
    reference("members", "member", nullable=False, index=True),
    Column("name", String(80), nullable=False),
    # open: they wrote to us in private; closed: a message did not get through, and they were told so in `told_at`.
    Column("dm", String(8), nullable=False, default="unknown"),
    Column("told_at", UtcDateTime),
    Column("seen_at", UtcDateTime, nullable=False),
    # The private channel by which the platform reaches it; None where the platform needs none, or it was never opened.
    Column("channel", String(64)),
    CheckConstraint("dm IN ('unknown', 'open', 'closed')", name="dm"),
)

rests = Table(
    "rests",
    metadata,
    # Days off that a member planned ahead: local dates, both included.
    id_column(),
    reference("members", "member", nullable=False, index=True),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    id_column(),
    Column("name", String(120), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("checkin_minute", Integer, nullable=False),
    Column("recap_day", Integer, nullable=False),
    Column("recap_minute", Integer, nullable=False),
    Column("roadmap", String(24)),
    Column("deadline", Date),
    # Of what everybody in it reads; in private each member has a language of their own.
    Column("language", String(12), nullable=False, server_default="en"),
    # Who set the group up last, told in private when its posts do not get through; no foreign key, for members and
    # groups would then each have to be there before the other.
    Column("leader", Id),
    Column("created_at", UtcDateTime, nullable=False),
)

homes = Table(
    "homes",
    metadata,
    id_column(),
    reference("groups", "group", nullable=False, index=True),
    Column("platform", String(16), nullable=False),
    Column("chat", String(64), nullable=False),
    Column("thread", String(64), nullable=False, default=""),
    Column("name", String(120), nullable=False),
    Column("gone_at", UtcDateTime),
    UniqueConstraint("platform", "chat", "thread"),
)

memberships = Table(
    "memberships",
    metadata,
    reference("groups", "group", primary_key=True),
    reference("members", "member", primary_key=True, index=True),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime),
    Index(
        "ix_memberships_present",
        "group",
        "member",
        sqlite_where=text("left_at IS NULL"),
        postgresql_where=text("left_at IS NULL"),
    ),
)
