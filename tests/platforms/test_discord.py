"""What only Discord has, over the wire: the real client against the stand-in server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.cards import Button, Card, Document, Input, Mention, Paragraph, Picture, Question, Text
from bot.command import Dispatch, Incoming, Response, registry
from bot.courier import Courier
from bot.delivery import Address, BadToken, Closed, Doubtful, Forbidden, Gone, Later, Outcome, Rejected, Sent
from bot.messages import Messages
from bot.platforms.discord import client, connection, interactions, shards, slash
from bot.platforms.discord.client import DiscordPlatform
from bot.store import belonging, homes, people
from bot.tables import step_events
from tests.fakes.discord_server import Exchange, NotOfferedError, Permission
from tests.fakes.discord_server.interactions import DEFERRED_REPLY
from tests.fakes.discord_server.posting import delete
from tests.fakes.patience import PATIENCE
from tests.platforms.discord_driver import DiscordDriver
from tests.platforms.discord_markdown import read


def noon() -> datetime:
    """12:00 in Kolkata, on Friday 20 November 2026."""
    return datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[DiscordDriver]:
    async with DiscordDriver(tmp_path, noon) as driver:
        yield driver


JOIN = "/join roadmap:backend-ai-era deadline:2027-05-20 hours:2"


async def join(driver: DiscordDriver, who: str = "asha") -> None:
    assert "It fits" in (await driver.say(who, JOIN)).text


async def percent(driver: DiscordDriver, who: str = "asha") -> str:
    """What /progress says of the steps done: "1 of 10"."""
    text = (await driver.say(who, "/progress")).text
    return text.partition(" steps done")[0].rpartition("▱ ")[2]


def count(driver: DiscordDriver, method: str, ending: str) -> int:
    return sum(request.method == method and request.path.endswith(ending) for request in driver.server.requests)


# ---------------------------------------------------------------- commands


async def test_commands_are_registered_once_for_a_token_and_again_when_they_change(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = driver.server.commands.all(None)
    assert [command["name"] for command in registered] == [command.name for command in registry.listed]
    await driver.stop()
    await driver.start()
    assert count(driver, "PUT", "/commands") == 1
    changed = [*slash.commands(registry)[:3]]
    monkeypatch.setattr(slash, "commands", lambda _registry: changed)
    await driver.stop()
    await driver.start()
    assert count(driver, "PUT", "/commands") == 2
    assert len(driver.server.commands.all(None)) == 3


async def test_commands_that_were_refused_are_tried_again_at_the_next_start(tmp_path: Path) -> None:
    driver = DiscordDriver(tmp_path, noon)
    driver.server.fail("PUT", "/commands", status=503, json={"message": "down"})
    async with driver:
        assert driver.server.commands.all(None) == []
        await driver.stop()
        await driver.start()
        assert driver.server.commands.all(None)


def test_options_follow_the_kinds_of_parameters() -> None:
    commands = {command["name"]: command for command in slash.commands(registry)}
    done = {option["name"]: option for option in commands["done"]["options"]}
    assert [option["type"] for option in done.values()] == [3, 3, 11, 3]
    assert done["step"]["autocomplete"]
    assert "autocomplete" not in done["proof"]
    assert commands["progress"]["options"][0]["type"] == 6
    track = next(option for option in commands["checkin"]["options"] if option["name"] == "track")
    assert track["choices"] == [{"name": "Study", "value": "study"}, {"name": "DSA practice", "value": "dsa"}]
    assert commands["setup"]["default_member_permissions"] == 32
    assert commands["done"]["default_member_permissions"] is None
    assert all(command["contexts"] == [0, 1] and command["integration_types"] == [0] for command in commands.values())
    autocompleted = {
        f"{command['name']} {option['name']}"
        for command in commands.values()
        for option in command["options"]
        if option.get("autocomplete")
    }
    assert {
        "join deadline",
        "join hours",
        "later until",
        "remind time",
        "timezone zone",
        "recap group",
    } <= autocompleted


async def test_what_is_typed_is_completed(driver: DiscordDriver) -> None:
    asha = driver.person("asha")
    roadmaps = await driver.server.autocomplete(asha, driver.channel, "join", {"roadmap": "ai"}, focused="roadmap")
    assert roadmaps[0].value == "backend-ai-era"
    await join(driver)
    steps = await driver.server.autocomplete(asha, driver.channel, "done", {"step": "htt"}, focused="step")
    assert steps[0].value == "backend-ai-era/http-rest"
    zones = await driver.server.autocomplete(asha, driver.channel, "timezone", {"zone": "kolk"}, focused="zone")
    assert [zone.name for zone in zones] == ["Asia/Kolkata (12:00)"]
    everything = await driver.server.autocomplete(asha, driver.channel, "timezone", {"zone": "a"}, focused="zone")
    assert len(everything) == 25
    assert await driver.server.autocomplete(asha, driver.channel, "timezone", {"zone": "zzzzzz"}, focused="zone") == []


async def test_suggestions_that_take_too_long_are_none(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "DEFER_AFTER", 0.02)
    await driver.stop()
    await driver.start(slow(driver))
    asha = driver.person("asha")
    assert await driver.server.autocomplete(asha, driver.channel, "join", {"roadmap": "a"}, focused="roadmap") == []


async def test_a_fault_of_ours_is_apologised_for(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A card with nothing in it cannot be shown.
    await quickly(driver, Response(Card()))
    seen = await driver.say("asha", "/roadmaps")
    assert seen.text.startswith("That did not work as it should")
    assert seen.private
    assert seen.text.partition("Reference, for your group's leader: ")[2].rstrip(".") in caplog.text
    late = await slow_slash(driver, monkeypatch, "roadmaps", Response(Card()))
    assert late.ephemeral
    assert late.reply is not None
    assert late.reply.text.startswith("That did not work as it should")


async def test_suggestions_never_fail(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Dispatch, "suggest", broken)
    asha = driver.person("asha")
    assert await driver.server.autocomplete(asha, driver.channel, "join", {"roadmap": "a"}, focused="roadmap") == []


async def test_leaders_commands_are_hidden_and_checked(driver: DiscordDriver) -> None:
    ravi = driver.person("ravi")
    with pytest.raises(NotOfferedError):
        await driver.say("ravi", "/setup")
    shown = await driver.say("lena", "/setup")
    assert not shown.private
    assert "Asia/Kolkata" in shown.text
    # A server may show the command to anyone; the bot asks for the permission itself.
    driver.server.commands.find("setup", None)["default_member_permissions"] = None  # type: ignore[index]  # it is there
    refused = await driver.say("ravi", "/setup time:21:00")
    assert refused.text.startswith("/setup is for those who lead this group")
    assert refused.private
    driver.guild.members[ravi.id].roles.append(driver.guild.add_role("leaders", Permission.MANAGE_GUILD))
    assert "21:00" in (await driver.say("ravi", "/setup time:21:00")).text


async def test_the_groups_posts_are_kinds_to_choose_for_its_leaders(driver: DiscordDriver) -> None:
    offered = driver.server.commands.find("remind", None)
    assert offered is not None
    kinds = next(option for option in offered["options"] if option["name"] == "kind")["choices"]
    assert {"name": "The group's recap", "value": "recap"} in kinds
    assert {"name": "The group's question", "value": "group"} in kinds
    refused = await driver.say("ravi", "/remind off kind:group")
    assert refused.private and refused.text.startswith("/remind kind:group is for those who lead this group")
    off = await driver.say("lena", "/remind off kind:group")
    assert not off.private and off.text.startswith("I no longer ask here who studied.")


async def test_setup_names_the_permissions_that_are_missing(driver: DiscordDriver) -> None:
    driver.channel.deny(Permission.ATTACH_FILES | Permission.READ_MESSAGE_HISTORY)
    assert "Here I may not: Attach Files, Read Message History." in (await driver.say("lena", "/setup")).text


# ---------------------------------------------------------------- dialogues


async def test_private_answers_are_ephemeral_and_edited_in_place(driver: DiscordDriver) -> None:
    await join(driver)
    done = await driver.say("asha", "/done step:http-rest note:it works")
    assert done.private
    undone = await driver.press("asha", "Undo")
    assert undone.edited
    assert undone.text.startswith("Taken back: HTTP and REST APIs done.")
    assert undone.buttons == ()
    assert await percent(driver) == "0 of 10"
    assert driver.server.messages(driver.channel) == []


async def test_in_a_private_chat_nothing_needs_to_be_ephemeral(driver: DiscordDriver) -> None:
    await driver.say("asha", JOIN, private=True)
    seen = await driver.say("asha", "/progress", private=True)
    assert "0 of 10" in seen.text
    assert [message.ephemeral for message in driver.server.dms(driver.person("asha"))] == [False, False]
    async with driver.store.reading() as db:
        account = await people.account(db, "discord", str(driver.person("asha").id))
    assert account is not None
    assert account.dm == "open"


async def test_a_missing_argument_is_a_menu_and_anything_else_a_modal(driver: DiscordDriver) -> None:
    await driver.say("asha", "/join")
    asked = await driver.choose("asha", "Backend Engineer (AI era)")
    assert asked.edited
    modal = await driver.press("asha", "Other…")
    assert modal.text.startswith("By when do you want to be done?")
    joined = await driver.answer("asha", "20 May 2027")
    assert joined.text.startswith("Backend Engineer (AI era) · 10 steps · until Thu 20 May 2027")
    assert joined.private


async def test_a_modal_outlives_the_bot(driver: DiscordDriver) -> None:
    await join(driver)
    await driver.say("asha", "/checkin minutes:yes")
    await driver.press("asha", "Other, with a note")
    await driver.stop()
    await driver.start()
    assert (await driver.answer("asha", "90", "indexes")).text == "Friday: 1 h 30 ✅"


async def test_a_press_outlives_the_bot(driver: DiscordDriver) -> None:
    await join(driver)
    await driver.say("asha", "/done step:http-rest")
    await driver.say("asha", "/done")
    await driver.stop()
    await driver.start()
    assert (await driver.choose("asha", "1. A typed language and git")).text.startswith("✅ A typed language and git")
    assert (await driver.press("asha", "Undo")).text.startswith("Taken back")
    assert await percent(driver) == "1 of 10"


async def test_a_double_press_and_a_repeated_interaction_count_once(driver: DiscordDriver) -> None:
    await join(driver)
    asha = driver.person("asha")
    exchange = await driver.server.slash(asha, driver.channel, "next")
    assert exchange.reply is not None
    custom_id = next(part["custom_id"] for part in exchange.reply.parts if part["label"] == "Done")
    first = await driver.server.press(asha, exchange.reply, "Done")
    assert first.reply is exchange.reply
    assert "1 of 10" in exchange.reply.text
    again = await driver.forge("asha", exchange.reply, custom_id)
    assert again.text.startswith("That was counted already")
    assert await percent(driver) == "1 of 10"

    counted = await driver.server.slash(asha, driver.channel, "checkin", {"minutes": "30"})
    driver.server.redeliver(counted)
    await driver.idle()
    assert (await driver.say("asha", "/checkin minutes:30")).text.startswith("Friday: 30 min more, 1 h in all")


async def test_a_strangers_press_is_refused_to_them_alone(driver: DiscordDriver) -> None:
    await join(driver)
    board = await driver.say("asha", "/leaderboard")
    assert not board.private
    refused = await driver.press("ravi", "Month")
    assert refused.text.startswith("That button is somebody else's.")
    assert refused.private
    assert not refused.edited
    turned = await driver.press("asha", "Month")
    assert turned.edited
    assert len(driver.server.messages(driver.channel)) == 1


@pytest.mark.parametrize("late", [False, True])
async def test_a_press_on_a_message_that_is_deleted_meanwhile_is_answered(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    await join(driver)
    board = await driver.server.slash(driver.person("asha"), driver.channel, "leaderboard")
    assert board.reply is not None
    monkeypatch.setattr(interactions, "DEFER_AFTER", 0.05 if late else PATIENCE)
    dispatch = slow(driver)
    await driver.stop()
    await driver.start(dispatch)
    acting = asyncio.create_task(driver.server.press(driver.person("asha"), board.reply, "Month", timeout=0.5))
    if late:
        deferred = driver.server.pulse.until(
            lambda: count(driver, "POST", "/callback") > 2 or None, PATIENCE, "a deferral"
        )
        await deferred
    else:
        await busy(driver)
    delete(driver.server, board.reply)
    dispatch.gate.set()
    exchange = await acting
    await driver.idle()
    (shown,) = exchange.followups if late else [exchange.reply]
    assert shown is not None
    assert "this month" in shown.text


async def test_a_forged_press_on_a_whisper_is_refused(driver: DiscordDriver) -> None:
    await join(driver)
    await driver.say("asha", "/done step:http-rest")
    refused = await driver.press("ravi", "Undo")
    assert refused.text.startswith("That button is somebody else's.")
    assert await percent(driver) == "1 of 10"


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("/done step:htp", "I don't know a step called “htp”"),
        ("/done step:http-rest note:" + "x" * 5000, "That is 5,000 characters; at most 1,000 fit."),
        ("/join roadmap:backend-intern deadline:2020-01-01", "is over. A deadline lies ahead"),
    ],
)
async def test_what_cannot_be_is_refused_privately(driver: DiscordDriver, line: str, refusal: str) -> None:
    await join(driver)
    seen = await driver.say("asha", line)
    assert refusal in seen.text
    assert seen.private
    assert await percent(driver) == "0 of 10"


async def test_a_modal_takes_no_more_than_the_argument(driver: DiscordDriver) -> None:
    await join(driver)
    await driver.say("asha", "/checkin minutes:yes")
    await driver.press("asha", "Other, with a note")
    with pytest.raises(NotOfferedError, match=r"Note takes|A word about it takes"):
        await driver.answer("asha", "90", "x" * 5000)


async def test_a_wicked_name_and_note_are_words_to_everyone(driver: DiscordDriver) -> None:
    name = "@everyone **x** <@1>"
    await join(driver, name)
    await driver.say(name, "/done step:sql note:<b>@here</b> [a](https://x.org) https://y.org")
    board = await driver.say(name, "/leaderboard")
    assert f"1. {name} · 20 points" in board.text
    assert not board.pings
    message = driver.server.messages(driver.channel)[-1]
    runs = {run.kind for text in (message.content, *(e["description"] for e in message.embeds)) for run in read(text)}
    assert runs <= {"text", "bold", "italic", "code"}


async def test_a_member_and_a_file_are_options(driver: DiscordDriver) -> None:
    await join(driver)
    done = await driver.say("asha", "/done step:sql", file=("schema final.pdf", b"%PDF"))
    assert "file attached" in done.text
    async with driver.store.reading() as db:
        kept = (await db.execute(select(step_events.c.file))).scalar_one()
    assert kept["platform"] == "discord"
    assert kept["name"] == "schema_final.pdf"
    assert kept["reference"].endswith("/schema_final.pdf")
    assert (await driver.say("ravi", "/progress member:asha")).text.startswith("asha · Backend Engineer (AI era)")
    nobody = await driver.say("asha", "/progress member:lena")
    assert nobody.text.startswith("I know nobody called “lena” in your groups.")
    await driver.say("kim", JOIN, private=True)
    assert (await driver.say("kim", "/progress member:kim", private=True)).text.startswith("Backend Engineer")
    stranger = await driver.say("kim", "/progress member:asha", private=True)
    assert stranger.text.startswith("I know nobody called “asha” in your groups.")


async def deliver(driver: DiscordDriver) -> None:
    """Let the courier bring what is due."""
    compose = Messages(driver.store, driver.dispatch.roadmaps).compose
    await Courier(driver.store, {"discord": driver.platform}, compose, driver.clock).deliver()


PDF = ("schema final.pdf", b"%PDF-1.7")


async def files_in(driver: DiscordDriver) -> list[tuple[str, bytes]]:
    """What is attached to the group's newest post, and is there to be fetched."""
    return [(file.filename, file.data) for file in driver.server.messages(driver.channel)[-1].attachments]


async def test_a_file_is_kept_by_the_groups_own_message(driver: DiscordDriver) -> None:
    await join(driver)
    # Typed in private: nobody else has seen the file.
    await driver.say("asha", "/done step:sql", file=PDF, private=True)
    await deliver(driver)
    (post,) = await driver.posts()
    assert post.text == "asha finished Relational databases and SQL · proof: schema_final.pdf"
    assert await files_in(driver) == [("schema_final.pdf", b"%PDF-1.7")]
    # Discord forgets what came with a command; a link that is added later changes the post, which keeps the file.
    driver.server.files.clear()
    await driver.say("asha", "/done step:sql proof:https://example.org/sql")
    await deliver(driver)
    (post,) = await driver.posts()
    assert post.text.endswith("· proof · schema_final.pdf")
    assert await files_in(driver) == [("schema_final.pdf", b"%PDF-1.7")]
    await driver.say("asha", "/undo")
    await driver.say("asha", "/undo")
    await deliver(driver)
    assert [post.text for post in await driver.posts()] == ["asha took back Relational databases and SQL."]
    assert await files_in(driver) == []


async def test_a_file_that_is_added_later_joins_the_post(driver: DiscordDriver) -> None:
    await join(driver)
    await driver.say("asha", "/done step:sql")
    await deliver(driver)
    await driver.say("asha", "/done step:sql", file=PDF)
    await driver.say("asha", "/done step:sql note:a note is no proof")
    await deliver(driver)
    assert [post.text.rpartition(" · ")[2] for post in await driver.posts()] == ["proof: schema_final.pdf"]
    assert await files_in(driver) == [("schema_final.pdf", b"%PDF-1.7")]


async def test_a_file_that_cannot_be_shown_leaves_its_name(driver: DiscordDriver) -> None:
    await join(driver)
    await driver.say("asha", "/done step:sql", file=PDF)
    driver.channel.deny(Permission.ATTACH_FILES)
    await deliver(driver)
    driver.channel.allow(Permission.ATTACH_FILES)
    await driver.say("asha", "/done step:http-rest", file=PDF)
    driver.server.files.clear()
    await deliver(driver)
    assert [post.text.rpartition(" · ")[2] for post in await driver.posts()] == ["proof: schema_final.pdf"] * 2
    assert await files_in(driver) == []


async def test_a_file_is_waited_for(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    document = Card(parts=CARD.parts, document=Document("discord", "http://127.0.0.1:9/file.pdf", "file.pdf"))
    assert isinstance(await send(driver, document), Later)
    sent = await send(driver)
    assert isinstance(sent, Sent)
    assert isinstance(await driver.platform.edit(driver.home, sent.message, document), Later)
    elsewhere = Card(parts=CARD.parts, document=Document("telegram", "AgAD", "file.pdf"))
    assert isinstance(await send(driver, elsewhere, key="2"), Sent)
    assert await files_in(driver) == []


async def test_a_file_that_is_too_large_is_refused_in_words(driver: DiscordDriver) -> None:
    await join(driver)
    limit = 10 * 1024 * 1024
    refused = await driver.say("asha", "/done step:sql", file=("film.mp4", b"x" * (limit + 1)))
    assert refused.text.startswith("film.mp4 is 11 MB; a proof may be 10 MB.")
    assert await percent(driver) == "0 of 10"
    await driver.say("asha", "/done step:sql", file=("film.mp4", b"x" * limit))
    await deliver(driver)
    assert [name for name, _ in await files_in(driver)] == ["film.mp4"]


async def test_a_file_waits_while_its_step_is_asked_for(driver: DiscordDriver) -> None:
    await join(driver)
    await driver.say("asha", "/done", file=PDF)
    assert "file attached" in (await driver.choose("asha", "2. HTTP and REST APIs")).text
    await deliver(driver)
    assert await files_in(driver) == [("schema_final.pdf", b"%PDF-1.7")]


async def test_a_file_that_no_group_sees_is_said_to_be_unseen(driver: DiscordDriver) -> None:
    await driver.say("ravi", JOIN, private=True)
    alone = await driver.say("ravi", "/done step:sql", file=PDF, private=True)
    assert "I keep no files" in alone.text


async def test_a_thread_of_the_home_belongs_to_the_group(driver: DiscordDriver) -> None:
    asha = driver.person("asha")
    thread = driver.channel.add_thread("homework", asha)
    await driver.server.slash(asha, thread, "leaderboard")
    assert len(driver.server.messages(thread)) == 1
    outcome = await driver.platform.send(Address("discord", str(driver.channel.id), str(thread.id)), CARD, "k")
    assert isinstance(outcome, Sent)
    assert [message.content for message in driver.server.messages(thread)][-1] == "Hello"


# ---------------------------------------------------------------- slow answers


@dataclass(frozen=True)
class Slow(Dispatch):
    """Carries nothing out before the gate is open; `answer` takes the place of the real one's answer."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    answer: list[Response | None] = field(default_factory=list)

    async def __call__(self, incoming: Incoming) -> Response | None:
        await self.gate.wait()
        return self.answer[0] if self.answer else await super().__call__(incoming)

    async def suggest(self, incoming: Incoming, parameter: str) -> list[object]:  # type: ignore[override]  # never gives any
        await self.gate.wait()
        return []


def slow(driver: DiscordDriver, *answer: Response | None) -> Slow:
    real = driver.dispatch
    return Slow(real.store, real.roadmaps, real.registry, real.clock, zone=real.zone, answer=list(answer))


async def slowly(driver: DiscordDriver, dispatch: Slow, acting: asyncio.Task[Exchange]) -> Exchange:
    """Open the gate once the bot has put its answer off."""
    before = count(driver, "POST", "/callback")
    await driver.server.pulse.until(lambda: count(driver, "POST", "/callback") > before or None, PATIENCE, "a deferral")
    dispatch.gate.set()
    exchange = await acting
    await driver.idle()
    return exchange


async def slow_slash(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch, name: str, *answer: Response | None
) -> Exchange:
    with monkeypatch.context() as hurried:
        hurried.setattr(interactions, "DEFER_AFTER", 0.05)
        dispatch = slow(driver, *answer)
        await driver.stop()
        await driver.start(dispatch)
        acting = asyncio.create_task(driver.server.slash(driver.person("asha"), driver.channel, name, timeout=0.5))
        return await slowly(driver, dispatch, acting)


async def test_a_slow_private_answer_is_put_off_in_time(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = await slow_slash(driver, monkeypatch, "roadmaps")
    assert exchange.callback == DEFERRED_REPLY
    assert exchange.reply is not None
    assert exchange.ephemeral
    assert "backend-ai-era" in exchange.reply.text
    assert exchange.followups == []


async def test_a_slow_public_answer_follows_the_private_one(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = await slow_slash(driver, monkeypatch, "leaderboard")
    assert exchange.reply is not None
    assert exchange.ephemeral
    assert exchange.reply.text == "The answer is below, for everyone here."
    assert [message.ephemeral for message in exchange.followups] == [False]
    assert driver.server.messages(driver.channel) == exchange.followups


async def test_a_slow_answer_in_private_stays_there(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "DEFER_AFTER", 0.05)
    dispatch = slow(driver)
    await driver.stop()
    await driver.start(dispatch)
    asha = driver.person("asha")
    acting = asyncio.create_task(driver.server.slash(asha, driver.server.dm(asha), "roadmaps", timeout=0.5))
    exchange = await slowly(driver, dispatch, acting)
    assert not exchange.ephemeral
    assert ["backend-ai-era" in message.text for message in driver.server.dms(asha)] == [True]


async def test_a_slow_answer_of_nothing_leaves_nothing(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = await slow_slash(driver, monkeypatch, "roadmaps", None)
    assert exchange.reply is None or exchange.reply.deleted


async def test_a_slow_question_is_a_button_that_opens_the_modal(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question("checkin date:2026-11-20", "How long?", (Input("minutes", "Minutes"), Input("note", "Note")))
    exchange = await slow_slash(driver, monkeypatch, "checkin", Response(question=question))
    assert exchange.reply is not None
    assert exchange.reply.content == "How long?"
    assert [part["custom_id"] for part in exchange.reply.parts] == ["checkin date:2026-11-20 minutes:? note:?"]
    await driver.stop()
    await driver.start()
    again = await driver.server.press(driver.person("asha"), exchange.reply, "Answer")
    assert again.modal is not None
    assert len(again.modal.inputs) == 2


async def quickly(driver: DiscordDriver, answer: Response | None) -> None:
    """Have the bot answer whatever is asked in this way, at once."""
    dispatch = slow(driver, answer)
    dispatch.gate.set()
    await driver.stop()
    await driver.start(dispatch)


async def test_an_answer_of_nothing_leaves_nothing(driver: DiscordDriver) -> None:
    posted = await driver.platform.send(driver.home, Card(title=(Text("a"),), rows=((Button("Go", "next"),),)), "k")
    assert isinstance(posted, Sent)
    await quickly(driver, None)
    asha = driver.person("asha")
    exchange = await driver.server.slash(asha, driver.channel, "roadmaps", timeout=0.2)
    assert exchange.reply is not None
    assert exchange.reply.deleted
    pressed = await driver.server.press(asha, driver.server.messages(driver.channel)[0], "Go", timeout=0.2)
    assert not pressed.failed
    assert pressed.reply is None


async def test_a_question_after_a_modal_is_a_button(driver: DiscordDriver) -> None:
    question = Question("checkin", "How long?", (Input("minutes", "Minutes"),), only=1)
    await quickly(driver, Response(question=question))
    assert (await driver.say("asha", "/checkin")).text == "How long?\nMinutes"
    again = await driver.answer("asha", "soon")
    assert again.buttons == ("Answer",)
    assert again.private
    assert (await driver.press("asha", "Answer")).text == "How long?\nMinutes"


def test_a_question_too_long_for_a_button_asks_for_less() -> None:
    inputs = (Input("minutes", "Minutes"), Input("n" * 30, "Note"))
    button = interactions.asking(Question("checkin date:2026-11-20 track:dsa", "How?", inputs, only=1), "en").rows[0][0]
    assert isinstance(button, Button)
    assert button.line == "checkin date:2026-11-20 track:dsa minutes:?"
    hopeless = interactions.asking(Question("checkin " + "n" * 50, "How?", inputs, only=1), "en")
    assert hopeless.rows == ()


async def test_a_slow_press_edits_its_message(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    await join(driver)
    shown = await driver.server.slash(driver.person("asha"), driver.channel, "next")
    assert shown.reply is not None
    monkeypatch.setattr(interactions, "DEFER_AFTER", 0.05)
    dispatch = slow(driver)
    await driver.stop()
    await driver.start(dispatch)
    acting = asyncio.create_task(driver.server.press(driver.person("asha"), shown.reply, "Done"))
    exchange = await slowly(driver, dispatch, acting)
    assert exchange.edited
    assert exchange.reply is shown.reply
    assert shown.reply.text.startswith("✅")


async def test_a_slow_press_on_the_groups_message_is_answered_beside_it(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = await driver.platform.send(
        driver.home, Card(parts=(Paragraph((Text("Who?"),)),), rows=((Button("Mine", "progress"),),)), "k"
    )
    assert isinstance(posted, Sent)
    message = driver.server.messages(driver.channel)[-1]
    monkeypatch.setattr(interactions, "DEFER_AFTER", 0.05)
    dispatch = slow(driver)
    await driver.stop()
    await driver.start(dispatch)
    acting = asyncio.create_task(driver.server.press(driver.person("asha"), message, "Mine"))
    exchange = await slowly(driver, dispatch, acting)
    assert [followup.ephemeral for followup in exchange.followups] == [True]
    assert message.content == "Who?"


async def test_an_answer_too_late_is_logged_and_its_effect_stays(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await join(driver)
    driver.server.interactions.seconds_to_answer = 0.05
    dispatch = slow(driver)
    await driver.stop()
    await driver.start(dispatch)
    asha = driver.person("asha")
    acting = driver.server.slash(asha, driver.channel, "done", {"step": "http-rest"})
    assert (await acting).failed
    with caplog.at_level(logging.WARNING):
        dispatch.gate.set()
        await driver.idle()
    assert "did not arrive" in caplog.text
    assert "interaction-token" not in caplog.text
    driver.server.interactions.seconds_to_answer = PATIENCE
    assert await percent(driver) == "1 of 10"


# ---------------------------------------------------------------- sending

CARD = Card(parts=(Paragraph((Text("Hello"),)),))
LONG = Card(
    parts=(Paragraph((Text("Hello"),)), *(Paragraph((Text(f"{n} " + "word " * 300),)) for n in range(9))),
    rows=((Button("Go", "next"),),),
)


async def send(driver: DiscordDriver, card: Card = CARD, address: Address | None = None, key: str = "key") -> Outcome:
    return await driver.platform.send(address or driver.home, card, key)


def private(driver: DiscordDriver, who: str) -> Address:
    return Address.private_to("discord", str(driver.person(who).id))


async def test_a_card_is_delivered_once_for_a_key(driver: DiscordDriver) -> None:
    first = await send(driver)
    assert await send(driver) == first
    assert await send(driver, key="another") != first
    assert len(await driver.posts()) == 2


async def test_a_card_goes_to_a_private_chat(driver: DiscordDriver) -> None:
    assert isinstance(await send(driver, address=private(driver, "asha")), Sent)
    assert [seen.text for seen in await driver.mail("asha")] == ["Hello"]
    assert isinstance(await send(driver, address=private(driver, "asha"), key="2"), Sent)
    assert count(driver, "POST", "/users/@me/channels") == 1


async def test_only_the_member_addressed_is_pinged(driver: DiscordDriver) -> None:
    asha, ravi = driver.person("asha"), driver.person("ravi")
    mention = Mention("asha", (("discord", str(asha.id)),))
    parts = (Paragraph((mention,)), Paragraph((Text(f"not <@{ravi.id}> nor @everyone"),)))
    await send(driver, Card(parts=parts))
    await send(driver, Card(title=(Text(f"<@{ravi.id}> @everyone"),), parts=parts), key="2")
    assert [seen.pings for seen in await driver.posts()] == [{"asha"}, {"asha"}]


async def test_a_long_card_takes_several_messages_once(driver: DiscordDriver) -> None:
    sent = await send(driver, LONG)
    messages = driver.server.messages(driver.channel)
    assert sent == Sent(str(messages[0].id))
    assert [message.buttons for message in messages] == [[]] * (len(messages) - 1) + [["Go"]]
    assert await send(driver, LONG) == sent
    assert len(driver.server.messages(driver.channel)) == len(messages) == 4


async def test_a_card_that_broke_off_is_completed(driver: DiscordDriver) -> None:
    # The second of its messages fails.
    driver.server.fail("POST", "/messages", times=1, after_accept=True)
    driver.server.fail("POST", "/messages", status=503, json={"message": "down"})
    assert isinstance(await send(driver, LONG), Doubtful)
    assert len(driver.server.messages(driver.channel)) == 1
    assert isinstance(await send(driver, LONG), Sent)
    assert len(driver.server.messages(driver.channel)) == 4


async def test_a_picture_is_attached_with_its_words(driver: DiscordDriver) -> None:
    await send(driver, Card(title=(Text("Week 12"),), picture=Picture(b"\x89PNG", "Asha leads", "recap.png")))
    attached = driver.server.messages(driver.channel)[0].attachments[0]
    assert (attached.filename, attached.description, attached.data) == ("recap.png", "Asha leads", b"\x89PNG")


async def test_a_message_is_edited_and_loses_what_the_new_card_lacks(driver: DiscordDriver) -> None:
    old = Card(title=(Text("Old"),), rows=((Button("Go", "next"),),), picture=Picture(b"\x89PNG", "x"))
    sent = await send(driver, old)
    assert isinstance(sent, Sent)
    assert await driver.platform.edit(driver.home, sent.message, CARD) == sent
    message = driver.server.messages(driver.channel)[0]
    assert (message.content, message.buttons, message.attachments) == ("Hello", [], [])
    mailed = await send(driver, address=private(driver, "asha"))
    assert isinstance(mailed, Sent)
    assert await driver.platform.edit(private(driver, "asha"), mailed.message, old) == mailed
    assert [seen.text for seen in await driver.mail("asha")] == ["Old"]


async def test_an_edit_that_cannot_be_says_so(driver: DiscordDriver) -> None:
    sent = await send(driver)
    assert isinstance(sent, Sent)
    assert isinstance(await driver.platform.edit(driver.home, sent.message, LONG), Rejected)
    assert isinstance(await driver.platform.edit(driver.home, "1", CARD), Gone)


async def test_a_closed_private_chat_is_closed(driver: DiscordDriver) -> None:
    driver.person("asha").dms_open = False
    assert isinstance(await send(driver, address=private(driver, "asha")), Closed)
    assert isinstance(await send(driver, address=Address.private_to("discord", "1")), Closed)


async def test_a_missing_permission_is_named(driver: DiscordDriver) -> None:
    await send(driver)
    driver.channel.deny(Permission.EMBED_LINKS)
    with_embed = Card(title=(Text("a"),), parts=(Paragraph((Text("b"),)),))
    assert await send(driver, with_embed, key="2") == Forbidden("Embed Links")
    driver.channel.allow(Permission.EMBED_LINKS)
    driver.channel.deny(Permission.SEND_MESSAGES | Permission.ATTACH_FILES)
    assert await send(driver, key="3") == Forbidden("Send Messages")
    pictured = Card(title=(Text("a"),), picture=Picture(b"\x89PNG", "x"))
    assert await send(driver, pictured, key="4") == Forbidden("Send Messages, Attach Files")
    driver.channel.deny(Permission.VIEW_CHANNEL)
    assert await send(driver, key="5") == Forbidden("View Channel")


async def test_a_server_that_put_us_out_is_gone(driver: DiscordDriver) -> None:
    await send(driver)
    client = driver.platform._shards.clients[0]
    await client.wait_until_ready()
    driver.guild.kick_bot()
    async with asyncio.timeout(PATIENCE):
        while client.guilds:  # noqa: ASYNC110 - the bot tells nobody that it heard
            await asyncio.sleep(0.005)
    assert isinstance(await send(driver, key="2"), Gone)


async def test_a_channel_that_is_not_there_is_gone(driver: DiscordDriver) -> None:
    assert isinstance(await send(driver, address=Address("discord", "1")), Gone)


async def test_patience_is_asked_of_the_courier_not_of_the_line(driver: DiscordDriver) -> None:
    driver.server.rate_limit("POST", "/messages", retry_after=0.05)
    assert isinstance(await send(driver), Sent)
    assert len(await driver.posts()) == 1
    driver.server.rate_limit("POST", "/messages", retry_after=120)
    assert await send(driver, key="2") == Later(120, "Discord asks for patience")


async def test_what_discord_will_never_take_is_rejected(driver: DiscordDriver) -> None:
    driver.server.fail("POST", "/messages", status=400, json={"code": 50035, "message": "Invalid Form Body"})
    assert isinstance(await send(driver), Rejected)


async def test_a_token_that_was_reset_is_not_tried_again_soon(driver: DiscordDriver) -> None:
    driver.server.fail("POST", "/messages", status=401, json={"code": 0, "message": "401: Unauthorized"})
    outcome = await send(driver)
    assert isinstance(outcome, Later)
    assert outcome.seconds >= 600


@pytest.mark.parametrize("fault", [{"status": 503, "json": {"message": "down"}}, {"drop": True}])
async def test_a_send_nobody_answered_is_in_doubt_and_may_be_repeated(
    driver: DiscordDriver, fault: dict[str, object]
) -> None:
    driver.server.fail("POST", "/messages", after_accept=True, **fault)  # type: ignore[arg-type]  # its own keywords
    assert isinstance(await send(driver), Doubtful)
    assert isinstance(await send(driver), Sent)
    assert len(await driver.posts()) == 1


async def test_a_send_that_hangs_is_in_doubt(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SEND_WITHIN", 0.05)
    driver.server.fail("POST", "/messages", delay=0.3)
    assert isinstance(await send(driver), Doubtful)
    monkeypatch.undo()
    assert isinstance(await send(driver), Sent)


async def test_a_private_chat_that_could_not_be_opened_has_nothing_in_doubt(driver: DiscordDriver) -> None:
    driver.server.fail("POST", "/users/@me/channels", drop=True)
    assert isinstance(await send(driver, address=private(driver, "asha")), Later)


async def test_before_the_connection_there_is_only_later(driver: DiscordDriver) -> None:
    await driver.stop()
    assert isinstance(await send(driver), Later)
    assert isinstance(await driver.platform.edit(driver.home, "1", CARD), Later)


# ---------------------------------------------------------------- servers


async def test_a_server_that_invites_us_is_greeted_once(driver: DiscordDriver) -> None:
    guild = driver.server.add_guild("Others", driver.lena)
    silent, open_channel = guild.add_channel("rules"), guild.add_channel("general")
    silent.denied = Permission.SEND_MESSAGES
    driver.server.invite_bot(guild)
    greeting = await driver.server.wait_message(open_channel)
    assert greeting.buttons == ["Set up"]
    await driver.stop()
    await driver.start()
    await driver.say("asha", "/roadmaps")
    assert len(driver.server.messages(open_channel)) == 1
    assert driver.server.messages(driver.channel) == []
    asha = driver.person("asha")
    guild.join(asha)
    refused = await driver.server.press(asha, greeting, "Set up")
    assert refused.reply is not None
    assert refused.ephemeral
    assert "for those who lead" in refused.reply.text


async def test_an_invitation_while_we_were_away_is_answered(driver: DiscordDriver) -> None:
    await driver.stop()
    guild = driver.server.add_guild("Others", driver.lena)
    channel = guild.add_channel("general")
    driver.server.invite_bot(guild)
    await driver.start()
    assert (await driver.server.wait_message(channel)).buttons == ["Set up"]
    # A fault of Discord's takes servers away and brings them back.
    driver.server.dispatch("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, place=guild)
    driver.server.dispatch("GUILD_CREATE", {**guild.full_json(), "unavailable": False}, place=guild)
    await driver.say("lena", "/roadmaps", private=True)
    assert len(driver.server.messages(channel)) == 1
    guild.kick_bot()
    driver.server.clock = lambda: noon() + timedelta(days=1)
    driver.server.invite_bot(guild)
    await driver.server.wait_message(channel, after=driver.server.messages(channel)[0])
    # Where a group lives, it is not introduced to itself, now or when its channel is gone.
    assert driver.server.messages(driver.channel) == []
    other = driver.guild.add_channel("other")
    driver.channel.delete()
    await driver.stop()
    await driver.start()
    await driver.say("lena", "/roadmaps", private=True)
    assert driver.server.messages(other) == []


async def test_homes_end_with_their_channels_threads_and_servers(driver: DiscordDriver) -> None:
    thread = driver.channel.add_thread("homework", driver.lena)
    other = driver.guild.add_channel("other")
    addresses = [
        Address("discord", str(driver.channel.id), str(thread.id)),
        Address("discord", str(other.id)),
        driver.home,
    ]
    async with driver.store.writing() as db:
        for address in addresses[:2]:
            group = await belonging.found_group(db, "g", "UTC", noon())
            await homes.settle_in(db, group.id, address, "g")

    async def living() -> list[Address]:
        # Events are handled in order: once this is answered, those before it are known.
        await driver.say("lena", "/roadmaps", private=True)
        async with driver.store.reading() as db:
            return [home.address for home in await homes.every_home(db)]

    assert len(await living()) == 3
    thread.delete()
    assert set(await living()) == {addresses[1], addresses[2]}
    other.delete()
    assert await living() == [addresses[2]]
    driver.guild.kick_bot()
    assert await living() == []


# ---------------------------------------------------------------- the connection


async def test_a_wrong_token_is_said_so(driver: DiscordDriver) -> None:
    platform = DiscordPlatform(
        "not.the.token",
        driver.hearing,
        driver.memory,
        api_url=driver.server.api_url,
        gateway_url=driver.server.gateway_url,
    )
    with pytest.raises(BadToken, match="DISCORD_TOKEN") as caught:
        await platform.run()
    assert "not.the.token" not in str(caught.value)


async def test_a_token_that_is_reset_ends_it(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(self: connection.Client, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py waits five seconds before it identifies again."""

    monkeypatch.setattr(connection.Client, "before_identify_hook", at_once)
    driver.server.token = "another"
    driver.server.gateway.invalidate()
    with pytest.raises(BadToken, match="reset"):
        await driver._serving
    await driver.start()


async def test_the_log_says_who_we_are(driver: DiscordDriver, caplog: pytest.LogCaptureFixture) -> None:
    await driver.stop()
    with caplog.at_level(logging.INFO, "bot"):
        await driver.start()
        await driver.say("asha", "/roadmaps")
    assert "connected to Discord as roadmate" in caplog.text


async def test_a_broken_connection_is_resumed(driver: DiscordDriver) -> None:
    driver.server.gateway.drop()
    await driver.server.resumed()
    driver.server.gateway.ask_to_reconnect()
    await driver.server.resumed(times=2)
    driver.server.gateway.invalidate(resumable=True)
    await driver.server.resumed(times=3)
    assert "backend-ai-era" in (await driver.say("asha", "/roadmaps")).text


async def test_discord_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "BACKOFF", (0.01,))
    driver = DiscordDriver(tmp_path, noon)
    driver.server.fail("GET", "/users/@me$", drop=True)
    driver.server.fail("GET", "/users/@me$", status=503, json={"message": "down"})
    async with driver:
        assert count(driver, "GET", "/users/@me") == 3


async def test_a_gateway_that_is_down_is_waited_for_without_ado(
    driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shards, "BACKOFF", (0.01,))
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _backoff: 0.01)
    await driver.stop()
    up = driver.server.gateway_url
    driver.server.gateway_url = "ws://127.0.0.1:9/"
    with caplog.at_level(logging.WARNING):
        starting = asyncio.create_task(driver.start())
        async with asyncio.timeout(PATIENCE):
            while caplog.text.count("gateway cannot be reached") < 2:  # noqa: ASYNC110 - only the log tells
                await asyncio.sleep(0.01)
    assert "Traceback" not in caplog.text
    starting.cancel()
    await driver.stop()
    driver.server.gateway_url = up
    await driver.start()


async def test_stopping_finishes_answers_and_leaves_nothing_behind(driver: DiscordDriver) -> None:
    await join(driver)
    before = asyncio.all_tasks()
    dispatch = slow(driver)
    await driver.stop()
    await driver.start(dispatch)
    acting = asyncio.create_task(driver.server.slash(driver.person("asha"), driver.channel, "done", {"step": "sql"}))
    await busy(driver)
    stopping = asyncio.create_task(driver.stop())
    await asyncio.sleep(0)
    dispatch.gate.set()
    await stopping
    exchange = await acting
    assert exchange.reply is not None
    assert exchange.reply.text.startswith("✅")
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}
    await driver.start()


async def test_stopping_waits_no_longer_than_it_must(driver: DiscordDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FINISH_WITHIN", 0.05)
    await driver.stop()
    await driver.start(slow(driver))
    driver.server.interactions.seconds_to_answer = 0.2
    acting = asyncio.create_task(driver.server.slash(driver.person("asha"), driver.channel, "roadmaps"))
    await busy(driver)
    await driver.stop()
    assert (await acting).failed
    await driver.start()


async def busy(driver: DiscordDriver) -> None:
    """Wait until the bot is at work on something."""
    connected = driver.platform._shards.clients[0]
    async with asyncio.timeout(PATIENCE):
        while not connected._under_way:  # noqa: ASYNC110 - the bot tells nobody that it begins
            await asyncio.sleep(0.005)


async def test_nothing_is_kept_of_what_was_shown(driver: DiscordDriver) -> None:
    await join(driver)
    await driver.say("asha", "/checkin minutes:yes")
    await driver.press("asha", "Other, with a note")
    await send(driver, LONG)
    connected = driver.platform._shards.clients[0]
    state = connected._connection
    assert state._messages is None
    assert not state._view_store._views
    assert not state._view_store._modals
    assert [len(guild.members) for guild in connected.guilds] == [1]
