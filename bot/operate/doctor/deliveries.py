"""`roadmate doctor --deliveries`: how well messages are delivered.

Counts, lateness, faults, doubts, what waits, and who holds leases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.domain.reason import MOOT, QUIET
from bot.examining import Finding
from bot.operate.doctor.database import ask_database
from bot.settings import Settings
from bot.store import Store, leases, ledger
from bot.store.leases import FOR_EVER, Lease
from bot.store.ledger import Backlog, Lateness, Tally, Waiting

TALLIED_SPANS = {"24 h": timedelta(days=1), "7 days": timedelta(days=7)}

COLUMNS = ("queued", "sending", "sent", "doubtful", "failed", "expired", MOOT)

MOST_FAULTS = 12
"""Reasons that are listed; the rarer ones are summed up."""

OVERDUE = timedelta(minutes=15)
"""For so long a platform may be away, or ten thousand reminders take to leave, without anybody having to look."""


class Figures(TypedDict):
    """What machines read; moments are ISO 8601 in UTC."""

    at: str
    well: bool
    findings: list[dict[str, str]]
    spans: dict[str, dict[str, object]]
    waiting: dict[str, object]
    oldest: dict[str, object] | None
    leases: list[dict[str, object]]


@dataclass(frozen=True)
class Deliveries:
    """What was found at a moment in UTC, and what is to be done about it."""

    at: datetime
    tallies: dict[str, Tally]
    backlog: Backlog
    oldest: Waiting | None
    leases: tuple[Lease, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is not well; empty when all is. Who has blocked us is no fault."""
        return tuple(self._findings())

    def _findings(self) -> Iterator[Finding]:
        late = self.backlog.late(self.at)
        if late >= OVERDUE.total_seconds():
            remedy = "see that `roadmate run` runs and is connected (/healthz); its reason stands below"
            yield Finding(f"the oldest undelivered message has been due for {_span(late)}", remedy)
        day = next(iter(self.tallies.values()))
        lost = [fault for fault in day.faults if QUIET not in fault.reason]
        expired = sum(fault.count for fault in lost if fault.state == "expired")
        if expired:
            yield Finding(
                f"{expired} dropped within a day, because it was too late for them",
                "see whether the process, its platform or the database was away then: the log says when",
            )
        homes = sum(fault.count for fault in lost if fault.state == "failed" and not fault.private)
        if homes:
            remedy = "see the reasons below; `roadmate doctor` names missing permissions"
            yield Finding(f"{homes} {'post' if homes == 1 else 'posts'} to groups failed within a day", remedy)

    def figures(self) -> Figures:
        """The same for machines."""
        return {
            "at": self.at.isoformat(),
            "well": not self.findings,
            "findings": [asdict(finding) for finding in self.findings],
            "spans": {span: _tally_figures(tally) for span, tally in self.tallies.items()},
            "waiting": _dated(asdict(self.backlog)),
            "oldest": None if self.oldest is None else _dated(asdict(self.oldest)),
            "leases": [_dated(asdict(lease)) for lease in self.leases],
        }

    def page(self) -> RenderableType:
        """The same for people, in a terminal of 80 columns."""
        parts: list[RenderableType] = [Text(str(finding)) for finding in self.findings or (Finding("deliveries"),)]
        for span, tally in self.tallies.items():
            parts += ["", _counts(span, tally), *map(Text, _sentences(tally))]
        week = list(self.tallies.values())[-1]
        if week.faults:
            parts += ["", _faults(week)]
        parts += ["", Text(_waiting(self.backlog, self.oldest, self.at))]
        if self.leases:
            parts += ["", _leases(self.leases, self.at)]
        return Group(*parts)


async def examine_deliveries(settings: Settings, now: datetime) -> Deliveries | Finding:
    """Ask the database alone, while a process serves it or none; a finding says why it cannot be asked."""

    async def look(store: Store, _where: str) -> Deliveries:
        async with store.reading() as db:
            tallies = await ledger.tally(db, *(now - span for span in TALLIED_SPANS.values()))
            return Deliveries(
                now,
                dict(zip(TALLIED_SPANS, tallies, strict=True)),
                await ledger.backlog(db, now),
                await ledger.oldest(db),
                await leases.held(db, ""),
            )

    return await ask_database(settings, look)


# ------------------------------------------------------------ for machines


def _tally_figures(tally: Tally) -> dict[str, object]:
    kinds: dict[str, dict[str, int]] = {}
    for (kind, state), count in sorted(tally.states.items()):
        kinds.setdefault(kind, {})[state] = count
    return {
        "deliveries": kinds,
        "lateness_seconds": asdict(tally.lateness),
        "faults": [asdict(fault) for fault in tally.faults],
        "doubted": dict(tally.doubted),
        "whole": tally.whole,
    }


def _dated(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


# ------------------------------------------------------------ for people


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))


def _counts(span: str, tally: Tally) -> RenderableType:
    table = _table(
        f"The last {span}" if tally.whole else f"The last {span}: the latest {ledger.MOST_TALLIED:,} of them"
    )
    table.add_column("kind")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for kind in sorted({kind for kind, _ in tally.states}):
        counts = (tally.states.get((kind, state), 0) for state in COLUMNS)
        table.add_row(kind, *(f"{count:,}" if count else "·" for count in counts))
    if not tally.states:
        return Text(f"The last {span}: nothing was due")
    return table


def _sentences(tally: Tally) -> Iterator[str]:
    late: Lateness = tally.lateness
    if late.count:
        half, most, all_ = map(_span, (late.median, late.p99, late.worst))
        yield f"  left {half} after their moment (median), 99 % within {most}, all within {all_}"
    if total := sum(tally.doubted.values()):
        ended = {"sent": "arrived or were sent again", "doubtful": "held", "failed": "failed", "expired": "too late"}
        parts = (f"{count} {ended.get(state, state)}" for state, count in sorted(tally.doubted.items()))
        yield f"  in doubt for a while: {total}, of which {', '.join(parts)}"


def _faults(tally: Tally) -> RenderableType:
    table = _table("Not delivered, by reason, the last 7 days")
    table.add_column("", justify="right")
    table.add_column("state")
    table.add_column("to")
    table.add_column("reason", overflow="fold")
    for fault in tally.faults[:MOST_FAULTS]:
        table.add_row(f"{fault.count:,}", fault.state, "members" if fault.private else "homes", fault.reason or "—")
    if rest := tally.faults[MOST_FAULTS:]:
        table.add_row(f"{sum(fault.count for fault in rest):,}", "", "", f"for {len(rest)} other reasons")
    return table


def _waiting(backlog: Backlog, oldest: Waiting | None, now: datetime) -> str:
    if oldest is None:
        return "Nothing waits to be delivered."
    more = "" if backlog.whole else " or more"
    to = "a member" if oldest.private else "a home"
    tries = {0: "never tried", 1: "tried once"}.get(oldest.attempts, f"tried {oldest.attempts} times")
    ahead = (oldest.next_at - now).total_seconds()
    again = f"again in {_span(ahead)}" if ahead > 0 else "to be sent now"
    due = (now - oldest.due_at).total_seconds()
    since = f"due for {_span(due)}" if due >= 0 else f"due in {_span(-due)}"
    return (
        f"Waiting: {backlog.queued + backlog.sending:,}{more}, of which {backlog.overdue:,} could leave now.\n"
        f"The oldest: {oldest.kind} to {to} on {oldest.platform}, {since}, {tries}, {again}"
        + (f":\n  {oldest.reason}" if oldest.reason else ".")
    )


def _leases(held: tuple[Lease, ...], now: datetime) -> RenderableType:
    table = _table("Leases")
    for name in ("lease", "holder"):
        table.add_column(name, overflow="fold")
    table.add_column("number", justify="right")
    table.add_column("since (UTC)")
    table.add_column("")
    for lease in held:
        ends = "given back" if lease.released else "over" if lease.over else "" if lease.until == FOR_EVER else "held"
        table.add_row(lease.name, lease.holder, str(lease.token), f"{lease.since:%d %b %H:%M}", ends)
    return table


def _span(seconds: float) -> str:
    """A span of time as one reads it: 0.4 s, 12 min, 5 h, 3 days."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
