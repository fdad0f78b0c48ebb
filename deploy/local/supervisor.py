"""Keeps services running as child processes: logs with their names in front, restarts with back-off, ends in order,
and puts new processes in the place of old ones."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from deploy.local import process
from deploy.local.environment import inherited
from schemas.errors import EnvironmentMissingError

log = logging.getLogger(__name__)

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
REPLACE_S: Final = 90.0
"""So long may a service take from its start to its work: libraries, a network to compile, a group to join."""
_LOOK_S: Final = 0.05
STABLE_S: Final = 30.0
"""A service that ran this long starts its back-off anew."""

Echo = Callable[[str, str], None]
"""Told of each line that a service writes: its name, the line."""


@dataclass(frozen=True, slots=True)
class Service:
    """A process that is to run; `rank` says when it stops: all of one rank together, the lowest first.

    It is at work when it writes a line with `ready` in it. `alone`: two cannot run at once, since both want one port.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    rank: int = 0
    stop_deadline_s: float = 5.0
    ready: str = ""
    alone: bool = False


@dataclass(slots=True)
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    reader: threading.Thread
    started_at: float
    ready: threading.Event


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
        """Start every service.

        Raises:
            EnvironmentMissingError: The machine has no room for one.
        """
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
            delay = self._postpone(name, stable=now - child.started_at >= STABLE_S)
            log.warning("service ended service=%s code=%d restart_in_s=%.1f", name, code, delay)
        for name in [name for name, due in self._due.items() if due <= now]:
            try:
                self._launch(self._services[name])
            except EnvironmentMissingError as error:
                delay = self._postpone(name, stable=False)
                log.error("service not started restart_in_s=%.1f error=%s", delay, error)  # noqa: TRY400
                continue
            del self._due[name]
            self.restarts[name] += 1

    def pid(self, name: str) -> int | None:
        """The process id of a service that is running."""
        child = self._children.get(name)
        return child.process.pid if child and child.process.poll() is None else None

    def replace(self, name: str, *, deadline_s: float = REPLACE_S, ended: Callable[[], bool] = lambda: False) -> None:
        """Put a new process in the place of a service's old one, which ends in order when the new one is at work.

        One that runs `alone` ends first. The other services are looked after meanwhile; `ended` says that the user
        wants an end of everything.

        Raises:
            EnvironmentMissingError: The new one ended, or was not at work in time: the old one runs on, or, where it
                had to end first, starts again with back-off.
        """
        service = self._services[name]
        if service.alone:
            self.stop([name])
            try:
                self._launch(service)
            except EnvironmentMissingError:
                self._postpone(name, stable=True)
                raise
            self._await(self._children[name], deadline_s, ended)
            return
        new = self._begin(service)
        try:
            self._await(new, deadline_s, ended)
        except EnvironmentMissingError:
            process.kill(new.process)
            raise
        self.stop([name])
        self._children[name] = new

    def _await(self, child: _Child, deadline_s: float, ended: Callable[[], bool]) -> None:
        deadline = time.monotonic() + deadline_s
        while not child.ready.wait(_LOOK_S):
            name, code = child.service.name, child.process.poll()
            if code is not None or ended() or time.monotonic() > deadline:
                what = f"ended with code {code}" if code is not None else f"did not begin to work in {deadline_s:g} s"
                raise EnvironmentMissingError(
                    f"service {name}: the new process {'is not wanted any more' if ended() else what}; "
                    f"expected {child.service.ready!r} in its log {self._log_dir / f'{name}.log'}"
                )
            self.check()

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

    def _postpone(self, name: str, *, stable: bool) -> float:
        """Let a service start later that ended or did not start, after `stable` work or not; in how many seconds."""
        self._failures[name] = 1 if stable else self._failures.get(name, 0) + 1
        delay = backoff(self._failures[name])
        self._due[name] = time.monotonic() + delay
        return delay

    def _launch(self, service: Service) -> None:
        self._children[service.name] = self._begin(service)

    def _begin(self, service: Service) -> _Child:
        environ = {**inherited(), **service.environ}
        try:
            started = process.start(service.command, output=subprocess.PIPE, environ=environ)
        except OSError as error:
            raise EnvironmentMissingError(
                f"service {service.name} cannot be started: {error}; expected room for one more process"
            ) from error
        assert started.stdout is not None  # noqa: S101  # a pipe was asked for
        ready = threading.Event()
        reader = threading.Thread(target=self._read, args=(service, started.stdout, ready), daemon=True)
        reader.start()
        log.info("service started service=%s pid=%d", service.name, started.pid)
        return _Child(service, started, reader, time.monotonic(), ready)

    def _read(self, service: Service, stream: IO[bytes], ready: threading.Event) -> None:
        """Copy a service's lines into its file and to the echo, until it closes its end.

        What a full disk does not take is left out: who stopped reading would end the service with its next line.
        """
        with stream, ExitStack() as opened:
            file: IO[bytes] | None = None
            for line in stream:
                text = line.decode(errors="replace").rstrip("\r\n")
                with suppress(OSError):
                    file = file or opened.enter_context((self._log_dir / f"{service.name}.log").open("ab", buffering=0))
                    file.write(line)
                if service.ready in text:
                    ready.set()
                with suppress(OSError):
                    self._echo(service.name, text)

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
