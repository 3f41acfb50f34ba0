"""Roadmaps that change while members are on them, and the longest names there may be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.domain.roadmap import Roadmap
from bot.library import ROADMAPS, Library
from bot.store import studies
from bot.tables import members
from tests.dialogues.conftest import Chat

LONG_ROADMAP = "a-roadmap-of-24-letters-"[:23] + "z"
LONG_STEPS = tuple(f"a-step-with-thirty-two-letters-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz1234")


def long_course() -> str:
    """A roadmap whose slugs and titles are as long as they may be, with more steps than a menu holds."""
    steps = "".join(
        f"      - slug: {slug}\n"
        f"        title: {slug.upper()} {'W' * 27}\n"
        f"        summary: {'A summary that goes on and on. ' * 9}\n"
        "        hours: 10\n"
        "        signals: { importance: high, demand: high, automation_risk: low }\n"
        for slug in LONG_STEPS
    )
    return (
        f"slug: {LONG_ROADMAP}\ntitle: {'L' * 60}\nsummary: A long one.\n"
        "version: 1\nupdated: 2026-11-20\nsource: Made up.\n"
        f"levels:\n  - slug: only\n    title: Only\n    steps:\n{steps}"
    )


@pytest.fixture
def folder(chat: Chat, tmp_path: Path) -> Path:
    """The chat's own copy of the roadmaps."""
    copy = tmp_path / "roadmaps"
    shutil.copytree(ROADMAPS, copy)
    return copy


def reload(chat: Chat, folder: Path) -> None:
    chat.library = Library.load(folder)


def rewrite(chat: Chat, folder: Path, slug: str, *changes: tuple[str, str]) -> None:
    file = folder / f"{slug}.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    reload(chat, folder)


async def test_the_longest_names_fit_every_card(chat: Chat, folder: Path) -> None:
    (folder / f"{LONG_ROADMAP}.yaml").write_text(long_course(), encoding="utf-8")
    reload(chat, folder)
    course = chat.library.roadmaps[LONG_ROADMAP]
    assert (len(course.slug), {len(step.slug) for step in course.live_steps}) == (24, {32})
    async with chat.store.writing() as db:
        # A member whose number is as long as millions of members make it.
        await db.execute(members.insert().values(id=36**6, name="x", zone="UTC", language="en", created_at=chat.now))
    first, second = LONG_STEPS[:2]
    for line in (
        "/start",
        "/join",
        f"/join {LONG_ROADMAP}",
        f"/join {LONG_ROADMAP} tomorrow",
        f"/join {LONG_ROADMAP} in 4 years 1h",
        "/roadmaps",
        "/roadmap",
        "/next",
        "/done",
        "/done proof:https://example.org/a",
        "/skip",
        f"/done {first}",
        f"/done {first}",
        f"/done {LONG_ROADMAP}/{second} note:two",
        f"/done {second[:-2]}",
        "/done a-step",
        "/skip 5 a reason",
        f"/skip {LONG_ROADMAP}/{LONG_STEPS[5]}",
        "/progress",
        f"/progress roadmap:{LONG_ROADMAP}",
        "/settings",
        "/leaderboard",
        "/recap",
        "/mydata",
        "/mydata step_events",
        "/undo",
        f"/leave {LONG_ROADMAP}",
        f"/done {LONG_ROADMAP}/{second}",
        "/setup zone:Asia/Kolkata",
        f"/setup roadmap:{LONG_ROADMAP}",
    ):
        said = await chat.say("lena", line)
        assert "our fault" not in said, f"{line}: {said}"
        assert said
    # What is too long for a button is kept for it.
    await chat.say("lena", f"/join {LONG_ROADMAP} in 4 years 1h")
    await chat.say("lena", "/done proof:https://example.org/a")
    label = f"7. {LONG_STEPS[6].upper()} {'W' * 27}"
    assert "proof attached" in await chat.press("lena", label)


async def test_a_renamed_step_stays_done(chat: Chat, folder: Path) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done sql https://example.org/x")
    await chat.say("asha", "/next")
    old = chat.label("Done")
    rewrite(
        chat,
        folder,
        "backend-ai-era",
        ("- slug: sql\n", "- slug: databases\n        renamed_from: [sql]\n"),
        ("needs: [sql", "needs: [databases"),
        ("needs: [http-rest, sql", "needs: [http-rest, databases"),
        ("- slug: typed-language\n", "- slug: language\n        renamed_from: [typed-language]\n"),
        ("needs: [typed-language", "needs: [language"),
    )
    assert "1 of 10 steps done (10%)" in await chat.say("asha", "/progress")
    assert "is done already" in await chat.say("asha", "/done databases")
    assert "is done already" in await chat.say("asha", "/done sql")
    # A button with the old name still presses the step.
    assert "2 of 10 steps done (20%)" in await chat.press_raw("asha", old)
    assert "1 of 10 steps done (10%)" in await chat.say("asha", "/undo")
    assert "0 of 10 steps done (0%)" in await chat.say("asha", "/undo")


async def test_a_retired_step_stands_outside(chat: Chat, folder: Path) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done llm-services")
    await chat.say("asha", "/done sql")
    rewrite(chat, folder, "backend-ai-era", ("- slug: llm-services\n", "- slug: llm-services\n        retired: true\n"))
    assert "1 of 9 steps done (11%)" in await chat.say("asha", "/progress")
    assert "llm-services" not in await chat.say("asha", "/roadmap")
    said = await chat.say("ravi", "/join backend-ai-era 2027-05-20")
    assert "9 steps" in said


async def test_a_renamed_roadmap_keeps_its_members(chat: Chat, folder: Path) -> None:
    await chat.say("lena", "/setup roadmap:backend-ai-era")
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done sql")
    (folder / "backend-ai-era.yaml").rename(folder / "backend-now.yaml")
    rewrite(
        chat, folder, "backend-now", ("slug: backend-ai-era\n", "slug: backend-now\nrenamed_from: [backend-ai-era]\n")
    )
    names = {old: roadmap.slug for roadmap in chat.library.roadmaps.values() for old in roadmap.renamed_from}
    assert names == {"backend-ai-era": "backend-now"}
    for _ in range(2):  # at every start
        async with chat.store.writing() as db:
            await studies.follow_renames(db, names, chat.now)
    assert "1 of 10 steps done (10%)" in await chat.say("asha", "/progress")
    assert "until Thu 20 May 2027" in await chat.say("asha", "/join backend-ai-era")
    assert "[1] Join Backend Engineer (AI era)" in await chat.say("ravi", "/done")


async def test_who_is_on_both_names_is_on_one(chat: Chat) -> None:
    await chat.say("asha", "/join backend-intern 2027-05-20")
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    async with chat.store.writing() as db:
        await studies.follow_renames(db, {"backend-intern": "backend-ai-era"}, chat.now)
        assert len(await studies.enrolments_of(db, 1)) == 1


async def test_a_broken_file_hides_nothing_that_was_done(chat: Chat, folder: Path) -> None:
    await chat.say("asha", "/join backend-ai-era 2027-05-20")
    await chat.say("asha", "/done sql")
    await chat.say("asha", "/next")
    done = chat.label("Done")
    whole = (folder / "backend-ai-era.yaml").read_text(encoding="utf-8")
    (folder / "backend-ai-era.yaml").write_text("levels: [", encoding="utf-8")
    reload(chat, folder)
    said = [
        await chat.say("asha", line)
        for line in (
            "/progress",
            "/next",
            "/done",
            "/done sql",
            "/skip sql",
            "/start",
            "/settings",
            "/roadmap",
            "/recap",
        )
    ]
    said += [
        await chat.say("asha", "/leaderboard"),
        await chat.press_raw("asha", done),
        await chat.say("ravi", "/start"),
    ]
    assert not [text for text in said if "our fault" in text]
    assert all("cannot be read at the moment. What you did on it is kept" in text for text in said[:5])
    (folder / "backend-ai-era.yaml").write_text(whole, encoding="utf-8")
    reload(chat, folder)
    assert "1 of 10 steps done (10%)" in await chat.say("asha", "/progress")
    assert "0 of 10 steps done (0%)" in await chat.say("asha", "/undo")


def test_the_course_is_valid(tmp_path: Path) -> None:
    (tmp_path / f"{LONG_ROADMAP}.yaml").write_text(long_course(), encoding="utf-8")
    library = Library.load(tmp_path)
    assert not library.problems
    assert isinstance(library.roadmaps[LONG_ROADMAP], Roadmap)
