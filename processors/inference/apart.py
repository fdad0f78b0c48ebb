"""Work that must not be done on a thread that gets signals.

When OpenVINO's CPU plugin is loaded it gives the thread that loads it another stack for signal handlers, and takes it
back, on whichever thread lets go of the plugin last, from that thread only: the first one is left with memory that is
free by then, and the next signal, which Python handles on that stack, kills the process. It came with
https://github.com/openvinotoolkit/openvino/pull/11894 and is in OpenVINO 2026.4.1.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")


def apart(work: Callable[[], _T]) -> _T:
    """What `work` returns or raises, done by a thread that ends with it."""
    done: Future[_T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # whatever it is, it is the caller's
            done.set_exception(error)

    threading.Thread(target=run, name="apart").start()
    return done.result()
