"""The one way in: an incoming line becomes a command, carried out once, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import Card, Paragraph
from bot.command.arguments import given, names_somebody, split, suggestions, values
from bot.command.asking import question
from bot.command.building import Building
from bot.command.call import Ask, Call, Incoming, Response
from bot.command.faults import told
from bot.command.meeting import Meeting, Speaker
from bot.command.parameters import MateKind, Suggestion
from bot.command.placing import placed, refused, tell_closed
from bot.command.registry import Command, Registry
from bot.command.scene import Scene
from bot.domain.refusal import Refusal
from bot.domain.roadmap import Roadmap
from bot.store import OnlyReads, Store, changes, hold, linking, questions, writes
from bot.store.changes import Change
from bot.views.changed import change_words
from bot.words import LANGUAGE, nearest, say


@dataclass(frozen=True)
class Dispatch:
    """Carries out what comes in. `clock` gives the moment in UTC; `wake` is called when something was queued.

    `observe` is told of each command's name, the seconds it took, and whether it ended in an apology.
    """

    store: Store
    roadmaps: Callable[[], Mapping[str, Roadmap]]
    registry: Registry
    clock: Callable[[], datetime]
    wake: Callable[[], None] = lambda: None
    zone: str = "UTC"
    language: str = LANGUAGE
    observe: Callable[[str, float, bool], None] = lambda _name, _seconds, _failed: None
    building: Building = field(default_factory=Building)

    @cached_property
    def meeting(self) -> Meeting:
        """Who meets those who speak."""
        return Meeting(self.roadmaps, self.clock, self.zone, self.language)

    async def __call__(self, incoming: Incoming) -> Response | None:
        """Carry out a line and answer it; None when there is nothing left to say. Never raises for what was typed."""
        began = asyncio.get_running_loop().time()
        response, failed = await self._respond(incoming)
        self.observe(self._name(incoming.line), asyncio.get_running_loop().time() - began, failed)
        return response

    async def _respond(self, incoming: Incoming) -> tuple[Response | None, bool]:
        """The answer, and whether it is an apology."""
        try:
            response, call = await self._carry_out(incoming)
        except Refusal as refusal:
            language = self.language_of(incoming.hint)
            return Response(refused(refusal, language), refused=True, language=language), False
        except Exception as error:
            language = self.language_of(incoming.hint)
            return told(error, language, f"a command failed on {incoming.platform}", "apology"), True
        if call is not None and call.announced:
            self.wake()
        # Committed, and no connection is held: what takes its time keeps nobody else waiting.
        return (None, False) if response is None else await self.building.complete(response)

    def language_of(self, hint: str | None) -> str:
        """The language for somebody whose own is not known, or cannot be read now: what their platform tells."""
        return nearest(hint, self.language)

    def _name(self, line: str) -> str:
        """The name of a line's command, for figures: never what somebody typed."""
        try:
            return self.registry.find(split(line)[0]).name
        except Refusal:
            return "unknown"

    async def suggest(self, incoming: Incoming, parameter: str) -> list[Suggestion]:
        """What could stand for a parameter, given what has been typed of it (`incoming.arguments[parameter]`)."""
        command = self.registry.find(incoming.line)
        async with self.store.reading() as db:
            # Who has not come in yet sees what a stranger sees.
            speaker = await self.meeting.recognise(db, incoming) or await self.meeting.stranger(db, incoming)
            about = command.parameter(parameter)
            mates = about is not None and isinstance(about.kind, MateKind)
            scene = await self.meeting.scene(db, incoming, speaker, mates=mates)
        return suggestions(command, parameter, incoming, scene)

    async def _carry_out(self, incoming: Incoming) -> tuple[Response | None, Call | None]:
        name, rest = split(incoming.line)
        command = self.registry.find(name)

        if command.only_shows(alone=not rest and not incoming.arguments):
            # Where it has something to write this time, a writer does all of it.
            with suppress(OnlyReads):
                return await self._show(incoming, command, rest), None

        async def work(db: AsyncConnection) -> tuple[Response | None, Call | None]:
            scene = await self._scene(db, incoming, await self.meeting.meet(db, incoming), command)
            before, call = writes(db), None
            try:
                response, call = await self._answer(db, scene, command, rest, incoming, shows=command.shows)
            except Refusal as refusal:
                if writes(db) != before:
                    raise
                response = Response(refused(refusal, scene.language), refused=True)
            await _settle_questions(db, incoming, response)
            return None if response is None else replace(response, language=scene.language), call

        try:
            return await self.store.write(work)
        except Refusal as refusal:
            # Refused half-way: what the command began is gone with its transaction, and with it that we met.
            return await self._met_and_refused(incoming, refusal), None

    async def _met_and_refused(self, incoming: Incoming, refusal: Refusal) -> Response:
        """A polite no to somebody who has come in all the same."""

        async def note(db: AsyncConnection) -> Response:
            language = (await self.meeting.meet(db, incoming)).member.language
            response = Response(refused(refusal, language), refused=True, language=language)
            await _settle_questions(db, incoming, response)
            return response

        return await self.store.write(note)

    async def _show(self, incoming: Incoming, command: Command, rest: str) -> Response | None:
        """Carry out a command that only shows: whatever it takes to read, no writer waits for it.

        Raises OnlyReads where it has something to write after all.
        """
        async with self.store.reading() as db:
            speaker = await self.meeting.recognise(db, incoming)
            if speaker is not None and not self.meeting.is_news(speaker, incoming):
                return await self._shown(db, incoming, speaker, command, rest)

        async def note(db: AsyncConnection) -> Speaker:
            if speaker is None:
                return await self.meeting.meet(db, incoming)
            await self.meeting.hear(db, speaker, incoming)
            return speaker

        speaker = await self.store.write(note)
        async with self.store.reading() as db:
            return await self._shown(db, incoming, speaker, command, rest)

    async def _shown(
        self, db: AsyncConnection, incoming: Incoming, speaker: Speaker, command: Command, rest: str
    ) -> Response | None:
        scene = await self._scene(db, incoming, speaker, command)
        try:
            response, _ = await self._answer(db, scene, command, rest, incoming, shows=True)
        except Refusal as refusal:
            response = Response(refused(refusal, scene.language), refused=True)
        await _settle_questions(db, incoming, response)
        return None if response is None else replace(response, language=scene.language)

    async def _scene(self, db: AsyncConnection, incoming: Incoming, speaker: Speaker, command: Command) -> Scene:
        return await self.meeting.scene(db, incoming, speaker, mates=names_somebody(command, incoming))

    async def _answer(
        self, db: AsyncConnection, scene: Scene, command: Command, rest: str, incoming: Incoming, *, shows: bool
    ) -> tuple[Response | None, Call | None]:
        await _refuse_stranger(db, incoming.owner, scene.member.id)
        if command.leaders and not (incoming.leader or incoming.private):
            raise Refusal("refuse-leaders", command=command.name)
        if command.leaders and not shows:
            # Leaders set up groups rarely, and two of them perhaps the same one: one after the other.
            await hold(db, "setup")
        update_key, press_key = _keys(incoming)
        # What only shows has changed nothing the first time either.
        done = None if shows else await changes.applied(db, update_key, press_key)
        if done is not None:
            return _already(scene, done), None
        arguments = await given(db, command, rest, incoming, scene)
        change = Change(db, scene.member, scene.now, command.name, update_key, press_key)
        call = Call(scene, db, change, incoming)
        try:
            if arguments.asked:
                raise Ask(*arguments.asked)
            response = await self.registry.finish(call, await command.run(call, **values(command, arguments)))
        except Ask as ask:
            assert not change.made, "a command asks before it writes"
            asked = await question(db, scene, command, arguments, ask)
            return asked if asked.card is None else await placed(db, scene, asked, incoming), call
        await change.settle()
        if incoming.whispers and not incoming.private:
            response = await tell_closed(db, scene, response)
        return await placed(db, scene, response, incoming), call


def _already(scene: Scene, done: changes.Done) -> Response:
    """A press or an update that was counted before: say so, change nothing."""
    summary = change_words(scene.member, scene.now, done.summary)
    return Response(Card(parts=(Paragraph(say(scene.language, "already-counted", change=summary)),)))


async def _settle_questions(db: AsyncConnection, incoming: Incoming, response: Response | None) -> None:
    """A question is open until it is answered, or until its member goes on with something else in private.

    A refused answer leaves it open for a better one.
    """
    if incoming.answers is None:
        # Asked first: where nothing is open, which is nearly always, nothing is written.
        if incoming.private and await questions.waiting(db, incoming.address, None, incoming.account):
            await questions.forget(db, incoming.address, incoming.account)
    elif response is None or not response.refused:
        await questions.forget(db, incoming.address, incoming.account, incoming.answers)


async def _refuse_stranger(db: AsyncConnection, owner: int | None, member: int) -> None:
    """Raises Refusal for a press by somebody else than a button's owner, or who its owner became part of."""
    if owner is not None and owner != member and await linking.became(db, owner) != member:
        raise Refusal("refuse-owner")


def _keys(incoming: Incoming) -> tuple[str | None, str | None]:
    update = None if incoming.update is None else f"{incoming.platform}:{incoming.update}"
    if incoming.pressed is None:
        return update, None
    address = incoming.address
    return update, f"{address.platform}:{address.chat}:{incoming.pressed}:{incoming.account}:{incoming.line}"
