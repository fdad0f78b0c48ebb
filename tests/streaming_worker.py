"""A worker process for the tests: the real Faust adapter around a whole fake core, whose moods are in the frames.

A frame is a real JPEG; a comment segment in it (`mood`) says what the core does with it: `die` ends the process, `slow`
takes long, `fail` is a core's trouble (once), and anything else is inferred after `--delay` ± half of it.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from processors.inference.jpeg import check_jpeg
from processors.metrics import WorkerMetrics
from processors.streaming.serve import run_worker
from processors.streaming.timing import Timing
from schemas.catalogue import Catalogue
from schemas.errors import ModelError
from schemas.messages import Detection, ModelReference
from schemas.settings import Settings

MOOD = b"mood="


def with_mood(jpeg: bytes, mood: str) -> bytes:
    """`jpeg` with a comment segment that says what the fake core does with it."""
    comment = MOOD + mood.encode() + b";"
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def mood_of(jpeg: bytes) -> str:
    head = jpeg[:64]
    if MOOD not in head:
        return ""
    start = head.index(MOOD) + len(MOOD)
    return head[start : head.index(b";", start)].decode()


@dataclass(frozen=True)
class FakeInference:
    """What the fake core finds: one thing in each frame."""

    width: int
    height: int
    detections: tuple[Detection, ...] = (Detection(label="thing", score=0.9, box=(0.0, 0.0, 8.0, 8.0)),)
    decode_s: float = 0.001
    infer_s: float = 0.001
    outputs_s: float = 0.001


class FakeCore:
    """Takes its time on two threads, in a random order, like a real one."""

    def __init__(self, settings: Settings, delay: float, slow: float) -> None:
        self.reference = ModelReference(name="object-detection", version="fake", precision="f32", device="CPU")
        self._settings = settings
        self._delay = delay
        self._slow = slow
        self._pool = ThreadPoolExecutor(32)
        self._failed: set[bytes] = set()
        self._random = random.Random(7)

    def submit(self, jpeg: bytes) -> Future[FakeInference]:
        return self._pool.submit(self._infer, jpeg)

    def close(self) -> None:
        self._pool.shutdown(wait=False)

    def _infer(self, jpeg: bytes) -> FakeInference:
        limits = self._settings
        width, height = check_jpeg(jpeg, limit_bytes=limits.frame_limit_bytes, limit_pixels=limits.frame_limit_pixels)
        mood = mood_of(jpeg)
        if mood == "die":
            os._exit(137)
        if mood.startswith("fail") and jpeg not in self._failed:
            self._failed.add(jpeg)
            raise ModelError("the fake core has a cold; expected it to be well")
        time.sleep(self._slow if mood.startswith("slow") else self._delay * (0.5 + self._random.random()))
        return FakeInference(width, height)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--model", default="object-detection")
    parser.add_argument("--delay", type=float, default=0.005)
    parser.add_argument("--slow", type=float, default=3.0)
    parser.add_argument("--max-age", type=float, default=3600.0)
    parser.add_argument("--session", type=float, default=6.0)
    parser.add_argument("--infer", type=float, default=10.0)
    parser.add_argument("--stop", type=float, default=15.0)
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings(bootstrap_servers=arguments.bootstrap, prefix=arguments.prefix)
    model = Catalogue().get(arguments.model).model_copy(update={"max_age": arguments.max_age})
    core = FakeCore(settings, arguments.delay, arguments.slow)
    leash = threading.Timer(120.0, lambda: os._exit(99))  # a test that was killed leaves no worker behind
    leash.daemon = True
    leash.start()
    timing = Timing(session=arguments.session, infer=arguments.infer, stop=arguments.stop, watch=1.0)
    return run_worker(settings, model, core, WorkerMetrics(model.name, CollectorRegistry()), timing=timing)


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    os._exit(code)
