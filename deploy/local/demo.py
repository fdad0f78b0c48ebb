"""The main job on sample videos: a fresh system, cameras once the workers are there, and a bounded run's verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from confluent_kafka.admin import AdminClient

from api.log.kafka import client_config
from deploy.local.easing import Easing
from deploy.local.groups import waiting_groups
from deploy.local.report import Report, build, failures
from deploy.local.stack import Stack
from deploy.local.tally import Pair, quantile
from deploy.local.watch import Watch
from deploy.services import CAPTURE
from producers.control import put_camera
from schemas.errors import EnvironmentMissingError
from schemas.ledger import Account, Balance
from schemas.messages import Camera

READY_DEADLINE_S: Final = 60.0
FIRST_DEADLINE_S: Final = 60.0
DRAIN_DEADLINE_S: Final = 10.0
_RECENT_S: Final = 5.0
_RECENT_RESULTS: Final = 600


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the live table; latencies in seconds, None before the first result."""

    camera: str
    model: str
    captured: int
    inferred: int
    skipped: int
    lag: int
    fps: float
    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a bounded run came to: it passed if nothing failed."""

    report: Report
    failures: list[str]


class Demo:
    """Drives a stack through the demo; `tick` is called often, takes a moment, and may raise to end the run."""

    def __init__(self, stack: Stack, cameras: Sequence[Camera], *, tick: Callable[[], None]) -> None:
        self._stack = stack
        self._cameras = tuple(cameras)
        self._tick = tick
        self._watch: Watch | None = None
        self._easing = Easing()
        self._judged: Balance | None = None
        self.pairs: tuple[Pair, ...] = tuple((camera.id, model) for camera in cameras for model in camera.models)

    def start(self) -> None:
        """Start everything; the cameras come last, so that no frame waits for a worker that is still starting.

        Raises:
            EnvironmentMissingError: A worker does not come up in time.
        """
        self._stack.start()
        self._watch = Watch(self._stack.settings, self._stack.catalogue)
        self._await_workers()
        for camera in self._cameras:
            put_camera(self._stack.settings, camera)
        self._watch.start()

    def close(self) -> None:
        """Stop looking; the stack is its owner's."""
        if self._watch is not None:
            self._watch.close()

    @property
    def watch(self) -> Watch:
        """What is seen of the run; nothing before `start`."""
        if self._watch is None:
            raise EnvironmentMissingError("the demo was not started: there is nothing to see yet")
        return self._watch

    def rows(self) -> list[Row]:
        """The live table as of now."""
        return [self._row(pair) for pair in self.pairs]

    def ease(self) -> str | None:
        """Slow the cameras down where the workers fall ever further behind; a sentence that says so, or None."""
        balance = self.watch.balance
        if balance is None or balance is self._judged:
            return None
        self._judged = balance
        accounts = {pair: balance.accounts.get(pair, Account()) for pair in self.pairs}
        rates = self._easing.rates(time.monotonic(), accounts)
        if rates is None:
            return None
        self._cameras = tuple(camera.model_copy(update={"fps": rates[camera.id]}) for camera in self._cameras)
        with suppress(EnvironmentMissingError):  # a broker that is away is told of elsewhere, and the next look comes
            for camera in self._cameras:
                put_camera(self._stack.settings, camera)
        slower = ", ".join(f"{name} {fps:g}" for name, fps in rates.items())
        return f"cameras slowed down, since their frames waited ever longer; frames a second: {slower}"

    def missing(self) -> list[Pair]:
        """The cameras and models without a result so far."""
        with self.watch.lock:
            seen = self.watch.tally.pairs
        return [pair for pair in self.pairs if pair not in seen]

    def first_result_at(self) -> float | None:
        """When the first result of all was written, in seconds since the epoch; None before."""
        with self.watch.lock:
            tally = self.watch.tally
            return min((min(tally.stream(pair).at) for pair in tally.pairs), default=None)

    def run_for(self, duration_s: float) -> Verdict:
        """Run for so long from when every camera and model has its first result; then stop capture, drain, audit.

        Raises:
            EnvironmentMissingError: The broker does not answer the audit.
        """
        self._until(lambda: not self.missing(), FIRST_DEADLINE_S)
        late = self.missing()
        began = time.time()
        if not late:
            self._until(lambda: time.time() >= began + duration_s, duration_s + 1)
        ended = time.time()
        self._stack.supervisor.stop([CAPTURE])
        self.watch.stop()
        balance = self.watch.look()
        deadline = time.monotonic() + DRAIN_DEADLINE_S
        while any(account.in_log for account in balance.accounts.values()) and time.monotonic() < deadline:
            self._tick()
            balance = self.watch.look()
        report = build(balance, self.watch.tally, self.pairs, window=(began, ended))
        found = [f"{camera} {model}: no result within {FIRST_DEADLINE_S:.0f} s" for camera, model in late]
        return Verdict(report, found + failures(report, balance))

    def _await_workers(self) -> None:
        admin = AdminClient(client_config(self._stack.settings))
        models = sorted({model for _, model in self.pairs})
        deadline = time.monotonic() + READY_DEADLINE_S
        while waiting := waiting_groups(admin, self._stack.settings, models):
            self._tick()
            if time.monotonic() > deadline:
                raise EnvironmentMissingError(
                    f"no worker for {', '.join(waiting)} after {READY_DEADLINE_S:.0f} s: see its log"
                )

    def _until(self, done: Callable[[], bool], deadline_s: float) -> None:
        deadline = time.monotonic() + deadline_s
        while not done() and time.monotonic() < deadline:
            self._tick()

    def _row(self, pair: Pair) -> Row:
        balance = self.watch.balance
        account = balance.accounts.get(pair, Account()) if balance else Account()
        now = time.time()
        with self.watch.lock:
            tally = self.watch.tally
            recent = tally.stream(pair).latencies[-_RECENT_RESULTS:]
            # What the watch has not read yet must not count as silence.
            fps = tally.rate(pair, since=now - _RECENT_S - 1, until=now - 1)
        return Row(
            *pair,
            captured=account.captured,
            inferred=account.inferred,
            skipped=account.skipped,
            lag=account.in_log,
            fps=fps,
            p50=quantile(recent, 0.5),
            p99=quantile(recent, 0.99),
        )
