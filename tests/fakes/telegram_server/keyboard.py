"""The reply markup of a message: inline keyboards and forced replies, with Telegram's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.fakes.telegram_server.entities import url_problem
from tests.fakes.telegram_server.refusals import bad_request

MOST_BUTTONS = 100
MOST_IN_A_ROW = 8
MOST_DATA_BYTES = 64  # https://core.telegram.org/bots/api#inlinekeyboardbutton
MOST_PLACEHOLDER = 64  # https://core.telegram.org/bots/api#forcereply

# What a button may do; exactly one of these.
_ACTIONS = frozenset(
    {
        "callback_data",
        "url",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    }
)


@dataclass(frozen=True)
class Button:
    text: str
    data: str | None
    url: str | None
    given: dict[str, Any]


@dataclass(frozen=True)
class Markup:
    """`keyboard`: rows of inline buttons. `force_reply`: apps open a reply to it. `given`: as sent."""

    keyboard: tuple[tuple[Button, ...], ...] = ()
    force_reply: bool = False
    selective: bool = False
    placeholder: str | None = None
    given: dict[str, Any] | None = None


def read_markup(given: Any, *, inline_only: bool = False) -> Markup:
    """Checks a reply_markup. Raises ApiError. Edits take inline keyboards only."""
    if given is None:
        return Markup()
    if not isinstance(given, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in given:
        return Markup(keyboard=_keyboard(given["inline_keyboard"]), given=given)
    if inline_only:
        raise bad_request("inline keyboard expected")
    placeholder = given.get("input_field_placeholder")
    if placeholder is not None and not 1 <= len(placeholder) <= MOST_PLACEHOLDER:
        raise bad_request("REPLY_MARKUP_INVALID")
    return Markup((), given.get("force_reply") is True, given.get("selective") is True, placeholder, given)


def _keyboard(given: Any) -> tuple[tuple[Button, ...], ...]:
    if not isinstance(given, list) or not all(isinstance(row, list) for row in given):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    rows = tuple(tuple(_button(button) for button in row) for row in given if row)
    if sum(map(len, rows)) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    if any(len(row) > MOST_IN_A_ROW for row in rows):
        raise bad_request("REPLY_MARKUP_INVALID")
    return rows


def _button(given: Any) -> Button:
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    actions = _ACTIONS & given.keys()
    if not given["text"].strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    if not actions:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad_request("BUTTON_TYPE_INVALID")
    data, url = given.get("callback_data"), given.get("url")
    if data is not None and not 1 <= len(data.encode()) <= MOST_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if url is not None and (problem := url_problem(url)):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {problem}")
    return Button(given["text"], data, url, given)
