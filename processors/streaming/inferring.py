"""One inference with patience: the core's trouble is waited out, and only the frame's own fault is handed on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Protocol, TypeVar

from processors.inference.picture import Pixels
from processors.metrics import WorkerMetrics
from processors.streaming.arrivals import Arrivals
from processors.streaming.frame import Frame, Inferred, make_result
from processors.streaming.outcomes import backoff
from processors.streaming.timing import DEADLINES
from schemas.errors import FrameError, ModelError
from schemas.messages import FrameAddress, ModelReference, Result

log = logging.getLogger(__name__)

ATTEMPTS: Final = 6


InferredT = TypeVar("InferredT", bound=Inferred)


class Core(Protocol[InferredT]):
    """What runs the network: `processors.inference.core.InferenceCore`, or a whole fake in a test."""

    @property
    def reference(self) -> ModelReference:
        """The network that it runs."""

    @property
    def at_once(self) -> int:
        """How many pictures it infers at once."""

    def submit(self, jpeg: bytes, *, keep: bool = False) -> Future[InferredT]:
        """Begin one inference, and keep the picture or not; a FrameError means that the frame is at fault."""

    def close(self) -> None:
        """Free what the network holds."""


class Inferring:
    """Runs frames through a core; `hung` says that the core no longer answers, so that its process must end.

    `patience` says for how many seconds what is done may wait for more.
    """

    def __init__(self, core: Core[Any], metrics: WorkerMetrics, patience: Callable[[], float] = lambda: 0.0) -> None:
        self.hung = False
        self._core = core
        self._reference = core.reference
        self.at_once = core.at_once
        """How many frames the core infers at once."""
        self._metrics = metrics
        self._arrivals = Arrivals(patience)
        self._flying: dict[FrameAddress, int] = {}

    async def infer(self, frame: Frame, value: bytes | None, *, keep: bool = False) -> tuple[Result, Pixels | None]:
        """The result of one frame, and its picture if it is to be kept.

        Raises:
            FrameError: The frame is at fault.
            ModelError: The core failed each time, or hangs.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                inference = await self._run(frame.address, value or b"", keep=keep)
            except FrameError:
                raise
            except Exception as error:  # whatever the core has is no fault of the frame
                if attempt == ATTEMPTS:
                    raise ModelError(
                        f"frame {frame.address}: no inference after {attempt} attempts: {error}"
                    ) from error
                self._metrics.error(type(error).__name__)
                log.warning("inference failed address=%s attempt=%d error=%r", frame.address, attempt, error)
                await asyncio.sleep(backoff(attempt))
            else:
                result = make_result(frame, inference, self._reference)
                self._metrics.stages(result.stages)
                return result, inference.picture
        raise AssertionError("unreachable")

    async def mind(self, deadline_s: float) -> None:
        """Look after the frames in flight at each deadline; return only by an error.

        It counts looks and not seconds: a process that was stopped misses one through no fault of anyone.

        Raises:
            ModelError: One has been in flight for `DEADLINES` looks: the core hangs.
        """
        while True:
            await asyncio.sleep(deadline_s)
            for address, missed in self._flying.items():
                self._flying[address] = missed + 1
                if missed >= DEADLINES:
                    self.hung = True
                    raise ModelError(f"frame {address}: no answer within {missed} × {deadline_s:.0f} s; the core hangs")
                if missed:
                    log.warning("inference is late address=%s after_s=%.0f", address, missed * deadline_s)

    async def _run(self, address: FrameAddress, value: bytes, *, keep: bool) -> Inferred:
        self._flying[address] = 0
        try:
            inference: Inferred = await self._arrivals.of(self._core.submit(value, keep=keep))
            return inference
        finally:
            del self._flying[address]
