"""What Discord's own client lets a user call, type, press, choose and fill in before the bot hears of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .messages import SELECTS, Attachment
from .places import ALL, Channel, Json, Permission, Role, User

GUILD_CONTEXT, DM_CONTEXT = 0, 1


class NotOfferedError(Exception):
    """Discord's client would not let the user do this, so the bot would never hear of it."""


def check_call(command: Json, user: User, channel: Channel) -> None:
    """Refuses a call from where, or by whom, the command is not offered."""
    name = command["name"]
    context = DM_CONTEXT if channel.guild is None else GUILD_CONTEXT
    contexts = command["contexts"]
    if contexts is None:
        contexts = [GUILD_CONTEXT, DM_CONTEXT] if command["dm_permission"] else [GUILD_CONTEXT]
    if context not in contexts:
        where = "a direct message" if context == DM_CONTEXT else "a server"
        raise NotOfferedError(f"/{name} is not offered in {where}")
    granted = channel.permissions_of(user)
    if channel.guild is None:
        return
    if Permission.USE_APPLICATION_COMMANDS not in granted:
        raise NotOfferedError(f"{user.name} may not use commands in #{channel.name}")
    needed = command["default_member_permissions"]
    if needed is not None and granted != ALL and (int(needed) == 0 or int(needed) & ~int(granted)):
        raise NotOfferedError(f"/{name} needs permissions {needed}, which {user.name} has not")


def options_of(
    command: Json,
    values: Mapping[str, object],
    attachments: Mapping[str, Attachment],
    channel: Channel,
    *,
    focused: str | None = None,
) -> tuple[list[Json], Json]:
    """The options and the resolved things of a call, in the order they were typed.

    While a user still types (`focused`), options may be missing and the focused one may hold anything.
    """
    schema = {option["name"]: option for option in command.get("options", [])}
    given = {**values, **attachments}
    unknown = [name for name in given if name not in schema]
    if unknown:
        raise NotOfferedError(f"/{command['name']} has no option {', '.join(unknown)}")
    missing = [name for name, option in schema.items() if option.get("required") and name not in given]
    if missing and focused is None:
        raise NotOfferedError(f"/{command['name']} needs {', '.join(missing)}")
    resolved: Json = {}
    options: list[Json] = []
    for name, value in given.items():
        option = schema[name]
        if name == focused:
            if not option.get("autocomplete"):
                raise NotOfferedError(f"{name} is not completed")
            options.append({"name": name, "type": option["type"], "value": str(value), "focused": True})
        else:
            typed = _typed(option, value, channel, resolved)
            options.append({"name": name, "type": option["type"], "value": typed})
    return options, resolved


def _typed(option: Json, value: object, channel: Channel, resolved: Json) -> Any:
    """The option's value as it is sent; things are named by id and described in `resolved`."""
    match option["type"], value:
        case (4, int()) | (10, int() | float()) if not isinstance(value, bool):
            _check_range(option, value)
        case 3, str():
            _check_length(option, value)
        case 5, bool():
            return value
        case 6 | 9, User():
            return resolve_user(value, channel, resolved)
        case 7, Channel():
            resolved.setdefault("channels", {})[str(value.id)] = {**value.json(), "permissions": "0"}
            return str(value.id)
        case 8 | 9, Role():
            resolved.setdefault("roles", {})[str(value.id)] = value.json()
            return str(value.id)
        case 11, Attachment():
            resolved.setdefault("attachments", {})[str(value.id)] = value.json()
            return str(value.id)
        case _:
            raise NotOfferedError(f"{option['name']} does not take {value!r}")
    offered = [choice["value"] for choice in option.get("choices") or []]
    if offered and value not in offered:
        raise NotOfferedError(f"{option['name']} offers {offered}, not {value!r}")
    return value


def resolve_user(user: User, channel: Channel, resolved: Json) -> str:
    """Describes a named user in `resolved`, and as a member where they are one; returns the id as sent."""
    resolved.setdefault("users", {})[str(user.id)] = user.json()
    member = channel.guild.members.get(user.id) if channel.guild else None
    if member is not None:
        data = {key: item for key, item in member.json().items() if key not in ("user", "deaf", "mute")}
        granted = str(int(channel.permissions_of(user)))
        resolved.setdefault("members", {})[str(user.id)] = {**data, "permissions": granted}
    return str(user.id)


def _check_range(option: Json, value: float) -> None:
    least, most = option.get("min_value"), option.get("max_value")
    if (least is not None and value < least) or (most is not None and value > most):
        raise NotOfferedError(f"{option['name']} is from {least} to {most}, not {value}")


def _check_length(option: Json, value: str) -> None:
    least, most = option.get("min_length") or 0, option.get("max_length") or 6000
    if not least <= len(value) <= most or not value:
        raise NotOfferedError(f"{option['name']} takes {least} to {most} characters, not {len(value)}")


def command_data(command: Json, options: list[Json], resolved: Json) -> Json:
    data: Json = {"id": command["id"], "name": command["name"], "type": 1, "options": options}
    if resolved:
        data["resolved"] = resolved
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def chosen_values(select: Json, wanted: Sequence[str | User], channel: Channel, resolved: Json) -> list[str]:
    """The values a choice sends; NotOfferedError for what is not offered, or for too few or many."""
    least = 1 if select.get("min_values") is None else select["min_values"]
    most = 1 if select.get("max_values") is None else select["max_values"]
    if isinstance(wanted, str) or not least <= len(wanted) <= most:
        raise NotOfferedError(f"choose a list of {least} to {most}, not {wanted!r}")
    offered = {option["label"]: option["value"] for option in select.get("options", [])}
    values: list[str] = []
    for item in wanted:
        if isinstance(item, User) and SELECTS[select["type"]] in ("user", "mentionable"):
            values.append(resolve_user(item, channel, resolved))
        elif isinstance(item, str) and (item in offered or item in offered.values()):
            values.append(offered.get(item, item))
        else:
            raise NotOfferedError(f"{item!r} is not among {list(offered)}")
    return values


def filled_in(part: Json, values: dict[str, str]) -> Json:
    """One part of a modal as it is submitted; takes what it uses out of `values`."""
    if part["type"] == 10:
        return {"type": 10, "id": part.get("id", 0)}
    wrapped = part["type"] == 18
    inner = part["component"] if wrapped else part["components"][0]
    label = part["label"] if wrapped else inner["label"]
    typed = values.pop(label, values.pop(inner["custom_id"], None))
    submitted = {"type": inner["type"], "custom_id": inner["custom_id"], "id": inner.get("id", 0)}
    required = inner.get("required") is not False
    if inner["type"] in SELECTS:
        chosen = [] if typed is None else [typed]
        least = inner if required else {**inner, "min_values": 0}
        submitted["values"] = _chosen_in_modal(least, chosen)
    else:
        submitted["value"] = _entered(label, inner, typed, required=required)
    if wrapped:
        return {"type": 18, "id": part.get("id", 0), "component": submitted}
    return {"type": 1, "id": part.get("id", 0), "components": [submitted]}


def _chosen_in_modal(select: Json, chosen: list[str]) -> list[str]:
    offered = {option["label"]: option["value"] for option in select.get("options", [])}
    if len(chosen) < (1 if select.get("min_values") is None else select["min_values"]):
        raise NotOfferedError(f"{select['custom_id']} needs a choice")
    if any(item not in offered and item not in offered.values() for item in chosen):
        raise NotOfferedError(f"{chosen} is not among {list(offered)}")
    return [offered.get(item, item) for item in chosen]


def _entered(label: str, field: Json, typed: str | None, *, required: bool) -> str:
    text = (field.get("value") or "") if typed is None else typed
    least, most = field.get("min_length") or 0, field.get("max_length") or 4000
    if not text and not required:
        return ""
    if not text or not least <= len(text) <= most:
        raise NotOfferedError(f"{label} takes {max(1, least)} to {most} characters, not {len(text)}")
    return text
