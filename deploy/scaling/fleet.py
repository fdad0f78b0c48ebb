"""One model's topic and its workers, as a fluid: frames wait in partitions, are inferred in their order, or shed.

Frames are real numbers here. What a worker does is that of `processors/`: it takes the frames of its partitions in
turn, sheds with hysteresis, drains when it is stopped; a change of members stops all of them for a moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

FRESH_SHARE: Final = 4
"""As `processors/inference/shedding.py` has it: shedding goes on until a frame is younger than `max_age` / 4."""
_NONE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Setup:
    """What the workers are like: seconds, and `fps`, the frames a second that one of them infers.

    A worker takes `start_s` from the decision to its first frame, and `drain_s` from its stop to its leave, while its
    partitions wait. Each change of members holds all workers for `rebalance_s`. What was inferred counts as lag until
    the next commit, each `commit_s`.
    """

    fps: float
    partitions: int = 12
    max_age_s: float = 5.0
    start_s: float = 10.0
    drain_s: float = 0.25
    rebalance_s: float = 0.3
    commit_s: float = 0.5


@dataclass(slots=True, eq=False)
class Worker:
    """One replica; `busy_s` is how long it has been inferring, `joined` when it took its first partition."""

    ready_at: float
    gone_at: float | None = None
    joined: float | None = None
    busy_s: float = 0.0
    owns: list[_Partition] = field(default_factory=list)


class _Partition:
    """`queue` holds [when they came, frames], the oldest first."""

    __slots__ = ("queue", "shedding", "waiting")

    def __init__(self) -> None:
        self.queue: deque[list[float]] = deque()
        self.waiting = 0.0
        self.shedding = False

    def append(self, at: float, frames: float) -> None:
        self.queue.append([at, frames])
        self.waiting += frames

    def shed(self, now: float, max_age_s: float) -> float:
        """Skip what is too old at the head; how much that was."""
        skipped = 0.0
        queue = self.queue
        while queue:
            self.shedding = now - queue[0][0] > (max_age_s / FRESH_SHARE if self.shedding else max_age_s)
            if not self.shedding:
                break
            skipped += queue.popleft()[1]
        if not queue:
            self.shedding = False  # the next frame is a fresh one
        self.waiting = max(0.0, self.waiting - skipped) if queue else 0.0
        return skipped

    def take(self, capacity: float) -> float:
        """Infer up to `capacity` frames from the head, none of which is to be shed; how many that were."""
        self.shedding = False
        queue = self.queue
        if capacity >= self.waiting:
            taken, self.waiting = self.waiting, 0.0
            queue.clear()
            return taken
        left = capacity
        while queue and left > _NONE:
            head = queue[0]
            part = min(head[1], left)
            left -= part
            head[1] -= part
            if head[1] <= _NONE:
                queue.popleft()
        self.waiting -= capacity - left
        return capacity - left


class Fleet:
    """The topic and its workers; `replicas` is what was decided, `ready` how many of them infer."""

    def __init__(self, setup: Setup, replicas: int, tick_s: float) -> None:
        self.setup = setup
        self.tick_s = tick_s
        self.partitions = [_Partition() for _ in range(setup.partitions)]
        self.workers = [Worker(ready_at=0.0) for _ in range(replicas)]
        self.arrived = self.inferred = self.skipped = 0.0
        self._capacity = setup.fps * tick_s
        self._owners: list[Worker] = []
        self._uncommitted: deque[float] = deque(maxlen=max(1, round(setup.commit_s / tick_s)))
        self._join(0.0)
        self._held_until = 0.0  # who is there at the beginning has been there for a while

    @property
    def replicas(self) -> int:
        return sum(worker.gone_at is None for worker in self.workers)

    @property
    def ready(self) -> int:
        return sum(worker.gone_at is None and worker.joined is not None for worker in self.workers)

    @property
    def waiting(self) -> float:
        return sum(partition.waiting for partition in self.partitions)

    @property
    def lag(self) -> int:
        """Latest minus committed offset as a scaler may see it at worst: just before a commit."""
        return int(self.waiting + sum(self._uncommitted) + _NONE)

    def oldest_s(self, now: float) -> float:
        """How long the frame at the head of a queue has waited."""
        return max((now - partition.queue[0][0] for partition in self.partitions if partition.queue), default=0.0)

    def scale(self, now: float, replicas: int) -> None:
        """Start or stop workers; the youngest are stopped first."""
        staying = [worker for worker in self.workers if worker.gone_at is None]
        for _ in range(replicas - len(staying)):
            self.workers.append(Worker(ready_at=now + self.setup.start_s))
        for worker in reversed(staying[replicas:]):
            # Who has not joined yet has nothing to finish.
            worker.gone_at = now + (self.setup.drain_s if worker.joined is not None else 0.0)

    def advance(self, now: float, rate: float) -> None:
        """One tick that ends at `now`, in which `rate` frames a second arrive."""
        arriving = rate * self.tick_s
        self.arrived += arriving
        self._change_members(now)
        share = arriving / len(self.partitions)
        if not self._owners:
            self._append(self.partitions, now, share)
        inferred = 0.0
        for worker in self._owners:
            at_work = worker.gone_at is None and now > self._held_until
            if at_work and share * len(worker.owns) <= self._capacity and not any(one.queue for one in worker.owns):
                # Nothing waits, and all that comes is inferred at once: as the long way round, but quicker.
                inferred += share * len(worker.owns)
                worker.busy_s += share * len(worker.owns) / self.setup.fps
                continue
            self._append(worker.owns, now, share)
            if at_work:
                inferred += self._work(worker, now)
        self.inferred += inferred
        self._uncommitted.append(inferred)

    def _append(self, partitions: Iterable[_Partition], now: float, share: float) -> None:
        if share > 0:
            for partition in partitions:
                partition.append(now - self.tick_s / 2, share)

    def _work(self, worker: Worker, now: float) -> float:
        capacity = budget = self._capacity
        waiting = [partition for partition in worker.owns if partition.queue]
        if any(partition.queue[0][0] < now - self.setup.max_age_s / FRESH_SHARE for partition in waiting):
            self.skipped += sum(partition.shed(now, self.setup.max_age_s) for partition in waiting)
        # Those with the least wait first: what they leave of their turn is for the others.
        if sum(map(_waiting, waiting)) > budget:
            waiting.sort(key=_waiting)
        for place, partition in enumerate(waiting):
            budget -= partition.take(budget / (len(waiting) - place))
        worker.busy_s += self.tick_s * (capacity - budget) / capacity
        return capacity - budget

    def _change_members(self, now: float) -> None:
        left = [worker for worker in self.workers if worker.gone_at is not None and now >= worker.gone_at]
        came = [
            worker
            for worker in self.workers
            if worker.joined is None and worker.gone_at is None and now >= worker.ready_at
        ]
        if not left and not came:
            return
        self.workers = [worker for worker in self.workers if worker not in left]
        if came or any(worker.joined is not None for worker in left):
            self._join(now)

    def _join(self, now: float) -> None:
        members = [worker for worker in self.workers if worker.gone_at is None and now >= worker.ready_at]
        for place, worker in enumerate(members):
            worker.joined = now if worker.joined is None else worker.joined
            worker.owns = self.partitions[place :: len(members)]
        self._owners = members
        self._held_until = now + self.setup.rebalance_s


def _waiting(partition: _Partition) -> float:
    return partition.waiting
