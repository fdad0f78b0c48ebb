"""`framebus audit --watch` as a process: what it shows of a running system, and how it ends."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.local.environment import environment_of
from schemas.settings import Settings
from tests.integration.api_world import MODEL, World, wait_for


@contextmanager
def watching(settings: Settings, output: Path, *options: str, stdout: int | None = None) -> Iterator[Callable[[], int]]:
    """Runs the command with its output in a file, or in `stdout`; what it gives ends it with Ctrl-C: the exit code."""
    command = [sys.executable, "-W", "error", "-m", "deploy.cli", "audit", "--watch", "--interval", "0.1", *options]
    with output.open("wb") as file:
        process = subprocess.Popen(command, env={**os.environ, **environment_of(settings)}, stdout=stdout or file)

        def end() -> int:
            process.send_signal(signal.SIGINT)
            return process.wait(20)

        try:
            yield end
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)


def test_a_fault_is_shown_while_it_lasts_and_decides_the_exit_code(settings: Settings, tmp_path: Path) -> None:
    world, output = World(settings), tmp_path / "output"
    first, second = world.frames("gate", 2)
    world.counts("gate", [first, second])
    world.result("gate", first)
    with watching(settings, output) as end:
        wait_for(lambda: "inferred=1" in output.read_text())
        assert f"camera=gate model={MODEL} captured=2 dropped=0 delivered=2 inferred=1" in output.read_text()
        assert "in_log=1" in output.read_text()
        world.commit({0: 2})
        wait_for(lambda: f"lost: {MODEL} gate {second}" in output.read_text())
        wait_for(lambda: "1 frames are unexplained" in output.read_text())
        assert end() == 1
    with watching(settings, output, "--since", "1h", "--json") as end:
        wait_for(lambda: '"unexplained_count":1' in output.read_text())
        world.result("gate", second)
        wait_for(lambda: '"clean":true' in output.read_text())
        assert end() == 0


def test_a_terminal_shows_a_table_that_is_redrawn(settings: Settings, tmp_path: Path) -> None:
    world = World(settings)
    world.counts("gate", world.frames("gate", 3))
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    shown = b""

    def text() -> bytes:
        nonlocal shown
        with suppress(BlockingIOError):
            shown += os.read(ours, 65536)
        return shown

    try:
        with watching(settings, tmp_path / "unused", stdout=theirs) as end:
            wait_for(lambda: text().count(b"every frame explained") >= 2)
            assert end() == 0
        assert b"captured" in shown
        assert b"\x1b[" in shown
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "yesterday"), "since = 'yesterday': expected an age, as 10m, 90s, 1h30m or 2d"),
        (("--since", "1m", "--until", "2m"), "expected since to be earlier"),
        (("--watch", "--until", "2m"), "until = '2m' with --watch: expected --since alone"),
    ],
)
def test_a_window_that_is_none_is_refused_in_one_line(
    options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(("audit", *options))
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
