"""One-time codes: shown in one place, entered in another, they prove that both are the same person's or leader's."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Row, case, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import to_write, upsert
from bot.tables import attempts, codes

CodeKind = Literal["link", "home"]

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters and digits that nobody mistakes for one another when reading them aloud: no 0 and O, 1, I and L, U and V."""

LENGTH = 8
"""30^8 is 6.5·10^11: five tries in ten minutes at a thousand living codes need 2,500 years to find one."""

VALID_FOR = timedelta(minutes=10)
"""Long enough to change to another app and type it, short enough that a screenshot is worth nothing tomorrow."""

GUESSES = 5
"""Typing errors happen, guessing is a matter of many: so many wrong tries within `GUESSES_WINDOW`, then a pause."""

GUESSES_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class CodeSubject:
    """What a code stands for: the member who was shown it, and the group it was made for (of a home's code)."""

    member: int
    group: int | None


class Locked(Exception):
    """Too many wrong tries; `until` is the moment in UTC from which the member may try again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


async def issue(db: AsyncConnection, kind: CodeKind, member: int, group: int | None, now: datetime) -> str:
    """A new code for a member, valid for ten minutes; their earlier code of that kind is worth nothing any more.

    Eight characters with a letter and a digit among them, so that no word and no number is ever taken for one. Only
    its digest is stored.
    """
    to_write(db)
    old = (codes.c.member == member) & (codes.c.kind == kind)
    await db.execute(delete(codes).where(or_(old, codes.c.expires_at <= now)))
    code = _random()
    row = {"kind": kind, "member": member, "group": group, "expires_at": now + VALID_FOR}
    await db.execute(insert(codes).values(digest=_digest(code), **row))
    return code


async def peek(db: AsyncConnection, kind: CodeKind, code: str, member: int, now: datetime) -> CodeSubject | None:
    """What a code stands for, without using it up; None for a wrong, used or expired one.

    A wrong try is counted like one of `take`: the caller answers it and must not raise, for a raise would roll the
    count back. Raises Locked after five of them.
    """
    await _refuse_guessing(db, member, now)
    row = (await db.execute(select(codes.c.member, codes.c.group).where(_living(kind, code, now)))).one_or_none()
    return await _found(db, row, member, now)


async def take(db: AsyncConnection, kind: CodeKind, code: str, member: int, now: datetime) -> CodeSubject | None:
    """Use a code up; None for a wrong, used or expired one, which is counted (see `peek`). Raises Locked.

    One statement finds and marks it: of two who enter it at the same moment, one gets it.
    """
    to_write(db)
    await _refuse_guessing(db, member, now)
    used = update(codes).where(_living(kind, code, now)).values(used_at=now)
    row = (await db.execute(used.returning(codes.c.member, codes.c.group))).one_or_none()
    return await _found(db, row, member, now)


async def _refuse_guessing(db: AsyncConnection, member: int, now: datetime) -> None:
    row = (await db.execute(select(attempts).where(attempts.c.member == member))).one_or_none()
    if row is not None and row.wrong >= GUESSES and now < row.since + GUESSES_WINDOW:
        raise Locked(row.since + GUESSES_WINDOW)


async def _found(
    db: AsyncConnection, row: Row[int, int | None] | None, member: int, now: datetime
) -> CodeSubject | None:
    if row is not None:
        return CodeSubject(row.member, row.group)
    to_write(db)
    over = attempts.c.since <= now - GUESSES_WINDOW
    counted = {"wrong": case((over, 1), else_=attempts.c.wrong + 1), "since": case((over, now), else_=attempts.c.since)}
    await db.execute(
        upsert(db, attempts)
        .values(member=member, wrong=1, since=now)
        .on_conflict_do_update(index_elements=["member"], set_=counted)
    )
    return None


def _living(kind: CodeKind, code: str, now: datetime) -> ColumnElement[bool]:
    return (
        (codes.c.digest == _digest(code))
        & (codes.c.kind == kind)
        & codes.c.used_at.is_(None)
        & (codes.c.expires_at > now)
    )


def _random() -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if any(c.isdigit() for c in code) and any(c.isalpha() for c in code):
            return code


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
