"""When the frames of a partition were finished, found in the results by halving time: of what the log has no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from confluent_kafka import Message

from api.log.kafka import Log, Offsets, headers_of
from api.log.walk import LogWalker
from schemas.errors import MessageError
from schemas.messages import FrameAddress, address_from_headers

_SPAN_MS: Final = 10 * 24 * 3600 * 1000
"""How far back outcomes may be: they are kept for eight days."""
_NEAR_MS: Final = 30_000
_MARGIN_MS: Final = 60_000
"""Frames of a partition are finished nearly in their order, and each partition at its own pace."""


class Whereabouts:
    """Looks at one result at a time, about fifteen times; blocking.

    Rests on the order of a partition's frames: their results come in it, but for those in one worker's window.
    """

    def __init__(self, offsets: Offsets, walker: LogWalker, now: Callable[[], float] = time.time) -> None:
        self._offsets = offsets
        self._walker = walker
        self._now = now

    def since(self, address: FrameAddress, logs: Iterable[Log], *, deadline: float) -> int | None:
        """A moment shortly before the frame at `address` was finished, in milliseconds since the epoch.

        None where the results in `logs` that are left are all of later frames, or there was no time to find out.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        wanted = list(logs)
        high = int(self._now() * 1000)
        low = high - _SPAN_MS
        is_known = False
        while high - low > _NEAR_MS and time.monotonic() < deadline:
            middle = (low + high) // 2
            first = self._first(address, wanted, middle, deadline)
            if first is None or first >= address.offset:
                high = middle
            else:
                low, is_known = middle, True
        if high - low > _NEAR_MS or not (is_known or self._is_first(address, wanted, deadline)):
            return None
        return max(low - _MARGIN_MS, 0)

    def _is_first(self, address: FrameAddress, logs: list[Log], deadline: float) -> bool:
        """Whether the partition's first result that is left is of this frame or an earlier one."""
        first = self._first(address, logs, 0, deadline)
        return first is not None and first <= address.offset

    def _first(self, address: FrameAddress, logs: list[Log], at_ms: int, deadline: float) -> int | None:
        """The offset of the frame, of the same partition, whose result is the first from a moment on; None: there is
        none."""

        def take(message: Message) -> list[int]:
            with suppress(MessageError):  # an audit names it
                found = address_from_headers(headers_of(message))
                return [found.offset] if found[:2] == address[:2] else []
            return []

        positions = self._offsets.at(logs, at_ms, deadline=deadline)
        while True:
            page = self._walker.page(positions, take, limit=1)
            if page.found or page.complete or time.monotonic() > deadline:
                return page.found[0] if page.found else None
            positions = page.positions
