"""What the hostile tests share: the count of cases by family, told at the end of the run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

_CASES = pytest.StashKey[Counter[str]]()


@pytest.fixture(scope="session")
def cases(request: pytest.FixtureRequest) -> Counter[str]:
    """How many hostile cases each family has seen; whoever runs some adds them."""
    return request.config.stash.setdefault(_CASES, Counter())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand on what this worker has counted, if it is one of several."""
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        counted = session.config.stash.get(_CASES, Counter())
        told["hostile"] = dict(counted)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    counted = node.config.stash.setdefault(_CASES, Counter())
    counted.update(getattr(node, "workeroutput", {}).get("hostile", {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    counted = config.stash.get(_CASES, Counter())
    if counted:
        terminalreporter.section("hostile input")
        for family, number in sorted(counted.items()):
            terminalreporter.write_line(f"{number:>9,}  {family}")
        terminalreporter.write_line(f"{counted.total():>9,}  cases in all")
