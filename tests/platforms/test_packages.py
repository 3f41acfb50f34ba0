"""What a platform's package offers: the README says what is needed, each package has it, and none costs unasked."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.delivery import Platform
from bot.opening import Offer, Package
from bot.platforms import OFFERED
from bot.settings import FromEnvironment, PlatformSettings, Settings
from tests.platforms.driver import Driver
from tests.platforms.test_contract import driver_of

ROOT = Path(__file__).parents[2]
PLATFORMS = ROOT / "bot" / "platforms"
README = (PLATFORMS / "README.md").read_text(encoding="utf-8")

each_offer = pytest.mark.parametrize("offer", OFFERED, ids=lambda offer: offer.name)


def listed(heading: str) -> list[str]:
    """The first column of the table under a heading of the README."""
    section = README.partition(f"## {heading}")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(.+?)` \|", section, re.MULTILINE)


def public(protocol: type[object]) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


def test_the_readme_lists_what_a_package_is_made_of() -> None:
    assert listed("What `Package` is made of") == [field.name for field in fields(Package)]


def test_the_readme_lists_what_the_courier_and_the_app_ask_of_a_platform() -> None:
    assert set(listed("What `Platform` asks for")) == public(Platform)


def test_the_readme_lists_what_the_contract_suite_asks_of_a_driver() -> None:
    assert set(listed("What the contract tests ask for")) == public(Driver)


@each_offer
def test_each_package_has_the_files_that_the_readme_lists(offer: Offer) -> None:
    files = listed("Files")
    assert len(files) >= 4
    assert [file for file in files if not (PLATFORMS / offer.name / file).is_file()] == []


def test_every_folder_is_offered_and_has_its_driver_in_the_contract_suite() -> None:
    folders = {path.parent.name for path in PLATFORMS.glob("*/settings.py")}
    assert folders == {offer.name for offer in OFFERED}
    assert [name for name in folders if not callable(driver_of(name))] == []


@each_offer
def test_settings_bear_their_platforms_name_and_hide_their_secrets(offer: Offer) -> None:
    own = set(offer.settings.model_fields) - set(Settings.model_fields)
    assert own
    assert {name for name in own if not name.startswith(f"{offer.name}_")} == set()
    for name in own:
        if name.endswith(("_token", "_secret")):
            assert SecretStr in {offer.settings.model_fields[name].annotation, *_parts(offer.settings, name)}, name


def _parts(settings: type[PlatformSettings], name: str) -> tuple[Any, ...]:
    return getattr(settings.model_fields[name].annotation, "__args__", ())


@each_offer
def test_one_platforms_settings_are_unknown_to_every_other(offer: Offer) -> None:
    others: list[type[FromEnvironment]] = [Settings, *(one.settings for one in OFFERED if one is not offer)]
    own = {name for name in offer.settings.model_fields if name.startswith(f"{offer.name}_")}
    for other in others:
        assert own & set(other.model_fields) == set()


@each_offer
def test_a_platform_is_served_where_there_is_a_token(
    offer: Offer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    setting = f"{offer.name}_token".upper()
    monkeypatch.delenv(setting, raising=False)
    assert not offer.read().served
    monkeypatch.setenv(setting, "a.b.c")
    read = offer.read()
    assert read.served
    assert read.settings.token == SecretStr("a.b.c")
    assert "a.b.c" not in repr(read)


LOADED = """
import sys
import bot.app
from bot.platforms import OFFERED
for offer in OFFERED:
    offer.read()
print(*sorted({name.partition(".")[0] for name, module in sys.modules.items() if module}))
"""


def test_without_a_token_no_platforms_library_is_imported(tmp_path: Path) -> None:
    """Each costs a start more than 100 ms."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.split()
    assert "pydantic" in loaded
    assert {"discord", "telegram", "aiohttp", "httpx"} & set(loaded) == set()
