"""The loops that the worker is compared with. None of them uses our core or a framework; all use the same network.

Each takes frames until it is told to stop, and counts them and what was detected in them.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np
import openvino as ov
import redis

from processors.families import Placement, family_of
from processors.inference.network import compile_network
from processors.inference.picture import Pixels, decode_picture, fit_picture
from schemas.catalogue import Model
from schemas.messages import Detection, ModelReference
from tests.benchmarks.ways.pictures import size_of

DECODERS: Final = 2
REQUESTS: Final = 2
"""For each inference that the device does at once: OpenVINO's default, one, is 4 % slower."""
FRAMES_LIST: Final = "frames"
RESULTS_CHANNEL: Final = "results"
_EMPTY_S: Final = 5


class Loop(Protocol):
    """One way of getting from frames to detections."""

    reference: ModelReference

    def run(self, until: Callable[[int], bool]) -> tuple[int, int]:
        """Take frames until `until`, which is asked with the number of each, says so: the frames, and detections."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a loop is given: the model, its network, the frames, and where redis-server listens."""

    model: Model
    network: Path
    frames: Sequence[bytes]
    redis_port: int = 0


class _Network:
    """The compiled network, from pixels to detections."""

    def __init__(self, task: Task, hint: str) -> None:
        cv2.setNumThreads(1)
        self.model = task.model
        self.compiled, self.reference = compile_network(
            task.model, task.network, precision=task.model.precision, hint=hint
        )
        self._family = family_of(task.model)

    def placement(self, jpeg: bytes) -> Placement:
        """All frames of a run are of one size, so that one frame's header says it."""
        return Placement.of(self.model.input, *size_of(jpeg))

    def pixels(self, jpeg: bytes, placement: Placement) -> Pixels:
        return fit_picture(decode_picture(jpeg, self.model.input, placement), self.model.input, placement)

    def detections(self, request: ov.InferRequest, placement: Placement) -> tuple[Detection, ...]:
        outputs = {name: request.get_tensor(name).data for name in self._family.outputs}
        return self._family.decode(outputs, self.model, placement)


class Queued:
    """The limit: threads that decode, OpenVINO's queue of requests, outputs read in its callback. With `decode` off it
    is the queue alone, fed with pixels that were decoded before."""

    def __init__(self, task: Task, *, decode: bool) -> None:
        self._network = _Network(task, "THROUGHPUT")
        self.reference = self._network.reference
        self._placement = self._network.placement(task.frames[0])
        self._frames = task.frames
        self._decoded = [] if decode else [self._network.pixels(jpeg, self._placement) for jpeg in task.frames]
        at_once = self._network.compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._queue = ov.AsyncInferQueue(self._network.compiled, REQUESTS * at_once)
        self._queue.set_callback(self._finish)
        self._starting = threading.Lock()
        self._found = 0

    def run(self, until: Callable[[int], bool]) -> tuple[int, int]:
        self._found, numbers = 0, itertools.count()
        counts = [0] * (1 if self._decoded else DECODERS)
        threads = [
            threading.Thread(target=self._feed, args=(numbers, until, counts, place)) for place in range(len(counts))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._queue.wait_all()
        return sum(counts), self._found

    def _feed(self, numbers: Any, until: Callable[[int], bool], counts: list[int], place: int) -> None:
        for number in numbers:
            if until(number):
                return
            index = number % len(self._frames)
            pixels = (
                self._decoded[index] if self._decoded else self._network.pixels(self._frames[index], self._placement)
            )
            with self._starting:  # start_async is not thread-safe
                self._queue.start_async({0: pixels}, pixels, share_inputs=True)
            counts[place] += 1

    def _finish(self, request: ov.InferRequest, _pixels: Pixels) -> None:
        self._found += 0 if self._decoded else len(self._network.detections(request, self._placement))


class Monolith:
    """One frame after the other, all cores on each: decode, infer, read the outputs."""

    def __init__(self, task: Task) -> None:
        self._network = _Network(task, "LATENCY")
        self.reference = self._network.reference
        self._placement = self._network.placement(task.frames[0])
        self._frames = task.frames
        self._request = self._network.compiled.create_infer_request()

    def run(self, until: Callable[[int], bool]) -> tuple[int, int]:
        found = 0
        for number in itertools.count():
            if until(number):
                return number, found
            found += self.infer(self._frames[number % len(self._frames)])
        raise AssertionError("unreachable")

    def infer(self, jpeg: bytes) -> int:
        """One frame; the number of detections."""
        self._request.infer({0: self._network.pixels(jpeg, self._placement)}, share_inputs=True)
        return len(self._network.detections(self._request, self._placement))


class RedisLoop:
    """The original design: a frame from a Redis list, decoded, inferred, drawn upon, encoded again and published."""

    def __init__(self, task: Task) -> None:
        self._network = _Network(task, "LATENCY")
        self.reference = self._network.reference
        self._placement = self._network.placement(task.frames[0])
        self._request = self._network.compiled.create_infer_request()
        self._redis = redis.Redis(port=task.redis_port)

    def run(self, until: Callable[[int], bool]) -> tuple[int, int]:
        found = 0
        for number in itertools.count():
            if until(number):
                return number, found
            popped: Any = self._redis.blpop([FRAMES_LIST], timeout=_EMPTY_S)
            assert popped, f"list {FRAMES_LIST}: nothing came within {_EMPTY_S} s; expected a backlog"
            found += self._process(popped[1])
        raise AssertionError("unreachable")

    def _process(self, jpeg: bytes) -> int:
        spec = self._network.model.input
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        inner = cv2.resize(picture, (self._placement.inner_width, self._placement.inner_height))
        rgb = cv2.cvtColor(inner, cv2.COLOR_BGR2RGB) if spec.colour == "RGB" else inner
        self._request.infer({0: fit_picture(rgb, spec, self._placement)})
        detections = self._network.detections(self._request, self._placement)
        for detection in detections:
            left, top, right, bottom = (round(edge) for edge in detection.box)
            cv2.rectangle(picture, (left, top), (right, bottom), (0, 255, 0), 2)
            label = f"{detection.label} {detection.score:.2f}"
            cv2.putText(picture, label, (left, max(top - 4, 12)), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 0), 1)
        self._redis.publish(RESULTS_CHANNEL, cv2.imencode(".jpg", picture)[1].tobytes())
        return len(detections)


LOOPS: Final[dict[str, Callable[[Task], Loop]]] = {
    "limit": lambda task: Queued(task, decode=True),
    "infer": lambda task: Queued(task, decode=False),
    "monolith": Monolith,
    "redis": RedisLoop,
}


def timed(loop: Loop, seconds: float) -> dict[str, float]:
    """Run `loop` for so long: frames, seconds and CPU seconds, from the first frame to the last one's outputs."""
    cpu, begun = time.process_time(), time.perf_counter()
    end = begun + seconds
    frames, detections = loop.run(lambda _: time.perf_counter() >= end)
    return {
        "frames": frames,
        "seconds": time.perf_counter() - begun,
        "cpu_s": time.process_time() - cpu,
        "detections": detections,
    }


def counted(loop: Loop, frames: int) -> dict[str, float]:
    """Run `loop` for so many frames: what it detected, and the seconds."""
    begun = time.perf_counter()
    done, detections = loop.run(lambda number: number >= frames)
    return {"frames": done, "seconds": time.perf_counter() - begun, "cpu_s": 0.0, "detections": detections}
