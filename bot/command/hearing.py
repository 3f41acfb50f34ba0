"""The one way in for what a platform heard: each word, reply or press finds its command or the question it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.cards import Card, Input, LinkButton, Paragraph, Question, unsign
from bot.command.call import Audience, Incoming, Response, Somebody, answered
from bot.command.dispatch import Dispatch
from bot.command.faults import told
from bot.command.heard import (
    BotAdded,
    ChatStanding,
    Filled,
    Heard,
    Noticed,
    Origin,
    Pressed,
    PrivateClosed,
    Replied,
    Said,
)
from bot.command.parameters import TRACKS, File, MateKind, Suggestion
from bot.command.registry import Command, Registry
from bot.command.spoken import spoken
from bot.command.throttle import Throttle
from bot.command.whereabouts import Whereabouts
from bot.delivery import Address
from bot.domain.refusal import Refusal
from bot.store import Unavailable, belonging, people, questions
from bot.words import say, word

EXPLAINED_AGAIN = timedelta(seconds=20)
"""Who goes on talking is not interrupted at every message; who comes back to it is not left without an answer."""

OFFERED_AGAIN = timedelta(minutes=1)
"""A group is not told over and over how one member opens their private chat."""

CHECKIN = "checkin"
STRANGER = -1
"""The owner of what stands in somebody else's private chat: nobody who presses it."""

_DAILY = re.compile(rf"{CHECKIN} .*?(?:track:(?P<track>\w+) )?date:(?P<date>\S+)")
_ASKING = re.compile(r"(?P<line>.*?)(?P<asked>(?: \w+:\?)+)")

HeardArguments = Mapping[str, str | File | Somebody]


@dataclass
class Hearing:
    """Hears for every platform, and answers what calls for an answer. Never raises for what was said or pressed.

        hearing = Hearing(dispatch)
        response = await hearing(Said(origin, "1h30 indexes"))

    A platform translates what it heard into these values, and renders the response.
    """

    dispatch: Dispatch
    _explained: Throttle = field(default_factory=lambda: Throttle(EXPLAINED_AGAIN))
    _offered: Throttle = field(default_factory=lambda: Throttle(OFFERED_AGAIN))
    _whereabouts: Whereabouts = field(init=False)

    def __post_init__(self) -> None:
        self._whereabouts = Whereabouts(self.dispatch.store, self.dispatch.clock, self.language)

    @property
    def registry(self) -> Registry:
        """The commands there are, for a platform's own menus of them."""
        return self.dispatch.registry

    @property
    def language(self) -> str:
        """What is spoken where there is nobody whose language could be asked for."""
        return self.dispatch.language

    def now(self) -> datetime:
        """The moment it is, in UTC."""
        return self.dispatch.clock()

    async def __call__(self, heard: Heard) -> Response | None:
        """Carry out what was heard and answer it; None where there is nothing to say."""
        try:
            match heard:
                case Said():
                    return await self._said(heard)
                case Pressed():
                    return await self._pressed(heard)
                case Filled():
                    return await self.dispatch(await self._filled(heard))
                case _:
                    assert_never(heard)
        except Exception as error:
            origin = heard.origin
            return self.fault(f"what was heard on {origin.platform} could not be handled", error, origin.hint)

    def fault(self, what: str, error: Exception, hint: str | None = None) -> Response:
        """The apology for a fault of ours, which is logged as `what` under the reference that the apology names.

        A database that is away is none: what cannot be saved now is said, as it is for a command. `hint` is what the
        platform calls the reader's language.
        """
        return told(error, self.dispatch.language_of(hint), what, "apology-unsure")

    async def suggest(self, typing: Filled, parameter: str) -> list[Suggestion]:
        """What could stand for a parameter, given what has been typed of it; nothing where that cannot be said now."""
        try:
            return await self.dispatch.suggest(await self._filled(typing), parameter)
        except (Refusal, Unavailable):
            return []

    # ---------------------------------------------------------------- what is noted

    async def notice(self, noticed: Noticed) -> Response | None:
        """Note what happened around us. The response says so where it cannot be saved now.

        It is lost then, and shows again when something fails there.
        """
        try:
            await self._whereabouts.notice(noticed)
        except Unavailable as error:
            return self.fault("what happened could not be noted", error)
        return None

    async def added(self, added: BotAdded) -> Card | None:
        """Our greeting, once for each invitation; None where we are known, or where that cannot be looked up now."""
        with suppress(Unavailable):
            return await self._whereabouts.added(added)
        return None

    async def asked(self, origin: Origin, address: Address, message: str, question: Question) -> Response | None:
        """Remember that a message asks somebody: what they reply to it, or say in private next, is its answer.

        The response says so where that cannot be saved.
        """
        try:
            async with self.dispatch.store.writing() as db:
                await questions.remember(db, address, message, origin.account, question, self.now())
        except Unavailable as error:
            return self.fault("a question could not be remembered", error, origin.hint)
        return None

    async def unreached(self, origin: Origin, language: str, link: str | None) -> Card | None:
        """An answer for somebody alone did not reach them in private: what their chat is told, now and then.

        `link` opens the private chat; without one nothing needs to be said.
        """
        await self.notice(PrivateClosed(origin.platform, origin.account))
        if link is None or not self._offered.passes(self.now(), origin.account, origin.address.chat):
            return None
        button = LinkButton(word(language, "button-open-privately"), link)
        return Card(parts=(Paragraph(say(language, "answer-in-private")),), rows=((button,),))

    # ---------------------------------------------------------------- words

    async def _said(self, said: Said) -> Response | None:
        origin = said.origin
        if said.command and not self._concerns_us(said):
            return None
        if origin.anonymous:
            # Whoever posts as the chat, or as a channel of theirs, is nobody: there is no member to answer.
            return await self._anonymous(said) if said.command else None
        if said.command:
            return await self._carry_out(said, said.text)
        open_question = await self._open_question(said)
        if open_question is not None:
            line, texts = answered(open_question.line, open_question.inputs, [said.text])
            return await self._carry_out(said, line, texts, answers=open_question.message)
        if said.reply is not None and said.reply.other is not None and (response := await self._chosen(said)):
            return response
        if not origin.private:
            return None
        language = await self._language(origin)
        meant, day = self._meant(said, language)
        return self._explained_now(said, language) if meant is None else await self._carry_out(said, meant, day)

    def _concerns_us(self, said: Said) -> bool:
        """Whether a command is for us: in groups, one without our name that we do not have may be another bot's."""
        return said.origin.private or said.addressed or self._command(said.text) is not None

    async def _open_question(self, said: Said) -> questions.Pending | None:
        """The question that words answer: of the message they reply to; in private else the last one asked there."""
        origin, reply = said.origin, said.reply
        if not said.text or not (origin.private or reply):
            return None
        async with self.dispatch.store.reading() as db:
            if reply is not None:
                found = await questions.waiting(db, origin.address, reply.message, origin.account)
                if found is not None or not origin.private or _day_asked(reply):
                    return found
            return await questions.waiting(db, origin.address, None, origin.account)

    async def _chosen(self, said: Said) -> Response | None:
        """Take words for the answer of a menu, as if its Other… had been pressed and had asked."""
        assert said.reply is not None and said.reply.other is not None
        press, owner = unsign(said.reply.other)
        asking = _ASKING.fullmatch(press)
        if asking is None:
            return None
        names = [part.partition(":")[0] for part in asking["asked"].split()]
        line, texts = answered(asking["line"], [Input(name, name) for name in names], [said.text])
        return await self._carry_out(said, line, texts, owner=owner)

    async def _language(self, origin: Origin) -> str:
        """What somebody speaks; where that is not known, what their platform tells."""
        async with self.dispatch.store.reading() as db:
            known = await people.who(db, origin.platform, origin.account)
        return self.dispatch.language_of(origin.hint) if known is None else known[0].language

    def _meant(self, said: Said, language: str) -> tuple[str | None, HeardArguments]:
        """The line that words in private stand for, and the day they are about; None when it could be anything.

        In reply to the daily question all of them are its answer, but those that say another command.
        """
        words = said.text
        command = self._command(words)
        if command is not None and command.listed:
            return words, {}
        line, day = spoken(words, language), _day_asked(said.reply)
        if words and day and (line is None or self._command(line) == self._command(CHECKIN)):
            return f"{CHECKIN} {words}", day
        return line, {}

    async def _anonymous(self, said: Said) -> Response:
        """What everybody in the chat reads, so in the group's language."""
        async with self.dispatch.store.reading() as db:
            group = await belonging.group_at(db, said.origin.address)
        return self._simply("nobody-speaks", group.language if group else self.language, Audience.GROUP)

    def _explained_now(self, said: Said, language: str) -> Response | None:
        """Say what we understand, but not at every message of somebody who goes on."""
        origin = said.origin
        id = "free-text"
        if said.file is not None:
            id = "file-with-caption" if said.captioned else "file-with-message"
        if said.several or not self._explained.passes(self.now(), origin.platform, origin.account, id):
            return None
        return self._simply(id, language)

    # ---------------------------------------------------------------- lines

    async def _pressed(self, pressed: Pressed) -> Response | None:
        origin = pressed.origin
        line, owner = unsign(pressed.press)
        if origin.address.account not in (None, origin.account):
            owner = STRANGER
        incoming = await self._incoming(origin, line, {})
        pressed_on = replace(incoming, pressed=pressed.message, pressed_private=pressed.whispered, owner=owner)
        return await self.dispatch(pressed_on)

    async def _filled(self, filled: Filled) -> Incoming:
        given = {name: value for name, value in filled.arguments.items() if not isinstance(value, str) or value.strip()}
        incoming = await self._incoming(filled.origin, filled.line, given)
        return replace(incoming, owner=filled.owner, whispered=True)

    async def _carry_out(
        self,
        said: Said,
        line: str,
        given: HeardArguments | None = None,
        *,
        answers: str | None = None,
        owner: int | None = None,
    ) -> Response | None:
        arguments = dict[str, str | File | Somebody]()
        if said.file is not None:
            arguments["file"] = said.file
        if answers is None:
            line, mentioned = self._mentioned(line, said.mentions)
            arguments |= mentioned
        incoming = await self._incoming(said.origin, line, arguments | dict(given or {}))
        return await self.dispatch(replace(incoming, answers=answers, owner=owner))

    def _mentioned(self, line: str, mentions: tuple[Somebody, ...]) -> tuple[str, HeardArguments]:
        """The line without the member it names, and the member as the argument that is about one."""
        command = self._command(line)
        parameter = next((p for p in command.parameters if isinstance(p.kind, MateKind)), None) if command else None
        if parameter is None or not mentions:
            return line, {}
        # Only among the arguments: somebody may be called as a command is.
        name, blank, rest = line.partition(" ")
        return name + blank + rest.replace(mentions[0].name, "", 1), {parameter.name: mentions[0]}

    async def _incoming(self, origin: Origin, line: str, arguments: HeardArguments) -> Incoming:
        command = self._command(line)
        typed = " ".join([line, *(value for value in arguments.values() if isinstance(value, str))])
        led = command is not None and not origin.private and command.asks_who_leads(typed)
        standing = await origin.standing() if led else ChatStanding()
        return Incoming(
            platform=origin.platform,
            account=origin.account,
            name=origin.name,
            address=origin.address,
            line=line,
            update=origin.update,
            arguments=arguments,
            private=origin.private,
            leader=standing.leader,
            chat_name=origin.chat_name,
            missing=standing.missing,
            whispers=origin.whispers,
            hint=origin.hint,
        )

    def _command(self, line: str) -> Command | None:
        return self.dispatch.registry.named(line)

    def _simply(self, id: str, language: str, audience: Audience = Audience.MEMBER) -> Response:
        return Response(Card(parts=(Paragraph(say(language, id)),)), audience=audience, language=language)


def _day_asked(reply: Replied | None) -> dict[str, str]:
    """The day and track that a message of ours asks about, as its buttons say; empty when it asks about none."""
    for press in reply.presses if reply is not None else ():
        if asked := _DAILY.fullmatch(unsign(press)[0]):
            return {"date": asked["date"], "track": asked["track"] or TRACKS[0]}
    return {}
