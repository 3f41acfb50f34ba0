"""Who speaks: read first, written down only where that is news."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.command.call import Incoming
from bot.command.scene import Scene
from bot.domain.account import Account
from bot.domain.group import Group
from bot.domain.member import Member
from bot.domain.roadmap import Roadmap
from bot.store import belonging, people, schedule, studies
from bot.words import LANGUAGE, nearest


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, their groups, and the group whose home they speak in."""

    member: Member
    account: Account
    groups: tuple[Group, ...]
    here: Group | None


@dataclass(frozen=True)
class Meeting:
    """Meets members. `clock` gives the moment in UTC; `zone` and `language` are for those of whom nothing is known."""

    roadmaps: Callable[[], Mapping[str, Roadmap]]
    clock: Callable[[], datetime]
    zone: str = "UTC"
    language: str = LANGUAGE

    async def recognise(self, db: AsyncConnection, incoming: Incoming) -> Speaker | None:
        """Who speaks; None where meeting them has to be written: they are new, called otherwise, or enter a group."""
        met = await people.who(db, incoming.platform, incoming.account)
        if met is None or met[1].name != clean_name(incoming.name):
            return None
        groups, here = await self._around(db, incoming, met[0])
        if here is not None and here not in groups:
            return None
        return Speaker(*met, groups, here)

    def is_news(self, speaker: Speaker, incoming: Incoming) -> bool:
        """Whether that they spoke is still to be noted."""
        return not people.heard_lately(speaker.account, self.clock(), incoming.private)

    async def hear(self, db: AsyncConnection, speaker: Speaker, incoming: Incoming) -> None:
        """Note that somebody spoke, where that is news."""
        if await people.seen(db, speaker.account, self.clock(), incoming.private):
            await schedule.note_activity(db, speaker.member.id, self.clock())

    async def meet(self, db: AsyncConnection, incoming: Incoming) -> Speaker:
        """Who speaks, in a transaction that may write; no other command of theirs runs until it ends."""
        now = self.clock()
        name = clean_name(incoming.name)
        met = await people.met_again(db, incoming.platform, incoming.account, name)
        if met is None:
            here = None if incoming.private else await belonging.group_at(db, incoming.address)
            zone, language = here.zone if here else self.zone, self._first_language(incoming, here)
            met = await people.meet(db, incoming.platform, incoming.account, name, zone, language, now)
        member, account = met
        groups, here = await self._around(db, incoming, member)
        await self.hear(db, Speaker(member, account, groups, here), incoming)
        if here is not None and here not in groups:
            if await belonging.enter(db, here.id, member.id, now) and member.zone != here.zone:
                # Met before there was a group: until they name a zone of their own, theirs is the group's.
                await people.live_by(db, member.id, here.zone)
                await schedule.refresh_member(db, member.id, now)
                member = await people.member(db, member.id)
            groups = await belonging.groups_of(db, member.id)
        return Speaker(member, account, groups, here)

    async def stranger(self, db: AsyncConnection, incoming: Incoming) -> Speaker:
        """Somebody whom we have not met, as they would be seen; nothing is written."""
        here = None if incoming.private else await belonging.group_at(db, incoming.address)
        account = Account(incoming.platform, incoming.account, 0, incoming.name, "unknown", self.clock())
        zone, language = here.zone if here else self.zone, self._first_language(incoming, here)
        return Speaker(Member(0, incoming.name, zone, language=language), account, (), here)

    def _first_language(self, incoming: Incoming, here: Group | None) -> str:
        """What is spoken with somebody who is met: their platform's language for them, else the group's."""
        return nearest(incoming.hint, here.language if here else self.language)

    async def scene(self, db: AsyncConnection, incoming: Incoming, speaker: Speaker, *, mates: bool) -> Scene:
        """What a line may depend on when it is read; `mates` are read only where one may be named."""
        return Scene(
            now=self.clock(),
            member=speaker.member,
            account=speaker.account,
            address=incoming.address,
            private=incoming.private,
            leader=incoming.leader,
            group=speaker.here,
            groups=speaker.groups,
            enrolments=await studies.enrolments_of(db, speaker.member.id),
            roadmaps=self.roadmaps(),
            mates=await belonging.mates_of(db, [g.id for g in speaker.groups]) if mates else (),
        )

    async def _around(
        self, db: AsyncConnection, incoming: Incoming, member: Member
    ) -> tuple[tuple[Group, ...], Group | None]:
        if incoming.private:
            return await belonging.groups_of(db, member.id), None
        return await belonging.around(db, member.id, incoming.address)


def clean_name(name: str) -> str:
    """What somebody is called: as they are called there, on one line, without invisible or control characters."""
    visible = "".join(c for c in " ".join(name.split()) if c.isprintable() and not "\ue000" <= c <= "\uf8ff")
    return " ".join(visible.split())[: people.NAME_LENGTH] or "somebody"
