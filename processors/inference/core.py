"""The inference core: JPEGs in, detections out; it knows nothing of Kafka.

A frame goes through two threads that check, decode and resize, then through OpenVINO's queue of requests, whose own
threads read the outputs and resolve the frame's future.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import cv2
import openvino as ov

from processors.families import Placement, family_of
from processors.inference.network import compile_network, one_line, warm_up
from processors.inference.picture import Pixels, decode_picture, fit_picture
from processors.inference.requests import RequestQueue
from schemas.catalogue import Model, Precision
from schemas.errors import ModelError
from schemas.jpeg import check_jpeg
from schemas.messages import Detection, ModelReference

log = logging.getLogger(__name__)

DECODERS: Final = 2
"""Threads that decode: one more than a core would need, so that a large picture does not hold up the small ones."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What a model saw in a picture of `width` × `height` pixels, and the seconds that each stage took.

    `decode_s` is check, decoding and resizing; `infer_s` the network and the wait for a free request before it;
    `outputs_s` the way from its outputs to detections. `picture` has all of the pixels, where they were asked for.
    """

    detections: tuple[Detection, ...]
    width: int
    height: int
    decode_s: float
    infer_s: float
    outputs_s: float
    picture: Pixels | None = None


@dataclass(slots=True, eq=False)
class _Job:
    """A picture on its way through OpenVINO; `pixels` keeps the memory alive that the request reads."""

    future: Future[Inference]
    placement: Placement
    pixels: Pixels
    decode_s: float
    picture: Pixels | None = None
    started: float = 0.0


class InferenceCore:
    """Runs one model; `submit` may be called from any thread.

    Args:
        model: Its catalogue entry.
        network: The path of its IR.
        precision: Overrides the catalogue's.
        limit_bytes: Larger JPEGs are refused, before they are decoded.
        limit_pixels: So are those whose header claims more pixels.
        cache: Where OpenVINO may keep the compiled network for the next start.

    Raises:
        ModelError: The network cannot be compiled or run, or its family cannot read its outputs.
    """

    def __init__(
        self,
        model: Model,
        network: Path,
        *,
        precision: Precision | None = None,
        limit_bytes: int = 1024 * 1024,
        limit_pixels: int = 50_000_000,
        cache: Path | None = None,
    ) -> None:
        cv2.setNumThreads(1)  # the decoders are threads already; OpenCV's own would fight OpenVINO's for the cores
        self._model = model
        family = family_of(model)
        self._decode_outputs, self._output_names = family.decode, family.outputs
        self._limit_bytes = limit_bytes
        self._limit_pixels = limit_pixels
        self._network, self._reference = compile_network(
            model, network, precision=precision or model.precision, cache=cache
        )
        # Outputs that the family cannot read are found now, and not by every frame.
        self._read(warm_up(self._network), Placement.of(model.input, model.input.width, model.input.height))
        self._starting = threading.Lock()
        self._running: set[_Job] = set()
        self._queue: RequestQueue | None = RequestQueue(self._network, self._finish)
        self._at_once = self._queue.at_once
        self._decoders = ThreadPoolExecutor(DECODERS, thread_name_prefix=f"decode-{model.name}")

    @property
    def reference(self) -> ModelReference:
        """What results call this network."""
        return self._reference

    @property
    def at_once(self) -> int:
        """How many pictures OpenVINO infers at once."""
        return self._at_once

    def submit(self, jpeg: bytes, *, keep: bool = False) -> Future[Inference]:
        """Infer one picture; `keep` it, decoded in its full size and in the order of the input's colours.

        The future raises:
            FrameError: The frame is at fault; no retry can help.
            ModelError: The network is; a retry may.
        """
        future: Future[Inference] = Future()
        try:
            decoding = self._decoders.submit(self._decode, jpeg, future, keep)
        except RuntimeError:
            future.set_exception(ModelError(f"model {self._model.name}: the core is closed; expected an open one"))
            return future
        decoding.add_done_callback(lambda decoded: _forward_failure(decoded, future))
        return future

    def close(self) -> None:
        """Finish what was submitted, then free the network."""
        self._decoders.shutdown(wait=True)
        with self._starting:
            self._settle()

    def _decode(self, jpeg: bytes, future: Future[Inference], keep: bool) -> None:
        if not future.set_running_or_notify_cancel():
            return
        begun = perf_counter()
        width, height = check_jpeg(jpeg, limit_bytes=self._limit_bytes, limit_pixels=self._limit_pixels)
        placement = Placement.of(self._model.input, width, height)
        picture = decode_picture(jpeg, self._model.input, placement, whole=keep)
        pixels = fit_picture(picture, self._model.input, placement)
        self._start(_Job(future, placement, pixels, perf_counter() - begun, picture if keep else None))

    def _start(self, job: _Job) -> None:
        """Hand the job to OpenVINO; wait for a free request first."""
        with self._starting:
            job.started = perf_counter()
            try:
                self._enqueue(job)
            except RuntimeError as error:
                refused = one_line(error)
            else:
                return
            # The queue remembers that an earlier inference failed, and from then on refuses everything. Out here, since
            # an error that is being handled holds on to the queue that raised it.
            log.warning("inference failed, starting over model=%s error=%s", self._model.name, refused)
            self._settle()
            self._queue = RequestQueue(self._network, self._finish)
            self._enqueue(job)

    def _enqueue(self, job: _Job) -> None:
        if self._queue is None:
            raise ModelError(f"model {self._model.name}: the core is closed; expected an open one")
        self._running.add(job)
        try:
            self._queue.start(job.pixels, job)
        except RuntimeError:
            self._running.discard(job)
            raise

    def _settle(self) -> None:
        """Wait for every request, fail the jobs that OpenVINO gave up silently, and drop the queue."""
        if self._queue is None:
            return
        reason = self._queue.close()
        self._queue = None
        for job in tuple(self._running):
            _fail(job.future, ModelError(f"model {self._model.name}: the inference failed: {reason}"))
        self._running.clear()

    def _finish(self, request: ov.InferRequest, job: _Job) -> None:
        """Read the outputs; OpenVINO calls this in a thread of its own."""
        inferred = perf_counter()
        try:
            found = self._read(request, job.placement)
        except ModelError as error:
            _fail(job.future, error)
        else:
            job.future.set_result(
                Inference(
                    detections=found,
                    width=job.placement.width,
                    height=job.placement.height,
                    decode_s=job.decode_s,
                    infer_s=inferred - job.started,
                    outputs_s=perf_counter() - inferred,
                    picture=job.picture,
                )
            )
        finally:
            self._running.discard(job)

    def _read(self, request: ov.InferRequest, placement: Placement) -> tuple[Detection, ...]:
        """What the network saw; whatever fails is a ModelError: raised in OpenVINO's thread, no other would be seen."""
        try:
            outputs = {name: request.get_tensor(name).data for name in self._output_names}
            return self._decode_outputs(outputs, self._model, placement)
        except ModelError as error:
            reason = str(error)
        except Exception as error:  # whatever it is: families may be anybody's
            reason = repr(error)
        raise ModelError(f"model {self._model.name}: its outputs cannot be read: {reason}")


def _forward_failure(decoding: Future[None], future: Future[Inference]) -> None:
    error = decoding.exception()
    if error is not None:
        _fail(future, error)


def _fail(future: Future[Inference], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
