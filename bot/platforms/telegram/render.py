"""A card as Telegram messages, in the Bot API's own words: text with entities, an inline keyboard, a photo."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, assert_never
from urllib.parse import urlsplit

from bot.cards import (
    Attachment,
    Bold,
    Button,
    Card,
    Choice,
    Code,
    Document,
    Fields,
    Italic,
    Link,
    LinkButton,
    Mention,
    Moment,
    Paragraph,
    Part,
    Picture,
    ProgressBar,
    Question,
    Span,
    Spans,
    Spoiler,
    Text,
    sign,
)
from bot.platforms.telegram.rich import Rich, Writer, bare, units
from bot.words import list_words, say

PLATFORM = "telegram"

TEXT_UNITS = 4096
"""Of a message, in UTF-16 units after its entities are parsed (Bot API, sendMessage)."""

CAPTION_UNITS = 1024
"""Of a photo's caption (Bot API, sendPhoto)."""

TOAST_UNITS = 200
"""Of what a pressed button may answer on the spot (Bot API, answerCallbackQuery)."""

PHOTO = "photo:"
"""Marks the reference to a photo: Telegram sends nothing by the id of another kind of file."""

PLACEHOLDER_LENGTH = 64
"""Of the words in the empty input field (Bot API, ForceReply)."""

LABEL_LENGTH = 64
"""Apps show less of a label; what a button does must be clear from its beginning."""

OPTION_LENGTH = 40
"""An option is explained on its own button where both fit into a phone's width."""

ROW_BUTTONS = 8
MESSAGE_BUTTONS = 100
"""Telegram refuses wider rows and larger keyboards."""

URL_LENGTH = 2048
_COMMAND = re.compile(r"/[a-z0-9_]{1,32}(?= |$)")

TelegramJson = dict[str, Any]
"""As the Bot API has it. To make the library's classes for the same and undo them costs 0.1 ms a message."""

Keyboard = list[list[TelegramJson]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as the Bot API takes it. Of a photo or document, the text is the caption.

    A photo is its content, or the id under which Telegram keeps it; so is a document. `alt` is said where a file of
    ours is not taken.
    """

    text: str
    entities: tuple[TelegramJson, ...] = ()
    keyboard: TelegramJson | None = None
    photo: bytes | str | None = None
    photo_name: str = ""
    document: Attachment | str | None = None
    alt: str = ""

    @property
    def filed(self) -> bool:
        """Whether there is a file, which Telegram may refuse to show, or to show again."""
        return self.document is not None or self.photo is not None

    @property
    def words(self) -> Outgoing:
        """The same without a file, saying what that would have shown."""
        text = "\n".join(filter(None, (self.text, self.alt)))
        return replace(self, text=text or "…", photo=None, document=None, alt="")


def render(card: Card, at: str = "") -> list[Outgoing]:
    """A card as one message, or several where it is over a limit; what can be pressed is under the last.

    `at` is `@username` of the bot in a group: with privacy mode on, a bare command reaches it only while its own
    message is the last of any bot there.
    """
    rich = _words(card, at)
    messages = [_message(piece) for piece in rich.split(TEXT_UNITS) if not piece.blank]
    if card.picture is not None:
        messages = _with_photo(card.picture, messages)
    if isinstance(card.document, Attachment):
        messages = _with_attachment(card.document, messages)
    elif card.document is not None and len(messages) == 1:
        messages = [_with_document(card.document, messages[0])]
    keyboards = _keyboards(card)
    # A keyboard needs words to stand under.
    messages += [Outgoing("…")] * (max(1, len(keyboards)) - len(messages))
    first = len(messages) - len(keyboards)
    for index, keyboard in enumerate(keyboards):
        messages[first + index] = replace(messages[first + index], keyboard=_markup(keyboard))
    return messages


def render_one(card: Card, at: str = "") -> Outgoing:
    """A card as the one message that takes the place of another; what does not fit ends in an ellipsis."""
    ours = card.picture is not None or isinstance(card.document, Attachment)
    limit = CAPTION_UNITS if ours else TEXT_UNITS
    pieces = [piece for piece in _words(card, at).split(limit - 2) if not piece.blank]
    silent = Rich(card.picture.alt if card.picture else "…").inert()
    message = _message(pieces[0] if pieces else silent)
    if len(pieces) > 1:
        message = replace(message, text=f"{message.text}\n…")
    if card.picture is not None:
        message = _photographed(message, card.picture)
    elif isinstance(card.document, Attachment):
        message = replace(message, document=card.document, alt=_inert(card.document.alt))
    elif card.document is not None:
        message = _with_document(card.document, message)
    keyboards = _keyboards(card)
    return replace(message, keyboard=_markup(keyboards[0])) if keyboards else message


def render_question(language: str, question: Question, addressed: Mention | None = None) -> Outgoing:
    """A question that a reply answers; where it replies to nobody, it names the one it is for."""
    writer = Writer()
    if addressed is not None:
        _span(writer, addressed, "")
        writer.write(": ")
    writer.write(question.title, "bold")
    if len(question.inputs) > 1:
        writer.line()
        _spans(writer, say(language, "telegram-several"), "")
        for item in question.inputs:
            writer.line()
            writer.write(f"• {item.label}")
    return _message(next(writer.rich.inert().split(TEXT_UNITS)))


def placeholder(language: str, question: Question) -> str | None:
    """What the empty input field shows: an example of each answer."""
    hints = list_words(language, (item.placeholder for item in question.inputs if item.placeholder))
    return _cut(hints, PLACEHOLDER_LENGTH) or None


def toast(card: Card) -> str | None:
    """A card as what a pressed button answers on the spot; None when it takes more than a few words."""
    if card.rows or card.choice or card.picture or card.document:
        return None
    rich = _words(card, "")
    links = any(mark.style in ("text_link", "text_mention") for mark in rich.marks)
    # Nothing is ever linked there, so nothing needs to be made inert.
    text = bare(rich.text)
    return None if links or rich.blank or units(text) > TOAST_UNITS else text


# ---------------------------------------------------------------- words


def _words(card: Card, at: str) -> Rich:
    writer = Writer()
    _spans(writer, card.title, at)
    for part in card.parts:
        _part(writer, part, at)
    for row in card.rows:
        for button in row:
            if isinstance(button, LinkButton) and not opens(button.url):
                writer.line()
                writer.write(f"{button.label}: {button.url}")
    return writer.rich.inert()


def _part(writer: Writer, part: Part, at: str) -> None:
    writer.line()
    match part:
        case Paragraph(spans):
            _spans(writer, spans, at)
        case Fields(fields):
            for index, field in enumerate(fields):
                if index:
                    writer.line()
                writer.write(f"{field.name}:", "bold")
                writer.write(" ")
                _spans(writer, field.spans, at)
        case ProgressBar(spans=spans):
            writer.write(f"{part.bar} ")
            _spans(writer, spans, at)
        case _:
            assert_never(part)


def _spans(writer: Writer, spans: Spans, at: str) -> None:
    for span in spans:
        _span(writer, span, at)


def _span(writer: Writer, span: Span, at: str) -> None:
    match span:
        case Text(text):
            writer.write(text)
        case Bold(text):
            writer.write(text, "bold")
        case Italic(text):
            writer.write(text, "italic")
        case Spoiler(text):
            writer.write(text, "spoiler")
        case Code(text):
            _code(writer, text, at)
        case Link(text, url):
            _link(writer, text, url)
        case Mention(name):
            user = span.on(PLATFORM)
            writer.write(name, "text_mention" if user else None, user or "")
        case Moment(fallback=fallback):
            writer.write(fallback)
        case _:
            assert_never(span)


def _code(writer: Writer, text: str, at: str) -> None:
    """A command alone is tapped and sent; one with arguments, or a slug, is tapped and copied."""
    addressed = _COMMAND.sub(lambda command: command.group() + at, text, count=1) if text.startswith("/") else text
    writer.write(addressed, "live" if _COMMAND.fullmatch(text) else "code")


def _link(writer: Writer, text: str, url: str) -> None:
    """A link, or both its words and its address where Telegram would refuse the whole message for that address."""
    if opens(url) and text.strip():
        writer.write(text, "text_link", url)
    else:
        writer.write(f"{text} ({url})")


def opens(url: str) -> bool:
    """Whether Telegram takes an address in a link or on a button; it refuses hosts without a dot, such as localhost."""
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError:
        return False
    known = address.scheme in ("http", "https", "tg")
    dotted = address.scheme == "tg" or "." in host.strip(".")
    return known and dotted and len(url) <= URL_LENGTH and url.isprintable() and " " not in url


def _message(rich: Rich) -> Outgoing:
    """A text with its entities, whose places Telegram counts in UTF-16 units."""
    entities = []
    for mark in rich.marks:
        if mark.style == "live":
            continue
        words = rich.text[mark.start : mark.end]
        entity: TelegramJson = {"type": mark.style, "offset": units(rich.text[: mark.start]), "length": units(words)}
        if mark.style == "text_link":
            entity["url"] = mark.target
        elif mark.style == "text_mention":
            entity["user"] = {"id": int(mark.target), "first_name": words, "is_bot": False}
        entities.append(entity)
    return Outgoing(rich.text, tuple(entities))


def _with_photo(picture: Picture, messages: list[Outgoing]) -> list[Outgoing]:
    """The picture above its words: as one message where they fit under it, else before them."""
    if len(messages) == 1 and units(messages[0].text) <= CAPTION_UNITS:
        return [_photographed(messages[0], picture)]
    alone = Rich(picture.alt).inert() if not messages else Rich()
    caption = next((piece.text for piece in alone.split(CAPTION_UNITS)), "")
    return [_photographed(Outgoing(caption), picture), *messages]


def _photographed(message: Outgoing, picture: Picture) -> Outgoing:
    alt = "" if picture.alt in message.text else _inert(picture.alt)
    return replace(message, photo=picture.png, photo_name=picture.name, alt=alt)


def _with_attachment(attachment: Attachment, messages: list[Outgoing]) -> list[Outgoing]:
    """A file of ours above its words: as one message where they fit under it, else before them."""
    alt = _inert(attachment.alt)
    if len(messages) == 1 and messages[0].photo is None and units(messages[0].text) <= CAPTION_UNITS:
        return [replace(messages[0], document=attachment, alt=alt)]
    return [Outgoing("", document=attachment, alt=alt), *messages]


def _inert(text: str) -> str:
    """Words of which an app makes no link."""
    return next((piece.text for piece in Rich(text).inert().split(CAPTION_UNITS)), "")


def _with_document(document: Document, message: Outgoing) -> Outgoing:
    """A file that Telegram keeps, above the words that name it; elsewhere, or under a longer text, these alone."""
    if document.platform != PLATFORM or message.photo is not None or units(message.text) > CAPTION_UNITS:
        return message
    if document.reference.startswith(PHOTO):
        return replace(message, photo=document.reference.removeprefix(PHOTO))
    return replace(message, document=document.reference)


# ---------------------------------------------------------------- what can be pressed


def _keyboards(card: Card) -> list[Keyboard]:
    """The card's buttons as keyboards, each small enough for one message; usually one."""
    rows: Keyboard = [[button] for button in _options(card.choice)]
    for row in card.rows:
        buttons = [button for button in map(_button, row) if button is not None]
        rows += [buttons[start : start + ROW_BUTTONS] for start in range(0, len(buttons), ROW_BUTTONS)]
    keyboards: list[Keyboard] = []
    size = MESSAGE_BUTTONS
    for buttons in rows:
        if size + len(buttons) > MESSAGE_BUTTONS:
            keyboards.append([])
            size = 0
        keyboards[-1].append(buttons)
        size += len(buttons)
    return keyboards


def _markup(keyboard: Keyboard) -> TelegramJson:
    return {"inline_keyboard": keyboard}


def _options(choice: Choice | None) -> Iterable[TelegramJson]:
    for option in choice.options if choice else ():
        explained = f"{option.label} · {option.description}"
        label = explained if option.description and len(explained) <= OPTION_LENGTH else option.label
        yield _pressed(label, sign(option.line, choice.only if choice else None))


def _button(button: Button | LinkButton) -> TelegramJson | None:
    match button:
        case Button():
            return _pressed(button.label, button.press)
        case LinkButton(label, url):
            # One that Telegram would refuse stands among the words (see _words).
            return {"text": _label(label), "url": url} if opens(url) else None
        case _:
            assert_never(button)


def _pressed(label: str, press: str) -> TelegramJson:
    return {"text": _label(label), "callback_data": press}


def _label(label: str) -> str:
    return _cut(label, LABEL_LENGTH) if label.strip() else "…"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
