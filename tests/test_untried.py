"""A run in which the Postgres half was skipped says so in one line, and fails in CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.postgres import UNTRIED

ROOT = Path(__file__).parents[1]

SKIPPED = f"""
import pytest

@pytest.fixture
def postgres():
    pytest.skip("{UNTRIED}: /usr/bin/initdb: no such file")

def test_one(postgres): pass
def test_other(postgres): pass
def test_sqlite(): pass
"""


def run(folder: Path, test: str, *options: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    """A run of pytest with the conftest of this house."""
    (folder / "test_it.py").write_text(test)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", os.devnull, "--rootdir", ".", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("ci", "code", "options"), [("", 0, ()), ("true", 1, ("-n", "1"))])
def test_the_untried_half_is_said_in_one_line_and_fails_in_ci(
    tmp_path: Path, ci: str, code: int, options: tuple[str, ...]
) -> None:
    done = run(tmp_path, SKIPPED, *options, ci=ci)
    assert done.returncode == code, done.stdout + done.stderr
    said = [line for line in done.stdout.splitlines() if "need Postgres" in line]
    assert len(said) == 1
    assert said[0].startswith("2 tests that need Postgres did not run")
    assert said[0].endswith(": /usr/bin/initdb: no such file")


def test_a_run_with_postgres_or_with_other_skips_says_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "import pytest\ndef test_it(): pytest.skip('SQLite has one writer')\n", ci="true")
    assert (done.returncode, "Postgres" in done.stdout) == (0, False)
