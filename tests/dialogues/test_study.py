"""Asha's first day: she joins, shows a step, takes it back, and is helped where she errs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.dialogues.conftest import Chat


async def test_join_says_whether_it_fits_and_what_is_next(chat: Chat) -> None:
    said = await chat.say("asha", "/join backend-ai-era in 6 months 2h")
    assert said == (
        "Backend Engineer (AI era) · 10 steps · until Thu 20 May 2027\n"
        "About 210 h of work; 2 h a day gives 362 h. It fits, with 11 weeks to spare.\n"
        "Next: A typed language and git (typed-language), about 24 h.\n"
        "[1] Start  [2] Change hours  [3] Change deadline"
    )


async def test_a_step_is_done_shown_and_taken_back(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era deadline:2027-05-20 hours:2")
    done = await chat.say("asha", "/done http-rest proof:https://example.org/api")
    assert done.splitlines()[:2] == [
        "✅ HTTP and REST APIs · proof attached",
        "▰▱▱▱▱▱▱▱▱▱ 1 of 10 steps done (10%)",
    ]
    assert "1 of 10 steps done (10%)" in await chat.say("asha", "/progress")
    undone = await chat.press("asha", "Undo")
    assert undone == "Taken back: HTTP and REST APIs done.\n▱▱▱▱▱▱▱▱▱▱ 0 of 10 steps done (0%)"
    assert "0 of 10 steps done (0%)" in await chat.say("asha", "/progress")


async def test_what_is_missing_is_asked_for(chat: Chat) -> None:
    assert (await chat.say("asha", "/join")).startswith("Which roadmap?\n[1] Backend Engineer (AI era)")
    assert "by when do you want to be done?" in await chat.press("asha", "Backend Engineer (AI era)")
    assert "It fits" in await chat.press("asha", "Thu 20 May 2027")
    assert (await chat.say("asha", "/done")).startswith("Which step did you finish?")
    assert "1 of 10 steps done" in await chat.press("asha", "1. A typed language and git")


async def test_a_long_note_survives_the_question_for_the_step(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say(
        "asha", '/done proof:https://example.org/a/very/long/path/that/no/button/could/carry note:"all of it"'
    )
    assert "proof attached" in await chat.press("asha", "3. Relational databases and SQL")


async def test_a_press_counts_once_until_it_is_taken_back(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/next")
    assert "1 of 10" in await chat.press("asha", "Done", message="card")
    again = "~1 done backend-ai-era/typed-language"
    assert (
        await chat.press_raw("asha", again, message="card")
        == "That was counted already: A typed language and git done."
    )
    await chat.say("asha", "/undo")
    assert "1 of 10" in await chat.press_raw("asha", again, message="card")


async def test_an_update_delivered_again_counts_once(chat: Chat) -> None:
    await chat.say("asha", "/checkin 60", update="same")
    assert "counted already" in await chat.say("asha", "/checkin 60", update="same")
    assert "1 h 30 in all" in await chat.say("asha", "/checkin 30")


async def test_a_strangers_press_is_refused(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done sql")
    assert await chat.press("ravi", "Undo") == "That button is somebody else's. /help shows what you can do."
    assert "1 of 10" in await chat.say("asha", "/progress")


async def test_a_wrong_step_is_refused_with_the_nearest(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert (await chat.say("asha", "/done htp")).startswith("I don't know a step called “htp”. Did you mean http-rest")
    assert "0 of 10" in await chat.say("asha", "/progress")


async def test_what_was_meant_is_put_right_in_the_same_line(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert "[1] http-rest" in await chat.say("asha", "/skip htp knew it")
    assert chat.label("http-rest") == "skip backend-ai-era/http-rest knew it"
    assert (await chat.press("asha", "http-rest")).startswith("Left out: HTTP and REST APIs.")
    await chat.say("asha", "/skip step:sqll reason:" + "because of a reason that no button could carry")
    assert chat.label("sql") == "skip step:backend-ai-era/sql"


async def test_a_roadmap_that_could_be_several_is_chosen_by_a_tap(chat: Chat) -> None:
    said = await chat.say("asha", "/join backend in 6 months 2h")
    assert said.startswith("“backend” could be one of several roadmaps. Which one?\n[1] Backend Engineer (AI era)")
    assert "It fits" in await chat.press("asha", "Backend Engineer (AI era)")
    assert (await chat.say("asha", "/next intern")).startswith("You are not on Backend Engineer, internship yet.")


async def test_a_later_note_keeps_the_proof(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert "proof attached" in await chat.say("asha", "/done sql https://example.org/x")
    assert (await chat.say("asha", "/done sql note:again")).startswith("✅ Relational databases and SQL · note kept\n")


@pytest.mark.parametrize("link", ["http://localhost/x", "https://user:pass@example.org/x", "https://"])
async def test_a_link_that_others_cannot_open_is_no_note(chat: Chat, link: str) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert (await chat.say("asha", f"/done sql {link}")).startswith(f"Others cannot open “{link}”.")
    assert "0 of 10" in await chat.say("asha", "/progress")


async def test_on_two_roadmaps_the_answer_says_which(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/join backend-intern 2027-05-20")
    assert "1 of 12 steps done (8%) · Backend Engineer, internship" in await chat.say("asha", "/done 1")
    assert "1 of 12 steps done (8%) · Backend Engineer, internship" in await chat.say("asha", "/next")
    assert (await chat.say("asha", "/done")).startswith("Which step of Backend Engineer, internship did you finish?")
    assert (await chat.say("asha", "/skip")).startswith("Which step of Backend Engineer, internship do you leave out?")
    chat.forward(minutes=1)
    # A slug in full is meant, though the roadmap used last has a step with such a part (`postgresql`).
    assert "1 of 10 steps done (10%) · Backend Engineer (AI era)" in await chat.say("asha", "/done sql")
    assert "1 of 9 steps done (11%) · Backend Engineer (AI era)" in await chat.say("asha", "/skip 6")
    assert "0 of 12 steps done (0%) · Backend Engineer, internship" in await _undo(chat, 3)


async def _undo(chat: Chat, times: int) -> str:
    for _ in range(times):
        said = await chat.say("asha", "/undo")
    return said


async def test_when_nothing_is_open_it_says_so(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    for number in range(1, 11):
        await chat.say("asha", f"/skip {number}")
    said = await chat.say("asha", "/next")
    assert said.startswith("Every step of Backend Engineer (AI era) is left out. /roadmap lists them;")
    assert "is done or left out already" in await chat.say("asha", "/done")
    assert "1 of 1 steps done (100%)" in await chat.say("asha", "/done 3")
    assert "is finished. All of it." in await chat.say("asha", "/next")


async def test_before_joining_the_way_in_is_one_tap(chat: Chat) -> None:
    assert await chat.say("asha", "/done http-rest") == (
        "You are not on Backend Engineer (AI era) yet.\n[1] Join Backend Engineer (AI era)"
    )
    assert await chat.say("asha", "/progress") == "You are on no roadmap yet.\n[1] Choose a roadmap"
    # A number means nothing as long as there is no roadmap to count on.
    assert await chat.say("asha", "/done 1") == "You are on no roadmap yet.\n[1] Choose a roadmap"


async def test_a_deadline_in_the_past_is_refused(chat: Chat) -> None:
    assert await chat.say("asha", "/join backend-ai-era today") == (
        "That is today. A deadline lies ahead: try in 5 months."
    )
    said = await chat.say("asha", "/join backend-ai-era 2020-05-20")
    assert said == "Wed 20 May 2020 is over. A deadline lies ahead: try in 5 months."
    assert "on no roadmap" in await chat.say("asha", "/progress")


async def test_markup_in_a_note_stays_words(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    said = await chat.say("asha", "/done sql note:**bold** <b>x</b> [a](http://b) @everyone")
    assert "1 of 10" in said


async def test_a_note_too_long_is_refused_with_its_length(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert await chat.say("asha", f"/done sql {'x' * 5000}") == "That is 5,000 characters; at most 1,000 fit."


async def test_everything_can_be_taken_back_one_by_one(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done sql")
    await chat.say("asha", "/skip caching-queues no time")
    await chat.say("asha", "/remind 21:00")
    for expected in (
        "the reminder of your study, every day at 21:00",
        "leaving out Caching",
        "Relational databases and SQL done",
        "joining Backend",
    ):
        assert expected in await chat.say("asha", "/undo")
    assert await chat.say("asha", "/undo") == "There is nothing to take back."


async def test_who_was_met_before_there_was_a_group_lives_by_its_clock(chat: Chat) -> None:
    elsewhere = replace(chat.dispatch, zone="UTC")
    kolkata, chat.dispatch = chat.dispatch, elsewhere
    assert "06:30 now" in await chat.say("nina", "/settings", private=True)
    chat.dispatch = kolkata
    await chat.say("nina", "/roadmaps")
    assert "12:00 now (not confirmed)" in await chat.say("nina", "/settings", private=True)


async def test_a_note_without_words_is_told_so(chat: Chat) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    assert await chat.say("asha", "/done sql note:") == "Nothing is written there."
    assert "0 of 10" in await chat.say("asha", "/progress")
