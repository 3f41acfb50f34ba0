"""What is said when something could not be carried out through no fault of who asked for it."""

from __future__ import annotations

import logging
import secrets

from bot.cards import Card, Paragraph
from bot.command.call import Response
from bot.store import Unavailable
from bot.words import say

log = logging.getLogger(__name__)


def told(error: Exception, language: str, what: str, words: str) -> Response:
    """What to say of an error, in `words` and with a reference to the log, where `what` failed is told.

    A database that is away is no fault of ours: it is told in the log once while it lasts, and nothing was changed.
    """
    if isinstance(error, Unavailable):
        return Response(Card(parts=(Paragraph(say(language, "unavailable")),)), language=language, refused=True)
    reference = secrets.token_hex(3)
    log.error("%s, reference %s", what, reference, exc_info=error)
    return Response(Card(parts=(Paragraph(say(language, words, reference=reference)),)), language=language)
