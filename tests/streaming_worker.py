"""A worker process for the tests: the real Faust adapter around a whole fake core, whose moods are in the frames.

A frame is a real JPEG; a comment segment in it (`mood`) says what the core does with it: `die` ends the process, `slow`
takes long, `fail` is a core's trouble (once), and anything else is inferred after `--delay` ± half of it.

SIGUSR1 brings the defect upon the worker that `--defect` names, as Faust or aiokafka have had them: see `DEFECTS`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from processors.inference.picture import Pixels
from processors.metrics import WorkerMetrics
from processors.streaming.caution import Position
from processors.streaming.containments import FramesConsumer
from processors.streaming.serve import run_worker
from processors.streaming.timing import Timing
from processors.streaming.worker import Worker
from schemas.catalogue import Catalogue
from schemas.errors import ModelError
from schemas.jpeg import check_jpeg
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
    picture: Pixels | None = None


class FakeCore:
    """Takes its time on two threads, in a random order, like a real one."""

    at_once = 32

    def __init__(self, settings: Settings, delay: float, slow: float) -> None:
        self.reference = ModelReference(name="object-detection", version="fake", precision="f32", device="CPU")
        self._settings = settings
        self._delay = delay
        self._slow = slow
        self._pool = ThreadPoolExecutor(32)
        self._failed: set[bytes] = set()
        self._random = random.Random(7)

    def submit(self, jpeg: bytes, *, keep: bool = False) -> Future[FakeInference]:
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


def stop_fetching(consumer: FramesConsumer) -> None:
    """Nothing is fetched any more, as in https://github.com/faust-streaming/faust/issues/175."""
    consumer._thread.thread_loop.call_soon_threadsafe(consumer._thread._consumer._fetcher._fetch_task.cancel)


def refuse_commits(_: FramesConsumer) -> None:
    """Commits come to nothing, and nobody says so, as in https://github.com/faust-streaming/faust/issues/316."""

    async def refused(*_: Any) -> bool:
        return False

    setattr(FramesConsumer, FramesConsumer._commit_positions.__name__, refused)


def spoil_commits(_: FramesConsumer) -> None:
    """The broker refuses what is committed of partition 0, for the mark is too large; SIGUSR2 ends it."""
    commit = FramesConsumer._commit_positions

    async def spoiled(consumer: FramesConsumer, positions: Mapping[int, Position]) -> bool:
        large = {number: position._replace(mark="x" * 5000) for number, position in positions.items() if number == 0}
        return await commit(consumer, {**positions, **large})

    setattr(FramesConsumer, commit.__name__, spoiled)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, setattr, FramesConsumer, commit.__name__, commit)


def block_the_thread(consumer: FramesConsumer) -> None:
    """The consumer's thread waits for ever, and the whole of aiokafka with it."""
    consumer._thread.thread_loop.call_soon_threadsafe(threading.Event().wait)


def swallow_frames(_: FramesConsumer) -> None:
    """Frames come out of the stream, and nothing becomes of them."""

    async def swallowed(*_: Any) -> bool:
        return False

    setattr(Worker, Worker._begin.__name__, swallowed)


DEFECTS: dict[str, Callable[[FramesConsumer], None]] = {
    "fetching": stop_fetching,
    "commits": refuse_commits,
    "marks": spoil_commits,
    "thread": block_the_thread,
    "frames": swallow_frames,
}


def prepare(defect: str) -> None:
    """Let SIGUSR1 bring `defect` upon the consumer that this process is going to have."""
    begin = FramesConsumer.__init__

    def remember(consumer: FramesConsumer, *arguments: Any, **options: Any) -> None:
        begin(consumer, *arguments, **options)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, DEFECTS[defect], consumer)

    setattr(FramesConsumer, "__init__", remember)  # noqa: B010  # a subclass would have to be handed through


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
    parser.add_argument("--frame-limit", type=int, default=Settings().frame_limit_bytes)
    parser.add_argument("--rebalance", type=float, default=30.0)
    parser.add_argument("--watch", type=float, default=1.0)
    parser.add_argument("--slot", type=Path)
    parser.add_argument("--defect", choices=DEFECTS)
    parser.add_argument("--leash", type=float, default=120.0)
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings(
        bootstrap_servers=arguments.bootstrap,
        prefix=arguments.prefix,
        frame_limit_bytes=arguments.frame_limit,
        slot=arguments.slot,
    )
    model = Catalogue().get(arguments.model).model_copy(update={"max_age": arguments.max_age})
    core = FakeCore(settings, arguments.delay, arguments.slow)
    leash = threading.Timer(arguments.leash, lambda: os._exit(99))  # a test that was killed leaves no worker behind
    leash.daemon = True
    leash.start()
    if arguments.defect:
        prepare(arguments.defect)
    timing = Timing(
        session=arguments.session,
        rebalance=arguments.rebalance,
        infer=arguments.infer,
        stop=arguments.stop,
        watch=arguments.watch,
    )
    return run_worker(settings, model, core, WorkerMetrics(model.name, CollectorRegistry()), timing=timing)


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    os._exit(code)
