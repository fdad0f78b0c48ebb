"""OpenVINO's queue of inference requests, and the one place that knows what it must not be asked.

`AsyncInferQueue.start_async` is not thread-safe; after one failed inference the queue refuses everything and resolves
nothing; and a thread of its own lets go of the callback a moment after `wait` has returned, and takes Python's lock for
that (https://github.com/openvinotoolkit/openvino/pull/37073 is about the same meeting of the two): where the
interpreter ends meanwhile the process aborts, and where the network is freed meanwhile it waits for ever.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any, Final

import openvino as ov

from processors.inference.network import one_line
from processors.inference.picture import Pixels

log = logging.getLogger(__name__)

A_STREAM: Final = 2
"""Requests for each inference that the device does at once: while one waits for Python's lock, its outputs unread,
the other's pixels are there. That makes a worker 4 to 9 % faster; three are no better."""
RELEASE_S: Final = 5.0
"""How long OpenVINO's threads may take to let go of a queue that is done; on an idle machine it is microseconds."""
_HELD: Final[list[Any]] = []
"""Networks whose threads did not let go in time: to free one could wait for ever."""


class RequestQueue:
    """The requests of one compiled network; not thread-safe.

    `finish(request, job)` is called in a thread of OpenVINO's with the request, whose outputs are there, and the job
    that it was started for; not for an inference that failed.
    """

    def __init__(self, network: ov.CompiledModel, finish: Callable[[ov.InferRequest, Any], None]) -> None:
        def call(request: ov.InferRequest, job: object) -> None:
            finish(request, job)

        self._released = threading.Event()
        weakref.finalize(call, self._released.set).atexit = False
        self._network = network
        self.at_once = int(network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        """How many pictures the device infers at once."""
        self._queue = ov.AsyncInferQueue(network, A_STREAM * self.at_once)
        self._queue.set_callback(call)

    def start(self, pixels: Pixels, job: object) -> None:
        """Start an inference of `pixels`, whose memory the job must keep; wait for a free request first.

        Raises:
            RuntimeError: This inference cannot start, or an earlier one failed.
        """
        self._queue.start_async({0: pixels}, job, share_inputs=True)

    def close(self) -> str:
        """Wait for every request, and until no thread of OpenVINO's knows `finish`; why the last that failed did.

        The queue must not be used again.
        """
        reason = self._wait()
        del self._queue
        if not self._released.wait(RELEASE_S):
            _HELD.append(self._network)
            log.warning("OpenVINO holds on to requests that are done after_s=%.0f", RELEASE_S)
        return reason

    def _wait(self) -> str:
        reason = "no reason given"
        for request in self._queue:
            try:
                request.wait()
            except RuntimeError as error:
                reason = one_line(error)
        return reason
