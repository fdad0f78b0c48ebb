"""Delivers results: those of one camera one after the other, cameras side by side, each until it is done."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from api.metrics import ERRORS
from api.result_record import ResultRecord
from api.sink.answer import Answer, Verdict
from api.sink.aside import Aside
from api.sink.event import encode
from api.sink.gate import Gate, waits
from api.sink.metrics import AGE, RESULTS
from api.sink.options import SinkOptions
from api.sink.receiver import Receiver
from api.sink.signature import Signer
from schemas.errors import EnvironmentMissingError
from schemas.messages import Undelivered

log = logging.getLogger(__name__)

_WORDS: Final = {Verdict.REFUSED: "refused", Verdict.FAILED: "failed"}


class Courier:
    """Takes results to the receiver, and knows which of them are not done; in one event loop.

    Once `ending` is set no request begins; those that are under way are waited for by `settle`.
    """

    def __init__(
        self,
        options: SinkOptions,
        receiver: Receiver,
        signer: Signer,
        aside: Aside,
        ending: asyncio.Event,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.gone: str | None = None
        """What a receiver said that wants no more."""
        self._options = options
        self._receiver = receiver
        self._signer = signer
        self._aside = aside
        self._ending = ending
        self._clock = clock
        self._gate = Gate(ending)
        self._places = asyncio.Semaphore(options.in_flight)
        self._writing = asyncio.Lock()
        self._undone: dict[str, ResultRecord] = {}
        self._ways: set[asyncio.Task[None]] = set()

    @property
    def undone(self) -> tuple[ResultRecord, ...]:
        """What was begun and is neither delivered nor set aside."""
        return tuple(self._undone.values())

    @property
    def busy(self) -> bool:
        """Whether somebody is on the way."""
        return bool(self._ways)

    def begin(self, records: Iterable[ResultRecord]) -> None:
        """Set out with these; not before all those of the time before are done."""
        by_camera: dict[str, list[ResultRecord]] = {}
        for record in records:
            if self._options.wanted.matches(record.result):
                self._undone[record.id] = record
                by_camera.setdefault(record.result.frame.camera, []).append(record)
            else:
                RESULTS.labels(outcome="unwanted").inc()
        self._ways = {asyncio.create_task(self._deliver_all(way)) for way in by_camera.values()}

    async def settle(self, seconds: float) -> None:
        """Wait until all are done, or so long.

        Raises:
            Exception: What a delivery died of, which is a defect.
        """
        if not self._ways:
            return
        done, self._ways = await asyncio.wait(self._ways, timeout=seconds)
        oldest = min((record.appended_at.timestamp() for record in self._undone.values()), default=None)
        AGE.set(0.0 if oldest is None else max(0.0, self._clock() - oldest))
        for way in done:
            way.result()

    async def give_up(self) -> None:
        """Leave what is on its way: it comes again, to whoever reads on."""
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)
        self._ways = set()

    async def _deliver_all(self, way: Iterable[ResultRecord]) -> None:
        for record in way:
            if not await self._deliver(record):
                return
            del self._undone[record.id]

    async def _deliver(self, record: ResultRecord) -> bool:
        """Try until the result is done; False when the sink ends before."""
        failures, pauses = 0, waits()
        while await self._gate.passed():
            async with self._places:
                if self._ending.is_set():
                    return False
                began = time.monotonic()
                answer = await self._send(record)
            verdict = answer.verdict
            if verdict is Verdict.TAKEN:
                self._gate.succeeded()
                RESULTS.labels(outcome="delivered").inc()
                return True
            if verdict is Verdict.GONE:
                self.gone = answer.reason
                self._ending.set()
                return False
            if verdict is Verdict.AWAY:
                self._gate.close(answer, began=began)
                continue
            failures += 1
            if verdict is Verdict.REFUSED or failures >= self._options.attempts:
                return await self._set_aside(record, verdict, answer, failures)
            await self._gate.pause(max(pauses.next(), answer.wait_s))
        return False

    async def _send(self, record: ResultRecord) -> Answer:
        headers, body = encode(record, structured=self._options.structured)
        signed = self._signer.headers(record.result.id, body, at=self._clock())
        return await self._receiver.post(headers | signed, body)

    async def _set_aside(self, record: ResultRecord, verdict: Verdict, answer: Answer, attempts: int) -> bool:
        told = Undelivered(record.result, self._options.name, _WORDS[verdict], answer.reason, attempts)
        pauses = waits()
        while not self._ending.is_set():
            try:
                async with self._writing:
                    await asyncio.to_thread(self._aside.put, record, told)
            except EnvironmentMissingError as error:
                ERRORS.labels(kind="set-aside").inc()
                log.warning("result not set aside yet address=%s error=%s", record.result.id, error)
                await self._gate.pause(pauses.next())
                continue
            RESULTS.labels(outcome="undelivered").inc()
            log.warning(
                "result set aside address=%s error=%s attempts=%d reason=%r",
                *(record.result.id, told.error, attempts, told.message),
            )
            return True
        return False
