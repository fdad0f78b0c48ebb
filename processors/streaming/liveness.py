"""When a worker has stalled: frames wait, the broker answers, and the group's commits stand still. Pure.

It counts looks that the broker answered, and no seconds: a process that was stopped, or a broker that was away, takes
nothing from a worker's patience. Two things mean a stall:

- no partition's commit moves at all, while at least one has frames that wait. A slow network moves some of them;
- one partition's commit stands still though none of its frames waits for its turn in this process: they were never
  fetched (https://github.com/faust-streaming/faust/issues/175), or are done and were never committed (316 there).
  Where some do wait for their turn, the turn must come before `TURNS` other frames have had theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from schemas.errors import StalledError

TURNS: Final = 50_000
"""More frames than fetches of every other partition can hold before a partition's own."""


class Sight(NamedTuple):
    """What a look showed of one partition.

    `committed` is the group's, as the broker has it; `end` is one above the log's last offset; `queued` says that
    frames of it are in this process and have not had their turn.
    """

    committed: int
    end: int
    queued: bool


@dataclass(slots=True)
class _Still:
    """A commit that stands still: for so many looks, since when, and how many frames had had their turn by then."""

    committed: int
    since: datetime
    turns: int
    looks: int = 0


class Patience:
    """Sees look after look, and raises when `looks` of them in a row have shown a stall.

    A rebalance, an outage and a delivery that fails begin it anew: see `forget`.
    """

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._partitions: dict[int, _Still] = {}
        self._idle = 0

    def forget(self) -> None:
        """Begin anew: the partitions are others, or the broker did not answer."""
        self._partitions.clear()
        self._idle = 0

    def see(self, sights: Mapping[int, Sight], *, turns: int, now: datetime) -> None:
        """Take in one look at every partition of this worker, `turns` frames having had theirs in this process.

        Raises:
            StalledError: There is a stall; the message names each partition, its commit, its end and since when.
        """
        moved = False
        for number, sight in sights.items():
            still = self._partitions.get(number)
            if still is None or sight.committed != still.committed:
                moved = True
            if still is None or sight.committed != still.committed or sight.committed >= sight.end:
                self._partitions[number] = _Still(sight.committed, now, turns)
            elif sight.queued and turns - still.turns < TURNS:
                still.looks = 0
            else:
                still.looks += 1
        waiting = {number: sight for number, sight in sights.items() if sight.committed < sight.end}
        self._idle = self._idle + 1 if waiting and not moved else 0
        stuck = {number: sight for number, sight in waiting.items() if self._partitions[number].looks >= self._looks}
        if self._idle >= self._looks:
            raise self._stalled("no commit moves", waiting)
        if stuck:
            raise self._stalled("commits of some partitions do not move", stuck)

    def _stalled(self, what: str, stuck: Mapping[int, Sight]) -> StalledError:
        places = "; ".join(
            f"partition {number} committed {sight.committed} end {sight.end}"
            f" since {self._partitions[number].since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            for number, sight in sorted(stuck.items())
        )
        return StalledError(f"{what} for {self._looks} looks though frames wait and the broker answers: {places}")
