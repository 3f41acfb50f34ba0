"""Runs migrations on the connection that `bot.store.schema` hands over."""

from typing import Any, Literal

from alembic import context

from bot.tables import UtcDateTime, metadata


def plain(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A moment is a date and time to the database: a migration must not change when our class does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_item=plain,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
