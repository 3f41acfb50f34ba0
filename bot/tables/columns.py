"""What the columns of every table are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, DateTime, Dialect, ForeignKey, Index, Integer, MetaData, TypeDecorator, text

ZERO = "+00:00"
"""How a moment in UTC ends; SQLite, which knows no zones, keeps the rest."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. Refuses a naive one, and gives back an aware one on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], datetime | str | None]:
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

    def result_processor(
        self, dialect: Dialect, _coltype: object
    ) -> Callable[[str | None], datetime | None] | Callable[[datetime | None], datetime | None]:
        """UTC again."""
        return _from_sqlite if dialect.name == "sqlite" else _from_postgres


def _from_sqlite(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + ZERO)


def _from_postgres(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


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


def id_column() -> Column[int]:
    """The primary key of a table whose rows are numbered."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def reference(
    table: str, name: str, *, nullable: bool = True, primary_key: bool = False, index: bool = False
) -> Column[int]:
    """A column that refers to a row of a table by its number; what is part of a primary key is never empty."""
    empty = nullable and not primary_key
    return Column(name, Id, ForeignKey(f"{table}.id"), nullable=empty, primary_key=primary_key, index=index)


def index_of_set(column: str, *more: str, name: str, unique: bool = False, also: str = "") -> Index:
    """An index of the rows that have a value in its first column.

    Where most rows have none, they would all share one place in a whole index, and a question for those without would
    be answered through it by reading nearly the whole table.
    """
    named = f'"{column}"' if column == "group" else column
    there = text(" AND ".join(filter(None, (also, f"{named} IS NOT NULL"))))
    return Index(name, column, *more, unique=unique, sqlite_where=there, postgresql_where=there)
