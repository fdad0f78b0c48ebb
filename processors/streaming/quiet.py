"""What Faust and aiokafka log: warnings, each at most once in ten seconds, since an outage gives hundreds a second."""

from __future__ import annotations

import logging
import time
from typing import Final

INTERVAL_S: Final = 10.0
LIBRARIES: Final = ("faust", "mode", "aiokafka")


class SeldomFilter(logging.Filter):
    """Lets a message of the same wording through once in an interval, and says how many were held back."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        super().__init__()
        self._interval = interval_s
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log `record`."""
        key = (record.name, str(record.msg))
        last, held = self._last.get(key, (float("-inf"), 0))
        now = time.monotonic()
        if now - last < self._interval:
            self._last[key] = (last, held + 1)
            return False
        self._last[key] = (now, 0)
        if held:
            record.msg = f"{record.msg} (and {held} more like it)"
        return True


def quieten() -> None:
    """Keep the libraries' messages to what an operator can read."""
    seldom = SeldomFilter()
    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in LIBRARIES]
    # Says that a commit took longer than its interval, as any does while the machine is busy; `watch` minds commits.
    logging.getLogger("mode.timers").setLevel(logging.ERROR)
    for name in {*LIBRARIES, *known}:
        logger = logging.getLogger(name)
        logger.addFilter(seldom)
        if name in LIBRARIES:
            logger.setLevel(max(logging.WARNING, logging.root.level))
