"""The stand-in Bot API server, driven by the real python-telegram-bot: it behaves, and refuses, as Telegram does."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChatAdministrators,
    ChatMemberAdministrator,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    MenuButtonCommands,
    MessageEntity,
    ReplyParameters,
    Update,
)
from telegram import User as ApiUser
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import Application, ApplicationBuilder, TypeHandler

from tests.fakes.patience import PATIENCE
from tests.fakes.telegram_server import Group, Message, TelegramServer, User
from tests.fakes.telegram_spec import SPECIFICATION, Specification, specification


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


Reply = Callable[[Update, Bot], Any]
App = Application[Any, Any, Any, Any, Any, Any]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 4, height: int = 3) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([list(buttons)])


def button(text: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text, callback_data=data)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[TelegramServer]:
    async with TelegramServer(username="roadmate_bot", clock=clock) as running:
        yield running
        described = specification()
        if described is not None:
            assert running.violations == []
            assert shape_of_answers(running, described) == []


def shape_of_answers(server: TelegramServer, described: Specification) -> list[str]:
    """What the server itself said that the description does not allow."""
    found = [v for u in server.sent_updates for v in described.object_violations("Update", u.as_api())]
    for request in server.requests:
        if request.error is None and not request.dropped and request.result is not None:
            found += described.answer_violations(request.method, request.result)
    return found


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    """The library's client alone, for what needs no updates."""
    async with Bot(server.token, f"{server.url}/bot", f"{server.url}/file/bot") as client:
        yield client


@pytest.fixture
def asha(server: TelegramServer) -> User:
    user = server.add_user("Asha", username="asha")
    user.started = True
    return user


@pytest.fixture
def ravi(server: TelegramServer) -> User:
    return server.add_user("Ravi", username="ravi_k")


@pytest.fixture
def group(server: TelegramServer, asha: User, ravi: User) -> Group:
    return server.add_group("Study", members=[ravi], admins=[asha])


@asynccontextmanager
async def polling(
    server: TelegramServer, reply: Reply, on_error: Callable[[TelegramError], None] | None = None
) -> AsyncIterator[App]:
    """The real Application, long polling, which answers each update with `reply`."""

    async def handle(update: Update, context: Any) -> None:
        await reply(update, context.bot)

    builder = ApplicationBuilder().token(server.token)
    app = builder.base_url(f"{server.url}/bot").base_file_url(f"{server.url}/file/bot").build()
    app.add_handler(TypeHandler(Update, handle))
    async with app:
        assert app.updater is not None
        await app.updater.start_polling(allowed_updates=Update.ALL_TYPES, timeout=5, error_callback=on_error)
        await app.start()
        try:
            yield app
        finally:
            await app.updater.stop()
            await app.stop()


async def echo(update: Update, bot: Bot) -> None:
    """Says again what was said; a press is answered and written into its message."""
    if update.callback_query is not None:
        query = update.callback_query
        await query.answer(f"got {query.data}", show_alert=query.data == "loud")
        await query.edit_message_text(f"pressed {query.data}")
    elif update.message is not None and update.effective_chat is not None and update.message.text:
        await bot.send_message(
            update.effective_chat.id,
            f"you said {update.message.text}",
            message_thread_id=update.message.message_thread_id,
            reply_markup=keyboard(button("Quiet", "quiet"), button("Loud", "loud")),
        )


# Through the Application


async def test_a_message_is_polled_and_answered(server: TelegramServer, asha: User) -> None:
    async with polling(server, echo):
        update = await server.says(asha, "/start abc")
        answer = await server.wait_message(asha)
        assert update.message is not None and update.message.entities == [
            {"type": "bot_command", "offset": 0, "length": 6}
        ]
        assert (answer.text, answer.buttons) == ("you said /start abc", ["Quiet", "Loud"])
        assert [m.text for m in server.messages(asha)] == ["/start abc", "you said /start abc"]


async def test_two_messages_are_waited_for_in_turn(server: TelegramServer, asha: User) -> None:
    async with polling(server, echo):
        await server.says(asha, "one")
        second = await server.says(asha, "two")
        assert [m.text for m in await server.wait_messages(asha, 2)] == ["you said one", "you said two"]
        assert server.messages(asha, by=server.bot)[0].order > server.messages(asha)[0].order
        await server.says(asha, "three")
        assert (await server.wait_message(asha, after=second)).text == "you said three"
        with pytest.raises(TimeoutError, match="message of the bot in the private chat with Asha"):
            await server.wait_message(asha, timeout=0.01)


async def test_a_press_is_answered_and_edits_in_place(server: TelegramServer, asha: User) -> None:
    async with polling(server, echo):
        await server.says(asha, "hello")
        message = await server.wait_message(asha)
        press = await server.press(asha, message, "Loud")
        assert press.answer is not None and (press.answer.text, press.answer.alert) == ("got loud", True)
        await server.wait_edit(message)
        assert (message.text, message.edited, message.buttons) == ("pressed loud", True, [])
        assert [(edit.before, edit.after) for edit in server.edits] == [("you said hello", "pressed loud")]
        assert server.unanswered == []
        with pytest.raises(LookupError):
            await server.press(asha, message, "Quiet")
        late = await server.press(asha, message, "Quiet", stale=True)
        assert late.data == "quiet"


async def test_a_press_that_nobody_answers_is_listed(server: TelegramServer, asha: User) -> None:
    async def silent(update: Update, bot: Bot) -> None:
        if update.message is not None:
            await bot.send_message(asha.id, "choose", reply_markup=keyboard(button("A", "a")))

    async with polling(server, silent):
        await server.says(asha, "hello")
        message = await server.wait_message(asha)
        with pytest.raises(TimeoutError, match="an answer to"):
            await server.press(asha, message, "a", timeout=0.05)
        assert [press.data for press in server.unanswered] == ["a"]


async def test_an_update_is_redelivered_under_its_own_id(server: TelegramServer, asha: User) -> None:
    seen: list[int] = []

    async def note(update: Update, bot: Bot) -> None:
        seen.append(update.update_id)
        await bot.send_message(asha.id, "noted")

    async with polling(server, note):
        update = await server.says(asha, "once")
        await server.wait_message(asha)
        server.redeliver(update)
        await server.wait_message(asha)
        await server.says(asha, "twice")
        await server.wait_message(asha)
    assert seen == [update.id, update.id, update.id + 1]


async def test_unconfirmed_updates_survive_a_restart_of_the_bot(server: TelegramServer, asha: User, bot: Bot) -> None:
    update = await server.says(asha, "hello")
    for _ in range(2):
        assert [u.update_id for u in await bot.get_updates()] == [update.id]
    assert await bot.get_updates(offset=update.id + 1) == ()


async def test_a_second_poller_ends_the_first_with_a_conflict(server: TelegramServer, asha: User, bot: Bot) -> None:
    conflicts: list[TelegramError] = []
    async with polling(server, echo, conflicts.append):
        await server.until(lambda: server.calls("getUpdates") or None, PATIENCE, lambda: "a poll")
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            # The Application comes back after its own conflict, and so ends this one.
            await bot.get_updates(timeout=20)
        await server.says(asha, "hello")
        assert (await server.wait_message(asha)).text == "you said hello"
    assert [type(error) for error in conflicts] == [Conflict]


async def test_a_webhook_excludes_polling(server: TelegramServer, bot: Bot) -> None:
    await bot.set_webhook("https://example.org/hook", secret_token="s" * 8)
    assert (await bot.get_webhook_info()).url == "https://example.org/hook"
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()
    with pytest.raises(BadRequest, match="https url must be provided"):
        await bot.set_webhook("http://example.org/hook")


# Groups


async def test_privacy_mode_hides_what_is_not_for_the_bot(server: TelegramServer, group: Group, ravi: User) -> None:
    async with polling(server, echo):
        assert not (await server.says(ravi, "good evening", group)).reached
        assert not (await server.says(ravi, "/done@other_bot", group)).reached
        assert not (await server.says(ravi, "was it /done?", group)).reached
        assert (await server.says(ravi, "/done", group)).reached
        group.add_other_bot()
        assert not (await server.says(ravi, "/done", group)).reached
        assert (await server.says(ravi, "/done@Roadmate_Bot http-rest", group)).reached
        answers = await server.wait_messages(group, 2)
        assert [m.text for m in answers] == ["you said /done", "you said /done@Roadmate_Bot http-rest"]
        assert (await server.says(ravi, "/done", group)).reached  # ours was the last bot to post
        await server.wait_message(group)
        group.other_bot_posts("beep")
        assert not (await server.says(ravi, "/done", group)).reached
        assert (await server.says(ravi, "a link", group, reply_to=answers[0])).reached
        assert (await server.wait_message(group)).text == "you said a link"


async def test_privacy_mode_lets_an_administrator_bot_see_everything(
    server: TelegramServer, group: Group, ravi: User, bot: Bot
) -> None:
    group.promote_bot("can_delete_messages")
    spoken = await server.says(ravi, "good evening", group)
    assert spoken.reached and spoken.message is not None
    assert await bot.delete_message(group.id, spoken.message.id)
    assert server.messages(group) == []
    member = await bot.get_chat_member(group.id, server.bot.id)
    assert isinstance(member, ChatMemberAdministrator)
    assert member.can_delete_messages and not member.can_pin_messages


async def test_an_anonymous_administrator_posts_as_the_group(
    server: TelegramServer, group: Group, asha: User, ravi: User, bot: Bot
) -> None:
    await server.says(asha, "/setup", group, anonymous=True)
    [update] = await bot.get_updates()
    assert update.message is not None and update.message.from_user is not None
    assert update.message.from_user.id == 1087968824
    assert update.message.sender_chat is not None and update.message.sender_chat.id == group.id
    with pytest.raises(ValueError, match="only administrators"):
        await server.says(ravi, "/setup", group, anonymous=True)


async def test_being_added_kicked_and_asked_about_members(
    server: TelegramServer, asha: User, ravi: User, bot: Bot
) -> None:
    group = server.add_group("New", members=[ravi], admins=[asha], supergroup=False, with_bot=False)
    with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
        await bot.send_message(group.id, "hello")
    group.add_bot(by=ravi)
    added, service = await bot.get_updates()
    assert added.my_chat_member is not None
    assert added.my_chat_member.new_chat_member.status == "member"
    assert added.my_chat_member.old_chat_member.status == "left"
    assert service.message is not None and service.message.new_chat_members[0].username == "roadmate_bot"

    assert [a.user.id for a in await bot.get_chat_administrators(group.id)] == [asha.id]
    assert (await bot.get_chat_member(group.id, ravi.id)).status == "member"
    assert (await bot.get_chat(group.id)).title == "New"
    group.leave(ravi)
    assert (await bot.get_chat_member(group.id, ravi.id)).status == "left"

    group.restrict_bot()
    with pytest.raises(BadRequest, match="ot enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "hello")
    group.kick_bot(by=asha)
    with pytest.raises(Forbidden, match="bot was kicked from the group chat"):
        await bot.send_message(group.id, "hello")


async def test_an_administrator_bot_is_told_of_members_when_it_asks(
    server: TelegramServer, group: Group, ravi: User, bot: Bot
) -> None:
    kofi = server.add_user("kofi", first_name="Kofi")
    await bot.get_updates(allowed_updates=["message", "chat_member"])
    group.join(kofi)
    group.promote_bot()
    group.promote(ravi)
    group.demote(ravi)
    group.leave(kofi)
    joined, promoted, demoted, parted, gone = await bot.get_updates()
    assert joined.message is not None and joined.message.new_chat_members[0].first_name == "Kofi"
    assert parted.message is not None and parted.message.left_chat_member is not None
    changes = [
        (u.chat_member.old_chat_member.status, u.chat_member.new_chat_member.status)
        for u in (promoted, demoted, gone)
        if u.chat_member
    ]
    assert changes == [("member", "administrator"), ("administrator", "member"), ("member", "left")]


async def test_the_bot_leaves(server: TelegramServer, group: Group, bot: Bot) -> None:
    await bot.leave_chat(group.id)
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message(group.id, "hello")


async def test_a_forum_answers_in_its_topic(server: TelegramServer, asha: User, ravi: User) -> None:
    forum = server.add_group("Forum", members=[ravi], admins=[asha], forum=True)
    topic = forum.add_topic("Backend")
    async with polling(server, echo) as app:
        update = await server.says(ravi, "/next", topic=topic)
        assert (await server.wait_message(forum)).thread == topic.thread
        shown = update.as_api()["message"]
        assert shown["is_topic_message"] and shown["reply_to_message"]["message_id"] == topic.thread
        for thread in (topic.thread + 99, 1):
            with pytest.raises(BadRequest, match="essage thread not found"):
                await app.bot.send_message(forum.id, "lost", message_thread_id=thread)
        assert await app.bot.send_chat_action(forum.id, "typing", message_thread_id=1)
        topic.close()
        with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
            await app.bot.send_message(forum.id, "late", message_thread_id=topic.thread)
        topic.reopen()
        topic.delete()
        with pytest.raises(BadRequest, match="essage thread not found"):
            await app.bot.send_message(forum.id, "lost", message_thread_id=topic.thread)


async def test_a_migrated_group_names_its_successor(server: TelegramServer, asha: User, bot: Bot) -> None:
    old = server.add_group("Study", admins=[asha], supergroup=False)
    new = old.migrate()
    left, entered, joined = await bot.get_updates()
    assert joined.my_chat_member is not None and joined.my_chat_member.chat.id == new.id
    assert left.message is not None and left.message.migrate_to_chat_id == new.id
    assert entered.message is not None and entered.message.migrate_from_chat_id == old.id
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(old.id, "hello")
    assert moved.value.new_chat_id == new.id
    assert (await bot.send_message(new.id, "hello")).chat.type == "supergroup"


async def test_pinning_needs_the_right(server: TelegramServer, group: Group, bot: Bot) -> None:
    message = await bot.send_message(group.id, "board")
    with pytest.raises(BadRequest, match="ot enough rights to manage pinned messages"):
        await bot.pin_chat_message(group.id, message.message_id)
    group.promote_bot("can_pin_messages")
    assert await bot.pin_chat_message(group.id, message.message_id)
    assert server.pins == {group.id: message.message_id}


# Private chats that are closed


async def test_a_bot_cannot_write_first_nor_to_who_blocked_it(
    server: TelegramServer, group: Group, asha: User, ravi: User, bot: Bot
) -> None:
    stranger = server.add_user("Kofi")
    with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
        await bot.send_message(stranger.id, "hello")
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(ravi.id, "hello")
    asha.block()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(asha.id, "hello")
    with pytest.raises(ValueError, match="blocked"):
        await server.says(asha, "hello")
    asha.unblock()
    assert (await bot.send_message(asha.id, "hello")).text == "hello"
    changes = [u.my_chat_member.new_chat_member.status for u in await bot.get_updates() if u.my_chat_member]
    assert changes == ["kicked", "member"]


# Faults


async def test_a_fault_strikes_once_and_then_the_send_succeeds(server: TelegramServer, asha: User, bot: Bot) -> None:
    fault = server.fail("sendMessage", 429, parameters={"retry_after": 7})
    with pytest.raises(RetryAfter) as limited:
        await bot.send_message(asha.id, "hello")
    assert limited.value.retry_after == timedelta(seconds=7)
    await bot.send_message(asha.id, "hello")
    assert fault.hits == 1 and len(server.messages(asha)) == 1
    assert [request.error is None for request in await server.wait_call("sendMessage", 2)] == [False, True]

    server.fail("send.*", 502, description="Bad Gateway")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(asha.id, "hello")
    assert len(server.messages(asha)) == 1


@pytest.fixture(autouse=True)
def durations_are_timedeltas(monkeypatch: pytest.MonkeyPatch) -> None:
    """What python-telegram-bot will do in its next major version; reading a plain number warns."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.mark.parametrize(("accepted", "shown"), [(True, ["hello"]), (False, [])])
async def test_a_dropped_connection_may_have_delivered(
    server: TelegramServer, asha: User, bot: Bot, accepted: bool, shown: list[str]
) -> None:
    server.fail("sendMessage", drop=True, after_accept=accepted)
    with pytest.raises(NetworkError):
        await bot.send_message(asha.id, "hello")
    assert [message.text for message in server.messages(asha)] == shown


async def test_a_late_answer_times_out_although_it_was_delivered(server: TelegramServer, asha: User, bot: Bot) -> None:
    server.fail("sendMessage", delay=5, after_accept=True)
    with pytest.raises(TimedOut):
        await bot.send_message(asha.id, "hello", read_timeout=0.05)
    assert [message.text for message in server.messages(asha)] == ["hello"]


async def test_rates_are_measured_always_and_enforced_on_request(clock: Clock) -> None:
    async with TelegramServer(username="roadmate_bot", clock=clock, chat_burst=3) as server:
        asha = server.add_user("Asha")
        asha.started = True
        async with Bot(server.token, f"{server.url}/bot") as bot:
            for number in range(5):
                await bot.send_message(asha.id, f"{number}")
            assert (server.rates.worst_second, server.rates.worst_chat_second) == (5, 5)
            assert server.rates.worst_group_minute == 0
            server.enforce_rates = True
            for number in range(3):
                await bot.send_message(asha.id, f"{number}")
            with pytest.raises(RetryAfter) as limited:
                await bot.send_message(asha.id, "too much")
            assert limited.value.retry_after == timedelta(seconds=1)
            assert server.messages(asha)[-1].text == "2"


# What is refused


LONG = "я" * 4096
TOO_MANY = InlineKeyboardMarkup([[button("b", "d")] for _ in range(101)])


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        ({"text": LONG + "!"}, "Message is too long"),
        ({"text": "😀" * 2049}, "Message is too long"),
        ({"text": " \n "}, "Message text is empty"),
        ({"text": "a", "reply_markup": keyboard(button("b", "д" * 33))}, "Button_data_invalid"),
        ({"text": "a", "reply_markup": keyboard(button("b", ""))}, "Button_data_invalid"),
        ({"text": "a", "reply_markup": keyboard(button(" ", "d"))}, "Button_text_invalid"),
        ({"text": "a", "reply_markup": keyboard(*[button("b", "d")] * 9)}, "Reply_markup_invalid"),
        ({"text": "a", "reply_markup": TOO_MANY}, "Reply markup is too long"),
        (
            {"text": "a", "reply_markup": keyboard(InlineKeyboardButton("b"))},
            "Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": "a", "reply_markup": keyboard(InlineKeyboardButton("b", url="localhost"))},
            "button URL 'localhost' is invalid: Wrong HTTP URL",
        ),
        ({"text": "ab", "entities": [MessageEntity("bold", 1, 2)]}, "ends after the end of the text"),
        ({"text": "😀b", "entities": [MessageEntity("bold", 1, 1)]}, "begins in a middle of a UTF-16 symbol"),
        ({"text": "ab", "entities": [MessageEntity("bold", -1, 1)]}, "negative offset"),
        ({"text": "ab", "entities": [MessageEntity("shiny", 0, 1)]}, "Unsupported type specified"),
        ({"text": "ab", "entities": [MessageEntity("text_link", 0, 1)]}, 'Can\'t find field "url"'),
        ({"text": "ab", "entities": [MessageEntity("text_mention", 0, 1)]}, 'Can\'t find field "user"'),
        (
            {"text": "ab", "entities": [MessageEntity("text_link", 0, 1, url="javascript:x")]},
            "entity URL 'javascript:x' is invalid",
        ),
        ({"text": "<b>a", "parse_mode": "HTML"}, 'find end tag corresponding to start tag "b"'),
        ({"text": "a < b", "parse_mode": "HTML"}, 'Unsupported start tag "" at byte offset 2'),
        ({"text": "я<x>a</x>", "parse_mode": "HTML"}, 'Unsupported start tag "x" at byte offset 2'),
        ({"text": "<b><i>a</b></i>", "parse_mode": "HTML"}, 'expected "</i>", found "</b>"'),
        ({"text": "a</b>", "parse_mode": "HTML"}, "Unexpected end tag at byte offset 1"),
        ({"text": "<span>a</span>", "parse_mode": "HTML"}, 'must have class "tg-spoiler"'),
        ({"text": "1.0", "parse_mode": "MarkdownV2"}, "Character '.' is reserved and must be escaped"),
        ({"text": "я*a", "parse_mode": "MarkdownV2"}, "find end of Bold entity at byte offset 2"),
        ({"text": "`a", "parse_mode": "MarkdownV2"}, "find end of Code entity at byte offset 0"),
        ({"text": "*_a*_", "parse_mode": "MarkdownV2"}, "find end of Italic entity at byte offset 1"),
        ({"text": "[a](http", "parse_mode": "MarkdownV2"}, "find end of a URL"),
        ({"text": "a", "parse_mode": "XML"}, "nsupported parse_mode"),
        ({"text": "a", "reply_parameters": ReplyParameters(999)}, "Message to be replied not found"),
        ({"text": "a", "message_thread_id": 7}, "Message thread not found"),
        ({"text": "a", "reply_markup": ForceReply(input_field_placeholder="p" * 65)}, "Reply_markup_invalid"),
    ],
)
async def test_a_message_over_a_limit_is_refused(
    server: TelegramServer, asha: User, bot: Bot, content: dict[str, Any], refusal: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(asha.id, **content)
    assert refusal.lower() in refused.value.message.lower()
    assert server.messages(asha) == []


async def test_the_limits_themselves_are_allowed(server: TelegramServer, asha: User, bot: Bot) -> None:
    full = InlineKeyboardMarkup([[button("b", "ж" * 32)] * 8] * 12 + [[button("b", "d")] * 4])
    assert (await bot.send_message(asha.id, LONG, reply_markup=full)).text == LONG
    sent = await bot.send_message(asha.id, "a", reply_parameters=ReplyParameters(999, allow_sending_without_reply=True))
    assert sent.reply_to_message is None
    answer = await bot.send_message(asha.id, "b", reply_parameters=ReplyParameters(sent.message_id))
    assert answer.reply_to_message is not None and answer.reply_to_message.message_id == sent.message_id


async def test_edits_are_refused_where_telegram_refuses_them(server: TelegramServer, asha: User, bot: Bot) -> None:
    choice = keyboard(button("A", "a"))
    sent = await bot.send_message(asha.id, "hello", reply_markup=choice)
    with pytest.raises(BadRequest, match="essage is not modified"):
        await sent.edit_text("hello", reply_markup=choice)
    with pytest.raises(BadRequest, match="essage is not modified"):
        await sent.edit_reply_markup(choice)
    with pytest.raises(BadRequest, match="no caption in the message to edit"):
        await sent.edit_caption("hello")
    with pytest.raises(BadRequest, match="essage to edit not found"):
        await bot.edit_message_text("hello", asha.id, sent.message_id + 50)
    theirs = (await server.says(asha, "mine")).message
    assert theirs is not None
    with pytest.raises(BadRequest, match="essage can't be edited"):
        await bot.edit_message_text("yours", asha.id, theirs.id)
    asked = await bot.send_message(asha.id, "until when?", reply_markup=ForceReply())
    with pytest.raises(BadRequest, match="essage can't be edited"):
        await asked.edit_text("until then")
    await sent.edit_text("hello")
    assert server.messages(asha)[0].buttons == []
    await sent.delete()
    with pytest.raises(BadRequest, match="essage to delete not found"):
        await sent.delete()


async def test_what_the_bot_may_delete_and_for_how_long(
    server: TelegramServer, group: Group, ravi: User, bot: Bot, clock: Clock
) -> None:
    ours = await bot.send_message(group.id, "board")
    theirs = (await server.says(ravi, "hello", group)).message
    assert theirs is not None
    with pytest.raises(BadRequest, match="essage can't be deleted"):
        await bot.delete_message(group.id, theirs.id)
    clock.moment += timedelta(hours=48)
    with pytest.raises(BadRequest, match="essage can't be deleted"):
        await ours.delete()
    group.promote_bot("can_delete_messages")
    assert await ours.delete() and await bot.delete_message(group.id, theirs.id)


async def test_a_user_edits_a_command(server: TelegramServer, asha: User, bot: Bot) -> None:
    said = (await server.says(asha, "/dnoe http-rest")).message
    assert said is not None
    await server.rewrites(said, "/done http-rest")
    first, second = await bot.get_updates()
    assert first.message is not None and first.message.text == "/dnoe http-rest"
    assert second.edited_message is not None and second.edited_message.text == "/done http-rest"


async def test_callback_queries_expire(server: TelegramServer, asha: User, bot: Bot, clock: Clock) -> None:
    await bot.send_message(asha.id, "choose", reply_markup=keyboard(button("A", "a")))
    press = await server.press(asha, server.messages(asha)[0], "A", answered=False)
    with pytest.raises(BadRequest, match=r"(?i)message_too_long"):
        await bot.answer_callback_query(press.id, "x" * 201)
    clock.moment += timedelta(seconds=16)
    for query in (press.id, "12345"):
        with pytest.raises(BadRequest, match="uery is too old"):
            await bot.answer_callback_query(query)
    assert server.unanswered == [press]


async def test_commands_per_scope_and_language(server: TelegramServer, group: Group, bot: Bot) -> None:
    english = [BotCommand("done", "Mark a step done")]
    await bot.set_my_commands(english, BotCommandScopeAllGroupChats(), "en")
    await bot.set_my_commands([BotCommand("/setup", "Set up")], BotCommandScopeChatAdministrators(group.id))
    assert await bot.get_my_commands(BotCommandScopeAllGroupChats(), "en") == tuple(english)
    assert await bot.get_my_commands() == ()
    [setup] = await bot.get_my_commands(BotCommandScopeChatAdministrators(group.id))
    assert setup.command == "setup"
    await bot.delete_my_commands(BotCommandScopeAllGroupChats(), "en")
    assert await bot.get_my_commands(BotCommandScopeAllGroupChats(), "en") == ()
    for commands, refusal in (
        ([BotCommand("Done", "x")], r"(?i)bot_command_invalid"),
        ([BotCommand("d" * 33, "x")], "must not exceed 32"),
        ([BotCommand("done", " ")], "description must be non-empty"),
        ([BotCommand("done", "x" * 257)], r"(?i)bot_command_description_invalid"),
        ([BotCommand("done", "x")] * 101, r"(?i)bot_commands_too_much"),
    ):
        with pytest.raises(BadRequest, match=refusal):
            await bot.set_my_commands(commands)
    await bot.set_my_description("Keeps a study group on its roadmap.", language_code="en")
    await bot.set_my_short_description("Study together.")
    assert (await bot.get_my_description("en")).description == "Keeps a study group on its roadmap."
    assert await bot.set_chat_menu_button(menu_button=MenuButtonCommands())


async def test_unknown_methods_and_tokens(server: TelegramServer) -> None:
    async with ClientSession() as session:
        for path, status, words in (
            (f"/bot{server.token}/getme", 200, None),
            (f"/bot{server.token}/getNothing", 404, "Not Found: method not found"),
            ("/bot123:wrong/getMe", 401, "Unauthorized"),
        ):
            async with session.get(server.url + path) as answer:
                assert (answer.status, (await answer.json()).get("description")) == (status, words)
        async with session.get(f"{server.url}/file/bot{server.token}/documents/file_1") as answer:
            assert answer.status == 404
        form = {"chat_id": str(server.add_user("Mei").id), "text": "hello"}
        async with session.post(f"{server.url}/bot{server.token}/sendMessage", data=form) as answer:
            assert (await answer.json())["description"] == "Bad Request: chat not found"
    if server.specification is not None:
        assert server.violations == ["getNothing: no such method"]
    server.violations.clear()


# Text, pings, links


async def test_pings_and_links_of_a_message(
    server: TelegramServer, group: Group, asha: User, ravi: User, bot: Bot
) -> None:
    outsider = server.add_user("Mei", username="mei")

    async def sent(text: str, **how: Any) -> Message:
        await bot.send_message(group.id, text, **how)
        return server.messages(group)[-1]

    assert (await sent("well done @asha, @Ravi_K and @mei")).pings == {asha.id, ravi.id}
    assert (await sent("x@asha.example @asha_ and @\u2060asha")).pings == frozenset()
    assert (await sent("see `@asha`", parse_mode="MarkdownV2")).pings == frozenset()
    named = MessageEntity("text_mention", 0, 4, user=ApiUser(ravi.id, "Ravi", False))
    mentioned = await sent("Ravi and @asha", entities=[named, MessageEntity("bold", 9, 5)])
    assert mentioned.pings == {ravi.id, asha.id}
    stranger = MessageEntity("text_mention", 0, 3, user=ApiUser(outsider.id, "Mei", False))
    assert (await sent("Mei", entities=[stranger])).entities == []
    assert (await sent(f'<a href="tg://user?id={ravi.id}">he</a>', parse_mode="HTML")).pings == {ravi.id}

    proof = MessageEntity("text_link", 0, 5, url="https://example.org/api")
    linked = await sent("proof in main.py, see http://a.example.com/x.", entities=[proof])
    assert [(link.url, link.detected, link.preview) for link in linked.links] == [
        ("https://example.org/api", False, True),
        ("main.py", True, False),
        ("http://a.example.com/x", True, False),
    ]
    quiet = await sent("https://example.org", link_preview_options=LinkPreviewOptions(is_disabled=True))
    assert [link.preview for link in quiet.links] == [False]
    broken = await sent("main\u2060.py 3.5 e.g. a/b")
    assert broken.links == ()


@pytest.mark.parametrize(
    ("mode", "source", "text", "entities"),
    [
        (
            "HTML",
            '😀<b>bo<i>th</i></b> &lt;a&gt; <a href="https://e.org/?a=1&amp;b=2">l</a>',
            "😀both <a> l",
            [
                {"type": "bold", "offset": 2, "length": 4},
                {"type": "italic", "offset": 4, "length": 2},
                {"type": "text_link", "offset": 11, "length": 1, "url": "https://e.org/?a=1&b=2"},
            ],
        ),
        (
            "HTML",
            '<pre><code class="language-py">x = 1</code></pre><blockquote expandable>q</blockquote>',
            "x = 1q",
            [
                {"type": "pre", "offset": 0, "length": 5, "language": "py"},
                {"type": "expandable_blockquote", "offset": 5, "length": 1},
            ],
        ),
        (
            "MarkdownV2",
            "*bo_th_* \\_ [l](https://e\\.org/\\)) ||s|| ~d~ __u__",
            "both _ l s d u",
            [
                {"type": "bold", "offset": 0, "length": 4},
                {"type": "italic", "offset": 2, "length": 2},
                {"type": "text_link", "offset": 7, "length": 1, "url": "https://e.org/)"},
                {"type": "spoiler", "offset": 9, "length": 1},
                {"type": "strikethrough", "offset": 11, "length": 1},
                {"type": "underline", "offset": 13, "length": 1},
            ],
        ),
        (
            "MarkdownV2",
            "```py\nx = 1```\n>one\n>two||\nafter",
            "x = 1\none\ntwo\nafter",
            [
                {"type": "pre", "offset": 0, "length": 5, "language": "py"},
                {"type": "expandable_blockquote", "offset": 6, "length": 7},
            ],
        ),
    ],
)
async def test_markup_becomes_entities(
    server: TelegramServer,
    asha: User,
    bot: Bot,
    mode: str,
    source: str,
    text: str,
    entities: list[dict[str, Any]],
) -> None:
    await bot.send_message(asha.id, source, parse_mode=mode)
    [message] = server.messages(asha)
    assert (message.text, message.entities) == (text, entities)


async def test_white_space_around_a_text_goes_and_entities_follow(server: TelegramServer, asha: User, bot: Bot) -> None:
    await bot.send_message(asha.id, "\n bold  ", entities=[MessageEntity("bold", 2, 6)])
    [message] = server.messages(asha)
    assert (message.text, message.entities) == ("bold", [{"type": "bold", "offset": 0, "length": 4}])


# Files, replies, deep links


async def test_files_come_and_go(server: TelegramServer, group: Group, asha: User, ravi: User, bot: Bot) -> None:
    note = "/done@roadmate_bot http-rest"
    update = await server.says(ravi, chat=group, document=("api.txt", b"proof", "text/plain"), caption=note)
    assert update.reached
    [received] = await bot.get_updates()
    assert received.message is not None and received.message.document is not None
    assert received.message.caption == note
    file = await received.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"proof"

    await bot.send_photo(asha.id, png(), caption="week 12", reply_markup=keyboard(button("A", "a")))
    await bot.send_document(asha.id, b"a,b", filename="plan.csv")
    photo, document = server.messages(asha)
    assert photo.photo is not None and (photo.photo.width, photo.photo.height) == (4, 3)
    assert document.document is not None and document.document.data == b"a,b"
    await bot.edit_message_caption(asha.id, photo.id, caption="week 13")
    await bot.edit_message_media(InputMediaPhoto(png(5, 5), caption="week 14"), asha.id, photo.id)
    assert (photo.text, photo.photo.width, photo.revision) == ("week 14", 5, 2)

    for picture, refusal in ((b"GIF89a", r"(?i)image_process_failed"), (png(30, 1), r"(?i)invalid_dimensions")):
        with pytest.raises(BadRequest, match=refusal):
            await bot.send_photo(asha.id, picture)
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_document(asha.id, b"x", caption="c" * 1025)
    with pytest.raises(BadRequest, match="no text in the message to edit"):
        await bot.edit_message_text("text", asha.id, photo.id)


async def test_a_forced_reply_reaches_the_bot(server: TelegramServer, group: Group, ravi: User) -> None:
    async def ask(update: Update, bot: Bot) -> None:
        assert update.message is not None
        if update.message.reply_to_message is not None:
            await bot.send_message(group.id, f"by {update.message.text}, then")
        else:
            await update.message.reply_text("Until when?", reply_markup=ForceReply(selective=True), do_quote=True)

    async with polling(server, ask):
        await server.says(ravi, "/join@roadmate_bot", group)
        question = await server.wait_message(group)
        assert question.force_reply and question.markup.selective and question.reply_to is not None
        await server.says(ravi, "in 5 months", group, reply_to=question)
        assert (await server.wait_message(group)).text == "by in 5 months, then"


async def test_deep_links(server: TelegramServer, asha: User, bot: Bot) -> None:
    await server.opens(asha, "https://t.me/roadmate_bot?start=join-42")
    [update] = await bot.get_updates()
    assert update.message is not None and update.message.text == "/start join-42"
    with pytest.raises(ValueError, match="passes no such payload"):
        await server.opens(asha, "https://t.me/roadmate_bot?start=" + "a" * 65)
    with pytest.raises(ValueError, match="does not lead"):
        await server.opens(asha, "https://t.me/other_bot?start=a")
    bad = InlineKeyboardButton("Open", url="https://t.me/roadmate_bot?start=a b".replace(" ", "%20"))
    await bot.send_message(asha.id, "privately", reply_markup=keyboard(bad))
    assert server.violations == ["sendMessage: 'a b' cannot be a deep link's payload"]
    server.violations.clear()


# The specification


@pytest.fixture(scope="module")
def described() -> Specification:
    found = specification()
    if found is None:
        pytest.skip(f"no Bot API description at {SPECIFICATION}")
    return found


@pytest.mark.parametrize(
    ("method", "given", "violations"),
    [
        ("sendMessage", {"chat_id": "7", "text": "a", "disable_notification": "True"}, []),
        ("sendMessage", {"chat_id": "7", "text": "a", "shout": "1"}, ["unknown parameter shout"]),
        ("sendMessage", {"chat_id": "7", "text": "a", "protect_content": "maybe"}, ["protect_content: 'maybe'"]),
        ("sendMessage", {"chat_id": 7}, ["required parameter text is missing"]),
        ("sendMessage", {"chat_id": 7, "text": 7}, ["text: 7 is not String"]),
        ("sendMessage", {"chat_id": True, "text": "a"}, ["chat_id: True is not"]),
        ("sendNothing", {}, ["no such method"]),
        (
            "sendMessage",
            {"chat_id": 7, "text": "a", "reply_markup": '{"inline_keyboard": [[{"txt": "a"}]]}'},
            ["InlineKeyboardButton has no field txt", "field text of InlineKeyboardButton is missing"],
        ),
        (
            "sendMessage",
            {"chat_id": 7, "text": "a", "entities": [{"type": "bold", "offset": 0, "length": "1"}]},
            ["entities[0].length: '1' is not Integer"],
        ),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, ["field chat_id of BotCommandScopeChat"]),
        ("editMessageMedia", {"media": {"type": "photo", "media": "attach://p"}, "chat_id": 7}, []),
        ("sendPhoto", {"chat_id": 7}, ["required parameter photo is missing"]),
    ],
)
def test_requests_are_held_against_the_specification(
    described: Specification, method: str, given: dict[str, Any], violations: list[str]
) -> None:
    found = described.request_violations(method, given, frozenset())
    assert len(found) == len(violations)
    assert all(words in violation for words, violation in zip(violations, found, strict=True))


def test_files_are_held_against_the_specification(described: Specification) -> None:
    photo = {"chat_id": 7}
    assert described.request_violations("sendPhoto", photo, frozenset({"photo"})) == []
    attached = photo | {"photo": "attach://p"}
    assert described.request_violations("sendPhoto", attached, frozenset({"p"})) == []
    assert described.request_violations("sendPhoto", attached, frozenset({"p", "q"})) == [
        "sendPhoto: unknown file part q"
    ]
    text = described.request_violations("sendMessage", photo, frozenset({"text"}))
    assert text == ["sendMessage.text: a file where String is expected"]


def test_where_there_is_no_specification(tmp_path: Path) -> None:
    assert specification(tmp_path / "telegram-api.json") is None
