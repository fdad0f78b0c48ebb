"""Several tests at a time, by pytest-xdist: which begin first, and those that must be alone on the machine.

A test marked `alone` waits until the tests beside it have ended, and none begins beside it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

ALONE: Final = "alone"
_QUICK: Final = ("tests/unit/", "tests/chart/")
"""Folders of short tests, which rely on a process in which nothing has configured logging or left an event loop."""


class Turns:
    """The turns that the workers of a run take; `folder` is for the run's locks."""

    def __init__(self, folder: Path) -> None:
        self._gate = folder / "gate"
        self._machine = folder / "machine"

    @contextmanager
    def turn(self, *, alone: bool) -> Iterator[None]:
        """Wait for a turn, and have it during the block."""
        how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        with self._machine.open("ab") as machine:
            with self._gate.open("ab") as gate:  # who wants to be alone keeps others from beginning
                fcntl.flock(gate, how)
                fcntl.flock(machine, how)
            yield


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """File by file: those with a test that must be alone, so that no worker waits for another one's test; then the
    short ones; then the long ones."""
    alone = {item.path for item in items if item.get_closest_marker(ALONE)}

    def rank(item: pytest.Item) -> int:
        return 0 if item.path in alone else 1 if item.nodeid.startswith(_QUICK) else 2

    return sorted(items, key=rank)
