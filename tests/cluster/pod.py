"""A Pod that is bound to our node: its one container as a process that is started, probed, restarted and ended."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from deploy.local import process
from tests.cluster.containers import ContainerError, Prepared, Sandbox
from tests.cluster.kubernetes import Object
from tests.cluster.probes import Probe

_FIRST_BACKOFF_S: Final = 10.0
_LONGEST_BACKOFF_S: Final = 300.0
_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")


@dataclass(frozen=True, slots=True)
class Exit:
    """A process that has ended: `code` as Python has it, below 0 for a signal; `forced` if SIGTERM was not enough."""

    pod: str
    code: int
    forced: bool
    asked: bool


@dataclass
class Pod:
    """What the stand-in knows of a Pod; `step` is called again and again."""

    manifest: Object
    sandbox: Sandbox
    log: Path
    make: Callable[[Object], Prepared]
    exits: list[Exit]
    phase: str = "Pending"
    restarts: int = 0
    waiting: str = "ContainerCreating"
    process: subprocess.Popen[bytes] | None = None
    asked: bool = False
    """Whether it was told to end."""
    _queue: list[Object] = field(default_factory=list)
    _probes: dict[str, Probe] = field(default_factory=dict)
    _started_at: str = ""
    _due: float = 0.0
    _forced: bool = False
    _code: int | None = None

    def __post_init__(self) -> None:
        spec = self.manifest["spec"]
        if len(spec["containers"]) != 1:
            raise ContainerError(f"pod {self.name}: {len(spec['containers'])} containers; expected one")
        self._queue = [*spec.get("initContainers", ()), *spec["containers"]]

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"]["namespace"])

    @property
    def ended(self) -> bool:
        """Whether nothing of it runs or is to run."""
        return self.process is None and (self.asked or self.phase in ("Succeeded", "Failed"))

    @property
    def ready(self) -> bool:
        """Whether its container runs, and its probes say that it may have work."""
        if self.process is None or len(self._queue) > 1:
            return False
        return all(self._probes[name].passed for name in _PROBES[:2] if name in self._probes)

    def step(self, pool: Executor) -> None:
        """Do what is due; called from the thread that owns the processes."""
        if self.process is not None and (code := self.process.poll()) is not None:
            self._end(code)
        deletion = self.manifest["metadata"].get("deletionTimestamp")
        if deletion:
            self._stop(datetime.fromisoformat(deletion).timestamp())
        elif self.process is None and not self.ended and time.monotonic() >= self._due:
            self._start()
        elif self.process is not None:
            self._probe(pool)

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            process.kill(self.process)

    def status(self) -> Object:
        """What the API server is told."""
        state = self._state()
        truth = {True: "True", False: "False"}
        conditions = {
            "Initialized": len(self._queue) == 1,
            "ContainersReady": self.ready,
            "Ready": self.ready,
            "PodScheduled": True,
        }
        container = self.manifest["spec"]["containers"][0]
        statuses = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": self.ready,
            "started": self.process is not None,
            "restartCount": self.restarts,
            "state": state,
        }
        return {
            "phase": self.phase,
            "podIP": self.sandbox.ip,
            "podIPs": [{"ip": self.sandbox.ip}],
            "startTime": self._started_at or None,
            "conditions": [{"type": name, "status": truth[value]} for name, value in conditions.items()],
            "containerStatuses": [statuses],
        }

    def _state(self) -> Object:
        if self.process is not None and len(self._queue) == 1:
            return {"running": {"startedAt": self._started_at}}
        if self.ended and self._code is not None:
            return {"terminated": {"exitCode": self._code if self._code >= 0 else 128 - self._code}}
        return {"waiting": {"reason": self.waiting}}

    def _start(self) -> None:
        container = self._queue[0]
        try:
            prepared = self.make(container)
        except ContainerError as error:
            self.waiting = f"CreateContainerConfigError: {error}"
            self._due = time.monotonic() + 1.0
            return
        with self.log.open("ab") as output:
            self.process = process.start(prepared.command, output=output.fileno(), environ=prepared.environ)
        self._started_at = _now()
        if len(self._queue) == 1:
            self.phase = "Running"
            ports = {one["name"]: one["containerPort"] for one in container.get("ports", ()) if "name" in one}
            self._probes = {
                name: Probe(container[name], self.sandbox.ip, ports, prepared) for name in _PROBES if name in container
            }

    def _end(self, code: int) -> None:
        assert self.process is not None
        process.kill(self.process)  # whatever it left in its group
        self.process = None
        self._probes = {}
        self._code = code
        self.exits.append(Exit(self.name, code, self._forced, self.asked))
        if code == 0 and len(self._queue) > 1:
            self._queue.pop(0)
            return
        policy = self.manifest["spec"].get("restartPolicy", "Always")
        if policy == "Never" or (policy == "OnFailure" and code == 0) or self.asked:
            self.phase = "Failed" if code else "Succeeded"
            return
        backoff = min(_FIRST_BACKOFF_S * 2.0 ** (self.restarts - 1), _LONGEST_BACKOFF_S) if self.restarts else 0.0
        self._due = time.monotonic() + backoff
        self.waiting = "CrashLoopBackOff"
        self.restarts += 1

    def _probe(self, pool: Executor) -> None:
        startup = self._probes.get("startupProbe")
        for name, probe in self._probes.items():
            if probe is startup or startup is None or startup.passed:
                probe.look(pool)
            if name != "readinessProbe" and probe.passed is False and self.process is not None:
                process.send(self.process, signal.SIGTERM)

    def _stop(self, deadline: float) -> None:
        """SIGTERM at once; SIGKILL when the grace period, which the time of deletion includes, is over."""
        if not self.asked and self.process is not None:
            process.send(self.process, signal.SIGTERM)
        self.asked = True
        if self.process is not None and time.time() > deadline and not self._forced:
            self._forced = True
            process.send(self.process, signal.SIGKILL)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
