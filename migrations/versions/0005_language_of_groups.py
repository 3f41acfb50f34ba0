"""A group has a language of its own, which all of it read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the tables to this version."""
    op.add_column("groups", sa.Column("language", sa.String(length=12), server_default="en", nullable=False))
    # Until now a group was spoken to in the language of the whole installation, in which every member was met.
    op.execute(
        "UPDATE groups SET language = COALESCE("
        "(SELECT members.language FROM members WHERE members.id = groups.leader),"
        " (SELECT min(members.language) FROM members), 'en')"
    )


def downgrade() -> None:
    """Take the tables back to the version before."""
    # Not in a batch, which would drop the whole table in SQLite, and members and homes point into it.
    op.drop_column("groups", "language")
