"""Adds up results by camera and model: counts, detections, rates and latencies; pure."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.messages import FrameAddress, Result

Pair = tuple[str, str]
"""A camera and a model."""


@dataclass(slots=True)
class Stream:
    """The results of one camera by one model.

    `latencies` are seconds from capture to the result's append to the log, in the order of the log; `at` are the
    appends, in seconds since the epoch.
    """

    latencies: array[float] = field(default_factory=lambda: array("d"))
    at: array[float] = field(default_factory=lambda: array("d"))
    detections: int = 0


class Tally:
    """Every result once: a redelivered frame's second result has the address of the first and does not count."""

    def __init__(self) -> None:
        self._streams: dict[Pair, Stream] = {}
        self._seen: dict[tuple[str, int], bytearray] = {}

    def add(self, result: Result, *, appended_at: float) -> None:
        """Account for one result that the broker appended at `appended_at`, in seconds since the epoch."""
        if not self._is_new(FrameAddress.parse(result.frame.address)):
            return
        stream = self._streams.setdefault((result.frame.camera, result.model.name), Stream())
        stream.latencies.append(appended_at - result.frame.captured_at.timestamp())
        stream.at.append(appended_at)
        stream.detections += len(result.detections)

    @property
    def pairs(self) -> frozenset[Pair]:
        """The cameras and models of which there are results."""
        return frozenset(self._streams)

    def stream(self, pair: Pair) -> Stream:
        """What is known of one camera and model; empty if there was no result."""
        return self._streams.get(pair, Stream())

    def _is_new(self, address: FrameAddress) -> bool:
        seen = self._seen.setdefault((address.model, address.partition), bytearray())
        if address.offset >= len(seen):
            seen.extend(bytes(address.offset + 1024 - len(seen)))
        known, seen[address.offset] = seen[address.offset], 1
        return not known

    def rate(self, pair: Pair, *, since: float, until: float) -> float:
        """Results a second that were appended between two times (seconds since the epoch)."""
        count = sum(since <= at < until for at in self.stream(pair).at)
        return count / (until - since) if until > since else 0.0


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of all values do not exceed; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
