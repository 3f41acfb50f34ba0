"""What becomes of a message whose sending was cut off, so that nobody knows whether it arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.delivery import Later, Outcome, Sent
from bot.domain import reason

SET_BACK = timedelta(hours=1)
"""How far a clock may have been set back while a send was in doubt."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is known of such a message before its platform is asked. Moments are in UTC."""

    now: datetime
    handed_at: datetime
    """When it was first handed to its platform; later than now where the clock was set back since."""
    key_holds: timedelta
    """For so long after that, sending again with the same key delivers once, with the way there counted in."""
    expires_at: datetime
    """From then on nothing of it is worth saying."""
    sayable: bool
    """Whether it has something to say now."""
    quiet_until: datetime | None
    """Where it has not: when the quiet hours end that keep it from being said; None where it has become moot."""
    resend: bool
    """Whether saying it twice is better than not at all."""

    @property
    def key_is_known(self) -> bool:
        """Whether the platform will still know its key when it comes again."""
        return timedelta(0) <= self.now - self.handed_at < self.key_holds

    @property
    def moot(self) -> bool:
        """Whether nothing of it is to be said any more."""
        return not self.sayable and self.quiet_until is None

    @property
    def late(self) -> bool:
        """Whether it is too late for it by the time at which it could be said."""
        return (self.quiet_until or self.now) >= self.expires_at

    @property
    def since(self) -> datetime:
        """From when on to look for it. A clock that was set back since says little of when it was handed over."""
        return self.handed_at if self.handed_at <= self.now else self.now - SET_BACK


# ------------------------------------------------------------ decisions


@dataclass(frozen=True, slots=True)
class SendAgain:
    """It is sent again with the same key."""


@dataclass(frozen=True, slots=True)
class Look:
    """Its platform is asked whether it arrived at that moment in UTC or later."""

    since: datetime


@dataclass(frozen=True, slots=True)
class Arrived:
    """It is there, as the platform's message of that id."""

    message: str


@dataclass(frozen=True, slots=True)
class Wait:
    """It stays in doubt until that moment in UTC."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """It is not sent any more."""

    state: Literal["expired", "doubtful"]
    reason: str


Decision = SendAgain | Arrived | Wait | End

END_TOO_LATE = End("expired", reason.TOO_LATE)
END_CUT_OFF = End("doubtful", reason.CUT_OFF)
END_HELD = End("doubtful", reason.HELD)
END_MOOT = End("expired", reason.MOOT)


def decide(doubt: Doubt) -> SendAgain | Look:
    """What to do first: what is sent again while its key is known does not arrive twice."""
    if doubt.sayable and doubt.key_is_known and not doubt.late:
        return SendAgain()
    return Look(doubt.since)


def decide_knowing(doubt: Doubt, answer: Outcome | None) -> Decision:
    """What to do once its platform has said whether it arrived (`answer`, see `Platform.find`).

    The first sentence that holds decides. Any answer but Sent, Later and None leaves the doubt as it was.
    """
    if isinstance(answer, Sent):
        return Arrived(answer.message)
    if isinstance(answer, Later):
        return Wait(doubt.now + timedelta(seconds=answer.seconds), answer.reason)
    absent = answer is None
    if doubt.moot:
        return END_MOOT
    if doubt.late:
        return END_TOO_LATE if absent else END_CUT_OFF
    if doubt.quiet_until is not None:
        return Wait(doubt.quiet_until, reason.QUIET)
    return SendAgain() if absent or doubt.resend else END_HELD
