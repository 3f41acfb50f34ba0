"""The tables of what the ledgers amount to, kept in the transactions that write them (store/totals.py)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Integer, String, Table

from bot.tables.columns import metadata, reference

totals = Table(
    "totals",
    metadata,
    # Of a day, a week, a month and in all, by the first local date of it.
    reference("members", "member", primary_key=True),
    Column("span", String(5), primary_key=True),
    Column("first", Date, primary_key=True),
    # Minutes that count, no more of a day than a day can; steps first done in it; days studied on.
    Column("minutes", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    CheckConstraint("span IN ('day', 'week', 'month', 'all')", name="span"),
)

streaks = Table(
    "streaks",
    metadata,
    # The streak that ended or goes on at the last study day: how many study days it has, and the last local date on
    # which it still stands without another.
    reference("members", "member", primary_key=True),
    Column("days", Integer, nullable=False),
    Column("last", Date, nullable=False),
    Column("until", Date, nullable=False),
)
