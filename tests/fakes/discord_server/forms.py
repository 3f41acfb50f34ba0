"""What Discord refuses in a body: every limit on messages, components, commands, modals and choices.

Limits are those of Discord's reference (Message, Embed Limits; Components; Application Commands; Receiving
and Responding); characters are counted as code points. Errors have the shape of the API's: status, code,
message and, for code 50035, an `errors` tree with a code and a sentence at each faulty field.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from .messages import BUTTON, COMPONENTS_V2, LINK_STYLE, SELECTS, TEXT_INPUT
from .places import Json

ACTION_ROW, LABEL, TEXT_DISPLAY = 1, 18, 10
STRING, INTEGER, NUMBER = 3, 4, 10
"""Types of command options that take choices and autocompletion."""

_COMMAND_NAME = re.compile(r"^[-_'\w]{1,32}$")
_LARGEST_INTEGER = 2**53


class ApiError(Exception):
    """An answer with an error's status and JSON."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.json: Json = {"message": message, "code": code}
        if errors:
            self.json["errors"] = errors


class Form:
    """Gathers what is wrong with a body, then refuses it as a whole."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def wrong(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        node = self.errors
        for key in path:
            node = node.setdefault(str(key), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def length(self, path: tuple[str | int, ...], value: Any, least: int, most: int) -> None:
        """A text (or list) of `least` to `most`; a missing one counts as empty."""
        size = len(value or "")
        if value is not None and not isinstance(value, str | list):
            self.wrong(path, "BASE_TYPE_BAD_TYPE", f"{value!r} is of the wrong type.")
        elif size == 0 and least > 0:
            self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif size < least or (size > most and least > 0):
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        elif size > most:
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")

    def choice(self, path: tuple[str | int, ...], value: Any, allowed: set[Any]) -> None:
        if value not in allowed:
            named = ", ".join(str(item) for item in sorted(allowed))
            self.wrong(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{named}}}.")

    def url(self, path: tuple[str | int, ...], value: Any, schemes: tuple[str, ...]) -> None:
        try:
            parts = urlsplit(value) if isinstance(value, str) else None
        except ValueError:
            parts = None
        if parts is None or not (parts.scheme and (parts.netloc or parts.path)):
            self.wrong(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        elif parts.scheme not in schemes:
            message = f'Scheme "{parts.scheme}" is not supported. Scheme must be one of {schemes}.'
            self.wrong(path, "URL_TYPE_INVALID_SCHEME", message)

    def unique(self, path: tuple[str | int, ...], values: list[Any], code: str, message: str) -> None:
        if any(count > 1 for count in Counter(values).values()):
            self.wrong(path, code, message)

    def refuse(self) -> None:
        """Raises ApiError 50035 if anything was wrong."""
        if self.errors:
            raise ApiError(400, 50035, "Invalid Form Body", self.errors)


def check_message(body: Json) -> None:
    """Refuses fields that break a limit; whether the message is empty, the caller knows, who has its files."""
    form = Form()
    form.length(("content",), body.get("content"), 0, 2000)
    if isinstance(body.get("nonce"), str):
        form.length(("nonce",), body["nonce"], 0, 25)
    if (body.get("flags") or 0) & COMPONENTS_V2:
        form.wrong(("flags",), "UNMODELLED", "This stand-in does not model components v2.")
    embeds = body.get("embeds") or []
    form.length(("embeds",), embeds, 0, 10)
    for index, embed in enumerate(embeds):
        _check_embed(form, ("embeds", index), embed)
    if sum(map(_embed_size, embeds)) > 6000:
        form.wrong(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    _check_rows(form, body.get("components") or [])
    _check_allowed_mentions(form, body.get("allowed_mentions") or {})
    form.refuse()


def has_substance(embed: Json) -> bool:
    """Whether an embed shows anything."""
    shown = ("title", "description", "fields", "image", "thumbnail", "author", "footer")
    return any(embed.get(key) for key in shown)


def _embed_size(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for item in embed.get("fields") or []:
        texts += [item.get("name"), item.get("value")]
    return sum(len(text or "") for text in texts)


def _check_embed(form: Form, path: tuple[str | int, ...], embed: Json) -> None:
    form.length((*path, "title"), embed.get("title"), 0, 256)
    form.length((*path, "description"), embed.get("description"), 0, 4096)
    if embed.get("footer"):
        form.length((*path, "footer", "text"), embed["footer"].get("text"), 1, 2048)
    if embed.get("author"):
        form.length((*path, "author", "name"), embed["author"].get("name"), 1, 256)
    fields = embed.get("fields") or []
    form.length((*path, "fields"), fields, 0, 25)
    for index, item in enumerate(fields):
        form.length((*path, "fields", index, "name"), item.get("name"), 1, 256)
        form.length((*path, "fields", index, "value"), item.get("value"), 1, 1024)
    if embed.get("url"):
        form.url((*path, "url"), embed["url"], ("http", "https"))
    for picture in ("image", "thumbnail"):
        if embed.get(picture):
            form.url((*path, picture, "url"), embed[picture].get("url"), ("http", "https", "attachment"))


def _check_allowed_mentions(form: Form, allowed: Json) -> None:
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or []) and allowed.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            form.wrong(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
        form.length(("allowed_mentions", kind), list(allowed.get(kind) or []), 0, 100)
    for index, kind in enumerate(allowed.get("parse") or []):
        form.choice(("allowed_mentions", "parse", index), kind, {"users", "roles", "everyone"})


def _check_rows(form: Form, rows: list[Json]) -> None:
    form.length(("components",), rows, 0, 5)
    ids: list[str] = []
    for index, row in enumerate(rows):
        path = ("components", index)
        if row.get("type") != ACTION_ROW:
            form.choice((*path, "type"), row.get("type"), {ACTION_ROW})
            continue
        parts = row.get("components") or []
        form.length((*path, "components"), parts, 1, 5)
        if len(parts) > 1 and any(part.get("type") in SELECTS for part in parts):
            message = "The specified component exceeds the maximum width"
            form.wrong((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)
        for position, part in enumerate(parts):
            where = (*path, "components", position)
            if part.get("type") == BUTTON:
                _check_button(form, where, part)
            elif part.get("type") in SELECTS:
                _check_select(form, where, part)
            else:
                form.choice((*where, "type"), part.get("type"), {BUTTON, *SELECTS})
            ids += [part["custom_id"]] if part.get("custom_id") else []
    _check_ids(form, ids)


def _check_ids(form: Form, ids: list[str]) -> None:
    message = "Component custom id cannot be duplicated"
    form.unique(("components",), ids, "COMPONENT_CUSTOM_ID_DUPLICATED", message)


def _check_button(form: Form, path: tuple[str | int, ...], part: Json) -> None:
    form.choice((*path, "style"), part.get("style"), {1, 2, 3, 4, LINK_STYLE})
    form.length((*path, "label"), part.get("label"), 0, 80)
    if not part.get("label") and not part.get("emoji"):
        message = "Button must have a label or an emoji"
        form.wrong(path, "BUTTON_COMPONENT_EITHER_LABEL_OR_EMOJI_REQUIRED", message)
    _check_emoji(form, path, part.get("emoji"))
    if part.get("style") == LINK_STYLE:
        form.length((*path, "url"), part.get("url"), 1, 512)
        form.url((*path, "url"), part.get("url"), ("http", "https", "discord"))
        if part.get("custom_id"):
            message = "A custom id and url cannot both be specified"
            form.wrong(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
    else:
        form.length((*path, "custom_id"), part.get("custom_id"), 1, 100)
        if part.get("url"):
            message = "A url is for link buttons"
            form.wrong(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)


def _check_emoji(form: Form, path: tuple[str | int, ...], emoji: Json | None) -> None:
    # An emoji without an id must be one of Unicode's: no name in letters.
    if emoji and not emoji.get("id") and str(emoji.get("name") or "a").isascii():
        form.wrong((*path, "emoji", "name"), "COMPONENT_INVALID_EMOJI", "Invalid emoji")


def _check_select(form: Form, path: tuple[str | int, ...], part: Json) -> None:
    form.length((*path, "custom_id"), part.get("custom_id"), 1, 100)
    form.length((*path, "placeholder"), part.get("placeholder"), 0, 150)
    options = part.get("options") or []
    least, most = part.get("min_values"), part.get("max_values")
    least, most = 1 if least is None else least, 1 if most is None else most
    if not 0 <= least <= 25 or not 1 <= most <= 25 or least > most:
        form.wrong((*path, "max_values"), "NUMBER_TYPE_MAX", "min_values 0–25, max_values 1–25, in order.")
    if SELECTS.get(part["type"]) != "string":
        return
    form.length((*path, "options"), options, 1, 25)
    if options and most > len(options):
        form.wrong((*path, "max_values"), "NUMBER_TYPE_MAX", "There are fewer options than max_values.")
    for index, option in enumerate(options):
        where = (*path, "options", index)
        form.length((*where, "label"), option.get("label"), 1, 100)
        form.length((*where, "value"), option.get("value"), 1, 100)
        form.length((*where, "description"), option.get("description"), 0, 100)
        _check_emoji(form, where, option.get("emoji"))
    values = [option.get("value") for option in options]
    message = "The specified option value is already used"
    form.unique((*path, "options"), values, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
    if sum(bool(option.get("default")) for option in options) > most:
        form.wrong((*path, "options"), "SELECT_COMPONENT_TOO_MANY_DEFAULTS", "More defaults than max_values.")


def check_modal(data: Json) -> None:
    """Refuses a modal that breaks a limit; its inputs are labels, or rows of one text input."""
    form = Form()
    form.length(("data", "custom_id"), data.get("custom_id"), 1, 100)
    form.length(("data", "title"), data.get("title"), 1, 45)
    parts = data.get("components") or []
    form.length(("data", "components"), parts, 1, 5)
    ids: list[str] = []
    for index, part in enumerate(parts):
        path: tuple[str | int, ...] = ("data", "components", index)
        if part.get("type") == TEXT_DISPLAY:
            form.length((*path, "content"), part.get("content"), 1, 4000)
            continue
        if part.get("type") == LABEL:
            form.length((*path, "label"), part.get("label"), 1, 45)
            form.length((*path, "description"), part.get("description"), 0, 100)
            inner, path = part.get("component") or {}, (*path, "component")
        else:
            form.choice((*path, "type"), part.get("type"), {ACTION_ROW, LABEL, TEXT_DISPLAY})
            form.length((*path, "components"), part.get("components"), 1, 1)
            inner, path = (part.get("components") or [{}])[0], (*path, "components", 0)
            form.length((*path, "label"), inner.get("label"), 1, 45)
        _check_input(form, path, inner)
        ids.append(str(inner.get("custom_id")))
    _check_ids(form, ids)
    form.refuse()


def _check_input(form: Form, path: tuple[str | int, ...], part: Json) -> None:
    if part.get("type") in SELECTS:
        _check_select(form, path, part)
        return
    form.choice((*path, "type"), part.get("type"), {TEXT_INPUT, *SELECTS})
    form.length((*path, "custom_id"), part.get("custom_id"), 1, 100)
    form.choice((*path, "style"), part.get("style"), {1, 2})
    form.length((*path, "placeholder"), part.get("placeholder"), 0, 100)
    least, most = part.get("min_length"), part.get("max_length")
    least, most = 0 if least is None else least, 4000 if most is None else most
    if not 0 <= least <= 4000 or not 1 <= most <= 4000 or least > most:
        form.wrong((*path, "max_length"), "NUMBER_TYPE_MAX", "min_length 0–4000, max_length 1–4000, in order.")
    form.length((*path, "value"), part.get("value"), 0, most)


def check_choices(data: Json, option_type: int) -> None:
    """Refuses the answer to an autocompletion: at most 25 choices, of the option's own type."""
    form = Form()
    _check_choices(form, ("data", "choices"), data.get("choices") or [], option_type)
    form.refuse()


def _check_choices(form: Form, path: tuple[str | int, ...], choices: list[Json], option_type: int) -> None:
    form.length(path, choices, 0, 25)
    expected: dict[int, type | tuple[type, ...]] = {STRING: str, INTEGER: int, NUMBER: (int, float)}
    for index, choice in enumerate(choices):
        form.length((*path, index, "name"), choice.get("name"), 1, 100)
        value = choice.get("value")
        if not isinstance(value, expected.get(option_type, ())) or isinstance(value, bool):
            form.wrong((*path, index, "value"), "BASE_TYPE_BAD_TYPE", f"{value!r} is of the wrong type.")
        elif isinstance(value, str):
            form.length((*path, index, "value"), value, 1, 100)
        elif isinstance(value, int | float) and abs(value) > _LARGEST_INTEGER:
            form.wrong((*path, index, "value"), "NUMBER_TYPE_MAX", "Beyond ±2^53.")


def check_commands(commands: list[Json]) -> None:
    """Refuses a set of slash commands of which one breaks a limit, or of more than 100, or of equal names."""
    if len(commands) > 100:
        raise ApiError(400, 30032, "Maximum number of application commands reached (100)")
    form = Form()
    for index, command in enumerate(commands):
        _check_command(form, (index,) if len(commands) > 1 else (), command)
    names = [command.get("name") for command in commands]
    message = "Application command names must be unique"
    form.unique((), names, "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
    form.refuse()


def _check_command(form: Form, path: tuple[str | int, ...], command: Json) -> None:
    if command.get("type", 1) != 1:
        form.wrong((*path, "type"), "UNMODELLED", "This stand-in models slash commands only.")
    _check_name(form, (*path, "name"), command.get("name"))
    form.length((*path, "description"), command.get("description"), 1, 100)
    options = command.get("options") or []
    form.length((*path, "options"), options, 0, 25)
    for index, option in enumerate(options):
        _check_option(form, (*path, "options", index), option)
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        message = "Required options must be placed before non-required options"
        form.wrong((*path, "options"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
    names = [option.get("name") for option in options]
    message = "Option name already exists"
    form.unique((*path, "options"), names, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message)
    if command_size(command) > 8000:
        message = "Command exceeds maximum size (8000)"
        form.wrong((*path,), "APPLICATION_COMMAND_TOO_LARGE", message)


def command_size(command: Json) -> int:
    """Characters of a command's names, descriptions and choices; of translations, the longest counts."""

    def longest(node: Json, key: str) -> int:
        translations = (node.get(f"{key}_localizations") or {}).values()
        return max(map(len, [node.get(key) or "", *translations]))

    size = longest(command, "name") + longest(command, "description")
    for option in command.get("options") or []:
        size += longest(option, "name") + longest(option, "description")
        for choice in option.get("choices") or []:
            size += longest(choice, "name") + len(str(choice.get("value")))
    return size


def _check_name(form: Form, path: tuple[str | int, ...], name: Any) -> None:
    form.length(path, name, 1, 32)
    if isinstance(name, str) and (not _COMMAND_NAME.match(name) or name != name.lower()):
        form.wrong(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_option(form: Form, path: tuple[str | int, ...], option: Json) -> None:
    form.choice((*path, "type"), option.get("type"), set(range(3, 12)))
    _check_name(form, (*path, "name"), option.get("name"))
    form.length((*path, "description"), option.get("description"), 1, 100)
    choices = option.get("choices") or []
    if choices and option.get("autocomplete"):
        message = "Choices and autocomplete are mutually exclusive"
        form.wrong((*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", message)
    if option.get("autocomplete") and option.get("type") not in (STRING, INTEGER, NUMBER):
        form.wrong((*path, "autocomplete"), "BASE_TYPE_CHOICES", "Only texts and numbers can be completed.")
    _check_choices(form, (*path, "choices"), choices, option.get("type", 0))
    for key, least in (("min_length", 0), ("max_length", 1)):
        if option.get(key) is not None and not least <= option[key] <= 6000:
            form.wrong((*path, key), "NUMBER_TYPE_MAX", f"Must be from {least} to 6000.")
