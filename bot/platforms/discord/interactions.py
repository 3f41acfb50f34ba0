"""What members do on Discord, answered in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypedDict, cast

import aiohttp
import discord
from discord import InteractionType

from bot.cards import Button, Card, LineTooLong, Paragraph, Question, Text
from bot.command import Audience, Hearing, Response
from bot.command.heard import ChatStanding, Filled, Heard, Origin, Pressed
from bot.command.parameters import Suggestion
from bot.delivery import Address
from bot.pacing import Halted, TooLate
from bot.platforms.discord import outgoing, slash
from bot.platforms.discord.markdown import PLATFORM
from bot.platforms.discord.render import OPTION_LABEL, OPTIONS, RenderedMessage, carried, press_of, render
from bot.words import say, word

log = logging.getLogger(__name__)

DEFER_AFTER = 2.0
"""Seconds until an answer is put off. Discord gives up after 3; the rest is for the way there."""

UNREACHED = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, Halted, TooLate)
"""How an answer can fail to arrive: its token died, Discord is down, or the message was refused."""

UNKNOWN_MESSAGE = 10008
"""Discord, "JSON Error Codes"."""


class Component(TypedDict, total=False):
    """A field of a modal, or what holds one ("Components")."""

    custom_id: str
    value: str
    component: Component
    components: list[Component]


class Data(slash.CommandData, total=False):
    """What somebody filled in, pressed or chose ("Interaction Data")."""

    custom_id: str
    values: list[str]
    components: list[Component]


Send = Callable[..., Awaitable[object]]


async def handle(interaction: discord.Interaction, hearing: Hearing) -> None:
    """Carry out one interaction and answer it. Its effect stays, should the answer not arrive. Never raises."""
    try:
        if interaction.type is InteractionType.autocomplete:
            await _suggest(interaction, hearing)
        elif interaction.type is not InteractionType.ping:
            await _carry_out(interaction, hearing)
    except UNREACHED as error:
        # No traceback: it may show the token.
        log.warning("an answer to interaction %s did not arrive: %s", interaction.id, error)
    except Exception as error:
        response = hearing.fault(f"interaction {interaction.id} could not be handled", error, str(interaction.locale))
        await Reply(interaction).apologise(response)


async def _carry_out(interaction: discord.Interaction, hearing: Hearing) -> None:
    reply = Reply(interaction)
    working = asyncio.ensure_future(hearing(heard(interaction)))
    try:
        await asyncio.wait({working}, timeout=DEFER_AFTER)
        if not working.done():
            with suppress(*UNREACHED):
                # When it cannot be put off any more, what was asked for is still done.
                await reply.defer()
        response = await working
    finally:
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
    await reply.give(response)


async def _suggest(interaction: discord.Interaction, hearing: Hearing) -> None:
    """What could stand in the option being typed; nothing when that takes longer than typing goes on."""
    data = _data(interaction)
    found: Sequence[Suggestion] = ()
    try:
        async with asyncio.timeout(DEFER_AFTER):
            found = await hearing.suggest(_command(interaction), slash.focused(data) or "")
    except TimeoutError:
        log.debug("interaction %s got no suggestions in time", interaction.id)
    except Exception:
        log.exception("interaction %s got no suggestions", interaction.id)
    choices = [
        discord.app_commands.Choice(name=s.label[:OPTION_LABEL], value=s.value)
        for s in found
        if s.label and 0 < len(s.value) <= OPTION_LABEL
    ]
    await interaction.response.autocomplete(choices[:OPTIONS])


# ---------------------------------------------------------------- in


def heard(interaction: discord.Interaction) -> Heard:
    """What a member did, in the words of the house."""
    if interaction.type is InteractionType.component:
        return _press(interaction)
    return _modal(interaction) if interaction.type is InteractionType.modal_submit else _command(interaction)


def _press(interaction: discord.Interaction) -> Pressed:
    data = _data(interaction)
    assert interaction.message is not None, "what is pressed stands on a message"
    # The answers of a menu carry lines as buttons do.
    press = press_of(data["values"][0] if data.get("values") else data["custom_id"])
    whispered = interaction.guild_id is None or interaction.message.flags.ephemeral
    return Pressed(_origin(interaction), press, str(interaction.message.id), whispered=whispered)


def _modal(interaction: discord.Interaction) -> Filled:
    data = _data(interaction)
    line, owner = carried(data["custom_id"])
    return Filled(_origin(interaction), line, dict(_typed(data["components"])), owner)


def _command(interaction: discord.Interaction) -> Filled:
    data = _data(interaction)
    return Filled(_origin(interaction), data["name"], slash.arguments(data))


def _origin(interaction: discord.Interaction) -> Origin:
    user = interaction.user
    private = interaction.guild_id is None

    async def standing() -> ChatStanding:
        granted = interaction.permissions
        return ChatStanding(granted.manage_guild or granted.administrator, _missing(interaction))

    return Origin(
        platform=PLATFORM,
        account=str(user.id),
        name=user.display_name,
        address=Address.private_to(PLATFORM, str(user.id)) if private else _address(interaction),
        update=str(interaction.id),
        private=private,
        chat_name="" if private else _place(interaction),
        hint=str(interaction.locale),
        standing=standing,
    )


def _data(interaction: discord.Interaction) -> Data:
    return cast(Data, interaction.data or {})


def _address(interaction: discord.Interaction) -> Address:
    """The channel; of a thread, the channel it belongs to and the thread."""
    channel = interaction.channel
    if isinstance(channel, discord.Thread):
        return Address(PLATFORM, str(channel.parent_id), str(channel.id))
    return Address(PLATFORM, str(interaction.channel_id))


def _place(interaction: discord.Interaction) -> str:
    """What a place is called: its server and its channel."""
    guild = interaction.guild.name if interaction.guild else ""
    channel = getattr(interaction.channel, "name", None)
    return " ".join(filter(None, (guild, f"#{channel}" if channel else "")))


def _missing(interaction: discord.Interaction) -> tuple[str, ...]:
    """The permissions that we lack here, of those our messages need."""
    granted = interaction.app_permissions
    thread = isinstance(interaction.channel, discord.Thread)
    has = {
        "view": granted.view_channel,
        "send": granted.send_messages_in_threads if thread else granted.send_messages,
        "embed": granted.embed_links,
        "attach": granted.attach_files,
        "history": granted.read_message_history,
    }
    return tuple(name for name, given in has.items() if not given)


def _typed(components: list[Component]) -> Iterator[tuple[str, str]]:
    """The texts of a submitted modal by the ids of their inputs, whatever they are wrapped in."""
    for component in components:
        if "value" in component:
            yield component["custom_id"], component["value"]
        yield from _typed([component["component"]] if "component" in component else component.get("components", []))


# ---------------------------------------------------------------- out


class Reply:
    """The answer to one interaction.

    A deferred answer cannot change who sees it, so it is deferred as a private one: an answer for all then follows it.
    """

    def __init__(self, interaction: discord.Interaction) -> None:
        self._interaction = interaction
        # A press is put off without a trace; a command shows that we are thinking.
        self._thinks = interaction.message is None
        self._deferred = False

    async def defer(self) -> None:
        """Gain 15 minutes."""
        # In a private chat there is nobody to hide from, and what is hidden there does not stay.
        ephemeral = self._interaction.guild_id is not None
        await self._interaction.response.defer(ephemeral=ephemeral, thinking=self._thinks)
        self._deferred = True

    async def give(self, response: Response | None) -> None:
        """Answer. Raises one of UNREACHED when that does not arrive."""
        if response is not None and response.question is not None:
            await self._ask(response.question, response.language)
        elif response is not None and response.card is not None:
            await self._show(response, response.card)
        else:
            await self._nothing()

    async def _nothing(self) -> None:
        if not self._deferred:
            await self.defer()
        if self._thinks:
            await self._interaction.delete_original_response()

    async def _ask(self, question: Question, language: str) -> None:
        """Open a modal; where none may be opened (late, or in answer to another), a button that does."""
        if self._deferred or self._interaction.type is InteractionType.modal_submit:
            card = asking(question, language)
            await self._show(Response(card, language=language), card)
        else:
            await self._interaction.response.send_modal(outgoing.modal(question))

    async def _show(self, response: Response, card: Card) -> None:
        whisper = response.audience is Audience.MEMBER and self._interaction.guild_id is not None
        first, *rest = render(card)
        if response.edit:
            placed = await self._replace(first)
        elif self._deferred and self._thinks:
            placed = whisper or self._interaction.guild_id is None
            if placed:
                await outgoing.show(first, self._complete)
            else:
                await self._interaction.edit_original_response(content=word(response.language, "answered-for-all"))
        else:
            placed = False
        for message in rest if placed else (first, *rest):
            await self._add(message, whisper)

    async def _complete(self, message: RenderedMessage) -> None:
        await self._interaction.edit_original_response(**outgoing.replacing(message))

    async def _replace(self, message: RenderedMessage) -> bool:
        """Put a message in the place of the pressed one; False when somebody has deleted that."""
        change: Send = self._interaction.response.edit_message
        if self._deferred:
            change = self._interaction.edit_original_response
        try:
            await outgoing.show(message, lambda shown: change(**outgoing.replacing(shown)))
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return False
        return True

    async def _add(self, message: RenderedMessage, whisper: bool) -> None:
        """Show a message below what there is; the first one of all is what Discord waits for."""
        send: Send = self._interaction.response.send_message
        if self._interaction.response.is_done():
            send = self._interaction.followup.send
        await outgoing.show(message, lambda shown: send(ephemeral=whisper, **outgoing.new(shown)))

    async def apologise(self, apology: Response) -> None:
        """Tell who waits for an answer that there is none, and how to ask about it."""
        if apology.card is not None:
            with suppress(*UNREACHED):
                await self._add(render(apology.card)[0], whisper=self._interaction.guild_id is not None)


def asking(question: Question, language: str) -> Card:
    """A question as a card: a press asks it anew, and may then open a modal."""
    asked = Card(parts=(Paragraph((Text(question.title),)),))
    for inputs in (question.inputs, question.inputs[:1]):
        line = " ".join((question.line, *(f"{item.parameter}:?" for item in inputs)))
        try:
            return asked.with_rows(
                (Button(word(language, "button-answer"), line, only=question.only, style="primary"),)
            )
        except LineTooLong:
            continue
    return asked.with_parts(Paragraph(say(language, "refuse-outdated")))
