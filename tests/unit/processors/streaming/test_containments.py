from __future__ import annotations

import re
from pathlib import Path

import pytest

from processors.streaming import containments
from processors.streaming.containments import PINNED, check_versions
from schemas.errors import EnvironmentMissingError

ROOT = Path(__file__).parents[4]


def test_the_installed_versions_are_those_that_are_contained() -> None:
    check_versions()


def test_the_lock_pins_them() -> None:
    lines = (ROOT / "deploy/requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ \\]+)", lines, re.MULTILINE))
    assert {package: locked.get(package) for package in PINNED} == PINNED


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(containments.PINNED, "aiokafka", "0.13.0")
    with pytest.raises(EnvironmentMissingError, match=r"aiokafka 0\.14\.0: expected 0\.13\.0"):
        check_versions()
