"""Indexes hold only the rows that have a value: the others shared one place, and were all read for it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNIQUE = {"changes": ("update_key", "undoes"), "step_events": ("reverts",), "checkins": ("reverts",)}
"""Columns by their tables, in which a value occurs once."""

INDEXES = {
    "members": {"ix_members_linked_to": ["linked_to"]},
    "reminders": {
        "ix_reminders_next_due_at": ["next_due_at", "member", "group"],
        "ix_reminders_member": ["member"],
        "ix_reminders_group": ["group"],
    },
    "deliveries": {
        "ix_deliveries_group_local_date": ["group", "local_date"],
        "ix_deliveries_member_local_date": ["member", "local_date"],
    },
}
"""Columns of indexes by their names and tables."""


def _there(column: str) -> dict[str, sa.TextClause]:
    name = '"group"' if column == "group" else column
    where = sa.text(f"{name} IS NOT NULL")
    return {"sqlite_where": where, "postgresql_where": where}


def upgrade() -> None:
    """Bring the tables to this version."""
    for table, columns in UNIQUE.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_constraint(f"uq_{table}_{column}", type_="unique")
        for column in columns:
            op.create_index(f"uq_{table}_{column}", table, [column], unique=True, **_there(column))
    for table, indexes in INDEXES.items():
        for name, columns in indexes.items():
            op.drop_index(name, table)
            op.create_index(name, table, columns, **_there(columns[0]))


def downgrade() -> None:
    """Take the tables back to the version before."""
    for table, indexes in INDEXES.items():
        for name, columns in indexes.items():
            op.drop_index(name, table)
            op.create_index(name, table, columns)
    for table, columns in UNIQUE.items():
        for column in columns:
            op.drop_index(f"uq_{table}_{column}", table)
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.create_unique_constraint(f"uq_{table}_{column}", [column])
