"""What the image and the platform's files say is true: steps, copied files, checks, and every setting documented."""

from __future__ import annotations

import asyncio
import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.platforms import OFFERED
from bot.settings import FromEnvironment, Settings
from tests.fakes.patience import PATIENCE
from tests.fakes.telegram_server import TelegramServer

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
NOBODY = 65534
MODELS: tuple[type[FromEnvironment], ...] = (Settings, *(offer.settings for offer in OFFERED))
SETTINGS = {name for model in MODELS for name in model.model_fields}
"""The names of all settings, the platforms' too."""


def everything() -> list[FromEnvironment]:
    """All settings, as they are read at a start."""
    return [Settings(), *(offer.read().settings for offer in OFFERED)]


# ------------------------------------------------------------ the Dockerfile


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its continuation lines joined."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.rest)

    @property
    def command(self) -> list[str]:
        """The words of an exec form, which no shell sees."""
        found = json.loads(self.rest[self.rest.index("[") :])
        assert isinstance(found, list)
        return found


def stages() -> list[list[Instruction]]:
    """The Dockerfile's stages, each from its FROM on."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name, rest.strip()))
    return found


def of(stage: list[Instruction], name: str) -> list[Instruction]:
    return [instruction for instruction in stage if instruction.name == name]


def the(stage: list[Instruction], name: str) -> Instruction:
    (found,) = of(stage, name)
    return found


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out; the last line that fits decides, and a folder's line fits its files."""
    parts = path.split("/")
    prefixes = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    verdict = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip().removeprefix("!")
        if not pattern or pattern.startswith("#"):
            continue
        anywhere = pattern.removeprefix("**/")
        names = parts if anywhere != pattern else prefixes
        # Unlike fnmatch's, Docker's * stops at a slash: a pattern is held against paths of its own length only.
        if any(fnmatch.fnmatchcase(name, anywhere) and name.count("/") == anywhere.count("/") for name in names):
            verdict = not line.startswith("!")
    return verdict


def image_context(folder: Path) -> None:
    """Make what `docker build` would send: this checkout without what .dockerignore names."""

    def keep_out(directory: str, names: list[str]) -> list[str]:
        where = Path(directory).relative_to(ROOT)
        return [name for name in names if ignored((where / name).as_posix())]

    shutil.copytree(ROOT, folder, ignore=keep_out)


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """The folder /app of the image without its .venv: what the last stage copies, and nothing else."""
    # Not in tmp_path, whose parents only their owner may enter: the image's user is somebody else.
    with tempfile.TemporaryDirectory(prefix="roadmate-image-") as folder:
        context, app = Path(folder) / "context", Path(folder) / "app"
        image_context(context)
        app.mkdir()
        for copy in of(stages()[-1], "COPY"):
            *sources, target = copy.words
            if not sources[0].startswith("--from="):
                for source in sources:
                    copied = shutil.copytree if (context / source).is_dir() else shutil.copy
                    copied(context / source, app / target)
        Path(folder).chmod(0o755)
        yield app


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_dependencies_come_with_hashes_and_none_is_built() -> None:
    installs = [run.rest for run in of(stages()[0], "RUN") if "pip install" in run.rest]
    assert "--require-hashes --only-binary=:all: -r requirements.lock" in installs[0]
    assert all("--require-hashes" in install or "--no-deps --no-build-isolation" in install for install in installs)


def test_the_image_runs_as_nobody_special_with_its_data_on_a_volume() -> None:
    last = stages()[-1]
    user = the(last, "USER").rest
    assert user.isdecimal(), "an orchestrator that wants a user other than root must see a number"
    assert int(user) >= 10_000
    (made,) = [run.rest for run in of(last, "RUN") if "useradd" in run.rest]
    assert f"--uid {user} " in made
    assert made.endswith("/data")
    assert the(last, "VOLUME").rest == "/data"
    environment = dict(word.split("=", 1) for env in of(last, "ENV") for word in env.words)
    assert environment["ROADMATE_DATA"] == "/data"
    assert environment["HTTP_PORT"] == the(last, "EXPOSE").rest
    assert the(last, "STOPSIGNAL").rest == "SIGTERM"
    assert the(last, "CMD").command == ["roadmate", "run"]
    # Nothing after USER may need root.
    assert not of(last[last.index(the(last, "USER")) :], "RUN")


def test_secrets_and_leftovers_stay_out_of_the_image(image: Path) -> None:
    for path in (".env", ".git/config", "data/roadmate.db", "tests/test_cli.py", ".venv/bin/python", "bot/x.pyc"):
        assert ignored(path), path
    for path in ("bot/cli.py", "bot/locales/en/common.ftl", "roadmaps/slugs.lock", "requirements.lock", "README.md"):
        assert not ignored(path), path
    assert {path.name for path in image.iterdir()} == {"LICENSE", "bot", "migrations", "roadmaps"}
    assert not list(image.rglob("*.pyc"))


@pytest.fixture
def user(image: Path) -> int | None:
    """Somebody who owns nothing, to run as if we are root; None, ourselves, where this Python is closed to others."""
    if os.geteuid() != 0:
        return None
    try:
        subprocess.run([sys.executable, "-c", "import typer"], check=True, capture_output=True, cwd=image, user=NOBODY)
    except (OSError, subprocess.CalledProcessError):
        return None
    return NOBODY


@asynccontextmanager
async def running(
    command: list[str], image: Path, environment: dict[str, str], user: int | None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of the image; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=image,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        user=user,
        group=user,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def healthy(image: Path, environment: dict[str, str], user: int | None) -> bool:
    """What the image's own health check says."""
    _, *rest = the(stages()[-1], "HEALTHCHECK").command
    async with running([sys.executable, *rest], image, environment, user) as check:
        await check.communicate()
        assert check.returncode in (0, 1), "Docker knows no other answers"
        return check.returncode == 0


async def test_the_image_starts_is_healthy_and_stops_in_time(
    image: Path, user: int | None, unused_tcp_port: int
) -> None:
    """The image's tree, its command and its health check; the user can write to the data directory alone."""
    data = image.parent / "data"
    data.mkdir()
    os.chown(data, user or -1, user or -1)
    async with TelegramServer(username="roadmate_bot", clock=lambda: datetime.now(UTC)) as telegram:
        environment = {
            "PATH": str(BIN),
            "PYTHONPATH": str(image),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ROADMATE_DATA": str(data),
            "HTTP_PORT": str(unused_tcp_port),
            "TELEGRAM_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
        }
        assert not await healthy(image, environment, user)
        name, *arguments = the(stages()[-1], "CMD").command
        async with running([str(BIN / name), *arguments], image, environment, user) as bot:
            for _attempt in range(int(PATIENCE / 0.1)):
                if await healthy(image, environment, user):
                    break
                await asyncio.sleep(0.1)
            else:
                pytest.fail("never healthy")
            await telegram.until(lambda: telegram.calls("getUpdates") or None, PATIENCE, lambda: "the bot to listen")
            bot.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):
                _, said = await bot.communicate()
            log = said.decode()
            assert bot.returncode == 0, log
        assert not await healthy(image, environment, user)
    assert "roadmate.db" in {path.name for path in data.glob("*.db")}
    assert "Traceback" not in log
    assert telegram.token not in log


# ------------------------------------------------------------ Fly.io


def test_fly_runs_one_machine_that_never_sleeps() -> None:
    """The keys are those of fly.io/docs/reference/configuration, whose defaults would stop an idle bot."""
    fly = tomllib.loads((ROOT / "fly.toml").read_text())
    last = stages()[-1]
    assert set(fly) == {
        *("app", "primary_region", "kill_signal", "kill_timeout", "build", "deploy", "env"),
        *("mounts", "http_service", "restart", "vm"),
    }
    assert fly["build"] == {"dockerfile": "Dockerfile"}
    # An app with a volume can be deployed in no other way, and a release_command would not see the volume.
    assert fly["deploy"] == {"strategy": "rolling"}
    assert fly["kill_signal"] == the(last, "STOPSIGNAL").rest
    assert 10 <= fly["kill_timeout"] <= 300
    (mount,) = fly["mounts"]
    assert mount["destination"] == the(last, "VOLUME").rest == fly["env"]["ROADMATE_DATA"]
    service = fly["http_service"]
    assert (service["auto_stop_machines"], service["auto_start_machines"]) == ("off", False)
    assert str(service["internal_port"]) == fly["env"]["HTTP_PORT"]
    (check,) = service["checks"]
    assert (check["method"], check["path"]) == ("GET", "/healthz")
    assert fly["restart"] == [{"policy": "always"}]
    assert all(isinstance(value, str) for value in fly["env"].values())


def test_fly_holds_known_settings_and_no_secret() -> None:
    fly = tomllib.loads((ROOT / "fly.toml").read_text())
    assert {name.lower() for name in fly["env"]} <= SETTINGS
    secrets = {"discord_token", "telegram_token", "database_url"}
    assert not {name.lower() for name in fly["env"]} & secrets


# ------------------------------------------------------------ settings


def example() -> dict[str, str]:
    """The settings of .env.example, those too that are only proposed there."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {found[1]: found[2] for line in lines if (found := re.fullmatch(r"#?([A-Z_]+)=(\S*)", line))}


@pytest.fixture
def no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting from where the tests run, neither by environment nor by .env."""
    for name in SETTINGS:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("no_environment")
def test_the_example_has_every_setting_and_a_copy_changes_nothing(tmp_path: Path) -> None:
    defaults = everything()
    assert {name.lower() for name in example()} == SETTINGS
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    assert everything() == defaults


@pytest.mark.usefixtures("no_environment")
def test_what_the_example_proposes_is_taken(tmp_path: Path) -> None:
    defaults = Settings()
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in example().items()))
    proposed = Settings()
    for name in ("roadmate_data", "roadmate_language", "log_level"):
        assert getattr(proposed, name) == getattr(defaults, name), f"{name} is proposed with another than its default"
    assert proposed.http_port == 8080
    assert not any(platform.read().served for platform in OFFERED)


def test_the_operating_guide_has_every_setting_and_no_other() -> None:
    guide = (ROOT / "docs" / "operating.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \|", guide, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert {name.lower() for name in rows} == SETTINGS
