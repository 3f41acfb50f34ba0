"""How a typed line becomes arguments: each parameter takes the longest run of words it understands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.cards import LINE_BYTES
from bot.command.parameters import File, OneOf
from bot.command.registry import Command, Parameter
from bot.command.scene import Scene
from bot.domain.refusal import Refusal

ASK = "?"
"""The value that means "ask me": `join backend-ai-era deadline:?`."""

LONGEST_RUN = 12
"""No argument but free text is longer than a dozen words; this bounds the work on a long line."""

LONGEST_LINE = 6000
"""Longer than any platform lets a person type; what is longer is not read."""

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}
_BEGINNING = re.compile(r"\S")
_REST = re.compile(r"\S*")
_NAME = re.compile(r"([^\s:]{1,32}):")
"""No parameter has a longer name (Discord has none), so where none stands is known without reading all that follows."""

Given = str | File


@dataclass
class Arguments:
    """What a line gives a command: the texts, for saying it again, their values, and what is to be asked."""

    texts: dict[str, Given] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str
    quoted: bool = False
    name: str | None = None


def read(command: Command, rest: str, given: Mapping[str, Given], scene: Scene) -> Arguments:
    """The arguments of a command from the words after it and from those given by name.

    Raises Refusal in the name of the first parameter that does not understand what stands in its place.
    """
    if len(rest) > LONGEST_LINE:
        raise Refusal("refuse-long", length=len(rest), limit=LONGEST_LINE)
    arguments = Arguments()
    for name, value in given.items():
        parameter = command.parameter(name)
        if parameter is not None:
            _give(command, parameter, value, arguments, scene)
    _Reader(command, rest, arguments, scene).read()
    return arguments


def quote(text: str) -> str:
    """A text as one argument of a line."""
    inner = text.replace('"', "'").replace("\n", " ")
    return f'"{inner}"' if re.search(r"\s|^$|:", inner) else inner


def _give(
    command: Command, parameter: Parameter, value: Given, arguments: Arguments, scene: Scene, line: str = ""
) -> None:
    if isinstance(value, File):
        arguments.texts[parameter.name] = arguments.values[parameter.name] = value
        return
    if value.strip() == ASK:
        if parameter.name not in arguments.values:
            arguments.asked.append(parameter.name)
        return
    read = _understood(parameter, value, scene)
    if read is None:
        raise _refusal(command, parameter, value, scene, line)
    if parameter.name in arguments.asked:
        arguments.asked.remove(parameter.name)
    arguments.texts[parameter.name] = value
    arguments.values[parameter.name] = read


def _refusal(command: Command, parameter: Parameter, text: str, scene: Scene, line: str = "") -> Refusal:
    """Why a text was not understood; what it could have meant is one tap away, with the rest of the line as it was."""
    refusal = parameter.kind.refuse(text, scene)
    for label, value in refusal.offers:
        right = f"{command.name} {parameter.name}:{quote(value)}"
        if line.count(text) == 1:
            whole = f"{command.name} {line.replace(text, quote(value))}"
            right = whole if len(whole.encode()) <= LINE_BYTES else right
        refusal.ways += ((label, right),)
    return refusal


def _understood(parameter: Parameter, text: str, scene: Scene) -> object:
    """What a parameter makes of a text; None also for one that is longer than it takes."""
    return parameter.kind.read(text, scene) if len(text) <= parameter.kind.limit else None


def _by_name(parameter: Parameter, text: str) -> bool:
    """Whether a text is one that the parameter understands after its name alone."""
    return isinstance(parameter.kind, OneOf) and text.casefold() in parameter.kind.by_name


class _Reader:
    """One pass over a line's words."""

    def __init__(self, command: Command, line: str, arguments: Arguments, scene: Scene) -> None:
        self.command = command
        self.line = line
        self.arguments = arguments
        self.scene = scene
        self.words = _words(line, command)

    def read(self) -> None:
        position = 0
        while position < len(self.words):
            end = self._segment_end(position)
            word = self.words[position]
            position = self._named(word, position, end) if word.name else self._positional(position, end)

    def _segment_end(self, position: int) -> int:
        """Where the words end that may belong together: before the next named argument."""
        for index in range(position + 1, len(self.words)):
            if self.words[index].name:
                return index
        return len(self.words)

    def _named(self, word: _Word, position: int, end: int) -> int:
        parameter = self.command.parameter(word.name or "")
        assert parameter is not None
        if word.quoted:
            self._give(parameter, word.text)
            return position + 1
        if parameter.kind.text:
            self._give(parameter, self._text(position, end))
            return end
        longest = self._longest(parameter, position, end, named=True)
        stop = longest or position + 1
        self._give(parameter, self._text(position, stop))
        return stop

    def _give(self, parameter: Parameter, text: str) -> None:
        _give(self.command, parameter, text, self.arguments, self.scene, self.line)

    def _refusal(self, parameter: Parameter, text: str) -> Refusal:
        return _refusal(self.command, parameter, text, self.scene, self.line)

    def _positional(self, position: int, end: int) -> int:
        while position < end:
            taken = self._take(position, end)
            if taken is None:
                break
            position = taken
        if position < end:
            self._leftover(position, end)
        return end

    def _take(self, position: int, end: int) -> int | None:
        """Let the first parameter that understands what stands here have it."""
        for parameter in self._open():
            if parameter.kind.text:
                continue
            stop = self._longest(parameter, position, end)
            if stop is not None:
                self._give(parameter, self._text(position, stop))
                return stop
            if parameter.kind.subject and not self._understood_later(parameter, position, end):
                raise self._refusal(parameter, self._unknown(parameter, position, end))
        return None

    def _leftover(self, position: int, end: int) -> None:
        text = self._text(position, end)
        texts = [p for p in self._open() if p.kind.text]
        if texts:
            self._give(texts[-1], text)
            return
        still = self._open()
        for parameter in still:
            if _by_name(parameter, text):
                label = parameter.kind.suggest(text, self.scene)[0].label
                raise Refusal("refuse-by-name", text=text, name=parameter.name, label=label)
        if not still:
            raise Refusal("refuse-too-much", text=text[:60], command=self.command.name)
        raise self._refusal(still[0], text)

    def _understood_later(self, parameter: Parameter, position: int, end: int) -> bool:
        later = self._open()
        later = later[later.index(parameter) + 1 :]
        return any(not p.kind.text and self._longest(p, position, end) is not None for p in later)

    def _unknown(self, parameter: Parameter, position: int, end: int) -> str:
        """What to call the thing that nobody understood: one word where free text may follow, else all up to the next
        argument."""
        stop = position + 1
        if not any(p.kind.text for p in self._open()):
            end = min(end, position + LONGEST_RUN)
            while stop < end and not self._understood_later(parameter, stop, end):
                stop += 1
        return self._text(position, stop)

    def _longest(self, parameter: Parameter, position: int, end: int, *, named: bool = False) -> int | None:
        if self.words[position].quoted:
            end = position + 1
        for stop in range(min(end, position + LONGEST_RUN), position, -1):
            if not named and _by_name(parameter, self._text(position, stop)):
                continue
            if _understood(parameter, self._text(position, stop), self.scene) is not None:
                return stop
        return None

    def _open(self) -> list[Parameter]:
        return [p for p in self.command.parameters if p.name not in self.arguments.values]

    def _text(self, position: int, stop: int) -> str:
        words = self.words[position:stop]
        if len(words) == 1:
            return words[0].text
        # The first word of a named argument begins after its name.
        start = words[0].end - len(words[0].text) if words[0].name else words[0].start
        return self.line[start : words[-1].end]


def _words(line: str, command: Command) -> list[_Word]:
    words: list[_Word] = []
    position = 0
    while match := _BEGINNING.search(line, position):
        word = _word(line, match.start(), command)
        words.append(word)
        position = word.end
    return words


def _word(line: str, start: int, command: Command) -> _Word:
    name, begin = None, start
    named = _NAME.match(line, start)
    if named and command.parameter(named[1]):
        name, begin = named[1].casefold(), named.end()
    closing = _QUOTES.get(line[begin : begin + 1])
    if closing:
        last = line.find(closing, begin + 1)
        if last > 0:
            return _Word(start, last + 1, line[begin + 1 : last], quoted=True, name=name)
    # Looked for last: what is quoted may be one of thousands without a space between.
    rest = _REST.match(line, begin)
    assert rest is not None
    return _Word(start, rest.end(), rest[0], name=name)
