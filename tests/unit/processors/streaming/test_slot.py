from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from processors.streaming.slot import Slot
from schemas.errors import SettingsError

TAKE = "import sys, time; from pathlib import Path; from processors.streaming.slot import Slot\n"
STAY = TAKE + "slot = Slot(Path(sys.argv[1])); slot.note('worker-1'); print('here', flush=True); time.sleep(60)"


def predecessor(path: Path, note: str | None = None) -> str:
    """What somebody finds who takes the place, leaves a note and goes."""
    slot = Slot(path)
    if note is not None:
        slot.note(note)
    slot.close()
    return slot.predecessor


def test_whoever_comes_after_a_killed_one_knows_its_member_id(tmp_path: Path) -> None:
    path = tmp_path / "slots" / "faces"
    assert predecessor(path) == "", "nobody was here"
    with subprocess.Popen([sys.executable, "-c", STAY, str(path)], stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        assert worker.stdout.readline() == b"here\n"
        assert predecessor(path, "worker-2") == "", "it lives"
        assert path.read_text() == "worker-1", "who has no place writes nothing"
        worker.kill()
        worker.wait()
    assert predecessor(path, "a longer name than worker-3") == "worker-1"
    assert predecessor(path, "4") == "a longer name than worker-3"
    assert path.read_text() == "4"


def test_whoever_came_beside_another_has_the_place_once_that_one_has_gone(tmp_path: Path) -> None:
    path = tmp_path / "faces"
    old, new = Slot(path), Slot(path)
    old.note("old")
    new.note("new")
    assert path.read_text() == "old"
    old.close()
    new.note("new")
    assert path.read_text() == "new"
    assert predecessor(path) == "", "it lives"
    new.close()
    assert predecessor(path) == "new"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"FRAMEBUS_SLOT={tmp_path}: Is a directory"):
        Slot(tmp_path)


FULL = """
import resource, signal, sys
from pathlib import Path
from processors.streaming.slot import Slot

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
slot = Slot(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
slot.note("worker-1")
slot.close()
"""


def test_a_disk_that_takes_no_more_harms_no_worker(tmp_path: Path) -> None:
    path = tmp_path / "faces"
    command = [sys.executable, "-c", FULL, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert f"place not noted slot={path} error=File too large" in run.stderr
    assert predecessor(path) == ""
