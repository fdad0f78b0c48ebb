"""Ctrl-C and SIGTERM: the first one ends the run in order, the second one at once."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class RunEndedError(Exception):
    """The user ended the run before its time."""


class Interrupt:
    """Whether the user wants an end. A plain flag: a handler that sets an `Event` which its own thread is just
    entering would wait for itself."""

    def __init__(self, *, at_once: Callable[[], None]) -> None:
        self.came = False
        self._at_once = at_once
        self._raising = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until a signal came."""
        deadline = time.monotonic() + seconds
        while not self.came and time.monotonic() < deadline:
            time.sleep(0.05)

    @contextmanager
    def raising(self) -> Iterator[None]:
        """In the block a signal raises RunEndedError wherever the block is: for steps that wait long by themselves."""
        self._raising = True
        try:
            yield
        finally:
            self._raising = False

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        again, self.came = self.came, True
        if again:
            self._at_once()
        elif self._raising:
            raise RunEndedError
