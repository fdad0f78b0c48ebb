"""One inference with patience: the core's trouble is waited out, and only the frame's own fault is handed on."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future
from typing import Any, Final, Protocol, TypeVar

from processors.metrics import WorkerMetrics
from processors.streaming.frame import Frame, Inferred, make_result
from processors.streaming.outcomes import backoff
from schemas.errors import FrameError, ModelError
from schemas.messages import ModelReference, Result

log = logging.getLogger(__name__)

DEADLINES: Final = 3
"""A process that was stopped misses one through no fault of anyone; a core that misses this many in a row hangs."""
ATTEMPTS: Final = 6


InferredT = TypeVar("InferredT", bound=Inferred)


class Core(Protocol[InferredT]):
    """What runs the network: `processors.inference.core.InferenceCore`, or a whole fake in a test."""

    @property
    def reference(self) -> ModelReference:
        """The network that it runs."""

    def submit(self, jpeg: bytes) -> Future[InferredT]:
        """Begin one inference; a FrameError in the future means that the frame is at fault."""

    def close(self) -> None:
        """Free what the network holds."""


class Inferring:
    """Runs frames through a core; `hung` says that the core no longer answers, so that its process must end."""

    def __init__(self, core: Core[Any], metrics: WorkerMetrics, *, deadline_s: float) -> None:
        self.hung = False
        self._core = core
        self._reference = core.reference
        self._metrics = metrics
        self._deadline = deadline_s

    async def infer(self, frame: Frame, value: bytes | None) -> Result:
        """The result of one frame.

        Raises:
            FrameError: The frame is at fault.
            ModelError: The core failed each time, or hangs.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                inference = await self._wait_for(frame, self._core.submit(value or b""))
            except FrameError:
                raise
            except Exception as error:  # whatever the core has is no fault of the frame
                if self.hung or attempt == ATTEMPTS:
                    raise ModelError(
                        f"frame {frame.address}: no inference after {attempt} attempts: {error}"
                    ) from error
                self._metrics.error(type(error).__name__)
                log.warning("inference failed address=%s attempt=%d error=%r", frame.address, attempt, error)
                await asyncio.sleep(backoff(attempt))
            else:
                result = make_result(frame, inference, self._reference)
                self._metrics.stages(result.stages)
                return result
        raise AssertionError("unreachable")

    async def _wait_for(self, frame: Frame, submitted: Future[Any]) -> Inferred:
        future: asyncio.Future[Inferred] = asyncio.wrap_future(submitted)
        for missed in range(1, DEADLINES + 1):
            await asyncio.wait({future}, timeout=self._deadline)
            if future.done():
                return future.result()
            log.warning("inference is late address=%s after_s=%.0f", frame.address, missed * self._deadline)
        self.hung = True
        raise ModelError(f"no answer within {DEADLINES} × {self._deadline:.0f} s; expected one within the first")
