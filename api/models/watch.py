"""Looks at every model again and again, for as long as the API serves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from api.cached import heard, in_daemon
from api.metrics import ERRORS
from api.models.history import STEP_S, Look, ModelHistory
from schemas.errors import EnvironmentMissingError

log = logging.getLogger(__name__)

_FIRST_S: Final = 1.0
"""The second look comes soon: rates need two."""


class ModelWatch:
    """A look each `STEP_S` seconds into a history; belongs to the event loop that serves."""

    def __init__(self, look: Callable[[], dict[str, Look]], history: ModelHistory) -> None:
        """`look` may block, and raise EnvironmentMissingError where Kafka gives no answer."""
        self._look = look
        self._history = history
        self._looking: asyncio.Task[dict[str, Look]] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    async def stop(self, *, seconds: float) -> bool:
        """Look no more; False when a look is still under way after so many `seconds`."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._looking is None:
            return True
        done, _ = await asyncio.wait([self._looking], timeout=seconds)
        return bool(done)

    async def _run(self) -> None:
        pause = _FIRST_S
        while True:
            begun = time.monotonic()
            try:
                self._looking = asyncio.create_task(in_daemon(self._look))
                self._looking.add_done_callback(heard)
                looks = await asyncio.shield(self._looking)
            except EnvironmentMissingError:
                looks = {}  # /readyz says what is wrong
            except Exception:  # the loop's edge: one bad look must not end all that follow
                ERRORS.labels(kind="watch").inc()
                log.exception("a look at the models failed; the next one comes")
                looks = {}
            self._history.add(datetime.now(UTC), looks)
            await asyncio.sleep(max(begun + pause - time.monotonic(), 0))
            pause = STEP_S
