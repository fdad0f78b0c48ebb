"""Tests that run side by side take turns, and those that must be alone are."""

from __future__ import annotations

import fcntl
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast

import pytest

from tests.integration.streaming_kit import wait_until
from tests.turns import ALONE, Turns, in_order


def is_locked(path: Path, how: int) -> bool:
    """Whether nobody may lock the file in this way now."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_several_run_side_by_side_and_nothing_beside_one_that_is_alone(tmp_path: Path) -> None:
    turns, machine = Turns(tmp_path), tmp_path / "machine"
    with turns.turn(alone=False), turns.turn(alone=False):
        assert is_locked(machine, fcntl.LOCK_EX)
        assert not is_locked(machine, fcntl.LOCK_SH)
    with turns.turn(alone=True):
        assert is_locked(machine, fcntl.LOCK_SH)
    assert not is_locked(machine, fcntl.LOCK_EX)


def test_who_waits_to_be_alone_is_waited_for(tmp_path: Path) -> None:
    turns, gate, entered = Turns(tmp_path), tmp_path / "gate", Event()

    def alone() -> None:
        with turns.turn(alone=True):
            entered.set()

    waiting = Thread(target=alone)
    with turns.turn(alone=False):
        waiting.start()
        wait_until(lambda: is_locked(gate, fcntl.LOCK_SH), deadline_s=20, what="nobody may begin any more")
        assert not entered.is_set()
    waiting.join(20)
    assert entered.is_set()


class Item:
    """As much of a test as its place depends on."""

    def __init__(self, nodeid: str, *markers: str) -> None:
        self.nodeid = nodeid
        self.path = Path(nodeid.partition("::")[0])
        self._markers = markers

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self._markers else None


def test_files_stay_whole_and_the_short_ones_come_before_the_long_ones() -> None:
    names = ["tests/unit/a.py::1", "tests/integration/b.py::1", "tests/chaos/c.py::1", "tests/unit/a.py::2"]
    items: list[Any] = [Item(name) for name in names]
    items += [Item("tests/chaos/c.py::2", ALONE), Item("tests/chaos/c.py::3")]
    ordered = [item.nodeid for item in in_order(cast(list[pytest.Item], items))]
    assert ordered == [f"tests/chaos/c.py::{number}" for number in (1, 2, 3)] + [
        "tests/unit/a.py::1",
        "tests/unit/a.py::2",
        "tests/integration/b.py::1",
    ]
