"""How long a worker waits for what: one place, since these bounds lean on each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, all of them.

    A frame's owner that is killed is missed after `session`; a rebalance waits for `revoke` at most, which is below
    `rebalance`; taking up an assignment sends no heartbeats, so `assign` is below `session`. After SIGTERM the worker
    ends within `stop`, `last_commit` and `leave` together; `within` shares a supervisor's grace among them.
    """

    commit: float = 0.5
    heartbeat: float = 1.0
    session: float = 15.0
    rebalance: float = 30.0
    assign: float = 12.0
    revoke: float = 20.0
    last_commit: float = 5.0
    stop: float = 15.0
    leave: float = 10.0
    infer: float = 10.0
    watch: float = 10.0

    @classmethod
    def within(cls, grace: float) -> Self:
        """The usual bounds, with an end that takes at most `grace` seconds after SIGTERM."""
        usual = cls()
        part = min(1.0, grace / (usual.stop + usual.last_commit + usual.leave))
        return replace(usual, stop=usual.stop * part, last_commit=usual.last_commit * part, leave=usual.leave * part)
