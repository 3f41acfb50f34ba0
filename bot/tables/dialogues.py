"""The tables of what waits for somebody's answer."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table

from bot.tables.columns import UtcDateTime, id_column, metadata, reference

codes = Table(
    "codes",
    metadata,
    # The SHA-256 of the code: a copy of the database links nobody.
    Column("digest", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
    reference("members", "member", nullable=False),
    reference("groups", "group"),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

attempts = Table(
    "attempts",
    metadata,
    reference("members", "member", primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
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
    Column("at", UtcDateTime, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    # Arguments given so far that are too long for a button to carry, while the rest is asked for.
    id_column(),
    reference("members", "member", nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
