"""How each model's workers kept up with what arrived, of late: what Kafka said, and what follows from it; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from statistics import median
from typing import Final, NamedTuple

from schemas.catalogue import Catalogue, Model

STEP_S: Final = 5.0
"""Seconds between two looks."""
KEPT_MINUTES: Final = 60
_KEPT: Final = int(KEPT_MINUTES * 60 / STEP_S)
_NOW: Final = 3
"""Steps that the rates of this moment are taken over: a single one of five seconds shows every commit."""
_MEASURED: Final = 60
"""Steps in which workers did what they can, the newest: what a replica does is their median."""


@dataclass(frozen=True, slots=True)
class Look:
    """What Kafka said of one model at `clock`, a monotonic time in seconds.

    `arrived`, `inferred` and `skipped` count frames since some beginning. `lag` frames wait, the oldest of them for
    `lag_s` seconds, and in the partition with the least of them `least`; `replicas` are the group's members that have
    partitions, None where that is not known.
    """

    clock: float
    arrived: int
    inferred: int
    skipped: int
    lag: int
    least: int
    lag_s: float | None
    replicas: int | None


class KnownBy(StrEnum):
    """Where the capacity of a replica is known from."""

    MEASURED = "measured"
    """From the results that came while frames waited in every partition."""
    CATALOGUE = "catalogue"
    """From `replicas.fps` of the model's entry: nothing was measured yet."""


class Pace(NamedTuple):
    """Frames a second between two looks; None: it cannot be told."""

    arrival: float | None = None
    inferred: float | None = None
    skipped: float | None = None
    replica: float | None = None
    """What one replica infers, where all of them had enough to do."""


class Sample(NamedTuple):
    """One model at one moment, over the step before it; a look that Kafka did not answer leaves nothing but a time."""

    at: datetime
    pace: Pace = Pace()
    capacity_fps: float | None = None
    capacity_by: KnownBy | None = None
    lag: int | None = None
    lag_s: float | None = None
    replicas: int | None = None


def pace(before: Look, after: Look, partitions: int) -> Pace:
    """The pace between two looks at a model of so many partitions.

    A replica is measured where the group had the same members at both, and at both more waited in every partition than
    a second brings to it: what is merely not committed yet waits shorter.
    """
    seconds = after.clock - before.clock
    counts = [
        getattr(after, name) - getattr(before, name) for name in ("arrived", "inferred", "skipped") if seconds > 0
    ]
    if not counts or min(counts) < 0:  # a topic was made anew
        return Pace()
    arrival, inferred, skipped = (count / seconds for count in counts)
    enough = max(arrival / partitions, 1)
    busy = before.replicas == after.replicas and min(before.least, after.least) >= enough
    replica = inferred / after.replicas if busy and after.replicas and inferred > 0 else None
    return Pace(arrival, inferred, skipped, replica)


class ModelHistory:
    """The last hour of every model, a sample for each look; one caller at a time."""

    def __init__(self, catalogue: Catalogue, *, keep: int = _KEPT) -> None:
        self._models = {model.name: _OfModel(model, keep) for model in catalogue.models}

    def add(self, at: datetime, looks: Mapping[str, Look]) -> None:
        """Take a look at every model, `at` by the wall's clock; a model that is not in it was not seen."""
        for name, of_model in self._models.items():
            of_model.add(at, looks.get(name))

    def samples(self, model: str, *, count: int) -> list[Sample]:
        """The newest `count` of a model, the oldest first."""
        samples = self._models[model].samples
        return list(islice(samples, max(len(samples) - count, 0), None))

    def now(self, model: str) -> Sample | None:
        """A model at the last look, with its pace over the steps before it; None: there was no look."""
        return self._models[model].now()


class _OfModel:
    """One model's looks and samples."""

    def __init__(self, model: Model, keep: int) -> None:
        self.samples: deque[Sample] = deque(maxlen=keep)
        self._model = model
        self._looks: deque[Look] = deque(maxlen=_NOW + 1)
        self._measured: deque[float] = deque(maxlen=_MEASURED)
        self._doubted = False

    def add(self, at: datetime, look: Look | None) -> None:
        last = self._looks[-1] if self._looks else None
        # Logs grow: fewer frames than before are an answer in part, or a topic made anew, as the look after it shows.
        self._doubted = look is not None and last is not None and look.arrived < last.arrived and not self._doubted
        if look is None or self._doubted:
            if look is None:
                self._looks.clear()
            self.samples.append(Sample(at))
            return
        step = pace(self._looks[-1], look, self._model.partitions) if self._looks else Pace()
        if step.replica is not None:
            self._measured.append(step.replica)
        self._looks.append(look)
        each, known_by = self._replica()
        capacity = None if look.replicas is None else look.replicas * each
        self.samples.append(Sample(at, step, capacity, known_by, look.lag, look.lag_s, look.replicas))

    def now(self) -> Sample | None:
        if not self.samples or not self._looks:
            return None
        first, last = self._looks[0], self._looks[-1]
        return self.samples[-1]._replace(pace=pace(first, last, self._model.partitions))

    def _replica(self) -> tuple[float, KnownBy]:
        if self._measured:
            return median(self._measured), KnownBy.MEASURED
        return self._model.replicas.fps, KnownBy.CATALOGUE


def rounded(values: Iterable[float | None], digits: int = 3) -> list[float | None]:
    """Numbers as people read them."""
    return [None if value is None else round(value, digits) for value in values]
