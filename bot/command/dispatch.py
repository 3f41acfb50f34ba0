"""The one way in: an incoming line becomes a command, carried out once, in one transaction."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards import (
    Button,
    Card,
    Choice,
    Input,
    LineTooLong,
    Option,
    Paragraph,
    Question,
    Spans,
    Text,
    base36,
    check_line,
    owner_that_fits,
    plain,
    sign,
)
from bot.command.call import Ask, Audience, Call, Incoming, Response, Somebody
from bot.command.grammar import ASK, Arguments, Given, quote, read
from bot.command.parameters import File, GroupKind, MateKind, OneOf, RoadmapKind, Suggestion, quoted
from bot.command.registry import Command, Registry
from bot.command.scene import Scene
from bot.domain.group import Group
from bot.domain.member import Member
from bot.domain.refusal import Refusal
from bot.domain.roadmap import Roadmap
from bot.store import Store, Unavailable, changes, hold, linking, outbox, pending, people, schedule, studies
from bot.store.changes import Change
from bot.text import LANGUAGE, has, say, shortened, word

log = logging.getLogger(__name__)

DRAFT = "draft"
"""The name under which a button refers to arguments that are too long for it."""

COMPLETE = (GroupKind, OneOf, RoadmapKind)
"""Kinds whose answers are all there to choose from: nothing else can be typed."""

CHOICES = 25
"""What one select menu holds on Discord."""


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
            return Response(refused(refusal, self.language), refused=True), False
        except Unavailable:
            return Response(Card(parts=(Paragraph(say(self.language, "unavailable")),)), refused=True), True
        except Exception:
            reference = secrets.token_hex(3)
            log.exception("a command failed on %s, reference %s", incoming.platform, reference)
            return Response(Card(parts=(Paragraph(say(self.language, "apology", reference=reference)),))), True
        if call is not None and call.announced:
            self.wake()
        return response, False

    def _name(self, line: str) -> str:
        """The name of a line's command, for figures: never what somebody typed."""
        try:
            return self.registry.find(split(line)[0]).name
        except Refusal:
            return "unknown"

    async def suggest(self, incoming: Incoming, parameter: str) -> list[Suggestion]:
        """What could stand for a parameter, given what has been typed of it (`incoming.arguments[parameter]`)."""
        async with self.store.reading() as db:
            command = self.registry.find(incoming.line)
            found = command.parameter(parameter)
            if found is None:
                return []
            group = await _group_at(db, incoming)
            account = await people.account(db, incoming.platform, incoming.account)
            if account is None:
                # As a stranger sees it.
                account = people.Account(incoming.platform, incoming.account, 0, incoming.name, "unknown", self.clock())
                member = Member(0, incoming.name, group.zone if group else self.zone)
            else:
                member = await people.member(db, account.member)
            mates = isinstance(found.kind, MateKind)
            scene = await self._scene(db, incoming, group, account, member, mates=mates)
        typed = incoming.arguments.get(parameter, "")
        return found.kind.suggest(typed if isinstance(typed, str) else "", scene)

    async def _carry_out(self, incoming: Incoming) -> tuple[Response | None, Call | None]:
        name, rest = split(incoming.line)
        command = self.registry.find(name)

        async def work(db: AsyncConnection) -> tuple[Response | None, Call | None]:
            scene = await self._meet(db, incoming, command)
            try:
                # A refusal takes back what the command began, but not that we met: who is refused has come in.
                async with db.begin_nested():
                    return await self._answer(db, scene, command, rest, incoming)
            except Refusal as refusal:
                return Response(refused(refusal, scene.language), refused=True), None

        return await self.store.write(work)

    async def _answer(
        self, db: AsyncConnection, scene: Scene, command: Command, rest: str, incoming: Incoming
    ) -> tuple[Response | None, Call | None]:
        await _refuse_stranger(db, incoming.owner, scene.member.id)
        if command.leaders and not (incoming.leader or incoming.private):
            raise Refusal("refuse-leaders", command=command.name)
        if command.leaders:
            # Leaders set up groups rarely, and two of them perhaps the same one: one after the other.
            await hold(db, "setup")
        update_key, press_key = _keys(incoming)
        done = await changes.applied(db, update_key, press_key)
        if done is not None:
            return self._already(scene, done, incoming), None
        arguments = await self._arguments(db, command, rest, incoming, scene)
        change = Change(db, scene.member, scene.now, command.name, update_key, press_key)
        call = Call(scene, db, change, incoming)
        try:
            if arguments.asked:
                raise Ask(*arguments.asked)
            response = await self.registry.finish(call, await command.run(call, **_values(command, arguments)))
        except Ask as ask:
            assert not change.made, "a command asks before it writes"
            return await self._question(db, scene, command, arguments, ask, incoming), call
        await change.settle()
        if incoming.whispers and not incoming.private:
            response = await self._told_closed(db, scene, response)
        return await _placed(db, scene, response, incoming), call

    @staticmethod
    async def _told_closed(db: AsyncConnection, scene: Scene, response: Response) -> Response:
        """Tell a member, once and for themselves, that their private messages do not get through.

        Only where they read it at once: an answer that itself has to go there is read when it is not true any more.
        """
        account = scene.account
        if account.dm != "closed" or account.told or response.card is None or response.audience is not Audience.MEMBER:
            return response
        await people.told_closed(db, account, scene.now)
        told = Paragraph(say(scene.language, "dm-closed"))
        return replace(response, card=response.card.with_parts(told))

    # ------------------------------------------------------------ the scene

    async def _meet(self, db: AsyncConnection, incoming: Incoming, command: Command) -> Scene:
        group = await _group_at(db, incoming)
        zone = group.zone if group else self.zone
        now = self.clock()
        member, account = await people.meet(
            db, incoming.platform, incoming.account, clean_name(incoming.name), zone, self.language, now
        )
        if await people.seen(db, account, now, incoming.private):
            await schedule.heard(db, member.id, now)
        if group is not None and await people.enter(db, group.id, member.id, now) and member.zone != group.zone:
            # Met before there was a group: until they name a zone of their own, theirs is the group's.
            await people.live_by(db, member.id, group.zone)
            await schedule.refresh_member(db, member.id, now)
            member = await people.member(db, member.id)
        return await self._scene(db, incoming, group, account, member, mates=_names_somebody(command, incoming))

    async def _scene(
        self,
        db: AsyncConnection,
        incoming: Incoming,
        group: Group | None,
        account: people.Account,
        member: Member,
        *,
        mates: bool,
    ) -> Scene:
        groups = await people.groups_of(db, member.id)
        return Scene(
            now=self.clock(),
            member=member,
            account=account,
            address=incoming.address,
            private=incoming.private,
            leader=incoming.leader,
            group=group,
            groups=groups,
            enrolments=await studies.enrolments_of(db, member.id),
            roadmaps=self.roadmaps(),
            mates=await people.mates_of(db, [g.id for g in groups]) if mates else (),
        )

    async def _arguments(
        self, db: AsyncConnection, command: Command, rest: str, incoming: Incoming, scene: Scene
    ) -> Arguments:
        given: dict[str, Given] = {}
        first, _, tail = rest.partition(" ")
        if first.startswith(DRAFT + ":"):
            code = first.removeprefix(DRAFT + ":")
            known = re.fullmatch(r"[0-9a-z]{1,10}", code) is not None
            kept = await pending.draft(db, int(code, 36), scene.member.id) if known else None
            if kept is None:
                raise Refusal("refuse-outdated")
            given |= {name: File(**value) if isinstance(value, dict) else value for name, value in kept.items()}
            rest = tail
        for name, value in incoming.arguments.items():
            given[name] = await self._mate(db, value, scene) if isinstance(value, Somebody) else value
        return read(command, rest, given, scene)

    async def _mate(self, db: AsyncConnection, somebody: Somebody, scene: Scene) -> str:
        """The member behind an account that an argument points at, as MateKind reads it.

        Raises Refusal by the name they are called there: whether they exist elsewhere is not told.
        """
        known = await people.account(db, scene.account.platform, somebody.account)
        if known is None or known.member not in [member.id for member in (scene.member, *scene.mates)]:
            raise Refusal("refuse-member", text=quoted(somebody.name))
        return f"#{known.member}"

    # ------------------------------------------------------------ questions

    async def _question(
        self,
        db: AsyncConnection,
        scene: Scene,
        command: Command,
        arguments: Arguments,
        ask: Ask,
        incoming: Incoming,
    ) -> Response:
        """What is missing, as a menu where there are answers to choose from, else as free text."""
        options = self._options(command, arguments, ask, scene)
        given = {name: text for name, text in arguments.texts.items() if name not in ask.parameters}
        line = await self._line(db, command, given, ask.parameters, options, scene)
        # What leaders set is set where it is asked: in the chat it is about, never in a private one.
        audience = Audience.GROUP if command.leaders else Audience.MEMBER
        if not options:
            return Response(question=self._free_text(scene, command, line, ask), audience=audience)
        parameter = ask.parameters[0]
        answers = tuple(
            [
                Option(
                    shortened(s.label, 100),
                    await self._answer_line(db, scene, command, line, parameter, s.value, given),
                    shortened(s.description, 100),
                )
                for s in options[:CHOICES]
            ]
        )
        longest = max((answer.line for answer in answers), key=lambda text: len(text.encode()))
        choice = Choice(word(scene.language, "choose"), answers, only=owner_that_fits(longest, scene.member.id))
        card = Card(parts=(Paragraph(_asked(scene.language, command, ask)),), choice=choice)
        found = command.parameter(parameter)
        if len(options) > CHOICES or not (found and isinstance(found.kind, COMPLETE)):
            other = Button(word(scene.language, "other"), f"{line} {parameter}:{ASK}", only=scene.member.id)
            card = card.with_rows((other,))
        return await _placed(db, scene, Response(card, audience=audience), incoming)

    def _options(self, command: Command, arguments: Arguments, ask: Ask, scene: Scene) -> Sequence[Suggestion]:
        if len(ask.parameters) > 1 or ask.parameters[0] in arguments.asked:
            return ()
        if ask.options is not None:
            return ask.options
        parameter = command.parameter(ask.parameters[0])
        assert parameter is not None, f"/{command.name} has no {ask.parameters[0]}"
        return parameter.kind.suggest("", scene)

    async def _line(
        self,
        db: AsyncConnection,
        command: Command,
        given: Mapping[str, Given],
        asked: Sequence[str],
        options: Sequence[Suggestion],
        scene: Scene,
    ) -> str:
        """The command so far, short enough that every answer still fits on a button."""
        texts = [f"{name}:{quote(text)}" for name, text in given.items() if isinstance(text, str)]
        line = " ".join((command.name, *texts))
        if not given:
            return line
        longest = max(
            (f" {asked[0]}:{quote(s.value)}" for s in options[:CHOICES]), key=len, default=f" {asked[0]}:{ASK}"
        )
        if len(texts) == len(given) and _fits(sign(line + longest, scene.member.id)):
            return line
        return await self._draft(db, scene, command, given)

    async def _answer_line(
        self,
        db: AsyncConnection,
        scene: Scene,
        command: Command,
        line: str,
        parameter: str,
        value: str,
        given: Mapping[str, Given],
    ) -> str:
        """The command with one answer; the longest names of all are kept as a draft of their own."""
        name = "" if line == command.name and parameter == command.parameters[0].name else f"{parameter}:"
        answer = f"{line} {name}{quote(value)}"
        return answer if _fits(answer) else await self._draft(db, scene, command, {**given, parameter: value})

    @staticmethod
    async def _draft(db: AsyncConnection, scene: Scene, command: Command, given: Mapping[str, Given]) -> str:
        kept = {name: asdict(value) if isinstance(value, File) else value for name, value in given.items()}
        return f"{command.name} {DRAFT}:{base36(await pending.keep_draft(db, scene.member.id, kept, scene.now))}"

    @staticmethod
    def _free_text(scene: Scene, command: Command, line: str, ask: Ask) -> Question:
        inputs = []
        for position, name in enumerate(ask.parameters):
            parameter = command.parameter(name)
            assert parameter is not None
            hint = f"hint-{command.name}-{name}"
            inputs.append(
                Input(
                    name,
                    shortened(command.describe_parameter(scene.language, name), 45),
                    word(scene.language, hint) if has(hint) else "",
                    limit=min(parameter.kind.limit, 4000),
                    required=position == 0,
                    long=parameter.kind.text,
                )
            )
        title = plain(_asked(scene.language, command, ask))
        return Question(line, title, tuple(inputs), only=scene.member.id)

    def _already(self, scene: Scene, done: changes.Done, incoming: Incoming) -> Response:
        """A press or an update that was counted before: say so, change nothing."""
        id, variables = done.summary
        summary = say(scene.language, id, **variables)
        return Response(Card(parts=(Paragraph(say(scene.language, "already-counted", change=summary)),)))


def _fits(press: str) -> bool:
    """Whether every platform can carry a pressed line."""
    try:
        check_line(press)
    except LineTooLong:
        return False
    return True


def split(line: str) -> tuple[str, str]:
    """A line's command and the words after it."""
    name, *rest = line.split(maxsplit=1) or [""]
    return name, "".join(rest).strip()


def clean_name(name: str) -> str:
    """What somebody is called: as they are called there, on one line, without invisible or control characters."""
    visible = "".join(c for c in " ".join(name.split()) if c.isprintable() and not "\ue000" <= c <= "\uf8ff")
    return " ".join(visible.split())[: people.NAME_LENGTH] or "somebody"


def refused(refusal: Refusal, language: str) -> Card:
    """A polite no, with its ways out as buttons."""
    card = Card(parts=(Paragraph(say(language, refusal.id, **refusal.vars)),))
    buttons = []
    for label, line in refusal.ways:
        try:
            buttons.append(Button(shortened(label, 80), line))
        except LineTooLong:
            continue
    return card.with_rows(buttons) if buttons else card


async def _refuse_stranger(db: AsyncConnection, owner: int | None, member: int) -> None:
    """Raises Refusal for a press by somebody else than a button's owner, or who its owner became part of."""
    if owner is not None and owner != member and await linking.became(db, owner) != member:
        raise Refusal("refuse-owner")


async def _group_at(db: AsyncConnection, incoming: Incoming) -> Group | None:
    """The group whose home something was typed or pressed in."""
    return None if incoming.private else await people.group_at(db, incoming.address)


def _names_somebody(command: Command, incoming: Incoming) -> bool:
    """Whether a line could be about a mate: only then everybody in the member's groups is read."""
    takes = any(isinstance(parameter.kind, MateKind) for parameter in command.parameters)
    return takes and (" " in incoming.line.strip() or bool(incoming.arguments))


def _keys(incoming: Incoming) -> tuple[str | None, str | None]:
    update = None if incoming.update is None else f"{incoming.platform}:{incoming.update}"
    if incoming.pressed is None:
        return update, None
    address = incoming.address
    return update, f"{address.platform}:{address.chat}:{incoming.pressed}:{incoming.account}:{incoming.line}"


def _values(command: Command, arguments: Arguments) -> dict[str, Any]:
    return {p.name: arguments.values.get(p.name) for p in command.every_parameter}


async def _placed(db: AsyncConnection, scene: Scene, response: Response, incoming: Incoming) -> Response:
    """A press on one's own message is answered in its place; on the group's, beside it.

    Beside it too where the message holds other questions: those must not give way to an answer.
    """
    own = incoming.private or incoming.pressed_private
    mine = incoming.owner is not None and response.audience is Audience.GROUP
    if incoming.pressed is None or not (own or mine):
        return replace(response, edit=False)
    others = await outbox.holds_more(db, scene.member.id, incoming.pressed, scene.today)
    return replace(response, edit=not others)


def _asked(language: str, command: Command, ask: Ask) -> Spans:
    """The question's words: the command's own, else those of the parameter, else what the parameter means."""
    name = ask.parameters[0]
    if ask.id is not None:
        return say(language, ask.id, **ask.vars)
    id = next((id for id in (f"ask-{command.name}-{name}", f"ask-{name}") if has(id)), None)
    return (Text(command.describe_parameter(language, name)),) if id is None else say(language, id)
