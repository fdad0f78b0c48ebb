"""How long a worker waits for what: one place, since these bounds lean on each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, all of them.

    A frame's owner that is killed is missed after `session`; a rebalance waits for `revoke` at most, which is below
    `rebalance`; taking up an assignment sends no heartbeats, so `assign` is below `session`. `stop` and `leave`
    together are what a supervisor has to grant after SIGTERM.
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
