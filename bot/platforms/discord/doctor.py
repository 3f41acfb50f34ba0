"""Asks Discord what stands in the bot's way there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from enum import IntFlag
from typing import Any

from bot.examining import MOST_HOMES, Api, ExaminedHome, Finding, Unreachable, open_api
from bot.platforms.discord.settings import DiscordSettings

API = "https://discord.com/api/v10"
NETWORK = "see that this machine reaches the internet and that DISCORD_API_URL is right, if it is set"
RENEW = "discord.com/developers/applications → your application → Bot → Reset Token, and put it into DISCORD_TOKEN"


class Permission(IntFlag):
    """What the bot needs in a home, by Discord's bits (Discord documentation, Permissions)."""

    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    SEND_MESSAGES_IN_THREADS = 1 << 38

    @property
    def words(self) -> str:
        """What Discord's own pages call it."""
        return str(self.name).replace("_", " ").title().replace(" In ", " in ")


ADMINISTRATOR = 1 << 3
THREADS = (10, 11, 12)
"""Channel types that are threads: they have no permissions of their own but their channel's."""

EVERYTHING = sum(Permission)

MOST_SERVERS = 2500
"""Of one shard: with more Discord refuses the connection (Discord documentation, Gateway, Sharding)."""

SERVERS = 1000
"""Of one shard, as Discord advises."""


async def examine(settings: DiscordSettings, homes: Sequence[ExaminedHome]) -> AsyncIterator[Finding]:
    """What Discord says; nothing when it is not served."""
    if settings.discord_token is None:
        return
    token = settings.discord_token.get_secret_value()
    if not token.isascii() or any(character.isspace() for character in token):
        yield Finding("Discord: what is in DISCORD_TOKEN cannot be a token", RENEW)
        return
    root = str(settings.discord_api_url or API)
    async with open_api(root, {"Authorization": f"Bot {token}"}) as api:
        try:
            here = [home for home in homes if home.address.platform == "discord"]
            async for finding in _asked(api, settings.discord_shards, here):
                yield finding
        except Unreachable as reason:
            yield Finding(f"Discord cannot be asked: {reason}", NETWORK)
        except (KeyError, TypeError):
            yield Finding("Discord cannot be asked: what answers is something else", NETWORK)


async def _asked(api: Api, shards: int, homes: Sequence[ExaminedHome]) -> AsyncIterator[Finding]:
    answer = await api.get("/users/@me")
    if answer.status == 401:
        yield Finding("Discord does not take the token", RENEW)
        return
    if answer.status != 200:
        raise Unreachable(f"it answers {answer.status} to who we are")
    me = str(answer.body["id"])
    yield Finding(f"Discord: the token is {answer.body['username']}’s; no privileged intent is needed")
    application = await api.body("/applications/@me")
    for finding in _application(application, shards):
        yield finding
    count = len(await api.body(f"/applications/{application['id']}/commands"))
    yield Finding(f"Discord: {count} slash commands" if count else "Discord: the first start brings the slash commands")
    guilds: dict[str, Mapping[str, Any]] = {}
    for home in homes[:MOST_HOMES]:
        yield await _home(api, me, home, guilds)


def _application(application: Mapping[str, Any], shards: int) -> Iterator[Finding]:
    settings = "discord.com/developers/applications → your application"
    if application.get("interactions_endpoint_url"):
        what = "Discord sends commands to an Interactions Endpoint URL, and none to Roadmate"
        yield Finding(what, f"{settings} → General Information: empty that field")
    if application.get("bot_require_code_grant"):
        what = "Discord: nobody can add the bot, as it requires an OAuth2 code grant"
        yield Finding(what, f"{settings} → Bot: switch Requires OAuth2 Code Grant off")
    count = application.get("approximate_guild_count", 0)
    if count > MOST_SERVERS * shards:
        what = f"Discord: in {count} servers, and takes {MOST_SERVERS} a shard at the most; there are {shards}"
        yield Finding(what, f"set DISCORD_SHARDS={-(-count // SERVERS)} in every process")
    elif count:
        yield Finding(f"Discord: in {count} server{'' if count == 1 else 's'}")
    else:
        query = f"client_id={application['id']}&scope=bot+applications.commands&permissions={EVERYTHING}"
        yield Finding("Discord: in no server yet", f"add it: https://discord.com/oauth2/authorize?{query}")


async def _home(api: Api, me: str, home: ExaminedHome, guilds: dict[str, Mapping[str, Any]]) -> Finding:
    """Whether the bot can post in a home. `guilds` keeps what was learnt of the servers."""
    where = f"Discord, {home.group}, #{home.name}"
    answer = await api.get(f"/channels/{home.address.thread or home.address.chat}")
    if answer.status == 404:
        return Finding(f"{where}: the channel is gone", "type /setup in the channel where the group lives now")
    if answer.status != 200:
        remedy = "in the channel's settings → Permissions, give the bot View Channel; or add it to the server again"
        return Finding(f"{where}: the bot cannot see the channel", remedy)
    channel = answer.body
    thread = channel["type"] in THREADS
    if thread:
        channel = await api.body(f"/channels/{channel['parent_id']}")
    guild = await _guild(api, me, str(channel["guild_id"]), guilds)
    lacking = [permission.words for permission in _needed(thread) if not granted(guild, channel, me) & permission]
    if lacking:
        remedy = "in the channel's settings → Permissions, allow it for the bot's role"
        return Finding(f"{where}: the bot lacks {', '.join(lacking)}", remedy)
    return Finding(f"{where}: the bot can post")


def _needed(thread: bool) -> tuple[Permission, ...]:
    other = Permission.SEND_MESSAGES if thread else Permission.SEND_MESSAGES_IN_THREADS
    return tuple(permission for permission in Permission if permission is not other)


async def _guild(api: Api, me: str, id: str, guilds: dict[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """A server, with the bot's own roles in it under `mine`."""
    if id not in guilds:
        member = await api.body(f"/guilds/{id}/members/{me}")
        guilds[id] = {**await api.body(f"/guilds/{id}"), "mine": {id, *member["roles"]}}
    return guilds[id]


def granted(guild: Mapping[str, Any], channel: Mapping[str, Any], me: str) -> int:
    """The bits a member has in a channel (Discord documentation, Permissions, Permission Overwrites).

    `guild["mine"]` are the member's roles, among them the one of everybody, which has the server's id.
    """
    mine = guild["mine"]
    roles = 0
    for role in guild["roles"]:
        if role["id"] in mine:
            roles |= int(role["permissions"])
    if roles & ADMINISTRATOR or guild["owner_id"] == me:
        return EVERYTHING
    overwrites = {overwrite["id"]: overwrite for overwrite in channel.get("permission_overwrites", ())}
    everybody = guild["id"]
    # Everybody's first, then those of all roles together, then the member's own: the later wins.
    for ids in ({everybody}, mine - {everybody}, {me}):
        found = [overwrites[id] for id in ids if id in overwrites]
        for overwrite in found:
            roles &= ~int(overwrite["deny"])
        for overwrite in found:
            roles |= int(overwrite["allow"])
    # Who does not see a channel can do nothing there.
    return roles if roles & Permission.VIEW_CHANNEL else 0
