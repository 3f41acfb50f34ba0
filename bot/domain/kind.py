"""What is asked of a kind of message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import overload

from bot.domain.dates import ON_WISHED_DAYS, Dates
from bot.domain.occurrence import EVERY_DAY


class Owner(Enum):
    """Who turns a kind of message on: its member, who leads the group, or nobody, for it follows from something."""

    MEMBER = "member"
    LEADER = "leader"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class GroupWish:
    """Where a post's time stands among a group's wishes: the fields of `Group`, and the argument of /setup for both."""

    argument: str
    minute: str
    day: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message, as those who do not compose it see it; times are minutes after local midnight.

    Its words are messages of the locales that end with `-<name>` (see `bot.messages.message.words_of`).
    """

    name: str
    """Its word in the tables, in lines and at the end of its messages."""
    owner: Owner
    grace: timedelta
    """How long after its moment it is still worth saying: too late is worse than never."""
    resend: bool = True
    """In doubt where a platform knows no keys, it is sent again, for a double is better than a silence; else held."""

    # When it comes.
    minute: int = 20 * 60
    """Its usual time."""
    times: tuple[int, ...] = ()
    """Times that are offered besides."""
    days: int = EVERY_DAY
    """Its usual days of the week, as bits, Monday the lowest."""
    one_day: bool = False
    """It comes on one day of the week, no more and no less."""
    dates: Dates = ON_WISHED_DAYS
    """On which dates its reminder is due."""
    count: int = 0
    """The number of days that its words name."""
    looks: bool = False
    """At its moment it looks whether there is something to say; mostly there is not."""

    # Whose it is and how it comes on.
    private: bool = False
    """Only its member may read it, wherever they are asked otherwise."""
    main: bool = False
    """What /remind sets where no kind is named, and what newcomers are asked for. One kind is."""
    comes_along: bool = False
    """It comes on with a member's first main one in private, whose receipt says so."""
    offered: bool = False
    """The receipt of the main one offers it to whoever has not chosen."""
    about_group: bool = False
    """It is about a group: its leader is told where it did not get through."""
    wish: GroupWish | None = None
    """Of a leader's kind that /setup sets too."""
    from_start: bool = False
    """Of a leader's kind: on when a group is founded."""

    # What it waits for.
    track: str | None = None
    """The track of the check-in that answers it: answered for its date, it is not said."""
    shows: tuple[str, ...] = ()
    """The tracks whose answers it shows once it is there: they edit it."""
    instead: Kind | None = None
    """It is a question: after MOST_IGNORED without a word this is said in its place, and then nothing."""
    heeds_quiet: bool = True
    """Quiet hours hold it back when it is late."""
    heeds_days_off: bool = True
    """On its member's days off it is not said."""

    position: int = 100
    """Where it stands among its like when they are listed."""

    @property
    def is_question(self) -> bool:
        """Whether it counts as ignored when no word follows."""
        return self.instead is not None


KINDS: dict[str, Kind] = {}
"""Every kind by its name; each module of `bot.messages` adds its own when that is imported."""


def known_dates(name: str) -> Dates:
    """On which dates a kind is due; a kind that is no more goes by its days, until its claim finds that out."""
    kind = KINDS.get(name)
    return ON_WISHED_DAYS if kind is None else kind.dates


def chosen(which: Callable[[Kind], bool]) -> tuple[Kind, ...]:
    """Some kinds, in the order in which they are listed: members' first, then leaders'."""
    return tuple(sorted(filter(which, KINDS.values()), key=_listed))


def _listed(kind: Kind) -> tuple[int, int, str]:
    return [*Owner].index(kind.owner), kind.position, kind.name


def of_owner(owner: Owner) -> tuple[Kind, ...]:
    """What an owner turns on."""
    return chosen(lambda kind: kind.owner is owner)


def main_kind() -> Kind:
    """The kind that is meant where none is named."""
    (found,) = chosen(lambda kind: kind.main)
    return found


def showing(owner: Owner, track: str) -> tuple[str, ...]:
    """The names of an owner's kinds that show the answers of a track."""
    return tuple(kind.name for kind in of_owner(owner) if track in kind.shows)


@dataclass(frozen=True, slots=True)
class Names(Sequence[str]):
    """The names of some kinds as they are at the moment: a command is declared before all of them are known."""

    which: Callable[[Kind], bool]

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return tuple(self)[index]

    def __iter__(self) -> Iterator[str]:
        return (kind.name for kind in chosen(self.which))

    def __len__(self) -> int:
        return len(chosen(self.which))


MEMBERS = Names(lambda kind: kind.owner is Owner.MEMBER)
"""What a member sets with /remind."""

GROUP_KINDS = Names(lambda kind: kind.owner is Owner.LEADER)
"""What a leader sets for the whole group, with /remind."""

SET_KINDS = Names(lambda kind: kind.owner is not Owner.NOBODY)
"""Whatever /remind sets."""

MOST_IGNORED = 3
"""After so many unanswered questions in a row the fourth is not asked."""
