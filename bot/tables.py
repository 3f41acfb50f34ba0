"""The tables: rows are the truth, every stored moment is UTC, every stored date is local."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

ZERO = "+00:00"
"""How a moment in UTC ends; SQLite, which knows no zones, keeps the rest."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. Refuses a naive one, and gives back an aware one on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """UTC; on SQLite as SQLAlchemy itself writes it there, in a fifth of its time."""
        sqlite = dialect.name == "sqlite"

        def process(value: datetime | None) -> datetime | str | None:
            if value is None:
                return None
            if value.tzinfo is None:
                raise ValueError("a moment without a zone cannot be stored")
            value = value if value.tzinfo is UTC else value.astimezone(UTC)
            return value.isoformat(" ", "microseconds").removesuffix(ZERO) if sqlite else value

        return process

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        """UTC again."""
        if dialect.name == "sqlite":
            return lambda value: None if value is None else datetime.fromisoformat(value + ZERO)
        return lambda value: None if value is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# 64-bit ids: a group of a hundred thousand members writes millions of ledger rows. SQLite's rowids are that anyway.
Id = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _to(table: str, name: str, **options: Any) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{table}.id"), **options)


def _of_those_with(column: str, *more: str, name: str, unique: bool = False, also: str = "") -> Index:
    """An index of the rows that have a value in its first column.

    Where most rows have none, they would all share one place in a whole index, and a question for those without would
    be answered through it by reading nearly the whole table.
    """
    named = f'"{column}"' if column == "group" else column
    there = text(" AND ".join(filter(None, (also, f"{named} IS NOT NULL"))))
    return Index(name, column, *more, unique=unique, sqlite_where=there, postgresql_where=there)


members = Table(
    "members",
    metadata,
    _id(),
    Column("name", String(80), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("zone_confirmed", Boolean, nullable=False, default=False),
    Column("day_start", Integer, nullable=False, default=0),
    Column("language", String(12), nullable=False),
    Column("intention", String(200)),
    Column("onboarding", Boolean, nullable=False, default=False),
    Column("main_group", Id, ForeignKey("groups.id")),
    # Quiet hours, in minutes after local midnight; from the one until the other, over midnight where that is earlier.
    Column("quiet_from", Integer),
    Column("quiet_to", Integer),
    # A pause: the first local date of it, and the first one after it; None for the latter: until they come back.
    Column("paused_from", Date),
    Column("paused_until", Date),
    # Who this member became part of when accounts were linked: buttons made for them are that member's from then on.
    _to("members", "linked_to"),
    Column("created_at", Moment, nullable=False),
    _of_those_with("linked_to", name="ix_members_linked_to"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("account", String(64), primary_key=True),
    _to("members", "member", nullable=False, index=True),
    Column("name", String(80), nullable=False),
    # open: they wrote to us in private; closed: a message did not get through, and they were told so in `told_at`.
    Column("dm", String(8), nullable=False, default="unknown"),
    Column("told_at", Moment),
    Column("seen_at", Moment, nullable=False),
    # The private channel by which the platform reaches it; None where the platform needs none, or it was never opened.
    Column("channel", String(64)),
    CheckConstraint("dm IN ('unknown', 'open', 'closed')", name="dm"),
)

rests = Table(
    "rests",
    metadata,
    # Days off that a member planned ahead: local dates, both included.
    _id(),
    _to("members", "member", nullable=False, index=True),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    _id(),
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
    Column("created_at", Moment, nullable=False),
)

homes = Table(
    "homes",
    metadata,
    _id(),
    _to("groups", "group", nullable=False, index=True),
    Column("platform", String(16), nullable=False),
    Column("chat", String(64), nullable=False),
    Column("thread", String(64), nullable=False, default=""),
    Column("name", String(120), nullable=False),
    Column("gone_at", Moment),
    UniqueConstraint("platform", "chat", "thread"),
)

memberships = Table(
    "memberships",
    metadata,
    _to("groups", "group", primary_key=True),
    _to("members", "member", primary_key=True, index=True),
    Column("joined_at", Moment, nullable=False),
    Column("left_at", Moment),
)

enrolments = Table(
    "enrolments",
    metadata,
    _id(),
    # Ended ones are read too, with every ledger: at 100,000 members that is 0.7 ms instead of 15.
    _to("members", "member", nullable=False, index=True),
    Column("roadmap", String(24), nullable=False),
    Column("deadline", Date),
    Column("minutes_a_day", Integer, nullable=False),
    Column("started_on", Date, nullable=False),
    Column("used_at", Moment, nullable=False),
    Column("ended_at", Moment),
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
    _id(),
    _to("members", "member", nullable=False),
    Column("at", Moment, nullable=False),
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
    _to("changes", "undoes"),
    Column("undone_at", Moment),
    Index("ix_changes_member", "member", "id"),
    _of_those_with("update_key", name="uq_changes_update_key", unique=True),
    _of_those_with("undoes", name="uq_changes_undoes", unique=True),
    # A press counts once as long as it has not been taken back.
    _of_those_with("press_key", name="uq_changes_press", unique=True, also="undone_at IS NULL"),
)

step_events = Table(
    "step_events",
    metadata,
    _id(),
    _to("enrolments", "enrolment", nullable=False, index=True),
    _to("changes", "change", nullable=False, index=True),
    Column("step", String(32), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("at", Moment, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("day_start", Integer, nullable=False),
    Column("proof", String(2000)),
    Column("file", JSON),
    Column("note", String(1000)),
    _to("step_events", "reverts"),
    _of_those_with("reverts", name="uq_step_events_reverts", unique=True),
    CheckConstraint("kind IN ('done', 'skipped', 'reverted')", name="kind"),
)

checkins = Table(
    "checkins",
    metadata,
    _id(),
    _to("members", "member", nullable=False),
    _to("changes", "change", nullable=False, index=True),
    Column("track", String(8), nullable=False),
    Column("local_date", Date, nullable=False),
    Column("studied", Boolean, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("note", String(1000)),
    Column("at", Moment, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("day_start", Integer, nullable=False),
    _to("checkins", "reverts"),
    _of_those_with("reverts", name="uq_checkins_reverts", unique=True),
    Index("ix_checkins_member_local_date", "member", "local_date"),
    CheckConstraint("track IN ('study', 'dsa')", name="track"),
)

reminders = Table(
    "reminders",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    _to("members", "member"),
    _to("groups", "group"),
    Column("minute", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("place", String(8), nullable=False),
    Column("last_date", Date),
    # Asked for by /later: at this moment, for this local date.
    Column("later_at", Moment),
    Column("later_date", Date),
    # How many questions in a row went unanswered, and when they stopped because of it.
    Column("ignored", Integer, nullable=False, default=0, server_default=text("0")),
    Column("paused_at", Moment),
    # None: nothing to come.
    Column("next_due_at", Moment),
    Column("next_date", Date),
    # What a tick reads: its cost does not grow with the number of members. What is due to one member at the same
    # moment comes one after another.
    _of_those_with("next_due_at", "member", "group", name="ix_reminders_next_due_at"),
    _of_those_with("member", name="ix_reminders_member"),
    _of_those_with("group", name="ix_reminders_group"),
    UniqueConstraint("kind", "member"),
    UniqueConstraint("kind", "group"),
    CheckConstraint('(member IS NULL) <> ("group" IS NULL)', name="whose"),
    CheckConstraint("place IN ('dm', 'group', 'off')", name="place"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("key", String(120), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("chat", String(64), nullable=False),
    Column("thread", String(64), nullable=False, default=""),
    _to("members", "member"),
    _to("groups", "group"),
    _to("changes", "change"),
    # Whose occurrence it is; no foreign key, for a reminder may be taken back and what was sent was sent.
    Column("reminder", Id),
    # The delivery whose message this one is a part of: several to the same chat at the same minute are one message.
    Column("bundle", Id),
    Column("local_date", Date, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("state", String(8), nullable=False),
    # What is to be done next and when; None when nothing is.
    Column("next_at", Moment),
    Column("attempts", Integer, nullable=False, default=0),
    # When it was first handed to the platform, and under which lease's fencing number it was last.
    Column("handed_at", Moment),
    Column("token", BigInteger),
    # How often nobody knew whether it had arrived.
    Column("doubts", Integer, nullable=False, default=0, server_default=text("0")),
    Column("message", String(64)),
    # Counts what the message should show; the courier edits until `shown` has caught up.
    Column("version", Integer, nullable=False, default=1),
    Column("shown", Integer, nullable=False, default=0),
    Column("settled_at", Moment),
    Column("reason", String(300)),
    # What the courier reads: each platform has a queue of its own, and what is settled is in none.
    Index(
        "ix_deliveries_queue",
        "platform",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    _of_those_with("change", name="ix_deliveries_of_change"),
    _of_those_with("bundle", name="ix_deliveries_bundle"),
    # Whoever answers touches the day's posts of their groups.
    _of_those_with("group", "local_date", name="ix_deliveries_group_local_date"),
    _of_those_with("member", "local_date", name="ix_deliveries_member_local_date"),
    CheckConstraint("state IN ('queued', 'sending', 'sent', 'doubtful', 'failed', 'expired')", name="state"),
)

leases = Table(
    "leases",
    metadata,
    # What one process does for all: poll Telegram, keep a Discord shard, send with a token. It is another's when its
    # holder has not renewed it in time; each change of hands has a higher token, so what an old holder writes is seen.
    Column("name", String(80), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    # Updates that came to a process by webhook and are carried out by the one that holds the lease, then removed.
    Column("platform", String(16), primary_key=True),
    Column("update", String(64), primary_key=True),
    Column("payload", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    # The SHA-256 of the code: a copy of the database links nobody.
    Column("digest", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
    _to("members", "member", nullable=False),
    _to("groups", "group"),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

attempts = Table(
    "attempts",
    metadata,
    _to("members", "member", primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("since", Moment, nullable=False),
)

questions = Table(
    "questions",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("chat", String(64), primary_key=True),
    Column("message", String(64), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("line", String(64), nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    # Arguments given so far that are too long for a button to carry, while the rest is asked for.
    _id(),
    _to("members", "member", nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    # What a process must remember of the world outside: which commands a platform has, how far a chat's clock is.
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
)
