"""What is said unasked besides the daily question: how it reads, and that each of its buttons leads on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.cards import Button, Card
from bot.delivery import Address
from bot.domain.answer import STUDY
from bot.domain.member import Member, Quiet
from bot.domain.plan import Fit
from bot.domain.progress import Progress, StepEvent, fold
from bot.messages import MESSAGES
from bot.messages.message import Occasion
from bot.platforms.console.render import plain_lines
from bot.store import people, schedule
from bot.store.outbox import Delivery
from bot.views import answers, study
from tests.dialogues.conftest import NOON, Chat

TODAY = date(2026, 11, 20)
DEADLINE = date(2026, 11, 27)


async def asha(chat: Chat) -> Member:
    """Asha, who studies."""
    await chat.say("asha", "/join backend-ai-era 2027-05-20", private=True)
    await chat.say("asha", "/remind 20:00 weekdays dm", private=True)
    await chat.say("asha", "/timezone Asia/Kolkata", private=True)
    async with chat.store.reading() as db:
        known = await people.account(db, "test", "asha")
        assert known is not None
        return await people.member(db, known.member)


def left(chat: Chat, count: int) -> Progress:
    """All steps done but so many."""
    roadmap = chat.library.roadmaps["backend-ai-era"]
    done = roadmap.live_steps[count:]
    events = (StepEvent(n, step.slug, "done", NOON, TODAY) for n, step in enumerate(done, start=1))
    return fold(roadmap, tuple(events))


async def press(chat: Chat, card: Card, label: str, who: str = "asha") -> str:
    """Press a button of a card that was delivered."""
    found = next(b for row in card.rows for b in row if isinstance(b, Button) and b.label == label)
    return await chat.press_raw(who, found.press, private=True, message="delivered")


async def test_a_streak_at_risk_is_a_fact_and_a_small_step(chat: Chat) -> None:
    card = answers.risk("en", await asha(chat), TODAY, 12)
    assert plain_lines(card) == (
        "Friday is still open, and so is your streak of 12 🔥\n"
        "Twenty minutes keep it. If today is for something else, that is fine too.\n"
        "[1] Studied  [2] Not today"
    )
    assert (await press(chat, card, "Studied")).startswith("Friday: studied ✅")


@pytest.mark.parametrize(
    ("minutes", "hours", "said"),
    [
        (
            120,
            10,
            "Backend Engineer (AI era): 7 days until Fri 27 Nov\n"
            "2 steps are left. About 10 h of work; 2 h a day gives 14 h. It fits, with 2 days to spare.\n"
            "[1] Show plan  [2] Change deadline",
        ),
        (
            60,
            14,
            "Backend Engineer (AI era): 7 days until Fri 27 Nov\n"
            "2 steps are left. About 14 h of work; 1 h a day gives 7 h. That is 7 days too short.\n"
            "2 h a day would hold the deadline; at this pace you are done by Fri 4 Dec.\n"
            "[1] 2 h a day  [2] Move to Fri 4 Dec  [3] Show plan  [4] Change deadline",
        ),
    ],
)
async def test_a_deadline_ahead_says_what_is_left_and_what_would_fit(
    chat: Chat, minutes: int, hours: float, said: str
) -> None:
    member = await asha(chat)
    roadmap = chat.library.roadmaps["backend-ai-era"]
    card = answers.warning("en", member, roadmap, left(chat, 2), Fit(hours, minutes, TODAY, DEADLINE))
    assert plain_lines(card) == said
    assert "By when do you want to be done" in await press(chat, card, "Change deadline")
    assert (await press(chat, card, "Show plan")).startswith("Backend Engineer (AI era)")
    if minutes == 60:
        assert "until Fri 4 Dec" in await press(chat, card, "Move to Fri 4 Dec")


async def test_the_last_day_before_a_deadline_is_one_day(chat: Chat) -> None:
    roadmap = chat.library.roadmaps["backend-ai-era"]
    fit = Fit(2, 120, TODAY, TODAY + timedelta(days=1))
    card = answers.warning("en", await asha(chat), roadmap, left(chat, 1), fit)
    assert plain_lines(card).startswith(
        "Backend Engineer (AI era): 1 day until Sat 21 Nov\n1 step is left. About 2 h of work"
    )


async def test_two_deadlines_on_one_day_are_one_message(chat: Chat) -> None:
    """Their buttons would read alike: each roadmap is one, by its title."""
    member = await asha(chat)
    for roadmap in ("backend-ai-era", "backend-intern"):
        await chat.say("asha", f"/join {roadmap} {DEADLINE} 1h", private=True)
    delivery = Delivery(
        **dict.fromkeys(("group", "change", "reminder", "bundle", "handed_at", "token", "message")),
        id=1,
        key="deadline:1",
        kind="deadline",
        address=Address.private_to("test", "asha"),
        local_date=TODAY,
        due_at=chat.now,
        expires_at=chat.now,
        member=member.id,
        state="queued",
        attempts=0,
        version=1,
        shown=0,
    )
    async with chat.store.reading() as db:
        card = await MESSAGES["deadline"].card(Occasion(db, chat.library.roadmaps, chat.now), delivery)
    assert card is not None
    said = plain_lines(card)
    assert said.count("7 days until Fri 27 Nov") == 2
    assert said.endswith("[1] Backend Engineer, internship\n[2] Backend Engineer (AI era)"), said
    assert (await press(chat, card, "Backend Engineer (AI era)")).startswith("Backend Engineer (AI era)")


async def test_after_a_silence_one_small_step_is_enough(chat: Chat) -> None:
    member = await asha(chat)
    step = chat.library.roadmaps["backend-ai-era"].live_steps[0]
    card = answers.welcome("en", member, "Backend Engineer (AI era)", study.next_line("en", step))
    assert plain_lines(card) == (
        "Hello, Asha.\n"
        "Backend Engineer (AI era) is where you left it; nothing of what you did is lost.\n"
        "Next: A typed language and git (typed-language), about 24 h.\n"
        "Ten minutes today are a real start. If now is not the time, a pause is one tap.\n"
        "[1] Start small  [2] Pause  [3] No more of these"
    )
    assert (await press(chat, card, "Start small")).startswith("Next: A typed language and git")
    assert (await press(chat, card, "Pause")).startswith("Until when shall I ask nothing?")
    assert (await press(chat, card, "No more of these")).startswith("I no longer write after a silence.")
    async with chat.store.reading() as db:
        found = await schedule.of_member(db, member.id, "return")
    assert found is not None and found.place == "off"


async def test_who_is_on_no_roadmap_is_led_to_the_start(chat: Chat) -> None:
    await chat.say("ravi", "/settings", private=True)
    async with chat.store.reading() as db:
        known = await people.account(db, "test", "ravi")
        assert known is not None
        card = answers.welcome("en", await people.member(db, known.member), None, ())
    assert plain_lines(card).startswith("Hello, Ravi.\nWhat you did here is kept.\nTen minutes today")
    assert (await press(chat, card, "Start small", "ravi")).startswith("Hello, Ravi.")


async def test_questions_that_stop_say_so_and_go_on_with_one_tap(chat: Chat) -> None:
    member = await asha(chat)
    async with chat.store.reading() as db:
        study = await schedule.of_member(db, member.id, "study")
    assert study is not None
    card = answers.stopped("en", member, study)
    assert plain_lines(card) == (
        "I asked about your study 3 times and heard nothing, so I stop asking. What you do still counts, "
        "and one tap has me ask again Mon–Fri at 20:00.\n"
        "[1] Ask me again at 20:00  [2] Another time"
    )
    assert "somebody else's" in await press(chat, card, "Ask me again at 20:00", "ravi")
    assert (await press(chat, card, "Ask me again at 20:00")).startswith("I ask about your study Mon–Fri at 20:00")
    assert "At which time?" in await press(chat, card, "Another time")
    dsa = answers.stopped("en", member, replace(study, kind="dsa", minute=7 * 60, days=127, quiet=Quiet(360, 480)))
    assert plain_lines(dsa).splitlines()[0].endswith("one tap has me ask again every day at 08:00."), "as it will come"
    said = await press(chat, dsa, "Ask about DSA again at 08:00")
    assert said.startswith("I ask about DSA practice every day at 07:00"), "the wish stays"


async def test_the_daily_question_does_not_always_read_the_same(chat: Chat) -> None:
    member = await asha(chat)
    week = [TODAY + timedelta(days=n) for n in range(3)]
    said = [plain_lines(answers.question("en", member, day, STUDY, (), 20)).split("\n[")[0] for day in week]
    assert len(set(said)) == 3
    assert all("Did you study today?" in text for text in said)
    assert (
        said[0] == plain_lines(answers.question("en", member, TODAY + timedelta(days=3), STUDY, (), 20)).split("\n[")[0]
    )
