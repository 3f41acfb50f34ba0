"""What every test shares: laws are searched for as long as it takes, and what could not be tried is said."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from bot.messages import MESSAGES
from tests.fakes.postgres import UNTRIED

assert MESSAGES, "the store knows a kind of message once its module is imported, as app does"

settings.register_profile(
    "house",
    deadline=None,
    # A change is judged by what it changes, so CI tries the same examples each time; developers search further.
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: many tests wait for real processes, and use none meanwhile."""
    return (os.cpu_count() or 1) + 1


def untried(config: pytest.Config) -> list[str]:
    """Why the tests that need Postgres did not run; empty when they did, or none was chosen."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    reasons = (report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple))
    return [reason.partition(UNTRIED)[2] for reason in reasons if UNTRIED in reason]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI half of the tests is not enough: there the run fails."""
    if untried(session.config) and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line that the Postgres half did not run."""
    if reasons := untried(terminalreporter.config):
        fails = ", which fails this run" if os.environ.get("CI") == "true" else ""
        said = f"{len(reasons)} tests that need Postgres did not run{fails}: {reasons[0].strip(': ')}"
        terminalreporter.write_line(" ".join(said.split()), yellow=True, bold=True)
