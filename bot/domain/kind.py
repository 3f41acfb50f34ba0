"""The kinds of what is said unasked: how long each is worth saying, and what happens when nobody knows if it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message.

    `grace` is how long after its moment it is still worth saying: too late is worse than never. `resend`: where a
    platform knows no keys and a send is in doubt, it is sent again, for a double is better than a silence; else it is
    held. `minute` is its usual time, in minutes after local midnight.
    """

    grace: timedelta
    resend: bool = True
    minute: int = 20 * 60


STUDY = "study"
DSA = "dsa"
RISK = "risk"
DEADLINE = "deadline"
RETURN = "return"
GROUP_CHECKIN = "group"
RECAP = "recap"
DONE = "done"
STOPPED = "stopped"
TROUBLE = "trouble"

KINDS = {
    STUDY: Kind(timedelta(hours=3)),
    DSA: Kind(timedelta(hours=3)),
    # An evening's warning is none the next day.
    RISK: Kind(timedelta(hours=1, minutes=30), minute=21 * 60 + 30),
    DEADLINE: Kind(timedelta(hours=12), minute=18 * 60),
    RETURN: Kind(timedelta(hours=12), minute=18 * 60),
    GROUP_CHECKIN: Kind(timedelta(hours=3)),
    RECAP: Kind(timedelta(hours=12), minute=18 * 60),
    # News of yesterday is none. Said twice it would be noise to a whole group.
    DONE: Kind(timedelta(days=1), resend=False),
    # That questions have stopped is worth knowing the next day too.
    STOPPED: Kind(timedelta(days=1)),
    # That a group's posts do not get through, for who set it up.
    TROUBLE: Kind(timedelta(days=1)),
}
"""Every kind, by its word in the tables."""

ASKED = (STUDY, DSA)
"""Questions, answered by a check-in on the track of the same name; after three ignored in a row they stop."""

PRIVATE = (RISK, DEADLINE, RETURN)
"""What only its member may read."""

MEMBERS = (*ASKED, *PRIVATE)
"""What a member sets with /remind."""

GROUPS = (GROUP_CHECKIN, RECAP)
"""What a leader sets for the whole group, with /remind or /setup."""

MOST_IGNORED = 3
"""After so many unanswered questions in a row the fourth is not asked."""

WORTH_SAVING = 3
"""Days in a row from which on losing them is worth an evening's warning."""

SILENCE_DAYS = 7
"""Local days without a word after which somebody is written to, once."""

WARNING_DAYS = (30, 14, 7, 3, 1)
"""Days before a deadline on which it is spoken of."""
