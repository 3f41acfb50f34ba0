"""The Bot API methods that write: sending, editing, deleting and pinning messages, and answering presses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.fakes.telegram_server import markup
from tests.fakes.telegram_server.chats import GENERAL_TOPIC, Chat, Group, User
from tests.fakes.telegram_server.entities import Entity, settle, units
from tests.fakes.telegram_server.keyboard import Markup, read_markup
from tests.fakes.telegram_server.messages import Answer, Edit, File, Message
from tests.fakes.telegram_server.pictures import picture_size
from tests.fakes.telegram_server.refusals import bad_request, forbidden
from tests.fakes.telegram_server.requests import Parameters, Upload
from tests.fakes.telegram_server.world import World

MOST_TEXT = 4096  # https://core.telegram.org/bots/api#sendmessage, in UTF-16 units
MOST_CAPTION = 1024
MOST_PHOTO_BYTES = 10 * 1024 * 1024  # https://core.telegram.org/bots/api#sending-files
MOST_FILE_BYTES = 50 * 1024 * 1024
MOST_ANSWER = 200
DELETABLE = timedelta(hours=48)  # https://core.telegram.org/bots/api#deletemessage
QUERY_ID_INVALID = "query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
CHAT_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


@dataclass
class Sending:
    """The methods that change what chats show.

    `moment` is the event loop's time. A callback query can be answered for `query_lifetime` seconds. `actions`
    are the chat actions shown, with the id of their chat.
    """

    world: World
    query_lifetime: float = 15.0
    actions: list[tuple[int, str]] = field(default_factory=list)

    # Sending

    def send_message(self, given: Parameters, moment: float) -> Any:
        return self._send(given, _Words("text", "entities", MOST_TEXT), {}, "text messages")

    def send_photo(self, given: Parameters, moment: float) -> Any:
        photo = self._file(given, given.file("photo"), "photo")
        return self._send(given, _Words("caption", "caption_entities", MOST_CAPTION), {"photo": photo}, "photos")

    def send_document(self, given: Parameters, moment: float) -> Any:
        document = self._file(given, given.file("document"), "document")
        return self._send(
            given, _Words("caption", "caption_entities", MOST_CAPTION), {"document": document}, "documents"
        )

    def send_chat_action(self, given: Parameters, moment: float) -> Any:
        if given.text("action") not in CHAT_ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = self.writable(given, "text messages")
        self._thread(given, chat, general=True)
        self.actions.append((chat.id, str(given.text("action"))))
        return True

    def _send(self, given: Parameters, words: _Words, files: Mapping[str, File], what: str) -> Any:
        text, entities = words.parse(given)
        chat = self.writable(given, what)
        thread = self._thread(given, chat)
        text, entities = words.settle(text, entities, self.world)
        message = self.world.store(
            chat,
            self.world.bot,
            text=text,
            entities=entities,
            thread=thread,
            opener=chat.topics[thread].created if thread and isinstance(chat, Group) else None,
            reply_to=self._replied(given, chat),
            markup=read_markup(given.json("reply_markup")),
            preview=given.json("link_preview_options"),
            silent=given.flag("disable_notification"),
            **files,
        )
        if isinstance(chat, Group):
            chat.last_bot_to_post = self.world.bot
        return message.as_api()

    def _replied(self, given: Parameters, chat: Chat) -> Message | None:
        reply = given.json("reply_parameters")
        if not reply:
            return None
        found = self.world.find(chat, reply.get("message_id"))
        if found is None and not reply.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        return found

    def _thread(self, given: Parameters, chat: Chat, *, general: bool = False) -> int | None:
        """The topic addressed. Messages to the General topic name none; a chat action may name it as 1."""
        thread = given.integer("message_thread_id")
        if thread is None or (general and thread == GENERAL_TOPIC and isinstance(chat, Group) and chat.forum):
            return None
        topic = chat.topics.get(thread) if isinstance(chat, Group) else None
        if topic is None or topic.deleted:
            raise bad_request("message thread not found")
        if topic.closed and topic.group.bot_status != "administrator":
            raise bad_request("TOPIC_CLOSED")
        return thread

    def _file(self, given: Parameters, source: Upload | str | None, kind: str) -> File:
        if source is None:
            raise bad_request(f"there is no {kind} in the request")
        if isinstance(source, str):
            if source not in self.world.files:
                raise bad_request("wrong file identifier/HTTP URL specified")
            kept = self.world.files[source]
            if not kept.path.startswith(f"{kind}s/"):
                raise bad_request(f"can't use file of type {kept.path.partition('s/')[0]} as {kind}")
            return kept
        if not source.data:
            raise bad_request("file must be non-empty")
        size = (0, 0)
        if kind == "photo":
            size = picture_size(source.data)
            if len(source.data) > MOST_PHOTO_BYTES:
                raise bad_request("file is too big")
        return self.world.add_file(source.name, source.data, source.mime, folder=f"{kind}s", size=size)

    # Editing

    def edit_message_text(self, given: Parameters, moment: float) -> Any:
        words = _Words("text", "entities", MOST_TEXT)
        text, entities = words.parse(given)
        message = self._editable(given)
        if message.file:
            raise bad_request("there is no text in the message to edit")
        text, entities = words.settle(text, entities, self.world)
        preview = given.json("link_preview_options")
        return self._edit(given, message, moment, text=text, entities=entities, preview=preview)

    def edit_message_caption(self, given: Parameters, moment: float) -> Any:
        words = _Words("caption", "caption_entities", MOST_CAPTION)
        text, entities = words.parse(given)
        message = self._editable(given)
        if not message.file:
            raise bad_request("there is no caption in the message to edit")
        text, entities = words.settle(text, entities, self.world)
        return self._edit(given, message, moment, text=text, entities=entities)

    def edit_message_media(self, given: Parameters, moment: float) -> Any:
        media = given.json("media")
        if not isinstance(media, dict) or media.get("type") not in ("photo", "document"):
            raise bad_request("can't parse InputMedia: Media type is unsupported")
        nested = Parameters(media, given.uploads)
        words = _Words("caption", "caption_entities", MOST_CAPTION)
        text, entities = words.parse(nested)
        message = self._editable(given)
        text, entities = words.settle(text, entities, self.world)
        kind = media["type"]
        file = self._file(given, given.attached(media.get("media")), kind)
        files = {"photo": None, "document": None, kind: file}
        return self._edit(given, message, moment, text=text, entities=entities, **files)

    def edit_message_reply_markup(self, given: Parameters, moment: float) -> Any:
        return self._edit(given, self._editable(given), moment)

    def _editable(self, given: Parameters) -> Message:
        chat = self.writable(given, "text messages")
        message = self.world.find(chat, given.integer("message_id"))
        if message is None:
            raise bad_request("message to edit not found")
        # "only possible to edit messages without reply_markup or with inline keyboards"
        # (https://core.telegram.org/bots/api#updating-messages)
        other_markup = message.markup.given is not None and "inline_keyboard" not in message.markup.given
        if message.sender is not self.world.bot or message.service is not None or other_markup:
            raise bad_request("message can't be edited")
        return message

    def _edit(self, given: Parameters, message: Message, moment: float, **changes: Any) -> Any:
        new_markup = read_markup(given.json("reply_markup"), inline_only=True)
        if new_markup.keyboard == message.keyboard and all(
            getattr(message, name) == value for name, value in changes.items() if name != "preview"
        ):
            raise bad_request(NOT_MODIFIED)
        before = message.text
        message.earlier_markups.append(message.markup)
        # An edit without a keyboard takes the keyboard away.
        message.markup = Markup(new_markup.keyboard, given=new_markup.given)
        for name, value in changes.items():
            setattr(message, name, value)
        message.revision += 1
        message.edit_date = int(self.world.clock().timestamp())
        message.settle()
        self.world.edits.append(Edit(message, before, message.text, moment))
        self.world.ring()
        return message.as_api()

    def delete_message(self, given: Parameters, moment: float) -> Any:
        chat = self.readable(given)
        message = self.world.find(chat, given.integer("message_id"))
        if message is None:
            raise bad_request("message to delete not found")
        rules_here = isinstance(chat, Group) and "can_delete_messages" in chat.bot_rights
        age = timedelta(seconds=self.world.clock().timestamp() - message.date)
        may = (isinstance(chat, User) or message.sender is self.world.bot) and age < DELETABLE
        if not may and not rules_here:
            raise bad_request("message can't be deleted")
        message.deleted = True
        self.world.ring()
        return True

    def pin_chat_message(self, given: Parameters, moment: float) -> Any:
        chat = self.writable(given, "text messages")
        if self.world.find(chat, given.integer("message_id")) is None:
            raise bad_request("message to pin not found")
        if isinstance(chat, Group) and "can_pin_messages" not in chat.bot_rights:
            raise bad_request("not enough rights to manage pinned messages in the chat")
        self.world.pins[chat.id] = given.integer("message_id") or 0
        return True

    def answer_callback_query(self, given: Parameters, moment: float) -> Any:
        text = given.text("text") or ""
        if units(text) > MOST_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        press = next((p for p in self.world.presses if p.id == given.text("callback_query_id")), None)
        if press is None or self.world.clock().timestamp() - press.asked > self.query_lifetime:
            raise bad_request(QUERY_ID_INVALID)
        press.answers.append(Answer(text, given.flag("show_alert"), given.text("url")))
        self.world.ring()
        return True

    # Where the bot may write

    def readable(self, given: Parameters) -> Chat:
        """The chat named by chat_id, which the bot must be in."""
        chat = self._named(given)
        if isinstance(chat, Group):
            if chat.bot_status is None:
                raise bad_request("chat not found")
            if chat.bot_status in ("left", "kicked"):
                verb = "was kicked from" if chat.bot_status == "kicked" else "is not a member of"
                raise forbidden(f"bot {verb} the {chat.kind} chat")
        elif not self.world.knows(chat) and chat is not self.world.bot:
            raise bad_request("chat not found")
        return chat

    def writable(self, given: Parameters, what: str) -> Chat:
        """The chat named by chat_id, where the bot must be allowed to write `what`."""
        named = self._named(given)
        if isinstance(named, Group) and named.migrated_to is not None:
            moved = {"migrate_to_chat_id": named.migrated_to.id}
            raise bad_request("group chat was upgraded to a supergroup chat", moved)
        chat = self.readable(given)
        if isinstance(chat, Group):
            if chat.bot_status == "restricted" or (chat.bot_status == "member" and not chat.members_may_write):
                raise bad_request(f"not enough rights to send {what} to the chat")
        elif chat.is_bot:
            raise forbidden("bot can't send messages to bots")
        elif chat.blocked:
            raise forbidden("bot was blocked by the user")
        elif not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        return chat

    def _named(self, given: Parameters) -> Chat:
        if not given.text("chat_id"):
            raise bad_request("chat_id is empty")
        number = given.text("chat_id") or ""
        chat = self.world.chat(int(number)) if number.lstrip("-").isdigit() else None
        if chat is None:
            raise bad_request("chat not found")
        return chat


@dataclass(frozen=True)
class _Words:
    """The text or the caption of a request: which parameters carry it, and how long it may be."""

    text: str
    entities: str
    most: int

    def parse(self, given: Parameters) -> tuple[str, list[Entity]]:
        """Markup is parsed before Telegram looks at the chat; entities are checked after it."""
        text = given.text(self.text) or ""
        mode = given.text("parse_mode")
        if mode:
            return markup.parse(text, mode)
        return text, given.json(self.entities) or []

    def settle(self, text: str, entities: list[Entity], world: World) -> tuple[str, list[Entity]]:
        text, entities = settle(text, entities, world.known_user_api)
        if not text and self.text == "text":
            raise bad_request("message text is empty")
        if units(text) > self.most:
            raise bad_request("message is too long" if self.text == "text" else "message caption is too long")
        return text, entities
