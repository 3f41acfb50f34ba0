"""The log, in which no secret can be read.

JSON for machines, plain lines for a terminal; what people write is left out as well.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO
from urllib.parse import quote

HIDDEN = "…"
"""What stands in the place of a secret."""

SHORTEST_SECRET = 6
"""Anything shorter would hide ordinary words: no token is that short."""

SHAPES = re.compile(
    r"""
      (?<!\d)\d{5,}:[\w-]{30,}                           # a Telegram token
    | [A-Za-z\d_-]{23,28}\.[A-Za-z\d_-]{6,7}\.[A-Za-z\d_-]{27,}   # a Discord token
    | (?<=/webhooks/)\d+/[\w.-]{20,}                     # an interaction's own token, in an address of Discord's
    | (?<=/interactions/)\d+/[\w.-]{20,}
    | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)                    # who logs in somewhere, and how
    """,
    re.VERBOSE,
)

QUIET_LIBRARIES = (
    "aiosqlite",
    "alembic",
    "apscheduler",
    "discord",
    "httpcore",
    "httpx",
    "PIL",
    "sqlalchemy",
    "telegram",
)
"""Libraries of which only warnings are heard: they tell of every request, query or job."""

SILENT_ABOUT_PAYLOADS = logging.INFO
"""No library is heard below it: at DEBUG they log what people write, with the token beside it."""

HARMLESS: tuple[type[BaseException], ...] = (
    OSError,
    ImportError,
    NameError,
    AttributeError,
    TypeError,
    MemoryError,
    RecursionError,
    NotImplementedError,
    RuntimeError,
)
"""Exceptions whose messages speak of code and of the machine. Others quote what they were given, and that may be what
somebody wrote: KeyError('what I typed')."""

HARMLESS_FROM = ("aiohttp", "bot.delivery", "bot.store", "discord", "sqlite3", "telegram")
"""Whose own exceptions say what a platform or the database answered, and hold nothing of what it was sent."""

STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
"""What every record has. What else is in one was given with `extra=`: ids, kinds and states, for machines."""


class Secrets:
    """Takes secrets out of text: those it was told of, and whatever has the shape of a platform's token."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in (secret, quote(secret, ""))}
        # The longest first: one may be a part of another.
        self._known = sorted(known, key=len, reverse=True)

    def hidden(self, text: str) -> str:
        """The text without them."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        return SHAPES.sub(HIDDEN, text)


class PlainFormatter(logging.Formatter):
    """A line an event, for people: `2026-11-20 14:30:00Z INFO bot.courier: it went out kind=recap`."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """Lines without a secret."""
        moment = _moment(record).strftime("%Y-%m-%d %H:%M:%SZ")
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        line = f"{moment} {record.levelname} {record.name}: {_message(record)}{fields}"
        return self._secrets.hidden("\n".join((line, *_told(record))))


class JsonFormatter(logging.Formatter):
    """A JSON object an event, on one line: time (UTC), level, logger, message, what was given with `extra=`, and the
    traceback under `error`."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """One line without a secret."""
        told = "\n".join(_told(record))
        entry = {
            "time": _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **_fields(record),
            **({"error": told} if told else {}),
        }
        return json.dumps({name: self._told(value) for name, value in entry.items()}, ensure_ascii=False)

    def _told(self, value: object) -> object:
        return value if isinstance(value, int | float | None) else self._secrets.hidden(str(value))


def configure(
    level: str, secrets: Iterable[str] = (), *, form: str | None = None, stream: TextIO | None = None
) -> None:
    """Log to a stream (standard error), in a `form` of json or text; None: text in a terminal, else json.

    `level` is for what Roadmate says itself; libraries are quieter. What nobody catches is logged in the same form.
    """
    stream = stream or sys.stderr
    as_text = form == "text" or (form is None and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter((PlainFormatter if as_text else JsonFormatter)(Secrets(secrets)))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    wanted = logging.getLevelName(level)
    root.setLevel(max(wanted, SILENT_ABOUT_PAYLOADS))
    logging.getLogger("bot").setLevel(level)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(wanted, logging.WARNING))
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda hooked: _uncaught(
        hooked.exc_type, hooked.exc_value or hooked.exc_type(), hooked.exc_traceback
    )


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("bot").critical("an error that nobody caught", exc_info=(kind, error, trace))


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in STANDARD}


def _message(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except (TypeError, ValueError):
        # Python's own report of such a line would show its arguments.
        message = str(record.msg)
    if record.name == "asyncio":
        # It shows tasks and callbacks with all they hold; what happened is said before that, and the traceback after.
        message = re.split(r"\(|\n| exception=| result=", message, maxsplit=1)[0]
    return message


def _told(record: logging.LogRecord) -> Iterator[str]:
    """The traceback's lines."""
    if record.exc_info and record.exc_info[1] is not None:
        yield from describe(record.exc_info[1])
    if record.stack_info:
        yield record.stack_info


def describe(error: BaseException) -> Iterator[str]:
    """An exception with what led to it, as Python tells it, but for the messages that may hold what somebody wrote."""
    yield from _described(error, set())


def _described(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _described(before, seen)
        yield "The above led to:" if error.__cause__ else "Meanwhile:"
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip()
    yield f"{_name(type(error))}{_words(error)}"
    if isinstance(error, BaseExceptionGroup):
        for number, part in enumerate(error.exceptions, 1):
            if id(part) not in seen:
                yield f"  {number} of {len(error.exceptions)}:"
                yield from (f"  {line}".replace("\n", "\n  ") for line in _described(part, seen))


def _name(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _words(error: BaseException) -> str:
    """What an exception says, as far as it can be no text of a member's."""
    statement = getattr(error, "statement", None)
    if isinstance(statement, str):
        # SQLAlchemy's: the statement has places for values and none of them. The driver's words are told with it when
        # they are SQLite's, which names columns; Postgres quotes rows, and its five characters say what it was.
        driver = getattr(error, "orig", None)
        sqlstate = getattr(driver, "sqlstate", None)
        words = str(driver) if type(driver).__module__ == "sqlite3" else sqlstate or type(driver).__name__
        return f": {words} [SQL: {statement}]"
    # By its exact class: what somebody derives from one of these speaks for itself.
    known = type(error) in HARMLESS or isinstance(error, OSError | BaseExceptionGroup)
    if known or type(error).__module__.startswith(HARMLESS_FROM):
        return f": {error}" if str(error) else ""
    return ""
