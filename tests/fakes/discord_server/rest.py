"""The REST side: each endpoint's behaviour, by method and path template of Discord's description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .commands import Commands
from .forms import ApiError
from .interactions import Exchange, Interactions, callback_json
from .messages import Message
from .places import Channel, Guild, Permission, User
from .posting import Post, Upload, check_permissions, delete, edit, post


class Api(Post, Protocol):
    """What the endpoints need of the server."""

    commands: Commands
    interactions: Interactions
    users: dict[int, User]
    guilds: dict[int, Guild]
    gateway_url: str

    def channel(self, number: int) -> Channel | None: ...

    def dm(self, user: User) -> Channel: ...

    def nonce_seen(self, channel: Channel, nonce: str) -> Message | None: ...


@dataclass(frozen=True)
class Call:
    """One request to an endpoint: the path's parameters, the query, the JSON body, the files by index."""

    server: Api
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: dict[int, Upload]

    def number(self, name: str) -> int:
        """A parameter that is a snowflake; ApiError 50035 if it is not."""
        value = self.path[name]
        if not value.isascii() or not value.isdigit():
            errors = {name: {"_errors": [{"code": "NUMBER_TYPE_COERCE", "message": "Not a snowflake."}]}}
            raise ApiError(400, 50035, "Invalid Form Body", errors)
        return int(value)

    def guild(self) -> Guild:
        """The guild named; 10004 if the bot is not in it."""
        guild = self.server.guilds.get(self.number("guild_id"))
        if guild is None or not guild.has_bot:
            raise ApiError(404, 10004, "Unknown Guild")
        return guild

    def channel(self) -> Channel:
        """The channel named; 10003 if there is none, 50001 if the bot cannot see it."""
        channel = self.server.channel(self.number("channel_id"))
        if channel is None:
            raise ApiError(404, 10003, "Unknown Channel")
        if Permission.VIEW_CHANNEL not in channel.permissions_of(self.server.bot):
            raise ApiError(403, 50001, "Missing Access")
        return channel

    def message(self) -> Message:
        """The message named; 10008 if it is not in the channel, as no ephemeral one ever is."""
        message = self.channel().messages.get(self.number("message_id"))
        if message is None:
            raise ApiError(404, 10008, "Unknown Message")
        return message

    def exchange(self) -> Exchange:
        interactions = self.server.interactions
        return interactions.by_token(self.number("webhook_id"), self.path["webhook_token"])

    def scope(self) -> int | None:
        """The guild whose commands are meant, or None for the global ones."""
        if self.number("application_id") != self.server.bot.id:
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
        return self.guild().id if "guild_id" in self.path else None


@dataclass(frozen=True)
class Answer:
    """A successful answer; without a body it is 204."""

    json: Any = None
    status: int = 200


Endpoint = Callable[[Call], Answer]
ENDPOINTS: dict[tuple[str, str], Endpoint] = {}


def endpoint(method: str, *templates: str) -> Callable[[Endpoint], Endpoint]:
    """Registers a function for a method and one or more path templates."""

    def register(function: Endpoint) -> Endpoint:
        for template in templates:
            ENDPOINTS[method, template] = function
        return function

    return register


# ---- the bot itself


@endpoint("GET", "/users/@me")
def me(call: Call) -> Answer:
    return Answer({**call.server.bot.json(), "verified": True, "mfa_enabled": False, "flags": 0})


@endpoint("GET", "/applications/@me", "/oauth2/applications/@me")
def application(call: Call) -> Answer:
    bot = call.server.bot
    owner = User(1, "owner", global_name="Owner")
    return Answer(
        {
            "id": str(bot.id),
            "name": bot.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "owner": owner.json(),
            "team": None,
            "flags": 0,
            "approximate_guild_count": sum(guild.has_bot for guild in call.server.guilds.values()),
            "bot": bot.json(),
        }
    )


@endpoint("GET", "/gateway")
def gateway(call: Call) -> Answer:
    return Answer({"url": call.server.gateway_url})


@endpoint("GET", "/gateway/bot")
def gateway_bot(call: Call) -> Answer:
    limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
    return Answer({"url": call.server.gateway_url, "shards": 1, "session_start_limit": limit})


# ---- commands

_GLOBAL = "/applications/{application_id}/commands"
_LOCAL = "/applications/{application_id}/guilds/{guild_id}/commands"


@endpoint("GET", _GLOBAL, _LOCAL)
def list_commands(call: Call) -> Answer:
    return Answer(call.server.commands.all(call.scope()))


@endpoint("PUT", _GLOBAL, _LOCAL)
def replace_commands(call: Call) -> Answer:
    return Answer(call.server.commands.replace(call.body or [], call.scope()))


@endpoint("POST", _GLOBAL, _LOCAL)
def add_command(call: Call) -> Answer:
    command, new = call.server.commands.add(call.body, call.scope())
    return Answer(command, status=201 if new else 200)


@endpoint("GET", f"{_GLOBAL}/{{command_id}}", f"{_LOCAL}/{{command_id}}")
def get_command(call: Call) -> Answer:
    return Answer(call.server.commands.get(call.number("command_id"), call.scope()))


@endpoint("PATCH", f"{_GLOBAL}/{{command_id}}", f"{_LOCAL}/{{command_id}}")
def change_command(call: Call) -> Answer:
    return Answer(call.server.commands.change(call.number("command_id"), call.body, call.scope()))


@endpoint("DELETE", f"{_GLOBAL}/{{command_id}}", f"{_LOCAL}/{{command_id}}")
def remove_command(call: Call) -> Answer:
    call.server.commands.remove(call.number("command_id"), call.scope())
    return Answer()


# ---- guilds and channels


@endpoint("GET", "/guilds/{guild_id}")
def get_guild(call: Call) -> Answer:
    return Answer(call.guild().json())


@endpoint("GET", "/users/@me/guilds")
def list_guilds(call: Call) -> Answer:
    guilds = [guild for guild in call.server.guilds.values() if guild.has_bot]
    return Answer(
        [
            {
                "id": str(guild.id),
                "name": guild.name,
                "icon": None,
                "owner": False,
                "permissions": str(int(guild.permissions_of(call.server.bot))),
                "features": [],
            }
            for guild in guilds
        ]
    )


@endpoint("DELETE", "/users/@me/guilds/{guild_id}")
def leave_guild(call: Call) -> Answer:
    call.guild().kick_bot()
    return Answer()


@endpoint("GET", "/guilds/{guild_id}/channels")
def list_channels(call: Call) -> Answer:
    places = call.guild().channels.values()
    return Answer([place.json() for place in places if place.parent is None])


@endpoint("GET", "/guilds/{guild_id}/members/{user_id}")
def get_member(call: Call) -> Answer:
    me = call.path["user_id"] == "@me"
    member = call.guild().members.get(call.server.bot.id if me else call.number("user_id"))
    if member is None:
        raise ApiError(404, 10007, "Unknown Member")
    return Answer(member.json())


@endpoint("GET", "/users/{user_id}")
def get_user(call: Call) -> Answer:
    user = call.server.users.get(call.number("user_id"))
    if user is None:
        raise ApiError(404, 10013, "Unknown User")
    return Answer(user.json())


@endpoint("GET", "/channels/{channel_id}")
def get_channel(call: Call) -> Answer:
    return Answer(call.channel().json())


@endpoint("PATCH", "/channels/{channel_id}")
def change_channel(call: Call) -> Answer:
    channel = call.channel()
    needed = Permission.MANAGE_THREADS if channel.parent else Permission.MANAGE_CHANNELS
    own = channel.parent is not None and channel.owner is call.server.bot
    if not own and needed not in channel.permissions_of(call.server.bot):
        raise ApiError(403, 50013, "Missing Permissions")
    channel.name = call.body.get("name", channel.name)
    channel.archived = call.body.get("archived", channel.archived)
    event = "THREAD_UPDATE" if channel.parent else "CHANNEL_UPDATE"
    call.server.dispatch(event, channel.json(), place=channel)
    return Answer(channel.json())


@endpoint("POST", "/channels/{channel_id}/threads", "/channels/{channel_id}/messages/{message_id}/threads")
def start_thread(call: Call) -> Answer:
    channel = call.channel()
    if Permission.CREATE_PUBLIC_THREADS not in channel.permissions_of(call.server.bot):
        raise ApiError(403, 50013, "Missing Permissions")
    if "message_id" in call.path:
        call.message()
    thread = channel.add_thread(call.body["name"], call.server.bot)
    return Answer(thread.json(), status=201)


@endpoint("POST", "/users/@me/channels")
def open_dm(call: Call) -> Answer:
    user = call.server.users.get(int(call.body.get("recipient_id") or 0))
    if user is None:
        raise ApiError(404, 10013, "Unknown User")
    if user.bot:
        raise ApiError(400, 50007, "Cannot send messages to this user")
    return Answer(call.server.dm(user).json())


@endpoint("POST", "/channels/{channel_id}/typing")
def typing(call: Call) -> Answer:
    check_permissions(call.channel(), call.server.bot, {}, {})
    return Answer()


# ---- messages


@endpoint("POST", "/channels/{channel_id}/messages")
def create_message(call: Call) -> Answer:
    channel, body = call.channel(), call.body or {}
    check_permissions(channel, call.server.bot, body, call.files)
    _check_dm(call.server, channel)
    nonce = body.get("nonce")
    if nonce is not None and body.get("enforce_nonce"):
        known = call.server.nonce_seen(channel, str(nonce))
        if known is not None:
            return Answer({**known.json(), "nonce": nonce})
    message = post(call.server, channel, call.server.bot, body, call.files)
    return Answer({**message.json(), **({} if nonce is None else {"nonce": nonce})})


def _check_dm(server: Api, channel: Channel) -> None:
    """Refuses to write to someone who closed their DMs, or who shares no server with the bot."""
    user = channel.recipient
    if channel.guild is not None or user is None:
        return
    if not user.dms_open:
        raise ApiError(403, 50007, "Cannot send messages to this user")
    if not any(guild.has_bot and user.id in guild.members for guild in server.guilds.values()):
        message = "Cannot send messages to this user due to having no mutual guilds"
        raise ApiError(403, 50278, message)


@endpoint("GET", "/channels/{channel_id}/messages")
def list_messages(call: Call) -> Answer:
    """Newest first; of `around` only the message itself and what surrounds it."""
    channel = call.channel()
    if Permission.READ_MESSAGE_HISTORY not in channel.permissions_of(call.server.bot):
        return Answer([])
    limit = int(call.query.get("limit", 50))
    if not 1 <= limit <= 100:
        errors = {"limit": {"_errors": [{"code": "NUMBER_TYPE_MAX", "message": "From 1 to 100."}]}}
        raise ApiError(400, 50035, "Invalid Form Body", errors)
    ids = sorted(channel.messages)
    if "before" in call.query:
        ids = [number for number in ids if number < int(call.query["before"])][-limit:]
    elif "after" in call.query:
        ids = [number for number in ids if number > int(call.query["after"])][:limit]
    elif "around" in call.query:
        middle = int(call.query["around"])
        ids = sorted(sorted(ids, key=lambda number: abs(number - middle))[:limit])
    return Answer([channel.messages[number].json() for number in reversed(ids[-limit:])])


@endpoint("GET", "/channels/{channel_id}/messages/{message_id}")
def get_message(call: Call) -> Answer:
    if Permission.READ_MESSAGE_HISTORY not in call.channel().permissions_of(call.server.bot):
        raise ApiError(403, 50013, "Missing Permissions")
    return Answer(call.message().json())


@endpoint("PATCH", "/channels/{channel_id}/messages/{message_id}")
def edit_message(call: Call) -> Answer:
    message = call.message()
    if message.author is not call.server.bot:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    edit(call.server, message, call.body or {}, call.files)
    return Answer(message.json())


@endpoint("DELETE", "/channels/{channel_id}/messages/{message_id}")
def delete_message(call: Call) -> Answer:
    message = call.message()
    own = message.author is call.server.bot
    if not own and message.channel.guild is None:
        raise ApiError(403, 50003, "Cannot execute action on a DM channel")
    if not own and Permission.MANAGE_MESSAGES not in message.channel.permissions_of(call.server.bot):
        raise ApiError(403, 50013, "Missing Permissions")
    delete(call.server, message)
    return Answer()


# ---- interactions; these need no token of the bot


@endpoint("POST", "/interactions/{interaction_id}/{interaction_token}/callback")
def answer_interaction(call: Call) -> Answer:
    number, token = call.number("interaction_id"), call.path["interaction_token"]
    exchange = call.server.interactions.answer(number, token, call.body or {}, call.files)
    wanted = call.query.get("with_response", "").lower() in ("1", "true")
    return Answer(callback_json(exchange)) if wanted else Answer()


@endpoint("POST", "/webhooks/{webhook_id}/{webhook_token}")
def follow_up(call: Call) -> Answer:
    body = call.body or {}
    return Answer(call.server.interactions.follow_up(call.exchange(), body, call.files).json())


_ANSWERS = (
    "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
    "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
)


@endpoint("GET", *_ANSWERS)
def get_answer(call: Call) -> Answer:
    return Answer(call.server.interactions.find(call.exchange(), _which(call)).json())


@endpoint("PATCH", *_ANSWERS)
def edit_answer(call: Call) -> Answer:
    exchange = call.exchange()
    message = call.server.interactions.find(exchange, _which(call))
    call.server.interactions.change(exchange, message, call.body or {}, call.files)
    return Answer(message.json())


@endpoint("DELETE", *_ANSWERS)
def delete_answer(call: Call) -> Answer:
    call.server.interactions.remove(call.exchange(), _which(call))
    return Answer()


def _which(call: Call) -> str:
    return call.path.get("message_id", "@original")
