"""The group looks at its board and its week; each sees their own place alone."""

from __future__ import annotations

import pytest

from bot.cards import LINE_BYTES, unsign
from bot.command import Audience
from bot.delivery import Address
from bot.domain.board import MEASURES, PAGE_ROWS, WINDOWS, Score, Standings, ranked
from bot.domain.group import Group
from bot.domain.recap import RECAP_LINES
from bot.platforms.console.render import plain_lines
from bot.store import belonging, people, weeks
from bot.views import board
from tests.dialogues.conftest import Chat


async def study(chat: Chat, **minutes: int) -> None:
    """Members check in, each with so many minutes."""
    for name, length in minutes.items():
        await chat.say(name, f"/checkin {length}")


async def test_a_step_shows_on_the_board(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era deadline:2027-05-20 hours:2")
    await chat.say("asha", "/done http-rest proof:https://example.org/api")
    assert await chat.say("asha", "/leaderboard") == (
        "Backend '27 · this week: 1 step\n"
        "1. Asha · 20 points\n"
        "A step is 20 points, every 10 minutes of study 1.\n"
        "[1] My place\n"
        "[2] Steps  [3] Hours  [4] Streak\n"
        "[5] Month  [6] All time"
    )
    assert not chat.private
    await chat.say("asha", "/undo")
    assert "Asha" not in await chat.say("asha", "/leaderboard")


async def test_an_empty_board_is_kind_and_offers_the_first_line(chat: Chat) -> None:
    said = await chat.say("asha", "/leaderboard")
    assert said.splitlines()[1:3] == [
        "The week is still open: one step or half an hour of study starts it.",
        "[1] Studied",
    ]
    await chat.press("asha", "Studied")
    assert "30 min" in await chat.press("asha", "30 min")
    assert "1. Asha · 3 points" in await chat.say("asha", "/leaderboard")


async def test_measures_and_windows_are_a_press_away(chat: Chat) -> None:
    await study(chat, asha=60, ravi=90, mei=30)
    await chat.say("asha", "/leaderboard")
    assert (await chat.press("asha", "Hours")).splitlines()[:4] == [
        "Backend '27 · this week: 3 h",
        "1. Ravi · 1 h 30",
        "2. Asha · 1 h",
        "3. Mei · 30 min",
    ]
    assert (await chat.press("asha", "Month")).startswith("Backend '27 · this month: 3 h\n1. Ravi · 1 h 30")
    streak = await chat.press("asha", "Streak")
    assert streak.splitlines()[1:4] == ["1. Asha · 1 day", "1. Mei · 1 day", "1. Ravi · 1 day"]
    assert "All time" not in streak, "a streak is what it is now, whatever the window"


async def test_only_who_asked_turns_the_board_and_it_turns_in_place(chat: Chat) -> None:
    await study(chat, asha=60)
    await chat.say("asha", "/leaderboard")
    hours = chat.label("Hours")
    assert "somebody else's" in await chat.press_raw("ravi", hours)
    await chat.press_raw("asha", hours)
    assert chat.last is not None and chat.last.edit


async def test_windows_end_where_the_groups_dates_do(chat: Chat) -> None:
    await study(chat, asha=60)
    chat.forward(days=2)
    assert "1. Asha · 6 points" in await chat.say("asha", "/leaderboard"), "Sunday belongs to the week"
    chat.forward(days=1)
    assert "Asha" not in await chat.say("asha", "/leaderboard")
    assert "1. Asha · 6 points" in await chat.say("asha", "/leaderboard month")
    chat.forward(days=8)
    assert "Asha" not in await chat.say("asha", "/leaderboard month")
    assert "1. Asha · 6 points" in await chat.say("asha", "/leaderboard all")


async def test_a_member_whose_date_is_ahead_is_seen_at_once(chat: Chat) -> None:
    await chat.say("lena", "/setup America/Los_Angeles")
    await chat.say("mei", "/timezone Asia/Tokyo")
    chat.forward(hours=9)
    await study(chat, mei=50)
    assert "1. Mei · 5 points" in await chat.say("mei", "/leaderboard"), "Saturday in Tokyo, Friday in Los Angeles"
    assert "1. Mei · 5 points" in await chat.say("mei", "/leaderboard all")
    assert "1. Mei · 1 day" in await chat.say("mei", "/leaderboard streak")


async def test_a_proof_added_later_earns_nothing_twice(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done sql")
    await chat.say("asha", "/done sql proof:https://example.org/sql")
    assert "1. Asha · 20 points" in await chat.say("asha", "/leaderboard")
    chat.forward(days=3)
    await chat.say("asha", "/done sql proof:https://example.org/better")
    assert (await chat.say("asha", "/leaderboard")).startswith("Backend '27 · this week\n"), (
        "nor does it count again in another week"
    )


async def test_the_lower_half_is_not_named(chat: Chat) -> None:
    await study(chat, asha=80, ravi=70, mei=60, kofi=50, lena=40, noor=30)
    said = await chat.say("noor", "/leaderboard")
    assert [line for line in said.splitlines() if line[0].isdigit()] == [
        "1. Asha · 8 points",
        "2. Ravi · 7 points",
        "3. Mei · 6 points",
    ]


async def test_pages_of_ten(chat: Chat) -> None:
    for number in range(25):
        await chat.say(f"m{number:02}", f"/checkin {100 + number * 10}")
    first = await chat.say("asha", "/leaderboard minutes")
    assert "10. M15 · 4 h 10" in first and "11. " not in first
    second = await chat.press("asha", "More →")
    assert "11. M14 · 4 h\n" in second and "13. M12 · 3 h 40" in second and "14. " not in second
    assert "More →" not in second
    assert (await chat.press("asha", "← Better")).splitlines()[1] == first.splitlines()[1]
    assert "13. M12" in await chat.say("asha", "/leaderboard minutes page:9"), "beyond the last page is the last"


async def test_my_place_is_for_me_alone(chat: Chat) -> None:
    await study(chat, asha=120, ravi=100, mei=60, kofi=50, lena=40, noor=30)
    await chat.say("asha", "/leaderboard")
    mine = chat.label("My place")
    assert unsign(mine)[1] is None, "everybody may ask for their own"
    assert await chat.press_raw("kofi", mine) == (
        "You are number 4 of 6 in Backend '27 this week: 5 points.\n"
        "1 point behind Mei.\n"
        "A step is 20 points, every 10 minutes of study 1."
    )
    assert chat.private
    assert "1 point behind the next place." in await chat.press_raw("noor", mine), "Lena is not named to others"
    assert (await chat.press_raw("asha", mine)).endswith("this week: 12 points.\nNobody is ahead of you.")
    nothing = await chat.press_raw("nadia", mine)
    assert nothing.startswith("You have no points in Backend '27 yet this week.\n")
    assert chat.private


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/place month steps", "You have no steps in Backend '27 yet this month."),
        ("/place all minutes", "You have no hours in Backend '27 yet."),
        ("/place streak", "No streak is running for you in Backend '27. One step or a check-in starts one."),
    ],
)
async def test_nothing_yet_is_said_for_each_measure(chat: Chat, line: str, said: str) -> None:
    assert (await chat.say("asha", line)).splitlines()[0] == said


async def test_my_streak_stands_as_it_is_now(chat: Chat) -> None:
    await study(chat, asha=30, ravi=30)
    chat.forward(days=1)
    await study(chat, ravi=30)
    assert (await chat.say("asha", "/place streak")).splitlines() == [
        "You are number 2 of 2 in Backend '27 now: 1 day.",
        "1 day behind Ravi.",
    ]


# ---------------------------------------------------------------- which group, and who may see it


async def second_group(chat: Chat, *members: str) -> Address:
    """Another group, Night owls, with these members."""
    room = Address("test", "owls")
    await chat.say("lena", "/setup Asia/Kolkata", room=room)
    for name in members:
        await chat.say(name, "/roadmaps", room=room)
    return room


async def test_in_private_the_only_group_is_meant(chat: Chat) -> None:
    await study(chat, asha=60)
    assert "1. Asha · 6 points" in await chat.say("asha", "/leaderboard", private=True)
    assert "1 of 1 studied" in await chat.say("asha", "/recap", private=True)


async def test_in_private_one_of_several_is_asked_for(chat: Chat) -> None:
    await study(chat, asha=60)
    await second_group(chat, "asha")
    asked = await chat.say("asha", "/leaderboard steps", private=True)
    assert asked.startswith("Which group?\n[1] Backend '27\n[2] owls")
    assert (await chat.press("asha", "owls", private=True)).startswith("owls · this week: 1 h")


async def test_without_a_group_the_way_to_one_is_told(chat: Chat) -> None:
    assert (await chat.say("omar", "/leaderboard", private=True)).startswith("You are in no group.")
    elsewhere = await chat.say("omar", "/recap", room=Address("test", "elsewhere"))
    assert elsewhere == "This chat is no group's home yet. A leader makes it one with /setup.\n[1] /setup"


async def test_another_groups_names_are_not_told_here(chat: Chat) -> None:
    await study(chat, asha=60)
    room = await second_group(chat, "asha")
    assert "Asha" in await chat.say("asha", "/leaderboard group:owls")
    assert chat.private
    await chat.say("asha", "/recap group:owls")
    assert chat.private
    assert "You are in no group called “owls”" in await chat.say("ravi", "/leaderboard group:owls")
    assert "Asha" in await chat.say("asha", "/leaderboard", room=room)
    assert not chat.private


async def test_who_left_is_not_on_the_board(chat: Chat) -> None:
    await study(chat, asha=60, ravi=30)
    async with chat.store.writing() as db:
        known = await people.account(db, "test", "asha")
        assert known is not None
        await belonging.left(db, known.member, chat.group, chat.now)
    said = await chat.say("ravi", "/leaderboard")
    assert "Asha" not in said and "this week: 30 min" in said


async def test_a_name_is_never_markup_and_a_line_always_fits(chat: Chat) -> None:
    name = "**x** @everyone [a](https://b.example) `c` <b>"
    score = Score(2**40, name, steps=99, minutes=360 * 7, streak=400)
    group = Group(2**40, name * 2, "UTC")
    for window in WINDOWS:
        for measure in MEASURES:
            places = ranked([score] * PAGE_ROWS, measure, PAGE_ROWS + 1, PAGE_ROWS + 1)
            card = board.board("en", group, Standings(window, measure, places, 2, 26, 52, 99, 99), 2**40)
            assert plain_lines(card).count(f". {name} · ") == 10
            assert all(len(b.press.encode()) <= LINE_BYTES for row in card.rows for b in row if hasattr(b, "press"))


# ---------------------------------------------------------------- the week


async def test_the_recap_tells_what_was_done_and_by_whom(chat: Chat) -> None:
    await chat.say("lena", "/setup deadline:2027-05-20")
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done http-rest")
    await chat.say("asha", "/done sql")
    await study(chat, asha=90, ravi=45)
    chat.forward(days=1)
    await study(chat, ravi=60)
    assert await chat.say("mei", "/recap") == (
        "Backend '27 · Mon 16 Nov to Sat 21 Nov\n"
        "2 of 4 studied: 3 h 15, 2 steps.\n"
        "Longest streak: Ravi, 2 days 🔥\n"
        "Asha: HTTP and REST APIs, Relational databases and SQL.\n"
        "26 weeks to the group's deadline, Thu 20 May 2027."
    )
    assert chat.last is not None and chat.last.audience is Audience.GROUP


async def test_the_recap_names_levels_and_roadmaps_completed(chat: Chat) -> None:
    roadmap = chat.library.roadmaps["backend-intern"]
    await chat.say("asha", "/join backend-intern 2027-05-20")
    level = roadmap.levels[0]
    for step in level.steps:
        await chat.say("asha", f"/done backend-intern/{step.slug}")
    assert f"That completes {level.title}." in await chat.say("asha", "/recap")
    for step in roadmap.live_steps:
        await chat.say("asha", f"/done backend-intern/{step.slug}")
    said = await chat.say("asha", "/recap")
    assert f"{roadmap.title} is finished!" in said
    assert f"and {len(roadmap.live_steps) - board.RECAP_STEPS} more" in said


async def test_a_quiet_week_is_no_reproach(chat: Chat) -> None:
    await chat.say("asha", "/checkin no")
    assert await chat.say("asha", "/recap") == (
        "Backend '27 · Mon 16 Nov to Fri 20 Nov\n"
        "A quiet week: nothing was noted. One step or twenty minutes begin the next."
    )


async def test_a_recap_stays_what_it_was(chat: Chat) -> None:
    await study(chat, asha=60, ravi=60)
    first, last = chat.now.date().replace(day=16), chat.now.date().replace(day=22)

    async def text() -> str:
        async with chat.store.reading() as db:
            group = await belonging.group(db, chat.group)
            week = await weeks.week(db, group, first, last, chat.library.roadmaps)
        return plain_lines(board.recap("en", week, chat.library.roadmaps))

    chat.forward(days=2)
    before = await text()
    assert "2 of 2 studied: 2 h." in before
    chat.forward(days=1)
    await study(chat, asha=100)
    assert await text() == before, "what was done on Monday belongs to the next week"


async def test_who_completes_a_level_stands_first_however_many_finished_more(chat: Chat) -> None:
    """Only the ledgers of those are read of whom a recap may tell: whoever has settled as many steps as a level has."""
    level = chat.library.roadmaps["backend-ai-era"].levels[0]
    *before, last = [step.slug for step in level.steps]
    await chat.say("zoe", "/join backend-ai-era 2027-05-20")
    for slug in before:
        await chat.say("zoe", f"/done {slug}")
    chat.forward(days=7)
    await chat.say("zoe", f"/done {last}")
    for number in range(RECAP_LINES + 3):
        await chat.say(f"m{number:02}", "/join backend-ai-era 2027-05-20")
        for slug in ("auth-security", "caching-queues"):
            await chat.say(f"m{number:02}", f"/done backend-ai-era/{slug}")
    said = await chat.say("asha", "/recap")
    first, second, *_ = [line for line in said.splitlines() if ": " in line and line[0] in "ZM"]
    assert first.startswith("Zoe: ") and level.title in first, said
    assert second.startswith("M00: "), said
    assert "4 more finished steps." in said


async def test_a_long_week_is_cut_to_a_phones_length(chat: Chat) -> None:
    for number in range(RECAP_LINES + 3):
        await chat.say(f"m{number:02}", "/join backend-ai-era 2027-05-20")
        await chat.say(f"m{number:02}", "/done sql")
    said = await chat.say("asha", "/recap")
    assert said.count("Relational databases and SQL.") == RECAP_LINES
    assert "3 more finished steps." in said
