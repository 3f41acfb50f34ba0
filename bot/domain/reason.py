"""Why something was not said, as it is recorded with a delivery: codes of ours, or the platform's own words.

Whoever runs the bot reads the codes as they stand; members read the words that the locale has for them. A code that was
published stays, for it stands in databases.
"""

from __future__ import annotations

MOOT = "moot"
"""There was nothing left to say: nobody has missed it."""

TOO_LATE = "too late"
QUIET = "quiet hours"
"""It waits for the end of its member's quiet hours."""

LATE_AND_QUIET = f"{TOO_LATE}: {QUIET}"
"""It came due in a member's quiet hours and was too late after them."""

NOBODY = "no private chat is open"
NOWHERE = "the group lives nowhere"
MOVED = "the chat moved"
CROWDED = "the chat has had its share"
NOT_COMPOSED = "it could not be composed"
FOUND_AGAIN = "found again"
CUT_OFF = "we stopped while sending it"
HELD = "held: it may have arrived"

NAMES = {
    TOO_LATE: "late",
    QUIET: "quiet",
    LATE_AND_QUIET: "late",
    NOBODY: "nobody",
    NOWHERE: "nowhere",
    MOVED: "moved",
    CROWDED: "crowded",
    NOT_COMPOSED: "fault",
    CUT_OFF: "unsure",
    HELD: "unsure",
}
"""By which name the locales word a code, as `reason-<name>`: of those that can be why something did not get through."""
