"""The machine-readable Bot API description, asked whether a request or an answer has the shape it allows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

SPECIFICATION = Path(__file__).resolve().parents[2].parent / "shared" / "specs" / "telegram-api.json"

# "Type of the media, must be photo", 'The member\'s status in the chat, always "creator"'.
_CONSTANT = re.compile(r"(?:must be|always) [“\"]?([a-z_0-9]+)")
_SCALARS: dict[str, tuple[type, ...]] = {"Integer": (int,), "Float": (int, float), "String": (str,)}


class Specification:
    """Knows every method and type of one version of the Bot API."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self.version: str = description["version"]
        self._methods: dict[str, dict[str, Any]] = description["methods"]
        self._types: dict[str, dict[str, Any]] = description["types"]

    def knows(self, method: str) -> bool:
        return method in self._methods

    def request_violations(self, method: str, given: Mapping[str, Any], uploads: frozenset[str]) -> list[str]:
        """What is wrong with a request, in words; empty when nothing is.

        `given` holds the parameters as they came: JSON values, or strings where the body was a form (there,
        Telegram takes whatever is not a String as JSON). `uploads` names the file parts of the body.
        """
        if method not in self._methods:
            return [f"{method}: no such method"]
        fields = {field["name"]: field for field in self._methods[method].get("fields", [])}
        attached = {name for name in uploads if any(f"attach://{name}" in str(value) for value in given.values())}
        found = [f"{method}: unknown parameter {name}" for name in given if name not in fields]
        found += [f"{method}: unknown file part {name}" for name in uploads - attached - fields.keys()]
        for name, field in fields.items():
            if name in given:
                found += self._form_value(f"{method}.{name}", given[name], field["types"])
            elif name in uploads:
                if "InputFile" not in field["types"]:
                    found.append(f"{method}.{name}: a file where {' or '.join(field['types'])} is expected")
            elif field["required"]:
                found.append(f"{method}: required parameter {name} is missing")
        return found

    def answer_violations(self, method: str, result: Any) -> list[str]:
        """What is wrong with the result of a method, as this stand-in gives it; empty when nothing is."""
        return self._one_of(f"{method} result", result, self._methods[method]["returns"])

    def object_violations(self, type_name: str, value: Any) -> list[str]:
        """What is wrong with one object of a named type (`Update`, say); empty when nothing is."""
        return self._value(type_name, value, type_name)

    def _form_value(self, where: str, value: Any, types: list[str]) -> list[str]:
        if isinstance(value, str) and "String" not in types and types != ["InputFile"]:
            try:
                value = json.loads(value.lower() if types == ["Boolean"] else value)
            except ValueError:
                return [f"{where}: {value!r} is not {' or '.join(types)}"]
        return self._one_of(where, value, types)

    def _one_of(self, where: str, value: Any, types: list[str]) -> list[str]:
        attempts = [self._value(where, value, name) for name in types]
        return min(attempts, key=len)

    def _value(self, where: str, value: Any, name: str) -> list[str]:
        if name.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{where}: {value!r} is not an array"]
            inner = name.removeprefix("Array of ")
            return [v for i, item in enumerate(value) for v in self._value(f"{where}[{i}]", item, inner)]
        if name in ("Boolean", "True"):
            return [] if isinstance(value, bool) else [f"{where}: {value!r} is not a Boolean"]
        if name == "InputFile":
            return [] if isinstance(value, str) else [f"{where}: {value!r} is not a file"]
        if name in _SCALARS:
            fits = isinstance(value, _SCALARS[name]) and not isinstance(value, bool)
            return [] if fits else [f"{where}: {value!r} is not {name}"]
        return self._object(where, value, name)

    def _object(self, where: str, value: Any, name: str) -> list[str]:
        described = self._types[name]
        if described.get("subtypes"):
            return self._one_of(where, value, self._candidates(value, described["subtypes"]))
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is not {name}"]
        fields = {field["name"]: field for field in described.get("fields", [])}
        found = [f"{where}: {name} has no field {key}" for key in value if key not in fields]
        for key, field in fields.items():
            if key in value:
                found += self._one_of(f"{where}.{key}", value[key], field["types"])
                constant = _constant(field)
                if constant is not None and value[key] != constant:
                    found.append(f"{where}.{key}: {value[key]!r} where {name} has {constant!r}")
            elif field["required"]:
                found.append(f"{where}: required field {key} of {name} is missing")
        return found

    def _candidates(self, value: Any, subtypes: list[str]) -> list[str]:
        """The subtypes whose fixed field (`type`, …) matches, so that errors name the type that was meant."""
        matching = [
            name
            for name in subtypes
            if isinstance(value, dict)
            for field in self._types.get(name, {}).get("fields", [])
            if _constant(field) is not None and value.get(field["name"]) == _constant(field)
        ]
        return matching or subtypes


def _constant(field: Mapping[str, Any]) -> str | None:
    if field["types"] != ["String"] or field["name"] not in ("type", "status", "source"):
        return None
    match = _CONSTANT.search(field["description"])
    return match.group(1) if match else None


@cache
def specification(path: Path = SPECIFICATION) -> Specification | None:
    """The description at `path`, or None where this checkout has no specifications beside it."""
    if not path.is_file():
        return None
    return Specification(json.loads(path.read_text(encoding="utf-8")))
