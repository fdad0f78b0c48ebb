"""Lets a few long tests run a second time: `make test` loads this, and reads the exit code.

Long tests drive systems of many processes in real time, two at a time, on a machine that may be busy with something
else. One that fails because of that passes when it runs again, alone; one that has found a defect fails again. What
failed the first time stays on the screen, whole. Short tests have no such excuse; neither has what is found at the end
of a run, such as a secret in a log, nor a run with more than a few failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from tests.turns import QUICK

EXIT: Final = 75
"""The exit code of a run whose failures may be run again: EX_TEMPFAIL of sysexits.h."""
AT_MOST: Final = 5
_AGAIN = pytest.StashKey[bool]()


def may_run_again(failures: Sequence[pytest.TestReport]) -> bool:
    """Whether these are few, and each of a long test that did not get to its end, or whose process did not."""
    return 0 < len(failures) <= AT_MOST and all(
        report.when != "teardown" and not report.nodeid.startswith(QUICK) for report in failures
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Say by the exit code that a second run decides."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or session.exitstatus != pytest.ExitCode.TESTS_FAILED:  # a worker, or a run that was broken off
        return
    failures = [*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())]
    if may_run_again(failures):
        session.exitstatus = EXIT
        session.config.stash[_AGAIN] = True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash.get(_AGAIN, False):
        terminalreporter.write_sep("=", "those that failed run again, alone: they decide", yellow=True)
