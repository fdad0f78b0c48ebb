"""How `framebus restart` reaches the `framebus up` that runs in a folder, and hears how it went."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

from schemas.errors import EnvironmentMissingError

log = logging.getLogger(__name__)

SIGNAL: Final = signal.SIGUSR1
"""Not SIGHUP: that is a terminal's end, and ends `framebus up` in order."""
_PID: Final = "up.pid"
_ANSWER: Final = "restart.answer"
_MODELS: Final = "restart.models"
_OK: Final = "ok"
_LOOK_S: Final = 0.2


@contextmanager
def reachable(folder: Path) -> Iterator[Callable[[], Sequence[str] | None]]:
    """In the block this process can be asked to restart its services.

    What is given says, once, which models' workers shall be replaced, none of them meaning every service; None: nobody
    asks.
    """
    asked = False

    def note(*_: object) -> None:
        nonlocal asked
        asked = True

    def take() -> Sequence[str] | None:
        nonlocal asked
        was, asked = asked, False
        return (folder / _MODELS).read_text(encoding="utf-8").split() if was else None

    before = signal.signal(SIGNAL, note)
    own = psutil.Process()
    (folder / _PID).write_text(f"{own.pid} {own.create_time()}", encoding="utf-8")
    try:
        yield take
    finally:
        (folder / _PID).unlink(missing_ok=True)
        signal.signal(SIGNAL, before)


def answer(folder: Path, error: Exception | None) -> None:
    """Say how the restart went; if the disk is full, only in the log."""
    part = folder / f"{_ANSWER}.part"
    try:
        part.write_text(_OK if error is None else str(error), encoding="utf-8")
        part.replace(folder / _ANSWER)
    except OSError as trouble:
        log.error("restart not answered file=%s error=%s", part, trouble)  # noqa: TRY400


def ask(folder: Path, models: Sequence[str] = (), *, deadline_s: float) -> None:
    """Ask the `framebus up` of `folder` to replace the workers of `models`, or every service, and wait for its answer.

    Raises:
        EnvironmentMissingError: None runs there, it says that the restart failed, or it says nothing in time.
    """
    pid = _running(folder)
    (folder / _ANSWER).unlink(missing_ok=True)
    (folder / _MODELS).write_text("\n".join(models), encoding="utf-8")
    os.kill(pid, SIGNAL)
    deadline = time.monotonic() + deadline_s
    while not (folder / _ANSWER).exists():
        if time.monotonic() > deadline or not psutil.pid_exists(pid):
            raise EnvironmentMissingError(f"framebus up, process {pid}: no answer; expected one in {deadline_s:g} s")
        time.sleep(_LOOK_S)
    text = (folder / _ANSWER).read_text(encoding="utf-8")
    if text != _OK:
        raise EnvironmentMissingError(text)


def _running(folder: Path) -> int:
    with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
        pid, created = (folder / _PID).read_text(encoding="utf-8").split()
        if psutil.Process(int(pid)).create_time() == float(created):  # else the number is another process's by now
            return int(pid)
    raise EnvironmentMissingError(f"no framebus up runs in {folder}; expected one, or its folder: --data FOLDER")
