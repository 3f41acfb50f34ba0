"""The stand-in Discord, driven by users on one side and by the real discord.py client on the other."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

from tests.fakes.discord_server import (
    Channel,
    DiscordServer,
    Exchange,
    Guild,
    Limit,
    Message,
    NotOfferedError,
    Permission,
    User,
)
from tests.fakes.discord_server.traffic import Pulse
from tests.fakes.discord_spec import discord_specification
from tests.fakes.patience import PATIENCE

STEPS = ["typed-language", "http-rest", "sql", "observability"]


class Clock:
    """A clock a test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, span: timedelta) -> None:
        self.moment += span


class Press(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"line:(?P<line>.+)"):
    """A button that works without the view that made it, as after a restart."""

    def __init__(self, line: str, label: str = "Undo") -> None:
        super().__init__(discord.ui.Button(label=label, custom_id=f"line:{line}"))
        self.line = line

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        return cls(match["line"])

    async def callback(self, interaction: discord.Interaction) -> Any:
        await interaction.response.edit_message(content=f"pressed {self.line}", view=None)


class NoteModal(discord.ui.Modal, title="A note"):
    """A modal with a labelled text input."""

    note: discord.ui.Label[Self] = discord.ui.Label(
        text="What did you do?", component=discord.ui.TextInput(custom_id="note", max_length=50)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.note.component, discord.ui.TextInput)
        await interaction.response.send_message(f"noted: {self.note.component.value}", ephemeral=True)


class Bot(discord.Client):
    """A small real client: what these tests need of a bot, and the errors its commands met."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        super().__init__(intents=intents or _intents(), max_messages=None, guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.changes = Pulse()
        self.errors: list[BaseException] = []
        self.joined: list[str] = []
        self.removed: list[str] = []
        self.heard: list[str] = []
        self.tree.error(self._failed)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.changes.beat()

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Press)
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py pauses five seconds before it identifies again; Discord wants that, these tests do not."""

    async def _failed(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        self.errors.append(error.__cause__ or error)
        self.changes.beat()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.joined.append(guild.name)
        self.changes.beat()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.removed.append(guild.name)
        self.changes.beat()

    async def on_message(self, message: discord.Message) -> None:
        if not message.author.bot:
            self.heard.append(message.content)
            self.changes.beat()


def _intents() -> discord.Intents:
    intents = discord.Intents.none()
    intents.guilds = intents.guild_messages = intents.dm_messages = True
    return intents


class World:
    """A server with one guild, its channel and two members, of whom asha owns the guild."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.server = DiscordServer(clock=clock)
        self.asha = self.server.add_user("asha", global_name="Asha")
        self.ravi = self.server.add_user("ravi", locale="de")
        self.guild: Guild = self.server.add_guild("Study", self.asha)
        self.guild.join(self.ravi)
        self.channel: Channel = self.guild.add_channel("roadmate")
        self.server.invite_bot(self.guild)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    world = World(Clock())
    async with world.server as server:
        monkeypatch.setattr(discord.http.Route, "BASE", server.api_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
        yield world


Handler = Callable[[discord.Interaction], Any]


@asynccontextmanager
async def running(world: World, bot: Bot) -> AsyncIterator[Bot]:
    """Runs the client until the test's block ends; whatever it did must have kept to the description."""
    task = asyncio.create_task(bot.start(world.server.token))
    try:
        await world.server.ready()
        yield bot
    finally:
        await bot.close()
        await task
    assert world.server.violations == []


@asynccontextmanager
async def answering(world: World, handler: Handler) -> AsyncIterator[Bot]:
    """Runs a client whose one command, /go, is the handler."""
    bot = Bot()

    @bot.tree.command(name="go", description="Does what the test says")
    async def go(interaction: discord.Interaction) -> None:
        await handler(interaction)

    async with running(world, bot):
        yield bot


async def until(bot: Bot, look: Callable[[], object]) -> None:
    """Waits until the client's side shows what is looked for."""
    await bot.changes.until(lambda: look() or None, PATIENCE, "the client")


async def go(world: World, user: User | None = None, channel: Channel | None = None) -> Exchange:
    return await world.server.slash(user or world.asha, channel or world.channel, "go")


# ---- connecting


async def test_connects_and_sees_its_guild(world: World) -> None:
    world.channel.deny(Permission.ATTACH_FILES)
    async with running(world, Bot()) as bot:
        await bot.wait_until_ready()
        guild = bot.get_guild(world.guild.id)
        assert guild is not None and guild.name == "Study" and bot.user is not None
        channel = guild.get_channel(world.channel.id)
        assert channel is not None and channel.name == "roadmate"
        permissions = channel.permissions_for(guild.me)
        assert permissions.send_messages and not permissions.attach_files
        assert (await bot.application_info()).name == "roadmate"


async def test_privileged_intents_and_wrong_tokens_are_refused(world: World) -> None:
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with Bot(discord.Intents.all()) as bot:
            await bot.start(world.server.token)
    with pytest.raises(discord.LoginFailure):
        async with Bot() as bot:
            await bot.start("nonsense")
    assert world.server.gateway.closed_with == [4014]
    assert world.server.invalid_requests == 1


async def test_gateway_refuses_what_breaks_its_protocol(world: World) -> None:
    async def closed_after(*payloads: str) -> int | None:
        async with aiohttp.ClientSession() as session, session.ws_connect(world.server.gateway_url) as socket:
            for payload in payloads:
                await socket.send_str(payload)
            async for _ in socket:
                pass
            return socket.close_code

    identify = f'{{"op": 2, "d": {{"token": "{world.server.token}", "intents": 1}}}}'
    assert await closed_after("{") == 4002
    assert await closed_after('{"op": 3}') == 4003
    assert await closed_after('{"op": 2, "d": {"token": "wrong", "intents": 1}}') == 4004
    assert await closed_after(identify, identify) == 4005
    assert await closed_after('{"op": 99}') == 4001


async def test_resumes_after_a_drop_and_misses_nothing(world: World) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("still here")

    async with answering(world, answer):
        world.server.gateway.drop()
        # The press happens while nobody is connected; the session replays it.
        exchange = await go(world)
        assert exchange.reply is not None and exchange.reply.content == "still here"
        await world.server.resumed()
        world.server.gateway.ask_to_reconnect()
        await world.server.resumed(times=2)
        assert world.server.gateway.identified == 1


async def test_identifies_anew_when_its_session_is_invalid(world: World) -> None:
    async with running(world, Bot()):
        world.server.gateway.invalidate()
        await world.server.ready(identified=2)
        assert len(world.server.gateway.sessions) == 1 and world.server.gateway.resumed == 0
        world.server.gateway.sessions.clear()
        world.server.gateway.drop()
        # It tries to resume what is forgotten, is told so by op 9, and identifies.
        await world.server.ready(identified=3)


async def test_told_when_added_and_when_removed(world: World) -> None:
    async with running(world, Bot()) as bot:
        await bot.wait_until_ready()
        other = world.server.add_guild("Second", world.ravi)
        place = other.add_channel("general")
        world.server.invite_bot(other)
        await until(bot, lambda: bot.get_channel(place.id))
        thread = place.add_thread("week 1", world.ravi)
        await until(bot, lambda: bot.get_channel(thread.id))
        other.kick_bot()
        await until(bot, lambda: bot.removed)
        assert (bot.joined, bot.removed) == (["Second"], ["Second"])
        with pytest.raises(discord.NotFound) as caught:
            await bot.fetch_guild(other.id)
        assert caught.value.code == 10004


# ---- commands


def steps_bot() -> Bot:
    """A client with /done, of one completed option and a few of other kinds, and a leaders' /setup."""
    bot = Bot()

    @bot.tree.command(name="done", description="Marks a step done")
    async def done(
        interaction: discord.Interaction,
        step: str,
        minutes: app_commands.Range[int, 1, 600] | None = None,
        member: discord.User | discord.Member | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        data = await file.read() if file else b""
        await interaction.response.send_message(f"{step} {minutes} {member} {data.decode()}")

    @done.autocomplete("step")
    async def complete(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=step, value=step) for step in STEPS if typed in step]

    @bot.tree.command(name="setup", description="Makes this the group's home")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def setup(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(str(interaction.permissions.manage_guild), ephemeral=True)

    return bot


async def test_slash_command_with_every_kind_of_option(world: World) -> None:
    server = world.server
    async with running(world, steps_bot()):
        values: dict[str, object] = {"step": "http-rest", "minutes": 30, "member": world.ravi}
        files = {"file": ("proof.txt", b"it works", "text/plain")}
        exchange = await server.slash(world.asha, world.channel, "done", values, files=files)
        assert exchange.reply is not None and not exchange.ephemeral
        assert exchange.reply.content == "http-rest 30 ravi it works"
        assert server.messages(world.channel) == [exchange.reply]
        assert exchange.acknowledged_after is not None and exchange.acknowledged_after < 3
        in_private = await server.slash(world.asha, server.dm(world.asha), "done", {"step": "sql"})
        assert server.dms(world.asha) == [in_private.reply]


async def test_client_offers_only_what_is_registered(world: World) -> None:
    server, asha, channel = world.server, world.asha, world.channel
    async with running(world, steps_bot()):
        calls: list[tuple[str, dict[str, object]]] = [
            ("undo", {}),
            ("done", {}),
            ("done", {"step": "sql", "what": 1}),
            ("done", {"step": 1}),
            ("done", {"step": "sql", "minutes": 601}),
            ("done", {"step": "sql", "minutes": True}),
        ]
        for name, values in calls:
            with pytest.raises(NotOfferedError):
                await server.slash(asha, channel, name, values)
        with pytest.raises(NotOfferedError, match="needs permissions"):
            await server.slash(world.ravi, channel, "setup")
        with pytest.raises(NotOfferedError, match="direct message"):
            await server.slash(asha, server.dm(asha), "setup")
        with pytest.raises(NotOfferedError, match="not in this channel"):
            await server.slash(server.add_user("stranger"), channel, "done", {"step": "sql"})
        everyone = world.guild.roles[world.guild.id]
        everyone.permissions &= ~Permission.USE_APPLICATION_COMMANDS
        with pytest.raises(NotOfferedError, match="may not use commands"):
            await server.slash(world.ravi, channel, "done", {"step": "sql"})
        everyone.permissions |= Permission.USE_APPLICATION_COMMANDS
        leader = server.add_user("mei")
        world.guild.join(leader, permissions=Permission.MANAGE_GUILD)
        exchange = await server.slash(leader, channel, "setup")
        assert exchange.reply is not None and exchange.reply.content == "True"


async def test_autocomplete(world: World) -> None:
    async with running(world, steps_bot()):
        choices = await world.server.autocomplete(world.asha, world.channel, "done", {"step": "s"}, focused="step")
        assert [choice.value for choice in choices] == ["http-rest", "sql", "observability"]


async def test_synced_commands_keep_their_ids(world: World) -> None:
    async with running(world, steps_bot()) as bot:
        before = {command.name: command.id for command in await bot.tree.fetch_commands()}
        assert set(before) == {"done", "setup"}
        bot.tree.remove_command("setup")
        await bot.tree.sync()
        after = {command.name: command.id for command in await bot.tree.fetch_commands()}
        assert after == {"done": before["done"]}


# ---- answering


async def test_ephemeral_reply_is_for_one_reader(world: World) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(
            "yours alone", ephemeral=True, view=discord.ui.View().add_item(Press("x"))
        )
        await interaction.followup.send("for all")

    async with answering(world, answer) as bot:
        exchange = await (await go(world)).wait(lambda it: it.followups)
        reply = exchange.reply
        assert reply is not None and exchange.ephemeral and reply.buttons == ["Undo"]
        assert world.server.messages(world.channel) == exchange.followups
        channel = bot.get_channel(world.channel.id)
        assert isinstance(channel, discord.TextChannel)
        with pytest.raises(discord.NotFound) as caught:
            await channel.fetch_message(reply.id)
        assert caught.value.code == 10008
        with pytest.raises(NotOfferedError, match="does not see"):
            await world.server.press(world.ravi, reply, "Undo")
        assert (await world.server.press(world.asha, reply, "Undo")).edited
        assert reply.content == "pressed x" and reply.ephemeral


async def test_deferred_reply_becomes_the_answer(world: World) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=interaction.user.id == world.ravi.id, thinking=True)
        await interaction.followup.send(f"done, {interaction.user.mention}")
        await interaction.edit_original_response(content="done indeed")

    async with answering(world, answer):
        public = await (await go(world)).wait(lambda it: it.reply and it.reply.edited_at)
        assert public.reply is not None and public.reply.content == "done indeed"
        assert public.reply.pings == {world.asha.id}
        assert world.server.messages(world.channel) == [public.reply] and public.followups == []
        private = await (await go(world, world.ravi)).wait(lambda it: it.reply and it.reply.edited_at)
        assert private.ephemeral and world.server.messages(world.channel) == [public.reply]


async def test_press_works_in_a_client_that_never_made_the_button(world: World) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("A?", view=discord.ui.View().add_item(Press("undo 8f3k")))

    async with answering(world, answer):
        reply = (await go(world)).reply
    assert reply is not None
    async with running(world, Bot()):
        pressed = await world.server.press(world.ravi, reply, "line:undo 8f3k")
        assert pressed.edited and pressed.reply is reply and reply.content == "pressed undo 8f3k"
        assert reply.buttons == [] and reply.edited_at is not None
        with pytest.raises(NotOfferedError):
            await world.server.press(world.ravi, reply, "Undo")


async def test_select_and_modal(world: World) -> None:
    class Menu(discord.ui.View):
        @discord.ui.select(
            options=[discord.SelectOption(label=step.upper(), value=step) for step in STEPS], max_values=2
        )
        async def chosen(self, interaction: discord.Interaction, select: discord.ui.Select[discord.ui.View]) -> None:
            if len(select.values) == 2:
                await interaction.response.send_modal(NoteModal())
            else:
                await interaction.response.send_message(f"chose {select.values}")

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Which?", view=Menu(timeout=None))

    server, asha = world.server, world.asha
    async with answering(world, answer):
        reply = (await go(world)).reply
        assert reply is not None
        one = await server.choose(asha, reply, ["SQL"])
        assert one.reply is not None and one.reply.content == "chose ['sql']" and not one.edited
        modal = (await server.choose(asha, reply, ["sql", "HTTP-REST"])).modal
        assert modal is not None and modal.title == "A note" and list(modal.inputs) == ["What did you do?"]
        for wrong in ({}, {"note": "x" * 51}, {"note": "fine", "other": "?"}):
            with pytest.raises(NotOfferedError):
                await server.submit(asha, modal, wrong)
        submitted = await server.submit(asha, modal, {"What did you do?": "read"})
        assert submitted.reply is not None and submitted.reply.content == "noted: read"
        for wanted in (["rust"], [], STEPS):
            with pytest.raises(NotOfferedError):
                await server.choose(asha, reply, wanted)


async def test_modal_of_a_button_may_change_the_message_it_came_from(world: World) -> None:
    class Edit(NoteModal):
        async def on_submit(self, interaction: discord.Interaction) -> None:
            assert isinstance(self.note.component, discord.ui.TextInput)
            await interaction.response.edit_message(content=self.note.component.value)

    class Card(discord.ui.View):
        @discord.ui.button(label="Write")
        async def write(self, interaction: discord.Interaction, button: discord.ui.Button[discord.ui.View]) -> None:
            await interaction.response.send_modal(Edit())

        @discord.ui.button(emoji="⏸")
        async def pause(self, interaction: discord.Interaction, button: discord.ui.Button[discord.ui.View]) -> None:
            await interaction.response.defer()
            await interaction.edit_original_response(content="paused", view=None)

        @discord.ui.select(cls=discord.ui.UserSelect)
        async def who(self, interaction: discord.Interaction, select: discord.ui.UserSelect[discord.ui.View]) -> None:
            await interaction.response.send_message(f"{select.values[0].name}", ephemeral=True)

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("empty", view=Card(timeout=None))

    server, asha = world.server, world.asha
    async with answering(world, answer):
        for channel in (world.channel, server.dm(asha), world.channel.add_thread("week 1", world.ravi)):
            reply = (await go(world, channel=channel)).reply
            assert reply is not None and reply.channel is channel and reply.buttons == ["Write", "⏸"]
            modal = (await server.press(asha, reply, "Write")).modal
            assert modal is not None
            with pytest.raises(NotOfferedError, match="only by whom"):
                await server.submit(world.ravi, modal, {"note": "x"})
            assert (await server.submit(asha, modal, {"note": "written"})).edited
            assert reply.content == "written"
            chosen = await server.choose(asha, reply, [asha])
            assert chosen.reply is not None and chosen.reply.content == "asha" and chosen.ephemeral
            assert (await server.press(asha, reply, "⏸")).edited and reply.content == "paused"


async def test_redelivered_interaction_has_the_same_id(world: World) -> None:
    seen: list[int] = []

    async def answer(interaction: discord.Interaction) -> None:
        seen.append(interaction.id)
        await interaction.response.send_message("once")

    async with answering(world, answer) as bot:
        exchange = await go(world)
        world.server.redeliver(exchange)
        await until(bot, lambda: bot.errors)
        assert seen == [exchange.id, exchange.id] and len(world.server.messages(world.channel)) == 1


async def test_late_answer_is_dead_and_a_second_one_refused(world: World) -> None:
    world.server.interactions.seconds_to_answer = 0.05
    turn = asyncio.Event()

    async def answer(interaction: discord.Interaction) -> None:
        if interaction.user.id == world.ravi.id:
            await turn.wait()
            await interaction.response.send_message("too late")
        await interaction.response.send_message("in time")
        interaction.response._response_type = None
        await interaction.response.send_message("twice")

    async with answering(world, answer) as bot:
        late = await go(world, world.ravi)
        assert late.failed and late.reply is None
        turn.set()
        assert (await go(world)).reply is not None
        await until(bot, lambda: len(bot.errors) == 2)
        codes = {error.code for error in bot.errors if isinstance(error, discord.HTTPException)}
        assert codes == {10062, 40060}


async def test_token_lives_fifteen_minutes(world: World) -> None:
    expired = asyncio.Event()

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("first")
        await expired.wait()
        await interaction.followup.send("second")

    async with answering(world, answer) as bot:
        await go(world)
        world.clock.forward(timedelta(minutes=15))
        expired.set()
        await until(bot, lambda: bot.errors)
        assert isinstance(bot.errors[0], discord.HTTPException) and bot.errors[0].code == 50027


# ---- messages


async def channel_of(world: World, bot: Bot) -> discord.TextChannel:
    await bot.wait_until_ready()
    channel = bot.get_channel(world.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_message_with_embed_picture_and_edit(world: World) -> None:
    async with running(world, Bot()) as bot:
        channel = await channel_of(world, bot)
        embed = discord.Embed(title="Board", description="This week").add_field(name="1", value="Ravi")
        embed.set_image(url="attachment://board.png").set_footer(text="60 h")
        sent = await channel.send("Look", embed=embed, file=discord.File(io.BytesIO(b"png"), "board.png"))
        message = await world.server.wait_message(world.channel)
        assert message.text == "Look\nBoard\nThis week\n1\nRavi\n60 h"
        assert await sent.attachments[0].read() == b"png" == message.attachments[0].data
        assert (sent.embeds[0].image.url or "").startswith("http") and message.edited_at is None
        await sent.edit(content="Look again", attachments=[])
        assert (message.content, message.attachments, message.embeds[0]["title"]) == ("Look again", [], "Board")
        assert [found.id async for found in channel.history()] == [message.id]
        await sent.delete()
        assert world.server.messages(world.channel) == [] and message.deleted


async def test_dm_open_and_closed(world: World) -> None:
    async with running(world, Bot()) as bot:
        asha = await bot.fetch_user(world.asha.id)
        await asha.send("Did you study today?")
        assert [message.content for message in world.server.dms(world.asha)] == ["Did you study today?"]
        world.asha.dms_open = False
        with pytest.raises(discord.Forbidden) as caught:
            await asha.send("Hello?")
        assert caught.value.code == 50007
        stranger = await bot.fetch_user(world.server.add_user("stranger").id)
        with pytest.raises(discord.Forbidden) as caught:
            await stranger.send("Hello?")
        assert caught.value.code == 50278
        assert len(world.server.dms(world.asha)) == 1


async def test_hears_messages_only_in_private_or_when_named(world: World) -> None:
    async with running(world, Bot()) as bot:
        world.server.says(world.asha, world.channel, "secret")
        world.server.says(world.asha, world.channel, f"{world.server.bot.mention} hello")
        world.server.says(world.ravi, world.server.dm(world.ravi), "done sql")
        await until(bot, lambda: len(bot.heard) == 3)
        assert bot.heard == ["", f"{world.server.bot.mention} hello", "done sql"]


async def test_nonce_is_enforced_for_its_window(world: World) -> None:
    async with running(world, Bot()) as bot:
        channel = await channel_of(world, bot)
        first = await channel.send("once", nonce="daily-17")
        assert (await channel.send("once", nonce="daily-17")).id == first.id
        assert first.nonce == "daily-17" and (await channel.fetch_message(first.id)).nonce is None
        world.clock.forward(timedelta(minutes=6))
        assert (await channel.send("once", nonce="daily-17")).id != first.id
        assert len(world.server.messages(world.channel)) == 2


async def test_sent_once_though_the_answer_was_lost(world: World) -> None:
    async with running(world, Bot()) as bot:
        channel = await channel_of(world, bot)
        world.server.fail("POST", r"/messages$", drop=True, after_accept=True)
        with pytest.raises(aiohttp.ClientError):
            await channel.send("once", nonce="k1")
        await channel.send("once", nonce="k1")
        assert len(world.server.messages(world.channel)) == 1
        world.server.fail("POST", r"/messages$", status=503, json={"message": "no", "code": 0})
        with pytest.raises(discord.DiscordServerError):
            await channel.send("never")
        assert [message.content for message in world.server.messages(world.channel)] == ["once"]


async def test_rate_limits(world: World) -> None:
    async with running(world, Bot()) as bot:
        channel = await channel_of(world, bot)
        world.server.rate_limit("POST", r"/messages$", retry_after=0.05)
        await channel.send("after a while")
        statuses = [it.status for it in world.server.requests if it.path.endswith("/messages")]
        assert statuses == [429, 200] and world.server.invalid_requests == 1
        world.server.buckets.routes["POST /channels/{channel_id}/messages"] = Limit(2, 0.1)
        await asyncio.gather(*(channel.send(str(number)) for number in range(4)))
        assert len(world.server.messages(world.channel)) == 5
    limited = DiscordServer(clock=world.clock)
    async with limited, aiohttp.ClientSession(headers={"Authorization": f"Bot {limited.token}"}) as session:
        limited.buckets.everything = Limit(2, 60)
        answers = [await session.get(f"{limited.api_url}/users/@me") for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert answers[2].headers["Via"] and answers[2].headers["X-RateLimit-Global"] == "true"
        assert (await answers[2].json())["global"] is True
        assert answers[0].headers["X-RateLimit-Remaining"] == "999"


async def test_permissions_of_the_bot(world: World) -> None:
    async with running(world, Bot()) as bot:
        channel = await channel_of(world, bot)
        world.channel.deny(Permission.EMBED_LINKS)
        await channel.send("plain")
        for denied, code in ((Permission.SEND_MESSAGES, 50013), (Permission.VIEW_CHANNEL, 50001)):
            world.channel.deny(denied)
            with pytest.raises(discord.Forbidden) as caught:
                await channel.send("no")
            assert caught.value.code == code
        world.channel.allow(Permission.SEND_MESSAGES | Permission.VIEW_CHANNEL)
        with pytest.raises(discord.Forbidden):
            await channel.send(embed=discord.Embed(title="no"))
        world.channel.delete()
        with pytest.raises(discord.NotFound) as missing:
            await channel.send("no")
        assert missing.value.code == 10003


# ---- limits


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"components": [{"type": 1, "components": list(parts)}]}


def button(**changes: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go"} | changes


def select(**changes: Any) -> dict[str, Any]:
    option = {"label": "SQL", "value": "sql"}
    return {"type": 3, "custom_id": "menu", "options": [option]} | changes


def option(number: int) -> dict[str, Any]:
    return {"label": f"Step {number}", "value": str(number)}


GOOD_BODIES: list[dict[str, Any]] = [
    {"content": "x" * 2000},
    {"embeds": [{"title": "x" * 256, "description": "y" * 4096, "footer": {"text": "z" * 1648}}]},
    {"content": "x", **row(*(button(custom_id=str(number)) for number in range(5)))},
    {"content": "x", **row(button(custom_id="x" * 100, label="y" * 80, emoji={"name": "✅"}))},
    {"content": "x", **row(select(options=[option(number) for number in range(25)]))},
]
BAD_BODIES: list[tuple[str, dict[str, Any]]] = [
    ("content", {"content": "x" * 2001}),
    ("embeds.0.title", {"embeds": [{"title": "x" * 257}]}),
    ("embeds.0.description", {"embeds": [{"description": "x" * 4097}]}),
    ("embeds.0.fields", {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]}),
    ("embeds.0.fields.0.name", {"embeds": [{"fields": [{"name": "x" * 257, "value": "b"}]}]}),
    ("embeds.0.fields.0.value", {"embeds": [{"fields": [{"name": "a", "value": "x" * 1025}]}]}),
    ("embeds.0.fields.0.value", {"embeds": [{"fields": [{"name": "a", "value": ""}]}]}),
    ("embeds.0.footer.text", {"embeds": [{"footer": {"text": "x" * 2049}}]}),
    ("embeds.0.author.name", {"embeds": [{"author": {"name": "x" * 257}}]}),
    ("embeds.0.url", {"embeds": [{"title": "x", "url": "javascript:alert(1)"}]}),
    ("embeds", {"embeds": [{"description": "x" * 3001}] * 2}),
    ("embeds", {"embeds": [{"title": "x"}] * 11}),
    ("components", {"content": "x", "components": row(button())["components"] * 6}),
    ("components", {"content": "x", **row(button(), button())}),
    ("components.0.components", {"content": "x", **row(*(button(custom_id=str(n)) for n in range(6)))}),
    ("components.0.components", {"content": "x", **row(select(), button())}),
    ("components.0.components", {"content": "x", **row()}),
    ("components.0.components.0.custom_id", {"content": "x", **row(button(custom_id="x" * 101))}),
    ("components.0.components.0.custom_id", {"content": "x", **row(button(custom_id=""))}),
    ("components.0.components.0.label", {"content": "x", **row(button(label="x" * 81))}),
    ("components.0.components.0", {"content": "x", **row(button(label=""))}),
    ("components.0.components.0.style", {"content": "x", **row(button(style=9))}),
    ("components.0.components.0.url", {"content": "x", **row(button(style=5, custom_id=None))}),
    ("components.0.components.0.emoji.name", {"content": "x", **row(button(emoji={"name": "tick"}))}),
    ("components.0.components.0.placeholder", {"content": "x", **row(select(placeholder="x" * 151))}),
    ("components.0.components.0.options", {"content": "x", **row(select(options=[]))}),
    ("components.0.components.0.options", {"content": "x", **row(select(options=[option(1), option(1)]))}),
    (
        "components.0.components.0.options",
        {"content": "x", **row(select(options=[option(number) for number in range(26)]))},
    ),
    (
        "components.0.components.0.options.0.label",
        {"content": "x", **row(select(options=[{"label": "x" * 101, "value": "1"}]))},
    ),
    (
        "components.0.components.0.options.0.description",
        {"content": "x", **row(select(options=[{**option(1), "description": "x" * 101}]))},
    ),
    ("allowed_mentions", {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}),
    ("nonce", {"content": "x", "nonce": "x" * 26}),
]


def faulty(errors: dict[str, Any], path: str = "") -> list[str]:
    """The dotted paths at which an `errors` tree says something."""
    found = [path] if "_errors" in errors else []
    for key, node in errors.items():
        if key != "_errors":
            found += faulty(node, f"{path}.{key}" if path else key)
    return found


async def test_limits_of_messages(world: World) -> None:
    server = world.server
    url = f"{server.api_url}/channels/{world.channel.id}/messages"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:

        async def send(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            async with session.post(url, json=body) as answer:
                return answer.status, await answer.json()

        for body in GOOD_BODIES:
            status, answer = await send(body)
            assert status == 200, answer
        assert server.violations == []
        for path, body in BAD_BODIES:
            status, answer = await send(body)
            assert (status, answer["code"], faulty(answer["errors"])) == (400, 50035, [path])
        for body in ({"content": " \n"}, {}, {"embeds": [{"type": "rich"}]}, row(button())):
            assert (await send(body))[1] == {"code": 50006, "message": "Cannot send an empty message"}
        assert len(server.messages(world.channel)) == len(GOOD_BODIES)


def command(**changes: Any) -> dict[str, Any]:
    return {"type": 1, "name": "done", "description": "Marks a step done", "options": []} | changes


def typed(**changes: Any) -> dict[str, Any]:
    return {"type": 3, "name": "step", "description": "Which step"} | changes


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        ("name", command(name="Done")),
        ("name", command(name="two words")),
        ("description", command(description="")),
        ("description", command(description="x" * 101)),
        ("options", command(options=[typed(name=f"o{number}") for number in range(26)])),
        ("options", command(options=[typed(), typed(name="other", required=True)])),
        ("options", command(options=[typed(), typed()])),
        ("options.0.choices", command(options=[typed(choices=[{"name": "a", "value": "a"}] * 26)])),
        ("options.0.choices.0.value", command(options=[typed(choices=[{"name": "a", "value": 1}])])),
        (
            "",
            command(
                options=[
                    typed(
                        name=f"o{number}",
                        choices=[{"name": "x" * 60 + str(n), "value": "y" * 100} for n in range(25)],
                    )
                    for number in range(2)
                ]
            ),
        ),
    ],
)
async def test_limits_of_commands(world: World, path: str, bad: dict[str, Any]) -> None:
    server = world.server
    url = f"{server.api_url}/applications/{server.bot.id}/commands"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:
        async with session.post(url, json=bad) as answer:
            body = await answer.json()
            assert (answer.status, body["code"], faulty(body["errors"])) == (400, 50035, [path])
        async with session.post(url, json=command(options=[typed(required=True)])) as answer:
            assert answer.status == 201
    assert [found["name"] for found in server.commands.all()] == ["done"]


async def test_limits_of_answers(world: World) -> None:
    """An answer of the wrong type or beyond a limit is refused, and the interaction can still be answered."""
    refused: list[Any] = []

    async def answer(interaction: discord.Interaction) -> None:
        for body in (
            {"type": 7, "data": {"content": "there is nothing to update"}},
            {"type": 8, "data": {"choices": []}},
            {"type": 5, "data": {"flags": 64, "content": "early"}},
            {"type": 5, "data": {"flags": 4}},
            {"type": 4, "data": {"content": "x" * 2001}},
            {"type": 9, "data": {"custom_id": "m", "title": "x" * 46, "components": [label()]}},
            {"type": 9, "data": {"custom_id": "m", "title": "x", "components": []}},
            {"type": 9, "data": {"custom_id": "m", "title": "x", "components": [label(label="x" * 46)]}},
            {"type": 9, "data": {"custom_id": "m", "title": "x", "components": [label(), label()]}},
        ):
            route = discord.http.Route("POST", f"/interactions/{interaction.id}/{interaction.token}/callback")
            with pytest.raises(discord.HTTPException) as caught:
                await interaction.client.http.request(route, json=body)
            refused.append((caught.value.status, caught.value.code))
        await interaction.response.send_message("fine")

    async with answering(world, answer):
        exchange = await go(world)
        assert exchange.reply is not None and exchange.reply.content == "fine"
        world.server.violations.clear()
    assert refused == [(400, 50035)] * 9


def label(**changes: Any) -> dict[str, Any]:
    inner = {"type": 4, "custom_id": "note", "style": 1}
    return {"type": 18, "label": "Note", "component": inner} | changes


# ---- pings


async def test_pings(world: World) -> None:
    server, channel, asha, ravi = world.server, world.channel, world.asha, world.ravi
    readers = world.guild.add_role("readers", mentionable=True)
    leaders = world.guild.add_role("leaders")
    stranger = server.add_user("stranger")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:

        async def pings(content: str, allowed: dict[str, Any] | None = None, **more: Any) -> set[int | str]:
            body = {"content": content, **({} if allowed is None else {"allowed_mentions": allowed}), **more}
            async with session.post(f"{server.api_url}/channels/{channel.id}/messages", json=body) as answer:
                number = int((await answer.json())["id"])
            return set(channel.messages[number].pings)

        assert await pings(f"{asha.mention} <@!{ravi.id}>") == {asha.id, ravi.id}
        assert await pings(asha.mention, {"parse": []}) == set()
        assert await pings(f"{asha.mention} {ravi.mention}", {"users": [str(ravi.id)]}) == {ravi.id}
        assert await pings(f"`{asha.mention}` ```\n@everyone```") == set()
        assert await pings(f"@here {stranger.mention}") == {"everyone"}
        assert await pings("@everyone", {"parse": ["users"]}) == set()
        both = f"<@&{readers.id}> <@&{leaders.id}>"
        assert await pings(both) == {readers.id, leaders.id}
        channel.deny(Permission.MENTION_EVERYONE)
        assert await pings(f"@everyone {both}") == {readers.id}
        channel.allow(Permission.MENTION_EVERYONE)
        assert await pings("look", embeds=[{"description": f"{asha.mention} @everyone"}]) == set()
        asked: Message = server.says(asha, channel, "?")
        reference = {"message_id": str(asked.id)}
        assert await pings("answer", message_reference=reference) == {asha.id}
        assert await pings("answer", {"parse": []}, message_reference=reference) == set()
    assert server.violations == []


async def test_edit_pings_nobody_and_ephemeral_only_its_reader(world: World) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        text = f"{world.asha.mention} {world.ravi.mention} @everyone"
        if interaction.user.id == world.ravi.id:
            await interaction.response.send_message(text, ephemeral=True)
        else:
            await interaction.response.send_message("quiet")
            await interaction.edit_original_response(content=text)

    async with answering(world, answer):
        private = (await go(world, world.ravi)).reply
        assert private is not None and private.pings == {world.ravi.id}
        edited = await (await go(world)).wait(lambda it: it.reply and it.reply.edited_at)
        assert edited.reply is not None and edited.reply.pings == frozenset()


# ---- the description


@pytest.mark.skipif(discord_specification() is None, reason="Discord's OpenAPI description is not at hand")
async def test_violations_of_the_description_are_collected(world: World) -> None:
    server = world.server
    url = f"{server.api_url}/channels/{world.channel.id}/messages"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:
        async with session.post(url, json={"content": "fine", **row(button())}) as answer:
            assert answer.status == 200
        assert server.violations == []
        async with session.post(url, json={"contents": "x", "content": "y", **row(button(lable="?"))}):
            pass
        async with session.get(f"{server.api_url}/nowhere") as answer:
            assert answer.status == 404
    template = "POST /channels/{channel_id}/messages: $"
    assert server.violations == [
        f"{template}: Additional properties are not allowed ('contents' was unexpected)",
        f"{template}.components[0].components[0]: Additional properties are not allowed ('lable' was unexpected)",
        "GET /nowhere: no such endpoint",
    ]
