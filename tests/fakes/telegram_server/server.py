"""A Bot API server on loopback: answers a real bot by Telegram's rules, and lets a test act as its people."""

# ruff: noqa: ASYNC109 -- a `timeout` is how a test says how long it waits, here and in the other stand-ins

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from inspect import isawaitable
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from tests.fakes.patience import PATIENCE
from tests.fakes.telegram_server.chats import Chat, Group, User
from tests.fakes.telegram_server.entities import settle, units
from tests.fakes.telegram_server.messages import Message, Press, Topic, Update
from tests.fakes.telegram_server.posting import Posting
from tests.fakes.telegram_server.profile import Profile
from tests.fakes.telegram_server.rates import PER_CHAT_SECOND, RATED, Attempt, Rates
from tests.fakes.telegram_server.refusals import ApiError, too_many_requests
from tests.fakes.telegram_server.requests import Fault, Parameters, Request, read_parameters
from tests.fakes.telegram_server.sending import MOST_FILE_BYTES, MOST_TEXT, Sending
from tests.fakes.telegram_server.world import World
from tests.fakes.telegram_spec import specification

START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")  # https://core.telegram.org/bots/features#deep-linking


class TelegramServer(World):
    """Stands in for api.telegram.org, for one bot.

    `clock` dates messages and ages callback queries (`query_lifetime` seconds); `privacy` is the bot's
    privacy mode; `enforce_rates` answers 429 over Telegram's limits, `chat_burst` being the messages one chat
    takes in a second.

        async with TelegramServer(username="roadmate_bot", clock=clock) as server:
            asha = server.add_user("Asha", username="asha")
            ...  # run a bot with server.token and base_url f"{server.url}/bot"
            await server.says(asha, "/start")
            greeting = await server.wait_message(asha)
            press = await server.press(asha, greeting, "Pick a roadmap")
    """

    def __init__(
        self,
        *,
        username: str,
        clock: Callable[[], datetime],
        name: str = "Roadmate",
        privacy: bool = True,
        enforce_rates: bool = False,
        chat_burst: int = PER_CHAT_SECOND,
        query_lifetime: float = 15.0,
        port: int = 0,
    ) -> None:
        super().__init__(username=username, name=name, clock=clock, privacy=privacy)
        self.token = f"{self.bot.id}:{'stand-in-for-telegram'.ljust(35, '-')}"
        self.specification = specification()
        self.violations: list[str] = []
        self.requests: list[Request] = []
        self.rates = Rates(chat_burst)
        self.enforce_rates = enforce_rates
        self.sending = Sending(self, query_lifetime)
        self.profile = Profile(self, self.sending)
        self.posting = Posting(self, self.profile)
        self._posting: asyncio.Task[None] | None = None
        self._faults: list[Fault] = []
        self._methods = _methods(self.sending) | _methods(self.profile)
        self._seen_order: dict[int, int] = {}
        self._seen_revision: dict[Message, int] = {}
        self._press_ids = itertools.count(4_000_000_000_000_001)
        self._port = port
        self._runner: web.AppRunner | None = None

    # The server itself

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2 * MOST_FILE_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._posting = asyncio.create_task(self.posting.run(), name="webhook of the stand-in")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        if self._posting is not None:
            self._posting.cancel()
            await asyncio.wait({self._posting})
        self.updates.wake()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The root that stands for https://api.telegram.org."""
        return f"http://127.0.0.1:{self._port}"

    async def _method(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _answer(ApiError(401, "Unauthorized"))
        if request.content_length and request.content_length > MOST_FILE_BYTES:
            return _answer(ApiError(413, "Request Entity Too Large"))
        parameters = await read_parameters(request)
        asked = request.match_info["method"]
        name, _ = self._methods.get(asked.lower(), (asked, None))
        record = Request(name, parameters, asyncio.get_running_loop().time())
        self.requests.append(record)
        self.ring()
        self._check(record)
        try:
            record.result = await self._respond(record)
        except ApiError as error:
            record.error = error
        self.ring()
        if record.dropped:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return _answer(record.error) if record.error else _answer(record.result)

    async def _respond(self, record: Request) -> Any:
        attempt = self._attempt(record)
        fault = next((fault for fault in self._faults if fault.strikes(record.method)), None)
        if fault is None:
            return await self._apply(record, attempt)
        fault.hits += 1
        result = await self._apply(record, attempt) if fault.after_accept else None
        await asyncio.sleep(fault.delay)
        if fault.until is not None:
            await fault.until.wait()
        record.dropped = fault.drop
        error = fault.error()
        if error is not None:
            if attempt is not None and error.status == 429:
                self.rates.halt(asyncio.get_running_loop().time(), fault.patience, fault.chat)
            raise error
        return result if fault.after_accept or fault.drop else await self._apply(record, attempt)

    async def _apply(self, record: Request, attempt: Attempt | None) -> Any:
        _, method = self._methods.get(record.method.lower(), (None, None))
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        refused = self.rates.refuse_for(attempt) if attempt is not None and self.enforce_rates else None
        if attempt is not None and refused is not None:
            wait, everybody = refused
            self.rates.halt(asyncio.get_running_loop().time(), wait, None if everybody else attempt.chat)
            raise too_many_requests(wait)
        result = method(record.parameters, record.moment)
        return await result if isawaitable(result) else result

    def _attempt(self, record: Request) -> Attempt | None:
        """What writes into a chat, recorded whatever becomes of it."""
        if not record.method.startswith(RATED):
            return None
        chat = str(record.parameters.given.get("chat_id", ""))
        number = int(chat) if chat.lstrip("-").isdigit() else 0
        attempt = Attempt(record.moment, number, number < 0, edit=record.method.startswith("edit"))
        self.rates.record(attempt)
        return attempt

    def _check(self, record: Request) -> None:
        given, uploads = record.parameters.given, frozenset(record.parameters.uploads)
        if self.specification is not None:
            self.violations += self.specification.request_violations(record.method, given, uploads)
            if self.specification.knows(record.method) and record.method.lower() not in self._methods:
                self.violations.append(f"{record.method}: not served by this stand-in")
        for link in re.findall(r"https?://t\.me/\w+\?[^\s\"'<>)\\]+", str(given)):
            for payload in (value for key in ("start", "startgroup") for value in _query(link).get(key, ())):
                if not START_PAYLOAD.fullmatch(payload):
                    self.violations.append(f"{record.method}: {payload!r} cannot be a deep link's payload")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        file = next((file for file in self.files.values() if file.path == path), None)
        if request.match_info["token"] != self.token or file is None:
            return _answer(ApiError(404, "Not Found"))
        return web.Response(body=file.data, content_type="application/octet-stream")

    # Faults, and what was asked

    def fail(
        self,
        method: str,
        status: int | None = None,
        *,
        description: str | None = None,
        parameters: dict[str, Any] | None = None,
        times: int | None = 1,
        after_accept: bool = False,
        delay: float = 0,
        drop: bool = False,
        chat: int | None = None,
        until: asyncio.Event | None = None,
    ) -> Fault:
        """Spoils the next requests whose method name matches the pattern `method` as a whole; see Fault."""
        fault = Fault(
            re.compile(method), status, description, parameters, times, after_accept, delay, drop, chat, until
        )
        self._faults.append(fault)
        return fault

    def calls(self, method: str) -> list[Request]:
        """Every request of one method so far, refused ones too."""
        return [request for request in self.requests if request.method == method]

    @property
    def unanswered(self) -> list[Press]:
        """Presses whose callback query the bot has not answered: the button still spins at the user's."""
        return [press for press in self.presses if not press.answers]

    # Who there is

    def add_group(
        self,
        title: str,
        *,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
        forum: bool = False,
        supergroup: bool = True,
        with_bot: bool = True,
    ) -> Group:
        """A group, owned by its first administrator or else by an outsider; our bot is a member already."""
        group = self.new_group(title, "supergroup" if supergroup or forum else "group")
        group.forum = forum
        leaders = list(admins) or [self.add_user("Owner")]
        group.statuses |= {user.id: "member" for user in members}
        group.statuses |= {user.id: "administrator" for user in leaders} | {leaders[0].id: "creator"}
        if with_bot:
            group.statuses[self.bot.id] = "member"
        return group

    # What people do

    async def says(
        self,
        user: User,
        text: str = "",
        chat: Chat | None = None,
        *,
        topic: Topic | None = None,
        reply_to: Message | None = None,
        document: tuple[str, bytes, str] | None = None,
        photo: bytes | None = None,
        caption: str | None = None,
        anonymous: bool = False,
    ) -> Update:
        """A user writes: in private unless a chat or topic is given. A document is (name, bytes, media type).

        Returns the update; `update.reached` says whether privacy mode let it through. Raises ValueError where
        the real user could not do this.
        """
        place: Chat = topic.group if topic else chat or user
        self._may_write(user, place, anonymous=anonymous)
        words, entities = settle(text or caption or "", [], lambda _: None)
        if units(words) > MOST_TEXT:
            raise ValueError("a Telegram app splits a text over 4096 UTF-16 units: say it in parts")
        if not words and document is None and photo is None:
            raise ValueError("nobody can send an empty message")
        if isinstance(place, User):
            place.started = True
        message = self.store(
            place,
            None if anonymous else user,
            text=words,
            entities=entities,
            document=self.add_file(*document, folder="documents") if document else None,
            photo=self.add_file("photo.jpg", photo, "image/jpeg", folder="photos", size=(800, 600)) if photo else None,
            thread=topic.thread if topic else None,
            opener=topic.created if topic else None,
            reply_to=reply_to,
        )
        return self.tell("message", message.as_api(), message, reached=self.reaches_bot(message))

    def _may_write(self, user: User, place: Chat, *, anonymous: bool) -> None:
        if isinstance(place, User):
            if place is not user:
                raise ValueError("a private chat belongs to its user")
            if user.blocked:
                raise ValueError(f"{user.first_name} blocked the bot, and must unblock it to write to it")
        elif user not in place.members:
            raise ValueError(f"{user.first_name} is not in {place.label}")
        if anonymous and (isinstance(place, User) or user not in place.admins):
            raise ValueError("only administrators can post as the group")

    async def rewrites(self, message: Message, text: str) -> Update:
        """A user edits their own message; the bot is told as privacy mode told it of the message."""
        message.text, message.entities = settle(text, [], lambda _: None)
        message.edit_date = int(self.clock().timestamp())
        message.revision += 1
        message.settle()
        return self.tell("edited_message", message.as_api(), message, reached=self.reaches_bot(message))

    async def opens(self, user: User, link: str) -> Update:
        """A user follows a deep link to the bot (https://t.me/bot?start=payload) and taps Start."""
        address, payload = urlsplit(link), (_query(link).get("start") or [""])[0]
        if address.hostname != "t.me" or address.path.strip("/").lower() != (self.bot.username or "").lower():
            raise ValueError(f"{link} does not lead to @{self.bot.username}")
        if payload and not START_PAYLOAD.fullmatch(payload):
            raise ValueError(f"Telegram passes no such payload: {payload!r}")
        return await self.says(user, f"/start {payload}".strip())

    async def press(
        self,
        user: User,
        message: Message,
        label_or_data: str,
        *,
        stale: bool = False,
        answered: bool = True,
        timeout: float = PATIENCE,
    ) -> Press:
        """A user presses an inline button, named by its label or its data, and waits for the bot's answer.

        `stale`: also a button that an edit has taken away since, as an app shows that missed it.
        `answered=False` does not wait. Raises LookupError when there is no such button, TimeoutError when the
        bot stays silent for `timeout` seconds.
        """
        if isinstance(message.chat, User) and message.chat is not user:
            raise ValueError(f"{user.first_name} cannot see {message!r}")
        if isinstance(message.chat, Group) and user not in message.chat.members:
            raise ValueError(f"{user.first_name} is not in {message.chat.label}")
        data = _data_of(message, label_or_data, stale=stale)
        query_id = str(next(self._press_ids))
        payload = {
            "id": query_id,
            "from": user.as_api(),
            "message": message.as_api() if not message.deleted else message.inaccessible_api(),
            "chat_instance": str(message.chat.id),
            "data": data,
        }
        update = self.tell("callback_query", payload, message)
        press = Press(query_id, user, message, data, self.clock().timestamp(), update)
        self.presses.append(press)
        if answered:
            await self.until(lambda: press.answer, timeout, lambda: f"an answer to {press!r}")
        return press

    def redeliver(self, update: Update | Press) -> None:
        """Sends an update again under its own id, as when the bot's confirmation of it was lost."""
        self.updates.repeat(update.update if isinstance(update, Press) else update)

    # What the bot did

    def messages(self, chat: Chat, by: User | None = None) -> list[Message]:
        """The messages that a chat shows now, oldest first; those of one sender where `by` is given."""
        return [m for m in self.stored(chat) if not m.deleted and (by is None or m.sender is by)]

    async def wait_message(
        self,
        chat: Chat,
        predicate: Callable[[Message], bool] | None = None,
        *,
        after: Message | Update | None = None,
        timeout: float = PATIENCE,
    ) -> Message:
        """The bot's next message in a chat that was not waited for yet, already written or still to come.

        `predicate` skips others; `after` skips those before a message or update. Raises TimeoutError.
        """
        earliest = after.message if isinstance(after, Update) else after
        floor = earliest.order if earliest is not None else 0

        def look() -> Message | None:
            since = max(floor, self._seen_order.get(chat.id, 0))
            fresh = (m for m in self.stored(chat) if m.order > since and m.sender is self.bot)
            return next((m for m in fresh if m.service is None and (predicate is None or predicate(m))), None)

        wanted = f"a message of the bot in the {chat.label}"
        found = await self.until(look, timeout, lambda: f"{wanted}; it shows {self.stored(chat)[-5:]}")
        self._seen_order[chat.id] = found.order
        return found

    async def wait_messages(self, chat: Chat, count: int, *, timeout: float = PATIENCE) -> list[Message]:
        """The next `count` messages of the bot in a chat; `timeout` seconds for each."""
        return [await self.wait_message(chat, timeout=timeout) for _ in range(count)]

    async def wait_edit(
        self, message: Message, predicate: Callable[[Message], bool] | None = None, *, timeout: float = PATIENCE
    ) -> Message:
        """The message, once edited since the last wait for it, as `predicate` wants. Raises TimeoutError."""

        def look() -> Message | None:
            fresh = message.revision > self._seen_revision.get(message, 0)
            return message if fresh and (predicate is None or predicate(message)) else None

        await self.until(look, timeout, lambda: f"an edit of {message!r}")
        self._seen_revision[message] = message.revision
        return message

    async def wait_call(self, method: str, count: int = 1, *, timeout: float = PATIENCE) -> list[Request]:
        """The requests of a method, once `count` of them got their answer. Raises TimeoutError."""

        def look() -> list[Request] | None:
            done = [request for request in self.calls(method) if request.result is not None or request.error]
            return done if len(done) >= count else None

        return await self.until(look, timeout, lambda: f"{count} × {method}")


def _methods(served: Sending | Profile) -> dict[str, tuple[str, Callable[[Parameters, float], Any]]]:
    """The methods of an object by their Bot API names in lower case: Telegram does not look at case."""
    found = {}
    for attribute in (name for name in vars(type(served)) if "_" in name.strip("_") and not name.startswith("_")):
        first, *rest = attribute.split("_")
        name = first + "".join(word.capitalize() for word in rest)
        method = getattr(served, attribute)
        if callable(method):
            found[name.lower()] = (name, method)
    return found


def _answer(result: Any) -> web.Response:
    if isinstance(result, ApiError):
        return web.json_response(result.body(), status=result.status)
    return web.json_response({"ok": True, "result": result})


def _query(link: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(link).query, keep_blank_values=True)


def _data_of(message: Message, label_or_data: str, *, stale: bool) -> str:
    markups = [message.markup, *reversed(message.earlier_markups)] if stale else [message.markup]
    buttons = [button for markup in markups for row in markup.keyboard for button in row]
    for name in ("text", "data"):
        for button in buttons:
            if getattr(button, name) == label_or_data and button.data is not None:
                return button.data
    raise LookupError(f"no button {label_or_data!r} to press on {message!r}")
