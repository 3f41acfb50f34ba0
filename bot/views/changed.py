"""What a change was, said in its reader's language whenever they read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.cards import Spans
from bot.domain.member import Member
from bot.domain.occurrence import Range
from bot.views.times import moment_words
from bot.words import date_words, dates_words, days_words, pace_words, say


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week, as bits, Monday the lowest."""

    days: int


Particular = str | int | date | Range | timedelta | datetime | Weekdays
"""What a change is told by: words that are nobody's language (a title, a name, a time of day), a local date, a stretch
of them, a length of study, a moment in UTC, days of the week."""


def stored(value: Particular) -> object:
    """A value as JSON: told apart from words, as which all were stored before."""
    match value:
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case timedelta():
            return {"minutes": value // timedelta(minutes=1)}
        case Weekdays():
            return {"weekdays": value.days}
        case (first, last):
            return {"dates": [first.isoformat(), last.isoformat()]}
        case _:
            return value


def change_words(reader: Member, now: datetime, summary: tuple[str, Mapping[str, object]]) -> Spans:
    """What a change was, in its reader's language; `now` is a moment in UTC."""
    id, variables = summary
    return say(reader.language, id, **{name: _worded(reader, now, value) for name, value in variables.items()})


def _worded(reader: Member, now: datetime, value: object) -> object:
    language, today = reader.language, reader.local_day(now)
    match value:
        case {"date": str(day)}:
            return date_words(language, date.fromisoformat(day), today)
        case {"dates": [str(first), str(last)]}:
            return dates_words(language, (date.fromisoformat(first), date.fromisoformat(last)), today)
        case {"minutes": int(minutes)}:
            return pace_words(language, minutes)
        case {"weekdays": int(days)}:
            return days_words(language, days)
        case {"moment": str(at)}:
            return moment_words(language, reader, datetime.fromisoformat(at), now)
        case _:
            return value
