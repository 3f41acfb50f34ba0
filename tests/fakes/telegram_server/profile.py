"""The Bot API methods about the bot and its chats: updates, commands, descriptions, members, files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram_server.chats import IN_CHAT, Group, User, chat_member
from tests.fakes.telegram_server.refusals import bad_request, conflict
from tests.fakes.telegram_server.requests import Parameters
from tests.fakes.telegram_server.sending import Sending
from tests.fakes.telegram_server.world import World

MOST_DOWNLOAD = 20 * 1024 * 1024  # https://core.telegram.org/bots/api#getfile
MOST_COMMANDS = 100  # https://core.telegram.org/bots/api#setmycommands
MOST_COMMAND_NAME = 32
MOST_COMMAND_DESCRIPTION = 256
MOST_DESCRIPTION = 512
MOST_SHORT_DESCRIPTION = 120

# Scopes: https://core.telegram.org/bots/api#botcommandscope, with the fields each needs.
SCOPES: dict[str, tuple[str, ...]] = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}


@dataclass
class Profile:
    """What the bot tells about itself and asks about chats.

    `commands` maps (scope as sorted JSON, language code) to the list set there; `descriptions` maps (kind,
    language) to words; `trouble` is what became of the last post that failed, as getWebhookInfo tells it.
    """

    world: World
    sending: Sending
    webhook: str = ""
    secret: str | None = None
    trouble: dict[str, Any] = field(default_factory=dict)
    connections: int = 0
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    descriptions: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, dict[str, Any]] = field(default_factory=dict)

    def get_me(self, given: Parameters, moment: float) -> Any:
        return self.world.bot.as_api() | {
            "can_join_groups": True,
            "can_read_all_group_messages": not self.world.privacy,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    # Updates

    async def get_updates(self, given: Parameters, moment: float) -> Any:
        if self.webhook:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self._allow(given)
        limit = min(max(given.integer("limit") or 100, 1), 100)
        timeout = max(given.integer("timeout") or 0, 0)
        found = await self.world.updates.poll(given.integer("offset"), limit, timeout)
        return [update.as_api() for update in found]

    def set_webhook(self, given: Parameters, moment: float) -> Any:
        url = given.text("url") or ""
        # A local Bot API server posts over plain HTTP too; ours does within the machine.
        if url and not url.startswith(("https://", "http://127.0.0.1:")):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        secret = given.text("secret_token")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        self._allow(given)
        self.webhook, self.secret, self.trouble = url, secret, {}
        self.connections = given.integer("max_connections") or 0
        self._forget_pending(given)
        self.world.ring()
        if url:
            self.world.updates.terminate_poll("setWebhook request")
        return True

    def delete_webhook(self, given: Parameters, moment: float) -> Any:
        self.webhook, self.trouble = "", {}
        self._forget_pending(given)
        return True

    def get_webhook_info(self, given: Parameters, moment: float) -> Any:
        pending = len(self.world.updates.pending)
        return {"url": self.webhook, "has_custom_certificate": False, "pending_update_count": pending} | self.trouble

    def _allow(self, given: Parameters) -> None:
        allowed = given.json("allowed_updates")
        if "allowed_updates" in given.given:
            self.world.updates.allowed = frozenset(allowed or ())

    def _forget_pending(self, given: Parameters) -> None:
        if given.flag("drop_pending_updates"):
            self.world.updates.pending.clear()

    # Commands and descriptions

    def set_my_commands(self, given: Parameters, moment: float) -> Any:
        commands = given.json("commands") or []
        if not isinstance(commands, list):
            raise bad_request("expected an Array of BotCommand")
        if len(commands) > MOST_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self.commands[self._scope(given)] = [_command(command) for command in commands]
        return True

    def get_my_commands(self, given: Parameters, moment: float) -> Any:
        return self.commands.get(self._scope(given), [])

    def delete_my_commands(self, given: Parameters, moment: float) -> Any:
        self.commands.pop(self._scope(given), None)
        return True

    def _scope(self, given: Parameters) -> tuple[str, str]:
        scope = given.json("scope") or {"type": "default"}
        kind = scope.get("type") if isinstance(scope, dict) else None
        if kind not in SCOPES:
            raise bad_request("can't parse BotCommandScope: Unsupported type specified")
        for name in SCOPES[kind]:
            if not scope.get(name):
                raise bad_request(f"can't parse BotCommandScope: Invalid {name} specified")
        if "chat_id" in SCOPES[kind]:
            chat = self.sending.readable(Parameters(scope))
            if kind != "chat" and isinstance(chat, User):
                raise bad_request("can't use specified scope in private chats")
        return json.dumps(scope, sort_keys=True), _language(given)

    def set_my_description(self, given: Parameters, moment: float) -> Any:
        return self._describe(given, "description", MOST_DESCRIPTION)

    def set_my_short_description(self, given: Parameters, moment: float) -> Any:
        return self._describe(given, "short_description", MOST_SHORT_DESCRIPTION)

    def get_my_description(self, given: Parameters, moment: float) -> Any:
        return {"description": self.descriptions.get(("description", _language(given)), "")}

    def get_my_short_description(self, given: Parameters, moment: float) -> Any:
        return {"short_description": self.descriptions.get(("short_description", _language(given)), "")}

    def _describe(self, given: Parameters, kind: str, most: int) -> bool:
        words = given.text(kind) or ""
        if len(words) > most:
            raise bad_request("BOT_INFO_TOO_LONG")
        self.descriptions[(kind, _language(given))] = words
        return True

    def set_chat_menu_button(self, given: Parameters, moment: float) -> Any:
        button = given.json("menu_button") or {"type": "default"}
        if button.get("type") not in ("default", "commands", "web_app"):
            raise bad_request("can't parse menu button: Unsupported type specified")
        chat_id = given.integer("chat_id")
        if chat_id is not None and not isinstance(self.sending.readable(given), User):
            raise bad_request("chat_id must be a private chat")
        self.menu_buttons[chat_id] = button
        return True

    # Chats and their members

    def get_chat(self, given: Parameters, moment: float) -> Any:
        chat = self.sending.readable(given)
        gifts = (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        )
        permissions = {"permissions": chat.permissions_api()} if isinstance(chat, Group) else {}
        return (
            chat.chat_api()
            | permissions
            | {
                "accent_color_id": 0,
                "max_reaction_count": 11,
                "accepted_gift_types": dict.fromkeys(gifts, False),
            }
        )

    def get_chat_member(self, given: Parameters, moment: float) -> Any:
        chat = self.sending.readable(given)
        user = self.world.users.get(given.integer("user_id") or 0)
        if user is None:
            raise bad_request("invalid user_id specified")
        if isinstance(chat, Group):
            return chat.member_api(user)
        return chat_member(user, "member" if user in (chat, self.world.bot) else "left")

    def get_chat_administrators(self, given: Parameters, moment: float) -> Any:
        chat = self.sending.readable(given)
        if not isinstance(chat, Group):
            raise bad_request("there are no administrators in the private chat")
        # Other bots are left out: https://core.telegram.org/bots/api#getchatadministrators
        return [chat.member_api(user) for user in chat.admins if not user.is_bot or user is self.world.bot]

    def leave_chat(self, given: Parameters, moment: float) -> Any:
        chat = self.sending.readable(given)
        if not isinstance(chat, Group):
            raise bad_request("chat member status can't be changed in private chats")
        before = chat.bot_status
        assert before in IN_CHAT
        chat.statuses[self.world.bot.id] = "left"
        self.world.member_changed(chat, self.world.bot, self.world.bot, before, "left")
        return True

    # Files

    def get_file(self, given: Parameters, moment: float) -> Any:
        file = self.world.files.get(given.text("file_id") or "")
        if file is None:
            raise bad_request("invalid file_id")
        if len(file.data) > MOST_DOWNLOAD:
            raise bad_request("file is too big")
        return file.as_api(path=True)


def _command(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not isinstance(given.get("command"), str):
        raise bad_request("can't parse BotCommand: Can't find field \"command\"")
    name, description = given["command"].removeprefix("/"), str(given.get("description", "")).strip()
    if len(name) > MOST_COMMAND_NAME:
        raise bad_request(f"command length must not exceed {MOST_COMMAND_NAME}")
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not description:
        raise bad_request("command description must be non-empty")
    if len(description) > MOST_COMMAND_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _language(given: Parameters) -> str:
    language = given.text("language_code") or ""
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    return language
