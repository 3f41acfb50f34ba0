"""The data of a file as a Roadmap, or what is wrong with it in words its author can act on."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Mapping

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from bot.domain.roadmap import Level, Practice, PracticePlace, ResourceLink, Roadmap, Signals, Step
from bot.library.source import Places, Problem, Refused


def built(file: str, data: Mapping[str, JsonValue], places: Places) -> Roadmap:
    """The roadmap a file holds. Raises Refused with a problem for every fault, in the order of the lines."""
    expected = file.removesuffix(".yaml")
    problems: list[Problem] = []
    if isinstance(slug := data.get("slug"), str) and slug != expected:
        message = f"the slug `{slug}` and the file's name differ: name the file {slug}.yaml"
        problems.append(Problem(file, *_nearest(("slug",), places), message))
    try:
        roadmap = Roadmap.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        for detail in details:
            # A list whose items are all broken is called too short as well: that is not what to mend.
            if detail["type"] != "too_short" or not any(_within(d["loc"], detail["loc"]) for d in details):
                problems.append(Problem(file, *_nearest(detail["loc"], places), _explained(detail)))
    if problems:
        raise Refused(*sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column)))
    return roadmap


def _within(inner: PracticePlace, outer: PracticePlace) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _nearest(place: PracticePlace, places: Places) -> tuple[int, int]:
    """Where a value stands, or, where it is missing, what should hold it."""
    while place and place not in places:
        place = place[:-1]
    return places.get(place, (1, 1))


def _explained(error: ErrorDetails) -> str:
    """What pydantic found, in words an author can act on."""
    name = _name(error["loc"])
    context = error.get("ctx", {})
    match error["type"]:
        case "roadmap_rule":
            return error["msg"]
        case "missing":
            return f"{name} is missing"
        case "extra_forbidden":
            return f"{name} is not a known key here" + _suggestion(error["loc"], error["input"])
        case "string_pattern_mismatch":
            return _pattern_explained(name, context["pattern"])
        case "string_too_short" | "too_short":
            return f"{name} is empty"
        case "string_too_long" | "too_long":
            return f"{name} is too long: at most {context['max_length']}{_found(context, error['input'])}"
        case "literal_error":
            return f"{name} must be {context['expected']}, not {reprlib.repr(error['input'])}"
        case "string_type":
            return _text_expected(name, error["input"])
        case _:
            return f"{name}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _text_expected(name: str, value: object) -> str:
    if value is None:
        return f"{name} is empty"
    return f"{name} must be text" + ("" if isinstance(value, dict | list) else ": put it in quotes")


def _name(place: PracticePlace) -> str:
    """`hours`; for an item of a list, `needs` 2."""
    keys = [part for part in place if isinstance(part, str)] or ["the file"]
    last = place[-1] if place else ""
    return f"`{keys[-1]}` {last + 1}" if isinstance(last, int) else f"`{keys[-1]}`"


def _found(context: Mapping[str, object], value: object) -> str:
    length = context.get("actual_length") or (len(value) if isinstance(value, str) else None)
    return f", and it has {length}" if length else ""


def _pattern_explained(name: str, pattern: str) -> str:
    if "a-z0-9" in pattern:
        return f"{name} must be of small letters, digits and single hyphens, as in `http-rest`"
    if "https" in pattern:
        return f"{name} must be an address that starts with https://"
    return f"{name} must be one line of text (after a key, `>-` joins the lines below it)"


_PARTS: Mapping[str, type[BaseModel]] = {
    "": Roadmap,
    "levels": Level,
    "steps": Step,
    "signals": Signals,
    "links": ResourceLink,
    "practice": Practice,
}


def _suggestion(place: PracticePlace, value: object) -> str:
    import difflib  # only a broken file needs it

    parents = [part for part in place[:-1] if isinstance(part, str)] or [""]
    known: Collection[str] = _PARTS[parents[-1]].model_fields
    if close := difflib.get_close_matches(str(place[-1]), known, n=1):
        return f": did you mean `{close[0]}`?"
    if value is None:  # what follows a comma in { title: Pods, services }
        return ": if it is text, put all of it in quotes"
    return f"; known are {', '.join(known)}"
