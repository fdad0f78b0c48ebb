"""How long the oldest frame of each model has waited for its outcome, asked of the broker without reading a frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from api.log.kafka import Log, Offsets

AGES: Final = tuple(round(0.1 * 1.1**step, 3) for step in range(160))
"""Seconds that an age is told in, each a tenth above the one before: up to four days, in eight questions."""


class WaitingReader:
    """Finds ages by asking what was appended since a moment: brokers answer that from an index; blocking.

    Rests on the frames topics' append times, which never go back; ages are by this machine's clock.
    """

    def __init__(self, offsets: Offsets, now: Callable[[], float] = time.time) -> None:
        self._offsets = offsets
        self._now = now

    def ages(self, waiting: Mapping[str, Mapping[Log, int]], *, deadline: float) -> dict[str, float]:
        """The age of the oldest frame of each model, in seconds and at most a tenth too high; 0 where none waits.

        `waiting` has, by model, the first offset that waits in each of the logs where one does.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        now = self._now()
        spans = {model: (0, len(AGES) - 1) for model, logs in waiting.items() if logs}
        while open_spans := {model: span for model, span in spans.items() if span[0] < span[1]}:
            middles = {model: (low + high) // 2 for model, (low, high) in open_spans.items()}
            moments = {
                log: int((now - AGES[middle]) * 1000) for model, middle in middles.items() for log in waiting[model]
            }
            since = self._offsets.since(moments, deadline=deadline)
            for model, middle in middles.items():
                low, high = spans[model]
                older = any(_is_older(first, since[log]) for log, first in waiting[model].items())
                spans[model] = (middle + 1, high) if older else (low, middle)
        return {model: AGES[spans[model][0]] if model in spans else 0.0 for model in waiting}


def _is_older(waits: int, since: int | None) -> bool:
    """Whether the frame at the offset `waits` was appended before the moment since which `since` is the first."""
    return since is None or since > waits
