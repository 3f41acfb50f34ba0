"""Delta debugging: the shortest story that still goes wrong in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.simulation.story import DAY, Event, Says, Story

T = TypeVar("T")
Fails = Callable[[Story], bool]


def shrink(story: Story, fails: Fails, tried: Callable[[Story], None] = lambda _story: None) -> Story:
    """The smallest story that `fails`, found by taking away days, members, noise and events; `tried` sees each try."""

    def still(smaller: Story) -> bool:
        tried(smaller)
        return fails(smaller)

    story = _shorter(story, still)
    story = _fewer_people(story, still)
    if story.noise and still(quiet := replace(story, noise=0.0)):
        story = quiet
    story = _fewer_events(story, still)
    story = _shorter(story, still)
    used = {person.group for person in story.people}
    rooms = tuple(room for room in story.rooms if room.group in used)
    if still(fewer := replace(story, rooms=rooms)):
        story = fewer
    for room in story.rooms:
        fewer = replace(story, rooms=tuple(r for r in story.rooms if r != room))
        if still(fewer):
            story = fewer
    return story


def _shorter(story: Story, still: Fails) -> Story:
    """The end as early as it may be, to the day."""
    low, high = 0.0, story.end
    while high - low > DAY:
        middle = (low + high) / 2
        cut = replace(story, end=middle, events=tuple(e for e in story.events if e.at < middle))
        if still(cut):
            story, high = cut, middle
        else:
            low = middle
    return story


def _fewer_people(story: Story, still: Fails) -> Story:
    def having(names: Sequence[str]) -> Story:
        kept = tuple(person for person in story.people if person.name in names)
        events = tuple(e for e in story.events if not isinstance(e, Says) or e.who in names)
        return replace(story, people=kept, events=events)

    names = _ddmin([person.name for person in story.people], lambda some: still(having(some)))
    return having(names)


def _fewer_events(story: Story, still: Fails) -> Story:
    events: Sequence[Event] = _ddmin(list(story.events), lambda some: still(story.with_events(tuple(some))))
    return story.with_events(tuple(events))


def _ddmin(items: list[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """The classical algorithm: halves, then quarters, each left out in turn, until nothing can be left out."""
    parts = 2
    while len(items) >= 1:
        size = max(1, -(-len(items) // parts))
        for start in range(0, len(items), size):
            rest = items[:start] + items[start + size :]
            if fails(rest):
                items, parts = rest, max(2, parts - 1)
                break
        else:
            if size == 1:
                return items
            parts = min(len(items), parts * 2)
    return items
