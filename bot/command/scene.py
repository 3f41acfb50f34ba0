"""What the reading of a line may depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from bot.delivery import Address
from bot.domain.account import Account
from bot.domain.enrolment import Enrolment
from bot.domain.group import Group
from bot.domain.member import Member
from bot.domain.roadmap import Roadmap


@dataclass(frozen=True)
class Scene:
    """The moment of one command, read once. `group` is the group whose home the line was typed in."""

    now: datetime
    member: Member
    account: Account
    address: Address
    private: bool
    leader: bool
    group: Group | None
    groups: tuple[Group, ...]
    enrolments: tuple[Enrolment, ...]
    roadmaps: Mapping[str, Roadmap]
    mates: tuple[Member, ...] = field(default=())

    @property
    def language(self) -> str:
        """The language of who speaks, in which they type and are answered."""
        return self.member.language

    @property
    def public_language(self) -> str:
        """The language of what everybody here reads: the group's, where this is a group's home."""
        return self.member.language if self.group is None else self.group.language

    @cached_property
    def today(self) -> date:
        """The member's own date."""
        return self.member.local_day(self.now)

    @cached_property
    def studied(self) -> tuple[Roadmap, ...]:
        """The roadmaps the member is on and that can be served, the one used last first."""
        return tuple(self.roadmaps[e.roadmap] for e in self.enrolments if e.roadmap in self.roadmaps)

    @cached_property
    def offered(self) -> Roadmap | None:
        """The roadmap of the group, for those who have not chosen one."""
        for group in (self.group, *self.groups):
            if group is not None and group.roadmap is not None and group.roadmap in self.roadmaps:
                return self.roadmaps[group.roadmap]
        return None

    @cached_property
    def home(self) -> Group | None:
        """The group this is about: the one whose home it is, else the main one."""
        return self.group or (self.groups[0] if self.groups else None)

    def enrolment(self, roadmap: str) -> Enrolment | None:
        """The member's current enrolment on a roadmap."""
        return next((e for e in self.enrolments if e.roadmap == roadmap), None)
