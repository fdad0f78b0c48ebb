"""The inference core: JPEGs in, detections out; it knows nothing of Kafka.

A few threads take the pictures in turn. Each checks, decodes and resizes its next picture while the device infers the
one before; then it reads that one's outputs, and starts the next. So no thread is woken for a picture but the device's
own, as it would be for the callbacks of OpenVINO's AsyncInferQueue
(docs/decisions/0024-a-picture-stays-in-one-thread.md).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import cv2
import openvino as ov

from processors.families import Placement, family_of
from processors.inference.network import compile_network, one_line, warm_up
from processors.inference.picture import Pixels, decode_picture, fit_picture
from schemas.catalogue import Model, Precision
from schemas.errors import ModelError
from schemas.jpeg import check_jpeg
from schemas.messages import Detection, ModelReference

log = logging.getLogger(__name__)

SPARE: Final = 2
"""Threads beside those whose pictures the device infers at once: they decode, or wait for Python's lock."""
LARGE_PIXELS: Final = 9_000_000
"""A little more than a 4K picture. Decoding a larger one may take hundreds of megabytes,"""
LARGE_AT_ONCE: Final = 2
"""so no more threads than these do it at once."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What a model saw in a picture of `width` × `height` pixels, and the seconds that each stage took.

    `decode_s` is decoding and resizing; `infer_s` the network, and what its thread did for the next picture meanwhile;
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
    """A picture that waits for its turn."""

    jpeg: bytes
    keep: bool
    future: Future[Inference]


@dataclass(slots=True, eq=False)
class _Prepared:
    """A picture in the network's size; `pixels` keeps the memory alive that a request reads."""

    future: Future[Inference]
    placement: Placement
    pixels: Pixels
    picture: Pixels | None
    decode_s: float
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
        cv2.setNumThreads(1)  # ours are threads already; OpenCV's own would fight OpenVINO's for the cores
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
        self._at_once = int(self._network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._large = threading.Semaphore(LARGE_AT_ONCE)
        self._lock = threading.Lock()
        """Over the three that follow."""
        self._jobs: deque[_Job] = deque()
        self._idle = [self._network.create_infer_request() for _ in range(self._at_once + SPARE)]
        """A request for each thread that has nothing to do."""
        self._closed = False
        self._threads = ThreadPoolExecutor(len(self._idle), thread_name_prefix=f"infer-{model.name}")

    @property
    def reference(self) -> ModelReference:
        """What results call this network."""
        return self._reference

    @property
    def at_once(self) -> int:
        """How many pictures the device infers at once."""
        return self._at_once

    def submit(self, jpeg: bytes, *, keep: bool = False) -> Future[Inference]:
        """Infer one picture; `keep` it, decoded in its full size and in the order of the input's colours.

        The future raises:
            FrameError: The frame is at fault; no retry can help.
            ModelError: The network is; a retry may.
        """
        job = _Job(jpeg, keep, Future())
        with self._lock:
            if self._closed:
                reason = f"model {self._model.name}: the core is closed; expected an open one"
                job.future.set_exception(ModelError(reason))
                return job.future
            self._jobs.append(job)
            if self._idle:
                self._threads.submit(self._serve, self._idle.pop())
        return job.future

    def close(self) -> None:
        """Finish what was submitted, and take no more."""
        with self._lock:
            self._closed = True
        self._threads.shutdown(wait=True)

    def _serve(self, request: ov.InferRequest) -> None:
        """Take pictures until there are none, with a request of one's own; what is done never waits for a large one."""
        running: _Prepared | None = None
        try:
            while (job := self._next(request, idle=running is None)) or running:
                placement = self._check(job) if job else None
                if running and (placement is None or self._is_large(placement)):
                    self._finish(request, running)
                    running = None
                prepared = self._prepare(job, placement) if job and placement else None
                if running:
                    self._finish(request, running)
                running = prepared if prepared and self._start(request, prepared) else None
        except BaseException:
            log.exception("a thread of the core fails model=%s", self._model.name)
            raise

    def _next(self, request: ov.InferRequest, *, idle: bool) -> _Job | None:
        """The picture whose turn it is; without one, a thread that is `idle` gives its request back."""
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            if idle:
                self._idle.append(request)
            return None

    def _check(self, job: _Job) -> Placement | None:
        """Where the network's input is in the picture; None where nobody waits for it, or it is none."""
        if not job.future.set_running_or_notify_cancel():
            return None
        try:
            size = check_jpeg(job.jpeg, limit_bytes=self._limit_bytes, limit_pixels=self._limit_pixels)
            return Placement.of(self._model.input, *size)
        except Exception as error:  # the thread's edge: it is raised where it is waited for
            job.future.set_exception(error)
            del job  # else the error's traceback would lead back to itself
            return None

    def _prepare(self, job: _Job, placement: Placement) -> _Prepared | None:
        begun = perf_counter()
        try:
            with self._large if self._is_large(placement) else nullcontext():
                picture = decode_picture(job.jpeg, self._model.input, placement, whole=job.keep)
            pixels = fit_picture(picture, self._model.input, placement)
        except Exception as error:  # as above
            job.future.set_exception(error)
            del job
            return None
        return _Prepared(job.future, placement, pixels, picture if job.keep else None, perf_counter() - begun)

    @staticmethod
    def _is_large(placement: Placement) -> bool:
        return placement.width * placement.height > LARGE_PIXELS

    def _start(self, request: ov.InferRequest, prepared: _Prepared) -> bool:
        """Let the device begin; False where it refuses."""
        prepared.started = perf_counter()
        try:
            request.start_async({0: prepared.pixels}, share_inputs=True)
        except Exception as error:  # whatever it is, the thread goes on
            prepared.future.set_exception(self._failed(error))
            del prepared
            return False
        return True

    def _finish(self, request: ov.InferRequest, running: _Prepared) -> None:
        """Wait for the outputs, and read them. After a failure the request may be used again, as a queue may not."""
        try:
            request.wait()
        except Exception as error:  # as above
            running.future.set_exception(self._failed(error))
            del running
            return
        inferred = perf_counter()
        try:
            found = self._read(request, running.placement)
        except ModelError as error:
            running.future.set_exception(error)
            del running
            return
        running.future.set_result(
            Inference(
                detections=found,
                width=running.placement.width,
                height=running.placement.height,
                decode_s=running.decode_s,
                infer_s=inferred - running.started,
                outputs_s=perf_counter() - inferred,
                picture=running.picture,
            )
        )

    def _failed(self, error: Exception) -> ModelError:
        return ModelError(f"model {self._model.name}: the inference failed: {one_line(error)}")

    def _read(self, request: ov.InferRequest, placement: Placement) -> tuple[Detection, ...]:
        """What the network saw; whatever fails is a ModelError."""
        try:
            outputs = {name: request.get_tensor(name).data for name in self._output_names}
            return self._decode_outputs(outputs, self._model, placement)
        except ModelError as error:
            reason = str(error)
        except Exception as error:  # whatever it is: families may be anybody's
            reason = repr(error)
        raise ModelError(f"model {self._model.name}: its outputs cannot be read: {reason}")
