"""Questions that were asked in a chat, until somebody answers them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Input, Question
from bot.delivery import Address
from bot.store.engine import to_write
from bot.tables import questions

KEPT_FOR = timedelta(days=14)
"""An unanswered question is forgotten after two weeks."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that waits for its answer; `message` is the one that asked."""

    message: str
    line: str
    inputs: tuple[Input, ...]


async def remember(
    db: AsyncConnection, address: Address, message: str, account: str, question: Question, now: datetime
) -> None:
    """A question was asked by that message: a reply to it is its answer."""
    await db.execute(
        insert(questions).values(
            platform=address.platform,
            chat=address.chat,
            message=message,
            account=account,
            line=question.line,
            inputs=[asdict(item) for item in question.inputs],
            at=now,
        )
    )


async def waiting(db: AsyncConnection, address: Address, message: str | None, account: str) -> Pending | None:
    """The question somebody answers: the one asked by the message they reply to, or else the last asked there."""
    query = select(questions).where(_asked(address, account))
    if message is not None:
        query = query.where(questions.c.message == message)
    row = (await db.execute(query.order_by(questions.c.at.desc()).limit(1))).one_or_none()
    return None if row is None else Pending(row.message, row.line, tuple(Input(**item) for item in row.inputs))


async def forget(db: AsyncConnection, address: Address, account: str, message: str | None = None) -> None:
    """The question of that message is answered; without one, they went on with something else: none is waited for.

    Raises OnlyReads.
    """
    to_write(db)
    which = _asked(address, account)
    if message is not None:
        which &= questions.c.message == message
    await db.execute(delete(questions).where(which))


async def forget_old(db: AsyncConnection, now: datetime) -> None:
    """Housekeeping: drop what nobody answered."""
    await db.execute(delete(questions).where(questions.c.at < now - KEPT_FOR))


def _asked(address: Address, account: str) -> ColumnElement[bool]:
    return and_(
        questions.c.platform == address.platform, questions.c.chat == address.chat, questions.c.account == account
    )
