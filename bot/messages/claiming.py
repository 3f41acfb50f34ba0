"""Which occurrences are due: claimed in sets, whatever the number of members."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import Address
from bot.domain.account import Account
from bot.domain.answer import Answer
from bot.domain.dates import Circumstances
from bot.domain.kind import KINDS, MOST_IGNORED, Kind
from bot.domain.occurrence import Occurrence, next_occurrence
from bot.domain.reason import NOBODY, NOWHERE, TOO_LATE
from bot.domain.reminder import Reminder
from bot.store import claims, homes, outbox, passing, people, schedule, studies
from bot.store.claims import PARTED, Advance
from bot.store.outbox import Draft

BATCH = 500
"""Occurrences claimed in one transaction: enough to keep up with any evening, short enough to let commands through."""

SET_ASIDE = timedelta(hours=1)
"""When to look again at a reminder that could not be claimed: a fault of ours, or a zone that is no more."""

MISSED = timedelta(days=7)
"""After a longer absence of ours the occurrences of the first days are not recorded one by one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of due reminders needs to know, read at once: who has answered, and where each is reached."""

    circumstances: Circumstances
    answers: Mapping[int, Sequence[Answer]]
    closed: Mapping[int, Sequence[Account]]
    mine: Mapping[int, Address]
    homes: Mapping[int, Sequence[Address]]

    @classmethod
    async def of(cls, db: AsyncConnection, due: Sequence[Reminder]) -> Batch:
        """Read for a batch: a handful of questions, however many reminders it has."""
        spoke = sorted({r.member for r in due if r.member is not None and r.spoke})
        days = [day for r in due if (day := r.next_date) is not None]
        grouped = {r.member for r in due if r.member is not None and r.place == "group"}
        groups = {r.group for r in due if r.group is not None}
        mine = await homes.main_homes(db, grouped) if grouped else {}
        unreached = {r.member for r in due if r.member is not None and r.reached is None} | (grouped - mine.keys())
        return cls(
            circumstances=await schedule.circumstances(db, due),
            answers=await studies.answers_of(db, spoke, min(days), max(days)) if spoke else {},
            closed=await people.accounts_of_all(db, sorted(unreached)) if unreached else {},
            mine=mine,
            homes=await homes.homes_of_all(db, groups) if groups else {},
        )

    def answered(self, reminder: Reminder, day: date) -> bool:
        """Whether a member has given the answer that a reminder waits for."""
        track = KINDS[reminder.kind].track
        given = self.answers.get(reminder.member or 0, ())
        return any(answer.day == day and answer.track == track for answer in given)

    def addresses(self, reminder: Reminder, kind: Kind) -> Sequence[Address]:
        """Where an occurrence goes: nowhere when nobody can be reached."""
        if reminder.group is not None:
            return self.homes.get(reminder.group, ())
        if reminder.place == "group" and not kind.private:
            home = self.mine.get(reminder.member or 0)
            return () if home is None else (home,)
        if reminder.reached is None:
            return ()
        platform, _, account = reminder.reached.partition(PARTED)
        return (Address.private_to(platform, account),)


async def claim_due(db: AsyncConnection, now: datetime) -> int:
    """Queue a batch of what is due and advance its rules; how many reminders were looked at."""
    due = await claims.claimable(db, now, BATCH)
    if not due:
        return 0
    batch = await Batch.of(db, due)
    drafts: list[Draft] = []
    advances: list[Advance] = []
    for reminder in due:
        try:
            said, advance = _claim(reminder, batch, now)
        except Exception as error:
            if passing(error):
                raise
            # One that cannot be claimed must not keep the others waiting.
            log.exception("reminder %s could not be claimed", reminder.id)
            await claims.set_aside(db, reminder, now + SET_ASIDE)
        else:
            drafts += said
            advances.append(advance)
    await outbox.queue(db, *drafts)
    await claims.advance(db, advances)
    return len(due)


def _claim(reminder: Reminder, batch: Batch, now: datetime) -> tuple[Sequence[Draft], Advance]:
    """What becomes of one reminder: what is queued, and where it stands after."""
    rule = reminder.rule(batch.circumstances, reminder.last_date)
    due = reminder.found_due(rule, batch.circumstances)
    if due is None or due.at > now:
        # Its moment was worked out under other rules, or a word came since: not now.
        kept = (reminder.last_date, reminder.paused_at, reminder.later_at, reminder.later_date)
        return (), Advance(reminder.id, due, *kept)
    last = due.day if reminder.last_date is None else max(due.day, reminder.last_date)
    answered, kind = batch.answered(reminder, due.day), KINDS[reminder.kind]
    said = kind if answered or reminder.ignored < MOST_IGNORED else kind.instead or kind
    if said is not kind and now >= due.at + said.grace:
        # Where it is too late to say that nobody asks any more, the next date's turn says it.
        said = kind
    stopping = said is not kind
    after = max(due.at, now - MISSED)
    # What /later asked for is done with. What comes once waits for its cause; too late for that, for the next evening.
    unsaid = kind.dates.once and now >= due.at + kind.grace
    again = rule if not stopping and (unsaid or not kind.dates.once) else None
    following = None if again is None else next_occurrence(again, now if unsaid else after, last)
    drafts = () if answered else _drafts(reminder, said, due, batch, now)
    done = reminder.last_date if unsaid else last
    return drafts, Advance(reminder.id, following, done, now if stopping else None)


def _drafts(reminder: Reminder, kind: Kind, due: Occurrence, batch: Batch, now: datetime) -> list[Draft]:
    """What is queued of an occurrence: a message of its reminder's kind, or of the one said in its place."""
    expires = due.at + kind.grace
    # Not the reminder's id: SQLite gives that of a reminder that was taken back to the next one.
    whose = f"m{reminder.member}" if reminder.group is None else f"g{reminder.group}"
    # Of both questions each says that it stops.
    about = kind.name if kind.name == reminder.kind else f"{kind.name}:{reminder.kind}"
    key = f"{about}:{whose}:{due.day}"
    if due.at == reminder.later_at:
        # Asked again for a date that may have been asked about before.
        key += f":later:{due.at:%Y%m%dT%H%M}"
    addresses, state, reason = batch.addresses(reminder, kind), "queued", None
    if now >= expires:
        state, reason = "expired", TOO_LATE
    if not addresses and reminder.member is not None:
        # Recorded, though nobody can be told: what is not sent is not lost in silence.
        addresses = [account.private for account in batch.closed.get(reminder.member, ())[:1]]
        state, reason = "failed", NOBODY if reminder.reached is None else NOWHERE
    return [
        Draft(
            key=key if reminder.group is None else f"{key}:{address.platform}:{address.chat}:{address.thread}",
            kind=kind.name,
            address=address,
            member=reminder.member,
            group=reminder.group,
            reminder=reminder.id,
            local_date=due.day,
            due_at=due.at,
            expires_at=expires,
            state=state,
            reason=reason,
        )
        for address in addresses
    ]
