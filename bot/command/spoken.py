"""What a private message means when it begins with no command: an answer to the daily question, or an if-then line."""

from __future__ import annotations

from bot.command.grammar import quote
from bot.command.reading import clean, read_minutes
from bot.command.vocabulary import spoken_by

CHECKIN = "checkin freely:yes"
"""Such an answer may be to the question of an evening that goes on; a command typed after midnight is about today."""

LENGTH_WORDS = 4
"""The longest way to say a length of time: `1 hour 30 minutes`."""

SHORTEST_INTENTION = 12
"""Shorter than "When, I study" it says nothing about when."""


def spoken(text: str, language: str) -> str | None:
    """The line that a private message stands for; None when it could be anything.

    What begins with a length of time, yes or no is a check-in (`1h30 indexes`, `not today`); what begins with "when"
    is the if-then line that the daily reminder quotes back.
    """
    words = text.split()
    begun = clean(text)
    openings = tuple(f"{word} " for known in spoken_by(language) for word in known.answers["if"])
    if begun.startswith(openings) and len(begun) >= SHORTEST_INTENTION:
        return f"when {quote(text.strip())}"
    answers = [answer for known in spoken_by(language) for answer in known.answers["begins"]]
    if any(begun == answer or begun.startswith((answer + " ", answer + ",")) for answer in answers):
        return f"{CHECKIN} {text.strip()}"
    lengths = (" ".join(words[:count]) for count in range(min(LENGTH_WORDS, len(words)), 0, -1))
    return f"{CHECKIN} {text.strip()}" if any(read_minutes(length, 1, language) for length in lengths) else None
