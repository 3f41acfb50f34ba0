"""Which card a delivery is, as things stand when it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card, Mention, Spans, joined
from bot.delivery import Hushed
from bot.domain.consistency import streak
from bot.domain.kind import (
    DEADLINE,
    DONE,
    GROUP_CHECKIN,
    MEMBERS,
    RECAP,
    RETURN,
    RISK,
    STOPPED,
    STUDY,
    TROUBLE,
    WARNING_DAYS,
    WORTH_SAVING,
)
from bot.domain.member import Member
from bot.domain.occurrence import EVERY_DAY, within
from bot.domain.plan import Fit
from bot.domain.progress import fold
from bot.domain.roadmap import Roadmap
from bot.store import Store, changes, ledger, people, rests, schedule, studies
from bot.store.outbox import Delivery
from bot.views import answers, group, news, study

ON_TIME = timedelta(minutes=10)
"""What leaves this soon after its moment was wished for at that moment, whatever a restart or a long line before it
took: quiet hours hold back only what is later."""

STREAK_SEEN = timedelta(days=400)


@dataclass(frozen=True)
class Composing:
    """Makes cards of deliveries: what a group reads in its language, what a member reads alone in theirs."""

    store: Store
    roadmaps: Callable[[], Mapping[str, Roadmap]]

    async def card(self, delivery: Delivery, now: datetime) -> Card | Hushed | None:
        """The card of a delivery as things stand now; None when it has become moot."""
        async with self.store.reading() as db:
            if not delivery.edits and await schedule.turned_off(db, delivery.reminder, delivery.kind):
                # While it waited for its platform.
                return None
            if delivery.kind == DONE:
                return await self._news(db, delivery)
            if delivery.kind == GROUP_CHECKIN:
                return await self._group_question(db, delivery)
            if delivery.kind == RECAP:
                return await self._recap(db, delivery)
            assert delivery.member is not None
            member = await people.member(db, delivery.member)
            until = _quiet_until(delivery, member, now)
            if until is not None:
                return Hushed(until)
            return await self._private(db, delivery, member, now)

    async def _private(self, db: AsyncConnection, delivery: Delivery, member: Member, now: datetime) -> Card | None:
        to_be_said = delivery.kind in MEMBERS and not delivery.edits
        if to_be_said and within(delivery.local_date, member.off(await rests.off(db, member.id))):
            # Taken off while it waited for its platform.
            return None
        if delivery.kind == RISK:
            return await self._risk(db, delivery, member)
        if delivery.kind == DEADLINE:
            return await self._warning(db, delivery, member)
        if delivery.kind == RETURN:
            return await self._welcome(db, delivery, member)
        if delivery.kind == STOPPED:
            return await self._stopped(db, delivery, member)
        if delivery.kind == TROUBLE:
            return await self._trouble(db, delivery, member)
        return await self._question(db, delivery, member, member.local_day(now))

    # ------------------------------------------------------------ warnings and welcomes

    async def _risk(self, db: AsyncConnection, delivery: Delivery, member: Member) -> Card | None:
        day = delivery.local_date
        studied = (await studies.study_days(db, [member.id], day - STREAK_SEEN)).get(member.id, set())
        row = await schedule.of_member(db, member.id, STUDY)
        days = row.days if row else EVERY_DAY
        if not days >> day.weekday() & 1:
            # Another day than theirs breaks no streak.
            return None
        off = member.off(await rests.off(db, member.id))
        length = streak(studied, day, days, off)
        given = (await studies.answers_of(db, [member.id], day, day)).get(member.id, [])
        answered = [answer for answer in given if answer.studied or answer.track == STUDY]
        if delivery.edits and answered:
            # Answered elsewhere since, it becomes its receipt: what kept the streak, where something did.
            said = max(answered, key=lambda answer: (answer.studied, answer.track == STUDY))
            return answers.settled(member.language, day, said.track, said.studied, said.minutes)
        moot = day in studied or answered or length < WORTH_SAVING
        return None if moot else answers.risk(member.language, member, day, length)

    async def _warning(self, db: AsyncConnection, delivery: Delivery, member: Member) -> Card | None:
        day, served = delivery.local_date, self.roadmaps()
        cards = []
        for enrolment in await studies.enrolments_of(db, member.id):
            roadmap, deadline = served.get(enrolment.roadmap), enrolment.deadline
            if roadmap is None or deadline is None or (deadline - day).days not in WARNING_DAYS:
                continue
            progress = fold(roadmap, await studies.events_of(db, member.id, roadmap.slug))
            if not progress.finished:
                fit = Fit(progress.hours_left, enrolment.minutes_a_day, day, deadline)
                cards.append(answers.warning(member.language, member, roadmap, progress, fit))
        return joined(cards)

    async def _welcome(self, db: AsyncConnection, delivery: Delivery, member: Member) -> Card | None:
        if not delivery.edits and any(a.seen_at > delivery.due_at for a in await people.accounts_of(db, member.id)):
            return None
        roadmap, ahead = await self._ahead(db, member)
        return answers.welcome(member.language, member, roadmap.title if roadmap else None, ahead)

    async def _stopped(self, db: AsyncConnection, delivery: Delivery, member: Member) -> Card | None:
        stopped = [row for row in await schedule.all_of_member(db, member.id) if row.id == delivery.reminder]
        if not stopped or stopped[0].paused_at is None:
            # They spoke in between: it goes on.
            return None
        return answers.stopped(member.language, member, stopped[0])

    async def _trouble(self, db: AsyncConnection, delivery: Delivery, member: Member) -> Card | None:
        assert delivery.group is not None
        lost = await ledger.not_delivered(db, delivery.group, delivery.local_date - timedelta(days=1))
        posts = [drop for drop in lost if not drop.private]
        name = (await people.group(db, delivery.group)).name
        return group.trouble(member.language, name, posts, delivery.local_date) if posts else None

    async def _ahead(self, db: AsyncConnection, member: Member) -> tuple[Roadmap | None, Spans]:
        """The roadmap a member used last, and what is next there."""
        served = self.roadmaps()
        on = [e for e in await studies.enrolments_of(db, member.id) if e.roadmap in served]
        if not on:
            return None, ()
        roadmap = served[on[0].roadmap]
        standing = fold(roadmap, await studies.events_of(db, member.id, roadmap.slug))
        return roadmap, study.next_line(member.language, standing.next_step)

    # ------------------------------------------------------------ questions

    async def _question(self, db: AsyncConnection, delivery: Delivery, member: Member, today: date) -> Card | None:
        day = delivery.local_date
        given = (await studies.answers_of(db, [member.id], day, day)).get(member.id, [])
        answer = next((answer for answer in given if answer.track == delivery.kind), None)
        if answer is not None:
            # Answered before it was asked, it is moot; answered elsewhere since, it becomes its receipt.
            if not delivery.edits:
                return None
            if delivery.address.account is None:
                return answers.public_receipt(
                    await _language_at(db, delivery, member), member.name, day, answer.studied
                )
            return answers.settled(member.language, day, delivery.kind, answer.studied, answer.minutes)
        if delivery.address.account is not None:
            return await self._private_question(db, delivery, member, today)
        accounts = await people.accounts_of(db, member.id)
        mention = Mention(member.name, tuple((a.platform, a.account) for a in accounts))
        language = await _language_at(db, delivery, member)
        return answers.public_question(language, day, delivery.kind, mention, today)

    async def _private_question(self, db: AsyncConnection, delivery: Delivery, member: Member, today: date) -> Card:
        ahead = (await self._ahead(db, member))[1] if delivery.kind == STUDY else ()
        hour = member.local(delivery.due_at).hour
        return answers.question(member.language, member, delivery.local_date, delivery.kind, ahead, hour, today)

    # ------------------------------------------------------------ groups

    async def _group_question(self, db: AsyncConnection, delivery: Delivery) -> Card:
        assert delivery.group is not None
        found = await people.group(db, delivery.group)
        day = delivery.local_date
        given = await studies.answers_of(db, people.members_of(delivery.group), day, day)
        minutes = {
            member: sum(answer.minutes for answer in answered if answer.studied)
            for member, answered in given.items()
            if any(answer.studied for answer in answered)
        }
        names = await people.names_of(db, delivery.group, list(minutes)[: answers.ROSTER_NAMES + 1])
        roster = [(names[member], time) for member, time in minutes.items() if member in names]
        return answers.group_question(found.language, day, roster, len(minutes))

    async def _recap(self, db: AsyncConnection, delivery: Delivery) -> Card:
        from bot.store import standings
        from bot.views import board

        assert delivery.group is not None
        found = await people.group(db, delivery.group)
        week = await standings.week(db, found, delivery.local_date - timedelta(days=6), delivery.local_date)
        return board.recap(found.language, week, self.roadmaps())

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
        language = (await people.group(db, delivery.group)).language if delivery.group else member.language
        if change.undone:
            return news.taken_back(language, member.name, title)
        # A proof that was added later counts too.
        proof, file = await studies.proof_of(db, event["enrolment"], event["step"])
        return news.step_done(language, member.name, title, proof, file, delivery.address)


async def _language_at(db: AsyncConnection, delivery: Delivery, member: Member) -> str:
    """The language of who reads a member's question where others see it: the group's that lives there."""
    found = await people.group_at(db, delivery.address)
    return found.language if found else member.language


def _quiet_until(delivery: Delivery, member: Member, now: datetime) -> datetime | None:
    """Until when a member is not to be spoken to, for what is late. What /later asked for is wished for."""
    if member.quiet is None or delivery.edits or delivery.kind not in (*MEMBERS, STOPPED, TROUBLE):
        return None
    if now - delivery.due_at < ON_TIME or ":later:" in delivery.key:
        return None
    until = member.quiet.ends(now, member.zone)
    return until if until > now else None
