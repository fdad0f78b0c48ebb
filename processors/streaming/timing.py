"""How long a worker waits for what: one place, since these bounds lean on each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Final, Self

DEADLINES: Final = 3
"""A frame that is in flight for so many of its deadlines, after its first, means that the core hangs."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, all of them.

    A worker that is killed is missed after `session`, the least that brokers allow by default: its frames wait so long.
    Who is stopped for longer loses its partitions and takes some again: its frames in flight are inferred twice. The
    others hear of a rebalance with their next `heartbeat`. A rebalance waits for `revoke` at most, which is below
    `rebalance`. After SIGTERM the worker ends within `stop`, `last_commit` and `leave` together; `within` shares a
    supervisor's grace among them.
    """

    commit: float = 0.5
    heartbeat: float = 0.3
    session: float = 6.0
    rebalance: float = 30.0
    assign: float = 12.0
    revoke: float = 20.0
    last_commit: float = 5.0
    stop: float = 15.0
    leave: float = 10.0
    infer: float = 10.0
    watch: float = 10.0

    @property
    def patience(self) -> int:
        """How many looks at standing commits mean a stall: two rebalances' time, and more than a core takes to hang."""
        return ceil(max(2 * self.rebalance, (DEADLINES + 1) * self.infer + self.watch) / self.watch)

    @classmethod
    def within(cls, grace: float) -> Self:
        """The usual bounds, with an end that takes at most `grace` seconds after SIGTERM."""
        usual = cls()
        part = min(1.0, grace / (usual.stop + usual.last_commit + usual.leave))
        return replace(usual, stop=usual.stop * part, last_commit=usual.last_commit * part, leave=usual.leave * part)
