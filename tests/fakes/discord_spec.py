"""Checks request bodies against Discord's published OpenAPI description, where that file is at hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DESCRIPTION = Path(__file__).resolve().parents[2].parent / "shared" / "specs" / "discord-openapi.json"
_ROOT = "urn:discord"
_EDITS = (
    "MessageEditRequestPartial",
    "IncomingWebhookUpdateRequestPartial",
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial",
)


class DiscordSpecification:
    """Discord's REST API as it is described: which endpoints exist and what their bodies may hold.

    The description is read strictly: a property it does not name is a violation, as it would be a typing
    error in ours. Its known gaps are closed first: snowflakes sent as integers (which the API accepts), and
    `embed.flags`, a command's `nsfw` and an edit's `tts`, which discord.py sends and the API takes.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        schemas["SnowflakeType"]["type"] = ["string", "integer"]
        schemas["RichEmbed"]["properties"]["flags"] = {"type": "integer"}
        for edit in _EDITS:
            schemas[edit]["properties"]["tts"] = {"type": "boolean"}
        for name, schema in schemas.items():
            if name.startswith("ApplicationCommand") and name.endswith(("Request", "RequestPartial")):
                schema.get("properties", {})["nsfw"] = {"type": ["boolean", "null"]}
        _close_objects(document)
        self._paths: dict[str, Any] = document["paths"]
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Any = Registry().with_resource(_ROOT, resource)
        self._validators: dict[tuple[str, str], Any] = {}

    def violations(self, method: str, template: str, body: object | None) -> list[str]:
        """What a request with this JSON body does wrong; `template` is a path of the description.

        A multipart request is judged by its `payload_json`.
        """
        operation = self._paths.get(template, {}).get(method.lower())
        if operation is None:
            return [f"{method} {template}: no such endpoint"]
        described = operation.get("requestBody")
        if described is None:
            return [] if body is None else [f"{method} {template}: takes no body"]
        if body is None:
            return [f"{method} {template}: a body is required"] if described.get("required") else []
        validator = self._validator(template, method.lower())
        return [
            f"{method} {template}: {_readable(error)}"
            for error in sorted(validator.iter_errors(body), key=lambda error: str(error.json_path))
        ]

    def _validator(self, template: str, method: str) -> Any:
        key = (template, method)
        if key not in self._validators:
            path = template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
            pointer = f"{_ROOT}#/paths/{path}/{method}/requestBody/content/application~1json/schema"
            self._validators[key] = Draft202012Validator({"$ref": pointer}, registry=self._registry)
        return self._validators[key]


@cache
def discord_specification(description: Path = DESCRIPTION) -> DiscordSpecification | None:
    """The specification read from its file, once a process; None where the file is absent."""
    if not description.exists():
        return None
    return DiscordSpecification(json.loads(description.read_text(encoding="utf-8")))


def _close_objects(node: object, *, composed: bool = False) -> None:
    """Forbids unnamed properties in plain object schemas; parts of an `allOf` stay open to each other."""
    if isinstance(node, list):
        for item in node:
            _close_objects(item, composed=composed)
    elif isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and "type" in node and not composed:
            node.setdefault("additionalProperties", False)
        for key, value in node.items():
            _close_objects(value, composed=key == "allOf")


def _readable(error: Any) -> str:
    """One line for an error; of a union's many, that of the member whose `type` fits and that is not null."""
    while error.context:
        error = min(error.context, key=lambda part: (_misses(part, error.context), -len(part.path)))
    return f"{error.json_path}: {error.message}"[:400]


def _misses(part: Any, context: list[Any]) -> bool:
    """Whether the union's member this error comes from is null, or for things of another `type`."""
    branch = [other for other in context if other.schema_path[0] == part.schema_path[0]]
    return any(
        (other.validator == "enum" and list(other.relative_path) == ["type"])
        or (other.validator == "type" and other.validator_value == "null")
        for other in branch
    )
