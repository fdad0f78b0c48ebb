"""Capture with a stopwatch on each stage: CPU time of the stage's own thread, added up until the process ends.

What a stage costs is read with the thread's CPU clock before and after each call, about a microsecond in all.
"""

from __future__ import annotations

import atexit
import json
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from threading import local
from typing import Any, Final

import cv2

from producers import encode
from producers.sink import FrameSink
from producers.sources.file import FileSource
from producers.sources.pattern import PatternSource

STAGES: Final = ("grab", "resize", "encode", "produce")


class Stopwatch:
    """CPU seconds by stage and the frames that were produced, each thread's apart until they are asked for."""

    def __init__(self) -> None:
        self._threads: list[dict[str, float]] = []
        self._own = local()

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, and the clock is read around it."""

        @wraps(call)
        def measured(*arguments: Any, **options: Any) -> Any:
            begun = time.thread_time()
            try:
                return call(*arguments, **options)
            finally:
                spent = self._spent()
                spent[stage] += time.thread_time() - begun
                spent["frames"] += stage == "produce"

        return measured

    def totals(self) -> dict[str, float]:
        return {name: sum(one[name] for one in list(self._threads)) for name in (*STAGES, "frames")}

    def _spent(self) -> dict[str, float]:
        if not hasattr(self._own, "spent"):
            self._own.spent = dict.fromkeys((*STAGES, "frames"), 0.0)
            self._threads.append(self._own.spent)
        spent: dict[str, float] = self._own.spent
        return spent


def watch(file: str) -> None:
    """Put a stopwatch on every stage; what they came to is written to `file` when the process ends."""
    watch = Stopwatch()
    for source in (PatternSource, FileSource):
        source.read = watch.timed("grab", source.read)  # type: ignore[method-assign]
    FileSource.skip = watch.timed("grab", FileSource.skip)  # type: ignore[method-assign]
    encode.shrink = watch.timed("resize", encode.shrink)
    cv2.imencode = watch.timed("encode", cv2.imencode)
    FrameSink.send = watch.timed("produce", FrameSink.send)  # type: ignore[method-assign]
    atexit.register(lambda: Path(file).write_text(json.dumps(watch.totals())))
