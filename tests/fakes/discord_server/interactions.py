"""Interactions: what a user did, how the bot may answer, and until when."""

# A test says how long it is willing to wait, and a TimeoutError says for what: hence `timeout` parameters.
# ruff: noqa: ASYNC109

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from tests.fakes.patience import PATIENCE

from .forms import ApiError, Form, check_choices, check_modal
from .messages import EPHEMERAL, LOADING, Message
from .places import Channel, Json, User
from .posting import Post, Upload, delete, dispatch, edit, fill, post

REPLY, DEFERRED_REPLY, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
"""Types of the first answer (Discord, Receiving and Responding, "Interaction Callback Type")."""

TOKEN_LIFE = timedelta(minutes=15)

SECONDS_TO_ANSWER = 3.0
"""The time for the first answer (Discord, Receiving and Responding)."""


class Kind(IntEnum):
    """Types of interactions."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    SUBMISSION = 5


@dataclass(frozen=True)
class Choice:
    """One suggestion of an autocompletion."""

    name: str
    value: str | int | float


@dataclass(frozen=True, eq=False)
class Modal:
    """A form shown to a user, to be submitted; `inputs` are its text inputs and selects by label."""

    custom_id: str
    title: str
    components: list[Json]
    exchange: Exchange

    @property
    def inputs(self) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for part in self.components:
            if part["type"] == 18:
                found[part["label"]] = part["component"]
            elif part["type"] == 1:
                found[part["components"][0]["label"]] = part["components"][0]
        return found


@dataclass(eq=False)
class Exchange:
    """One interaction and all that came of it; it goes on changing while the bot answers.

    `reply` is the message that answers it, as it stands now; for a press that the bot answered by changing
    the pressed message, `edited` is True and `reply` is that message. `acknowledged_after` is in seconds.
    `failed` says that no first answer came in time: the user sees "The application did not respond".
    """

    id: int
    token: str
    kind: Kind
    user: User
    channel: Channel
    source: Message | None
    opened_at: float
    expires: datetime
    server: Post
    option_type: int = 3
    payload: Json = field(default_factory=dict)
    callback: int | None = None
    acknowledged_after: float | None = None
    failed: bool = False
    reply: Message | None = None
    edited: bool = False
    modal: Modal | None = None
    choices: list[Choice] | None = None
    followups: list[Message] = field(default_factory=list)

    @property
    def thinking(self) -> bool:
        """Whether the answer was put off and is still awaited."""
        deferred_update = self.callback == DEFERRED_UPDATE and not self.edited and not self.followups
        return deferred_update or bool(self.reply and self.reply.flags & LOADING and not self.reply.deleted)

    @property
    def ephemeral(self) -> bool:
        """Whether the reply is for the user alone."""
        return self.reply is not None and self.reply.ephemeral

    async def wait(self, predicate: Callable[[Exchange], object], timeout: float = PATIENCE) -> Exchange:
        """Waits until the predicate holds, say `lambda it: it.followups`; TimeoutError if it never does."""
        what = f"interaction {self.id}"
        return await self.server.pulse.until(lambda: self if predicate(self) else None, timeout, what)


_ALLOWED = {
    Kind.COMMAND: {REPLY, DEFERRED_REPLY, MODAL},
    Kind.COMPONENT: {REPLY, DEFERRED_REPLY, DEFERRED_UPDATE, UPDATE, MODAL},
    Kind.AUTOCOMPLETE: {CHOICES},
    Kind.SUBMISSION: {REPLY, DEFERRED_REPLY},
}


class Interactions:
    """All exchanges; `seconds_to_answer` is the time for the first answer: a test's patience, where Discord has 3."""

    def __init__(self, server: Post) -> None:
        self.seconds_to_answer = PATIENCE
        self._server = server
        self._by_token: dict[str, Exchange] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def open(
        self,
        kind: Kind,
        user: User,
        channel: Channel,
        data: Json,
        *,
        source: Message | None = None,
        option_type: int = 3,
    ) -> Exchange:
        """Starts an exchange and tells the bot by INTERACTION_CREATE."""
        loop = asyncio.get_running_loop()
        number = self._server.new_id()
        exchange = Exchange(
            number,
            f"interaction-token-{number}",
            kind,
            user,
            channel,
            source,
            loop.time(),
            self._server.clock() + TOKEN_LIFE,
            self._server,
            option_type=option_type,
        )
        exchange.payload = _payload(exchange, self._server.bot, data)
        self._by_token[exchange.token] = exchange
        self._timers[number] = loop.call_later(self.seconds_to_answer, self._expire, exchange)
        self.deliver(exchange)
        return exchange

    def deliver(self, exchange: Exchange) -> None:
        """Sends the interaction to the bot (again, if a test plays a gateway that repeats itself)."""
        # Interactions come whatever the intents are.
        self._server.dispatch("INTERACTION_CREATE", exchange.payload, intent=0, place=exchange.channel)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _expire(self, exchange: Exchange) -> None:
        del self._timers[exchange.id]
        exchange.failed = True
        self._server.pulse.beat()

    def answer(self, number: int, token: str, body: Json, uploads: dict[int, Upload]) -> Exchange:
        """Takes the first answer; ApiError 10062 if it is unknown or too late, 40060 if it was answered."""
        exchange = self._by_token.get(token)
        if exchange is None or exchange.id != number or exchange.failed:
            raise ApiError(404, 10062, "Unknown interaction")
        if exchange.callback is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        self._check_type(exchange, body)
        self._take(exchange, body["type"], body.get("data") or {}, uploads)
        self._timers.pop(exchange.id).cancel()
        exchange.callback = body["type"]
        exchange.acknowledged_after = asyncio.get_running_loop().time() - exchange.opened_at
        self._server.pulse.beat()
        return exchange

    def _check_type(self, exchange: Exchange, body: Json) -> None:
        allowed = set(_ALLOWED[exchange.kind])
        if exchange.kind is Kind.SUBMISSION and exchange.source is not None:
            allowed |= {UPDATE, DEFERRED_UPDATE}
        form = Form()
        form.choice(("type",), body.get("type"), allowed)
        data = body.get("data") or {}
        if body.get("type") == DEFERRED_REPLY:
            if (data.get("flags") or 0) & ~EPHEMERAL:
                form.wrong(("data", "flags"), "MESSAGE_FLAGS_INVALID", "Only EPHEMERAL can be set.")
            if any(data.get(key) for key in ("content", "embeds", "components", "attachments")):
                form.wrong(("data",), "UNEXPECTED", "A deferred answer has no content yet.")
        form.refuse()

    def _take(self, exchange: Exchange, answer: int, data: Json, uploads: dict[int, Upload]) -> None:
        if answer == REPLY:
            exchange.reply = self._post(exchange, data, uploads)
        elif answer == DEFERRED_REPLY:
            exchange.reply = self._defer(exchange, data)
        elif answer == UPDATE:
            assert exchange.source is not None
            if exchange.source.deleted:
                raise ApiError(404, 10008, "Unknown Message")
            edit(self._server, exchange.source, data, uploads)
            self._edited(exchange)
        elif answer == CHOICES:
            check_choices(data, exchange.option_type)
            found = data.get("choices") or []
            exchange.choices = [Choice(choice["name"], choice["value"]) for choice in found]
        elif answer == MODAL:
            check_modal(data)
            exchange.modal = Modal(data["custom_id"], data["title"], data["components"], exchange)

    def _edited(self, exchange: Exchange) -> None:
        exchange.edited = True
        exchange.reply = exchange.source

    def _post(self, exchange: Exchange, data: Json, uploads: dict[int, Upload]) -> Message:
        private = bool((data.get("flags") or 0) & EPHEMERAL)
        return post(
            self._server,
            exchange.channel,
            self._server.bot,
            data,
            uploads,
            visible_to=exchange.user if private else None,
            interaction=_metadata(exchange),
            kind=20 if exchange.kind is Kind.COMMAND else 0,
        )

    def _defer(self, exchange: Exchange, data: Json) -> Message:
        """The message that says the bot is thinking; its first edit or the first followup takes its place."""
        private = bool((data.get("flags") or 0) & EPHEMERAL)
        message = Message(
            self._server.new_id(),
            exchange.channel,
            self._server.bot,
            self._server.clock(),
            flags=LOADING | (EPHEMERAL if private else 0),
            kind=20,
            visible_to=exchange.user if private else None,
            interaction=_metadata(exchange),
        )
        if not private:
            exchange.channel.messages[message.id] = message
            dispatch(self._server, "MESSAGE_CREATE", message)
        return message

    def by_token(self, application: int, token: str) -> Exchange:
        """The exchange a webhook request is for: an answered one, and for 15 minutes; else an ApiError."""
        exchange = self._by_token.get(token)
        if exchange is None or application != self._server.bot.id or exchange.callback is None:
            raise ApiError(404, 10015, "Unknown Webhook")
        if self._server.clock() >= exchange.expires:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return exchange

    def follow_up(self, exchange: Exchange, body: Json, uploads: dict[int, Upload]) -> Message:
        """Posts another message; the first one after a deferred reply becomes that reply."""
        if exchange.reply is not None and exchange.reply.flags & LOADING:
            self.change(exchange, exchange.reply, body, uploads)
            return exchange.reply
        message = self._post(exchange, body, uploads)
        exchange.followups.append(message)
        self._server.pulse.beat()
        return message

    def find(self, exchange: Exchange, which: str) -> Message:
        """The original answer ("@original") or the followup with this id."""
        original = exchange.reply
        if original is None and exchange.callback == DEFERRED_UPDATE:
            original = exchange.source
        if which == "@original":
            found = original
        else:
            own = [*exchange.followups, *([original] if original else [])]
            found = next((message for message in own if str(message.id) == which), None)
        if found is None or found.deleted:
            raise ApiError(404, 10008, "Unknown Message")
        return found

    def change(self, exchange: Exchange, message: Message, body: Json, uploads: dict[int, Upload]) -> None:
        """Edits one of the exchange's messages, or fills in the deferred one."""
        if message.flags & LOADING:
            fill(self._server, message, body, uploads)
            message.flags &= ~LOADING
            if message.visible_to is None:
                dispatch(self._server, "MESSAGE_UPDATE", message)
            self._server.pulse.beat()
            return
        edit(self._server, message, body, uploads)
        if message is exchange.source:
            self._edited(exchange)
            self._server.pulse.beat()

    def remove(self, exchange: Exchange, which: str) -> None:
        message = self.find(exchange, which)
        delete(self._server, message)
        if message is exchange.source:
            self._edited(exchange)
            self._server.pulse.beat()


def callback_json(exchange: Exchange) -> Json:
    """What a first answer gets back when it asks `with_response`."""
    interaction: Json = {"id": str(exchange.id), "type": int(exchange.kind)}
    result: Json = {"interaction": interaction}
    if exchange.reply is not None:
        interaction |= {
            "response_message_id": str(exchange.reply.id),
            "response_message_loading": bool(exchange.reply.flags & LOADING),
            "response_message_ephemeral": exchange.reply.ephemeral,
        }
        result["resource"] = {"type": exchange.callback, "message": exchange.reply.json()}
    return result


def _metadata(exchange: Exchange) -> Json:
    return {
        "id": str(exchange.id),
        "type": int(exchange.kind),
        "user": exchange.user.json(),
        "authorizing_integration_owners": _owners(exchange.channel),
    }


def _owners(channel: Channel) -> Json:
    """For whom the application is installed here: the guild, or "0" in a direct message with the bot."""
    return {"0": str(channel.guild.id) if channel.guild else "0"}


def _payload(exchange: Exchange, bot: User, data: Json) -> Json:
    """INTERACTION_CREATE's data (Discord, Receiving and Responding, "Interaction Object")."""
    channel, user = exchange.channel, exchange.user
    granted = str(int(channel.permissions_of(user)))
    payload: Json = {
        "id": str(exchange.id),
        "application_id": str(bot.id),
        "type": int(exchange.kind),
        "token": exchange.token,
        "version": 1,
        "data": data,
        "channel_id": str(channel.id),
        "channel": {**channel.json(), "permissions": granted},
        "app_permissions": str(int(channel.permissions_of(bot))),
        "locale": user.locale,
        "entitlements": [],
        "authorizing_integration_owners": _owners(channel),
        "context": 0 if channel.guild else 1,
        "attachment_size_limit": 10 * 1024 * 1024,
    }
    if channel.guild is None:
        payload["user"] = user.json()
    else:
        guild = channel.guild
        payload |= {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": {**guild.members[user.id].json(), "permissions": granted},
        }
    if exchange.source is not None:
        payload["message"] = exchange.source.json()
    return payload
