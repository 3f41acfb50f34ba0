"""What can be typed: all of it on one phone screen, or one command with an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bot.cards import Bold, Button, Card, Code, Paragraph, Spans, Text
from bot.command import Call, Command, Response, Scene, command, registry
from bot.command.parameters import Suggestion, nearest_matches
from bot.domain.refusal import Refusal
from bot.words import lines

HELP_GROUPS = (
    ("help-begin", ("start", "join", "roadmaps", "leave")),
    ("help-learn", ("next", "done", "skip", "undo", "progress", "roadmap")),
    ("help-daily", ("checkin", "later", "remind quiet", "pause rest")),
    ("help-together", ("leaderboard", "recap", "setup")),
    ("help-mine", ("settings", "timezone daystart", "link", "privacy", "help")),
)
"""Every listed command, in the order in which somebody new needs them; those that go together share a line."""

NOT_TRIED = ("undo", "leave", "setup", "help")
"""Commands that act at once, without anything being asked: no button to try those."""


@dataclass(frozen=True)
class CommandKind:
    """A command by its name, with or without its slash."""

    limit: int = 33
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> Command | None:
        """The command of that name, unless it is there for buttons only."""
        typed = text.strip().casefold().removeprefix("/")
        return next((known for known in registry.listed if known.name == typed), None)

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The nearest command, whose help is one tap away."""
        typed = text.strip().removeprefix("/")[:32]
        near = nearest_matches(typed, [known.name for known in registry.listed], str)[:1]
        if not near:
            return Refusal("refuse-command", text=typed, ways=[("/help", "help")])
        return Refusal("refuse-command-near", text=typed, near=near[0], offers=[(f"/help {near[0]}", near[0])])

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Commands by how well their names match."""
        found = nearest_matches(typed.strip().removeprefix("/"), registry.listed, lambda known: known.name)
        return [Suggestion(f"/{known.name}", known.name, known.describe(scene.language)) for known in found]


COMMAND = CommandKind()


@command("help", shows=True)
async def help_(call: Call, command: Annotated[Command | None, COMMAND]) -> Response:
    """What I can do; one command: what it does, what it takes, and an example."""
    return Response(overview(call) if command is None else about(call, command))


def overview(call: Call) -> Card:
    """Every command, a line each."""
    told: list[Spans] = []
    for heading, entries in HELP_GROUPS:
        told.append((Bold(call.word(heading)),))
        told += [_line(call, *entry.split()) for entry in entries]
    first = ("button-next", "next") if call.scene.studied else ("button-start", "start")
    buttons = [
        Button(call.word(id), line, only=call.member.id) for id, line in (first, ("button-settings", "settings"))
    ]
    footer = call.say("help-more")
    return Card(parts=(Paragraph(lines(*told)), Paragraph(footer)), rows=(tuple(buttons),))


def _line(call: Call, first: str, *others: str) -> Spans:
    """Commands that go together, and what they are for."""
    names = [Code(f"/{first}"), *(span for name in others for span in (Text(" "), Code(f"/{name}")))]
    return (*names, Text(f" {call.word(f'short-{first}')}"))


def about(call: Call, known: Command) -> Card:
    """One command: what it does, its arguments, an example, and a button to try it where it asks before it acts."""
    shown = " ".join((f"/{known.name}", *(f"[{parameter.name}]" for parameter in known.parameters)))
    parts = [Paragraph(call.say("help-does", text=known.describe(call.language)))]
    if known.leaders:
        parts.append(Paragraph(call.say("help-leaders")))
    arguments: list[Spans] = [
        (Bold(parameter.name), Text(f" {known.describe_parameter(call.language, parameter.name)}"))
        for parameter in known.parameters
    ]
    if arguments:
        parts.append(Paragraph(lines(*arguments)))
    parts.append(Paragraph(lines(call.say("help-example"), (Code(call.word(f"example-{known.name}")),))))
    card = Card(title=(Code(shown),), parts=tuple(parts))
    if known.name in NOT_TRIED:
        return card
    return card.with_rows([Button(call.word("button-try", command=known.name), known.name, only=call.member.id)])
