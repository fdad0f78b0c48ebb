"""A family of declared pace: however fast the machine is, a replica infers no more than its entry's `replicas.fps`.

It is installed as anybody's family is: by an entry point, in the dist-info beside this file. What a Pod has more of
than others is then no question of how many cores the test has.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final

from processors.families.family import Family
from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
from schemas.messages import Detection


class _Pace:
    """One server: each frame takes its whole share of a second, one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at = 0.0

    def serve(self, seconds: float) -> None:
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + seconds
            until = self._free_at
        time.sleep(max(0.0, until - time.monotonic()))


_PACE: Final = _Pace()


def _decode(_outputs: Mapping[str, Floats], model: Model, placement: Placement) -> tuple[Detection, ...]:
    _PACE.serve(1.0 / model.replicas.fps)
    box = (0.0, 0.0, float(placement.width), float(placement.height))
    return (Detection(label=model.labels[0], score=1.0, box=box),)


FAMILY: Final = Family(("mean",), _decode)
