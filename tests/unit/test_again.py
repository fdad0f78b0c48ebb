"""What gets a second run, and what does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.again import AT_MOST, EXIT

ROOT = Path(__file__).parents[2]
PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): assert False\n"
NO_FIXTURE = "def test_has_no_fixture(nothing): pass\n"
ABORTS = "import os\ndef test_aborts(): os.abort()\n"
ENDS_BADLY = """
import pytest

@pytest.fixture(autouse=True, scope="session")
def leaks():
    yield
    assert False
"""


def run(folder: Path, *options: str, **files: str) -> subprocess.CompletedProcess[str]:
    """A run of tests in a tree of their own; `__` in a name is a folder."""
    for name, text in files.items():
        path = (folder / "tests" / name.replace("__", "/")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "--import-mode=importlib", *options]
    env = {"PYTHONPATH": str(ROOT), "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, check=False, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"integration__test_a": PASSES}, 0),
        ({"browser__test_a": NO_FIXTURE}, EXIT),
        ({"integration__test_a": FAILS, "unit__test_a": FAILS}, 1),
        ({"integration__test_a": FAILS + ENDS_BADLY}, 1),
        ({f"integration__test_{number}": FAILS for number in range(AT_MOST)}, EXIT),
        ({f"integration__test_{number}": FAILS for number in range(AT_MOST + 1)}, 1),
        ({"integration__test_a": "raise OSError"}, 2),
    ],
)
def test_a_few_long_tests_get_a_second_run(tmp_path: Path, files: dict[str, str], code: int) -> None:
    ended = run(tmp_path, "-p", "tests.again", **files)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert ("run again" in ended.stdout) == (code == EXIT)


def test_one_whose_process_ends_gets_one_too(tmp_path: Path) -> None:
    ended = run(tmp_path, "-p", "tests.again", "-p", "xdist", "-n", "2", integration__test_a=PASSES + ABORTS)
    assert ended.returncode == EXIT, ended.stdout + ended.stderr


@pytest.mark.parametrize("mended", [True, False])
def test_the_second_run_decides_and_the_first_stays_on_the_screen(tmp_path: Path, *, mended: bool) -> None:
    files = {"integration__test_a": PASSES + FAILS, "unit__test_b": PASSES}
    first = run(tmp_path, "-p", "tests.again", "-p", "xdist", "-n", "2", **files)
    assert first.returncode == EXIT, first.stdout + first.stderr
    assert "def test_fails" in first.stdout
    assert "2 passed" in first.stdout
    files["integration__test_a"] = (PASSES + FAILS).replace("False", str(mended))
    second = run(tmp_path, "--last-failed", "--last-failed-no-failures", "none", **files)
    assert second.returncode == (0 if mended else 1)
    assert ("1 passed" if mended else "1 failed") in second.stdout
    assert "test_b" not in second.stdout
