"""Asks Telegram what stands in the bot's way there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from bot.examining import MOST_HOMES, Api, ExaminedHome, Finding, Unreachable, open_api
from bot.platforms.telegram.settings import TelegramSettings

API = "https://api.telegram.org"
NETWORK = "see that this machine reaches the internet and that TELEGRAM_API_URL is right, if it is set"
RENEW = "ask @BotFather: /mybots → your bot → API Token, and put it into TELEGRAM_TOKEN"
TOKEN_FORM = re.compile(r"\d+:[A-Za-z0-9_-]+")

PORTS = (443, 80, 88, 8443)
"""Where Telegram's own servers post to (Bot API, setWebhook); a local Bot API server posts anywhere."""

AGAIN = "start Roadmate again: it sets its own; if that does not last, another program has the token: stop it"


async def examine(
    settings: TelegramSettings, homes: Sequence[ExaminedHome], held: Collection[str]
) -> AsyncIterator[Finding]:
    """What Telegram says; nothing when it is not served. `held` names the leases of running processes."""
    if settings.telegram_token is None:
        return
    token = settings.telegram_token.get_secret_value()
    if not TOKEN_FORM.fullmatch(token):
        yield Finding("Telegram: what is in TELEGRAM_TOKEN cannot be a token", RENEW)
        return
    root = str(settings.telegram_api_url or API).rstrip("/")
    async with open_api(f"{root}/bot{token}") as api:
        try:
            served = f"telegram:{token.partition(':')[0]}" in held
            async for finding in _asked(api, settings, [h for h in homes if h.address.platform == "telegram"], served):
                yield finding
        except Unreachable as reason:
            yield Finding(f"Telegram cannot be asked: {reason}", NETWORK)
        except (KeyError, TypeError):
            yield Finding("Telegram cannot be asked: what answers is something else", NETWORK)


async def _asked(
    api: Api, settings: TelegramSettings, homes: Sequence[ExaminedHome], served: bool
) -> AsyncIterator[Finding]:
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
    if settings.telegram_webhook_url is None:
        yield _polled(webhook)
    else:
        yield _posted(webhook, settings, served)
    for home in homes[:MOST_HOMES]:
        yield await _home(api, me["id"], home)


def _polled(webhook: Mapping[str, object]) -> Finding:
    """Whether updates can be asked for: not while Telegram posts them somewhere."""
    if webhook["url"]:
        hook = f"a webhook on {_host(str(webhook['url']))}"
        what = f"Telegram sends updates to {hook}, and none to Roadmate, which asks for them"
        return Finding(what, "stop the program that set it, then start Roadmate again: it removes the webhook")
    return Finding(f"Telegram: no webhook is in the way; {webhook['pending_update_count']} updates wait")


def _posted(webhook: Mapping[str, object], settings: TelegramSettings, served: bool) -> Finding:
    """Whether Telegram posts updates to where TELEGRAM_WEBHOOK_URL says; before the first start it cannot yet."""
    ours, theirs = str(settings.telegram_webhook_url).rstrip("/"), str(webhook["url"]).rstrip("/")
    waiting = f"{webhook['pending_update_count']} updates wait"
    if settings.telegram_api_url is None and (urlsplit(ours).scheme != "https" or _port(ours) not in PORTS):
        ports = ", ".join(map(str, PORTS))
        what = f"Telegram posts by https and to the ports {ports} alone: not to TELEGRAM_WEBHOOK_URL"
        return Finding(what, "put a proxy that ends TLS in front of HTTP_PORT, and write its address into it")
    if not theirs and not served:
        return Finding(f"Telegram: the next start sets the webhook; {waiting}")
    if theirs != ours:
        where = f"to another address, on {_host(theirs)}" if theirs else "nowhere"
        return Finding(f"Telegram posts updates {where}, not to the webhook TELEGRAM_WEBHOOK_URL", AGAIN)
    if webhook["pending_update_count"] and (error := webhook.get("last_error_message")):
        remedy = "see that Roadmate runs and that the proxy hands path and headers on to HTTP_PORT (docs/operating.md)"
        return Finding(f"Telegram cannot post to our webhook on {_host(ours)}: {error}; {waiting}", remedy)
    return Finding(f"Telegram: posts updates to our webhook on {_host(ours)}; {waiting}")


def _host(url: str) -> str:
    """Of another program's address no more than this: its path may hold the token."""
    return urlsplit(url).hostname or "?"


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or {"https": 443}.get(parts.scheme, 80)


def _profile(me: Mapping[str, object]) -> Iterator[Finding]:
    yield Finding(f"Telegram: the token is @{me['username']}’s")
    if not me.get("can_join_groups", True):
        what = "Telegram: nobody can add the bot to a group"
        yield Finding(what, "ask @BotFather: /setjoingroups → your bot → Enable")
    if me.get("can_read_all_group_messages"):
        yield Finding("Telegram: privacy mode is off; Roadmate does not need that (@BotFather: /setprivacy → Enable)")
    else:
        yield Finding("Telegram: privacy mode is on, as it should be")


async def _home(api: Api, me: int, home: ExaminedHome) -> Finding:
    """Whether the bot can post in a home."""
    where = f"Telegram, {home.group}, {home.name}"
    asked = await api.get("/getChat", chat_id=home.address.chat)
    member = await api.get("/getChatMember", chat_id=home.address.chat, user_id=str(me))
    out = "add the bot to the group again; where the group lives elsewhere now, type /setup there"
    for answer in (asked, member):
        if not answer.body.get("ok"):
            return Finding(f"{where}: {answer.body.get('description', answer.status)}", out)
    status, there = member.body["result"]["status"], member.body["result"].get("is_member", True)
    # Who is restricted stays so when they leave.
    if status in ("left", "kicked") or not there:
        return Finding(f"{where}: the bot is not in the group", out)
    if _mute(asked.body["result"], member.body["result"]):
        return Finding(f"{where}: the bot may not send messages", "allow it in the group's permissions")
    return Finding(f"{where}: the bot can post")


def _mute(chat: Mapping[str, object], member: Mapping[str, object]) -> bool:
    """Whether the bot may not write: restricted itself, or a plain member where members may not."""
    rights = {"restricted": member, "member": chat.get("permissions")}.get(str(member["status"]))
    return isinstance(rights, Mapping) and not rights.get("can_send_messages", True)
