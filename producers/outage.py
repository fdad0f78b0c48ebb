"""Whether the broker takes frames at all: pure, the caller reads the clock and asks the broker."""

from __future__ import annotations

from collections.abc import Callable


class Outage:
    """Frames that wait for `patience_s` seconds without one acknowledgement make an outage.

    It ends with an acknowledgement, or, once nothing waits any more, when the broker answers. So a short one costs no
    frame, and at the end of a long one nothing old is in the queue.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._heard: float | None = None
        self.lasts = False

    def heard(self, now: float) -> None:
        """The broker acknowledged a frame at `now`, in seconds of a clock that only advances."""
        self._heard = now
        self.lasts = False

    def look(self, now: float, waiting: int, answers: Callable[[], bool]) -> bool:
        """Take note that so many frames are `waiting`; whether an outage began or ended.

        `answers` asks the broker; it is called only in an outage, and while nothing waits.
        """
        before = self.lasts
        if waiting == 0 and not (self.lasts and not answers()):
            self.heard(now)
        elif self._heard is None:
            self._heard = now
        elif waiting and now - self._heard > self._patience_s:
            self.lasts = True
        return self.lasts is not before
