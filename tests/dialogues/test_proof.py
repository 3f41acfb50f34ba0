"""A file that shows a step: what is said of where it can be seen holds; we keep none, only a post can hold it."""

from __future__ import annotations

import pytest

from bot.command import Somebody
from bot.command.parameters import File
from bot.delivery import Address
from bot.platforms.console.render import plain_lines
from bot.store import homes
from bot.views import news
from tests.dialogues.conftest import Chat

JOIN = "/join backend-ai-era deadline:2027-05-20 hours:2"
DONE = "/done http-rest"
UNSEEN = "I keep no files, and no group's post shows this one to others. A link stays."
SEEN = "✅ HTTP and REST APIs · file attached, seen in Backend '27"


def pdf(chat: str = "", platform: str = "test") -> dict[str, str | File | Somebody]:
    """What a platform hands over for a file, from a chat where everybody sees it already, or from none."""
    return {"file": File(platform, "AgAD", "report.pdf", 1000, chat)}


def announced(chat: Chat) -> bool:
    """Whether the last answer says that the group reads of it."""
    return chat.last is not None and chat.last.announced


@pytest.mark.parametrize("private", [True, False])
async def test_a_file_goes_with_the_news(chat: Chat, private: bool) -> None:
    await chat.say("asha", JOIN)
    assert (await chat.say("asha", DONE, private=private, arguments=pdf())).splitlines()[0] == SEEN


async def test_a_file_that_is_added_later_joins_the_news(chat: Chat) -> None:
    await chat.say("asha", JOIN)
    await chat.say("asha", DONE)
    assert (await chat.say("asha", DONE, private=True, arguments=pdf())).splitlines()[0] == SEEN
    assert announced(chat)


async def test_a_file_for_a_step_that_nobody_was_told_of_is_said_to_be_unseen(chat: Chat) -> None:
    """Done in private before there was a group; the file comes with a command that nobody else sees."""
    await chat.say("asha", JOIN, private=True)
    await chat.say("asha", DONE, private=True)
    for private in (True, False):
        said = await chat.say("asha", DONE, private=private, arguments=pdf("asha" if private else ""))
        assert said.startswith("✅ HTTP and REST APIs\n")
        assert UNSEEN in said
        assert "Add a proof" in said
        assert not announced(chat)
    # A link that comes with it is kept.
    both = await chat.say("asha", f"{DONE} https://example.org/api", arguments=pdf())
    assert both.startswith("✅ HTTP and REST APIs · proof attached\n")
    assert UNSEEN in both


async def test_a_file_that_came_in_the_groups_own_chat_is_seen_there(chat: Chat) -> None:
    await chat.say("asha", JOIN, private=True)
    await chat.say("asha", DONE, private=True)
    assert (await chat.say("asha", DONE, arguments=pdf("room"))).splitlines()[0] == SEEN
    # Elsewhere everybody sees it too, but not the group.
    elsewhere = await chat.say("asha", DONE, arguments=pdf("lounge"), room=Address("test", "lounge"))
    assert UNSEEN in elsewhere


async def test_a_file_of_a_platform_where_the_group_does_not_live_is_seen_by_nobody(chat: Chat) -> None:
    await chat.say("asha", JOIN)
    said = await chat.say("asha", DONE, private=True, arguments=pdf(platform="telegram"))
    assert said.startswith("✅ HTTP and REST APIs\n")
    assert UNSEEN in said
    async with chat.store.writing() as db:
        await homes.settle_in(db, chat.group, Address("telegram", "-100"), "Study")
    said = await chat.say("asha", "/done sql", private=True, arguments=pdf(platform="telegram"))
    assert said.splitlines()[0] == "✅ Relational databases and SQL · file attached, seen in Backend '27"


def test_news_say_where_a_file_is_that_they_cannot_show() -> None:
    file = {"platform": "telegram", "reference": "AgAD", "name": "report.pdf", "chat": "7"}
    here = news.news_of_step("en", "Asha", "SQL", None, file, Address("telegram", "-100"))
    there = news.news_of_step("en", "Asha", "SQL", None, file, Address("discord", "1"))
    assert (here.document is None, there.document is None) == (False, True)
    assert [plain_lines(card) for card in (here, there)] == [
        "Asha finished SQL · proof: report.pdf",
        "Asha finished SQL · proof: report.pdf, on Telegram",
    ]
