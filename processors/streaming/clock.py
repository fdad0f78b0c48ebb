"""How far this machine's clock is from the broker's, as far as acknowledgements prove it."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Final

_RESOLUTION_S: Final = 0.001
"""The broker's times are whole milliseconds, rounded down."""


class BrokerClock:
    """The broker's time, in seconds since the epoch, told from this machine's clock and from what brokers append.

    A record that was sent at `sent` and acknowledged at `acknowledged` was appended in between, whatever the broker
    calls that moment: so each acknowledgement bounds how far this clock is ahead. While the bounds allow it, the clocks
    are taken to agree; else this one is set right by the least that they demand. Bounds that contradict each other mean
    that a clock was set: the newer ones count. Brokers are taken to agree with one another.
    """

    def __init__(self, read: Callable[[], float] = time.time) -> None:
        self.read = read
        """This machine's clock."""
        self._least, self._most = -inf, inf

    @property
    def ahead(self) -> float:
        """The seconds by which this clock is ahead of the broker's, 0 while they may agree."""
        return min(max(0.0, self._least), self._most)

    def now(self) -> float:
        """The broker's time."""
        return self.read() - self.ahead

    def hear(self, sent: float, appended: float, acknowledged: float) -> None:
        """The broker appended at `appended` by its clock what was sent and acknowledged at these times of this one."""
        least, most = sent - appended - _RESOLUTION_S, acknowledged - appended
        if least > self._most or most < self._least:
            self._least, self._most = least, most
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)
