"""Keeps services running as child processes: logs with their names in front, restarts with back-off, ends in order."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from deploy.local import process

log = logging.getLogger(__name__)

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
STABLE_S: Final = 30.0
"""A service that ran this long starts its back-off anew."""

Echo = Callable[[str, str], None]
"""Told of each line that a service writes: its name, the line."""


@dataclass(frozen=True, slots=True)
class Service:
    """A process that is to run; `rank` says when it stops: all of one rank together, the lowest first."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    rank: int = 0
    stop_deadline_s: float = 5.0


@dataclass(slots=True)
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    reader: threading.Thread
    started_at: float


def backoff(failures: int) -> float:
    """Seconds to wait before the start that follows `failures` (1 or more) in a row."""
    doublings = min(failures - 1, 16)  # far above the limit, and far below what a float cannot hold
    return min(FIRST_DELAY_S * 2.0**doublings, LONGEST_DELAY_S)


class Supervisor:
    """Starts services, and starts them again when they end; `check` must be called every now and then.

    One thread owns it, and lives as long as the services should: the kernel kills them when it ends.
    """

    def __init__(self, services: Iterable[Service], *, log_dir: Path, echo: Echo) -> None:
        self._services = {service.name: service for service in services}
        self._log_dir = log_dir
        self._echo = echo
        self._children: dict[str, _Child] = {}
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self.restarts: dict[str, int] = dict.fromkeys(self._services, 0)

    def start(self) -> None:
        """Start every service."""
        self._log_dir.mkdir(parents=True, exist_ok=True)
        for service in self._services.values():
            self._launch(service)

    def check(self) -> None:
        """Notice services that ended, and start those whose time has come."""
        now = time.monotonic()
        for name, child in list(self._children.items()):
            code = child.process.poll()
            if code is None:
                continue
            self._forget(child)
            stable = now - child.started_at >= STABLE_S
            self._failures[name] = 1 if stable else self._failures.get(name, 0) + 1
            delay = backoff(self._failures[name])
            self._due[name] = now + delay
            log.warning("service ended service=%s code=%d restart_in_s=%.1f", name, code, delay)
        for name in [name for name, due in self._due.items() if due <= now]:
            del self._due[name]
            self.restarts[name] += 1
            self._launch(self._services[name])

    def pid(self, name: str) -> int | None:
        """The process id of a service that is running."""
        child = self._children.get(name)
        return child.process.pid if child and child.process.poll() is None else None

    def stop(self, names: Sequence[str] | None = None) -> list[str]:
        """Stop services (by default all), rank by rank, each within its deadline; returns those that were killed."""
        wanted = set(self._services if names is None else names)
        for name in wanted:
            self._due.pop(name, None)
        killed = []
        children = [child for name, child in self._children.items() if name in wanted]
        for rank in sorted({child.service.rank for child in children}):
            killed += self._stop_together([child for child in children if child.service.rank == rank])
        return killed

    def kill(self) -> None:
        """End everything at once."""
        self._due.clear()
        for child in list(self._children.values()):
            process.kill(child.process)
            self._forget(child)

    def _launch(self, service: Service) -> None:
        environ = {**os.environ, **service.environ}
        started = process.start(service.command, output=subprocess.PIPE, environ=environ)
        assert started.stdout is not None  # noqa: S101  # a pipe was asked for
        reader = threading.Thread(target=self._read, args=(service.name, started.stdout), daemon=True)
        reader.start()
        self._children[service.name] = _Child(service, started, reader, time.monotonic())
        log.info("service started service=%s pid=%d", service.name, started.pid)

    def _read(self, name: str, stream: IO[bytes]) -> None:
        """Copy a service's lines into its file and to the echo, until it closes its end."""
        with stream, (self._log_dir / f"{name}.log").open("ab", buffering=0) as file:
            for line in stream:
                file.write(line)
                self._echo(name, line.decode(errors="replace").rstrip("\r\n"))

    def _stop_together(self, children: list[_Child]) -> list[str]:
        began = time.monotonic()
        for child in children:
            process.send(child.process, signal.SIGTERM)
        killed = []
        for child in children:
            name, deadline_s = child.service.name, child.service.stop_deadline_s
            try:
                child.process.wait(max(began + deadline_s - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                killed.append(name)
                log.warning("service killed service=%s deadline_s=%.1f", name, deadline_s)
            process.kill(child.process)  # and what it left in its group
            self._forget(child)
            log.info("service stopped service=%s code=%s", name, child.process.returncode)
        return killed

    def _forget(self, child: _Child) -> None:
        child.reader.join(timeout=1.0)
        self._children.pop(child.service.name, None)
