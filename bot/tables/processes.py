"""The tables by which one process goes on where another stopped."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from bot.tables.columns import UtcDateTime, metadata

leases = Table(
    "leases",
    metadata,
    # What one process does for all: poll Telegram, keep a Discord shard, send with a token. It is another's when its
    # holder has not renewed it in time; each change of hands has a higher token, so what an old holder writes is seen.
    Column("name", String(80), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    # Updates that came to a process by webhook and are carried out by the one that holds the lease, then removed.
    Column("platform", String(16), primary_key=True),
    Column("update", String(64), primary_key=True),
    Column("payload", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    # What a process must remember of the world outside: which commands a platform has, how far a chat's clock is.
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
)
