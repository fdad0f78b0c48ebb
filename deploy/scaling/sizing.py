"""What an installation needs: bytes in Kafka, and workers; `docs/assets/sizing.js` says the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from deploy.scaling.rule import UTILISATION, replicas_for

RESULT_BYTES: Final = 1000
"""A result of one face with its keypoints takes about 580 bytes of JSON, and its headers about 300."""
FRAME_BYTES: Final = 60_000
"""A JPEG of 640 × 360 with quality 85, as `docs/capture.md` measured it."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for: every camera sends `fps` frames a second to each of so many models; kept for seconds."""

    cameras: int
    fps: float
    models: int
    frames_kept: float
    results_kept: float
    frame_bytes: int = FRAME_BYTES
    result_bytes: int = RESULT_BYTES
    replication: int = 1
    replica_fps: float = 30.0
    """Frames a second that one worker infers: `replicas.fps` of the model's entry."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What that takes: frames a second of one model and of all, bytes on all brokers' disks, workers of all models."""

    model_rate: float
    rate: float
    written: float
    """Bytes of frames that producers send in a second; the brokers write them `replication` times."""
    frames: float
    results: float
    workers: int

    @classmethod
    def of(cls, demand: Demand) -> Self:
        """The needs of a demand; workers as the chart's rule has them in the steady state."""
        model_rate = demand.cameras * demand.fps
        rate = model_rate * demand.models
        written = rate * demand.frame_bytes
        return cls(
            model_rate=model_rate,
            rate=rate,
            written=written,
            frames=written * demand.frames_kept * demand.replication,
            results=rate * demand.result_bytes * demand.results_kept * demand.replication,
            workers=replicas_for(model_rate, demand.replica_fps, utilisation=UTILISATION) * demand.models,
        )
