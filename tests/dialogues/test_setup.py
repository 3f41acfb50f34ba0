"""Lena makes a chat her group's home, changes its settings, and gives the group a second home."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from bot.cards import Button, unsign
from bot.command import Audience, Incoming
from bot.delivery import Address
from bot.domain import reason
from bot.domain.group import Group
from bot.platforms.console.render import plain_lines
from bot.store import belonging, outbox, people, schedule
from bot.store.homes import home_gone
from bot.store.ledger import LOST
from bot.tables import codes, groups, homes, members, memberships, reminders
from bot.views.group import group_greeting
from bot.words import has
from tests.dialogues.conftest import Chat

NEW = Address("test", "new-room")


async def rules(chat: Chat, group: int) -> dict[str, tuple[int, int, str]]:
    """A group's own reminders: minute, days and the UTC moment they are next due at."""
    async with chat.store.reading() as db:
        rows = await db.execute(select(reminders).where(reminders.c.group == group))
        return {row.kind: (row.minute, row.days, f"{row.next_due_at:%a %H:%M}") for row in rows}


async def group_at(chat: Chat, address: Address) -> Group | None:
    """The group that lives at an address."""
    async with chat.store.reading() as db:
        return await belonging.group_at(db, address)


async def code_for(chat: Chat) -> str:
    """A code for a second home, as Lena is shown it in the first."""
    said = await chat.say("lena", "/homecode")
    assert chat.private
    match = re.search(r"for a second home of Backend '27: ([0-9A-Z]{4}-[0-9A-Z]{4})\n", said)
    assert match, said
    return match[1]


async def test_a_new_chat_asks_for_the_zone_and_is_a_home_at_once(chat: Chat) -> None:
    asked = await chat.say("lena", "/setup", room=NEW)
    assert asked.splitlines()[:2] == ["In which city or time zone is the group?", "[1] Asia/Kolkata (12:00)"]
    assert not chat.private, "the answer must be given where the home will be"
    assert await group_at(chat, NEW) is None

    said = await chat.say("lena", "/setup berlin", room=NEW)
    assert [line[:3] for line in said.splitlines()[7:10]] == ["[1]", "[2]", "[3]"], "a roadmap is one tap"
    assert said.splitlines()[:7] + said.splitlines()[10:] == [
        "✅ new-room lives here now",
        "Everybody begins with /start. I ask once a day here, and the week's recap follows by itself.",
        "Time zone: Europe/Berlin (07:30 now)",
        "Daily question: 20:00",
        "Recap: Sunday 18:00",
        "Roadmap: not chosen yet",
        "Deadline: not chosen yet",
        "[4] Time zone  [5] Daily question  [6] Recap  [7] Deadline",
        "[8] Code for a second home  [9] Undo",
    ]
    assert not chat.private
    group = await group_at(chat, NEW)
    assert group is not None
    assert await rules(chat, group.id) == {
        "group": (1200, 0b1111111, "Fri 19:00"),
        "recap": (1080, 0b1000000, "Sun 17:00"),
    }
    async with chat.store.reading() as db:
        assert len(await belonging.mates_of(db, [group.id])) == 1, "who sets a group up is a member of it"


async def test_a_leader_whose_zone_is_known_is_not_asked(chat: Chat) -> None:
    await chat.say("lena", "/timezone Africa/Lagos", private=True)
    assert "Africa/Lagos (07:30 now)" in await chat.say("lena", "/setup", room=NEW)


async def test_a_leader_without_a_zone_of_their_own_lives_by_the_groups(chat: Chat) -> None:
    await chat.say("lena", "/setup Berlin", room=NEW)
    async with chat.store.reading() as db:
        zone = (await db.execute(select(members.c.zone).where(members.c.name == "Lena"))).scalar_one()
    assert zone == "Europe/Berlin"


async def test_everything_can_be_given_in_one_line(chat: Chat) -> None:
    said = await chat.say("lena", "/setup lagos 19:30 sat 9:00 backend-ai-era 20 May 2027", room=NEW)
    assert said.splitlines()[2:7] == [
        "Time zone: Africa/Lagos (07:30 now)",
        "Daily question: 19:30",
        "Recap: Saturday 09:00",
        "Roadmap: Backend Engineer (AI era)",
        "Deadline: Thu 20 May 2027",
    ]
    assert (await chat.say("ravi", "/join", room=NEW)).startswith("Which roadmap?\n[1] Backend Engineer (AI era)")


async def test_settings_are_shown_changed_and_taken_back(chat: Chat) -> None:
    shown = await chat.say("lena", "/setup")
    assert shown.startswith("Backend '27 lives here\n")
    assert "Undo" not in shown

    assert (await chat.press("lena", "Daily question")).startswith("When shall I ask the group every day? <")
    saved = await chat.answer("lena", "21:15")
    assert saved.startswith("✅ Backend '27: saved\n")
    assert "Daily question: 21:15" in saved
    assert (await rules(chat, chat.group))["group"] == (1275, 0b1111111, "Fri 15:45")

    assert await chat.press("lena", "Undo") == "Taken back: the settings of Backend '27."
    assert "Daily question: 20:00" in await chat.say("lena", "/setup")
    assert (await rules(chat, chat.group))["group"] == (1200, 0b1111111, "Fri 14:30")


async def test_the_roadmap_and_the_zone_are_a_tap_and_a_word(chat: Chat) -> None:
    await chat.say("lena", "/setup")
    assert "Roadmap: Backend Engineer, internship" in await chat.press("lena", "Backend Engineer, internship")
    await chat.press("lena", "Time zone")
    assert "Europe/Paris (07:30 now)" in await chat.answer("lena", "Paris")
    assert (await rules(chat, chat.group))["group"][2] == "Fri 19:00"


async def test_a_recap_day_keeps_its_time_unless_one_is_given(chat: Chat) -> None:
    await chat.say("lena", "/setup recap:fri 17:00")
    assert "Recap: Monday 17:00" in await chat.say("lena", "/setup recap:mon")
    assert "“someday” is not a day and time" in await chat.say("lena", "/setup recap:someday")


# ---------------------------------------------------------------- the group's posts


async def posts(chat: Chat) -> dict[str, str]:
    """When each of the group's posts is next due, in UTC; "off" for one that is not."""
    async with chat.store.reading() as db:
        found = await schedule.of_group(db, chat.group)
    assert all((post.next_due_at is None) is (post.place == "off") for post in found.values())
    return {k: f"{post.next_due_at:%a %H:%M}" if post.next_due_at else "off" for k, post in found.items()}


async def test_the_groups_posts_are_turned_off_and_on_by_setup(chat: Chat) -> None:
    said = await chat.say("lena", "/setup time:off")
    assert said.startswith("✅ Backend '27: saved\n") and "Daily question: off\n" in said
    assert await posts(chat) == {"group": "off", "recap": "Sun 12:30"}
    said = await chat.say("lena", "/setup recap:off")
    assert "Daily question: off\nRecap: off\n" in said
    said = await chat.say("lena", "/setup zone:Europe/Berlin")
    assert "Daily question: off\nRecap: off\n" in said, "another wish turns nothing on"
    assert await posts(chat) == {"group": "off", "recap": "off"}
    said = await chat.say("lena", "/setup time:on recap:on")
    assert "Daily question: 20:00\nRecap: Sunday 18:00\n" in said, "at the times they had"
    assert await posts(chat) == {"group": "Fri 19:00", "recap": "Sun 17:00"}
    await chat.press("lena", "Undo")
    assert await posts(chat) == {"group": "off", "recap": "off"}
    await chat.say("lena", "/setup 21:00 sat 9:00")
    assert await posts(chat) == {"group": "Fri 20:00", "recap": "Sat 08:00"}, "a time turns them on"


async def test_off_can_be_the_answer_to_the_question(chat: Chat) -> None:
    await chat.say("lena", "/setup")
    await chat.press("lena", "Recap")
    assert "Recap: off" in await chat.answer("lena", "Off")
    assert "is not a time of day. Try 20:00, or off." in await chat.say("lena", "/setup time:never")


async def test_a_group_can_begin_without_posts(chat: Chat) -> None:
    said = await chat.say("lena", "/setup berlin time:off", room=NEW)
    assert "Everybody begins with /start. The week's recap comes by itself.\n" in said
    assert "Daily question: off\nRecap: Sunday 18:00\n" in said


@pytest.mark.parametrize(
    ("kind", "name", "off", "on", "moved"),
    [
        (
            "group",
            "Daily question",
            "I no longer ask here who studied. /remind on kind:group turns it on again, at 20:00.",
            "I ask here every day at 20:00 (Asia/Kolkata). Next: today 20:00.",
            "I ask here every day at 09:15 (Asia/Kolkata). Next: tomorrow 09:15.",
        ),
        (
            "recap",
            "Recap",
            "I no longer post the recap here. /remind on kind:recap turns it on again, at 18:00.",
            "The recap comes here every Sunday at 18:00 (Asia/Kolkata). Next: Sun 22 Nov, 18:00.",
            "The recap comes here every Sunday at 09:15 (Asia/Kolkata). Next: Sun 22 Nov, 09:15.",
        ),
    ],
)
async def test_the_groups_posts_are_kinds_of_remind(
    chat: Chat, kind: str, name: str, off: str, on: str, moved: str
) -> None:
    before = await posts(chat)
    assert await chat.say("lena", f"/remind off kind:{kind}") == f"{off}\n[1] Undo  [2] The group's settings"
    assert not chat.private
    assert (await posts(chat))[kind] == "off"
    assert f"{name}: off\n" in await chat.press("lena", "The group's settings")
    assert (await chat.say("lena", f"/remind on kind:{kind}")).startswith(f"{on}\n")
    assert await posts(chat) == before
    assert (await chat.say("lena", f"/remind 9:15 kind:{kind}")).startswith(f"{moved}\n")
    await chat.press("lena", "Undo")
    assert await posts(chat) == before
    await chat.say("lena", "/undo")
    assert (await posts(chat))[kind] == "off"
    assert await chat.say("lena", "/undo") == "Taken back: the settings of Backend '27."
    assert await posts(chat) == before


@pytest.mark.parametrize(("kind", "time"), [("group", "20:00"), ("recap", "18:00")])
async def test_remind_shows_a_post_and_offers_the_rest(chat: Chat, kind: str, time: str) -> None:
    said = await chat.say("lena", f"/remind kind:{kind}")
    assert not chat.private, "the answer must be given where it is about"
    assert f"Now: {'Sunday ' if kind == 'recap' else ''}{time}.\nAt which time?\n" in said
    await chat.press("lena", "Turn off")
    assert "Now: off." in await chat.say("lena", f"/remind kind:{kind}")
    await chat.press("lena", f"Turn on at {time}")
    assert "off" not in (await posts(chat)).values()
    await chat.say("lena", f"/remind kind:{kind}")
    assert (await chat.press("lena", "Other…")).endswith("; or off>"), "asked for in the group, as /setup does"
    assert "off\n" in await chat.answer("lena", "off")
    await chat.say("lena", f"/remind kind:{kind}")
    other = "The group's question" if kind == "recap" else "The group's recap"
    assert "At which time?" in await chat.press("lena", other)


@pytest.mark.parametrize("line", ["/remind off group", "/remind group off"])
async def test_group_alone_is_a_place_and_a_leader_turns_off_their_own_question(chat: Chat, line: str) -> None:
    before = await posts(chat)
    await chat.say("lena", "/remind 20:00 group")
    assert "I no longer ask about your study" in await chat.say("lena", line)
    async with chat.store.reading() as db:
        own = reminders.c.member.is_not(None) & (reminders.c.kind == "study")
        assert (await db.execute(select(reminders.c.place).where(own))).scalars().all() == ["off"]
    assert await posts(chat) == before
    said = await chat.say("lena", "/remind off 20:00 group")
    assert said == "By itself “group” is a place; “The group's question” is written kind:group."
    assert await posts(chat) == before


async def test_a_posts_days(chat: Chat) -> None:
    assert "I ask here Mon–Fri at 20:00" in await chat.say("lena", "/remind weekdays kind:group")
    assert "Daily question: Mon–Fri 20:00" in await chat.say("lena", "/setup roadmap:backend-ai-era")
    assert (await rules(chat, chat.group))["group"] == (1200, 0b0011111, "Fri 14:30")
    assert "every Saturday at 17:00" in await chat.say("lena", "/remind sat 17:00 kind:recap")
    assert "Recap: Saturday 17:00" in await chat.say("lena", "/setup")
    said = await chat.say("lena", "/remind 17:00 weekdays kind:recap")
    assert said.startswith("The recap comes on one day of the week: /remind 17:00 sun kind:recap")
    for place in ("dm", "group"):
        said = await chat.say("lena", f"/remind 19:00 {place} kind:group")
        assert said.startswith("That is a post for the whole group") and "/remind 19:00 kind:group" in said


async def test_a_groups_posts_are_for_its_leaders_and_for_its_home(chat: Chat) -> None:
    before = await posts(chat)
    for line in ("/remind kind:group", "/remind off kind:group", "/remind 9:00 sun kind:recap", "/remind off recap"):
        assert "is for those who lead this group" in await chat.say("asha", line), line
    assert "set in the group itself" in await chat.say("lena", "/remind off kind:recap", private=True)
    assert (await chat.say("lena", "/remind off kind:recap", room=NEW)).startswith("This chat is no group's home yet.")
    await chat.say("lena", "/remind kind:group")
    assert "somebody else's" in await chat.press("asha", "Turn off")
    assert await posts(chat) == before


async def test_setup_is_for_leaders_and_for_groups(chat: Chat) -> None:
    assert (
        await chat.say("asha", "/setup")
        == "/setup is for those who lead this group: ask whoever manages this chat to type it."
    )
    assert (
        await chat.say("asha", "/homecode")
        == "/homecode is for those who lead this group: ask whoever manages this chat to type it."
    )
    await chat.say("lena", "/setup")
    assert "somebody else's" in await chat.press("asha", "Code for a second home")
    private = await chat.say("lena", "/setup", private=True)
    assert private.startswith("A group's home is made in the group itself")
    assert private == await chat.say("lena", "/homecode", private=True)
    assert (await chat.say("lena", "/homecode", room=NEW)).startswith("This chat is no group's home yet.")


async def test_what_the_bot_may_not_do_is_named(chat: Chat) -> None:
    incoming = Incoming(
        "test", "lena", "Lena", chat.room, "setup", leader=True, chat_name="backend", missing=("embed", "history", "x")
    )
    response = await chat.dispatch(incoming)
    assert response is not None and response.card is not None
    assert "Here I may not: Embed Links, Read Message History, x. Give my role" in plain_lines(response.card)
    assert response.audience is Audience.GROUP


async def test_a_chat_that_was_left_is_its_groups_home_again(chat: Chat) -> None:
    async with chat.store.writing() as db:
        await home_gone(db, chat.room, chat.now)
    assert await group_at(chat, chat.room) is None
    said = await chat.say("lena", "/setup")
    assert said.startswith("✅ Backend '27 lives here now\n")
    group = await group_at(chat, chat.room)
    assert group is not None and group.id == chat.group


async def test_setting_up_can_be_taken_back_and_repeated(chat: Chat) -> None:
    await chat.say("lena", "/setup Berlin", room=NEW)
    before = await group_at(chat, NEW)
    assert await chat.say("lena", "/undo", room=NEW) == "Taken back: making this chat the home of new-room."
    assert await group_at(chat, NEW) is None
    await chat.say("lena", "/setup Berlin", room=NEW)
    assert await group_at(chat, NEW) == before


async def test_a_setup_delivered_again_founds_one_group(chat: Chat) -> None:
    await chat.say("lena", "/setup Berlin", room=NEW, update="same")
    assert "counted already" in await chat.say("lena", "/setup Berlin", room=NEW, update="same")
    async with chat.store.reading() as db:
        assert len((await db.execute(select(groups))).all()) == 2


async def test_a_name_is_never_markup(chat: Chat) -> None:
    room = Address("test", "**bold** @everyone `x` [a](https://b.example)")
    said = await chat.say("lena", "/setup Berlin", room=room)
    assert said.startswith("✅ **bold** @everyone `x` [a](https://b.example) lives here now\n")


# ---------------------------------------------------------------- a second home


async def test_a_second_home_by_code(chat: Chat) -> None:
    code = await code_for(chat)
    said = await chat.say("lena", f"/setup code:{code}", room=NEW)
    assert said.startswith(
        "✅ Backend '27 lives here too now\nWhat members do here and in the other home counts as one.\n"
    )
    assert "Homes: 2" in said
    group = await group_at(chat, NEW)
    assert group is not None and group.id == chat.group

    async with chat.store.reading() as db:
        stored = (await db.execute(select(codes.c.digest))).scalar_one()
    assert code.replace("-", "") not in stored, "a copy of the database must be worth nothing"
    assert (await chat.say("lena", f"/setup {code}", room=Address("test", "third"))).startswith(
        "That code is not one I know"
    )

    assert (await chat.say("lena", "/undo", room=NEW)).startswith(
        "Taken back: making this chat the home of Backend '27"
    )
    assert await group_at(chat, NEW) is None
    assert await group_at(chat, chat.room) is not None


async def test_a_chat_with_a_group_of_its_own_brings_its_members_along(chat: Chat) -> None:
    await chat.say("lena", "/setup Berlin", room=NEW)
    for name in ("ravi", "mei"):
        await chat.say(name, "/roadmaps", room=NEW)
    await chat.say("mei", "/roadmaps")
    code = await code_for(chat)
    await chat.say("lena", f"/setup {code}", room=NEW)
    async with chat.store.reading() as db:
        rows = await db.execute(
            select(members.c.name, members.c.main_group)
            .join(memberships, memberships.c.member == members.c.id)
            .where(memberships.c.group == chat.group, memberships.c.left_at.is_(None))
            .order_by(members.c.name)
        )
        assert rows.all() == [("Lena", chat.group), ("Mei", chat.group), ("Ravi", chat.group)]
        left = await db.execute(
            select(memberships).where(memberships.c.group != chat.group, memberships.c.left_at.is_(None))
        )
        assert left.all() == []
        assert len((await db.execute(select(homes))).all()) == 2


async def test_a_code_entered_at_home_stays_good(chat: Chat) -> None:
    code = await code_for(chat)
    assert "is a home of Backend '27 already" in await chat.say("lena", f"/setup code:{code}")
    assert "lives here too now" in await chat.say("lena", f"/setup code:{code}", room=NEW)


async def test_a_code_lives_ten_minutes_and_the_newest_alone(chat: Chat) -> None:
    old = await code_for(chat)
    new = await code_for(chat)
    assert "not one I know" in await chat.say("lena", f"/setup code:{old}", room=NEW)
    chat.forward(minutes=10)
    assert "not one I know" in await chat.say("lena", f"/setup code:{new}", room=NEW)


async def test_after_five_wrong_codes_there_is_a_pause(chat: Chat) -> None:
    code = await code_for(chat)
    for number in range(5):
        assert "not one I know" in await chat.say("lena", f"/setup code:AAAA-000{number}", room=NEW)
        chat.forward(seconds=30)
    locked = await chat.say("lena", f"/setup code:{code}", room=NEW)
    assert locked == "That were five wrong codes. Please try again in 8 minutes."
    assert await group_at(chat, NEW) is None
    chat.forward(minutes=7, seconds=30)
    new = await code_for(chat)
    assert "lives here too now" in await chat.say("lena", f"/setup code:{new}", room=NEW)


async def test_what_is_no_code_is_no_wrong_try(chat: Chat) -> None:
    assert "has eight letters and digits" in await chat.say("lena", "/setup code:HELSINKI", room=NEW)
    assert (await chat.say("lena", "/setup Kolkatta", room=NEW)).startswith(
        "I don't know a time zone called “Kolkatta”"
    )


# ---------------------------------------------------------------- being added


async def test_the_greeting_leads_to_the_set_up(chat: Chat) -> None:
    assert plain_lines(group_greeting("en")) == (
        "Hello, I am Roadmate.\n"
        "I keep a study group on its roadmap: a deadline for everyone, one question a day, "
        "and a board of what was done.\n"
        "A leader presses Set up where the group studies. Then everybody begins with /start.\n"
        "[1] Set up"
    )
    (button,) = group_greeting("en").rows[0]
    assert isinstance(button, Button)
    line, owner = unsign(button.press)
    assert owner is None, "any leader may press it"
    chat.room = NEW
    assert (await chat.press_raw("lena", line)).startswith("In which city or time zone is the group?")


async def lost(chat: Chat, key: str, **values: Any) -> None:
    """Something that did not get through."""
    day = chat.now.date()
    usual = {"kind": "group", "address": chat.room, "local_date": day, "due_at": chat.now, "expires_at": chat.now}
    async with chat.store.writing() as db:
        await outbox.queue(db, outbox.Draft(**{"key": key, **usual, **values}))


async def test_leaders_see_what_did_not_get_through(chat: Chat) -> None:
    assert "Not delivered" not in await chat.say("lena", "/setup")
    async with chat.store.reading() as db:
        known = await people.account(db, "test", "lena")
    assert known is not None
    await lost(chat, "a", group=chat.group, state="failed", reason="Send Messages")
    await lost(chat, "b", group=chat.group, kind="recap", state="expired", reason="too late")
    await lost(chat, "c", group=chat.group, kind="recap", state="expired", reason="moot")
    await lost(chat, "d", group=chat.group, local_date=date(2026, 11, 13), state="failed", reason="long ago")
    for number in range(2):
        mine = {"member": known.member, "address": known.private, "kind": "study"}
        await lost(chat, f"e{number}", **mine, state="expired", reason="too late")
    await lost(chat, "f", **mine, state="failed", reason="blocked")
    assert (
        "Not delivered, last 7 days: daily question of Fri 20 Nov (Send Messages); recap of Fri 20 Nov (too late); "
        "2 reminders to members came too late and were dropped"
    ) in await chat.say("lena", "/setup")


async def test_why_it_did_not_get_through_is_said_in_words(chat: Chat) -> None:
    """What is recorded are codes, which the locale words; a platform's own words stand as they are."""
    for key, values in {
        "a": {"reason": reason.MOVED, "state": "failed"},
        "b": {"reason": reason.HELD, "state": "doubtful", "kind": "recap"},
        "c": {"state": "failed", "kind": "done"},
    }.items():
        await lost(chat, key, group=chat.group, **values)
    said = await chat.say("lena", "/setup")
    assert "daily question of Fri 20 Nov (the chat moved)" in said
    assert "recap of Fri 20 Nov (it may have arrived)" in said
    assert "news of Fri 20 Nov (it was refused)" in said


def test_every_code_has_words() -> None:
    for name in {*reason.NAMES.values(), *LOST}:
        assert has(f"reason-{name}")
