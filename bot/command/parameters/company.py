"""The people around a member as arguments."""

from __future__ import annotations

from dataclasses import dataclass

from bot.command.parameters.kinds import Suggestion, nearest_matches, quoted
from bot.command.scene import Scene
from bot.domain.group import Group
from bot.domain.member import Member
from bot.domain.refusal import Refusal


@dataclass(frozen=True)
class MateKind:
    """Somebody the member shares a group with, by name; platforms with user options give the account's id."""

    limit: int = 100
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> Member | None:
        """The member meant, when only one can be."""
        typed = text.strip()
        if typed.startswith("#") and typed[1:].isdecimal():
            return next((m for m in (scene.member, *scene.mates) if m.id == int(typed[1:])), None)
        found = _called(typed, scene)
        return found[0] if len(found) == 1 else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """Those it could have been; whether somebody exists elsewhere is not told."""
        several = _called(text.strip(), scene)
        near = [(m.name, f"#{m.id}") for m in several] or [(s.label, s.value) for s in self.suggest(text, scene)]
        return Refusal("refuse-member-ambiguous" if several else "refuse-member", text=quoted(text), offers=near[:4])

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """Mates by how well their names match."""
        return [Suggestion(m.name, f"#{m.id}") for m in nearest_matches(typed, scene.mates, lambda m: m.name)]


def _called(text: str, scene: Scene) -> list[Member]:
    """Mates of that name, else those whose names begin so."""
    typed = text.removeprefix("@").casefold()
    exact = [m for m in scene.mates if m.name.casefold() == typed]
    return exact or [m for m in scene.mates if len(typed) > 1 and m.name.casefold().startswith(typed)]


@dataclass(frozen=True)
class GroupKind:
    """One of the member's groups, by name."""

    limit: int = 120
    text: bool = False
    subject: bool = True

    def read(self, text: str, scene: Scene) -> Group | None:
        """The group meant, when only one can be."""
        typed = text.strip().casefold()
        if typed.startswith("#") and typed[1:].isdecimal():
            return next((g for g in scene.groups if g.id == int(typed[1:])), None)
        found = [g for g in scene.groups if g.name.casefold() == typed]
        return found[0] if len(found) == 1 else None

    def refuse(self, text: str, scene: Scene) -> Refusal:
        """The member's groups, one tap each."""
        if not scene.groups:
            return Refusal("refuse-no-group")
        near = self.suggest(text, scene) or self.suggest("", scene)
        return Refusal("refuse-group", text=quoted(text), offers=[(s.label, s.value) for s in near[:4]])

    def suggest(self, typed: str, scene: Scene) -> list[Suggestion]:
        """The member's groups by how well they match."""
        return [Suggestion(g.name, f"#{g.id}") for g in nearest_matches(typed, scene.groups, lambda g: g.name)]


MATE = MateKind()
GROUP = GroupKind()
