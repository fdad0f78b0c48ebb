"""One run of the demo: a folder of its own, the system in it, the live table, and an end that leaves nothing."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from deploy import topics
from deploy.cli.console import err, out
from deploy.cli.interrupt import Interrupt, RunEndedError
from deploy.cli.live import LiveTable
from deploy.cli.local import Echo, fresh_logs, run_folder
from deploy.local.demo import Demo, Verdict
from deploy.local.environment import state_dir
from deploy.local.kafka import KafkaRuntime
from deploy.local.stack import Stack
from schemas.messages import Camera
from schemas.settings import Settings

INTERRUPTED: Final = 130
FAILED: Final = 1
_TICK_S: Final = 0.2


class DemoRun:
    """A demo that is about to run; `began` is when the user asked for it, in seconds since the epoch."""

    def __init__(
        self, settings: Settings, runtime: KafkaRuntime | None, cameras: Sequence[Camera], *, began: float
    ) -> None:
        state = state_dir() / "demo"
        self._own_kafka = runtime is not None
        self._folder = run_folder(state)
        self._logs = fresh_logs(state / "logs")
        self._stack = Stack(
            settings,
            folder=self._folder,
            runtime=runtime,
            logs=self._logs,
            echo=Echo(quiet=True),
            throwaway=True,
        )
        self._interrupt = Interrupt(at_once=self._stack.kill)
        self._demo = Demo(self._stack, cameras, tick=self._tick)
        self._began = began
        self._table: LiveTable | None = None
        self._seen_first = False

    def endless(self) -> int:
        """Run until the user ends it; returns the exit code."""
        self._run(self._forever)
        return 0

    def bounded(self, duration_s: float, report: Path | None) -> int:
        """Run for so long, audit, report; returns the exit code: 0 only if all conditions hold."""
        verdicts: list[Verdict] = []
        self._run(lambda: verdicts.append(self._demo.run_for(duration_s)))
        if not verdicts:
            return INTERRUPTED
        verdict = verdicts[0]
        text = json.dumps(verdict.report, indent=2)
        if report is not None:
            report.write_text(text + "\n")
            err.print(f"report written to {report}")
        else:
            out.print(text, markup=False)
        for failure in verdict.failures:
            err.print(f"not passed: {failure}", style="red", markup=False, soft_wrap=True)
        if not verdict.failures:
            err.print("passed: every frame was inferred in time and is explained", style="green")
        return FAILED if verdict.failures else 0

    def _run(self, job: Callable[[], None]) -> None:
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        with ExitStack() as ends:
            ends.callback(shutil.rmtree, self._folder, ignore_errors=True)
            if not self._own_kafka:
                ends.callback(topics.delete, self._stack.settings, self._stack.catalogue)
            ends.enter_context(self._stack)
            ends.callback(self._demo.close)
            try:
                err.print("starting Kafka, the workers, the API and the cameras ...")
                with self._interrupt.raising():
                    self._demo.start()
                self._announce()
                self._table = LiveTable(self._demo.rows, footer=f"page {self._stack.page}   Ctrl-C ends it")
                with self._table:
                    job()
            except RunEndedError:
                err.print("stopping ...")

    def _announce(self) -> None:
        settings = self._stack.settings
        out.print(f"page   [bold]{self._stack.page}[/]")
        out.print(f"logs   {self._logs}", soft_wrap=True)
        out.print(
            f"other terminals: export FRAMEBUS_BOOTSTRAP_SERVERS={settings.bootstrap_servers}"
            + ("" if self._own_kafka else f" FRAMEBUS_PREFIX={settings.prefix}"),
            soft_wrap=True,
        )

    def _forever(self) -> None:
        while True:
            self._tick()

    def _tick(self) -> None:
        self._interrupt.pause(_TICK_S)
        if self._interrupt.came:
            raise RunEndedError
        self._stack.check()
        if self._table is None:
            return
        if not self._seen_first and (first := self._demo.first_result_at()) is not None:
            self._seen_first = True
            err.print(f"first result {first - self._began:.1f} s after the start")
        if slowed := self._demo.ease():
            err.print(slowed, style="yellow", soft_wrap=True)
        self._table.update()
