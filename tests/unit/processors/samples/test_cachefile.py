"""Files appear whole, locks exclude, and nothing is left behind."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from processors.samples.cachefile import exclusive, place, scratch_directory, sha256_of


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"content").hexdigest()


def test_exclusive_lets_one_in_at_a_time(tmp_path: Path) -> None:
    inside = 0
    most = 0
    barrier = threading.Barrier(8)

    def enter() -> None:
        nonlocal inside, most
        barrier.wait(10)
        for _ in range(20):
            with exclusive(tmp_path / "deep" / "lock"):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (most, inside) == (1, 0)


def test_scratch_is_gone_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch_directory(tmp_path / "new") as scratch:
        (scratch / "file").write_text("x")
        raise KeyError
    assert list((tmp_path / "new").iterdir()) == []


def test_place_replaces(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    target = tmp_path / "deep" / "target"
    target.parent.mkdir()
    target.write_text("old")
    place(tmp_path / "new", target)
    assert target.read_text() == "new"
    assert not (tmp_path / "new").exists()
