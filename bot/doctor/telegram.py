"""Asks Telegram about the token, the bot's settings and what it may do in its homes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from bot.doctor.asking import MOST_HOMES, Api, Unreachable, asking
from bot.doctor.finding import Finding
from bot.settings import Settings
from bot.store.people import Home

API = "https://api.telegram.org"
NETWORK = "see that this machine reaches the internet and that TELEGRAM_API_URL is right, if it is set"
RENEW = "ask @BotFather: /mybots → your bot → API Token, and put it into TELEGRAM_TOKEN"
TOKEN_FORM = re.compile(r"\d+:[A-Za-z0-9_-]+")


async def examine(settings: Settings, homes: Sequence[Home]) -> AsyncIterator[Finding]:
    """What Telegram says; nothing when it is not served."""
    if settings.telegram_token is None:
        return
    token = settings.telegram_token.get_secret_value()
    if not TOKEN_FORM.fullmatch(token):
        yield Finding("Telegram: what is in TELEGRAM_TOKEN cannot be a token", RENEW)
        return
    root = str(settings.telegram_api_url or API).rstrip("/")
    async with asking(f"{root}/bot{token}") as api:
        try:
            async for finding in _asked(api, [home for home in homes if home.address.platform == "telegram"]):
                yield finding
        except Unreachable as reason:
            yield Finding(f"Telegram cannot be asked: {reason}", NETWORK)
        except (KeyError, TypeError):
            yield Finding("Telegram cannot be asked: what answers is something else", NETWORK)


async def _asked(api: Api, homes: Sequence[Home]) -> AsyncIterator[Finding]:
    answer = await api.get("/getMe")
    if answer.status in (401, 404):
        yield Finding("Telegram does not take the token", RENEW)
        return
    if answer.status != 200:
        raise Unreachable(f"it answers {answer.status} to who we are")
    me = answer.body["result"]
    for finding in _profile(me):
        yield finding
    webhook = (await api.body("/getWebhookInfo"))["result"]
    if webhook["url"]:
        what = "Telegram sends updates to a webhook, and none to Roadmate, which asks for them"
        yield Finding(what, "stop the program that set it, then start Roadmate again: it removes the webhook")
    else:
        yield Finding(f"Telegram: no webhook is in the way; {webhook['pending_update_count']} updates wait")
    for home in homes[:MOST_HOMES]:
        yield await _home(api, me["id"], home)


def _profile(me: Mapping[str, Any]) -> Iterator[Finding]:
    yield Finding(f"Telegram: the token is @{me['username']}’s")
    if not me.get("can_join_groups", True):
        what = "Telegram: nobody can add the bot to a group"
        yield Finding(what, "ask @BotFather: /setjoingroups → your bot → Enable")
    if me.get("can_read_all_group_messages"):
        yield Finding("Telegram: privacy mode is off; Roadmate does not need that (@BotFather: /setprivacy → Enable)")
    else:
        yield Finding("Telegram: privacy mode is on, as it should be")


async def _home(api: Api, me: int, home: Home) -> Finding:
    """Whether the bot can post in a home."""
    where = f"Telegram, {home.group}, {home.name}"
    asked = await api.get("/getChat", chat_id=home.address.chat)
    member = await api.get("/getChatMember", chat_id=home.address.chat, user_id=str(me))
    out = "add the bot to the group again; where the group lives elsewhere now, type /setup there"
    for answer in (asked, member):
        if not answer.body.get("ok"):
            return Finding(f"{where}: {answer.body.get('description', answer.status)}", out)
    status = member.body["result"]["status"]
    if status in ("left", "kicked"):
        return Finding(f"{where}: the bot is not in the group", out)
    if _mute(asked.body["result"], member.body["result"]):
        return Finding(f"{where}: the bot may not send messages", "allow it in the group's permissions")
    return Finding(f"{where}: the bot can post")


def _mute(chat: Mapping[str, Any], member: Mapping[str, Any]) -> bool:
    """Whether the bot may not write: restricted itself, or a plain member where members may not."""
    rights = {"restricted": member, "member": chat.get("permissions", {})}.get(member["status"], {})
    return not rights.get("can_send_messages", True)
