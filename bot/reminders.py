"""What the bot says unasked: which occurrence is due, to whom, and which card it is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card, Mention, Spans
from bot.delivery import Address
from bot.domain.member import Member
from bot.domain.progress import fold
from bot.domain.roadmap import Roadmap
from bot.store import Store, changes, outbox, passing, people, schedule, studies
from bot.store.outbox import Delivery, Draft
from bot.store.schedule import GROUP_CHECKIN, RECAP, Reminder
from bot.text import LANGUAGE
from bot.views import answers, news, study

BATCH = 200
"""Occurrences claimed in one transaction: enough to keep up with any evening, short enough to let commands through."""

GRACE = {
    "study": timedelta(hours=3),
    "dsa": timedelta(hours=3),
    GROUP_CHECKIN: timedelta(hours=3),
    RECAP: timedelta(hours=12),
}
"""Too late is worse than never: how long after its moment each kind is still worth saying."""

SET_ASIDE = timedelta(hours=1)
"""When to look again at a reminder that could not be claimed: a fault of ours, or a zone that is no more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reminders:
    """Turns due rules into deliveries, and deliveries into cards."""

    store: Store
    roadmaps: Callable[[], Mapping[str, Roadmap]]
    language: str = LANGUAGE

    async def claim(self, now: datetime) -> int:
        """Queue every occurrence that is due and advance its rule, in one transaction; how many were due."""
        async with self.store.reading() as db:
            if not await schedule.any_due(db, now):
                return 0
        return await self.store.write(partial(self._claim, now=now))

    async def _claim(self, db: AsyncConnection, now: datetime) -> int:
        due = await schedule.due(db, now, BATCH)
        for reminder in due:
            try:
                async with db.begin_nested():
                    await self._queue(db, reminder)
                    await schedule.claimed(db, reminder, now)
            except Exception as error:
                if passing(error):
                    raise
                # One that cannot be claimed must not keep the others waiting.
                log.exception("reminder %s could not be claimed", reminder.id)
                await schedule.set_aside(db, reminder, now + SET_ASIDE)
        return len(due)

    async def compose(self, delivery: Delivery) -> Card | None:
        """The card of a delivery as things stand now; None when it has become moot."""
        async with self.store.reading() as db:
            if delivery.kind == "done":
                return await self._news(db, delivery)
            if delivery.kind == GROUP_CHECKIN:
                return await self._group_question(db, delivery)
            if delivery.kind == RECAP:
                return await self._recap(db, delivery)
            return await self._question(db, delivery)

    # ------------------------------------------------------------ who is told

    async def _queue(self, db: AsyncConnection, reminder: Reminder) -> None:
        assert reminder.next_due_at is not None and reminder.next_date is not None
        if await self._moot(db, reminder):
            return
        for address in await self._addresses(db, reminder):
            # The moment is part of the key: /later asks again for the same local date.
            key = f"{reminder.kind}:{reminder.id}:{reminder.next_date}:{reminder.next_due_at:%Y%m%dT%H%M}"
            draft = Draft(
                key=f"{key}:{address.platform}:{address.chat}:{address.thread}",
                kind=reminder.kind,
                address=address,
                member=reminder.member,
                group=reminder.group,
                local_date=reminder.next_date,
                due_at=reminder.next_due_at,
                expires_at=reminder.next_due_at + GRACE[reminder.kind],
            )
            await outbox.queue(db, draft)

    @staticmethod
    async def _moot(db: AsyncConnection, reminder: Reminder) -> bool:
        """Whether a member has answered already."""
        if reminder.member is None or reminder.next_date is None:
            return False
        day = reminder.next_date
        given = (await studies.answers_of(db, [reminder.member], day, day)).get(reminder.member, [])
        return any(answer.track == reminder.kind for answer in given)

    @staticmethod
    async def _addresses(db: AsyncConnection, reminder: Reminder) -> tuple[Address, ...]:
        if reminder.group is not None:
            members = await people.size_of(db, reminder.group)
            return await people.homes_of(db, reminder.group) if members else ()
        assert reminder.member is not None
        if reminder.place == "dm":
            reachable = [a for a in await people.accounts_of(db, reminder.member) if a.dm != "closed"]
            # Nobody reachable: the group's own post asks them, and names nobody.
            return tuple(account.private for account in reachable[:1])
        groups = await people.groups_of(db, reminder.member)
        return (await people.homes_of(db, groups[0].id))[:1] if groups else ()

    # ------------------------------------------------------------ what is said

    async def _question(self, db: AsyncConnection, delivery: Delivery) -> Card | None:
        assert delivery.member is not None
        member = await people.member(db, delivery.member)
        day = delivery.local_date
        given = (await studies.answers_of(db, [member.id], day, day)).get(member.id, [])
        answer = next((answer for answer in given if answer.track == delivery.kind), None)
        if answer is not None:
            # Answered before it was asked, it is moot; answered elsewhere since, it becomes its receipt.
            if not delivery.edits:
                return None
            if delivery.address.account is None:
                return answers.public_receipt(self.language, member.name, day, answer.studied)
            return answers.settled(member.language, day, delivery.kind, answer.studied, answer.minutes)
        if delivery.address.account is not None:
            return await self._private_question(db, delivery, member)
        accounts = await people.accounts_of(db, member.id)
        mention = Mention(member.name, tuple((a.platform, a.account) for a in accounts))
        return answers.public_question(self.language, day, delivery.kind, mention, member.id)

    async def _private_question(self, db: AsyncConnection, delivery: Delivery, member: Member) -> Card:
        served = self.roadmaps()
        on = [e for e in await studies.enrolments_of(db, member.id) if e.roadmap in served]
        ahead: Spans = ()
        if on and delivery.kind == "study":
            roadmap = served[on[0].roadmap]
            standing = fold(roadmap, await studies.events_of(db, member.id, roadmap.slug))
            ahead = study.next_line(member.language, standing.next_step)
        hour = member.local(delivery.due_at).hour
        return answers.question(member.language, member, delivery.local_date, delivery.kind, ahead, hour)

    async def _group_question(self, db: AsyncConnection, delivery: Delivery) -> Card:
        assert delivery.group is not None
        day = delivery.local_date
        given = await studies.answers_of(db, people.members_of(delivery.group), day, day)
        minutes = {
            member: sum(answer.minutes for answer in found if answer.studied)
            for member, found in given.items()
            if any(answer.studied for answer in found)
        }
        names = await people.names_of(db, delivery.group, list(minutes)[: answers.ROSTER_NAMES + 1])
        roster = [(names[member], time) for member, time in minutes.items() if member in names]
        return answers.group_question(self.language, day, roster, len(minutes))

    async def _recap(self, db: AsyncConnection, delivery: Delivery) -> Card:
        from bot.store import standings
        from bot.views import board

        assert delivery.group is not None
        group = await people.group(db, delivery.group)
        week = await standings.week(db, group, delivery.local_date - timedelta(days=6), delivery.local_date)
        return board.recap(self.language, week, self.roadmaps())

    async def _news(self, db: AsyncConnection, delivery: Delivery) -> Card | None:
        assert delivery.change is not None
        change = await changes.find(db, delivery.change)
        event = await studies.event_of_change(db, delivery.change)
        if change is None or event is None or (change.undone and not delivery.edits):
            return None
        member = await people.member(db, event["member"])
        roadmap = self.roadmaps().get(event["roadmap"])
        step = roadmap.step(event["step"]) if roadmap else None
        title = step.title if step else event["step"]
        if change.undone:
            return news.taken_back(self.language, member.name, title)
        # A proof that was added later counts too.
        proof, file = await studies.proof_of(db, event["enrolment"], event["step"])
        return news.step_done(self.language, member.name, title, proof, file, delivery.address.chat)
