"""What is waiting for an answer: questions asked, and commands begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Input, Question
from bot.delivery import Address
from bot.store.engine import hold
from bot.tables import drafts, facts, questions

KEPT_FOR = timedelta(days=14)
"""An unanswered question is forgotten after two weeks."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that waits for its answer; `message` is the one that asked."""

    message: str
    line: str
    inputs: tuple[Input, ...]


async def remember_question(
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


async def question(db: AsyncConnection, address: Address, message: str | None, account: str) -> Pending | None:
    """The question somebody answers: the one asked by the message they reply to, or else the last asked there."""
    query = select(questions).where(_asked(address, account))
    if message is not None:
        query = query.where(questions.c.message == message)
    row = (await db.execute(query.order_by(questions.c.at.desc()).limit(1))).one_or_none()
    return None if row is None else Pending(row.message, row.line, tuple(Input(**item) for item in row.inputs))


async def forget_questions(db: AsyncConnection, address: Address, account: str, message: str | None = None) -> None:
    """The question of that message is answered; without one, they went on with something else: none is waited for."""
    which = _asked(address, account)
    if message is not None:
        which &= questions.c.message == message
    await db.execute(delete(questions).where(which))


def _asked(address: Address, account: str) -> ColumnElement[bool]:
    return and_(
        questions.c.platform == address.platform, questions.c.chat == address.chat, questions.c.account == account
    )


async def keep_draft(db: AsyncConnection, member: int, arguments: dict[str, Any], now: datetime) -> int:
    """Keep the arguments of a command while the rest is asked for."""
    result = await db.execute(insert(drafts).values(member=member, arguments=arguments, at=now))
    return int((result.inserted_primary_key or (0,))[0])


async def draft(db: AsyncConnection, id: int, member: int) -> dict[str, Any] | None:
    """The arguments of a command begun by that member."""
    row = await db.execute(select(drafts.c.arguments).where(drafts.c.id == id, drafts.c.member == member))
    found: dict[str, Any] | None = row.scalar_one_or_none()
    return found


async def forget_old(db: AsyncConnection, now: datetime) -> None:
    """Housekeeping: drop what nobody answered."""
    await db.execute(delete(questions).where(questions.c.at < now - KEPT_FOR))
    await db.execute(delete(drafts).where(drafts.c.at < now - KEPT_FOR))


async def fact(db: AsyncConnection, name: str) -> str | None:
    """Something this bot must remember of the outside world."""
    found: str | None = (await db.execute(select(facts.c.value).where(facts.c.name == name))).scalar_one_or_none()
    return found


async def facts_of(db: AsyncConnection, prefix: str) -> dict[str, str]:
    """Everything remembered under names that begin so."""
    found = select(facts.c.name, facts.c.value).where(facts.c.name.startswith(prefix, autoescape=True))
    return dict((await db.execute(found)).all())


async def forget_facts(db: AsyncConnection, names: Sequence[str]) -> None:
    """Remember them no longer."""
    await db.execute(delete(facts).where(facts.c.name.in_(names)))


async def remember(db: AsyncConnection, name: str, value: str) -> None:
    """Remember it. Who works the value out from the old one holds `fact:<name>` before reading that."""
    await hold(db, f"fact:{name}")
    await db.execute(delete(facts).where(facts.c.name == name))
    await db.execute(insert(facts).values(name=name, value=value))
