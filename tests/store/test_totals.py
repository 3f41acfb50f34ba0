"""What ledgers amount to: whatever was written and taken back, a board shows what counting anew would give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from bot.domain.board import (
    MEASURES,
    WINDOWS,
    Measure,
    Score,
    Window,
    counted_minutes,
    ranked,
    window_end,
    window_start,
)
from bot.domain.consistency import streak
from bot.domain.group import Group
from bot.domain.member import Member
from bot.domain.occurrence import EVERY_DAY, ONE_DAY, Range
from bot.domain.rest import paused_range
from bot.store import Store, belonging, changes, linking, people, rests, standings, studies, totals, weeks, wishes
from bot.store.changes import Change
from bot.tables import (
    checkins,
    enrolments,
    group_streaks,
    group_totals,
    members,
    memberships,
    metadata,
    reminders,
    step_events,
    streaks,
)
from bot.tables import totals as rows

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
FEW = 6
"""Members of the group."""


@dataclass
class Life:
    """A member and what can be taken back of what they did."""

    member: Member
    enrolments: list[int]
    made: list[int] = field(default_factory=list)


async def meet(store: Store, number: int) -> Life:
    async with store.writing() as db:
        member, _ = await people.meet(db, "test", str(number), f"m{number}", "UTC", "en", NOW)
        change = Change(db, member, NOW, "join")
        for roadmap in ("one", "two"):
            await studies.enrol(change, roadmap, TODAY, 60)
        await change.settle()
        return Life(member, [each.id for each in await studies.enrolments_of(db, member.id)])


async def act(store: Store, life: Life, deed: tuple[str, int, int, int]) -> None:
    """One thing that a member does, at its day, by numbers that Hypothesis chose."""
    what, back, which, amount = deed
    day = TODAY - timedelta(days=back)
    async with store.writing() as db:
        member = await people.member(db, life.member.id)
        change = Change(db, member, NOW - timedelta(days=back), what)
        if what == "undo":
            if not life.made:
                return
            done = await changes.find(db, life.made.pop(which % len(life.made)))
            assert done is not None
            try:
                await change.take_back(done)
            except changes.Stale:
                return
        elif what == "checkin":
            await studies.check_in(change, day, ("study", "dsa")[which % 2], studied=amount > 0, minutes=amount)
        elif what == "done":
            await studies.mark_done(change, life.enrolments[which % 2], f"step{amount % 4}")
        elif what == "skip":
            await studies.skip(change, life.enrolments[which % 2], f"step{amount % 4}", None)
        elif what == "rest":
            await rests.plan(change, (day, day + timedelta(days=which)))
        elif what == "move":
            await change.set(members, {"id": life.member.id}, zone=ZONES[which], day_start=amount % 240)
        elif what == "name":
            await wishes.set_name(change, f"name {which}")
        elif what in ("leave", "come"):
            await come_or_go(change, what, which)
        elif what == "pause":
            await wishes.set_pause(change, day, None if amount % 2 else day + timedelta(days=1 + which))
        else:
            await weekdays(change, 1 + amount % EVERY_DAY)
        await change.settle()
        if what != "undo" and change.made:
            life.made.append(await change.id())


ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Pago_Pago")


async def come_or_go(change: Change, what: str, which: int) -> None:
    """They leave a group, or are in it again."""
    mine = select(memberships.c.group).where(memberships.c.member == change.member.id).order_by(memberships.c.group)
    groups = (await change.db.execute(mine)).scalars().all()
    group = groups[which % len(groups)]
    if what == "leave":
        await belonging.left(change.db, change.member.id, group, NOW)
    else:
        await belonging.enter(change.db, group, change.member.id, NOW)


async def weekdays(change: Change, days: int) -> None:
    """They are asked on these days of the week."""
    mine = (reminders.c.member == change.member.id) & (reminders.c.kind == "study")
    known = await change.db.scalar(select(reminders.c.id).where(mine))
    if known is None:
        await change.create(reminders, kind="study", member=change.member.id, minute=1200, days=days, place="dm")
    else:
        await change.set(reminders, {"id": known}, days=days)


DEEDS = st.lists(
    st.tuples(
        st.integers(0, FEW - 1),
        st.tuples(
            st.sampled_from(("checkin", "checkin", "checkin", "done", "done", "skip", "undo", "rest", "pause", "days")),
            st.integers(0, 40),
            st.integers(0, 5),
            st.sampled_from((0, 20, 45, 130, 300, 900)),
        ),
    ),
    min_size=3,
    max_size=40,
)


@dataclass
class Counted:
    """A member's work counted anew from the lines of the ledgers, as values."""

    minutes: dict[date, int]
    steps: dict[date, int]
    studied: set[date]
    usual: int
    off: tuple[Range, ...]

    def score(self, member: Member, window: Window, today: date) -> Score:
        """As on a board of a window."""
        first, last = window_start(window, today) or date.min, window_end(window, today)
        days = {day for day in {*self.minutes, *self.steps} if first <= day <= last}
        return Score(
            member.id,
            member.name,
            steps=sum(self.steps.get(day, 0) for day in days),
            minutes=sum(counted_minutes(self.minutes.get(day, 0)) for day in days),
            streak=self.streak(today),
        )

    def streak(self, today: date) -> int:
        """As it stands on a local date."""
        return streak({day for day in self.studied if day <= today}, today, self.usual, self.off)


async def count(store: Store, member: Member) -> Counted:
    """Read all lines and count those that nobody took back, without the database's help."""
    async with store.reading() as db:
        answers = (await db.execute(select(checkins).where(checkins.c.member == member.id))).all()
        ledger = select(step_events, enrolments.c.roadmap).join(enrolments).where(enrolments.c.member == member.id)
        events = (await db.execute(ledger.order_by(step_events.c.id))).all()
        mine = (reminders.c.member == member.id) & (reminders.c.kind == "study")
        usual = await db.scalar(select(reminders.c.days).where(mine))
        off = await rests.off(db, member.id)
        now = await people.member(db, member.id)
    gone = {line.reverts for line in answers}
    minutes: dict[date, int] = defaultdict(int)
    studied: set[date] = set()
    for line in answers:
        if line.reverts is None and line.id not in gone:
            minutes[line.local_date] += line.minutes
            studied |= {line.local_date} if line.studied else set()
    gone = {line.reverts for line in events}
    firsts: dict[tuple[str, str], date] = {}
    for line in events:
        if line.kind == "done" and line.id not in gone:
            studied.add(line.local_date)
            step = line.roadmap, line.step
            firsts[step] = min(line.local_date, firsts.get(step, line.local_date))
    steps: dict[date, int] = defaultdict(int)
    for day in firsts.values():
        steps[day] += 1
    off += () if now.paused_from is None else (paused_range(now.paused_from, now.paused_until),)
    return Counted(minutes, steps, studied, EVERY_DAY if usual is None else usual, off)


def board(scores: Iterable[Score], measure: Measure) -> list[tuple[int, Score]]:
    """The whole ranking, as it is written down in the plan of the house: ties by name."""
    best = sorted((s for s in scores if s.by(measure)), key=lambda s: (-s.by(measure), s.name.casefold(), s.member))
    return [(place.rank, place.score) for place in ranked(best, measure)]


def value(score: Score, measure: Measure) -> tuple[int, str, int]:
    return score.member, score.name, score.by(measure)


async def check_boards(store: Store, group: Group, who: Sequence[Member]) -> None:
    """Every board, every place on it and the week are what counting anew gives."""
    counted = {member.id: await count(store, member) for member in who}
    for window in WINDOWS:
        scores = [counted[member.id].score(member, window, TODAY) for member in who]
        for measure in MEASURES:
            await check_board(store, group, board(scores, measure), window, measure)
            async with store.reading() as db:
                page = await standings.standings(db, group, window, measure, 1, NOW)
            assert (page.minutes, page.steps) == (sum(s.minutes for s in scores), sum(s.steps for s in scores))
    await check_week(store, group, counted)


async def check_board(
    store: Store, group: Group, expected: list[tuple[int, Score]], window: Window, measure: Measure
) -> None:
    async with store.reading() as db:
        page = await standings.standings(db, group, window, measure, 1, NOW)
        named = [(place.rank, value(place.score, measure)) for place in page.places]
        assert named == [(rank, value(score, measure)) for rank, score in expected[: max(3, (FEW + 1) // 2)]]
        assert page.shown == len(expected)
        for rank, score in expected:
            mine = await standings.own_standing(db, group, window, measure, score.member, NOW)
            assert mine.place is not None
            assert (mine.place.rank, value(mine.place.score, measure)) == (rank, value(score, measure))
            ahead = next((other for place, other in reversed(expected) if place < rank), None)
            assert (mine.ahead and value(mine.ahead, measure)) == (ahead and value(ahead, measure))


async def check_week(store: Store, group: Group, counted: dict[int, Counted]) -> None:
    monday = TODAY - timedelta(days=TODAY.weekday())
    spans = [(last - timedelta(days=6), last) for last in (TODAY, TODAY - timedelta(days=1), TODAY - timedelta(days=9))]
    # From a Monday on it is the sums of the week that are read.
    spans += [(monday, TODAY), (monday, TODAY - timedelta(days=2)), (monday - timedelta(days=7), monday - ONE_DAY)]
    for first, last in spans:
        async with store.reading() as db:
            week = await weeks.week(db, group, first, last, {})
        lives = counted.values()
        assert week.studied == sum(any(first <= day <= last for day in life.studied) for life in lives)
        assert week.minutes == sum(
            counted_minutes(n) for life in lives for day, n in life.minutes.items() if first <= day <= last
        )
        assert week.steps == sum(sum(n for day, n in life.steps.items() if first <= day <= last) for life in lives)
        longest = max(life.streak(last) for life in lives)
        assert week.streak == longest
        assert week.holders == (sum(life.streak(last) == longest for life in lives) if longest else 0)


async def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """The kept rows that say something."""
    async with store.reading() as db:
        kept = (await db.execute(select(rows).order_by(*rows.primary_key))).all()
        running = (await db.execute(select(streaks).order_by(streaks.c.member))).all()
    return {
        "totals": [tuple(row) for row in kept if row.minutes or row.steps or row.days],
        "streaks": [tuple(row) for row in running],
    }


@given(deeds=DEEDS)
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_totals_equal_a_recount_whatever_was_done_and_taken_back(
    store: Store, deeds: list[tuple[int, tuple[str, int, int, int]]]
) -> None:
    async with store.writing() as db:
        for table in reversed(metadata.sorted_tables):
            await db.execute(delete(table))
        group = await belonging.found_group(db, "Backend", "UTC", NOW)
    lives = [await meet(store, number) for number in range(FEW)]
    async with store.writing() as db:
        for life in lives:
            await belonging.enter(db, group.id, life.member.id, NOW)
    for number, deed in deeds:
        await act(store, lives[number], deed)
    who = [life.member for life in lives]
    await check_boards(store, group, who)
    kept = await everything(store)
    async with store.writing() as db:
        for member in who:
            await totals.recount(db, member.id)
    assert await everything(store) == kept


MOVES = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.tuples(
            st.sampled_from(("checkin", "checkin", "done", "undo", "leave", "come", "move", "name")),
            st.integers(0, 9),
            st.integers(0, 5),
            st.sampled_from((0, 20, 45, 300)),
        ),
    ),
    min_size=3,
    max_size=25,
)


@given(deeds=MOVES)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_what_boards_read_is_what_who_is_there_has_to_show(
    store: Store, deeds: list[tuple[int, tuple[str, int, int, int]]]
) -> None:
    """Whoever comes, goes, moves, is called otherwise, works or takes back: the rows of groups follow."""
    async with store.writing() as db:
        for table in reversed(metadata.sorted_tables):
            await db.execute(delete(table))
    _, lives = await group_of(store, 2)
    async with store.writing() as db:
        other = await belonging.found_group(db, "Frontend", "UTC", NOW)
        await belonging.enter(db, other.id, lives[0].member.id, NOW)
    for number, deed in deeds:
        await act(store, lives[number], deed)
    present = (memberships.c.left_at.is_(None), rows.c.span != "day")
    columns = [memberships.c.group, *(rows.c[c.name] for c in group_totals.c if c.name != "group")]
    of_rows = select(*columns).join(rows, rows.c.member == memberships.c.member).where(*present)
    of_members = (members.c.name, members.c.zone, members.c.day_start)
    of_streaks = (streaks.c.days, streaks.c.last, streaks.c.until)
    running = (
        select(memberships.c.group, memberships.c.member, *of_members, *of_streaks)
        .join(streaks, streaks.c.member == memberships.c.member)
        .join(members, members.c.id == memberships.c.member)
        .where(memberships.c.left_at.is_(None))
    )
    async with store.reading() as db:
        for kept, counted in ((group_totals, of_rows), (group_streaks, running)):
            assert set((await db.execute(select(kept))).all()) == set((await db.execute(counted)).all())


async def group_of(store: Store, number: int) -> tuple[Group, list[Life]]:
    """A group with so many members."""
    async with store.writing() as db:
        group = await belonging.found_group(db, "Backend", "UTC", NOW)
    lives = [await meet(store, each) for each in range(number)]
    async with store.writing() as db:
        for life in lives:
            await belonging.enter(db, group.id, life.member.id, NOW)
    return group, lives


async def test_a_recount_would_notice(store: Store) -> None:
    """Proof that the test above can fail: a day that was written past everything."""
    _, (life,) = await group_of(store, 1)
    await act(store, life, ("checkin", 0, 0, 20))
    kept = await everything(store)
    async with store.writing() as db:
        await db.execute(update(checkins).values(minutes=45))
        await totals.recount(db, life.member.id)
    assert await everything(store) != kept


async def test_when_two_become_one_their_days_add(store: Store) -> None:
    group, (one, two) = await group_of(store, 2)
    await act(store, one, ("checkin", 0, 0, 300))
    await act(store, two, ("checkin", 0, 0, 130))
    await act(store, two, ("checkin", 1, 0, 45))
    await act(store, one, ("done", 1, 0, 1))
    await act(store, two, ("done", 3, 0, 1))
    async with store.writing() as db:
        change = Change(db, two.member, NOW, "link")
        await linking.unite(change, one.member.id, two.member.id, {})
        await change.settle()
    async with store.reading() as db:
        mine = await standings.own_standing(db, group, "week", "minutes", one.member.id, NOW)
        steps = await standings.standings(db, group, "all", "steps", 1, NOW)
    assert mine.place is not None
    assert mine.place.score.minutes == 360 + 45
    assert (steps.steps, steps.members) == (1, 1), "the same step counts once"
    assert {row[0] for row in (await everything(store))["totals"]} == {one.member.id}


async def test_steps_of_a_roadmap_that_took_anothers_name_count_once(store: Store) -> None:
    group, (life,) = await group_of(store, 1)
    await act(store, life, ("done", 0, 0, 1))
    await act(store, life, ("done", 0, 1, 1))
    async with store.writing() as db:
        await studies.follow_renames(db, {"one": "two"}, NOW)
    async with store.reading() as db:
        assert (await standings.standings(db, group, "week", "steps", 1, NOW)).steps == 1


async def test_ties_stand_by_name_whatever_its_capitals_and_pages_go_on(store: Store) -> None:
    group, lives = await group_of(store, 50)
    names = ["asha", "Bo", "cho", "Dee"]
    async with store.writing() as db:
        for number, life in enumerate(lives):
            name = f"{names[number % 4]}{number:02}"
            await db.execute(update(members).where(members.c.id == life.member.id).values(name=name))
    for number, life in enumerate(lives):
        await act(store, life, ("checkin", 0, 0, 300 if number < 4 else 20))
    async with store.reading() as db:
        one, two, far = [await standings.standings(db, group, "week", "minutes", page, NOW) for page in (1, 2, 99)]
    assert [place.rank for place in one.places] == [1] * 4 + [5] * 6
    assert [place.score.name for place in one.places[:5]] == ["asha00", "Bo01", "cho02", "Dee03", "asha04"]
    assert [place.rank for place in two.places] == [5] * 10
    assert (far.page, len(far.places)) == (3, 5), "beyond the last is the last, and the lower half is not named"
    assert [place.score.name for place in one.places[4:] + two.places] == sorted(
        [place.score.name for place in one.places[4:] + two.places], key=str.casefold
    )


@pytest.mark.parametrize(("moment", "stands"), [(0, 2), (9, 2), (33, 0)])
async def test_each_members_today_is_their_own(store: Store, moment: int, stands: int) -> None:
    """In Auckland the day after is over when it has just begun in UTC."""
    group, (life,) = await group_of(store, 1)
    async with store.writing() as db:
        await db.execute(update(members).values(zone="Pacific/Auckland"))
    for back in (0, 1):
        await act(store, life, ("checkin", back, 0, 45))
    async with store.reading() as db:
        at = NOW + timedelta(hours=moment)
        found = await standings.own_standing(db, group, "week", "streak", life.member.id, at)
    assert (found.place.score.streak if found.place else 0) == stands


async def test_who_left_counts_no_longer_and_who_comes_back_does_again(store: Store) -> None:
    group, (life, _) = await group_of(store, 2)
    await act(store, life, ("checkin", 0, 0, 45))
    async with store.writing() as db:
        await belonging.left(db, life.member.id, group.id, NOW)
        assert (await standings.standings(db, group, "all", "minutes", 1, NOW)).minutes == 0
        assert (await weeks.week(db, group, TODAY, TODAY, {})).streak == 0
        await db.execute(update(memberships).values(left_at=None))
        assert (await standings.standings(db, group, "all", "minutes", 1, NOW)).minutes == 45
