"""What should have been said, worked out without the code under test, against what really arrived."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import Any

from bot.delivery import Address
from tests.simulation import zones
from tests.simulation.platforms import Arrival, Mark
from tests.simulation.process import Trace
from tests.simulation.story import (
    DAY,
    HOUR,
    MINUTE,
    TELEGRAM,
    Closes,
    Fault,
    Kicks,
    Moves,
    Outage,
    Person,
    Room,
    Steps,
    moment,
    seconds,
)
from tests.simulation.wishes import POSTS, Member, Post, Version, Wishes, Word, posts

GRACE = {
    "study": 3 * HOUR,
    "dsa": 3 * HOUR,
    "risk": 1.5 * HOUR,
    "deadline": 12 * HOUR,
    "return": 12 * HOUR,
    "group": 3 * HOUR,
    "recap": 12 * HOUR,
    "done": DAY,
    "stopped": DAY,
}
"""Seconds after its moment for which each kind may still be said."""

QUESTIONS = ("study", "dsa")
PRIVATE = ("risk", "deadline", "return")
WARNINGS = (30, 14, 7, 3, 1)
SILENCE = 7
IGNORED = 3

STRETCH = 25 * MINUTE
"""So much time in good health is enough for anything to be said: the longest wait between two tries is 15 minutes and
its jitter, and a healthy platform fails a message twice at the most."""

NEARLY = 90.0
"""Seconds by which the simulation cannot tell what came first: a line, its answer, a claim, a message on its way."""

DELAYED = 10 * MINUTE
"""So long after it was due something may still leave, though quiet hours have begun meanwhile."""

PROMPT = 10 * MINUTE
"""Within so many seconds everything has been said when nothing goes wrong but single sends."""

MISSED = 6 * DAY
"""After a longer absence not every day that was missed is recorded."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Due:
    """One occurrence as it should be: for a local date, at a moment of the system's clock, first reached at a time."""

    kind: str
    day: date
    at: datetime
    time: float
    version: Version


def check(trace: Trace) -> list[str]:
    """Everything that went wrong in a story, in words; nothing when all is well."""
    return list(Checker(trace).problems())


def until_first(spans: list[Span], time: float, end: float) -> float:
    """The end of a time that is over when one of some spans begins: who is thrown out does not try again."""
    return min([end, *(max(first, time) for first, last in spans if last > time and first < end)])


class Checker:
    """The judge of one story."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.story = trace.story
        self.offsets = [(0.0, 0.0)]
        for step in [e for e in self.story.events if isinstance(e, Steps)]:
            self.offsets.append((step.at, self.offsets[-1][1] + step.seconds))
        self.said: dict[tuple[str, int | None, int | None, date], list[tuple[Arrival, Mark]]] = defaultdict(list)
        self.by_member: dict[int, list[tuple[Arrival, Mark]]] = defaultdict(list)
        for arrival in trace.arrivals:
            for mark in arrival.marks:
                self.said[mark.kind, mark.member, mark.group, mark.day].append((arrival, mark))
                if mark.member is not None:
                    self.by_member[mark.member].append((arrival, mark))
        self.rows: dict[tuple[str, int | None, date], list[dict[str, Any]]] = defaultdict(list)
        self.row: dict[int, dict[str, Any]] = {}
        for row in trace.rows:
            self.rows[row["kind"], row["member"], date.fromisoformat(row["local_date"])].append(row)
            self.row[row["id"]] = row

    def problems(self) -> Iterator[str]:
        """What went wrong, the least forgivable first."""
        yield from self.trace.faults
        for id, member in self.trace.members.items():
            judge = Judge(self, id, member, self.trace.names[id])
            yield from judge.problems()
        for room in self.story.rooms:
            yield from self._room(room)
        yield from self._news()
        yield from self._doubles()
        yield from self._unfinished()

    # ------------------------------------------------------------ time

    def shown(self, at: float) -> datetime:
        """What the system's clock showed at a time."""
        return moment(at + next(offset for since, offset in reversed(self.offsets) if since <= at or since == 0))

    def passage(self, shown: datetime) -> float:
        """The time at which the system's clock first showed a moment, or was past it."""
        wanted = seconds(shown)
        for (since, offset), (until, _) in zip(self.offsets, [*self.offsets[1:], (float("inf"), 0.0)], strict=True):
            if (at := max(since, wanted - offset)) < until:
                return at
        raise AssertionError("time ends")

    @cached_property
    def away(self) -> list[Span]:
        """When no process was running."""
        lives = self.trace.lives
        spans = [(one.end, two.start) for one, two in pairwise(lives)]
        return [*spans, *self.trace.frozen, (lives[-1].end, float("inf"))]

    @cached_property
    def outages(self) -> dict[str, list[Span]]:
        """When a platform took nothing."""
        found: dict[str, list[Span]] = defaultdict(list)
        for event in self.story.events:
            if isinstance(event, Outage):
                found[event.platform].append((event.at, event.until))
        return found

    def healthy(self, first: float, last: float, *troubles: list[Span]) -> bool:
        """Whether there was a stretch of good health between two times that was long enough for anything."""
        spans = sorted(span for spans in (self.away, *troubles) for span in spans if span[1] > first and span[0] < last)
        at = first
        for start, end in spans:
            if start - at >= STRETCH:
                return True
            at = max(at, end)
        return last - at >= STRETCH

    def calm(self, time: float, *troubles: list[Span]) -> bool:
        """Whether nothing at all went wrong from a time on for as long as anything may take."""
        steps = [(step, step) for step, _ in self.offsets[1:]]
        return not any(
            span[1] > time - 1 and span[0] < time + PROMPT for spans in (self.away, steps, *troubles) for span in spans
        )

    def running(self, first: float, last: float) -> float | None:
        """When the process had first been running for a while, between two times."""
        at = first
        for start, end in sorted(self.away):
            if end <= at:
                continue
            if start - at >= NEARLY:
                break
            at = max(at, end)
        return at + NEARLY if at + NEARLY <= last else None

    def state(self, kind: str, member: int | None, day: date) -> str:
        """What the outbox says of something that did not arrive."""
        found = self.rows.get((kind, member, day), [])
        said = [f"{row['state']}: {row['reason']}, {row['attempts']} attempts" for row in found]
        return "; ".join(said) or "there is no delivery of it"

    # ------------------------------------------------------------ rooms

    def _room(self, room: Room) -> Iterator[str]:
        zone = self.story.zones[room.group]
        group = room.group + 1
        since = self._peopled(room.group)
        if since is None:
            return
        chats = self._chats(room)
        gone = self.gone(room)
        here = [member for id, member in self.trace.members.items() if self.trace.names[id].group == room.group]
        wished = {kind: posts(kind, [word for member in here for word in member.words]) for kind in POSTS}
        day = moment(0).date() - timedelta(days=1)
        while seconds(datetime(day.year, day.month, day.day, tzinfo=moment(0).tzinfo)) < self.story.end + DAY:
            yield from self._post("group", zone, group, day, wished["group"], since, chats, gone)
            if day.weekday() == 6:
                yield from self._post("recap", zone, group, day, wished["recap"], since, chats, gone)
            day += timedelta(days=1)

    def gone(self, room: Room) -> list[Span]:
        """When we were not in a room, or did not know yet that we were in it again."""
        spans = []
        for kick in [e for e in self.story.events if isinstance(e, Kicks) and e.chat == room.chat]:
            back = [at for chat, at in self.trace.let_in if chat == room.chat and at >= kick.until]
            spans.append((kick.at, min(back, default=float("inf")) + NEARLY))
        return spans

    def _post(
        self,
        kind: str,
        zone: str,
        group: int,
        day: date,
        wished: Sequence[Post],
        since: float,
        chats: set[Address],
        gone: list[Span],
    ) -> Iterator[str]:
        here = [a for a, _ in self.said.get((kind, None, group, day), ()) if a.address in chats]
        name = f"the {kind} post of {day} for group {group} in {sorted(c.chat for c in chats)[0]}"
        if not zones.exists(zone, day):
            if here:
                yield f"{name} arrived, a date that {zone} does not have"
            return
        fired = self._posted(zone, day, wished)
        for arrival in here:
            unasked = f"at a wrong hour: {name} left at {self._when(arrival.handed)}, when it was off"
            wrongs = [list(self._hour(name, arrival, at, kind)) for _, at, _ in fired]
            yield from min(wrongs, key=len, default=[unasked])
            if not any(post.on for post in wished if post.perhaps(arrival.handed - NEARLY, arrival.handed + NEARLY)):
                yield f"turned off: {name} left at {self._when(arrival.handed)}"
        if not fired or fired[0][2].sure > fired[0][0] - NEARLY:
            return
        time, at, post = fired[0]
        end = min(self.passage(at + timedelta(seconds=GRACE[kind])), post.until)
        platform = next(iter(chats)).platform
        end = until_first(gone, time, min(end, self.story.end))
        must = time > max(since, 0) + NEARLY and self.healthy(time, end, self.outages[platform])
        prompt = post.until > time + PROMPT and self.calm(time, self.outages[platform], gone)
        if here and min(a.handed for a in here) > time + PROMPT and prompt:
            yield f"late: {name}, due {self._when(time)}, left at {self._when(min(a.handed for a in here))}"
        if must and not here:
            yield f"lost: {name}, due {self._when(time)}; {self.state(kind, None, day)}"

    def _posted(self, zone: str, day: date, wished: Sequence[Post]) -> list[tuple[float, datetime, Post]]:
        """The moments at which a post of a date was perhaps due, the first first: a date has one."""
        found = []
        for post in wished:
            at = zones.moment(zone, day, post.minute)
            if post.on and at is not None and post.perhaps(self.passage(at) - NEARLY, self.passage(at) + NEARLY):
                found.append((self.passage(at), at, post))
        return sorted(found, key=itemgetter(0))

    def _hour(self, name: str, arrival: Arrival, at: datetime, kind: str) -> Iterator[str]:
        """Whether something arrived in its time, and no earlier."""
        if arrival.handed < self.passage(at) - 1:
            yield f"at a wrong hour: {name} left at {self._when(arrival.handed)}, before {at:%d %b %H:%M:%S}"
        late = (self.shown(arrival.handed) - at).total_seconds() - GRACE[kind]
        if late > NEARLY:
            yield f"too late: {name} left at {self._when(arrival.handed)}, {late / MINUTE:.0f} min after its grace"

    def _when(self, at: float) -> str:
        return f"{self.shown(at):%a %d %b %Y %H:%M:%S}"

    def _peopled(self, group: int) -> float | None:
        """When somebody was in a group for sure."""
        times = [
            word.answered
            for id, member in self.trace.members.items()
            if self.trace.names[id].group == group
            for word in member.words
            if not word.private
        ]
        return min(times, default=None)

    def _chats(self, room: Room) -> set[Address]:
        chats = {room.chat, *(e.to for e in self.story.events if isinstance(e, Moves) and e.chat == room.chat)}
        return {Address(room.platform, chat) for chat in chats}

    # ------------------------------------------------------------ news, doubles, what is left

    def _news(self) -> Iterator[str]:
        for id, member in self.trace.members.items():
            person = self.trace.names[id]
            for day in {day for day, _, _ in member.done}:
                count = sum(d == day for d, _, _ in member.done)
                for room in self.story.rooms:
                    if room.group != person.group:
                        continue
                    chats = self._chats(room)
                    here = [
                        a
                        for (kind, who, _, d), found in self.said.items()
                        if kind == "done" and who == id and d == day
                        for a, _ in found
                        if a.address in chats
                    ]
                    if len({a.key for a in here}) > count:
                        yield f"news of {person.name}'s {count} steps of {day} came {len(here)} times to {room.chat}"

    def _doubles(self) -> Iterator[str]:
        """Every delivery arrives once; where a platform knows no keys, again for every time nobody heard of it."""
        counts: dict[int, list[Arrival]] = defaultdict(list)
        for arrival in self.trace.arrivals:
            for mark in arrival.marks:
                counts[mark.delivery].append(arrival)
        for delivery, found in counts.items():
            extra = len(found) - 1
            if not extra:
                continue
            row = self.row[delivery]
            told = f"{row['kind']} for {row['local_date']} (delivery {delivery}) to {found[0].address.chat}"
            when = ", ".join(self._when(a.at) for a in found)
            if found[0].address.platform != TELEGRAM:
                yield f"doubled: {told} arrived at {when}"
                continue
            unheard = sum(self.trace.unheard.get(key, 0) for key in {a.key for a in found})
            if extra > unheard:
                yield f"doubled: {told} arrived at {when}, and only {unheard} of them went unheard"
            elif row["doubts"] < extra:
                yield f"unrecorded: {told} arrived {len(found)} times, and {row['doubts']} doubts are recorded"

    def _unfinished(self) -> Iterator[str]:
        """At the end nothing waits that should not wait any more."""
        end = self.story.end
        for row in self.trace.rows:
            if row["state"] not in ("queued", "sending"):
                continue
            over = self.passage(datetime.fromisoformat(row["expires_at"]).replace(tzinfo=moment(0).tzinfo))
            # Housekeeping comes by once a day here.
            if self.healthy(max(over, end - 2 * HOUR), end, self.outages[row["platform"]]) and over < end - DAY - HOUR:
                yield f"left over: {row['kind']} for {row['local_date']} is {row['state']} since {row['settled_at']}"


class Judge:
    """What one member should have heard."""

    def __init__(self, checker: Checker, id: int, member: Member, person: Person) -> None:
        self.all = checker
        self.id = id
        self.member = member
        self.person = person
        self.mine = Address.private_to(person.platform, person.name)
        self.words = sorted(member.words, key=lambda word: word.tried)
        self.arrivals = sorted(checker.by_member.get(id, []), key=lambda pair: pair[0].handed)

    def problems(self) -> Iterator[str]:
        """What this member heard wrongly, or did not hear."""
        for kind in (*QUESTIONS, "deadline"):
            yield from self._regular(kind)
        yield from self._returns()
        for arrival, mark in self.arrivals:
            if mark.kind in GRACE and mark.kind != "done":
                yield from self._right(arrival, mark)

    def name(self, kind: str, day: date) -> str:
        """An occurrence in words."""
        return f"{kind} of {self.person.name} for {day:%a} {day}"

    # ------------------------------------------------------------ what should be

    def dues(self, kind: str, version: Version, first: float, last: float) -> Iterator[Due]:
        """The occurrences of a rule as it was at one time, whose moments are between two times."""
        wishes = version.wishes
        rule = wishes.rule(kind)
        if rule is None or rule.place == "off":
            return
        day = self.all.shown(max(first, 0)).date() - timedelta(days=3)
        end = self.all.shown(min(last, self.all.story.end)).date() + timedelta(days=3)
        while day <= end:
            if day.weekday() in rule.days and not wishes.resting(day) and self._dated(kind, wishes, day):
                for minute in wishes.minutes(kind):
                    at = zones.moment(wishes.zone, day, minute)
                    if at is not None and zones.exists(wishes.zone, day):
                        yield Due(kind, day, at, self.all.passage(at), version)
            day += timedelta(days=1)

    @staticmethod
    def _dated(kind: str, wishes: Wishes, day: date) -> bool:
        if kind != "deadline":
            return True
        return wishes.deadline is not None and (wishes.deadline - day).days in WARNINGS

    def _fired(self, kind: str) -> list[Due]:
        """The occurrences that came, each local date once, in the order of time."""
        found: dict[date, Due] = {}
        versions = self.member.versions
        for version, after in zip(versions, [*versions[1:], None], strict=True):
            until = self.all.story.end if after is None else after.sure
            for due in self.dues(kind, version, version.since, until):
                earlier = found.get(due.day)
                # In the very moment of a change either may be: a claim and a line take no time here.
                if version.since <= due.time <= until and (earlier is None or due.time < earlier.time):
                    found[due.day] = due
        return sorted(found.values(), key=lambda due: due.time)

    def _cut(self, due: Due, kind: str) -> float:
        """Until when nothing spoke against an occurrence."""
        cuts = [self.all.passage(due.at + timedelta(seconds=GRACE[kind])), self.all.story.end]
        changes = [v for v in self.member.versions if v is not due.version]
        cuts += [v.since for v in changes if v.since >= due.time or v.sure >= due.time]
        cuts += [g.tried for g in self.member.answers if g.kind == kind and g.day >= due.day]
        if kind in QUESTIONS:
            cuts += [tried for k, tried, _, _ in self.member.laters if k == kind and tried > due.time - DAY]
        return min(cuts)

    def _troubles(self, due: Due, kind: str) -> list[list[Span]]:
        """When this could not be told to this member."""
        rule = due.version.wishes.rule(kind)
        assert rule is not None
        troubles = [self.all.outages[self.person.platform]]
        if rule.place == "group":
            homes = [r for r in self.all.story.rooms if r.group == self.person.group]
            troubles += [self.all.outages[room.platform] for room in homes]
            gone = [span for room in homes for span in self.all.gone(room)]
            troubles.append([(first, due.time + DAY) for first, last in gone if last > due.time])
        else:
            troubles.append([(first, due.time + DAY) for first, last in self._closed if last > due.time])
        if due.version.wishes.quiet is not None:
            troubles.append(self._hushed(due, self.all.passage(due.at + timedelta(seconds=GRACE[kind]))))
        return troubles

    @cached_property
    def _closed(self) -> list[Span]:
        """When our private messages did not reach them, until they wrote in private again."""
        spans = []
        for event in self.all.story.events:
            if isinstance(event, Closes) and event.who == self.person.name:
                back = [w.answered for w in self.words if w.private and w.tried >= event.until]
                spans.append((event.at, min(back, default=float("inf"))))
        return spans

    def _hushed(self, due: Due, until: float) -> list[Span]:
        step = 5 * MINUTE
        times = [due.time + step * number for number in range(int((until - due.time) / step) + 1)]
        return [(t - step, t + step) for t in times if due.version.wishes.hushed(self.all.shown(t))]

    # ------------------------------------------------------------ questions and warnings

    def _regular(self, kind: str) -> Iterator[str]:
        stopped = False
        latest: date | None = None
        for due in self._fired(kind):
            came = self.all.said.get((kind, self.id, None, due.day), [])
            if kind in QUESTIONS:
                stopped = self._still_stopped(kind, stopped, due)
                sure, perhaps = self._ignored(kind, due)
                notice = self.all.said.get(("stopped", self.id, None, due.day), [])
                if not stopped and sure >= IGNORED and not self._answered(kind, due.day, due.time):
                    stopped = True
                    later = any(k == kind and tried > due.time - DAY for k, tried, _, _ in self.member.laters)
                    if came and not later and min(a.handed for a, _ in came) > due.time - 1:
                        yield f"asked after {sure} ignored: {self.name(kind, due.day)}"
                    if not notice and self._must(kind, due, latest, [(a, b) for a, b in self._closed if b > due.time]):
                        yield f"lost: the notice that {self.name(kind, due.day)} was not asked; " + self.all.state(
                            "stopped", self.id, due.day
                        )
                    continue
                if not stopped and perhaps >= IGNORED and (notice or not came):
                    stopped = True
                elif (
                    notice and not stopped and any(self.all.trace.kinds.get(m.reminder or 0) == kind for _, m in notice)
                ):
                    yield f"stopped asking after only {perhaps} ignored: {self.name(kind, due.day)}"
            if stopped:
                continue
            if not came and self._must(kind, due, latest):
                yield f"lost: {self.name(kind, due.day)}, due {self.all._when(due.time)}; " + self.all.state(
                    kind, self.id, due.day
                )
            elif came and self._late(kind, due, min(a.handed for a, _ in came)):
                yield f"late: {self.name(kind, due.day)}, due {self.all._when(due.time)}, left at " + self.all._when(
                    min(a.handed for a, _ in came)
                )
            elif not came and self._unrecorded(kind, due, latest):
                yield f"unrecorded: {self.name(kind, due.day)}, due {self.all._when(due.time)}, did not come"
            latest = due.day if latest is None else max(latest, due.day)

    def _late(self, kind: str, due: Due, handed: float) -> bool:
        """Whether something arrived late though nothing was in its way."""
        if handed <= due.time + PROMPT or due.time < due.version.sure + 1:
            return False
        return self._cut(due, kind) > due.time + PROMPT and self.all.calm(due.time, *self._troubles(due, kind))

    def _must(self, kind: str, due: Due, latest: date | None, trouble: Sequence[Span] = ()) -> bool:
        """Whether something had to arrive, whatever went wrong."""
        if due.time < due.version.sure + 1 or (latest is not None and latest >= due.day):
            return False
        if any(g.kind == kind and g.day >= due.day and g.tried < due.time for g in self.member.answers):
            return False
        return self.all.healthy(due.time, self._cut(due, kind), *self._troubles(due, kind), [*trouble])

    def _unrecorded(self, kind: str, due: Due, latest: date | None) -> bool:
        """Whether the outbox should know of something that did not arrive, and does not."""
        if due.time < due.version.sure + 1 or (latest is not None and latest >= due.day):
            return False
        seen = self.all.running(due.time, min(due.time + MISSED, self._quiet_until(kind, due)))
        return seen is not None and not self.all.rows.get((kind, self.id, due.day))

    def _quiet_until(self, kind: str, due: Due) -> float:
        """Until when nobody said anything that has to do with an occurrence."""
        words = [word.tried for word in self.words if word.answered >= due.time]
        given = [g.tried for g in self.member.answers if g.kind == kind and g.day >= due.day]
        steps = [at for at, _ in self.all.offsets if at > due.time - 2 * HOUR]
        return min([*words, *given, *steps, self.all.story.end])

    def _ignored(self, kind: str, due: Due) -> tuple[int, int]:
        """How many questions in a row had gone without a word for sure, and perhaps, when one was due."""
        said = [(a, m) for a, m in self.arrivals if m.kind == kind and a.handed < due.time]
        # What was typed before and lay there while no process ran is heard after the claim, or before it.
        tried = max((w.tried for w in self.words if w.answered < due.time - NEARLY), default=-1.0)
        heard = max((w.answered for w in self.words if w.tried < due.time), default=-1.0)
        unsure = any(w.tried < due.time + NEARLY and w.answered > due.time - NEARLY for w in self.words)
        sure = {m.delivery for a, m in said if a.handed > heard and self._settled(m, due.time)}
        perhaps = {m.delivery for a, m in said if a.at > tried - NEARLY}
        return 0 if unsure else len(sure), len(perhaps)

    def _settled(self, mark: Mark, before: float) -> bool:
        row = self.all.row[mark.delivery]
        settled = row["settled_at"] and datetime.fromisoformat(row["settled_at"]).replace(tzinfo=moment(0).tzinfo)
        return row["state"] == "sent" and self.all.passage(settled) < before

    def _answered(self, kind: str, day: date, before: float) -> bool:
        return any(g.kind == kind and g.day >= day and g.tried < before + NEARLY for g in self.member.answers)

    def _still_stopped(self, kind: str, stopped: bool, due: Due) -> bool:
        """Whether questions that had stopped have not been asked for again."""
        if not stopped:
            return False
        since = [word for word in self.words if word.tried < due.time and self._wakes(kind, word)]
        notices = [a.handed for a, m in self.arrivals if m.kind in (kind, "stopped") and a.handed < due.time]
        last = max(notices, default=0.0)
        return not any(word.answered > last - NEARLY for word in since)

    def _wakes(self, kind: str, word: Word) -> bool:
        if word.refused:
            return False
        if word.line.startswith("checkin"):
            return f"track:{kind}" in word.line or (kind == "study" and "track:" not in word.line)
        if word.line.startswith("remind"):
            return f"kind:{kind}" in word.line or (kind == "study" and "kind:" not in word.line)
        return word.line == "pause off" or (kind == "study" and word.line.startswith("later"))

    # ------------------------------------------------------------ after silence

    def _returns(self) -> Iterator[str]:
        silences = list(zip(self.words, [w.tried for w in self.words[1:]] + [self.all.story.end], strict=True))
        for word, until in silences:
            version = self.member.between(word.answered, word.answered)[-1]
            spoke = version.wishes.today(self.all.shown(word.answered))
            # One that was on its way when they spoke is of the silence before.
            first, last = word.answered + NEARLY, until - NEARLY
            came = [m.day for a, m in self.arrivals if m.kind == "return" and first < a.handed < last]
            if len(set(came)) > 1:
                yield f"{self.person.name} was written to {len(came)} times in one silence: {sorted(set(came))}"
            if version.wishes.today(self.all.shown(word.tried - NEARLY)) != spoke or version.sure > word.answered:
                continue
            if until - word.answered < SILENCE * DAY:
                continue
            evenings = self.dues("return", version, word.answered, until)
            if lost := None if came else self._unsaid(evenings, self._silent_enough(version.wishes, spoke), until):
                yield f"lost: {self.name('return', lost.day)}; " + self.all.state("return", self.id, lost.day)

    @staticmethod
    def _silent_enough(wishes: Wishes, spoke: date) -> date:
        """The date on which a silence has lasted long enough; a day off begins it anew."""
        day, silent = spoke, 0
        while silent < SILENCE:
            day += timedelta(days=1)
            silent = 0 if wishes.resting(day) else silent + 1
        return day

    def _unsaid(self, evenings: Iterator[Due], first: date, until: float) -> Due | None:
        """The evening on which a word after a silence should have been said: the first on which it could be.

        Who slept through the first need not make up for a later one in the same night.
        """
        begun = False
        for due in evenings:
            if due.day < first or due.time > until:
                continue
            asleep = begun and any(
                start <= due.time + NEARLY and stop >= due.time - NEARLY for start, stop in self.all.away
            )
            begun = True
            if asleep:
                continue
            end = min(until, self.all.passage(due.at + timedelta(seconds=GRACE["return"])))
            if self.all.healthy(due.time, end, *self._troubles(due, "return")):
                return due
            if any(row["state"] != "expired" for row in self.all.rows.get(("return", self.id, due.day), ())):
                # It left, or nobody could be reached: nobody knows, and it is not said again.
                return None
        return None

    # ------------------------------------------------------------ what came

    def _right(self, arrival: Arrival, mark: Mark) -> Iterator[str]:
        """Whether something came to the right place, in its time, and while it was wished for."""
        name = self.name(mark.kind, mark.day)
        kind = self.all.trace.kinds.get(mark.reminder or 0, "study") if mark.kind == "stopped" else mark.kind
        versions = self.member.between(arrival.handed - NEARLY, arrival.handed + NEARLY)
        rules = [rule for version in versions if (rule := version.wishes.rule(kind))]
        # That nobody asks any more is for its member alone, wherever they were asked.
        private = mark.kind == "stopped" and arrival.address == self.mine
        if not private and not any(self._placed(arrival.address, rule.place) for rule in rules):
            yield f"to the wrong place: {name} went to {arrival.address}"
        moments = [self.all.shown(at) for at in (arrival.handed, arrival.handed - DELAYED)]
        hushed = all(version.wishes.hushed(at) for version in versions for at in moments)
        if hushed and arrival.address.account is not None and not self._wanted_now(arrival.handed):
            yield f"in quiet hours: {name} left at {self.all._when(arrival.handed)}"
        if all(version.wishes.resting(mark.day) for version in versions):
            yield f"on a day off: {name}"
        about = "study" if kind == "risk" else kind
        if mark.kind in (*QUESTIONS, "risk") and any(
            g.kind == about and g.day == mark.day and g.answered < arrival.handed - NEARLY for g in self.member.answers
        ):
            yield f"asked though answered: {name} left at {self.all._when(arrival.handed)}"
        yield from self._timely(arrival, mark, kind, name)

    def _wanted_now(self, at: float) -> bool:
        """Whether /later named this very moment, be it a quiet one."""
        return any(
            self._after(tried, wait) - 1 <= at <= self._after(answered, wait) + MINUTE
            for _, tried, answered, wait in self.member.laters
        )

    def _after(self, said: float, wait: float) -> float:
        """The time at which the system's clock is so many seconds past what it showed at another, steps and all."""
        return self.all.passage(self.all.shown(said) + timedelta(seconds=wait))

    def _timely(self, arrival: Arrival, mark: Mark, kind: str, name: str) -> Iterator[str]:
        grace = GRACE[mark.kind]
        for version in self.member.between(arrival.handed - grace - 3 * HOUR, arrival.handed + NEARLY):
            rule = version.wishes.rule(kind)
            if rule is None or mark.day.weekday() not in rule.days or not self._dated(kind, version.wishes, mark.day):
                continue
            for minute in version.wishes.minutes(kind):
                at = zones.moment(version.wishes.zone, mark.day, minute)
                if at is not None and self._in_time(arrival, at, self.all.passage(at), grace):
                    return
        for what, tried, answered, wait in self.member.laters:
            if what == kind and self._after(tried, wait) - 1 <= arrival.handed:
                at = self.all.shown(answered) + timedelta(seconds=wait)
                if (self.all.shown(arrival.handed) - at).total_seconds() < grace + NEARLY:
                    return
        yield f"at a wrong hour: {name} left at {self.all._when(arrival.handed)}"

    def _in_time(self, arrival: Arrival, at: datetime, time: float, grace: float) -> bool:
        late = (self.all.shown(arrival.handed) - at).total_seconds()
        return arrival.handed >= time - 1 and late < grace + NEARLY

    def _placed(self, address: Address, place: str) -> bool:
        if place == "off":
            return False
        if place == "group":
            homes = [room for room in self.all.story.rooms if room.group == self.person.group]
            return any(address in self.all._chats(room) for room in homes)
        return address == self.mine


__all__ = ["Checker", "Fault", "check"]
