"""What a platform heard, as values: which command or open question it is, on a platform that exists only here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy import select

from bot.cards import Input, Question
from bot.command import Audience, Hearing, Response, Somebody
from bot.command.heard import (
    BotAdded,
    BotGreeted,
    BotRemoved,
    ChatMoved,
    ChatStanding,
    Filled,
    Heard,
    MemberLeft,
    Noticed,
    Origin,
    Pressed,
    PrivateClosed,
    PrivateOpened,
    Replied,
    Said,
)
from bot.command.hearing import EXPLAINED_AGAIN, OFFERED_AGAIN
from bot.command.parameters import File
from bot.delivery import Address
from bot.platforms.console.render import plain_lines
from bot.tables import accounts, checkins, homes, memberships, questions, step_events
from tests.dialogues.conftest import NOON, Chat
from tests.fakes.away import away
from tests.fakes.transactions import counted

TODAY = NOON.date()
JOIN = "join backend-ai-era 2027-05-20 2h"
CANNOT_SAVE = "I can't save anything right now, so that did not count. Nothing was changed; please try again in a few"
FILE = File("test", "f1", "report.pdf", 100)


@dataclass
class Ear:
    """A platform's ear: gives what people do to the house, and keeps what is answered."""

    chat: Chat
    hearing: Hearing
    last: Response | None = None
    _updates: count[int] = field(default_factory=lambda: count(1))

    def origin(self, who: str, private: bool = True) -> Origin:
        async def standing() -> ChatStanding:
            return ChatStanding(leader=who in self.chat.leaders)

        return Origin(
            platform="test",
            account=who,
            name=who.capitalize(),
            address=Address.private_to("test", who) if private else self.chat.room,
            update=f"h{next(self._updates)}",
            private=private,
            standing=standing,
        )

    async def hear(self, heard: Heard) -> str | None:
        """The answer as plain text; None where there is none."""
        self.last = response = await self.hearing(heard)
        if response is None:
            return None
        if response.question is not None:
            return response.question.title
        assert response.card is not None
        return plain_lines(response.card)

    async def says(self, who: str, text: str, *, private: bool = True, **more: object) -> str | None:
        return await self.hear(replace(Said(self.origin(who, private), text), **more))  # type: ignore[arg-type]  # fields

    async def asks(self, who: str, line: str, message: str, *, private: bool = True) -> Question:
        """A command that ends in a question, which the platform shows as that message."""
        await self.says(who, line, command=True, private=private)
        assert self.last is not None and self.last.question is not None
        origin = self.origin(who, private)
        assert await self.hearing.asked(origin, origin.address, message, self.last.question) is None
        return self.last.question


@pytest.fixture
def ear(chat: Chat) -> Ear:
    return Ear(chat, Hearing(chat.dispatch))


async def rows(chat: Chat, *columns: object) -> list[tuple[object, ...]]:
    async with chat.store.reading() as db:
        return [tuple(row) for row in await db.execute(select(*columns))]  # type: ignore[call-overload]  # any columns


async def open_questions(chat: Chat) -> list[str]:
    return [str(message) for (message,) in await rows(chat, questions.c.message)]


# ---------------------------------------------------------------- words in private


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("progress", "0 of 10 steps done"),
        ("1h30 indexes", "Friday: 1 h 30"),
        ("not today", "Friday: "),
        ("When I have eaten, I study", "When I have eaten, I study"),
        ("hello there", "I understand commands"),
    ],
)
async def test_words_in_private_mean_a_command_an_answer_or_are_explained(ear: Ear, words: str, answer: str) -> None:
    await ear.says("asha", JOIN)
    said = await ear.says("asha", words)
    assert said is not None and answer in said


async def test_what_is_explained_is_explained_now_and_then(ear: Ear) -> None:
    assert await ear.says("asha", "hello") is not None
    assert await ear.says("asha", "hello?") is None
    file = await ear.says("asha", "", file=FILE)
    assert file is not None and file.startswith("A file shows a step when its message says which")
    assert await ear.says("ravi", "", file=FILE, captioned=True) != file
    assert await ear.says("kofi", "", file=FILE, several=True) is None
    ear.chat.forward(seconds=EXPLAINED_AGAIN.total_seconds())
    assert await ear.says("asha", "hello!") is not None


async def test_a_file_with_its_caption_is_the_proof_of_its_step(ear: Ear) -> None:
    await ear.says("asha", JOIN)
    assert "1 of 10" in (await ear.says("asha", "done http-rest", file=FILE) or "")
    ((kept,),) = await rows(ear.chat, step_events.c.file)
    assert isinstance(kept, dict) and kept["name"] == "report.pdf"


async def test_an_unlisted_command_is_for_buttons_alone(ear: Ear) -> None:
    hidden = next(command.name for command in ear.hearing.registry if not command.listed)
    assert "I understand commands" in (await ear.says("asha", hidden) or "")


async def test_a_reply_to_the_daily_question_answers_its_day_and_track(ear: Ear) -> None:
    yesterday = date(2026, 11, 19)
    ear.chat.forward(hours=-2)
    presses = (f"checkin yes track:dsa date:{yesterday}", f"checkin no track:dsa date:{yesterday}")
    await ear.says("asha", "two chapters", reply=Replied("m1", presses))
    await ear.says("asha", "done http-rest", reply=Replied("m1", presses))
    kept = await rows(ear.chat, checkins.c.local_date, checkins.c.track, checkins.c.studied, checkins.c.note)
    assert kept == [(yesterday, "dsa", True, "two chapters")]


# ---------------------------------------------------------------- words in a group


async def test_in_a_group_commands_are_heard_and_talk_is_not(ear: Ear) -> None:
    await ear.says("asha", JOIN)
    for words in ("progress", "1h30", "hello", "frobnicate"):
        assert await ear.says("asha", words, private=False) is None
    assert await ear.says("asha", "frobnicate", private=False, command=True) is None
    refused = await ear.says("asha", "frobnicate", private=False, command=True, addressed=True)
    assert refused is not None and refused.startswith("I don't know /frobnicate.")
    assert "0 of 10" in (await ear.says("asha", "progress", private=False, command=True) or "")


async def test_who_speaks_as_the_chat_itself_is_told_so_in_the_chat(ear: Ear) -> None:
    origin = replace(ear.origin("channel", private=False), anonymous=True)
    assert await ear.hear(Said(origin, "hello")) is None
    told = await ear.hear(Said(origin, "progress", command=True))
    assert told is not None and told.startswith("You post as a group or channel")
    assert ear.last is not None and ear.last.audience is Audience.GROUP
    assert await rows(ear.chat, accounts.c.account) == []


async def test_a_mentioned_member_is_who_is_meant(ear: Ear) -> None:
    for who in ("asha", "ravi"):
        await ear.says(who, JOIN, private=False, command=True)
    shown = await ear.says("asha", "progress r", private=False, command=True, mentions=(Somebody("ravi", "r"),))
    assert shown is not None and shown.startswith("Ravi · ")


async def test_who_leads_is_found_out_only_where_it_matters(ear: Ear) -> None:
    asked: list[str] = []

    async def standing() -> ChatStanding:
        asked.append("who leads")
        return ChatStanding(leader=True, missing=("attach",))

    origin = replace(ear.origin("lena", private=False), standing=standing)
    await ear.hear(Said(origin, "progress", command=True))
    assert asked == []
    shown = await ear.hear(Said(replace(origin, update="h100"), "setup", command=True))
    assert shown is not None and "Here I may not: Attach Files." in shown
    off = await ear.hear(Filled(replace(origin, update="h101"), "remind", {"where": "off", "kind": "recap"}))
    assert off is not None and off.startswith("I no longer post the recap here.")
    assert asked == ["who leads", "who leads"]


# ---------------------------------------------------------------- questions


async def test_the_next_words_in_private_answer_a_question_and_a_refused_answer_leaves_it_open(ear: Ear) -> None:
    await ear.asks("asha", "join backend-ai-era 2027-05-20 hours:?", "q1")
    assert "is not a number of hours" in (await ear.says("asha", "loads") or "")
    assert await open_questions(ear.chat) == ["q1"]
    assert "3 h a day" in (await ear.says("asha", "3") or "")
    assert await open_questions(ear.chat) == []


async def test_an_answer_and_its_question_are_settled_in_one_transaction(ear: Ear) -> None:
    await ear.asks("asha", "join backend-ai-era 2027-05-20 hours:?", "q1")
    with counted(ear.chat.store) as transactions:
        await ear.says("asha", "3")
    assert (transactions.writing, transactions.reading) == (1, 1)
    assert await open_questions(ear.chat) == []


async def test_an_answer_that_fails_leaves_its_question(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question goes with the answer's transaction, so it stays with it too."""
    await ear.asks("asha", "join backend-ai-era 2027-05-20 hours:?", "q1")

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr("bot.command.dispatch.placed", broken)
        assert "our fault, not yours. Nothing was changed" in (await ear.says("asha", "3") or "")
    assert await open_questions(ear.chat) == ["q1"]
    assert "3 h a day" in (await ear.says("asha", "3") or "")


@pytest.mark.parametrize("private", [True, False])
async def test_a_press_takes_one_transaction_and_in_private_ends_every_question(ear: Ear, private: bool) -> None:
    await ear.says("asha", JOIN)
    await ear.asks("asha", "join backend-ai-era 2027-05-20 hours:?", "q1", private=private)
    with counted(ear.chat.store) as transactions:
        done = await ear.hear(Pressed(ear.origin("asha", private), "done http-rest", "m7"))
    assert done is not None and "1 of 10" in done
    assert (transactions.writing, transactions.reading) == (1, 0)
    assert await open_questions(ear.chat) == ([] if private else ["q1"])


async def test_in_a_group_a_question_is_answered_by_the_reply_of_the_one_it_is_for(ear: Ear) -> None:
    await ear.asks("asha", "join backend-ai-era 2027-05-20 hours:?", "q1", private=False)
    assert await ear.says("asha", "3", private=False) is None
    assert await ear.says("ravi", "3", private=False, reply=Replied("q1")) is None
    assert await ear.says("asha", "3", private=False, reply=Replied("another")) is None
    assert "3 h a day" in (await ear.says("asha", "3", private=False, reply=Replied("q1")) or "")


async def test_a_reply_to_the_daily_question_is_no_answer_to_another(ear: Ear) -> None:
    await ear.says("asha", JOIN)
    await ear.asks("asha", "join backend-ai-era 2027-05-20 hours:?", "q1")
    await ear.says("asha", "45", reply=Replied("daily", (f"checkin yes date:{TODAY}",)))
    assert await rows(ear.chat, checkins.c.minutes) == [(45,)]


async def test_a_menu_is_answered_by_its_other(ear: Ear) -> None:
    menu = Replied("m1", other="join roadmap:backend-ai-era deadline:?")
    assert "is not a date" in (await ear.says("asha", "some day", private=False, reply=menu) or "")
    assert ear.last is not None and ear.last.refused
    assert "until Thu 20 May 2027" in (await ear.says("asha", "in 6 months", private=False, reply=menu) or "")


async def test_what_stands_in_anothers_private_chat_is_not_pressed(ear: Ear) -> None:
    await ear.says("asha", JOIN)
    there = replace(ear.origin("ravi"), address=Address.private_to("test", "asha"))
    said = await ear.hear(Pressed(there, "done http-rest", "m1"))
    assert said == "That button is somebody else's. /help shows what you can do."


async def test_a_form_is_whispered_and_its_blanks_are_left_out(ear: Ear) -> None:
    await ear.says("asha", JOIN, private=False, command=True)
    filled = Filled(ear.origin("asha", private=False), "checkin", {"minutes": "30", "note": "  "})
    assert "Friday: 30 min" in (await ear.hear(filled) or "")
    assert await rows(ear.chat, checkins.c.note) == [(None,)]


# ---------------------------------------------------------------- where we are


def invited(place: str, invitation: str, *, keyed: bool = False) -> BotAdded:
    return BotAdded("test", place, invitation, [place], keyed=keyed)


async def test_a_place_is_greeted_once_for_each_invitation(ear: Ear) -> None:
    first = invited("new", "1")
    assert await ear.hearing.added(first) is not None
    assert await ear.hearing.added(first) is None
    assert await ear.hearing.added(invited("new", "2")) is not None


async def test_a_greeting_with_a_key_counts_when_it_has_arrived(ear: Ear) -> None:
    first = invited("new", "1", keyed=True)
    assert await ear.hearing.added(first) is not None
    assert await ear.hearing.added(first) is not None
    await ear.hearing.notice(BotGreeted(first))
    assert await ear.hearing.added(first) is None


async def test_who_lives_there_or_was_greeted_before_the_chat_moved_is_not_greeted(ear: Ear) -> None:
    assert await ear.hearing.added(invited("room", "1")) is None
    await ear.hearing.added(invited("old", "1"))
    await ear.hearing.notice(ChatMoved("test", "old", "new"))
    await ear.hearing.notice(ChatMoved("test", "old", "new"))
    assert await ear.hearing.added(invited("new", "2")) is None
    assert await ear.hearing.added(invited("new", "3")) is not None


async def test_coming_and_going_is_noted(ear: Ear) -> None:
    await ear.says("asha", JOIN, private=False, command=True)
    await ear.hearing.notice(PrivateClosed("test", "asha"))
    assert await rows(ear.chat, accounts.c.dm) == [("closed",)]
    await ear.hearing.notice(PrivateOpened("test", "asha"))
    assert await rows(ear.chat, accounts.c.dm) == [("open",)]
    await ear.hearing.notice(MemberLeft("test", "room", "asha"))
    assert await rows(ear.chat, memberships.c.left_at) == [(NOON,)]
    await ear.hearing.notice(ChatMoved("test", "room", "hall"))
    assert await rows(ear.chat, homes.c.chat, homes.c.gone_at) == [("hall", None)]
    await ear.hearing.notice(BotRemoved([Address("test", "hall")]))
    assert await rows(ear.chat, homes.c.gone_at) == [(NOON,)]


async def test_a_group_is_told_now_and_then_how_somebody_opens_the_private_chat(ear: Ear) -> None:
    await ear.says("asha", JOIN, private=False, command=True)
    origin, link = ear.origin("asha", private=False), "https://example.org/open"
    assert await ear.hearing.unreached(origin, "en", None) is None
    offer = await ear.hearing.unreached(origin, "en", link)
    assert offer is not None and link in plain_lines(offer)
    assert await ear.hearing.unreached(origin, "en", link) is None
    ear.chat.now += OFFERED_AGAIN - timedelta(seconds=1)
    assert await ear.hearing.unreached(origin, "en", link) is None
    ear.chat.forward(seconds=1)
    assert await ear.hearing.unreached(origin, "en", link) is not None
    assert await rows(ear.chat, accounts.c.dm) == [("closed",)]


# ---------------------------------------------------------------- when something is wrong


@pytest.mark.parametrize("private", [True, False])
async def test_with_the_database_away_everything_is_answered_in_the_same_words(
    ear: Ear, private: bool, caplog: pytest.LogCaptureFixture
) -> None:
    await ear.says("asha", JOIN)
    origin = ear.origin("asha", private)
    async with away(ear.chat.store):
        heard: list[Heard] = [
            Said(origin, "done http-rest", command=True),
            Said(origin, "3", reply=Replied("q1")),
            Pressed(origin, "done http-rest", "m1"),
            Filled(origin, "done", {"step": "http-rest"}),
        ]
        if private:
            heard += [Said(origin, words) for words in ("done http-rest", "1h30 indexes", "hello", "")]
        for one in heard:
            said = await ear.hear(one)
            assert said is not None and said.startswith(CANNOT_SAVE), one
            assert ear.last is not None and ear.last.refused
        lost: list[Noticed] = [
            PrivateOpened("test", "asha"),
            PrivateClosed("test", "asha"),
            MemberLeft("test", "room", "asha"),
            ChatMoved("test", "room", "hall"),
            BotRemoved([ear.chat.room]),
        ]
        for noticed in lost:
            await ear.hearing.notice(noticed)
        assert await ear.hearing.added(invited("new", "1")) is None
        assert await ear.hearing.suggest(Filled(origin, "done", {"step": "ht"}), "step") == []
        forgotten = await ear.hearing.asked(
            origin, origin.address, "q1", Question("join", "How many?", (Input("hours", "Hours"),))
        )
        assert forgotten is not None and forgotten.card is not None
        assert plain_lines(forgotten.card).startswith(CANNOT_SAVE)
    # Told once in the log, by the store that noticed it.
    assert [record.name for record in caplog.records if record.levelno >= logging.ERROR] == ["bot.store.engine"]
    assert "1 of 10" in (await ear.says("asha", "done http-rest") or "")


async def test_a_fault_of_ours_is_apologised_for_with_a_reference(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("bot.command.hearing.questions.waiting", broken)
    said = await ear.says("asha", "hello")
    assert said is not None and said.startswith("That did not work as it should, and it is our fault")
    assert said.split()[-1].rstrip(".") in caplog.text
