"""Whoever is refused half-way has written nothing, and has come in all the same."""

from __future__ import annotations

from dataclasses import replace

from bot.command import Call, Response
from bot.command.registry import Command, Registry
from bot.commands import registry
from bot.domain.refusal import Refusal
from bot.store import codes, people, wishes
from tests.dialogues.conftest import Chat
from tests.fakes.statements import recorded


def refusing(chat: Chat) -> None:
    """Give the chat commands that refuse: `/late` when it has set a name, `/code` when it has shown a code, `/early` at
    once."""

    def no() -> Refusal:
        return Refusal("refuse-command", text="no", ways=[("/help", "help")])

    async def late(call: Call) -> Response:
        await wishes.set_name(call.change, "Half")
        raise no()

    async def code(call: Call) -> Response:
        await codes.issue(call.db, "link", call.member.id, None, call.now)
        raise no()

    async def early(_call: Call) -> Response:
        raise no()

    commands = Registry({command.name: command for command in registry}, registry.finish)
    for run in (late, code, early):
        commands.add(Command(run.__name__, (), run))
    chat.dispatch = replace(chat.dispatch, registry=commands)


async def test_what_was_begun_is_gone_and_who_spoke_is_known(chat: Chat) -> None:
    refusing(chat)
    assert "no" in await chat.say("asha", "/late")
    async with chat.store.reading() as db:
        known = await people.account(db, "test", "asha")
        assert known is not None
        assert (await people.member(db, known.member)).name == "Asha"
    assert "nothing" in (await chat.say("asha", "/undo")).casefold()


async def test_what_is_not_a_change_is_gone_too(chat: Chat) -> None:
    refusing(chat)
    await chat.say("asha", "/help")
    with recorded(chat.store) as statements:
        assert "no" in await chat.say("asha", "/code")
    assert statements.writers == 2, "one that was taken back, and one that notes who spoke"
    async with chat.store.reading() as db:
        assert (await db.exec_driver_sql("SELECT count(*) FROM codes")).scalar_one() == 0


async def test_whoever_is_refused_at_once_takes_one_transaction(chat: Chat) -> None:
    refusing(chat)
    with recorded(chat.store) as statements:
        assert "no" in await chat.say("asha", "/early")
    assert statements.writers == 1
