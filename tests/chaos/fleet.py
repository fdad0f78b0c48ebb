"""The processes of the system under test, each under the product's own supervisor, which starts it again."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Final

from deploy.local.environment import WORKER_ENVIRONMENT, environment_of
from deploy.local.supervisor import Service, Supervisor
from schemas.settings import Settings

ROOT: Final = Path(__file__).parents[2]
API: Final = "api"
CAPTURES: Final = ("capture-1", "capture-2")
RTSP: Final = "rtsp-server"
RTSP_SERVER: Final = ROOT / "tests" / "integration" / "rtsp_server.py"
_STOP_S: Final = 40.0
"""Above the grace of every service: one that is killed at its end has not ended in order."""


class Fleet:
    """Starts and stops services one by one, so each has a supervisor of its own; `check` must be called often."""

    def __init__(self, settings: Settings, network: Path, logs: Path) -> None:
        self._passwords = settings.camera_passwords or logs
        self._environ = {**environment_of(settings), "PYTHONPATH": str(ROOT)}
        self._network = network
        self._logs = logs
        self._running: dict[str, Supervisor] = {}
        self._born = 0
        self.restarts = 0
        """How often a service of today or of the past was started again."""

    @property
    def workers(self) -> list[str]:
        """The names of the workers that should run."""
        return [name for name in self._running if name.startswith("worker")]

    @property
    def captures(self) -> list[str]:
        return [name for name in self._running if name in CAPTURES]

    def start_worker(self) -> str:
        """One more worker; its name."""
        self._born += 1
        name = f"worker-{self._born}"
        command = (sys.executable, "-m", "tests.chaos.worker", "--network", str(self._network))
        environ = {**self._environ, **WORKER_ENVIRONMENT}
        if (
            self._born % 2
        ):  # started again it takes over at once, as under `framebus up`; the others await a session's end
            environ["FRAMEBUS_SLOT"] = str(self._logs / f"{name}.slot")
        self._start(Service(name, command, environ, stop_deadline_s=_STOP_S))
        return name

    def start_capture(self, name: str) -> None:
        self._start(self._service(name, "capture"))

    def start_api(self) -> None:
        self._start(self._service(API, "api"))

    def start_rtsp(self, port: int) -> None:
        """GStreamer's server, which asks for the password that capture has."""
        # Debian's Python runs it, which has GStreamer's modules; it reads the password as a line of its stdin.
        password = str(self._passwords / "127.0.0.1")
        command = ("sh", "-c", 'exec /usr/bin/python3 "$1" "$2" digest < "$0"', password, str(RTSP_SERVER), str(port))
        self._start(Service(RTSP, command, stop_deadline_s=_STOP_S))

    def stop(self, names: list[str]) -> list[str]:
        """Let these end in order, all at once; the names of those that had to be killed."""
        for name in names:  # all are told at once, then each is waited for
            if (pid := self.pid(name)) is not None:
                os.killpg(pid, signal.SIGTERM)
        killed = []
        for name in names:
            supervisor = self._running.pop(name)
            self.restarts += supervisor.restarts[name]
            killed += supervisor.stop()
        return killed

    def pid(self, name: str) -> int | None:
        """The process id of a service that is running."""
        return self._running[name].pid(name)

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to a running service, and to it alone; its process id."""
        pid = self.pid(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, number)
        return pid

    def deaths(self) -> int:
        """How often anything was started again."""
        return self.restarts + sum(sum(one.restarts.values()) for one in self._running.values())

    def check(self) -> None:
        """Start again what has ended."""
        for supervisor in self._running.values():
            supervisor.check()

    def kill(self) -> None:
        """End everything at once."""
        for supervisor in self._running.values():
            supervisor.kill()

    def _service(self, name: str, role: str) -> Service:
        command = (sys.executable, "-m", "deploy.cli", "run", role)
        return Service(name, command, self._environ, stop_deadline_s=_STOP_S)

    def _start(self, service: Service) -> None:
        supervisor = Supervisor([service], log_dir=self._logs, echo=lambda _name, _line: None)
        supervisor.start()
        self._running[service.name] = supervisor
