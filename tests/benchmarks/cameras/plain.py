"""The plain way: a thread a camera that reads, resizes, encodes and produces, as one would write it in an hour.

    python -m tests.benchmarks.cameras.plain SERVERS TOPIC WIDTH

It prints `ready` before there are cameras, reads them from a line of stdin, a JSON list, and runs them until stdin
ends. It keeps no counts, watches no claims, and nobody can change its cameras. What it has of ours is the test pattern.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import cv2
from confluent_kafka import Producer

from producers.sources.pattern import PatternSource
from schemas.cameras import Kind, kind_of, pattern_size
from schemas.messages import Camera


def main(servers: str, topic: str, width: str) -> None:
    cv2.setNumThreads(1)  # it is cheaper for the plain way, too
    producer, ended = Producer({"bootstrap.servers": servers}), Event()
    producer.list_topics(topic, timeout=10)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    cameras = [Camera.model_validate(one) for one in json.loads(sys.stdin.readline())]
    threads = [Thread(target=run, args=(camera, producer, topic, int(width), ended)) for camera in cameras]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    producer.flush(10)


def run(camera: Camera, producer: Any, topic: str, width: int, ended: Event) -> None:
    due = time.monotonic()
    for picture, pause in pictures(camera):
        due = max(due + pause, time.monotonic() - pause)
        if ended.wait(max(0.0, due - time.monotonic())):
            return
        high, wide = picture.shape[:2]
        small = cv2.resize(picture, (width, round(high * width / wide))) if wide > width else picture
        done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, camera.quality])
        assert done
        producer.produce(topic, jpeg.tobytes(), camera.id)
        producer.poll(0)


def pictures(camera: Camera) -> Iterator[tuple[Any, float]]:
    """Pictures at the camera's rate, each with the seconds since the one before; a file is played in a loop."""
    assert camera.fps
    if kind_of(camera.source) is Kind.PATTERN:
        pattern = PatternSource(*pattern_size(camera.source), fps=camera.fps)
        while True:
            yield pattern.read(), 1 / camera.fps
    since, share = 0.0, 0.0
    while True:
        video = cv2.VideoCapture(camera.source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        native = video.get(cv2.CAP_PROP_FPS)
        while (answer := video.read())[0]:
            since, share = since + 1 / native, share + min(1.0, camera.fps / native)
            if share > 1.0 - 1e-6:
                yield answer[1], since
                since, share = 0.0, share - 1.0
        video.release()


if __name__ == "__main__":
    main(*sys.argv[1:])
