"""The tables of the database.

Rows are the truth: every stored moment is UTC, every stored date is local.
"""

from __future__ import annotations

from bot.tables.boards import group_streaks, group_totals
from bot.tables.columns import UtcDateTime, metadata
from bot.tables.dialogues import attempts, codes, drafts, questions
from bot.tables.messages import deliveries, reminders
from bot.tables.people import accounts, groups, homes, members, memberships, rests
from bot.tables.processes import facts, inbox, leases
from bot.tables.studies import changes, checkins, enrolments, step_events
from bot.tables.totals import streaks, totals

__all__ = [
    "UtcDateTime",
    "accounts",
    "attempts",
    "changes",
    "checkins",
    "codes",
    "deliveries",
    "drafts",
    "enrolments",
    "facts",
    "group_streaks",
    "group_totals",
    "groups",
    "homes",
    "inbox",
    "leases",
    "members",
    "memberships",
    "metadata",
    "questions",
    "reminders",
    "rests",
    "step_events",
    "streaks",
    "totals",
]
