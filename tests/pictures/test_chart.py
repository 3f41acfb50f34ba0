"""A command with a picture is one module and its words, and is shown on every platform with nothing else changed."""

from __future__ import annotations

import shutil
import struct
import sys
import zlib
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest

from bot import words
from bot.commands import registry
from bot.platforms import OFFERED
from tests.platforms.driver import Driver
from tests.platforms.test_contract import driver_of, join, noon

ITS_WORDS = Path(__file__).with_name("command-chart.ftl")


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The house with one command more: what importing its module does, and its words among the others."""
    locales = tmp_path / "locales"
    shutil.copytree(words.LOCALES, locales)
    shutil.copy(ITS_WORDS, locales / "en")
    monkeypatch.setattr(words, "LOCALES", locales)
    monkeypatch.setattr(registry, "_commands", {command.name: command for command in registry})
    monkeypatch.delitem(sys.modules, "tests.pictures.chart", raising=False)
    import_module("tests.pictures.chart")


@pytest.fixture(params=["console", *(offer.name for offer in OFFERED)])
async def driver(request: pytest.FixtureRequest, tmp_path: Path, added: None) -> AsyncIterator[Driver]:
    """Each platform in turn."""
    async with driver_of(request.param)(tmp_path, noon) as driven:
        yield driven


def heights(png: bytes) -> list[int]:
    """How tall each bar of a chart is, in pixels."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    (size,) = struct.unpack(">I", png[33:37])
    pixels = zlib.decompress(png[41 : 41 + size])
    rows = [pixels[y * (width + 1) + 1 : (y + 1) * (width + 1)] for y in range(height)]
    return [sum(row[x] != 0xFF for row in rows) for x in range(width // 14, width, width // 7)]


async def test_the_picture_is_shown_everywhere(driver: Driver, request: pytest.FixtureRequest) -> None:
    await join(driver)
    await driver.say("asha", "/checkin minutes:90")
    seen = await driver.say("asha", "/chart")
    assert seen.private
    assert "1 h 30" in seen.text
    if "console" in request.node.name:
        assert "[picture: A bar for each of seven days; the tallest is 1 h 30.]" in seen.text
    else:
        assert heights(seen.files["chart.png"]) == [0, 0, 0, 0, 0, 0, 60]
