"""How far each model's workers have come, and how long the oldest frame has waited for them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from api.log.kafka import Log, Offsets
from api.models.waiting import WaitingReader
from schemas.catalogue import Catalogue
from schemas.settings import Settings

_ANSWER_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Sums over a model's partitions, in frames: committed by its group, ends of its log, and what lies between.

    `least` is what waits in the partition where least does. `age` is that of the oldest frame which waits, in seconds:
    None where it was not asked for.
    """

    committed: int
    end: int
    lag: int
    least: int = 0
    age: float | None = None


class ProgressReader:
    """Asks the broker for every model's progress at once; blocking."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._names = settings.names
        self._models = [model.name for model in catalogue.models]
        self._offsets = Offsets(settings)
        self._waiting = WaitingReader(self._offsets)

    def read_with_ages(self) -> dict[str, Progress]:
        """As `read`, and how long the oldest frame of each model has waited."""
        return self._read(ages=True)

    def read(self) -> dict[str, Progress]:
        """The progress of each model whose topic exists.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        return self._read(ages=False)

    def _read(self, *, ages: bool) -> dict[str, Progress]:
        deadline = time.monotonic() + _ANSWER_S
        topics = {model: self._names.frames(model) for model in self._models}
        counts = self._offsets.partitions(topics.values(), deadline=deadline)
        logs: dict[str, list[Log]] = {
            model: [(topic, number) for number in range(counts[topic])]
            for model, topic in topics.items()
            if topic in counts
        }
        every = [log for of_model in logs.values() for log in of_model]
        groups = {self._names.inference_group(model): of_model for model, of_model in logs.items()}
        # In this order no frame that is committed meanwhile makes a lag negative.
        committed = self._offsets.committed(groups, deadline=deadline)
        starts = self._offsets.starts(every, deadline=deadline)
        ends = self._offsets.ends(every, deadline=deadline)
        # A group that has not committed yet begins where the log does.
        positions = {log: committed.get(log, starts[log]) for log in every}
        waiting = {
            model: {log: first for log in of_model if (first := max(positions[log], starts[log])) < ends[log]}
            for model, of_model in logs.items()
        }
        found = self._waiting.ages(waiting, deadline=deadline) if ages else {}
        return {
            model: Progress(
                committed=sum(positions[log] for log in of_model),
                end=sum(ends[log] for log in of_model),
                lag=sum(max(ends[log] - positions[log], 0) for log in of_model),
                least=min(max(ends[log] - positions[log], 0) for log in of_model),
                age=found.get(model),
            )
            for model, of_model in logs.items()
        }
